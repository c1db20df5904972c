//! The words of notices that are shared with the run machine: how a worker ended, why a task is tried again, why a run
//! halts.
//!
//! Twins of the machine's own types: the JSON output is a promise to users, the machine's types are not.

use serde::{Deserialize, Serialize};
use swarm_run::effect::{Setback, SuspendReason};
use swarm_run::event::WorkEnd;

/// How a worker ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// Its work is done by its own account.
    Succeeded,
    /// A command of it failed.
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

impl End {
    /// What it did.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Succeeded => "work done",
            Self::Failed => "work failed",
            Self::TimedOut => "ran out of time",
            Self::Killed => "was killed",
            Self::Lost => "vanished without a report",
            Self::Stopped => "was stopped",
        }
    }
}

impl From<WorkEnd> for End {
    fn from(end: WorkEnd) -> Self {
        match end {
            WorkEnd::Succeeded => Self::Succeeded,
            WorkEnd::Failed => Self::Failed,
            WorkEnd::TimedOut => Self::TimedOut,
            WorkEnd::Killed => Self::Killed,
            WorkEnd::Lost => Self::Lost,
            WorkEnd::Stopped => Self::Stopped,
        }
    }
}

/// Why a task gets another try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// Its command failed.
    Failed,
    /// It ran out of time.
    TimedOut,
    /// A signal ended it.
    Killed,
    /// Its worker vanished.
    Lost,
    /// The run was suspended.
    Stopped,
    /// A gate of its own branch failed.
    Gates,
    /// The gates failed on the merged tree.
    MergedGates,
    /// It does not merge with the tip.
    Conflict,
}

impl Why {
    /// What went wrong.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Failed => "its command failed",
            Self::TimedOut => "it ran out of time",
            Self::Killed => "it was killed",
            Self::Lost => "its worker vanished",
            Self::Stopped => "it was stopped",
            Self::Gates => "a gate failed",
            Self::MergedGates => "the gates failed on the merged tree",
            Self::Conflict => "it conflicts with the tip",
        }
    }
}

impl From<Setback> for Why {
    fn from(setback: Setback) -> Self {
        match setback {
            Setback::Failed => Self::Failed,
            Setback::TimedOut => Self::TimedOut,
            Setback::Killed => Self::Killed,
            Setback::Lost => Self::Lost,
            Setback::Stopped => Self::Stopped,
            Setback::Gates => Self::Gates,
            Setback::MergedGates => Self::MergedGates,
            Setback::Conflict => Self::Conflict,
        }
    }
}

/// Why a run comes to a halt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Halt {
    /// The user asked for it.
    Asked,
    /// The budget is used up.
    Budget,
    /// The run's own time limit is over.
    TimedOut,
    /// Git, the disk or another part of the environment failed.
    Environment,
}

impl Halt {
    /// Why.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Asked => "asked to",
            Self::Budget => "the budget is used up",
            Self::TimedOut => "the run's time limit is over",
            Self::Environment => "the environment failed",
        }
    }
}

impl From<SuspendReason> for Halt {
    fn from(reason: SuspendReason) -> Self {
        match reason {
            SuspendReason::Asked => Self::Asked,
            SuspendReason::Budget => Self::Budget,
            SuspendReason::TimedOut => Self::TimedOut,
        }
    }
}
