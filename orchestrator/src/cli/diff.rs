//! `swarm diff TASK`: what the newest try that left a commit changed, from where it began.
//!
//! Knows nothing of gates or merges.

use swarm_mailbox::id::{AttemptNo, CommitId, TaskId};
use swarm_run::event::Timestamp;

use super::Context;
use super::args::DiffArgs;
use super::terminal::Format;
use crate::engine::look;
use crate::error::{CommandError, ExitStatus};
use crate::git::refs;
use crate::git::repo::Repo;
use crate::report::notice::Notice;
use crate::rundir::RunDir;

/// Most bytes of a difference that are shown; a larger one is for git itself.
const MAX_BYTES: usize = 64 << 20;

/// Shows the difference.
///
/// # Errors
/// There is no such run or task, or it has not committed anything.
pub fn run(context: &Context, args: &DiffArgs) -> Result<ExitStatus, CommandError> {
    let repo = context.repo()?;
    let dir = RunDir::find(repo.common_dir(), args.run.as_deref())?;
    let run = dir.run();
    let status = look::status(&dir)?;
    let Some(task) = status.tasks.into_iter().find(|task| task.task == args.task) else {
        return Err(
            CommandError::usage(format!("run {run} has no task '{}'", args.task))
                .hint(format!("`swarm status {run}` lists them")),
        );
    };
    let Some(commit) = task.commit else {
        return Err(CommandError::usage(format!(
            "'{}' has not committed anything in run {run}",
            args.task
        ))
        .hint(format!(
            "`swarm logs {} --run {run}` shows what its commands printed",
            args.task
        )));
    };
    let work = work(
        &repo,
        starts(&args.task, look::story(&dir)?.notices),
        commit,
    )?;
    show(context, &repo, args, &work)?;
    Ok(ExitStatus::Success)
}

/// The work of one try.
#[derive(Debug, PartialEq, Eq)]
struct Work {
    attempt: AttemptNo,
    from: CommitId,
    commit: CommitId,
}

/// Where each try of a task began, newest first.
fn starts(task: &TaskId, story: Vec<(Timestamp, Notice)>) -> Vec<(AttemptNo, CommitId)> {
    let mut starts: Vec<_> = story
        .into_iter()
        .filter_map(|(_, notice)| match notice {
            Notice::TaskStarted {
                task: whose,
                attempt,
                from,
            } if whose == *task => Some((attempt, from)),
            _ => None,
        })
        .collect();
    starts.reverse();
    starts
}

/// The try that made `commit`: the newest that began at an ancestor of it. A later try may have left no commit.
fn work(
    repo: &Repo,
    starts: Vec<(AttemptNo, CommitId)>,
    commit: CommitId,
) -> Result<Work, CommandError> {
    for (attempt, from) in starts {
        if refs::is_ancestor(repo, &from, &commit)? {
            return Ok(Work {
                attempt,
                from,
                commit,
            });
        }
    }
    Err(CommandError::internal(format!(
        "no try began below {commit}"
    )))
}

fn show(context: &Context, repo: &Repo, args: &DiffArgs, work: &Work) -> Result<(), CommandError> {
    let terminal = &context.terminal;
    let json = terminal.format == Format::Json;
    let color = if terminal.styles_stdout() && !json {
        "--color=always"
    } else {
        "--color=never"
    };
    let form = if args.stat { "--stat" } else { "--patch" };
    let call = repo.git().call([
        "diff",
        color,
        form,
        work.from.as_str(),
        work.commit.as_str(),
        "--",
    ]);
    let bytes = call.at_most(MAX_BYTES).run()?;
    if bytes.truncated {
        terminal.warn(&format!(
            "cut off; all of it: git diff {} {}",
            work.from, work.commit
        ));
    }
    if json {
        return terminal.print_json(&serde_json::json!({
            "task": args.task,
            "attempt": work.attempt,
            "from": work.from,
            "commit": work.commit,
            if args.stat { "stat" } else { "patch" }: String::from_utf8_lossy(&bytes.stdout),
        }));
    }
    terminal.print_bytes(&bytes.stdout)
}
