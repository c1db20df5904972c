//! Puts the layers over one another: defaults, the user's file, the project's file, variables, flags.
//!
//! Knows no file format.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::nearest::nearest;
use crate::settings::env;
use crate::settings::file;
use crate::settings::key::{self, Default as KeyDefault, Key, Merge};
use crate::settings::layer::{Assignment, Entry, Origin, Owner, Problem, SettingsError, hint};
use crate::settings::value::Value;
use crate::settings::{Settings, Sources};

pub(super) fn resolve(sources: &Sources) -> Result<Settings, SettingsError> {
    let mut problems = Vec::new();
    let mut assignments = Vec::new();
    for (path, owner) in [
        (sources.user_file(), Owner::User),
        (sources.project_file(), Owner::Project),
    ] {
        if let Some(path) = path {
            let contents = file::read(&path, owner);
            assignments.extend(contents.assignments);
            problems.extend(contents.problems);
        }
    }
    for (origin, key, text) in texts(sources, &mut problems) {
        match key.kind.read_text(&text) {
            Ok(value) => assignments.push(Assignment { key, value, origin }),
            Err(text) => problems.push(Problem { origin, text }),
        }
    }
    let mut settings = Settings {
        warnings: warnings(sources),
        ..Settings::default()
    };
    for key in key::table() {
        let given = assignments
            .iter()
            .filter(|given| given.key.name == key.name);
        match entry(key, given, sources) {
            Ok(entry) => {
                (key.put)(&mut settings, key, &entry.value);
                settings.entries.push(entry);
            }
            Err(problem) => problems.push(problem),
        }
    }
    if let Some(problem) = place_worktrees(&mut settings, sources) {
        problems.push(problem);
    }
    settings.command_env = env::for_commands(&sources.env, &settings.env_pass);
    if problems.is_empty() {
        Ok(settings)
    } else {
        Err(SettingsError::Invalid(problems))
    }
}

/// What variables and flags say, as text.
fn texts(sources: &Sources, problems: &mut Vec<Problem>) -> Vec<(Origin, &'static Key, String)> {
    let mut found = Vec::new();
    for key in key::table() {
        let name = key.env();
        let Some(value) = sources.env.get(OsStr::new(&name)) else {
            continue;
        };
        let origin = Origin::Variable { name };
        match value.to_str() {
            Some(text) => found.push((origin, key, text.to_owned())),
            None => problems.push(Problem {
                origin,
                text: "it is not UTF-8".to_owned(),
            }),
        }
    }
    for (name, text) in &sources.flags {
        let origin = Origin::Flag { name: name.clone() };
        match Key::named(name) {
            Some(key) => found.push((origin, key, text.clone())),
            None => problems.push(Problem {
                origin,
                text: "there is no such setting".to_owned(),
            }),
        }
    }
    found
}

/// What all layers together make of a key.
fn entry<'a>(
    key: &'static Key,
    given: impl Iterator<Item = &'a Assignment>,
    sources: &Sources,
) -> Result<Entry, Problem> {
    let value = default(key, sources).map_err(|text| Problem {
        origin: Origin::Default,
        text,
    })?;
    let mut entry = Entry {
        key,
        value,
        origins: Vec::new(),
    };
    for Assignment { value, origin, .. } in given {
        match (key.merge, &mut entry.value, value) {
            (Merge::Union, Value::List(all), Value::List(more)) => {
                for item in more {
                    if !all.contains(item) {
                        all.push(item.clone());
                    }
                }
            }
            (_, old, new) => {
                *old = new.clone();
                entry.origins.clear();
            }
        }
        entry.origins.push(origin.clone());
    }
    if entry.origins.is_empty() {
        entry.origins.push(Origin::Default);
    }
    Ok(entry)
}

fn default(key: &Key, sources: &Sources) -> Result<Value, String> {
    match key.default {
        KeyDefault::Text(text) => key.kind.read_text(text),
        KeyDefault::Cores => Ok(Value::Count(sources.cores.clamp(1, 1000))),
    }
}

/// Makes the worktree root absolute.
fn place_worktrees(settings: &mut Settings, sources: &Sources) -> Option<Problem> {
    let root = settings.worktree_root.take()?;
    match absolute(&root, sources) {
        Ok(root) => {
            settings.worktree_root = Some(root);
            None
        }
        Err(why) => {
            let entry = settings.entry("worktree-root")?;
            let origin = entry.origins.last().cloned().unwrap_or(Origin::Default);
            Some(Problem {
                origin,
                text: format!("worktree-root: {why}"),
            })
        }
    }
}

fn absolute(path: &Path, sources: &Sources) -> Result<PathBuf, String> {
    match path.strip_prefix("~") {
        Ok(rest) => match &sources.home {
            Some(home) => Ok(home.join(rest)),
            None => Err("there is no home directory for '~'; write an absolute path".to_owned()),
        },
        Err(_) => Ok(sources.repo_top.as_ref().unwrap_or(&sources.cwd).join(path)),
    }
}

/// Variables that are nearly ours. Others may have `SWARM_` in front for reasons of their own, and the variables that
/// tell a task about itself are set in every command, so that none of these is an error.
fn warnings(sources: &Sources) -> Vec<String> {
    let known: Vec<String> = key::table().iter().map(Key::env).collect();
    let ours = |name: &str| known.iter().any(|known| known == name);
    sources
        .env
        .keys()
        .filter_map(|name| name.to_str())
        .filter(|name| name.starts_with("SWARM_") && !ours(name))
        .filter_map(|name| {
            // What follows `SWARM_` is compared, so that the common start makes nothing look near.
            let rest = name.strip_prefix("SWARM_")?;
            let rests = known
                .iter()
                .filter_map(|known| known.strip_prefix("SWARM_"));
            let near = nearest(rest, rests)?;
            let hint = hint(Some(&format!("SWARM_{near}")));
            Some(format!("the variable {name} is no setting{hint}"))
        })
        .collect()
}
