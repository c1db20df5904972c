//! Doing what the run machine asks for: one effect, one file; what comes of it goes back as events.
//!
//! Every effect may be asked for again after a crash, and finds out by itself what took place already.
//! Knows nothing of why an effect is asked for.

mod build;
mod check;
mod gate;
mod job;
mod move_tip;
mod retire;
mod settle;
mod spawn;
mod stop;

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use swarm_mailbox::id::{AttemptNo, IdError};
use swarm_mailbox::store::StoreError;
use swarm_run::effect::Effect;
use swarm_run::event::CandidateNo;
use swarm_run::plan::TaskIx;
use swarm_worker::SpecError;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::context::Context;
use super::intake::Outbox;
use crate::git::command::GitError;
use crate::git::commit::CommitError;
use crate::git::guard::{GuardError, KeptReason};
use crate::git::refs::RefError;
use crate::git::worktree::WorktreeError;
use crate::git::worktree::provision::ProvisionError;
use crate::launch::LaunchError;

/// Performs effects, each in a task of its own.
pub(super) struct Performer {
    hands: Hands,
    /// What goes on in this process and is soon done.
    deeds: TaskTracker,
    /// What looks after a process of its own, which does not need this one.
    watches: TaskTracker,
}

/// What every effect works with.
#[derive(Clone)]
pub(super) struct Hands {
    context: Arc<Context>,
    out: Outbox,
    stops: Stops,
    /// Cancelled when the user is out of patience: nothing that is stopped gets time to end by itself any more.
    haste: CancellationToken,
}

/// How long an engine that is done waits for what it still clears away.
const PATIENCE: Duration = Duration::from_secs(10);

/// Whose process an effect looks after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Owner {
    Attempt(TaskIx, AttemptNo),
    Candidate(CandidateNo),
}

/// The stop tokens of the processes that are looked after now.
#[derive(Debug, Clone, Default)]
struct Stops(Arc<Mutex<HashMap<Owner, CancellationToken>>>);

impl Stops {
    /// A token for `owner`; the one that it has already, if its stop came first.
    fn token(&self, owner: Owner) -> CancellationToken {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.entry(owner).or_default().clone()
    }

    fn forget(&self, owner: Owner) {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.remove(&owner);
    }

    /// Stops the process of `owner` if this engine looks after it, and says whether it does.
    fn stop(&self, owner: Owner) -> bool {
        let tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.get(&owner).map(CancellationToken::cancel).is_some()
    }
}

impl Performer {
    pub(super) fn new(context: Arc<Context>, out: Outbox) -> Self {
        let hands = Hands {
            context,
            out,
            stops: Stops::default(),
            haste: CancellationToken::new(),
        };
        Self {
            hands,
            deeds: TaskTracker::new(),
            watches: TaskTracker::new(),
        }
    }

    /// From now on whatever is stopped is killed, and so is what is being stopped.
    pub(super) fn hasten(&self) {
        self.hands.haste.cancel();
    }

    /// Starts to perform `effect`. `WakeAt` and `Finish` are the driver's own and do nothing here.
    pub(super) fn start(&self, effect: Effect) {
        match effect {
            Effect::Stop { task, attempt, .. }
                if self.hands.stops.stop(Owner::Attempt(task, attempt)) => {}
            Effect::StopGate { candidate }
                if self.hands.stops.stop(Owner::Candidate(candidate)) => {}
            Effect::WakeAt { .. } | Effect::Finish(_) => {}
            other => self.begin(other),
        }
    }

    fn begin(&self, effect: Effect) {
        let hands = self.hands.clone();
        // The token exists before the task runs, so that a stop asked for in the same breath is seen.
        let owner = owner(&effect);
        let tracker = match owner {
            Some(owner) => {
                hands.stops.token(owner);
                &self.watches
            }
            None => &self.deeds,
        };
        tracker.spawn(async move {
            if let Err(error) = hands.perform(effect).await {
                hands.out.broken(error);
            }
            if let Some(owner) = owner {
                hands.stops.forget(owner);
            }
        });
    }

    /// Whether nothing is being performed.
    pub(super) fn is_idle(&self) -> bool {
        self.deeds.is_empty() && self.watches.is_empty()
    }

