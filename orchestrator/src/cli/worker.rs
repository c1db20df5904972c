//! `swarm worker SPEC`: this process is the worker of one job. Started by the launcher only, and hidden in the help.
//!
//! Knows nothing of the job; the worker's package does all of it.

use super::args::WorkerArgs;
use crate::error::{CommandError, ExitStatus};

/// Runs the job to its end. A job that fails is a report and no error.
///
/// # Errors
/// There will be no report; the launcher finds that out by itself.
pub fn run(args: &WorkerArgs) -> Result<ExitStatus, CommandError> {
    swarm_worker::main(&args.spec).map_err(|error| CommandError::environment(error.to_string()))?;
    Ok(ExitStatus::Success)
}
