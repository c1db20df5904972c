//! What every command is given besides its arguments: where it works, its settings, where it prints.
//!
//! Knows no command.

use std::path::Path;

use super::args::GlobalArgs;
use super::terminal::Terminal;
use crate::error::CommandError;
use crate::git::command::Environment;
use crate::git::repo::Repo;
use crate::settings::{ColorChoice, Settings, Sources};

/// The world around a command.
#[derive(Debug)]
pub struct Context {
    /// Where it prints.
    pub terminal: Terminal,
    /// Where its settings come from, and the directory to work in.
    pub sources: Sources,
}

impl Context {
    /// Gathers everything from the process and the global flags.
    ///
    /// # Errors
    /// There is no directory to work in.
    pub fn from_process(global: &GlobalArgs) -> Result<Self, CommandError> {
        let mut sources = Sources::from_process().map_err(|error| {
            CommandError::environment(format!("the current directory cannot be used: {error}"))
        })?;
        if let Some(dir) = &global.directory {
            sources = sources.at(dir);
            if !sources.cwd.is_dir() {
                let shown = dir.display();
                return Err(CommandError::usage(format!("'{shown}' is no directory")));
            }
        }
        let color = global
            .color
            .iter()
            .map(|color| ("color".to_owned(), color.clone()));
        sources.flags.extend(color);
        // Wrong settings are told by the commands that need them; the others work without.
        let color =
            Settings::load(&sources).map_or_else(|_| chosen(global), |settings| settings.color);
        Ok(Self {
            terminal: Terminal::new(global, color, &sources),
            sources,
        })
    }

    /// The directory to work in, absolute.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.sources.cwd
    }

    /// The settings, with `flags` (a key and its text each) above all else; what is odd in them is warned of.
    ///
    /// # Errors
    /// They are wrong, or a file of them cannot be read.
    pub fn settings(&self, flags: &[(&str, String)]) -> Result<Settings, CommandError> {
        let mut sources = self.sources.clone();
        sources.flags.extend(
            flags
                .iter()
                .map(|(key, text)| ((*key).to_owned(), text.clone())),
        );
        let settings = Settings::load(&sources)?;
        for warning in &settings.warnings {
            self.terminal.warn(warning);
        }
        Ok(settings)
    }

    /// The repository to work in.
    ///
    /// # Errors
    /// There is none, or git cannot read it.
    pub fn repo(&self) -> Result<Repo, CommandError> {
        let environment = Environment::new(self.sources.env.clone());
        Ok(Repo::discover(self.dir(), environment)?)
    }
}

/// What `--color` says where settings do not.
fn chosen(global: &GlobalArgs) -> ColorChoice {
    global
        .color
        .as_deref()
        .and_then(ColorChoice::named)
        .unwrap_or_default()
}

/// A context in `dir` for tests: no repository, no terminal, a user without settings.
#[cfg(test)]
pub(crate) fn sample(dir: &Path) -> Context {
    let sources = crate::settings::sample::sources(dir);
    let global = GlobalArgs {
        directory: None,
        json: false,
        quiet: false,
        verbose: 0,
        color: None,
    };
    Context {
        terminal: Terminal::new(&global, ColorChoice::Never, &sources),
        sources,
    }
}
