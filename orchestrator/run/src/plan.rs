//! What a run needs to know of a plan: the tasks, who needs whom, who may not run beside whom, and the limits.
//!
//! Knows nothing of Markdown, commands or paths: those stay with whoever made the plan.

use swarm_mailbox::id::TaskId;

use crate::event::{Millis, Spent};
use crate::graph::Graph;

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
    /// What the run may spend; `None` is no limit. Either part that is reached ends the starting of new work, so a
    /// part that is not limited is `u64::MAX`.
    pub budget: Option<Spent>,
    /// How long the run may take from its start, or from its latest resume; `None` is no limit.
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

/// A checked DAG of tasks.
#[derive(Debug, Clone)]
pub struct Plan {
    tasks: Vec<Task>,
    graph: Graph,
    /// Every task, sorted by id.
    by_id: Vec<TaskIx>,
    /// For each task the longest chain of undone tasks that begins with it.
    paths: Vec<u32>,
}

impl TaskIx {
    /// The place as an index into a slice.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl Plan {
    /// Checks `tasks` and makes a plan of them. Repeated `needs` are dropped, `apart` becomes symmetric.
    ///
    /// Two tasks that are `apart` and need one another, directly or through others, are fine: the one has ended before
    /// the other starts.
    ///
    /// # Errors
    /// [`PlanError`] for the first thing that is wrong, in plan order; cycles come last.
    pub fn new(mut tasks: Vec<Task>) -> Result<Self, PlanError> {
        if u32::try_from(tasks.len()).is_err() {
            return Err(PlanError::TooMany);
        }
        let by_id = sort_by_id(&tasks)?;
        check_links(&tasks)?;
        for task in &mut tasks {
            task.needs.sort_unstable();
            task.needs.dedup();
        }
        mirror_apart(&mut tasks);
        let graph = Graph::new(&tasks).map_err(|tasks_of_cycle| PlanError::Cycle {
            ids: tasks_of_cycle
                .iter()
                .map(|ix| tasks[ix.index()].id.clone())
                .collect(),
            tasks: tasks_of_cycle,
        })?;
        let paths = remaining_paths(&tasks, &graph);
        Ok(Self {
            tasks,
            graph,
            by_id,
            paths,
        })
    }

    /// How many tasks there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Whether there is no task at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }

    /// The tasks in plan order.
    #[must_use]
    pub fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    /// Every task's place, in plan order.
    pub fn places(&self) -> impl DoubleEndedIterator<Item = TaskIx> + use<> {
        (0..self.tasks.len() as u32).map(TaskIx)
    }

    /// The task at `ix`, which must be a place of this plan; [`Plan::get`] takes any.
    #[must_use]
    pub fn task(&self, ix: TaskIx) -> &Task {
        &self.tasks[ix.index()]
    }

    /// The task at `ix`, if there is one.
    #[must_use]
    pub fn get(&self, ix: TaskIx) -> Option<&Task> {
        self.tasks.get(ix.index())
    }

    /// The place of the task that is called `id`.
    #[must_use]
    pub fn find(&self, id: &TaskId) -> Option<TaskIx> {
        let place = self
            .by_id
            .binary_search_by(|ix| self.task(*ix).id.cmp(id))
            .ok()?;
        Some(self.by_id[place])
    }

    /// The tasks that need `ix` directly.
    pub fn dependants(&self, ix: TaskIx) -> impl Iterator<Item = TaskIx> + '_ {
        self.graph.dependants(ix)
    }

    /// How many undone tasks the longest chain holds that begins with `ix`, itself included.
    #[must_use]
    pub fn remaining_path(&self, ix: TaskIx) -> u32 {
        self.paths[ix.index()]
    }

    /// The longest chain of undone tasks, in the order in which they have to run; of equal ones the first in plan order.
    #[must_use]
    pub fn critical_path(&self) -> Vec<TaskIx> {
        let longest = |candidates: &mut dyn Iterator<Item = TaskIx>| {
            candidates.min_by_key(|ix| (std::cmp::Reverse(self.remaining_path(*ix)), *ix))
        };
        let mut path = Vec::new();
        let mut next = longest(&mut self.places());
        while let Some(ix) = next
            && self.remaining_path(ix) > 0
        {
            if !self.task(ix).done {
                path.push(ix);
            }
            next = longest(&mut self.dependants(ix));
        }
        path
    }

    /// The tasks by level: a task stands one level below the lowest of its needs; within a level, plan order.
    #[must_use]
    pub fn levels(&self) -> Vec<Vec<TaskIx>> {
        let mut level_of = vec![0_usize; self.tasks.len()];
        let mut levels: Vec<Vec<TaskIx>> = Vec::new();
        for ix in self.graph.order() {
            let below = |need: &TaskIx| level_of[need.index()] + 1;
            let level = self.task(*ix).needs.iter().map(below).max().unwrap_or(0);
            level_of[ix.index()] = level;
            if levels.len() <= level {
                levels.resize_with(level + 1, Vec::new);
            }
            levels[level].push(*ix);
        }
        for level in &mut levels {
            level.sort_unstable();
        }
        levels
    }
}

