//! From the command line to one command, and from its result to an exit status.
//!
//! Dispatch is one line a command; each command lives in a file of its own. Knows nothing of what a command does.

pub mod args;
pub mod completions;
pub mod config;
pub mod context;
pub mod diff;
pub mod doctor;
mod drive;
pub mod gc;
pub mod init;
pub mod logs;
pub mod man;
pub mod merge;
pub mod plan;
pub mod plan_source;
pub mod resume;
pub mod run;
pub mod status;
pub mod terminal;
pub mod trace;
pub mod word;
pub mod worker;

use std::io::Write as _;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::error::{CommandError, ExitStatus};
use args::GlobalArgs;
pub use context::Context;

/// Carry out one large change in a repository with many workers
///
/// swarm runs a plan of tasks, each in a git worktree of its own, checks every result, and merges what passes through a
/// tested merge queue. Your branches and your working tree stay as they are until you say `swarm merge`.
#[derive(Debug, Parser)]
#[command(name = "swarm", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    command: Command,
}

// The commands, in the order of the help. A doc comment would replace the help of the argument structs.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Run(args::RunArgs),
    Plan(args::PlanArgs),
    Ps(args::PsArgs),
    Status(args::StatusArgs),
    Logs(args::LogsArgs),
    Log(args::LogArgs),
    Diff(args::DiffArgs),
    Merge(args::MergeArgs),
    Resume(args::ResumeArgs),
    Stop(args::StopArgs),
    Pause(args::PauseArgs),
    Unpause(args::UnpauseArgs),
    Cancel(args::CancelArgs),
    Retry(args::RetryArgs),
    Runs(args::RunsArgs),
    Gc(args::GcArgs),
    Doctor(args::DoctorArgs),
    Init(args::InitArgs),
    Config(args::ConfigArgs),
    Completions(args::CompletionsArgs),
    Man(args::ManArgs),
}

// What no user types: neither in the help nor in the completions nor in the manual.
#[derive(Debug, Subcommand)]
enum Inner {
    #[command(hide = true)]
    Worker(args::WorkerArgs),
}

/// Runs the command of this process's arguments and says how the process is to exit.
#[must_use]
pub fn main() -> ExitStatus {
    let matches = match Inner::augment_subcommands(command()).try_get_matches() {
        Ok(matches) => matches,
        Err(error) => return refused(&error),
    };
    // A worker is told everything by its spec: it gets no settings and no terminal.
    if let Ok(Inner::Worker(args)) = Inner::from_arg_matches(&matches) {
        return worker::run(&args).unwrap_or_else(|error| unheard(&error));
    }
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => return refused(&error),
    };
    let context = match Context::from_process(&cli.global) {
        Ok(context) => context,
        Err(error) => return unheard(&error),
    };
    trace::start(cli.global.verbose, context.terminal.styles_stderr());
    dispatch(&context, cli.command).unwrap_or_else(|error| {
        context.terminal.error(&error);
        error.status()
    })
}

/// The whole command line with the parts of its help that are made and not written.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command().after_help(after_help())
}

fn dispatch(context: &Context, command: Command) -> Result<ExitStatus, CommandError> {
    match command {
        Command::Run(args) => run::run(context, &args),
        Command::Plan(args) => plan::run(context, &args),
        Command::Ps(args) => status::ps(context, &args),
        Command::Status(args) => status::status(context, &args),
        Command::Logs(args) => logs::run(context, &args),
        Command::Log(args) => status::log(context, &args),
        Command::Diff(args) => diff::run(context, &args),
        Command::Merge(args) => merge::run(context, &args),
        Command::Resume(args) => resume::run(context, &args),
        Command::Stop(args) => word::stop(context, &args),
        Command::Pause(args) => word::pause(context, &args),
        Command::Unpause(args) => word::unpause(context, &args),
        Command::Cancel(args) => word::cancel(context, &args),
        Command::Retry(args) => word::retry(context, &args),
        Command::Runs(args) => status::runs(context, &args),
        Command::Gc(args) => gc::run(context, &args),
        Command::Doctor(args) => doctor::run(context, &args),
        Command::Init(args) => init::run(context, &args),
        Command::Config(args) => config::run(context, &args),
        Command::Completions(args) => completions::run(context, &args),
        Command::Man(args) => man::run(context, &args),
    }
}

/// Shows an error where nothing says how to print.
fn unheard(error: &CommandError) -> ExitStatus {
    let _ = anstream::stderr().write_all(error.render().as_bytes());
    error.status()
}

/// Help and version come this way too; they are a success.
fn refused(error: &clap::Error) -> ExitStatus {
    // Nobody is left to tell where even this cannot be printed.
    let _ = error.print();
    if error.use_stderr() {
        ExitStatus::Usage
    } else {
        ExitStatus::Success
    }
}

fn after_help() -> String {
    let mut text = "Exit codes:\n".to_owned();
    for status in ExitStatus::ALL {
        text.push_str(&format!("  {:>3}  {}\n", status.code(), status.meaning()));
    }
    text
}

#[cfg(test)]
mod tests;
