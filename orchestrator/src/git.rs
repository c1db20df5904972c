//! Git as this program needs it: worktrees, commits, merges decided in memory, and a single way to delete things.
//!
//! Everything here is synchronous. Knows nothing of tasks that run, of gates, or of how a run decides.

pub mod change;
