//! What becomes of a task on the way from its worker's start to its approval.
//!
//! Knows one task at a time; merging comes after.

use swarm_mailbox::id::{AttemptNo, CommitId};

use crate::effect::{Effect, Head, Setback, StopReason};
use crate::event::{Millis, Spent, Verdict, WorkEnd};
use crate::fault::{self, Fault};
use crate::plan::TaskIx;
use crate::state::{Outcome, TaskState};
use crate::step::{Answer, Run};

impl Run {
    /// The clock of the try begins to run with its worker.
    pub(super) fn worker_started(&mut self, task: TaskIx) {
        let TaskState::Running {
            attempt,
            from,
            stop,
            ..
        } = self.tasks.get(task).state.clone()
        else {
            return;
        };
        let span = |timeout: Millis| self.now.plus(timeout).plus(self.limits.overtime);
        let deadline = self.plan.task(task).timeout.map(span);
        let state = TaskState::Running {
            attempt,
            from,
            started: Some(self.now),
            deadline,
            stop,
        };
        self.tasks.set(&self.plan, task, state);
    }

    pub(super) fn worker_ended(
        &mut self,
        task: TaskIx,
        attempt: AttemptNo,
        end: WorkEnd,
        spent: Spent,
        answer: &mut Answer,
    ) {
        self.budget.book(spent);
        let history = self.tasks.history(task);
        *history.spent = history.spent.plus(spent);
        match judge(end, self.tasks.get(task).state.stop()) {
            Judgement::Settle => {
                self.tasks.set(
                    &self.plan,
                    task,
                    TaskState::Settling {
                        attempt,
                        stop: None,
                    },
                );
                answer.effects.push(Effect::Settle { task, attempt });
            }
            Judgement::SetBack(setback) => self.set_back(task, setback, answer),
            Judgement::Cancel => self.end(task, TaskState::Cancelled, answer),
        }
    }

    pub(super) fn settled(
        &mut self,
        task: TaskIx,
        attempt: AttemptNo,
        head: Option<CommitId>,
        answer: &mut Answer,
    ) {
        match self.tasks.get(task).state.stop() {
            None => self
                .tasks
                .set(&self.plan, task, TaskState::Settled { attempt, head }),
            Some(_) => self.end(task, TaskState::Cancelled, answer),
        }
    }

    /// Starts the gates of every task that waits for them.
    pub(super) fn start_checks(&mut self, answer: &mut Answer) {
        while let Some(task) = self.tasks.first_settled()
            && let TaskState::Settled { attempt, head } = self.tasks.get(task).state.clone()
        {
            let state = TaskState::Checking {
                attempt,
                head: head.clone(),
                stop: None,
            };
            self.tasks.set(&self.plan, task, state);
            answer.effects.push(Effect::Check {
                task,
                attempt,
                head,
            });
        }
    }

    pub(super) fn checked(&mut self, task: TaskIx, verdict: Verdict, answer: &mut Answer) {
        let TaskState::Checking {
            attempt,
            head,
            stop,
        } = self.tasks.get(task).state.clone()
        else {
            return;
        };
        if stop == Some(StopReason::Cancelled) {
            self.end(task, TaskState::Cancelled, answer);
            return;
        }
        match verdict {
            Verdict::Passed => self.approve(task, attempt, head, answer),
            Verdict::Failed if fault::active(Fault::ApproveRedBranch) => {
                self.approve(task, attempt, head, answer)
            }
            Verdict::Failed => self.set_back(task, Setback::Gates, answer),
            Verdict::Stopped if stop.is_some() || self.replace_gates(task) => {
                self.tasks
                    .set(&self.plan, task, TaskState::Settled { attempt, head });
            }
            Verdict::Stopped => self.set_back(task, Setback::Lost, answer),
        }
    }

    /// Whether gates that vanished without having been asked to stop are simply run again.
    fn replace_gates(&mut self, task: TaskIx) -> bool {
        let tally = self.tasks.history(task).tally;
        let again = tally.losses < self.limits.replacements;
        tally.losses += u32::from(again);
        again
    }

    fn approve(
        &mut self,
        task: TaskIx,
        attempt: AttemptNo,
        head: Option<CommitId>,
        answer: &mut Answer,
    ) {
        match head {
            Some(head) => {
                self.tasks.set(
                    &self.plan,
                    task,
                    TaskState::Queued {
                        attempt,
                        head: head.clone(),
                    },
                );
                self.queue.push(Head {
                    task,
                    attempt,
                    commit: head,
                });
            }
            None => self.end(task, TaskState::Done(Outcome::Unchanged), answer),
        }
    }
}

/// What the end of a worker means.
enum Judgement {
    Settle,
    SetBack(Setback),
    Cancel,
}

/// A success counts whatever was asked meanwhile, unless the task is cancelled. Any other end of a worker that was
/// stopped for its time is a timeout; of one that was suspended, what a stop brings about does not count. A worker that
/// says it was stopped when nobody asked is as good as lost.
fn judge(end: WorkEnd, stop: Option<StopReason>) -> Judgement {
    match (stop, end) {
        (Some(StopReason::Cancelled), _) => Judgement::Cancel,
        (None | Some(StopReason::TimedOut | StopReason::Suspended), WorkEnd::Succeeded) => {
            Judgement::Settle
        }
        (
            Some(StopReason::TimedOut),
            WorkEnd::Failed
            | WorkEnd::TimedOut
            | WorkEnd::Killed
            | WorkEnd::Lost
            | WorkEnd::Stopped,
        ) => Judgement::SetBack(Setback::TimedOut),
        (Some(StopReason::Suspended), WorkEnd::Killed | WorkEnd::Lost | WorkEnd::Stopped) => {
            Judgement::SetBack(Setback::Stopped)
        }
        (None | Some(StopReason::Suspended), WorkEnd::Failed) => {
            Judgement::SetBack(Setback::Failed)
        }
        (None | Some(StopReason::Suspended), WorkEnd::TimedOut) => {
            Judgement::SetBack(Setback::TimedOut)
        }
        (None, WorkEnd::Killed) => Judgement::SetBack(Setback::Killed),
        (None, WorkEnd::Lost | WorkEnd::Stopped) => Judgement::SetBack(Setback::Lost),
    }
}
