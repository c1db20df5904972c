//! The kinds of values that settings have: how each is read from text or TOML, checked, and printed.
//!
//! Knows no key by name and no file.

use std::fmt;
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::duration;
use crate::settings::size;

/// What a key takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A whole number from `min` to `max`.
    Count {
        /// The smallest.
        min: u32,
        /// The largest.
        max: u32,
    },
    /// A span of time such as `1h30m`.
    Duration,
    /// A span of time, or `none`.
    TimeLimit,
    /// A number of bytes such as `10MiB`.
    Size,
    /// `true` or `false`.
    Flag,
    /// A list of texts.
    List(Item),
    /// A path, or `none`: absolute, below `~/`, or relative to the repository's top.
    Path,
    /// One of these words.
    Choice(&'static [&'static str]),
}

/// What the texts of a list are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// A forbidden word, with or without `*` at its ends.
    Word,
    /// The name of an environment variable, or its start and a `*`.
    Variable,
    /// A commit trailer, `Key: value`.
    Trailer,
}

/// What a key has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// No limit, or no path.
    None,
    /// Of [`Kind::Count`].
    Count(u32),
    /// Of [`Kind::Duration`] and [`Kind::TimeLimit`].
    Duration(Duration),
    /// Of [`Kind::Size`].
    Size(u64),
    /// Of [`Kind::Flag`].
    Flag(bool),
    /// Of [`Kind::List`].
    List(Vec<String>),
    /// Of [`Kind::Path`] and [`Kind::Choice`].
    Text(String),
}

/// What was written, before anybody knows whether it fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Raw {
    /// One value.
    Scalar(String),
    /// A list of values.
    List(Vec<String>),
}

impl Kind {
    /// Reads what was written in a file.
    ///
    /// # Errors
    /// A lower-case fragment that says what does not fit.
    pub fn read(self, raw: &Raw) -> Result<Value, String> {
        match (self, raw) {
            (Self::List(item), Raw::List(items)) => {
                items.iter().try_for_each(|text| item.check(text))?;
                Ok(Value::List(items.clone()))
            }
            (Self::List(_), Raw::Scalar(text)) => {
                Err(format!("it must be a list, as in [{:?}]", shown(text)))
            }
            (_, Raw::List(_)) => Err(format!("it must be {}, not a list", self.describe())),
            (_, Raw::Scalar(text)) => self.read_scalar(text.trim()),
        }
    }

    /// Reads what was written in a variable, a flag or a command line: as in a file, and a list is either written as in
    /// TOML (`["a", "b"]`) or separated by commas.
    ///
    /// # Errors
    /// A lower-case fragment that says what does not fit.
    pub fn read_text(self, text: &str) -> Result<Value, String> {
        let text = text.trim();
        if !matches!(self, Self::List(_)) {
            return self.read(&Raw::Scalar(text.to_owned()));
        }
        if text.starts_with('[') {
            let parsed = toml::de::DeValue::parse(text)
                .map_err(|error| format!("it is no list: {}", error.message()))?;
            return self.read(&Raw::of_toml(parsed.get_ref())?);
        }
        let items = text
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(str::to_owned);
        self.read(&Raw::List(items.collect()))
    }

    fn read_scalar(self, text: &str) -> Result<Value, String> {
        match self {
            Self::Count { min, max } => text
                .parse::<u32>()
                .ok()
                .filter(|count| (min..=max).contains(count))
                .map(Value::Count)
                .ok_or_else(|| format!("'{}' is not {}", shown(text), self.describe())),
            Self::TimeLimit if text == "none" => Ok(Value::None),
            Self::Duration | Self::TimeLimit => duration::parse(text)
                .map(Value::Duration)
                .map_err(|error| error.to_string()),
            Self::Size => size::parse(text)
                .map(Value::Size)
                .map_err(|error| error.to_string()),
            Self::Flag => text
                .parse()
                .map(Value::Flag)
                .map_err(|_| format!("'{}' is neither true nor false", shown(text))),
            Self::Path if matches!(text, "" | "none") => Ok(Value::None),
            Self::Path => check_plain(text).map(|()| Value::Text(text.to_owned())),
            Self::Choice(words) if words.contains(&text) => Ok(Value::Text(text.to_owned())),
            Self::Choice(_) => Err(format!("'{}' is not {}", shown(text), self.describe())),
            Self::List(_) => Err("it must be a list".to_owned()),
        }
    }

