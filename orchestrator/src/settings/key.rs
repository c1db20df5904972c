//! The table of settings: each key is declared once, here. Parsing, merging, listing and the reference all read it.
//!
//! Knows no file, no variable's content and no flag's parser.

use std::sync::LazyLock;

use crate::gate;
use crate::settings::Settings;
use crate::settings::color::ColorChoice;
use crate::settings::value::{Item, Kind, Value};

/// One setting.
#[derive(Debug)]
pub struct Key {
    /// Its name: the path of the TOML table entry, joined by dots.
    pub name: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// What holds where nobody says anything.
    pub default: Default,
    /// What several layers make together.
    pub merge: Merge,
    /// Which files may hold it.
    pub place: Place,
    /// What it does, in whole sentences.
    pub doc: &'static str,
    /// Puts a value that was read into its field.
    pub(super) put: fn(&mut Settings, &Key, &Value),
}

/// What holds where nobody says anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Default {
    /// This, as it would be written in a variable.
    Text(&'static str),
    /// The number of processor cores that this process may use.
    Cores,
}

/// What several layers make together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    /// The last layer that says something.
    Replace,
    /// All items of all layers, each once.
    Union,
}

/// Which files may hold a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The user's and the project's.
    Anywhere,
    /// The user's only: what the key does is nothing that the content of a repository may ask for.
    UserOnly,
}

impl Key {
    /// The environment variable of the key: `SWARM_`, then its name in capitals with `_` for `-` and `.`.
    #[must_use]
    pub fn env(&self) -> String {
        let mut name = String::from("SWARM_");
        name.extend(self.name.chars().map(|c| match c {
            '-' | '.' => '_',
            other => other.to_ascii_uppercase(),
        }));
        name
    }

    /// The key of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        table().iter().find(|key| key.name == name)
    }
}

/// Every key, sorted by name.
#[must_use]
pub fn table() -> &'static [Key] {
    static TABLE: LazyLock<Vec<Key>> = LazyLock::new(|| {
        let mut keys: Vec<Key> = RUN
            .into_iter()
            .chain(ELSE)
            .chain(gate::registry().iter().map(gate_key))
            .collect();
        keys.sort_by_key(|key| key.name);
        keys
    });
    &TABLE
}

/// A key of the usual form: the last layer counts, and any file may hold it.
const fn key(
    name: &'static str,
    kind: Kind,
    default: &'static str,
    doc: &'static str,
    put: fn(&mut Settings, &Key, &Value),
) -> Key {
    Key {
        name,
        kind,
        default: Default::Text(default),
        merge: Merge::Replace,
        place: Place::Anywhere,
        doc,
        put,
    }
}

fn gate_key(gate: &gate::registry::Gate) -> Key {
    Key {
        name: gate.key,
        kind: Kind::Choice(gate::Level::NAMES),
        default: Default::Text(match gate.default {
            gate::Level::Off => "off",
            gate::Level::Warning => "warning",
            gate::Level::Error => "error",
        }),
        merge: Merge::Replace,
        place: Place::Anywhere,
        doc: gate.summary,
        put: |settings, key, value| {
            let gate = key.name.strip_prefix("gate.").unwrap_or_default();
            if let Some(level) = value.text().and_then(gate::Level::named) {
                settings.gates.set_level(gate, level);
            }
        },
    }
}

const fn count(min: u32, max: u32) -> Kind {
    Kind::Count { min, max }
}

/// How a run goes: tries, times and the merge queue.
const RUN: [Key; 12] = [
    Key {
        default: Default::Cores,
        ..key(
            "max-workers",
            count(1, 1000),
            "",
            "How many tasks may run at the same time, where the plan does not say.",
            |s, _, v| s.max_workers = v.count(),
        )
    },
    key(
        "retries",
        count(0, 100),
        "1",
        "How many further tries a task has after a failed one, where its plan does not say.",
        |s, _, v| s.retries = v.count(),
    ),
    key(
        "replacements",
        count(0, 100),
        "3",
        "How often a worker that vanished without a report is replaced without counting as a try.",
        |s, _, v| s.replacements = v.count(),
    ),
    key(
        "timeout",
        Kind::TimeLimit,
        "none",
        "How long one try of a task may take, where its plan does not say.",
        |s, _, v| s.timeout = v.time(),
    ),
    key(
        "run-timeout",
        Kind::TimeLimit,
        "none",
        "How long a whole run may take from its start; after that it is suspended and can be resumed.",
        |s, _, v| s.run_timeout = v.time(),
    ),
    key(
        "backoff",
        Kind::Duration,
        "1s",
        "The pause before a task's second try; it doubles with each further one.",
        |s, _, v| s.backoff = v.time().unwrap_or_default(),
    ),
    key(
        "backoff-max",
        Kind::Duration,
        "1m",
        "The longest pause before a further try.",
        |s, _, v| s.backoff_max = v.time().unwrap_or_default(),
    ),
    key(
        "overtime",
        Kind::Duration,
        "30s",
        "How much later than a try's time limit the run itself stops a worker that did not stop on its own.",
        |s, _, v| s.overtime = v.time().unwrap_or_default(),
    ),
    key(
        "grace",
        Kind::Duration,
        "10s",
        "How long running tasks may go on after the first Ctrl-C before they are stopped.",
        |s, _, v| s.grace = v.time().unwrap_or_default(),
    ),
    key(
        "stop-grace",
        Kind::Duration,
        "5s",
        "How long a process that is asked to stop (SIGTERM) may take before it is killed (SIGKILL).",
        |s, _, v| s.stop_grace = v.time().unwrap_or_default(),
    ),
    key(
        "fail-fast",
        Kind::Flag,
        "false",
        "Whether the first failed task ends the run. Otherwise only the tasks that need it are blocked.",
        |s, _, v| s.fail_fast = v.is_true(),
    ),
    key(
        "merge-batch",
        count(1, 100),
        "4",
        "How many approved branches are tested as one merge candidate; a red one is bisected.",
        |s, _, v| s.merge_batch = v.count(),
    ),
];

