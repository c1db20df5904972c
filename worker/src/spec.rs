//! The spec: everything that a worker is told, in one file (format version 1), readable by its owner only.
//!
//! It holds the complete environment of the commands, which may hold secrets. Knows nothing of how a job is run.

mod path;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use swarm_mailbox::durable;
use swarm_mailbox::id::{AgentName, RunId};

/// Version of the spec format that this program writes, and the newest that it reads.
pub const SPEC_VERSION: u32 = 1;

/// Longest spec file in bytes.
const MAX_SPEC_BYTES: u64 = 4 << 20;
/// Most steps of one job; keeps a report within one message.
const MAX_STEPS: usize = 256;
/// Longest name of a step in bytes, for the same reason.
const MAX_STEP_NAME_BYTES: usize = 256;

/// Everything that a worker is told at its birth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkerSpec {
    /// Format version, [`SPEC_VERSION`].
    pub v: u32,
    /// The run that it belongs to.
    pub run: RunId,
    /// Its own name, used once in a run.
    pub agent: AgentName,
    /// Whose mailbox gets the report.
    pub report_to: AgentName,
    /// The directory of all mailboxes of the run.
    #[serde(with = "path")]
    pub mail: PathBuf,
    /// Its state directory, `workers/<agent>/` of the run.
    #[serde(with = "path")]
    pub state: PathBuf,
    /// Where its commands run.
    #[serde(with = "path")]
    pub dir: PathBuf,
    /// The complete environment of its commands; nothing is inherited, and only the mark of the worker is added.
    pub env: BTreeMap<String, String>,
    /// What to run, in this order.
    pub steps: Vec<Step>,
    /// Whether the steps behind a failed one are run as well. Nothing goes on after a stop or after the job's time limit.
    pub keep_going: bool,
    /// How long all steps together may take, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// Between SIGTERM and SIGKILL, in milliseconds, where nobody says otherwise.
    pub stop_grace_ms: u64,
    /// How much output is kept, in bytes: of more than that, the first and the last half.
    pub log_limit: u64,
}

/// One command of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What it is called in the report.
    pub name: String,
    /// What `/bin/sh -c` gets.
    pub command: String,
    /// How long it may take, in milliseconds.
    pub timeout_ms: Option<u64>,
}

impl WorkerSpec {
    /// Reads a spec.
    ///
    /// # Errors
    /// [`SpecError`] for a file that cannot be read or is no spec of a known version.
    pub fn load(path: &Path) -> Result<Self, SpecError> {
        #[derive(Deserialize)]
        struct Version {
            v: u32,
        }
        let bad = |why: String| SpecError::Malformed(path.to_owned(), why);
        let json = durable::read(path, MAX_SPEC_BYTES)
            .map_err(|error| SpecError::Io(path.to_owned(), error))?;
        let Version { v } =
            serde_json::from_slice(&json).map_err(|error| bad(error.to_string()))?;
        if v != SPEC_VERSION {
            return Err(bad(format!(
                "it has format version {v}, this program reads {SPEC_VERSION}"
            )));
        }
        let spec: Self = serde_json::from_slice(&json).map_err(|error| bad(error.to_string()))?;
        spec.check().map_err(bad)?;
        Ok(spec)
    }

    /// Writes the spec to `path`, as a whole. After a power failure it may be missing, but then so is every worker that
    /// could read it.
    ///
    /// # Errors
    /// [`SpecError`] for a spec over its bounds, or where the file system refuses.
    pub fn save(&self, path: &Path) -> Result<(), SpecError> {
        let bad = |why: String| SpecError::Malformed(path.to_owned(), why);
        self.check().map_err(bad)?;
        let json = serde_json::to_vec_pretty(self).map_err(|error| bad(error.to_string()))?;
        if json.len() as u64 > MAX_SPEC_BYTES {
            return Err(bad(format!("it is larger than {MAX_SPEC_BYTES} bytes")));
        }
        durable::replace(path, &json).map_err(|error| SpecError::Io(path.to_owned(), error))
    }

    /// What every process of this worker carries in its environment, so that strays can be found: the name and the value.
    #[must_use]
    pub fn mark(&self) -> (&'static str, String) {
        (MARK, mark(&self.run, &self.agent))
    }

    fn check(&self) -> Result<(), String> {
        if self.steps.len() > MAX_STEPS {
            return Err(format!(
                "it has {} steps, {MAX_STEPS} is the most",
                self.steps.len()
            ));
        }
        if let Some(step) = self
            .steps
            .iter()
            .find(|step| step.name.len() > MAX_STEP_NAME_BYTES)
        {
            return Err(format!(
                "the name of a step is longer than {MAX_STEP_NAME_BYTES} bytes: '{}'",
                step.name
            ));
        }
        // The system would refuse these only when the job is under way, and without telling which it was.
        let nul = |text: &str| text.contains('\0');
        if let Some(step) = self.steps.iter().find(|step| nul(&step.command)) {
            return Err(format!(
                "the command of step '{}' holds a NUL character",
                step.name
            ));
        }
        let bad_name = |name: &str| name.is_empty() || name.contains(['=', '\0']);
        match self
            .env
            .iter()
            .find(|(name, value)| bad_name(name) || nul(value))
        {
            Some((name, _)) => Err(format!(
                "'{}' cannot be an environment variable",
                name.escape_debug()
            )),
            None => Ok(()),
        }
    }
}

/// The environment variable that marks every process of a worker.
pub const MARK: &str = "SWARM_AGENT";

/// The value of [`MARK`] for `agent` of `run`.
#[must_use]
pub fn mark(run: &RunId, agent: &AgentName) -> String {
    format!("{run}/{agent}")
}

/// A spec that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SpecError {
    /// The file cannot be read or written.
    #[error("{}: {}", .0.display(), .1)]
    Io(PathBuf, io::Error),
    /// It is no spec, or one out of bounds.
    #[error("{} is no usable worker spec: {}", .0.display(), .1)]
    Malformed(PathBuf, String),
}

#[cfg(test)]
mod tests;
