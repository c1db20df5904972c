//! `swarm man`: the manual, made from the same help texts as `--help`.

use std::fs;
use std::path::Path;

use super::Context;
use super::args::ManArgs;
use crate::error::{CommandError, ExitStatus};

/// Prints the page of swarm, or writes all pages into a directory.
///
/// # Errors
/// Standard output or the directory cannot be written to.
pub fn run(context: &Context, args: &ManArgs) -> Result<ExitStatus, CommandError> {
    match &args.out {
        None => context.terminal.print_bytes(&page(&super::command())?)?,
        Some(out) => {
            write_all(&context.dir().join(out))?;
            let place = out.display();
            context.terminal.note(&format!(
                "wrote the pages to {place}; `man -l {place}/swarm.1` shows the first"
            ));
        }
    }
    Ok(ExitStatus::Success)
}

/// Writes `swarm.1` and a `swarm-COMMAND.1` for each command.
fn write_all(out: &Path) -> Result<(), CommandError> {
    fs::create_dir_all(out)
        .and_then(|()| clap_mangen::generate_to(super::command(), out))
        .map_err(|error| {
            CommandError::environment(format!("cannot write into {}: {error}", out.display()))
        })
}

fn page(command: &clap::Command) -> Result<Vec<u8>, CommandError> {
    let mut page = Vec::new();
    let man = clap_mangen::Man::new(command.clone());
    man.render(&mut page)
        .map_err(|error| CommandError::internal(format!("cannot make the manual page: {error}")))?;
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_visible_command_has_a_page_with_its_usage() {
        let dir = tempfile::tempdir().unwrap();
        write_all(&dir.path().join("man1")).unwrap();
        let visible: Vec<_> = super::super::command()
            .get_subcommands()
            .filter(|c| !c.is_hide_set())
            .cloned()
            .collect();
        for command in visible {
            let path = dir
                .path()
                .join(format!("man1/swarm-{}.1", command.get_name()));
            let page = fs::read_to_string(&path).unwrap();
            assert!(
                page.contains(".SH SYNOPSIS") && page.contains(".SH OPTIONS"),
                "{}",
                path.display()
            );
        }
        let top = fs::read_to_string(dir.path().join("man1/swarm.1")).unwrap();
        assert!(top.contains("Exit codes:") && top.contains("130"));
    }
}
