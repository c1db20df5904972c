//! Stories of workers and gates that do not end well, and of time.

use super::*;
use crate::state::FailReason;

fn patient(retries: u32) -> Task {
    Task {
        retries,
        ..task("a", &[])
    }
}

#[test]
fn a_failed_try_is_followed_by_another_after_a_pause_that_doubles() {
    let (mut story, _) = Story::start(vec![patient(2)], limits());
    assert_eq!(
        story.ended(0, WorkEnd::Failed),
        [Effect::WakeAt {
            at: Timestamp(1000)
        }]
    );
    assert!(!story.run.due(Timestamp(999)));
    assert!(story.run.due(Timestamp(1000)));
    assert_eq!(story.tick(1000), [spawn(0, 2, TIP, Some(Setback::Failed))]);
    assert_eq!(
        story.ended(0, WorkEnd::Killed),
        [Effect::WakeAt {
            at: Timestamp(3000)
        }]
    );
    assert_eq!(story.tick(3000), [spawn(0, 3, TIP, Some(Setback::Killed))]);
    assert_eq!(
        story.ended(0, WorkEnd::Failed),
        [retire(0, 3), Effect::Finish(Ending::Complete)]
    );
    assert_eq!(*story.state(0), TaskState::Failed(FailReason::Failed));
}

#[test]
fn each_way_to_fail_keeps_its_name() {
    let ends = [
        (WorkEnd::Failed, FailReason::Failed),
        (WorkEnd::TimedOut, FailReason::TimedOut),
        (WorkEnd::Killed, FailReason::Killed),
        (WorkEnd::Lost, FailReason::Lost),
        (WorkEnd::Stopped, FailReason::Lost),
    ];
    for (end, reason) in ends {
        let (mut story, _) = Story::start(vec![patient(0)], limits());
        story.ended(0, end);
        assert_eq!(*story.state(0), TaskState::Failed(reason), "after {end:?}");
    }
}

#[test]
fn a_lost_worker_is_replaced_at_once_and_does_not_count() {
    let (mut story, _) = Story::start(
        vec![patient(0)],
        Limits {
            replacements: 1,
            ..limits()
        },
    );
    assert_eq!(
        story.ended(0, WorkEnd::Lost),
        [spawn(0, 2, TIP, Some(Setback::Lost))]
    );
    story.ended(0, WorkEnd::Lost);
    assert_eq!(*story.state(0), TaskState::Failed(FailReason::Lost));
}

#[test]
fn failed_gates_send_a_task_back_without_a_pause() {
    let (mut story, _) = Story::start(vec![patient(1)], limits());
    story.worked(0);
    assert_eq!(
        story.checked(0, Verdict::Failed),
        [spawn(0, 2, TIP, Some(Setback::Gates))]
    );
    story.worked(0);
    story.checked(0, Verdict::Failed);
    assert_eq!(*story.state(0), TaskState::Failed(FailReason::Gates));
}

#[test]
fn gates_that_vanish_are_run_again_before_the_try_is_lost() {
    let (mut story, _) = Story::start(
        vec![patient(0)],
        Limits {
            replacements: 1,
            ..limits()
        },
    );
    story.worked(0);
    let check = Effect::Check {
        task: TaskIx(0),
        attempt: AttemptNo(1),
        head: Some(head_of(0, 1)),
    };
    assert_eq!(story.checked(0, Verdict::Stopped), [check]);
    story.checked(0, Verdict::Stopped);
    assert_eq!(*story.state(0), TaskState::Failed(FailReason::Lost));
}

#[test]
fn a_task_that_changed_nothing_is_done_when_its_gates_agree() {
    let (mut story, _) = Story::start(vec![patient(0)], limits());
    story.ended(0, WorkEnd::Succeeded);
    let (task, attempt) = (TaskIx(0), AttemptNo::FIRST);
    let effects = story.event(EventKind::Settled {
        task,
        attempt,
        head: None,
    });
    assert_eq!(
        effects,
        [Effect::Check {
            task,
            attempt,
            head: None
        }]
    );
    story.checked(0, Verdict::Passed);
    assert_eq!(*story.state(0), TaskState::Done(Outcome::Unchanged));
    assert_eq!(story.run.tip(), Some(&commit(TIP)));
}

#[test]
fn dependants_of_a_failed_task_are_blocked_down_to_the_last() {
    let tasks = vec![
        task("a", &[]),
        task("b", &[0]),
        task("c", &[1]),
        task("d", &[]),
    ];
    let (mut story, _) = Story::start(tasks, limits());
    story.ended(0, WorkEnd::Failed);
    assert_eq!(
        *story.state(1),
        TaskState::Blocked(BlockReason::Dependency(TaskIx(0)))
    );
    assert_eq!(
        *story.state(2),
        TaskState::Blocked(BlockReason::Dependency(TaskIx(1)))
    );
    assert_eq!(story.phase(3), Phase::Running);
    story.approved(3);
    assert!(
        story
            .merged(1, 2)
            .contains(&Effect::Finish(Ending::Complete))
    );
}

