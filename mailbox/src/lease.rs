//! A lease: one file that says which living process has something (a run, an agent's name).
//!
//! A lease is as good as its owner: when that process is gone, whether it said so or not, the lease is free.
//! Two takers cannot both win: the look at the old owner and the writing of the new one happen under a file lock
//! on `<lease>.lock`, a file that is never renamed or removed and whose lock the kernel drops when its holder dies.
//! The lease itself is replaced by a rename, so that readers need no lock. Good for one machine: an owner of another
//! boot counts as dead. Knows nothing of what is leased.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::durable;
pub use crate::process::Owner;

/// Longest lease file in bytes; a real one has about 100.
const MAX_LEASE_BYTES: u64 = 4096;
/// How long a taker waits for others that look at the same lease right now. They need a millisecond.
const PATIENCE: Duration = Duration::from_secs(5);

/// A lease that this process holds. Dropping it gives it back.
#[derive(Debug)]
#[must_use = "a lease that is dropped is given back"]
pub struct Lease {
    path: PathBuf,
    owner: Owner,
}

impl Lease {
    /// Takes the lease at `path`, over from its owner if that one is dead.
    ///
    /// # Errors
    /// [`LeaseError::Held`] when its owner lives (this process included), [`LeaseError::Io`] on trouble with the files.
    pub fn take(path: &Path) -> Result<Self, LeaseError> {
        Self::take_if(path, |owner| {
            if owner.is_alive() {
                Err(LeaseError::Held(owner))
            } else {
                Ok(())
            }
        })
    }

    /// Takes the lease at `path` if nobody, living or dead, ever took it: for what may be done once only.
    ///
    /// # Errors
    /// [`LeaseError::Held`] by a living owner, [`LeaseError::Spent`] by a dead one, or [`LeaseError::Io`].
    pub fn take_first(path: &Path) -> Result<Self, LeaseError> {
        Self::take_if(path, |owner| {
            Err(if owner.is_alive() {
                LeaseError::Held(owner)
            } else {
                LeaseError::Spent(owner)
            })
        })
    }

    /// Who has the lease at `path` or had it last; `None` when nobody ever took it or the last one gave it back.
    ///
    /// # Errors
    /// The file is there and cannot be read.
    pub fn read(path: &Path) -> Result<Option<Owner>, LeaseError> {
        match durable::read(path, MAX_LEASE_BYTES) {
            // Leases are replaced as a whole. What cannot be understood was hurt by a power failure, and nobody who
            // wrote before one is alive.
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(LeaseError::Io(path.to_owned(), error)),
        }
    }

    /// Leaves the lease to this process for the rest of its life, and on disk after that: it tells that its owner lived.
    pub fn keep(self) {
        std::mem::forget(self);
    }

    /// Whose it is.
    #[must_use]
    pub fn owner(&self) -> &Owner {
        &self.owner
    }

    fn take_if(
        path: &Path,
        check: impl FnOnce(Owner) -> Result<(), LeaseError>,
    ) -> Result<Self, LeaseError> {
        let io_error = |error| LeaseError::Io(path.to_owned(), error);
        let _guard = lock(path)?;
        if let Some(owner) = Self::read(path)? {
            check(owner)?;
        }
        let owner = Owner::this_process().map_err(io_error)?;
        let json = serde_json::to_vec(&owner).map_err(|error| io_error(error.into()))?;
        durable::write(path, &json).map_err(io_error)?;
        Ok(Self {
            path: path.to_owned(),
            owner,
        })
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // Whatever goes wrong here makes the lease that of a dead owner as soon as this process ends.
        let Ok(_guard) = lock(&self.path) else { return };
        if matches!(Self::read(&self.path), Ok(Some(owner)) if owner == self.owner) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Holds the lock beside the lease until the file is closed.
fn lock(path: &Path) -> Result<File, LeaseError> {
    let io_error = |error| LeaseError::Io(path.to_owned(), error);
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".lock");
    let file = File::options()
        .create(true)
        .write(true)
        .truncate(false)
        .open(path.with_file_name(name))
        .map_err(io_error)?;
    let start = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if start.elapsed() < PATIENCE => {
                sleep(Duration::from_millis(1))
            }
            Err(TryLockError::WouldBlock) => return Err(LeaseError::Busy(path.to_owned())),
            Err(TryLockError::Error(error)) => return Err(io_error(error)),
        }
    }
}

/// Why a lease was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// Its owner lives.
    #[error("it is held by {0}, which is running")]
    Held(Owner),
    /// It could be taken once only, and its owner is dead.
    #[error("it was used up by {0}, which is gone")]
    Spent(Owner),
    /// Somebody else keeps looking at it.
    #[error("cannot lock {}.lock: another process holds it; if that one is stopped, continue or end it", .0.display())]
    Busy(PathBuf),
    /// Trouble with its files.
    #[error("cannot take {}: {}", .0.display(), .1)]
    Io(PathBuf, io::Error),
}

#[cfg(test)]
mod tests;
