//! `swarm run`: from a plan file to a run that is driven to its end.
//!
//! Knows nothing of how a run goes on; that is the engine's.

use std::time::SystemTime;

use swarm_run::event::{Millis, Spent};
use swarm_run::plan::Limits;

use super::Context;
use super::args::RunArgs;
use super::drive;
use super::plan_source::PlanSource;
use crate::engine::{Engine, Order, Started, World};
use crate::error::{CommandError, ExitStatus};
use crate::git::repo::Repo;
use crate::planfile::{Defaults, PlanFile};
use crate::report::notice::Notice;
use crate::settings::Settings;

/// Uncommitted files that are counted at the most; more is "many" to a reader.
const MAX_DIRTY: usize = 1000;

/// Runs a plan.
///
/// # Errors
/// The plan or the command line is wrong, or the environment is in the way; nothing was started then.
pub fn run(context: &Context, args: &RunArgs) -> Result<ExitStatus, CommandError> {
    let plan = PlanSource::load(context, &args.plan)?;
    let settings = context.settings(&flags(args))?;
    let repo = context.repo()?;
    let head = repo.head()?;
    let base = args.base.as_ref().or(plan.file.front.base.as_ref());
    let base = base.map_or_else(|| Ok(head.commit.clone()), |rev| repo.resolve(rev))?;
    let into = args
        .into
        .clone()
        .or_else(|| plan.file.front.into.clone())
        .or(head.branch);
    let limits = limits(args, &plan.file, &settings);
    let max_workers = limits.slots;
    let uncommitted_changes = uncommitted(&repo)?;
    let tasks = u32::try_from(plan.file.tasks.len()).unwrap_or(u32::MAX);
    let order = Order {
        plan_name: plan.name,
        plan_bytes: plan.bytes,
        file: plan.file,
        base,
        into,
        retries_flag: args.retries,
        defaults: Defaults {
            retries: settings.retries,
            timeout: settings.timeout,
        },
        limits,
        grace: millis(settings.grace),
    };
    let world = World {
        repo,
        settings,
        exe: drive::this_program()?,
    };
    let engine = Engine::start(world, order, moment())?;
    let opening = Notice::RunStarted {
        plan: args.plan.display().to_string(),
        tasks,
        base: engine.base().clone(),
        integration: engine.integration(),
        into: engine.into_branch().map(str::to_owned),
        max_workers,
        uncommitted_changes,
    };
    drive::to_the_end(context, engine, Some(opening))
}

/// The flags that are settings too; a flag goes before what the plan says.
fn flags(args: &RunArgs) -> Vec<(&'static str, String)> {
    let mut flags = Vec::new();
    let mut put = |key, value: Option<String>| flags.extend(value.map(|value| (key, value)));
    put("max-workers", args.max_workers.map(|n| n.to_string()));
    put(
        "run-timeout",
        args.timeout.map(|span| format!("{}ms", span.as_millis())),
    );
    put(
        "grace",
        args.grace.map(|span| format!("{}ms", span.as_millis())),
    );
    put("fail-fast", args.fail_fast.then(|| "true".to_owned()));
    put("fail-fast", args.keep_going.then(|| "false".to_owned()));
    flags
}

fn limits(args: &RunArgs, plan: &PlanFile, settings: &Settings) -> Limits {
    let front = &plan.front;
    let slots = front
        .max_workers
        .filter(|_| !settings.is_from_flag("max-workers"))
        .unwrap_or(settings.max_workers);
    Limits {
        slots,
        batch: front.merge_batch.unwrap_or(settings.merge_batch),
        fail_fast: settings.fail_fast,
        budget: args
            .budget
            .or(front.budget)
            .map(|budget| -> Spent { budget.limit() }),
        timeout: settings.run_timeout.map(millis),
        replacements: settings.replacements,
        backoff: millis(settings.backoff),
        backoff_max: millis(settings.backoff_max),
        overtime: millis(settings.overtime),
    }
}

fn uncommitted(repo: &Repo) -> Result<u32, CommandError> {
    let count = repo.dirty(MAX_DIRTY)?.len();
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

pub(super) fn millis(span: std::time::Duration) -> Millis {
    Millis(u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
}

fn moment() -> Started {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    Started {
        unix_seconds: since.as_secs(),
        // Sub-second digits differ between two runs of one second; the run's directory settles a tie.
        salt: (since.subsec_nanos() >> 8) as u16,
    }
}
