//! Settings: the user's file, the project's file, the environment and the flags, resolved once into plain values.
//!
//! [`Sources::from_process`] is the only reader of the environment and the home directory; all else takes values. The
//! project's file is content of a repository, which the user may have cloned a minute ago: it holds no key that makes
//! anything run or that chooses where in the file system is written. Knows nothing of plans, git or runs.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use crate::gate::GateSettings;

pub mod color;
pub mod env;
mod file;
pub mod key;
pub mod layer;
pub mod reference;
mod resolve;
#[cfg(test)]
pub(crate) mod sample;
pub mod size;
pub mod sources;
pub mod value;
pub mod write;

pub use color::ColorChoice;
pub use layer::{Entry, Origin, Problem, SettingsError};
pub use sources::Sources;

/// Every setting, resolved.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Tasks that may run at the same time, at least 1.
    pub max_workers: u32,
    /// Further tries of a task after a failed one.
    pub retries: u32,
    /// How often a vanished worker is replaced without counting as a try.
    pub replacements: u32,
    /// How long one try may take; `None` is no limit.
    pub timeout: Option<Duration>,
    /// How long a run may take; `None` is no limit.
    pub run_timeout: Option<Duration>,
    /// The pause before the second try.
    pub backoff: Duration,
    /// The longest pause before a try.
    pub backoff_max: Duration,
    /// How much later than a try's limit the run stops its worker.
    pub overtime: Duration,
    /// How long running tasks may go on after the first Ctrl-C.
    pub grace: Duration,
    /// How long a process may take to stop before it is killed.
    pub stop_grace: Duration,
    /// Whether the first failed task ends the run.
    pub fail_fast: bool,
    /// Approved branches in one merge candidate, at least 1.
    pub merge_batch: u32,
    /// Where worktrees are made, absolute; `None` is beside the repository.
    pub worktree_root: Option<PathBuf>,
    /// The names of variables that commands get beside the basic ones.
    pub env_pass: Vec<String>,
    /// The environment that commands get, without what tells a task about itself.
    pub command_env: BTreeMap<OsString, OsString>,
    /// Further trailer lines of commits that are made for tasks.
    pub commit_trailers: Vec<String>,
    /// Whether such commits run the repository's hooks.
    pub commit_hooks: bool,
    /// What the built-in gates count for, and their limits.
    pub gates: GateSettings,
    /// The first TCP port that is handed out to tasks.
    pub ports_base: u32,
    /// TCP ports of each running task; 0 hands out none.
    pub ports_per_task: u32,
    /// Bytes of a task's output that are kept.
    pub log_limit: u64,
    /// Bytes of free disk that must be left beside the worktrees.
    pub min_free_disk: u64,
    /// Bytes of free memory that each worker should find.
    pub min_free_memory: u64,
    /// Whether output is coloured.
    pub color: ColorChoice,
    /// Every key with its value and where that comes from, sorted by name.
    pub entries: Vec<Entry>,
    /// What is probably an error but stops nothing, such as a variable that is nearly one of ours.
    pub warnings: Vec<String>,
}

impl Settings {
    /// Resolves everything that `sources` name: defaults, then the user's file, the project's, variables and flags.
    ///
    /// # Errors
    /// [`SettingsError::Invalid`] holds everything that is wrong in any of them, not only the first.
    pub fn load(sources: &Sources) -> Result<Self, SettingsError> {
        resolve::resolve(sources)
    }

    /// The entry of a key; `None` where there is no such key.
    #[must_use]
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key.name == name)
    }

    /// Whether a flag of the command line set this key, so that it goes before what a plan says.
    #[must_use]
    pub fn is_from_flag(&self, name: &str) -> bool {
        self.entry(name).is_some_and(|entry| {
            entry
                .origins
                .iter()
                .any(|origin| matches!(origin, Origin::Flag { .. }))
        })
    }
}

#[cfg(test)]
mod tests;
