//! The values of fields: numbers, words, budgets, durations, code spans and lists, from text to value.
//!
//! Knows nothing of fields or files: an error is a pair of what is wrong and what to do.

use std::ops::Range;
use std::str::FromStr;
use std::time::Duration;

use swarm_run::event::Spent;

use super::diagnostic::{did_you_mean, quoted};
use crate::duration;
use crate::nearest::nearest;

/// What is wrong with a value, and what to do.
pub(super) type ValueError = (String, Option<String>);

/// What a run may cost. At least one limit is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Money, in millionths of a US dollar.
    pub microdollars: Option<u64>,
    /// Tokens of all kinds.
    pub tokens: Option<u64>,
}

impl Budget {
    /// The limit in the run machine's words; what has no limit may be spent without end.
    #[must_use]
    pub fn limit(self) -> Spent {
        Spent {
            microdollars: self.microdollars.unwrap_or(u64::MAX),
            tokens: self.tokens.unwrap_or(u64::MAX),
        }
    }
}

impl FromStr for Budget {
    type Err = String;

    /// Reads a budget as plans write it; the error says what is wrong and what to write.
    fn from_str(text: &str) -> Result<Self, String> {
        budget(text).map_err(|(what, hint)| match hint {
            Some(hint) => format!("{what}; {hint}"),
            None => what,
        })
    }
}

/// A whole number within `range`.
pub(super) fn number(text: &str, range: Range<i64>) -> Result<i64, ValueError> {
    text.parse::<i64>()
        .ok()
        .filter(|number| range.contains(number))
        .ok_or_else(|| {
            let hint = format!(
                "write a whole number from {} to {}",
                range.start,
                range.end - 1
            );
            (format!("{} is no such number", quoted(text)), Some(hint))
        })
}

/// `yes` or `no`, `true` or `false`.
pub(super) fn flag(text: &str) -> Result<bool, ValueError> {
    word(
        text,
        &[
            ("yes", true),
            ("no", false),
            ("true", true),
            ("false", false),
        ],
    )
}

/// One of a few words.
pub(super) fn word<T: Copy>(text: &str, words: &[(&'static str, T)]) -> Result<T, ValueError> {
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
        return Ok(*value);
    }
    let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let hint = did_you_mean(nearest(text, names.iter().copied()))
        .unwrap_or_else(|| format!("write one of: {}", names.join(", ")));
    Err((
        format!("{} is none of {}", quoted(text), names.join(", ")),
        Some(hint),
    ))
}

/// A time limit: a span of time that is not zero.
pub(super) fn time_limit(text: &str) -> Result<Duration, ValueError> {
    match duration::parse(text) {
        Ok(span) if span.is_zero() => Err((
            "a time limit of zero would stop everything at once".to_owned(),
            Some("leave the field out".into()),
        )),
        Ok(span) => Ok(span),
        Err(error) => Err((super::diagnostic::escaped(&error.to_string()), None)),
    }
}

/// Money, tokens, or both with a comma between: `$5`, `5.50 USD`, `2M tokens`, `$5, 500k tokens`.
pub(super) fn budget(text: &str) -> Result<Budget, ValueError> {
    let hint =
        || Some("write for example `$5`, `5.50 USD`, `2M tokens` or `$5, 500k tokens`".to_owned());
    let mut budget = Budget {
        microdollars: None,
        tokens: None,
    };
    for part in text.split(',').map(str::trim) {
        let wrong = || {
            (
                format!("{} is no amount of money or tokens", quoted(part)),
                hint(),
            )
        };
        let money = part.strip_prefix('$').or_else(|| part.strip_suffix("USD"));
        let (slot, amount) = match (money, part.strip_suffix("tokens")) {
            (Some(amount), _) => (&mut budget.microdollars, decimal(amount.trim(), 6)),
            (None, Some(amount)) => (&mut budget.tokens, tokens(amount.trim())),
            (None, None) => return Err(wrong()),
        };
        let amount = amount.ok_or_else(wrong)?;
        if amount == 0 {
            return Err((
                format!("a budget of {} would allow nothing", quoted(part)),
                Some("leave it out".into()),
            ));
        }
        if slot.replace(amount).is_some() {
            return Err((
                format!("{} is a second limit of the same kind", quoted(part)),
                hint(),
            ));
        }
    }
    Ok(budget)
}

/// The budget as [`budget`] reads it.
pub(super) fn print_budget(budget: Budget) -> String {
    let money = budget.microdollars.map(|micros| {
        let fraction = format!("{:06}", micros % 1_000_000);
        let fraction = fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        format!("${}{point}{fraction}", micros / 1_000_000)
    });
    let tokens = budget.tokens.map(|tokens| format!("{tokens} tokens"));
    money
        .into_iter()
        .chain(tokens)
        .collect::<Vec<_>>()
        .join(", ")
}

fn tokens(text: &str) -> Option<u64> {
    match text.as_bytes().last()? {
        b'k' | b'K' => decimal(&text[..text.len() - 1], 3),
        b'M' => decimal(&text[..text.len() - 1], 6),
        b'G' => decimal(&text[..text.len() - 1], 9),
        _ => decimal(text, 0),
    }
}

/// A decimal number times ten to the power of `places`; `None` where it is none, too large, or has more places.
fn decimal(text: &str, places: usize) -> Option<u64> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = match text.split_once('.') {
        Some((whole, fraction)) if digits(fraction) && fraction.len() <= places => {
            (whole, fraction)
        }
        Some(_) => return None,
        None => (text, ""),
    };
    digits(whole).then(|| format!("{whole}{fraction:0<places$}").parse().ok())?
}

