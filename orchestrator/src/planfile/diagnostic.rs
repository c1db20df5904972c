//! What is wrong with a plan file: every problem with its place, shown as a compiler would show it, or as JSON.
//!
//! Holds copies of the lines that it shows, so that it outlives the file. Knows nothing of the grammar.

use std::fmt;
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Element, Group, Level, Origin, Renderer, Snippet};
use serde_json::{Value, json};

use super::source::{Excerpt, Lines, Source};

/// Most problems that are kept with their place; the rest is counted.
pub const MAX_SHOWN: usize = 100;
/// Most problems that are told apart while a file is read; the rest is counted.
const MAX_COLLECTED: usize = 10_000;
/// Width of the rendered text, in columns.
const WIDTH: usize = 120;
/// Longest text of a user in a message, in characters.
const MAX_QUOTED: usize = 60;

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The plan cannot be used.
    Error,
    /// The plan can be used, but something in it has no effect or looks like a slip.
    Warning,
}

/// One problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// A stable name of the kind of problem, such as `unknown-id`.
    pub code: &'static str,
    /// What is wrong, in one line without control characters.
    pub message: String,
    /// Where, in bytes of the file.
    pub span: Range<usize>,
    /// The line on which it starts, from 1.
    pub line: usize,
    /// The column at which it starts, in characters, from 1.
    pub column: usize,
    /// What to do.
    pub hint: Option<String>,
    excerpt: Option<Excerpt>,
}

/// All problems of one file, in the order of their places.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diagnostics {
    file: String,
    list: Vec<Diagnostic>,
    errors: usize,
    warnings: usize,
}

impl Diagnostics {
    /// The problems that are kept: the first [`MAX_SHOWN`].
    #[must_use]
    pub fn list(&self) -> &[Diagnostic] {
        &self.list
    }

    /// How many errors there are, shown or not.
    #[must_use]
    pub fn errors(&self) -> usize {
        self.errors
    }

    /// How many warnings there are, shown or not.
    #[must_use]
    pub fn warnings(&self) -> usize {
        self.warnings
    }

    /// Whether there is no problem at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.errors + self.warnings == 0
    }

    /// The problems as text for a terminal, each with its line and the place underlined, and a last line with the
    /// counts. With `color`, it holds ANSI colours; it never holds any other control character but line ends.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        if self.is_empty() {
            return String::new();
        }
        let renderer = if color {
            Renderer::styled()
        } else {
            Renderer::plain()
        };
        let renderer = renderer.decor_style(DecorStyle::Ascii).term_width(WIDTH);
        let mut text = String::new();
        for diagnostic in &self.list {
            text.push_str(&renderer.render(&[diagnostic.group(&self.file)]));
            text.push_str("\n\n");
        }
        text.push_str(&self.summary());
        text.push('\n');
        text
    }

    /// The counts in one line.
    #[must_use]
    pub fn summary(&self) -> String {
        let count = |number: usize, noun: &str| match number {
            0 => None,
            1 => Some(format!("1 {noun}")),
            _ => Some(format!("{number} {noun}s")),
        };
        let counts: Vec<String> = [count(self.errors, "error"), count(self.warnings, "warning")]
            .into_iter()
            .flatten()
            .collect();
        let mut text = format!("{} in {}", counts.join(" and "), escaped(&self.file));
        let hidden = self.errors + self.warnings - self.list.len();
        if hidden > 0 {
            text.push_str(&format!("; the first {} are shown", self.list.len()));
        }
        text
    }

    /// The problems as one JSON object, version 1: `file`, the counts, and `diagnostics` with everything that
    /// [`Diagnostic`] holds, and the text of its place.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let diagnostics: Vec<Value> = self.list.iter().map(Diagnostic::to_json).collect();
        json!({
            "version": 1,
            "file": self.file,
            "errors": self.errors,
            "warnings": self.warnings,
            "omitted": self.errors + self.warnings - self.list.len(),
            "diagnostics": diagnostics,
        })
    }
}

impl Diagnostics {
    /// Says where the first problem stands in a file whose text is not the one that is shown.
    pub(super) fn at(mut self, span: Range<usize>) -> Self {
        if let Some(first) = self.list.first_mut() {
            first.span = span;
        }
        self
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Diagnostics {}

impl Diagnostic {
    fn group<'a>(&'a self, file: &str) -> Group<'a> {
        let level = match self.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let file = escaped(file);
        let mut elements: Vec<Element<'a>> = Vec::new();
        match &self.excerpt {
            None => elements.push(Origin::path(file).into()),
            Some(excerpt) => {
                let mark = AnnotationKind::Primary.span(excerpt.span.clone());
                let snippet = Snippet::source(harmless(&excerpt.text))
                    .line_start(self.line)
                    .annotation(mark);
                if excerpt.cut {
                    // The renderer would count columns from the cut.
                    elements.push(
                        Origin::path(file)
                            .line(self.line)
                            .char_column(self.column)
                            .into(),
                    );
                    elements.push(snippet.into());
                } else {
                    elements.push(snippet.path(file).into());
                }
            }
        }
        elements.extend(
            self.hint
                .as_ref()
                .map(|hint| Element::from(Level::HELP.message(hint.as_str()))),
        );
        level
            .primary_title(self.message.as_str())
            .id(self.code)
            .elements(elements)
    }

