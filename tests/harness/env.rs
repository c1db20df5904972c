//! A sealed world for one test: its own home, configuration, temporary files, identity and dates.
//!
//! Programs that are started in it see nothing of the machine but `PATH`. Knows nothing of git or of `swarm` beyond
//! where the programs lie.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use crate::{Filter, Program, processes, wait_until};

/// The date of every commit that is made in an environment.
const DATE: &str = "2026-02-03T04:05:06+00:00";

/// The identity and the settings of git for everything in an environment.
const GIT_CONFIG: &str = "[user]\n\tname = Test Author\n\temail = author@example.org\n\
    [init]\n\tdefaultBranch = main\n[commit]\n\tgpgSign = false\n[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n";

/// Where the programs of this package were built; in an environment they are `swarm` and `swarm-fake`, and in `PATH`.
/// Only an integration test can know:
/// `Built { swarm: env!("CARGO_BIN_EXE_swarm-under-test"), fake: env!("CARGO_BIN_EXE_swarm-fake") }`.
#[derive(Debug, Clone, Copy)]
pub struct Built {
    /// The program `swarm`.
    pub swarm: &'static str,
    /// The fake agent with its many bad habits.
    pub fake: &'static str,
}

/// A sealed world, which removes itself and ends every process that still lives in it.
pub struct TestEnv {
    root: PathBuf,
    variables: Vec<(OsString, OsString)>,
    /// Removes the directory when it is dropped, which is after the processes were ended.
    _directory: TempDir,
}

impl TestEnv {
    /// A new world with an empty home.
    ///
    /// Its path holds a space on purpose: whatever forgets to quote fails in every test.
    ///
    /// # Panics
    /// When the directories cannot be made.
    #[must_use]
    pub fn new(built: Built) -> Self {
        let directory = tempfile::Builder::new()
            .prefix("swarm env ")
            .tempdir()
            .expect("a temporary directory");
        let root = directory
            .path()
            .canonicalize()
            .expect("the temporary directory has a real path");
        for part in [
            "home/.config",
            "home/.local/state",
            "home/.cache",
            "tmp",
            "bin",
        ] {
            fs::create_dir_all(root.join(part)).expect("a directory of the environment");
        }
        fs::write(root.join("home/.gitconfig"), GIT_CONFIG).expect("git's configuration");
        for (name, program) in [("swarm", built.swarm), ("swarm-fake", built.fake)] {
            symlink(program, root.join("bin").join(name)).expect("a link to a program");
        }
        let variables = sealed(&root);
        Self {
            root,
            variables,
            _directory: directory,
        }
    }

    /// Lets the programs of this environment use the machine's Rust: where its toolchains and the registry's sources lie.
    #[must_use]
    pub fn with_rust(self) -> Self {
        let home = std::env::home_dir().unwrap_or_default();
        let place = |name: &str, default: &str| {
            std::env::var_os(name).unwrap_or_else(|| home.join(default).into_os_string())
        };
        let (cargo, rustup) = (
            place("CARGO_HOME", ".cargo"),
            place("RUSTUP_HOME", ".rustup"),
        );
        let env = self.with("CARGO_HOME", cargo).with("RUSTUP_HOME", rustup);
        // Under `cargo test` the toolchain is fixed already; a directory without rust-toolchain.toml needs to be told.
        match std::env::var_os("RUSTUP_TOOLCHAIN") {
            Some(toolchain) => env.with("RUSTUP_TOOLCHAIN", toolchain),
            None => env,
        }
    }

    /// Sets one more variable for every program of this environment.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables
            .push((name.into(), value.as_ref().to_owned()));
        self
    }

    /// The directory that holds this world.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The home directory of every program in it.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    /// The variables that every program in it sees; nothing else is inherited.
    #[must_use]
    pub fn variables(&self) -> &[(OsString, OsString)] {
        &self.variables
    }

    /// The filter for outputs of this environment.
    #[must_use]
    pub fn filter(&self) -> Filter {
        Filter::new(&self.root)
    }

    /// A command that sees only this environment.
    #[must_use]
    pub fn command(&self, program: impl AsRef<OsStr>, directory: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(directory);
        command
    }

    /// `swarm`, to be run in `directory`.
    #[must_use]
    pub fn swarm(&self, directory: &Path) -> Program {
        self.program(self.root.join("bin/swarm"), directory)
    }

    /// Any program, to be run in `directory`.
    #[must_use]
    pub fn program(&self, program: impl AsRef<OsStr>, directory: &Path) -> Program {
        Program::new(self.command(program, directory), self.filter())
    }

    /// A shell script, to be run in `directory`.
    #[must_use]
    pub fn shell(&self, directory: &Path, script: &str) -> Program {
        self.program("sh", directory).args(["-c", script])
    }

    /// The processes that still live in this environment, whoever started them.
    #[must_use]
    pub fn processes(&self) -> Vec<processes::Process> {
        processes::living_in(&self.root)
    }

    /// Asserts that no process is left. What is on its way out gets a few seconds.
    ///
    /// # Panics
    /// When somebody stays; the message names who.
    #[track_caller]
    pub fn nobody_is_left(&self) {
        let what = "no process was left in the environment";
        let mut left = Vec::new();
        let alone = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            wait_until(Duration::from_secs(10), what, || {
                left = self.processes();
                left.is_empty()
            });
        }));
        assert!(alone.is_ok(), "still there: {left:#?}");
    }
}

impl Drop for TestEnv {
    fn drop(&mut self) {
        // Elsewhere whoever is left goes on until it notices that its directory is gone.
        if !Path::new("/proc/self/environ").exists() {
            return;
        }
        for process in self.processes() {
            process.kill();
        }
    }
}

/// The variables of an environment in `root`.
fn sealed(root: &Path) -> Vec<(OsString, OsString)> {
    let home = root.join("home");
    let mut variables: Vec<(OsString, OsString)> = [
        ("HOME", home.clone()),
        ("XDG_CONFIG_HOME", home.join(".config")),
        ("XDG_STATE_HOME", home.join(".local/state")),
        ("XDG_CACHE_HOME", home.join(".cache")),
        ("XDG_DATA_HOME", home.join(".local/share")),
        ("TMPDIR", root.join("tmp")),
        ("GIT_CONFIG_GLOBAL", home.join(".gitconfig")),
    ]
    .into_iter()
    .map(|(name, path)| (name.into(), path.into_os_string()))
    .collect();
    let fixed = [
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_AUTHOR_DATE", DATE),
        ("GIT_COMMITTER_DATE", DATE),
        ("LC_ALL", "C"),
        ("TZ", "UTC"),
        ("TERM", "xterm-256color"),
    ];
    variables.extend(fixed.map(|(name, value)| (name.into(), value.into())));
    let mut path = root.join("bin").into_os_string();
    if let Some(machine) = std::env::var_os("PATH") {
        path.push(":");
        path.push(machine);
    }
    variables.push(("PATH".into(), path));
    variables
}
