//! Writing one small file so that it is there as a whole, or not at all, even after a power failure.
//!
//! Knows nothing of what is in the file.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

/// Puts `bytes` at `path`, replacing what was there in one step; readable by its owner only.
///
/// The file is written in `beside` (on the same file system), made durable, renamed, and the rename made durable.
///
/// # Errors
/// Whatever the file system says; `path` then holds what it held before.
pub fn write_via(beside: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = temporary_in(beside)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    sync_dir_of(path)
}

/// Like [`write()`], but only every other process sees it as a whole; after a power failure it may be empty or missing.
///
/// # Errors
/// As [`write_via`].
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = temporary_in(dir_of(path))?;
    file.write_all(bytes)?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

/// [`write_via`] the directory that `path` is in.
///
/// # Errors
/// As [`write_via`].
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_via(dir_of(path), path, bytes)
}

/// Reads a regular file of at most `limit` bytes; anything else, a pipe or a link for example, is refused unread.
///
/// # Errors
/// Whatever the file system says, and `InvalidData` for what is no file or too large.
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let refuse = |why: &str| Err(io::Error::new(io::ErrorKind::InvalidData, why));
    if !path.symlink_metadata()?.is_file() {
        return refuse("it is no regular file");
    }
    let mut bytes = Vec::new();
    // One byte more than allowed tells a file that is too large from one that just fits, even while it grows.
    File::open(path)?
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return refuse("it is too large");
    }
    Ok(bytes)
}

/// A new file in `dir`, readable by its owner only, that goes when it is dropped.
fn temporary_in(dir: &Path) -> io::Result<tempfile::NamedTempFile> {
    tempfile::Builder::new()
        .prefix(".")
        .suffix(".tmp")
        .tempfile_in(dir)
}

/// Makes the names in the directory of `path` durable.
pub(crate) fn sync_dir_of(path: &Path) -> io::Result<()> {
    File::open(dir_of(path))?.sync_all()
}

fn dir_of(path: &Path) -> &Path {
    match path.parent() {
        Some(dir) if !dir.as_os_str().is_empty() => dir,
        _ => Path::new("."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        write(&path, b"a longer text").unwrap();
        write(&path, b"short").unwrap();
        assert_eq!(read(&path, 5).unwrap(), b"short");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(
            dir.path().read_dir().unwrap().count(),
            1,
            "a temporary file stayed"
        );
    }

    #[test]
    fn what_is_too_large_or_no_file_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        write(&path, b"123456").unwrap();
        assert_eq!(
            read(&path, 5).unwrap_err().kind(),
            io::ErrorKind::InvalidData
        );
        assert!(read(dir.path(), 5).is_err());
        let link = dir.path().join("link");
        std::os::unix::fs::symlink("/dev/zero", &link).unwrap();
        assert!(read(&link, 5).is_err());
    }

    #[test]
    fn a_failed_write_leaves_the_old_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        write(&path, b"old").unwrap();
        assert!(write_via(&dir.path().join("missing"), &path, b"new").is_err());
        assert_eq!(read(&path, 9).unwrap(), b"old");
    }
}
