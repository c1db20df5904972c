//! What a person sees: a run on a real terminal, its progress, its end, and Ctrl-C.

use std::fs;
use std::path::{Path, PathBuf};

use swarm_tests::{Repo, TestEnv};

use crate::sealed;

/// Two tasks that say what they do and then wait for the file `GO`, and one that needs both.
const PLAN: &str = "\
---
max-workers: 2
merge-batch: 1
---
# A plan

## left: Write the left side
- run: echo left is busy; until test -e 'GO'; do sleep 0.05; done; echo l > left.txt
- touches: left.txt

## right: Write the right side
- run: echo right is busy; until test -e 'GO'; do sleep 0.05; done; echo r > right.txt
- touches: right.txt

## both: Put the sides together
- needs: left, right
- run: cat left.txt right.txt > both.txt
- touches: both.txt
";

/// An environment, the plan whose tasks wait there for a file, and the path of that file.
fn waiting(plan: &str) -> (TestEnv, String, PathBuf) {
    let env = sealed();
    let go = env.root().join("go");
    let plan = plan.replace("GO", &go.to_string_lossy());
    (env, plan, go)
}

/// Lets the tasks end.
fn let_go(go: &Path) {
    fs::write(go, "").expect("the file that the tasks wait for");
}

#[test]
fn a_terminal_shows_who_is_at_work_and_how_far_the_run_is() {
    let (env, plan, go) = waiting(PLAN);
    let repo = Repo::new(&env, "repo", &[("plan.md", &plan)]);
    let mut screen = env
        .swarm(repo.path())
        .args(["run", "plan.md"])
        .on_screen(24, 80);

    // Both tasks are at work, each with the newest line of its output; the bar counts what is done.
    screen.wait_for("left is busy");
    let shown = screen.wait_for("right is busy");
    let line = |start: &str| {
        shown
            .lines()
            .any(|line| line.starts_with(start) && line.contains("working"))
    };
    assert!(line("left ") && line("right "), "{shown}");
    let bar = screen.wait_for("0/3");
    assert!(bar.contains("2 running, 1 waiting"), "{bar}");

    let_go(&go);
    assert_eq!(screen.wait(), 0);
    let end = screen.text();
    assert!(end.contains("3 tasks, 3 done"), "{end}");
    assert!(end.contains("swarm merge"), "{end}");
    // The bars are gone when the run is over.
    assert!(!end.contains("working") && !end.contains("3/3"), "{end}");
    env.nobody_is_left();
}

#[test]
fn lines_fit_a_narrow_terminal() {
    let long = PLAN.replace(
        "is busy",
        "is busy with something that takes many more words than fit",
    );
    let (env, plan, go) = waiting(&long);
    let repo = Repo::new(&env, "repo", &[("plan.md", &plan)]);
    let mut screen = env
        .swarm(repo.path())
        .args(["run", "plan.md"])
        .on_screen(24, 40);
    screen.wait_for("0/3");
    let shown = screen.wait_for("right is");
    let rows: Vec<&str> = shown.lines().collect();
    let at = rows
        .iter()
        .position(|row| row.starts_with("left ") && row.contains("working"));
    // A line that did not fit would go on in the row below.
    let at = at.unwrap_or_else(|| panic!("{shown}"));
    assert!(
        rows[at + 1].starts_with("right ") && rows[at + 2].contains("0/3"),
        "{shown}"
    );
    let_go(&go);
    assert_eq!(screen.wait(), 0);
}

#[test]
fn ctrl_c_stops_the_run_and_resume_goes_on() {
    let (env, plan, go) = waiting(PLAN);
    let repo = Repo::new(&env, "repo", &[("plan.md", &plan)]);
    let command = env
        .swarm(repo.path())
        .args(["run", "--grace", "1s", "plan.md"]);
    let mut screen = command.on_screen(24, 80);
    screen.wait_for("left is busy");
    screen.press("\x03");
    assert_eq!(screen.wait(), 130, "{}", screen.text());
    assert!(screen.text().contains("swarm resume"), "{}", screen.text());
    env.nobody_is_left();

    let_go(&go);
    let output = env.swarm(repo.path()).arg("resume").run().success();
    assert!(output.stdout().contains("3 tasks, 3 done"), "{output}");
    let integration = repo.branches().pop().expect("the integration branch");
    assert_eq!(
        repo.file(&integration, "both.txt").as_deref(),
        Some("l\nr\n")
    );
    env.nobody_is_left();
}

#[test]
fn the_same_run_in_a_pipe_is_plain_lines() {
    let (env, plan, go) = waiting(PLAN);
    let repo = Repo::new(&env, "repo", &[("plan.md", &plan)]);
    let_go(&go);
    let output = env
        .swarm(repo.path())
        .args(["run", "plan.md"])
        .run()
        .success();
    let text = output.raw_stdout();
    assert!(!text.contains('\x1b') && !text.contains('\r'), "{text:?}");
    assert!(
        output.stdout().contains("left     merged as $COMMIT"),
        "{output}"
    );
}
