//! A real git repository in a test environment, made with the real git.
//!
//! Knows nothing of `swarm`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::TestEnv;

/// A repository with a working tree.
pub struct Repo<'env> {
    env: &'env TestEnv,
    path: PathBuf,
}

impl<'env> Repo<'env> {
    /// A repository in the directory `name` of `env` with one commit on `main` that holds `files` (path and content).
    ///
    /// # Panics
    /// When git or the file system refuses.
    #[must_use]
    pub fn new(env: &'env TestEnv, name: &str, files: &[(&str, &str)]) -> Self {
        let path = env.root().join(name);
        fs::create_dir_all(&path).expect("the repository's directory");
        let repo = Self { env, path };
        repo.git(&["init", "--quiet"]);
        for (file, content) in files {
            repo.write(file, content);
        }
        repo.commit("start");
        repo
    }

    /// The repository that is at `path` already.
    #[must_use]
    pub fn open(env: &'env TestEnv, path: &Path) -> Self {
        Self {
            env,
            path: path.to_owned(),
        }
    }

    /// The top of its working tree.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file of the working tree and makes the directories on its way.
    ///
    /// # Panics
    /// When the file system refuses.
    pub fn write(&self, file: &str, content: &str) {
        let path = self.path.join(file);
        fs::create_dir_all(path.parent().unwrap_or(&self.path)).expect("the file's directory");
        fs::write(path, content).expect("the file");
    }

    /// Copies the folder or file `from` of the machine to `to` in the working tree, execution bits included. Folders
    /// called `target` stay behind.
    ///
    /// # Panics
    /// When the file system refuses.
    pub fn copy(&self, from: &Path, to: &str) {
        copy(from, &self.path.join(to));
    }

    /// A file of the working tree, if it is there.
    #[must_use]
    pub fn read(&self, file: &str) -> Option<String> {
        fs::read_to_string(self.path.join(file)).ok()
    }

    /// Commits everything that the working tree holds and returns the commit's id. An empty commit is allowed.
    ///
    /// # Panics
    /// When git refuses.
    pub fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
        self.tip("HEAD")
    }

    /// Makes a branch at the present commit and switches to it.
    ///
    /// # Panics
    /// When git refuses.
    pub fn branch(&self, name: &str) {
        self.git(&["switch", "--quiet", "--create", name]);
    }

    /// The commit that a revision names.
    ///
    /// # Panics
    /// When there is no such revision.
    #[must_use]
    pub fn tip(&self, revision: &str) -> String {
        self.git(&["rev-parse", "--verify", &format!("{revision}^{{commit}}")])
            .trim()
            .to_owned()
    }

    /// The local branches, sorted by name.
    #[must_use]
    pub fn branches(&self) -> Vec<String> {
        self.lines(&["for-each-ref", "--format=%(refname:short)", "refs/heads"])
    }

    /// The paths of a revision's tree, sorted.
    #[must_use]
    pub fn tree(&self, revision: &str) -> Vec<String> {
        self.lines(&["ls-tree", "-r", "--name-only", revision])
    }

    /// A file of a revision, if it is there.
    #[must_use]
    pub fn file(&self, revision: &str, path: &str) -> Option<String> {
        let spec = format!("{revision}:{path}");
        let output = self
            .env
            .command("git", &self.path)
            .args(["show", &spec])
            .output()
            .expect("git runs");
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The subjects of a revision's history without its merges' second parents, newest first.
    #[must_use]
    pub fn subjects(&self, revision: &str) -> Vec<String> {
        self.lines(&["log", "--first-parent", "--format=%s", revision])
    }

    /// What git sees changed in the working tree; empty when it is clean.
    #[must_use]
    pub fn status(&self) -> String {
        self.git(&["status", "--porcelain"])
    }

    /// Runs git in the repository and returns what it printed.
    ///
    /// # Panics
    /// When git fails; the message holds its words.
    #[track_caller]
    pub fn git(&self, arguments: &[&str]) -> String {
        let output = self
            .env
            .command("git", &self.path)
            .args(arguments)
            .output()
            .expect("git runs");
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?} failed: {error}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    fn lines(&self, arguments: &[&str]) -> Vec<String> {
        self.git(arguments).lines().map(str::to_owned).collect()
    }
}

fn copy(from: &Path, to: &Path) {
    if !from.is_dir() {
        fs::copy(from, to).expect("a copy of a file");
        return;
    }
    fs::create_dir_all(to).expect("a copy of a folder");
    for entry in fs::read_dir(from).expect("a folder to copy") {
        let name = entry.expect("an entry of the folder").file_name();
        if name != "target" {
            copy(&from.join(&name), &to.join(&name));
        }
    }
}
