//! The story of a run, one notice for each thing that a person may want to know.
//!
//! Each notice says itself in one plain line, and is one line of the JSON output ([`Line`], described in `docs/json.md`).
//! Knows nothing of screens, and nothing of how the engine found out.

use serde::{Deserialize, Serialize};
use swarm_mailbox::id::{AttemptNo, CommitId, RunId, TaskId};
use swarm_run::effect::{Setback, SuspendReason};
use swarm_run::event::WorkEnd;

use super::cell::{clean, count, short, span};
use super::finding::{Finding, brief};
use super::summary::Summary;

/// The version of the JSON output. It grows when a field changes its meaning or goes away, not when one is added.
pub const VERSION: u32 = 1;

/// One line of the JSON output: what, when, and of which run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// [`VERSION`].
    pub v: u32,
    /// When, in UTC with exactly three digits of a second, so that the text sorts by time.
    #[serde(serialize_with = "to_millis")]
    pub at: jiff::Timestamp,
    /// Of which run.
    pub run: RunId,
    /// What.
    #[serde(flatten)]
    pub notice: Notice,
}

fn to_millis<S: serde::Serializer>(at: &jiff::Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{at:.3}"))
}

/// Something happened in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Notice {
    /// The run begins.
    RunStarted {
        /// The plan file as the user named it.
        plan: String,
        /// How many tasks it has.
        tasks: u32,
        /// The commit that the run starts from.
        base: CommitId,
        /// The integration branch, without `refs/heads/`.
        integration: String,
        /// The branch to land on later, where it is known.
        into: Option<String>,
        /// How many tasks may run at once.
        max_workers: u32,
        /// Files of the user's tree with changes that no commit holds; the run does not use them.
        uncommitted_changes: u32,
    },
    /// An engine took over a run that stood still.
    Resumed {
        /// Tasks whose workers were found alive, or had ended and left their report.
        adopted: Vec<TaskId>,
        /// Tasks whose work starts over.
        restarted: Vec<TaskId>,
    },
    /// The worker of a try was started.
    TaskStarted {
        /// Which task.
        task: TaskId,
        /// Which try.
        attempt: AttemptNo,
        /// The commit that it works from.
        from: CommitId,
    },
    /// The worker of a try is gone.
    TaskEnded {
        /// Which task.
        task: TaskId,
        /// Which try.
        attempt: AttemptNo,
        /// How it ended.
        end: End,
        /// How long it ran.
        millis: u64,
        /// Which command failed and how; absent where none did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        detail: Option<String>,
    },
    /// What a worker left is committed on the task's branch.
    TaskCommitted {
        /// Which task.
        task: TaskId,
        /// The new head of its branch.
        commit: CommitId,
        /// Files changed since the try's start.
        files: u32,
        /// Lines added.
        insertions: u32,
        /// Lines removed.
        deletions: u32,
    },
    /// Every gate of a task's branch passed.
    GatesPassed {
        /// Which task.
        task: TaskId,
        /// Which try.
        attempt: AttemptNo,
    },
    /// A gate of a task's branch failed.
    GatesFailed {
        /// Which task.
        task: TaskId,
        /// Which try.
        attempt: AttemptNo,
        /// What the gates found.
        findings: Vec<Finding>,
    },
    /// A task gets another try.
    Retrying {
        /// Which task.
        task: TaskId,
        /// The try to come.
        attempt: AttemptNo,
        /// What was wrong with the one before.
        why: Why,
        /// The pause before it.
        after_ms: u64,
    },
    /// A task's branch waits in the merge queue.
    Queued {
        /// Which task.
        task: TaskId,
    },
    /// A candidate was formed and is being gated.
    Merging {
        /// Which candidate, from 1.
        candidate: u32,
        /// Whose branches it merges, in this order.
        tasks: Vec<TaskId>,
    },
    /// A task's branch does not merge with the tip.
    Conflict {
        /// Which task.
        task: TaskId,
        /// The files in conflict.
        files: Vec<String>,
    },
    /// The gates failed on a candidate's merged tree.
    MergedGatesFailed {
        /// Which candidate, from 1.
        candidate: u32,
        /// Whose branches it merged.
        tasks: Vec<TaskId>,
        /// What the gates found.
        findings: Vec<Finding>,
    },
    /// A red candidate of several tasks is being halved to find the culprit.
    Bisecting {
        /// The tasks under suspicion.
        tasks: Vec<TaskId>,
    },
    /// The integration branch holds the work of these tasks now.
    Merged {
        /// Whose.
        tasks: Vec<TaskId>,
        /// The branch's new tip.
        commit: CommitId,
    },
    /// A task passed its gates and left nothing to merge.
    Unchanged {
        /// Which task.
        task: TaskId,
    },
    /// A task failed for good.
    TaskFailed {
        /// Which task.
        task: TaskId,
        /// What was wrong with its last try.
        why: String,
        /// What the user can do.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hint: Option<String>,
    },
    /// A task cannot start any more.
    Blocked {
        /// Which task.
        task: TaskId,
        /// The task that it needs and that did not end well.
        by: TaskId,
    },
    /// A task was ended by the user's word or by `--fail-fast`.
    Cancelled {
        /// Which task.
        task: TaskId,
    },
    /// Nothing new starts until the pause is taken back.
    Paused,
    /// The pause is taken back.
    Unpaused,
    /// The run is coming to a halt.
    Suspending {
        /// Why.
        reason: Halt,
        /// How long running work may go on.
        grace_ms: u64,
    },
    /// Something is not as it should be, and the run goes on.
    Warning {
        /// What.
        text: String,
    },
    /// The run is over, for now or for good.
    RunEnded {
        /// Where everything stands.
        summary: Box<Summary>,
    },
}

