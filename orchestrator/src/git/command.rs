//! The only door to the git binary: a scrubbed environment, an explicit directory, bounded output, a time limit, a
//! bounded wait for locks, and errors that say what git could not do and how to mend it.
//!
//! Knows nothing of what the commands mean.

use std::ffi::{OsStr, OsString};
use std::fmt::Write as _;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use child::Heard;

mod child;

/// How long one git command may take unless it is told otherwise: a checkout of a very large tree takes minutes.
pub const TIMEOUT: Duration = Duration::from_secs(15 * 60);
/// How many bytes of one command's standard output are taken unless it is told otherwise.
pub const MAX_OUTPUT: usize = 256 << 20;
/// How long a lock file of git may be in the way before it is an error.
pub const LOCK_WAIT: Duration = Duration::from_secs(8);

/// Configuration that every command gets. No maintenance in the background (it races with the engine), no hooks, no
/// file system monitor (a daemon for each worktree would be left behind), no identity made up from the host's name,
/// no prompt for a signature, and no reaching into submodules.
const CONFIG: [&str; 7] = [
    "gc.auto=0",
    "maintenance.auto=false",
    "core.fsmonitor=false",
    "user.useConfigOnly=true",
    "commit.gpgSign=false",
    "submodule.recurse=false",
    "advice.addEmbeddedRepo=false",
];

/// The variables of git that are the user's own settings rather than a pointer to some repository.
const KEPT: [&str; 12] = [
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_AUTHOR_NAME",
    "GIT_AUTHOR_EMAIL",
    "GIT_COMMITTER_NAME",
    "GIT_COMMITTER_EMAIL",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_SSL_CAINFO",
    "GIT_EXEC_PATH",
    "GIT_LFS_SKIP_SMUDGE",
];

/// The environment that git commands run in.
#[derive(Debug, Clone)]
pub struct Environment {
    vars: Vec<(OsString, OsString)>,
}

impl Environment {
    /// Takes a process environment without what would point git at another repository, index or configuration: every
    /// `GIT_*` variable goes except the user's identity, configuration files and transport settings.
    pub fn new(vars: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let foreign = |name: &OsStr| {
            name.as_bytes().starts_with(b"GIT_") && !KEPT.iter().any(|kept| name == *kept)
        };
        let mut vars: Vec<_> = vars
            .into_iter()
            .filter(|(name, _)| !foreign(name) && name != "LANGUAGE")
            .collect();
        for (name, value) in [
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GIT_OPTIONAL_LOCKS", "0"),
            ("LC_ALL", "C"),
        ] {
            vars.push((name.into(), value.into()));
        }
        Self { vars }
    }

    /// The same environment with one more variable, not filtered.
    #[cfg(test)]
    pub(crate) fn with(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.vars.push((name.into(), value.into()));
        self
    }
}

/// Where git commands run: a directory, and the repository if it is not to be looked for.
#[derive(Debug, Clone)]
pub struct Git {
    dir: PathBuf,
    git_dir: Option<PathBuf>,
    env: Arc<Environment>,
    lock_wait: Duration,
}

impl Git {
    /// Commands run in `dir` and look for their repository there and above.
    #[must_use]
    pub fn in_dir(dir: impl Into<PathBuf>, env: Arc<Environment>) -> Self {
        Self {
            dir: dir.into(),
            git_dir: None,
            env,
            lock_wait: LOCK_WAIT,
        }
    }

    /// The same, for exactly the repository at `git_dir`.
    #[must_use]
    pub fn with_git_dir(mut self, git_dir: impl Into<PathBuf>) -> Self {
        self.git_dir = Some(git_dir.into());
        self
    }

    /// The same, with another bound on the wait for lock files.
    #[must_use]
    pub fn with_lock_wait(mut self, wait: Duration) -> Self {
        self.lock_wait = wait;
        self
    }

    /// How long lock files are waited for.
    #[must_use]
    pub fn lock_wait(&self) -> Duration {
        self.lock_wait
    }

    /// Prepares `git <args>`.
    pub fn call<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Call {
        Call {
            git: self.clone(),
            before: Vec::new(),
            args: args
                .into_iter()
                .map(|arg| arg.as_ref().to_owned())
                .collect(),
            vars: Vec::new(),
            input: None,
            held: None,
            accept: &[0],
            limit: MAX_OUTPUT,
            truncate: false,
            timeout: TIMEOUT,
            hooks: Hooks::Skip,
        }
    }
}

