//! What a worker may touch, and what may not leave it.
//!
//! Pure: every function answers from its arguments alone. Knows no files, no processes, no clock, no git; whoever asks
//! brings the paths and the bytes.

pub mod leak;
pub mod scope;
