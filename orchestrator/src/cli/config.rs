//! `swarm config`: shows and changes settings.
//!
//! Knows no key; the table of keys is in `settings`.

use std::path::PathBuf;

use super::Context;
use super::args::{ConfigAction, ConfigArgs};
use super::terminal::Format;
use crate::error::{CommandError, ExitStatus};
use crate::nearest::nearest;
use crate::report::table::{Cell, Table};
use crate::settings::layer::{Origin, Owner};
use crate::settings::{Entry, Settings, SettingsError, key, reference, write};

/// Does what `action` says.
///
/// # Errors
/// The settings are wrong, a file cannot be read or written, or there is no such file here.
pub fn run(context: &Context, args: &ConfigArgs) -> Result<ExitStatus, CommandError> {
    match &args.action {
        ConfigAction::List => list(context, &context.settings(&[])?)?,
        ConfigAction::Get { key } => get(context, &context.settings(&[])?, key)?,
        ConfigAction::Set {
            key,
            value,
            project,
        } => {
            let (path, owner) = file(context, *project)?;
            write::set(&path, owner, key, value)?;
            context
                .terminal
                .note(&format!("set {key} in {}", path.display()));
        }
        ConfigAction::Unset { key, project } => {
            let (path, owner) = file(context, *project)?;
            write::unset(&path, owner, key)?;
            context
                .terminal
                .note(&format!("removed {key} from {}", path.display()));
        }
        ConfigAction::Path => paths(context)?,
        ConfigAction::Reference => context.terminal.print(&reference::markdown())?,
    }
    Ok(ExitStatus::Success)
}

fn list(context: &Context, settings: &Settings) -> Result<(), CommandError> {
    if context.terminal.format == Format::Json {
        return context.terminal.print_json(&settings.entries);
    }
    let mut table = Table::new(&["KEY", "VALUE", "FROM"]);
    for entry in &settings.entries {
        let from: Vec<String> = entry.origins.iter().map(Origin::place).collect();
        table.row([
            entry.key.name.into(),
            entry.value.to_string().into(),
            Cell::from(from.join(", ")),
        ]);
    }
    context
        .terminal
        .print(&table.render(context.terminal.columns()))
}

fn get(context: &Context, settings: &Settings, name: &str) -> Result<(), CommandError> {
    let entry: &Entry = settings
        .entry(name)
        .ok_or_else(|| SettingsError::UnknownKey {
            name: name.to_owned(),
            nearest: nearest(name, key::table().iter().map(|key| key.name)).map(str::to_owned),
        })?;
    if context.terminal.format == Format::Json {
        return context.terminal.print_json(entry);
    }
    context.terminal.print(&format!("{}\n", entry.value))
}

fn paths(context: &Context) -> Result<(), CommandError> {
    let files = [
        ("user", context.sources.user_file()),
        ("project", context.sources.project_file()),
    ];
    if context.terminal.format == Format::Json {
        let files: std::collections::BTreeMap<_, _> = files.into_iter().collect();
        return context.terminal.print_json(&files);
    }
    let mut table = Table::new(&["FILE", "PATH", ""]);
    for (name, path) in files {
        let path = path
            .map(|path| path.display().to_string())
            .unwrap_or_default();
        let state = match std::fs::exists(&path) {
            _ if path.is_empty() => "there is no place for one here",
            Ok(true) => "",
            Ok(false) | Err(_) => "not there yet",
        };
        table.row([name.into(), path.into(), Cell::from(state)]);
    }
    context.terminal.print(&table.render(None))
}

fn file(context: &Context, project: bool) -> Result<(PathBuf, Owner), CommandError> {
    if project {
        let path = context.sources.project_file().ok_or_else(|| {
            CommandError::usage("there is no repository here that could have a settings file")
        })?;
        Ok((path, Owner::Project))
    } else {
        let path = context.sources.user_file().ok_or_else(|| {
            CommandError::environment("there is no home directory")
                .hint("set HOME or XDG_CONFIG_HOME")
        })?;
        Ok((path, Owner::User))
    }
}
