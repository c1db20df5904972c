//! The one way by which a worktree and its branch go away: first everything in them is kept under
//! `refs/swarm/backup/...`, and when in doubt they stay.
//!
//! What the run does not own is never touched. Knows nothing of why something goes.

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use swarm_mailbox::id::{AttemptNo, CommitId, RunId, TaskId};

use super::command::{Git, GitError, path_of};
use super::commit::{Message, add_all, embedded, tree_of};
use super::merge::{adds_nothing, merge_commit};
use super::refs::{self, RefError, RefUpdate, branch_ref};
use super::repo::{Repo, TreeId};
use super::worktree::{self, Registered, Serial};

/// Commits that a backup keeps as parents at most.
const MAX_PARENTS: usize = 32;
/// Entries of a worktree's reflog that are looked through at most.
const MAX_REFLOG: usize = 2_000;

/// What is to go, and whose it is.
#[derive(Debug, Clone, Copy)]
pub struct Retirement<'a> {
    /// The run that owns it.
    pub run: &'a RunId,
    /// The task that it was made for.
    pub task: &'a TaskId,
    /// The try that it was made for.
    pub attempt: AttemptNo,
    /// The worktree's top level, as the run recorded it.
    pub worktree: &'a Path,
    /// The task's branch.
    pub branch: &'a str,
    /// A commit that may hold the work already: the integration branch's tip.
    pub merged_into: Option<&'a CommitId>,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retired {
    /// The ref that keeps what was there, and its commit; `None` when all of it is in `merged_into`, or nothing was there.
    pub backup: Option<(String, CommitId)>,
    /// What became of the worktree.
    pub worktree: Fate,
    /// What became of the branch.
    pub branch: Fate,
}

/// What became of a worktree or branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is gone.
    Removed,
    /// There was none.
    Absent,
    /// It is still there.
    Kept(KeptReason),
}

/// Why something stayed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeptReason {
    /// A process works there.
    #[error("process {pid} ({name}) still works in it")]
    Process {
        /// Its id.
        pid: u32,
        /// Its name.
        name: String,
    },
    /// The run does not own it.
    #[error("the run does not own it ({0})")]
    NotOwned(String),
    /// It holds something that a backup would not: repositories inside it.
    #[error("'{}' in it is a repository of its own, which a backup would not hold", .0.display())]
    Repository(PathBuf),
    /// It is checked out elsewhere.
    #[error("it is checked out in '{}'", .0.display())]
    CheckedOut(PathBuf),
    /// It changed while it was looked at.
    #[error("it changed meanwhile")]
    Changed,
}

/// Keeps what is in the worktree and on the branch, then removes both. Asked again after a crash at any point, it goes
/// on; nothing is removed before its backup is in place.
///
/// # Errors
/// [`GuardError`]; what could not be kept stays.
pub fn retire(repo: &Repo, what: Retirement<'_>) -> Result<Retired, GuardError> {
    let serial = Serial::take(repo)?;
    let Some(found) = worktree::find(repo, what.worktree)? else {
        let gone = if what.worktree.exists() {
            Fate::Kept(KeptReason::NotOwned("git knows no worktree there".into()))
        } else {
            Fate::Absent
        };
        let (backup, branch) = retire_branch(repo, what, None)?;
        return Ok(Retired {
            backup,
            worktree: gone,
            branch,
        });
    };
    let kept = |reason: KeptReason| Retired {
        backup: None,
        worktree: Fate::Kept(reason.clone()),
        branch: Fate::Kept(reason),
    };
    if let Some(reason) = not_owned(&found, what) {
        return Ok(kept(reason));
    }
    if !found.path.exists() {
        drop_registration(repo, &serial, &found.path)?;
        let (backup, branch) = retire_branch(repo, what, found.head)?;
        return Ok(Retired {
            backup,
            worktree: Fate::Removed,
            branch,
        });
    }
    if let Some(reason) = process_in(&found.path) {
        return Ok(kept(reason));
    }
    let git = linked(repo, &found.path)?;
    let snapshot = match snapshot(repo, &git, what, &found)? {
        Ok(snapshot) => snapshot,
        Err(reason) => return Ok(kept(reason)),
    };
    let backup = keep(repo, what, snapshot.as_ref())?;
    if let Some(reason) = process_in(&found.path) {
        return Ok(Retired {
            backup,
            ..kept(reason)
        });
    }
    drop_registration(repo, &serial, &found.path)?;
    let (late, branch) = retire_branch(repo, what, None)?;
    Ok(Retired {
        backup: late.or(backup),
        worktree: Fate::Removed,
        branch,
    })
}

