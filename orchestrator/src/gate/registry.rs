//! The list of built-in gates with their defaults and reasons, and what the settings say about each.
//!
//! Knows no gate from the inside.

use std::collections::BTreeMap;
use std::fmt;

use crate::gate::judge::{Case, Report};
use crate::gate::{empty, markers, scope, secrets, size, stubs, test_loss, unread, words};

/// One built-in gate.
#[derive(Debug, Clone, Copy)]
pub struct Gate {
    /// Its name in findings.
    pub name: &'static str,
    /// Its key in the settings.
    pub key: &'static str,
    /// What it counts for where the settings are silent.
    pub default: Level,
    /// What it looks for, in one sentence.
    pub summary: &'static str,
    /// Why it is there, in one sentence.
    pub reason: &'static str,
    /// The gate itself.
    pub(super) check: fn(&Case<'_>, &mut Report),
}

/// How much a gate counts for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// It is not run.
    Off,
    /// It is run, and all its findings are warnings.
    Warning,
    /// It is run, and its findings count for what the gate takes them for.
    Error,
}

impl Level {
    /// Every level as it is written in the settings.
    pub const NAMES: &'static [&'static str] = &["error", "warning", "off"];

    /// The level that is written so; `None` where there is none.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "error" => Some(Self::Error),
            "warning" => Some(Self::Warning),
            "off" => Some(Self::Off),
            _ => None,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Off => "off",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// What the settings say about the gates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateSettings {
    levels: BTreeMap<&'static str, Level>,
    /// The largest file, in bytes, that the `size` gate lets pass.
    pub max_file_size: u64,
    /// The forbidden words of the `words` gate, in the form that `swarm_policy::leak::Guard` takes.
    pub words: Vec<String>,
}

/// The largest file that passes where the settings are silent: 1 MiB. Sources are far below it, and builds, archives
/// and data sets that were committed by accident are mostly above it.
pub const DEFAULT_MAX_FILE_SIZE: u64 = 1 << 20;

impl Default for GateSettings {
    fn default() -> Self {
        Self {
            levels: registry()
                .iter()
                .map(|gate| (gate.name, gate.default))
                .collect(),
            max_file_size: DEFAULT_MAX_FILE_SIZE,
            words: Vec::new(),
        }
    }
}

impl GateSettings {
    /// How much the gate of this name counts for; a name that is no built-in gate is off.
    #[must_use]
    pub fn level(&self, gate: &str) -> Level {
        self.levels.get(gate).copied().unwrap_or(Level::Off)
    }

    /// Sets how much a gate counts for; a name that is no built-in gate changes nothing.
    pub fn set_level(&mut self, gate: &str, level: Level) {
        if let Some(known) = self.levels.get_mut(gate) {
            *known = level;
        }
    }
}

/// Every built-in gate, in the order in which they run.
#[must_use]
pub fn registry() -> &'static [Gate] {
    GATES
}

const GATES: &[Gate] = &[
    Gate {
        name: "empty",
        key: "gate.empty",
        default: Level::Error,
        summary: "The branch changes something, or the task says `allow-empty`.",
        reason: "A command that silently did nothing would count as done.",
        check: empty::check,
    },
    Gate {
        name: "scope",
        key: "gate.scope",
        default: Level::Error,
        summary: "Only paths of the task's `touches` changed; a rename counts on both sides.",
        reason: "Tasks run side by side because their scopes do not overlap, so no task may leave its own.",
        check: scope::check,
    },
    Gate {
        name: "markers",
        key: "gate.markers",
        default: Level::Error,
        summary: "No conflict markers were added.",
        reason: "A half-resolved conflict compiles in some languages and is always wrong.",
        check: markers::check,
    },
    Gate {
        name: "size",
        key: "gate.size",
        default: Level::Error,
        summary: "No added or changed file is larger than `gate.max-file-size`.",
        reason: "A large file stays in the history for ever, and it is mostly there by accident.",
        check: size::check,
    },
    Gate {
        name: "unread",
        key: "gate.unread",
        default: Level::Error,
        summary: "Everything that changed could be read whole.",
        reason: "The gates that read lines cannot call clean what they did not read.",
        check: unread::check,
    },
    Gate {
        name: "secrets",
        key: "gate.secrets",
        default: Level::Error,
        summary: "No secret in a well-known format in added lines, file names, the branch name or commit messages.",
        reason: "A key that was pushed once must be taken for stolen.",
        check: secrets::check,
    },
    Gate {
        name: "words",
        key: "gate.words",
        default: Level::Error,
        summary: "None of the forbidden `words` in added lines, file names, the branch name or commit messages.",
        reason: "Names of customers, hosts and unreleased things leave a project through its history.",
        check: words::check,
    },
    Gate {
        name: "tests",
        key: "gate.tests",
        default: Level::Error,
        summary: "No test was deleted, emptied or switched off; fewer assertions are a warning.",
        reason: "The cheapest way to make a failing test pass is to remove it.",
        check: test_loss::check,
    },
    Gate {
        name: "stubs",
        key: "gate.stubs",
        default: Level::Error,
        summary: "No new placeholder stands where code should be.",
        reason: "A stub passes every check that does not call it.",
        check: stubs::check,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_gate_has_its_own_name_and_key() {
        for (place, gate) in GATES.iter().enumerate() {
            assert_eq!(gate.key, format!("gate.{}", gate.name));
            assert!(GATES[..place].iter().all(|other| other.name != gate.name));
            for text in [gate.summary, gate.reason] {
                assert!(text.ends_with('.'), "{text}");
            }
        }
    }

    #[test]
    fn the_documentation_lists_every_gate_as_it_is() {
        let page = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/gates.md"));
        let listed: Vec<&str> = page
            .lines()
            .filter(|line| line.starts_with("| `"))
            .collect();
        let expected: Vec<String> = registry()
            .iter()
            .map(|gate| {
                let Gate {
                    name,
                    default,
                    summary,
                    reason,
                    ..
                } = gate;
                format!("| `{name}` | {default} | {summary} | {reason} |")
            })
            .collect();
        assert_eq!(listed, expected);
        for gate in registry() {
            let section = format!("\n**`{}`**", gate.name);
            assert!(
                page.contains(&section),
                "docs/gates.md does not explain {}",
                gate.name
            );
        }
    }

    #[test]
    fn levels_are_written_as_they_are_read() {
        for name in Level::NAMES {
            assert_eq!(Level::named(name).unwrap().to_string(), *name);
        }
        assert_eq!(Level::named("on"), None);
    }

    #[test]
    fn settings_know_every_gate_and_no_other() {
        let mut settings = GateSettings::default();
        for gate in registry() {
            settings.set_level(gate.name, Level::Warning);
            assert_eq!(settings.level(gate.name), Level::Warning);
        }
        settings.set_level("nonsense", Level::Error);
        assert_eq!(settings.level("nonsense"), Level::Off);
    }
}
