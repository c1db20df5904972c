//! The state directory of one worker: which file in it means what. Its files outlive the worker.
//!
//! Knows nothing of who writes them when.

use std::path::{Path, PathBuf};

/// `workers/<agent>/` of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateDir(PathBuf);

impl StateDir {
    /// The state directory at `path`, whether it exists or not.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// The directory itself.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// What the worker was told.
    #[must_use]
    pub fn spec(&self) -> PathBuf {
        self.0.join("spec.json")
    }

    /// The process that was started for it, as its parent saw it: an `Owner`.
    #[must_use]
    pub fn launching(&self) -> PathBuf {
        self.0.join("launching")
    }

    /// The lease that the worker takes first and never gives back.
    #[must_use]
    pub fn lease(&self) -> PathBuf {
        self.0.join("lease")
    }

    /// The leader of the process group of the step that runs now: an `Owner`.
    #[must_use]
    pub fn group(&self) -> PathBuf {
        self.0.join("group")
    }

    /// The kept output of the steps.
    #[must_use]
    pub fn output(&self) -> PathBuf {
        self.0.join("output.log")
    }

    /// The report, written before it is posted, so that it can be posted again by somebody else.
    #[must_use]
    pub fn report(&self) -> PathBuf {
        self.0.join("report.json")
    }

    /// What the worker itself had to say: empty unless it could not report.
    #[must_use]
    pub fn worker_log(&self) -> PathBuf {
        self.0.join("worker.log")
    }
}
