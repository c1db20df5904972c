//! Which tasks may not run beside each other because they touch the same paths.
//!
//! Only patterns whose plain beginnings agree are compared, and equal patterns are compared once, so that ten thousand
//! tasks with their own directories take a moment. Knows nothing of slots or of who runs first.

use std::collections::HashMap;

use swarm_policy::scope::Pattern;

use super::diagnostic::{Diagnostics, Problems, quoted};
use super::{PlanFile, PlanTask};

/// Most pairs of tasks that a plan may keep apart: more would fill the memory of the run.
pub const MAX_PAIRS: usize = 2_000_000;
/// Most comparisons, counted as the products of the patterns' weights: about a second at the most.
const MAX_WORK: usize = 200_000_000;

/// Two tasks that never run at the same time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Serialised {
    /// The place of the one that stands first in the plan.
    pub a: usize,
    /// The place of the other one.
    pub b: usize,
    /// A pattern of each that can mean the same path.
    pub why: (String, String),
}

impl PlanFile {
    /// The pairs of open tasks whose `touches` overlap, where neither needs the other, directly or through others, and
    /// neither names the other in `beside`. In plan order.
    ///
    /// A task without `touches` is in no pair.
    ///
    /// # Errors
    /// Where there are more than [`MAX_PAIRS`], or so many broad patterns that comparing them would take too long.
    pub fn serialised(&self) -> Result<Vec<Serialised>, Diagnostics> {
        let patterns = Patterns::of(&self.tasks);
        let Some(meeting) = patterns.meeting() else {
            let message = "the patterns in `touches` are too many and too broad to be compared";
            let hint = "let patterns start with plain names, as in `crates/core/**`, or leave `touches` out";
            return Err(self.about_touches(message.to_owned(), hint));
        };
        let reach = Reach::of(&self.needs());
        let beside: Vec<Vec<usize>> = self
            .tasks
            .iter()
            .map(|task| self.places_of(&task.beside))
            .collect();
        let mut pairs = Vec::new();
        // The task for which each other one was last looked at.
        let mut seen = vec![usize::MAX; self.tasks.len()];
        for (a, own) in patterns.by_task.iter().enumerate() {
            let met = own
                .iter()
                .flat_map(|&mine| meeting[mine].iter().map(move |&theirs| (mine, theirs)));
            for (mine, theirs) in met {
                let later = &patterns.tasks[theirs];
                for &b in &later[later.partition_point(|&b| b <= a)..] {
                    if std::mem::replace(&mut seen[b], a) == a
                        || reach.joins(a, b)
                        || beside[a].contains(&b)
                        || beside[b].contains(&a)
                    {
                        continue;
                    }
                    if pairs.len() == MAX_PAIRS {
                        let message =
                            format!("more than {MAX_PAIRS} pairs of tasks touch the same paths");
                        return Err(self.about_touches(
                            message,
                            "narrow the patterns, or let tasks need each other",
                        ));
                    }
                    let why = (patterns.source(mine), patterns.source(theirs));
                    pairs.push(Serialised { a, b, why });
                }
            }
        }
        pairs.sort_by_key(|pair| (pair.a, pair.b));
        Ok(pairs)
    }

    /// An error that is shown at the first task with `touches`.
    fn about_touches(&self, message: String, hint: &str) -> Diagnostics {
        let mut problems = Problems::default();
        let first = self
            .tasks
            .iter()
            .position(|task| task.touches.is_some())
            .unwrap_or(0);
        let place = self
            .places
            .get(first)
            .map(|places| places.id.clone())
            .unwrap_or_default();
        let hint = format!(
            "{hint}; the first task with `touches` is {}",
            quoted(self.tasks[first].id.as_str())
        );
        problems.error("too-broad", &place, message, hint);
        problems.finish(&self.source)
    }
}

/// The different patterns of all open tasks.
struct Patterns<'p> {
    list: Vec<&'p Pattern>,
    /// The tasks that have each pattern, in plan order.
    tasks: Vec<Vec<usize>>,
    /// The patterns of each task.
    by_task: Vec<Vec<usize>>,
}

impl<'p> Patterns<'p> {
    fn of(tasks: &'p [PlanTask]) -> Self {
        let mut patterns = Self {
            list: Vec::new(),
            tasks: Vec::new(),
            by_task: Vec::with_capacity(tasks.len()),
        };
        let mut by_source: HashMap<&str, usize> = HashMap::new();
        for (at, task) in tasks.iter().enumerate() {
            let mut own = Vec::new();
            let scope = task.touches.as_ref().filter(|_| !task.done);
            for pattern in scope.map(|scope| scope.patterns()).unwrap_or_default() {
                let number = *by_source.entry(pattern.source()).or_insert_with(|| {
                    patterns.list.push(pattern);
                    patterns.tasks.push(Vec::new());
                    patterns.list.len() - 1
                });
                if patterns.tasks[number].last() != Some(&at) {
                    patterns.tasks[number].push(at);
                    own.push(number);
                }
            }
            patterns.by_task.push(own);
        }
        patterns
    }

