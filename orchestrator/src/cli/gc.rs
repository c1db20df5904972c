//! `swarm gc`: removes what is left of runs that have ended.
//!
//! Decides which runs have ended; `git::gc` decides what of them may go. A run that can be resumed keeps everything.

use swarm_mailbox::id::RunId;

use super::Context;
use super::args::GcArgs;
use super::terminal::Format;
use crate::engine::{EngineError, look};
use crate::error::{CommandError, ExitStatus};
use crate::git::gc::{self, GcItem, Outcome, Scope};
use crate::report::cell::count;
use crate::report::status::RunState;
use crate::rundir::RunDir;

/// Lists what may go, and removes exactly that unless it is a dry run.
///
/// # Errors
/// The repository cannot be read, or something could not be removed.
pub fn run(context: &Context, args: &GcArgs) -> Result<ExitStatus, CommandError> {
    let repo = context.repo()?;
    let scope = scope(context, &RunDir::list(repo.common_dir())?)?;
    let items = gc::plan(&repo, &scope)?;
    if args.dry_run {
        return list(context, &items);
    }
    tell(context, &gc::apply(&repo, items, &scope))
}

/// The runs that nothing can go on with, and the branches that may hold their work.
fn scope(context: &Context, dirs: &[RunDir]) -> Result<Scope, CommandError> {
    let mut scope = Scope::default();
    for dir in dirs {
        match look::status(dir) {
            Ok(status) if status.head.state == RunState::Ended => {
                scope.ended.push(dir.run().clone());
                scope.targets.extend(status.head.into);
            }
            Ok(status) => left(context, dir.run(), status.head.state.word()),
            // It died before it had begun: there is nothing to resume and no history.
            Err(EngineError::NoOpening) if look::driver(dir)?.is_none() => {
                scope.ended.push(dir.run().clone());
                scope.directories.push(dir.run().clone());
            }
            Err(error) => context
                .terminal
                .warn(&format!("run {} stays: {error}", dir.run())),
        }
    }
    scope.targets.sort();
    scope.targets.dedup();
    Ok(scope)
}

fn left(context: &Context, run: &RunId, state: &str) {
    context.terminal.note(&format!(
        "run {run} is {state} and stays; `swarm stop --cancel {run}` ends it for good"
    ));
}

fn list(context: &Context, items: &[GcItem]) -> Result<ExitStatus, CommandError> {
    for item in items {
        match context.terminal.format {
            Format::Text => context.terminal.print(&format!("would remove {item}\n"))?,
            Format::Json => context
                .terminal
                .print_json(&serde_json::json!({ "item": item.to_string() }))?,
        }
    }
    if items.is_empty() {
        context.terminal.note("nothing to remove");
    }
    Ok(ExitStatus::Success)
}

fn tell(context: &Context, done: &[(GcItem, Outcome)]) -> Result<ExitStatus, CommandError> {
    let mut stayed = 0;
    for (item, outcome) in done {
        let (backup, left) = match outcome {
            Outcome::Removed { backup } => (backup.as_deref(), None),
            Outcome::Left(why) => (None, Some(why.as_str())),
        };
        stayed += u64::from(left.is_some());
        if context.terminal.format == Format::Json {
            let line = serde_json::json!({ "item": item.to_string(), "removed": left.is_none(), "backup": backup, "why": left });
            context.terminal.print_json(&line)?;
            continue;
        }
        let line = match (left, backup) {
            (Some(why), _) => format!("left {item}: {why}\n"),
            (None, Some(backup)) => format!("removed {item}; its unmerged work is in {backup}\n"),
            (None, None) => format!("removed {item}\n"),
        };
        context.terminal.print(&line)?;
    }
    if done.is_empty() {
        context.terminal.note("nothing to remove");
    }
    if stayed > 0 {
        return Err(CommandError::environment(format!(
            "{} could not be removed",
            count(stayed, "thing")
        )));
    }
    Ok(ExitStatus::Success)
}
