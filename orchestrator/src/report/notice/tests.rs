//! Every notice's line, and the JSON page kept in step.

use std::collections::BTreeSet;

use swarm_run::effect::{Setback, SuspendReason};
use swarm_run::event::WorkEnd;

use super::*;
use crate::report::status::RunState;
use crate::report::summary::{RunOutcome, TaskSummary};
use crate::report::{Outcome, Phase};

fn task(name: &str) -> TaskId {
    TaskId::new(name).unwrap()
}

fn commit(digit: char) -> CommitId {
    CommitId::new(&digit.to_string().repeat(40)).unwrap()
}

fn finding(gate: &str, text: &str) -> Finding {
    Finding {
        gate: gate.into(),
        file: None,
        line: None,
        text: text.into(),
    }
}

/// One of each, in the order of the enum. A new variant is missed by `every_variant_is_here`.
fn one_of_each() -> Vec<Notice> {
    let (deps, core) = (task("deps"), task("core"));
    let attempt = AttemptNo::FIRST;
    let run = RunId::new("0abc1defg").unwrap();
    vec![
        Notice::RunStarted {
            plan: "plan.md".into(),
            tasks: 12,
            base: commit('1'),
            integration: format!("swarm/{run}"),
            into: Some("main".into()),
            max_workers: 8,
            uncommitted_changes: 1,
        },
        Notice::Resumed {
            adopted: vec![deps.clone()],
            restarted: vec![core.clone()],
        },
        Notice::TaskStarted {
            task: core.clone(),
            attempt: AttemptNo(2),
            from: commit('2'),
        },
        Notice::TaskEnded {
            task: core.clone(),
            attempt,
            end: End::Failed,
            millis: 4200,
            detail: Some("`make` exited with 2".into()),
        },
        Notice::TaskCommitted {
            task: core.clone(),
            commit: commit('3'),
            files: 1,
            insertions: 12,
            deletions: 4,
        },
        Notice::GatesPassed {
            task: core.clone(),
            attempt,
        },
        Notice::GatesFailed {
            task: core.clone(),
            attempt,
            findings: vec![
                finding("cargo test -p core", "exited with 101"),
                finding("touches", "x"),
            ],
        },
        Notice::Retrying {
            task: core.clone(),
            attempt: AttemptNo(2),
            why: Why::Gates,
            after_ms: 2000,
        },
        Notice::Queued { task: core.clone() },
        Notice::Merging {
            candidate: 3,
            tasks: vec![deps.clone(), core.clone()],
        },
        Notice::Conflict {
            task: core.clone(),
            files: vec!["src/a.rs".into(), "new\nline".into()],
        },
        Notice::MergedGatesFailed {
            candidate: 3,
            tasks: vec![deps.clone(), core.clone()],
            findings: vec![finding("cargo check", "exited with 101")],
        },
        Notice::Bisecting {
            tasks: vec![deps.clone(), core.clone()],
        },
        Notice::Merged {
            tasks: vec![core.clone()],
            commit: commit('4'),
        },
        Notice::Unchanged { task: deps.clone() },
        Notice::TaskFailed {
            task: core.clone(),
            why: "a gate failed".into(),
            hint: Some("see `swarm logs core`".into()),
        },
        Notice::Blocked {
            task: deps.clone(),
            by: core.clone(),
        },
        Notice::Cancelled { task: deps },
        Notice::Paused,
        Notice::Unpaused,
        Notice::Suspending {
            reason: Halt::Asked,
            grace_ms: 30_000,
        },
        Notice::Warning {
            text: "the worktree of core stays\u{1b}[31m for now".into(),
        },
        Notice::RunEnded {
            summary: Box::new(summary(run)),
        },
    ]
}

fn summary(run: RunId) -> Summary {
    let ended = |name: &str, outcome, why: Option<&str>| TaskSummary {
        task: task(name),
        title: format!("Move the {name} crate"),
        outcome,
        attempts: 2,
        millis: 12_400,
        commit: Some(commit('4')),
        findings: 1,
        why: why.map(Into::into),
    };
    let tasks = vec![
        ended("core", Outcome::Merged, None),
        ended("api", Outcome::Failed, Some("a gate failed")),
    ];
    Summary::new(run, RunOutcome::Complete, 61_000, tasks)
}

fn tag(notice: &Notice) -> String {
    let json = serde_json::to_value(notice).unwrap();
    json["type"].as_str().unwrap().to_owned()
}

