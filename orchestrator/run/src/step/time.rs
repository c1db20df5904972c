//! What time alone does: pauses end, tries and runs take too long, grace periods end; and how processes are stopped.
//!
//! Knows the time of the latest event and no clock.

use crate::effect::{Effect, StopReason, SuspendReason};
use crate::event::{Millis, Timestamp};
use crate::fault::{self, Fault};
use crate::merge_queue::{Candidate, Stage};
use crate::plan::TaskIx;
use crate::state::{Mode, Phase, TaskState};
use crate::step::{Answer, Run};

impl Timestamp {
    /// The time `span` later.
    #[must_use]
    pub fn plus(self, span: Millis) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Run {
    /// Whether a `Tick` at this time would change anything; otherwise none needs to be sent or kept.
    #[must_use]
    pub fn due(&self, at: Timestamp) -> bool {
        self.wake_at().is_some_and(|due| due <= at)
    }

    /// The next time at which time alone changes something.
    #[must_use]
    pub fn wake_at(&self) -> Option<Timestamp> {
        let own = match self.mode {
            Mode::NotStarted | Mode::Over(_) => return None,
            Mode::Active | Mode::Paused => self.deadline,
            Mode::Suspending { stop_at, .. } => stop_at,
            Mode::Cancelling { .. } => None,
        };
        let alarm = self.tasks.first_alarm().map(|(at, _)| at);
        own.into_iter().chain(alarm).min()
    }

    /// Lets everything that is due take place.
    pub(super) fn elapse(&mut self, answer: &mut Answer) {
        if matches!(self.mode, Mode::NotStarted | Mode::Over(_)) {
            return;
        }
        while let Some((at, task)) = self.tasks.first_alarm()
            && at <= self.now
        {
            if self.tasks.phase(task) == Phase::Backoff {
                self.tasks.set(&self.plan, task, TaskState::Ready);
            } else {
                self.stop_task(task, StopReason::TimedOut, answer);
            }
        }
        if matches!(self.mode, Mode::Active | Mode::Paused)
            && self.deadline.is_some_and(|at| at <= self.now)
        {
            self.suspend(SuspendReason::TimedOut, self.now);
        }
        if let Mode::Suspending {
            reason,
            stop_at: Some(at),
        } = self.mode
            && at <= self.now
        {
            self.mode = Mode::Suspending {
                reason,
                stop_at: None,
            };
            self.stop_everything(answer);
        }
    }

    /// Asks for a tick at the next time that matters, unless that was the last thing asked for.
    pub(super) fn announce(&mut self, answer: &mut Answer) {
        let next = self.wake_at();
        if next != self.wake
            && let Some(at) = next
            && !fault::active(Fault::ForgetWake)
        {
            answer.effects.push(Effect::WakeAt { at });
        }
        self.wake = next;
    }

    /// Suspends the run, or moves the end of its grace period to an earlier time.
    pub(super) fn suspend(&mut self, reason: SuspendReason, stop_at: Timestamp) {
        self.mode = match self.mode {
            Mode::Suspending {
                reason,
                stop_at: sooner,
            } => Mode::Suspending {
                reason,
                stop_at: sooner.map(|sooner| sooner.min(stop_at)),
            },
            Mode::NotStarted
            | Mode::Active
            | Mode::Paused
            | Mode::Cancelling { .. }
            | Mode::Over(_) => Mode::Suspending {
                reason,
                stop_at: Some(stop_at),
            },
        };
    }

    fn stop_everything(&mut self, answer: &mut Answer) {
        for task in self.plan.places() {
            let state = &self.tasks.get(task).state;
            if matches!(state.phase(), Phase::Running | Phase::Checking) && state.stop().is_none() {
                self.stop_task(task, StopReason::Suspended, answer);
            }
        }
        let gating = |candidate: &Candidate| {
            matches!(candidate.stage, Stage::Gating(_)) && candidate.stop.is_none()
        };
        if self.queue.candidate.as_ref().is_some_and(gating) {
            self.stop_gates(StopReason::Suspended, answer);
        }
    }

    /// Marks a task as being stopped, and stops its process if it has one.
    pub(super) fn stop_task(&mut self, task: TaskIx, reason: StopReason, answer: &mut Answer) {
        let mut state = self.tasks.get(task).state.clone();
        let attempt = match &mut state {
            TaskState::Running { stop, attempt, .. }
            | TaskState::Checking { stop, attempt, .. } => {
                *stop = Some(reason);
                Some(*attempt)
            }
            TaskState::Settling { stop, .. } | TaskState::Merging { stop, .. } => {
                *stop = Some(reason);
                None
            }
            TaskState::Waiting
            | TaskState::Ready
            | TaskState::Backoff { .. }
            | TaskState::Settled { .. }
            | TaskState::Queued { .. }
            | TaskState::Done(_)
            | TaskState::Failed(_)
            | TaskState::Blocked(_)
            | TaskState::Cancelled => None,
        };
        self.tasks.set(&self.plan, task, state);
        if let Some(attempt) = attempt
            && !fault::active(Fault::ForgetStop)
        {
            answer.effects.push(Effect::Stop {
                task,
                attempt,
                reason,
            });
        }
    }

    /// Stops the gates of the candidate.
    pub(super) fn stop_gates(&mut self, reason: StopReason, answer: &mut Answer) {
        if let Some(candidate) = &mut self.queue.candidate {
            candidate.stop = Some(reason);
            answer.effects.push(Effect::StopGate {
                candidate: candidate.no,
            });
        }
    }
}
