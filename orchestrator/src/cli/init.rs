//! `swarm init`: a starter plan and a settings file, both with comments.
//!
//! Never touches a file that is there already.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::Path;

use super::Context;
use super::args::InitArgs;
use crate::error::{CommandError, ExitStatus};

/// The starter plan. It runs as it stands, in any repository.
const PLAN: &str = include_str!("init/plan.md");
/// The starter settings. As they stand they change nothing.
const CONFIG: &str = include_str!("init/config.toml");

/// Writes what is not there yet: the plan where the user is, the settings at the top of the repository.
///
/// # Errors
/// A file cannot be written.
pub fn run(context: &Context, _args: &InitArgs) -> Result<ExitStatus, CommandError> {
    let dir = context.dir();
    let plan = dir.join("plan.md");
    let config = context
        .sources
        .project_file()
        .unwrap_or_else(|| dir.join(".swarm/config.toml"));
    for (path, text) in [(&plan, PLAN), (&config, CONFIG)] {
        let shown = path.strip_prefix(dir).unwrap_or(path).display();
        match create(path, text)? {
            Written::Now => context.terminal.note(&format!("wrote {shown}")),
            Written::Before => context
                .terminal
                .note(&format!("kept {shown}, it was there already")),
        }
    }
    context
        .terminal
        .note("next: edit plan.md, then `swarm plan plan.md` and `swarm run plan.md`");
    Ok(ExitStatus::Success)
}

enum Written {
    Now,
    Before,
}

fn create(path: &Path, text: &str) -> Result<Written, CommandError> {
    let failure =
        |error| CommandError::environment(format!("cannot write {}: {error}", path.display()));
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(failure)?;
    }
    match File::create_new(path) {
        Ok(mut file) => file
            .write_all(text.as_bytes())
            .map(|()| Written::Now)
            .map_err(failure),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(Written::Before),
        Err(error) => Err(failure(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planfile;
    use crate::settings::layer::Origin;
    use crate::settings::{Settings, sample};

    #[test]
    fn a_file_that_is_there_stays_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/plan.md");
        assert!(matches!(create(&path, "one").unwrap(), Written::Now));
        assert!(matches!(create(&path, "two").unwrap(), Written::Before));
        assert_eq!(fs::read_to_string(&path).unwrap(), "one");
    }

    #[test]
    fn the_starter_plan_is_a_plan_without_warnings() {
        let plan = planfile::parse("plan.md", PLAN.as_bytes()).unwrap();
        assert_eq!(plan.tasks.len(), 3);
        assert!(plan.warnings.is_empty(), "{}", plan.warnings);
        assert!(planfile::lint::check_commands(&plan).is_empty());
    }

    #[test]
    fn the_starter_settings_change_nothing_and_each_may_be_taken() {
        let entries = |text: &str| {
            let dir = tempfile::tempdir().unwrap();
            let mut sources = sample::sources(dir.path());
            sources.repo_top = Some(dir.path().to_owned());
            create(&dir.path().join(".swarm/config.toml"), text).unwrap();
            let settings = Settings::load(&sources).unwrap();
            settings
                .entries
                .iter()
                .filter(|entry| entry.origins != [Origin::Default])
                .count()
        };
        assert_eq!(entries(CONFIG), 0);
        let is_setting = |line: &&str| line.starts_with("# ") && line.contains(" = ");
        let offered = CONFIG.lines().filter(is_setting).count();
        assert!(offered > 5);
        let taken: Vec<&str> = CONFIG
            .lines()
            .map(|line| if is_setting(&line) { &line[2..] } else { line })
            .collect();
        assert_eq!(entries(&taken.join("\n")), offered);
    }

    #[test]
    fn a_directory_that_cannot_be_made_is_an_error_with_its_path() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("file"), "").unwrap();
        let error = create(&dir.path().join("file/plan.md"), "x").err().unwrap();
        assert_eq!(error.status(), ExitStatus::Environment);
        assert!(error.message.contains("file/plan.md"), "{error}");
    }
}
