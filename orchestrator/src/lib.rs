//! The orchestrator as a library: everything behind the `swarm` command. Knows nothing of how an agent thinks.

pub mod duration;
pub mod git;
