//! Standard output and standard error of this process: what is printed, how much of it, and in which colours.
//!
//! A style that is not wanted (a pipe, `NO_COLOR`, `--color never`) is taken out of the text on its way. Knows nothing of
//! what is said.

use std::io::{self, Write as _};

use anstream::AutoStream;
use anstyle::AnsiColor;
use indicatif::ProgressDrawTarget;
use swarm_mailbox::id::{RunId, TaskId};

use super::args::GlobalArgs;
use crate::error::{CommandError, ErrorKind};
use crate::report::Reporter;
use crate::report::json::Json;
use crate::report::line::{Clock, Layout, Lines};
use crate::report::notice::Weight;
use crate::report::progress::Progress;
use crate::settings::{ColorChoice, Sources};

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
    out: Stream,
    err: Stream,
}

/// One of the two output streams.
#[derive(Debug, Clone, Copy)]
struct Stream {
    is_terminal: bool,
    styles: anstream::ColorChoice,
}

impl Terminal {
    /// As the flags, the settings and what the streams are say.
    #[must_use]
    pub fn new(global: &GlobalArgs, color: ColorChoice, sources: &Sources) -> Self {
        let stream = |is_terminal| Stream {
            is_terminal,
            styles: if color.is_on(&sources.env, is_terminal) {
                anstream::ColorChoice::AlwaysAnsi
            } else {
                anstream::ColorChoice::Never
            },
        };
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
            out: stream(sources.terminals.output),
            err: stream(sources.terminals.error),
        }
    }

    /// Prints `text` on standard output: it is what the command was asked for.
    ///
    /// # Errors
    /// Standard output cannot be written to; of kind `BrokenPipe` where its reader went away.
    pub fn print(&self, text: &str) -> Result<(), CommandError> {
        let mut out = AutoStream::new(io::stdout().lock(), self.out.styles);
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

    /// What shows the run `run` with these tasks while it goes on: JSON if asked for, a moving display on a terminal, and
    /// plain lines otherwise. All of them use standard output.
    #[must_use]
    pub fn reporter(&self, run: &RunId, tasks: &[TaskId]) -> Box<dyn Reporter> {
        let layout = self.layout(tasks, Clock::Hidden);
        if self.format == Format::Json {
            Box::new(Json::new(io::stdout(), run.clone()))
        } else if self.out.is_terminal && self.verbosity > Verbosity::Quiet {
            let rows = || screen().map_or(24, |(_, rows)| rows);
            let target = ProgressDrawTarget::stdout();
            Box::new(Progress::new(
                target,
                layout,
                self.styles_stdout(),
                Box::new(rows),
            ))
        } else {
            Box::new(Lines::new(
                AutoStream::new(io::stdout(), self.out.styles),
                layout,
            ))
        }
    }

    /// How the notices of a run with these tasks become lines.
    #[must_use]
    pub fn layout(&self, tasks: &[TaskId], clock: Clock) -> Layout {
        let least = match self.verbosity {
            Verbosity::Quiet => Weight::Vital,
            Verbosity::Normal => Weight::Normal,
            Verbosity::Verbose => Weight::Detail,
        };
        Layout::new(tasks, clock, least)
    }

    /// The columns of the screen that standard output is; none where it is no screen.
    #[must_use]
    pub fn columns(&self) -> Option<usize> {
        screen()
            .filter(|_| self.out.is_terminal)
            .map(|(columns, _)| columns)
    }

    /// Whether a person reads standard output as it comes.
    #[must_use]
    pub fn is_screen(&self) -> bool {
        self.out.is_terminal
    }

    /// Whether styles reach standard error.
    #[must_use]
    pub fn styles_stderr(&self) -> bool {
        self.err.styles != anstream::ColorChoice::Never
    }

    /// Whether styles reach standard output.
    #[must_use]
    pub fn styles_stdout(&self) -> bool {
        self.out.styles != anstream::ColorChoice::Never
    }

    /// Writes `text` to standard error, also with `--quiet`. Whoever reads it can go away without making anything fail.
    pub fn tell(&self, text: &str) {
        let mut err = AutoStream::new(io::stderr().lock(), self.err.styles);
        let _ = err.write_all(text.as_bytes());
    }
}

/// Columns and rows of the terminal that standard output is. A terminal that says zero does not know.
fn screen() -> Option<(usize, usize)> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0 && size.ws_row > 0).then(|| (size.ws_col.into(), size.ws_row.into()))
}
