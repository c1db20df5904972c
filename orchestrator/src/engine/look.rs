//! Looking at a run from outside, and speaking to whoever drives it. Changes nothing but a mailbox.
//!
//! Knows nothing of how a run goes on.

use swarm_mailbox::id::{AgentName, TaskId};
use swarm_mailbox::lease::Lease;
use swarm_mailbox::process::Owner;
use swarm_mailbox::store;
use swarm_mailbox::wire::Envelope;
use swarm_mailbox::wire::message::{Command, Message};
use swarm_run::event::Timestamp;

use super::EngineError;
use super::agent::ENGINE;
use super::clock::Clock;
use super::past::Past;
use super::view::View;
use crate::journal;
use crate::planfile::PlanFile;
use crate::report::notice::Notice;
use crate::report::status::RunStatus;
use crate::rundir::RunDir;

/// The process that drives a run, if one does.
///
/// # Errors
/// The run's lock cannot be read.
pub fn driver(dir: &RunDir) -> Result<Option<Owner>, EngineError> {
    Ok(Lease::read(&dir.lock())?.filter(Owner::is_alive))
}

/// How a run and each of its tasks stand.
///
/// # Errors
/// The journal or the plan cannot be read.
pub fn status(dir: &RunDir) -> Result<RunStatus, EngineError> {
    let driver = driver(dir)?;
    let past = Past::read(dir, &journal::peek(&dir.journal())?)?;
    let now = Clock::start(past.last).now();
    Ok(view(dir, &past).status(&past.opening, driver.as_ref(), now))
}

/// What happened in a run.
#[derive(Debug)]
pub struct Story {
    /// The tasks that it is about, in the order of the plan.
    pub tasks: Vec<TaskId>,
    /// What happened, and when.
    pub notices: Vec<(Timestamp, Notice)>,
}

/// What happened in a run, told from its journal.
///
/// # Errors
/// The journal or the plan cannot be read.
pub fn story(dir: &RunDir) -> Result<Story, EngineError> {
    let mut notices = Vec::new();
    let past = Past::tell(dir, &journal::peek(&dir.journal())?, |past, step| {
        let told = view(dir, past).tell(step.event, step.turns, step.effects);
        notices.extend(told.into_iter().map(|notice| (step.event.at, notice)));
    })?;
    let tasks = past.file.tasks.into_iter().map(|task| task.id).collect();
    Ok(Story { tasks, notices })
}

/// What is known of one task, for commands that show its work.
///
/// # Errors
/// The journal or the plan cannot be read.
pub fn plan(dir: &RunDir) -> Result<PlanFile, EngineError> {
    Ok(Past::read(dir, &journal::peek(&dir.journal())?)?.file)
}

/// Says a word of the user to the engine that drives a run.
///
/// # Errors
/// The engine's mailbox cannot be written.
pub fn say(dir: &RunDir, word: Command) -> Result<(), EngineError> {
    let user = AgentName::new("user")?;
    let engine = AgentName::new(ENGINE)?;
    let letter = Envelope::new(&user, &engine, Message::Command(word));
    Ok(store::post(&dir.mail(), &letter)?)
}

fn view<'a>(dir: &'a RunDir, past: &'a Past) -> View<'a> {
    View {
        dir,
        file: &past.file,
        run: &past.run,
        chronicle: &past.chronicle,
    }
}
