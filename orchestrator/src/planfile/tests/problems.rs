//! Each thing that can be wrong: its code, its place, and its hint.

use super::*;

/// Checks the one problem of a plan: `line:column code`, the text that is underlined, and a part of the hint.
#[track_caller]
fn check(text: &str, place: &str, underlined: &str, hint: &str) {
    let problems = bad(text);
    assert_eq!(places(&problems), [place], "{problems}");
    let one = &problems.list()[0];
    assert_eq!(&text[one.span.clone()], underlined, "{problems}");
    let found = one.hint.as_deref().unwrap_or_default();
    assert!(
        found.contains(hint) && found.is_empty() == hint.is_empty(),
        "{problems}"
    );
}

/// Checks the one problem of a task with this one bullet.
#[track_caller]
fn field(bullet: &str, code: &str, underlined: &str, hint: &str) {
    let problems = bad(&format!("## a: A\n{bullet}\n"));
    assert_eq!(problems.list().len(), 1, "{problems}");
    let one = &problems.list()[0];
    assert_eq!(one.code, code, "{problems}");
    assert_eq!(
        &format!("## a: A\n{bullet}\n")[one.span.clone()],
        underlined,
        "{problems}"
    );
    let found = one.hint.as_deref().unwrap_or_default();
    assert!(
        found.contains(hint) && found.is_empty() == hint.is_empty(),
        "{problems}"
    );
}

#[test]
fn plans_without_tasks() {
    check("", "1:1 empty-plan", "", "## id: title");
    check(" \n\n", "1:1 empty-plan", "", "## id: title");
    check(
        "---\nretries: 1\n---\n",
        "4:1 empty-plan",
        "",
        "## id: title",
    );
    check(
        "\n# Do it\n\nPlease.\n",
        "2:3 empty-plan",
        "Do it",
        "level-2 heading",
    );
}

#[test]
fn headings() {
    check("## Background\n", "1:4 bad-heading", "Background", "`###`");
    check("##\n", "1:1 bad-heading", "##", "`###`");
    check("## core:\n", "1:4 bad-heading", "core", "title");
    check("## [x] core\n", "1:4 bad-heading", "[x] core", "`###`");
    check(
        "## Move core: all of it\n",
        "1:4 bad-id",
        "Move core",
        "'move-core'",
    );
    check("## `core`: x\n", "1:4 bad-id", "`core`", "'core'");
    check("## [y] core: x\n", "1:4 bad-id", "[y] core", "'y-core'");
    check("## : x\n", "1:1 bad-id", "## ", "64");
    check("## é: x\n", "1:4 bad-id", "é", "64");
    check("## Gate: x\n", "1:4 reserved-id", "Gate", "'Gate-task'");
    check("## a: x\u{7f}y\n", "1:4 bad-title", "a: x\u{7f}y", "remove");
    check(
        "# x\u{7f}y\n## a: A\n",
        "1:3 bad-title",
        "x\u{7f}y",
        "remove",
    );
}

#[test]
fn ids_of_tasks() {
    check("## a: A\n## a: B\n", "2:4 duplicate-id", "a", "line 1");
    check(
        "## Core: A\n## core: B\n",
        "2:4 duplicate-id",
        "core",
        "line 1",
    );
    check(
        "## a: A\n## build: B\n- needs: biuld\n- run: x\n",
        "3:10 unknown-id",
        "biuld",
        "'build'",
    );
    check("## a: A\n- beside: zzz\n", "2:11 unknown-id", "zzz", "");
    check("## a: A\n- needs: b/c\n", "2:10 bad-id", "b/c", "commas");
}

#[test]
fn bullets() {
    field("- runs: x", "unknown-field", "runs", "'run'");
    field("- Needs: x", "unknown-field", "Needs", "'needs'");
    field("- zzzzzzz: x", "unknown-field", "zzzzzzz", "needs, run");
    field("- run: x\n- run: y", "repeated-field", "run", "once");
    field("- first do this", "no-field", "first do this", "sentence");
    field("- **run**: x", "no-field", "**run**: x", "sentence");
    field("- run: x\n- ", "no-field", "-", "sentence");
    field(
        "- run: x\n\n- then this\n  and that",
        "no-field",
        "then this",
        "sentence",
    );
    field("- run: x\n  - nested", "no-field", "- nested", "code block");
    field("- run: x\n\n  more", "no-field", "more", "code block");
    field("- ```\n  x\n  ```", "no-field", "```", "sentence");
    field(
        "- run:\n  ```\n  x\n  ```\n  ```\n  y\n  ```",
        "no-field",
        "```",
        "code block",
    );
    field("- needs:", "bad-value", "needs", "behind the colon");
    field(
        "- needs:\n  ```\n  x\n  ```",
        "bad-value",
        "```",
        "on the bullet",
    );
}

