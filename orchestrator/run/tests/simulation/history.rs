//! What the simulation itself remembers of a run: told by events and effects, not by the run's own books.

use swarm_run::event::{
    CandidateNo, Command, Event, EventKind, Spent, Timestamp, Verdict, WorkEnd,
};
use swarm_run::plan::TaskIx;
use swarm_run::state::{Phase, TaskState};
use swarm_run::{Effect, Run, Stage};

use crate::case::MOST_TASKS;
use crate::world::Try;

/// An answer that the engine owes the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Owed {
    Start(Try),
    End(Try),
    Settle(Try),
    Check(Try),
    Build(CandidateNo),
    Gate(CandidateNo),
    Move(CandidateNo),
}

impl Owed {
    /// Which answer an event is, if it is one.
    pub(crate) fn of(kind: &EventKind) -> Option<Self> {
        match kind {
            EventKind::WorkerStarted { task, attempt } => Some(Self::Start((*task, *attempt))),
            EventKind::WorkerEnded { task, attempt, .. } => Some(Self::End((*task, *attempt))),
            EventKind::Settled { task, attempt, .. } => Some(Self::Settle((*task, *attempt))),
            EventKind::Checked { task, attempt, .. } => Some(Self::Check((*task, *attempt))),
            EventKind::CandidateBuilt { candidate, .. } => Some(Self::Build(*candidate)),
            EventKind::CandidateGated { candidate, .. } => Some(Self::Gate(*candidate)),
            EventKind::TipMoved { candidate } | EventKind::TipRefused { candidate, .. } => {
                Some(Self::Move(*candidate))
            }
            EventKind::Started { .. }
            | EventKind::Resumed
            | EventKind::Tick
            | EventKind::Command(_) => None,
        }
    }

    /// Which answer an effect asks for, if it asks for one. A stop asks for none of its own.
    pub(crate) fn by(effect: &Effect) -> Option<Self> {
        match effect {
            Effect::Spawn { task, attempt, .. } => Some(Self::End((*task, *attempt))),
            Effect::Settle { task, attempt } => Some(Self::Settle((*task, *attempt))),
            Effect::Check { task, attempt, .. } => Some(Self::Check((*task, *attempt))),
            Effect::Build { candidate, .. } => Some(Self::Build(*candidate)),
            Effect::Gate { candidate, .. } => Some(Self::Gate(*candidate)),
            Effect::MoveTip { candidate, .. } => Some(Self::Move(*candidate)),
            Effect::Stop { .. }
            | Effect::StopGate { .. }
            | Effect::Retire { .. }
            | Effect::WakeAt { .. }
            | Effect::Finish(_) => None,
        }
    }

    /// Which answers a run says are owed, sorted.
    pub(crate) fn told_by(run: &Run) -> Vec<Self> {
        let owed = |effect: &Effect| match effect {
            Effect::Stop { task, attempt, .. }
                if run.task(*task).state.phase() == Phase::Running =>
            {
                Some(Self::End((*task, *attempt)))
            }
            Effect::Stop { task, attempt, .. } => Some(Self::Check((*task, *attempt))),
            Effect::StopGate { candidate } => Some(Self::Gate(*candidate)),
            effect => Self::by(effect),
        };
        let mut all: Vec<Self> = run.outstanding().iter().filter_map(owed).collect();
        all.sort_unstable();
        all
    }
}

/// A set of tasks as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Set(pub u32);

impl Set {
    pub(crate) fn has(self, task: TaskIx) -> bool {
        self.0 >> task.0 & 1 == 1
    }

    pub(crate) fn len(self) -> u32 {
        self.0.count_ones()
    }

    fn put(&mut self, task: TaskIx, is_in: bool) {
        self.0 = if is_in {
            self.0 | 1 << task.0
        } else {
            self.0 & !(1 << task.0)
        };
    }
}

