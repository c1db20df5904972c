//! What stands in the journal: the serialised twins of the run machine's events, and what an engine needs to start again.
//!
//! The run machine's types have no serialised form of their own, so that they can change without changing a file
//! format. Tasks are written by name. Knows nothing of files.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use swarm_mailbox::id::{AttemptNo, CommitId, MessageId, RunId, TaskId};
use swarm_run::event::{
    CandidateNo, Command, Event, EventKind, Millis, Spent, Timestamp, Verdict, WorkEnd,
};
use swarm_run::plan::{Limits, Plan, TaskIx};

use crate::planfile::Defaults;

/// One entry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Entry {
    /// The first entry: what the run was started with.
    Opened(Box<Opening>),
    /// An engine took the run over.
    Takeover {
        /// Its process id.
        pid: u32,
    },
    /// Something that the run machine accepted.
    Event {
        /// What.
        #[serde(flatten)]
        event: EventEntry,
        /// The message that brought it, where one did: it is never handled again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cause: Option<MessageId>,
    },
}

/// What a run was started with, apart from its plan file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Opening {
    /// The run.
    pub run: RunId,
    /// BLAKE3 of the accepted plan file, in hexadecimal.
    pub plan: String,
    /// The plan file as the user named it.
    pub plan_name: String,
    /// The commit that the run starts from.
    pub base: CommitId,
    /// The branch that the run is to be landed on; none when it started from a detached HEAD.
    pub into: Option<String>,
    /// The directory that holds the worktrees of the run.
    pub worktrees: String,
    /// The tries that a flag of the command line gave, which goes before what the plan says of all tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries_flag: Option<u32>,
    /// What holds for tasks that do not say.
    pub defaults: DefaultsEntry,
    /// The hard limits.
    pub limits: LimitsEntry,
}

/// The twin of [`Defaults`]. The settings may have changed at a resume; the run must not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "field by field the twin of `Defaults`")]
pub struct DefaultsEntry {
    pub retries: u32,
    pub timeout: Option<u64>,
}

/// The twin of [`Limits`]. Times are milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "field by field the twin of `Limits`")]
pub struct LimitsEntry {
    pub slots: u32,
    pub batch: u32,
    pub fail_fast: bool,
    pub budget: Option<SpentEntry>,
    pub timeout: Option<u64>,
    pub replacements: u32,
    pub backoff: u64,
    pub backoff_max: u64,
    pub overtime: u64,
}

/// The twin of [`Spent`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[expect(missing_docs, reason = "field by field the twin of `Spent`")]
pub struct SpentEntry {
    pub microdollars: u64,
    pub tokens: u64,
}

/// The twin of [`EventKind`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[expect(missing_docs, reason = "variant by variant the twin of `EventKind`")]
pub enum EventEntry {
    Started {
        tip: CommitId,
    },
    Resumed,
    WorkerStarted {
        task: TaskId,
        attempt: AttemptNo,
    },
    WorkerEnded {
        task: TaskId,
        attempt: AttemptNo,
        end: EndEntry,
        spent: SpentEntry,
    },
    Settled {
        task: TaskId,
        attempt: AttemptNo,
        head: Option<CommitId>,
    },
    Checked {
        task: TaskId,
        attempt: AttemptNo,
        verdict: VerdictEntry,
    },
    CandidateBuilt {
        candidate: u32,
        commit: Option<CommitId>,
        conflicts: Vec<TaskId>,
    },
    CandidateGated {
        candidate: u32,
        verdict: VerdictEntry,
    },
    TipMoved {
        candidate: u32,
    },
    TipRefused {
        candidate: u32,
        tip: CommitId,
    },
    Tick,
    Pause,
    Unpause,
    Suspend {
        grace: u64,
    },
    Cancel,
    CancelTask {
        task: TaskId,
    },
    Retry {
        task: TaskId,
    },
}

/// The twin of [`WorkEnd`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "variant by variant the twin of `WorkEnd`")]
pub enum EndEntry {
    Succeeded,
    Failed,
    TimedOut,
    Killed,
    Lost,
    Stopped,
}

