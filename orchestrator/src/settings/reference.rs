//! The reference of all settings as Markdown: the content of `docs/config.md`.
//!
//! Knows nothing of what is set.

use std::fmt::Write;

use crate::settings::env;
use crate::settings::key::{self, Default, Key, Merge, Place};

/// The whole page.
#[must_use]
pub fn markdown() -> String {
    let mut page = String::from(HEAD);
    for key in key::table() {
        // Writing to a string cannot fail.
        let _ = write!(page, "\n{}", section(key));
    }
    let _ = write!(page, "\n{ENV_HEAD}\n");
    for name in env::BASIC {
        let _ = writeln!(page, "- `{name}`");
    }
    page
}

/// The part of the page that is about one key.
#[must_use]
pub fn section(key: &Key) -> String {
    let default = match key.default {
        Default::Text(text) => format!("`{text}`"),
        Default::Cores => "the number of processor cores".to_owned(),
    };
    let mut text = format!(
        "### `{}`\n\n{}\n\n- takes: {}\n- default: {default}\n- variable: `{}`\n",
        key.name,
        key.doc,
        key.kind.describe(),
        key.env()
    );
    if key.merge == Merge::Union {
        text.push_str("- layers: united\n");
    }
    if key.place == Place::UserOnly {
        text.push_str("- not in a project's file\n");
    }
    text
}

const HEAD: &str = "\
# Settings

This page is made by `swarm config reference > docs/config.md`; a test keeps it in step.

Settings come from these places, and a later one counts more:

1. the built-in defaults,
2. the user's file: `$XDG_CONFIG_HOME/swarm/config.toml`, or `~/.config/swarm/config.toml`,
3. the project's file: `.swarm/config.toml` at the top of the repository,
4. environment variables, `SWARM_` and the key in capitals with `_` for `-` and `.`,
5. flags of the command line.

Lists that say \"layers: united\" hold the items of all places. What a plan says in its front matter or at a task goes
before files and variables, and flags go before the plan. `swarm config list` shows every key with its value and where that comes from;
`swarm config set KEY VALUE` changes the user's file (`--project` the project's) and leaves its comments alone.

A dot in a key is a section in the file:

```toml
retries = 2
words = [\"acme\", \"project-x*\"]

[gate]
stubs = \"warning\"
max-file-size = \"4MiB\"

[env]
pass = [\"EDITOR\", \"AWS_PROFILE\"]
```

In a variable or on the command line a list is separated by commas, or written as in TOML: `[\"a, b\", \"c\"]`.
An unknown key, a bad value and a file that is no TOML are errors, all reported in one go with file and line.

## What a project's file may hold

A project's file is content of a repository, and a repository may come from anybody. So it holds no key that makes
anything run and none that chooses where in the file system is written: keys marked \"not in a project's file\" are
refused there, and so are names in `env.pass` that look like secrets. Commands stand in plans, which you start yourself.
A way to trust a repository with more may come later; it will be a decision of the user, never of the repository.

## Keys
";

const ENV_HEAD: &str = "\
## The environment of commands

Setup commands, tasks and gates get the variables below where they are set, the variables that `env.pass` names, the
variables that the plan sets, and `SWARM_*` variables about the task. They get nothing else: variables that look like
secrets (`*_TOKEN`, `*_KEY`, `*PASSWORD` and the like) only where `env.pass` names them in full, and variables that tie
git to a repository (`GIT_DIR`, `GIT_INDEX_FILE`, ...) never.
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_is_in_step() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/config.md");
        let found = std::fs::read_to_string(path).unwrap_or_default();
        let expected = markdown();
        if found != expected {
            let fresh = concat!(env!("CARGO_MANIFEST_DIR"), "/../target/config.md");
            let saved = std::fs::write(fresh, expected).is_ok();
            panic!("docs/config.md is out of step; the right one is in {fresh}: {saved}");
        }
    }

    #[test]
    fn every_key_is_explained() {
        let page = markdown();
        for key in key::table() {
            assert!(page.contains(&format!("\n### `{}`\n\n{}\n", key.name, key.doc)));
            assert!(page.contains(&key.env()));
        }
    }
}