    /// What the kind takes, as an object of "it must be".
    #[must_use]
    pub fn describe(self) -> String {
        match self {
            Self::Count { min, max } => format!("a whole number from {min} to {max}"),
            Self::Duration => "a duration such as 90s or 1h30m".to_owned(),
            Self::TimeLimit => "a duration such as 90s or 1h30m, or none".to_owned(),
            Self::Size => "a size such as 10MiB".to_owned(),
            Self::Flag => "true or false".to_owned(),
            Self::List(Item::Word) => "a list of words".to_owned(),
            Self::List(Item::Variable) => "a list of variable names".to_owned(),
            Self::List(Item::Trailer) => "a list of trailer lines".to_owned(),
            Self::Path => "a path, or none".to_owned(),
            Self::Choice(words) => format!("one of {}", words.join(", ")),
        }
    }
}

impl Item {
    fn check(self, text: &str) -> Result<(), String> {
        check_plain(text)?;
        match self {
            Self::Word => swarm_policy::leak::Guard::new(&[text])
                .map(drop)
                .map_err(|error| error.to_string()),
            Self::Variable => {
                let name = text.strip_suffix('*').unwrap_or(text);
                let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
                if text.is_empty() || !name.chars().all(fits) {
                    return Err(format!(
                        "'{}' is no name of a variable, nor the start of one with a '*'",
                        shown(text)
                    ));
                }
                Ok(())
            }
            Self::Trailer => {
                let fits = |c: char| c.is_ascii_alphanumeric() || c == '-';
                match text.split_once(": ") {
                    Some((key, value))
                        if !key.is_empty() && key.chars().all(fits) && !value.trim().is_empty() =>
                    {
                        Ok(())
                    }
                    _ => Err(format!(
                        "'{}' is no trailer; write it as Key: value",
                        shown(text)
                    )),
                }
            }
        }
    }
}

impl Raw {
    /// What a TOML value says, with scalars as text.
    ///
    /// # Errors
    /// A lower-case fragment for tables and for lists within lists.
    pub fn of_toml(value: &toml::de::DeValue<'_>) -> Result<Self, String> {
        if let Some(items) = value.as_array() {
            let items = items.iter().map(|item| {
                scalar(item.get_ref()).ok_or_else(|| "its items must be plain values".to_owned())
            });
            return items.collect::<Result<_, _>>().map(Self::List);
        }
        scalar(value).map(Self::Scalar).ok_or_else(|| {
            format!(
                "it must be a plain value or a list, not a {}",
                value.type_str()
            )
        })
    }
}

fn scalar(value: &toml::de::DeValue<'_>) -> Option<String> {
    use toml::de::DeValue;
    match value {
        DeValue::String(text) => Some(text.to_string()),
        // Underscores are legal in TOML's numbers, and `Display` keeps the radix.
        DeValue::Integer(number) => Some(number.to_string().replace('_', "")),
        DeValue::Float(number) => Some(number.to_string()),
        DeValue::Boolean(flag) => Some(flag.to_string()),
        DeValue::Datetime(time) => Some(time.to_string()),
        DeValue::Array(_) | DeValue::Table(_) => None,
    }
}

/// Refuses control characters, which have no business in any setting and would garble what is printed of it.
fn check_plain(text: &str) -> Result<(), String> {
    if text.chars().any(char::is_control) {
        return Err(format!("'{}' holds a control character", shown(text)));
    }
    Ok(())
}

/// At most sixty characters of what somebody wrote, on one line.
fn shown(text: &str) -> String {
    let short: String = text.chars().take(60).collect();
    short.escape_debug().to_string()
}

impl Value {
    /// The number of a [`Kind::Count`]; 0 for any other kind.
    pub(super) fn count(&self) -> u32 {
        match self {
            Self::Count(count) => *count,
            _ => 0,
        }
    }

    /// The span of a [`Kind::Duration`]; `None` for `none` and for any other kind.
    pub(super) fn time(&self) -> Option<Duration> {
        match self {
            Self::Duration(span) => Some(*span),
            _ => None,
        }
    }

    /// The bytes of a [`Kind::Size`]; 0 for any other kind.
    pub(super) fn bytes(&self) -> u64 {
        match self {
            Self::Size(bytes) => *bytes,
            _ => 0,
        }
    }

