//! What a worker process is told: the commands, the directory and the environment of an attempt or of its gates.
//!
//! Knows nothing of how a process is started, or of what comes of it.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use swarm_mailbox::id::{AgentName, AttemptNo, CommitId};
use swarm_run::event::CandidateNo;
use swarm_run::plan::TaskIx;
use swarm_worker::spec::SPEC_VERSION;
use swarm_worker::{StateDir, Step, WorkerSpec};

use super::agent::{self, ENGINE};
use super::context::Context;
use super::perform::PerformError;
use crate::planfile::Accept;

/// Steps are named after what they are for; findings and logs use these words.
pub(crate) const SETUP: &str = "setup";
pub(crate) const RUN: &str = "run";
pub(crate) const ACCEPT: &str = "accept";
pub(crate) const GATE: &str = "gate";

/// The variable that tells a command which commit its attempt began at; the engine finds it there again.
const BASE: &str = "SWARM_BASE";

/// The commit that an attempt began at, by what its worker was told.
pub(super) fn base_of(
    context: &Context,
    task: TaskIx,
    attempt: AttemptNo,
) -> Result<CommitId, PerformError> {
    let agent = agent::worker(&context.task(task).id, attempt)?;
    let spec = WorkerSpec::load(&StateDir::new(&context.dir.worker(&agent)).spec())?;
    let base = spec.env.get(BASE).map_or("", String::as_str);
    Ok(CommitId::new(base)?)
}

/// The worker of an attempt: the plan's setup, then the task's own commands.
pub(super) fn attempt(
    context: &Context,
    task: TaskIx,
    attempt: AttemptNo,
    from: &CommitId,
    findings: Option<&Path>,
) -> Result<WorkerSpec, PerformError> {
    let item = context.task(task);
    let in_place = context.in_place(task);
    let setup = context.file.front.setup.iter().filter(|_| !in_place);
    let mut steps: Vec<Step> = setup.map(|command| step(SETUP, command)).collect();
    steps.extend(item.run.iter().map(|command| step(RUN, command)));
    let mut env = task_env(context, task, attempt);
    env.insert(BASE.into(), from.to_string());
    if let Some(path) = findings {
        env.insert("SWARM_FINDINGS".into(), path.to_string_lossy().into_owned());
    }
    let timeout_ms = context.plan.task(task).timeout.map(|span| span.0);
    let place = Place {
        agent: agent::worker(&item.id, attempt)?,
        dir: context.directory(task),
        env,
    };
    Ok(WorkerSpec {
        timeout_ms,
        ..spec(context, place, steps)?
    })
}

/// The gates of an attempt's branch: the task's acceptance commands, then its gates.
pub(super) fn check(
    context: &Context,
    task: TaskIx,
    attempt: AttemptNo,
) -> Result<WorkerSpec, PerformError> {
    let item = context.task(task);
    let accept = item.accept.iter().filter_map(|accept| match accept {
        Accept::Command(command) => Some(step(ACCEPT, command)),
        Accept::Prose(_) => None,
    });
    // What the plan's gates judge is a tree that the task changed; a task in place changes none of its own.
    let shared = context
        .file
        .front
        .gates
        .iter()
        .filter(|_| !context.in_place(task));
    let gates = item
        .gates
        .as_ref()
        .map_or_else(|| shared.collect(), |own| own.iter().collect::<Vec<_>>());
    let steps = accept
        .chain(gates.into_iter().map(|command| step(GATE, command)))
        .collect();
    let place = Place {
        agent: agent::checker(&item.id, attempt)?,
        dir: context.directory(task),
        env: task_env(context, task, attempt),
    };
    Ok(WorkerSpec {
        keep_going: true,
        ..spec(context, place, steps)?
    })
}

/// The gates of a merged tree: the plan's setup, then the plan's gates.
pub(super) fn gate(context: &Context, candidate: CandidateNo) -> Result<WorkerSpec, PerformError> {
    let front = &context.file.front;
    let steps = front
        .setup
        .iter()
        .map(|command| step(SETUP, command))
        .chain(front.gates.iter().map(|command| step(GATE, command)))
        .collect();
    let mut env = common_env(context);
    env.extend(ports(context, context.plan.len()));
    let place = Place {
        agent: agent::gater(candidate)?,
        dir: context.gate_tree(),
        env,
    };
    spec(context, place, steps)
}

/// Who runs commands, where, and in which environment.
struct Place {
    agent: AgentName,
    dir: PathBuf,
    env: BTreeMap<String, String>,
}

fn step(name: &str, command: &str) -> Step {
    Step {
        name: name.to_owned(),
        command: command.to_owned(),
        timeout_ms: None,
    }
}

fn spec(context: &Context, place: Place, steps: Vec<Step>) -> Result<WorkerSpec, PerformError> {
    Ok(WorkerSpec {
        v: SPEC_VERSION,
        run: context.run().clone(),
        report_to: AgentName::new(ENGINE)?,
        mail: context.dir.mail(),
        state: context.dir.worker(&place.agent),
        agent: place.agent,
        dir: place.dir,
        env: place.env,
        steps,
        keep_going: false,
        timeout_ms: context.settings.timeout.map(millis),
        stop_grace_ms: millis(context.settings.stop_grace),
        log_limit: context.settings.log_limit,
    })
}

fn task_env(context: &Context, task: TaskIx, attempt: AttemptNo) -> BTreeMap<String, String> {
    let mut env = common_env(context);
    env.insert("SWARM_TASK".into(), context.task(task).id.to_string());
    env.insert("SWARM_ATTEMPT".into(), attempt.to_string());
    env.extend(ports(context, task.0 as usize));
    env
}

fn common_env(context: &Context) -> BTreeMap<String, String> {
    // A spec is JSON: a variable that is not UTF-8 cannot be told.
    let told = |(name, value): (&OsString, &OsString)| {
        Some((name.to_str()?.to_owned(), value.to_str()?.to_owned()))
    };
    let mut env: BTreeMap<_, _> = context
        .settings
        .command_env
        .iter()
        .filter_map(told)
        .collect();
    env.extend(context.file.front.env.iter().cloned());
    env.insert("SWARM_RUN".into(), context.run().to_string());
    env
}

/// The ports that `place` may listen on. Reserved by arithmetic and not by probing: a probe says nothing about later.
fn ports(context: &Context, place: usize) -> [(String, String); 2] {
    let (first, count) = (context.settings.ports_base, context.settings.ports_per_task);
    let ranges = u32::from(u16::MAX).saturating_sub(first) / count.max(1);
    let slot = u32::try_from(place).unwrap_or(u32::MAX) % ranges.max(1);
    let base = first + slot * count;
    [
        ("SWARM_PORT_BASE".into(), base.to_string()),
        ("SWARM_PORT_COUNT".into(), count.to_string()),
    ]
}

fn millis(span: std::time::Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
