//! The states of a task and of a run, as data.
//!
//! Knows nothing of what leads from one state to another: that is `step`.

use swarm_mailbox::id::{AttemptNo, CommitId};

use crate::effect::{Ending, StopReason, SuspendReason};
use crate::event::{CandidateNo, Timestamp};
use crate::plan::TaskIx;

/// Where a task stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskState {
    /// Not all of its needs are done.
    Waiting,
    /// It may start as soon as a slot is free and no task that it must be apart from is under way.
    Ready,
    /// A command of it failed; it becomes ready again at `until`.
    Backoff {
        /// When its pause is over.
        until: Timestamp,
    },
    /// A worker was asked for and has not ended.
    Running {
        /// Which try.
        attempt: AttemptNo,
        /// The commit it works on.
        from: CommitId,
        /// When its worker reported that it runs.
        started: Option<Timestamp>,
        /// When the run stops it for having taken too long.
        deadline: Option<Timestamp>,
        /// Why it is being stopped, if it is.
        stop: Option<StopReason>,
    },
    /// What its worker left is being committed.
    Settling {
        /// Which try.
        attempt: AttemptNo,
        /// It was cancelled meanwhile.
        stop: Option<StopReason>,
    },
    /// What its worker left is committed; its gates have not been started (the run is being suspended, or they were
    /// stopped). Nothing is under way for it.
    Settled {
        /// Which try.
        attempt: AttemptNo,
        /// The commit, if it left one.
        head: Option<CommitId>,
    },
    /// Its gates run.
    Checking {
        /// Which try.
        attempt: AttemptNo,
        /// The commit that they judge, if there is one.
        head: Option<CommitId>,
        /// Why they are being stopped, if they are.
        stop: Option<StopReason>,
    },
    /// Its branch is approved and waits to be merged.
    Queued {
        /// The approved try.
        attempt: AttemptNo,
        /// The approved commit.
        head: CommitId,
    },
    /// Its branch is part of the present merge candidate.
    Merging {
        /// Which candidate.
        candidate: CandidateNo,
        /// It was cancelled after the tip was asked to move: whether it is merged or cancelled is about to be known.
        stop: Option<StopReason>,
    },
    /// It reached what it was for.
    Done(Outcome),
    /// Its tries are used up.
    Failed(FailReason),
    /// It cannot go on.
    Blocked(BlockReason),
    /// Somebody ended it.
    Cancelled,
}

/// How a task was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Its work is part of this merge commit.
    Merged(CommitId),
    /// It changed nothing, and its gates agreed.
    Unchanged,
    /// It was done before the run.
    Before,
}

/// Why the last of a task's tries failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailReason {
    /// Its command failed.
    Failed,
    /// It ran out of time.
    TimedOut,
    /// A signal ended it.
    Killed,
    /// Its worker vanished.
    Lost,
    /// A gate of its own branch failed.
    Gates,
    /// The gates failed on the merged tree.
    MergedGates,
}

/// Why a task cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BlockReason {
    /// This task, which it needs, failed, is blocked itself or was cancelled.
    Dependency(TaskIx),
    /// Its work does not merge with the tip, not even that of a try made from the tip.
    Conflict,
}

/// The kind of a task's state, without what belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// See [`TaskState::Waiting`].
    Waiting,
    /// See [`TaskState::Ready`].
    Ready,
    /// See [`TaskState::Backoff`].
    Backoff,
    /// See [`TaskState::Running`].
    Running,
    /// See [`TaskState::Settling`].
    Settling,
    /// See [`TaskState::Settled`].
    Settled,
    /// See [`TaskState::Checking`].
    Checking,
    /// See [`TaskState::Queued`].
    Queued,
    /// See [`TaskState::Merging`].
    Merging,
    /// See [`TaskState::Done`].
    Done,
    /// See [`TaskState::Failed`].
    Failed,
    /// See [`TaskState::Blocked`].
    Blocked,
    /// See [`TaskState::Cancelled`].
    Cancelled,
}

impl Phase {
    /// Every phase, in the order in which a task goes through them.
    pub const ALL: [Self; 13] = [
        Self::Waiting,
        Self::Ready,
        Self::Backoff,
        Self::Running,
        Self::Settling,
        Self::Settled,
        Self::Checking,
        Self::Queued,
        Self::Merging,
        Self::Done,
        Self::Failed,
        Self::Blocked,
        Self::Cancelled,
    ];

