//! The names of things that outlive a process: runs, tasks, attempts, agents, commits and messages.
//!
//! Every id is a checked type, so that a string that reached one is safe in a path, a branch name and a log line.
//! Knows nothing of what the things are.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Longest task id or agent name, in bytes: a branch name made of a run id and a task id stays far below the 255 bytes
/// that file systems allow for one name.
pub const MAX_NAME_BYTES: usize = 64;

/// Declares a checked string id with the usual conversions.
macro_rules! string_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $check:path) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Box<str>);

        impl $name {
            /// Checks `text` and makes an id of it.
            ///
            /// # Errors
            /// [`IdError`] says which rule `text` breaks.
            pub fn new(text: &str) -> Result<Self, IdError> {
                $check(text).map_err(|why| IdError { kind: $kind, text: text.to_owned(), why })?;
                Ok(Self(text.into()))
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.into()
            }
        }
    };
}

string_id!(
    /// One execution of a plan: nine characters of `0-9a-z`, sorted by the time of its start.
    RunId,
    "run id",
    check_run
);
string_id!(
    /// A task of a plan, as its author named it: ASCII letters, digits, `-` and `_`, starting with a letter or digit.
    TaskId,
    "task id",
    check_name
);
string_id!(
    /// Who owns a mailbox. Same alphabet as a task id, and `.` between its parts.
    AgentName,
    "agent name",
    check_agent
);
string_id!(
    /// A git commit: 40 (SHA-1) or 64 (SHA-256) lower-case hexadecimal digits.
    CommitId,
    "commit id",
    check_commit
);

impl RunId {
    /// Characters of a run id, in their sorting order.
    const ALPHABET: &'static [u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    /// 2026-01-01T00:00:00Z in seconds since the Unix epoch; run ids count from here.
    const EPOCH: u64 = 1_767_225_600;

    /// Makes the id of a run that starts at `unix_seconds`; `salt` keeps apart runs of the same second (15 bits used).
    ///
    /// Six characters hold 34 years of seconds, three hold the salt.
    #[must_use]
    pub fn at(unix_seconds: u64, salt: u16) -> Self {
        let bits = (unix_seconds.saturating_sub(Self::EPOCH) & 0x3fff_ffff) << 15
            | u64::from(salt & 0x7fff);
        let text: String = (0..9)
            .rev()
            .map(|place| char::from(Self::ALPHABET[(bits >> (place * 5) & 31) as usize]))
            .collect();
        Self(text.into())
    }
}

/// The how-many-th try at a task, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AttemptNo(pub u32);

impl AttemptNo {
    /// The first try.
    pub const FIRST: Self = Self(1);

    /// The try after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for AttemptNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One message, for ever: a UUIDv7, so that ids of one sender sort by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MessageId(uuid::Uuid);

impl MessageId {
    /// A new id, unique over all processes and sorted after every earlier one of this process.
    #[must_use]
    pub fn fresh() -> Self {
        Self(uuid::Uuid::now_v7())
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for MessageId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        uuid::Uuid::parse_str(text).map(Self).map_err(|_| IdError {
            kind: "message id",
            text: text.to_owned(),
            why: "it is no UUID",
        })
    }
}

fn check_run(text: &str) -> Result<(), &'static str> {
    if text.len() != 9 {
        return Err("it must have nine characters");
    }
    if text.bytes().all(|b| RunId::ALPHABET.contains(&b)) {
        Ok(())
    } else {
        Err("it may hold only digits and lower-case letters other than i, l, o and u")
    }
}

fn check_name(text: &str) -> Result<(), &'static str> {
    check_parts(text, |b| {
        b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_')
    })
}

fn check_agent(text: &str) -> Result<(), &'static str> {
    if text.contains("..") || text.ends_with('.') {
        return Err("its parts may not be empty");
    }
    check_parts(text, |b| {
        b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')
    })
}

fn check_parts(text: &str, allowed: impl Fn(u8) -> bool) -> Result<(), &'static str> {
    match text.bytes().next() {
        None => return Err("it is empty"),
        Some(first) if !first.is_ascii_alphanumeric() => {
            return Err("it must start with a letter or a digit");
        }
        Some(_) => {}
    }
    if text.len() > MAX_NAME_BYTES {
        return Err("it is longer than 64 bytes");
    }
    if text.bytes().all(allowed) {
        Ok(())
    } else {
        Err("it may hold only ASCII letters, digits, '-' and '_'")
    }
}

fn check_commit(text: &str) -> Result<(), &'static str> {
    let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    match text.len() {
        40 | 64 if text.bytes().all(hex) => Ok(()),
        40 | 64 => Err("it may hold only lower-case hexadecimal digits"),
        _ => Err("it must have 40 or 64 digits"),
    }
}

/// Text that is no id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is no {kind}: {why}")]
pub struct IdError {
    kind: &'static str,
    text: String,
    why: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_ids_sort_by_time() {
        let earlier = RunId::at(RunId::EPOCH + 5, 0x7fff);
        let later = RunId::at(RunId::EPOCH + 6, 0);
        assert!(earlier < later);
        assert_eq!(RunId::new(earlier.as_str()), Ok(earlier));
    }

    #[test]
    fn names_are_safe_in_paths_and_refs() {
        for bad in [
            "",
            "-x",
            ".x",
            "a/b",
            "a.b",
            "a b",
            "a\n",
            "é",
            &"x".repeat(65),
        ] {
            assert!(TaskId::new(bad).is_err(), "{bad:?} was taken");
        }
        assert!(TaskId::new("move_core-2").is_ok());
        assert!(AgentName::new("core.1").is_ok());
        for bad in ["core.", "core..1", ".core"] {
            assert!(AgentName::new(bad).is_err(), "{bad:?} was taken");
        }
    }

    #[test]
    fn commits_have_one_of_two_lengths() {
        assert!(CommitId::new(&"a".repeat(40)).is_ok());
        assert!(CommitId::new(&"a".repeat(64)).is_ok());
        assert!(CommitId::new(&"A".repeat(40)).is_err());
        assert!(CommitId::new(&"a".repeat(41)).is_err());
    }

    #[test]
    fn ids_round_trip_through_json_checked() {
        let id: TaskId = serde_json::from_str("\"core\"").unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"core\"");
        assert!(serde_json::from_str::<TaskId>("\"../x\"").is_err());
    }
}
