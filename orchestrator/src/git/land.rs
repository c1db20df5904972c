//! Landing: the user's branch takes in finished work, and the working tree that has it checked out follows.
//!
//! Order, so that a crash costs nothing: the new commit is made in memory; then the working tree and its index go from
//! the old to the new tree; then the branch moves by compare-and-swap. Whoever lands again after a crash finds the files
//! that are as the landing wants them and goes on. Knows nothing of runs.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use swarm_mailbox::id::CommitId;

use super::command::{Git, GitError, path_of};
use super::commit::{Message, tree_of};
use super::merge::{ConflictFile, Merge, merge_commit, merge_tree};
use super::refs::{self, RefError, branch_ref};
use super::repo::Repo;
use super::worktree;

/// How many paths an error names.
const SHOWN: usize = 20;

/// What is to land where.
#[derive(Debug, Clone, Copy)]
pub struct Landing<'a> {
    /// The heads to take in, in this order: the integration branch's tip, or those of single tasks.
    pub heads: &'a [CommitId],
    /// The short name of the user's branch.
    pub into: &'a str,
    /// In which form.
    pub how: How,
    /// The message of the commits that landing makes.
    pub message: &'a Message,
}

/// In which form work lands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum How {
    /// Fast-forward where possible, else a merge commit.
    #[default]
    FastForward,
    /// Always a merge commit.
    NoFf,
    /// One commit with one parent.
    Squash,
}

/// What landing did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landed {
    /// Where the branch stood.
    pub from: CommitId,
    /// Where it stands; the same as `from` when everything was in already.
    pub to: CommitId,
    /// The working tree that followed, if the branch is checked out.
    pub worktree: Option<PathBuf>,
    /// How many paths differ between the two.
    pub paths: usize,
    /// Submodules whose commit changed: `git submodule update` brings their working trees along.
    pub submodules: Vec<PathBuf>,
}

/// Lands. Asked again, it changes nothing more.
///
/// # Errors
/// [`LandError`]; branch, index and files are as before.
pub fn land(repo: &Repo, landing: Landing<'_>) -> Result<Landed, LandError> {
    let name = branch_ref(landing.into);
    let from = refs::read(repo, &name)?.ok_or_else(|| LandError::NoBranch {
        branch: landing.into.to_owned(),
    })?;
    let to = combine(repo, &from, landing)?;
    let changes = changes(repo, &from, &to)?;
    let submodules = changes
        .iter()
        .filter(|(_, one)| one.new_mode == "160000" || one.old_mode == "160000");
    let submodules = submodules.map(|(path, _)| path.clone()).collect();
    let mut landed = Landed {
        from,
        to,
        worktree: None,
        paths: changes.len(),
        submodules,
    };
    let checkout = checkout_of(repo, landing.into)?;
    if landed.from == landed.to {
        landed.worktree = checkout;
        return Ok(landed);
    }
    let reason = format!("swarm: lands {}", landed.to);
    let (from, to) = (&landed.from, &landed.to);
    let Some(tree) = checkout else {
        refs::update(repo, &[refs::RefUpdate::advance(name, from, to)], &reason)?;
        return Ok(landed);
    };
    let git = repo.at(&tree);
    make_way(&git, &tree, (from, to), &changes)?;
    switch_tree(&git, &tree, from, to)?;
    // Git itself moves the ref here, for it also writes the reflog of this working tree's HEAD.
    let moved = git
        .call([
            "update-ref",
            "-m",
            &reason,
            &name,
            to.as_str(),
            from.as_str(),
        ])
        .run();
    if let Err(error) = moved {
        switch_tree(&git, &tree, to, from)?;
        let found = refs::read(repo, &name)?;
        return Err(match found == Some(from.clone()) {
            true => error.into(),
            false => RefError::Moved {
                name,
                expected: Some(from.clone()),
                found,
            }
            .into(),
        });
    }
    landed.worktree = Some(tree);
    Ok(landed)
}

/// Makes the commit that holds everything, or gives the one that does already.
fn combine(repo: &Repo, from: &CommitId, landing: Landing<'_>) -> Result<CommitId, LandError> {
    let mut tip = from.clone();
    for head in landing.heads {
        if refs::is_ancestor(repo, head, &tip)? {
            continue;
        }
        if landing.how == How::FastForward && refs::is_ancestor(repo, &tip, head)? {
            tip = head.clone();
            continue;
        }
        let tree = match merge_tree(repo, &tip, head)? {
            Merge::Merged(tree) => tree,
            Merge::Conflict(files) => {
                return Err(LandError::Conflict {
                    branch: landing.into.to_owned(),
                    head: head.clone(),
                    files,
                });
            }
        };
        // With nothing to add, the head was squashed in before.
        if landing.how == How::Squash && tree == tree_of(repo, &tip)? {
            continue;
        }
        tip = merge_commit(repo, &tree, &[tip, head.clone()], landing.message)?;
    }
    if landing.how == How::Squash && tip != *from {
        return Ok(merge_commit(
            repo,
            &tree_of(repo, &tip)?,
            std::slice::from_ref(from),
            landing.message,
        )?);
    }
    Ok(tip)
}

