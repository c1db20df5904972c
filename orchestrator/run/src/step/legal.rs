//! Which events may happen now. Takes the run by shared reference, so judging cannot change anything.
//!
//! Knows which answers are owed, not what follows from them.

use swarm_mailbox::id::{AttemptNo, CommitId};

use crate::effect::{Ending, StopReason};
use crate::event::{CandidateNo, Command, Event, EventKind, Timestamp};
use crate::fault::{self, Fault};
use crate::merge_queue::{Candidate, Stage};
use crate::plan::TaskIx;
use crate::state::{Mode, Phase, TaskState};
use crate::step::Run;
use crate::tasks::TaskRecord;

/// Says why `event` cannot happen to `run` now, if it cannot.
pub(crate) fn check(run: &Run, event: &Event) -> Result<(), Illegal> {
    if event.at < run.now && !fault::active(Fault::LetTimeGoBack) {
        return Err(Illegal::TimeWentBack {
            at: event.at,
            now: run.now,
        });
    }
    match (run.mode, &event.kind) {
        (Mode::NotStarted, EventKind::Started { tip: _ }) => return Ok(()),
        (Mode::NotStarted, _) => return Err(Illegal::NotStarted),
        (_, EventKind::Started { tip: _ }) => return Err(Illegal::AlreadyStarted),
        (_, EventKind::Resumed) => return Ok(()),
        (_, EventKind::Command(command)) => return check_command(run, command),
        (Mode::Over(ending), _) => return Err(Illegal::Over { ending }),
        (Mode::Active | Mode::Paused | Mode::Suspending { .. } | Mode::Cancelling { .. }, _) => {}
    }
    check_answer(run, &event.kind)
}

fn check_answer(run: &Run, kind: &EventKind) -> Result<(), Illegal> {
    match kind {
        EventKind::WorkerStarted { task, attempt } => {
            let record = expect_attempt(run, *task, *attempt, Phase::Running)?;
            if matches!(
                record.state,
                TaskState::Running {
                    started: Some(_),
                    ..
                }
            ) {
                return Err(Illegal::WrongState {
                    task: *task,
                    phase: Phase::Running,
                });
            }
            Ok(())
        }
        EventKind::WorkerEnded {
            task,
            attempt,
            end: _,
            spent: _,
        } => expect_attempt(run, *task, *attempt, Phase::Running).map(drop),
        EventKind::Settled {
            task,
            attempt,
            head: _,
        } => expect_attempt(run, *task, *attempt, Phase::Settling).map(drop),
        EventKind::Checked {
            task,
            attempt,
            verdict: _,
        } => expect_attempt(run, *task, *attempt, Phase::Checking).map(drop),
        EventKind::CandidateBuilt {
            candidate,
            commit,
            conflicts,
        } => {
            let built =
                expect_candidate(run, *candidate, |stage| matches!(stage, Stage::Building))?;
            check_built(built, commit.as_ref(), conflicts)
        }
        EventKind::CandidateGated {
            candidate,
            verdict: _,
        } => expect_candidate(run, *candidate, |stage| matches!(stage, Stage::Gating(_))).map(drop),
        EventKind::TipMoved { candidate } | EventKind::TipRefused { candidate, tip: _ } => {
            expect_candidate(run, *candidate, |stage| matches!(stage, Stage::Moving(_))).map(drop)
        }
        EventKind::Tick => Ok(()),
        // These were judged before anything else.
        EventKind::Started { .. } | EventKind::Resumed | EventKind::Command(_) => Ok(()),
    }
}

fn expect_attempt(
    run: &Run,
    task: TaskIx,
    attempt: AttemptNo,
    phase: Phase,
) -> Result<&TaskRecord, Illegal> {
    let record = find(run, task)?;
    if record.attempt != Some(attempt) && !fault::active(Fault::TakeStaleAttempts) {
        return Err(Illegal::StaleAttempt {
            task,
            attempt,
            latest: record.attempt,
        });
    }
    if record.state.phase() != phase {
        return Err(Illegal::WrongState {
            task,
            phase: record.state.phase(),
        });
    }
    Ok(record)
}

fn expect_candidate(
    run: &Run,
    no: CandidateNo,
    fits: fn(&Stage) -> bool,
) -> Result<&Candidate, Illegal> {
    match &run.queue.candidate {
        Some(candidate) if candidate.no == no && fits(&candidate.stage) => Ok(candidate),
        Some(_) | None => Err(Illegal::StaleCandidate { candidate: no }),
    }
}

/// A merge must say what became of each head: in the commit, or in conflict.
fn check_built(
    candidate: &Candidate,
    commit: Option<&CommitId>,
    conflicts: &[TaskIx],
) -> Result<(), Illegal> {
    let tasks = candidate.tasks();
    let mut left = tasks.clone();
    left.retain(|task| !conflicts.contains(task));
    let known = conflicts.iter().all(|task| tasks.contains(task));
    if known && left.is_empty() == commit.is_none() {
        Ok(())
    } else {
        Err(Illegal::WrongAnswer {
            candidate: candidate.no,
        })
    }
}