/// How much a person must want to know to see a notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weight {
    /// Shown with `-v`.
    Detail,
    /// Shown as a rule.
    Normal,
    /// Shown even with `-q`.
    Vital,
}

/// How a notice is meant to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it is.
    Plain,
    /// A step among many.
    Quiet,
    /// Something was achieved.
    Good,
    /// Something went wrong and is being mended.
    Care,
    /// Something went wrong for good.
    Bad,
}

impl Notice {
    /// What it is about, as the line's first column: a task, or `run`, `queue`, `warning`.
    #[must_use]
    pub fn subject(&self) -> &str {
        match self {
            Self::TaskStarted { task, .. }
            | Self::TaskEnded { task, .. }
            | Self::TaskCommitted { task, .. }
            | Self::GatesPassed { task, .. }
            | Self::GatesFailed { task, .. }
            | Self::Retrying { task, .. }
            | Self::Queued { task }
            | Self::Conflict { task, .. }
            | Self::Unchanged { task }
            | Self::TaskFailed { task, .. }
            | Self::Blocked { task, .. }
            | Self::Cancelled { task } => task.as_str(),
            Self::Merged { tasks, .. } if let [task] = tasks.as_slice() => task.as_str(),
            Self::Merging { .. }
            | Self::MergedGatesFailed { .. }
            | Self::Bisecting { .. }
            | Self::Merged { .. } => "queue",
            Self::Warning { .. } => "warning",
            Self::RunStarted { .. }
            | Self::Resumed { .. }
            | Self::Paused
            | Self::Unpaused
            | Self::Suspending { .. }
            | Self::RunEnded { .. } => "run",
        }
    }

    /// Who is to see it.
    #[must_use]
    pub fn weight(&self) -> Weight {
        match self {
            Self::TaskEnded {
                end: End::Succeeded,
                ..
            }
            | Self::TaskCommitted { .. }
            | Self::GatesPassed { .. }
            | Self::Queued { .. }
            | Self::Merging { .. } => Weight::Detail,
            Self::TaskFailed { .. }
            | Self::Suspending { .. }
            | Self::Warning { .. }
            | Self::RunEnded { .. } => Weight::Vital,
            _ => Weight::Normal,
        }
    }

    /// How it is meant to be taken.
    #[must_use]
    pub fn tone(&self) -> Tone {
        match self {
            Self::Merged { .. } | Self::Unchanged { .. } => Tone::Good,
            Self::TaskFailed { .. } | Self::Blocked { .. } => Tone::Bad,
            Self::GatesFailed { .. }
            | Self::MergedGatesFailed { .. }
            | Self::Retrying { .. }
            | Self::Conflict { .. }
            | Self::Bisecting { .. }
            | Self::Cancelled { .. }
            | Self::Suspending { .. }
            | Self::Warning { .. } => Tone::Care,
            Self::TaskEnded { end, .. } if *end != End::Succeeded => Tone::Care,
            _ if self.weight() == Weight::Detail => Tone::Quiet,
            _ => Tone::Plain,
        }
    }