/// Cuts off blanks and line ends, and nothing else.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(BLANK)
}

/// What stands between words in a field.
pub(super) const BLANK: [char; 4] = [' ', '\t', '\n', '\r'];

/// The place of `text[range]` without the blanks at its ends.
pub(super) fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let inner = &text[range.clone()];
    let start = range.start + inner.len() - inner.trim_start_matches(BLANK).len();
    start..start + trim(inner).len()
}

/// The inside of `text` where all of it is one code span: as many backticks at its end as at its start, and fewer or
/// more between them. One blank at both ends is cut off, as Markdown does it.
pub(super) fn code_span(text: &str) -> Option<&str> {
    let (inside, rest) = leading_code_span(text)?;
    rest.is_empty().then_some(inside)
}

/// The inside of the code span that `text` starts with, and what follows it.
pub(super) fn leading_code_span(text: &str) -> Option<(&str, &str)> {
    let ticks = text.len() - text.trim_start_matches('`').len();
    if ticks == 0 {
        return None;
    }
    let mut at = ticks;
    loop {
        at += text[at..].find('`')?;
        let run = text.len() - at - text[at..].trim_start_matches('`').len();
        if run == ticks {
            break;
        }
        at += run;
    }
    let inside = &text[ticks..at];
    let padded = inside.len() > 1
        && inside.starts_with(' ')
        && inside.ends_with(' ')
        && !trim(inside).is_empty();
    Some((
        if padded {
            &inside[1..inside.len() - 1]
        } else {
            inside
        },
        &text[at + ticks..],
    ))
}

/// The places of the parts of `text[range]` between commas that stand in no brackets, braces or backticks, without the
/// blanks and the backticks around them.
pub(super) fn list(text: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    let mut from = range.start;
    let (mut depth, mut code, mut escape) = (0_usize, false, false);
    for (at, c) in text[range.clone()].char_indices() {
        match c {
            _ if std::mem::take(&mut escape) => {}
            '\\' => escape = true,
            '`' => code = !code,
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 && !code => {
                parts.push(from..range.start + at);
                from = range.start + at + 1;
            }
            _ => {}
        }
    }
    parts.push(from..range.end);
    parts.into_iter().map(|part| bare(text, part)).collect()
}

