//! Worktrees of a run: made one at a time, found again after a crash, locked as long as the run owns them.
//!
//! Knows nothing of what happens inside one; how one goes away is `guard`'s.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use swarm_mailbox::id::{CommitId, RunId};

use super::command::{GitError, Output, path_of};
use super::refs::{self, RefError, RefUpdate, branch_ref};
use super::repo::Repo;

pub mod provision;

/// What git writes into the lock of a worktree whose checkout has not finished.
const HALF_MADE: &str = "initializing";

/// How often, and how far apart, a failing listing is tried again: a checkout of a killed engine is done by then.
const LIST_TRIES: u32 = 40;
const LIST_PAUSE: Duration = Duration::from_millis(50);

/// A worktree as git has it in its books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// Its top level, symlinks resolved, whether it exists or not.
    pub path: PathBuf,
    /// Its commit; `None` in a bare repository or on an unborn branch.
    pub head: Option<CommitId>,
    /// The short name of its branch; `None` when detached.
    pub branch: Option<String>,
    /// Why it is locked; `None` when it is not.
    pub lock: Option<String>,
}

impl Registered {
    /// Whether `run` locked it.
    #[must_use]
    pub fn is_locked_by(&self, run: &RunId) -> bool {
        self.lock.as_deref() == Some(&lock_reason(run))
    }

    /// Whether nobody holds it but perhaps `run`, so that `run` may take it or take it apart.
    fn is_free_for(&self, run: &RunId) -> bool {
        self.lock
            .as_deref()
            .is_none_or(|lock| lock == HALF_MADE || lock == lock_reason(run))
    }
}

/// What [`add`] found to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Added {
    /// The worktree is new.
    Created,
    /// It was there already, complete, on its branch, which stands at this commit.
    Existing(CommitId),
}

/// The reason that is written into the lock of a run's worktrees.
#[must_use]
pub fn lock_reason(run: &RunId) -> String {
    format!("swarm {run}")
}

/// All worktrees of the repository, the main one first.
///
/// # Errors
/// Whatever keeps git from telling.
pub fn list(repo: &Repo) -> Result<Vec<Registered>, GitError> {
    let answer = listing(repo)?;
    let mut all: Vec<Registered> = Vec::new();
    for field in answer
        .stdout
        .split(|&byte| byte == 0)
        .filter(|field| !field.is_empty())
    {
        let (key, value) = match field.iter().position(|&byte| byte == b' ') {
            Some(at) => (&field[..at], &field[at + 1..]),
            None => (field, &b""[..]),
        };
        let text = || String::from_utf8_lossy(value).into_owned();
        match (key, all.last_mut()) {
            (b"worktree", _) => {
                all.push(Registered {
                    path: path_of(value),
                    head: None,
                    branch: None,
                    lock: None,
                });
            }
            // An unborn branch is told as a commit of zeros.
            (b"HEAD", Some(last)) if value.iter().any(|&byte| byte != b'0') => {
                last.head = CommitId::new(&text()).ok();
            }
            (b"branch", Some(last)) => {
                last.branch = Some(text().trim_start_matches("refs/heads/").to_owned())
            }
            (b"locked", Some(last)) => last.lock = Some(text()),
            _ => {}
        }
    }
    Ok(all)
}

/// Git's own list. The git of an engine that was killed goes on for a moment, and what it has half written makes the
/// listing of everybody else fail. That passes; where git itself was killed it does not, and the half is cleared.
fn listing(repo: &Repo) -> Result<Output, GitError> {
    let call = || {
        repo.git()
            .call(["worktree", "list", "--porcelain", "-z"])
            .run()
    };
    for _ in 0..LIST_TRIES {
        match call() {
            Err(GitError::Failed { .. }) => std::thread::sleep(LIST_PAUSE),
            answer => return answer,
        }
    }
    clear_half_made(repo)?;
    call()
}

/// Removes the books of worktrees whose making was killed between the creation of a file and its first byte, with the
/// worktree's directory where it holds nothing but its link. Git says itself that their checkout had not begun.
fn clear_half_made(repo: &Repo) -> Result<(), GitError> {
    let books = repo.common_dir().join("worktrees");
    for entry in std::fs::read_dir(&books).map_err(GitError::io(&books))? {
        let book = entry.map_err(GitError::io(&books))?.path();
        let read = |name: &str| std::fs::read(book.join(name)).unwrap_or_default();
        if read("locked").trim_ascii() != HALF_MADE.as_bytes() || !read("commondir").is_empty() {
            continue;
        }
        let link = path_of(read("gitdir").trim_ascii_end());
        if let Some(path) = link.parent().filter(|path| holds_only_its_link(path)) {
            std::fs::remove_dir_all(path).map_err(GitError::io(path))?;
        }
        std::fs::remove_dir_all(&book).map_err(GitError::io(&book))?;
    }
    Ok(())
}

