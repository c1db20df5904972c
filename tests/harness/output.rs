//! What a finished program left: its exit and its two streams.
//!
//! Knows nothing of how the program was run.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use crate::filter::Filter;

/// The exit and the output of one program.
pub struct Output {
    command: String,
    status: ExitStatus,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    filter: Filter,
}

impl Output {
    pub(crate) fn new(
        command: String,
        status: ExitStatus,
        streams: (Vec<u8>, Vec<u8>),
        filter: Filter,
    ) -> Self {
        let (stdout, stderr) = streams;
        Self {
            command,
            status,
            stdout,
            stderr,
            filter,
        }
    }

    /// Asserts that the program ended with status 0.
    ///
    /// # Panics
    /// When it did not; the message holds everything that it printed.
    #[track_caller]
    pub fn success(self) -> Self {
        self.code(0)
    }

    /// Asserts that the program ended by itself with `status`.
    ///
    /// # Panics
    /// When it did not; the message holds everything that it printed.
    #[track_caller]
    pub fn code(self, status: i32) -> Self {
        assert!(
            self.status.code() == Some(status),
            "expected exit {status} from {self}"
        );
        self
    }

    /// Asserts that the signal of this number ended the program.
    ///
    /// # Panics
    /// When it did not.
    #[track_caller]
    pub fn killed_by(self, signal: i32) -> Self {
        assert!(
            self.status.signal() == Some(signal),
            "expected death by signal {signal} of {self}"
        );
        self
    }

    /// Its standard output, filtered.
    #[must_use]
    pub fn stdout(&self) -> String {
        self.filter.apply(&self.raw_stdout())
    }

    /// Its standard error, filtered.
    #[must_use]
    pub fn stderr(&self) -> String {
        self.filter.apply(&self.raw_stderr())
    }

    /// Its standard output as it was; bytes that are no UTF-8 are replaced.
    #[must_use]
    pub fn raw_stdout(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Its standard error as it was; bytes that are no UTF-8 are replaced.
    #[must_use]
    pub fn raw_stderr(&self) -> String {
        String::from_utf8_lossy(&self.stderr).into_owned()
    }
}

/// Everything, for whole-output snapshots and for the messages of failed assertions.
impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "$ {}", self.filter.apply(&self.command))?;
        writeln!(f, "[{}]", self.status)?;
        write!(
            f,
            "--- stdout\n{}--- stderr\n{}",
            self.stdout(),
            self.stderr()
        )
    }
}
