//! Every task's record, and the views of them that are kept beside: counts, alarms, needs, the ready queue.
//!
//! [`Tasks::set`] is the only function that changes a task's state, so the views cannot disagree with the states.
//! Knows nothing of events and effects.

use std::collections::BTreeSet;

use swarm_mailbox::id::AttemptNo;

use crate::effect::Setback;
use crate::event::{Spent, Timestamp};
use crate::fault::{self, Fault};
use crate::plan::{Plan, TaskIx};
use crate::slots::Slots;
use crate::state::{BlockReason, Outcome, Phase, Tally, TaskState};

/// What is known of one task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskRecord {
    /// Where it stands.
    pub state: TaskState,
    /// The latest try, if there was any. Numbers only rise, also over a `Retry`.
    pub attempt: Option<AttemptNo>,
    /// What went wrong since the start or the latest `Retry`.
    pub tally: Tally,
    /// The latest thing that went wrong.
    pub setback: Option<Setback>,
    /// What all its tries cost.
    pub spent: Spent,
}

/// All tasks of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tasks {
    records: Vec<TaskRecord>,
    slots: Slots,
    counts: [u32; Phase::ALL.len()],
    in_flight: u32,
    ended: u32,
    settled: BTreeSet<TaskIx>,
    alarms: BTreeSet<(Timestamp, TaskIx)>,
    /// For each task, how many of its needs are not done.
    unmet: Vec<u32>,
    /// For each task, how many of its needs ended without being done.
    broken: Vec<u32>,
}

impl Tasks {
    /// Every task at its start: done before, ready or waiting.
    pub(crate) fn new(plan: &Plan) -> Self {
        let fresh = TaskRecord {
            state: TaskState::Waiting,
            attempt: None,
            tally: Tally::default(),
            setback: None,
            spent: Spent::default(),
        };
        let mut counts = [0; Phase::ALL.len()];
        counts[Phase::Waiting as usize] = plan.len() as u32;
        let mut tasks = Self {
            records: vec![fresh; plan.len()],
            slots: Slots::new(plan),
            counts,
            in_flight: 0,
            ended: 0,
            settled: BTreeSet::new(),
            alarms: BTreeSet::new(),
            unmet: plan
                .tasks()
                .iter()
                .map(|task| task.needs.len() as u32)
                .collect(),
            broken: vec![0; plan.len()],
        };
        for ix in plan.places().filter(|ix| plan.task(*ix).done) {
            tasks.set(plan, ix, TaskState::Done(Outcome::Before));
        }
        for ix in plan.places() {
            tasks.refresh(plan, ix);
        }
        tasks
    }

    /// Puts a task into a state and keeps every view in step. The task's dependants stay where they are: see
    /// [`Tasks::spread`].
    pub(crate) fn set(&mut self, plan: &Plan, ix: TaskIx, state: TaskState) {
        let old = std::mem::replace(&mut self.records[ix.index()].state, state);
        let state = &self.records[ix.index()].state;
        if old.alarm() != state.alarm() {
            if let Some(at) = old.alarm() {
                self.alarms.remove(&(at, ix));
            }
            if let Some(at) = state.alarm() {
                self.alarms.insert((at, ix));
            }
        }
        let (old, new) = (old.phase(), state.phase());
        if old == new {
            return;
        }
        self.counts[old as usize] -= 1;
        self.counts[new as usize] += 1;
        adjust(&mut self.in_flight, old.is_in_flight(), new.is_in_flight());
        adjust(&mut self.ended, old.is_end(), new.is_end());
        if old == Phase::Settled {
            self.settled.remove(&ix);
        }
        if new == Phase::Settled {
            self.settled.insert(ix);
        }
        self.slots.moved(plan, ix, old, new, |other| {
            self.records[other.index()].state.phase()
        });
        self.tell_dependants(plan, ix, old, new);
    }

    fn tell_dependants(&mut self, plan: &Plan, ix: TaskIx, old: Phase, new: Phase) {
        let is_met = |phase: Phase| {
            phase == Phase::Done
                || (fault::active(Fault::StartBeforeMerge) && phase == Phase::Queued)
        };
        if is_met(old) == is_met(new) && old.is_broken() == new.is_broken() {
            return;
        }
        for next in plan.dependants(ix) {
            adjust(&mut self.unmet[next.index()], !is_met(old), !is_met(new));
            adjust(
                &mut self.broken[next.index()],
                old.is_broken(),
                new.is_broken(),
            );
        }
    }

