//! What a command can fail with, as a person reads it, and the exit status that it leads to.
//!
//! The one place where a library error gains a user's words and a hint, and the only table of exit statuses.
//! Knows nothing of how the failure came about.

use std::fmt::Write as _;
use std::io;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};

use swarm_mailbox::lease::LeaseError;

use crate::engine::EngineError;
use crate::git::command::GitError;
use crate::git::land::LandError;
use crate::rundir::RunDirError;
use crate::settings::SettingsError;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();

/// How the process exits. The numbers are a promise: `docs/exit-codes.md` lists them, and a test compares the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum ExitStatus {
    /// The command did what it was asked to do; of a run: every task is merged.
    Success = 0,
    /// At least one task failed, is blocked or was cancelled; a merge met a conflict.
    TaskFailed = 1,
    /// The command line or the plan is wrong. Nothing was changed.
    Usage = 2,
    /// Git, the disk, a lock or another part of the environment is in the way.
    Environment = 3,
    /// The budget is used up. The run is suspended and can be resumed.
    Budget = 4,
    /// A bug in swarm.
    Internal = 70,
    /// The run's own time limit is over. The run is suspended and can be resumed.
    Timeout = 124,
    /// The user stopped it. A run can be resumed unless it was cancelled.
    Interrupted = 130,
}

impl ExitStatus {
    /// Every status there is, by number.
    pub const ALL: [Self; 8] = [
        Self::Success,
        Self::TaskFailed,
        Self::Usage,
        Self::Environment,
        Self::Budget,
        Self::Internal,
        Self::Timeout,
        Self::Interrupted,
    ];

    /// The number that the shell sees.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    /// What it means, in one line without a period. The help and the documentation use these words.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Success => "success; of a run: every task is merged",
            Self::TaskFailed => {
                "a task failed, is blocked or was cancelled, or a merge has conflicts"
            }
            Self::Usage => "the command line or the plan is wrong; nothing was changed",
            Self::Environment => {
                "git, the disk, a lock or something else around swarm is in the way"
            }
            Self::Budget => "the budget is used up; the run can be resumed",
            Self::Internal => "a bug in swarm",
            Self::Timeout => "the run's time limit is over; the run can be resumed",
            Self::Interrupted => {
                "stopped by the user; a run can be resumed unless it was cancelled"
            }
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status.code())
    }
}

/// Whose fault it is, roughly; decides the exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The command line.
    Usage,
    /// The plan file.
    Plan,
    /// A task, or a merge of its work.
    Task,
    /// Git, the disk, a lock.
    Environment,
    /// The budget.
    Budget,
    /// The time limit.
    Timeout,
    /// The user stopped it.
    Interrupted,
    /// swarm itself.
    Internal,
    /// Whoever read our output has had enough (`swarm log | head`). Nothing is said about it and it is a success.
    BrokenPipe,
}

impl ErrorKind {
    /// How the process exits.
    #[must_use]
    pub fn status(self) -> ExitStatus {
        match self {
            Self::Usage | Self::Plan => ExitStatus::Usage,
            Self::Task => ExitStatus::TaskFailed,
            Self::Environment => ExitStatus::Environment,
            Self::Budget => ExitStatus::Budget,
            Self::Timeout => ExitStatus::Timeout,
            Self::Interrupted => ExitStatus::Interrupted,
            Self::Internal => ExitStatus::Internal,
            Self::BrokenPipe => ExitStatus::Success,
        }
    }
}

/// Why a command did not do what it was asked to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct CommandError {
    /// Decides the exit status.
    pub kind: ErrorKind,
    /// What was wrong and where, without a final period.
    pub message: String,
    /// What to do about it, each a sentence or a command.
    pub hints: Vec<String>,
}

impl CommandError {
    /// An error without hints.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hints: Vec::new(),
        }
    }

    /// The command line is wrong.
    #[must_use]
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Usage, message)
    }

    /// Something around swarm is in the way.
    #[must_use]
    pub fn environment(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Environment, message)
    }

    /// swarm itself is wrong.
    #[must_use]
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Internal, message)
    }

    /// The same error with one more hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// How the process exits.
    #[must_use]
    pub fn status(&self) -> ExitStatus {
        self.kind.status()
    }

    /// The error and its hints, one to a line and styled; a stream that is no terminal takes the styles out.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::new();
        labelled(&mut text, ERROR, "error", &self.message);
        for hint in &self.hints {
            labelled(&mut text, HINT, "hint", hint);
        }
        if self.kind == ErrorKind::Internal {
            let report = "this is a bug in swarm; please report it with the command that led here";
            labelled(&mut text, HINT, "hint", report);
        }
        text
    }
}

/// Further lines of `body` are indented, so that they are not taken for messages of their own.
fn labelled(text: &mut String, style: Style, label: &str, body: &str) {
    let body = body.trim_end().replace('\n', "\n  ");
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{style}{label}:{style:#} {body}");
}

impl From<io::Error> for CommandError {
    /// For what is written to standard output; a file's error names its path and is made with [`CommandError::environment`].
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::new(ErrorKind::BrokenPipe, "the reader of the output is gone")
        } else {
            Self::environment(format!("cannot write to standard output: {error}"))
        }
    }
}