#[test]
fn fail_fast_cancels_the_rest_and_is_complete_all_the_same() {
    let tasks = vec![
        task("a", &[]),
        task("b", &[0]),
        task("c", &[]),
        task("d", &[2]),
    ];
    let (mut story, _) = Story::start(
        tasks,
        Limits {
            fail_fast: true,
            ..limits()
        },
    );
    let effects = story.ended(0, WorkEnd::Failed);
    assert_eq!(effects, [retire(0, 1), stop(2, 1, StopReason::Cancelled)]);
    assert_eq!(
        *story.state(1),
        TaskState::Blocked(BlockReason::Dependency(TaskIx(0)))
    );
    assert_eq!(*story.state(3), TaskState::Cancelled);
    let effects = story.ended(2, WorkEnd::Stopped);
    assert_eq!(effects, [retire(2, 1), Effect::Finish(Ending::Complete)]);
    assert_eq!(*story.state(2), TaskState::Cancelled);
}

#[test]
fn a_worker_past_its_time_and_the_overtime_is_stopped_and_timed_out() {
    let (mut story, _) = Story::start(
        vec![Task {
            timeout: Some(Millis(500)),
            ..patient(0)
        }],
        limits(),
    );
    story.now = 10;
    let effects = story.event(EventKind::WorkerStarted {
        task: TaskIx(0),
        attempt: AttemptNo::FIRST,
    });
    assert_eq!(effects, [Effect::WakeAt { at: Timestamp(610) }]);
    assert_eq!(story.tick(610), [stop(0, 1, StopReason::TimedOut)]);
    assert!(!story.run.due(Timestamp(10_000)));
    story.ended(0, WorkEnd::Stopped);
    assert_eq!(*story.state(0), TaskState::Failed(FailReason::TimedOut));
}

#[test]
fn a_success_in_the_last_moment_counts() {
    let (mut story, _) = Story::start(
        vec![Task {
            timeout: Some(Millis(500)),
            ..patient(0)
        }],
        limits(),
    );
    story.event(EventKind::WorkerStarted {
        task: TaskIx(0),
        attempt: AttemptNo::FIRST,
    });
    story.tick(600);
    story.ended(0, WorkEnd::Succeeded);
    assert_eq!(story.phase(0), Phase::Settling);
}

#[test]
fn a_used_up_budget_starts_nothing_new_and_suspends_when_all_is_quiet() {
    let budget = Some(Spent {
        microdollars: 10,
        tokens: u64::MAX,
    });
    let (mut story, _) = Story::start(
        vec![task("a", &[]), task("b", &[0])],
        Limits { budget, ..limits() },
    );
    let (task, attempt) = (TaskIx(0), AttemptNo::FIRST);
    let spent = Spent {
        microdollars: 10,
        tokens: 5,
    };
    story.event(EventKind::WorkerEnded {
        task,
        attempt,
        end: WorkEnd::Succeeded,
        spent,
    });
    story.event(EventKind::Settled {
        task,
        attempt,
        head: Some(head_of(0, 1)),
    });
    story.checked(0, Verdict::Passed);
    let effects = story.merged(1, 2);
    assert_eq!(
        effects,
        [
            retire(0, 1),
            Effect::Finish(Ending::Suspended(SuspendReason::Budget))
        ]
    );
    assert_eq!(story.phase(1), Phase::Ready);
    assert_eq!(story.run.spent(), spent);
    assert_eq!(story.run.task(task).spent, spent);
}

#[test]
fn a_run_out_of_time_stops_everything_and_can_be_resumed_with_new_time() {
    let (mut story, effects) = Story::start(
        vec![patient(0)],
        Limits {
            timeout: Some(Millis(5000)),
            ..limits()
        },
    );
    assert!(effects.contains(&Effect::WakeAt {
        at: Timestamp(5000)
    }));
    assert_eq!(story.tick(5000), [stop(0, 1, StopReason::Suspended)]);
    let effects = story.ended(0, WorkEnd::Stopped);
    assert_eq!(
        effects,
        [Effect::Finish(Ending::Suspended(SuspendReason::TimedOut))]
    );
    story.now = 9000;
    let effects = story.event(EventKind::Resumed);
    let again = spawn(0, 2, TIP, Some(Setback::Stopped));
    assert_eq!(
        effects,
        [
            again,
            Effect::WakeAt {
                at: Timestamp(14_000)
            }
        ]
    );
    assert_eq!(story.run.task(TaskIx(0)).tally.failures, 0);
}
