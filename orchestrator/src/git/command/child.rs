//! A started command until its end: fed, listened to within bounds, killed with its group when it goes beyond them.
//!
//! Knows nothing of git.

use std::io::{Read, Write};
use std::process::{Child, ExitStatus};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

/// How many bytes of standard error are kept.
const MAX_STDERR: usize = 64 << 10;
/// How long the pipes of a finished command may stay open, because a process it left behind holds them.
const PIPE_GRACE: Duration = Duration::from_secs(2);

/// What was heard of a command.
#[derive(Default)]
pub(super) struct Heard {
    /// Standard output; `None` when somebody still holds it open.
    pub(super) out: Option<Vec<u8>>,
    /// Standard error, its first part.
    pub(super) err: Option<Vec<u8>>,
    /// How it ended; `None` when that was not seen.
    pub(super) end: Option<std::io::Result<ExitStatus>>,
    /// There was more output than was to be taken, and it was killed for that.
    pub(super) cut: bool,
    /// It took longer than it may, and was killed for that.
    pub(super) late: bool,
}

enum Word {
    Out(Vec<u8>, bool),
    Err(Vec<u8>),
    End(std::io::Result<ExitStatus>),
}

/// Writes `input` to the command, which leads a process group of its own, and hears it out: at most `limit` bytes, at
/// most for `timeout`.
pub(super) fn hear(
    mut child: Child,
    input: Option<Vec<u8>>,
    limit: usize,
    timeout: Duration,
) -> Heard {
    let deadline = Instant::now() + timeout;
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let (sender, receiver) = channel();
    if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
        // A command that stops reading closes the pipe; its exit code tells the story.
        std::thread::spawn(move || drop(stdin.write_all(&input)));
    }
    if let Some(stdout) = child.stdout.take() {
        read_to(stdout, limit, sender.clone(), Word::Out);
    }
    if let Some(stderr) = child.stderr.take() {
        read_to(stderr, MAX_STDERR, sender.clone(), |bytes, _| {
            Word::Err(bytes)
        });
    }
    std::thread::spawn(move || drop(sender.send(Word::End(child.wait()))));
    listen(&receiver, deadline, group)
}

/// Collects what is said until the command ended and closed its pipes, or its time is over.
fn listen(receiver: &Receiver<Word>, deadline: Instant, group: Option<Pid>) -> Heard {
    let mut all = Heard::default();
    let mut until = deadline;
    while all.out.is_none() || all.err.is_none() || all.end.is_none() {
        match receiver.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(Word::Out(bytes, whole)) => {
                all.cut = !whole;
                all.out = Some(bytes);
                if !whole {
                    kill(group);
                }
            }
            Ok(Word::Err(bytes)) => all.err = Some(bytes),
            Ok(Word::End(status)) => {
                all.end = Some(status);
                until = until.min(Instant::now() + PIPE_GRACE);
            }
            Err(RecvTimeoutError::Timeout) if all.end.is_none() && !all.late => {
                all.late = true;
                kill(group);
                until = Instant::now() + PIPE_GRACE;
            }
            Err(_) => break,
        }
    }
    all
}

/// Reads a pipe on a thread of its own. What comes beyond the limit is read and dropped; that it comes is told at once,
/// so that an endless writer can be stopped. The second value told is whether the bytes are all there were.
fn read_to(
    mut pipe: impl Read + Send + 'static,
    limit: usize,
    sender: Sender<Word>,
    word: fn(Vec<u8>, bool) -> Word,
) {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let mut chunk = [0; 16 << 10];
        while let Ok(count @ 1..) = pipe.read(&mut chunk) {
            let room = limit - bytes.len();
            bytes.extend_from_slice(&chunk[..count.min(room)]);
            if count > room {
                drop(sender.send(word(bytes, false)));
                while let Ok(1..) = pipe.read(&mut chunk) {}
                return;
            }
        }
        drop(sender.send(word(bytes, true)));
    });
}

fn kill(group: Option<Pid>) {
    if let Some(group) = group {
        // Gone already is as good as killed.
        let _ = kill_process_group(group, Signal::KILL);
    }
}
