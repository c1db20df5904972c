//! What a branch changes, as data: the files with their added and removed lines, and the commits.
//!
//! Knows nothing of gates: it neither judges nor leaves anything out, except beyond its stated bounds, where it says so.

use std::path::PathBuf;

use swarm_mailbox::id::CommitId;

use super::backend::{Blob, Reader};
use super::command::{GitError, path_of};
use super::repo::Repo;

/// How much of a change is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Files and commits in their lists.
    pub entries: usize,
    /// Bytes of one side of one file that are compared.
    pub file: usize,
    /// Bytes of all added and removed lines together.
    pub lines: usize,
}

impl Default for Bounds {
    /// 100,000 entries, 8 MiB of one file, 128 MiB of lines.
    fn default() -> Self {
        Self {
            entries: 100_000,
            file: 8 << 20,
            lines: 128 << 20,
        }
    }
}

/// A commit's id and its whole message.
type Commit = (CommitId, Vec<u8>);

/// How many files are read at once, so that a large change is not in memory twice.
const CHUNK: usize = 64;

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

/// What lies between `base` and `head`, where `base` is what the branch began at. Attributes do not count: a file is
/// binary when git's own test of its content says so, not because its author calls it that.
///
/// # Errors
/// Whatever keeps the repository from being read.
pub fn between(
    repo: &Repo,
    base: &CommitId,
    head: &CommitId,
    bounds: Bounds,
) -> Result<Change, GitError> {
    let (mut deltas, mut truncated) = deltas(repo, base, head, bounds.entries)?;
    let (commits, more) = commits(repo, base, head, bounds.entries)?;
    truncated |= more;
    deltas.sort_by(|a, b| a.file.path.cmp(&b.file.path));
    let reader = Reader::open(repo)?;
    let mut room = bounds.lines;
    for chunk in deltas.chunks_mut(CHUNK) {
        let ids: Vec<String> = chunk
            .iter()
            .flat_map(|delta| [&delta.old, &delta.new])
            .flatten()
            .cloned()
            .collect();
        let mut blobs = reader.blobs(&ids, bounds.file)?.into_iter();
        for delta in chunk {
            let old = delta.old.as_ref().and_then(|_| blobs.next());
            let new = delta.new.as_ref().and_then(|_| blobs.next());
            delta.file.size = new.as_ref().map_or(0, |blob| blob.size);
            compare(&mut delta.file, old, new, &mut room)?;
        }
    }
    Ok(Change {
        files: deltas.into_iter().map(|delta| delta.file).collect(),
        commits,
        truncated,
    })
}

/// A file and the blobs to compare; none for a side that is absent or a submodule.
struct Delta {
    file: FileChange,
    old: Option<String>,
    new: Option<String>,
}

/// Git lists the files: its rename detection is the one that merges go by.
fn deltas(
    repo: &Repo,
    base: &CommitId,
    head: &CommitId,
    limit: usize,
) -> Result<(Vec<Delta>, bool), GitError> {
    let call = repo.git().call([
        "diff-tree",
        "-r",
        "-z",
        "--raw",
        "--no-abbrev",
        "--find-renames=50%",
        "-l2000",
    ]);
    let answer = call
        .args(["--no-ext-diff", base.as_str(), head.as_str()])
        .run()?;
    let mut fields = answer.fields();
    let mut all = Vec::new();
    while let Some(raw) = fields.next() {
        if all.len() == limit {
            return Ok((all, true));
        }
        let bad = || GitError::Output {
            command: "git diff-tree".into(),
            what: "a line of it is cut off",
        };
        let mut renamed = None;
        let text = std::str::from_utf8(raw).map_err(|_| bad())?;
        let parts: Vec<&str> = text.trim_start_matches(':').split(' ').collect();
        let [old_mode, mode, old, new, letter] = parts[..] else {
            return Err(bad());
        };
        let mut path = fields.next().map(path_of).ok_or_else(bad)?;
        if letter.starts_with('R') {
            renamed = Some(std::mem::replace(
                &mut path,
                fields.next().map(path_of).ok_or_else(bad)?,
            ));
        }
        let mode_of = |text: &str| u32::from_str_radix(text, 8).map_err(|_| bad());
        let (old_mode, mode) = (mode_of(old_mode)?, mode_of(mode)?);
        let status = match letter.as_bytes().first() {
            Some(b'A') => Status::Added,
            Some(b'D') => Status::Deleted,
            Some(b'R') => Status::Renamed,
            Some(b'T') => Status::TypeChanged,
            _ if old == new && old_mode != mode => Status::ModeChanged,
            _ => Status::Modified,
        };
        let blob = |mode: u32, id: &str| (mode != 0 && mode != 0o160_000).then(|| id.to_owned());
        let mut file = FileChange::new(path, status);
        file.old_path = renamed;
        file.mode = mode;
        all.push(Delta {
            file,
            old: blob(old_mode, old),
            new: blob(mode, new),
        });
    }
    Ok((all, false))
}

