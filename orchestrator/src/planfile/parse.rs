//! From the bytes of a plan file to a [`PlanFile`], or to all that is wrong with it.
//!
//! Every step notes its problems and goes on, so that one look shows all of them.

use std::ops::Range;

use swarm_mailbox::id::TaskId;

use super::diagnostic::{Diagnostics, Problems, quoted, whole_file};
use super::outline::{Outline, Section, block_text, outline};
use super::source::{Lines, Source};
use super::task::PlanTask;
use super::{FrontMatter, Places, PlanFile, field, front, graph, value};
use crate::nearest::nearest;

/// A plan file is smaller than this.
pub const MAX_PLAN_BYTES: usize = 50_000_000;
/// Most tasks of a plan: who needs whom through others takes one bit for each pair of them, 50 MB at the most.
pub const MAX_TASKS: usize = 20_000;

/// Names that mean something else where a task's id may stand: mailboxes of the engine, and words of commands.
const RESERVED: [&str; 8] = [
    "all",
    "broker",
    "coordinator",
    "engine",
    "gate",
    "none",
    "swarm",
    "user",
];

/// Reads a plan file; `name` is what messages call it.
///
/// # Errors
/// All problems at once, where at least one of them is an error.
pub fn parse(name: &str, bytes: &[u8]) -> Result<PlanFile, Diagnostics> {
    if bytes.len() >= MAX_PLAN_BYTES {
        let message = format!(
            "the file has {} bytes, and a plan has less than {MAX_PLAN_BYTES}",
            bytes.len()
        );
        return Err(whole_file(
            name,
            "too-large",
            message,
            "is this the right file?",
        ));
    }
    let source = decode(name, bytes)?;
    let mut problems = Problems::default();
    check_line_ends(&source.text, &mut problems);
    let (front, body) = read_front(&source.text, &mut problems);
    let outline = outline(&source.text, body);
    let title = title(&source.text, outline.title.as_ref(), &mut problems);
    let context = block_text(&source.text, &outline.context);
    check_underlined(&source.text, &outline, &mut problems);
    let marks = done_marks(&source.text, &outline.context);
    let (mut tasks, places) = read_tasks(&source.text, outline, &mut problems);
    let by_id = graph::index(&tasks, &places, &mut problems);
    for (id, place, done) in marks {
        match by_id.get(&id) {
            Some(&at) => tasks[at].done |= done,
            None => warn_of_mark(&id, &place, &tasks, &mut problems),
        }
    }
    graph::check_ids(&tasks, &places, &by_id, &mut problems);
    graph::check_cycles(&tasks, &places, &by_id, &mut problems);
    if problems.errors() > 0 {
        return Err(problems.finish(&source));
    }
    let warnings = problems.finish(&source);
    Ok(PlanFile {
        front,
        title,
        context,
        tasks,
        warnings,
        by_id,
        source,
        places,
    })
}

/// The text of a file without its byte order mark.
fn decode(name: &str, bytes: &[u8]) -> Result<Source, Diagnostics> {
    const MARK: &[u8] = b"\xef\xbb\xbf";
    let text = bytes.strip_prefix(MARK).unwrap_or(bytes);
    let mark = bytes.len() - text.len();
    let source = |text: &str| Source {
        name: name.to_owned(),
        text: text.to_owned(),
        mark,
    };
    let error = match std::str::from_utf8(text) {
        Ok(text) => return Ok(source(text)),
        Err(error) => error,
    };
    // Up to the bad bytes the text is good; the line with them is shown with a replacement character in their place.
    let at = error.valid_up_to();
    let line_end = text[at..]
        .iter()
        .position(|&byte| byte == b'\n')
        .map_or(text.len(), |end| at + end);
    let shown = String::from_utf8_lossy(&text[..line_end]);
    let bad: Vec<String> = text[at..]
        .iter()
        .take(error.error_len().unwrap_or(4))
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let mut problems = Problems::default();
    let message = format!(
        "byte {} of the file is no UTF-8: {}",
        at + mark + 1,
        bad.join(" ")
    );
    let place = at..at + char::REPLACEMENT_CHARACTER.len_utf8();
    problems.error("no-utf8", &place, message, "save the file as UTF-8");
    let span = at + mark..at + mark + bad.len();
    Err(problems.finish(&source(&shown)).at(span))
}

