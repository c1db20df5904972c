//! The plan's DAG behind a wall: nobody else sees petgraph.
//!
//! Edges run from a need to its dependants. Knows places and needs, nothing of what the tasks are.

use petgraph::Direction;
use petgraph::algo::{kosaraju_scc, toposort};
use petgraph::graph::{DiGraph, NodeIndex};

use crate::plan::{Task, TaskIx};

/// An acyclic graph with one node per task.
#[derive(Debug, Clone)]
pub(crate) struct Graph {
    nodes: DiGraph<(), ()>,
    order: Vec<TaskIx>,
}

impl Graph {
    /// Builds the graph of `tasks`, whose needs must all exist.
    ///
    /// # Errors
    /// One cycle, if there is any: each task of it needs the next, the last needs the first.
    pub(crate) fn new(tasks: &[Task]) -> Result<Self, Vec<TaskIx>> {
        let edges = tasks.iter().map(|task| task.needs.len()).sum();
        let mut nodes = DiGraph::with_capacity(tasks.len(), edges);
        for _ in tasks {
            nodes.add_node(());
        }
        for (place, task) in tasks.iter().enumerate() {
            // petgraph lists the newest edge first; the order is turned round where it is read.
            for need in &task.needs {
                nodes.add_edge(node(*need), NodeIndex::new(place), ());
            }
        }
        match toposort(&nodes, None) {
            Ok(order) => Ok(Self {
                nodes,
                order: order.into_iter().map(place).collect(),
            }),
            Err(_) => Err(find_cycle(&nodes, tasks)),
        }
    }

    /// The tasks that need `ix` directly, the last one of the plan first.
    pub(crate) fn dependants(&self, ix: TaskIx) -> impl Iterator<Item = TaskIx> + '_ {
        self.nodes
            .neighbors_directed(node(ix), Direction::Outgoing)
            .map(place)
    }

    /// Every task after all of its needs.
    pub(crate) fn order(&self) -> &[TaskIx] {
        &self.order
    }
}

/// The cycle that a walk along the needs meets first, in the strongly connected component that stands first in the plan.
///
/// Kosaraju's algorithm keeps its own stack; Tarjan's, as petgraph has it, recurses and would overflow on a long chain.
fn find_cycle(nodes: &DiGraph<(), ()>, tasks: &[Task]) -> Vec<TaskIx> {
    let components = kosaraju_scc(nodes)
        .into_iter()
        .filter(|component| component.len() > 1);
    let Some(component) = components.min_by_key(|component| component.iter().min().copied()) else {
        return Vec::new();
    };
    let mut inside = vec![false; tasks.len()];
    for member in &component {
        inside[member.index()] = true;
    }
    // Within a component every task has a need in it, so the walk goes on until it meets itself.
    let mut met_at = vec![usize::MAX; tasks.len()];
    let mut walk: Vec<TaskIx> = Vec::new();
    let mut next = component.iter().min().map(|first| place(*first));
    while let Some(ix) = next {
        if met_at[ix.index()] != usize::MAX {
            return walk.split_off(met_at[ix.index()]);
        }
        met_at[ix.index()] = walk.len();
        walk.push(ix);
        next = tasks[ix.index()]
            .needs
            .iter()
            .copied()
            .find(|need| inside[need.index()]);
    }
    walk
}

fn node(ix: TaskIx) -> NodeIndex {
    NodeIndex::new(ix.index())
}

fn place(node: NodeIndex) -> TaskIx {
    TaskIx(node.index() as u32)
}
