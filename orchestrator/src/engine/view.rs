//! A run as people want to see it: who is at work now, how each task stands, and the summary at the end.
//!
//! Knows nothing of how it is shown.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use swarm_mailbox::id::{AgentName, AttemptNo, TaskId};
use swarm_mailbox::process::Owner;
use swarm_run::Run;
use swarm_run::effect::{Ending, SuspendReason};
use swarm_run::event::Timestamp;
use swarm_run::plan::TaskIx;
use swarm_run::state::{self, BlockReason, Mode, TaskState};
use swarm_worker::StateDir;

use super::agent;
use super::chronicle::Chronicle;
use super::context::integration_branch;
use super::driver::Driven;
use super::findings;
use super::story::fail_words;
use crate::journal::entry::Opening;
use crate::launch::Presence;
use crate::planfile::PlanFile;
use crate::report::status::{self, RunHead, RunState, RunStatus, TaskStatus};
use crate::report::summary::{RunOutcome, Summary, TaskSummary};
use crate::report::{Counts, Outcome, Phase, RunView, Running};
use crate::rundir::RunDir;

/// As much of a log's end as can hold its last line.
const TAIL_BYTES: u64 = 2048;

/// A run to be looked at, live or replayed.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) dir: &'a RunDir,
    pub(super) file: &'a PlanFile,
    pub(super) run: &'a Run,
    pub(super) chronicle: &'a Chronicle,
}

