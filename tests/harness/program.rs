//! Running a program in a test environment: to its end, on a screen, or as something that is watched and killed.
//!
//! Knows nothing of what the program does.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, kill_process};

use crate::{Filter, Output, Screen, wait_until};

pub use rustix::process::Signal;

/// How long a run may take. Far above what any test needs on a busy machine with two cores.
const DEADLINE: Duration = Duration::from_secs(180);

/// A program with its arguments, not started yet.
pub struct Program {
    command: Command,
    filter: Filter,
    input: Option<Vec<u8>>,
}

impl Program {
    pub(crate) fn new(command: Command, filter: Filter) -> Self {
        Self {
            command,
            filter,
            input: None,
        }
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.command.args(arguments);
        self
    }

    /// Sets a variable for this run only.
    #[must_use]
    pub fn var(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// What the program reads from its standard input; without it there is nothing to read.
    #[must_use]
    pub fn stdin(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = Some(input.into());
        self
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// When it cannot be started or takes longer than three minutes.
    #[must_use = "assert the exit with .success() or .code(n), and look at the output"]
    #[track_caller]
    pub fn run(self) -> Output {
        self.start().wait()
    }

    /// Starts it on a terminal of its own with this many rows and columns.
    ///
    /// # Panics
    /// When there is no terminal to be had.
    #[must_use]
    pub fn on_screen(self, rows: u16, columns: u16) -> Screen {
        Screen::start(&self.command, rows, columns)
    }

    /// Starts it.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    #[track_caller]
    pub fn start(mut self) -> Running {
        let name = describe(&self.command);
        let stdin = if self.input.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        };
        let command = self
            .command
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        if let (Some(input), Some(mut pipe)) = (self.input, child.stdin.take()) {
            // A program that does not want to read everything is right to close the pipe.
            std::thread::spawn(move || pipe.write_all(&input));
        }
        let stdout = Stream::read(child.stdout.take().expect("stdout is piped"));
        let stderr = Stream::read(child.stderr.take().expect("stderr is piped"));
        Running {
            child,
            name,
            stdout,
            stderr,
            filter: self.filter,
        }
    }
}

/// A program that was started. Dropping it kills it (not what it started).
pub struct Running {
    child: Child,
    name: String,
    stdout: Stream,
    stderr: Stream,
    filter: Filter,
}

impl Running {
    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal. It is no error when it has ended already.
    pub fn signal(&self, signal: Signal) {
        if let Some(pid) = Pid::from_raw(self.child.id().cast_signed()) {
            let _gone = kill_process(pid, signal);
        }
    }

    /// Whether it still runs.
    ///
    /// # Panics
    /// When the system does not know.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("the child's state").is_none()
    }

    /// Waits until its standard output or its standard error (as they are, unfiltered) holds `text`.
    ///
    /// # Panics
    /// When the text does not come within a minute, or the program ends without it.
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) {
        wait_until(
            Duration::from_secs(60),
            &format!("{} said {text:?}", self.name),
            || {
                let ended = !self.is_running();
                if self.stdout.holds(text) || self.stderr.holds(text) {
                    return true;
                }
                assert!(
                    !ended,
                    "{} ended without saying {text:?}: {}",
                    self.name,
                    self.stderr.text()
                );
                false
            },
        );
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it takes longer than three minutes, or when it ended and somebody else still holds its output open.
    #[must_use = "assert the exit with .success() or .code(n), and look at the output"]
    #[track_caller]
    pub fn wait(mut self) -> Output {
        let mut status: Option<ExitStatus> = None;
        wait_until(DEADLINE, &format!("{} ended", self.name), || {
            status = self.child.try_wait().expect("the child's state");
            status.is_some()
        });
        let status = status.expect("it ended");
        wait_until(
            Duration::from_secs(20),
            "the output was closed by everybody",
            || self.stdout.is_closed() && self.stderr.is_closed(),
        );
        let streams = (self.stdout.bytes(), self.stderr.bytes());
        Output::new(self.name.clone(), status, streams, self.filter.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// What came out of a pipe until now; a thread reads it to its end.
struct Stream {
    bytes: Arc<Mutex<Vec<u8>>>,
    thread: std::thread::JoinHandle<()>,
}

impl Stream {
    fn read(mut pipe: impl Read + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&bytes);
        let thread = std::thread::spawn(move || {
            let mut chunk = vec![0; 64 * 1024];
            while let Ok(count @ 1..) = pipe.read(&mut chunk) {
                sink.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .extend_from_slice(&chunk[..count]);
            }
        });
        Self { bytes, thread }
    }

    fn bytes(&self) -> Vec<u8> {
        self.bytes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes()).into_owned()
    }

    fn holds(&self, text: &str) -> bool {
        self.text().contains(text)
    }

    fn is_closed(&self) -> bool {
        self.thread.is_finished()
    }
}

/// The command line as a person would write it, for messages.
fn describe(command: &Command) -> String {
    let name = Path::new(command.get_program())
        .file_name()
        .unwrap_or_default();
    let words = std::iter::once(name).chain(command.get_args());
    words
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}
