//! A real repository in a sealed world for tests: its own home, configuration, identity and clock.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use swarm_mailbox::id::{CommitId, RunId, TaskId};

use super::command::Environment;
use super::repo::Repo;

pub(crate) mod scramble;

/// A repository below a directory of its own that is removed with it.
pub(crate) struct TestRepo {
    world: tempfile::TempDir,
    pub(crate) path: PathBuf,
}

impl TestRepo {
    /// A repository with one commit: `README` holds `hello`.
    pub(crate) fn new() -> Self {
        let repo = Self::empty(&[]);
        repo.write("README", "hello\n");
        repo.commit("first");
        repo
    }

    /// A repository without any commit, made with further options of `git init`.
    pub(crate) fn empty(options: &[&str]) -> Self {
        let repo = Self::nothing();
        std::fs::create_dir(&repo.path).unwrap();
        let mut args = vec!["init", "--quiet", "--initial-branch=main"];
        args.extend(options);
        repo.git(args);
        repo
    }

    /// The sealed world without the repository.
    pub(crate) fn nothing() -> Self {
        let world = tempfile::tempdir().unwrap();
        let root = world.path().canonicalize().unwrap();
        std::fs::write(
            root.join("gitconfig"),
            "[user]\nname = A U Thor\nemail = author@example.com\n[protocol \"file\"]\nallow = always\n",
        )
        .unwrap();
        Self {
            path: root.join("repo"),
            world,
        }
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.world.path().canonicalize().unwrap()
    }

    /// What a process of the sealed world sees.
    pub(crate) fn vars(&self) -> Vec<(OsString, OsString)> {
        let root = self.root();
        let config = root.join("gitconfig");
        [
            ("PATH", std::env::var_os("PATH").unwrap()),
            ("HOME", root.into_os_string()),
            ("GIT_CONFIG_GLOBAL", config.into_os_string()),
            ("GIT_CONFIG_NOSYSTEM", "1".into()),
        ]
        .map(|(name, value)| (name.into(), value))
        .to_vec()
    }

    pub(crate) fn env(&self) -> Environment {
        Environment::new(self.vars())
    }

    pub(crate) fn open(&self) -> Repo {
        self.open_at(&self.path)
    }

    pub(crate) fn open_at(&self, dir: &Path) -> Repo {
        Repo::discover(dir, self.env())
            .unwrap()
            .with_lock_wait(Duration::from_millis(300))
    }

    /// Runs git in the repository and gives its output without the last line's end.
    pub(crate) fn git<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> String {
        self.git_in(&self.path, args)
    }

    pub(crate) fn git_in<A: AsRef<OsStr>>(
        &self,
        dir: &Path,
        args: impl IntoIterator<Item = A>,
    ) -> String {
        let (ok, text) = self.try_git_in(dir, args);
        assert!(ok, "git failed: {text}");
        text
    }

    pub(crate) fn try_git_in<A: AsRef<OsStr>>(
        &self,
        dir: &Path,
        args: impl IntoIterator<Item = A>,
    ) -> (bool, String) {
        let mut command = Command::new("git");
        command.current_dir(dir).env_clear().envs(self.vars());
        for name in ["GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"] {
            command.env(name, "2026-01-02T03:04:05Z");
        }
        let done = command
            .args(["-c", "gc.auto=0"])
            .args(args)
            .output()
            .unwrap();
        let mut text = String::from_utf8_lossy(&done.stdout)
            .trim_end_matches('\n')
            .to_owned();
        if !done.status.success() {
            text.push_str(&String::from_utf8_lossy(&done.stderr));
        }
        (done.status.success(), text)
    }

    pub(crate) fn write(&self, path: impl AsRef<Path>, text: impl AsRef<[u8]>) {
        write(&self.path.join(path), text);
    }

    /// Commits everything and gives the commit.
    pub(crate) fn commit(&self, subject: &str) -> CommitId {
        self.commit_in(&self.path, subject)
    }

    pub(crate) fn commit_in(&self, dir: &Path, subject: &str) -> CommitId {
        self.git_in(dir, ["add", "--all"]);
        self.git_in(dir, ["commit", "--quiet", "--allow-empty", "-m", subject]);
        self.at(dir, "HEAD")
    }

    /// The commit that `rev` stands for.
    pub(crate) fn rev(&self, rev: &str) -> CommitId {
        self.at(&self.path, rev)
    }

    pub(crate) fn at(&self, dir: &Path, rev: &str) -> CommitId {
        CommitId::new(&self.git_in(dir, ["rev-parse", "--verify", rev])).unwrap()
    }

    /// Where the worktree of a task goes.
    pub(crate) fn worktree(&self, name: &str) -> PathBuf {
        self.root()
            .join("repo.swarm")
            .join(run().as_str())
            .join(name)
    }
}

/// Writes a file and the directories above it.
pub(crate) fn write(path: &Path, text: impl AsRef<[u8]>) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

pub(crate) fn run() -> RunId {
    RunId::at(1_800_000_000, 7)
}

/// The branch of a task of that run.
pub(crate) fn branch(name: &str) -> String {
    format!("swarm/{}-{name}", run())
}

pub(crate) fn task(name: &str) -> TaskId {
    TaskId::new(name).unwrap()
}

pub(crate) fn bytes(text: &[u8]) -> &OsStr {
    OsStr::from_bytes(text)
}
