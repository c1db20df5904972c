//! What a command left in its worktree becomes a commit on its branch.
//!
//! Git itself adds and commits, so that filters and LFS work. Knows nothing of gates; refuses what would lose work.

use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use swarm_mailbox::id::{CommitId, RunId, TaskId};

use super::backend::Reader;
use super::command::{GitError, Hooks, path_of};
use super::refs::{self, branch_ref};
use super::repo::{Repo, TreeId};
use super::worktree;

/// Longest subject line, in characters.
const MAX_SUBJECT: usize = 200;
/// Longest body, in characters.
const MAX_BODY: usize = 16 << 10;

/// A commit message: subject, body, trailers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    subject: String,
    body: String,
    trailers: Vec<(String, String)>,
}

impl Message {
    /// A message for the work of `task` in `run`: `subject`, `body` (may be empty), and the trailers that name both.
    #[must_use]
    pub fn for_task(run: &RunId, task: &TaskId, subject: &str, body: &str) -> Self {
        Self::for_run(run, subject, body).with_trailer("Swarm-Task", task.as_str())
    }

    /// A message for something that the run does as a whole.
    #[must_use]
    pub fn for_run(run: &RunId, subject: &str, body: &str) -> Self {
        let subject = one_line(subject);
        let subject = if subject.is_empty() {
            "work of a task".to_owned()
        } else {
            subject
        };
        let body: String = body
            .chars()
            .filter(|&c| c == '\n' || c == '\t' || !c.is_control())
            .take(MAX_BODY)
            .collect();
        let body = body.trim().to_owned();
        Self {
            subject,
            body,
            trailers: Vec::new(),
        }
        .with_trailer("Swarm-Run", run.as_str())
    }

    /// The same message with one more trailer line; characters that would break the line become spaces.
    #[must_use]
    pub fn with_trailer(mut self, key: &str, value: &str) -> Self {
        self.trailers.push((one_line(key), one_line(value)));
        self
    }

    /// The text as git stores it.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("{}\n\n", self.subject);
        if !self.body.is_empty() {
            text.push_str(&self.body);
            text.push_str("\n\n");
        }
        for (key, value) in &self.trailers {
            text.push_str(&format!("{key}: {value}\n"));
        }
        text
    }
}

fn one_line(text: &str) -> String {
    let clean: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(MAX_SUBJECT)
        .collect();
    clean.trim().to_owned()
}

/// A worktree whose work is to be committed.
#[derive(Debug, Clone, Copy)]
pub struct Work<'a> {
    /// Its top level.
    pub worktree: &'a Path,
    /// The branch it must be on.
    pub branch: &'a str,
    /// The commit that the branch began at.
    pub from: &'a CommitId,
    /// Whether the user's commit hooks run.
    pub hooks: Hooks,
}

/// Commits everything that is modified, deleted or untracked and not ignored, on top of what the command committed
/// itself. Gives the branch's head, or `None` when its tree is that of `from`. Asked again, it gives the same.
///
/// # Errors
/// [`CommitError`]; nothing in the worktree is lost.
pub fn commit_all(
    repo: &Repo,
    work: Work<'_>,
    message: &Message,
) -> Result<Option<CommitId>, CommitError> {
    require_on_branch(repo, work)?;
    let git = repo.at(work.worktree);
    let unmerged = git
        .call(["diff", "--name-only", "--diff-filter=U", "-z"])
        .run()?;
    if let Some(first) = unmerged.fields().next() {
        return Err(CommitError::Unmerged {
            path: path_of(first),
        });
    }
    add_all(repo, work.worktree, None)?;
    let tip = require_tip(repo, work.branch)?;
    if let Some(path) = embedded(repo, work.worktree, &tip, None)?
        .into_iter()
        .next()
    {
        return Err(CommitError::Embedded { path });
    }
    if git
        .call(["diff", "--cached", "--quiet", "--no-ext-diff", "HEAD"])
        .accept(&[0, 1])
        .run()?
        .code
        == 1
    {
        let mut call = git.call([
            "commit",
            "--quiet",
            "--cleanup=verbatim",
            "--no-status",
            "--file=-",
        ]);
        if work.hooks == Hooks::Skip {
            call = call.arg("--no-verify");
        }
        let done = call.hooks(work.hooks).input(message.text()).run();
        done.map_err(|error| refusal(error, work.hooks))?;
        require_on_branch(repo, work)?;
    }
    let head = require_tip(repo, work.branch)?;
    if !refs::is_ancestor(repo, work.from, &head)? {
        return Err(CommitError::Rewritten {
            branch: work.branch.to_owned(),
            from: work.from.clone(),
        });
    }
    let changed = tree_of(repo, &head)? != tree_of(repo, work.from)?;
    Ok(changed.then_some(head))
}

/// Where the user's hooks run, a commit that fails for no reason that git would name was refused by one of them.
fn refusal(error: GitError, hooks: Hooks) -> CommitError {
    match error {
        GitError::Failed { stderr, .. } if hooks == Hooks::Run => CommitError::Hook { stderr },
        error => error.into(),
    }
}

/// The tree of a commit.
///
/// # Errors
/// Whatever keeps git from telling.
pub fn tree_of(repo: &Repo, commit: &CommitId) -> Result<TreeId, GitError> {
    Reader::open(repo)?.tree(commit)
}

