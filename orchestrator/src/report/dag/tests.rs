use super::*;
use crate::planfile::parse;

const PLAN: &str = "\
---
gates: [make test]
setup: npm ci
timeout: 1m
---
# Move `x` to \"y\"

## deps: Add them
- run: cargo add y
- touches: Cargo.lock

## core: Move <core> & more
- needs: deps
- run:
  ```
  one
  two
  ```
- touches: core/**, Cargo.lock
- accept: `make core`
- accept: it reads well

## api: Move the api
- needs: deps
- run: x
- touches: core/api.rs

## [x] old: Done \\ before
- run: x

## web: Move the web
- needs: deps, old
- run: x
- gates: none
- touches: web/

## end: All
- needs: core, web
- run: x
";

fn with<T>(text: &str, slots: u32, look: impl Fn(&Dag<'_>) -> T) -> T {
    let file = parse("plan.md", text.as_bytes()).unwrap();
    look(&Dag::new(&file, &Defaults::default(), slots).unwrap())
}

#[test]
fn the_text_says_what_runs_when_and_why() {
    insta::assert_snapshot!(with(PLAN, 8, |dag| dag.text()), @r#"
    Move `x` to "y"

    6 tasks in 3 levels, 1 done before, at most 8 at a time
    critical path: deps → core → end

    level 1: 2 tasks
      [ ] deps: Add them
          run cargo add y
          touches Cargo.lock
      [x] old: Done \ before

    level 2: 3 tasks, 2 at a time
      [ ] core: Move <core> & more
          needs deps
          run one … (1 more line)
          touches core/**, Cargo.lock
          accept make core
          accept (review) it reads well
      [ ] api: Move the api
          needs deps
          run x
          touches core/api.rs
      [ ] web: Move the web
          needs deps, old
          run x
          touches web/
          gates none on its branch

    level 3: 1 task
      [ ] end: All
          needs core, web
          run x

    never at the same time, because they touch the same paths:
      core and api: core/** meets core/api.rs

    setup of every worktree:
      npm ci

    gates of every branch and of every merged tree:
      make test
    "#);
}

#[test]
fn slots_limit_what_runs_at_the_same_time() {
    let text: String = (0..5).map(|n| format!("## t{n}: T\n- run: x\n")).collect();
    assert!(with(&text, 8, |dag| dag.text()).contains("level 1: 5 tasks, all at the same time\n"));
    assert!(with(&text, 3, |dag| dag.text()).contains("level 1: 5 tasks, 3 at a time\n"));
}

#[test]
fn the_graph_for_graphviz_is_escaped() {
    insta::assert_snapshot!(with(PLAN, 8, |dag| dag.dot()), @r#"
    digraph plan {
      rankdir=LR;
      node [shape=box, style=rounded];
      label="Move `x` to \"y\"";
      labelloc=t;
      "deps" [label="deps\nAdd them"];
      "core" [label="core\nMove <core> & more"];
      "api" [label="api\nMove the api"];
      "old" [label="old\nDone \\ before", style="rounded,filled", fillcolor=lightgrey];
      "web" [label="web\nMove the web"];
      "end" [label="end\nAll"];
      "deps" -> "core" [penwidth=2];
      "deps" -> "api";
      "deps" -> "web";
      "old" -> "web";
      "core" -> "end" [penwidth=2];
      "web" -> "end";
      "core" -> "api" [dir=none, style=dashed, constraint=false, tooltip="core/** | core/api.rs"];
    }
    "#);
}

#[test]
fn the_graph_for_mermaid_is_escaped() {
    insta::assert_snapshot!(with(PLAN, 8, |dag| dag.mermaid()), @r#"
    flowchart LR
      t0["deps<br/>Add them"]
      t1["core<br/>Move #60;core#62; #38; more"]
      t2["api<br/>Move the api"]
      t3["old<br/>Done #92; before"]:::done
      t4["web<br/>Move the web"]
      t5["end<br/>All"]
      t0 ==> t1
      t0 --> t2
      t0 --> t4
      t3 --> t4
      t1 ==> t5
      t4 --> t5
      t1 -.- t2
      classDef done fill:#ddd,color:#666
    "#);
}

#[test]
fn programs_get_everything_as_json() {
    let json = with(PLAN, 8, |dag| dag.json());
    assert_eq!(json["version"], 1);
    assert_eq!(
        json["levels"],
        serde_json::json!([["deps", "old"], ["core", "api", "web"], ["end"]])
    );
    assert_eq!(
        json["critical_path"],
        serde_json::json!(["deps", "core", "end"])
    );
    let why = serde_json::json!([{ "tasks": ["core", "api"], "why": ["core/**", "core/api.rs"] }]);
    assert_eq!(json["serialised"], why);
    insta::assert_json_snapshot!(json["tasks"][1], @r#"
    {
      "id": "core",
      "title": "Move <core> & more",
      "line": 12,
      "level": 1,
      "done": false,
      "needs": [
        "deps"
      ],
      "apart": [
        "api"
      ],
      "run": "one\ntwo",
      "touches": [
        "core/**",
        "Cargo.lock"
      ],
      "accept": [
        {
          "command": "make core"
        },
        {
          "prose": "it reads well"
        }
      ],
      "gates": null,
      "timeout_ms": 60000,
      "retries": 0,
      "priority": 0
    }
    "#);
}

#[test]
fn titles_cannot_move_the_cursor() {
    let text = "## a: \u{202e}x\n- run: printf '\u{1b}[2J'\n- accept: \u{9b}x\n";
    with(text, 1, |dag| {
        for view in [dag.text(), dag.dot(), dag.mermaid()] {
            assert!(!view.contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{view:?}");
        }
    });
}

#[test]
fn ten_thousand_tasks_are_shown() {
    let text: String = (0..10_000)
        .map(|n| {
            format!(
                "## t{n}: T\n- run: x\n- touches: d{}/**\n{}",
                n % 5_000,
                if n > 0 {
                    format!("- needs: t{}\n", n / 2)
                } else {
                    String::new()
                }
            )
        })
        .collect();
    with(&text, 8, |dag| {
        assert!(dag.text().lines().count() > 10_000);
        assert_eq!(dag.json()["tasks"].as_array().map(Vec::len), Some(10_000));
        assert!(dag.dot().ends_with("}\n") && dag.mermaid().lines().count() > 10_000);
    });
}

#[test]
fn what_overlaps_beyond_measure_is_an_error() {
    let text: String = (0..2100)
        .map(|n| format!("## t{n}: T\n- touches: x\n"))
        .collect();
    let file = parse("plan.md", text.as_bytes()).unwrap();
    let error = Dag::new(&file, &Defaults::default(), 1).unwrap_err();
    assert!(error.to_string().contains("too-broad"));
}
