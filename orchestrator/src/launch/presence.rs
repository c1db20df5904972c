//! Whether there is a worker for a state directory: never yet, alive, or ended.
//!
//! Knows nothing of what the worker does.

use swarm_mailbox::durable;
use swarm_mailbox::lease::Lease;
use swarm_mailbox::process::Owner;
use swarm_worker::strays;
use swarm_worker::{SpecError, StateDir, WorkerSpec};

use super::LaunchError;

/// Longest note of a start in bytes; a real one has about 100.
const MAX_NOTE_BYTES: u64 = 4096;

/// What is known of a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presence {
    /// None was ever started.
    Never,
    /// It runs, as this process.
    Alive(Owner),
    /// It ran, or died before it could.
    Ended,
}

impl Presence {
    /// Looks at the worker of `state`.
    ///
    /// The lease says it for good. Until it is taken, the note of whoever started the worker says it; and where that
    /// one died between the start and the note, the mark of the newborn process does.
    ///
    /// # Errors
    /// A file of the state directory is there and cannot be read.
    pub fn of(state: &StateDir) -> Result<Self, LaunchError> {
        let lease = Lease::read(&state.lease()).map_err(LaunchError::Lease)?;
        if let Some(owner) = lease.or_else(|| noted(state)) {
            return Ok(if owner.is_alive() {
                Self::Alive(owner)
            } else {
                Self::Ended
            });
        }
        if !state.spec().exists() {
            return Ok(Self::Never);
        }
        let spec = match WorkerSpec::load(&state.spec()) {
            Ok(spec) => spec,
            // It is written as a whole before a worker is started, so that only a power failure can have hurt it.
            Err(SpecError::Malformed(..)) => return Ok(Self::Never),
            Err(error) => return Err(LaunchError::Spec(error)),
        };
        let newborn = strays::marked(&spec.run)
            .into_iter()
            .find(|stray| stray.agent == spec.agent);
        Ok(newborn.map_or(Self::Never, |stray| Self::Alive(stray.owner)))
    }
}

/// Whether the worker of `state` ran before this machine was started.
pub(super) fn is_of_another_boot(state: &StateDir) -> Result<bool, LaunchError> {
    let lease = Lease::read(&state.lease()).map_err(LaunchError::Lease)?;
    Ok(lease.is_some_and(|owner| !owner.is_of_this_boot()))
}

/// The process that was started for `state`, by the note that was made then. A note that cannot be read says nothing.
pub(super) fn noted(state: &StateDir) -> Option<Owner> {
    let json = durable::read(&state.launching(), MAX_NOTE_BYTES).ok()?;
    serde_json::from_slice(&json).ok()
}
