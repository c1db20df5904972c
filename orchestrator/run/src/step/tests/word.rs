//! Stories of what a user may say, and of taking a run over again.

use super::*;
use crate::merge_queue::Candidate;

fn two() -> Vec<Task> {
    vec![task("a", &[]), task("b", &[])]
}

fn suspend(grace: u64) -> Command {
    Command::Suspend {
        grace: Millis(grace),
    }
}

const SUSPENDED: Effect = Effect::Finish(Ending::Suspended(SuspendReason::Asked));

#[test]
fn a_pause_starts_no_task_but_lets_what_runs_be_merged() {
    let narrow = Limits {
        slots: 1,
        ..limits()
    };
    let (mut story, _) = Story::start(two(), narrow);
    story.command(Command::Pause);
    story.approved(0);
    assert_eq!(story.merged(1, 2), [retire(0, 1)]);
    assert_eq!(
        story.try_event(EventKind::Command(Command::Pause)),
        Err(Illegal::WrongMode { mode: Mode::Paused })
    );
    assert_eq!(story.command(Command::Unpause), [spawn(1, 1, 2, None)]);
}

#[test]
fn a_result_in_the_grace_period_counts_and_what_still_runs_after_it_is_stopped() {
    let (mut story, _) = Story::start(two(), limits());
    assert_eq!(
        story.command(suspend(100)),
        [Effect::WakeAt { at: Timestamp(100) }]
    );
    let settle = Effect::Settle {
        task: TaskIx(0),
        attempt: AttemptNo(1),
    };
    assert_eq!(story.ended(0, WorkEnd::Succeeded), [settle]);
    let head = Some(head_of(0, 1));
    let settled = EventKind::Settled {
        task: TaskIx(0),
        attempt: AttemptNo(1),
        head: head.clone(),
    };
    assert_eq!(story.event(settled), []);
    assert_eq!(story.phase(0), Phase::Settled);
    assert_eq!(story.tick(100), [stop(1, 1, StopReason::Suspended)]);
    assert_eq!(story.ended(1, WorkEnd::Stopped), [SUSPENDED]);
    assert_eq!(
        story.try_event(EventKind::Tick),
        Err(Illegal::Over {
            ending: Ending::Suspended(SuspendReason::Asked)
        })
    );
    let check = Effect::Check {
        task: TaskIx(0),
        attempt: AttemptNo(1),
        head,
    };
    assert_eq!(
        story.event(EventKind::Resumed),
        [check, spawn(1, 2, TIP, Some(Setback::Stopped))]
    );
}

#[test]
fn a_second_suspend_can_only_shorten_the_grace() {
    let (mut story, _) = Story::start(two(), limits());
    story.command(suspend(100));
    assert_eq!(story.command(suspend(500)), []);
    let stops = [
        stop(0, 1, StopReason::Suspended),
        stop(1, 1, StopReason::Suspended),
    ];
    assert_eq!(story.command(suspend(0)), stops);
}

#[test]
fn stopped_gates_are_run_again_after_a_resume() {
    let (mut story, _) = Story::start(two(), limits());
    story.worked(0);
    story.approved(1);
    story.built(1, Some(2), &[]);
    let stop_gate = Effect::StopGate {
        candidate: CandidateNo(1),
    };
    assert_eq!(
        story.command(suspend(0)),
        [stop(0, 1, StopReason::Suspended), stop_gate]
    );
    assert_eq!(story.checked(0, Verdict::Stopped), []);
    assert_eq!(story.gated(1, Verdict::Stopped), [SUSPENDED]);
    let check = Effect::Check {
        task: TaskIx(0),
        attempt: AttemptNo(1),
        head: Some(head_of(0, 1)),
    };
    let gate = gate(1, 2, &[(1, 1)]);
    assert_eq!(story.event(EventKind::Resumed), [check, gate]);
}

#[test]
fn green_gates_in_the_grace_period_move_the_tip_after_the_resume() {
    let (mut story, _) = Story::start(vec![task("a", &[])], limits());
    story.approved(0);
    story.built(1, Some(2), &[]);
    story.command(suspend(100));
    assert_eq!(story.gated(1, Verdict::Passed), [SUSPENDED]);
    let move_tip = Effect::MoveTip {
        candidate: CandidateNo(1),
        from: commit(TIP),
        to: commit(2),
    };
    assert_eq!(story.event(EventKind::Resumed), [move_tip]);
}