/// Adds everything that is not ignored to the index of `worktree`, or to the index at `index` instead.
pub(crate) fn add_all(repo: &Repo, worktree: &Path, index: Option<&Path>) -> Result<(), GitError> {
    let git = repo.at(worktree);
    let mut call = git.call(["add", "--all"]);
    if repo.facts().sparse {
        // Files that the command made outside the sparse part would be left behind otherwise.
        call = call.arg("--sparse");
    }
    if let Some(index) = index {
        call = call.var("GIT_INDEX_FILE", index);
    }
    call.run().map(drop)
}

/// Repositories inside the worktree that an index would hold as a bare commit id, their content nowhere: submodules
/// that `head` does not have and no `.gitmodules` names.
pub(crate) fn embedded(
    repo: &Repo,
    worktree: &Path,
    head: &CommitId,
    index: Option<&Path>,
) -> Result<Vec<PathBuf>, GitError> {
    let git = repo.at(worktree);
    let mut call = git.call([
        "diff-index",
        "--cached",
        "--raw",
        "-z",
        "--no-renames",
        "--no-abbrev",
        head.as_str(),
    ]);
    if let Some(index) = index {
        call = call.var("GIT_INDEX_FILE", index);
    }
    let answer = call.run()?;
    let fields: Vec<&[u8]> = answer.fields().collect();
    let new = fields
        .chunks_exact(2)
        .filter(|pair| pair[0].get(8..14) == Some(b"160000"));
    let mut found: Vec<PathBuf> = new.map(|pair| path_of(pair[1])).collect();
    if !found.is_empty() && worktree.join(".gitmodules").is_file() {
        let call = git.call([
            "config",
            "-z",
            "--file",
            ".gitmodules",
            "--get-regexp",
            r"^submodule\..*\.path$",
        ]);
        let named = call.accept(&[0, 1]).run()?;
        let named: Vec<PathBuf> = named
            .fields()
            .filter_map(|field| field.splitn(2, |&byte| byte == b'\n').nth(1).map(path_of))
            .collect();
        found.retain(|path| !named.contains(path));
    }
    Ok(found)
}

/// Checks that the worktree is ours, of this repository, and on its branch.
fn require_on_branch(repo: &Repo, work: Work<'_>) -> Result<(), CommitError> {
    let path = work.worktree;
    let missing = || CommitError::NotAWorktree {
        path: path.to_owned(),
    };
    let registered = worktree::find(repo, path)?.ok_or_else(missing)?;
    // The command may have put another repository in the place of its worktree's link to this one.
    let call = repo
        .at(path)
        .call(["rev-parse", "--path-format=absolute"])
        .args(["--git-common-dir", "--show-toplevel"]);
    // A path may hold line ends, so what is expected is compared and nothing is taken apart.
    let expected = [repo.common_dir(), &registered.path].map(|path| path.as_os_str().as_bytes());
    match call.run() {
        Ok(answer) if answer.stdout == [expected.join(&b'\n'), b"\n".to_vec()].concat() => {}
        Err(error @ (GitError::UnsafeOwner { .. } | GitError::TimedOut { .. })) => {
            return Err(error.into());
        }
        _ => return Err(missing()),
    }
    if registered.branch.as_deref() == Some(work.branch) {
        return Ok(());
    }
    let found = registered.branch.unwrap_or_else(|| "no branch".to_owned());
    Err(CommitError::HeadElsewhere {
        expected: work.branch.to_owned(),
        found,
        path: path.to_owned(),
    })
}

fn require_tip(repo: &Repo, branch: &str) -> Result<CommitId, CommitError> {
    refs::read(repo, &branch_ref(branch))?.ok_or_else(|| CommitError::BranchGone {
        branch: branch.to_owned(),
    })
}

/// Why the work was not committed. It is still in the worktree.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// The directory is no worktree of the repository, or no longer.
    #[error("'{}' is no worktree of this repository any more; its command removed or replaced its '.git'", path.display())]
    NotAWorktree {
        /// Which directory.
        path: PathBuf,
    },
    /// The command checked out something else.
    #[error(
        "the command left '{}' on {found} instead of '{expected}'; it must end on the branch it began on",
        path.display()
    )]
    HeadElsewhere {
        /// The worktree.
        path: PathBuf,
        /// The task's branch.
        expected: String,
        /// What is checked out.
        found: String,
    },
    /// The command deleted its branch.
    #[error("the command deleted its branch '{branch}'")]
    BranchGone {
        /// Which branch.
        branch: String,
    },
    /// The command took away what its branch began with.
    #[error(
        "the command rewrote '{branch}': it does not contain {from} any more, which it began at"
    )]
    Rewritten {
        /// Which branch.
        branch: String,
        /// Where it began.
        from: CommitId,
    },
    /// The command left a merge unfinished.
    #[error("the command left '{}' with an unresolved conflict", path.display())]
    Unmerged {
        /// The first such file.
        path: PathBuf,
    },
    /// The command left a repository of its own in the worktree.
    #[error(
        "'{}' is a repository of its own: its content cannot be committed here; remove its '.git', ignore it, or add it as a submodule",
        path.display()
    )]
    Embedded {
        /// Where.
        path: PathBuf,
    },
    /// One of the user's hooks does not want the work.
    #[error("a commit hook refused the work: {stderr}")]
    Hook {
        /// What it said.
        stderr: String,
    },
    /// Git refused, or failed.
    #[error(transparent)]
    Git(#[from] GitError),
}

#[cfg(test)]
mod tests;
