//! Cleaning up after runs: first a list of exactly what would go, then the same list carried out, each item looked at
//! again before it goes.
//!
//! Whether a run lives is for the caller to know. Backups are never cleaned.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use swarm_mailbox::id::{AttemptNo, CommitId, RunId, TaskId};

use super::command::GitError;
use super::guard::{self, Fate, GuardError, Retirement};
use super::merge::adds_nothing;
use super::refs::{self, RefError, RefUpdate, branch_ref};
use super::repo::Repo;
use super::worktree::{self, Registered, Serial};

/// The number under which a backup is made of what no try is known to own.
const NO_ATTEMPT: AttemptNo = AttemptNo(0);
/// The name of a run's gate worktree, in which nothing is anybody's work.
const GATE: &str = ".gate";

/// What may be cleaned.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// The runs that have ended. What belongs to any other run is left alone.
    pub ended: Vec<RunId>,
    /// Branches besides the runs' own that may hold their work, short names: where runs land.
    pub targets: Vec<String>,
    /// Runs whose directories (journal, logs, mail) may go too; only ended ones are taken.
    pub directories: Vec<RunId>,
}

/// One thing that goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GcItem {
    /// A worktree of a task and its branch; what is not merged is kept under `refs/swarm/backup/...`.
    Worktree {
        /// Whose.
        run: RunId,
        /// Whose task.
        task: TaskId,
        /// Where it is; its directory may be gone already.
        path: PathBuf,
        /// The branch that goes with it.
        branch: String,
        /// Where the branch stands; `None` when there is none any more.
        head: Option<CommitId>,
    },
    /// A run's gate worktree.
    Gate {
        /// Whose.
        run: RunId,
        /// Where it is.
        path: PathBuf,
    },
    /// A branch of a run whose work is in another.
    Branch {
        /// Whose.
        run: RunId,
        /// Its short name.
        name: String,
        /// Where it stands.
        head: CommitId,
        /// The branch that holds its work, short name.
        held_by: String,
    },
    /// The directory of a run: journal, logs, mail.
    Directory {
        /// Whose.
        run: RunId,
        /// Where it is.
        path: PathBuf,
    },
}

impl fmt::Display for GcItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |path: &Path| path.to_string_lossy().escape_debug().to_string();
        match self {
            Self::Worktree { path, branch, .. } => {
                write!(f, "worktree {} and branch {branch}", shown(path))
            }
            Self::Gate { path, .. } => write!(f, "gate worktree {}", shown(path)),
            Self::Branch { name, held_by, .. } => {
                write!(f, "branch {name} (its work is in {held_by})")
            }
            Self::Directory { path, .. } => write!(f, "run directory {}", shown(path)),
        }
    }
}

/// What became of an item.
#[derive(Debug)]
pub enum Outcome {
    /// It is gone. What was not merged is under the ref.
    Removed {
        /// The ref that keeps it, if it was needed.
        backup: Option<String>,
    },
    /// It is still there, for the reason told.
    Left(String),
}

/// Lists what would go, in the order in which it would: worktrees, branches of tasks, integration branches, directories.
///
/// # Errors
/// Whatever keeps the repository from being read.
pub fn plan(repo: &Repo, scope: &Scope) -> Result<Vec<GcItem>, GitError> {
    let ended: BTreeSet<&RunId> = scope.ended.iter().collect();
    let registered = worktree::list(repo)?;
    let heads = refs::list(repo, "refs/heads/swarm/")?;
    let mut items: Vec<GcItem> = registered
        .iter()
        .filter_map(|one| worktree_item(one, &ended, &heads))
        .collect();
    let mut branches = Vec::new();
    for (name, head) in heads {
        let name = name.trim_start_matches("refs/heads/").to_owned();
        let Some((run, task)) = owner(&name).filter(|(run, _)| ended.contains(run)) else {
            continue;
        };
        let checked_out = registered
            .iter()
            .any(|one| one.branch.as_deref() == Some(&name));
        let listed =
            |item: &GcItem| matches!(item, GcItem::Worktree { branch, .. } if *branch == name);
        if checked_out || items.iter().any(listed) {
            continue;
        }
        if let Some(held_by) = holder(repo, &name, &head, &run, scope)? {
            branches.push((
                task.is_none(),
                GcItem::Branch {
                    run,
                    name,
                    head,
                    held_by,
                },
            ));
        }
    }
    branches.sort_by_key(|(integration, _)| *integration);
    items.extend(branches.into_iter().map(|(_, item)| item));
    for run in scope.directories.iter().filter(|run| ended.contains(run)) {
        let path = run_directory(repo, run);
        if path.is_dir() {
            items.push(GcItem::Directory {
                run: run.clone(),
                path,
            });
        }
    }
    Ok(items)
}

