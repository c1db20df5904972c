//! From a plan file to the tasks of a run.
//!
//! Knows nothing of slots, merges or limits of a whole run.

use std::time::Duration;

use swarm_run::event::Millis;
use swarm_run::plan::{Task, TaskIx};

use super::{Diagnostics, PlanFile, Serialised};

/// What holds for a task where neither it nor the front matter says anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Defaults {
    /// How many tries may follow a failed one.
    pub retries: u32,
    /// How long one try may take; `None` is no limit.
    pub timeout: Option<Duration>,
}

impl PlanFile {
    /// The tasks for the run machine, at the same places as in `tasks`.
    ///
    /// # Errors
    /// As [`PlanFile::serialised`].
    pub fn to_run(&self, defaults: &Defaults) -> Result<Vec<Task>, Diagnostics> {
        Ok(self.to_run_apart(defaults, &self.serialised()?))
    }

    /// As [`PlanFile::to_run`], where the pairs of [`PlanFile::serialised`] are known already.
    #[must_use]
    pub fn to_run_apart(&self, defaults: &Defaults, pairs: &[Serialised]) -> Vec<Task> {
        let mut apart: Vec<Vec<TaskIx>> = vec![Vec::new(); self.tasks.len()];
        for pair in pairs {
            apart[pair.a].push(place(pair.b));
            apart[pair.b].push(place(pair.a));
        }
        let timeout = self.front.timeout.or(defaults.timeout);
        let retries = self.front.retries.unwrap_or(defaults.retries);
        let tasks = self.tasks.iter().zip(self.needs()).zip(apart);
        let task = |((task, needs), apart): ((&super::PlanTask, Vec<usize>), Vec<TaskIx>)| Task {
            id: task.id.clone(),
            needs: needs.into_iter().map(place).collect(),
            apart,
            priority: task.priority.unwrap_or(0),
            retries: task.retries.unwrap_or(retries),
            timeout: task.timeout.or(timeout).map(millis),
            done: task.done,
        };
        tasks.map(task).collect()
    }
}

/// A plan has fewer tasks than a `u32` counts: the parser sees to that.
fn place(at: usize) -> TaskIx {
    TaskIx(u32::try_from(at).unwrap_or(u32::MAX))
}

fn millis(span: Duration) -> Millis {
    Millis(u64::try_from(span.as_millis()).unwrap_or(u64::MAX))
}
