//! The text of a plan file, and where a byte of it stands for a person: line and column.
//!
//! Knows nothing of what the text means.

use std::ops::Range;

/// Longest piece of a line that is kept for showing it; a longer line is cut around the place in question.
const MAX_SHOWN_BYTES: usize = 2000;
/// How much of a cut line is kept before the place in question.
const LEAD_BYTES: usize = 60;

/// A file's text and name.
#[derive(Debug, Clone, Default)]
pub(super) struct Source {
    /// The name to show: a path, or `-`.
    pub(super) name: String,
    /// The text, without a byte order mark.
    pub(super) text: String,
    /// Bytes of the byte order mark that was cut off.
    pub(super) mark: usize,
}

/// One line, or the piece of a long one around a place in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Excerpt {
    pub(super) text: String,
    /// The place in question, in bytes of `text`.
    pub(super) span: Range<usize>,
    /// Whether `text` is only a piece of its line.
    pub(super) cut: bool,
}

/// Where each line of a text starts.
pub(super) struct Lines<'s> {
    text: &'s str,
    starts: Vec<usize>,
}

impl<'s> Lines<'s> {
    pub(super) fn of(text: &'s str) -> Self {
        let starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        Self { text, starts }
    }

    /// The line of a byte, from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|&start| start <= at)
    }

    /// The column of a byte in characters, from 1.
    pub(super) fn column(&self, at: usize) -> usize {
        self.text[self.starts[self.line(at) - 1]..at]
            .chars()
            .count()
            + 1
    }

    /// The line on which `span` starts, cut to what can be shown. What `span` holds of further lines is left out.
    pub(super) fn excerpt(&self, span: &Range<usize>) -> Excerpt {
        let line = self.line(span.start);
        let start = self.starts[line - 1];
        let end = self
            .starts
            .get(line)
            .map_or(self.text.len(), |next| next - 1);
        let end = start + self.text[start..end].trim_end_matches('\r').len();
        let span = span.start.min(end)..span.end.min(end).max(span.start.min(end));
        let (mut from, mut to) = (start, end);
        let cut = end - start > MAX_SHOWN_BYTES;
        if cut {
            from = start.max(span.start.saturating_sub(LEAD_BYTES));
            to = end.min(from + MAX_SHOWN_BYTES / 10);
            from = self.text.floor_char_boundary(from);
            to = self.text.floor_char_boundary(to);
        }
        let text = self.text[from..to].to_owned();
        Excerpt {
            span: span.start - from..span.end.min(to) - from,
            text,
            cut,
        }
    }
}
