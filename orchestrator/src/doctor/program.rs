//! The programs that are needed: git, a shell, and tmux for those who want panes.
//!
//! Knows nothing of repositories.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crate::git::command::Git;
use crate::settings::{Settings, Sources};

use super::Check;

/// The first version of git with `merge-tree --write-tree`, by which merges are decided without a working tree.
const NEEDED: (u32, u32) = (2, 38);

pub(super) fn git(git: &Git) -> Check {
    const ADVICE: &str = "install git 2.38 or later (https://git-scm.com/downloads): merges are decided by `git merge-tree --write-tree`, which older ones do not have";
    let line = match git.call(["version"]).line() {
        Ok(line) => line,
        Err(error) => return Check::problem("git", error.to_string(), ADVICE),
    };
    match version(&line) {
        Some(version) if version >= NEEDED => Check::ok("git", line),
        Some(_) => Check::problem("git", format!("{line} is too old"), ADVICE),
        None => Check::warning("git", format!("'{line}' names no version"), ADVICE),
    }
}

/// Major and minor version of `git version 2.39.2 (Apple Git-143)`.
pub(super) fn version(line: &str) -> Option<(u32, u32)> {
    let mut parts = line.strip_prefix("git version ")?.split(['.', '-', ' ']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

pub(super) fn shell(settings: &Settings) -> Check {
    let path = settings.command_env.get(OsStr::new("PATH"));
    match path.and_then(|path| find("sh", path)) {
        Some(found) => Check::ok("shell", found.display().to_string()),
        None if path.is_none() => Check::problem(
            "shell",
            "the variable PATH is not set",
            "set PATH; commands are found by it",
        ),
        None => Check::problem(
            "shell",
            "there is no `sh` on PATH",
            "put the directory of `sh` (mostly /bin) on PATH; every command is run by it",
        ),
    }
}

pub(super) fn tmux(sources: &Sources) -> Check {
    match sources.var("PATH").and_then(|path| find("tmux", path)) {
        Some(found) => Check::ok("tmux", found.display().to_string()),
        None => Check::warning(
            "tmux",
            "not found",
            "nothing needs it; install it to see workers in panes of their own",
        ),
    }
}

/// The first executable file of this name in the directories of `path`.
pub(super) fn find(name: &str, path: &OsStr) -> Option<PathBuf> {
    std::env::split_paths(path)
        .filter(|dir| dir.is_absolute())
        .map(|dir| dir.join(name))
        .find(|file| {
            file.metadata()
                .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
        })
}
