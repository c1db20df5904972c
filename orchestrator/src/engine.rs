//! The engine: drives a run of a plan from its start, or from wherever a crash left it, to its end.
//!
//! Reads no environment and prints nothing: it is told everything, and tells its story to a [`Reporter`].
//! It holds the truth about a run in the journal, decides with the run machine, and has every user command executed by
//! worker processes that outlive it.

mod agent;
mod chronicle;
mod clock;
mod context;
mod driver;
mod findings;
mod intake;
mod job;
pub mod look;
mod past;
mod perform;
mod signals;
mod story;
mod view;

use std::collections::HashSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use swarm_mailbox::id::{AgentName, CommitId, IdError, RunId, TaskId};
use swarm_mailbox::lease::{Lease, LeaseError};
use swarm_mailbox::store::{Mailbox, StoreError};
use swarm_run::Run;
use swarm_run::event::{EventKind, Millis, Timestamp};
use swarm_run::plan::{Limits, Plan, PlanError};

use crate::git::command::GitError;
use crate::git::refs::{self, RefError, RefUpdate};
use crate::git::repo::Repo;
use crate::journal::entry::{Entry, Opening, UnknownTask};
use crate::journal::{Journal, JournalError};
use crate::launch::Launcher;
use crate::planfile::{Defaults, PlanFile};
use crate::report::Reporter;
use crate::report::notice::Notice;
use crate::rundir::{RunDir, RunDirError};
use crate::settings::Settings;
use agent::ENGINE;
use chronicle::Chronicle;
use clock::Clock;
use context::Context;
use driver::{Driver, Setup};
use past::{Past, digest};
use signals::Signals;
use view::View;

pub use driver::Driven;
pub use perform::PerformError;

/// A plan that was read and checked, and what is to be done with it.
#[derive(Debug)]
pub struct Order {
    /// The plan file as the user named it.
    pub plan_name: String,
    /// Its bytes: what is stored is what was checked.
    pub plan_bytes: Vec<u8>,
    /// The same, parsed.
    pub file: PlanFile,
    /// The commit to start from.
    pub base: CommitId,
    /// The branch to land on later.
    pub into: Option<String>,
    /// The tries that a flag gave, which goes before what the plan says of all tasks.
    pub retries_flag: Option<u32>,
    /// What holds for tasks that do not say.
    pub defaults: Defaults,
    /// The hard limits.
    pub limits: Limits,
    /// How long work may go on once the run is asked to stop.
    pub grace: Millis,
}

/// The world that a run takes place in.
#[derive(Debug)]
pub struct World {
    /// The user's repository.
    pub repo: Repo,
    /// The settings in force.
    pub settings: Settings,
    /// This program: it starts itself for workers.
    pub exe: PathBuf,
}

/// A run that an engine holds, ready to be driven.
pub struct Engine {
    setup: Setup,
    first: Vec<EventKind>,
    _lock: Lease,
}

/// What came of driving a run.
pub struct Finished {
    /// How it ended.
    pub driven: Driven,
    /// Where every task stands.
    pub summary: crate::report::summary::Summary,
}

impl Engine {
    /// Makes a new run: its directory, its journal, its integration branch.
    ///
    /// # Errors
    /// [`EngineError`]; no run was made then.
    pub fn start(world: World, mut order: Order, now: Started) -> Result<Self, EngineError> {
        order.file.front.retries = order.retries_flag.or(order.file.front.retries);
        let plan = dag(&order.file, order.defaults)?;
        let dir = RunDir::create(world.repo.common_dir(), now.unix_seconds, now.salt)?;
        let engine = Self::open(world, order, plan, dir.clone());
        if engine.is_err() {
            dir.discard();
        }
        engine
    }

