//! What a plan must fulfil before it can run, apart from being well formed.
//!
//! Knows nothing of how a plan is read; each check takes a whole [`PlanFile`].

use super::PlanFile;
use super::diagnostic::{Diagnostics, Problems, quoted};

/// Every open task has a command to run: so far nothing else can carry out a task.
#[must_use]
pub fn check_commands(plan: &PlanFile) -> Diagnostics {
    let mut problems = Problems::default();
    for (task, places) in plan.tasks.iter().zip(&plan.places) {
        if task.run.is_none() && !task.done {
            let message = format!(
                "the task {} has no command to run",
                quoted(task.id.as_str())
            );
            let hint = "add `- run: COMMAND` right under the heading: no agent is configured that could work on it";
            problems.error("no-command", &places.id, message, hint);
        }
    }
    problems.finish(&plan.source)
}