/// Removes exactly `items`, in their order; what is not any more as it was listed is left.
///
/// # Errors
/// None: each item says itself why it was left.
pub fn apply(repo: &Repo, items: Vec<GcItem>, scope: &Scope) -> Vec<(GcItem, Outcome)> {
    let removed = |item: GcItem| {
        let outcome =
            remove(repo, &item, scope).unwrap_or_else(|error| Outcome::Left(error.to_string()));
        (item, outcome)
    };
    items.into_iter().map(removed).collect()
}

fn remove(repo: &Repo, item: &GcItem, scope: &Scope) -> Result<Outcome, GcError> {
    match item {
        GcItem::Worktree {
            run,
            task,
            path,
            branch,
            head,
        } => {
            if refs::read(repo, &branch_ref(branch))? != *head {
                return Ok(Outcome::Left("its branch moved since it was listed".into()));
            }
            let held = match head {
                Some(head) => holder(repo, branch, head, run, scope)?,
                None => None,
            };
            let tip = match held {
                Some(name) => refs::read(repo, &branch_ref(&name))?,
                None => None,
            };
            let what = Retirement {
                run,
                task,
                attempt: NO_ATTEMPT,
                worktree: path,
                branch,
                merged_into: tip.as_ref(),
            };
            let done = guard::retire(repo, what)?;
            Ok(match (done.worktree, done.branch) {
                (Fate::Kept(reason), _) | (_, Fate::Kept(reason)) => {
                    Outcome::Left(reason.to_string())
                }
                _ => Outcome::Removed {
                    backup: done.backup.map(|(name, _)| name),
                },
            })
        }
        GcItem::Gate { run, path } => remove_gate(repo, run, path),
        GcItem::Branch {
            run, name, head, ..
        } => remove_branch(repo, run, name, head, scope),
        GcItem::Directory { run, path } => {
            if *path != run_directory(repo, run) {
                return Ok(Outcome::Left("it is not where runs are kept".into()));
            }
            std::fs::remove_dir_all(path).map_err(GitError::io(path))?;
            Ok(Outcome::Removed { backup: None })
        }
    }
}

fn remove_gate(repo: &Repo, run: &RunId, path: &Path) -> Result<Outcome, GcError> {
    let serial = Serial::take(repo)?;
    if !worktree::find(repo, path)?
        .is_some_and(|found| found.is_locked_by(run) && found.branch.is_none())
    {
        return Ok(Outcome::Left(
            "it is not the run's gate worktree any more".into(),
        ));
    }
    if let Some(reason) = guard::process_in(path) {
        return Ok(Outcome::Left(reason.to_string()));
    }
    worktree::forget(repo, &serial, path)?;
    Ok(Outcome::Removed { backup: None })
}