#[test]
fn after_a_crash_all_that_is_owed_is_asked_for_again() {
    let mut tasks = vec![
        task("a", &[]),
        task("b", &[]),
        task("c", &[]),
        task("d", &[]),
    ];
    tasks[0].timeout = Some(Millis(1000));
    let (mut story, _) = Story::start(
        tasks,
        Limits {
            slots: 3,
            ..limits()
        },
    );
    story.event(EventKind::WorkerStarted {
        task: TaskIx(0),
        attempt: AttemptNo::FIRST,
    });
    story.ended(1, WorkEnd::Succeeded);
    story.worked(2);
    let owed = [
        spawn(0, 1, TIP, None),
        Effect::Settle {
            task: TaskIx(1),
            attempt: AttemptNo(1),
        },
        Effect::Check {
            task: TaskIx(2),
            attempt: AttemptNo(1),
            head: Some(head_of(2, 1)),
        },
        Effect::WakeAt {
            at: Timestamp(1100),
        },
    ];
    assert_eq!(story.run.outstanding(), owed);
    assert_eq!(story.event(EventKind::Resumed), owed);
}

#[test]
fn after_a_crash_in_a_suspension_the_stops_are_repeated_and_nothing_is_started_to_be_stopped() {
    let (mut story, _) = Story::start(
        two(),
        Limits {
            slots: 1,
            ..limits()
        },
    );
    story.command(suspend(0));
    assert_eq!(
        story.event(EventKind::Resumed),
        [stop(0, 1, StopReason::Suspended)]
    );
    assert_eq!(
        story.ended(0, WorkEnd::Lost),
        [spawn(0, 2, TIP, Some(Setback::Stopped))]
    );
    assert_eq!(story.run.mode(), Mode::Active);
}

#[test]
fn a_cancel_stops_what_runs_and_cancels_what_does_not() {
    let (mut story, _) = Story::start(
        vec![task("a", &[]), task("b", &[0]), task("c", &[])],
        limits(),
    );
    story.approved(2);
    story.built(1, Some(2), &[]);
    let effects = story.command(Command::Cancel);
    let stop_gate = Effect::StopGate {
        candidate: CandidateNo(1),
    };
    assert_eq!(
        effects,
        [stop(0, 1, StopReason::Cancelled), retire(2, 1), stop_gate]
    );
    assert_eq!(story.ended(0, WorkEnd::Succeeded), [retire(0, 1)]);
    assert_eq!(
        story.gated(1, Verdict::Passed),
        [Effect::Finish(Ending::Cancelled)]
    );
    assert_eq!(story.run.counts().of_phase(Phase::Cancelled), 3);
    assert_eq!(
        story.event(EventKind::Resumed).last(),
        Some(&Effect::Finish(Ending::Cancelled))
    );
}

#[test]
fn a_move_that_was_asked_for_before_the_cancel_is_not_taken_back() {
    let (mut story, _) = Story::start(two(), limits());
    story.approved(0);
    story.built(1, Some(2), &[]);
    story.gated(1, Verdict::Passed);
    story.command(Command::Cancel);
    story.ended(1, WorkEnd::Stopped);
    assert_eq!(
        story.moved(1),
        [retire(0, 1), Effect::Finish(Ending::Cancelled)]
    );
    assert_eq!(story.phase(0), Phase::Done);
}

#[test]
fn a_run_that_stands_still_can_be_cancelled() {
    let (mut story, _) = Story::start(two(), limits());
    story.command(suspend(0));
    story.ended(0, WorkEnd::Stopped);
    story.ended(1, WorkEnd::Stopped);
    assert_eq!(story.command(Command::Cancel), [retire(0, 1), retire(1, 1)]);
    assert_eq!(story.run.ending(), Some(Ending::Cancelled));
}

#[test]
fn cancelling_one_task_blocks_what_needs_it_and_spares_the_rest() {
    let (mut story, _) = Story::start(
        vec![task("a", &[]), task("b", &[0]), task("c", &[])],
        limits(),
    );
    assert_eq!(
        story.command(Command::CancelTask { task: TaskIx(0) }),
        [stop(0, 1, StopReason::Cancelled)]
    );
    let again = story.try_event(EventKind::Command(Command::CancelTask { task: TaskIx(0) }));
    assert_eq!(
        again,
        Err(Illegal::WrongState {
            task: TaskIx(0),
            phase: Phase::Running
        })
    );
    assert_eq!(story.ended(0, WorkEnd::Stopped), [retire(0, 1)]);
    assert_eq!(
        *story.state(1),
        TaskState::Blocked(BlockReason::Dependency(TaskIx(0)))
    );
    assert_eq!(story.phase(2), Phase::Running);
}

