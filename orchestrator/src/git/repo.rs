//! One repository: where it is, what kind it is, where its HEAD stands, and whose name goes on commits.
//!
//! Knows nothing of runs and tasks, and changes nothing.

use std::ffi::OsString;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use swarm_mailbox::id::CommitId;

use super::backend::Backend;
use super::command::{Environment, Git, GitError, Output, path_of};

/// A repository that was found and may be used.
#[derive(Debug, Clone)]
pub struct Repo {
    dir: PathBuf,
    common_dir: PathBuf,
    top: Option<PathBuf>,
    facts: Facts,
    backend: Backend,
    env: Arc<Environment>,
    lock_wait: Duration,
}

/// What kind of repository it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// How objects are named.
    pub object_format: ObjectFormat,
    /// How refs are stored.
    pub ref_storage: RefStorage,
    /// It has no main working tree.
    pub bare: bool,
    /// Its history is cut off somewhere.
    pub shallow: bool,
    /// Objects are fetched when they are needed.
    pub partial: bool,
    /// The working tree holds a part of the files only.
    pub sparse: bool,
    /// Its HEAD commit has a `.gitmodules` file.
    pub submodules: bool,
}

/// The hash that names objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectFormat {
    /// 40 digits.
    Sha1,
    /// 64 digits.
    Sha256,
}

/// The storage of refs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefStorage {
    /// Loose files and `packed-refs`.
    Files,
    /// The reftable format, or any other that is not files.
    Reftable,
}

/// Where HEAD stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The short name of the branch that is checked out; `None` when HEAD is detached.
    pub branch: Option<String>,
    /// Its commit.
    pub commit: CommitId,
}

/// Who commits: the user's configured name and address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The name.
    pub name: String,
    /// The mail address.
    pub email: String,
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} <{}>", self.name, self.email)
    }
}

/// A path that is not as the last commit has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirtyPath {
    /// Relative to the top level. An untracked directory is one path that ends with `/`.
    pub path: PathBuf,
    /// Whether git does not know the path at all.
    pub untracked: bool,
}

/// The name of a tree object.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TreeId(Box<str>);