impl From<SettingsError> for CommandError {
    fn from(error: SettingsError) -> Self {
        match &error {
            SettingsError::Invalid(_) => Self::usage(format!("the settings are wrong\n{error}"))
                .hint("`swarm config reference` says what each setting takes"),
            SettingsError::UnknownKey { .. } => {
                Self::usage(error.to_string()).hint("`swarm config list` shows all settings")
            }
            SettingsError::File { source, .. } => Self::environment(format!("{error}: {source}")),
        }
    }
}

impl From<GitError> for CommandError {
    /// Git's messages say what to do themselves. A name that is no commit was typed by somebody.
    fn from(error: GitError) -> Self {
        match error {
            GitError::UnknownRevision { .. } => Self::usage(error.to_string()),
            other => Self::environment(other.to_string()),
        }
    }
}

impl From<LandError> for CommandError {
    fn from(error: LandError) -> Self {
        let message = error.to_string();
        match error {
            LandError::Git(error) => error.into(),
            LandError::NoBranch { .. } => Self::usage(message),
            LandError::Conflict { head, .. } => Self::new(ErrorKind::Task, message).hint(format!(
                "nothing was changed; merge it by hand with: git merge {head}"
            )),
            LandError::InTheWay { .. }
            | LandError::Refused { .. }
            | LandError::Twice { .. }
            | LandError::Ref(_) => Self::environment(message),
        }
    }
}

impl From<RunDirError> for CommandError {
    fn from(error: RunDirError) -> Self {
        match &error {
            RunDirError::None => Self::usage(error.to_string()).hint("`swarm run PLAN` starts one"),
            RunDirError::Unknown { .. } => Self::usage(error.to_string())
                .hint("`swarm runs` lists the runs of this repository"),
            RunDirError::Ambiguous { .. } => {
                Self::usage(error.to_string()).hint("type more of its name")
            }
            RunDirError::Io { .. } => Self::environment(error.to_string()),
        }
    }
}

impl From<EngineError> for CommandError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Dir(error) => error.into(),
            EngineError::Git(error) => error.into(),
            EngineError::Lock(LeaseError::Held(owner)) => {
                Self::environment(format!("an engine drives this run already: {owner}"))
                    .hint("`swarm status` shows what it does, `swarm stop` ends it")
            }
            EngineError::PlanRefused(_) | EngineError::Dag(_) => {
                Self::new(ErrorKind::Plan, error.to_string())
            }
            EngineError::Name(_) | EngineError::Task(_) | EngineError::Replay(_) => {
                Self::internal(error.to_string())
            }
            EngineError::Journal(_)
            | EngineError::Lock(_)
            | EngineError::Mailbox(_)
            | EngineError::Ref(_)
            | EngineError::NoOpening
            | EngineError::Plan { .. }
            | EngineError::PlanChanged { .. }
            | EngineError::PathText { .. }
            | EngineError::Runtime(_) => Self::environment(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_table_is_the_real_one() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/exit-codes.md");
        let page = std::fs::read_to_string(path).unwrap();
        let rows: Vec<&str> = page.lines().filter(|l| l.starts_with("| `")).collect();
        let expected: Vec<String> = ExitStatus::ALL
            .iter()
            .map(|status| format!("| `{}` | {} |", status.code(), status.meaning()))
            .collect();
        assert_eq!(rows, expected);
    }

    #[test]
    fn every_kind_leads_to_the_promised_number() {
        let numbers = [
            (ErrorKind::Usage, 2),
            (ErrorKind::Plan, 2),
            (ErrorKind::Task, 1),
            (ErrorKind::Environment, 3),
            (ErrorKind::Budget, 4),
            (ErrorKind::Timeout, 124),
            (ErrorKind::Interrupted, 130),
            (ErrorKind::Internal, 70),
            (ErrorKind::BrokenPipe, 0),
        ];
        for (kind, number) in numbers {
            assert_eq!(kind.status().code(), number, "{kind:?}");
        }
    }

    #[test]
    fn an_error_shows_its_message_then_its_hints() {
        let error = CommandError::usage("no run 'x'\nin this repository")
            .hint("`swarm runs` lists them")
            .hint("run ids have nine characters");
        let plain = anstream::adapter::strip_str(&error.render()).to_string();
        insta::assert_snapshot!(plain, @r"
        error: no run 'x'
          in this repository
        hint: `swarm runs` lists them
        hint: run ids have nine characters
        ");
        assert!(
            error.render().starts_with("\u{1b}["),
            "styled for terminals"
        );
    }

    #[test]
    fn a_bug_asks_to_be_reported() {
        let text = CommandError::internal("two engines at once").render();
        assert!(text.contains("please report it"));
    }

    #[test]
    fn a_reader_that_leaves_early_is_no_failure() {
        let gone = CommandError::from(io::Error::from(io::ErrorKind::BrokenPipe));
        assert_eq!(gone.status(), ExitStatus::Success);
        let full = CommandError::from(io::Error::from(io::ErrorKind::StorageFull));
        assert_eq!(full.status(), ExitStatus::Environment);
    }
}