/// Markdown readers disagree on what a carriage return without a line feed means, so it may not stand in a plan.
fn check_line_ends(text: &str, problems: &mut Problems) {
    let lone = |at: &usize| !text[*at..].starts_with("\r\n");
    if let Some(at) = text.match_indices('\r').map(|(at, _)| at).find(lone) {
        let message = "a carriage return stands here without a line feed".to_owned();
        let hint = "save the file with line ends of one kind, LF or CRLF";
        problems.error("bad-line-end", &(at..at + 1), message, hint);
    }
}

fn read_front(text: &str, problems: &mut Problems) -> (FrontMatter, usize) {
    match front::find(text) {
        Ok(None) => (FrontMatter::default(), 0),
        Ok(Some((range, body))) => (front::read(text, range, problems), body),
        Err(place) => {
            let message = "the front matter that starts here does not end".to_owned();
            problems.error(
                "front-matter",
                &place,
                message,
                "put a line `---` behind its last key",
            );
            (FrontMatter::default(), text.len())
        }
    }
}

fn title(text: &str, place: Option<&Range<usize>>, problems: &mut Problems) -> Option<String> {
    let place = place.filter(|place| !place.is_empty())?;
    let title = value::one_line(&text[place.clone()]);
    if let Some(message) = control_character(&title) {
        problems.error("bad-title", place, message, "remove it");
    }
    Some(title)
}

/// Titles become lines of a terminal and of commit messages.
fn control_character(title: &str) -> Option<String> {
    title
        .chars()
        .any(|c| c.is_control() && c != '\t')
        .then(|| format!("the title {} holds a control character", quoted(title)))
}

fn read_tasks(
    text: &str,
    outline: Outline,
    problems: &mut Problems,
) -> (Vec<PlanTask>, Vec<Places>) {
    let mut tasks = Vec::with_capacity(outline.sections.len());
    let mut all_places = Vec::with_capacity(outline.sections.len());
    if outline.sections.is_empty() && problems.errors() == 0 {
        let start = outline
            .title
            .as_ref()
            .map_or(outline.context.start, |title| title.start);
        note_empty(text, start..text.len(), problems);
    }
    if let Some(section) = outline.sections.get(MAX_TASKS) {
        let message = format!(
            "there are {} tasks, and {MAX_TASKS} is the most",
            outline.sections.len()
        );
        problems.error(
            "too-many-tasks",
            &section.heading,
            message,
            "make several plans of it",
        );
    }
    let lines = Lines::of(text);
    for section in outline.sections.into_iter().take(MAX_TASKS) {
        check_lists(text, &section, problems);
        let Some((mut task, id)) = read_heading(text, &section, problems) else {
            continue;
        };
        task.line = lines.line(section.heading.start);
        task.prose = block_text(text, &section.prose);
        let mut places = field::read(text, section.items, &mut task, problems);
        places.id = id;
        tasks.push(task);
        all_places.push(places);
    }
    (tasks, all_places)
}

fn note_empty(text: &str, body: Range<usize>, problems: &mut Problems) {
    let place = value::trimmed(text, body.clone());
    if place.is_empty() {
        let start = body.start..body.start;
        problems.error(
            "empty-plan",
            &start,
            "the plan is empty".to_owned(),
            "write tasks as `## id: title`",
        );
        return;
    }
    let line = place.start
        ..text[place.clone()]
            .find('\n')
            .map_or(place.end, |at| place.start + at);
    let message = "the plan has no tasks: a plan in prose must be split into tasks by a coordinator, and none is configured";
    let hint = "write each task as a level-2 heading `## id: title` with its fields in a list right under it";
    problems.error("empty-plan", &line, message.to_owned(), hint);
}

/// Reads `id: title`, which may follow `[x]` or `[ ]`.
fn read_heading(
    text: &str,
    section: &Section,
    problems: &mut Problems,
) -> Option<(PlanTask, Range<usize>)> {
    let mut place = section.heading.clone();
    let mut done = false;
    if let Some((mark, skip)) = checkbox(&text[place.clone()]) {
        done = mark;
        place.start += skip;
    }
    let heading = &text[place.clone()];
    let Some((name, title)) = heading.split_once(':') else {
        let message = format!(
            "the heading {} is no task of the form `id: title`",
            quoted(heading)
        );
        let hint = "every level-2 heading is a task; use `###` for headings within prose";
        problems.error("bad-heading", &shown(text, &section.heading), message, hint);
        return None;
    };
    let id_place = value::trimmed(text, place.start..place.start + name.len());
    let name = &text[id_place.clone()];
    let title = value::trim(title);
    if let Some(message) = control_character(title) {
        problems.error("bad-title", &place, message, "remove it");
    }
    if title.is_empty() {
        let message = format!("the task {} has no title", quoted(name));
        problems.error(
            "bad-heading",
            &shown(text, &id_place),
            message,
            "say in a few words what it does: `## id: title`",
        );
    }
    let id = match TaskId::new(name) {
        Ok(id) => id,
        Err(_) => {
            note_bad_id(text, name, &id_place, problems);
            return None;
        }
    };
    if RESERVED.contains(&name.to_ascii_lowercase().as_str()) {
        let message = format!("the id {} is reserved", quoted(name));
        problems.error(
            "reserved-id",
            &id_place,
            message,
            format!("choose another one, such as '{name}-task'"),
        );
    }
    Some((PlanTask::new(id, title, done), id_place))
}

