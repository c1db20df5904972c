//! The graph of a plan for Mermaid, as Markdown pages show it.

use std::fmt::Write as _;

use super::Dag;
use crate::report::cell::clean;

pub(super) fn render(dag: &Dag<'_>) -> String {
    let mut text = String::from("flowchart LR\n");
    // Nodes are numbered, because a task may be called `end` or another word of the language.
    for (place, task) in dag.file.tasks.iter().enumerate() {
        let label = format!("{}<br/>{}", escaped(task.id.as_str()), escaped(&task.title));
        let class = if task.done { ":::done" } else { "" };
        let _ = writeln!(text, "  t{place}[\"{label}\"]{class}");
    }
    for (from, to) in dag.arrows() {
        let arrow = if dag.is_critical(from, to) {
            "==>"
        } else {
            "-->"
        };
        let _ = writeln!(text, "  t{from} {arrow} t{to}");
    }
    for pair in &dag.pairs {
        let _ = writeln!(text, "  t{} -.- t{}", pair.a, pair.b);
    }
    if dag.file.tasks.iter().any(|task| task.done) {
        text.push_str("  classDef done fill:#ddd,color:#666\n");
    }
    text
}

/// Text within a label: whatever Mermaid, Markdown or HTML would read as more than text becomes an entity.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in clean(text).chars() {
        match c {
            '"' | '#' | '&' | '<' | '>' | '`' | '*' | '_' | '\\' | '[' | ']' | '{' | '}' | '|'
            | ';' => {
                let _ = write!(safe, "#{};", u32::from(c));
            }
            c => safe.push(c),
        }
    }
    safe
}
