//! The built-in gates: deterministic checks of what a task's branch changes, before any command runs on it.
//!
//! A gate is a pure function from a change to findings: it reads no file, starts no process, and takes time linear in
//! the change. Knows nothing of how a change is computed, nor of what a finding does to a task. To be read in this
//! order: `finding`, `registry`, `judge`, then the gates, each in a file of its own.

mod empty;
pub mod finding;
mod judge;
mod language;
mod leak;
mod lexer;
mod markers;
pub mod registry;
mod scope;
mod secrets;
mod size;
mod stubs;
mod test_loss;
mod unread;
mod words;

#[cfg(test)]
mod sample;

pub use finding::{Finding, Findings, Severity};
pub use judge::{Subject, judge};
pub use registry::{GateSettings, Level, registry};
