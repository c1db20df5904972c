//! `swarm stop`, `pause`, `unpause`, `cancel` and `retry`: a word of the user to a run.
//!
//! Where an engine drives the run, the word goes to its mailbox. Where none does, this process takes the run over for as
//! long as the word needs it.

use swarm_mailbox::wire::message::Command as Wire;
use swarm_run::event::{Command, EventKind, Millis};
use swarm_run::plan::TaskIx;

use super::Context;
use super::args::{CancelArgs, PauseArgs, RetryArgs, StopArgs, UnpauseArgs};
use super::resume::{going_on, take_over};
use super::run::millis;
use crate::engine::{Words, look};
use crate::error::{CommandError, ExitStatus};
use crate::report::Outcome;
use crate::report::status::{RunState, TaskState};
use crate::rundir::RunDir;
use swarm_mailbox::id::TaskId;

/// Stops a run, or ends it for good.
///
/// # Errors
/// There is no such run, or it cannot be reached.
pub fn stop(context: &Context, args: &StopArgs) -> Result<ExitStatus, CommandError> {
    let dir = find(context, args.run.as_deref())?;
    let grace = millis(args.grace.unwrap_or(context.settings(&[])?.grace));
    let (wire, word) = if args.cancel {
        (Wire::Cancel, Command::Cancel)
    } else {
        (
            Wire::Suspend { grace_ms: grace.0 },
            Command::Suspend { grace },
        )
    };
    if tell(context, &dir, wire)? {
        return Ok(ExitStatus::Success);
    }
    if going_on(&dir)?.head.state == RunState::Suspended && !args.cancel {
        context
            .terminal
            .note(&format!("run {} stands still already", dir.run()));
        return Ok(ExitStatus::Success);
    }
    // What still runs of it is taken over and stopped.
    let words = Words {
        before: Vec::new(),
        after: vec![EventKind::Command(word)],
    };
    take_over(context, dir, &words, None)?;
    Ok(ExitStatus::Success)
}

/// Lets nothing new start.
///
/// # Errors
/// As [`stop`]; a run that nobody drives stands still anyway.
pub fn pause(context: &Context, args: &PauseArgs) -> Result<ExitStatus, CommandError> {
    driven(context, args.run.as_deref(), Wire::Pause)
}

/// Takes a pause back.
///
/// # Errors
/// As [`pause`].
pub fn unpause(context: &Context, args: &UnpauseArgs) -> Result<ExitStatus, CommandError> {
    driven(context, args.run.as_deref(), Wire::Unpause)
}

/// Ends one task for good.
///
/// # Errors
/// As [`stop`], or the run has no such task.
pub fn cancel(context: &Context, args: &CancelArgs) -> Result<ExitStatus, CommandError> {
    let dir = find(context, args.run.as_deref())?;
    let (task, state) = task_of(&dir, &args.task)?;
    if let TaskState::Ended(outcome) = state {
        let (task, how) = (&args.task, outcome.word());
        return Err(CommandError::usage(format!(
            "task '{task}' has ended already: {how}"
        )));
    }
    let wire = Wire::CancelTask {
        task: args.task.clone(),
    };
    if tell(context, &dir, wire)? {
        return Ok(ExitStatus::Success);
    }
    let suspend = Command::Suspend { grace: Millis(0) };
    let words = Words {
        before: vec![EventKind::Command(Command::CancelTask { task })],
        after: vec![EventKind::Command(suspend)],
    };
    take_over(context, dir, &words, None)?;
    Ok(ExitStatus::Success)
}

/// Gives a task another set of tries. Where nobody drives the run, this process does from here on.
///
/// # Errors
/// As [`cancel`].
pub fn retry(context: &Context, args: &RetryArgs) -> Result<ExitStatus, CommandError> {
    let dir = find(context, args.run.as_deref())?;
    let (task, state) = task_of(&dir, &args.task)?;
    let broken = [Outcome::Failed, Outcome::Blocked, Outcome::Cancelled];
    if !broken.map(TaskState::Ended).contains(&state) {
        let (task, how) = (&args.task, state.word());
        return Err(CommandError::usage(format!(
            "there is nothing to try again: task '{task}' is in state '{how}'"
        )));
    }
    let wire = Wire::Retry {
        task: args.task.clone(),
    };
    if tell(context, &dir, wire)? {
        return Ok(ExitStatus::Success);
    }
    let words = Words {
        before: vec![EventKind::Command(Command::Retry { task })],
        after: Vec::new(),
    };
    take_over(context, dir, &words, None)
}

fn find(context: &Context, run: Option<&str>) -> Result<RunDir, CommandError> {
    Ok(RunDir::find(context.repo()?.common_dir(), run)?)
}

/// Sends `word` to the engine that drives the run; `false` where none does.
fn tell(context: &Context, dir: &RunDir, word: Wire) -> Result<bool, CommandError> {
    let Some(owner) = look::driver(dir)? else {
        return Ok(false);
    };
    look::say(dir, word)?;
    let note = format!("told run {} (process {})", dir.run(), owner.pid);
    context.terminal.note(&note);
    Ok(true)
}

fn driven(context: &Context, run: Option<&str>, word: Wire) -> Result<ExitStatus, CommandError> {
    let dir = find(context, run)?;
    if tell(context, &dir, word)? {
        return Ok(ExitStatus::Success);
    }
    let run = dir.run();
    Err(
        CommandError::usage(format!("nobody drives run {run}: it stands still"))
            .hint(format!("`swarm resume {run}` goes on with it")),
    )
}

/// The place of a task in the plan of its run, and where it stands.
fn task_of(dir: &RunDir, task: &TaskId) -> Result<(TaskIx, TaskState), CommandError> {
    let tasks = look::status(dir)?.tasks;
    let place = tasks.iter().position(|status| status.task == *task);
    place
        .and_then(|place| Some((TaskIx(u32::try_from(place).ok()?), tasks.get(place)?.state)))
        .ok_or_else(|| {
            let run = dir.run();
            CommandError::usage(format!("run {run} has no task '{task}'"))
                .hint(format!("`swarm status {run}` lists them"))
        })
}
