//! The repository: whether there is one that git reads, a commit to start from, an identity to commit with, nothing in
//! the way; and what kind it is.
//!
//! Knows nothing of disk space.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::git::command::GitError;
use crate::git::repo::Repo;
use crate::settings::Sources;

use super::Check;
use super::program::find;
use super::room::is_writable;

/// A lock file that is older than this was left behind: git holds one for some milliseconds.
const STALE: Duration = Duration::from_secs(60);
/// The largest `.gitattributes` that is read for LFS.
const MAX_ATTRIBUTES: u64 = 1 << 20;

/// What every run needs.
pub(super) fn required(repo: &Repo) -> Vec<Check> {
    let place = repo.top().unwrap_or(repo.common_dir());
    let mut checks = vec![Check::ok("repository", place.display().to_string())];
    checks.push(match repo.head() {
        Ok(head) => {
            let short = head
                .commit
                .as_str()
                .get(..12)
                .unwrap_or_default()
                .to_owned();
            let branch = head.branch.as_deref().unwrap_or("a detached HEAD");
            Check::ok("commit", format!("{short} on {branch}"))
        }
        Err(error) => failed("commit", &error),
    });
    checks.push(match repo.identity() {
        Ok(identity) => Check::ok("identity", identity.to_string()),
        Err(error) => failed("identity", &error),
    });
    checks.push(match is_writable(repo.common_dir()) {
        Ok(()) => Check::ok("git directory", "writable"),
        Err(error) => Check::problem(
            "git directory",
            format!("'{}' is not writable: {error}", repo.common_dir().display()),
            "make it writable for you; branches and the state of runs are kept there",
        ),
    });
    checks.push(locks(repo, SystemTime::now()));
    checks
}

/// What may be told about it.
pub(super) fn notes(repo: &Repo, sources: &Sources) -> Vec<Check> {
    let mut checks = vec![operation(repo), working_tree(repo)];
    let facts = repo.facts();
    if facts.submodules {
        checks.push(Check::warning(
            "submodules",
            "there are submodules, and new worktrees hold them empty",
            "add `git submodule update --init` to the plan's `setup` if tasks need them",
        ));
    }
    if facts.shallow {
        checks.push(Check::warning(
            "history",
            "the clone is shallow; merges with commits beyond its edge may fail",
            "run `git fetch --unshallow` if merges complain of unrelated histories",
        ));
    }
    if facts.partial {
        checks.push(Check::warning(
            "objects",
            "the clone is partial; missing files are fetched while worktrees are made",
            "keep the network up during a run, or fetch everything with `git fetch --refetch --no-filter`",
        ));
    }
    if facts.sparse {
        checks.push(Check::warning(
            "checkout",
            "the checkout is sparse, and worktrees may hold other files than your working tree",
            "check that the plan's commands find the files that they need",
        ));
    }
    checks.extend(lfs(repo, sources));
    checks
}

/// A failed look at the repository, with what mends it.
pub(super) fn failed(name: &'static str, error: &GitError) -> Check {
    let advice = match error {
        GitError::NotARepository { .. } => {
            "go into a git repository, or make one with `git init` and a first commit".to_owned()
        }
        GitError::UnsafeOwner { dir } => {
            format!("if you trust it: git config --global --add safe.directory '{}'", dir.display())
        }
        GitError::NoIdentity => {
            "git config --global user.name 'Your Name' && git config --global user.email you@example.com".to_owned()
        }
        GitError::NoCommit { .. } => "commit something first; a run starts from a commit".to_owned(),
        _ => "see that `git status` works here".to_owned(),
    };
    Check::problem(name, error.to_string(), advice)
}

fn git_dir(repo: &Repo) -> PathBuf {
    repo.here()
        .call(["rev-parse", "--path-format=absolute", "--git-dir"])
        .path()
        .unwrap_or_else(|_| repo.common_dir().to_owned())
}

/// Lock files that nobody holds any more.
fn locks(repo: &Repo, now: SystemTime) -> Check {
    let own = git_dir(repo);
    let common = repo.common_dir();
    let mut files: Vec<PathBuf> = [
        "packed-refs.lock",
        "config.lock",
        "shallow.lock",
        "HEAD.lock",
        "index.lock",
    ]
    .iter()
    .map(|name| common.join(name))
    .collect();
    if own != common {
        files.extend(["HEAD.lock", "index.lock"].map(|name| own.join(name)));
    }
    files.retain(|file| is_stale(file, now));
    if files.is_empty() {
        return Check::ok("locks", "none was left behind");
    }
    let names: Vec<String> = files
        .iter()
        .map(|file| format!("'{}'", file.display()))
        .collect();
    let names = names.join(", ");
    Check::problem(
        "locks",
        format!("left behind: {names}"),
        format!("if no git process is running in this repository, remove {names}"),
    )
}

fn is_stale(file: &Path, now: SystemTime) -> bool {
    let made = file.symlink_metadata().and_then(|found| found.modified());
    // A time in the future comes from a clock that was set back; such a lock is as stale as an old one.
    made.is_ok_and(|made| now.duration_since(made).map_or(true, |age| age >= STALE))
}

fn operation(repo: &Repo) -> Check {
    let dir = git_dir(repo);
    let known = [
        ("MERGE_HEAD", "a merge", "git merge"),
        ("rebase-merge", "a rebase", "git rebase"),
        ("rebase-apply", "a rebase or `git am`", "git rebase"),
        ("CHERRY_PICK_HEAD", "a cherry-pick", "git cherry-pick"),
        ("REVERT_HEAD", "a revert", "git revert"),
    ];
    match known
        .iter()
        .find(|(file, ..)| dir.join(file).symlink_metadata().is_ok())
    {
        Some((_, what, command)) => Check::warning(
            "operation",
            format!("{what} is going on in your working tree"),
            format!(
                "a run works from the last commit and does not mind; finish it or `{command} --abort` it before `swarm merge`"
            ),
        ),
        None => Check::ok("operation", "no merge or rebase is going on"),
    }
}

fn working_tree(repo: &Repo) -> Check {
    match repo.dirty(1) {
        Ok(paths) if paths.is_empty() => Check::ok("working tree", "clean"),
        Ok(_) => Check::ok(
            "working tree",
            "has changes that are not committed; a run neither uses nor touches them",
        ),
        Err(error) => failed("working tree", &error),
    }
}

/// LFS is asked for by attributes, and without its program a checkout holds pointers instead of files.
fn lfs(repo: &Repo, sources: &Sources) -> Option<Check> {
    let file = repo.top()?.join(".gitattributes");
    let found = file.symlink_metadata().ok()?;
    if !found.is_file() || found.len() > MAX_ATTRIBUTES {
        return None;
    }
    let text = String::from_utf8_lossy(&std::fs::read(&file).ok()?).into_owned();
    if !text.contains("filter=lfs") {
        return None;
    }
    Some(
        match sources.var("PATH").and_then(|path| find("git-lfs", path)) {
            Some(program) => Check::ok("git-lfs", program.display().to_string()),
            None => Check::warning(
                "git-lfs",
                ".gitattributes asks for LFS, and there is no `git-lfs` on PATH",
                "install git-lfs (https://git-lfs.com), or tasks see pointers instead of files",
            ),
        },
    )
}