/// The working tree that has the branch checked out.
fn checkout_of(repo: &Repo, branch: &str) -> Result<Option<PathBuf>, LandError> {
    let mut trees = worktree::list(repo)?
        .into_iter()
        .filter(|one| one.branch.as_deref() == Some(branch));
    let first = trees.find(|one| one.path.exists()).map(|one| one.path);
    match (first, trees.find(|one| one.path.exists())) {
        (Some(first), Some(second)) => Err(LandError::Twice {
            branch: branch.to_owned(),
            one: first,
            other: second.path,
        }),
        (first, _) => Ok(first),
    }
}

/// The two sides of a path that landing changes; a mode of zeros is no file.
struct Sides {
    old_mode: String,
    new_mode: String,
}

fn changes(
    repo: &Repo,
    from: &CommitId,
    to: &CommitId,
) -> Result<BTreeMap<PathBuf, Sides>, GitError> {
    let call = repo.git().call([
        "diff-tree",
        "-r",
        "-z",
        "--raw",
        "--no-renames",
        from.as_str(),
        to.as_str(),
    ]);
    let answer = call.run()?;
    let fields: Vec<&[u8]> = answer.fields().collect();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let sides = |raw: &[u8]| {
        Some(Sides {
            old_mode: text(raw.get(1..7)?),
            new_mode: text(raw.get(8..14)?),
        })
    };
    let pairs = fields.chunks_exact(2);
    Ok(pairs
        .filter_map(|pair| Some((path_of(pair[1]), sides(pair[0])?)))
        .collect())
}

/// Refuses when a file that landing changes holds something of the user's, staged, edited or untracked. Files that are
/// as the landing wants them are put in the index, as they would be after it.
fn make_way(
    git: &Git,
    tree: &Path,
    (from, to): (&CommitId, &CommitId),
    changes: &BTreeMap<PathBuf, Sides>,
) -> Result<(), LandError> {
    // A file whose time changed and whose content did not is no edit.
    git.call(["update-index", "--refresh"])
        .accept(&[0, 1])
        .run()?;
    let differs = |args: &[&str], index: Option<&Path>| -> Result<BTreeSet<PathBuf>, GitError> {
        let mut call = git
            .call(args.iter().take(1))
            .args(["-z", "--name-only", "--no-renames"])
            .args(&args[1..]);
        if let Some(index) = index {
            call = call.var("GIT_INDEX_FILE", index);
        }
        Ok(call
            .run()?
            .fields()
            .map(path_of)
            .filter(|path| changes.contains_key(path))
            .collect())
    };
    let staged = differs(&["diff-index", "--cached", from.as_str()], None)?;
    let unlike_new = differs(&["diff-index", "--cached", to.as_str()], None)?;
    let mut suspects = differs(&["diff-files"], None)?;
    let new = changes
        .iter()
        .filter(|(path, sides)| sides.old_mode == "000000" && in_the_way(tree, path, changes));
    suspects.extend(new.map(|(path, _)| path.clone()));
    let mut blocked: BTreeSet<PathBuf> = staged.intersection(&unlike_new).cloned().collect();
    suspects.retain(|path| !blocked.contains(path));
    if !suspects.is_empty() {
        // What would the index be with these files as they are? What then is not as the new commit has it is an edit.
        let dir = tempfile::tempdir().map_err(GitError::io("the directory for temporary files"))?;
        let index = dir.path().join("index");
        let real = git
            .call(["rev-parse", "--path-format=absolute", "--git-path", "index"])
            .path()?;
        std::fs::copy(&real, &index).map_err(GitError::io(real))?;
        match enter(git, &suspects, Some(&index)) {
            Ok(()) => {
                let still = differs(&["diff-index", "--cached", to.as_str()], Some(&index))?;
                blocked.extend(suspects.intersection(&still).cloned());
            }
            // A directory where a file would be, say.
            Err(GitError::Failed { .. }) => blocked.extend(suspects.iter().cloned()),
            Err(error) => return Err(error.into()),
        }
    }
    if !blocked.is_empty() {
        return Err(LandError::InTheWay {
            tree: tree.to_owned(),
            paths: blocked.into_iter().collect(),
        });
    }
    if !suspects.is_empty() {
        enter(git, &suspects, None)?;
    }
    Ok(())
}

