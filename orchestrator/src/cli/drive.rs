//! Driving an engine on this terminal, for the commands that do it: the reporter, the summary and the exit status.
//!
//! Knows nothing of how the engine came to be.

use std::path::PathBuf;

use super::Context;
use super::terminal::{Format, Verbosity};
use crate::engine::{Driven, Engine};
use crate::error::{CommandError, ExitStatus};
use crate::report::notice::Notice;

/// This program, which starts itself for workers.
pub(super) fn this_program() -> Result<PathBuf, CommandError> {
    std::env::current_exe().map_err(|error| {
        CommandError::environment(format!("this program cannot find itself: {error}"))
    })
}

/// Drives `engine` to its end and shows what came of it. `opening` is told first.
pub(super) fn to_the_end(
    context: &Context,
    engine: Engine,
    opening: Option<Notice>,
) -> Result<ExitStatus, CommandError> {
    let reporter = context.terminal.reporter(engine.run(), &engine.tasks());
    let run = engine.run().clone();
    let advice = format!("everything is kept; `swarm resume {run}` goes on once this is mended");
    let finished = engine
        .drive(reporter, opening)
        .map_err(|error| CommandError::from(error).hint(advice.as_str()))?;
    let terminal = &context.terminal;
    if terminal.format == Format::Text && terminal.verbosity > Verbosity::Quiet {
        let table = finished.summary.render(terminal.columns());
        // How the run ended is the exit status, whether or not somebody reads the table.
        if let Err(error) = terminal.print(&format!("\n{table}")) {
            terminal.error(&error);
        }
    }
    if let Driven::Broken(error) = &finished.driven {
        return Err(CommandError::environment(error.to_string()).hint(advice));
    }
    Ok(finished.summary.status())
}
