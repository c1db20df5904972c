//! Text that fits a screen: made harmless, measured in columns, trimmed and padded; spans of time in few characters.
//!
//! Whatever comes from a plan, a file name or a command's output passes through [`clean`] before it reaches a terminal.
//! Knows nothing of what the text says.

use anstream::adapter::strip_str;
use swarm_mailbox::id::CommitId;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// `text` in one line: escape sequences are taken out, other control characters and invisible direction marks become
/// blanks, and blanks at the ends go.
#[must_use]
pub fn clean(text: &str) -> String {
    let plain = strip_str(text).to_string();
    let harmless: String = plain
        .chars()
        .map(|c| {
            if c.is_control() || is_direction_mark(c) {
                ' '
            } else {
                c
            }
        })
        .collect();
    harmless.trim().to_owned()
}

/// Such marks can make a name read backwards.
fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The columns that `text` takes in a terminal. It must hold no control characters.
#[must_use]
pub fn width(text: &str) -> usize {
    text.width()
}

/// `text` in at most `columns`; what is cut off is shown as `…`.
#[must_use]
pub fn fit(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut room = columns.saturating_sub(1);
    let mut cut = String::new();
    for c in text.chars() {
        let wide = c.width().unwrap_or(0);
        if wide > room {
            break;
        }
        room -= wide;
        cut.push(c);
    }
    if columns > 0 {
        cut.push('…');
    }
    cut
}

/// `text` in exactly `columns`: trimmed, or filled up with blanks on the right.
#[must_use]
pub fn pad(text: &str, columns: usize) -> String {
    let mut cell = fit(text, columns);
    cell.extend(std::iter::repeat_n(
        ' ',
        columns.saturating_sub(width(&cell)),
    ));
    cell
}

/// A span of time as a person says it: `340ms`, `4.2s`, `3m05s`, `2h07m`, `1d04h`.
#[must_use]
pub fn span(millis: u64) -> String {
    let seconds = millis / 1000;
    match seconds {
        0 => format!("{millis}ms"),
        1..60 => format!("{seconds}.{}s", millis % 1000 / 100),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3600..86400 => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86400, seconds / 3600 % 24),
    }
}

/// The first eight digits name a commit well enough for a person.
#[must_use]
pub fn short(commit: &CommitId) -> &str {
    commit.as_str().get(..8).unwrap_or(commit.as_str())
}

/// `1 task`, `2 tasks`.
#[must_use]
pub fn count(number: u64, noun: &str) -> String {
    let s = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{s}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_moves_the_cursor_gets_through() {
        assert_eq!(
            clean("\u{1b}[2J\u{1b}]0;title\u{7}red\u{1b}[31m!\r\n"),
            "red!"
        );
        assert_eq!(clean("a\tb\u{8}c\u{202e}d\u{85}e"), "a bc d e");
        assert_eq!(clean("  plain ünïcode 漢  "), "plain ünïcode 漢");
    }

    #[test]
    fn columns_are_counted_not_characters() {
        assert_eq!(fit("漢字漢字", 8), "漢字漢字");
        assert_eq!(fit("漢字漢字", 6), "漢字…");
        assert_eq!(fit("漢字漢字", 5), "漢字…");
        assert_eq!(width(&pad("漢字漢字", 6)), 6);
        assert_eq!(pad("ab", 4), "ab  ");
        assert_eq!(fit("abc", 0), "");
        assert_eq!(fit("abc", 1), "…");
    }

    #[test]
    fn spans_are_short_and_never_lie() {
        let said = [
            0, 999, 1000, 59_999, 60_000, 3_599_999, 3_600_000, 86_399_000, 97_200_000,
        ]
        .map(span)
        .join(" ");
        assert_eq!(said, "0ms 999ms 1.0s 59.9s 1m00s 59m59s 1h00m 23h59m 1d03h");
    }

    #[test]
    fn one_is_singular() {
        assert_eq!(
            [0, 1, 2].map(|n| count(n, "task")).join(", "),
            "0 tasks, 1 task, 2 tasks"
        );
    }
}
