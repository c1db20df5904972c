//! The program as a shell sees it: exit codes, the two output streams, and readers that go away.
//!
//! Only what cannot be seen from inside the process; the rest is tested beside the code.
#![expect(
    clippy::unwrap_used,
    reason = "the functions that tests share are tests too"
)]

use std::path::Path;
use std::process::{Command, Output, Stdio};

fn swarm(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_swarm"));
    command.env_clear().current_dir(dir).args(args);
    command
        .env("HOME", dir)
        .env("PATH", std::env::var_os("PATH").unwrap());
    command.stdin(Stdio::null());
    command
}

fn run(dir: &Path, args: &[&str]) -> Output {
    swarm(dir, args).output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn help_and_version_are_answers_and_go_to_standard_output() {
    let dir = tempfile::tempdir().unwrap();
    for args in [&["--help"][..], &["init", "--help"], &["--version"]] {
        let output = run(dir.path(), args);
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        assert!(
            !output.stdout.is_empty() && output.stderr.is_empty(),
            "{args:?}"
        );
    }
}

#[test]
fn a_wrong_command_line_is_exit_code_two_with_a_suggestion() {
    let dir = tempfile::tempdir().unwrap();
    let output = run(dir.path(), &["completion", "bash"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    assert!(
        text(&output.stderr).contains("'completions'"),
        "{}",
        text(&output.stderr)
    );
    assert_eq!(run(dir.path(), &[]).status.code(), Some(2));
}

#[test]
fn init_works_in_the_directory_it_is_told() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("sub dir")).unwrap();
    let output = run(dir.path(), &["-C", "sub dir", "init", "--color", "always"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(dir.path().join("sub dir/plan.md").is_file());
    assert!(!dir.path().join("plan.md").exists());
    let again = run(dir.path(), &["-C", "sub dir", "init"]);
    assert!(
        text(&again.stderr).contains("kept plan.md"),
        "{}",
        text(&again.stderr)
    );
}

#[test]
fn an_environment_in_the_way_is_exit_code_three_with_the_path() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("file"), "").unwrap();
    let output = run(dir.path(), &["man", "--out", "file/pages"]);
    assert_eq!(output.status.code(), Some(3));
    let stderr = text(&output.stderr);
    assert!(
        stderr.starts_with("error: cannot write into ") && stderr.contains("file/pages"),
        "{stderr}"
    );
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let dir = tempfile::tempdir().unwrap();
    for args in [&["completions", "zsh"][..], &["man"], &["--help"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = swarm(dir.path(), args).stdout(writer).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
    }
}

#[test]
fn settings_are_set_read_and_removed_in_the_users_file() {
    let dir = tempfile::tempdir().unwrap();
    let swarm = |args: &[&str]| {
        let output = run(dir.path(), args);
        (
            output.status.code().unwrap(),
            text(&output.stdout).to_owned(),
            text(&output.stderr).to_owned(),
        )
    };
    assert_eq!(swarm(&["config", "set", "retries", "7"]).0, 0);
    assert_eq!(
        swarm(&["config", "get", "retries"]),
        (0, "7\n".into(), String::new())
    );
    let (_, json, _) = swarm(&["config", "get", "retries", "--json"]);
    assert!(
        json.contains("\"key\":\"retries\"") && json.contains("config.toml line 1"),
        "{json}"
    );
    let (_, list, _) = swarm(&["config", "list"]);
    assert!(
        list.contains("\nretries ") && list.contains("\nmax-workers "),
        "{list}"
    );
    let (code, _, stderr) = swarm(&["config", "set", "retires", "7"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("did you mean 'retries'?"), "{stderr}");
    assert_eq!(swarm(&["config", "unset", "retries"]).0, 0);
    assert_ne!(swarm(&["config", "get", "retries"]).1, "7\n");
    assert!(
        swarm(&["config", "path"])
            .1
            .contains(".config/swarm/config.toml")
    );
    std::fs::write(
        dir.path().join(".config/swarm/config.toml"),
        "retries = \"many\"\n",
    )
    .unwrap();
    let (code, _, stderr) = swarm(&["config", "list"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("config.toml:1"), "{stderr}");
    assert_eq!(
        swarm(&["completions", "fish"]).0,
        0,
        "what needs no settings works without"
    );
}

#[test]
fn colours_come_by_flag_or_setting_and_not_into_pipes() {
    let dir = tempfile::tempdir().unwrap();
    let coloured = |args: &[&str], env: &[(&str, &str)]| {
        let output = swarm(dir.path(), args)
            .envs(env.iter().copied())
            .output()
            .unwrap();
        output.stderr.contains(&0x1b)
    };
    let wrong = ["config", "get", "nothing"];
    let with = |flag| [&["--color", flag][..], &wrong].concat();
    assert!(!coloured(&wrong, &[]));
    assert!(coloured(&with("always"), &[("NO_COLOR", "1")]));
    assert!(coloured(&wrong, &[("CLICOLOR_FORCE", "1")]));
    assert!(!coloured(
        &wrong,
        &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]
    ));
    assert!(!coloured(&with("never"), &[("CLICOLOR_FORCE", "1")]));
    assert!(coloured(&wrong, &[("SWARM_COLOR", "always")]));
}

#[test]
fn the_worker_command_is_there_but_nobody_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let output = run(dir.path(), &["worker", "no-such-spec.json"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(
        text(&output.stderr).starts_with("error: cannot start: "),
        "{}",
        text(&output.stderr)
    );
    assert!(!text(&run(dir.path(), &["--help"]).stdout).contains("  worker "));
}

#[test]
fn a_plan_is_shown_in_each_of_its_views() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), &["init"]);
    let shown = |args: &[&str]| {
        let output = run(dir.path(), &[&["plan", "plan.md"], args].concat());
        assert_eq!(
            output.status.code(),
            Some(0),
            "{args:?}: {}",
            text(&output.stderr)
        );
        assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
        text(&output.stdout).to_owned()
    };
    assert!(shown(&[]).contains("notes"));
    assert!(shown(&["--dot"]).starts_with("digraph"));
    assert!(shown(&["--mermaid"]).starts_with("flowchart"));
    let json: serde_json::Value = serde_json::from_str(&shown(&["--json"])).unwrap();
    assert_eq!(json["tasks"].as_array().unwrap().len(), 3);
    assert_eq!(
        run(dir.path(), &["plan", "plan.md", "--dot", "--mermaid"])
            .status
            .code(),
        Some(2)
    );
}

#[test]
fn a_wrong_plan_is_exit_code_two_with_every_mistake_on_standard_error() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(
        dir.path().join("p.md"),
        "## a: A\n- needs: x\n- runs: true\n",
    )
    .unwrap();
    let output = run(dir.path(), &["plan", "p.md"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    let stderr = text(&output.stderr);
    assert!(
        stderr.contains("p.md:2:10") && stderr.contains("p.md:3:3"),
        "{stderr}"
    );
    assert!(
        stderr.ends_with("error: the plan cannot be used as it stands\n"),
        "{stderr}"
    );
    let json = run(dir.path(), &["plan", "p.md", "--json"]);
    let problems: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(problems["errors"], 2);
    assert_eq!(
        run(dir.path(), &["plan", "missing.md"]).status.code(),
        Some(2)
    );
}