/// Two plans are equal when their tasks are; all else follows from those.
impl PartialEq for Plan {
    fn eq(&self, other: &Self) -> bool {
        self.tasks == other.tasks
    }
}

impl Eq for Plan {}

fn sort_by_id(tasks: &[Task]) -> Result<Vec<TaskIx>, PlanError> {
    let mut by_id: Vec<TaskIx> = (0..tasks.len() as u32).map(TaskIx).collect();
    by_id.sort_by(|a, b| tasks[a.index()].id.cmp(&tasks[b.index()].id));
    let twice = by_id
        .windows(2)
        .find(|pair| tasks[pair[0].index()].id == tasks[pair[1].index()].id);
    match twice {
        Some(pair) => Err(PlanError::DuplicateId {
            id: tasks[pair[0].index()].id.clone(),
        }),
        None => Ok(by_id),
    }
}

fn check_links(tasks: &[Task]) -> Result<(), PlanError> {
    for (place, task) in tasks.iter().enumerate() {
        let unknown = |ix: &&TaskIx| ix.index() >= tasks.len();
        if let Some(ix) = task.needs.iter().chain(&task.apart).find(unknown) {
            return Err(PlanError::UnknownTask {
                id: task.id.clone(),
                named: *ix,
            });
        }
        if task.needs.iter().any(|ix| ix.index() == place) {
            return Err(PlanError::SelfNeed {
                id: task.id.clone(),
            });
        }
    }
    Ok(())
}

/// Makes `apart` symmetric, sorted, without repetitions and without the task itself.
fn mirror_apart(tasks: &mut [Task]) {
    for place in 0..tasks.len() {
        let ix = TaskIx(place as u32);
        for other in tasks[place].apart.clone() {
            tasks[other.index()].apart.push(ix);
        }
    }
    for (place, task) in tasks.iter_mut().enumerate() {
        task.apart.sort_unstable();
        task.apart.dedup();
        task.apart.retain(|other| other.index() != place);
    }
}

fn remaining_paths(tasks: &[Task], graph: &Graph) -> Vec<u32> {
    let mut paths = vec![0_u32; tasks.len()];
    for ix in graph.order().iter().rev() {
        let beyond = graph
            .dependants(*ix)
            .map(|next| paths[next.index()])
            .max()
            .unwrap_or(0);
        paths[ix.index()] = beyond + u32::from(!tasks[ix.index()].done);
    }
    paths
}

/// Why tasks are no plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Two tasks have one name.
    #[error("two tasks are called '{id}'; give each a name of its own")]
    DuplicateId {
        /// The name.
        id: TaskId,
    },
    /// A task refers to a place that the plan does not have.
    #[error("task '{id}' refers to task number {} (from 0), which does not exist", named.0)]
    UnknownTask {
        /// Who refers.
        id: TaskId,
        /// To what.
        named: TaskIx,
    },
    /// A task needs itself.
    #[error("task '{id}' needs itself; drop that need")]
    SelfNeed {
        /// Which.
        id: TaskId,
    },
    /// Tasks need each other in a circle.
    #[error(
        "tasks need each other in a circle: {}; drop one of these needs",
        circle(ids)
    )]
    Cycle {
        /// The circle: each needs the next, and the last needs the first.
        tasks: Vec<TaskIx>,
        /// Their names, in the same order.
        ids: Vec<TaskId>,
    },
    /// More tasks than a [`TaskIx`] can count.
    #[error("the plan has more than 4294967295 tasks; split it")]
    TooMany,
}

/// `a -> b -> a`, with the middle left out of a circle that no one could read.
fn circle(ids: &[TaskId]) -> String {
    const SHOWN: usize = 20;
    let mut names: Vec<&str> = ids.iter().take(SHOWN).map(TaskId::as_str).collect();
    let more = format!("({} more)", ids.len().saturating_sub(SHOWN));
    if ids.len() > SHOWN {
        names.push(&more);
    }
    names.extend(ids.first().map(TaskId::as_str));
    names.join(" -> ")
}

#[cfg(test)]
mod tests;