fn holds_only_its_link(path: &Path) -> bool {
    std::fs::read_dir(path).is_ok_and(|mut entries| {
        entries.all(|entry| entry.is_ok_and(|one| one.file_name() == ".git"))
    })
}

/// The worktree registered at `path`.
///
/// # Errors
/// Whatever keeps git from telling.
pub fn find(repo: &Repo, path: &Path) -> Result<Option<Registered>, GitError> {
    let path = resolved(path)?;
    Ok(list(repo)?.into_iter().find(|one| one.path == path))
}

/// Makes the worktree at `path` with `branch` checked out, which is made from `from` if it does not exist, and locks it
/// for `run`. Asked again after a crash at any point, it finishes what was begun.
///
/// # Errors
/// [`WorktreeError`]; what is in the way stays as it is.
pub fn add(
    repo: &Repo,
    run: &RunId,
    path: &Path,
    branch: &str,
    from: &CommitId,
) -> Result<Added, WorktreeError> {
    let path = prepared(path)?;
    let serial = Serial::take(repo)?;
    let all = list(repo)?;
    if let Some(other) = all
        .iter()
        .find(|one| one.branch.as_deref() == Some(branch) && one.path != path)
    {
        if other.path.exists() || !other.is_free_for(run) {
            return Err(WorktreeError::BranchInUse {
                branch: branch.to_owned(),
                path: other.path.clone(),
            });
        }
        forget(repo, &serial, &other.path)?;
    }
    if let Some(head) = take_over(repo, &serial, run, &all, (&path, Some(branch)))? {
        return Ok(Added::Existing(head));
    }
    match refs::read(repo, &branch_ref(branch))? {
        None => refs::update(
            repo,
            &[RefUpdate::create(branch_ref(branch), from)],
            "swarm: task begins",
        )?,
        Some(at) if at == *from => {}
        Some(at) => {
            return Err(WorktreeError::BranchTaken {
                branch: branch.to_owned(),
                at,
            });
        }
    }
    // The branch exists already, so that git writes no tracking configuration: parallel writers of it fail each other.
    repo.git()
        .call(["worktree", "add", "--quiet"])
        .arg(&path)
        .arg(branch)
        .holding(serial.lock())
        .run()?;
    lock(repo, run, &path)?;
    Ok(Added::Created)
}

/// Makes the run's gate worktree at `path`, or moves it, with nothing but `commit` and ignored files (caches of
/// earlier gates) in it. Nothing in a gate worktree is anybody's work.
///
/// # Errors
/// [`WorktreeError`].
pub fn stage_gate(
    repo: &Repo,
    run: &RunId,
    path: &Path,
    commit: &CommitId,
) -> Result<(), WorktreeError> {
    let path = prepared(path)?;
    let serial = Serial::take(repo)?;
    let all = list(repo)?;
    if take_over(repo, &serial, run, &all, (&path, None))?.is_some() {
        match refresh(repo, &serial, &path, commit) {
            Ok(()) => return Ok(()),
            Err(error @ (GitError::DiskFull { .. } | GitError::ReadOnly { .. })) => {
                return Err(error.into());
            }
            // A killed gate leaves locks and half-written indexes behind: a new tree is slower but right.
            Err(error) => {
                tracing::warn!(%error, "the gate worktree is made anew");
                forget(repo, &serial, &path)?;
            }
        }
    }
    repo.git()
        .call(["worktree", "add", "--quiet", "--detach"])
        .arg(&path)
        .arg(commit.as_str())
        .holding(serial.lock())
        .run()?;
    lock(repo, run, &path)
}

fn refresh(repo: &Repo, serial: &Serial, path: &Path, commit: &CommitId) -> Result<(), GitError> {
    let git = repo.at(path);
    git.call([
        "checkout",
        "--quiet",
        "--force",
        "--detach",
        commit.as_str(),
    ])
    .holding(serial.lock())
    .run()?;
    git.call(["clean", "--quiet", "-ffd"])
        .holding(serial.lock())
        .run()
        .map(drop)
}

/// Looks at what stands at `path`: a complete worktree on `branch` is taken (and its head given), a half-made one is
/// cleared away, anything else is in the way.
fn take_over(
    repo: &Repo,
    serial: &Serial,
    run: &RunId,
    all: &[Registered],
    (path, branch): (&Path, Option<&str>),
) -> Result<Option<CommitId>, WorktreeError> {
    let Some(one) = all.iter().find(|one| one.path == path) else {
        return if is_vacant(path) {
            Ok(None)
        } else {
            Err(WorktreeError::PathTaken {
                path: path.to_owned(),
            })
        };
    };
    if !one.is_free_for(run) {
        let reason = one.lock.clone().unwrap_or_default();
        return Err(WorktreeError::Foreign {
            path: path.to_owned(),
            reason,
        });
    }
    if one.lock.as_deref() == Some(HALF_MADE) || !path.exists() {
        forget(repo, serial, path)?;
        return Ok(None);
    }
    match (
        &one.head,
        one.branch.as_deref() == branch && path.join(".git").exists(),
    ) {
        (Some(head), true) => {
            lock(repo, run, path)?;
            Ok(Some(head.clone()))
        }
        _ => Err(WorktreeError::PathTaken {
            path: path.to_owned(),
        }),
    }
}

