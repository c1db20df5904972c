//! The outline of a plan: where its title, its context and its tasks stand, and where each task's fields and prose.
//!
//! Markdown is read here and nowhere else, so that a heading within a code block or a comment is none. Knows nothing of
//! what a field means.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag};

use super::value::{plain_ends, trimmed};

/// Where everything stands, in bytes of the file.
#[derive(Debug, Default)]
pub(super) struct Outline {
    /// The level-1 heading that the file starts with: its text.
    pub(super) title: Option<Range<usize>>,
    /// What stands between the title and the first task.
    pub(super) context: Range<usize>,
    /// The tasks.
    pub(super) sections: Vec<Section>,
    /// Level-2 headings that are underlined with `---`, and so start no task.
    pub(super) underlined: Vec<Range<usize>>,
}

/// A level-2 heading and what stands under it.
#[derive(Debug, Default)]
pub(super) struct Section {
    /// The heading's text, without its `##`.
    pub(super) heading: Range<usize>,
    /// The items of the bullet list right under it.
    pub(super) items: Vec<Item>,
    /// What follows the list.
    pub(super) prose: Range<usize>,
    /// The first lines of bullet lists in the prose: fields that stand in the wrong place look so.
    pub(super) lists: Vec<Range<usize>>,
}

/// One bullet.
#[derive(Debug, Default)]
pub(super) struct Item {
    /// Its text, which may go over several lines; empty where it has none.
    pub(super) text: Range<usize>,
    /// The fenced code block under its text.
    pub(super) code: Option<Code>,
    /// The first thing in it that is neither of both.
    pub(super) other: Option<Range<usize>>,
}

/// A fenced code block.
#[derive(Debug, Default)]
pub(super) struct Code {
    /// The block with its fences.
    pub(super) span: Range<usize>,
    /// What stands between them, with `\n` at the end of each line.
    pub(super) text: String,
}

/// Reads the outline of `text` from byte `start` on.
pub(super) fn outline(text: &str, start: usize) -> Outline {
    let mut walk = Walk {
        text,
        start,
        outline: Outline::default(),
        depth: 0,
        place: Place::Top,
    };
    walk.outline.context = start..text.len();
    for (event, range) in Parser::new_ext(&text[start..], Options::empty()).into_offset_iter() {
        walk.take(&event, range.start + start..range.end + start);
    }
    walk.end_section(text.len());
    walk.outline
}

struct Walk<'s> {
    text: &'s str,
    start: usize,
    outline: Outline,
    depth: usize,
    place: Place,
}

/// What the next top-level block is.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Place {
    /// The first block of all.
    Top,
    /// Right under a task's heading.
    Heading,
    /// Within the list of a task's fields.
    Fields,
    /// Anything else.
    Prose,
}

impl Walk<'_> {
    fn take(&mut self, event: &Event<'_>, range: Range<usize>) {
        if self.depth == 0 {
            self.top(event, &range);
        } else if self.place == Place::Fields {
            self.field(event, &range);
        }
        match event {
            Event::Start(_) => self.depth += 1,
            Event::End(_) => {
                self.depth -= 1;
                if self.depth == 0 && self.place == Place::Fields {
                    self.place = Place::Prose;
                    self.prose_from(range.end);
                }
            }
            _ => {}
        }
    }

    fn top(&mut self, event: &Event<'_>, range: &Range<usize>) {
        match event {
            Event::Start(Tag::Heading {
                level: HeadingLevel::H2,
                ..
            }) if self.text[range.start..].starts_with("##") => {
                self.begin_section(range);
                self.place = Place::Heading;
                return;
            }
            Event::Start(Tag::Heading {
                level: HeadingLevel::H2,
                ..
            }) => {
                self.outline
                    .underlined
                    .push(trimmed(self.text, first_line(self.text, range)));
            }
            Event::Start(Tag::Heading {
                level: HeadingLevel::H1,
                ..
            }) if self.place == Place::Top => {
                self.outline.title = Some(heading_text(self.text, range));
                self.outline.context.start = range.end;
            }
            Event::Start(Tag::List(None)) if self.place == Place::Heading => {
                self.place = Place::Fields;
                return;
            }
            Event::Start(Tag::List(None)) => {
                let line = trimmed(self.text, first_line(self.text, range));
                if let Some(section) = self.outline.sections.last_mut() {
                    section.lists.push(line);
                }
            }
            _ => {}
        }
        self.place = Place::Prose;
    }

    fn begin_section(&mut self, range: &Range<usize>) {
        let line_start = self.text[self.start..range.start]
            .rfind('\n')
            .map_or(self.start, |at| self.start + at + 1);
        self.end_section(line_start);
        let section = Section {
            heading: heading_text(self.text, range),
            prose: range.end..range.end,
            ..Section::default()
        };
        self.outline.sections.push(section);
    }

    fn end_section(&mut self, end: usize) {
        match self.outline.sections.last_mut() {
            Some(section) => section.prose.end = end.max(section.prose.start),
            None => self.outline.context.end = end.max(self.outline.context.start),
        }
    }

    fn prose_from(&mut self, start: usize) {
        if let Some(section) = self.outline.sections.last_mut() {
            section.prose = start..start;
        }
    }

    /// An event within the list of fields, whose items stand at depth 1 and their contents at depth 2.
    fn field(&mut self, event: &Event<'_>, range: &Range<usize>) {
        let Some(section) = self.outline.sections.last_mut() else {
            return;
        };
        if self.depth == 1 {
            if let Event::Start(Tag::Item) = event {
                section.items.push(Item {
                    text: range.start..range.start,
                    ..Item::default()
                });
            }
            return;
        }
        let Some(item) = section.items.last_mut() else {
            return;
        };
        match event {
            Event::Text(line) if self.depth == 3 && item.code.is_some() && item.other.is_none() => {
                if let Some(code) = item.code.as_mut().filter(|code| code.span.end >= range.end) {
                    code.text.push_str(line);
                }
            }
            _ if self.depth > 2 => {}
            Event::Start(Tag::Paragraph)
                if item.text.is_empty() && item.code.is_none() && item.other.is_none() =>
            {
                item.text = trimmed(self.text, range.clone());
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_)))
                if item.code.is_none() && item.other.is_none() =>
            {
                item.code = Some(Code {
                    span: trimmed(self.text, range.clone()),
                    text: String::new(),
                });
            }
            Event::Start(tag) if is_block(tag) => {
                item.other
                    .get_or_insert_with(|| trimmed(self.text, range.clone()));
            }
            Event::Rule => {
                item.other.get_or_insert_with(|| range.clone());
            }
            Event::End(_) => {}
            // Inline text of a tight list has no paragraph around it.
            _ if item.code.is_none() && item.other.is_none() => {
                let start = if item.text.is_empty() {
                    range.start
                } else {
                    item.text.start
                };
                item.text = trimmed(self.text, start..range.end.max(start));
            }
            _ => {
                item.other.get_or_insert_with(|| range.clone());
            }
        }
    }
}