fn commits(
    repo: &Repo,
    base: &CommitId,
    head: &CommitId,
    limit: usize,
) -> Result<(Vec<Commit>, bool), GitError> {
    let call = repo.git().call([
        "log",
        "-z",
        "--topo-order",
        "--encoding=UTF-8",
        "--no-show-signature",
    ]);
    let call = call.args([
        "--format=%H%n%B",
        &format!("--max-count={}", limit.saturating_add(1)),
    ]);
    let answer = call
        .args([head.as_str(), &format!("^{base}"), "--"])
        .run()?;
    let mut all = Vec::new();
    for field in answer.fields() {
        let (id, message) = field.split_at(
            field
                .iter()
                .position(|&byte| byte == b'\n')
                .unwrap_or(field.len()),
        );
        let id = std::str::from_utf8(id)
            .ok()
            .and_then(|id| CommitId::new(id).ok());
        let id = id.ok_or_else(|| GitError::Output {
            command: "git log".into(),
            what: "no commit id",
        })?;
        all.push((id, message.strip_prefix(b"\n").unwrap_or(message).to_vec()));
    }
    let more = all.len() > limit;
    all.truncate(limit);
    all.reverse();
    Ok((all, more))
}

/// Finds the added and removed lines of one file.
fn compare(
    file: &mut FileChange,
    old: Option<Blob>,
    new: Option<Blob>,
    room: &mut usize,
) -> Result<(), GitError> {
    let cut = |blob: &Option<Blob>| {
        blob.as_ref()
            .is_some_and(|blob| blob.bytes.len() as u64 != blob.size)
    };
    // Git looks for a NUL in the first 8000 bytes.
    let binary = |blob: &Option<Blob>| {
        blob.as_ref()
            .is_some_and(|b| b.bytes[..b.bytes.len().min(8000)].contains(&0))
    };
    file.binary = binary(&old) || binary(&new);
    if file.binary {
        return Ok(());
    }
    file.truncated = cut(&old) || cut(&new);
    let bytes = |blob: Option<Blob>| blob.map_or_else(Vec::new, |blob| blob.bytes);
    let (old, new) = (bytes(old), bytes(new));
    let mut options = git2::DiffOptions::new();
    options.context_lines(0).force_text(true);
    let patch = git2::Patch::from_buffers(&old, None, &new, None, Some(&mut options))
        .map_err(GitError::Library)?;
    for hunk in 0..patch.num_hunks() {
        for line in 0..patch.num_lines_in_hunk(hunk).map_err(GitError::Library)? {
            let line = patch.line_in_hunk(hunk, line).map_err(GitError::Library)?;
            let (list, number) = match line.origin() {
                '+' => (&mut file.added, line.new_lineno()),
                '-' => (&mut file.removed, line.old_lineno()),
                _ => continue,
            };
            let content = line.content();
            let content = content.strip_suffix(b"\n").unwrap_or(content);
            if content.len() > *room {
                file.truncated = true;
                return Ok(());
            }
            *room -= content.len();
            list.push((number.unwrap_or(0), content.to_vec()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
