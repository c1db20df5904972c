//! Room: where worktrees go, whether they fit, how copies are made, and memory.
//!
//! Knows nothing of git beyond the sizes of tracked files.

use std::io;
use std::path::{Path, PathBuf};

use crate::git::repo::Repo;
use crate::settings::Settings;
use crate::settings::size::rounded;

use super::Check;

/// The longest list of tracked files that is read for the estimate, in bytes: about half a million files.
const MAX_LIST: usize = 64 << 20;

/// What every run needs: a place for worktrees, with some room.
pub(super) fn required(repo: &Repo, settings: &Settings) -> Vec<Check> {
    let root = root(repo, settings);
    vec![place(repo, &root), disk(&root, settings.min_free_disk)]
}

/// What may be told about it.
pub(super) fn notes(repo: &Repo, settings: &Settings) -> Vec<Check> {
    let root = root(repo, settings);
    let mut checks = Vec::new();
    // In a partial clone git would fetch every file only to tell its size.
    if !repo.facts().partial {
        checks.extend(estimate(repo, settings, &root));
    }
    checks.extend(reflink(&root));
    checks
}

fn root(repo: &Repo, settings: &Settings) -> PathBuf {
    settings
        .worktree_root
        .clone()
        .unwrap_or_else(|| repo.worktrees_base())
}

/// The directory itself or the nearest one above it that exists.
fn existing(dir: &Path) -> &Path {
    dir.ancestors()
        .find(|dir| dir.is_dir())
        .unwrap_or(Path::new("/"))
}

fn place(repo: &Repo, root: &Path) -> Check {
    const NAME: &str = "worktree root";
    let there = existing(root);
    // Links are followed as far as there is something, so that no detour leads into the tree.
    let rest = root.strip_prefix(there).unwrap_or(Path::new(""));
    let real = there
        .canonicalize()
        .unwrap_or_else(|_| there.to_owned())
        .join(rest);
    for (inside, what) in [
        (repo.top(), "working tree"),
        (Some(repo.common_dir()), "git directory"),
    ] {
        if inside.is_some_and(|inside| real.starts_with(inside)) {
            return Check::problem(
                NAME,
                format!("'{}' is inside the repository's {what}", root.display()),
                "set `worktree-root` to a place outside: build tools in a nested worktree would find the files around it",
            );
        }
    }
    match is_writable(there) {
        Ok(()) => Check::ok(NAME, root.display().to_string()),
        Err(error) => Check::problem(
            NAME,
            format!(
                "'{}' cannot be made: '{}' is not writable: {error}",
                root.display(),
                there.display()
            ),
            "make it writable, or set `worktree-root` to another place",
        ),
    }
}

fn free(dir: &Path) -> io::Result<(u64, rustix::fs::StatVfs)> {
    let found = rustix::fs::statvfs(dir)?;
    Ok((found.f_bavail.saturating_mul(found.f_frsize), found))
}

fn disk(root: &Path, least: u64) -> Check {
    match free(existing(root)) {
        Ok((free, _)) if free >= least => Check::ok("disk", format!("{} free", rounded(free))),
        Ok((free, _)) => Check::problem(
            "disk",
            format!(
                "{} free at '{}', and {} is the least",
                rounded(free),
                root.display(),
                rounded(least)
            ),
            "make room, set `worktree-root` to another disk, or lower `min-free-disk`",
        ),
        Err(error) => Check::warning(
            "disk",
            format!("free space at '{}' is unknown: {error}", root.display()),
            "see that there is room for the worktrees",
        ),
    }
}

/// Whether a worktree for each worker, and the one for the merge queue, would fit. What commands build in them comes on
/// top, and nobody can know it.
fn estimate(repo: &Repo, settings: &Settings, root: &Path) -> Option<Check> {
    let (files, bytes) = tracked(repo)?;
    let (free, disk) = free(existing(root)).ok()?;
    let trees = u64::from(settings.max_workers) + 1;
    let need = bytes.saturating_mul(trees);
    let found = format!(
        "{files} files of {} each, {trees} worktrees: {} of {} free",
        rounded(bytes),
        rounded(need),
        rounded(free)
    );
    let full = need.saturating_add(settings.min_free_disk) > free;
    // Some file systems count no inodes and say zero.
    let inodes = disk.f_files > 0 && files.saturating_mul(trees) > disk.f_favail;
    Some(if full || inodes {
        Check::warning(
            "worktrees",
            found,
            "lower `max-workers`, make room, or set `worktree-root` to another disk",
        )
    } else {
        Check::ok("worktrees", found)
    })
}

/// How many files the HEAD commit has, and their bytes as stored.
fn tracked(repo: &Repo) -> Option<(u64, u64)> {
    let call = repo
        .git()
        .call(["ls-tree", "-r", "-z", "--long", "--full-tree"]);
    let head = repo.head().ok()?;
    let list = call
        .arg(head.commit.as_str())
        .at_most(MAX_LIST)
        .run()
        .ok()?;
    let mut sums = (0u64, 0u64);
    for entry in list.fields() {
        // `<mode> <type> <id> <size>\t<path>`, and `-` for what has no size.
        let size = entry.split(|&byte| byte == b'\t').next().and_then(|head| {
            let text = std::str::from_utf8(head).ok()?;
            text.rsplit(' ').next()?.parse::<u64>().ok()
        });
        sums = (sums.0 + 1, sums.1.saturating_add(size.unwrap_or(0)));
    }
    Some(sums)
}