fn check_command(run: &Run, command: &Command) -> Result<(), Illegal> {
    let mode = run.mode;
    let refused = Err(Illegal::WrongMode { mode });
    match command {
        Command::Pause => match mode {
            Mode::Active => Ok(()),
            Mode::NotStarted
            | Mode::Paused
            | Mode::Suspending { .. }
            | Mode::Cancelling { .. }
            | Mode::Over(_) => refused,
        },
        Command::Unpause => match mode {
            Mode::Paused => Ok(()),
            Mode::NotStarted
            | Mode::Active
            | Mode::Suspending { .. }
            | Mode::Cancelling { .. }
            | Mode::Over(_) => refused,
        },
        Command::Suspend { grace: _ } => match mode {
            Mode::Active | Mode::Paused | Mode::Suspending { .. } => Ok(()),
            Mode::NotStarted | Mode::Cancelling { .. } | Mode::Over(_) => refused,
        },
        Command::Cancel => match mode {
            Mode::Active
            | Mode::Paused
            | Mode::Suspending { .. }
            | Mode::Over(Ending::Suspended(_)) => Ok(()),
            Mode::NotStarted
            | Mode::Cancelling { .. }
            | Mode::Over(Ending::Complete | Ending::Cancelled) => refused,
        },
        Command::CancelTask { task } => match mode {
            Mode::Active
            | Mode::Paused
            | Mode::Suspending { .. }
            | Mode::Over(Ending::Suspended(_)) => check_cancel_task(run, *task),
            Mode::NotStarted
            | Mode::Cancelling { .. }
            | Mode::Over(Ending::Complete | Ending::Cancelled) => refused,
        },
        Command::Retry { task } => match mode {
            Mode::Active | Mode::Paused | Mode::Suspending { .. } | Mode::Over(_) => {
                check_retry(run, *task)
            }
            Mode::NotStarted | Mode::Cancelling { .. } => refused,
        },
    }
}

fn check_cancel_task(run: &Run, task: TaskIx) -> Result<(), Illegal> {
    let state = &find(run, task)?.state;
    if state.phase().is_end() || state.stop() == Some(StopReason::Cancelled) {
        return Err(Illegal::WrongState {
            task,
            phase: state.phase(),
        });
    }
    Ok(())
}

fn check_retry(run: &Run, task: TaskIx) -> Result<(), Illegal> {
    let phase = find(run, task)?.state.phase();
    if phase.is_broken() {
        Ok(())
    } else {
        Err(Illegal::WrongState { task, phase })
    }
}

fn find(run: &Run, task: TaskIx) -> Result<&TaskRecord, Illegal> {
    run.tasks
        .records()
        .get(task.index())
        .ok_or(Illegal::UnknownTask { task })
}

/// Why an event cannot happen now. It changed nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Illegal {
    /// It is older than an event that was taken already.
    #[error("the event is of {} ms, before {} ms, which the run has reached; clamp the clock", at.0, now.0)]
    TimeWentBack {
        /// The event's time.
        at: Timestamp,
        /// The run's time.
        now: Timestamp,
    },
    /// The run waits for `Started`.
    #[error("the run has not started")]
    NotStarted,
    /// A second `Started`.
    #[error("the run has started before; resume it")]
    AlreadyStarted,
    /// The run has finished and waits for nothing but `Resumed` and commands.
    #[error("the run is over ({ending:?}); resume it first")]
    Over {
        /// How it ended.
        ending: Ending,
    },
    /// The plan has no such task.
    #[error("the plan has no task number {} (from 0)", task.0)]
    UnknownTask {
        /// Its supposed place.
        task: TaskIx,
    },
    /// The event speaks of another try than the latest.
    #[error("attempt {attempt} of task number {} is not its latest", task.0)]
    StaleAttempt {
        /// Whose.
        task: TaskIx,
        /// The try that the event speaks of.
        attempt: AttemptNo,
        /// The latest try.
        latest: Option<AttemptNo>,
    },
    /// The event speaks of a candidate that is not there, or is not at this stage.
    #[error("candidate {} does not wait for this", candidate.0)]
    StaleCandidate {
        /// Which.
        candidate: CandidateNo,
    },
    /// The task does not wait for this.
    #[error("task number {} is in state {phase:?}, where this cannot happen", task.0)]
    WrongState {
        /// Which.
        task: TaskIx,
        /// Where it stands.
        phase: Phase,
    },
    /// The command makes no sense now.
    #[error("the run is in mode {mode:?}, where this cannot be asked for")]
    WrongMode {
        /// What the run is about.
        mode: Mode,
    },
    /// The merge does not say of each head whether it is in the commit or in conflict.
    #[error("the merge of candidate {} does not account for each of its heads", candidate.0)]
    WrongAnswer {
        /// Which.
        candidate: CandidateNo,
    },
}
