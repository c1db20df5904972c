//! Who may start next: the ready tasks in their order, the slots in use, and the tasks kept apart.
//!
//! Knows phases only; `tasks` tells it of every change.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::fault::{self, Fault};
use crate::plan::{Plan, TaskIx};
use crate::state::Phase;

/// The ready queue and what limits it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Slots {
    /// The place of each task in the order of starting.
    rank: Vec<u32>,
    by_rank: Vec<TaskIx>,
    /// Ranks of the tasks that are ready and not kept apart.
    ready: BTreeSet<u32>,
    /// For each task, how many tasks under way it must be apart from.
    locks: Vec<u32>,
    used: u32,
}

impl Slots {
    /// All slots free, nothing ready.
    pub(crate) fn new(plan: &Plan) -> Self {
        let mut by_rank: Vec<TaskIx> = plan.places().collect();
        by_rank.sort_by_key(|ix| {
            (
                Reverse(plan.task(*ix).priority),
                Reverse(plan.remaining_path(*ix)),
                *ix,
            )
        });
        let mut rank = vec![0; plan.len()];
        for (place, ix) in by_rank.iter().enumerate() {
            rank[ix.index()] = place as u32;
        }
        Self {
            rank,
            by_rank,
            ready: BTreeSet::new(),
            locks: vec![0; plan.len()],
            used: 0,
        }
    }

    /// Slots in use.
    pub(crate) fn used(&self) -> u32 {
        self.used
    }

    /// The ready task that starts next: highest priority, then longest remaining path, then plan order.
    pub(crate) fn next(&self) -> Option<TaskIx> {
        self.ready.first().map(|rank| self.by_rank[*rank as usize])
    }

    /// A task changed its phase; `phase_of` knows the phases of the others.
    pub(crate) fn moved(
        &mut self,
        plan: &Plan,
        ix: TaskIx,
        old: Phase,
        new: Phase,
        phase_of: impl Fn(TaskIx) -> Phase,
    ) {
        match (old.holds_slot(), new.holds_slot()) {
            (false, true) => self.used += 1,
            (true, false) => self.used -= 1,
            (false, false) | (true, true) => {}
        }
        self.file(ix, new);
        if old.keeps_apart() == new.keeps_apart() || fault::active(Fault::ForgetApart) {
            return;
        }
        for other in &plan.task(ix).apart {
            let locks = &mut self.locks[other.index()];
            *locks = if new.keeps_apart() {
                *locks + 1
            } else {
                *locks - 1
            };
            self.file(*other, phase_of(*other));
        }
    }

    /// Puts a task into the ready queue or takes it out, as its phase and its locks want it.
    fn file(&mut self, ix: TaskIx, phase: Phase) {
        let rank = self.rank[ix.index()];
        if phase == Phase::Ready && self.locks[ix.index()] == 0 {
            self.ready.insert(rank);
        } else {
            self.ready.remove(&rank);
        }
    }
}
