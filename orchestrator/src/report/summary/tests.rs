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
