//! The story of a run, one notice for each thing that a person may want to know.
//!
//! Each notice says itself in one plain line, and is one line of the JSON output ([`Line`], described in `docs/json.md`).
//! Knows nothing of screens, and nothing of how the engine found out.

mod text;
mod word;

use serde::{Deserialize, Serialize};
use swarm_mailbox::id::{AttemptNo, CommitId, RunId, TaskId};

use super::finding::Finding;
use super::summary::Summary;
pub use word::{End, Halt, Why};

/// The version of the JSON output. It grows when a field changes its meaning or goes away, not when one is added.
pub const VERSION: u32 = 1;

/// One line of the JSON output: what, when, and of which run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// [`VERSION`].
    pub v: u32,
    /// When, in UTC with exactly three digits of a second, so that the text sorts by time.
    #[serde(serialize_with = "to_millis")]
    pub at: jiff::Timestamp,
    /// Of which run.
    pub run: RunId,
    /// What.
    #[serde(flatten)]
    pub notice: Notice,
}

fn to_millis<S: serde::Serializer>(at: &jiff::Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{at:.3}"))
}

/// Something happened in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Notice {
    /// The run begins.
    RunStarted {
        /// The plan file as the user named it.
        plan: String,
        /// How many tasks it has.
        tasks: u32,
        /// The commit that the run starts from.
        base: CommitId,
        /// The integration branch, without `refs/heads/`.
        integration: String,
        /// The branch to land on later, where it is known.
        into: Option<String>,
        /// How many tasks may run at once.
        max_workers: u32,
        /// Files of the user's tree with changes that no commit holds; the run does not use them.
        uncommitted_changes: u32,
    },
    /// An engine took over a run that stood still.
    Resumed {
        /// Tasks whose workers were found alive, or had ended and left their report.
        adopted: Vec<TaskId>,
        /// Tasks whose work starts over.
        restarted: Vec<TaskId>,
    },
    /// The worker of a try was started.
    TaskStarted {
        /// Which task.
        task: TaskId,
        /// Which try.
        attempt: AttemptNo,
        /// The commit that it works from.
        from: CommitId,
    },
    /// The worker of a try is gone.
    TaskEnded {
        /// Which task.
        task: TaskId,
        /// Which try.
        attempt: AttemptNo,
        /// How it ended.
        end: End,
        /// How long it ran.
        millis: u64,
        /// Which command failed and how; absent where none did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
    },
    /// What a worker left is committed on the task's branch.
    TaskCommitted {
        /// Which task.
        task: TaskId,
        /// The new head of its branch.
        commit: CommitId,
        /// Files changed since the try's start.
        files: u32,
        /// Lines added.
        insertions: u32,
        /// Lines removed.
        deletions: u32,
    },
    /// Every gate of a task's branch passed.
    GatesPassed {
        /// Which task.
        task: TaskId,
        /// Which try.
        attempt: AttemptNo,
    },
    /// A gate of a task's branch failed.
    GatesFailed {
        /// Which task.
        task: TaskId,
        /// Which try.
        attempt: AttemptNo,
        /// What the gates found.
        findings: Vec<Finding>,
    },
    /// A task gets another try.
    Retrying {
        /// Which task.
        task: TaskId,
        /// The try to come.
        attempt: AttemptNo,
        /// What was wrong with the one before.
        why: Why,
        /// The pause before it.
        after_ms: u64,
    },
    /// A task's branch waits in the merge queue.
    Queued {
        /// Which task.
        task: TaskId,
    },
    /// A candidate was formed and is being gated.
    Merging {
        /// Which candidate, from 1.
        candidate: u32,
        /// Whose branches it merges, in this order.
        tasks: Vec<TaskId>,
    },
    /// A task's branch does not merge with the tip.
    Conflict {
        /// Which task.
        task: TaskId,
        /// The files in conflict.
        files: Vec<String>,
    },
    /// The gates failed on a candidate's merged tree.
    MergedGatesFailed {
        /// Which candidate, from 1.
        candidate: u32,
        /// Whose branches it merged.
        tasks: Vec<TaskId>,
        /// What the gates found.
        findings: Vec<Finding>,
    },
    /// A red candidate of several tasks is being halved to find the culprit.
    Bisecting {
        /// The tasks under suspicion.
        tasks: Vec<TaskId>,
    },
    /// The integration branch holds the work of these tasks now.
    Merged {
        /// Whose.
        tasks: Vec<TaskId>,
        /// The branch's new tip.
        commit: CommitId,
    },
    /// A task passed its gates and left nothing to merge.
    Unchanged {
        /// Which task.
        task: TaskId,
    },
    /// A task failed for good.
    TaskFailed {
        /// Which task.
        task: TaskId,
        /// What was wrong with its last try.
        why: String,
        /// What the user can do.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hint: Option<String>,
    },
    /// A task cannot start any more.
    Blocked {
        /// Which task.
        task: TaskId,
        /// The task that it needs and that did not end well.
        by: TaskId,
    },
    /// A task was ended by the user's word or by `--fail-fast`.
    Cancelled {
        /// Which task.
        task: TaskId,
    },
    /// Nothing new starts until the pause is taken back.
    Paused,
    /// The pause is taken back.
    Unpaused,
    /// The run is coming to a halt.
    Suspending {
        /// Why.
        reason: Halt,
        /// How long running work may go on.
        grace_ms: u64,
    },
    /// Something is not as it should be, and the run goes on.
    Warning {
        /// What.
        text: String,
    },
    /// The run is over, for now or for good.
    RunEnded {
        /// Where everything stands.
        summary: Box<Summary>,
    },
}