/// Whether the user's hooks run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hooks {
    /// They do not.
    #[default]
    Skip,
    /// They run as they would for the user.
    Run,
}

/// One git command before it runs.
#[derive(Debug, Clone)]
#[must_use = "a call does nothing until it is run"]
pub struct Call {
    git: Git,
    before: Vec<OsString>,
    args: Vec<OsString>,
    vars: Vec<(&'static str, OsString)>,
    input: Option<Vec<u8>>,
    held: Option<Arc<File>>,
    accept: &'static [i32],
    limit: usize,
    truncate: bool,
    timeout: Duration,
    hooks: Hooks,
}

impl Call {
    /// One more argument.
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    /// More arguments.
    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args
            .extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    /// An option of git itself, before the command's name.
    pub fn option(mut self, option: impl AsRef<OsStr>) -> Self {
        self.before.push(option.as_ref().to_owned());
        self
    }

    /// A variable for this command.
    pub fn var(mut self, name: &'static str, value: impl AsRef<OsStr>) -> Self {
        self.vars.push((name, value.as_ref().to_owned()));
        self
    }

    /// What the command reads; without it there is nothing to read.
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = Some(bytes.into());
        self
    }

    /// A locked file that the command keeps open as its standard input, and the processes it starts too: the lock lasts
    /// until the last of them is done, even if this process dies before.
    pub fn holding(mut self, lock: &Arc<File>) -> Self {
        self.held = Some(Arc::clone(lock));
        self
    }

    /// Exit codes that are answers rather than errors; only 0 unless told.
    pub fn accept(mut self, codes: &'static [i32]) -> Self {
        self.accept = codes;
        self
    }

    /// Takes at most `bytes` of output; more than that ends the command and is no error.
    pub fn at_most(mut self, bytes: usize) -> Self {
        self.limit = bytes;
        self.truncate = true;
        self
    }

    /// Whether hooks run.
    pub fn hooks(mut self, hooks: Hooks) -> Self {
        self.hooks = hooks;
        self
    }

    /// How long it may take.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Runs it. A lock file in the way is waited for.
    ///
    /// # Errors
    /// Whatever [`GitError`] names.
    pub fn run(self) -> Result<Output, GitError> {
        let deadline = Instant::now() + self.git.lock_wait;
        let mut pause = Duration::from_millis(10);
        loop {
            match self.run_once() {
                Err(GitError::Locked { .. }) if Instant::now() < deadline => {
                    std::thread::sleep(pause);
                    pause = (pause * 2).min(Duration::from_millis(250));
                }
                result => return result,
            }
        }
    }

    /// Runs it and gives its output as one line of text without the line's end.
    ///
    /// # Errors
    /// Whatever [`GitError`] names; output that is no UTF-8 is one of them.
    pub fn line(self) -> Result<String, GitError> {
        let shown = self.shown();
        let mut text = String::from_utf8(self.run()?.stdout).map_err(|_| GitError::Output {
            command: shown,
            what: "its answer is not UTF-8",
        })?;
        text.truncate(text.trim_end_matches('\n').len());
        Ok(text)
    }

    /// Runs it and gives its output as one path, whatever its bytes.
    ///
    /// # Errors
    /// Whatever [`GitError`] names.
    pub fn path(self) -> Result<PathBuf, GitError> {
        let bytes = self.run()?.stdout;
        Ok(path_of(bytes.strip_suffix(b"\n").unwrap_or(&bytes)))
    }

    fn run_once(&self) -> Result<Output, GitError> {
        let started = Instant::now();
        let dir = &self.git.dir;
        let child = self.command()?.spawn().map_err(|error| GitError::Start {
            dir: dir.clone(),
            error,
        })?;
        let heard = child::hear(child, self.input.clone(), self.limit, self.timeout);
        tracing::debug!(command = %self.shown(), dir = %dir.display(), took = ?started.elapsed(), "git");
        self.judge(heard)
    }

