//! The graph of a plan for Graphviz.

use std::fmt::Write as _;

use super::Dag;
use crate::report::cell::clean;

pub(super) fn render(dag: &Dag<'_>) -> String {
    let mut text =
        String::from("digraph plan {\n  rankdir=LR;\n  node [shape=box, style=rounded];\n");
    if let Some(title) = &dag.file.title {
        let _ = writeln!(text, "  label={};\n  labelloc=t;", quoted(title));
    }
    for task in &dag.file.tasks {
        let style = if task.done {
            ", style=\"rounded,filled\", fillcolor=lightgrey"
        } else {
            ""
        };
        let label = format!("{}\\n{}", escaped(task.id.as_str()), escaped(&task.title));
        let _ = writeln!(
            text,
            "  {} [label=\"{label}\"{style}];",
            quoted(task.id.as_str())
        );
    }
    for (from, to) in dag.arrows() {
        let style = if dag.is_critical(from, to) {
            " [penwidth=2]"
        } else {
            ""
        };
        let _ = writeln!(
            text,
            "  {} -> {}{style};",
            quoted(dag.id(from)),
            quoted(dag.id(to))
        );
    }
    for pair in &dag.pairs {
        let style = "dir=none, style=dashed, constraint=false";
        let why = format!("{} | {}", pair.why.0, pair.why.1);
        let (a, b) = (quoted(dag.id(pair.a)), quoted(dag.id(pair.b)));
        let _ = writeln!(text, "  {a} -> {b} [{style}, tooltip={}];", quoted(&why));
    }
    text + "}\n"
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

/// Text within a string of the DOT language, where a backslash and a quote have a meaning.
fn escaped(text: &str) -> String {
    clean(text).replace('\\', "\\\\").replace('"', "\\\"")
}
