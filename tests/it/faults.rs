//! What the world does to a run: processes that die or do not, disks that are full, locks that are left behind, journals
//! that are torn. Each has a clear outcome, loses nothing, and leaves nobody behind.
//!
//! The signals and words that a user sends are in `signals`, what happens to the user's own work in `never_lost`.

mod disk;
mod journal;
mod lock;
mod process;
