//! The journal of a run: the truth about what happened, on disk before anything is done about it.
//!
//! One JSON object a line, each with a version, a sequence number and a checksum; appended in groups, with one
//! `fdatasync` for each group, so that eight workers which report at once wait for one write and not for eight.
//! A tail that a crash tore is cut off at the next opening; damage anywhere else is refused.
//! Knows nothing of what the entries mean: that is [`entry`]'s and the run machine's.

pub mod entry;
#[cfg(feature = "failpoints")]
pub mod failpoint;

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use swarm_run::event::Timestamp;

use entry::Entry;

/// The version that this program writes. A higher one is refused: an older program must not continue a newer journal.
pub const VERSION: u32 = 1;

/// Longest line that is read; no entry comes near it.
const MAX_LINE_BYTES: u64 = 16 * 1024 * 1024;

/// An open journal, at its end.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    next_seq: u64,
    written: u64,
}

/// What a journal held when it was opened.
#[derive(Debug)]
pub struct Opened {
    /// The journal, ready to be appended to.
    pub journal: Journal,
    /// Its entries, oldest first, each with its time.
    pub entries: Vec<(Timestamp, Entry)>,
    /// Bytes of a torn tail that were cut off.
    pub torn_bytes: u64,
}

/// One line as it stands in the file.
#[derive(Serialize, Deserialize)]
struct Line<'a> {
    v: u32,
    seq: u64,
    at: u64,
    sum: String,
    #[serde(borrow)]
    body: &'a RawValue,
}

impl Journal {
    /// Starts a new journal at `path`.
    ///
    /// # Errors
    /// Any failure of the file system; the file must not exist.
    pub fn create(path: &Path) -> Result<Self, JournalError> {
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .open(path)
            .map_err(|source| JournalError::io("cannot create", path, source))?;
        sync_directory(path)?;
        Ok(Self {
            file,
            path: path.to_owned(),
            next_seq: 1,
            written: 0,
        })
    }

    /// Opens the journal at `path` for appending, cutting a torn tail off.
    ///
    /// # Errors
    /// [`JournalError::Damaged`] and [`JournalError::Newer`], or any failure of the file system.
    pub fn open(path: &Path) -> Result<Opened, JournalError> {
        let read = read(path)?;
        let mut file = OpenOptions::new()
            .append(true)
            .open(path)
            .map_err(|source| JournalError::io("cannot open", path, source))?;
        if read.torn_bytes > 0 {
            file.set_len(read.good_bytes)
                .and_then(|()| file.sync_data())
                .map_err(|source| JournalError::io("cannot cut the torn tail of", path, source))?;
        }
        file.seek(SeekFrom::End(0))
            .map_err(|source| JournalError::io("cannot seek in", path, source))?;
        let journal = Self {
            file,
            path: path.to_owned(),
            next_seq: read.entries.len() as u64 + 1,
            written: read.good_bytes,
        };
        Ok(Opened {
            journal,
            entries: read.entries,
            torn_bytes: read.torn_bytes,
        })
    }

    /// Appends `entries` and makes them durable with one write and one sync.
    ///
    /// # Errors
    /// Any failure of the file system. What was written in part is taken back, so that the journal stays whole;
    /// if even that fails, the next opening cuts the tail off.
    pub fn append(&mut self, at: Timestamp, entries: &[Entry]) -> Result<(), JournalError> {
        if entries.is_empty() {
            return Ok(());
        }
        #[cfg(feature = "failpoints")]
        let entries = &entries[..failpoint::allowed(self.next_seq, entries.len())];
        let mut bytes = Vec::new();
        for (offset, entry) in entries.iter().enumerate() {
            encode(&mut bytes, self.next_seq + offset as u64, at, entry)?;
        }
        let done = self
            .file
            .write_all(&bytes)
            .and_then(|()| self.file.sync_data());
        if let Err(source) = done {
            // Best effort: the error that is reported is the first one.
            let _ = self.file.set_len(self.written);
            return Err(JournalError::io("cannot write to", &self.path, source));
        }
        self.next_seq += entries.len() as u64;
        self.written += bytes.len() as u64;
        #[cfg(feature = "failpoints")]
        failpoint::reached(self.len());
        Ok(())
    }

    /// How many entries the journal holds.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.next_seq - 1
    }

    /// Whether nothing was written yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Reads the entries of the journal at `path` without opening it for writing; for commands that only look.
///
/// # Errors
/// As [`Journal::open`].
pub fn peek(path: &Path) -> Result<Vec<(Timestamp, Entry)>, JournalError> {
    read(path).map(|read| read.entries)
}

struct Contents {
    entries: Vec<(Timestamp, Entry)>,
    good_bytes: u64,
    torn_bytes: u64,
}