impl<'a> View<'a> {
    pub(super) fn id(&self, task: TaskIx) -> &'a TaskId {
        &self.file.tasks[task.index()].id
    }

    /// How the run stands at `at`.
    pub(super) fn now(&self, at: Timestamp) -> RunView {
        let places = self.run.plan().places();
        let mut running: Vec<Running> = places.filter_map(|task| self.running(task)).collect();
        running.sort_by_key(|task| task.since);
        RunView {
            at,
            counts: self.counts(),
            running,
        }
    }

    fn running(&self, task: TaskIx) -> Option<Running> {
        let record = self.run.task(task);
        let phase = phase(&record.state)?;
        let attempt = record.attempt.filter(|_| is_active(phase))?;
        Some(Running {
            task: self.id(task).clone(),
            attempt,
            phase,
            since: self.chronicle.tale(task).since,
            last_line: self.last_line(task, attempt, phase).unwrap_or_default(),
        })
    }

    /// The newest line of output of whatever works for the task now.
    fn last_line(&self, task: TaskIx, attempt: AttemptNo, phase: Phase) -> Option<String> {
        let agent = self.agent(task, attempt, phase)?;
        tail(&StateDir::new(&self.dir.worker(&agent)).output())
    }

    /// Who works for the task now.
    fn agent(&self, task: TaskIx, attempt: AttemptNo, phase: Phase) -> Option<AgentName> {
        match phase {
            Phase::Working => agent::worker(self.id(task), attempt).ok(),
            Phase::Gates => agent::checker(self.id(task), attempt).ok(),
            Phase::Waiting
            | Phase::BackingOff
            | Phase::Committing
            | Phase::Queued
            | Phase::Merging => None,
        }
    }

    /// Where everything stands when an engine ends.
    pub(super) fn summary(&self, driven: &Driven) -> Summary {
        let outcome = match driven {
            Driven::Ended(Ending::Complete) => RunOutcome::Complete,
            Driven::Ended(Ending::Cancelled) => RunOutcome::Cancelled,
            Driven::Ended(Ending::Suspended(SuspendReason::Asked)) => RunOutcome::Suspended,
            Driven::Ended(Ending::Suspended(SuspendReason::Budget)) => RunOutcome::Budget,
            Driven::Ended(Ending::Suspended(SuspendReason::TimedOut)) => RunOutcome::TimedOut,
            Driven::Detached => RunOutcome::Detached,
            Driven::Broken(_) => RunOutcome::Broken,
        };
        let places = self.run.plan().places();
        let tasks = places.map(|task| self.task_summary(task)).collect();
        let millis = self.chronicle.span_millis();
        Summary::new(self.dir.run().clone(), outcome, millis, tasks)
    }

    fn task_summary(&self, task: TaskIx) -> TaskSummary {
        let record = self.run.task(task);
        let item = &self.file.tasks[task.index()];
        let (outcome, why) = self.outcome(task);
        TaskSummary {
            task: item.id.clone(),
            title: item.title.clone(),
            outcome: outcome.unwrap_or(Outcome::Unfinished),
            attempts: record.attempt.map_or(0, |attempt| attempt.0),
            millis: self.total_millis(task),
            commit: self.chronicle.tale(task).head.clone(),
            findings: findings::count(self.dir, &item.id, record.attempt),
            why,
        }
    }

    /// From the start of the first try to the outcome, or to the run's last event.
    fn total_millis(&self, task: TaskIx) -> u64 {
        let tale = self.chronicle.tale(task);
        tale.began.map_or(0, |began| {
            let end = tale.ended.unwrap_or(self.run.now());
            end.0.saturating_sub(began.0)
        })
    }

    /// How a task ended, if it did, and why it did not end well.
    fn outcome(&self, task: TaskIx) -> (Option<Outcome>, Option<String>) {
        let (outcome, why) = match &self.run.task(task).state {
            TaskState::Done(state::Outcome::Merged(_)) => (Outcome::Merged, None),
            TaskState::Done(state::Outcome::Unchanged) => (Outcome::Unchanged, None),
            TaskState::Done(state::Outcome::Before) => (Outcome::Done, None),
            TaskState::Failed(reason) => (Outcome::Failed, Some(fail_words(*reason).to_owned())),
            TaskState::Blocked(BlockReason::Dependency(by)) => {
                (Outcome::Blocked, Some(format!("needs {}", self.id(*by))))
            }
            TaskState::Blocked(BlockReason::Conflict) => {
                (Outcome::Blocked, Some("conflicts with the tip".to_owned()))
            }
            TaskState::Cancelled => (Outcome::Cancelled, None),
            TaskState::Waiting
            | TaskState::Ready
            | TaskState::Backoff { .. }
            | TaskState::Running { .. }
            | TaskState::Settling { .. }
            | TaskState::Settled { .. }
            | TaskState::Checking { .. }
            | TaskState::Queued { .. }
            | TaskState::Merging { .. } => return (None, None),
        };
        (Some(outcome), why)
    }

    /// The run and all its tasks, as `swarm status` shows them; `driver` is the engine, if there is one.
    pub(super) fn status(
        &self,
        opening: &Opening,
        driver: Option<&Owner>,
        now: Timestamp,
    ) -> RunStatus {
        let end = if driver.is_some() {
            now
        } else {
            self.run.now()
        };
        let started = self.chronicle.began().unwrap_or(now);
        let head = RunHead {
            run: self.dir.run().clone(),
            state: self.state(driver.is_some()),
            pid: driver.map(|owner| owner.pid),
            plan: opening.plan_name.clone(),
            started: moment(started),
            millis: end.0.saturating_sub(started.0),
            integration: integration_branch(self.dir.run()),
            into: opening.into.clone(),
            counts: self.counts(),
        };
        let places = self.run.plan().places();
        let tasks = places.map(|task| self.task_status(task, end)).collect();
        RunStatus { head, tasks }
    }

    fn state(&self, is_driven: bool) -> RunState {
        match self.run.mode() {
            Mode::Paused if is_driven => RunState::Paused,
            _ if is_driven => RunState::Running,
            Mode::Over(Ending::Complete | Ending::Cancelled) => RunState::Ended,
            Mode::Over(Ending::Suspended(_)) => RunState::Suspended,
            Mode::NotStarted
            | Mode::Active
            | Mode::Paused
            | Mode::Suspending { .. }
            | Mode::Cancelling { .. } => RunState::Crashed,
        }
    }

    fn task_status(&self, task: TaskIx, now: Timestamp) -> TaskStatus {
        let record = self.run.task(task);
        let item = &self.file.tasks[task.index()];
        let (outcome, why) = self.outcome(task);
        let at = phase(&record.state);
        let work = record.attempt.zip(at.filter(|at| is_active(*at)));
        let agent = work.and_then(|(attempt, at)| self.agent(task, attempt, at));
        let state_dir = agent.map(|agent| StateDir::new(&self.dir.worker(&agent)));
        let since = self.chronicle.tale(task).since;
        TaskStatus {
            task: item.id.clone(),
            title: item.title.clone(),
            state: match (outcome, at) {
                (Some(outcome), _) => status::TaskState::Ended(outcome),
                (None, at) => status::TaskState::At(at.unwrap_or(Phase::Waiting)),
            },
            attempt: record.attempt,
            pid: state_dir.as_ref().and_then(alive),
            millis: if outcome.is_some() {
                self.total_millis(task)
            } else {
                now.0.saturating_sub(since.0)
            },
            commit: self.chronicle.tale(task).head.clone(),
            why: why.or_else(|| self.waits_for(task)),
            last_line: state_dir.and_then(|dir| tail(&dir.output())),
        }
    }

    /// What a task that waits waits for.
    fn waits_for(&self, task: TaskIx) -> Option<String> {
        if self.run.task(task).state != TaskState::Waiting {
            return None;
        }
        let unmet = self
            .run
            .plan()
            .task(task)
            .needs
            .iter()
            .filter(|need| !matches!(self.run.task(**need).state, TaskState::Done(_)));
        let names: Vec<&str> = unmet.map(|need| self.id(*need).as_str()).collect();
        Some(format!("needs {}", names.join(", ")))
    }

    fn counts(&self) -> Counts {
        let counts = self.run.counts();
        let of = |phases: &[state::Phase]| phases.iter().map(|phase| counts.of_phase(*phase)).sum();
        Counts {
            merged: of(&[state::Phase::Done]),
            failed: of(&[state::Phase::Failed]),
            blocked: of(&[state::Phase::Blocked]),
            cancelled: of(&[state::Phase::Cancelled]),
            running: of(&[
                state::Phase::Running,
                state::Phase::Settling,
                state::Phase::Settled,
                state::Phase::Checking,
                state::Phase::Queued,
                state::Phase::Merging,
            ]),
            waiting: of(&[
                state::Phase::Waiting,
                state::Phase::Ready,
                state::Phase::Backoff,
            ]),
        }
    }
}

