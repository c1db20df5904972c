//! The run machine itself: one event in, effects out.
//!
//! A step judges the event (`legal`, which cannot change anything), applies it (one file per noun), lets the time that
//! came with it take effect, starts what may start, and finds out whether the run is over. Knows no clock and no IO.

mod command;
mod legal;
mod merge;
mod time;
mod worker;

pub use legal::Illegal;

use std::sync::Arc;

use swarm_mailbox::id::{AttemptNo, CommitId};

use crate::budget::Budget;
use crate::effect::{Effect, Ending, Setback, SuspendReason};
use crate::event::{Event, EventKind, Timestamp};
use crate::fault::{self, Fault};
use crate::merge_queue::MergeQueue;
use crate::plan::{Limits, Plan, TaskIx};
use crate::retry::{self, Next};
use crate::state::{BlockReason, CancelCause, Mode, TaskState};
use crate::tasks::Tasks;

/// One execution of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    pub(crate) plan: Arc<Plan>,
    pub(crate) limits: Limits,
    pub(crate) mode: Mode,
    pub(crate) now: Timestamp,
    /// The integration branch's commit; none before `Started`.
    pub(crate) tip: Option<CommitId>,
    /// When the run's own time is over.
    pub(crate) deadline: Option<Timestamp>,
    pub(crate) tasks: Tasks,
    pub(crate) queue: MergeQueue,
    pub(crate) budget: Budget,
    /// The time of the last `WakeAt`.
    pub(crate) wake: Option<Timestamp>,
}

/// What a step brings forth.
#[derive(Default)]
struct Answer {
    effects: Vec<Effect>,
    /// A task failed, or was blocked by a conflict, in this step.
    failed: bool,
}

impl Run {
    /// A run of `plan` that waits for its `Started`. Slots and batch are at least 1, whatever `limits` says.
    #[must_use]
    pub fn new(plan: Plan, mut limits: Limits) -> Self {
        limits.slots = limits.slots.max(1);
        limits.batch = limits.batch.max(1);
        Self {
            mode: Mode::NotStarted,
            now: Timestamp(0),
            tip: None,
            deadline: None,
            tasks: Tasks::new(&plan),
            queue: MergeQueue::default(),
            budget: Budget::new(limits.budget),
            wake: None,
            plan: Arc::new(plan),
            limits,
        }
    }

    /// Takes what happened and answers with what is to be done now, in this order.
    ///
    /// The answer to `Resumed` is the whole of [`Run::outstanding`], new starts included, since whoever performed the
    /// effects before may have died with them: performing exactly the answer is right after a suspension and after a
    /// crash in any state. An active, paused or suspending run is active again; a cancelled one stays cancelled.
    ///
    /// # Errors
    /// [`Illegal`] says why the event cannot happen now; the run is unchanged.
    pub fn step(&mut self, event: Event) -> Result<Vec<Effect>, Illegal> {
        if fault::active(Fault::JudgeTooLate) {
            self.now = event.at;
        }
        legal::check(self, &event)?;
        let resumed = event.kind == EventKind::Resumed;
        let mut answer = Answer::default();
        self.now = event.at;
        self.apply(event.kind, &mut answer);
        self.elapse(&mut answer);
        if answer.failed && self.limits.fail_fast {
            self.cancel_all(CancelCause::FailFast, &mut answer);
        }
        self.advance(&mut answer);
        self.conclude(&mut answer);
        self.announce(&mut answer);
        Ok(if resumed {
            self.outstanding()
        } else {
            answer.effects
        })
    }

    fn apply(&mut self, kind: EventKind, answer: &mut Answer) {
        match kind {
            EventKind::Started { tip } => self.start(Some(tip)),
            EventKind::Resumed => self.start(None),
            EventKind::WorkerStarted { task, attempt: _ } => self.worker_started(task),
            EventKind::WorkerEnded {
                task,
                attempt,
                end,
                spent,
            } => {
                self.worker_ended(task, attempt, end, spent, answer);
            }
            EventKind::Settled {
                task,
                attempt,
                head,
            } => self.settled(task, attempt, head, answer),
            EventKind::Checked {
                task,
                attempt: _,
                verdict,
            } => self.checked(task, verdict, answer),
            EventKind::CandidateBuilt {
                candidate: _,
                commit,
                conflicts,
            } => {
                self.candidate_built(commit, &conflicts, answer);
            }
            EventKind::CandidateGated {
                candidate: _,
                verdict,
            } => self.candidate_gated(verdict, answer),
            EventKind::TipMoved { candidate: _ } => self.tip_moved(answer),
            EventKind::TipRefused { candidate: _, tip } => self.tip_refused(tip, answer),
            // The timer that led to this tick is used up, so the next time is announced even if it is the same.
            EventKind::Tick => self.wake = None,
            EventKind::Command(command) => self.command(command, answer),
        }
    }