    /// Whether it is `true`.
    pub(super) fn is_true(&self) -> bool {
        *self == Self::Flag(true)
    }

    /// The texts of a [`Kind::List`]; none for any other kind.
    pub(super) fn list(&self) -> &[String] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    /// The text of a [`Kind::Path`] or [`Kind::Choice`]; `None` for any other kind.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// As `Kind::read_text` reads it.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.pad("none"),
            Self::Count(count) => count.fmt(f),
            Self::Duration(span) => f.pad(&duration::print(*span)),
            Self::Size(bytes) => f.pad(&size::print(*bytes)),
            Self::Flag(flag) => flag.fmt(f),
            Self::List(items) => {
                let items: toml_edit::Array = items.iter().collect();
                f.pad(&items.to_string())
            }
            Self::Text(text) => f.pad(text),
        }
    }
}

/// Numbers, flags and lists as such, sizes as bytes, all else as text.
impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_none(),
            Self::Count(count) => count.serialize(serializer),
            Self::Size(bytes) => bytes.serialize(serializer),
            Self::Flag(flag) => flag.serialize(serializer),
            Self::List(items) => items.serialize(serializer),
            Self::Duration(_) | Self::Text(_) => serializer.collect_str(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Kind = Kind::Count { min: 1, max: 9 };

    #[test]
    fn each_kind_reads_what_it_prints() {
        for (kind, text) in [
            (SMALL, "4"),
            (Kind::Duration, "1h30m"),
            (Kind::TimeLimit, "none"),
            (Kind::TimeLimit, "5m"),
            (Kind::Size, "10MiB"),
            (Kind::Flag, "true"),
            (Kind::List(Item::Word), "[\"a, b\", \"say \\\"x\\\"\"]"),
            (Kind::List(Item::Word), "[]"),
            (Kind::Path, "~/trees"),
            (Kind::Choice(&["auto", "never"]), "never"),
        ] {
            let value = kind.read_text(text).unwrap();
            assert_eq!(kind.read_text(&value.to_string()), Ok(value), "{text}");
        }
    }

    #[test]
    fn what_does_not_fit_is_said_with_what_would() {
        for (kind, text, message) in [
            (SMALL, "10", "'10' is not a whole number from 1 to 9"),
            (SMALL, "1.5", "'1.5' is not a whole number"),
            (SMALL, "-1", "'-1' is not"),
            (Kind::Duration, "none", "'none' does not start"),
            (Kind::Duration, "5", "'5' has no unit"),
            (Kind::Size, "big", "whole number"),
            (Kind::Flag, "yes", "'yes' is neither true nor false"),
            (Kind::Choice(&["a", "b"]), "c", "'c' is not one of a, b"),
            (Kind::Path, "a\nb", "'a\\nb' holds a control character"),
            (Kind::List(Item::Word), "[\"**\"]", "is empty"),
            (
                Kind::List(Item::Variable),
                "A B",
                "'A B' is no name of a variable",
            ),
            (
                Kind::List(Item::Trailer),
                "Reviewed",
                "'Reviewed' is no trailer",
            ),
            (
                Kind::List(Item::Trailer),
                "[\"A: b\\nC: d\"]",
                "control character",
            ),
            (Kind::List(Item::Word), "[1", "it is no list"),
            (Kind::List(Item::Word), "[[1]]", "plain values"),
        ] {
            let error = kind.read_text(text).unwrap_err();
            assert!(error.contains(message), "{text:?}: {error}");
        }
    }

    #[test]
    fn lists_in_variables_are_separated_by_commas() {
        let value = Kind::List(Item::Variable)
            .read_text(" AWS_* , EDITOR,, ")
            .unwrap();
        assert_eq!(value.list(), ["AWS_*", "EDITOR"]);
    }

    #[test]
    fn a_file_must_write_lists_as_lists_and_values_as_values() {
        let scalar = Raw::Scalar("x".to_owned());
        let list = Raw::List(vec!["x".to_owned()]);
        assert!(
            Kind::List(Item::Word)
                .read(&scalar)
                .unwrap_err()
                .contains("[\"x\"]")
        );
        assert!(SMALL.read(&list).unwrap_err().contains("not a list"));
    }
}
