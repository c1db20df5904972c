//! How runs stand, as `swarm status`, `swarm ps` and `swarm runs` show them.
//!
//! Views that somebody fills from a run's journal. Knows nothing of journals and processes.

use anstyle::{AnsiColor, Style};
use serde::{Deserialize, Serialize};
use swarm_mailbox::id::{AttemptNo, CommitId, RunId, TaskId};

use super::cell::{count, short, span};
use super::table::{Cell, Table};
use super::{Counts, Outcome, Phase};

/// A run and all its tasks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunStatus {
    /// The run itself.
    #[serde(flatten)]
    pub head: RunHead,
    /// Every task, in the order of the plan.
    pub tasks: Vec<TaskStatus>,
}

/// A run without its tasks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunHead {
    /// Which run.
    pub run: RunId,
    /// Whether somebody drives it.
    pub state: RunState,
    /// The process of its engine, while there is one.
    pub pid: Option<u32>,
    /// The plan file as the user named it.
    pub plan: String,
    /// When it started.
    pub started: jiff::Timestamp,
    /// From its start to now, or to its last event where nobody drives it.
    pub millis: u64,
    /// The integration branch, without `refs/heads/`.
    pub integration: String,
    /// The branch to land on, where it is known.
    pub into: Option<String>,
    /// How many tasks are where.
    pub counts: Counts,
}

/// Whether somebody drives a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// An engine drives it.
    Running,
    /// An engine drives it, and starts nothing new.
    Paused,
    /// It stands still on purpose and can be resumed.
    Suspended,
    /// Its engine is gone without having said so; it can be resumed.
    Crashed,
    /// Every task has its outcome.
    Ended,
}

impl RunState {
    /// In a word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Suspended => "suspended",
            Self::Crashed => "crashed",
            Self::Ended => "ended",
        }
    }

    fn style(self) -> Style {
        match self {
            Self::Running => AnsiColor::Green.on_default(),
            Self::Paused | Self::Suspended => AnsiColor::Yellow.on_default(),
            Self::Crashed => AnsiColor::Red.on_default(),
            Self::Ended => Style::new(),
        }
    }
}

/// How a task stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskStatus {
    /// Which task.
    pub task: TaskId,
    /// What the plan calls it.
    pub title: String,
    /// Where it is, or how it ended.
    pub state: TaskState,
    /// Its newest try; none before the first.
    pub attempt: Option<AttemptNo>,
    /// Its process, while it has one.
    pub pid: Option<u32>,
    /// How long it has been where it is; of one that ended, from its first start to its end.
    pub millis: u64,
    /// The newest commit on its branch.
    pub commit: Option<CommitId>,
    /// What it waits for, or why it did not end well.
    pub why: Option<String>,
    /// The newest line of its output, while it runs.
    pub last_line: Option<String>,
}

/// Where a task is, or how it ended. One word in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum TaskState {
    /// Not at its end.
    At(Phase),
    /// At its end.
    Ended(Outcome),
}

impl TaskState {
    /// In a word or two.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::At(phase) => phase.word(),
            Self::Ended(outcome) => outcome.word(),
        }
    }

    fn style(self) -> Style {
        match self {
            Self::At(Phase::Waiting) => Style::new().dimmed(),
            Self::At(_) => AnsiColor::Cyan.on_default(),
            Self::Ended(outcome) => outcome.style(),
        }
    }

    /// Whether a process or the merge queue works on it.
    fn is_running(self) -> bool {
        !matches!(
            self,
            Self::At(Phase::Waiting | Phase::BackingOff) | Self::Ended(_)
        )
    }
}

impl RunStatus {
    /// The run in a line and its tasks in a table, for a screen of `columns`.
    #[must_use]
    pub fn render(&self, columns: Option<usize>) -> String {
        let mut table = Table::new(&["TASK", "STATE", "TRY", "TIME", "COMMIT", ""]);
        for task in &self.tasks {
            table.row([
                task.task.as_str().into(),
                Cell::styled(task.state.word(), task.state.style()),
                task.attempt
                    .map(|attempt| attempt.to_string())
                    .unwrap_or_default()
                    .into(),
                task.time().into(),
                task.commit.as_ref().map(short).unwrap_or_default().into(),
                task.remark().into(),
            ]);
        }
        format!("{}\n\n{}", self.head.line(), table.render(columns))
    }
}

impl TaskStatus {
    fn time(&self) -> String {
        match self.attempt {
            Some(_) => span(self.millis),
            None => String::new(),
        }
    }

    fn remark(&self) -> &str {
        let said = self
            .last_line
            .as_deref()
            .filter(|_| self.state.is_running());
        self.why.as_deref().or(said).unwrap_or(&self.title)
    }
}

impl RunHead {
    /// `run 0abc1defg (plan.md): running for 2m05s, 3 of 12 done, 1 failed`.
    #[must_use]
    pub fn line(&self) -> String {
        let style = self.state.style();
        let mut line = format!(
            "run {} ({}): {style}{}{style:#} {} {}, {} of {} done",
            self.run,
            super::cell::clean(&self.plan),
            self.state.word(),
            if self.pid.is_some() { "for" } else { "after" },
            span(self.millis),
            self.counts.merged,
            count(self.counts.total().into(), "task"),
        );
        for (number, word) in self.counts.unwell() {
            line.push_str(&format!(", {number} {word}"));
        }
        line
    }
}

/// The tasks of `runs` that something is being done for, for `swarm ps`.
#[must_use]
pub fn render_ps(runs: &[RunStatus], columns: Option<usize>) -> String {
    let mut table = Table::new(&["RUN", "TASK", "STATE", "TRY", "PID", "TIME", "LAST OUTPUT"]);
    let mut any = false;
    for run in runs {
        for task in run.tasks.iter().filter(|task| task.state.is_running()) {
            any = true;
            table.row([
                run.head.run.as_str().into(),
                task.task.as_str().into(),
                Cell::styled(task.state.word(), task.state.style()),
                task.attempt
                    .map(|attempt| attempt.to_string())
                    .unwrap_or_default()
                    .into(),
                task.pid
                    .map(|pid| pid.to_string())
                    .unwrap_or_default()
                    .into(),
                task.time().into(),
                task.last_line.as_deref().unwrap_or_default().into(),
            ]);
        }
    }
    if any {
        table.render(columns)
    } else {
        "nothing runs\n".to_owned()
    }
}

/// The runs of a repository, for `swarm runs`.
#[must_use]
pub fn render_runs(runs: &[RunHead], columns: Option<usize>) -> String {
    if runs.is_empty() {
        return "no runs yet; `swarm run PLAN` starts one\n".to_owned();
    }
    let mut table = Table::new(&["RUN", "STATE", "STARTED", "TIME", "DONE", "PLAN"]);
    for run in runs {
        let started = run
            .started
            .to_zoned(jiff::tz::TimeZone::system())
            .strftime("%Y-%m-%d %H:%M")
            .to_string();
        table.row([
            run.run.as_str().into(),
            Cell::styled(run.state.word(), run.state.style()),
            started.into(),
            span(run.millis).into(),
            format!("{}/{}", run.counts.merged, run.counts.total()).into(),
            run.plan.as_str().into(),
        ]);
    }
    table.render(columns)
}

#[cfg(test)]
mod tests;