    fn start(&mut self, tip: Option<CommitId>) {
        if tip.is_some() {
            self.tip = tip;
        }
        self.deadline = self.limits.timeout.map(|span| self.now.plus(span));
        self.mode = match self.mode {
            Mode::NotStarted | Mode::Active | Mode::Paused | Mode::Suspending { .. } => {
                Mode::Active
            }
            Mode::Over(Ending::Complete | Ending::Suspended(_)) => Mode::Active,
            Mode::Over(Ending::Cancelled) => Mode::Cancelling {
                cause: CancelCause::Asked,
            },
            Mode::Cancelling { cause } => Mode::Cancelling { cause },
        };
    }

    /// Starts whatever may start now.
    fn advance(&mut self, answer: &mut Answer) {
        match self.mode {
            Mode::Active => {
                self.start_checks(answer);
                self.advance_candidate(answer);
                self.start_tasks(answer);
            }
            Mode::Paused => {
                self.start_checks(answer);
                self.advance_candidate(answer);
            }
            Mode::Suspending { .. } if fault::active(Fault::StartInSuspension) => {
                self.start_tasks(answer);
            }
            Mode::NotStarted
            | Mode::Suspending { .. }
            | Mode::Cancelling { .. }
            | Mode::Over(_) => {}
        }
    }

    fn start_tasks(&mut self, answer: &mut Answer) {
        let extra = u32::from(fault::active(Fault::OneSlotTooMany));
        while self.tasks.slots().used() < self.limits.slots + extra
            && (!self.budget.is_used_up() || fault::active(Fault::IgnoreBudget))
            && let Some(task) = self.tasks.slots().next()
            && let Some(from) = self.tip.clone()
        {
            let history = self.tasks.history(task);
            let attempt = history.attempt.map_or(AttemptNo::FIRST, AttemptNo::next);
            let setback = *history.setback;
            if !fault::active(Fault::ReuseAttempt) || history.attempt.is_none() {
                *history.attempt = Some(attempt);
            }
            let attempt = history.attempt.unwrap_or(attempt);
            let state = TaskState::Running {
                attempt,
                from: from.clone(),
                started: None,
                deadline: None,
                stop: None,
            };
            self.tasks.set(&self.plan, task, state);
            answer.effects.push(Effect::Spawn {
                task,
                attempt,
                from,
                setback,
            });
        }
    }

    /// Finds out whether the run is over.
    fn conclude(&mut self, answer: &mut Answer) {
        if self.tasks.in_flight() > 0 || self.queue.is_in_flight() {
            return;
        }
        let ended = self.tasks.all_ended();
        let ending = match self.mode {
            Mode::NotStarted | Mode::Over(_) => return,
            Mode::Cancelling {
                cause: CancelCause::Asked,
            } => Ending::Cancelled,
            Mode::Cancelling {
                cause: CancelCause::FailFast,
            } => Ending::Complete,
            Mode::Active | Mode::Paused | Mode::Suspending { .. } if ended => Ending::Complete,
            Mode::Suspending { reason, stop_at: _ } => Ending::Suspended(reason),
            Mode::Active | Mode::Paused if self.budget.is_used_up() => {
                Ending::Suspended(SuspendReason::Budget)
            }
            // Something waits for the user's word or for the end of a pause.
            Mode::Active | Mode::Paused => return,
        };
        self.mode = Mode::Over(ending);
        answer.effects.push(Effect::Finish(ending));
        if fault::active(Fault::FinishTwice) {
            answer.effects.push(Effect::Finish(ending));
        }
    }

    /// Ends a task: its dependants become ready or blocked, its worktree may go.
    fn end(&mut self, task: TaskIx, state: TaskState, answer: &mut Answer) {
        answer.failed |= matches!(
            state,
            TaskState::Failed(_) | TaskState::Blocked(BlockReason::Conflict)
        );
        self.tasks.set(&self.plan, task, state);
        self.tasks.spread(&self.plan, task);
        if let Some(attempt) = self.tasks.get(task).attempt {
            answer.effects.push(Effect::Retire { task, attempt });
        }
    }

    /// Gives a task another try, or ends it where its tries are used up.
    fn set_back(&mut self, task: TaskIx, setback: Setback, answer: &mut Answer) {
        let retries = self.plan.task(task).retries;
        let history = self.tasks.history(task);
        *history.setback = Some(setback);
        match retry::after(setback, history.tally, retries, &self.limits) {
            Next::Now => self.tasks.set(&self.plan, task, TaskState::Ready),
            Next::After(pause) => {
                self.tasks.set(
                    &self.plan,
                    task,
                    TaskState::Backoff {
                        until: self.now.plus(pause).plus(fault::hidden()),
                    },
                );
            }
            Next::Fail(reason) => self.end(task, TaskState::Failed(reason), answer),
            Next::Conflict => self.end(task, TaskState::Blocked(BlockReason::Conflict), answer),
        }
    }
}

#[cfg(test)]
mod tests;
