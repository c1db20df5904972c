//! From a [`PlanFile`] back to Markdown, in one canonical form that means the same plan again.
//!
//! Knows nothing of how the plan was written before.

use std::fmt::Write as _;

use swarm_mailbox::id::TaskId;

use super::task::{Accept, Isolation, PlanTask, SpawnModel, word_of};
use super::value::{code_span, print_budget};
use super::{FrontMatter, PlanFile};
use crate::duration;

impl PlanFile {
    /// The plan as a plan file. Reading it gives the same front matter, title, context and tasks.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        let front = front(&self.front);
        let mut text = String::new();
        if let Some(title) = &self.title {
            push_heading(&mut text, "#", title);
        }
        if !self.context.is_empty() {
            // A thematic break on the very first line would be the start of front matter.
            let gap = if text.is_empty() && front.is_empty() && self.context.starts_with("---") {
                "\n"
            } else {
                ""
            };
            push_block(&mut text, &format!("{gap}{}", self.context));
        }
        for task in &self.tasks {
            push_task(&mut text, task);
        }
        front + &text
    }
}

/// Adds a block, with an empty line before it where something stands before it.
fn push_block(text: &mut String, block: &str) {
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(block);
    text.push('\n');
}

fn push_heading(text: &mut String, mark: &str, title: &str) {
    // `#` at the end of a title would be taken for the end of the heading's form.
    let end = if title.ends_with('#') {
        format!(" {mark}")
    } else {
        String::new()
    };
    push_block(text, &format!("{mark} {title}{end}"));
}

fn push_task(text: &mut String, task: &PlanTask) {
    let done = if task.done { "[x] " } else { "" };
    push_heading(text, "##", &format!("{done}{}: {}", task.id, task.title));
    let bullet = bullet(&task.prose);
    for (name, value) in fields(task) {
        let _ = match value {
            Value::Line(line) => writeln!(text, "{bullet}{name}: {line}"),
            Value::Script(script) => {
                writeln!(text, "{bullet}{name}:\n{}", fenced(&script, bullet.len()))
            }
        };
    }
    if !task.prose.is_empty() {
        push_block(text, &task.prose);
    }
}

/// A bullet that keeps the fields apart from the prose behind them: a list of the same kind would go on in it, and
/// text that is indented as far as the field's text would become part of the last field.
fn bullet(prose: &str) -> &'static str {
    match prose.bytes().next() {
        Some(b' ' | b'\t') => "   -    ",
        Some(b'-') => "* ",
        _ => "- ",
    }
}

enum Value {
    Line(String),
    Script(String),
}

/// The fields that a task has, in their documented order.
fn fields(task: &PlanTask) -> Vec<(&'static str, Value)> {
    let line =
        |name: &'static str, value: Option<String>| value.map(|value| (name, Value::Line(value)));
    let ids = |ids: &[TaskId]| {
        let ids: Vec<&str> = ids.iter().map(TaskId::as_str).collect();
        (!ids.is_empty()).then(|| ids.join(", "))
    };
    let mut fields: Vec<(&'static str, Value)> = Vec::new();
    fields.extend(line("needs", ids(&task.needs)));
    fields.extend(task.run.as_ref().map(|run| ("run", command(run))));
    fields.extend(line(
        "touches",
        task.touches
            .as_ref()
            .map(|scope| items(scope.patterns().iter().map(|pattern| pattern.source()))),
    ));
    fields.extend(task.accept.iter().map(|accept| {
        (
            "accept",
            match accept {
                Accept::Command(text) => command(text),
                Accept::Prose(text) => Value::Line(text.clone()),
            },
        )
    }));
    fields.extend(line(
        "gates",
        task.gates.as_ref().map(|gates| gate_list(gates)),
    ));
    fields.extend(line("timeout", task.timeout.map(duration::print)));
    fields.extend(line(
        "retries",
        task.retries.map(|retries| retries.to_string()),
    ));
    fields.extend(line(
        "priority",
        task.priority.map(|priority| priority.to_string()),
    ));
    fields.extend(line(
        "allow-empty",
        task.allow_empty
            .map(|yes| if yes { "yes" } else { "no" }.to_owned()),
    ));
    fields.extend(line(
        "isolation",
        task.isolation
            .map(|one| word_of(&Isolation::WORDS, one).to_owned()),
    ));
    fields.extend(line("beside", ids(&task.beside)));
    fields.extend(line(
        "spawn",
        task.spawn
            .map(|one| word_of(&SpawnModel::WORDS, one).to_owned()),
    ));
    fields.extend(line("agent", task.agent.clone()));
    fields.extend(line("role", task.role.clone()));
    fields.extend(line(
        "tools",
        task.tools
            .as_ref()
            .map(|tools| items(tools.iter().map(String::as_str))),
    ));
    fields
}

/// A list of texts, each in backticks where that is possible, so that commas in them mean nothing.
fn items<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let quote = |text: &str| {
        if text.contains('`') {
            text.to_owned()
        } else {
            format!("`{text}`")
        }
    };
    texts.map(quote).collect::<Vec<_>>().join(", ")
}

