//! The fields of a task: from the bullets under its heading to the values of a [`PlanTask`].
//!
//! Knows nothing of other tasks: whether an id is there is asked later.

mod command;

use std::ops::Range;

use swarm_mailbox::id::TaskId;
use swarm_policy::scope::{Pattern, Scope};

use super::Places;
use super::diagnostic::{Problems, did_you_mean, quoted};
use super::front::MAX_RETRIES;
use super::outline::{Code, Item};
use super::task::{Isolation, PlanTask, SpawnModel};
use super::value::{self, BLANK, ValueError};
use crate::nearest::nearest;

/// Every field, in the order in which it is documented and written.
pub(super) const FIELDS: [&str; 15] = [
    "needs",
    "run",
    "touches",
    "accept",
    "gates",
    "timeout",
    "retries",
    "priority",
    "allow-empty",
    "isolation",
    "beside",
    "spawn",
    "agent",
    "role",
    "tools",
];

/// Highest priority; the lowest one is its negative.
const MAX_PRIORITY: i64 = 1_000_000;

/// Reads the bullets under a heading into `task`, and answers where its ids stand.
pub(super) fn read(
    text: &str,
    items: Vec<Item>,
    task: &mut PlanTask,
    problems: &mut Problems,
) -> Places {
    let mut reader = Reader {
        text,
        task,
        problems,
        places: Places::default(),
    };
    let mut seen: Vec<&str> = Vec::new();
    for item in items {
        let Some((name, place)) = reader.name(&item) else {
            continue;
        };
        if seen.contains(&name) && name != "accept" {
            let message = format!("the field {} stands here a second time", quoted(name));
            let hint = "write it once; only `accept` may be repeated";
            reader
                .problems
                .error("repeated-field", &place, message, hint);
            continue;
        }
        seen.push(name);
        let start = place.end + 1;
        let range = value::trimmed(text, start..item.text.end.max(start));
        if let Err(wrong) = reader.set(
            name,
            &place,
            Value {
                range,
                code: item.code,
            },
        ) {
            reader
                .problems
                .error(wrong.code, &wrong.place, wrong.message, wrong.hint);
        }
    }
    reader.places
}

/// The name that a line starts with, where it starts like a field.
pub(super) fn name_of(line: &str) -> Option<&str> {
    let (name, _) = line.split_once(':')?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    (!name.is_empty() && name.chars().all(plain)).then_some(name)
}

struct Reader<'a> {
    text: &'a str,
    task: &'a mut PlanTask,
    problems: &'a mut Problems,
    places: Places,
}

/// What stands behind a field's colon.
struct Value {
    /// The text on the bullet itself; may be empty, and may go over several lines.
    range: Range<usize>,
    /// The code block under it.
    code: Option<Code>,
}

struct Wrong {
    code: &'static str,
    place: Range<usize>,
    message: String,
    hint: Option<String>,
}

impl Wrong {
    fn new(code: &'static str, place: &Range<usize>, message: String, hint: &str) -> Self {
        Self {
            code,
            place: place.clone(),
            message,
            hint: Some(hint.to_owned()),
        }
    }
}

impl<'a> Reader<'a> {
    /// The name of a bullet's field and its place; notes what is no field.
    fn name(&mut self, item: &Item) -> Option<(&'a str, Range<usize>)> {
        let line = &self.text[item.text.clone()];
        let Some(name) = name_of(line) else {
            let place = first_line(self.text, &item.text, item);
            let message = format!(
                "{} is no field of the form `name: value`",
                quoted(line.lines().next().unwrap_or(""))
            );
            let hint = "the list right under a task's heading holds its fields; put a sentence before a list that is prose";
            self.problems.error("no-field", &place, message, hint);
            return None;
        };
        let place = item.text.start..item.text.start + name.len();
        if !FIELDS.contains(&name) {
            let hint = did_you_mean(nearest(name, FIELDS))
                .unwrap_or_else(|| format!("the fields are {}", FIELDS.join(", ")));
            self.problems.error(
                "unknown-field",
                &place,
                format!("{} is no field of a task", quoted(name)),
                hint,
            );
            return None;
        }
        if let Some(other) = &item.other {
            let message = format!("this does not belong into the field {}", quoted(name));
            let hint = "a field holds text on its own bullet, and `run` and `accept` may hold one fenced code block; \
                        put a sentence between the fields and a list that is prose";
            self.problems.error(
                "no-field",
                &value::trimmed(self.text, first_line_of(self.text, other)),
                message,
                hint,
            );
            return None;
        }
        Some((name, place))
    }

