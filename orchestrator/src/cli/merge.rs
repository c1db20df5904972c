//! `swarm merge`: the work of a run, or of some of its tasks, onto the user's branch.
//!
//! Decides what lands; `git::land` does it. Knows nothing of how the work came about.

use std::collections::BTreeSet;
use std::path::Path;

use swarm_mailbox::id::{CommitId, TaskId};

use super::Context;
use super::args::MergeArgs;
use super::terminal::Format;
use crate::engine::look;
use crate::error::{CommandError, ErrorKind, ExitStatus};
use crate::git::commit::Message;
use crate::git::land::{How, Landed, Landing, land};
use crate::git::refs;
use crate::git::repo::Repo;
use crate::planfile::PlanFile;
use crate::report::Outcome;
use crate::report::cell::{count, short};
use crate::report::status::{RunState, RunStatus, TaskState};
use crate::rundir::RunDir;

/// Lands what was asked for.
///
/// # Errors
/// There is no such run, task or branch; the work is not merged yet, conflicts with the branch, or would overwrite
/// changes of the user's. Nothing was changed then.
pub fn run(context: &Context, args: &MergeArgs) -> Result<ExitStatus, CommandError> {
    let repo = context.repo()?;
    let dir = RunDir::find(repo.common_dir(), args.run.as_deref())?;
    let how = match (args.squash, args.no_ff) {
        (true, _) => How::Squash,
        (false, true) => How::NoFf,
        (false, false) => How::FastForward,
    };
    land_run(
        context,
        &repo,
        &dir,
        &Wish {
            tasks: &args.tasks,
            into: args.into.as_deref(),
            how,
        },
    )?;
    Ok(ExitStatus::Success)
}

/// What is to land, where, and in which form.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    /// The tasks; all that are merged if there are none.
    pub tasks: &'a [TaskId],
    /// The branch; the run's if not given.
    pub into: Option<&'a str>,
    /// The form.
    pub how: How,
}

/// Lands the work of a run.
///
/// # Errors
/// As [`run`].
pub fn land_run(
    context: &Context,
    repo: &Repo,
    dir: &RunDir,
    wish: &Wish<'_>,
) -> Result<(), CommandError> {
    let status = look::status(dir)?;
    let into = target(repo, &status, wish.into)?;
    let (heads, landing) = if wish.tasks.is_empty() {
        (vec![tip(repo, &status)?], merged(&status))
    } else {
        single(repo, &status, &look::plan(dir)?, wish.tasks, &into)?
    };
    if matches!(status.head.state, RunState::Running | RunState::Paused) {
        context
            .terminal
            .note("the run goes on; this lands what is merged so far");
    }
    let message = message(&status, &landing);
    let what = Landing {
        heads: &heads,
        into: &into,
        how: wish.how,
        message: &message,
    };
    let landed = land(repo, what)?;
    tell(context, &status, &into, &landed)
}

/// The branch to land on: as told, as the run was told, or the one that is checked out.
fn target(repo: &Repo, status: &RunStatus, told: Option<&str>) -> Result<String, CommandError> {
    if let Some(branch) = told.or(status.head.into.as_deref()) {
        return Ok(branch.to_owned());
    }
    repo.head()?.branch.ok_or_else(|| {
        CommandError::usage("HEAD is detached, so there is no branch to land on")
            .hint("name one with --into BRANCH")
    })
}

fn tip(repo: &Repo, status: &RunStatus) -> Result<CommitId, CommandError> {
    let branch = &status.head.integration;
    refs::read(repo, &refs::branch_ref(branch))?.ok_or_else(|| {
        CommandError::usage(format!("the integration branch '{branch}' is gone"))
            .hint("it goes when its work is in the branch that the run was started for; nothing is left to land then")
    })
}

/// The tasks of the run whose work is in its integration branch.
fn merged(status: &RunStatus) -> Vec<TaskId> {
    let merged = status
        .tasks
        .iter()
        .filter(|task| task.state == TaskState::Ended(Outcome::Merged));
    merged.map(|task| task.task.clone()).collect()
}

