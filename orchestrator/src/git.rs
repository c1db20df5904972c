//! Git as this program needs it: worktrees, commits, merges decided in memory, and a single way to delete things.
//!
//! Everything here is synchronous. Knows nothing of how tasks run, of gates, or of how a run decides. To be read in
//! this order: `command` (the door to the binary), `repo`, `backend` (who does what), `refs`, then the rest.

pub mod backend;
pub mod change;
pub mod command;
pub mod commit;
pub mod gc;
pub mod guard;
pub mod land;
pub mod merge;
pub mod refs;
pub mod repo;
pub mod worktree;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;
