//! Spans of time as people write them: `90s`, `1h30m`, `250ms`. Parses and prints, and both agree.
//!
//! Knows nothing of where a span is written (plan, settings, flag): whoever reads it adds file and line.

use std::time::Duration;

/// The units, longest first, with their length in milliseconds.
const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// The longest span that is taken: ten years. Longer ones are typing errors, and sums of times stay far from overflow.
const MAX_MILLIS: u64 = 3650 * 86_400_000;

/// Reads a span: whole numbers, each with a unit (`ms`, `s`, `m`, `h`, `d`), longest unit first, as in `1h30m`.
///
/// Spaces around and between the parts are allowed; a plain `0` needs no unit.
///
/// # Errors
/// [`DurationError`] names the part that is wrong.
pub fn parse(text: &str) -> Result<Duration, DurationError> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(DurationError::Empty);
    }
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    let mut total: u64 = 0;
    let mut previous: Option<usize> = None;
    while !rest.is_empty() {
        let (digits, after) = split_while(rest, |c| c.is_ascii_digit());
        let (unit, after) = split_while(after.trim_start(), |c| {
            !c.is_ascii_digit() && !c.is_whitespace()
        });
        let part = || shown(rest.strip_suffix(after).unwrap_or(rest));
        if digits.is_empty() {
            return Err(DurationError::NoNumber { part: shown(rest) });
        }
        if unit.is_empty() {
            return Err(DurationError::NoUnit {
                part: shown(digits),
            });
        }
        let Some(place) = UNITS.iter().position(|(name, _)| *name == unit) else {
            return Err(DurationError::UnknownUnit { unit: shown(unit) });
        };
        if previous.is_some_and(|before| before >= place) {
            return Err(DurationError::Order { part: part() });
        }
        previous = Some(place);
        total = digits
            .parse::<u64>()
            .ok()
            .and_then(|count| count.checked_mul(UNITS[place].1))
            .and_then(|millis| total.checked_add(millis))
            .filter(|sum| *sum <= MAX_MILLIS)
            .ok_or_else(|| DurationError::TooLong {
                text: shown(text.trim()),
            })?;
        rest = after.trim_start();
    }
    Ok(Duration::from_millis(total))
}

/// Prints a span so that [`parse`] reads the same one again; what is below a millisecond is dropped.
#[must_use]
pub fn print(span: Duration) -> String {
    let mut left = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
    let mut text = String::new();
    for (unit, millis) in UNITS {
        if left >= millis {
            text.push_str(&format!("{}{unit}", left / millis));
            left %= millis;
        }
    }
    if text.is_empty() {
        text.push_str("0s");
    }
    text
}

fn split_while(text: &str, keep: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|c| !keep(c)).unwrap_or(text.len());
    text.split_at(end)
}

/// At most forty characters of what somebody wrote, so that a message stays one line.
fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}

/// Text that is no span of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// Nothing was written.
    #[error("the duration is empty; write for example 90s or 1h30m")]
    Empty,
    /// A part does not start with a whole number.
    #[error("'{part}' does not start with a whole number; write for example 90s or 1h30m")]
    NoNumber {
        /// The part.
        part: String,
    },
    /// A number stands without its unit.
    #[error("'{part}' has no unit; write {part}s, {part}m or {part}h")]
    NoUnit {
        /// The number.
        part: String,
    },
    /// A unit that there is none of.
    #[error("'{unit}' is no unit of time; the units are ms, s, m, h and d")]
    UnknownUnit {
        /// What stands in the unit's place.
        unit: String,
    },
    /// A unit comes twice, or after a shorter one.
    #[error(
        "'{part}' stands after a part that is not longer; write the longest unit first and each once, as in 1h30m"
    )]
    Order {
        /// The part.
        part: String,
    },
    /// More than ten years.
    #[error("'{text}' is longer than ten years")]
    TooLong {
        /// The whole text.
        text: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_unit_counts_and_parts_add_up() {
        for (text, millis) in [
            ("250ms", 250),
            ("90s", 90_000),
            ("1h30m", 5_400_000),
            (" 1d 2h 3m 4s 5ms ", 93_784_005),
            ("0", 0),
            ("0s", 0),
            ("10 m", 600_000),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text:?}");
        }
    }

    #[test]
    fn the_bad_part_is_named() {
        for (text, message) in [
            ("", "the duration is empty"),
            ("  ", "the duration is empty"),
            ("soon", "'soon' does not start with a whole number"),
            ("-5s", "'-5s' does not start"),
            ("30", "'30' has no unit; write 30s"),
            ("1h30", "'30' has no unit"),
            ("5w", "'w' is no unit of time"),
            ("1.5h", "'.' is no unit of time"),
            ("5M", "'M' is no unit"),
            ("30m1h", "'1h' stands after"),
            ("1s1s", "'1s' stands after"),
            ("3651d", "longer than ten years"),
            ("99999999999999999999s", "longer than ten years"),
            ("é", "'é' does not start"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(message), "{text:?}: {error}");
        }
    }

    #[test]
    fn a_message_about_a_long_text_stays_short() {
        let error = parse(&"x".repeat(100_000)).unwrap_err().to_string();
        assert!(error.len() < 200, "{} bytes", error.len());
    }

    #[test]
    fn what_is_printed_is_read_again() {
        for millis in [0, 1, 999, 1_000, 61_000, 5_400_000, 93_784_005, MAX_MILLIS] {
            let span = Duration::from_millis(millis);
            assert_eq!(parse(&print(span)), Ok(span), "{}", print(span));
        }
        assert_eq!(print(Duration::from_millis(5_400_000)), "1h30m");
        assert_eq!(print(Duration::ZERO), "0s");
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,40}") {
            if let Ok(span) = parse(&text) {
                proptest::prop_assert_eq!(parse(&print(span)), Ok(span));
            }
        }

        #[test]
        fn any_span_survives_print_and_parse(millis in 0..=MAX_MILLIS) {
            let span = Duration::from_millis(millis);
            proptest::prop_assert_eq!(parse(&print(span)), Ok(span));
        }
    }
}
