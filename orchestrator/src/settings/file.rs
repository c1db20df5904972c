//! Reads one settings file into assignments, and everything that is wrong with it into problems.
//!
//! Knows no order of layers.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use toml::de::{DeTable, DeValue};

use crate::nearest::nearest;
use crate::settings::env;
use crate::settings::key::{self, Key, Place};
use crate::settings::layer::{Assignment, Origin, Owner, Problem, hint};
use crate::settings::value::{Item, Kind, Raw, Value};

/// The largest settings file that is read, in bytes; real ones are some thousand times smaller.
const MAX_BYTES: u64 = 1 << 20;

/// What a file says.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// The values that fit.
    pub(super) assignments: Vec<Assignment>,
    /// Everything that does not.
    pub(super) problems: Vec<Problem>,
}

/// Reads a file; one that does not exist says nothing.
pub(super) fn read(path: &Path, owner: Owner) -> Contents {
    match text_of(path) {
        Ok(Some(text)) => parse(&text, path, owner),
        Ok(None) => Contents::default(),
        Err(why) => Contents {
            assignments: Vec::new(),
            problems: vec![Problem {
                origin: Origin::File {
                    owner,
                    path: path.to_owned(),
                    line: 1,
                },
                text: why,
            }],
        },
    }
}

/// The text of a settings file; `None` where there is no file.
///
/// # Errors
/// A fragment for what is no regular file, too large, unreadable or not UTF-8.
pub(super) fn text_of(path: &Path) -> Result<Option<String>, String> {
    // A pipe or a device would block for ever or never end, so it is not even opened.
    match path.metadata() {
        Ok(found) if !found.is_file() => return Err("it is no regular file".to_owned()),
        Ok(found) if found.len() > MAX_BYTES => return Err("it is larger than 1 MiB".to_owned()),
        Ok(_) => {}
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(format!("it cannot be read: {error}")),
    }
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_BYTES).read_to_end(&mut bytes))
        .map_err(|error| format!("it cannot be read: {error}"))?;
    String::from_utf8(bytes).map(Some).map_err(|error| {
        format!(
            "it is not UTF-8 from byte {} on",
            error.utf8_error().valid_up_to()
        )
    })
}

fn parse(text: &str, path: &Path, owner: Owner) -> Contents {
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut reader = Reader {
        text,
        path,
        owner,
        contents: Contents::default(),
    };
    for error in &errors {
        let at = error.span().map_or(0, |span| span.start);
        reader.problem(at, error.message().replace('\n', ", "));
    }
    // After a syntax error the rest may be misread, and complaints about it would mislead.
    if errors.is_empty() {
        reader.table(table.get_ref(), "");
    }
    reader
        .contents
        .problems
        .sort_by_key(|problem| match &problem.origin {
            Origin::File { line, .. } => *line,
            _ => 0,
        });
    reader.contents
}

struct Reader<'a> {
    text: &'a str,
    path: &'a Path,
    owner: Owner,
    contents: Contents,
}

impl Reader<'_> {
    fn table(&mut self, table: &DeTable<'_>, prefix: &str) {
        for (name, value) in table {
            let at = name.span().start;
            let full = format!("{prefix}{}", name.get_ref());
            if let Some(key) = Key::named(&full) {
                match self.value(key, value.get_ref()) {
                    Ok(value) => {
                        let origin = self.origin(at);
                        self.contents
                            .assignments
                            .push(Assignment { key, value, origin });
                    }
                    Err(why) => self.problem(at, format!("{full}: {why}")),
                }
                continue;
            }
            let below = format!("{full}.");
            let is_section = key::table().iter().any(|key| key.name.starts_with(&below));
            match value.get_ref() {
                DeValue::Table(inner) if is_section => self.table(inner, &below),
                _ if is_section => {
                    self.problem(at, format!("'{full}' is a section; write it as [{full}]"))
                }
                _ => self.unknown(at, &full),
            }
        }
    }

    fn value(&self, key: &'static Key, value: &DeValue<'_>) -> Result<Value, String> {
        if self.owner == Owner::Project && key.place == Place::UserOnly {
            return Err(
                "only the user's own file may set it, because a repository may not decide that"
                    .to_owned(),
            );
        }
        let value = key.kind.read(&Raw::of_toml(value)?)?;
        let secret = value.list().iter().find(|name| env::looks_secret(name));
        if let (Owner::Project, Kind::List(Item::Variable), Some(name)) =
            (self.owner, key.kind, secret)
        {
            return Err(format!(
                "'{name}' looks like a secret, and only the user's own file may pass one to commands"
            ));
        }
        Ok(value)
    }

    fn unknown(&mut self, at: usize, full: &str) {
        let nearest = nearest(full, key::table().iter().map(|key| key.name));
        let short: String = full.chars().take(60).collect();
        self.problem(
            at,
            format!(
                "there is no setting '{}'{}",
                short.escape_debug(),
                hint(nearest)
            ),
        );
    }

    fn problem(&mut self, at: usize, text: String) {
        let origin = self.origin(at);
        self.contents.problems.push(Problem { origin, text });
    }

    fn origin(&self, at: usize) -> Origin {
        let before = &self.text.as_bytes()[..at.min(self.text.len())];
        Origin::File {
            owner: self.owner,
            path: self.path.to_owned(),
            line: 1 + before.iter().filter(|&&byte| byte == b'\n').count(),
        }
    }
}
