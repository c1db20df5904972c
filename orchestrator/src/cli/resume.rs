//! `swarm resume`: goes on with a run that was stopped or crashed.
//!
//! Knows nothing of what has to be done again; the journal tells the engine.

use super::Context;
use super::args::ResumeArgs;
use super::drive;
use super::run::millis;
use crate::engine::{Engine, Words, World, look};
use crate::error::{CommandError, ExitStatus};
use crate::report::status::{RunState, RunStatus};
use crate::rundir::RunDir;

/// Goes on with a run.
///
/// # Errors
/// There is no such run, somebody drives it, it is over, or its environment is in the way.
pub fn run(context: &Context, args: &ResumeArgs) -> Result<ExitStatus, CommandError> {
    let repo = context.repo()?;
    let dir = match &args.run {
        Some(run) => RunDir::find(repo.common_dir(), Some(run))?,
        None => newest(RunDir::list(repo.common_dir())?)?,
    };
    going_on(&dir)?;
    take_over(context, dir, &Words::default(), args.grace)
}

/// How a run stands that is not over.
///
/// # Errors
/// It is over, or it cannot be read.
pub(super) fn going_on(dir: &RunDir) -> Result<RunStatus, CommandError> {
    let status = look::status(dir)?;
    let run = dir.run();
    if status.head.state == RunState::Ended {
        return Err(CommandError::usage(format!("run {run} is over"))
            .hint(format!("`swarm status {run}` shows how it ended"))
            .hint(format!(
                "`swarm retry TASK --run {run}` gives a failed task another set of tries"
            )));
    }
    Ok(status)
}

/// Takes a run over and drives it to its end.
pub(super) fn take_over(
    context: &Context,
    dir: RunDir,
    words: &Words,
    grace: Option<std::time::Duration>,
) -> Result<ExitStatus, CommandError> {
    let settings = context.settings(&[])?;
    let grace = millis(grace.unwrap_or(settings.grace));
    let world = World {
        repo: context.repo()?,
        settings,
        exe: drive::this_program()?,
    };
    let engine = Engine::resume(world, dir, grace, words)?;
    drive::to_the_end(context, engine, None)
}

/// The newest run that stands still, else the newest that is not known to be over: who drives that one, or why it cannot
/// be read, is told by the engine.
fn newest(runs: Vec<RunDir>) -> Result<RunDir, CommandError> {
    let nothing = || {
        CommandError::usage("no run of this repository can be resumed")
            .hint("`swarm runs` lists them all")
    };
    let mut refused = None;
    for dir in runs.into_iter().rev() {
        match look::status(&dir).map(|status| status.head.state) {
            Ok(RunState::Suspended | RunState::Crashed) => return Ok(dir),
            Ok(RunState::Running | RunState::Paused) | Err(_) => {
                refused.get_or_insert(dir);
            }
            Ok(RunState::Ended) => {}
        }
    }
    refused.ok_or_else(nothing)
}
