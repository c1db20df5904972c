//! Which events were accepted in which states, and which ones should have been.
//!
//! Three tables: a task's states, a candidate's stages, the run's modes, each with the events that concern it. What is
//! legal is stated here a second time, so that the machine and this table have to agree.

use std::collections::BTreeSet;

use swarm_run::Run;
use swarm_run::effect::{Ending, StopReason};
use swarm_run::event::{Command, EventKind};
use swarm_run::plan::TaskIx;
use swarm_run::state::{Mode, Phase, TaskState};

/// What was accepted where, as words.
#[derive(Default, Clone)]
pub(crate) struct Coverage {
    pub(crate) seen: BTreeSet<(String, String)>,
    /// The same as bits of what was noted lately, so that a known pair costs no allocation.
    known: BTreeSet<u64>,
}

/// States, and the events that are legal in each of them. Three groups: a task's states, a candidate's stages, the run's
/// modes.
const LEGAL: &[(&str, &str)] = &[
    // A worker whose time is up has started; the others may be stopped before.
    (
        "Running; Running stop Suspended; Running stop Cancelled",
        "WorkerStarted",
    ),
    (
        "Running; Running stop TimedOut; Running stop Suspended; Running stop Cancelled",
        "WorkerEnded Succeeded; WorkerEnded Failed; WorkerEnded TimedOut; WorkerEnded Killed; WorkerEnded Lost; \
         WorkerEnded Stopped",
    ),
    (
        "Settling; Settling stop Cancelled",
        "Settled head; Settled nothing",
    ),
    (
        "Checking; Checking stop Suspended; Checking stop Cancelled",
        "Checked Passed; Checked Failed; Checked Stopped",
    ),
    (
        "Waiting; Ready; Backoff; Settling; Settled; Queued; Merging",
        "CancelTask",
    ),
    (
        "Running; Running stop TimedOut; Running stop Suspended",
        "CancelTask",
    ),
    ("Checking; Checking stop Suspended", "CancelTask"),
    (
        "Failed; Blocked dependency; Blocked conflict; Cancelled",
        "Retry",
    ),
    (
        "Building",
        "CandidateBuilt all; CandidateBuilt some; CandidateBuilt none",
    ),
    (
        "Gating; Gating stop Suspended; Gating stop Cancelled",
        "CandidateGated Passed; CandidateGated Failed; CandidateGated Stopped",
    ),
    ("Moving", "TipMoved; TipRefused"),
    ("NotStarted", "Started"),
    ("Active", "Pause"),
    ("Paused", "Unpause"),
    (
        "Active; Paused; Suspending grace; Suspending stopped",
        "Resumed; Tick; Suspend; Cancel; CancelTask; Retry",
    ),
    ("Cancelling Asked; Cancelling FailFast", "Resumed; Tick"),
    ("Over Complete; Over Cancelled", "Resumed; Retry"),
    (
        "Over Suspended(Asked); Over Suspended(Budget); Over Suspended(TimedOut)",
        "Resumed; Cancel; CancelTask; Retry",
    ),
];

/// Every pair that should be seen.
pub(crate) fn legal() -> BTreeSet<(String, String)> {
    let pairs = |(states, events): &(&'static str, &'static str)| {
        let events: Vec<&str> = events.split("; ").collect();
        let with = move |state: &str| -> Vec<(String, String)> {
            events
                .iter()
                .map(|event| (state.to_owned(), (*event).to_owned()))
                .collect()
        };
        states.split("; ").flat_map(with).collect::<Vec<_>>()
    };
    LEGAL.iter().flat_map(pairs).collect()
}

impl Coverage {
    /// Takes note of an event that `before` accepted.
    pub(crate) fn note(&mut self, before: &Run, kind: &EventKind) {
        let key = bits(before, kind);
        if !self.known.insert(key) {
            return;
        }
        let event = event_word(kind);
        let is_answer = !matches!(kind, EventKind::Command(_))
            && (task_of(kind).is_some() || is_candidates(kind));
        if !is_answer {
            self.seen.insert((mode_word(before.mode()), event.clone()));
        }
        if let Some(task) = task_of(kind) {
            self.seen
                .insert((task_word(&before.task(task).state), event.clone()));
        }
        if let Some(candidate) = before.candidate()
            && is_candidates(kind)
        {
            let stage = format!("{:?}", candidate.stage());
            let stage = stage.split('(').next().unwrap_or_default().to_owned();
            self.seen
                .insert((stage + &stop_word(candidate.stop()), event));
        }
    }

    /// Adds what another thread saw.
    pub(crate) fn merge(&mut self, other: Self) {
        self.seen.extend(other.seen);
    }
}