#[derive(Default)]
pub(crate) struct History {
    /// The answers that are owed, sorted.
    pub(crate) owed: Vec<Owed>,
    /// The tries whose workers have reported their start.
    pub(crate) started: Vec<Try>,
    /// The latest event was an answer that nobody had asked for.
    pub(crate) unasked: Option<Owed>,
    /// Tasks between their start and their verdict.
    pub(crate) in_work: Set,
    /// Tasks between their approval and their end.
    pub(crate) approved: Set,
    pub(crate) merged: Set,
    /// Tasks that were merged a second time by the latest event.
    pub(crate) merged_again: Set,
    pub(crate) spent: Spent,
    /// The user, or a failure under fail-fast, ended the run.
    pub(crate) cancelled: bool,
    pub(crate) suspended: bool,
    pub(crate) paused: bool,
    pub(crate) cancelled_tasks: Set,
    /// Effects of the latest event that were not asked for before.
    pub(crate) fresh: Vec<Effect>,
    /// The latest try of each task.
    pub(crate) attempts: [u32; MOST_TASKS as usize],
    /// Tries that the latest event started, and the number that each should have.
    pub(crate) started_as: Vec<(TaskIx, u32, u32)>,
    /// Tries of each task since its start, or the latest retry, that were not stopped by a suspension.
    pub(crate) tries: [u32; MOST_TASKS as usize],
    pub(crate) finishes: u32,
    pub(crate) wake: Option<Timestamp>,
    pub(crate) latest: Timestamp,
    pub(crate) time_went_back: bool,
}

impl History {
    /// Takes note of an event that was accepted.
    pub(crate) fn take(&mut self, before: &Run, event: &Event, effects: &[Effect], after: &Run) {
        self.time_went_back = event.at < self.latest;
        self.latest = self.latest.max(event.at);
        self.take_answer(&event.kind);
        self.take_word(&event.kind, before, after);
        self.take_progress(&event.kind, before, after);
        let asked_before = if event.kind == EventKind::Resumed {
            before.outstanding()
        } else {
            Vec::new()
        };
        self.fresh = effects
            .iter()
            .filter(|effect| !asked_before.contains(effect))
            .cloned()
            .collect();
        self.started_as.clear();
        for effect in effects {
            self.take_effect(effect);
        }
        for effect in self.fresh.clone() {
            if let Effect::Spawn { task, attempt, .. } = effect {
                let latest = &mut self.attempts[task.index()];
                self.started_as.push((task, attempt.0, *latest + 1));
                *latest = attempt.0;
                self.tries[task.index()] += 1;
            }
        }
        // A merge that is given up before it is computed owes nothing any more.
        let building = after
            .candidate()
            .filter(|candidate| *candidate.stage() == Stage::Building);
        self.owed.retain(|owed| match owed {
            Owed::Build(no) => building.is_some_and(|candidate| candidate.no() == *no),
            _ => true,
        });
    }

    fn take_answer(&mut self, kind: &EventKind) {
        self.unasked = None;
        let Some(answer) = Owed::of(kind) else {
            return;
        };
        if let Owed::Start(of) = answer {
            if self.started.contains(&of) || !self.owed.contains(&Owed::End(of)) {
                self.unasked = Some(answer);
            }
            self.started.push(of);
            return;
        }
        match self.owed.binary_search(&answer) {
            Ok(place) => drop(self.owed.remove(place)),
            Err(_) => self.unasked = Some(answer),
        }
        if let EventKind::WorkerEnded { spent, .. } = kind {
            self.spent = self.spent.plus(*spent);
        }
    }

