//! What a user's word does to a run.
//!
//! Knows that the word was found legal before.

use crate::effect::{Effect, Ending, StopReason, SuspendReason};
use crate::event::Command;
use crate::fault::{self, Fault};
use crate::merge_queue::Stage;
use crate::plan::TaskIx;
use crate::state::{CancelCause, Mode, Phase, Tally, TaskState};
use crate::step::{Answer, Run};

impl Run {
    pub(super) fn command(&mut self, command: Command, answer: &mut Answer) {
        match command {
            Command::Pause => self.mode = Mode::Paused,
            Command::Unpause => self.mode = Mode::Active,
            Command::Suspend { grace } => self.suspend(SuspendReason::Asked, self.now.plus(grace)),
            Command::Cancel => self.cancel_all(CancelCause::Asked, answer),
            Command::CancelTask { task } => self.cancel_task(task, answer),
            Command::Retry { task } => self.retry(task),
        }
    }

    /// Ends the run for good. In a run that stands still everything is cancelled at once.
    pub(super) fn cancel_all(&mut self, cause: CancelCause, answer: &mut Answer) {
        if fault::active(Fault::ForgetCancel) {
            return;
        }
        let over = matches!(self.mode, Mode::Over(_));
        self.mode = if over {
            Mode::Over(Ending::Cancelled)
        } else {
            Mode::Cancelling { cause }
        };
        self.queue.clear();
        let moving = matches!(&self.queue.candidate, Some(candidate) if matches!(candidate.stage, Stage::Moving(_)));
        for task in self.plan.places() {
            match self.tasks.phase(task) {
                Phase::Merging if !moving => self.cancel_now(task, answer),
                Phase::Waiting | Phase::Ready | Phase::Backoff | Phase::Settled | Phase::Queued => {
                    self.cancel_now(task, answer);
                }
                Phase::Running | Phase::Settling | Phase::Checking | Phase::Merging => {
                    self.stop_task(task, StopReason::Cancelled, answer);
                }
                Phase::Done | Phase::Failed | Phase::Blocked | Phase::Cancelled => {}
            }
        }
        if !moving && let Some(candidate) = &mut self.queue.candidate {
            candidate.entries.clear();
            self.give_up_candidate(answer);
        }
    }

    /// Cancels a task without a word to its dependants, which are cancelled as well.
    fn cancel_now(&mut self, task: TaskIx, answer: &mut Answer) {
        if fault::active(Fault::CancelForgetsReady) && self.tasks.phase(task) == Phase::Ready {
            return;
        }
        self.tasks.set(&self.plan, task, TaskState::Cancelled);
        if let Some(attempt) = self.tasks.get(task).attempt {
            answer.effects.push(Effect::Retire { task, attempt });
        }
    }

    fn cancel_task(&mut self, task: TaskIx, answer: &mut Answer) {
        match self.tasks.phase(task) {
            Phase::Running | Phase::Settling | Phase::Checking => {
                self.stop_task(task, StopReason::Cancelled, answer);
            }
            Phase::Merging => {
                self.stop_task(task, StopReason::Cancelled, answer);
                let moving = |stage: &Stage| matches!(stage, Stage::Moving(_));
                if !self
                    .queue
                    .candidate
                    .as_ref()
                    .is_some_and(|candidate| moving(&candidate.stage))
                {
                    self.give_up_candidate(answer);
                }
            }
            Phase::Waiting | Phase::Ready | Phase::Backoff | Phase::Settled | Phase::Queued => {
                self.queue.remove(task);
                self.end(task, TaskState::Cancelled, answer);
            }
            Phase::Done | Phase::Failed | Phase::Blocked | Phase::Cancelled => {}
        }
    }

    /// Begins anew with a task and with whatever of its needs broke, and so on up; what waited for them waits again.
    ///
    /// A run that is over has something to do again, and stands still until it is resumed.
    fn retry(&mut self, task: TaskIx) {
        let mut found = vec![task];
        let mut anew = Vec::new();
        while let Some(ix) = found.pop() {
            if !self.tasks.phase(ix).is_broken() {
                continue;
            }
            *self.tasks.history(ix).tally = Tally::default();
            self.tasks.set(&self.plan, ix, TaskState::Waiting);
            anew.push(ix);
            found.extend(&self.plan.task(ix).needs);
        }
        for ix in anew {
            self.tasks.refresh(&self.plan, ix);
            self.tasks.spread(&self.plan, ix);
        }
        if let Mode::Over(Ending::Complete | Ending::Cancelled) = self.mode {
            self.mode = Mode::Over(Ending::Suspended(SuspendReason::Asked));
        }
    }
}