    /// Fills the directory of a new run.
    fn open(world: World, order: Order, plan: Plan, dir: RunDir) -> Result<Self, EngineError> {
        let lock = Lease::take(&dir.lock())?;
        save_plan(&dir.plan(), &order.plan_bytes)?;
        let root = world.settings.worktree_root.as_deref();
        let worktrees = context::worktrees_of(&world.repo, root, dir.run());
        let opening = Opening {
            run: dir.run().clone(),
            plan: digest(&order.plan_bytes),
            plan_name: order.plan_name,
            base: order.base,
            into: order.into,
            retries_flag: order.retries_flag,
            defaults: order.defaults.into(),
            worktrees: path_text(&worktrees)?,
            limits: (&order.limits).into(),
        };
        let clock = Clock::start(Timestamp(0));
        let mut journal = Journal::create(&dir.journal())?;
        journal.append(clock.now(), &[Entry::Opened(Box::new(opening.clone()))])?;
        let run = Run::new(plan.clone(), order.limits);
        let context = context(world, dir, order.file, plan, opening, order.grace)?;
        let first = vec![begin(&context)?];
        Ok(Self {
            setup: Setup {
                chronicle: Chronicle::new(&run),
                context: Arc::new(context),
                run,
                journal,
                clock,
                handled: HashSet::new(),
            },
            first,
            _lock: lock,
        })
    }

    /// Takes a run over from an engine that ended or died. `words` are what the user wants of it besides.
    ///
    /// # Errors
    /// [`EngineError`]; nothing was changed then.
    pub fn resume(
        world: World,
        dir: RunDir,
        grace: Millis,
        words: &Words,
    ) -> Result<Self, EngineError> {
        let lock = Lease::take(&dir.lock())?;
        let opened = Journal::open(&dir.journal())?;
        let mut journal = opened.journal;
        let past = Past::read(&dir, &opened.entries)?;
        let clock = Clock::start(past.last);
        let takeover = Entry::Takeover {
            pid: std::process::id(),
        };
        journal.append(clock.now(), &[takeover])?;
        let context = context(
            world,
            dir,
            past.file,
            past.run.plan().clone(),
            past.opening,
            grace,
        )?;
        let mut first = words.before.clone();
        first.push(if past.began {
            EventKind::Resumed
        } else {
            begin(&context)?
        });
        first.extend(words.after.iter().cloned());
        Ok(Self {
            setup: Setup {
                context: Arc::new(context),
                run: past.run,
                chronicle: past.chronicle,
                journal,
                clock,
                handled: past.handled,
            },
            first,
            _lock: lock,
        })
    }

    /// Which run it is.
    #[must_use]
    pub fn run(&self) -> &RunId {
        self.setup.context.run()
    }

    /// The commit that it started from.
    #[must_use]
    pub fn base(&self) -> &CommitId {
        &self.setup.context.base
    }

    /// Its integration branch, without `refs/heads/`.
    #[must_use]
    pub fn integration(&self) -> String {
        context::integration_branch(self.run())
    }

    /// The branch that it is to be landed on.
    #[must_use]
    pub fn into_branch(&self) -> Option<&str> {
        self.setup.context.into.as_deref()
    }

    /// Its tasks, in the order of the plan.
    #[must_use]
    pub fn tasks(&self) -> Vec<TaskId> {
        let tasks = self.setup.context.file.tasks.iter();
        tasks.map(|task| task.id.clone()).collect()
    }

    /// Drives the run until it ends, is suspended, or cannot go on.
    ///
    /// # Errors
    /// [`EngineError`]: the journal, or the runtime.
    pub fn drive(
        self,
        mut reporter: Box<dyn Reporter>,
        opening: Option<Notice>,
    ) -> Result<Finished, EngineError> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .map_err(EngineError::Runtime)?;
        let context = Arc::clone(&self.setup.context);
        let clock = self.setup.clock;
        if let Some(opening) = opening {
            reporter.notice(clock.now(), &opening);
        }
        let driver = Driver::new(self.setup, reporter);
        let first = self.first;
        let done = runtime.block_on(async {
            let signals = Signals::listen().map_err(EngineError::Runtime)?;
            driver
                .drive(first, signals)
                .await
                .map_err(EngineError::from)
        });
        // Watchers of workers that go on without us are dropped here; the workers themselves are not.
        runtime.shutdown_background();
        let (driven, run, chronicle, mut reporter) = done?;
        let view = View {
            dir: &context.dir,
            file: &context.file,
            run: &run,
            chronicle: &chronicle,
        };
        let summary = view.summary(&driven);
        let ended = Notice::RunEnded {
            summary: Box::new(summary.clone()),
        };
        reporter.notice(clock.now(), &ended);
        reporter.end();
        Ok(Finished { driven, summary })
    }
}