    fn command(&self) -> Result<Command, GitError> {
        let mut command = Command::new("git");
        command.current_dir(&self.git.dir).env_clear();
        command.envs(self.git.env.vars.iter().map(|(name, value)| (name, value)));
        command.envs(self.vars.iter().map(|(name, value)| (name, value)));
        for setting in CONFIG {
            command.args(["-c", setting]);
        }
        if self.hooks == Hooks::Skip {
            command.args(["-c", "core.hooksPath=/dev/null"]);
        }
        if let Some(git_dir) = &self.git.git_dir {
            command.arg("--git-dir").arg(git_dir);
        }
        command.args(&self.before).args(&self.args);
        command.stdin(match (&self.input, &self.held) {
            (Some(_), _) => Stdio::piped(),
            (None, Some(lock)) => lock
                .try_clone()
                .map_err(GitError::io(&self.git.dir))?
                .into(),
            (None, None) => Stdio::null(),
        });
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        // A group of its own: an interrupt typed at the terminal is for the engine, not for a half-written ref.
        command.process_group(0);
        Ok(command)
    }

    fn judge(&self, heard: Heard) -> Result<Output, GitError> {
        let command = || self.shown();
        if heard.late {
            return Err(GitError::TimedOut {
                command: command(),
                after: self.timeout,
            });
        }
        if heard.cut && !self.truncate {
            return Err(GitError::TooLong {
                command: command(),
                limit: self.limit,
            });
        }
        let Some(Ok(status)) = heard.end else {
            return Err(GitError::Output {
                command: command(),
                what: "its end was not seen",
            });
        };
        let Some(stdout) = heard.out else {
            return Err(GitError::Output {
                command: command(),
                what: "a process that it left behind holds its output",
            });
        };
        let code = status.code();
        let stderr = String::from_utf8_lossy(&heard.err.unwrap_or_default())
            .trim_end()
            .to_owned();
        if heard.cut || code.is_some_and(|code| self.accept.contains(&code)) {
            return Ok(Output {
                code: code.unwrap_or(0),
                stdout,
                stderr,
                truncated: heard.cut,
            });
        }
        Err(classify(&self.git.dir, command(), code, stderr))
    }

    /// The command line as a person would type it, without our fixed options.
    fn shown(&self) -> String {
        let mut text = String::from("git");
        for arg in self.before.iter().chain(&self.args).take(24) {
            let shown: String = arg.to_string_lossy().chars().take(120).collect();
            if shown.is_empty()
                || shown.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\'')
            {
                let _ = write!(text, " {shown:?}");
            } else {
                let _ = write!(text, " {shown}");
            }
        }
        text
    }
}

/// What a command answered.
#[derive(Debug, Clone)]
pub struct Output {
    /// One of the accepted exit codes.
    pub code: i32,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// The last part of its standard error, for people.
    pub stderr: String,
    /// Whether output beyond [`Call::at_most`] was dropped.
    pub truncated: bool,
}

impl Output {
    /// The fields of `-z` output, without the empty one after the last NUL.
    pub fn fields(&self) -> impl Iterator<Item = &[u8]> {
        let bytes = self.stdout.strip_suffix(b"\0").unwrap_or(&self.stdout);
        bytes
            .split(|&byte| byte == 0)
            .filter(move |_| !self.stdout.is_empty())
    }
}

/// Bytes of git as a path.
#[must_use]
pub fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(bytes))
}

/// Turns what git says into the error that it means. The texts are those of git 2.47 in the C locale.
fn classify(dir: &Path, command: String, code: Option<i32>, stderr: String) -> GitError {
    let has = |text: &str| stderr.contains(text);
    if has("detected dubious ownership") {
        let place =
            quoted_after(&stderr, "repository at ").unwrap_or_else(|| dir.display().to_string());
        return GitError::UnsafeOwner { dir: place.into() };
    }
    if has("not a git repository") {
        return GitError::NotARepository {
            dir: dir.to_owned(),
        };
    }
    if has("No space left on device") || has("Disk quota exceeded") {
        return GitError::DiskFull { command, stderr };
    }
    if has("Read-only file system")
        || has("Permission denied")
        || has("Operation not permitted")
        || has("insufficient permission")
        // Git does not say why it cannot.
        || has("unable to create directory for")
    {
        return GitError::ReadOnly { command, stderr };
    }
    if let Some(path) = lock_in_the_way(&stderr) {
        return GitError::Locked { path };
    }
    if has("Author identity unknown")
        || has("Committer identity unknown")
        || has("auto-detection is disabled")
    {
        return GitError::NoIdentity;
    }
    GitError::Failed {
        command,
        dir: dir.to_owned(),
        code,
        stderr,
    }
}