#[test]
fn every_notice_is_one_plain_line() {
    let lines: Vec<String> = one_of_each()
        .iter()
        .map(|notice| {
            format!(
                "{:?} {} | {}",
                notice.weight(),
                notice.subject(),
                notice.text()
            )
        })
        .collect();
    for line in &lines {
        assert!(
            !line.contains(char::is_control) && !line.ends_with('.'),
            "{line:?}"
        );
    }
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn every_variant_is_here() {
    // serde names all tags when it is given one that it does not know.
    let error = serde_json::from_str::<Notice>(r#"{"type":"no such tag"}"#)
        .unwrap_err()
        .to_string();
    let known: BTreeSet<&str> = error.split('`').skip(3).step_by(2).collect();
    let here: Vec<String> = one_of_each().iter().map(tag).collect();
    assert_eq!(known, here.iter().map(String::as_str).collect());
}

#[test]
fn the_page_on_json_shows_every_notice_as_it_is() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/json.md");
    let page = std::fs::read_to_string(path).unwrap();
    let shown: Vec<&str> = page
        .lines()
        .filter(|line| line.starts_with("{\"v\":"))
        .collect();
    let expected: Vec<String> = one_of_each()
        .into_iter()
        .map(|notice| {
            let at = "2026-03-01T12:00:00.250Z".parse().unwrap();
            let run = RunId::new("0abc1defg").unwrap();
            serde_json::to_string(&Line {
                v: VERSION,
                at,
                run,
                notice,
            })
            .unwrap()
        })
        .collect();
    assert_eq!(
        shown, expected,
        "docs/json.md is to show these lines, one section each"
    );
    for line in shown {
        let line: Line = serde_json::from_str(line).unwrap();
        let heading = format!("### `{}`", tag(&line.notice));
        assert!(page.contains(&heading), "no section {heading}");
    }
}

#[test]
fn the_page_on_json_lists_every_word() {
    /// The words of an enum: serde names all of them when it is given one that it does not know.
    fn words<T: serde::de::DeserializeOwned>() -> Vec<String> {
        let error = serde_json::from_str::<T>(r#""no such word""#)
            .err()
            .unwrap()
            .to_string();
        error
            .split('`')
            .skip(3)
            .step_by(2)
            .map(|word| format!("`{word}`"))
            .collect()
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/json.md");
    let page = std::fs::read_to_string(path).unwrap();
    let row = |start: &str| {
        page.lines()
            .find(|line| line.starts_with(start))
            .unwrap()
            .to_owned()
    };
    for (start, words) in [
        ("| `end` |", words::<End>()),
        ("| `why` of", words::<Why>()),
        ("| `reason` of", words::<Halt>()),
        ("| `outcome` of a summary", words::<RunOutcome>()),
        ("| `outcome` of a task", words::<Outcome>()),
        ("| `state` of a task", words::<Phase>()),
        ("| `state` of a run", words::<RunState>()),
    ] {
        let row = row(start);
        assert!(
            words.len() > 1 && words.iter().all(|word| row.contains(word)),
            "{row} {words:?}"
        );
        let listed = row.matches('`').count() / 2;
        let named = start.matches('`').count() / 2;
        assert!(listed >= words.len() + named, "{row}");
    }
}

#[test]
fn long_lists_are_cut_and_counted() {
    let tasks: Vec<TaskId> = (1..=9).map(|n| task(&format!("t{n}"))).collect();
    let text = Notice::Bisecting { tasks }.text();
    assert_eq!(
        text,
        "looking for the culprit among t1, t2, t3, t4, t5 and 4 more"
    );
}

#[test]
fn a_merge_of_several_is_told_by_the_queue() {
    let merged = |names: &[&str]| Notice::Merged {
        tasks: names.iter().map(|name| task(name)).collect(),
        commit: commit('a'),
    };
    assert_eq!(merged(&["a"]).subject(), "a");
    assert_eq!(merged(&["a", "b"]).subject(), "queue");
    assert_eq!(merged(&["a", "b"]).text(), "merged a, b as aaaaaaaa");
}

#[test]
fn what_the_machine_says_has_its_word_here() {
    assert_eq!(End::from(WorkEnd::TimedOut), End::TimedOut);
    assert_eq!(Why::from(Setback::MergedGates), Why::MergedGates);
    assert_eq!(Halt::from(SuspendReason::Budget), Halt::Budget);
}