/// Keeps everything of a try that is to be made again, then removes its worktree and branch.
///
/// # Errors
/// As [`retire`].
pub fn reset_for_retry(repo: &Repo, what: Retirement<'_>) -> Result<Retired, GuardError> {
    retire(
        repo,
        Retirement {
            merged_into: None,
            ..what
        },
    )
}

/// The ref that keeps what a try left.
#[must_use]
pub fn backup_ref(run: &RunId, task: &TaskId, attempt: AttemptNo) -> String {
    format!("refs/swarm/backup/{run}/{task}/{attempt}")
}

/// A run's own lock is proof; a missing one is none against it when path and branch both carry the run's name, which is
/// so between the making of a worktree and its locking.
fn not_owned(found: &Registered, what: Retirement<'_>) -> Option<KeptReason> {
    if found.is_locked_by(what.run) {
        return None;
    }
    match &found.lock {
        Some(reason) if reason != "initializing" => {
            Some(KeptReason::NotOwned(format!("it is locked: {reason}")))
        }
        _ => {
            let named = found.path.iter().any(|part| part == what.run.as_str());
            let mine = found.branch.as_deref() == Some(what.branch)
                && what.branch.starts_with(&format!("swarm/{}", what.run));
            (!named || !mine).then(|| KeptReason::NotOwned("it is not locked by the run".into()))
        }
    }
}

/// A process whose working directory is inside `dir`; always none where the system does not tell (no `/proc`).
pub(crate) fn process_in(dir: &Path) -> Option<KeptReason> {
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        // Processes of others do not tell; they cannot be workers of ours.
        let Ok(cwd) = std::fs::read_link(entry.path().join("cwd")) else {
            continue;
        };
        if cwd.starts_with(dir) {
            let name = std::fs::read_to_string(entry.path().join("comm")).unwrap_or_default();
            return Some(KeptReason::Process {
                pid,
                name: name.trim_end().to_owned(),
            });
        }
    }
    None
}

/// Git in the worktree, once it is sure that git takes it for one of this repository.
fn linked(repo: &Repo, path: &Path) -> Result<Git, GuardError> {
    if !path.join(".git").exists() {
        // A removal that was cut short may have taken the link first.
        relink(repo, path).map_err(GitError::io(path))?;
    }
    let git = repo.at(path);
    let common = git
        .call(["rev-parse", "--path-format=absolute", "--git-common-dir"])
        .path();
    match common {
        Ok(common) if common == repo.common_dir() => Ok(git),
        Ok(_) | Err(GitError::NotARepository { .. }) => Err(GuardError::Replaced {
            path: path.to_owned(),
        }),
        Err(error) => Err(error.into()),
    }
}

/// Writes the file that links a worktree to its books again.
fn relink(repo: &Repo, path: &Path) -> std::io::Result<()> {
    let link = path.join(".git");
    for entry in std::fs::read_dir(repo.common_dir().join("worktrees"))? {
        let admin = entry?.path();
        let told = std::fs::read(admin.join("gitdir")).unwrap_or_default();
        let told = path_of(told.strip_suffix(b"\n").unwrap_or(&told));
        // Git writes the path absolute, or relative to its books.
        let told = admin.join(told);
        let same = told.file_name() == link.file_name()
            && told
                .parent()
                .is_some_and(|dir| dir.canonicalize().is_ok_and(|dir| dir == path));
        if same {
            let mut text = b"gitdir: ".to_vec();
            text.extend_from_slice(admin.as_os_str().as_bytes());
            text.push(b'\n');
            return std::fs::write(link, text);
        }
    }
    Ok(())
}

/// What a worktree holds: the files as a tree, and the commits that only it knows.
struct Snapshot {
    tree: TreeId,
    parents: Vec<CommitId>,
    dirty: bool,
}

