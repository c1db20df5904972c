//! What a person wants to know of each task and the run machine does not keep: when it started and ended, how often it
//! was tried, which tries were taken back and why.
//!
//! Built from the same events as the run, live or from the journal. Knows nothing of processes.

use swarm_mailbox::id::CommitId;
use swarm_run::Run;
use swarm_run::event::{Event, EventKind, Timestamp};
use swarm_run::plan::TaskIx;
use swarm_run::state::Phase;

/// The tales of all tasks.
#[derive(Debug, Clone)]
pub(crate) struct Chronicle {
    tales: Vec<Tale>,
    phases: Vec<Phase>,
    began: Option<Timestamp>,
    last: Timestamp,
}

/// What one task has been through.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tale {
    /// When its first try was asked for.
    pub(crate) began: Option<Timestamp>,
    /// When it came to its present phase.
    pub(crate) since: Timestamp,
    /// When it got its outcome.
    pub(crate) ended: Option<Timestamp>,
    /// The newest commit on its branch.
    pub(crate) head: Option<CommitId>,
    /// How long its newest worker ran.
    pub(crate) worked_millis: u64,
}

/// A task went from one phase to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) task: TaskIx,
    pub(crate) from: Phase,
    pub(crate) to: Phase,
}

impl Chronicle {
    pub(crate) fn new(run: &Run) -> Self {
        Self {
            tales: vec![Tale::default(); run.plan().len()],
            phases: run
                .plan()
                .places()
                .map(|task| run.task(task).state.phase())
                .collect(),
            began: None,
            last: Timestamp(0),
        }
    }

    /// Takes in an event that `run` has just accepted, and says which tasks it moved.
    pub(crate) fn observe(&mut self, event: &Event, run: &Run) -> Vec<Turn> {
        self.began.get_or_insert(event.at);
        self.last = event.at;
        match &event.kind {
            EventKind::Settled { task, head, .. } if head.is_some() => {
                self.tales[task.index()].head.clone_from(head);
            }
            EventKind::WorkerEnded { task, .. } => {
                let tale = &mut self.tales[task.index()];
                tale.worked_millis = event.at.0.saturating_sub(tale.since.0);
            }
            _ => {}
        }
        let turns: Vec<Turn> = run
            .plan()
            .places()
            .filter_map(|task| {
                let (from, to) = (self.phases[task.index()], run.task(task).state.phase());
                (from != to).then_some(Turn { task, from, to })
            })
            .collect();
        for turn in &turns {
            self.turn(*turn, event.at);
        }
        turns
    }

    fn turn(&mut self, turn: Turn, at: Timestamp) {
        self.phases[turn.task.index()] = turn.to;
        let tale = &mut self.tales[turn.task.index()];
        tale.since = at;
        tale.ended = turn.to.is_end().then_some(at);
        if turn.to == Phase::Running {
            tale.began.get_or_insert(at);
        }
    }

    pub(crate) fn tale(&self, task: TaskIx) -> &Tale {
        &self.tales[task.index()]
    }

    /// When the first event came.
    pub(crate) fn began(&self) -> Option<Timestamp> {
        self.began
    }

    /// From the first event to the last.
    pub(crate) fn span_millis(&self) -> u64 {
        self.began
            .map_or(0, |began| self.last.0.saturating_sub(began.0))
    }
}
