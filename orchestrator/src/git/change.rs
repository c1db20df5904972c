//! What a branch changes, as data: the files with their added and removed lines, and the commits.
//!
//! Knows nothing of gates: it neither judges nor leaves anything out, except beyond its stated bounds, where it says so.

use std::path::PathBuf;

use swarm_mailbox::id::CommitId;

/// Everything that lies between two commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The files that differ, sorted by the bytes of their (new) path.
    pub files: Vec<FileChange>,
    /// The commits that are in the head and not in the base, oldest first, each with its whole message as stored.
    pub commits: Vec<(CommitId, Vec<u8>)>,
    /// Whether files or commits are missing from the lists because there are too many.
    pub truncated: bool,
}

/// One file that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// Where it is now, or was before its deletion: relative to the top level, the bytes that git stores.
    pub path: PathBuf,
    /// Where it was, if it was renamed.
    pub old_path: Option<PathBuf>,
    /// What happened to it.
    pub status: Status,
    /// The mode git stores for the new side (`0o100644`, `0o100755`, `0o120000` symlink, `0o160000` submodule), 0 when deleted.
    pub mode: u32,
    /// Whether git takes its content for binary; then there are no lines.
    pub binary: bool,
    /// Bytes of its new content as stored; 0 when deleted or a submodule.
    pub size: u64,
    /// The lines that are new, each with its number in the new file from 1, without its line ending's `\n`.
    pub added: Vec<(u32, Vec<u8>)>,
    /// The lines that are gone, each with its number in the old file from 1, without its line ending's `\n`.
    pub removed: Vec<(u32, Vec<u8>)>,
    /// Whether `added` or `removed` is incomplete because the bound on kept bytes was reached: whoever judges the
    /// lines must not call this file clean.
    pub truncated: bool,
}

impl FileChange {
    /// A change of `path` that says nothing of its content yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>, status: Status) -> Self {
        Self {
            path: path.into(),
            old_path: None,
            status,
            mode: if status == Status::Deleted {
                0
            } else {
                0o100_644
            },
            binary: false,
            size: 0,
            added: Vec::new(),
            removed: Vec::new(),
            truncated: false,
        }
    }
}

/// What happened to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// It is new.
    Added,
    /// Its content differs (and perhaps its mode).
    Modified,
    /// It is gone.
    Deleted,
    /// It moved here from `old_path`, perhaps with edits.
    Renamed,
    /// It became another type of thing: file, symlink, submodule.
    TypeChanged,
    /// Only its executable bit differs.
    ModeChanged,
}
