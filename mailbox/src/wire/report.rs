//! How a worker's job ended: its outcome, and what each of its commands did.
//!
//! Knows nothing of who ran the commands or what they were for.

use serde::{Deserialize, Serialize};

/// A worker's last word. Exactly one is sent by each worker that was not killed with SIGKILL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// How the job as a whole ended.
    pub outcome: Outcome,
    /// The steps that were begun, in their order.
    pub steps: Vec<StepResult>,
    /// What went wrong besides the steps' own failures: a missing directory, output that could not be kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// How a job ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every step exited with 0.
    Succeeded,
    /// A step exited with another code, or could not be started.
    Failed,
    /// A step, or the job, ran out of its time.
    TimedOut,
    /// A signal that was not the worker's ended a step.
    Killed {
        /// The signal's number.
        signal: i32,
    },
    /// The worker was told to stop.
    Stopped,
}

/// What one command did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepResult {
    /// The step's name in the spec.
    pub name: String,
    /// The command as it was given to the shell; the end of a long one is cut off.
    pub command: String,
    /// How it ended.
    pub exit: Exit,
    /// How long it took, in milliseconds.
    pub millis: u64,
    /// Where its output stands in the worker's `output.log`: first byte, and the byte after the last.
    pub log: (u64, u64),
    /// The last of its output (standard output and error as they came), made valid UTF-8.
    pub tail: String,
}

/// How one command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// By itself, with this code.
    Code(i32),
    /// By a signal that was not the worker's.
    Signal(i32),
    /// The worker ended it because its time was up.
    TimedOut,
    /// The worker ended it because it was told to stop.
    Stopped,
}

impl Exit {
    /// What this exit makes of a job that ends with it.
    #[must_use]
    pub fn outcome(self) -> Outcome {
        match self {
            Self::Code(0) => Outcome::Succeeded,
            Self::Code(_) => Outcome::Failed,
            Self::Signal(signal) => Outcome::Killed { signal },
            Self::TimedOut => Outcome::TimedOut,
            Self::Stopped => Outcome::Stopped,
        }
    }
}
