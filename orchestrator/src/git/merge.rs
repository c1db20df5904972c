//! Merges in memory: `git merge-tree` decides what a merge is, no working tree is touched, no ref moves.
//!
//! Knows nothing of queues and gates.

use std::path::PathBuf;

use swarm_mailbox::id::CommitId;

use super::command::{GitError, path_of};
use super::commit::{Message, tree_of};
use super::refs;
use super::repo::{Repo, TreeId};

/// Conflicting files that are told in detail.
const MAX_FILES: usize = 200;
/// Hunks that are told of one file.
const MAX_HUNKS: usize = 50;
/// Bytes of a conflicting file that are searched for its hunks, and bytes that are kept of one side of a hunk.
const MAX_FILE: usize = 1 << 20;
const MAX_SIDE: usize = 4 << 10;

/// What a merge comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Merge {
    /// It is clean, with this tree.
    Merged(TreeId),
    /// It is not; the files in git's order.
    Conflict(Vec<ConflictFile>),
}

/// A file that two sides changed in ways that do not go together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConflictFile {
    /// Relative to the top level.
    pub path: PathBuf,
    /// The kind of conflict in git's words: `contents`, `modify/delete`, `rename/rename`, `file location`, `binary`, ...
    pub kind: String,
    /// What git says of it, one line.
    pub message: String,
    /// Where the sides differ, if it is a text that both have.
    pub hunks: Vec<Hunk>,
}

/// One place of a conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hunk {
    /// The line, from 1, at which it starts in the file as merged with conflict markers.
    pub line: u32,
    /// The lines of the side that is merged onto, at most 4 KiB.
    pub ours: Vec<u8>,
    /// The lines of the side that is merged, at most 4 KiB.
    pub theirs: Vec<u8>,
}

/// Merges `head` onto `onto`, as `git merge` would in a checkout of `onto`.
///
/// # Errors
/// Whatever keeps git from merging; a conflict is an answer.
pub fn merge_tree(repo: &Repo, onto: &CommitId, head: &CommitId) -> Result<Merge, GitError> {
    let call = repo.git().call([
        "merge-tree",
        "--write-tree",
        "-z",
        "--messages",
        onto.as_str(),
        head.as_str(),
    ]);
    // Attributes (merge drivers, union merges) are read from the commit that is merged onto, as in a checkout of it.
    let answer = call
        .option(format!("--attr-source={onto}"))
        .accept(&[0, 1])
        .run()?;
    let mut fields = answer.stdout.split(|&byte| byte == 0);
    let bad = |what| GitError::Output {
        command: "git merge-tree".into(),
        what,
    };
    let tree = fields
        .next()
        .and_then(|id| std::str::from_utf8(id).ok())
        .ok_or_else(|| bad("no tree"))?;
    let tree = TreeId::of(tree)?;
    if answer.code == 0 {
        return Ok(Merge::Merged(tree));
    }
    // `<mode> <object> <stage>\t<path>` for each side of each file, up to an empty field.
    let mut paths: Vec<PathBuf> = Vec::new();
    for field in fields.by_ref().take_while(|field| !field.is_empty()) {
        let tab = field
            .iter()
            .position(|&byte| byte == b'\t')
            .ok_or_else(|| bad("a stage without a path"))?;
        let path = path_of(&field[tab + 1..]);
        if paths.last() != Some(&path) {
            paths.push(path);
        }
    }
    let messages = read_messages(fields).ok_or_else(|| bad("a message is cut off"))?;
    conflicts(repo, &tree, paths, &messages).map(Merge::Conflict)
}

/// What git said of some paths.
struct Said {
    paths: Vec<PathBuf>,
    kind: String,
    text: String,
}

/// Reads `<number of paths> <path>... <kind> <text>` until the fields end; keeps what tells of conflicts.
fn read_messages<'a>(mut fields: impl Iterator<Item = &'a [u8]>) -> Option<Vec<Said>> {
    let mut all = Vec::new();
    while let Some(count) = fields.next().filter(|field| !field.is_empty()) {
        let count: usize = std::str::from_utf8(count).ok()?.parse().ok()?;
        let paths: Vec<PathBuf> = fields.by_ref().take(count).map(path_of).collect();
        let kind = String::from_utf8_lossy(fields.next()?).into_owned();
        let text = String::from_utf8_lossy(fields.next()?)
            .trim_end()
            .to_owned();
        if let Some(kind) = kind
            .strip_prefix("CONFLICT (")
            .and_then(|kind| kind.strip_suffix(')'))
        {
            all.push(Said {
                paths,
                kind: kind.to_owned(),
                text,
            });
        }
    }
    Some(all)
}

fn conflicts(
    repo: &Repo,
    tree: &TreeId,
    mut paths: Vec<PathBuf>,
    messages: &[Said],
) -> Result<Vec<ConflictFile>, GitError> {
    // Some conflicts (a directory renamed under a new file) leave no file with several sides.
    for path in messages.iter().filter_map(|said| said.paths.first()) {
        if !paths.contains(path) {
            paths.push(path.clone());
        }
    }
    paths.truncate(MAX_FILES);
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        let said = messages.iter().find(|said| said.paths.contains(&path));
        let kind = said
            .map_or("contents", |said| said.kind.as_str())
            .to_owned();
        let message = said.map_or_else(String::new, |said| said.text.clone());
        let hunks = hunks_in(repo, tree, &path)?;
        files.push(ConflictFile {
            path,
            kind,
            message,
            hunks,
        });
    }
    Ok(files)
}

