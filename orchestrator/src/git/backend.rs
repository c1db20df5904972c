//! Who reads objects and moves refs: libgit2 in this process where it does so rightly, the git binary elsewhere.
//!
//! The only module that makes that choice. libgit2 cannot open SHA-256, reftable or partial repositories and ignores
//! replaced objects. What a merge is, what is dirty and what is checked out is never asked of it: it knows no
//! directory renames, no filters and no sparse checkouts.

use std::path::Path;

use swarm_mailbox::id::CommitId;

use super::command::{Git, GitError, Output};
use super::repo::{Facts, ObjectFormat, RefStorage, Repo, TreeId};

/// A ref's name and its commit; of an annotated tag, the commit that it tags.
const REF_FORMAT: &str =
    "--format=%(refname) %(if)%(*objectname)%(then)%(*objectname)%(else)%(objectname)%(end)";

/// Who does it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Backend {
    /// libgit2, in process.
    Library,
    /// The git binary, for the reason told.
    Command(&'static str),
}

impl Backend {
    /// Chooses for a repository of that kind.
    #[must_use]
    pub fn choose(facts: &Facts, common_dir: &Path) -> Self {
        if facts.object_format == ObjectFormat::Sha256 {
            return Self::Command("its objects have SHA-256 names");
        }
        if facts.ref_storage != RefStorage::Files {
            return Self::Command("its refs are not stored in files");
        }
        if facts.partial {
            return Self::Command("it is a partial clone");
        }
        let Ok(library) = git2::Repository::open(common_dir) else {
            return Self::Command("libgit2 cannot open it");
        };
        let replaced = library
            .references_glob("refs/replace/*")
            .map(|mut refs| refs.next().is_some());
        match replaced {
            Ok(false) => Self::Library,
            Ok(true) => Self::Command("it has replaced objects"),
            Err(_) => Self::Command("libgit2 cannot read its refs"),
        }
    }
}

/// An opened reader of one repository, for one thread.
pub(crate) enum Reader {
    Library(git2::Repository),
    Command(Git),
}

impl Reader {
    /// Opens the repository anew: a handle of libgit2 may not be shared between threads, and opening costs less than a
    /// process.
    pub(crate) fn open(repo: &Repo) -> Result<Self, GitError> {
        match repo.backend() {
            Backend::Library => git2::Repository::open(repo.common_dir())
                .map(Self::Library)
                .map_err(GitError::Library),
            Backend::Command(_) => Ok(Self::Command(repo.git())),
        }
    }

    /// Whether `ancestor` is `head` or one of its ancestors.
    pub(crate) fn is_ancestor(
        &self,
        ancestor: &CommitId,
        head: &CommitId,
    ) -> Result<bool, GitError> {
        if ancestor == head {
            return Ok(true);
        }
        match self {
            Self::Library(library) => library
                .graph_descendant_of(oid(head)?, oid(ancestor)?)
                .map_err(GitError::Library),
            Self::Command(git) => {
                let call = git.call([
                    "merge-base",
                    "--is-ancestor",
                    ancestor.as_str(),
                    head.as_str(),
                ]);
                Ok(call.accept(&[0, 1]).run()?.code == 0)
            }
        }
    }

    /// The commit that the ref `name` holds; `None` when there is no such ref.
    pub(crate) fn read_ref(&self, name: &str) -> Result<Option<CommitId>, GitError> {
        match self {
            Self::Library(library) => match library.find_reference(name) {
                Ok(found) => {
                    id_of(found.peel_to_commit().map_err(GitError::Library)?.id()).map(Some)
                }
                Err(error) if error.code() == git2::ErrorCode::NotFound => Ok(None),
                Err(error) => Err(GitError::Library(error)),
            },
            Self::Command(git) => {
                let answer = git.call(["for-each-ref", REF_FORMAT, name]).run()?;
                // A name is also a prefix for `for-each-ref`.
                Ok(ref_lines(&answer)
                    .into_iter()
                    .find(|(found, _)| found == name)
                    .map(|(_, id)| id))
            }
        }
    }

    /// The tree of a commit.
    pub(crate) fn tree(&self, commit: &CommitId) -> Result<TreeId, GitError> {
        match self {
            Self::Library(library) => {
                let found = library.find_commit(oid(commit)?);
                let tree = found.map_err(GitError::Library)?.tree_id();
                TreeId::of(&tree.to_string())
            }
            Self::Command(git) => {
                let tree = format!("{commit}^{{tree}}");
                TreeId::of(&git.call(["rev-parse", "--verify", &tree]).line()?)
            }
        }
    }