fn gate_list(gates: &[String]) -> String {
    if gates.is_empty() {
        return "none".to_owned();
    }
    gates
        .iter()
        .map(|gate| in_backticks(gate))
        .collect::<Vec<_>>()
        .join(", ")
}

fn command(text: &str) -> Value {
    let blank = |c: char| c == ' ' || c == '\t';
    if text.contains(|c: char| c.is_control() && c != '\t')
        || text.starts_with(blank)
        || text.ends_with(blank)
    {
        Value::Script(text.to_owned())
    } else {
        Value::Line(in_backticks(text))
    }
}

/// A code span that holds `text`, whatever backticks are in it.
fn in_backticks(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let ticks = "`".repeat(longest + 1);
    let tight = format!("{ticks}{text}{ticks}");
    if code_span(&tight) == Some(text) {
        tight
    } else {
        format!("{ticks} {text} {ticks}")
    }
}

/// A fenced code block, indented.
fn fenced(script: &str, indent: usize) -> String {
    let longest = script.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(3.max(longest + 1));
    let indent = " ".repeat(indent);
    let mut text = format!("{indent}{fence}sh\n");
    for line in script.split('\n') {
        // An empty line needs no indentation, but one of blanks does.
        let _ = if line.is_empty() {
            writeln!(text)
        } else {
            writeln!(text, "{indent}{line}")
        };
    }
    text + &indent + &fence
}

fn front(front: &FrontMatter) -> String {
    let mut text = String::new();
    let mut line = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = writeln!(text, "{key}: {value}");
        }
    };
    let list = |texts: &[String]| (!texts.is_empty()).then(|| flow(texts));
    let number = |number: Option<u32>| number.map(|number| number.to_string());
    let name = |name: &Option<String>| name.as_deref().map(quoted);
    line("into", name(&front.into));
    line("base", name(&front.base));
    line("gates", list(&front.gates));
    line("setup", list(&front.setup));
    line("max-workers", number(front.max_workers));
    line("merge-batch", number(front.merge_batch));
    line(
        "budget",
        front.budget.map(|budget| quoted(&print_budget(budget))),
    );
    line("timeout", front.timeout.map(duration::print));
    line("retries", number(front.retries));
    line("model", name(&front.model));
    line("agent", name(&front.agent));
    line("permissions", name(&front.permissions));
    line(
        "isolation",
        front
            .isolation
            .map(|one| word_of(&Isolation::WORDS, one).to_owned()),
    );
    line(
        "env",
        (!front.env.is_empty()).then(|| {
            let pairs: Vec<String> = front
                .env
                .iter()
                .map(|(name, value)| format!("{}: {}", quoted(name), quoted(value)))
                .collect();
            format!("{{{}}}", pairs.join(", "))
        }),
    );
    line("copy", list(&front.copy));
    line("link", list(&front.link));
    if text.is_empty() {
        text
    } else {
        format!("---\n{text}---\n")
    }
}

fn flow(texts: &[String]) -> String {
    format!(
        "[{}]",
        texts
            .iter()
            .map(|text| quoted(text))
            .collect::<Vec<_>>()
            .join(", ")
    )
}

/// A text in YAML's double quotes; plain where nothing in it means anything to YAML.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, ' ' | '_' | '.' | '/' | '-');
    let special =
        matches!(text, "null" | "~") || !text.starts_with(|c: char| c.is_ascii_alphanumeric());
    if !special && !text.ends_with(' ') && text.chars().all(plain) {
        return text.to_owned();
    }
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted + "\""
}