impl TreeId {
    pub(crate) fn of(text: &str) -> Result<Self, GitError> {
        // Trees are named as commits are.
        CommitId::new(text)
            .map(|id| Self(id.as_str().into()))
            .map_err(|_| GitError::Output {
                command: "git".into(),
                what: "its answer is no tree id",
            })
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Repo {
    /// Finds the repository that `dir` lies in.
    ///
    /// # Errors
    /// [`GitError::NotARepository`], [`GitError::UnsafeOwner`] or whatever else keeps git from reading it.
    pub fn discover(dir: &Path, env: Environment) -> Result<Self, GitError> {
        let env = Arc::new(env);
        let git = Git::in_dir(dir, Arc::clone(&env));
        let absolute = |what: &str| {
            git.call(["rev-parse", "--path-format=absolute", what])
                .path()
        };
        let common_dir = absolute("--git-common-dir")?;
        let inside = git.call(["rev-parse", "--is-inside-work-tree"]).line()? == "true";
        let top = if inside {
            Some(absolute("--show-toplevel")?)
        } else {
            None
        };
        let facts = read_facts(&git)?;
        let backend = Backend::choose(&facts, &common_dir);
        let dir = top.clone().unwrap_or_else(|| dir.to_owned());
        Ok(Self {
            dir,
            common_dir,
            top,
            facts,
            backend,
            env,
            lock_wait: super::command::LOCK_WAIT,
        })
    }

    /// The same repository with another bound on the wait for lock files.
    #[must_use]
    pub fn with_lock_wait(mut self, wait: Duration) -> Self {
        self.lock_wait = wait;
        self
    }

    /// The same repository, read and written through `backend`.
    #[cfg(test)]
    pub(crate) fn with_backend(mut self, backend: Backend) -> Self {
        self.backend = backend;
        self
    }

    /// The directory that all worktrees of the repository share.
    #[must_use]
    pub fn common_dir(&self) -> &Path {
        &self.common_dir
    }

    /// The top level of the working tree that the repository was found from; `None` in a bare repository.
    #[must_use]
    pub fn top(&self) -> Option<&Path> {
        self.top.as_deref()
    }

    /// What kind of repository it is.
    #[must_use]
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Who reads and writes refs and objects.
    #[must_use]
    pub fn backend(&self) -> &Backend {
        &self.backend
    }

    /// Where worktrees go unless the user says otherwise: beside the repository, `<name>.swarm`. The name is that of
    /// the main working tree; without one, that of the bare repository, or of the directory around a `.bare` or `.git`.
    #[must_use]
    pub fn worktrees_base(&self) -> PathBuf {
        let name = self.common_dir.file_name().unwrap_or_default();
        let hidden = name.as_bytes().starts_with(b".");
        let place = match self.common_dir.parent() {
            Some(parent) if hidden && parent.file_name().is_some() => parent.to_owned(),
            _ => self.common_dir.with_extension(""),
        };
        let mut base = OsString::from(place.file_name().unwrap_or(name));
        base.push(".swarm");
        place.with_file_name(base)
    }

    /// Git for everything that needs no working tree: refs, objects, worktree administration.
    #[must_use]
    pub fn git(&self) -> Git {
        Git::in_dir(&self.common_dir, Arc::clone(&self.env))
            .with_git_dir(&self.common_dir)
            .with_lock_wait(self.lock_wait)
    }

    /// Git in the working tree at `dir`, which must be of this repository.
    #[must_use]
    pub fn at(&self, dir: &Path) -> Git {
        Git::in_dir(dir, Arc::clone(&self.env)).with_lock_wait(self.lock_wait)
    }

    /// Git where the repository was found.
    #[must_use]
    pub fn here(&self) -> Git {
        self.at(&self.dir)
    }

    /// Where HEAD stands.
    ///
    /// # Errors
    /// [`GitError::NoCommit`] when the branch has no commit yet.
    pub fn head(&self) -> Result<Head, GitError> {
        let named = self
            .here()
            .call(["symbolic-ref", "--quiet", "HEAD"])
            .accept(&[0, 1])
            .run()?;
        let commit = self.commit_of("HEAD")?.ok_or_else(|| GitError::NoCommit {
            dir: self.dir.clone(),
        })?;
        let branch = one_line(&named)?
            .strip_prefix("refs/heads/")
            .map(str::to_owned);
        Ok(Head { branch, commit })
    }

    /// The commit that `rev` stands for, in any of git's notations.
    ///
    /// # Errors
    /// [`GitError::UnknownRevision`] when there is none.
    pub fn resolve(&self, rev: &str) -> Result<CommitId, GitError> {
        self.commit_of(rev)?
            .ok_or_else(|| GitError::UnknownRevision {
                rev: rev.to_owned(),
            })
    }

    fn commit_of(&self, rev: &str) -> Result<Option<CommitId>, GitError> {
        let call = self
            .here()
            .call(["rev-parse", "--verify", "--quiet", "--end-of-options"]);
        // Git answers a name it cannot even parse with 128, an unknown one with 1.
        let answer = call
            .arg(format!("{rev}^{{commit}}"))
            .accept(&[0, 1, 128])
            .run()?;
        if answer.code == 128
            && !answer.stderr.contains("bad revision")
            && !answer.stderr.contains("single revision")
        {
            return Err(GitError::Failed {
                command: "git rev-parse".into(),
                dir: self.dir.clone(),
                code: Some(128),
                stderr: answer.stderr,
            });
        }
        Ok(CommitId::new(one_line(&answer)?).ok())
    }

    /// What is not committed in the working tree, at most `limit` paths; empty when there is no working tree.
    ///
    /// # Errors
    /// Whatever keeps git from telling.
    pub fn dirty(&self, limit: usize) -> Result<Vec<DirtyPath>, GitError> {
        match &self.top {
            Some(top) => dirty_in(&self.at(top), limit),
            None => Ok(Vec::new()),
        }
    }

    /// Whose name goes on commits: configured or in the environment, never made up.
    ///
    /// # Errors
    /// [`GitError::NoIdentity`], with the commands that set it.
    pub fn identity(&self) -> Result<Identity, GitError> {
        let author = self.ident("GIT_AUTHOR_IDENT")?;
        self.ident("GIT_COMMITTER_IDENT")?;
        Ok(author)
    }

    fn ident(&self, which: &str) -> Result<Identity, GitError> {
        let unknown = |error| match error {
            GitError::Failed { .. } => GitError::NoIdentity,
            other => other,
        };
        let bytes = self
            .here()
            .call(["var", which])
            .run()
            .map_err(unknown)?
            .stdout;
        let line = String::from_utf8_lossy(&bytes);
        let parts = line
            .split_once(" <")
            .and_then(|(name, rest)| Some((name, rest.split_once('>')?.0)));
        match parts {
            Some((name, email)) if !name.is_empty() && !email.is_empty() => Ok(Identity {
                name: name.to_owned(),
                email: email.to_owned(),
            }),
            _ => Err(GitError::NoIdentity),
        }
    }
}

/// What is not committed in the working tree that `git` runs in, at most `limit` paths.
pub(crate) fn dirty_in(git: &Git, limit: usize) -> Result<Vec<DirtyPath>, GitError> {
    let call = git.call([
        "status",
        "--porcelain=v1",
        "-z",
        "--no-renames",
        "--untracked-files=normal",
    ]);
    // A path is at most 4096 bytes long.
    let answer = call.at_most(limit.saturating_mul(4100).max(4100)).run()?;
    let paths = answer.fields().filter(|field| field.len() > 3);
    Ok(paths
        .take(limit)
        .map(|f| DirtyPath {
            path: path_of(&f[3..]),
            untracked: f.starts_with(b"??"),
        })
        .collect())
}

fn one_line(answer: &Output) -> Result<&str, GitError> {
    let text = std::str::from_utf8(&answer.stdout).map_err(|_| GitError::Output {
        command: "git".into(),
        what: "a name in it is not UTF-8",
    })?;
    Ok(text.trim_end_matches('\n'))
}

fn read_facts(git: &Git) -> Result<Facts, GitError> {
    let told = git
        .call([
            "rev-parse",
            "--show-object-format",
            "--is-shallow-repository",
        ])
        .line()?;
    let (format, shallow) = told.split_once('\n').unwrap_or((&told, ""));
    let settings = git
        .call([
            "config",
            "-z",
            "--get-regexp",
            r"^(extensions\..*|core\.(sparsecheckout|bare)|remote\..*\.promisor)$",
        ])
        .accept(&[0, 1])
        .run()?;
    let setting = |name: &str| {
        let value = settings.fields().filter_map(|field| {
            let mut parts = field.splitn(2, |&byte| byte == b'\n');
            let key = String::from_utf8_lossy(parts.next()?).to_ascii_lowercase();
            (key == name)
                .then(|| String::from_utf8_lossy(parts.next().unwrap_or(b"true")).into_owned())
        });
        value.last()
    };
    let promisor = settings.fields().any(|field| {
        let key = field.split(|&byte| byte == b'\n').next().unwrap_or(field);
        key.to_ascii_lowercase().ends_with(b".promisor")
    });
    let is_on = |name: &str| {
        setting(name).is_some_and(|v| !matches!(v.as_str(), "false" | "0" | "no" | "off"))
    };
    let modules = git
        .call(["cat-file", "-e", "HEAD:.gitmodules"])
        .accept(&[0, 1, 128])
        .run()?;
    Ok(Facts {
        object_format: match format {
            "sha256" => ObjectFormat::Sha256,
            _ => ObjectFormat::Sha1,
        },
        ref_storage: match setting("extensions.refstorage").as_deref() {
            None | Some("files") => RefStorage::Files,
            Some(_) => RefStorage::Reftable,
        },
        bare: is_on("core.bare"),
        shallow: shallow == "true",
        partial: promisor || setting("extensions.partialclone").is_some(),
        sparse: is_on("core.sparsecheckout"),
        submodules: modules.code == 0,
    })
}

#[cfg(test)]
mod tests;