    /// What gates found, where this is about that.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        match self {
            Self::GatesFailed { findings, .. } | Self::MergedGatesFailed { findings, .. } => {
                findings
            }
            _ => &[],
        }
    }

    /// What happened, in one plain line without its subject and without a final period.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::RunStarted { .. } => self.start_text(),
            Self::Resumed { adopted, restarted } => resumed_text(adopted, restarted),
            Self::TaskStarted { attempt, from, .. } => match *attempt {
                AttemptNo::FIRST => format!("started from {}", short(from)),
                again => format!("try {again} started from {}", short(from)),
            },
            Self::TaskEnded {
                end,
                millis,
                detail,
                ..
            } => ended_text(*end, *millis, detail.as_deref()),
            Self::TaskCommitted {
                commit,
                files,
                insertions,
                deletions,
                ..
            } => format!(
                "committed {}: {}, +{insertions} -{deletions}",
                short(commit),
                count((*files).into(), "file"),
            ),
            Self::GatesPassed { .. } => "gates passed".to_owned(),
            Self::GatesFailed { findings, .. } => format!("gates failed: {}", brief(findings)),
            Self::Retrying {
                attempt,
                why,
                after_ms,
                ..
            } => retrying_text(*attempt, *why, *after_ms),
            Self::Queued { .. } => "queued for merging".to_owned(),
            Self::Merging { candidate, tasks } => {
                format!("candidate {candidate}: merging {}", list(tasks))
            }
            Self::Conflict { files, .. } => {
                format!("conflicts with the tip in {}", file_list(files))
            }
            Self::MergedGatesFailed {
                candidate,
                findings,
                ..
            } => {
                format!(
                    "candidate {candidate}: gates failed on the merged tree: {}",
                    brief(findings)
                )
            }
            Self::Bisecting { tasks } => format!("looking for the culprit among {}", list(tasks)),
            Self::Merged { tasks, commit } if tasks.len() == 1 => {
                format!("merged as {}", short(commit))
            }
            Self::Merged { tasks, commit } => {
                format!("merged {} as {}", list(tasks), short(commit))
            }
            Self::Unchanged { .. } => "done, nothing to merge".to_owned(),
            Self::TaskFailed { why, hint, .. } => failed_text(why, hint.as_deref()),
            Self::Blocked { by, .. } => format!("blocked by {by}"),
            Self::Cancelled { .. } => "cancelled".to_owned(),
            Self::Paused => "paused: nothing new starts".to_owned(),
            Self::Unpaused => "goes on after the pause".to_owned(),
            Self::Suspending { reason, grace_ms } => suspending_text(*reason, *grace_ms),
            Self::Warning { text } => clean(text),
            Self::RunEnded { summary } => summary.headline(),
        }
    }

    fn start_text(&self) -> String {
        let Self::RunStarted {
            plan,
            tasks,
            base,
            integration,
            max_workers,
            uncommitted_changes,
            ..
        } = self
        else {
            return String::new();
        };
        let mut text = format!(
            "started: {} from {} at {}, up to {max_workers} at a time, merging into {integration}",
            count((*tasks).into(), "task"),
            clean(plan),
            short(base),
        );
        if *uncommitted_changes > 0 {
            let changes = count((*uncommitted_changes).into(), "uncommitted change");
            text.push_str(&format!("; not used: {changes} in your tree"));
        }
        text
    }
}

fn resumed_text(adopted: &[TaskId], restarted: &[TaskId]) -> String {
    let part = |verb: &str, tasks: &[TaskId]| {
        (!tasks.is_empty()).then(|| format!("{verb} {}", list(tasks)))
    };
    let parts: Vec<String> = [
        part("still running:", adopted),
        part("starting over:", restarted),
    ]
    .into_iter()
    .flatten()
    .collect();
    if parts.is_empty() {
        "resumed".to_owned()
    } else {
        format!("resumed, {}", parts.join(", "))
    }
}

fn ended_text(end: End, millis: u64, detail: Option<&str>) -> String {
    let mut text = format!("{} after {}", end.words(), span(millis));
    if let Some(detail) = detail {
        text.push_str(": ");
        text.push_str(&clean(detail));
    }
    text
}

fn retrying_text(attempt: AttemptNo, why: Why, after_ms: u64) -> String {
    let when = match after_ms {
        0 => "now".to_owned(),
        pause => format!("in {}", span(pause)),
    };
    format!("{}; try {attempt} {when}", why.words())
}