#[test]
fn commands() {
    field("- run:", "bad-command", "run", "executed");
    field("- run: ``` ```", "bad-command", "``` ```", "executed");
    field("- run:\n  ```\n  ```", "bad-command", "run", "executed");
    field("- run: a\n  b", "bad-command", "a", "code block");
    field("- run: a\nb", "bad-command", "a", "code block");
    field(
        "- run: a\n  ```\n  b\n  ```",
        "bad-command",
        "```",
        "keep one",
    );
    field("- run: a\0b", "bad-command", "a\0b", "remove");
    field("- accept:", "bad-value", "accept", "sentence");
    field("- gates: `a` `b`", "bad-command", "`a` `b`", "commas");
    field("- gates: `a`, b", "bad-command", "`a`, b", "commas");
    field("- gates: `a`, ", "bad-command", "`a`,", "commas");
    field("- gates: a\n  b", "bad-command", "a", "commas");
}

#[test]
fn values() {
    field("- timeout: 10", "bad-value", "10", "");
    field("- timeout: `0s`", "bad-value", "0s", "leave");
    field("- timeout: 5 weeks", "bad-value", "5 weeks", "");
    field("- retries: -1", "bad-value", "-1", "0 to 100");
    field("- retries: 101", "bad-value", "101", "0 to 100");
    field("- retries: two", "bad-value", "two", "0 to 100");
    field("- priority: 1.5", "bad-value", "1.5", "1000000");
    field(
        "- priority: 99999999999999999999",
        "bad-value",
        "99999999999999999999",
        "1000000",
    );
    field("- allow-empty: maybe", "bad-value", "maybe", "yes");
    field("- isolation: worktre", "bad-value", "worktre", "'worktree'");
    field(
        "- spawn: thread",
        "bad-value",
        "thread",
        "fork, teammate, worktree",
    );
    field("- agent: a\n  b", "bad-value", "a\n  b", "");
    field("- tools: a,,b", "bad-value", "", "comma");
    field("- touches: ../x", "bad-glob", "../x", "docs/plan-format.md");
    field("- touches: a, ", "bad-glob", "a,", "comma");
    field(
        "- touches: [z-a]",
        "bad-glob",
        "[z-a]",
        "docs/plan-format.md",
    );
}

/// Checks the one problem of front matter with these lines.
#[track_caller]
fn front(lines: &str, code: &str, underlined: &str, hint: &str) {
    let text = format!("---\n{lines}\n---\n## a: A\n");
    let problems = bad(&text);
    let [one] = problems.list() else {
        panic!("{problems}")
    };
    assert_eq!(
        (one.code, &text[one.span.clone()]),
        (code, underlined),
        "{problems}"
    );
    let found = one.hint.as_deref().unwrap_or_default();
    assert!(
        found.contains(hint) && found.is_empty() == hint.is_empty(),
        "{problems}"
    );
}

#[test]
fn front_matter() {
    front(
        "max-worker: 3",
        "unknown-key",
        "max-worker",
        "'max-workers'",
    );
    front("zzzz: 3", "unknown-key", "zzzz", "into, base");
    front("base: a\nbase: b", "repeated-key", "base", "once");
    front("max-workers: 0", "bad-value", "0", "1 to 1024");
    front("max-workers: 1025", "bad-value", "1025", "1 to 1024");
    front("max-workers: [3]", "wrong-type", "[3]", "");
    front("merge-batch: x", "bad-value", "x", "1 to 100");
    front("retries: ''", "bad-value", "''", "0 to 100");
    front("base:", "wrong-type", "", "leave it out");
    front("into: ' '", "bad-value", "' '", "");
    front("into: \"a\\nb\"", "bad-value", "\"a\\nb\"", "");
    front("budget: 5", "bad-value", "5", "$5");
    front("timeout: soon", "bad-value", "soon", "");
    front(
        "isolation: container",
        "bad-value",
        "container",
        "worktree, none",
    );
    front("gates: [a, [b]]", "wrong-type", "[b]", "");
    front("gates: {a: b}", "wrong-type", "{a: b}", "");
    front("gates: [a, '']", "bad-value", "''", "");
    front("setup: \"a\\0\"", "bad-value", "\"a\\0\"", "");
    front(
        "copy: ../secret",
        "bad-glob",
        "../secret",
        "top of the repository",
    );
    front(
        "link: [a, 'b**']",
        "bad-glob",
        "[a, 'b**']",
        "top of the repository",
    );
    front("env: [A]", "wrong-type", "[A]", "");
    front("env: {A B: x}", "bad-value", "A B", "letters");
    front("env: {SWARM_X: x}", "bad-value", "SWARM_X", "SWARM_");
    front("env: {A: x, A: y}", "bad-value", "A", "once");
    front("env: {A: [x]}", "wrong-type", "[x]", "");
    front("- a\n- b", "front-matter", "- a\n- b", "key: value");
    front("just words", "front-matter", "just words", "key: value");
    front("? [a]\n: b", "front-matter", "[a]", "");
    front("a: &x 1", "front-matter", "1", "");
    front("a: b: c", "front-matter", ":", "");
    front("a: [b", "front-matter", "[", "");
    check(
        "---\nbase: x\n## a: A\n",
        "1:1 front-matter",
        "---",
        "`---`",
    );
}

