//! The names of a run's agents. A name is used by one process and never again, so that a report tells whose it is.
//!
//! Knows nothing of what an agent does.

use swarm_mailbox::id::{AgentName, AttemptNo, IdError, TaskId};
use swarm_run::event::CandidateNo;

/// The owner of the mailbox that workers report to.
pub(crate) const ENGINE: &str = "engine";

/// Who works on a task.
pub(crate) fn worker(task: &TaskId, attempt: AttemptNo) -> Result<AgentName, IdError> {
    AgentName::new(&format!("{task}.{attempt}"))
}

/// Who runs the gates of a task's branch.
pub(crate) fn checker(task: &TaskId, attempt: AttemptNo) -> Result<AgentName, IdError> {
    AgentName::new(&format!("{task}.{attempt}.check"))
}

/// Who runs the gates of a merged tree. `gate` is no task's id.
pub(crate) fn gater(candidate: CandidateNo) -> Result<AgentName, IdError> {
    AgentName::new(&format!("gate.{}", candidate.0))
}

/// The name for a further try at what `agent` was to do.
pub(crate) fn again(agent: &AgentName, number: u32) -> Result<AgentName, IdError> {
    AgentName::new(&format!("{agent}.{number}"))
}
