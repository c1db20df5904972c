//! Refs change by compare-and-swap only: whoever moves one says where it stood when they looked.
//!
//! Knows nothing of what the names mean.

use std::time::{Duration, Instant};

use swarm_mailbox::id::CommitId;

use super::backend::{Reader, oid};
use super::command::GitError;
use super::repo::Repo;

/// One change of one ref.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefUpdate {
    /// The full name, `refs/...`.
    pub name: String,
    /// Where it must stand; `None` when it must not exist.
    pub old: Option<CommitId>,
    /// Where it goes; `None` deletes it.
    pub new: Option<CommitId>,
}

impl RefUpdate {
    /// A ref that must not exist yet.
    #[must_use]
    pub fn create(name: impl Into<String>, new: &CommitId) -> Self {
        Self {
            name: name.into(),
            old: None,
            new: Some(new.clone()),
        }
    }

    /// A ref that goes from `old` to `new`.
    #[must_use]
    pub fn advance(name: impl Into<String>, old: &CommitId, new: &CommitId) -> Self {
        Self {
            name: name.into(),
            old: Some(old.clone()),
            new: Some(new.clone()),
        }
    }

    /// A ref that goes away.
    #[must_use]
    pub fn delete(name: impl Into<String>, old: &CommitId) -> Self {
        Self {
            name: name.into(),
            old: Some(old.clone()),
            new: None,
        }
    }
}

/// The full name of a branch.
#[must_use]
pub fn branch_ref(branch: &str) -> String {
    format!("refs/heads/{branch}")
}

/// The commit that a ref holds; `None` when it does not exist.
///
/// # Errors
/// Whatever keeps the repository from being read.
pub fn read(repo: &Repo, name: &str) -> Result<Option<CommitId>, GitError> {
    Reader::open(repo)?.read_ref(name)
}

/// The refs below `prefix` (which ends with `/`) that hold commits, sorted by name; names that are not UTF-8 are left out.
///
/// # Errors
/// Whatever keeps the repository from being read.
pub fn list(repo: &Repo, prefix: &str) -> Result<Vec<(String, CommitId)>, GitError> {
    Reader::open(repo)?.refs(prefix)
}

/// Whether `ancestor` is `head` or one of its ancestors.
///
/// # Errors
/// Whatever keeps the repository from being read, an unknown commit among it.
pub fn is_ancestor(repo: &Repo, ancestor: &CommitId, head: &CommitId) -> Result<bool, GitError> {
    Reader::open(repo)?.is_ancestor(ancestor, head)
}

/// Carries out all `updates` or none. `reason` goes to the reflogs.
///
/// # Errors
/// [`RefError::Moved`] when a ref stands elsewhere than its update says; nothing has changed then.
pub fn update(repo: &Repo, updates: &[RefUpdate], reason: &str) -> Result<(), RefError> {
    let reason: String = reason
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    // libgit2 does not look for names in the way (`a` against `a/b` in packed-refs), so that it only moves what is there.
    let only = match updates {
        [
            RefUpdate {
                name,
                old: Some(old),
                new: Some(new),
            },
        ] => Some((name, old, new)),
        _ => None,
    };
    match (Reader::open(repo)?, only) {
        (Reader::Library(library), Some((name, old, new))) => {
            move_in_process(&library, repo.git().lock_wait(), (name, old, new), &reason)
        }
        _ => update_by_command(repo, updates, &reason),
    }
}

fn move_in_process(
    library: &git2::Repository,
    wait: Duration,
    (name, old, new): (&str, &CommitId, &CommitId),
    reason: &str,
) -> Result<(), RefError> {
    let failed = |error| RefError::Git(GitError::Library(error));
    let new = oid(new)?;
    library.find_commit(new).map_err(failed)?;
    let deadline = Instant::now() + wait;
    let mut transaction = library.transaction().map_err(failed)?;
    while let Err(error) = transaction.lock_ref(name) {
        if error.code() != git2::ErrorCode::Locked {
            return Err(failed(error));
        }
        if Instant::now() >= deadline {
            let path = library.path().join(format!("{name}.lock"));
            return Err(RefError::Git(GitError::Locked { path }));
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    // Read only now that nobody else can move it.
    let found = match library.find_reference(name) {
        Ok(reference) => reference.target(),
        Err(error) if error.code() == git2::ErrorCode::NotFound => None,
        Err(error) => return Err(failed(error)),
    };
    if found != Some(oid(old)?) {
        let found = found.and_then(|id| CommitId::new(&id.to_string()).ok());
        return Err(RefError::Moved {
            name: name.to_owned(),
            expected: Some(old.clone()),
            found,
        });
    }
    transaction
        .set_target(name, new, None, reason)
        .map_err(failed)?;
    transaction.commit().map_err(failed)
}

fn update_by_command(repo: &Repo, updates: &[RefUpdate], reason: &str) -> Result<(), RefError> {
    let mut input = b"start\0".to_vec();
    for RefUpdate { name, old, new } in updates {
        let id = |id: &Option<CommitId>| {
            id.as_ref()
                .map_or(String::new(), |id| id.as_str().to_owned())
        };
        let line = match (old, new) {
            (None, Some(_)) => format!("create {name}\0{}\0", id(new)),
            (Some(_), Some(_)) => format!("update {name}\0{}\0{}\0", id(new), id(old)),
            (Some(_), None) => format!("delete {name}\0{}\0", id(old)),
            (None, None) => continue,
        };
        input.extend_from_slice(line.as_bytes());
    }
    input.extend_from_slice(b"prepare\0commit\0");
    let call = repo.git().call([
        "update-ref",
        "--no-deref",
        "--create-reflog",
        "-m",
        reason,
        "--stdin",
        "-z",
    ]);
    match call.input(input).run() {
        Ok(_) => Ok(()),
        Err(error @ GitError::Failed { .. }) => {
            Err(why_refused(repo, updates)?.unwrap_or(RefError::Git(error)))
        }
        Err(error) => Err(error.into()),
    }
}

/// Finds the update whose ref stands elsewhere: git's own text says so in several ways.
fn why_refused(repo: &Repo, updates: &[RefUpdate]) -> Result<Option<RefError>, GitError> {
    for update in updates {
        let found = read(repo, &update.name)?;
        if found != update.old {
            return Ok(Some(RefError::Moved {
                name: update.name.clone(),
                expected: update.old.clone(),
                found,
            }));
        }
    }
    Ok(None)
}

/// Why refs did not change.
#[derive(Debug, thiserror::Error)]
pub enum RefError {
    /// One stands elsewhere than expected.
    #[error("'{name}' stands at {}, not at {}: somebody else moved it", shown(.found), shown(.expected))]
    Moved {
        /// Which ref.
        name: String,
        /// Where it was expected; `None` is nowhere.
        expected: Option<CommitId>,
        /// Where it stands; `None` is nowhere.
        found: Option<CommitId>,
    },
    /// Git refused, or failed.
    #[error(transparent)]
    Git(#[from] GitError),
}

fn shown(id: &Option<CommitId>) -> &str {
    id.as_ref().map_or("nothing", |id| &id.as_str()[..12])
}

#[cfg(test)]
mod tests;
