//! From a plan to landed work, as a shell sees it: `run`, then every command that shows, lands or cleans what it left.
//!
//! Real git, real processes, no network. What goes wrong inside a run is tested with the engine.
#![expect(
    clippy::unwrap_used,
    reason = "the functions that tests share are tests too"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// A repository with one commit on `main`, in a directory that also is the user's home.
struct Repo {
    _dir: tempfile::TempDir,
    top: PathBuf,
}

/// What a command said.
#[derive(Debug)]
#[must_use]
struct Said {
    code: i32,
    out: String,
    err: String,
}

impl Repo {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path().join("repo");
        std::fs::create_dir(&top).unwrap();
        let repo = Self { _dir: dir, top };
        for args in [
            &["init", "-q", "-b", "main"][..],
            &["config", "user.name", "Tester"],
            &["config", "user.email", "tester@example.org"],
        ] {
            repo.git(args);
        }
        repo.write("base", "base\n");
        repo.git(&["add", "base"]);
        repo.git(&["commit", "-q", "-m", "base"]);
        repo
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.top.join(name), text).unwrap();
    }

    fn git(&self, args: &[&str]) -> String {
        let output = output(Command::new("git").args(args), &self.top);
        assert!(
            output.status.success(),
            "git {args:?}: {}",
            text(&output.stderr)
        );
        text(&output.stdout)
    }

    fn swarm(&self, args: &[&str]) -> Said {
        let output = output(
            Command::new(env!("CARGO_BIN_EXE_swarm")).args(args),
            &self.top,
        );
        Said {
            code: output.status.code().unwrap(),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }

    /// Runs a plan that must end with `code`, and gives its summary.
    fn run(&self, plan: &str, code: i32) -> Value {
        self.write("plan.md", plan);
        let said = self.swarm(&["run", "plan.md", "--json"]);
        assert_eq!(said.code, code, "{said:?}");
        let last: Value = serde_json::from_str(said.out.lines().last().unwrap()).unwrap();
        assert_eq!(last["type"], "run-ended");
        last["summary"].clone()
    }
}

