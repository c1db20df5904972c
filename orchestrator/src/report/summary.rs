//! Where a run stands when its engine ends: the outcome of every task, and what to do next.
//!
//! Knows the words and the exit status of each outcome, and nothing of how it came about.

use serde::{Deserialize, Serialize};
use swarm_mailbox::id::{CommitId, RunId, TaskId};

use super::cell::{count, pad, short, span, width};
use super::table::{Cell, Table};
use super::{Counts, Outcome};
use crate::error::ExitStatus;

/// A run with more tasks than that is shown without those that went well.
const MAX_ROWS: usize = 100;

/// Where a run stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Which run.
    pub run: RunId,
    /// How it ended.
    pub outcome: RunOutcome,
    /// From its first event to its last, pauses between engines included.
    pub millis: u64,
    /// The integration branch, without `refs/heads/`.
    pub integration: String,
    /// How many tasks are where.
    pub counts: Counts,
    /// Every task, in the order of the plan.
    pub tasks: Vec<TaskSummary>,
    /// What to do next: commands, each with its reason.
    pub next: Vec<Next>,
}

/// Where a task stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskSummary {
    /// Which task.
    pub task: TaskId,
    /// What the plan calls it.
    pub title: String,
    /// How it ended, or that it did not.
    pub outcome: Outcome,
    /// How many tries it had.
    pub attempts: u32,
    /// From the start of its first try to its outcome.
    pub millis: u64,
    /// The newest commit on its branch, where there is one.
    pub commit: Option<CommitId>,
    /// How many findings its gates had over all tries.
    pub findings: u32,
    /// Why it did not end well, in a line; absent where it did.
    pub why: Option<String>,
}

/// A command that makes sense now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Next {
    /// The command line.
    pub command: String,
    /// What it does, in a few words.
    pub why: String,
}

/// How a run ended, or why it stands still.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunOutcome {
    /// Every task has its outcome.
    Complete,
    /// The user cancelled it; every task has its outcome.
    Cancelled,
    /// The user stopped it.
    Suspended,
    /// The budget is used up.
    Budget,
    /// The run's own time limit is over.
    TimedOut,
    /// The terminal went away; workers go on by themselves.
    Detached,
    /// The environment failed.
    Broken,
}

impl RunOutcome {
    /// Whether `swarm resume` can go on with it.
    #[must_use]
    pub fn is_resumable(self) -> bool {
        !matches!(self, Self::Complete | Self::Cancelled)
    }

    fn words(self) -> &'static str {
        match self {
            Self::Complete => "finished",
            Self::Cancelled => "cancelled",
            Self::Suspended => "stopped",
            Self::Budget => "stopped, the budget is used up",
            Self::TimedOut => "stopped, its time limit is over",
            Self::Detached => "left alone, its workers go on",
            Self::Broken => "stopped, the environment failed",
        }
    }
}

impl Summary {
    /// Puts a summary together; what to do next follows from the tasks.
    #[must_use]
    pub fn new(run: RunId, outcome: RunOutcome, millis: u64, tasks: Vec<TaskSummary>) -> Self {
        let counts = tally(&tasks);
        Self {
            integration: format!("swarm/{run}"),
            next: next(&run, outcome, counts, &tasks),
            run,
            outcome,
            millis,
            counts,
            tasks,
        }
    }

    /// How the process that drove the run exits.
    #[must_use]
    pub fn status(&self) -> ExitStatus {
        let unwell = self.counts.failed + self.counts.blocked + self.counts.cancelled > 0;
        match self.outcome {
            RunOutcome::Complete if unwell => ExitStatus::TaskFailed,
            RunOutcome::Complete => ExitStatus::Success,
            RunOutcome::Cancelled | RunOutcome::Suspended | RunOutcome::Detached => {
                ExitStatus::Interrupted
            }
            RunOutcome::Budget => ExitStatus::Budget,
            RunOutcome::TimedOut => ExitStatus::Timeout,
            RunOutcome::Broken => ExitStatus::Environment,
        }
    }

