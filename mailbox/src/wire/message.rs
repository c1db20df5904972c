//! What agents say to each other: a closed set, told apart in JSON by the field `kind`.
//!
//! Knows nothing of delivery.

use serde::{Deserialize, Serialize};

use super::report::Report;
use crate::id::TaskId;

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Message {
    /// A worker's last word: how its job ended.
    Report(Report),
    /// To a worker: end the job, gently first.
    Stop {
        /// Milliseconds between SIGTERM and SIGKILL.
        grace_ms: u64,
    },
    /// To the engine: a user's word.
    Command(Command),
}

/// What a user may ask of a running engine, told apart in JSON by the field `command`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Start nothing new.
    Pause,
    /// Take back a pause.
    Unpause,
    /// Stop what runs and keep everything for a resume.
    Suspend {
        /// Milliseconds that running work may still go on.
        grace_ms: u64,
    },
    /// End the run for good.
    Cancel,
    /// End one task for good.
    CancelTask {
        /// Which task.
        task: TaskId,
    },
    /// Give a task a new set of attempts.
    Retry {
        /// Which task.
        task: TaskId,
    },
}
