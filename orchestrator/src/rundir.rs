//! Where a run keeps its state: one directory a run below the repository's common git directory, so that it is found
//! from every worktree and never committed.
//!
//! Knows names and places only; what the files hold is their owners' business.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use swarm_mailbox::id::{AgentName, AttemptNo, RunId, TaskId};

/// The directory of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunDir {
    run: RunId,
    path: PathBuf,
}

impl RunDir {
    /// Makes the directory of a new run that starts at `unix_seconds`.
    ///
    /// # Errors
    /// Any failure of the file system.
    pub fn create(common_dir: &Path, unix_seconds: u64, salt: u16) -> Result<Self, RunDirError> {
        let root = root(common_dir);
        fs::create_dir_all(&root).map_err(|source| RunDirError::io("create", &root, source))?;
        // Another run of the same second may have drawn the same salt: the next one is free.
        let mut salt = salt;
        loop {
            let run = RunId::at(unix_seconds, salt);
            let path = root.join(run.as_str());
            match fs::create_dir(&path) {
                Ok(()) => return Self { run, path }.furnish(),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    salt = salt.wrapping_add(1);
                }
                Err(source) => return Err(RunDirError::io("create", &path, source)),
            }
        }
    }

    fn furnish(self) -> Result<Self, RunDirError> {
        for part in ["mail", "workers", "findings"] {
            let path = self.path.join(part);
            if let Err(source) = fs::create_dir(&path) {
                self.discard();
                return Err(RunDirError::io("create", &path, source));
            }
        }
        Ok(self)
    }

    /// The run that `prefix` names, or the newest one.
    ///
    /// # Errors
    /// No such run, several of them, or any failure of the file system.
    pub fn find(common_dir: &Path, prefix: Option<&str>) -> Result<Self, RunDirError> {
        let mut runs = Self::list(common_dir)?;
        let Some(prefix) = prefix else {
            return runs.pop().ok_or(RunDirError::None);
        };
        runs.retain(|dir| dir.run.as_str().starts_with(prefix));
        match runs.len() {
            1 => runs.pop().ok_or(RunDirError::None),
            0 => Err(RunDirError::Unknown {
                prefix: prefix.to_owned(),
            }),
            _ => Err(RunDirError::Ambiguous {
                prefix: prefix.to_owned(),
                runs: runs.into_iter().map(|dir| dir.run).collect(),
            }),
        }
    }

    /// Every run of the repository, oldest first.
    ///
    /// # Errors
    /// Any failure of the file system other than that there is no run yet.
    pub fn list(common_dir: &Path) -> Result<Vec<Self>, RunDirError> {
        let root = root(common_dir);
        let entries = match fs::read_dir(&root) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(RunDirError::io("read", &root, source)),
        };
        let mut runs: Vec<Self> = entries
            .filter_map(Result::ok)
            .filter_map(|entry| {
                let run = RunId::new(entry.file_name().to_str()?).ok()?;
                Some(Self {
                    run,
                    path: entry.path(),
                })
            })
            .collect();
        runs.sort_by(|a, b| a.run.cmp(&b.run));
        Ok(runs)
    }

    /// Removes the directory of a run that could not begin: nothing has happened in it. What cannot be removed is found
    /// by `swarm gc`.
    pub fn discard(self) {
        if let Err(error) = fs::remove_dir_all(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "a run that did not begin stays");
        }
    }

    /// The run.
    #[must_use]
    pub fn run(&self) -> &RunId {
        &self.run
    }

    /// The directory itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The journal.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.path.join("journal.jsonl")
    }

    /// The plan as it was accepted.
    #[must_use]
    pub fn plan(&self) -> PathBuf {
        self.path.join("plan.md")
    }

    /// The lease of the engine that drives the run.
    #[must_use]
    pub fn lock(&self) -> PathBuf {
        self.path.join("lock")
    }

    /// The root of all mailboxes.
    #[must_use]
    pub fn mail(&self) -> PathBuf {
        self.path.join("mail")
    }

    /// The directory of every worker process.
    #[must_use]
    pub fn workers(&self) -> PathBuf {
        self.path.join("workers")
    }

    /// The directory of one worker process: its spec, its lease, its log.
    #[must_use]
    pub fn worker(&self, agent: &AgentName) -> PathBuf {
        self.workers().join(agent.as_str())
    }

    /// What the gates found in an attempt.
    #[must_use]
    pub fn findings(&self, task: &TaskId, attempt: AttemptNo) -> PathBuf {
        self.path
            .join("findings")
            .join(format!("{task}.{attempt}.json"))
    }
}

fn root(common_dir: &Path) -> PathBuf {
    common_dir.join("swarm").join("runs")
}

/// Why a run's directory cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum RunDirError {
    /// The repository has no run.
    #[error("this repository has no run yet")]
    None,
    /// No run has this name.
    #[error("no run is called '{prefix}'")]
    Unknown {
        /// What was asked for.
        prefix: String,
    },
    /// Several runs have this name.
    #[error("'{prefix}' may be any of {}", join(runs))]
    Ambiguous {
        /// What was asked for.
        prefix: String,
        /// What it may be.
        runs: Vec<RunId>,
    },
    /// The file system refused.
    #[error("cannot {what} {}: {source}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// Where.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl RunDirError {
    fn io(what: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io {
            what,
            path: path.to_owned(),
            source,
        }
    }
}

fn join(runs: &[RunId]) -> String {
    let names: Vec<&str> = runs.iter().map(RunId::as_str).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_runs_of_one_second_get_two_directories() {
        let common = tempfile::tempdir().unwrap();
        let first = RunDir::create(common.path(), 1_790_000_000, 5).unwrap();
        let second = RunDir::create(common.path(), 1_790_000_000, 5).unwrap();
        assert_ne!(first.run(), second.run());
        assert_eq!(RunDir::list(common.path()).unwrap(), [first, second]);
    }

    #[test]
    fn a_run_is_found_by_a_prefix_and_without_one_it_is_the_newest() {
        let common = tempfile::tempdir().unwrap();
        assert!(matches!(
            RunDir::find(common.path(), None),
            Err(RunDirError::None)
        ));
        let old = RunDir::create(common.path(), 1_790_000_000, 0).unwrap();
        let new = RunDir::create(common.path(), 1_800_000_000, 0).unwrap();
        assert_eq!(RunDir::find(common.path(), None).unwrap(), new);
        let prefix = &old.run().as_str()[..6];
        assert_eq!(RunDir::find(common.path(), Some(prefix)).unwrap(), old);
        assert!(matches!(
            RunDir::find(common.path(), Some("")),
            Err(RunDirError::Ambiguous { .. })
        ));
        assert!(matches!(
            RunDir::find(common.path(), Some("zzz")),
            Err(RunDirError::Unknown { .. })
        ));
    }

    #[test]
    fn a_foreign_directory_is_no_run() {
        let common = tempfile::tempdir().unwrap();
        fs::create_dir_all(root(common.path()).join("notes.old")).unwrap();
        assert_eq!(RunDir::list(common.path()).unwrap(), []);
    }
}