/// Everything but the gates that has its own key and is not in `RUN`.
const ELSE: [Key; 12] = [
    Key {
        place: Place::UserOnly,
        ..key(
            "worktree-root",
            Kind::Path,
            "none",
            "The directory in which worktrees are made, as `<root>/<run>/<task>`: absolute, below `~/`, or relative to the repository's top. The default is a directory beside the repository, named like it with `.swarm` appended.",
            |s, _, v| s.worktree_root = v.text().map(Into::into),
        )
    },
    Key {
        merge: Merge::Union,
        ..key(
            "env.pass",
            Kind::List(Item::Variable),
            "[]",
            "Environment variables that commands get beside the basic ones (see below); a name may end in `*`. Variables whose names look like secrets are passed only where they are named in full, and only the user's own file, a variable or a flag may name them.",
            |s, _, v| s.env_pass = v.list().to_vec(),
        )
    },
    key(
        "commit.trailers",
        Kind::List(Item::Trailer),
        "[]",
        "Further trailer lines of every commit that is made for a task, such as `Signed-off-by: A U Thor <author@example.com>`.",
        |s, _, v| s.commit_trailers = v.list().to_vec(),
    ),
    Key {
        place: Place::UserOnly,
        ..key(
            "commit.hooks",
            Kind::Flag,
            "false",
            "Whether commits that are made for tasks run the hooks that are installed in the repository.",
            |s, _, v| s.commit_hooks = v.is_true(),
        )
    },
    key(
        "gate.max-file-size",
        Kind::Size,
        "1MiB",
        "The largest file that the gate `size` lets pass.",
        |s, _, v| s.gates.max_file_size = v.bytes(),
    ),
    Key {
        merge: Merge::Union,
        ..key(
            "words",
            Kind::List(Item::Word),
            "[]",
            "Words that may not get into the repository, found in any case as whole words; a `*` before or after one lets anything stand on that side. Words that are confidential themselves belong in the user's file.",
            |s, _, v| s.gates.words = v.list().to_vec(),
        )
    },
    key(
        "ports.base",
        count(1024, 65_535),
        "20000",
        "The first of the TCP ports that are handed out to tasks.",
        |s, _, v| s.ports_base = v.count(),
    ),
    key(
        "ports.per-task",
        count(0, 1000),
        "10",
        "How many TCP ports each running task has to itself.",
        |s, _, v| s.ports_per_task = v.count(),
    ),
    key(
        "log-limit",
        Kind::Size,
        "64MiB",
        "How much output of one task is kept.",
        |s, _, v| s.log_limit = v.bytes(),
    ),
    key(
        "min-free-disk",
        Kind::Size,
        "1GiB",
        "How much free disk space must be left beside the worktrees for a run to start.",
        |s, _, v| s.min_free_disk = v.bytes(),
    ),
    key(
        "min-free-memory",
        Kind::Size,
        "256MiB",
        "How much memory should be free for each worker; less is a warning of `swarm doctor`.",
        |s, _, v| s.min_free_memory = v.bytes(),
    ),
    key(
        "color",
        Kind::Choice(ColorChoice::NAMES),
        "auto",
        "Whether output is coloured. `auto` follows `NO_COLOR`, `CLICOLOR_FORCE`, `CLICOLOR` and whether it goes to a terminal.",
        |s, _, v| s.color = v.text().and_then(ColorChoice::named).unwrap_or_default(),
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_key_has_a_name_a_variable_a_doc_and_a_default_of_its_own_kind() {
        let mut names = BTreeSet::new();
        for key in table() {
            assert!(names.insert(key.name), "{} is declared twice", key.name);
            assert!(
                names.insert(Box::leak(key.env().into_boxed_str())),
                "{}",
                key.env()
            );
            assert!(key.doc.ends_with('.'), "{}: {}", key.name, key.doc);
            if let Default::Text(text) = key.default {
                let value = key.kind.read_text(text);
                assert!(value.is_ok(), "{}: {value:?}", key.name);
            }
            if key.merge == Merge::Union {
                assert!(matches!(key.kind, Kind::List(_)), "{}", key.name);
            }
        }
    }

    #[test]
    fn every_gate_has_its_key() {
        for gate in gate::registry() {
            assert!(Key::named(gate.key).is_some(), "{}", gate.key);
        }
    }

    #[test]
    fn no_key_is_also_a_table_of_keys() {
        for key in table() {
            let prefix = format!("{}.", key.name);
            assert!(table().iter().all(|other| !other.name.starts_with(&prefix)));
        }
    }

    #[test]
    fn what_a_repository_may_not_ask_for_is_the_users_alone() {
        for name in ["worktree-root", "commit.hooks"] {
            assert_eq!(Key::named(name).unwrap().place, Place::UserOnly);
        }
    }
}
