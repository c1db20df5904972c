//! The orchestrator of swarm: command line, settings, engine, git, launching of workers and reports.
//!
//! [`main_impl`] is the whole program. Parsing (`cli`) decides nothing, `error` maps every failure to an exit status, and
//! only `cli` and `report` print. Knows nothing of how a worker does its work.

pub mod cli;
pub mod doctor;
pub mod duration;
pub mod engine;
pub mod error;
pub mod gate;
pub mod git;
pub mod journal;
pub mod launch;
mod nearest;
pub mod planfile;
pub mod report;
pub mod rundir;
pub mod settings;

use std::process::ExitCode;

/// Runs `swarm` with the arguments of this process and tells how the process is to exit.
#[must_use]
pub fn main_impl() -> ExitCode {
    cli::main().into()
}
