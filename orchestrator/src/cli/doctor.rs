//! `swarm doctor`: what is around swarm, how it stands, and how to mend it. Also the checks before each run.
//!
//! Knows no check; they are in `doctor`.

use anstyle::{AnsiColor, Style};
use swarm_mailbox::id::RunId;

use super::Context;
use super::args::DoctorArgs;
use super::terminal::Format;
use crate::doctor::{Check, Scene, Status, examine, preflight};
use crate::engine::look;
use crate::error::{CommandError, ExitStatus};
use crate::report::cell::{clean, count};
use crate::report::status::RunState;
use crate::report::table::{Cell, Table};
use crate::rundir::RunDir;
use crate::settings::Settings;

/// Looks at everything and tells; a problem is an exit status of its own.
///
/// # Errors
/// The settings are wrong, or standard output cannot be written to.
pub fn run(context: &Context, _args: &DoctorArgs) -> Result<ExitStatus, CommandError> {
    let settings = context.settings(&[])?;
    let dead_runs = dead_runs(context);
    let scene = Scene {
        sources: &context.sources,
        settings: &settings,
        dead_runs: &dead_runs,
    };
    let checks = examine(&scene);
    match context.terminal.format {
        Format::Json => context.terminal.print_json(&checks)?,
        Format::Text => context
            .terminal
            .print(&render(&checks, context.terminal.columns()))?,
    }
    let has_problem = checks.iter().any(|check| check.status == Status::Problem);
    Ok(if has_problem {
        ExitStatus::Environment
    } else {
        ExitStatus::Success
    })
}

/// Refuses what cannot succeed, before anything is started.
///
/// # Errors
/// The first problem that was found, and how to mend each.
pub fn require(context: &Context, settings: &Settings) -> Result<(), CommandError> {
    let scene = Scene {
        sources: &context.sources,
        settings,
        dead_runs: &[],
    };
    let problems = preflight(&scene);
    if problems.is_empty() {
        return Ok(());
    }
    let found: Vec<String> = problems
        .iter()
        .map(|check| format!("{}: {}", check.name, check.found))
        .collect();
    let error = CommandError::environment(format!("no run can succeed here\n{}", found.join("\n")));
    let advice = problems.into_iter().filter_map(|check| check.advice);
    Err(advice.fold(error, CommandError::hint))
}

/// Runs that are not over and that nobody drives. Outside of a repository there are none.
fn dead_runs(context: &Context) -> Vec<RunId> {
    let Ok(repo) = context.repo() else {
        return Vec::new();
    };
    let dirs = RunDir::list(repo.common_dir()).unwrap_or_default();
    let dead = dirs.into_iter().filter(|dir| {
        look::status(dir).is_ok_and(|status| {
            matches!(status.head.state, RunState::Crashed | RunState::Suspended)
        })
    });
    dead.map(|dir| dir.run().clone()).collect()
}

fn render(checks: &[Check], columns: Option<usize>) -> String {
    let mut table = Table::new(&["", "CHECK", "FOUND"]);
    for check in checks {
        let (word, style) = match check.status {
            Status::Ok => ("ok", AnsiColor::Green.on_default()),
            Status::Warning => ("warning", AnsiColor::Yellow.on_default()),
            Status::Problem => ("problem", AnsiColor::Red.on_default().bold()),
        };
        table.row([
            Cell::styled(word, style),
            check.name.into(),
            Cell::from(&check.found),
        ]);
    }
    let mut text = table.render(columns);
    let bold = Style::new().bold();
    for check in checks {
        if let Some(advice) = &check.advice {
            text.push_str(&format!(
                "\n{bold}{}{bold:#}: {}\n",
                check.name,
                clean(&check.found)
            ));
            for line in advice.lines() {
                text.push_str(&format!("  {}\n", clean(line)));
            }
        }
    }
    let count_of = |status| checks.iter().filter(|check| check.status == status).count() as u64;
    let (problems, warnings) = (count_of(Status::Problem), count_of(Status::Warning));
    text.push_str(&match (problems, warnings) {
        (0, 0) => "\nall is well\n".to_owned(),
        (0, warnings) => format!("\n{}; runs work\n", count(warnings, "warning")),
        (problems, _) => format!(
            "\n{} to mend before a run can succeed\n",
            count(problems, "problem")
        ),
    });
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: Status, advice: Option<&str>) -> Check {
        Check {
            name: "git",
            status,
            found: "2.20\u{1b}[31m, too old".into(),
            advice: advice.map(Into::into),
        }
    }

    #[test]
    fn what_is_wrong_comes_with_how_to_mend_it() {
        let checks = [
            check(Status::Ok, None),
            check(
                Status::Warning,
                Some("install a newer one:\napt-get install git"),
            ),
        ];
        let text = anstream::adapter::strip_str(&render(&checks, None)).to_string();
        insta::assert_snapshot!(text, @r"
                 CHECK  FOUND
        ok       git    2.20, too old
        warning  git    2.20, too old

        git: 2.20, too old
          install a newer one:
          apt-get install git

        1 warning; runs work
        ");
    }

    #[test]
    fn the_last_line_says_whether_runs_work() {
        let last = |checks: &[Check]| render(checks, None).lines().last().unwrap().to_owned();
        assert_eq!(last(&[check(Status::Ok, None)]), "all is well");
        assert_eq!(
            last(&[check(Status::Warning, None)]),
            "1 warning; runs work"
        );
        let problem = [check(Status::Problem, None), check(Status::Warning, None)];
        assert_eq!(last(&problem), "1 problem to mend before a run can succeed");
    }
}
