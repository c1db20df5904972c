//! `swarm run`: from a plan file to a run that is driven to its end.
//!
//! Knows nothing of how a run goes on; that is the engine's.

use std::time::SystemTime;

use swarm_mailbox::id::RunId;
use swarm_run::event::{Millis, Spent};
use swarm_run::plan::Limits;

use super::Context;
use super::args::RunArgs;
use super::merge::{self, Wish};
use super::plan::{self, View};
use super::plan_source::PlanSource;
use super::{doctor, drive};
use crate::engine::{Engine, Order, Started, World};
use crate::error::{CommandError, ExitStatus};
use crate::git::land::How;
use crate::git::repo::Repo;
use crate::planfile::{Defaults, PlanFile};
use crate::report::notice::Notice;
use crate::rundir::RunDir;
use crate::settings::Settings;

/// Uncommitted files that are counted at the most; more is "many" to a reader.
const MAX_DIRTY: usize = 1000;

/// Runs a plan.
///
/// # Errors
/// The plan or the command line is wrong, or the environment is in the way; nothing was started then.
pub fn run(context: &Context, args: &RunArgs) -> Result<ExitStatus, CommandError> {
    let mut plan = PlanSource::load(context, &args.plan)?;
    plan.file.front.retries = args.retries.or(plan.file.front.retries);
    let settings = context.settings(&flags(args))?;
    if args.dry_run {
        return dry_run(context, &plan, &settings);
    }
    plan.require_commands(context)?;
    doctor::require(context, &settings)?;
    let repo = context.repo()?;
    let opened = Opened {
        tasks: u32::try_from(plan.file.tasks.len()).unwrap_or(u32::MAX),
        max_workers: plan::slots(&plan.file, &settings),
        uncommitted_changes: uncommitted(&repo)?,
    };
    let order = order(&repo, args, plan, &settings)?;
    let exe = drive::this_program()?;
    let engine = Engine::start(
        World {
            repo,
            settings,
            exe,
        },
        order,
        moment(),
    )?;
    let opening = Notice::RunStarted {
        plan: args.plan.display().to_string(),
        tasks: opened.tasks,
        base: engine.base().clone(),
        integration: engine.integration(),
        into: engine.into_branch().map(str::to_owned),
        max_workers: opened.max_workers,
        uncommitted_changes: opened.uncommitted_changes,
    };
    let run = engine.run().clone();
    let status = drive::to_the_end(context, engine, Some(opening))?;
    if args.land {
        land(context, &run, status)?;
    }
    Ok(status)
}

/// Shows what would be done, and whether the environment would let it.
fn dry_run(
    context: &Context,
    plan: &PlanSource,
    settings: &Settings,
) -> Result<ExitStatus, CommandError> {
    plan::show(context, plan, settings, View::Asked)?;
    plan.require_commands(context)?;
    doctor::require(context, settings)?;
    context
        .terminal
        .note("nothing was started; nothing is in the way");
    Ok(ExitStatus::Success)
}

/// Lands what was merged, if that is everything.
fn land(context: &Context, run: &RunId, status: ExitStatus) -> Result<(), CommandError> {
    if status != ExitStatus::Success {
        context.terminal.warn(&format!(
            "nothing was landed, for not every task is merged; `swarm merge --run {run}` lands what is"
        ));
        return Ok(());
    }
    let repo = context.repo()?;
    let dir = RunDir::find(repo.common_dir(), Some(run.as_str()))?;
    let everything = Wish {
        tasks: &[],
        into: None,
        how: How::FastForward,
    };
    merge::land_run(context, &repo, &dir, &everything)
}

/// What is told of a run and its engine does not know.
struct Opened {
    tasks: u32,
    max_workers: u32,
    uncommitted_changes: u32,
}

fn order(
    repo: &Repo,
    args: &RunArgs,
    plan: PlanSource,
    settings: &Settings,
) -> Result<Order, CommandError> {
    let head = repo.head()?;
    let front = &plan.file.front;
    let base = args.base.as_ref().or(front.base.as_ref());
    let base = base.map_or_else(|| Ok(head.commit.clone()), |rev| repo.resolve(rev))?;
    let into = args
        .into
        .clone()
        .or_else(|| front.into.clone())
        .or(head.branch);
    let limits = limits(args, &plan.file, settings);
    Ok(Order {
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
    })
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

fn limits(args: &RunArgs, file: &PlanFile, settings: &Settings) -> Limits {
    let front = &file.front;
    Limits {
        slots: plan::slots(file, settings),
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
        // The fraction of the second in fifteen bits: the names of runs sort by time, also within a second. The run's
        // directory settles a tie.
        salt: ((u64::from(since.subsec_nanos()) << 15) / 1_000_000_000) as u16,
    }
}
