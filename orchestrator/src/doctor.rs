//! Checks of everything around the program that a run needs, and how to mend each: `swarm doctor`, and before each run
//! the part of it without which no run can succeed.
//!
//! Each check looks at one thing and says what it found; nothing is changed but temporary files that it removes again.
//! Knows nothing of plans, and learns of runs what it is told.

mod program;
mod repository;
mod room;

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use swarm_mailbox::id::RunId;

use crate::git::command::{Environment, Git};
use crate::git::repo::Repo;
use crate::settings::{Settings, Sources};

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What: a few words, the same on every machine.
    pub name: &'static str,
    /// How it stands.
    pub status: Status,
    /// What was found, as a fragment.
    pub found: String,
    /// What to do; absent where nothing is to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
}

/// How a thing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// As it should be.
    Ok,
    /// A run works, but not as well as it might.
    Warning,
    /// No run can succeed.
    Problem,
}

/// What the checks are told.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// Where the program runs, and with what environment.
    pub sources: &'a Sources,
    /// The settings.
    pub settings: &'a Settings,
    /// Runs that are not over and that nobody runs.
    pub dead_runs: &'a [RunId],
}

/// Looks at everything.
#[must_use]
pub fn examine(scene: &Scene<'_>) -> Vec<Check> {
    let mut checks = vec![program::git(&git(scene)), program::shell(scene.settings)];
    checks.push(program::tmux(scene.sources));
    match discover(scene) {
        Ok(repo) => {
            checks.extend(repository::required(&repo));
            checks.extend(repository::notes(&repo, scene.sources));
            checks.extend(room::required(&repo, scene.settings));
            checks.extend(room::notes(&repo, scene.settings));
        }
        Err(check) => checks.push(check),
    }
    checks.push(room::memory(scene.settings, Path::new("/")));
    if !scene.dead_runs.is_empty() {
        checks.push(dead_runs(scene.dead_runs));
    }
    checks
}

/// Looks at what every run needs, quickly, and gives only the problems; none is leave to start.
#[must_use]
pub fn preflight(scene: &Scene<'_>) -> Vec<Check> {
    let mut checks = vec![program::git(&git(scene)), program::shell(scene.settings)];
    match discover(scene) {
        Ok(repo) => {
            checks.extend(repository::required(&repo));
            checks.extend(room::required(&repo, scene.settings));
        }
        Err(check) => checks.push(check),
    }
    checks.retain(|check| check.status == Status::Problem);
    checks
}

impl Check {
    fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self {
            name,
            status: Status::Ok,
            found: found.into(),
            advice: None,
        }
    }

    fn warning(name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            name,
            status: Status::Warning,
            found: found.into(),
            advice: Some(advice.into()),
        }
    }

    fn problem(name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            name,
            status: Status::Problem,
            found: found.into(),
            advice: Some(advice.into()),
        }
    }
}

fn environment(scene: &Scene<'_>) -> Environment {
    Environment::new(scene.sources.env.clone())
}

fn git(scene: &Scene<'_>) -> Git {
    Git::in_dir(&scene.sources.cwd, Arc::new(environment(scene)))
}

fn discover(scene: &Scene<'_>) -> Result<Repo, Check> {
    Repo::discover(&scene.sources.cwd, environment(scene))
        .map_err(|error| repository::failed("repository", &error))
}

fn dead_runs(runs: &[RunId]) -> Check {
    let ids: Vec<&str> = runs.iter().map(RunId::as_str).collect();
    let advice = match runs {
        [one] => format!(
            "go on with `swarm resume {one}`, or look at what `swarm gc --dry-run` would remove"
        ),
        _ => "go on with `swarm resume RUN`, or look at what `swarm gc --dry-run` would remove"
            .to_owned(),
    };
    Check::warning("unfinished runs", ids.join(", "), advice)
}

#[cfg(test)]
mod tests;
