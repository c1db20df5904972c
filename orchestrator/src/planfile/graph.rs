//! The tasks of a plan as a graph: ids that mean two tasks or none, and tasks that wait for themselves.
//!
//! Knows nothing of the text but where the ids stand.

use std::collections::HashMap;

use swarm_mailbox::id::TaskId;

use super::Places;
use super::diagnostic::{Problems, did_you_mean, quoted};
use super::task::PlanTask;
use crate::nearest::nearest;

/// Most tasks of a cycle that are printed.
const MAX_PRINTED: usize = 100;

/// Finds every task by its id, and notes ids that two tasks have: also such that differ only in case, because branches
/// and directories of that name meet on many file systems.
pub(super) fn index(
    tasks: &[PlanTask],
    places: &[Places],
    problems: &mut Problems,
) -> HashMap<TaskId, usize> {
    let mut by_id = HashMap::with_capacity(tasks.len());
    let mut by_lower: HashMap<String, usize> = HashMap::with_capacity(tasks.len());
    for (at, task) in tasks.iter().enumerate() {
        let first = *by_lower
            .entry(task.id.as_str().to_ascii_lowercase())
            .or_insert(at);
        by_id.entry(task.id.clone()).or_insert(at);
        if first == at {
            continue;
        }
        let first = &tasks[first];
        let message = if first.id == task.id {
            format!("the id {} belongs to two tasks", quoted(task.id.as_str()))
        } else {
            format!(
                "the ids {} and {} differ only in case",
                quoted(task.id.as_str()),
                quoted(first.id.as_str())
            )
        };
        let hint = format!(
            "the other task is on line {}; rename one of them",
            first.line
        );
        problems.error("duplicate-id", &places[at].id, message, hint);
    }
    by_id
}

/// Notes ids in `needs` and `beside` that no task has.
pub(super) fn check_ids(
    tasks: &[PlanTask],
    places: &[Places],
    by_id: &HashMap<TaskId, usize>,
    problems: &mut Problems,
) {
    for (task, places) in tasks.iter().zip(places) {
        let needs = task.needs.iter().zip(&places.needs);
        let beside = task.beside.iter().zip(&places.beside);
        for (id, place) in needs.chain(beside) {
            if by_id.contains_key(id) {
                continue;
            }
            let message = format!("no task of this plan is called {}", quoted(id.as_str()));
            let mut hint = None;
            if problems.wants_hints() {
                hint = did_you_mean(nearest(
                    id.as_str(),
                    tasks.iter().map(|task| task.id.as_str()),
                ));
            }
            problems.error("unknown-id", place, message, hint);
        }
    }
}

/// Notes cycles, each whole, so that every task which waits for itself is in a cycle that is noted or shares a task with
/// one. Takes time in proportion to the number of tasks and needs.
pub(super) fn check_cycles(
    tasks: &[PlanTask],
    places: &[Places],
    by_id: &HashMap<TaskId, usize>,
    problems: &mut Problems,
) {
    #[derive(Clone, Copy, PartialEq)]
    enum Mark {
        New,
        /// On the path from the start of the search.
        Open,
        Done,
    }
    let mut marks = vec![Mark::New; tasks.len()];
    let mut noted = vec![false; tasks.len()];
    for start in 0..tasks.len() {
        if marks[start] != Mark::New {
            continue;
        }
        marks[start] = Mark::Open;
        // Each task of the path with the number of its needs that were followed.
        let mut path: Vec<(usize, usize)> = vec![(start, 0)];
        while let Some((at, followed)) = path.last_mut() {
            let (at, next) = (*at, *followed);
            *followed += 1;
            let Some(id) = tasks[at].needs.get(next) else {
                marks[at] = Mark::Done;
                path.pop();
                continue;
            };
            let Some(&need) = by_id.get(id) else { continue };
            match marks[need] {
                Mark::New => {
                    marks[need] = Mark::Open;
                    path.push((need, 0));
                }
                Mark::Open if !(noted[need] && noted[at]) => {
                    let first = path
                        .iter()
                        .position(|(other, _)| *other == need)
                        .unwrap_or(0);
                    let cycle: Vec<usize> = path[first..].iter().map(|(task, _)| *task).collect();
                    cycle.iter().for_each(|&task| noted[task] = true);
                    problems.error(
                        "cycle",
                        &places[at].needs[next],
                        cycle_message(tasks, &cycle),
                        HINT,
                    );
                }
                Mark::Open | Mark::Done => {}
            }
        }
    }
}

const HINT: &str = "take one of these needs away";

fn cycle_message(tasks: &[PlanTask], cycle: &[usize]) -> String {
    if let [only] = cycle {
        return format!("the task {} needs itself", quoted(tasks[*only].id.as_str()));
    }
    let mut names: Vec<&str> = cycle
        .iter()
        .take(MAX_PRINTED)
        .map(|&task| tasks[task].id.as_str())
        .collect();
    let more = cycle.len() - names.len();
    names.extend((more == 0).then(|| names[0]));
    let rest = if more > 0 {
        format!(" → … ({more} more)")
    } else {
        String::new()
    };
    format!(
        "these tasks need each other in a circle: {}{rest}",
        names.join(" → ")
    )
}