fn hunks_in(repo: &Repo, tree: &TreeId, path: &std::path::Path) -> Result<Vec<Hunk>, GitError> {
    let mut spec = std::ffi::OsString::from(format!("{}:", tree.as_str()));
    spec.push(path);
    let answer = repo
        .git()
        .call(["cat-file", "blob"])
        .arg(spec)
        .accept(&[0, 128])
        .at_most(MAX_FILE)
        .run()?;
    Ok(if answer.stdout.contains(&0) {
        Vec::new()
    } else {
        read_hunks(&answer.stdout)
    })
}

/// Finds the parts between conflict markers, in any of git's styles.
fn read_hunks(text: &[u8]) -> Vec<Hunk> {
    enum Side {
        None,
        Ours,
        Base,
        Theirs,
    }
    let mut hunks: Vec<Hunk> = Vec::new();
    let mut side = Side::None;
    for (number, line) in (1u32..).zip(text.split_inclusive(|&byte| byte == b'\n')) {
        side = match side {
            Side::None if line.starts_with(b"<<<<<<< ") => {
                if hunks.len() == MAX_HUNKS {
                    break;
                }
                hunks.push(Hunk {
                    line: number,
                    ours: Vec::new(),
                    theirs: Vec::new(),
                });
                Side::Ours
            }
            Side::Ours if line.starts_with(b"||||||| ") => Side::Base,
            Side::Ours | Side::Base if line.starts_with(b"=======") => Side::Theirs,
            Side::Theirs if line.starts_with(b">>>>>>> ") => Side::None,
            other => {
                let kept = match (&other, hunks.last_mut()) {
                    (Side::Ours, Some(hunk)) => Some(&mut hunk.ours),
                    (Side::Theirs, Some(hunk)) => Some(&mut hunk.theirs),
                    _ => None,
                };
                if let Some(kept) = kept {
                    let room = MAX_SIDE.saturating_sub(kept.len());
                    kept.extend_from_slice(&line[..line.len().min(room)]);
                }
                other
            }
        };
    }
    hunks
}

/// Makes a commit of a tree, by the user's identity, and leaves every ref where it is.
///
/// # Errors
/// [`GitError::NoIdentity`], or whatever keeps git from writing it.
pub fn merge_commit(
    repo: &Repo,
    tree: &TreeId,
    parents: &[CommitId],
    message: &Message,
) -> Result<CommitId, GitError> {
    let mut call = repo.git().call(["commit-tree", tree.as_str(), "-F", "-"]);
    for parent in parents {
        call = call.args(["-p", parent.as_str()]);
    }
    let id = call.input(message.text()).line()?;
    CommitId::new(&id).map_err(|_| GitError::Output {
        command: "git commit-tree".into(),
        what: "no commit id",
    })
}

/// What became of a batch of heads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The commit that holds `onto` and every included head; `None` where no head could be included.
    pub commit: Option<CommitId>,
    /// Which heads are in it, by their place.
    pub included: Vec<usize>,
    /// Which heads are not, by their place, and why.
    pub conflicts: Vec<(usize, Vec<ConflictFile>)>,
}

/// Merges `heads` one after the other onto `onto`, a merge commit for each; a head that conflicts is left out and the
/// next is tried. A head that is in already costs no commit.
///
/// # Errors
/// Whatever keeps git from merging.
pub fn merge_heads(
    repo: &Repo,
    onto: &CommitId,
    heads: &[(CommitId, Message)],
) -> Result<Batch, GitError> {
    let mut tip = onto.clone();
    let mut batch = Batch {
        commit: None,
        included: Vec::new(),
        conflicts: Vec::new(),
    };
    for (place, (head, message)) in heads.iter().enumerate() {
        if !refs::is_ancestor(repo, head, &tip)? {
            match merge_tree(repo, &tip, head)? {
                Merge::Merged(tree) => {
                    tip = merge_commit(repo, &tree, &[tip, head.clone()], message)?
                }
                Merge::Conflict(files) => {
                    batch.conflicts.push((place, files));
                    continue;
                }
            }
        }
        batch.included.push(place);
    }
    batch.commit = (!batch.included.is_empty()).then_some(tip);
    Ok(batch)
}

/// Whether merging `head` onto `tip` would change nothing: its work is in `tip`, as commits or squashed.
///
/// # Errors
/// Whatever keeps git from telling.
pub fn adds_nothing(repo: &Repo, tip: &CommitId, head: &CommitId) -> Result<bool, GitError> {
    if refs::is_ancestor(repo, head, tip)? {
        return Ok(true);
    }
    Ok(merge_tree(repo, tip, head)? == Merge::Merged(tree_of(repo, tip)?))
}

#[cfg(test)]
mod tests;
