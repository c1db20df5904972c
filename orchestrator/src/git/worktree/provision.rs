//! What a new worktree gets besides what is committed: ignored files copied or linked from the user's working tree.
//!
//! Three sources name them: `.worktreeinclude` (the syntax of `.gitignore`), and the plan's `copy` and `link` patterns.
//! Only git-ignored files are taken, so that none of them can end up in a task's commit. Knows nothing of plans.

use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::path::{Component, Path, PathBuf};

use crate::git::command::{Git, GitError, path_of};
use crate::git::repo::Repo;

/// Files that one worktree gets at most.
const MAX_FILES: usize = 200_000;
/// Bytes that one worktree gets at most (shared ones count too): 20 GiB.
const MAX_BYTES: u64 = 20 << 30;
/// The file at the top level that names what to copy.
const INCLUDE: &str = ".worktreeinclude";

/// What the plan asks for: git globs relative to the top level, where a directory stands for all below it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// To be copied.
    pub copy: Vec<String>,
    /// To be linked: a file becomes a symlink, a directory becomes a directory of symlinks (ignore patterns for
    /// directories do not match a symlink, and what a tool adds to it stays in the worktree).
    pub link: Vec<String>,
}

/// What a worktree got.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provisioned {
    /// Files copied, shared ones among them.
    pub copied: usize,
    /// Files whose blocks are shared with the original's.
    pub shared: usize,
    /// Symlinks made to the user's files.
    pub linked: usize,
    /// What was named and not taken, and why.
    pub skipped: Vec<(PathBuf, &'static str)>,
}

/// Gives the worktree at `to` what `wanted` and `.worktreeinclude` name in the working tree at `from`. What is there
/// already is left alone, so that it can be asked for again.
///
/// # Errors
/// [`ProvisionError`].
pub fn provision(
    repo: &Repo,
    from: &Path,
    to: &Path,
    wanted: &Wanted,
) -> Result<Provisioned, ProvisionError> {
    for pattern in wanted.copy.iter().chain(&wanted.link) {
        if !stays_inside(Path::new(""), Path::new(pattern)) {
            return Err(ProvisionError::Outside {
                pattern: pattern.clone(),
            });
        }
    }
    let git = repo.at(from);
    let mut done = Provisioned::default();
    let mut copies = included(&git, from)?;
    copies.extend(untracked(&git, &wanted.copy, &[])?);
    copies.sort();
    copies.dedup();
    let copies = only_ignored(&git, copies, &mut done)?;
    let links = untracked(&git, &wanted.link, &["--directory"])?;
    let links = only_ignored(&git, links, &mut done)?;
    if copies.len() > MAX_FILES {
        return Err(ProvisionError::TooMany {
            files: copies.len(),
        });
    }
    let mut bytes = 0;
    for path in copies {
        bytes += place_copy(from, to, &path, &mut done).map_err(GitError::io(to.join(&path)))?;
        if bytes > MAX_BYTES {
            return Err(ProvisionError::TooLarge { path });
        }
    }
    for path in links {
        place_link(from, to, &path, &mut done).map_err(GitError::io(to.join(&path)))?;
    }
    Ok(done)
}

/// Untracked files that `.worktreeinclude` names. Git itself reads the patterns.
fn included(git: &Git, from: &Path) -> Result<Vec<PathBuf>, GitError> {
    if !fs::symlink_metadata(from.join(INCLUDE)).is_ok_and(|file| file.is_file()) {
        return Ok(Vec::new());
    }
    let call = git
        .call(["ls-files", "-z", "--others", "--ignored"])
        .arg(format!("--exclude-from={INCLUDE}"));
    Ok(call.run()?.fields().map(path_of).collect())
}

fn untracked(git: &Git, patterns: &[String], options: &[&str]) -> Result<Vec<PathBuf>, GitError> {
    if patterns.is_empty() {
        return Ok(Vec::new());
    }
    let specs = patterns
        .iter()
        .map(|pattern| format!(":(top,glob){}", pattern.trim_end_matches('/')));
    let call = git
        .call(["ls-files", "-z", "--others"])
        .args(options)
        .arg("--")
        .args(specs);
    Ok(call.run()?.fields().map(path_of).collect())
}

fn only_ignored(
    git: &Git,
    paths: Vec<PathBuf>,
    done: &mut Provisioned,
) -> Result<Vec<PathBuf>, GitError> {
    if paths.is_empty() {
        return Ok(paths);
    }
    let mut input = Vec::new();
    for path in &paths {
        input.extend_from_slice(path.as_os_str().as_bytes());
        input.push(0);
    }
    let answer = git
        .call(["check-ignore", "-z", "--stdin"])
        .input(input)
        .accept(&[0, 1])
        .run()?;
    // Answers come in the order of the questions.
    let mut ignored = answer.fields().peekable();
    let mut kept = Vec::new();
    for path in paths {
        if ignored
            .next_if(|next| *next == path.as_os_str().as_bytes())
            .is_some()
        {
            kept.push(path);
        } else {
            done.skipped
                .push((path, "git does not ignore it, so it would be committed"));
        }
    }
    Ok(kept)
}