    /// Waits for what goes on in this process (retirements); processes that are still watched are left to themselves,
    /// which is what a detached engine wants.
    pub(super) async fn close(&self) {
        self.deeds.close();
        if tokio::time::timeout(PATIENCE, self.deeds.wait())
            .await
            .is_err()
        {
            tracing::warn!("the engine ends before it has cleared everything away");
        }
    }
}

fn owner(effect: &Effect) -> Option<Owner> {
    match effect {
        Effect::Spawn { task, attempt, .. } | Effect::Check { task, attempt, .. } => {
            Some(Owner::Attempt(*task, *attempt))
        }
        Effect::Gate { candidate, .. } => Some(Owner::Candidate(*candidate)),
        Effect::Settle { .. }
        | Effect::Build { .. }
        | Effect::MoveTip { .. }
        | Effect::Retire { .. }
        | Effect::Stop { .. }
        | Effect::StopGate { .. }
        | Effect::WakeAt { .. }
        | Effect::Finish(_) => None,
    }
}

impl Hands {
    async fn perform(&self, effect: Effect) -> Result<(), PerformError> {
        match effect {
            Effect::Spawn {
                task,
                attempt,
                from,
                setback,
            } => self.spawn(task, attempt, from, setback).await,
            Effect::Settle { task, attempt } => self.settle(task, attempt).await,
            Effect::Check {
                task,
                attempt,
                head,
            } => self.check(task, attempt, head).await,
            Effect::Build {
                candidate,
                onto,
                heads,
            } => self.build(candidate, onto, heads).await,
            Effect::Gate {
                candidate,
                commit,
                heads,
            } => self.gate(candidate, commit, heads).await,
            Effect::MoveTip {
                candidate,
                from,
                to,
            } => self.move_tip(candidate, from, to).await,
            Effect::Retire { task, attempt } => self.retire(task, attempt).await,
            Effect::Stop { task, attempt, .. } => self.stop_attempt(task, attempt).await,
            Effect::StopGate { candidate } => self.stop_gate(candidate).await,
            Effect::WakeAt { .. } | Effect::Finish(_) => Ok(()),
        }
    }

    fn token(&self, owner: Owner) -> CancellationToken {
        self.stops.token(owner)
    }

    /// Runs blocking work (git, files) off the loop.
    async fn blocking<T, E>(
        &self,
        work: impl FnOnce(&Context) -> Result<T, E> + Send + 'static,
    ) -> Result<T, PerformError>
    where
        T: Send + 'static,
        E: Into<PerformError> + Send + 'static,
    {
        let context = Arc::clone(&self.context);
        tokio::task::spawn_blocking(move || work(&context))
            .await
            .map_err(|_| PerformError::Vanished)?
            .map_err(Into::into)
    }
}

/// Why the environment does not let an effect happen.
#[derive(Debug, thiserror::Error)]
pub enum PerformError {
    /// Git refused.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A ref could not be moved.
    #[error(transparent)]
    Ref(#[from] RefError),
    /// A worktree could not be made.
    #[error(transparent)]
    Worktree(#[from] WorktreeError),
    /// A worktree could not be given what it needs.
    #[error(transparent)]
    Provision(#[from] ProvisionError),
    /// Work could not be committed, and that is not the worker's fault.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// Work could not be kept.
    #[error(transparent)]
    Guard(#[from] GuardError),
    /// What an earlier try left cannot be cleared away.
    #[error("the worktree {} of an earlier try cannot be cleared: {why}", path.display())]
    InTheWay {
        /// Which worktree.
        path: PathBuf,
        /// Why it stays.
        why: KeptReason,
    },
    /// A process could not be started or watched.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// A mailbox could not be used.
    #[error(transparent)]
    Mailbox(#[from] StoreError),
    /// What a worker was told cannot be read.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// A name that a task makes is no agent name.
    #[error(transparent)]
    Name(#[from] IdError),
    /// A file of the run could not be read or written.
    #[error("cannot {what} {}: {source}", path.display())]
    File {
        /// What was tried.
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Gates were started again and again, and vanished each time.
    #[error(
        "the gates of {what} vanished {tries} times without a report; is the machine short of memory?"
    )]
    GatesVanish {
        /// Whose gates.
        what: String,
        /// How often.
        tries: u32,
    },
    /// The thread that did the work is gone.
    #[error("the work was abandoned by the runtime")]
    Vanished,
}
