//! Whole plans: what they mean, and what is said about those that mean nothing.

mod corpus;
mod documents;
mod hostile;
mod overlap;
mod problems;
mod roundtrip;

use std::time::Duration;

use super::*;

/// The plan of the README.
const EXAMPLE: &str = "\
---
gates: [cargo check --workspace, cargo test --workspace]
max-workers: 8
---
# Move every crate from `log` to `tracing`

Whatever stands here, before the first task, is context for every worker.

## deps: Add tracing to the workspace
- run: cargo add tracing -p core -p api
- touches: Cargo.lock, crates/*/Cargo.toml

## core: Move the core crate
- needs: deps
- run: ./tools/log-to-tracing.sh crates/core
- touches: crates/core/**
- accept: `cargo test -p core`
- accept: `! grep -rn 'log::' crates/core/src`

Prose for whoever works on it.
";

#[track_caller]
fn good(text: &str) -> PlanFile {
    match parse("plan.md", text.as_bytes()) {
        Ok(plan) => plan,
        Err(problems) => panic!("{problems}"),
    }
}

#[track_caller]
fn bad(text: &str) -> Diagnostics {
    match parse("plan.md", text.as_bytes()) {
        Ok(_) => panic!("no problem in {text:?}"),
        Err(problems) => problems,
    }
}

/// `line:column code` of every problem.
fn places(problems: &Diagnostics) -> Vec<String> {
    problems
        .list()
        .iter()
        .map(|one| format!("{}:{} {}", one.line, one.column, one.code))
        .collect()
}

fn ids(ids: &[TaskId]) -> Vec<&str> {
    ids.iter().map(TaskId::as_str).collect()
}

#[test]
fn the_example_means_what_it_says() {
    let plan = good(EXAMPLE);
    assert_eq!(
        plan.title.as_deref(),
        Some("Move every crate from `log` to `tracing`")
    );
    assert_eq!(
        plan.context,
        "Whatever stands here, before the first task, is context for every worker."
    );
    assert_eq!(
        plan.front.gates,
        ["cargo check --workspace", "cargo test --workspace"]
    );
    assert_eq!(plan.front.max_workers, Some(8));
    assert!(plan.warnings.is_empty());
    let [deps, core] = &plan.tasks[..] else {
        panic!("{:?}", plan.tasks)
    };
    assert_eq!(
        (deps.id.as_str(), deps.title.as_str(), deps.line),
        ("deps", "Add tracing to the workspace", 9)
    );
    assert_eq!(
        deps.run.as_deref(),
        Some("cargo add tracing -p core -p api")
    );
    assert_eq!(ids(&core.needs), ["deps"]);
    assert!(
        core.touches
            .as_ref()
            .unwrap()
            .holds(b"crates/core/src/lib.rs")
    );
    assert!(
        !core
            .touches
            .as_ref()
            .unwrap()
            .holds(b"crates/api/src/lib.rs")
    );
    let commands = ["cargo test -p core", "! grep -rn 'log::' crates/core/src"];
    assert_eq!(
        core.accept,
        commands.map(|command| Accept::Command(command.to_owned()))
    );
    assert_eq!(core.prose, "Prose for whoever works on it.");
}

#[test]
fn every_field_and_key_has_its_value() {
    let plan = good(
        "---\ninto: main\nbase: origin/main\ngates: make test\nsetup: [npm ci]\nmax-workers: 3\nmerge-batch: 4\n\
         budget: $5, 2M tokens\ntimeout: 1h30m\nretries: 2\nmodel: big\nagent: own\npermissions: plan\n\
         isolation: none\nenv: {A: 1, B: \"x y\", C: }\ncopy: .env\nlink: [target, 'node_modules/']\n---\n\
         ## a: A\n- run: true\n## b: B\n- needs: a\n- run: make b\n- touches: a/{b,c}/**, d\n- accept: it works\n\
         - gates: `make x`, `make y`\n- timeout: 90s\n- retries: 0\n- priority: -3\n- allow-empty: yes\n\
         - isolation: worktree\n- beside: a\n- spawn: teammate\n- agent: x\n- role: reviewer\n- tools: Read, Bash(git a, git b)\n",
    );
    let front = &plan.front;
    assert_eq!(
        (front.into.as_deref(), front.base.as_deref()),
        (Some("main"), Some("origin/main"))
    );
    assert_eq!(
        (front.gates.join("|"), front.setup.join("|")),
        ("make test".into(), "npm ci".into())
    );
    assert_eq!(
        (front.max_workers, front.merge_batch, front.retries),
        (Some(3), Some(4), Some(2))
    );
    assert_eq!(
        front.budget,
        Some(Budget {
            microdollars: Some(5_000_000),
            tokens: Some(2_000_000)
        })
    );
    assert_eq!(front.timeout, Some(Duration::from_secs(5400)));
    assert_eq!(front.permissions.as_deref(), Some("plan"));
    assert_eq!(front.isolation, Some(Isolation::None));
    assert_eq!(
        front.env,
        [("A", "1"), ("B", "x y"), ("C", "")].map(|(k, v)| (k.to_owned(), v.to_owned()))
    );
    assert_eq!(
        (front.copy.join("|"), front.link.join("|")),
        (".env".into(), "target|node_modules/".into())
    );
    let task = &plan.tasks[1];
    assert_eq!(task.accept, [Accept::Prose("it works".to_owned())]);
    assert_eq!(
        task.gates,
        Some(vec!["make x".to_owned(), "make y".to_owned()])
    );
    assert_eq!(
        (task.timeout, task.retries, task.priority),
        (Some(Duration::from_secs(90)), Some(0), Some(-3))
    );
    assert_eq!(
        (task.allow_empty, task.isolation),
        (Some(true), Some(Isolation::Worktree))
    );
    assert_eq!(
        (ids(&task.beside), task.spawn),
        (vec!["a"], Some(SpawnModel::Teammate))
    );
    assert_eq!(
        (task.agent.as_deref(), task.role.as_deref()),
        (Some("x"), Some("reviewer"))
    );
    assert_eq!(
        task.tools,
        Some(vec!["Read".to_owned(), "Bash(git a, git b)".to_owned()])
    );
    let sources: Vec<_> = task
        .touches
        .as_ref()
        .unwrap()
        .patterns()
        .iter()
        .map(|one| one.source())
        .collect();
    assert_eq!(sources, ["a/{b,c}/**", "d"]);
}

#[test]
fn commands_stand_bare_in_backticks_or_in_a_code_block() {
    for (field, command) in [
        ("- run: make a  ", "make a"),
        ("- run: `make a`", "make a"),
        ("- run: `` echo `date` ``", "echo `date`"),
        ("- run: `a` && `b`", "`a` && `b`"),
        (
            "- run: sed 's/*a*/_b_/' <x >y \\*",
            "sed 's/*a*/_b_/' <x >y \\*",
        ),
        ("- run:\n  ```sh\n  one\n\n    two\n  ```", "one\n\n  two"),
        (
            "- run:\n\n  ~~~\n  ## not: a task\n  - run: x\n  ~~~",
            "## not: a task\n- run: x",
        ),
        ("* run: x", "x"),
        ("-   run: x", "x"),
        ("- run:x", "x"),
    ] {
        for text in [
            format!("## a: A\n{field}\n"),
            format!("## a: A\r\n{}\r\n", field.replace('\n', "\r\n")),
        ] {
            let plan = good(&text);
            assert_eq!(plan.tasks[0].run.as_deref(), Some(command), "{text:?}");
        }
    }
}

