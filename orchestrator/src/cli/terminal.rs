//! Standard output and standard error of this process: what is printed, how much of it, and in which colours.
//!
//! A style that is not wanted (a pipe, `NO_COLOR`, `--color never`) is taken out of the text on its way. Knows nothing of
//! what is said.

use std::io::{self, IsTerminal as _, Write as _};

use anstream::AutoStream;
use anstyle::AnsiColor;

use super::args::GlobalArgs;
use crate::error::{CommandError, ErrorKind};

/// How much is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Only what went wrong and how it ended.
    Quiet,
    /// What a person wants to know.
    Normal,
    /// Every step.
    Verbose,
}

/// Whether a command prints for a person or for a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Text.
    Text,
    /// JSON, and nothing else on standard output.
    Json,
}

/// Where a command prints.
#[derive(Debug, Clone)]
pub struct Terminal {
    /// For a person or for a program.
    pub format: Format,
    /// How much.
    pub verbosity: Verbosity,
    color: anstream::ColorChoice,
}

impl Terminal {
    /// As the flags say.
    #[must_use]
    pub fn new(global: &GlobalArgs) -> Self {
        Self {
            format: if global.json {
                Format::Json
            } else {
                Format::Text
            },
            verbosity: match (global.quiet, global.verbose) {
                (true, _) => Verbosity::Quiet,
                (false, 0) => Verbosity::Normal,
                (false, _) => Verbosity::Verbose,
            },
            color: match global.color {
                clap::ColorChoice::Auto => anstream::ColorChoice::Auto,
                clap::ColorChoice::Always => anstream::ColorChoice::Always,
                clap::ColorChoice::Never => anstream::ColorChoice::Never,
            },
        }
    }

    /// Prints `text` on standard output: it is what the command was asked for.
    ///
    /// # Errors
    /// Standard output cannot be written to; of kind `BrokenPipe` where its reader went away.
    pub fn print(&self, text: &str) -> Result<(), CommandError> {
        let mut out = AutoStream::new(io::stdout().lock(), self.color);
        out.write_all(text.as_bytes())?;
        out.flush()?;
        Ok(())
    }

    /// Prints `bytes` on standard output as they are: a script, a diff, somebody else's output.
    ///
    /// # Errors
    /// As [`Self::print`].
    pub fn print_bytes(&self, bytes: &[u8]) -> Result<(), CommandError> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        out.flush()?;
        Ok(())
    }

    /// Prints `value` on standard output as one line of JSON.
    ///
    /// # Errors
    /// As [`Self::print`].
    pub fn print_json(&self, value: &impl serde::Serialize) -> Result<(), CommandError> {
        let mut line = serde_json::to_string(value)
            .map_err(|error| CommandError::internal(error.to_string()))?;
        line.push('\n');
        self.print(&line)
    }

    /// Tells a person on standard error what is going on; not with `--quiet`.
    pub fn note(&self, text: &str) {
        if self.verbosity > Verbosity::Quiet {
            self.tell(&format!("{text}\n"));
        }
    }

    /// Warns on standard error.
    pub fn warn(&self, text: &str) {
        let style = AnsiColor::Yellow.on_default().bold();
        self.tell(&format!("{style}warning:{style:#} {text}\n"));
    }

    /// Shows on standard error why a command failed.
    pub fn error(&self, error: &CommandError) {
        if error.kind != ErrorKind::BrokenPipe {
            self.tell(&error.render());
        }
    }

    /// Whether standard error is a terminal on which lines can be redrawn.
    #[must_use]
    pub fn can_redraw(&self) -> bool {
        self.format == Format::Text && io::stderr().is_terminal()
    }

    /// Whether styles reach standard output.
    #[must_use]
    pub fn styles_stdout(&self) -> bool {
        let out = AutoStream::new(io::stdout(), self.color);
        out.current_choice() != anstream::ColorChoice::Never
    }

    /// Whoever reads standard error can go away without making anything fail.
    fn tell(&self, text: &str) {
        let mut err = AutoStream::new(io::stderr().lock(), self.color);
        let _ = err.write_all(text.as_bytes());
    }
}