fn output(command: &mut Command, dir: &Path) -> Output {
    command
        .env_clear()
        .env("HOME", dir)
        .env("PATH", std::env::var_os("PATH").unwrap());
    command
        .current_dir(dir)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

const TWO: &str = "\
## a: Write a
- run: echo from a; echo a > a
## b: Write b
- needs: a
- run: cat a > b
- accept: `grep -q a b`
";

#[test]
fn work_is_shown_landed_and_cleaned_up_after() {
    let repo = Repo::new();
    let before = repo.git(&["rev-parse", "main"]);
    let summary = repo.run(TWO, 0);
    let run = summary["run"].as_str().unwrap();
    assert_eq!(
        repo.git(&["rev-parse", "main"]),
        before,
        "nothing lands unasked"
    );

    assert_eq!(repo.swarm(&["logs", "a"]).out, "from a\n");
    assert_eq!(
        repo.swarm(&["logs", "a", "--json"]).out,
        "{\"line\":\"from a\"}\n"
    );
    assert_eq!(repo.swarm(&["logs", "b", "--gates", "-f"]).code, 0);
    let diff = repo.swarm(&["diff", "b", "--run", &run[..7]]);
    assert!(
        diff.out.contains("+++ b/b") && !diff.out.contains("+++ b/a"),
        "{diff:?}"
    );
    let status: Value = serde_json::from_str(&repo.swarm(&["status", "--json"]).out).unwrap();
    assert_eq!(
        (&status["state"], &status["tasks"][1]["state"]),
        (&"ended".into(), &"merged".into())
    );
    assert!(repo.swarm(&["log"]).out.contains("b        merged as "));

    let merged = repo.swarm(&["merge"]);
    assert!(
        merged.out.starts_with("main is at ") && merged.code == 0,
        "{merged:?}"
    );
    assert_eq!(repo.git(&["show", "main:b"]), "a\n");
    assert_eq!(
        repo.git(&["status", "--porcelain", "--untracked-files=no"]),
        ""
    );
    assert_eq!(repo.swarm(&["merge"]).out, "main has all of it already\n");

    let planned = repo.swarm(&["gc", "--dry-run"]).out;
    let removed = repo.swarm(&["gc"]).out;
    assert_eq!(planned.replace("would remove", "removed"), removed);
    assert!(
        removed.contains(&format!("branch swarm/{run} ")),
        "{removed}"
    );
    assert_eq!(repo.git(&["branch", "--list", "swarm/*"]), "");
    assert_eq!(repo.swarm(&["gc"]).out, "");
}

#[test]
fn a_task_lands_with_what_it_needs_and_with_nothing_unnamed() {
    let repo = Repo::new();
    let plan = TWO.to_owned() + "## c: Write c\n- run: echo c > c\n- priority: 9\n";
    repo.write("plan.md", &plan);
    // One at a time: `c` comes first, so that `a` is built on it.
    let said = repo.swarm(&["run", "plan.md", "-j", "1", "-q"]);
    assert_eq!(said.code, 0, "{said:?}");
    let refused = repo.swarm(&["merge", "b"]);
    assert_eq!(refused.code, 2);
    assert!(
        refused.err.starts_with("error: this would land c too"),
        "{refused:?}"
    );
    assert_eq!(repo.swarm(&["merge", "c", "--squash"]).code, 0);
    assert_eq!(repo.git(&["ls-tree", "--name-only", "main"]), "base\nc\n");
    assert_eq!(
        repo.git(&["log", "-1", "--format=%s", "main"])
            .split(" of ")
            .next(),
        Some("Merge task c")
    );
    let unknown = repo.swarm(&["merge", "nobody"]);
    assert!(
        unknown.code == 2 && unknown.err.contains("has no task 'nobody'"),
        "{unknown:?}"
    );
}

#[test]
fn what_failed_is_not_landed_and_says_where_to_look() {
    let repo = Repo::new();
    let plan = "## bad: Fails\n- run: echo why; exit 3\n- retries: 0\n## next: Needs it\n- needs: bad\n- run: true\n";
    let summary = repo.run(plan, 1);
    assert_eq!(
        (&summary["counts"]["failed"], &summary["counts"]["blocked"]),
        (&1.into(), &1.into())
    );
    let next = summary["next"][0]["command"].as_str().unwrap();
    let args: Vec<&str> = next.split(' ').skip(1).collect();
    assert_eq!(repo.swarm(&args).out, "why\n", "the advice works: {next}");
    let merge = repo.swarm(&["merge", "bad"]);
    assert_eq!(
        (merge.code, merge.err.lines().next()),
        (
            1,
            Some("error: the work of 'bad' is not merged: the task is failed")
        )
    );
    let diff = repo.swarm(&["diff", "bad"]);
    assert!(
        diff.code == 2 && diff.err.contains("has not committed anything"),
        "{diff:?}"
    );
    let logs = repo.swarm(&["logs", "next"]);
    assert!(
        logs.code == 2 && logs.err.contains("nothing was started for 'next'"),
        "{logs:?}"
    );
}

#[test]
fn a_conflict_with_the_users_own_work_changes_nothing() {
    let repo = Repo::new();
    repo.run("## a: Write a\n- run: echo theirs > a\n", 0);
    repo.write("a", "mine\n");
    let dirty = repo.swarm(&["merge"]);
    assert_eq!(dirty.code, 3, "{dirty:?}");
    assert!(dirty.err.contains("would be overwritten: a"), "{dirty:?}");
    assert_eq!(
        std::fs::read_to_string(repo.top.join("a")).unwrap(),
        "mine\n"
    );
    repo.git(&["add", "a"]);
    repo.git(&["commit", "-q", "-m", "mine"]);
    let before = repo.git(&["rev-parse", "main"]);
    let conflict = repo.swarm(&["merge"]);
    assert_eq!(conflict.code, 1, "{conflict:?}");
    assert!(
        conflict.err.contains("conflicts in a") && conflict.err.contains("hint: "),
        "{conflict:?}"
    );
    assert_eq!(repo.git(&["rev-parse", "main"]), before);
}

#[test]
fn a_run_lands_by_itself_where_it_is_told_to() {
    let repo = Repo::new();
    repo.write("plan.md", TWO);
    let said = repo.swarm(&["run", "plan.md", "--land"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(said.out.contains("main is at "), "{said:?}");
    assert_eq!(repo.git(&["show", "main:b"]), "a\n");
    repo.write("plan.md", "## x: Fails\n- run: exit 1\n- retries: 0\n");
    let failed = repo.swarm(&["run", "plan.md", "--land"]);
    assert!(
        failed.code == 1 && failed.err.contains("nothing was landed"),
        "{failed:?}"
    );
}

#[test]
fn a_dry_run_shows_the_plan_and_starts_nothing() {
    let repo = Repo::new();
    repo.write("plan.md", TWO);
    let said = repo.swarm(&["run", "plan.md", "--dry-run", "-j", "3"]);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(
        said.out
            .contains("2 tasks in 2 levels, at most 3 at a time"),
        "{said:?}"
    );
    assert_eq!(
        repo.swarm(&["runs"]).out,
        "no runs yet; `swarm run PLAN` starts one\n"
    );
    assert_eq!(repo.git(&["branch", "--list", "swarm/*"]), "");
    repo.write("plan.md", "## a: Prose only\n");
    let prose = repo.swarm(&["run", "plan.md", "--dry-run"]);
    assert!(
        prose.code == 2 && prose.err.contains("no command to run"),
        "{prose:?}"
    );
}

#[test]
fn the_environment_is_checked_before_anything_starts() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("plan.md"), TWO).unwrap();
    let swarm = |args: &[&str]| {
        output(
            Command::new(env!("CARGO_BIN_EXE_swarm")).args(args),
            dir.path(),
        )
    };
    for args in [
        &["run", "plan.md"][..],
        &["run", "plan.md", "--dry-run"],
        &["doctor"],
        &["runs"],
        &["gc"],
    ] {
        let output = swarm(args);
        assert_eq!(
            output.status.code(),
            Some(3),
            "{args:?}: {}",
            text(&output.stderr)
        );
    }
    let checks: Value = serde_json::from_slice(&swarm(&["doctor", "--json"]).stdout).unwrap();
    let repository = checks
        .as_array()
        .unwrap()
        .iter()
        .find(|check| check["name"] == "repository")
        .unwrap();
    assert_eq!(repository["status"], "problem");
    assert!(repository["advice"].is_string());
}

#[test]
fn the_story_of_a_run_can_be_read_by_halves() {
    let repo = Repo::new();
    repo.write("plan.md", TWO);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = Command::new(env!("CARGO_BIN_EXE_swarm"));
    command.args(["run", "plan.md"]).stdout(writer);
    command
        .env_clear()
        .env("HOME", &repo.top)
        .env("PATH", std::env::var_os("PATH").unwrap());
    let output = command
        .current_dir(&repo.top)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "the run goes on unseen: {}",
        text(&output.stderr)
    );
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
    assert!(repo.swarm(&["runs"]).out.contains(" 2/2 "));
}