fn failed_text(why: &str, hint: Option<&str>) -> String {
    match hint {
        Some(hint) => format!("failed: {} ({})", clean(why), clean(hint)),
        None => format!("failed: {}", clean(why)),
    }
}

fn suspending_text(reason: Halt, grace_ms: u64) -> String {
    match grace_ms {
        0 => format!("stopping now: {}", reason.words()),
        grace => format!(
            "stopping: {}; running work may go on for {}",
            reason.words(),
            span(grace)
        ),
    }
}

/// At most five names; a batch can be larger, a line cannot.
fn list(tasks: &[TaskId]) -> String {
    let names: Vec<&str> = tasks.iter().map(TaskId::as_str).collect();
    some(&names)
}

fn file_list(files: &[String]) -> String {
    let names: Vec<String> = files.iter().map(|file| clean(file)).collect();
    some(&names.iter().map(String::as_str).collect::<Vec<_>>())
}

fn some(names: &[&str]) -> String {
    const SHOWN: usize = 5;
    match names.get(SHOWN..) {
        Some(rest) if !rest.is_empty() => {
            format!("{} and {} more", names[..SHOWN].join(", "), rest.len())
        }
        _ => names.join(", "),
    }
}

/// How a worker ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// Its work is done by its own account.
    Succeeded,
    /// A command of it failed.
    Failed,
    /// It ran past its time limit and was stopped for that.
    TimedOut,
    /// A signal that was not ours ended it.
    Killed,
    /// It is gone without a report.
    Lost,
    /// It ended because the run asked it to.
    Stopped,
}

impl End {
    /// What it did.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Succeeded => "work done",
            Self::Failed => "work failed",
            Self::TimedOut => "ran out of time",
            Self::Killed => "was killed",
            Self::Lost => "vanished without a report",
            Self::Stopped => "was stopped",
        }
    }
}

impl From<WorkEnd> for End {
    fn from(end: WorkEnd) -> Self {
        match end {
            WorkEnd::Succeeded => Self::Succeeded,
            WorkEnd::Failed => Self::Failed,
            WorkEnd::TimedOut => Self::TimedOut,
            WorkEnd::Killed => Self::Killed,
            WorkEnd::Lost => Self::Lost,
            WorkEnd::Stopped => Self::Stopped,
        }
    }
}

/// Why a task gets another try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// Its command failed.
    Failed,
    /// It ran out of time.
    TimedOut,
    /// A signal ended it.
    Killed,
    /// Its worker vanished.
    Lost,
    /// The run was suspended.
    Stopped,
    /// A gate of its own branch failed.
    Gates,
    /// The gates failed on the merged tree.
    MergedGates,
    /// It does not merge with the tip.
    Conflict,
}

impl Why {
    /// What went wrong.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Failed => "its command failed",
            Self::TimedOut => "it ran out of time",
            Self::Killed => "it was killed",
            Self::Lost => "its worker vanished",
            Self::Stopped => "it was stopped",
            Self::Gates => "a gate failed",
            Self::MergedGates => "the gates failed on the merged tree",
            Self::Conflict => "it conflicts with the tip",
        }
    }
}

impl From<Setback> for Why {
    fn from(setback: Setback) -> Self {
        match setback {
            Setback::Failed => Self::Failed,
            Setback::TimedOut => Self::TimedOut,
            Setback::Killed => Self::Killed,
            Setback::Lost => Self::Lost,
            Setback::Stopped => Self::Stopped,
            Setback::Gates => Self::Gates,
            Setback::MergedGates => Self::MergedGates,
            Setback::Conflict => Self::Conflict,
        }
    }
}

/// Why a run comes to a halt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Halt {
    /// The user asked for it.
    Asked,
    /// The budget is used up.
    Budget,
    /// The run's own time limit is over.
    TimedOut,
    /// Git, the disk or another part of the environment failed.
    Environment,
}

impl Halt {
    /// Why.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Asked => "asked to",
            Self::Budget => "the budget is used up",
            Self::TimedOut => "the run's time limit is over",
            Self::Environment => "the environment failed",
        }
    }
}

impl From<SuspendReason> for Halt {
    fn from(reason: SuspendReason) -> Self {
        match reason {
            SuspendReason::Asked => Self::Asked,
            SuspendReason::Budget => Self::Budget,
            SuspendReason::TimedOut => Self::TimedOut,
        }
    }
}

#[cfg(test)]
mod tests;