/// The twin of [`Verdict`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "variant by variant the twin of `Verdict`")]
pub enum VerdictEntry {
    Passed,
    Failed,
    Stopped,
}

impl EventEntry {
    /// Writes an event down, its tasks by name.
    #[must_use]
    pub fn of(kind: &EventKind, plan: &Plan) -> Self {
        let name = |task: TaskIx| plan.task(task).id.clone();
        match kind {
            EventKind::Started { tip } => Self::Started { tip: tip.clone() },
            EventKind::Resumed => Self::Resumed,
            EventKind::WorkerStarted { task, attempt } => Self::WorkerStarted {
                task: name(*task),
                attempt: *attempt,
            },
            EventKind::WorkerEnded {
                task,
                attempt,
                end,
                spent,
            } => Self::WorkerEnded {
                task: name(*task),
                attempt: *attempt,
                end: (*end).into(),
                spent: (*spent).into(),
            },
            EventKind::Settled {
                task,
                attempt,
                head,
            } => Self::Settled {
                task: name(*task),
                attempt: *attempt,
                head: head.clone(),
            },
            EventKind::Checked {
                task,
                attempt,
                verdict,
            } => Self::Checked {
                task: name(*task),
                attempt: *attempt,
                verdict: (*verdict).into(),
            },
            EventKind::CandidateBuilt {
                candidate,
                commit,
                conflicts,
            } => Self::CandidateBuilt {
                candidate: candidate.0,
                commit: commit.clone(),
                conflicts: conflicts.iter().copied().map(name).collect(),
            },
            EventKind::CandidateGated { candidate, verdict } => Self::CandidateGated {
                candidate: candidate.0,
                verdict: (*verdict).into(),
            },
            EventKind::TipMoved { candidate } => Self::TipMoved {
                candidate: candidate.0,
            },
            EventKind::TipRefused { candidate, tip } => Self::TipRefused {
                candidate: candidate.0,
                tip: tip.clone(),
            },
            EventKind::Tick => Self::Tick,
            EventKind::Command(command) => Self::of_command(command, name),
        }
    }

    fn of_command(command: &Command, name: impl Fn(TaskIx) -> TaskId) -> Self {
        match command {
            Command::Pause => Self::Pause,
            Command::Unpause => Self::Unpause,
            Command::Suspend { grace } => Self::Suspend { grace: grace.0 },
            Command::Cancel => Self::Cancel,
            Command::CancelTask { task } => Self::CancelTask { task: name(*task) },
            Command::Retry { task } => Self::Retry { task: name(*task) },
        }
    }

    /// Reads the event back.
    ///
    /// # Errors
    /// A task that the plan does not have.
    pub fn event(&self, at: Timestamp, plan: &Plan) -> Result<Event, UnknownTask> {
        let find = |id: &TaskId| plan.find(id).ok_or_else(|| UnknownTask(id.clone()));
        let kind = match self {
            Self::Started { tip } => EventKind::Started { tip: tip.clone() },
            Self::Resumed => EventKind::Resumed,
            Self::WorkerStarted { task, attempt } => EventKind::WorkerStarted {
                task: find(task)?,
                attempt: *attempt,
            },
            Self::WorkerEnded {
                task,
                attempt,
                end,
                spent,
            } => EventKind::WorkerEnded {
                task: find(task)?,
                attempt: *attempt,
                end: (*end).into(),
                spent: (*spent).into(),
            },
            Self::Settled {
                task,
                attempt,
                head,
            } => EventKind::Settled {
                task: find(task)?,
                attempt: *attempt,
                head: head.clone(),
            },
            Self::Checked {
                task,
                attempt,
                verdict,
            } => EventKind::Checked {
                task: find(task)?,
                attempt: *attempt,
                verdict: (*verdict).into(),
            },
            Self::CandidateBuilt {
                candidate,
                commit,
                conflicts,
            } => EventKind::CandidateBuilt {
                candidate: CandidateNo(*candidate),
                commit: commit.clone(),
                conflicts: conflicts.iter().map(find).collect::<Result<_, _>>()?,
            },
            Self::CandidateGated { candidate, verdict } => EventKind::CandidateGated {
                candidate: CandidateNo(*candidate),
                verdict: (*verdict).into(),
            },
            Self::TipMoved { candidate } => EventKind::TipMoved {
                candidate: CandidateNo(*candidate),
            },
            Self::TipRefused { candidate, tip } => EventKind::TipRefused {
                candidate: CandidateNo(*candidate),
                tip: tip.clone(),
            },
            Self::Tick => EventKind::Tick,
            Self::Pause => EventKind::Command(Command::Pause),
            Self::Unpause => EventKind::Command(Command::Unpause),
            Self::Suspend { grace } => EventKind::Command(Command::Suspend {
                grace: Millis(*grace),
            }),
            Self::Cancel => EventKind::Command(Command::Cancel),
            Self::CancelTask { task } => {
                EventKind::Command(Command::CancelTask { task: find(task)? })
            }
            Self::Retry { task } => EventKind::Command(Command::Retry { task: find(task)? }),
        };
        Ok(Event { at, kind })
    }
}

