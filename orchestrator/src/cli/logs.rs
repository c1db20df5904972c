//! `swarm logs TASK`: what the commands of a task, or of its gates, printed.
//!
//! Reads the bounded file that the worker keeps, also while it grows. Knows nothing of how a task ended.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use swarm_mailbox::id::{AttemptNo, TaskId};
use swarm_worker::{StateDir, WorkerSpec};

use super::Context;
use super::args::LogsArgs;
use super::terminal::Format;
use crate::error::{CommandError, ExitStatus};
use crate::launch::Presence;
use crate::rundir::RunDir;

/// How often a growing file is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// The worker replaces a file that has grown too long by one with a gap, which begins so.
const GAP: &[u8] = b"\n[swarm: ";
/// A longer line is cut in two in JSON.
const MAX_LINE: usize = 1 << 20;
/// A worker keeps at least so many bytes, whatever its spec says.
const MIN_LIMIT: u64 = 4096;
/// Longest text of such a gap.
const MAX_GAP: u64 = 80;

/// Prints what was kept, and with `--follow` what comes.
///
/// # Errors
/// There is no such run or try, or its file cannot be read.
pub fn run(context: &Context, args: &LogsArgs) -> Result<ExitStatus, CommandError> {
    let dir = RunDir::find(context.repo()?.common_dir(), args.run.as_deref())?;
    let part = if args.gates { Part::Gates } else { Part::Work };
    let Some(found) = newest(
        &dir.workers(),
        &args.task,
        args.attempt.map(AttemptNo),
        part,
    )
    .map_err(|error| unreadable(&dir.workers(), &error))?
    else {
        return Err(nothing(args, &dir));
    };
    let state = StateDir::new(&found.path);
    let stdout = io::stdout().lock();
    let result = match context.terminal.format {
        Format::Json => {
            let mut lines = JsonLines::new(stdout);
            let printed = print(&state, args.follow, &mut lines);
            printed.and_then(|()| lines.finish().map_err(Failure::Out))
        }
        // What a command printed may hold anything; a screen gets no control sequence of it.
        Format::Text if context.terminal.is_screen() => {
            print(&state, args.follow, &mut anstream::StripStream::new(stdout))
        }
        Format::Text => print(&state, args.follow, &mut { stdout }),
    };
    result.map_err(|error| match error {
        Failure::Out(error) => error.into(),
        Failure::Log(error) => unreadable(&state.output(), &error),
    })?;
    Ok(ExitStatus::Success)
}

fn unreadable(path: &Path, error: &io::Error) -> CommandError {
    CommandError::environment(format!("cannot read {}: {error}", path.display()))
}

fn nothing(args: &LogsArgs, dir: &RunDir) -> CommandError {
    let (task, run) = (&args.task, dir.run());
    let whose = if args.gates { "gates of " } else { "" };
    let which = args
        .attempt
        .map(|number| format!("try {number} of "))
        .unwrap_or_default();
    CommandError::usage(format!(
        "nothing was started for {which}{whose}'{task}' in run {run}"
    ))
    .hint(format!(
        "`swarm status {run}` shows its tasks and their tries"
    ))
}

/// Whose output of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// The task's own commands.
    Work,
    /// Its gates.
    Gates,
}

/// A worker's directory, and what its name says.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    attempt: u32,
    /// A try whose worker vanished gets another one, with a number behind its name.
    replacement: u32,
    path: PathBuf,
}

/// The newest worker of a task's part, of the try `attempt` if that is given.
fn newest(
    workers: &Path,
    task: &TaskId,
    attempt: Option<AttemptNo>,
    part: Part,
) -> io::Result<Option<Found>> {
    let mut newest = None;
    for entry in fs::read_dir(workers)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        let Some((number, replacement)) = parse(name, task, part) else {
            continue;
        };
        if attempt.is_none_or(|wanted| wanted.0 == number) {
            newest = newest.max(Some(Found {
                attempt: number,
                replacement,
                path,
            }));
        }
    }
    Ok(newest)
}