fn read(path: &Path) -> Result<Contents, JournalError> {
    let file = File::open(path).map_err(|source| JournalError::io("cannot open", path, source))?;
    let mut reader = BufReader::new(file);
    let mut entries = Vec::new();
    let mut good_bytes = 0;
    let mut torn: Option<(u64, String)> = None;
    let mut torn_bytes = 0;
    let mut line = Vec::new();
    loop {
        line.clear();
        let taken = reader
            .by_ref()
            .take(MAX_LINE_BYTES)
            .read_until(b'\n', &mut line)
            .map_err(|source| JournalError::io("cannot read", path, source))?
            as u64;
        if taken == 0 {
            break;
        }
        let number = entries.len() as u64 + 1;
        match (decode(&line, number), &torn) {
            (Ok(pair), None) => {
                entries.push(pair);
                good_bytes += taken;
            }
            (Ok(_), Some((at, why))) => return Err(JournalError::damaged(path, *at, why)),
            (Err(Refused::Newer(version)), _) => {
                return Err(JournalError::Newer {
                    path: path.to_owned(),
                    version,
                });
            }
            (Err(Refused::Torn(why)), _) => {
                torn.get_or_insert((number, why));
                torn_bytes += taken;
            }
            // A later line whose checksum holds is no torn tail: something before it was lost.
            (Err(Refused::Sequence(why)), _) => {
                return Err(JournalError::damaged(path, number, &why));
            }
        }
    }
    Ok(Contents {
        entries,
        good_bytes,
        torn_bytes,
    })
}

fn encode(bytes: &mut Vec<u8>, seq: u64, at: Timestamp, entry: &Entry) -> Result<(), JournalError> {
    let body = serde_json::value::to_raw_value(entry).map_err(JournalError::Encode)?;
    let line = Line {
        v: VERSION,
        seq,
        at: at.0,
        sum: checksum(seq, at.0, body.get()),
        body: &body,
    };
    serde_json::to_writer(&mut *bytes, &line).map_err(JournalError::Encode)?;
    bytes.push(b'\n');
    Ok(())
}

enum Refused {
    Torn(String),
    Sequence(String),
    Newer(u32),
}

fn decode(bytes: &[u8], expected_seq: u64) -> Result<(Timestamp, Entry), Refused> {
    let Some(text) = bytes.strip_suffix(b"\n") else {
        return Err(Refused::Torn("its line has no end".to_owned()));
    };
    let line: Line<'_> =
        serde_json::from_slice(text).map_err(|error| Refused::Torn(error.to_string()))?;
    if line.v > VERSION {
        return Err(Refused::Newer(line.v));
    }
    if line.sum != checksum(line.seq, line.at, line.body.get()) {
        return Err(Refused::Torn("its checksum does not hold".to_owned()));
    }
    if line.seq != expected_seq {
        return Err(Refused::Sequence(format!(
            "entry {} stands where entry {expected_seq} belongs",
            line.seq
        )));
    }
    let entry = serde_json::from_str(line.body.get())
        .map_err(|error| Refused::Sequence(format!("its body is not understood: {error}")))?;
    Ok((Timestamp(line.at), entry))
}

/// The first eight bytes of a BLAKE3 hash over everything that the line says, in hexadecimal.
fn checksum(seq: u64, at: u64, body: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seq.to_le_bytes());
    hasher.update(&at.to_le_bytes());
    hasher.update(body.as_bytes());
    hasher.finalize().to_hex()[..16].to_owned()
}

fn sync_directory(path: &Path) -> Result<(), JournalError> {
    let parent = path.parent().unwrap_or(Path::new("."));
    File::open(parent)
        .and_then(|directory| directory.sync_all())
        .map_err(|source| JournalError::io("cannot sync the directory of", path, source))
}

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file system refused.
    #[error("{what} the journal {}: {source}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// An entry before the tail does not hold.
    #[error("the journal {} is damaged at entry {entry}: {why}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Which entry, from 1.
        entry: u64,
        /// What is wrong with it.
        why: String,
    },
    /// A newer program wrote it.
    #[error("the journal {} has version {version}, and this program reads up to {VERSION}", path.display())]
    Newer {
        /// Which file.
        path: PathBuf,
        /// Its version.
        version: u32,
    },
    /// An entry cannot be written as JSON.
    #[error("an entry cannot be written as JSON: {0}")]
    Encode(serde_json::Error),
}

impl JournalError {
    fn io(what: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io {
            what,
            path: path.to_owned(),
            source,
        }
    }

    fn damaged(path: &Path, entry: u64, why: &str) -> Self {
        Self::Damaged {
            path: path.to_owned(),
            entry,
            why: why.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