    /// The run in one line: `finished in 4m10s: 11 merged, 1 failed`.
    #[must_use]
    pub fn headline(&self) -> String {
        let counts = &self.counts;
        let mut line = format!(
            "{} after {}: {}, {} done",
            self.outcome.words(),
            span(self.millis),
            count(counts.total().into(), "task"),
            counts.merged,
        );
        for (number, word) in counts.unwell() {
            line.push_str(&format!(", {number} {word}"));
        }
        let unfinished = counts.running + counts.waiting;
        if unfinished > 0 {
            line.push_str(&format!(", {unfinished} unfinished"));
        }
        line
    }

    /// The tasks in a table and what to do next, for a screen of `columns`. Of a large run, what went well is counted only.
    #[must_use]
    pub fn render(&self, columns: Option<usize>) -> String {
        let well = |task: &&TaskSummary| {
            matches!(
                task.outcome,
                Outcome::Merged | Outcome::Unchanged | Outcome::Done
            )
        };
        let all = self.tasks.len() <= MAX_ROWS;
        let mut table = Table::new(&["TASK", "OUTCOME", "TRIES", "TIME", "COMMIT", "FINDINGS", ""]);
        for task in self.tasks.iter().filter(|task| all || !well(task)) {
            table.row(task.cells());
        }
        let mut text = table.render(columns);
        if !all {
            let left_out = self.tasks.iter().filter(well).count();
            text.push_str(&format!(
                "… and {} that went well\n",
                count(left_out as u64, "task")
            ));
        }
        if !self.next.is_empty() {
            text.push_str("\nnext:\n");
            let widest = self
                .next
                .iter()
                .map(|next| width(&next.command))
                .max()
                .unwrap_or(0);
            for next in &self.next {
                text.push_str(&format!("  {}  {}\n", pad(&next.command, widest), next.why));
            }
        }
        text
    }
}

impl TaskSummary {
    fn cells(&self) -> [Cell; 7] {
        let number = |n: u32| if n == 0 { String::new() } else { n.to_string() };
        let tried = self.attempts > 0;
        [
            self.task.as_str().into(),
            Cell::styled(self.outcome.word(), self.outcome.style()),
            number(self.attempts).into(),
            if tried {
                span(self.millis)
            } else {
                String::new()
            }
            .into(),
            self.commit.as_ref().map(short).unwrap_or_default().into(),
            number(self.findings).into(),
            self.why.as_deref().unwrap_or(&self.title).into(),
        ]
    }
}

fn tally(tasks: &[TaskSummary]) -> Counts {
    let mut counts = Counts::default();
    for task in tasks {
        let place = match task.outcome {
            Outcome::Merged | Outcome::Unchanged | Outcome::Done => &mut counts.merged,
            Outcome::Failed => &mut counts.failed,
            Outcome::Blocked => &mut counts.blocked,
            Outcome::Cancelled => &mut counts.cancelled,
            Outcome::Unfinished => &mut counts.waiting,
        };
        *place += 1;
    }
    counts
}

fn next(run: &RunId, outcome: RunOutcome, counts: Counts, tasks: &[TaskSummary]) -> Vec<Next> {
    let mut list = Vec::new();
    let mut add = |command: String, why: &str| {
        list.push(Next {
            command,
            why: why.to_owned(),
        })
    };
    if outcome.is_resumable() {
        add(format!("swarm resume {run}"), "go on where it stopped");
    }
    if let Some(failed) = tasks.iter().find(|task| task.outcome == Outcome::Failed) {
        let task = &failed.task;
        add(
            format!("swarm logs {task} --run {run}"),
            "see what its commands said",
        );
        if failed.commit.is_some() {
            add(
                format!("swarm diff {task} --run {run}"),
                "see what it changed",
            );
        }
        add(
            format!("swarm retry {task} --run {run}"),
            "give it another set of tries",
        );
    }
    if tasks.iter().any(|task| task.outcome == Outcome::Merged) {
        let why = if counts.merged == counts.total() {
            "land the work on your branch"
        } else {
            "land what is merged so far on your branch"
        };
        add(format!("git diff HEAD...swarm/{run}"), "look at the work");
        add(format!("swarm merge --run {run}"), why);
    }
    list
}

#[cfg(test)]
mod tests;