/// When a new run starts.
#[derive(Debug, Clone, Copy)]
pub struct Started {
    /// Seconds since the Unix epoch.
    pub unix_seconds: u64,
    /// Keeps apart runs of the same second.
    pub salt: u16,
}

/// What the user wants besides a resume.
#[derive(Debug, Clone, Default)]
pub struct Words {
    /// Before the run goes on: a retry, a cancellation.
    pub before: Vec<EventKind>,
    /// In the same breath as it goes on: a suspension that stops what still runs.
    pub after: Vec<EventKind>,
}

/// The run machine's plan of a plan file.
fn dag(file: &PlanFile, defaults: Defaults) -> Result<Plan, EngineError> {
    let tasks = file
        .to_run(&defaults)
        .map_err(|diagnostics| EngineError::PlanRefused(diagnostics.render(false)))?;
    Ok(Plan::new(tasks)?)
}

/// Puts the integration branch at the base, where a crash did not come after that already.
fn begin(context: &Context) -> Result<EventKind, EngineError> {
    let name = context.integration();
    let step = [RefUpdate::create(name.as_str(), &context.base)];
    match refs::update(&context.repo, &step, "swarm: run begins") {
        Ok(()) | Err(RefError::Moved { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let tip = refs::read(&context.repo, &name)?.unwrap_or_else(|| context.base.clone());
    Ok(EventKind::Started { tip })
}

fn context(
    world: World,
    dir: RunDir,
    file: PlanFile,
    plan: Plan,
    opening: Opening,
    grace: Millis,
) -> Result<Context, EngineError> {
    let mailbox = Mailbox::open(&dir.mail(), &AgentName::new(ENGINE)?)?;
    Ok(Context {
        repo: world.repo,
        launcher: Launcher::new(world.exe),
        settings: world.settings,
        mailbox,
        dir,
        file,
        plan,
        base: opening.base,
        into: opening.into,
        worktrees: PathBuf::from(opening.worktrees),
        grace,
    })
}

fn save_plan(path: &Path, bytes: &[u8]) -> Result<(), EngineError> {
    let write = || {
        let mut file = std::fs::File::create_new(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|source| EngineError::Plan {
        path: path.to_owned(),
        source,
    })
}

fn path_text(path: &Path) -> Result<String, EngineError> {
    path.to_str()
        .map(str::to_owned)
        .ok_or_else(|| EngineError::PathText {
            path: path.to_owned(),
        })
}

/// Why a run cannot be started, taken over or driven.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Its directory.
    #[error(transparent)]
    Dir(#[from] RunDirError),
    /// Its journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Its lock.
    #[error(transparent)]
    Lock(#[from] LeaseError),
    /// Its mailboxes.
    #[error(transparent)]
    Mailbox(#[from] StoreError),
    /// Git.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A ref.
    #[error(transparent)]
    Ref(#[from] RefError),
    /// The DAG.
    #[error(transparent)]
    Dag(#[from] PlanError),
    /// A name.
    #[error(transparent)]
    Name(#[from] IdError),
    /// The journal and the plan do not fit.
    #[error(transparent)]
    Task(#[from] UnknownTask),
    /// The journal holds an event that the run machine refuses.
    #[error("the journal cannot be replayed: {0}")]
    Replay(String),
    /// The journal does not begin as it must: the crash came before the run began.
    #[error("the run never began: its journal has no opening; `swarm gc` removes it")]
    NoOpening,
    /// The stored plan cannot be read or written.
    #[error("cannot use the stored plan {}: {source}", path.display())]
    Plan {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The stored plan is not the accepted one.
    #[error("the stored plan {} was changed since the run was started", path.display())]
    PlanChanged {
        /// Which file.
        path: PathBuf,
    },
    /// The plan is no plan that can be run.
    #[error("the plan is refused:\n{0}")]
    PlanRefused(String),
    /// A path of the run is not UTF-8.
    #[error("the path {} is not UTF-8; set worktree-root to one that is", path.display())]
    PathText {
        /// Which path.
        path: PathBuf,
    },
    /// The async runtime.
    #[error("the runtime cannot be started: {0}")]
    Runtime(io::Error),
}