/// The same for every pair that has the same words; different ones may rarely collide in no harmful way.
fn bits(before: &Run, kind: &EventKind) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    std::mem::discriminant(kind).hash(&mut hasher);
    std::mem::discriminant(&before.mode()).hash(&mut hasher);
    match before.mode() {
        Mode::Over(ending) => ending.hash(&mut hasher),
        Mode::Suspending { stop_at, .. } => stop_at.is_some().hash(&mut hasher),
        Mode::Cancelling { cause } => cause.hash(&mut hasher),
        Mode::NotStarted | Mode::Active | Mode::Paused => {}
    }
    if let Some(task) = task_of(kind) {
        let state = &before.task(task).state;
        (state.phase(), state.stop()).hash(&mut hasher);
        if let TaskState::Blocked(reason) = state {
            std::mem::discriminant(reason).hash(&mut hasher);
        }
    }
    if is_candidates(kind)
        && let Some(candidate) = before.candidate()
    {
        std::mem::discriminant(candidate.stage()).hash(&mut hasher);
        candidate.stop().hash(&mut hasher);
    }
    match kind {
        EventKind::WorkerEnded { end, .. } => end.hash(&mut hasher),
        EventKind::Settled { head, .. } => head.is_some().hash(&mut hasher),
        EventKind::Checked { verdict, .. } | EventKind::CandidateGated { verdict, .. } => {
            verdict.hash(&mut hasher)
        }
        EventKind::CandidateBuilt {
            commit, conflicts, ..
        } => {
            (commit.is_some(), conflicts.is_empty()).hash(&mut hasher);
        }
        EventKind::Command(command) => std::mem::discriminant(command).hash(&mut hasher),
        _ => {}
    }
    hasher.finish()
}

fn task_of(kind: &EventKind) -> Option<TaskIx> {
    match kind {
        EventKind::WorkerStarted { task, .. }
        | EventKind::WorkerEnded { task, .. }
        | EventKind::Settled { task, .. }
        | EventKind::Checked { task, .. }
        | EventKind::Command(Command::CancelTask { task } | Command::Retry { task }) => Some(*task),
        _ => None,
    }
}

fn is_candidates(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::CandidateBuilt { .. }
            | EventKind::CandidateGated { .. }
            | EventKind::TipMoved { .. }
            | EventKind::TipRefused { .. }
    )
}

fn event_word(kind: &EventKind) -> String {
    match kind {
        EventKind::Started { .. } => "Started".to_owned(),
        EventKind::Resumed => "Resumed".to_owned(),
        EventKind::WorkerStarted { .. } => "WorkerStarted".to_owned(),
        EventKind::WorkerEnded { end, .. } => format!("WorkerEnded {end:?}"),
        EventKind::Settled { head: Some(_), .. } => "Settled head".to_owned(),
        EventKind::Settled { head: None, .. } => "Settled nothing".to_owned(),
        EventKind::Checked { verdict, .. } => format!("Checked {verdict:?}"),
        EventKind::CandidateBuilt { commit: None, .. } => "CandidateBuilt none".to_owned(),
        EventKind::CandidateBuilt { conflicts, .. } if conflicts.is_empty() => {
            "CandidateBuilt all".to_owned()
        }
        EventKind::CandidateBuilt { .. } => "CandidateBuilt some".to_owned(),
        EventKind::CandidateGated { verdict, .. } => format!("CandidateGated {verdict:?}"),
        EventKind::TipMoved { .. } => "TipMoved".to_owned(),
        EventKind::TipRefused { .. } => "TipRefused".to_owned(),
        EventKind::Tick => "Tick".to_owned(),
        EventKind::Command(Command::Pause) => "Pause".to_owned(),
        EventKind::Command(Command::Unpause) => "Unpause".to_owned(),
        EventKind::Command(Command::Suspend { .. }) => "Suspend".to_owned(),
        EventKind::Command(Command::Cancel) => "Cancel".to_owned(),
        EventKind::Command(Command::CancelTask { .. }) => "CancelTask".to_owned(),
        EventKind::Command(Command::Retry { .. }) => "Retry".to_owned(),
    }
}

fn task_word(state: &TaskState) -> String {
    let word = match state {
        TaskState::Blocked(swarm_run::state::BlockReason::Conflict) => {
            "Blocked conflict".to_owned()
        }
        TaskState::Blocked(swarm_run::state::BlockReason::Dependency(_)) => {
            "Blocked dependency".to_owned()
        }
        state => format!("{:?}", state.phase()),
    };
    debug_assert!(
        Phase::ALL
            .iter()
            .any(|phase| word.starts_with(&format!("{phase:?}")))
    );
    word + &stop_word(state.stop())
}

fn stop_word(stop: Option<StopReason>) -> String {
    stop.map_or_else(String::new, |reason| format!(" stop {reason:?}"))
}

fn mode_word(mode: Mode) -> String {
    match mode {
        Mode::NotStarted => "NotStarted".to_owned(),
        Mode::Active => "Active".to_owned(),
        Mode::Paused => "Paused".to_owned(),
        Mode::Suspending {
            stop_at: Some(_), ..
        } => "Suspending grace".to_owned(),
        Mode::Suspending { stop_at: None, .. } => "Suspending stopped".to_owned(),
        Mode::Cancelling { cause } => format!("Cancelling {cause:?}"),
        Mode::Over(ending @ (Ending::Complete | Ending::Cancelled | Ending::Suspended(_))) => {
            format!("Over {ending:?}")
        }
    }
}