    fn to_json(&self) -> Value {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        json!({
            "severity": severity,
            "code": self.code,
            "message": self.message,
            "line": self.line,
            "column": self.column,
            "start": self.span.start,
            "end": self.span.end,
            "text": self.excerpt.as_ref().map(|excerpt| &excerpt.text[excerpt.span.clone()]),
            "hint": self.hint,
        })
    }
}

/// Problems as they are found, before their places are looked up.
#[derive(Debug, Default)]
pub(super) struct Problems {
    list: Vec<Problem>,
    errors: usize,
    warnings: usize,
}

#[derive(Debug)]
struct Problem {
    severity: Severity,
    code: &'static str,
    message: String,
    span: Range<usize>,
    hint: Option<String>,
}

impl Problems {
    /// Notes an error at `span`.
    pub(super) fn error(
        &mut self,
        code: &'static str,
        span: &Range<usize>,
        message: String,
        hint: impl Into<Hint>,
    ) {
        self.errors += 1;
        self.note(Severity::Error, code, span, (message, hint.into()));
    }

    /// Notes a warning at `span`.
    pub(super) fn warning(
        &mut self,
        code: &'static str,
        span: &Range<usize>,
        message: String,
        hint: impl Into<Hint>,
    ) {
        self.warnings += 1;
        self.note(Severity::Warning, code, span, (message, hint.into()));
    }

    fn note(
        &mut self,
        severity: Severity,
        code: &'static str,
        span: &Range<usize>,
        (message, hint): (String, Hint),
    ) {
        if self.list.len() < MAX_COLLECTED {
            self.list.push(Problem {
                severity,
                code,
                message,
                span: span.clone(),
                hint: hint.0,
            });
        }
    }

    /// Whether a name that was probably meant is still worth looking for: its problem will be shown.
    pub(super) fn wants_hints(&self) -> bool {
        self.list.len() < 2 * MAX_SHOWN
    }

    pub(super) fn errors(&self) -> usize {
        self.errors
    }

    /// Looks up the places of the first problems. Where there are errors, they come before the warnings that would
    /// otherwise take their place among those that are shown.
    pub(super) fn finish(mut self, source: &Source) -> Diagnostics {
        let mut kept = std::mem::take(&mut self.list);
        if kept.len() > MAX_SHOWN {
            kept.sort_by_key(|problem| {
                (
                    problem.severity == Severity::Warning,
                    problem.span.start,
                    problem.span.end,
                )
            });
            kept.truncate(MAX_SHOWN);
        }
        kept.sort_by_key(|problem| (problem.span.start, problem.span.end));
        let lines = Lines::of(if kept.is_empty() { "" } else { &source.text });
        let list = kept
            .into_iter()
            .map(|problem| problem.place(&lines, source.mark))
            .collect();
        Diagnostics {
            file: source.name.clone(),
            list,
            errors: self.errors,
            warnings: self.warnings,
        }
    }
}

impl Problem {
    fn place(self, lines: &Lines<'_>, mark: usize) -> Diagnostic {
        Diagnostic {
            severity: self.severity,
            code: self.code,
            message: self.message,
            line: lines.line(self.span.start),
            column: lines.column(self.span.start),
            excerpt: Some(lines.excerpt(&self.span)),
            span: self.span.start + mark..self.span.end + mark,
            hint: self.hint,
        }
    }
}

/// An optional hint; may be given as text.
pub(super) struct Hint(Option<String>);

impl From<Option<String>> for Hint {
    fn from(hint: Option<String>) -> Self {
        Self(hint)
    }
}

impl From<&str> for Hint {
    fn from(hint: &str) -> Self {
        Self(Some(hint.to_owned()))
    }
}

impl From<String> for Hint {
    fn from(hint: String) -> Self {
        Self(Some(hint))
    }
}

/// One error about a whole file that has no text to show.
pub(super) fn whole_file(
    file: &str,
    code: &'static str,
    message: String,
    hint: &str,
) -> Diagnostics {
    let diagnostic = Diagnostic {
        severity: Severity::Error,
        code,
        message,
        span: 0..0,
        line: 1,
        column: 1,
        hint: Some(hint.to_owned()),
        excerpt: None,
    };
    Diagnostics {
        file: file.to_owned(),
        list: vec![diagnostic],
        errors: 1,
        warnings: 0,
    }
}

/// A user's text in a message: in quotes, on one line, without control characters, and not too long.
pub(super) fn quoted(text: &str) -> String {
    let mut chars = text.chars();
    let start: String = chars.by_ref().take(MAX_QUOTED).collect();
    let more = if chars.next().is_some() { "…" } else { "" };
    format!("'{}{more}'", escaped(&start))
}

/// A line without the control characters that the renderer lets through. Each becomes a mark of the same length in
/// bytes, so that all places stay where they are.
fn harmless(line: &str) -> String {
    let c1 = |c: char| matches!(c, '\u{80}'..='\u{9f}');
    line.replace(c1, "\u{b7}")
}

/// Such marks can make a text read backwards.
fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Text without control characters: each is written as its escape.
pub(super) fn escaped(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || is_direction_mark(c) {
            clean.extend(c.escape_unicode());
        } else {
            clean.push(c);
        }
    }
    clean
}

/// `did you mean 'x'?`, where there is such a name.
pub(super) fn did_you_mean(name: Option<&str>) -> Option<String> {
    name.map(|name| format!("did you mean {}?", quoted(name)))
}