/// The text of every bullet in `range` that is not within another block, from its first line only.
pub(super) fn bullets(text: &str, range: &Range<usize>) -> Vec<Range<usize>> {
    let mut bullets = Vec::new();
    let mut depth = 0;
    for (event, place) in Parser::new_ext(&text[range.clone()], Options::empty()).into_offset_iter()
    {
        if let (Event::Start(Tag::Item), 1) = (&event, depth) {
            let line = first_line(text, &(place.start + range.start..place.end + range.start));
            let inside = text[line.clone()].trim_start_matches(['-', '*', '+', ' ', '\t']);
            bullets.push(trimmed(text, line.end - inside.len()..line.end));
        }
        match event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth -= 1,
            _ => {}
        }
    }
    bullets
}

fn is_block(tag: &Tag<'_>) -> bool {
    matches!(
        tag,
        Tag::Paragraph
            | Tag::Heading { .. }
            | Tag::BlockQuote(_)
            | Tag::CodeBlock(_)
            | Tag::HtmlBlock
            | Tag::List(_)
            | Tag::Item
            | Tag::FootnoteDefinition(_)
            | Tag::Table(_)
    )
}

fn first_line(text: &str, range: &Range<usize>) -> Range<usize> {
    let end = text[range.clone()]
        .find('\n')
        .map_or(range.end, |at| range.start + at);
    range.start..end
}

/// The text of a heading: without the `#` before and after it, or without the line under it.
fn heading_text(text: &str, range: &Range<usize>) -> Range<usize> {
    let range = trimmed(text, range.clone());
    let heading = &text[range.clone()];
    let start = heading.len() - heading.trim_start_matches('#').len();
    if start == 0 || !heading[start..].starts_with([' ', '\t', '\n', '\r']) && start < heading.len()
    {
        let end = heading.rfind('\n').unwrap_or(heading.len());
        return trimmed(text, range.start..range.start + end);
    }
    let inner = trimmed(text, range.start + start..range.end);
    let without = text[inner.clone()].trim_end_matches('#');
    // `#` at the end belong to the heading's form only where a blank stands before them, or nothing.
    if without.is_empty() || without.ends_with([' ', '\t']) {
        return trimmed(text, inner.start..inner.start + without.len());
    }
    inner
}

/// The text of a range without the blank lines at its ends, with one kind of line end.
pub(super) fn block_text(text: &str, range: &Range<usize>) -> String {
    let text = plain_ends(&text[range.clone()]);
    let mut lines: Vec<&str> = text.split('\n').collect();
    let blank = |line: &&str| line.chars().all(|c| c == ' ' || c == '\t');
    while lines.last().is_some_and(blank) {
        lines.pop();
    }
    let start = lines
        .iter()
        .position(|line| !blank(line))
        .unwrap_or(lines.len());
    let block = lines[start..].join("\n");
    let block = block.trim_end_matches([' ', '\t']);
    // Up to three blanks before the first line mean nothing; four are a code block.
    let indent = block.len() - block.trim_start_matches(' ').len();
    if indent < 4 && !block[indent..].starts_with('\t') {
        block[indent..].to_owned()
    } else {
        block.to_owned()
    }
}
