//! What stays the same while a run goes on: the repository, the plan, the settings, and where everything of it lives.
//!
//! Knows nothing of what has happened so far.

use std::path::{Path, PathBuf};

use swarm_mailbox::id::{CommitId, RunId, TaskId};
use swarm_mailbox::store::Mailbox;
use swarm_run::event::Millis;
use swarm_run::plan::{Plan, TaskIx};

use crate::gate::Subject;
use crate::git::command::Hooks;
use crate::git::commit::Message;
use crate::git::refs::branch_ref;
use crate::git::repo::Repo;
use crate::git::worktree::provision::Wanted;
use crate::launch::Launcher;
use crate::planfile::{Isolation, PlanFile, PlanTask};
use crate::rundir::RunDir;
use crate::settings::Settings;

/// The unchanging side of a run.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) repo: Repo,
    pub(crate) dir: RunDir,
    pub(crate) file: PlanFile,
    pub(crate) plan: Plan,
    pub(crate) settings: Settings,
    pub(crate) launcher: Launcher,
    pub(crate) mailbox: Mailbox,
    /// The commit that the run started from.
    pub(crate) base: CommitId,
    /// The branch that the run is to be landed on.
    pub(crate) into: Option<String>,
    /// Holds the worktrees of this run and nothing else.
    pub(crate) worktrees: PathBuf,
    /// How long work may go on once the run is asked to stop.
    pub(crate) grace: Millis,
}

impl Context {
    pub(crate) fn run(&self) -> &RunId {
        self.dir.run()
    }

    pub(crate) fn task(&self, task: TaskIx) -> &PlanTask {
        &self.file.tasks[task.0 as usize]
    }

    /// The full name of the integration branch.
    pub(crate) fn integration(&self) -> String {
        branch_ref(&integration_branch(self.run()))
    }

    /// A task's branch, without `refs/heads/`.
    pub(crate) fn branch(&self, task: TaskIx) -> String {
        task_branch(self.run(), &self.task(task).id)
    }

    /// Whether a task works in the user's own tree and leaves no commit.
    pub(crate) fn in_place(&self, task: TaskIx) -> bool {
        let isolation = self.task(task).isolation.or(self.file.front.isolation);
        isolation == Some(Isolation::None)
    }

    /// Where a task works.
    pub(crate) fn directory(&self, task: TaskIx) -> PathBuf {
        match self.repo.top() {
            Some(top) if self.in_place(task) => top.to_owned(),
            _ => self.worktrees.join(self.task(task).id.as_str()),
        }
    }

    /// Where the merged trees are gated. No task id starts with a dot.
    pub(crate) fn gate_tree(&self) -> PathBuf {
        self.worktrees.join(".gate")
    }

    /// The message of the commit that holds what a task's commands left.
    pub(crate) fn message(&self, task: TaskIx) -> Message {
        let item = self.task(task);
        self.signed(Message::for_task(
            self.run(),
            &item.id,
            &item.title,
            &item.prose,
        ))
    }

    /// The message of the merge commit that brings a task's branch to the tip.
    pub(crate) fn merge_message(&self, task: TaskIx) -> Message {
        let item = self.task(task);
        let subject = format!("Merge {}: {}", item.id, item.title);
        self.signed(Message::for_task(self.run(), &item.id, &subject, ""))
    }

    /// Adds the trailers that the settings ask for.
    fn signed(&self, message: Message) -> Message {
        let trailers = self.settings.commit_trailers.iter();
        trailers
            .filter_map(|line| line.split_once(':'))
            .fold(message, |message, (key, value)| {
                message.with_trailer(key.trim(), value.trim())
            })
    }

    pub(crate) fn hooks(&self) -> Hooks {
        if self.settings.commit_hooks {
            Hooks::Run
        } else {
            Hooks::Skip
        }
    }

    /// The untracked files that a new worktree is given.
    pub(crate) fn wanted(&self) -> Wanted {
        Wanted {
            copy: self.file.front.copy.clone(),
            link: self.file.front.link.clone(),
        }
    }

    /// What the built-in gates are told of a task.
    pub(crate) fn subject(&self, task: TaskIx) -> Subject {
        let item = self.task(task);
        Subject {
            task: item.id.clone(),
            title: item.title.clone(),
            scope: item.touches.clone(),
            branch: self.branch(task),
            allow_empty: item.allow_empty.unwrap_or(false),
        }
    }
}

/// A run's integration branch, without `refs/heads/`.
pub(crate) fn integration_branch(run: &RunId) -> String {
    format!("swarm/{run}")
}

/// A task's branch, without `refs/heads/`. Git cannot hold both `swarm/<run>` and `swarm/<run>/<task>`: one would have to
/// be a file and a directory. A run id holds no `-`, so that the two parts can be told apart.
pub(crate) fn task_branch(run: &RunId, task: &TaskId) -> String {
    format!("swarm/{run}-{task}")
}

/// The directory that holds the worktrees of `run`: beside the repository unless the settings say otherwise. Inside it,
/// build tools would find the configuration of the user's own tree.
pub(crate) fn worktrees_of(repo: &Repo, configured: Option<&Path>, run: &RunId) -> PathBuf {
    let beside = || repo.worktrees_base();
    configured
        .map_or_else(beside, Path::to_owned)
        .join(run.as_str())
}
