//! What others may see of a run: reporters, the engine, a person.
//!
//! Knows how to read the state and never changes it.

use swarm_mailbox::id::CommitId;

use crate::effect::{Ending, Head};
use crate::event::{Spent, Timestamp};
use crate::merge_queue::Candidate;
use crate::plan::{Limits, Plan, TaskIx};
use crate::state::{Mode, Phase};
use crate::step::Run;
use crate::tasks::{TaskRecord, Tasks};

/// A run at a glance; its size does not depend on the number of tasks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunView {
    /// What the run is about.
    pub mode: Mode,
    /// The time of its latest event.
    pub now: Timestamp,
    /// The integration branch's commit, once started.
    pub tip: Option<CommitId>,
    /// How many tasks are in which phase.
    pub counts: Counts,
    /// Slots in use.
    pub slots_used: u32,
    /// What was spent so far.
    pub spent: Spent,
    /// How it ended, if it is over.
    pub ending: Option<Ending>,
    /// Approved branches, oldest first, without those of the candidate.
    pub queue: Vec<TaskIx>,
    /// What is being merged.
    pub candidate: Option<Candidate>,
}

/// How many tasks are in which phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts([u32; Phase::ALL.len()]);

impl Counts {
    fn of(tasks: &Tasks) -> Self {
        Self(Phase::ALL.map(|phase| tasks.count(phase)))
    }

    /// How many tasks are in `phase`.
    #[must_use]
    pub const fn of_phase(&self, phase: Phase) -> u32 {
        self.0[phase as usize]
    }

    /// How many tasks have their outcome.
    #[must_use]
    pub fn ended(&self) -> u32 {
        Phase::ALL
            .iter()
            .filter(|phase| phase.is_end())
            .map(|phase| self.of_phase(*phase))
            .sum()
    }
}

impl Run {
    /// The run at a glance.
    #[must_use]
    pub fn view(&self) -> RunView {
        RunView {
            mode: self.mode,
            now: self.now,
            tip: self.tip.clone(),
            counts: self.counts(),
            slots_used: self.tasks.slots().used(),
            spent: self.spent(),
            ending: self.ending(),
            queue: self.queue().map(|head| head.task).collect(),
            candidate: self.queue.candidate.clone(),
        }
    }

    /// The plan that it runs.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Its limits.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The time of its latest event; no later event may be of an earlier time.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// What it is about.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// The integration branch's commit, once started.
    #[must_use]
    pub const fn tip(&self) -> Option<&CommitId> {
        self.tip.as_ref()
    }

    /// How it ended, if it is over.
    #[must_use]
    pub const fn ending(&self) -> Option<Ending> {
        match self.mode {
            Mode::Over(ending) => Some(ending),
            Mode::NotStarted
            | Mode::Active
            | Mode::Paused
            | Mode::Suspending { .. }
            | Mode::Cancelling { .. } => None,
        }
    }

    /// What is known of a task, which must be one of the plan.
    #[must_use]
    pub fn task(&self, ix: TaskIx) -> &TaskRecord {
        self.tasks.get(ix)
    }

    /// What is known of each task, in plan order.
    #[must_use]
    pub fn tasks(&self) -> &[TaskRecord] {
        self.tasks.records()
    }

    /// How many tasks are in which phase.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts::of(&self.tasks)
    }

    /// What was spent so far.
    #[must_use]
    pub fn spent(&self) -> Spent {
        self.budget.spent()
    }

    /// Approved branches, oldest first, without those of the candidate.
    pub fn queue(&self) -> impl ExactSizeIterator<Item = &Head> {
        self.queue.waiting()
    }

    /// What is being merged.
    #[must_use]
    pub const fn candidate(&self) -> Option<&Candidate> {
        self.queue.candidate.as_ref()
    }
}