/// The lock file that git says exists already.
fn lock_in_the_way(stderr: &str) -> Option<PathBuf> {
    for line in stderr.lines() {
        if line.contains("File exists") {
            if let Some(path) = quoted_after(line, "create ").filter(|path| path.ends_with(".lock"))
            {
                return Some(path.into());
            }
            if let Some((_, rest)) = line.split_once("could not lock config file ") {
                let path = rest.split(": File exists").next().unwrap_or(rest);
                return Some(format!("{path}.lock").into());
            }
        }
        if line.contains("reftable")
            && (line.contains("data is locked") || line.contains("already locked"))
        {
            return Some("reftable/tables.list.lock".into());
        }
    }
    None
}

/// The text between the quotes that follow `lead`.
fn quoted_after(text: &str, lead: &str) -> Option<String> {
    let (_, rest) = text.split_once(lead)?;
    let (_, rest) = rest.split_once('\'')?;
    rest.split_once('\'').map(|(inner, _)| inner.to_owned())
}

/// What git could not do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GitError {
    /// A lock file stood in the way for longer than the bounded wait.
    #[error(
        "'{}' is in the way: another git process holds it, or one that died left it behind; if no git process runs, remove it",
        path.display()
    )]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// Git may not write where it must.
    #[error("git may not write ('{command}'): {stderr}; make the repository writable")]
    ReadOnly {
        /// The command line.
        command: String,
        /// What git said.
        stderr: String,
    },
    /// The file system or the quota is full.
    #[error("no space left for git ('{command}'): {stderr}; make room and try again")]
    DiskFull {
        /// The command line.
        command: String,
        /// What git said.
        stderr: String,
    },
    /// The repository belongs to another user, and git refuses it.
    #[error(
        "'{0}' belongs to another user, so git refuses it; if you trust it: git config --global --add safe.directory '{0}'",
        dir.display()
    )]
    UnsafeOwner {
        /// What the `safe.directory` entry must be.
        dir: PathBuf,
    },
    /// There is no repository.
    #[error("'{}' is in no git repository; run `git init` and commit something first", dir.display())]
    NotARepository {
        /// Where it was looked for.
        dir: PathBuf,
    },
    /// There is no configured name or mail address to commit with.
    #[error(
        "git does not know who you are; set it with: git config --global user.name 'Your Name' && git config --global user.email you@example.com"
    )]
    NoIdentity,
    /// The repository has no commit, or the branch has none.
    #[error("'{}' has no commit to start from; commit something first", dir.display())]
    NoCommit {
        /// The repository.
        dir: PathBuf,
    },
    /// A name stands for no commit.
    #[error("'{rev}' is no commit of this repository")]
    UnknownRevision {
        /// The name.
        rev: String,
    },
    /// The command took too long and was killed.
    #[error("'{command}' was stopped after {} s", after.as_secs())]
    TimedOut {
        /// The command line.
        command: String,
        /// Its time limit.
        after: Duration,
    },
    /// The command's answer was beyond its bound.
    #[error("'{command}' answers with more than {limit} bytes")]
    TooLong {
        /// The command line.
        command: String,
        /// The bound in bytes.
        limit: usize,
    },
    /// Git's answer is not what its documentation says.
    #[error("'{command}' answered in an unexpected way: {what}")]
    Output {
        /// The command line.
        command: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The library that reads the repository in process failed.
    #[error("reading the repository failed: {0}")]
    Library(git2::Error),
    /// The git binary did not start.
    #[error("git did not start in '{}': {error}; is it installed and on the PATH, and does the directory exist?", dir.display())]
    Start {
        /// Where.
        dir: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// A file of ours beside the repository's could not be read or written.
    #[error("'{}': {error}", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// Anything else that git refuses.
    #[error("'{command}' failed in '{}' ({}): {stderr}", dir.display(), code.map_or("killed".to_owned(), |code| format!("exit {code}")))]
    Failed {
        /// The command line.
        command: String,
        /// Where it ran.
        dir: PathBuf,
        /// Its exit code; none if a signal ended it.
        code: Option<i32>,
        /// What git said.
        stderr: String,
    },
}

impl GitError {
    /// An error of the file at `path`.
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |error| Self::Io { path, error }
    }
}

#[cfg(test)]
mod tests;
