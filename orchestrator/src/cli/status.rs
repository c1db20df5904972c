//! `swarm status`, `ps`, `runs` and `log`: how runs stand, and what happened in one.
//!
//! Only looks.

use super::Context;
use super::args::{LogArgs, PsArgs, RunsArgs, StatusArgs};
use super::terminal::Format;
use crate::engine::look;
use crate::error::{CommandError, ExitStatus};
use crate::report::line::Clock;
use crate::report::notice::{Line, VERSION};
use crate::report::status::{RunState, RunStatus, render_ps, render_runs};
use crate::report::utc;
use crate::rundir::RunDir;

/// Shows every task of a run.
///
/// # Errors
/// There is no such run, or it cannot be read.
pub fn status(context: &Context, args: &StatusArgs) -> Result<ExitStatus, CommandError> {
    let dir = RunDir::find(context.repo()?.common_dir(), args.run.as_deref())?;
    let status = look::status(&dir)?;
    match context.terminal.format {
        Format::Json => context.terminal.print_json(&status)?,
        Format::Text => context
            .terminal
            .print(&status.render(context.terminal.columns()))?,
    }
    Ok(ExitStatus::Success)
}

/// Lists what runs now.
///
/// # Errors
/// The runs cannot be listed.
pub fn ps(context: &Context, _args: &PsArgs) -> Result<ExitStatus, CommandError> {
    let mut runs = every(context)?;
    runs.retain(|run| matches!(run.head.state, RunState::Running | RunState::Paused));
    match context.terminal.format {
        Format::Json => context.terminal.print_json(&runs)?,
        Format::Text => context
            .terminal
            .print(&render_ps(&runs, context.terminal.columns()))?,
    }
    Ok(ExitStatus::Success)
}

/// Lists the runs of the repository.
///
/// # Errors
/// The runs cannot be listed.
pub fn runs(context: &Context, _args: &RunsArgs) -> Result<ExitStatus, CommandError> {
    let heads: Vec<_> = every(context)?.into_iter().map(|run| run.head).collect();
    match context.terminal.format {
        Format::Json => context.terminal.print_json(&heads)?,
        Format::Text => context
            .terminal
            .print(&render_runs(&heads, context.terminal.columns()))?,
    }
    Ok(ExitStatus::Success)
}

/// Tells the story of a run.
///
/// # Errors
/// There is no such run, or it cannot be read.
pub fn log(context: &Context, args: &LogArgs) -> Result<ExitStatus, CommandError> {
    let dir = RunDir::find(context.repo()?.common_dir(), args.run.as_deref())?;
    let story = look::story(&dir)?;
    let layout = context.terminal.layout(&story.tasks, Clock::Shown);
    for (at, notice) in story.notices {
        match context.terminal.format {
            Format::Text => context.terminal.print(&layout.lines(at, &notice))?,
            Format::Json => context.terminal.print_json(&Line {
                v: VERSION,
                at: utc(at),
                run: dir.run().clone(),
                notice,
            })?,
        }
    }
    Ok(ExitStatus::Success)
}

/// Every run that can be read; one that cannot is warned of and hides none of the others.
fn every(context: &Context) -> Result<Vec<RunStatus>, CommandError> {
    let mut runs = Vec::new();
    for dir in RunDir::list(context.repo()?.common_dir())? {
        match look::status(&dir) {
            Ok(status) => runs.push(status),
            Err(error) => context
                .terminal
                .warn(&format!("run {}: {error}", dir.run())),
        }
    }
    Ok(runs)
}