/// Takes the snapshot through an index of its own, so that the worktree's stays as it is; `None` when nothing is there.
fn snapshot(
    repo: &Repo,
    git: &Git,
    what: Retirement<'_>,
    found: &Registered,
) -> Result<Result<Option<Snapshot>, KeptReason>, GuardError> {
    let Some(head) = &found.head else {
        return Ok(Ok(None));
    };
    let admin = git.call(["rev-parse", "--absolute-git-dir"]).path()?;
    let modules = admin.join("modules");
    if modules.exists() {
        return Ok(Err(KeptReason::Repository(modules)));
    }
    let dir = tempfile::tempdir_in(repo.common_dir().join("swarm"))
        .map_err(GitError::io(repo.common_dir()))?;
    let index = dir.path().join("index");
    let copied = std::fs::copy(admin.join("index"), &index).is_ok();
    if !copied || add_all(repo, &found.path, Some(&index)).is_err() {
        // An index that cannot be used is made anew from HEAD: slower, the same result.
        drop(std::fs::remove_file(&index));
        git.call(["read-tree", head.as_str()])
            .var("GIT_INDEX_FILE", &index)
            .run()?;
        add_all(repo, &found.path, Some(&index))?;
    }
    if let Some(path) = embedded(repo, &found.path, head, Some(&index))?
        .into_iter()
        .next()
    {
        return Ok(Err(KeptReason::Repository(path)));
    }
    let tree = TreeId::of(
        &git.call(["write-tree"])
            .var("GIT_INDEX_FILE", &index)
            .line()?,
    )?;
    let dirty = tree != tree_of(repo, head)?;
    let mut parents = vec![head.clone()];
    parents.extend(refs::read(repo, &branch_ref(what.branch))?);
    parents.extend(only_in_reflog(git, &parents, what.merged_into)?);
    let mut seen = BTreeSet::new();
    parents.retain(|id| seen.insert(id.clone()));
    Ok(Ok(Some(Snapshot {
        tree,
        parents,
        dirty,
    })))
}

/// Commits that were made in the worktree and that no branch of it holds any more: they vanish with its reflog.
fn only_in_reflog(
    git: &Git,
    held: &[CommitId],
    tip: Option<&CommitId>,
) -> Result<Vec<CommitId>, GitError> {
    let count = format!("--max-count={MAX_REFLOG}");
    let walk = git
        .call(["rev-list", "--walk-reflogs", &count, "HEAD"])
        .accept(&[0, 128])
        .run()?;
    let text = String::from_utf8_lossy(&walk.stdout).into_owned();
    let unique: BTreeSet<&str> = text.lines().collect();
    if unique.is_empty() {
        return Ok(Vec::new());
    }
    let mut input: String = unique.iter().map(|id| format!("{id}\n")).collect();
    input.extend(held.iter().chain(tip).map(|id| format!("^{id}\n")));
    // Children come first: one that was not seen as a parent before is needed, its ancestors come with it.
    let call = git
        .call(["rev-list", "--topo-order", "--parents", "--stdin"])
        .input(input);
    let answer = String::from_utf8_lossy(&call.run()?.stdout).into_owned();
    let mut reachable = BTreeSet::new();
    let mut needed = Vec::new();
    for line in answer.lines() {
        let mut ids = line.split(' ');
        let id = ids.next().unwrap_or_default();
        if !reachable.contains(id) && needed.len() < MAX_PARENTS {
            needed.extend(CommitId::new(id).ok());
        }
        reachable.extend(ids);
    }
    Ok(needed)
}

