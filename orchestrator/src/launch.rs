//! Starting, awaiting and ending workers: detached processes that outlive the engine which started them.
//!
//! What is known of a worker is read from its state directory and from the system, never remembered: an engine that was
//! killed at any point goes on with `start` and `wait` as if it had not been. The order of use is `start`, `wait`, then a
//! look into the mailbox; where there is no report, `reap`, and a look into the mailbox again.
//! Knows nothing of tasks, nor of what a report says. Children: `presence` (is there a worker), `sweep` (what it left).

mod presence;
mod sweep;

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustix::process::Signal;
use swarm_mailbox::durable;
use swarm_mailbox::id::RunId;
use swarm_mailbox::lease::{Lease, LeaseError};
use swarm_mailbox::process::{Owner, Stat};
use swarm_mailbox::store::{Mailbox, StoreError};
use swarm_mailbox::wire::{Envelope, message::Message};
use swarm_worker::strays::Stray;
use swarm_worker::{SpecError, StateDir, WorkerSpec, outbox};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep};

pub use presence::Presence;

/// How often a process that is no child of this one is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How much longer than its grace period a worker may take to end its job and report.
const MARGIN: Duration = Duration::from_secs(5);

/// Starts workers and awaits them. Needs a tokio runtime with its IO and time drivers.
#[derive(Debug)]
pub struct Launcher {
    exe: PathBuf,
    /// The workers that are children of this process, by state directory, until they are waited for.
    children: Mutex<HashMap<PathBuf, Child>>,
}

/// What [`Launcher::reap`] found.
#[derive(Debug, Default)]
pub struct Reaped {
    /// The dead worker had written a report that is now delivered, if it was not before.
    pub report: bool,
    /// Processes that it left and that are now gone.
    pub killed: Vec<Owner>,
}

impl Launcher {
    /// A launcher whose workers are `exe worker SPEC`.
    #[must_use]
    pub fn new(exe: PathBuf) -> Self {
        Self {
            exe,
            children: Mutex::new(HashMap::new()),
        }
    }

    /// Starts the worker of `spec`, unless it was started before, by whomever: then this does nothing.
    ///
    /// # Errors
    /// [`LaunchError`]; no worker runs then.
    pub fn start(&self, spec: &WorkerSpec) -> Result<(), LaunchError> {
        let state = StateDir::new(&spec.state);
        if Presence::of(&state)? != Presence::Never {
            return Ok(());
        }
        if !spec.dir.is_dir() {
            return Err(LaunchError::NoDirectory(spec.dir.clone()));
        }
        fs::create_dir_all(state.path())
            .map_err(|error| LaunchError::Io(state.path().to_owned(), error))?;
        spec.save(&state.spec()).map_err(LaunchError::Spec)?;
        let child = self.spawn(spec, &state)?;
        note_launch(&state, &child);
        self.children().insert(spec.state.clone(), child);
        Ok(())
    }

    /// Resolves when the worker with this state directory is gone, or was never there. May be dropped and called again.
    ///
    /// # Errors
    /// The state directory cannot be read.
    pub async fn wait(&self, state: &Path) -> Result<(), LaunchError> {
        let child = self.children().remove(state);
        if let Some(mut child) = child {
            // An error means that somebody else waited for it; what follows looks for itself.
            let _ = child.wait().await;
        }
        // Where two were started for one name, the lease says which of them works; the other is gone at once.
        while let Presence::Alive(owner) = Presence::of(&StateDir::new(state))? {
            gone_before(&owner, None).await;
        }
        Ok(())
    }

    /// Ends the worker of `spec`: asks by message and signal, and kills what has not ended `grace` and a margin later.
    /// When this resolves the worker is gone. A worker that was not killed has reported.
    ///
    /// # Errors
    /// [`LaunchError`]; something may still run then.
    pub async fn stop(&self, spec: &WorkerSpec, grace: Duration) -> Result<(), LaunchError> {
        let state = StateDir::new(&spec.state);
        let Presence::Alive(owner) = Presence::of(&state)? else {
            return Ok(());
        };
        let grace_ms = u64::try_from(grace.as_millis()).unwrap_or(u64::MAX);
        let stop = Envelope::new(&spec.report_to, &spec.agent, Message::Stop { grace_ms });
        // The worker looks for a mailbox before its first step and from time to time; most need none.
        let sent = Mailbox::open(&spec.mail, &spec.agent).and_then(|mailbox| mailbox.post(&stop));
        if let Err(error) = sent {
            // The signal stops it as well, after the grace period of its spec.
            tracing::warn!(agent = %spec.agent, %error, "cannot send a stop by message");
        }
        // A worker without its lease may be too young to hear signals, which would kill it without a report; it reads
        // its mailbox before it begins.
        if Lease::read(&state.lease())
            .map_err(LaunchError::Lease)?
            .as_ref()
            == Some(&owner)
        {
            owner
                .signal(Signal::TERM)
                .map_err(|error| LaunchError::Signal(owner.clone(), error))?;
        }
        let limit = Instant::now().checked_add(grace.saturating_add(MARGIN));
        if !gone_before(&owner, limit).await {
            owner
                .signal(Signal::KILL)
                .map_err(|error| LaunchError::Signal(owner.clone(), error))?;
            gone_before(&owner, None).await;
            self.reap(&spec.state).await?;
        }
        Ok(())
    }

