//! The graph of a plan as JSON. `docs/plan-format.md` describes every field.

use serde_json::{Value, json};
use swarm_run::plan::TaskIx;

use super::Dag;
use crate::planfile::Accept;

/// The version of the format: it grows when a field goes away or changes its meaning, not when one comes.
const VERSION: u32 = 1;

pub(super) fn render(dag: &Dag<'_>) -> Value {
    let levels: Vec<Vec<&str>> = dag.levels.iter().map(|level| dag.ids(level)).collect();
    let mut level_of = vec![0; dag.file.tasks.len()];
    for (number, level) in dag.levels.iter().enumerate() {
        level.iter().for_each(|ix| level_of[ix.index()] = number);
    }
    let places = dag.plan.places();
    let tasks: Vec<Value> = places
        .map(|ix| task(dag, ix, level_of[ix.index()]))
        .collect();
    let pairs = dag.pairs.iter().map(|pair| json!({ "tasks": [dag.id(pair.a), dag.id(pair.b)], "why": [pair.why.0, pair.why.1] }));
    json!({
        "version": VERSION,
        "title": dag.file.title,
        "max_workers": dag.slots,
        "setup": dag.file.front.setup,
        "gates": dag.file.front.gates,
        "levels": levels,
        "critical_path": dag.ids(&dag.critical),
        "serialised": pairs.collect::<Vec<_>>(),
        "tasks": tasks,
        "warnings": dag.file.warnings.to_json()["diagnostics"],
    })
}

fn task(dag: &Dag<'_>, ix: TaskIx, level: usize) -> Value {
    let task = dag.task(ix);
    let run = dag.plan.task(ix);
    let accept = task.accept.iter().map(|accept| match accept {
        Accept::Command(text) => json!({ "command": text }),
        Accept::Prose(text) => json!({ "prose": text }),
    });
    let patterns = task.touches.as_ref().map(|scope| {
        scope
            .patterns()
            .iter()
            .map(|pattern| pattern.source())
            .collect::<Vec<_>>()
    });
    json!({
        "id": task.id.as_str(),
        "title": task.title,
        "line": task.line,
        "level": level,
        "done": task.done,
        "needs": dag.ids(&run.needs),
        "apart": dag.ids(&run.apart),
        "run": task.run,
        "touches": patterns,
        "accept": accept.collect::<Vec<_>>(),
        "gates": task.gates,
        "timeout_ms": run.timeout.map(|millis| millis.0),
        "retries": run.retries,
        "priority": run.priority,
    })
}