/// Takes a worktree that holds nobody's work out of git's books and off the disk.
pub(crate) fn forget(repo: &Repo, serial: &Serial, path: &Path) -> Result<(), WorktreeError> {
    let remove = || {
        let call = repo
            .git()
            .call(["worktree", "remove", "--force", "--force"])
            .arg(path);
        call.holding(serial.lock()).run()
    };
    match remove() {
        // Git died before it made the books whole, and does not take this for a worktree: without the directory it does.
        Err(GitError::Failed { stderr, .. }) if stderr.contains("validation failed") => {
            std::fs::remove_dir_all(path).map_err(GitError::io(path))?;
            remove()?;
        }
        removed => {
            removed?;
        }
    }
    Ok(())
}

fn lock(repo: &Repo, run: &RunId, path: &Path) -> Result<(), WorktreeError> {
    let call = repo
        .git()
        .call(["worktree", "lock", "--reason", &lock_reason(run)])
        .arg(path);
    match call.run() {
        Ok(_) => Ok(()),
        Err(GitError::Failed { stderr, .. }) if stderr.contains("already locked") => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn is_vacant(path: &Path) -> bool {
    match std::fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

/// Makes the directory above `path` and resolves its symlinks, as git does in its books.
fn prepared(path: &Path) -> Result<PathBuf, GitError> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(GitError::io(parent))?;
    }
    resolved(path)
}

fn resolved(path: &Path) -> Result<PathBuf, GitError> {
    match (path.parent().map(Path::canonicalize), path.file_name()) {
        (Some(Ok(parent)), Some(name)) => Ok(parent.join(name)),
        (Some(Err(error)), _) if error.kind() == std::io::ErrorKind::NotFound => {
            Ok(path.to_owned())
        }
        (Some(Err(error)), _) => Err(GitError::Io {
            path: path.to_owned(),
            error,
        }),
        _ => Ok(path.to_owned()),
    }
}

/// One change of the worktrees at a time, over all threads and processes: git's own administration of them is not safe
/// against itself.
pub(crate) struct Serial {
    _thread: MutexGuard<'static, ()>,
    process: Arc<File>,
}

impl Serial {
    pub(crate) fn take(repo: &Repo) -> Result<Self, GitError> {
        static ONE: Mutex<()> = Mutex::new(());
        let thread = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let dir = repo.common_dir().join("swarm");
        std::fs::create_dir_all(&dir).map_err(GitError::io(&dir))?;
        let path = dir.join("worktrees.lock");
        let file = File::options()
            .create(true)
            .read(true)
            .append(true)
            .open(&path)
            .map_err(GitError::io(&path))?;
        // The kernel gives the lock back when its holder dies.
        file.lock().map_err(GitError::io(&path))?;
        Ok(Self {
            _thread: thread,
            process: Arc::new(file),
        })
    }

    /// The process's part of the lock, for commands that must be over before anybody else may have it.
    pub(crate) fn lock(&self) -> &Arc<File> {
        &self.process
    }
}

/// Why there is no worktree.
#[derive(Debug, thiserror::Error)]
pub enum WorktreeError {
    /// Something else is where it would go.
    #[error("'{}' is in the way and is no worktree of this task; move it away", path.display())]
    PathTaken {
        /// Where.
        path: PathBuf,
    },
    /// A worktree is there that somebody else locked.
    #[error("the worktree '{}' is locked by somebody else ('{reason}')", path.display())]
    Foreign {
        /// Where.
        path: PathBuf,
        /// What the lock says.
        reason: String,
    },
    /// The branch is checked out elsewhere.
    #[error("branch '{branch}' is checked out in '{}'", path.display())]
    BranchInUse {
        /// Which branch.
        branch: String,
        /// Where it is checked out.
        path: PathBuf,
    },
    /// The branch exists and holds something else.
    #[error("branch '{branch}' exists already, at {at}; delete or rename it")]
    BranchTaken {
        /// Which branch.
        branch: String,
        /// Where it stands.
        at: CommitId,
    },
    /// The branch could not be made.
    #[error(transparent)]
    Ref(#[from] RefError),
    /// Git refused, or failed.
    #[error(transparent)]
    Git(#[from] GitError),
}

#[cfg(test)]
mod tests;