    /// Cleans up after a worker that is gone without a report: delivers the report if it had written one, and kills
    /// every process that it left, so that a next attempt never runs beside them. Does nothing more when called again.
    ///
    /// # Errors
    /// [`LaunchError::Alive`] while the worker lives; [`LaunchError::Unkillable`] where something is left.
    pub async fn reap(&self, state: &Path) -> Result<Reaped, LaunchError> {
        let state = StateDir::new(state);
        match Presence::of(&state)? {
            Presence::Alive(owner) => return Err(LaunchError::Alive(owner)),
            Presence::Never => return Ok(Reaped::default()),
            Presence::Ended => {}
        }
        let spec = match WorkerSpec::load(&state.spec()) {
            Ok(spec) => spec,
            // A power failure took the spec, and with it everything that ran.
            Err(SpecError::Malformed(..)) if presence::is_of_another_boot(&state)? => {
                return Ok(Reaped::default());
            }
            Err(error) => return Err(LaunchError::Spec(error)),
        };
        let killed = sweep::kill_leftovers(&spec.run, &spec.agent, &state).await?;
        let report = outbox::post_left_behind(&spec, &state).map_err(LaunchError::Mail)?;
        Ok(Reaped { report, killed })
    }

    /// Kills every process that carries the mark of `run` and whose worker (state directories in `workers`) is not
    /// alive; answers what it killed, proven gone. On Linux only; elsewhere processes carry no readable mark.
    ///
    /// # Errors
    /// [`LaunchError::Unkillable`] where something is left, or a state directory that cannot be read.
    pub async fn sweep(&self, workers: &Path, run: &RunId) -> Result<Vec<Stray>, LaunchError> {
        sweep::kill_strays(workers, run).await
    }

    fn spawn(&self, spec: &WorkerSpec, state: &StateDir) -> Result<Child, LaunchError> {
        let log = || {
            let path = state.worker_log();
            let opened = File::options().create(true).append(true).open(&path);
            opened.map_err(|error| LaunchError::Io(path, error))
        };
        let (mark, marked) = spec.mark();
        // It stays in this process group until it has a session of its own: the leader of a group could not get one.
        Command::new(&self.exe)
            .arg("worker")
            .arg(state.spec())
            .current_dir(state.path())
            .env_clear()
            .env(mark, marked)
            .stdin(Stdio::null())
            .stdout(log()?)
            .stderr(log()?)
            .spawn()
            .map_err(|error| LaunchError::Spawn(self.exe.clone(), error))
    }

    fn children(&self) -> std::sync::MutexGuard<'_, HashMap<PathBuf, Child>> {
        self.children.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes down which process was started, for the time until it has taken its lease.
fn note_launch(state: &StateDir, child: &Child) {
    // It is not waited for yet, so that its number is still its own, even if it has ended.
    let owner = child.id().and_then(|pid| Some(Stat::of(pid)?.owner(pid)));
    let written = serde_json::to_vec(&owner)
        .map_err(Into::into)
        .and_then(|json| durable::replace(&state.launching(), &json));
    if let Err(error) = written {
        // It runs, and is found by its lease or its mark.
        tracing::warn!(path = %state.launching().display(), %error, "cannot note a worker's start");
    }
}

/// Waits until `owner` is gone; `false` where it is not by `limit`.
async fn gone_before(owner: &Owner, limit: Option<Instant>) -> bool {
    while owner.is_alive() {
        if limit.is_some_and(|limit| limit <= Instant::now()) {
            return false;
        }
        sleep(LOOK_EVERY).await;
    }
    true
}

/// A worker that could not be started, ended or cleaned up after.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// There is no directory for its commands.
    #[error("cannot start a worker in {}: there is no such directory", .0.display())]
    NoDirectory(PathBuf),
    /// Its state directory cannot be made or written.
    #[error("cannot use {}: {}", .0.display(), .1)]
    Io(PathBuf, io::Error),
    /// The program cannot be run.
    #[error("cannot run {} as a worker: {}; was it moved or replaced?", .0.display(), .1)]
    Spawn(PathBuf, io::Error),
    /// Its spec cannot be written or read.
    #[error("worker spec: {0}")]
    Spec(SpecError),
    /// Its lease cannot be read.
    #[error("worker lease: {0}")]
    Lease(LeaseError),
    /// A message cannot be delivered.
    #[error("worker mailbox: {0}")]
    Mail(StoreError),
    /// A process that may not be signalled.
    #[error("cannot signal {0}: {1}")]
    Signal(Owner, io::Error),
    /// It lives, and must not be cleaned up after.
    #[error("the worker is alive: {0}")]
    Alive(Owner),
    /// Processes that survive SIGKILL, or belong to another user.
    #[error("cannot end what a worker left behind: {}; end it by hand", list(.0))]
    Unkillable(Vec<Owner>),
}

fn list(owners: &[Owner]) -> String {
    owners
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests;
