//! A power failure on demand, for tests: this process dies with SIGKILL right after a chosen entry became durable.
//!
//! Compiled with the feature `failpoints` only, which the product never has.

use std::sync::atomic::{AtomicU64, Ordering};

/// The number of the last entry that is written; 0 is none.
static LAST: AtomicU64 = AtomicU64::new(0);

/// Lets this process die when its journal holds `entries`, even where they are part of a larger group.
pub fn die_after(entries: u64) {
    LAST.store(entries, Ordering::Relaxed);
}

/// How many of `count` entries, the first of which has the number `first`, are still written.
pub(super) fn allowed(first: u64, count: usize) -> usize {
    match LAST.load(Ordering::Relaxed) {
        0 => count,
        last => {
            let rest = last.saturating_add(1).saturating_sub(first);
            count.min(usize::try_from(rest).unwrap_or(count))
        }
    }
}

/// Dies if the journal holds as many entries as it was to live for.
pub(super) fn reached(entries: u64) {
    if entries == LAST.load(Ordering::Relaxed) {
        let this = rustix::process::getpid();
        // SIGKILL cannot be refused; nothing after this line runs.
        let _ = rustix::process::kill_process(this, rustix::process::Signal::KILL);
    }
}
