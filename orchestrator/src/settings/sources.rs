//! Where settings come from: the one place that reads the process's environment, home directory and terminals.
//!
//! Everything else in the program is told. Knows no key.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// What a process finds around itself, and the flags it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sources {
    /// The environment.
    pub env: BTreeMap<OsString, OsString>,
    /// The user's home directory, if there is one.
    pub home: Option<PathBuf>,
    /// The directory to work in, absolute.
    pub cwd: PathBuf,
    /// The top of the working tree that holds `cwd`, if there is one.
    pub repo_top: Option<PathBuf>,
    /// Keys that were set by flags, each with its text; later ones go before earlier ones.
    pub flags: Vec<(String, String)>,
    /// The processor cores that this process may use, at least 1.
    pub cores: u32,
    /// Which of the standard streams are terminals.
    pub terminals: Terminals,
}

/// Which of the standard streams are terminals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Terminals {
    /// Standard input.
    pub input: bool,
    /// Standard output.
    pub output: bool,
    /// Standard error.
    pub error: bool,
}

impl Sources {
    /// Gathers everything from the process, without flags.
    ///
    /// # Errors
    /// Where the current directory does not exist any more or cannot be read.
    pub fn from_process() -> std::io::Result<Self> {
        let cwd = std::env::current_dir()?;
        Ok(Self {
            env: std::env::vars_os().collect(),
            home: std::env::home_dir().filter(|home| home.is_absolute()),
            repo_top: find_top(&cwd),
            cwd,
            flags: Vec::new(),
            cores: std::thread::available_parallelism()
                .map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(u32::MAX)),
            terminals: Terminals {
                input: std::io::stdin().is_terminal(),
                output: std::io::stdout().is_terminal(),
                error: std::io::stderr().is_terminal(),
            },
        })
    }

    /// The same, as seen from another directory (`-C DIR`); a relative one is taken from `cwd`.
    #[must_use]
    pub fn at(mut self, dir: &Path) -> Self {
        self.cwd = self.cwd.join(dir);
        self.repo_top = find_top(&self.cwd);
        self
    }

    /// A variable's value, if it is set and not empty.
    #[must_use]
    pub fn var(&self, name: &str) -> Option<&OsStr> {
        self.env
            .get(OsStr::new(name))
            .map(OsString::as_os_str)
            .filter(|value| !value.is_empty())
    }

    /// Where the user's settings are, whether or not the file exists: `$XDG_CONFIG_HOME/swarm/config.toml`, or below
    /// `~/.config`.
    #[must_use]
    pub fn user_file(&self) -> Option<PathBuf> {
        // The XDG specification has relative paths ignored.
        let base = self
            .var("XDG_CONFIG_HOME")
            .map(PathBuf::from)
            .filter(|dir| dir.is_absolute());
        let base = base.or_else(|| self.home.as_ref().map(|home| home.join(".config")))?;
        Some(base.join("swarm").join("config.toml"))
    }

    /// Where the project's settings are, whether or not the file exists.
    #[must_use]
    pub fn project_file(&self) -> Option<PathBuf> {
        Some(self.repo_top.as_ref()?.join(".swarm").join("config.toml"))
    }
}

/// The nearest directory at or above `dir` that holds a `.git`, which is a file in worktrees and submodules.
fn find_top(dir: &Path) -> Option<PathBuf> {
    dir.ancestors()
        .find(|dir| dir.join(".git").symlink_metadata().is_ok())
        .map(Path::to_path_buf)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::sample;

    #[test]
    fn the_users_file_follows_xdg_and_else_the_home_directory() {
        let mut sources = sample::sources(Path::new("/r"));
        assert_eq!(
            sources.user_file(),
            Some("/home/u/.config/swarm/config.toml".into())
        );
        sources
            .env
            .insert("XDG_CONFIG_HOME".into(), "relative".into());
        assert_eq!(
            sources.user_file(),
            Some("/home/u/.config/swarm/config.toml".into())
        );
        sources.env.insert("XDG_CONFIG_HOME".into(), "/x".into());
        assert_eq!(sources.user_file(), Some("/x/swarm/config.toml".into()));
        sources.env.clear();
        sources.home = None;
        assert_eq!(sources.user_file(), None);
    }

    #[test]
    fn the_projects_file_is_found_from_below_and_in_worktrees() {
        let dir = tempfile::tempdir().unwrap();
        let (top, deep) = (dir.path().join("r"), dir.path().join("r/a/b"));
        std::fs::create_dir_all(&deep).unwrap();
        let outside = sample::sources(dir.path()).at(&deep);
        std::fs::write(top.join(".git"), "gitdir: elsewhere\n").unwrap();
        let inside = sample::sources(dir.path()).at(Path::new("r/a/b"));
        assert_ne!(outside.project_file(), inside.project_file());
        assert_eq!(inside.project_file(), Some(top.join(".swarm/config.toml")));
    }

    #[test]
    fn this_process_has_a_directory_and_at_least_one_core() {
        let sources = Sources::from_process().unwrap();
        assert!(sources.cwd.is_absolute());
        assert!(sources.cores >= 1);
    }
}