/// How much a person must want to know to see a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Shown with `-v`.
    Detail,
    /// Shown as a rule.
    Normal,
    /// Shown even with `-q`.
    Vital,
}

/// How a notice is meant to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it is.
    Plain,
    /// A step among many.
    Quiet,
    /// Something was achieved.
    Good,
    /// Something went wrong and is being mended.
    Care,
    /// Something went wrong for good.
    Bad,
}

impl Notice {
    /// What it is about, as the line's first column: a task, or `run`, `queue`, `warning`.
    #[must_use]
    pub fn subject(&self) -> &str {
        match self {
            Self::TaskStarted { task, .. }
            | Self::TaskEnded { task, .. }
            | Self::TaskCommitted { task, .. }
            | Self::GatesPassed { task, .. }
            | Self::GatesFailed { task, .. }
            | Self::Retrying { task, .. }
            | Self::Queued { task }
            | Self::Conflict { task, .. }
            | Self::Unchanged { task }
            | Self::TaskFailed { task, .. }
            | Self::Blocked { task, .. }
            | Self::Cancelled { task } => task.as_str(),
            Self::Merged { tasks, .. } if let [task] = tasks.as_slice() => task.as_str(),
            Self::Merging { .. }
            | Self::MergedGatesFailed { .. }
            | Self::Bisecting { .. }
            | Self::Merged { .. } => "queue",
            Self::Warning { .. } => "warning",
            Self::RunStarted { .. }
            | Self::Resumed { .. }
            | Self::Paused
            | Self::Unpaused
            | Self::Suspending { .. }
            | Self::RunEnded { .. } => "run",
        }
    }

    /// Who is to see it.
    #[must_use]
    pub fn weight(&self) -> Weight {
        match self {
            Self::TaskEnded {
                end: End::Succeeded,
                ..
            }
            | Self::TaskCommitted { .. }
            | Self::GatesPassed { .. }
            | Self::Queued { .. }
            | Self::Merging { .. } => Weight::Detail,
            Self::TaskFailed { .. }
            | Self::Suspending { .. }
            | Self::Warning { .. }
            | Self::RunEnded { .. } => Weight::Vital,
            _ => Weight::Normal,
        }
    }

    /// How it is meant to be taken.
    #[must_use]
    pub fn tone(&self) -> Tone {
        match self {
            Self::Merged { .. } | Self::Unchanged { .. } => Tone::Good,
            Self::TaskFailed { .. } | Self::Blocked { .. } => Tone::Bad,
            Self::GatesFailed { .. }
            | Self::MergedGatesFailed { .. }
            | Self::Retrying { .. }
            | Self::Conflict { .. }
            | Self::Bisecting { .. }
            | Self::Cancelled { .. }
            | Self::Suspending { .. }
            | Self::Warning { .. } => Tone::Care,
            Self::TaskEnded { end, .. } if *end != End::Succeeded => Tone::Care,
            _ if self.weight() == Weight::Detail => Tone::Quiet,
            _ => Tone::Plain,
        }
    }

    /// What gates found, where this is about that.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        match self {
            Self::GatesFailed { findings, .. } | Self::MergedGatesFailed { findings, .. } => {
                findings
            }
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests;
