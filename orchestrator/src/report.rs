//! What the user sees of a run: the story in notices, the progress in views, the summary at the end.
//!
//! The engine tells ([`notice::Notice`], [`RunView`]); a [`Reporter`] shows. A reporter never fails: a reader that goes
//! away must not end a run. Knows nothing of journals, git or the run machine's states.

pub mod cell;
pub mod dag;
pub mod finding;
pub mod json;
pub mod line;
pub mod notice;
pub mod progress;
pub mod status;
pub mod summary;
pub mod table;

use anstyle::{AnsiColor, Style};
use serde::{Deserialize, Serialize};
use swarm_mailbox::id::{AttemptNo, TaskId};
use swarm_run::event::Timestamp;

use notice::Notice;

/// Shows a run while it goes on.
pub trait Reporter {
    /// Something happened that a person may want to know.
    fn notice(&mut self, at: Timestamp, notice: &Notice);

    /// How things stand now. Comes several times a second; nothing may be stored for each call.
    fn refresh(&mut self, view: &RunView);

    /// The run is over, or nobody looks at it any more: whatever moves on the screen is taken away.
    fn end(&mut self);
}

/// How a run stands at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunView {
    /// The moment; elapsed times are counted up to it.
    pub at: Timestamp,
    /// How many tasks are where.
    pub counts: Counts,
    /// The tasks that something is being done for, oldest first.
    pub running: Vec<Running>,
}

/// A task that something is being done for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// Which task.
    pub task: TaskId,
    /// Which try.
    pub attempt: AttemptNo,
    /// What is being done.
    pub phase: Phase,
    /// When it began to be done.
    pub since: Timestamp,
    /// The newest line of its output, as it came (bounded by the engine); empty before the first.
    pub last_line: String,
}

/// How many tasks of a run are where. Every task is counted exactly once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Done before the run began, merged, or ended without a change.
    pub merged: u32,
    /// Failed for good.
    pub failed: u32,
    /// Cannot start, because a task that they need failed or was cancelled.
    pub blocked: u32,
    /// Ended by the user's word, or by `--fail-fast`.
    pub cancelled: u32,
    /// Between their start and their merge.
    pub running: u32,
    /// Not started, or between two tries.
    pub waiting: u32,
}

impl Counts {
    /// All tasks of the run.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.ended() + self.running + self.waiting
    }

    /// The counts of what did not end well, with their words; those of zero are left out.
    pub fn unwell(&self) -> impl Iterator<Item = (u32, &'static str)> {
        [
            (self.failed, Outcome::Failed),
            (self.blocked, Outcome::Blocked),
            (self.cancelled, Outcome::Cancelled),
        ]
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, outcome)| (number, outcome.word()))
    }

    /// The tasks that have their outcome.
    #[must_use]
    pub fn ended(&self) -> u32 {
        self.merged + self.failed + self.blocked + self.cancelled
    }
}

/// Where a task without an outcome is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// For what it needs, for a slot, or for a task that touches the same files.
    Waiting,
    /// For the pause before its next try to pass.
    BackingOff,
    /// Its worker runs.
    Working,
    /// What the worker left is being committed.
    Committing,
    /// The gates judge its branch.
    Gates,
    /// In the merge queue.
    Queued,
    /// In the candidate that is being merged and gated.
    Merging,
}

impl Phase {
    /// In a word or two.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::BackingOff => "backing off",
            Self::Working => "working",
            Self::Committing => "committing",
            Self::Gates => "gates",
            Self::Queued => "queued",
            Self::Merging => "merging",
        }
    }
}

/// How a task ended, or that it did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Its commits are in the integration branch.
    Merged,
    /// It passed its gates and left nothing to merge.
    Unchanged,
    /// The plan says that it was done before.
    Done,
    /// Every try failed.
    Failed,
    /// A task that it needs failed, is blocked or was cancelled.
    Blocked,
    /// Ended by the user's word, or by `--fail-fast`.
    Cancelled,
    /// The run stands still before the task's end.
    Unfinished,
}

impl Outcome {
    /// In a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Merged => "merged",
            Self::Unchanged => "unchanged",
            Self::Done => "done before",
            Self::Failed => "failed",
            Self::Blocked => "blocked",
            Self::Cancelled => "cancelled",
            Self::Unfinished => "unfinished",
        }
    }

    fn style(self) -> Style {
        match self {
            Self::Merged | Self::Unchanged | Self::Done => AnsiColor::Green.on_default(),
            Self::Failed => AnsiColor::Red.on_default().bold(),
            Self::Blocked => AnsiColor::Red.on_default(),
            Self::Cancelled | Self::Unfinished => AnsiColor::Yellow.on_default(),
        }
    }
}

/// The moment in the calendar. Times beyond the year 9999 are not met in runs and are shown as the last one there is.
#[must_use]
pub fn utc(at: Timestamp) -> jiff::Timestamp {
    i64::try_from(at.0)
        .ok()
        .and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok())
        .unwrap_or(jiff::Timestamp::MAX)
}
