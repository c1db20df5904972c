//! Counts, exit statuses and advice of a summary.

use super::*;

fn run() -> RunId {
    RunId::new("0abc1defg").unwrap()
}

fn task(name: &str, outcome: Outcome) -> TaskSummary {
    TaskSummary {
        task: TaskId::new(name).unwrap(),
        title: format!("The task {name}"),
        outcome,
        attempts: 1,
        millis: 1500,
        commit: None,
        findings: 0,
        why: None,
    }
}

fn summary(outcome: RunOutcome, tasks: &[Outcome]) -> Summary {
    let tasks = tasks
        .iter()
        .enumerate()
        .map(|(n, outcome)| task(&format!("t{n}"), *outcome))
        .collect();
    Summary::new(run(), outcome, 250_000, tasks)
}

#[test]
fn each_end_has_its_exit_status() {
    use Outcome as O;
    use RunOutcome as R;
    let table: [(R, &[O], u8); 10] = [
        (R::Complete, &[O::Merged, O::Unchanged, O::Done], 0),
        (R::Complete, &[O::Merged, O::Failed], 1),
        (R::Complete, &[O::Merged, O::Blocked], 1),
        (R::Complete, &[O::Merged, O::Cancelled], 1),
        (R::Broken, &[O::Unfinished], 3),
        (R::Budget, &[O::Unfinished], 4),
        (R::TimedOut, &[O::Unfinished], 124),
        (R::Suspended, &[O::Merged, O::Unfinished], 130),
        (R::Cancelled, &[O::Cancelled], 130),
        (R::Detached, &[O::Unfinished], 130),
    ];
    for (outcome, tasks, code) in table {
        assert_eq!(
            summary(outcome, tasks).status().code(),
            code,
            "{outcome:?} {tasks:?}"
        );
    }
}

#[test]
fn every_task_is_counted_once() {
    use Outcome as O;
    let all = [
        O::Merged,
        O::Unchanged,
        O::Done,
        O::Failed,
        O::Blocked,
        O::Cancelled,
        O::Unfinished,
    ];
    let summary = summary(RunOutcome::Suspended, &all);
    assert_eq!(summary.counts.total(), 7);
    insta::assert_snapshot!(
        summary.headline(),
        @"stopped after 4m10s: 7 tasks, 3 done, 1 failed, 1 blocked, 1 cancelled, 1 unfinished"
    );
}

#[test]
fn the_advice_fits_the_end() {
    let commands = |summary: &Summary| -> Vec<String> {
        summary
            .next
            .iter()
            .map(|next| next.command.clone())
            .collect()
    };
    let good = summary(RunOutcome::Complete, &[Outcome::Merged]);
    assert_eq!(
        commands(&good),
        [
            "git diff HEAD...swarm/0abc1defg",
            "swarm merge --run 0abc1defg"
        ]
    );
    let stopped = summary(RunOutcome::Suspended, &[Outcome::Unfinished]);
    assert_eq!(commands(&stopped), ["swarm resume 0abc1defg"]);
    let mut failed = task("bad", Outcome::Failed);
    failed.commit = Some(CommitId::new(&"a".repeat(40)).unwrap());
    let failed = Summary::new(run(), RunOutcome::Complete, 1, vec![failed]);
    assert_eq!(
        commands(&failed),
        [
            "swarm logs bad --run 0abc1defg",
            "swarm diff bad --run 0abc1defg",
            "swarm retry bad --run 0abc1defg",
        ]
    );
}

#[test]
fn the_table_is_aligned_and_says_what_to_do() {
    let mut api = task("api", Outcome::Failed);
    api.attempts = 3;
    api.findings = 2;
    api.why = Some("a gate failed: `cargo test -p api` exited with 101".into());
    api.commit = Some(CommitId::new(&"b".repeat(40)).unwrap());
    let mut docs = task("docs", Outcome::Blocked);
    docs.attempts = 0;
    docs.why = Some("needs api".into());
    let tasks = vec![task("core", Outcome::Merged), api, docs];
    let summary = Summary::new(run(), RunOutcome::Complete, 250_000, tasks);
    let plain = |columns| anstream::adapter::strip_str(&summary.render(columns)).to_string();
    insta::assert_snapshot!(plain(None), @r"
    TASK  OUTCOME  TRIES  TIME  COMMIT    FINDINGS
    core  merged   1      1.5s                      The task core
    api   failed   3      1.5s  bbbbbbbb  2         a gate failed: `cargo test -p api` exited with 101
    docs  blocked                                   needs api

    next:
      swarm logs api --run 0abc1defg   see what its commands said
      swarm diff api --run 0abc1defg   see what it changed
      swarm retry api --run 0abc1defg  give it another set of tries
      git diff HEAD...swarm/0abc1defg  look at the work
      swarm merge --run 0abc1defg      land what is merged so far on your branch
    ");
    assert!(
        plain(Some(70))
            .lines()
            .take(4)
            .all(|line| width(line) <= 70)
    );
}

#[test]
fn a_large_run_shows_what_did_not_go_well() {
    let mut tasks = vec![Outcome::Merged; 9_999];
    tasks.push(Outcome::Failed);
    let text = summary(RunOutcome::Complete, &tasks).render(None);
    assert!(text.contains("t9999") && !text.contains("t9998"));
    assert!(text.contains("… and 9999 tasks that went well"));
}