#[test]
fn what_is_no_heading_starts_no_task() {
    let plan = good(
        "Intro.\n\n```\n## x: in a fence\n```\n\n<!--\n## x: in a comment\n-->\n\n    ## x: indented\n\n> ## x: quoted\n\n\
         - ## x: in a list\n\n### x: a level deeper\n\n\\## x: escaped\n\n## real: One\n- run: a\n\n### Notes: more\n\n~~~\n\
         ## x: y\n~~~\n#nothing\n",
    );
    assert_eq!(plan.tasks.len(), 1);
    assert!(plan.context.starts_with("Intro.") && plan.context.ends_with("\\## x: escaped"));
    assert!(plan.tasks[0].prose.starts_with("### Notes: more"));
    assert!(plan.tasks[0].prose.ends_with("#nothing"));
}

#[test]
fn tasks_that_are_done_are_marked_at_the_heading_or_in_a_list_before() {
    let plan = good(
        "- [x] a\n- [ ] b\n- [X] c: See\n- [x] read the manual\n- other\n\n## a: A\n## b: B\n## c: C\n## [x] d: D\n## [ ] e: E\n",
    );
    let done: Vec<_> = plan
        .tasks
        .iter()
        .filter(|task| task.done)
        .map(|task| task.id.as_str())
        .collect();
    assert_eq!(done, ["a", "c", "d"]);
    assert!(plan.warnings.is_empty());
}