    fn set(&mut self, name: &str, place: &Range<usize>, value: Value) -> Result<(), Wrong> {
        match name {
            "run" => {
                self.task.run = Some(self.command(name, place, value)?);
                return Ok(());
            }
            "accept" => {
                let accept = self.accept(place, value)?;
                self.task.accept.push(accept);
                return Ok(());
            }
            _ => {}
        }
        if let Some(code) = &value.code {
            let message = format!("the field {} takes no code block", quoted(name));
            return Err(Wrong::new(
                "bad-value",
                &first_line_of(self.text, &code.span),
                message,
                "write its value on the bullet",
            ));
        }
        if value.range.is_empty() {
            let message = format!("the field {} has no value", quoted(name));
            return Err(Wrong::new(
                "bad-value",
                place,
                message,
                "write its value behind the colon, or leave it out",
            ));
        }
        match name {
            "needs" => (self.task.needs, self.places.needs) = self.ids(value.range),
            "beside" => (self.task.beside, self.places.beside) = self.ids(value.range),
            "touches" => self.task.touches = self.scope(value.range),
            "gates" => self.task.gates = Some(self.gates(value.range)?),
            "tools" => self.task.tools = Some(self.tools(value.range)?),
            "timeout" => self.task.timeout = Some(self.single(value.range, value::time_limit)?),
            "retries" => {
                let retries =
                    self.single(value.range, |text| value::number(text, 0..MAX_RETRIES + 1))?;
                self.task.retries = u32::try_from(retries).ok();
            }
            "priority" => {
                let priority = self.single(value.range, |text| {
                    value::number(text, -MAX_PRIORITY..MAX_PRIORITY + 1)
                })?;
                self.task.priority = i32::try_from(priority).ok();
            }
            "allow-empty" => self.task.allow_empty = Some(self.single(value.range, value::flag)?),
            "isolation" => {
                self.task.isolation =
                    Some(self.single(value.range, |text| value::word(text, &Isolation::WORDS))?);
            }
            "spawn" => {
                self.task.spawn =
                    Some(self.single(value.range, |text| value::word(text, &SpawnModel::WORDS))?)
            }
            "agent" => self.task.agent = Some(self.single(value.range, label)?),
            "role" => self.task.role = Some(self.single(value.range, label)?),
            _ => {}
        }
        Ok(())
    }

    /// A value on one line, which may stand in backticks.
    fn single<T>(
        &self,
        range: Range<usize>,
        read: impl Fn(&str) -> Result<T, ValueError>,
    ) -> Result<T, Wrong> {
        let place = value::bare(self.text, range);
        read(&self.text[place.clone()]).map_err(|(message, hint)| Wrong {
            code: "bad-value",
            place,
            message,
            hint,
        })
    }

    /// Ids with commas or blanks between them, each once, and where they stand. Notes those that are none.
    fn ids(&mut self, range: Range<usize>) -> (Vec<TaskId>, Vec<Range<usize>>) {
        let mut ids = Vec::new();
        let mut places = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for place in words(self.text, range) {
            let text = &self.text[place.clone()];
            match TaskId::new(text) {
                Ok(id) if !seen.insert(id.clone()) => {
                    let message = format!("{} stands here a second time", quoted(text));
                    self.problems
                        .warning("repeated-id", &place, message, "write it once");
                }
                Ok(id) => {
                    ids.push(id);
                    places.push(place);
                }
                Err(_) => {
                    let message = format!("{} is no task id", quoted(text));
                    let hint = "an id holds letters, digits, '-' and '_', 64 at most; put commas between ids";
                    self.problems.error("bad-id", &place, message, hint);
                }
            }
        }
        (ids, places)
    }

    /// Path patterns with commas between them; notes every one that is none.
    fn scope(&mut self, range: Range<usize>) -> Option<Scope> {
        let mut sources = Vec::new();
        for place in value::list(self.text, range.clone()) {
            let source = &self.text[place.clone()];
            match Pattern::parse(source) {
                Ok(_) => sources.push(source),
                Err(_) if source.is_empty() => {
                    let place = if place.is_empty() { &range } else { &place };
                    self.problems.error(
                        "bad-glob",
                        place,
                        "a path pattern is empty".to_owned(),
                        "is there a comma too many?",
                    );
                }
                Err(error) => {
                    let message = format!("{} is no path pattern: {}", quoted(source), error.why);
                    self.problems.error(
                        "bad-glob",
                        &place,
                        message,
                        "see `touches` in docs/plan-format.md",
                    );
                }
            }
        }
        Scope::parse(&sources).ok()
    }

    fn tools(&self, range: Range<usize>) -> Result<Vec<String>, Wrong> {
        value::list(self.text, range)
            .into_iter()
            .map(|place| self.single(place, label))
            .collect()
    }
}

/// One line of text without control characters.
fn label(text: &str) -> Result<String, ValueError> {
    if text.is_empty() {
        return Err((
            "a name is empty".to_owned(),
            Some("is there a comma too many?".to_owned()),
        ));
    }
    if text.chars().any(char::is_control) {
        return Err((
            format!(
                "{} goes over several lines or holds a control character",
                quoted(text)
            ),
            None,
        ));
    }
    Ok(text.to_owned())
}

/// The places of the words of `text[range]`, without commas and backticks.
fn words(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let apart = |c: char| BLANK.contains(&c) || matches!(c, ',' | '`');
    let mut places = Vec::new();
    let mut start = None;
    for (at, c) in text[range.clone()].char_indices() {
        match (apart(c), start) {
            (false, None) => start = Some(range.start + at),
            (true, Some(from)) => {
                places.push(from..range.start + at);
                start = None;
            }
            _ => {}
        }
    }
    places.extend(start.map(|from| from..range.end));
    places
}

fn first_line_of(text: &str, range: &Range<usize>) -> Range<usize> {
    let end = text[range.clone()]
        .find(['\n', '\r'])
        .map_or(range.end, |at| range.start + at);
    range.start..end
}

/// Where to show a bullet: its text, or what it holds instead.
fn first_line(text: &str, range: &Range<usize>, item: &Item) -> Range<usize> {
    if !range.is_empty() {
        return first_line_of(text, range);
    }
    let inside = item
        .code
        .as_ref()
        .map(|code| &code.span)
        .or(item.other.as_ref())
        .unwrap_or(range);
    let place = first_line_of(text, inside);
    if place.is_empty() {
        place.start..(place.start + 1).min(text.len())
    } else {
        place
    }
}
