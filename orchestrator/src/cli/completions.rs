//! `swarm completions SHELL`: prints what a shell needs to complete the command line.

use super::Context;
use super::args::CompletionsArgs;
use crate::error::{CommandError, ExitStatus};

/// Prints the completions.
///
/// # Errors
/// Standard output cannot be written to.
pub fn run(context: &Context, args: &CompletionsArgs) -> Result<ExitStatus, CommandError> {
    context.terminal.print_bytes(&script(args.shell))?;
    Ok(ExitStatus::Success)
}

fn script(shell: clap_complete::Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut super::command(), "swarm", &mut script);
    script
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;
    use clap_complete::Shell;

    use super::*;

    #[test]
    fn every_shell_learns_every_visible_command() {
        for shell in Shell::value_variants() {
            let script = String::from_utf8(script(*shell)).unwrap();
            assert!(!script.contains("Be the worker"), "{shell}");
            for command in super::super::command().get_subcommands() {
                let name = command.get_name();
                assert!(script.contains(name), "{shell}: {name}");
            }
        }
    }
}