#[test]
fn a_mark_that_nearly_names_a_task_is_a_warning() {
    let plan = good("- [x] cor\n- [x] weather\n\n## core: C\n- run: x\n");
    assert_eq!(places(&plan.warnings), ["1:7 unknown-id"]);
}

#[test]
fn marks_line_ends_and_closing_hashes_make_no_difference() {
    let plain = good(EXAMPLE);
    let odd = format!(
        "\u{feff}{}",
        EXAMPLE
            .replace('\n', "\r\n")
            .replace("crate\r\n", "crate ##\r\n")
    );
    let odd = parse("plan.md", odd.as_bytes()).unwrap();
    assert_eq!(odd.tasks, plain.tasks);
    assert_eq!(
        (odd.front, odd.title, odd.context),
        (plain.front, plain.title, plain.context)
    );
}

#[test]
fn places_after_a_byte_order_mark_count_its_bytes_but_no_column() {
    let problems = parse("plan.md", "\u{feff}## a b: A\n".as_bytes()).unwrap_err();
    let [one] = problems.list() else {
        panic!("{problems}")
    };
    assert_eq!((one.line, one.column, one.span.clone()), (1, 4, 6..9));
}

#[test]
fn all_problems_come_at_once_in_order_with_their_places() {
    let problems = bad(
        "---\nmax-wokers: 3\nretries: many\n---\n## a: A\n- need: b\n- run: x\n- run: y\n- timeout: 5\n- touches: a**, [b\n\n\
         ## A: Again\n- needs: ghost, c\n- priority: 1.5\n\n## c: C\n- needs: A\n\n## gate: G\n\n## Background\n",
    );
    assert_eq!(
        places(&problems),
        [
            "2:1 unknown-key",
            "3:10 bad-value",
            "6:3 unknown-field",
            "8:3 repeated-field",
            "9:12 bad-value",
            "10:12 bad-glob",
            "10:17 bad-glob",
            "12:4 duplicate-id",
            "13:10 unknown-id",
            "14:13 bad-value",
            "17:10 cycle",
            "19:4 reserved-id",
            "21:4 bad-heading",
        ]
    );
    assert_eq!(problems.errors(), 13);
}

#[test]
fn problems_are_shown_as_a_compiler_shows_them() {
    let problems = bad("# T\n\n## deps: D\n- run: x\n\n## core: C\n- needs: dep\n- run: y\n");
    insta::assert_snapshot!(problems.render(false), @r"
    error[unknown-id]: no task of this plan is called 'dep'
     --> plan.md:7:10
      |
    7 | - needs: dep
      |          ^^^
      |
      = help: did you mean 'deps'?

    1 error in plan.md
    ");
}

#[test]
fn a_cycle_is_printed_whole() {
    let problems = bad(
        "## a: A\n- needs: b\n## b: B\n- needs: c\n## c: C\n- needs: a\n## d: D\n- needs: d\n## e: E\n- needs: a\n",
    );
    let messages: Vec<_> = problems
        .list()
        .iter()
        .map(|one| one.message.as_str())
        .collect();
    assert_eq!(
        messages,
        [
            "these tasks need each other in a circle: a → b → c → a",
            "the task 'd' needs itself"
        ]
    );
    assert_eq!(places(&problems), ["6:10 cycle", "8:10 cycle"]);
}