    /// Whether the task has its outcome.
    #[must_use]
    pub const fn is_end(self) -> bool {
        matches!(
            self,
            Self::Done | Self::Failed | Self::Blocked | Self::Cancelled
        )
    }

    /// Whether it ended without being done, so that nothing that needs it can start.
    #[must_use]
    pub const fn is_broken(self) -> bool {
        matches!(self, Self::Failed | Self::Blocked | Self::Cancelled)
    }

    /// Whether an answer is owed for the task itself (not for a candidate that it is part of).
    #[must_use]
    pub const fn is_in_flight(self) -> bool {
        matches!(self, Self::Running | Self::Settling | Self::Checking)
    }

    /// Whether it takes up a slot.
    #[must_use]
    pub const fn holds_slot(self) -> bool {
        matches!(
            self,
            Self::Running | Self::Settling | Self::Settled | Self::Checking
        )
    }

    /// Whether the tasks that must be apart from it may not start.
    #[must_use]
    pub const fn keeps_apart(self) -> bool {
        self.holds_slot() || matches!(self, Self::Queued | Self::Merging)
    }
}

impl TaskState {
    /// What kind of state this is.
    #[must_use]
    pub const fn phase(&self) -> Phase {
        match self {
            Self::Waiting => Phase::Waiting,
            Self::Ready => Phase::Ready,
            Self::Backoff { .. } => Phase::Backoff,
            Self::Running { .. } => Phase::Running,
            Self::Settling { .. } => Phase::Settling,
            Self::Settled { .. } => Phase::Settled,
            Self::Checking { .. } => Phase::Checking,
            Self::Queued { .. } => Phase::Queued,
            Self::Merging { .. } => Phase::Merging,
            Self::Done(_) => Phase::Done,
            Self::Failed(_) => Phase::Failed,
            Self::Blocked(_) => Phase::Blocked,
            Self::Cancelled => Phase::Cancelled,
        }
    }

    /// Why the task is being stopped, if it is.
    #[must_use]
    pub const fn stop(&self) -> Option<StopReason> {
        match self {
            Self::Running { stop, .. }
            | Self::Settling { stop, .. }
            | Self::Checking { stop, .. }
            | Self::Merging { stop, .. } => *stop,
            Self::Waiting
            | Self::Ready
            | Self::Backoff { .. }
            | Self::Settled { .. }
            | Self::Queued { .. }
            | Self::Done(_)
            | Self::Failed(_)
            | Self::Blocked(_)
            | Self::Cancelled => None,
        }
    }

    /// When time alone changes this state.
    pub(crate) const fn alarm(&self) -> Option<Timestamp> {
        match self {
            Self::Backoff { until } => Some(*until),
            Self::Running {
                deadline,
                stop: None,
                ..
            } => *deadline,
            Self::Running { .. }
            | Self::Waiting
            | Self::Ready
            | Self::Settling { .. }
            | Self::Settled { .. }
            | Self::Checking { .. }
            | Self::Queued { .. }
            | Self::Merging { .. }
            | Self::Done(_)
            | Self::Failed(_)
            | Self::Blocked(_)
            | Self::Cancelled => None,
        }
    }
}

/// What the run as a whole is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Its `Started` has not come.
    NotStarted,
    /// It goes on.
    Active,
    /// No task starts; whatever is under way goes on, up to its merge.
    Paused,
    /// Nothing starts; what runs is stopped at `stop_at`, or was asked to stop where that is `None`.
    Suspending {
        /// Why.
        reason: SuspendReason,
        /// When the grace period is over.
        stop_at: Option<Timestamp>,
    },
    /// Nothing starts ever again; what runs was asked to stop.
    Cancelling {
        /// Why.
        cause: CancelCause,
    },
    /// `Finish` was given out.
    Over(Ending),
}

/// Why everything that is not merged is cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CancelCause {
    /// The user asked for it; the run ends as `Ending::Cancelled`.
    Asked,
    /// A task failed under `Limits::fail_fast`; the run ends as `Ending::Complete`, as every run with a failed task does.
    FailFast,
}

/// What a task has been through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Setbacks that count against `Task::retries`.
    pub failures: u32,
    /// Workers, or gates, that vanished.
    pub losses: u32,
    /// Conflicts with the tip.
    pub conflicts: u32,
}