    fn source(&self, number: usize) -> String {
        self.list[number].source().to_owned()
    }

    /// For each pattern all that it meets, itself included; `None` where that is too much work.
    fn meeting(&self) -> Option<Vec<Vec<usize>>> {
        let mut index = Stems::default();
        let mut meeting = vec![Vec::new(); self.list.len()];
        // The pattern for which each other one was last compared.
        let mut compared = vec![usize::MAX; self.list.len()];
        let weights: Vec<usize> = self.list.iter().map(|pattern| pattern.weight()).collect();
        let mut work = 0_usize;
        for (number, pattern) in self.list.iter().enumerate() {
            let stems: Vec<Vec<String>> = pattern.stems().collect();
            for stem in &stems {
                index.add(stem, number);
            }
            for stem in &stems {
                for other in index.candidates(stem) {
                    if std::mem::replace(&mut compared[other], number) == number {
                        continue;
                    }
                    work += weights[number] * weights[other];
                    if work > MAX_WORK {
                        return None;
                    }
                    if other == number {
                        meeting[number].push(number);
                    } else if pattern.meets(self.list[other]) {
                        meeting[number].push(other);
                        meeting[other].push(number);
                    }
                }
            }
        }
        Some(meeting)
    }
}

/// Patterns by the plain names that they start with.
#[derive(Default)]
struct Stems {
    nodes: Vec<StemNode>,
}

#[derive(Default)]
struct StemNode {
    children: HashMap<String, usize>,
    patterns: Vec<usize>,
}

impl Stems {
    fn add(&mut self, stem: &[String], pattern: usize) {
        if self.nodes.is_empty() {
            self.nodes.push(StemNode::default());
        }
        let mut at = 0;
        for name in stem {
            at = match self.nodes[at].children.get(name) {
                Some(&child) => child,
                None => {
                    let child = self.nodes.len();
                    self.nodes.push(StemNode::default());
                    self.nodes[at].children.insert(name.clone(), child);
                    child
                }
            };
        }
        self.nodes[at].patterns.push(pattern);
    }

    /// The patterns of which one's stem begins with the other's: those on the way to `stem`, and all below it.
    fn candidates(&self, stem: &[String]) -> Vec<usize> {
        let mut found = Vec::new();
        let mut at = Some(0);
        for name in stem {
            let Some(node) = at.and_then(|at| self.nodes.get(at)) else {
                return found;
            };
            found.extend(&node.patterns);
            at = node.children.get(name).copied();
        }
        let mut open: Vec<usize> = at.into_iter().collect();
        while let Some(at) = open.pop() {
            let Some(node) = self.nodes.get(at) else {
                continue;
            };
            found.extend(&node.patterns);
            open.extend(node.children.values());
        }
        found.sort_unstable();
        found
    }
}

/// Which task needs which, directly or through others: a row of bits for each task.
struct Reach {
    rows: Vec<Vec<u64>>,
}

impl Reach {
    fn of(needs: &[Vec<usize>]) -> Self {
        let words = needs.len().div_ceil(64);
        let mut rows: Vec<Vec<u64>> = vec![Vec::new(); needs.len()];
        // Tasks may stand in any order, so each one waits until the rows of its needs are there.
        let mut open: Vec<(usize, usize)> = Vec::new();
        for start in 0..needs.len() {
            if !rows[start].is_empty() {
                continue;
            }
            open.push((start, 0));
            while let Some((at, followed)) = open.last_mut() {
                let (at, next) = (*at, *followed);
                *followed += 1;
                match needs[at].get(next) {
                    Some(&need) if rows[need].is_empty() => open.push((need, 0)),
                    Some(_) => {}
                    None => {
                        let mut row = vec![0; words];
                        for &need in &needs[at] {
                            row[need / 64] |= 1 << (need % 64);
                            row.iter_mut()
                                .zip(&rows[need])
                                .for_each(|(word, more)| *word |= more);
                        }
                        rows[at] = row;
                        open.pop();
                    }
                }
            }
        }
        Self { rows }
    }

    /// Whether one of two tasks needs the other.
    fn joins(&self, a: usize, b: usize) -> bool {
        let needs = |a: usize, b: usize| self.rows[a][b / 64] & 1 << (b % 64) != 0;
        needs(a, b) || needs(b, a)
    }
}
