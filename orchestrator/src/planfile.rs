//! Plan files: Markdown in which every level-2 heading is a task. From bytes to a [`PlanFile`], or to every problem at
//! once with its place in the file.
//!
//! Knows nothing of git, of processes or of how tasks are carried out. `docs/plan-format.md` states the grammar.

pub mod diagnostic;
mod field;
mod front;
mod graph;
pub mod lint;
mod outline;
mod overlap;
mod parse;
mod render;
mod run_tasks;
mod source;
mod task;
mod value;
mod yaml;

use std::collections::HashMap;
use std::ops::Range;

pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use front::FrontMatter;
pub use overlap::{MAX_PAIRS, Serialised};
pub use parse::{MAX_PLAN_BYTES, MAX_TASKS, parse};
pub use run_tasks::Defaults;
use swarm_mailbox::id::TaskId;
pub use task::{Accept, Isolation, PlanTask, SpawnModel};
pub use value::Budget;

use source::Source;

/// A plan as its author wrote it: every id is known, every field is well formed, and no task waits for itself.
#[derive(Debug, Clone)]
pub struct PlanFile {
    /// The settings at the top of the file.
    pub front: FrontMatter,
    /// The level-1 heading, where the file starts with one.
    pub title: Option<String>,
    /// What stands before the first task, without the title: context for every worker. May be empty.
    pub context: String,
    /// The tasks in the order of the file.
    pub tasks: Vec<PlanTask>,
    /// What is odd but no error.
    pub warnings: Diagnostics,
    by_id: HashMap<TaskId, usize>,
    source: Source,
    places: Vec<Places>,
}

/// Where the parts of a task stand in the file, in bytes.
#[derive(Debug, Clone, Default)]
struct Places {
    id: Range<usize>,
    needs: Vec<Range<usize>>,
    beside: Vec<Range<usize>>,
}

impl PlanFile {
    /// The place of a task in `tasks`.
    #[must_use]
    pub fn index_of(&self, id: &TaskId) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// The task of this name.
    #[must_use]
    pub fn task(&self, id: &TaskId) -> Option<&PlanTask> {
        self.index_of(id).map(|place| &self.tasks[place])
    }

    /// The file's text, without a byte order mark.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.source.text
    }

    /// The places in `tasks` of what each task needs, in the order of the tasks.
    fn needs(&self) -> Vec<Vec<usize>> {
        self.tasks
            .iter()
            .map(|task| self.places_of(&task.needs))
            .collect()
    }

    fn places_of(&self, ids: &[TaskId]) -> Vec<usize> {
        ids.iter().filter_map(|id| self.index_of(id)).collect()
    }
}

#[cfg(test)]
mod tests;