/// Whether copies can share their blocks; `None` where that cannot be tried.
fn reflink(root: &Path) -> Option<Check> {
    let dir = existing(root);
    let from = tempfile::tempfile_in(dir).ok()?;
    let to = tempfile::tempfile_in(dir).ok()?;
    // An empty file can be cloned on more file systems than a full one.
    io::Write::write_all(&mut &from, &[1; 4096]).ok()?;
    Some(if rustix::fs::ioctl_ficlone(&to, &from).is_ok() {
        Check::ok("copies", "share their blocks (reflink), so `copy` is cheap")
    } else {
        Check::ok(
            "copies",
            "take their full size; prefer `link` to `copy` for large directories",
        )
    })
}

/// Whether files can be made in a directory, by making one.
pub(super) fn is_writable(dir: &Path) -> io::Result<()> {
    tempfile::Builder::new()
        .prefix(".swarm-doctor-")
        .tempfile_in(dir)
        .map(drop)
}

/// Memory for the workers; `top` is `/`, under which the kernel's tables are.
pub(super) fn memory(settings: &Settings, top: &Path) -> Check {
    let Some(free) = available(top) else {
        return Check::ok("memory", "unknown on this system");
    };
    let need = settings
        .min_free_memory
        .saturating_mul(u64::from(settings.max_workers));
    let found = format!(
        "{} available for {} workers",
        rounded(free),
        settings.max_workers
    );
    if free >= need {
        return Check::ok("memory", found);
    }
    let fit = (free / settings.min_free_memory.max(1)).max(1);
    Check::warning(
        "memory",
        found,
        format!("lower `max-workers` to {fit}, or `min-free-memory` if workers need less"),
    )
}

/// The memory that can be had without swapping: the machine's, or what is left of this container's.
fn available(top: &Path) -> Option<u64> {
    let number = |file: &str| -> Option<u64> {
        std::fs::read_to_string(top.join(file))
            .ok()?
            .trim()
            .parse()
            .ok()
    };
    let table = std::fs::read_to_string(top.join("proc/meminfo")).ok()?;
    let line = table
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let machine = line
        .trim()
        .strip_suffix(" kB")?
        .trim()
        .parse::<u64>()
        .ok()?
        .saturating_mul(1024);
    let container = number("sys/fs/cgroup/memory.max")
        .zip(number("sys/fs/cgroup/memory.current"))
        .map(|(most, used)| most.saturating_sub(used));
    Some(container.map_or(machine, |container| container.min(machine)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(workers: u32) -> Settings {
        Settings {
            max_workers: workers,
            min_free_memory: 1 << 30,
            ..Settings::default()
        }
    }

    fn machine(memory: Option<(&str, &str)>) -> tempfile::TempDir {
        let top = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(top.path().join("proc")).unwrap();
        std::fs::create_dir_all(top.path().join("sys/fs/cgroup")).unwrap();
        let table = "MemTotal:       16000000 kB\nMemAvailable:    8388608 kB\n";
        std::fs::write(top.path().join("proc/meminfo"), table).unwrap();
        if let Some((most, used)) = memory {
            std::fs::write(top.path().join("sys/fs/cgroup/memory.max"), most).unwrap();
            std::fs::write(top.path().join("sys/fs/cgroup/memory.current"), used).unwrap();
        }
        top
    }

    #[test]
    fn memory_is_counted_per_worker() {
        let machine = machine(None);
        assert_eq!(
            memory(&settings(8), machine.path()),
            Check::ok("memory", "8.0 GiB available for 8 workers")
        );
        let check = memory(&settings(9), machine.path());
        assert!(
            check
                .advice
                .unwrap()
                .starts_with("lower `max-workers` to 8")
        );
        let nothing = tempfile::tempdir().unwrap();
        assert_eq!(
            memory(&settings(9), nothing.path()).found,
            "unknown on this system"
        );
    }

    #[test]
    fn a_containers_limit_counts() {
        let limit = (3u64 << 30).to_string();
        let used = (1u64 << 30).to_string();
        let small = machine(Some((&format!("{limit}\n"), &format!("{used}\n"))));
        assert_eq!(
            memory(&settings(2), small.path()).found,
            "2.0 GiB available for 2 workers"
        );
        let open = machine(Some(("max\n", "1\n")));
        assert_eq!(
            memory(&settings(2), open.path()).found,
            "8.0 GiB available for 2 workers"
        );
    }

    #[test]
    fn a_disk_with_less_than_the_least_is_a_problem() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("not/there/yet");
        assert_eq!(disk(&root, 1).status, super::super::Status::Ok);
        let check = disk(&root, u64::MAX);
        assert_eq!(check.status, super::super::Status::Problem);
        assert!(
            check.found.contains("16777216.0 TiB is the least"),
            "{}",
            check.found
        );
    }

    #[test]
    fn writing_is_tried_and_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        is_writable(dir.path()).unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        assert!(is_writable(&dir.path().join("missing")).is_err());
    }
}