    /// Carries the end, or the new beginning, of a task to whatever depends on it, as far as it reaches.
    pub(crate) fn spread(&mut self, plan: &Plan, from: TaskIx) {
        let mut changed = vec![from];
        while let Some(ix) = changed.pop() {
            for next in plan.dependants(ix) {
                let was_broken = self.phase(next).is_broken();
                self.refresh(plan, next);
                if self.phase(next).is_broken() != was_broken {
                    changed.push(next);
                }
            }
        }
    }

    /// Puts a task that has not begun, or is blocked by a need, where its needs want it.
    pub(crate) fn refresh(&mut self, plan: &Plan, ix: TaskIx) {
        match self.get(ix).state {
            TaskState::Waiting | TaskState::Blocked(BlockReason::Dependency(_)) => {}
            TaskState::Ready
            | TaskState::Backoff { .. }
            | TaskState::Running { .. }
            | TaskState::Settling { .. }
            | TaskState::Settled { .. }
            | TaskState::Checking { .. }
            | TaskState::Queued { .. }
            | TaskState::Merging { .. }
            | TaskState::Done(_)
            | TaskState::Failed(_)
            | TaskState::Blocked(BlockReason::Conflict)
            | TaskState::Cancelled => return,
        }
        let state = if self.broken[ix.index()] > 0 {
            let broken = plan
                .task(ix)
                .needs
                .iter()
                .copied()
                .find(|need| self.phase(*need).is_broken());
            TaskState::Blocked(BlockReason::Dependency(broken.unwrap_or(ix)))
        } else if self.unmet[ix.index()] == 0 {
            TaskState::Ready
        } else {
            TaskState::Waiting
        };
        self.set(plan, ix, state);
    }

    /// The record of a task of this plan.
    pub(crate) fn get(&self, ix: TaskIx) -> &TaskRecord {
        &self.records[ix.index()]
    }

    /// The history of a task, to be written to; its state goes through [`Tasks::set`].
    pub(crate) fn history(&mut self, ix: TaskIx) -> History<'_> {
        let record = &mut self.records[ix.index()];
        History {
            attempt: &mut record.attempt,
            tally: &mut record.tally,
            setback: &mut record.setback,
            spent: &mut record.spent,
        }
    }

    /// Every record, in plan order.
    pub(crate) fn records(&self) -> &[TaskRecord] {
        &self.records
    }

    /// The phase of a task of this plan.
    pub(crate) fn phase(&self, ix: TaskIx) -> Phase {
        self.get(ix).state.phase()
    }

    /// How many tasks are in `phase`.
    pub(crate) fn count(&self, phase: Phase) -> u32 {
        self.counts[phase as usize]
    }

    /// How many tasks an answer is owed for.
    pub(crate) fn in_flight(&self) -> u32 {
        self.in_flight
    }

    /// Whether every task has its outcome.
    pub(crate) fn all_ended(&self) -> bool {
        self.ended as usize == self.records.len()
    }

    /// The settled task that stands first in the plan.
    pub(crate) fn first_settled(&self) -> Option<TaskIx> {
        self.settled.first().copied()
    }

    /// The next time that changes a task, and which one.
    pub(crate) fn first_alarm(&self) -> Option<(Timestamp, TaskIx)> {
        self.alarms.first().copied()
    }

    /// The slots and the ready queue.
    pub(crate) fn slots(&self) -> &Slots {
        &self.slots
    }
}

/// All of a record but its state.
pub(crate) struct History<'a> {
    pub(crate) attempt: &'a mut Option<AttemptNo>,
    pub(crate) tally: &'a mut Tally,
    pub(crate) setback: &'a mut Option<Setback>,
    pub(crate) spent: &'a mut Spent,
}

/// Counts something that was so, or has become so.
fn adjust(count: &mut u32, was: bool, is: bool) {
    match (was, is) {
        (false, true) => *count += 1,
        (true, false) => *count -= 1,
        (false, false) | (true, true) => {}
    }
}
