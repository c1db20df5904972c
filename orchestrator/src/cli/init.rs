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

/// Writes what is not there yet.
///
/// # Errors
/// A file cannot be written.
pub fn run(context: &Context, _args: &InitArgs) -> Result<ExitStatus, CommandError> {
    for (name, text) in [("plan.md", PLAN)] {
        match create(&context.dir.join(name), text)? {
            Written::Now => context.terminal.note(&format!("wrote {name}")),
            Written::Before => context
                .terminal
                .note(&format!("kept {name}, it was there already")),
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

    #[test]
    fn a_file_that_is_there_stays_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("deep/plan.md");
        assert!(matches!(create(&path, "one").unwrap(), Written::Now));
        assert!(matches!(create(&path, "two").unwrap(), Written::Before));
        assert_eq!(fs::read_to_string(&path).unwrap(), "one");
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