    /// The refs whose names start with `prefix`, which ends with `/`, sorted by name.
    pub(crate) fn refs(&self, prefix: &str) -> Result<Vec<(String, CommitId)>, GitError> {
        match self {
            Self::Library(library) => {
                let mut list = Vec::new();
                for found in library
                    .references_glob(&format!("{prefix}*"))
                    .map_err(GitError::Library)?
                {
                    let found = found.map_err(GitError::Library)?;
                    let Ok(name) = std::str::from_utf8(found.name_bytes()) else {
                        continue;
                    };
                    if let Ok(commit) = found.peel_to_commit() {
                        list.push((name.to_owned(), id_of(commit.id())?));
                    }
                }
                list.sort();
                Ok(list)
            }
            Self::Command(git) => Ok(ref_lines(
                &git.call(["for-each-ref", REF_FORMAT, prefix]).run()?,
            )),
        }
    }

    /// The contents of blobs in the order of `ids`, each cut off after `limit` bytes.
    pub(crate) fn blobs(&self, ids: &[String], limit: usize) -> Result<Vec<Blob>, GitError> {
        match self {
            Self::Library(library) => {
                let read = |id: &String| {
                    let blob = library.find_blob(git2::Oid::from_str(id)?)?;
                    Ok(Blob {
                        size: blob.size() as u64,
                        bytes: blob.content()[..blob.size().min(limit)].to_vec(),
                    })
                };
                ids.iter()
                    .map(read)
                    .collect::<Result<_, _>>()
                    .map_err(GitError::Library)
            }
            Self::Command(git) => read_batch(git, ids, limit),
        }
    }
}

/// The content of a file as stored.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Blob {
    /// All of its bytes.
    pub(crate) size: u64,
    /// The first of them.
    pub(crate) bytes: Vec<u8>,
}

/// A commit id as libgit2 wants it.
pub(crate) fn oid(id: &CommitId) -> Result<git2::Oid, GitError> {
    git2::Oid::from_str(id.as_str()).map_err(GitError::Library)
}

/// A commit id of libgit2 as we want it.
pub(crate) fn id_of(id: git2::Oid) -> Result<CommitId, GitError> {
    CommitId::new(&id.to_string()).map_err(|_| GitError::Output {
        command: "libgit2".into(),
        what: "its answer is no commit id",
    })
}

/// Lines of `<name> <id>`; names that are not UTF-8 cannot be ours and are left out.
fn ref_lines(answer: &Output) -> Vec<(String, CommitId)> {
    let lines = answer
        .stdout
        .split(|&byte| byte == b'\n')
        .filter_map(|line| std::str::from_utf8(line).ok());
    let pairs = lines.filter_map(|line| line.rsplit_once(' '));
    pairs
        .filter_map(|(name, id)| Some((name.to_owned(), CommitId::new(id).ok()?)))
        .collect()
}

/// Asks for the sizes first, so that blobs beyond the limit are never read whole.
fn read_batch(git: &Git, ids: &[String], limit: usize) -> Result<Vec<Blob>, GitError> {
    let input = ids.join("\n") + "\n";
    let check = git
        .call(["cat-file", "--batch-check=%(objectsize)"])
        .input(input)
        .run()?;
    let sizes: Vec<u64> = String::from_utf8_lossy(&check.stdout)
        .lines()
        .filter_map(|line| line.parse().ok())
        .collect();
    let bad = |what| GitError::Output {
        command: "git cat-file".into(),
        what,
    };
    if sizes.len() != ids.len() {
        return Err(bad("an object is missing"));
    }
    let small = |size: u64| size <= limit as u64;
    let wanted: String = ids
        .iter()
        .zip(&sizes)
        .filter(|(_, size)| small(**size))
        .map(|(id, _)| format!("{id}\n"))
        .collect();
    let answer = git
        .call(["cat-file", "--batch=%(objectsize)"])
        .input(wanted)
        .run()?
        .stdout;
    let mut rest = answer.as_slice();
    let mut blobs = Vec::with_capacity(ids.len());
    for (id, size) in ids.iter().zip(sizes) {
        if !small(size) {
            let cut = git
                .call(["cat-file", "blob"])
                .arg(id)
                .at_most(limit)
                .run()?;
            blobs.push(Blob {
                size,
                bytes: cut.stdout,
            });
            continue;
        }
        let start = rest
            .iter()
            .position(|&byte| byte == b'\n')
            .ok_or_else(|| bad("a header is missing"))?
            + 1;
        let end = start + size as usize;
        let bytes = rest
            .get(start..end)
            .ok_or_else(|| bad("a blob is cut off"))?;
        blobs.push(Blob {
            size,
            bytes: bytes.to_vec(),
        });
        rest = rest.get(end + 1..).unwrap_or_default();
    }
    Ok(blobs)
}

#[cfg(test)]
mod tests;