#[test]
fn cancelling_a_task_of_a_batch_gives_the_others_a_candidate_of_their_own() {
    let tasks = vec![task("a", &[]), task("b", &[]), task("c", &[])];
    let (mut story, _) = Story::start(tasks, limits());
    for ix in 0..3 {
        story.approved(ix);
    }
    story.merged(1, 2);
    story.built(2, Some(3), &[]);
    let effects = story.command(Command::CancelTask { task: TaskIx(1) });
    assert_eq!(
        effects,
        [
            retire(1, 1),
            Effect::StopGate {
                candidate: CandidateNo(2)
            }
        ]
    );
    assert_eq!(story.phase(2), Phase::Queued);
    // The gates had passed before the stop reached them; they judged a commit that nobody wants any more.
    assert_eq!(story.gated(2, Verdict::Passed), [build(3, 2, &[(2, 1)])]);
}

#[test]
fn a_retry_gives_new_tries_and_unblocks_what_waited() {
    let (mut story, _) = Story::start(vec![task("a", &[]), task("b", &[0])], limits());
    story.ended(0, WorkEnd::Failed);
    assert_eq!(story.run.ending(), Some(Ending::Complete));
    assert_eq!(story.command(Command::Retry { task: TaskIx(0) }), []);
    assert_eq!(
        story.run.ending(),
        Some(Ending::Suspended(SuspendReason::Asked))
    );
    assert_eq!(story.phase(1), Phase::Waiting);
    assert_eq!(
        story.event(EventKind::Resumed),
        [spawn(0, 2, TIP, Some(Setback::Failed))]
    );
}

#[test]
fn a_retry_of_a_blocked_task_begins_with_what_blocks_it() {
    let tasks = vec![
        task("a", &[]),
        task("b", &[]),
        task("c", &[0, 1]),
        task("d", &[]),
    ];
    let (mut story, _) = Story::start(tasks, limits());
    story.ended(0, WorkEnd::Failed);
    story.ended(1, WorkEnd::Failed);
    let effects = story.command(Command::Retry { task: TaskIx(2) });
    assert_eq!(
        effects,
        [
            spawn(0, 2, TIP, Some(Setback::Failed)),
            spawn(1, 2, TIP, Some(Setback::Failed))
        ]
    );
    assert_eq!(story.phase(2), Phase::Waiting);
}

#[test]
fn a_retry_of_one_of_two_failed_needs_leaves_the_dependant_blocked_by_the_other() {
    let tasks = vec![task("a", &[]), task("b", &[]), task("c", &[0, 1])];
    let (mut story, _) = Story::start(tasks, limits());
    story.ended(0, WorkEnd::Failed);
    story.ended(1, WorkEnd::Failed);
    story.command(Command::Retry { task: TaskIx(0) });
    assert_eq!(
        *story.state(2),
        TaskState::Blocked(BlockReason::Dependency(TaskIx(1)))
    );
}

/// Found by the simulation: the stop outlived the gates that it was meant for.
#[test]
fn gates_that_pass_while_they_are_being_stopped_leave_no_stop_behind() {
    let (mut story, _) = Story::start(vec![task("a", &[])], limits());
    story.approved(0);
    story.built(1, Some(2), &[]);
    story.command(suspend(0));
    assert_eq!(story.gated(1, Verdict::Passed), [SUSPENDED]);
    assert_eq!(story.run.candidate().and_then(Candidate::stop), None);
    story.event(EventKind::Resumed);
    assert_eq!(
        story.moved(1),
        [retire(0, 1), Effect::Finish(Ending::Complete)]
    );
}

#[test]
fn a_crash_between_a_pause_and_its_end_takes_the_pause_back() {
    let (mut story, _) = Story::start(
        two(),
        Limits {
            slots: 1,
            ..limits()
        },
    );
    story.command(Command::Pause);
    story.event(EventKind::Resumed);
    assert_eq!(story.run.mode(), Mode::Active);
}

#[test]
fn a_resume_of_a_complete_run_finds_it_complete_again() {
    let (mut story, _) = Story::start(vec![task("a", &[])], limits());
    story.approved(0);
    story.merged(1, 2);
    let effects = story.event(EventKind::Resumed);
    assert_eq!(effects, [retire(0, 1), Effect::Finish(Ending::Complete)]);
}

#[test]
fn a_task_can_be_cancelled_while_the_run_stands_still() {
    let (mut story, _) = Story::start(vec![task("a", &[]), task("b", &[0])], limits());
    story.command(suspend(0));
    story.ended(0, WorkEnd::Stopped);
    assert_eq!(
        story.command(Command::CancelTask { task: TaskIx(0) }),
        [retire(0, 1)]
    );
    assert_eq!(
        *story.state(1),
        TaskState::Blocked(BlockReason::Dependency(TaskIx(0)))
    );
    assert_eq!(
        story.event(EventKind::Resumed),
        [retire(0, 1), Effect::Finish(Ending::Complete)]
    );
}
