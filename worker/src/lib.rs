//! The worker process: it is told everything by one spec file, runs one job in its own session, reports by mailbox, ends.
//!
//! [`main`] is the whole process; `swarm worker SPEC` calls it. A worker outlives the engine that started it: nothing
//! but a `Stop` message or a signal to the worker itself ends its job early.
//! Promises: at most one worker ever runs for one agent name; every worker that is not killed with SIGKILL sends
//! exactly one report, and nothing that it started is left when it is sent.
//! Knows no DAG, no git, no other worker. Reading order: `spec`, `job`, `exec`, `strays`.

mod exec;
mod inbox;
mod job;
pub mod outbox;
mod signals;
pub mod spec;
pub mod state;
pub mod strays;

use std::path::Path;
use std::sync::mpsc;

use rustix::process::setsid;
use swarm_mailbox::lease::{Lease, LeaseError};
use swarm_mailbox::store::StoreError;

pub use spec::{SpecError, Step, WorkerSpec};
pub use state::StateDir;

/// Runs the job of the spec at `spec_path` to its end, in this process, and reports it.
///
/// The process becomes the leader of its own session, and on Linux the reaper of all that its commands leave behind.
///
/// # Errors
/// [`WorkerError`] says why there is no report: the spec is unreadable, this agent name was used before, or the report
/// could not be delivered. A job that fails is no error.
pub fn main(spec_path: &Path) -> Result<(), WorkerError> {
    let (to_job, happenings) = mpsc::channel();
    // First of all: from here on a Ctrl-C or a closing terminal no longer ends this process.
    signals::forward(to_job.clone()).map_err(WorkerError::Process)?;
    // It fails only for the leader of a process group, which has nothing to leave.
    let _ = setsid();
    exec::adopt_orphans().map_err(WorkerError::Process)?;

    let spec = WorkerSpec::load(spec_path).map_err(WorkerError::Spec)?;
    let state = StateDir::new(&spec.state);
    let lease = Lease::take_first(&state.lease()).map_err(WorkerError::Lease)?;
    // Never given back: the file says for ever that this agent's worker has run.
    lease.keep();
    let report = job::run(&spec, &state, (to_job, happenings));
    outbox::send(&spec, &state, report).map_err(WorkerError::Mail)
}

/// Why a worker ended without a report.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The spec cannot be used.
    #[error("cannot start: {0}")]
    Spec(SpecError),
    /// The system refused something that every worker needs.
    #[error("cannot set up the process: {0}")]
    Process(std::io::Error),
    /// There is, or was, another worker of this name.
    #[error("refused to run a second time: {0}")]
    Lease(LeaseError),
    /// The mailbox of whom it reports to.
    #[error("cannot report: {0}")]
    Mail(StoreError),
}