/// Declares conversions both ways between two enums with the same variants.
macro_rules! twins {
    ($inner:ident, $entry:ident, $($variant:ident),+) => {
        impl From<$inner> for $entry {
            fn from(inner: $inner) -> Self {
                match inner { $($inner::$variant => Self::$variant),+ }
            }
        }
        impl From<$entry> for $inner {
            fn from(entry: $entry) -> Self {
                match entry { $($entry::$variant => Self::$variant),+ }
            }
        }
    };
}

twins!(
    WorkEnd, EndEntry, Succeeded, Failed, TimedOut, Killed, Lost, Stopped
);
twins!(Verdict, VerdictEntry, Passed, Failed, Stopped);

impl From<Spent> for SpentEntry {
    fn from(spent: Spent) -> Self {
        Self {
            microdollars: spent.microdollars,
            tokens: spent.tokens,
        }
    }
}

impl From<SpentEntry> for Spent {
    fn from(entry: SpentEntry) -> Self {
        Self {
            microdollars: entry.microdollars,
            tokens: entry.tokens,
        }
    }
}

impl From<Defaults> for DefaultsEntry {
    fn from(defaults: Defaults) -> Self {
        Self {
            retries: defaults.retries,
            timeout: defaults
                .timeout
                .map(|span| u64::try_from(span.as_millis()).unwrap_or(u64::MAX)),
        }
    }
}

impl From<DefaultsEntry> for Defaults {
    fn from(entry: DefaultsEntry) -> Self {
        Self {
            retries: entry.retries,
            timeout: entry.timeout.map(Duration::from_millis),
        }
    }
}

impl From<&Limits> for LimitsEntry {
    fn from(limits: &Limits) -> Self {
        Self {
            slots: limits.slots,
            batch: limits.batch,
            fail_fast: limits.fail_fast,
            budget: limits.budget.map(Into::into),
            timeout: limits.timeout.map(|span| span.0),
            replacements: limits.replacements,
            backoff: limits.backoff.0,
            backoff_max: limits.backoff_max.0,
            overtime: limits.overtime.0,
        }
    }
}

impl From<&LimitsEntry> for Limits {
    fn from(entry: &LimitsEntry) -> Self {
        Self {
            slots: entry.slots,
            batch: entry.batch,
            fail_fast: entry.fail_fast,
            budget: entry.budget.map(Into::into),
            timeout: entry.timeout.map(Millis),
            replacements: entry.replacements,
            backoff: Millis(entry.backoff),
            backoff_max: Millis(entry.backoff_max),
            overtime: Millis(entry.overtime),
        }
    }
}

/// The journal names a task that its plan does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the journal names task '{0}', which its plan does not have")]
pub struct UnknownTask(pub TaskId);