    fn take_word(&mut self, kind: &EventKind, before: &Run, after: &Run) {
        match kind {
            EventKind::Started { .. } => self.finishes = 0,
            EventKind::Resumed => {
                self.finishes = 0;
                self.suspended = false;
                self.paused = false;
            }
            EventKind::Command(Command::Pause) => self.paused = true,
            EventKind::Command(Command::Unpause) => self.paused = false,
            EventKind::Command(Command::Suspend { .. }) => self.suspended = true,
            EventKind::Command(Command::Cancel) => self.cancelled = true,
            EventKind::Command(Command::CancelTask { task }) => {
                self.cancelled_tasks.put(*task, true)
            }
            EventKind::Command(Command::Retry { .. }) => {
                self.cancelled = false;
                for task in before.plan().places() {
                    let is_broken = |run: &Run| run.task(task).state.phase().is_broken();
                    if is_broken(before) && !is_broken(after) {
                        self.cancelled_tasks.put(task, false);
                        self.tries[task.index()] = 0;
                    }
                }
            }
            _ => {}
        }
        let failures = |run: &Run| {
            let failed = |state: &TaskState| {
                matches!(state, TaskState::Failed(_))
                    || matches!(
                        state,
                        TaskState::Blocked(swarm_run::state::BlockReason::Conflict)
                    )
            };
            run.tasks()
                .iter()
                .filter(|record| failed(&record.state))
                .count()
        };
        if before.limits().fail_fast && failures(after) > failures(before) {
            self.cancelled = true;
        }
    }

    fn take_progress(&mut self, kind: &EventKind, before: &Run, after: &Run) {
        let phase = |task: TaskIx| after.task(task).state.phase();
        match kind {
            EventKind::WorkerEnded { task, end, .. } => {
                let stays = *end == WorkEnd::Succeeded && !phase(*task).is_end();
                self.in_work.put(*task, stays);
                let was_stopped = before.task(*task).state.stop()
                    == Some(swarm_run::effect::StopReason::Suspended);
                let by_stop = matches!(end, WorkEnd::Killed | WorkEnd::Lost | WorkEnd::Stopped);
                if was_stopped && by_stop {
                    self.tries[task.index()] -= 1;
                }
            }
            EventKind::Settled { task, .. } => self.in_work.put(*task, !phase(*task).is_end()),
            EventKind::Checked { task, verdict, .. } => {
                let again = matches!(phase(*task), Phase::Settled | Phase::Checking);
                self.in_work
                    .put(*task, *verdict == Verdict::Stopped && again);
            }
            EventKind::Command(_) => {
                // A settled task has nothing under way, so a cancel ends it at once.
                for task in after.plan().places().filter(|task| phase(*task).is_end()) {
                    self.in_work.put(task, false);
                }
            }
            _ => {}
        }
        if before.limits().fail_fast {
            for task in after.plan().places().filter(|task| phase(*task).is_end()) {
                self.in_work.put(task, false);
            }
        }
        self.merged_again = Set::default();
        for task in after.plan().places() {
            let now = phase(task);
            self.approved
                .put(task, matches!(now, Phase::Queued | Phase::Merging));
            let is_merged = |run: &Run| {
                matches!(
                    run.task(task).state,
                    TaskState::Done(swarm_run::state::Outcome::Merged(_))
                )
            };
            if is_merged(after) && !is_merged(before) {
                self.merged_again.put(task, self.merged.has(task));
                self.merged.put(task, true);
            }
        }
    }

    fn take_effect(&mut self, effect: &Effect) {
        if let Some(owed) = Owed::by(effect)
            && let Err(place) = self.owed.binary_search(&owed)
        {
            self.owed.insert(place, owed);
        }
        match effect {
            Effect::Spawn { task, .. } => self.in_work.put(*task, true),
            Effect::WakeAt { at } => self.wake = Some(*at),
            Effect::Finish(_) => self.finishes += 1,
            Effect::Stop { .. }
            | Effect::Settle { .. }
            | Effect::Check { .. }
            | Effect::Build { .. }
            | Effect::Gate { .. }
            | Effect::StopGate { .. }
            | Effect::MoveTip { .. }
            | Effect::Retire { .. } => {}
        }
    }
}
