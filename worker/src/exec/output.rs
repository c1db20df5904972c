//! What the commands of a job print, kept in one bounded file: the first half of the limit, a marker, the last half.
//!
//! While commands run the file may hold half a limit more; it is then replaced as a whole by a shorter one, so that
//! whoever opens it sees whole output at any time. Memory does not grow with the output. Output is drained even when it
//! cannot be kept: a full disk must not hang a command. Knows nothing of processes.

use std::fs::{self, File};
use std::io::{self, PipeReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Output of one command that goes into its report, in bytes.
const TAIL_BYTES: usize = 4096;
/// The smallest limit, in bytes; less than a screen helps nobody.
const MIN_LIMIT: u64 = 4096;
/// How much is read at once: what a pipe holds.
const CHUNK_BYTES: usize = 1 << 16;

/// The log of one job.
#[derive(Clone)]
pub(crate) struct Output(Arc<Mutex<Log>>);

/// What was kept of one command, as positions in all that the job printed.
pub(crate) struct Kept {
    /// Its first byte and the byte after its last.
    pub(crate) span: (u64, u64),
    /// Its last output.
    pub(crate) tail: String,
}

impl Output {
    /// An empty log at `path`. Where it cannot be written the job goes on; [`Output::close`] tells.
    pub(crate) fn new(path: &Path, limit: u64) -> Self {
        Self(Arc::new(Mutex::new(Log::new(path, limit))))
    }

    /// Reads `pipe` to its end, in a thread.
    pub(super) fn capture(&self, mut pipe: PipeReader) -> io::Result<Capture> {
        let log = self.clone();
        let start = self.lock().total;
        let cut = Arc::new(AtomicBool::new(false));
        let is_cut = Arc::clone(&cut);
        let (tail, ended) = channel();
        thread::Builder::new()
            .name("output".into())
            .spawn(move || {
                let mut buffer = vec![0; CHUNK_BYTES];
                loop {
                    match pipe.read(&mut buffer) {
                        Ok(0) => break,
                        Ok(size) => {
                            let mut log = log.lock();
                            if is_cut.load(Ordering::Relaxed) {
                                break;
                            }
                            log.append(buffer.get(..size).unwrap_or_default());
                        }
                        Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                        Err(_) => break,
                    }
                }
                let _ = tail.send(());
            })?;
        Ok(Capture {
            output: self.clone(),
            start,
            cut,
            ended,
        })
    }

    /// Brings the file to its final size; what could not be kept, if anything.
    pub(crate) fn close(&self) -> Option<String> {
        let mut log = self.lock();
        log.close();
        log.error.clone()
    }

    /// Where a span of all output stands in the closed file.
    pub(crate) fn place(&self, span: (u64, u64)) -> (u64, u64) {
        self.lock().place(span)
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The output of one command on its way to the log.
pub(super) struct Capture {
    output: Output,
    start: u64,
    cut: Arc<AtomicBool>,
    ended: Receiver<()>,
}

impl Capture {
    /// Waits until the output ends. Somebody who was handed the pipe from outside the command's tree could keep it
    /// open for ever: after `patience` nothing more is taken.
    pub(super) fn finish(self, patience: Duration) -> Kept {
        let _ = self.ended.recv_timeout(patience);
        let mut log = self.output.lock();
        self.cut.store(true, Ordering::Relaxed);
        let size = log.total.saturating_sub(self.start);
        let tail = std::mem::take(&mut log.tail);
        let own = tail.len().min(usize::try_from(size).unwrap_or(usize::MAX));
        Kept {
            span: (self.start, log.total),
            tail: text_of(tail.get(tail.len() - own..).unwrap_or_default()),
        }
    }
}

/// Text of bytes that may begin in the middle of a character.
fn text_of(bytes: &[u8]) -> String {
    let continues = |byte: &u8| byte & 0xc0 == 0x80;
    let skip = if bytes.len() == TAIL_BYTES {
        bytes
            .iter()
            .take(3)
            .take_while(|byte| continues(byte))
            .count()
    } else {
        0
    };
    String::from_utf8_lossy(bytes.get(skip..).unwrap_or_default()).into_owned()
}

/// The file, and what it holds.
struct Log {
    path: PathBuf,
    file: Option<File>,
    /// What each end of the output may keep.
    half: u64,
    /// All that was printed.
    total: u64,
    /// How much of it is left out behind the first half.
    left_out: u64,
    /// Length of the marker that stands for it; 0 where nothing is left out.
    marker: u64,
    /// The last bytes that were printed, at most [`TAIL_BYTES`].
    tail: Vec<u8>,
    error: Option<String>,
}

impl Log {
    fn new(path: &Path, limit: u64) -> Self {
        let mut log = Self {
            path: path.to_owned(),
            file: None,
            half: limit.max(MIN_LIMIT) / 2,
            total: 0,
            left_out: 0,
            marker: 0,
            tail: Vec::new(),
            error: None,
        };
        match fs::File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)
        {
            Ok(file) => log.file = Some(file),
            Err(error) => log.fail(&error),
        }
        log
    }

    fn append(&mut self, bytes: &[u8]) {
        let keep = bytes.get(bytes.len().saturating_sub(TAIL_BYTES)..);
        self.tail.extend_from_slice(keep.unwrap_or_default());
        let surplus = self.tail.len().saturating_sub(TAIL_BYTES);
        self.tail.drain(..surplus);
        self.total += bytes.len() as u64;
        let Some(file) = &mut self.file else { return };
        if let Err(error) = file.write_all(bytes) {
            self.fail(&error);
        } else if self.behind_head() > self.half * 2 {
            self.shorten();
        }
    }

    fn close(&mut self) {
        if self.file.is_some() && self.behind_head() > self.half {
            self.shorten();
        }
    }

    /// Bytes of output that stand in the file behind its first half.
    fn behind_head(&self) -> u64 {
        self.total.saturating_sub(self.half + self.left_out)
    }

    /// Replaces the file by one that leaves out all but the two halves.
    fn shorten(&mut self) {
        let left_out = self.total - 2 * self.half;
        let marker = format!("\n[swarm: {left_out} bytes are left out here]\n");
        match self.rewrite(&marker) {
            Ok(file) => {
                self.file = Some(file);
                self.left_out = left_out;
                self.marker = marker.len() as u64;
            }
            Err(error) => self.fail(&error),
        }
    }

    fn rewrite(&mut self, marker: &str) -> io::Result<File> {
        let Some(old) = &mut self.file else {
            return Err(io::ErrorKind::NotFound.into());
        };
        let dir = self.path.parent().unwrap_or(Path::new("."));
        let mut new = tempfile::Builder::new()
            .prefix(".output")
            .tempfile_in(dir)?;
        old.rewind()?;
        io::copy(&mut old.take(self.half), &mut new)?;
        new.write_all(marker.as_bytes())?;
        let back = i64::try_from(self.half).unwrap_or(i64::MAX);
        old.seek(SeekFrom::End(-back))?;
        io::copy(old, &mut new)?;
        new.persist(&self.path).map_err(|error| error.error)
    }

    /// Gives up keeping output; what is in the file stays.
    fn fail(&mut self, error: &io::Error) {
        self.file = None;
        self.error = Some(format!(
            "output behind byte {} could not be kept in {}: {error}",
            self.total,
            self.path.display()
        ));
    }

    /// Where the bytes of `span` stand in the file. What is left out stands where the marker is.
    fn place(&self, span: (u64, u64)) -> (u64, u64) {
        let tail = self.half + self.left_out;
        let place = |at: u64, in_gap: u64| match at {
            _ if at <= self.half => at,
            _ if at < tail => in_gap,
            _ => at - self.left_out + self.marker,
        };
        (
            place(span.0, self.half),
            place(span.1, self.half + self.marker),
        )
    }
}

#[cfg(test)]
mod tests;