/// Whether something is being done for a task in this phase.
fn is_active(phase: Phase) -> bool {
    !matches!(phase, Phase::Waiting | Phase::BackingOff | Phase::Queued)
}

/// The process that works in this state directory.
fn alive(dir: &StateDir) -> Option<u32> {
    match Presence::of(dir) {
        Ok(Presence::Alive(owner)) => Some(owner.pid),
        Ok(Presence::Never | Presence::Ended) | Err(_) => None,
    }
}

/// A time of the run machine as a time of the calendar.
fn moment(at: Timestamp) -> jiff::Timestamp {
    i64::try_from(at.0)
        .ok()
        .and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok())
        .unwrap_or(jiff::Timestamp::MAX)
}

/// Where a task without an outcome is.
fn phase(state: &TaskState) -> Option<Phase> {
    Some(match state {
        TaskState::Waiting | TaskState::Ready => Phase::Waiting,
        TaskState::Backoff { .. } => Phase::BackingOff,
        TaskState::Running { .. } => Phase::Working,
        TaskState::Settling { .. } => Phase::Committing,
        TaskState::Settled { .. } | TaskState::Checking { .. } => Phase::Gates,
        TaskState::Queued { .. } => Phase::Queued,
        TaskState::Merging { .. } => Phase::Merging,
        TaskState::Done(_)
        | TaskState::Failed(_)
        | TaskState::Blocked(_)
        | TaskState::Cancelled => return None,
    })
}

fn tail(path: &Path) -> Option<String> {
    let mut file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))
        .ok()?;
    let mut bytes = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let line = text.lines().rev().find(|line| !line.trim().is_empty())?;
    Some(line.to_owned())
}
