//! A plan file as it is named on the command line: its bytes, and the plan that they hold.
//!
//! Both are kept together, so that what was checked is what is run. Knows nothing of what is done with it.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use super::Context;
use super::terminal::Format;
use crate::error::{CommandError, ErrorKind};
use crate::planfile::{self, Diagnostics, MAX_PLAN_BYTES, PlanFile};

/// A plan that was read and found right.
#[derive(Debug)]
pub struct PlanSource {
    /// The file as the user named it.
    pub name: String,
    /// What it holds.
    pub bytes: Vec<u8>,
    /// What that says.
    pub file: PlanFile,
}

impl PlanSource {
    /// Reads and checks the plan at `path`. Every problem is shown: errors and warnings on standard error, with `--json`
    /// errors as one object on standard output.
    ///
    /// # Errors
    /// There is no such file, it cannot be read, or it is no plan.
    pub fn load(context: &Context, path: &Path) -> Result<Self, CommandError> {
        let name = path.display().to_string();
        let bytes = read(&context.dir().join(path)).map_err(|error| unreadable(&name, &error))?;
        match planfile::parse(&name, &bytes) {
            Ok(file) => {
                if !file.warnings.is_empty() {
                    context.terminal.tell(&file.warnings.render(true));
                }
                Ok(Self { name, bytes, file })
            }
            Err(diagnostics) => Err(refused(context, &diagnostics)?),
        }
    }

    /// Refuses a plan with a task that nothing here can carry out.
    ///
    /// # Errors
    /// There is such a task; every one of them is shown.
    pub fn require_commands(&self, context: &Context) -> Result<(), CommandError> {
        let problems = planfile::lint::check_commands(&self.file);
        if problems.errors() == 0 {
            Ok(())
        } else {
            Err(refused(context, &problems)?)
        }
    }
}

/// One byte more than a plan may have is enough to know that it is too long.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MAX_PLAN_BYTES as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unreadable(name: &str, error: &io::Error) -> CommandError {
    let message = format!("cannot read the plan '{name}': {error}");
    match error.kind() {
        io::ErrorKind::NotFound => {
            CommandError::new(ErrorKind::Plan, message).hint("`swarm init` writes a starter plan")
        }
        io::ErrorKind::IsADirectory => {
            CommandError::new(ErrorKind::Plan, message).hint("name the file in it")
        }
        _ => CommandError::environment(message),
    }
}

/// Shows what is wrong with a plan, and gives the error to end with.
fn refused(context: &Context, diagnostics: &Diagnostics) -> Result<CommandError, CommandError> {
    if context.terminal.format == Format::Json {
        context.terminal.print_json(&diagnostics.to_json())?;
    } else {
        context.terminal.tell(&diagnostics.render(true));
    }
    Ok(CommandError::new(
        ErrorKind::Plan,
        "the plan cannot be used as it stands",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::context;
    use crate::error::ExitStatus;

    fn load(dir: &Path, name: &str) -> Result<PlanSource, CommandError> {
        PlanSource::load(&context::sample(dir), Path::new(name))
    }

    #[test]
    fn a_plan_is_read_from_the_directory_to_work_in_and_keeps_its_name() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("p.md"), "## a: A\n- run: true\n").unwrap();
        let source = load(dir.path(), "p.md").unwrap();
        assert_eq!((source.name.as_str(), source.file.tasks.len()), ("p.md", 1));
        assert_eq!(source.bytes, b"## a: A\n- run: true\n");
    }

    #[test]
    fn what_is_no_plan_is_a_plan_error_and_what_cannot_be_read_is_not() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("bad.md"), "## a: A\n- needs: b\n").unwrap();
        let status = |name: &str| load(dir.path(), name).unwrap_err().status();
        assert_eq!(status("bad.md"), ExitStatus::Usage);
        assert_eq!(status("missing.md"), ExitStatus::Usage);
        assert_eq!(status("."), ExitStatus::Usage);
        assert_eq!(status("bad.md/x"), ExitStatus::Environment);
    }

    #[test]
    fn a_file_without_end_is_not_read_to_its_end() {
        let error = load(Path::new("/"), "/dev/zero").unwrap_err();
        assert_eq!(error.kind, ErrorKind::Plan);
    }
}