/// The place of a value without the blanks and the one pair of backticks around it.
pub(super) fn bare(text: &str, range: Range<usize>) -> Range<usize> {
    let range = trimmed(text, range);
    match text[range.clone()]
        .strip_prefix('`')
        .and_then(|rest| rest.strip_suffix('`'))
    {
        Some(inside) if !inside.contains('`') => trimmed(text, range.start + 1..range.end - 1),
        _ => range,
    }
}

/// Text of several lines as one: line ends and the blanks around them become one blank.
pub(super) fn one_line(text: &str) -> String {
    if !text.contains(['\n', '\r']) {
        return trim(text).to_owned();
    }
    text.split(['\n', '\r'])
        .map(trim)
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Text with `\n` at the end of each line.
pub(super) fn plain_ends(text: &str) -> String {
    text.replace("\r\n", "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_are_money_tokens_or_both() {
        for (text, microdollars, tokens) in [
            ("$5", Some(5_000_000), None),
            ("$5.50", Some(5_500_000), None),
            ("5 USD", Some(5_000_000), None),
            ("0.000001 USD", Some(1), None),
            ("2M tokens", None, Some(2_000_000)),
            ("1.5M tokens", None, Some(1_500_000)),
            ("500k tokens", None, Some(500_000)),
            ("12 tokens", None, Some(12)),
            ("$5, 10k tokens", Some(5_000_000), Some(10_000)),
        ] {
            let wanted = Budget {
                microdollars,
                tokens,
            };
            assert_eq!(budget(text), Ok(wanted), "{text}");
            assert_eq!(budget(&print_budget(wanted)), Ok(wanted), "{text}");
        }
        let limit = Budget {
            microdollars: None,
            tokens: Some(5),
        }
        .limit();
        assert_eq!((limit.microdollars, limit.tokens), (u64::MAX, 5));
    }

    #[test]
    fn what_is_no_budget_is_refused() {
        for text in [
            "",
            "5",
            "$",
            "$-5",
            "$0",
            "0 tokens",
            "$5.0000001",
            "5 EUR",
            "tokens",
            "1.5 tokens",
            "M tokens",
            "$1e9",
            "$5, $6",
            "$99999999999999999999",
            "$5,",
            "$.5",
            "$5.",
        ] {
            assert!(budget(text).is_err(), "{text:?} was taken");
        }
    }

    #[test]
    fn code_spans_are_read_as_in_markdown() {
        for (text, inside) in [
            ("`a b`", Some("a b")),
            ("`` a`b ``", Some("a`b")),
            ("`` `a` ``", Some("`a`")),
            ("`a` `b`", None),
            ("`a", None),
            ("``a`", None),
            ("a`b`", None),
            ("` `", Some(" ")),
            ("``", None),
        ] {
            assert_eq!(code_span(text), inside, "{text}");
        }
    }

    #[test]
    fn lists_are_cut_at_free_commas_only() {
        let parts = |text: &'static str| -> Vec<&str> {
            list(text, 0..text.len())
                .into_iter()
                .map(|range| &text[range])
                .collect()
        };
        assert_eq!(parts("a, b"), ["a", "b"]);
        assert_eq!(
            parts("x/{a,b}/*, [,], `c,d` ,e\\,f"),
            ["x/{a,b}/*", "[,]", "c,d", "e\\,f"]
        );
        assert_eq!(
            parts("Bash(git a, git b), Read"),
            ["Bash(git a, git b)", "Read"]
        );
        assert_eq!(parts("a,,b,"), ["a", "", "b", ""]);
        assert_eq!(parts(""), [""]);
    }

    #[test]
    fn words_numbers_and_limits_say_what_they_take() {
        assert_eq!(flag("yes"), Ok(true));
        assert!(flag("ye").unwrap_err().1.unwrap().contains("'yes'"));
        assert_eq!(number("3", 0..101), Ok(3));
        assert!(
            number("101", 0..101)
                .unwrap_err()
                .1
                .unwrap()
                .contains("from 0 to 100")
        );
        assert!(time_limit("0s").is_err());
        assert!(time_limit("\u{1b}[31m").unwrap_err().0.contains("\\u{1b}"));
    }
}
