//! What each notice says, in one plain line.
//!
//! Knows nothing of colours and columns.

use swarm_mailbox::id::{AttemptNo, TaskId};

use super::{End, Halt, Notice, Why};
use crate::report::cell::{clean, count, short, span};
use crate::report::finding::brief;

impl Notice {
    /// What happened, in one plain line without its subject and without a final period.
    #[must_use]
    pub fn text(&self) -> String {
        match self {
            Self::RunStarted {
                plan,
                tasks,
                base,
                integration,
                max_workers,
                uncommitted_changes,
                ..
            } => {
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
