//! What a run needs to know of a plan: the tasks, who needs whom, who may not run beside whom, and the limits.
//!
//! Knows nothing of Markdown, commands or paths: those stay with whoever made the plan.

use swarm_mailbox::id::TaskId;

use crate::event::{Millis, Spent};

/// A task's place in its plan, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskIx(pub u32);

/// One node of the DAG.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Its name.
    pub id: TaskId,
    /// The tasks whose work must be in the tip before it starts.
    pub needs: Vec<TaskIx>,
    /// The tasks that may not be between start and merge at the same time (they touch the same files).
    pub apart: Vec<TaskIx>,
    /// Higher starts first; 0 unless its author says otherwise.
    pub priority: i32,
    /// How many tries may follow a failed one.
    pub retries: u32,
    /// How long one try may take.
    pub timeout: Option<Millis>,
    /// It was done before the run (`- [x]`).
    pub done: bool,
}

/// The hard limits of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Tasks that may be between start and verdict at the same time, at least 1.
    pub slots: u32,
    /// Tasks that one merge candidate may hold, at least 1.
    pub batch: u32,
    /// Whether the first failure cancels the rest.
    pub fail_fast: bool,
    /// What the run may spend; `None` is no limit.
    pub budget: Option<Spent>,
    /// How long the run may take from its start; `None` is no limit.
    pub timeout: Option<Millis>,
    /// How often a worker that vanished without a report is replaced without counting as a try.
    pub replacements: u32,
    /// Pause before the second try; doubles with each further one up to `backoff_max`.
    pub backoff: Millis,
    /// The longest pause.
    pub backoff_max: Millis,
    /// How much later than a try's time limit the run itself stops a worker that did not stop on its own.
    pub overtime: Millis,
}