/// Copies one file or symlink; gives its size in bytes.
fn place_copy(from: &Path, to: &Path, path: &Path, done: &mut Provisioned) -> io::Result<u64> {
    let (source, target) = (from.join(path), to.join(path));
    let found = match fs::symlink_metadata(&source) {
        Ok(found) => found,
        // It vanished since it was listed.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    if fs::symlink_metadata(&target).is_ok() {
        return Ok(0);
    }
    if !(found.is_file() || found.is_symlink()) {
        done.skipped
            .push((path.to_owned(), "it is neither a file nor a symlink"));
        return Ok(0);
    }
    if !make_parents(to, path)? {
        done.skipped.push((
            path.to_owned(),
            "a symlink stands where its directory would be",
        ));
        return Ok(0);
    }
    if found.is_symlink() {
        let aim = fs::read_link(&source)?;
        if stays_inside(path, &aim) {
            symlink(aim, target)?;
            done.copied += 1;
        } else {
            done.skipped.push((
                path.to_owned(),
                "it is a symlink that leads out of the tree",
            ));
        }
        return Ok(0);
    }
    done.shared += usize::from(copy_file(&source, &target)?);
    done.copied += 1;
    Ok(found.len())
}

/// Copies a file with its mode and time; the answer is whether its blocks are shared.
fn copy_file(source: &Path, target: &Path) -> io::Result<bool> {
    let no_follow = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    let mut original = File::options()
        .read(true)
        .custom_flags(no_follow)
        .open(source)?;
    let meta = original.metadata()?;
    // Under another name first, so that a crash leaves no half of a file under the right one.
    let part = target.with_file_name(format!(".swarm-part-{}", std::process::id()));
    let mut copy = File::create(&part)?;
    let shared = rustix::fs::ioctl_ficlone(&copy, &original).is_ok();
    if !shared {
        io::copy(&mut original, &mut copy)?;
    }
    copy.set_permissions(meta.permissions())?;
    copy.set_modified(meta.modified()?)?;
    fs::rename(&part, target)?;
    Ok(shared)
}

/// Links a file, or each entry of a directory.
fn place_link(from: &Path, to: &Path, path: &Path, done: &mut Provisioned) -> io::Result<()> {
    if !make_parents(to, path)? {
        done.skipped.push((
            path.to_owned(),
            "a symlink stands where its directory would be",
        ));
        return Ok(());
    }
    let source = from.join(path);
    if !fs::symlink_metadata(&source)?.is_dir() {
        return link_one(&source, &to.join(path), done);
    }
    if source.join(".git").exists() {
        done.skipped
            .push((path.to_owned(), "it is a repository of its own"));
        return Ok(());
    }
    let target = to.join(path);
    if fs::symlink_metadata(&target).is_err() {
        fs::create_dir(&target)?;
    }
    for entry in fs::read_dir(&source)?.take(MAX_FILES) {
        let name = entry?.file_name();
        link_one(&source.join(&name), &target.join(&name), done)?;
    }
    Ok(())
}

fn link_one(source: &Path, target: &Path, done: &mut Provisioned) -> io::Result<()> {
    if fs::symlink_metadata(target).is_err() {
        symlink(source, target)?;
        done.linked += 1;
    }
    Ok(())
}

/// Makes the directories above `path` below `to`; false when one of them is a symlink or a file.
fn make_parents(to: &Path, path: &Path) -> io::Result<bool> {
    let mut dir = to.to_owned();
    for part in path.parent().into_iter().flat_map(Path::components) {
        dir.push(part);
        match fs::symlink_metadata(&dir) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Ok(false),
            Err(error) if error.kind() == io::ErrorKind::NotFound => fs::create_dir(&dir)?,
            Err(error) => return Err(error),
        }
    }
    Ok(true)
}

/// Whether a symlink at `path` (relative to the top level) that says `aim` stays below the top level, read as text.
fn stays_inside(path: &Path, aim: &Path) -> bool {
    let mut depth = path.components().count().saturating_sub(1);
    for part in aim.components() {
        match part {
            Component::Normal(_) => depth += 1,
            Component::CurDir => {}
            Component::ParentDir if depth > 0 => depth -= 1,
            _ => return false,
        }
    }
    true
}

/// Why a worktree did not get what was named.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// A pattern leads out of the repository.
    #[error("'{pattern}' leads out of the repository; 'copy' and 'link' name paths inside it")]
    Outside {
        /// Which pattern.
        pattern: String,
    },
    /// Too many files.
    #[error(
        "'copy' and '.worktreeinclude' name {files} files, more than {MAX_FILES}; use 'link' for large directories"
    )]
    TooMany {
        /// How many.
        files: usize,
    },
    /// Too many bytes.
    #[error("'copy' and '.worktreeinclude' name more than 20 GiB (reached at '{}'); use 'link' for large directories", path.display())]
    TooLarge {
        /// Where the bound was reached.
        path: PathBuf,
    },
    /// Git, or the file system, refused.
    #[error(transparent)]
    Git(#[from] GitError),
}

#[cfg(test)]
mod tests;
