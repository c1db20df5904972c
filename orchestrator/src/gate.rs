//! The built-in gates: deterministic checks of what a task's branch changes, before any command runs on it.
//!
//! A gate is a pure function from a change to findings; it reads no file and starts no process. Knows nothing of how a
//! change is computed, of the commands that a plan names as gates, or of what a finding does to a task.

pub mod registry;

pub use registry::{GateSettings, Level, registry};
