//! The tables of `status`, `ps` and `runs`, and their JSON.

use super::*;

fn task(name: &str, state: TaskState) -> TaskStatus {
    TaskStatus {
        task: TaskId::new(name).unwrap(),
        title: format!("Move {name}"),
        state,
        attempt: None,
        pid: None,
        millis: 0,
        commit: None,
        why: None,
        last_line: None,
    }
}

fn status() -> RunStatus {
    let core = TaskStatus {
        attempt: Some(AttemptNo(1)),
        millis: 63_000,
        commit: Some(CommitId::new(&"c".repeat(40)).unwrap()),
        ..task("core", TaskState::Ended(Outcome::Merged))
    };
    let api = TaskStatus {
        attempt: Some(AttemptNo(2)),
        pid: Some(4711),
        millis: 12_300,
        last_line: Some("\u{1b}[32mCompiling\u{1b}[0m api".into()),
        ..task("api", TaskState::At(Phase::Working))
    };
    let docs = TaskStatus {
        why: Some("needs api".into()),
        ..task("docs", TaskState::At(Phase::Waiting))
    };
    RunStatus {
        head: RunHead {
            run: RunId::new("0abc1defg").unwrap(),
            state: RunState::Running,
            pid: Some(4700),
            plan: "plan.md".into(),
            started: "2026-03-01T12:00:00Z".parse().unwrap(),
            millis: 125_000,
            integration: "swarm/0abc1defg".into(),
            into: None,
            counts: Counts {
                merged: 1,
                running: 1,
                waiting: 1,
                failed: 1,
                ..Counts::default()
            },
        },
        tasks: vec![core, api, docs],
    }
}

fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

#[test]
fn a_status_shows_the_run_then_its_tasks() {
    insta::assert_snapshot!(plain(&status().render(None)), @r"
    run 0abc1defg (plan.md): running for 2m05s, 1 of 4 tasks done, 1 failed

    TASK  STATE    TRY  TIME   COMMIT
    core  merged   1    1m03s  cccccccc  Move core
    api   working  2    12.3s            Compiling api
    docs  waiting                        needs api
    ");
}

#[test]
fn ps_shows_only_what_runs() {
    insta::assert_snapshot!(plain(&render_ps(&[status()], None)), @r"
    RUN        TASK  STATE    TRY  PID   TIME   LAST OUTPUT
    0abc1defg  api   working  2    4711  12.3s  Compiling api
    ");
    assert_eq!(render_ps(&[], None), "nothing runs\n");
}

#[test]
fn runs_are_listed_or_there_are_none() {
    let text = plain(&render_runs(&[status().head], None));
    assert!(
        text.starts_with("RUN        STATE    STARTED           TIME   DONE  PLAN\n"),
        "{text}"
    );
    assert!(text.ends_with("2m05s  1/4   plan.md\n"), "{text}");
    assert!(render_runs(&[], None).starts_with("no runs yet"));
}

#[test]
fn a_status_round_trips_through_json_with_plain_words() {
    let json = serde_json::to_value(status()).unwrap();
    assert_eq!(json["state"], "running");
    assert_eq!(json["tasks"][0]["state"], "merged");
    assert_eq!(json["tasks"][1]["state"], "working");
    assert_eq!(serde_json::from_value::<RunStatus>(json).unwrap(), status());
}
