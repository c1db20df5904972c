//! A plan as a graph, for a person (text, Graphviz, Mermaid) and for programs (JSON): levels, the critical path, what
//! runs at the same time, what never does and why, and what would be done.
//!
//! Pure: every view is a `String`. Knows nothing of runs that are going on.

mod dot;
mod json;
mod mermaid;
mod text;

use std::collections::HashSet;

use swarm_run::plan::{Plan, PlanError, TaskIx};

use crate::planfile::{Defaults, Diagnostics, PlanFile, PlanTask, Serialised};

/// A plan with everything that its views need.
#[derive(Debug)]
pub struct Dag<'p> {
    file: &'p PlanFile,
    plan: Plan,
    pairs: Vec<Serialised>,
    slots: u32,
    levels: Vec<Vec<TaskIx>>,
    /// The longest chain of open tasks.
    critical: Vec<TaskIx>,
    /// The arrows of that chain, as places.
    critical_arrows: HashSet<(usize, usize)>,
}

impl<'p> Dag<'p> {
    /// Looks at a plan of which `slots` tasks may run at the same time.
    ///
    /// # Errors
    /// [`DagError`] where the tasks overlap beyond measure, or are no plan for the run machine.
    pub fn new(file: &'p PlanFile, defaults: &Defaults, slots: u32) -> Result<Self, DagError> {
        let pairs = file
            .serialised()
            .map_err(|problems| DagError::Overlaps(Box::new(problems)))?;
        let plan = Plan::new(file.to_run_apart(defaults, &pairs))?;
        let levels = plan.levels();
        let critical = plan.critical_path();
        let critical_arrows = critical
            .windows(2)
            .map(|pair| (pair[0].index(), pair[1].index()))
            .collect();
        Ok(Self {
            file,
            plan,
            pairs,
            slots: slots.max(1),
            levels,
            critical,
            critical_arrows,
        })
    }

    /// For a terminal: plain text, a line for each thing, without colours or control characters.
    #[must_use]
    pub fn text(&self) -> String {
        text::render(self)
    }

    /// For Graphviz: a `digraph`.
    #[must_use]
    pub fn dot(&self) -> String {
        dot::render(self)
    }

    /// For Mermaid: a `flowchart`.
    #[must_use]
    pub fn mermaid(&self) -> String {
        mermaid::render(self)
    }

    /// For programs: version 1 of the format that `docs/plan-format.md` describes.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        json::render(self)
    }

    fn task(&self, ix: TaskIx) -> &'p PlanTask {
        &self.file.tasks[ix.index()]
    }

    fn id(&self, place: usize) -> &'p str {
        self.file.tasks[place].id.as_str()
    }

    fn ids(&self, places: &[TaskIx]) -> Vec<&'p str> {
        places.iter().map(|ix| self.id(ix.index())).collect()
    }

    /// The arrows of the graph, from what is needed to what needs it, as places.
    fn arrows(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let tasks = self.plan.tasks().iter().enumerate();
        tasks.flat_map(|(to, task)| task.needs.iter().map(move |from| (from.index(), to)))
    }

    /// Whether an arrow is part of the critical path.
    fn is_critical(&self, from: usize, to: usize) -> bool {
        self.critical_arrows.contains(&(from, to))
    }

    /// How many open tasks of a level certainly can run at the same time.
    fn width(&self, level: &[TaskIx]) -> usize {
        let mut chosen = HashSet::new();
        for ix in level {
            let task = self.plan.task(*ix);
            if !task.done && !task.apart.iter().any(|other| chosen.contains(other)) {
                chosen.insert(*ix);
            }
        }
        chosen.len().min(self.slots as usize)
    }
}

/// Why a plan cannot be shown as a graph.
#[derive(Debug, thiserror::Error)]
pub enum DagError {
    /// Its tasks overlap beyond measure; the problems say where.
    #[error("{0}")]
    Overlaps(Box<Diagnostics>),
    /// It is no plan for the run machine.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

#[cfg(test)]
mod tests;
