//! Everything that a run may ask for, closed.
//!
//! Every effect is idempotent by contract: after a crash it is asked for again, and whoever performs it finds out
//! whether it took place already. Knows nothing of who performs it.

use swarm_mailbox::id::{AttemptNo, CommitId};

use crate::event::{CandidateNo, Timestamp};
use crate::plan::TaskIx;

/// What is to be done now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Start the worker of an attempt from `from`. Answered by `WorkerStarted`, then `WorkerEnded`. Asked for again
    /// after a crash as long as `WorkerEnded` is owed: a worker that lives is adopted, one that has ended is reported.
    Spawn {
        /// Whose worker.
        task: TaskIx,
        /// Which try.
        attempt: AttemptNo,
        /// The commit to work on: the integration tip of now.
        from: CommitId,
        /// Why there is a try after the first.
        setback: Option<Setback>,
    },
    /// Stop whatever process works for this attempt: its worker or its gates. Answered by the event that the process
    /// owes anyway (`WorkerEnded`, or `Checked` with `Stopped`).
    ///
    /// After a crash it comes alone, without the `Spawn` or `Check` that came before it, so that nothing new starts: a
    /// process that lives is stopped and its end reported, a result that is there already is reported as it is, and
    /// where no process was ever started the answer is `WorkerEnded` or `Checked` with `Stopped` all the same.
    Stop {
        /// Whose process.
        task: TaskIx,
        /// Which try.
        attempt: AttemptNo,
        /// Why.
        reason: StopReason,
    },
    /// Commit what the worker left on the attempt's branch. Answered by `Settled`.
    Settle {
        /// Whose work.
        task: TaskIx,
        /// Which try.
        attempt: AttemptNo,
    },
    /// Run the task's gates on its branch. Answered by `Checked`.
    Check {
        /// Whose work.
        task: TaskIx,
        /// Which try.
        attempt: AttemptNo,
        /// The commit to judge; `None` where the task left no commit (its commands are still judged).
        head: Option<CommitId>,
    },
    /// Merge `heads`, in this order, onto `onto`, in memory. Answered by `CandidateBuilt`.
    Build {
        /// Which candidate.
        candidate: CandidateNo,
        /// The integration tip to build on.
        onto: CommitId,
        /// What to merge.
        heads: Vec<Head>,
    },
    /// Run the plan's gates on the merged tree. Answered by `CandidateGated`.
    Gate {
        /// Which candidate.
        candidate: CandidateNo,
        /// The merge commit to judge.
        commit: CommitId,
        /// What is in it, in the order of the merges.
        heads: Vec<Head>,
    },
    /// Stop the gates of a candidate. Answered by `CandidateGated` with `Stopped`; after a crash like `Stop`.
    StopGate {
        /// Which candidate.
        candidate: CandidateNo,
    },
    /// Move the integration branch by compare-and-swap and verify its ancestry. Answered by `TipMoved` or `TipRefused`.
    /// Where `to` is the branch's commit or an ancestor of it already, the move took place before: `TipMoved`.
    MoveTip {
        /// Which candidate.
        candidate: CandidateNo,
        /// Where the branch must stand.
        from: CommitId,
        /// Where it goes.
        to: CommitId,
    },
    /// A task has reached its end: its worktree may go, as far as its work is provably kept. Not answered, and therefore
    /// asked for again after every `Resumed`.
    Retire {
        /// Which task.
        task: TaskIx,
        /// Its last try.
        attempt: AttemptNo,
    },
    /// Send a `Tick` at this time or later, if `Run::due` says so then. Not answered otherwise; each one replaces the
    /// one before it, and one that nothing is due for any more does no harm.
    WakeAt {
        /// When.
        at: Timestamp,
    },
    /// The run is over, for now or for good. Not answered.
    Finish(Ending),
}

/// A branch that is to be merged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Whose.
    pub task: TaskIx,
    /// Of which try.
    pub attempt: AttemptNo,
    /// Its commit.
    pub commit: CommitId,
}

/// Why a task gets another try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Setback {
    /// Its command failed.
    Failed,
    /// It ran out of time.
    TimedOut,
    /// A signal ended it.
    Killed,
    /// Its worker vanished.
    Lost,
    /// The run was suspended; the try does not count.
    Stopped,
    /// A gate of its own branch failed.
    Gates,
    /// The gates failed on the merged tree.
    MergedGates,
    /// It does not merge with the tip.
    Conflict,
}

/// Why a process is to be stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StopReason {
    /// Its time is up.
    TimedOut,
    /// The run is being suspended.
    Suspended,
    /// The task, or the run, was cancelled.
    Cancelled,
}

/// How a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ending {
    /// Every task has its outcome.
    Complete,
    /// Everything stands still and can be resumed.
    Suspended(SuspendReason),
    /// It was cancelled; every task has its outcome.
    Cancelled,
}

/// Why a run stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SuspendReason {
    /// The user asked for it.
    Asked,
    /// The budget is used up.
    Budget,
    /// The run's own time limit is over.
    TimedOut,
}
