//! The command line as a whole: its help, its consistency, and what it refuses.

use std::collections::BTreeSet;

use super::*;

/// The help as a terminal of a hundred columns shows it, whatever runs the tests.
fn help(path: &[&str]) -> String {
    let mut command = super::command().term_width(100);
    command.build();
    let mut place = &mut command;
    for name in path {
        place = place.find_subcommand_mut(name).unwrap();
    }
    place.render_long_help().to_string()
}

/// Every command that is not hidden, by its path.
fn paths() -> Vec<Vec<String>> {
    fn collect(command: &clap::Command, above: &[String], paths: &mut Vec<Vec<String>>) {
        for command in command
            .get_subcommands()
            .filter(|command| !command.is_hide_set())
        {
            let path = [above, &[command.get_name().to_owned()]].concat();
            collect(command, &path, paths);
            paths.push(path);
        }
    }
    let mut paths = Vec::new();
    collect(&super::command(), &[], &mut paths);
    paths
}

#[test]
fn the_help_is_what_users_read() {
    insta::assert_snapshot!("swarm", help(&[]));
    for path in paths() {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        insta::assert_snapshot!(path.join("_"), help(&path));
    }
    // No snapshot is left of a command that is gone.
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/src/cli/snapshots");
    let prefix = "swarm_orchestrator__cli__tests__";
    let kept: BTreeSet<String> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .map(|name| {
            name.trim_start_matches(prefix)
                .trim_end_matches(".snap")
                .to_owned()
        })
        .collect();
    let mut known: BTreeSet<String> = paths().iter().map(|path| path.join("_")).collect();
    known.insert("swarm".into());
    assert_eq!(kept, known);
}

#[test]
fn the_argument_definitions_agree_with_each_other() {
    super::command().debug_assert();
}

#[test]
fn every_option_and_command_is_explained() {
    fn check(command: &clap::Command) {
        let name = command.get_name();
        let about = command
            .get_about()
            .map(ToString::to_string)
            .unwrap_or_default();
        assert!(
            !about.is_empty() && !about.ends_with('.'),
            "{name}: {about:?}"
        );
        for arg in command.get_arguments() {
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            assert!(
                !help.is_empty() && !help.ends_with('.'),
                "{name} {}: {help:?}",
                arg.get_id()
            );
        }
        command.get_subcommands().for_each(check);
    }
    check(&super::command());
}

#[test]
fn the_global_options_stand_before_and_after_the_command() {
    for line in [
        ["swarm", "-C", "x", "--json", "init"],
        ["swarm", "init", "-C", "x", "--json"],
    ] {
        let cli = Cli::try_parse_from(line).unwrap();
        assert_eq!(
            cli.global.directory.as_deref(),
            Some(std::path::Path::new("x"))
        );
        assert!(cli.global.json);
    }
    assert!(Cli::try_parse_from(["swarm", "-q", "-v", "init"]).is_err());
}
