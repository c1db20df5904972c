//! Everything that can happen to a run, closed. Each event carries the time at which it happened.
//!
//! Knows nothing of how an event is found out or stored.

use swarm_mailbox::id::{AttemptNo, CommitId};

use crate::plan::TaskIx;

/// A point in time: milliseconds since the Unix epoch, never going back within a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub u64);

/// A span of time in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Millis(pub u64);

/// The how-many-th merge candidate of the run, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CandidateNo(pub u32);

/// What happened, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When it happened.
    pub at: Timestamp,
    /// What it was.
    pub kind: EventKind,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventKind {
    /// The run begins; the integration branch stands at `tip`.
    Started {
        /// The integration branch's first commit.
        tip: CommitId,
    },
    /// An engine took over the run again after a suspension or a crash.
    Resumed,
    /// The worker process of an attempt runs.
    WorkerStarted {
        /// Whose worker.
        task: TaskIx,
        /// Which try.
        attempt: AttemptNo,
    },
    /// The worker process of an attempt is gone.
    WorkerEnded {
        /// Whose worker.
        task: TaskIx,
        /// Which try.
        attempt: AttemptNo,
        /// How it ended.
        end: WorkEnd,
        /// What it cost.
        spent: Spent,
    },
    /// What a worker left is committed on its branch; `None` where it changed nothing.
    Settled {
        /// Whose work.
        task: TaskIx,
        /// Which try.
        attempt: AttemptNo,
        /// The branch's new head.
        head: Option<CommitId>,
    },
    /// The gates of a task have judged its branch.
    Checked {
        /// Whose work.
        task: TaskIx,
        /// Which try.
        attempt: AttemptNo,
        /// What they say.
        verdict: Verdict,
    },
    /// A candidate's merge was computed: `commit` holds every head but the `conflicts`; `None` where nothing is left.
    CandidateBuilt {
        /// Which candidate.
        candidate: CandidateNo,
        /// The merge commit.
        commit: Option<CommitId>,
        /// Tasks whose heads do not merge with the tip and the heads before them.
        conflicts: Vec<TaskIx>,
    },
    /// The gates have judged a candidate's merged tree.
    CandidateGated {
        /// Which candidate.
        candidate: CandidateNo,
        /// What they say.
        verdict: Verdict,
    },
    /// The integration branch moved to the candidate's commit, and its ancestry was verified.
    TipMoved {
        /// Which candidate.
        candidate: CandidateNo,
    },
    /// The integration branch stood elsewhere than expected: somebody else moved it to `tip`.
    TipRefused {
        /// Which candidate.
        candidate: CandidateNo,
        /// Where the branch stands.
        tip: CommitId,
    },
    /// Time passed; makes timeouts, backoffs and grace periods due.
    Tick,
    /// A user's word.
    Command(Command),
}

/// What a user may ask of a run while it goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Start nothing new; what runs goes on.
    Pause,
    /// Take back a pause.
    Unpause,
    /// Suspend: start nothing new, stop what still runs after `grace`, keep everything for a resume.
    Suspend {
        /// How long running work may go on.
        grace: Millis,
    },
    /// End the run for good: nothing starts any more, what runs is stopped, what is not merged is cancelled.
    Cancel,
    /// End one task for good.
    CancelTask {
        /// Which task.
        task: TaskIx,
    },
    /// Give a failed, blocked or cancelled task a new set of attempts, and unblock what waited for it.
    Retry {
        /// Which task.
        task: TaskIx,
    },
}

/// How a worker's process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WorkEnd {
    /// Its work is done by its own account.
    Succeeded,
    /// It gave up, or a command of it failed.
    Failed,
    /// It ran past its time limit and was stopped for that.
    TimedOut,
    /// A signal that was not ours ended it.
    Killed,
    /// It is gone without a report.
    Lost,
    /// It ended because the run asked it to.
    Stopped,
}

/// What a set of gates says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Every gate passed.
    Passed,
    /// At least one gate failed; the findings are kept by whoever ran them.
    Failed,
    /// The gates were stopped before they could say anything.
    Stopped,
}

/// What was spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spent {
    /// Money, in millionths of a US dollar.
    pub microdollars: u64,
    /// Tokens of all kinds.
    pub tokens: u64,
}