/// Whether something untracked is where the new file at `path` goes.
fn in_the_way(tree: &Path, path: &Path, changes: &BTreeMap<PathBuf, Sides>) -> bool {
    let goes = |path: &Path| {
        changes
            .get(path)
            .is_some_and(|sides| sides.new_mode == "000000")
    };
    let file = tree.join(path);
    if let Ok(found) = std::fs::symlink_metadata(&file) {
        // A directory is not in the way if landing deletes what is in it; git refuses if there is more.
        return !(found.is_dir()
            && changes
                .range(path.to_owned()..)
                .skip(1)
                .any(|(p, _)| p.starts_with(path) && goes(p)));
    }
    let mut parents = path.ancestors().skip(1);
    parents.any(|dir| {
        let found = std::fs::symlink_metadata(tree.join(dir));
        found.is_ok_and(|found| !found.is_dir()) && !goes(dir)
    })
}

/// Puts files into the index as they are in the working tree, and takes out those that are not there.
fn enter(git: &Git, paths: &BTreeSet<PathBuf>, index: Option<&Path>) -> Result<(), GitError> {
    let mut input = Vec::new();
    for path in paths {
        input.extend_from_slice(path.as_os_str().as_bytes());
        input.push(0);
    }
    let mut call = git
        .call(["update-index", "--add", "--remove", "-z", "--stdin"])
        .input(input);
    if let Some(index) = index {
        call = call.var("GIT_INDEX_FILE", index);
    }
    call.run().map(drop)
}

/// Takes index and files from one commit to another; git touches only what differs between them, and nothing at all if
/// one of these files holds an edit.
fn switch_tree(git: &Git, tree: &Path, from: &CommitId, to: &CommitId) -> Result<(), LandError> {
    match git
        .call(["read-tree", "-m", "-u", from.as_str(), to.as_str()])
        .run()
    {
        Ok(_) => Ok(()),
        Err(GitError::Failed { stderr, .. })
            if stderr.contains("not uptodate") || stderr.contains("untracked") =>
        {
            Err(LandError::Refused {
                tree: tree.to_owned(),
                stderr,
            })
        }
        Err(error) => Err(error.into()),
    }
}

/// Up to twenty paths with everything unprintable escaped.
fn shown(paths: &[PathBuf]) -> String {
    let mut list: Vec<String> = paths
        .iter()
        .take(SHOWN)
        .map(|path| path.to_string_lossy().escape_debug().to_string())
        .collect();
    if paths.len() > SHOWN {
        list.push(format!("and {} more", paths.len() - SHOWN));
    }
    list.join(", ")
}

/// Why nothing landed.
#[derive(Debug, thiserror::Error)]
pub enum LandError {
    /// The branch does not exist.
    #[error("there is no branch '{branch}' to land on; make it with: git branch {branch}")]
    NoBranch {
        /// Which branch.
        branch: String,
    },
    /// The work does not merge with the branch.
    #[error(
        "{head} does not merge with '{branch}': conflicts in {}",
        shown(&files.iter().map(|file| file.path.clone()).collect::<Vec<_>>())
    )]
    Conflict {
        /// The branch.
        branch: String,
        /// What was to be merged.
        head: CommitId,
        /// Where they differ.
        files: Vec<ConflictFile>,
    },
    /// Files of the user's stand where landing would write.
    #[error(
        "changes in '{}' would be overwritten: {}; commit or move them away first",
        tree.display(), shown(paths)
    )]
    InTheWay {
        /// The working tree.
        tree: PathBuf,
        /// Which files.
        paths: Vec<PathBuf>,
    },
    /// Git refuses to change the working tree.
    #[error("git does not change '{}': {stderr}", tree.display())]
    Refused {
        /// The working tree.
        tree: PathBuf,
        /// What git said.
        stderr: String,
    },
    /// The branch is checked out in several working trees, of which only one could follow.
    #[error("branch '{branch}' is checked out twice, in '{}' and '{}'; switch one of them away", one.display(), other.display())]
    Twice {
        /// Which branch.
        branch: String,
        /// One working tree.
        one: PathBuf,
        /// Another.
        other: PathBuf,
    },
    /// The branch moved meanwhile, or could not be moved.
    #[error(transparent)]
    Ref(#[from] RefError),
    /// Git refused, or failed.
    #[error(transparent)]
    Git(#[from] GitError),
}

#[cfg(test)]
mod tests;