/// The heads of `tasks` and of all that they need, in the order of the plan. A task began on the integration branch as it
/// was then: where that held work which nobody asked for, it would come along unnamed, and that is refused.
fn single(
    repo: &Repo,
    status: &RunStatus,
    plan: &PlanFile,
    tasks: &[TaskId],
    into: &str,
) -> Result<(Vec<CommitId>, Vec<TaskId>), CommandError> {
    let wanted = closure(status, plan, tasks)?;
    let branch = refs::branch_ref(into);
    let mut heads = Vec::new();
    let mut others = Vec::new();
    for task in status
        .tasks
        .iter()
        .filter(|task| task.state == TaskState::Ended(Outcome::Merged))
    {
        if let Some(commit) = &task.commit {
            if wanted.contains(&task.task) {
                heads.push(commit.clone());
            } else {
                others.push((&task.task, commit));
            }
        }
    }
    let there = refs::read(repo, &branch)?;
    let mut brought = BTreeSet::new();
    for (task, commit) in others {
        let landed = match &there {
            Some(there) => refs::is_ancestor(repo, commit, there)?,
            None => false,
        };
        for head in &heads {
            if !landed && refs::is_ancestor(repo, commit, head)? {
                brought.insert(task.as_str());
            }
        }
    }
    if !brought.is_empty() {
        let names: Vec<&str> = brought.into_iter().collect();
        return Err(CommandError::usage(format!(
            "this would land {} too: the work that was asked for was built on it",
            names.join(", ")
        ))
        .hint("name these tasks as well, or land everything with `swarm merge`"));
    }
    Ok((heads, wanted.into_iter().collect()))
}

/// `tasks` and all that they need; each of them must have ended well.
fn closure(
    status: &RunStatus,
    plan: &PlanFile,
    tasks: &[TaskId],
) -> Result<BTreeSet<TaskId>, CommandError> {
    let run = &status.head.run;
    let mut wanted = BTreeSet::new();
    let mut open = tasks.to_vec();
    while let Some(id) = open.pop() {
        let Some(task) = status.tasks.iter().find(|task| task.task == id) else {
            return Err(CommandError::usage(format!("run {run} has no task '{id}'"))
                .hint(format!("`swarm status {run}` lists them")));
        };
        match task.state {
            TaskState::Ended(Outcome::Merged | Outcome::Unchanged | Outcome::Done) => {}
            state => {
                let error = format!(
                    "the work of '{id}' is not merged: the task is {}",
                    state.word()
                );
                return Err(CommandError::new(ErrorKind::Task, error));
            }
        }
        if wanted.insert(id.clone()) {
            open.extend(
                plan.task(&id)
                    .into_iter()
                    .flat_map(|task| task.needs.iter().cloned()),
            );
        }
    }
    Ok(wanted)
}

fn message(status: &RunStatus, tasks: &[TaskId]) -> Message {
    let run = &status.head.run;
    let subject = match tasks {
        [only] => format!("Merge task {only} of swarm run {run}"),
        _ => format!("Merge swarm run {run}"),
    };
    let titled = status
        .tasks
        .iter()
        .filter(|task| tasks.contains(&task.task));
    let body: Vec<String> = titled
        .map(|task| format!("- {}: {}", task.task, task.title))
        .collect();
    Message::for_run(run, &subject, &body.join("\n"))
}

fn tell(
    context: &Context,
    status: &RunStatus,
    into: &str,
    landed: &Landed,
) -> Result<(), CommandError> {
    let Landed {
        from,
        to,
        worktree,
        paths,
        submodules,
    } = landed;
    if context.terminal.format == Format::Json {
        return context.terminal.print_json(&serde_json::json!({
            "v": 1,
            "run": status.head.run,
            "into": into,
            "from": from,
            "to": to,
            "worktree": worktree.as_deref().map(Path::to_string_lossy),
            "paths": paths,
            "submodules": submodules.iter().map(|path| path.to_string_lossy()).collect::<Vec<_>>(),
        }));
    }
    if from == to {
        return context
            .terminal
            .print(&format!("{into} has all of it already\n"));
    }
    let mut text = format!(
        "{into} is at {} now (was {}): {} changed\n",
        short(to),
        short(from),
        count(*paths as u64, "path")
    );
    if !submodules.is_empty() {
        text.push_str("submodules moved; bring them along with: git submodule update\n");
    }
    context.terminal.print(&text)
}