/// Puts the snapshot under the backup ref unless all of it is in `merged_into`. A backup that exists is not replaced
/// but becomes a parent of the new one.
fn keep(
    repo: &Repo,
    what: Retirement<'_>,
    snapshot: Option<&Snapshot>,
) -> Result<Option<(String, CommitId)>, GuardError> {
    let Some(snapshot) = snapshot else {
        return Ok(None);
    };
    if !snapshot.dirty && all_in(repo, what.merged_into, &snapshot.parents)? {
        return Ok(None);
    }
    let name = backup_ref(what.run, what.task, what.attempt);
    let old = refs::read(repo, &name)?;
    if let Some(old) = &old
        && tree_of(repo, old)? == snapshot.tree
        && holds_all(repo, old, &snapshot.parents)?
    {
        return Ok(Some((name, old.clone())));
    }
    let commit = match (&snapshot.parents[..], snapshot.dirty, &old) {
        ([only], false, None) => only.clone(),
        _ => {
            let parents: Vec<CommitId> = snapshot.parents.iter().chain(&old).cloned().collect();
            let subject = format!("backup of {}, attempt {}", what.task, what.attempt);
            let body = "Everything in the worktree that git does not ignore, as it was before its removal.";
            let message = Message::for_task(what.run, what.task, &subject, body);
            merge_commit(repo, &snapshot.tree, &parents, &message)?
        }
    };
    let update = RefUpdate {
        name: name.clone(),
        old,
        new: Some(commit.clone()),
    };
    refs::update(repo, &[update], "swarm: backup")?;
    Ok(Some((name, commit)))
}

fn all_in(repo: &Repo, tip: Option<&CommitId>, commits: &[CommitId]) -> Result<bool, GitError> {
    let Some(tip) = tip else { return Ok(false) };
    for commit in commits {
        if !adds_nothing(repo, tip, commit)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn holds_all(repo: &Repo, holder: &CommitId, commits: &[CommitId]) -> Result<bool, GitError> {
    for commit in commits {
        if !refs::is_ancestor(repo, commit, holder)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn drop_registration(repo: &Repo, serial: &Serial, path: &Path) -> Result<(), GuardError> {
    repo.git()
        .call(["worktree", "remove", "--force", "--force"])
        .arg(path)
        .holding(serial.lock())
        .run()?;
    Ok(())
}

/// Deletes the branch at exactly the commit that is kept elsewhere. `also` is a commit that its worktree held.
fn retire_branch(
    repo: &Repo,
    what: Retirement<'_>,
    also: Option<CommitId>,
) -> Result<(Option<(String, CommitId)>, Fate), GuardError> {
    let head = refs::read(repo, &branch_ref(what.branch))?;
    let parents: Vec<CommitId> = head
        .iter()
        .chain(also.as_ref().filter(|id| head.as_ref() != Some(id)))
        .cloned()
        .collect();
    let Some(first) = parents.first() else {
        return Ok((None, Fate::Absent));
    };
    let snapshot = Snapshot {
        tree: tree_of(repo, first)?,
        parents: parents.clone(),
        dirty: false,
    };
    let name = backup_ref(what.run, what.task, what.attempt);
    let held = match refs::read(repo, &name)? {
        Some(backup) if holds_all(repo, &backup, &parents)? => Some((name, backup)),
        _ => keep(repo, what, Some(&snapshot))?,
    };
    let Some(head) = head else {
        return Ok((held, Fate::Absent));
    };
    if !what.branch.starts_with(&format!("swarm/{}", what.run)) {
        return Ok((
            held,
            Fate::Kept(KeptReason::NotOwned(
                "its name is not one of the run's".into(),
            )),
        ));
    }
    let all = worktree::list(repo)?;
    if let Some(other) = all
        .into_iter()
        .find(|one| one.branch.as_deref() == Some(what.branch))
    {
        return Ok((held, Fate::Kept(KeptReason::CheckedOut(other.path))));
    }
    match refs::update(
        repo,
        &[RefUpdate::delete(branch_ref(what.branch), &head)],
        "swarm: branch is kept elsewhere",
    ) {
        Ok(()) => Ok((held, Fate::Removed)),
        Err(RefError::Moved { .. }) => Ok((held, Fate::Kept(KeptReason::Changed))),
        Err(error) => Err(error.into()),
    }
}

/// Why something could not be kept, and therefore stayed.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// The worktree's link to the repository points elsewhere.
    #[error("'{}' is not linked to this repository any more, so it stays as it is", path.display())]
    Replaced {
        /// Which worktree.
        path: PathBuf,
    },
    /// The backup ref could not be written.
    #[error(transparent)]
    Ref(#[from] RefError),
    /// Git refused, or failed.
    #[error(transparent)]
    Git(#[from] GitError),
}

#[cfg(test)]
mod tests;
