//! The first thing that a user does: the example of the README, run on a copy of it and landed.

use std::path::Path;

use swarm_tests::{Output, Repo, TestEnv};

use crate::sealed;

/// The tasks of the example.
const TASKS: [&str; 8] = [
    "trace", "text", "count", "render", "app", "retire", "readme", "changes",
];

/// A repository that holds the example where the real one has it.
fn copy_of_the_example(env: &TestEnv) -> Repo<'_> {
    let repo = Repo::new(env, "clone", &[("README.md", "# A clone\n")]);
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    repo.copy(&top.join("rust-toolchain.toml"), "rust-toolchain.toml");
    repo.copy(&top.join("examples/quickstart"), "examples/quickstart");
    repo.commit("the example");
    repo
}

/// The fields of a task's line in the summary: task, outcome, tries, time, commit, findings, title.
fn summary_of(output: &Output, task: &str) -> Vec<String> {
    let text = output.stdout();
    let rows = text.lines().skip_while(|line| !line.starts_with("TASK "));
    let mut fields = rows.map(|line| {
        line.split_whitespace()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    });
    fields
        .find(|fields| fields.first().is_some_and(|name| name == task))
        .unwrap_or_default()
}

#[test]
fn the_example_runs_to_merged_branches_and_lands() {
    let env = sealed().with_rust();
    let repo = copy_of_the_example(&env);
    let before = repo.tip("main");

    let output = env
        .swarm(repo.path())
        .args(["run", "examples/quickstart/plan.md"])
        .run()
        .success();

    for task in TASKS {
        let row = summary_of(&output, task);
        assert_eq!(
            row.get(1).map(String::as_str),
            Some("merged"),
            "{task} in {output}"
        );
        // The gate that fails once, and the try that mends it.
        let tries = if task == "render" { "2" } else { "1" };
        assert_eq!(
            row.get(2).map(String::as_str),
            Some(tries),
            "{task} in {output}"
        );
    }
    let text = output.stdout();
    assert!(text.contains("gates failed: accept: `! grep"), "{output}");
    assert!(text.contains("8 tasks, 8 done"), "{output}");

    // Nothing of the user's changed, and nothing of the run is left but its branch.
    assert_eq!(repo.tip("main"), before);
    assert_eq!(repo.tip("HEAD"), before);
    assert_eq!(repo.status(), "");
    let branches = repo.branches();
    let [main, integration] = &branches[..] else {
        panic!("branches {branches:?}")
    };
    assert_eq!(main, "main");
    assert!(integration.starts_with("swarm/"), "{integration}");
    env.nobody_is_left();
    the_work_is_there(&repo, integration);

    // The user's word.
    let landed = repo.tip(integration);
    env.swarm(repo.path()).arg("merge").run().success();
    assert_eq!(repo.tip("HEAD"), landed);
    assert_eq!(repo.status(), "");
    let manifest = ["--manifest-path", "examples/quickstart/Cargo.toml"];
    let tests = env
        .program("cargo", repo.path())
        .args(["test", "--offline"])
        .args(manifest)
        .run();
    assert!(
        tests
            .success()
            .raw_stdout()
            .contains("debugging_is_shown_on_demand ... ok")
    );
}

/// What the plan promises of the integration branch.
fn the_work_is_there(repo: &Repo<'_>, integration: &str) {
    let tree = repo.tree(integration);
    let holds = |part: &str| tree.iter().any(|path| path.contains(part));
    assert!(
        holds("crates/trace/src/lib.rs") && !holds("crates/say/"),
        "{tree:?}"
    );
    let sources = tree
        .iter()
        .filter(|path| path.contains("/crates/") && path.ends_with(".rs"));
    for path in sources {
        let text = repo.file(integration, path).unwrap_or_default();
        assert!(!text.contains("say::"), "{path} still uses `say`:\n{text}");
    }
    let row = "examples/quickstart/crates/render/src/table/row.rs";
    assert!(
        repo.file(integration, row)
            .unwrap_or_default()
            .contains("trace::warn!")
    );
    let notes = repo.file(integration, "examples/quickstart/CHANGELOG.md");
    assert!(notes.unwrap_or_default().contains("crate trace"));
    // Every task's commit tells where it comes from.
    for task in TASKS {
        let trailer = format!("--grep=^Swarm-Task: {task}$");
        let commits = repo.git(&["log", "--no-merges", "--format=%an", &trailer, integration]);
        assert_eq!(commits, "Test Author\n", "the commits of {task}");
    }
}

#[test]
fn the_examples_plan_is_what_its_page_says() {
    let env = sealed();
    let repo = copy_of_the_example(&env);
    let output = env
        .swarm(repo.path())
        .args(["plan", "--json", "examples/quickstart/plan.md"])
        .run()
        .success();
    let plan: serde_json::Value = serde_json::from_str(&output.raw_stdout()).expect("JSON");
    let ids: Vec<&str> = plan["tasks"]
        .as_array()
        .expect("tasks")
        .iter()
        .filter_map(|task| task["id"].as_str())
        .collect();
    assert_eq!(ids, TASKS);
    assert_eq!(
        repo.branches(),
        ["main"],
        "looking at a plan changes nothing"
    );
}
