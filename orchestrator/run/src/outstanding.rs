//! The effects whose outcome is not known yet, read off the state.
//!
//! Knows nothing of the events that led here: whoever takes over a run needs only its state.

use crate::effect::Effect;
use crate::fault::{self, Fault};
use crate::merge_queue::{Candidate, Stage};
use crate::plan::TaskIx;
use crate::state::{Mode, TaskState};
use crate::step::Run;
use crate::tasks::TaskRecord;

impl Run {
    /// Everything that was asked for and whose answer is owed, or that has no answer and may not have been done: first
    /// the tasks' in plan order, then the candidate's, then the next `WakeAt`, then `Finish` where the run is over.
    ///
    /// What is being stopped appears as its `Stop` alone, so that nothing is started only to be stopped.
    #[must_use]
    pub fn outstanding(&self) -> Vec<Effect> {
        let mut effects: Vec<Effect> = self
            .plan
            .places()
            .filter_map(|ix| owed_for_task(ix, self.tasks.get(ix)))
            .collect();
        effects.extend(self.queue.candidate.as_ref().and_then(owed_for_candidate));
        effects.extend(self.wake_at().map(|at| Effect::WakeAt { at }));
        if let Mode::Over(ending) = self.mode {
            effects.push(Effect::Finish(ending));
        }
        effects
    }
}

fn owed_for_task(task: TaskIx, record: &TaskRecord) -> Option<Effect> {
    match &record.state {
        TaskState::Running {
            attempt,
            stop: Some(reason),
            ..
        }
        | TaskState::Checking {
            attempt,
            stop: Some(reason),
            ..
        } => Some(Effect::Stop {
            task,
            attempt: *attempt,
            reason: *reason,
        }),
        TaskState::Running {
            attempt,
            from,
            stop: None,
            ..
        } => Some(Effect::Spawn {
            task,
            attempt: *attempt,
            from: from.clone(),
            setback: record.setback,
        }),
        TaskState::Settling { .. } if fault::active(Fault::ForgetSettle) => None,
        TaskState::Settling { attempt, stop: _ } => Some(Effect::Settle {
            task,
            attempt: *attempt,
        }),
        TaskState::Checking {
            attempt,
            head,
            stop: None,
        } => Some(Effect::Check {
            task,
            attempt: *attempt,
            head: head.clone(),
        }),
        TaskState::Done(_)
        | TaskState::Failed(_)
        | TaskState::Blocked(_)
        | TaskState::Cancelled => record
            .attempt
            .map(|attempt| Effect::Retire { task, attempt }),
        TaskState::Waiting
        | TaskState::Ready
        | TaskState::Backoff { .. }
        | TaskState::Settled { .. }
        | TaskState::Queued { .. }
        | TaskState::Merging { .. } => None,
    }
}

fn owed_for_candidate(candidate: &Candidate) -> Option<Effect> {
    let no = candidate.no();
    match (candidate.stage(), candidate.stop()) {
        (Stage::Building, _) => {
            let heads = candidate.heads().cloned().collect();
            Some(Effect::Build {
                candidate: no,
                onto: candidate.onto().clone(),
                heads,
            })
        }
        (Stage::Gating(_), Some(_)) => Some(Effect::StopGate { candidate: no }),
        (Stage::Gating(commit), None) => Some(Effect::Gate {
            candidate: no,
            commit: commit.clone(),
            heads: candidate.heads().cloned().collect(),
        }),
        (Stage::Moving(commit), _) => Some(Effect::MoveTip {
            candidate: no,
            from: candidate.onto().clone(),
            to: commit.clone(),
        }),
        (Stage::Built(_) | Stage::Passed(_), _) => None,
    }
}