/// The try and the replacement that an agent's name says: `TASK.ATTEMPT[.check][.REPLACEMENT]`.
fn parse(name: &str, task: &TaskId, part: Part) -> Option<(u32, u32)> {
    let mut parts = name
        .strip_prefix(task.as_str())?
        .strip_prefix('.')?
        .split('.');
    let attempt = parts.next()?.parse().ok()?;
    let mut rest = parts.next();
    if part == Part::Gates {
        rest.filter(|word| *word == "check")?;
        rest = parts.next();
    }
    let replacement = rest.map_or(Ok(0), str::parse).ok()?;
    parts.next().is_none().then_some((attempt, replacement))
}

/// What went wrong on the way from the file to the reader.
enum Failure {
    Log(io::Error),
    Out(io::Error),
}

/// Copies the output to `out`, and goes on until the worker has ended if it is to be followed.
fn print(state: &StateDir, follow: bool, out: &mut dyn Write) -> Result<(), Failure> {
    let mut tail = Tail {
        path: state.output(),
        file: None,
    };
    loop {
        // Asked before the last look: what is printed in between is not missed.
        let over = !follow || !matches!(Presence::of(state), Ok(Presence::Alive(_)));
        tail.copy(state, out)?;
        out.flush().map_err(Failure::Out)?;
        if over {
            return Ok(());
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// A file that grows, and now and then is replaced by a shorter one.
struct Tail {
    path: PathBuf,
    file: Option<File>,
}

impl Tail {
    /// Copies what has come since the last time.
    fn copy(&mut self, state: &StateDir, out: &mut dyn Write) -> Result<(), Failure> {
        if let Some(file) = &mut self.file {
            drain(file, out)?;
        }
        let fresh = match File::open(&self.path) {
            Ok(fresh) => fresh,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(Failure::Log(error)),
        };
        match &self.file {
            Some(old) if same(old, &fresh).map_err(Failure::Log)? => Ok(()),
            old => {
                let mut fresh = fresh;
                if old.is_some() {
                    skip_known(&mut fresh, state).map_err(Failure::Log)?;
                }
                drain(&mut fresh, out)?;
                self.file = Some(fresh);
                Ok(())
            }
        }
    }
}

fn drain(file: &mut File, out: &mut dyn Write) -> Result<(), Failure> {
    let mut buffer = [0; 1 << 16];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(size) => out.write_all(&buffer[..size]).map_err(Failure::Out)?,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(Failure::Log(error)),
        }
    }
}

fn same(one: &File, other: &File) -> io::Result<bool> {
    let (one, other) = (one.metadata()?, other.metadata()?);
    Ok((one.dev(), one.ino()) == (other.dev(), other.ino()))
}

/// Goes to where a file that replaced another one goes on: behind its first half, the gap and its last half, all of which
/// the old one held. Where no gap is found nothing is skipped.
fn skip_known(file: &mut File, state: &StateDir) -> io::Result<()> {
    let Ok(spec) = WorkerSpec::load(&state.spec()) else {
        return Ok(());
    };
    let half = spec.log_limit.max(MIN_LIMIT) / 2;
    file.seek(SeekFrom::Start(half))?;
    let mut gap = Vec::new();
    file.take(MAX_GAP).read_to_end(&mut gap)?;
    let end = gap.iter().skip(1).position(|byte| *byte == b'\n');
    let skipped = match end {
        Some(end) if gap.starts_with(GAP) => half + (end as u64 + 2) + half,
        _ => 0,
    };
    file.seek(SeekFrom::Start(skipped))?;
    Ok(())
}

/// Writes each line as `{"line":"…"}`.
struct JsonLines<W: Write> {
    out: W,
    line: Vec<u8>,
}

impl<W: Write> JsonLines<W> {
    fn new(out: W) -> Self {
        Self {
            out,
            line: Vec::new(),
        }
    }

    /// Writes what came after the last line end.
    fn finish(&mut self) -> io::Result<()> {
        if self.line.is_empty() {
            Ok(())
        } else {
            self.end_line()
        }
    }

    fn end_line(&mut self) -> io::Result<()> {
        let line = String::from_utf8_lossy(&self.line);
        writeln!(self.out, "{}", serde_json::json!({ "line": line }))?;
        self.line.clear();
        Ok(())
    }
}

impl<W: Write> Write for JsonLines<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for byte in bytes {
            if *byte != b'\n' {
                self.line.push(*byte);
            }
            if *byte == b'\n' || self.line.len() >= MAX_LINE {
                self.end_line()?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

#[cfg(test)]
mod tests;
