//! The graph of a plan as text for a terminal.

use std::fmt::Write as _;

use super::Dag;
use crate::planfile::{Accept, PlanTask};
use crate::report::cell::{clean, count};

/// Most pairs of tasks that are listed; the rest is counted.
const MAX_PAIRS: usize = 50;
/// Most names in one line; the rest is counted.
const MAX_NAMES: usize = 20;

pub(super) fn render(dag: &Dag<'_>) -> String {
    let mut text = String::new();
    if let Some(title) = &dag.file.title {
        line(&mut text, 0, title);
        text.push('\n');
    }
    line(&mut text, 0, &summary(dag));
    if dag.critical.len() > 1 {
        line(
            &mut text,
            0,
            &format!("critical path: {}", names(&dag.ids(&dag.critical), " → ")),
        );
    }
    for (number, level) in dag.levels.iter().enumerate() {
        let open = level.iter().filter(|ix| !dag.task(**ix).done).count();
        let beside = match dag.width(level) {
            width if open > 1 && width < open => format!(", {width} at a time"),
            _ if open > 1 => ", all at the same time".to_owned(),
            _ => String::new(),
        };
        text.push('\n');
        line(
            &mut text,
            0,
            &format!(
                "level {}: {}{beside}",
                number + 1,
                count(level.len() as u64, "task")
            ),
        );
        for ix in level {
            push_task(&mut text, dag.task(*ix));
        }
    }
    push_pairs(&mut text, dag);
    push_commands(&mut text, "setup of every worktree", &dag.file.front.setup);
    push_commands(
        &mut text,
        "gates of every branch and of every merged tree",
        &dag.file.front.gates,
    );
    text
}

fn summary(dag: &Dag<'_>) -> String {
    let done = dag.file.tasks.iter().filter(|task| task.done).count();
    let mut parts = vec![format!(
        "{} in {}",
        count(dag.file.tasks.len() as u64, "task"),
        count(dag.levels.len() as u64, "level")
    )];
    if done > 0 {
        parts.push(format!("{done} done before"));
    }
    parts.push(format!("at most {} at a time", dag.slots));
    parts.join(", ")
}

fn push_task(text: &mut String, task: &PlanTask) {
    let mark = if task.done { "[x]" } else { "[ ]" };
    line(text, 1, &format!("{mark} {}: {}", task.id, task.title));
    if task.done {
        return;
    }
    let mut detail = |name: &str, value: &str| line(text, 3, &format!("{name} {value}"));
    if !task.needs.is_empty() {
        let needs: Vec<&str> = task.needs.iter().map(|id| id.as_str()).collect();
        detail("needs", &names(&needs, ", "));
    }
    if let Some(run) = &task.run {
        detail("run", &command(run));
    }
    if let Some(scope) = &task.touches {
        let patterns: Vec<&str> = scope
            .patterns()
            .iter()
            .map(|pattern| pattern.source())
            .collect();
        detail("touches", &names(&patterns, ", "));
    }
    for accept in &task.accept {
        match accept {
            Accept::Command(text) => detail("accept", &command(text)),
            Accept::Prose(text) => detail("accept (review)", text),
        }
    }
    match task.gates.as_deref() {
        None => {}
        Some([]) => detail("gates", "none on its branch"),
        Some(gates) => gates.iter().for_each(|gate| detail("gate", &command(gate))),
    }
}

fn push_pairs(text: &mut String, dag: &Dag<'_>) {
    if dag.pairs.is_empty() {
        return;
    }
    text.push('\n');
    line(
        text,
        0,
        "never at the same time, because they touch the same paths:",
    );
    for pair in dag.pairs.iter().take(MAX_PAIRS) {
        let (one, other) = &pair.why;
        let why = if one == other {
            format!("both touch {one}")
        } else {
            format!("{one} meets {other}")
        };
        line(
            text,
            1,
            &format!("{} and {}: {why}", dag.id(pair.a), dag.id(pair.b)),
        );
    }
    if dag.pairs.len() > MAX_PAIRS {
        line(
            text,
            1,
            &format!(
                "… and {}",
                count((dag.pairs.len() - MAX_PAIRS) as u64, "more pair")
            ),
        );
    }
}

fn push_commands(text: &mut String, head: &str, commands: &[String]) {
    if commands.is_empty() {
        return;
    }
    text.push('\n');
    line(text, 0, &format!("{head}:"));
    commands.iter().for_each(|one| line(text, 1, &command(one)));
}

/// A command in one line: the first of a script, and how many more it has.
fn command(text: &str) -> String {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let first = lines.next().unwrap_or_default().trim();
    match lines.count() {
        0 => first.to_owned(),
        more => format!("{first} … ({})", count(more as u64, "more line")),
    }
}

fn names(names: &[&str], between: &str) -> String {
    let shown = names[..names.len().min(MAX_NAMES)].join(between);
    match names.len() - names.len().min(MAX_NAMES) {
        0 => shown,
        more => format!("{shown}{between}… ({more} more)"),
    }
}

fn line(text: &mut String, indent: usize, content: &str) {
    let _ = writeln!(text, "{}{}", "  ".repeat(indent), clean(content));
}
