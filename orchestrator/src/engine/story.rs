//! The story of a run for people: what a step of the run machine means, as notices.
//!
//! Knows nothing of how a notice is shown.

use swarm_mailbox::id::AttemptNo;
use swarm_run::effect::{Effect, Ending, Setback, SuspendReason};
use swarm_run::event::{Command, Event, EventKind, Timestamp, Verdict, WorkEnd};
use swarm_run::plan::TaskIx;
use swarm_run::state::{BlockReason, FailReason, Outcome, Phase, TaskState};

use super::chronicle::Turn;
use super::findings;
use super::view::View;
use crate::report::notice::Notice;

impl View<'_> {
    /// The notices of one accepted event.
    pub(super) fn tell(&self, event: &Event, turns: &[Turn], effects: &[Effect]) -> Vec<Notice> {
        let mut notices: Vec<Notice> = self.of_event(event).into_iter().collect();
        notices.extend(self.merged(turns));
        notices.extend(
            turns
                .iter()
                .filter_map(|turn| self.of_turn(*turn, event.at)),
        );
        notices.extend(effects.iter().filter_map(|effect| self.of_effect(effect)));
        notices
    }

    fn of_event(&self, event: &Event) -> Option<Notice> {
        match &event.kind {
            EventKind::WorkerEnded {
                task, attempt, end, ..
            } => Some(Notice::TaskEnded {
                task: self.id(*task).clone(),
                attempt: *attempt,
                end: (*end).into(),
                millis: self.chronicle.tale(*task).worked_millis,
                detail: self
                    .detail(*task, *attempt)
                    .filter(|_| *end != WorkEnd::Succeeded),
            }),
            EventKind::Checked {
                task,
                attempt,
                verdict: Verdict::Passed,
            } => Some(Notice::GatesPassed {
                task: self.id(*task).clone(),
                attempt: *attempt,
            }),
            EventKind::Command(Command::Pause) => Some(Notice::Paused),
            EventKind::Command(Command::Unpause) => Some(Notice::Unpaused),
            EventKind::Command(Command::Suspend { grace }) => Some(Notice::Suspending {
                reason: SuspendReason::Asked.into(),
                grace_ms: grace.0,
            }),
            EventKind::Resumed => Some(self.resumed()),
            EventKind::Started { .. }
            | EventKind::WorkerStarted { .. }
            | EventKind::Settled { .. }
            | EventKind::Checked { .. }
            | EventKind::CandidateBuilt { .. }
            | EventKind::CandidateGated { .. }
            | EventKind::TipMoved { .. }
            | EventKind::TipRefused { .. }
            | EventKind::Tick
            | EventKind::Command(
                Command::Cancel | Command::CancelTask { .. } | Command::Retry { .. },
            ) => None,
        }
    }

    /// What the commands of an attempt failed with, in a line; none where they did not.
    fn detail(&self, task: TaskIx, attempt: AttemptNo) -> Option<String> {
        let found = findings::read(&self.dir.findings(self.id(task), attempt)).ok()?;
        let text = &found.first()?.text;
        text.lines().next().map(str::to_owned)
    }

    fn resumed(&self) -> Notice {
        let all = |wanted: fn(&TaskState) -> bool| {
            let places = self.run.plan().places();
            places
                .filter(|task| wanted(&self.run.task(*task).state))
                .map(|task| self.id(task).clone())
                .collect()
        };
        Notice::Resumed {
            adopted: all(is_under_way),
            restarted: all(|state| {
                let is_new = matches!(state, TaskState::Running { started: None, .. });
                is_new || *state == TaskState::Ready
            }),
        }
    }

    fn of_turn(&self, turn: Turn, at: Timestamp) -> Option<Notice> {
        let task = self.id(turn.task).clone();
        let record = self.run.task(turn.task);
        match &record.state {
            TaskState::Queued { .. } if turn.from != Phase::Merging => {
                Some(Notice::Queued { task })
            }
            TaskState::Backoff { until } => self.retrying(turn.task, until.0.saturating_sub(at.0)),
            // What was stopped with the whole run starts over when somebody resumes that.
            TaskState::Ready if record.setback == Some(Setback::Stopped) => None,
            TaskState::Ready if turn.from != Phase::Waiting => self.retrying(turn.task, 0),
            // A retry without a pause can start in the same step, and never be seen as ready.
            TaskState::Running { .. }
                if !matches!(turn.from, Phase::Waiting | Phase::Ready | Phase::Backoff) =>
            {
                self.retrying(turn.task, 0)
            }
            TaskState::Done(Outcome::Unchanged) => Some(Notice::Unchanged { task }),
            TaskState::Failed(reason) => Some(Notice::TaskFailed {
                hint: Some(format!("swarm logs {task}")),
                why: fail_words(*reason).to_owned(),
                task,
            }),
            TaskState::Blocked(BlockReason::Dependency(by)) => Some(Notice::Blocked {
                task,
                by: self.id(*by).clone(),
            }),
            TaskState::Blocked(BlockReason::Conflict) => Some(Notice::TaskFailed {
                hint: Some(format!("swarm diff {task}")),
                why: "it conflicts with the tip again and again".to_owned(),
                task,
            }),
            TaskState::Cancelled => Some(Notice::Cancelled { task }),
            TaskState::Waiting
            | TaskState::Ready
            | TaskState::Running { .. }
            | TaskState::Settling { .. }
            | TaskState::Settled { .. }
            | TaskState::Checking { .. }
            | TaskState::Queued { .. }
            | TaskState::Merging { .. }
            | TaskState::Done(Outcome::Merged(_) | Outcome::Before) => None,
        }
    }

    fn retrying(&self, task: TaskIx, after_ms: u64) -> Option<Notice> {
        let record = self.run.task(task);
        let running = matches!(record.state, TaskState::Running { .. });
        let newest = record.attempt.unwrap_or(AttemptNo::FIRST);
        Some(Notice::Retrying {
            task: self.id(task).clone(),
            attempt: if running { newest } else { newest.next() },
            why: record.setback?.into(),
            after_ms,
        })
    }

    fn of_effect(&self, effect: &Effect) -> Option<Notice> {
        match effect {
            Effect::Spawn {
                task,
                attempt,
                from,
                ..
            } if !self.started(*task) => Some(Notice::TaskStarted {
                task: self.id(*task).clone(),
                attempt: *attempt,
                from: from.clone(),
            }),
            Effect::Build {
                candidate, heads, ..
            } => Some(Notice::Merging {
                candidate: candidate.0,
                tasks: heads
                    .iter()
                    .map(|head| self.id(head.task).clone())
                    .collect(),
            }),
            Effect::Finish(Ending::Suspended(reason)) if *reason != SuspendReason::Asked => {
                Some(Notice::Suspending {
                    reason: (*reason).into(),
                    grace_ms: 0,
                })
            }
            Effect::Spawn { .. }
            | Effect::Stop { .. }
            | Effect::Settle { .. }
            | Effect::Check { .. }
            | Effect::Gate { .. }
            | Effect::StopGate { .. }
            | Effect::MoveTip { .. }
            | Effect::Retire { .. }
            | Effect::WakeAt { .. }
            | Effect::Finish(_) => None,
        }
    }

    /// Whether the worker of a task is known to run, so that its spawning is an adoption.
    fn started(&self, task: TaskIx) -> bool {
        matches!(
            self.run.task(task).state,
            TaskState::Running {
                started: Some(_),
                ..
            }
        )
    }

    /// What a moved tip means: which tasks are merged now.
    fn merged(&self, turns: &[Turn]) -> Option<Notice> {
        let merged = turns
            .iter()
            .filter_map(|turn| match &self.run.task(turn.task).state {
                TaskState::Done(Outcome::Merged(commit)) => {
                    Some((self.id(turn.task).clone(), commit.clone()))
                }
                _ => None,
            });
        let (tasks, commits): (Vec<_>, Vec<_>) = merged.unzip();
        let commit = commits.into_iter().next()?;
        Some(Notice::Merged { tasks, commit })
    }
}

/// Whether something was begun for a task and has not ended.
fn is_under_way(state: &TaskState) -> bool {
    let is_working = matches!(
        state,
        TaskState::Running {
            started: Some(_),
            ..
        }
    );
    is_working || matches!(state.phase(), Phase::Settling | Phase::Checking)
}

/// Why a task failed, in words.
pub(super) fn fail_words(reason: FailReason) -> &'static str {
    match reason {
        FailReason::Failed => "its command failed",
        FailReason::TimedOut => "it ran out of time",
        FailReason::Killed => "it was killed",
        FailReason::Lost => "its worker vanished again and again",
        FailReason::Gates => "a gate failed",
        FailReason::MergedGates => "the gates failed on the merged tree",
    }
}