#[test]
fn a_lone_carriage_return_is_no_line_end() {
    check(
        "## a: A\n\nx\ry\r\r\nz\r",
        "3:2 bad-line-end",
        "\r",
        "line ends",
    );
}

#[test]
fn front_matter_that_is_too_large_is_not_read() {
    let text = format!("---\n{}---\n## a: A\n", "# comment\n".repeat(7000));
    assert_eq!(places(&bad(&text)), ["1:1 front-matter"]);
}

#[test]
fn empty_front_matter_says_nothing() {
    for text in [
        "---\n---\n## a: A\n",
        "---\n\n# only a comment\n---\n## a: A\n",
        "---  \r\n...\r\n## a: A\r\n",
    ] {
        assert_eq!(good(text).front, FrontMatter::default(), "{text:?}");
    }
}

#[test]
fn what_looks_like_a_slip_is_a_warning() {
    for (text, place) in [
        ("## a: A\n\nWords.\n\n- run: x\n", "5:1 misplaced-field"),
        ("## a: A\n- needs: b, b\n## b: B\n", "2:13 repeated-id"),
        ("## a: A\n- accept: `x` passes\n", "2:11 accept-prose"),
        ("## a: A\n\nb: B\n---\n", "3:1 underlined-heading"),
    ] {
        let plan = good(text);
        assert_eq!(places(&plan.warnings), [place], "{}", plan.warnings);
        assert_eq!((plan.warnings.errors(), plan.warnings.warnings()), (0, 1));
    }
    assert_eq!(
        ids(&good("## a: A\n- needs: b, b\n## b: B\n").tasks[0].needs),
        ["b"]
    );
}

#[test]
fn an_open_task_without_a_command_cannot_run_yet() {
    let plan = good("## a: A\n- run: x\n## b: B\n\n## [x] c: C\n");
    let problems = lint::check_commands(&plan);
    assert_eq!(places(&problems), ["3:4 no-command"]);
    assert!(lint::check_commands(&good(EXAMPLE)).is_empty());
}

#[test]
fn the_starter_plan_is_a_plan() {
    let plan = good(include_str!("../../cli/init/plan.md"));
    assert!(plan.warnings.is_empty(), "{}", plan.warnings);
    assert!(lint::check_commands(&plan).is_empty());
    assert_eq!(plan.serialised().unwrap(), []);
}

#[test]
fn problems_are_json_too() {
    let problems = bad("## a: A\n- needs: b\n").to_json();
    insta::assert_json_snapshot!(problems, @r#"
    {
      "version": 1,
      "file": "plan.md",
      "errors": 1,
      "warnings": 0,
      "omitted": 0,
      "diagnostics": [
        {
          "severity": "error",
          "code": "unknown-id",
          "message": "no task of this plan is called 'b'",
          "line": 2,
          "column": 10,
          "start": 17,
          "end": 18,
          "text": "b",
          "hint": null
        }
      ]
    }
    "#);
}

#[test]
fn several_problems_are_shown_in_color_or_without() {
    let problems = bad("---\nretires: 2\n---\n## A: x\n- touches: a**\n## a: y\n- needs: A\n");
    insta::assert_snapshot!(problems.render(false), @r"
    error[unknown-key]: 'retires' is no key of the front matter
     --> plan.md:2:1
      |
    2 | retires: 2
      | ^^^^^^^
      |
      = help: did you mean 'retries'?

    error[bad-glob]: 'a**' is no path pattern: '**' must be a whole part of the path, as in 'src/**/x'
     --> plan.md:5:12
      |
    5 | - touches: a**
      |            ^^^
      |
      = help: see `touches` in docs/plan-format.md

    error[duplicate-id]: the ids 'a' and 'A' differ only in case
     --> plan.md:6:4
      |
    6 | ## a: y
      |    ^
      |
      = help: the other task is on line 4; rename one of them

    3 errors in plan.md
    ");
    let colored = problems.render(true);
    assert!(colored.contains("\u{1b}["));
}