fn note_bad_id(text: &str, name: &str, place: &Range<usize>, problems: &mut Problems) {
    let slug: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    let parts: Vec<&str> = slug.split('-').filter(|part| !part.is_empty()).collect();
    let slug: String = parts
        .join("-")
        .to_ascii_lowercase()
        .chars()
        .take(32)
        .collect();
    let rule = "an id holds letters, digits, '-' and '_', starts with a letter or digit, and has 64 at most";
    let hint = match TaskId::new(slug.trim_end_matches('-')) {
        Ok(slug) => format!("{rule}: '{slug}' would do"),
        Err(_) => rule.to_owned(),
    };
    problems.error(
        "bad-id",
        &shown(text, place),
        format!("{} is no task id", quoted(name)),
        hint,
    );
}

/// A place that is never empty, so that something can be underlined.
fn shown(text: &str, place: &Range<usize>) -> Range<usize> {
    if !place.is_empty() {
        return place.clone();
    }
    let start = text[..place.start].rfind('\n').map_or(0, |at| at + 1);
    start..place.start
}

/// Whether `text` starts with `[x]` or `[ ]` and a blank: what it says, and where the rest starts.
fn checkbox(text: &str) -> Option<(bool, usize)> {
    let (mark, rest) = text.strip_prefix('[')?.split_once(']')?;
    let done = match mark {
        "x" | "X" => true,
        " " => false,
        _ => return None,
    };
    let blank = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    (blank > 0).then_some((done, text.len() - rest.len() + blank))
}

/// The lines `- [x] id` and `- [x] id: anything` of the context, with the id's place and whether it is ticked.
fn done_marks(text: &str, context: &Range<usize>) -> Vec<(TaskId, Range<usize>, bool)> {
    let mut marks = Vec::new();
    for range in super::outline::bullets(text, context) {
        let line = &text[range.clone()];
        let Some((done, skip)) = checkbox(line) else {
            continue;
        };
        let name = value::trim(line[skip..].split(':').next().unwrap_or_default());
        if let Ok(id) = TaskId::new(name) {
            let start = range.start + skip;
            marks.push((id, start..start + name.len(), done));
        }
    }
    marks
}

fn warn_of_mark(id: &TaskId, place: &Range<usize>, tasks: &[PlanTask], problems: &mut Problems) {
    if !problems.wants_hints() {
        return;
    }
    // A list of things to do is allowed in the context; only what looks like a slip is worth a word.
    if let Some(name) = nearest(id.as_str(), tasks.iter().map(|task| task.id.as_str())) {
        let message = format!(
            "no task of this plan is called {}, so that this mark has no effect",
            quoted(id.as_str())
        );
        problems.warning(
            "unknown-id",
            place,
            message,
            format!("did you mean {}?", quoted(name)),
        );
    }
}

/// Fields further down in a task's text have no effect; that is worth a word.
fn check_lists(text: &str, section: &Section, problems: &mut Problems) {
    for place in &section.lists {
        let item = text[place.clone()].trim_start_matches(['-', '*', '+', ' ', '\t']);
        if let Some(name) = field::name_of(item).filter(|name| field::FIELDS.contains(name)) {
            let message = format!(
                "this looks like the field {}, but it is prose",
                quoted(name)
            );
            let hint = "fields stand in the list right under the heading, with nothing between";
            problems.warning("misplaced-field", place, message, hint);
        }
    }
}

fn check_underlined(text: &str, outline: &Outline, problems: &mut Problems) {
    for place in &outline.underlined {
        let name = text[place.clone()].split_once(": ").map(|(name, _)| name);
        if name.is_some_and(|name| TaskId::new(value::trim(name)).is_ok()) {
            let message =
                "a heading that is underlined with `---` is prose, and starts no task".to_owned();
            problems.warning("underlined-heading", place, message, "write `## id: title`");
        }
    }
}