fn remove_branch(
    repo: &Repo,
    run: &RunId,
    name: &str,
    head: &CommitId,
    scope: &Scope,
) -> Result<Outcome, GcError> {
    let full = branch_ref(name);
    if refs::read(repo, &full)?.as_ref() != Some(head) {
        return Ok(Outcome::Left("it moved since it was listed".into()));
    }
    if worktree::list(repo)?
        .iter()
        .any(|one| one.branch.as_deref() == Some(name))
    {
        return Ok(Outcome::Left("it is checked out".into()));
    }
    let Some(held_by) = holder(repo, name, head, run, scope)? else {
        return Ok(Outcome::Left("no branch holds its work any more".into()));
    };
    refs::update(
        repo,
        &[RefUpdate::delete(full, head)],
        &format!("swarm gc: its work is in {held_by}"),
    )?;
    Ok(Outcome::Removed { backup: None })
}

/// The worktrees of ended runs. Their place says what they are for, whatever a command has checked out in them.
fn worktree_item(
    one: &Registered,
    ended: &BTreeSet<&RunId>,
    branches: &[(String, CommitId)],
) -> Option<GcItem> {
    let run = run_of(one).filter(|run| ended.contains(run))?;
    let path = one.path.clone();
    if one.branch.is_none() && path.ends_with(GATE) {
        return Some(GcItem::Gate { run, path });
    }
    let by_place = || {
        let inside = path
            .parent()
            .is_some_and(|parent| parent.ends_with(run.as_str()));
        let name = path.file_name().filter(|_| inside)?.to_str()?;
        TaskId::new(name).ok()
    };
    let by_branch = || {
        owner(one.branch.as_deref()?)
            .filter(|(of, _)| *of == run)?
            .1
    };
    let task = by_place().or_else(by_branch)?;
    let branch = format!("swarm/{run}-{task}");
    let full = branch_ref(&branch);
    let head = branches
        .iter()
        .find(|(name, _)| *name == full)
        .map(|(_, head)| head.clone());
    Some(GcItem::Worktree {
        run,
        task,
        path,
        branch,
        head,
    })
}

/// Whose a worktree is: its lock says so, or, where it was not locked yet, its place and its branch together.
fn run_of(one: &Registered) -> Option<RunId> {
    match one.lock.as_deref() {
        None | Some("initializing") => {
            let (run, _) = owner(one.branch.as_deref()?)?;
            one.path
                .iter()
                .any(|part| part == run.as_str())
                .then_some(run)
        }
        Some(lock) => RunId::new(lock.strip_prefix("swarm ")?).ok(),
    }
}

/// The run, and the task if it is not the integration branch, that a branch is of by its name.
fn owner(branch: &str) -> Option<(RunId, Option<TaskId>)> {
    let name = branch.strip_prefix("swarm/")?;
    match name.split_once('-') {
        Some((run, task)) => Some((RunId::new(run).ok()?, Some(TaskId::new(task).ok()?))),
        None => Some((RunId::new(name).ok()?, None)),
    }
}

/// The first branch that holds everything of `name`: a target, or for a task the run's integration branch.
fn holder(
    repo: &Repo,
    name: &str,
    head: &CommitId,
    run: &RunId,
    scope: &Scope,
) -> Result<Option<String>, GitError> {
    let integration = format!("swarm/{run}");
    for candidate in scope
        .targets
        .iter()
        .chain([&integration])
        .filter(|candidate| *candidate != name)
    {
        if let Some(tip) = refs::read(repo, &branch_ref(candidate))?
            && adds_nothing(repo, &tip, head)?
        {
            return Ok(Some(candidate.clone()));
        }
    }
    Ok(None)
}

fn run_directory(repo: &Repo, run: &RunId) -> PathBuf {
    repo.common_dir().join("swarm/runs").join(run.as_str())
}

/// Why an item was left; told as text in its outcome.
#[derive(Debug, thiserror::Error)]
enum GcError {
    #[error(transparent)]
    Guard(#[from] GuardError),
    #[error(transparent)]
    Worktree(#[from] worktree::WorktreeError),
    #[error(transparent)]
    Ref(#[from] RefError),
    #[error(transparent)]
    Git(#[from] GitError),
}

#[cfg(test)]
mod tests;
