//! What the layers of settings are made of: values with their origin, and problems with their place.
//!
//! Knows no file format and no order of layers.

use std::fmt;
use std::path::PathBuf;

use serde::{Serialize, Serializer};

use crate::settings::key::Key;
use crate::settings::value::Value;

/// A value that one place gives to one key.
#[derive(Debug, Clone)]
pub struct Assignment {
    /// The key.
    pub key: &'static Key,
    /// The value.
    pub value: Value,
    /// Where it stands.
    pub origin: Origin,
}

/// A key with its resolved value.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// The key.
    #[serde(serialize_with = "key_name")]
    pub key: &'static Key,
    /// What holds.
    pub value: Value,
    /// Where it comes from; several places for keys whose layers are united.
    #[serde(rename = "from")]
    pub origins: Vec<Origin>,
}

/// Where a value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// Nowhere: it is the built-in default.
    Default,
    /// In a file.
    File {
        /// Whose file.
        owner: Owner,
        /// Which file.
        path: PathBuf,
        /// On which line, from 1.
        line: usize,
    },
    /// In an environment variable.
    Variable {
        /// Its name.
        name: String,
    },
    /// In a flag of the command line.
    Flag {
        /// The key's name, which is the flag's.
        name: String,
    },
}

/// Whose a settings file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The user's own.
    User,
    /// The project's: content of a repository.
    Project,
}

/// One thing that is wrong with the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub origin: Origin,
    /// What, as a lower-case fragment.
    pub text: String,
}

impl Origin {
    /// The place in the form that editors and terminals can follow: `/path/config.toml:3`, `SWARM_RETRIES`, `--retries`.
    #[must_use]
    pub fn place(&self) -> String {
        match self {
            Self::Default => "default".to_owned(),
            Self::File { path, line, .. } => format!("{}:{line}", path.display()),
            Self::Variable { name } => name.clone(),
            Self::Flag { name } => format!("--{name}"),
        }
    }
}

/// As in "from …": `user file /path/config.toml line 3`.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { owner, path, line } => {
                write!(f, "{owner} file {} line {line}", path.display())
            }
            Self::Variable { name } => write!(f, "variable {name}"),
            Self::Flag { name } => write!(f, "flag --{name}"),
        }
    }
}

impl Serialize for Origin {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn key_name<S: Serializer>(key: &&'static Key, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(key.name)
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "user",
            Self::Project => "project",
        })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.origin.place(), self.text)
    }
}

/// Settings that cannot be used or written.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// Everything that is wrong with them, one line each.
    #[error("{}", lines(.0))]
    Invalid(Vec<Problem>),
    /// A key that there is none of.
    #[error("there is no setting '{name}'{}", hint(.nearest.as_deref()))]
    UnknownKey {
        /// The name, shortened.
        name: String,
        /// The nearest one that there is.
        nearest: Option<String>,
    },
    /// A file that could not be read or written.
    #[error("cannot {action} '{}'", .path.display())]
    File {
        /// What was tried: `read` or `write`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

fn lines(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
    lines.join("\n")
}

/// The end of a message about a name that is unknown.
pub(super) fn hint(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean '{name}'?"))
}
