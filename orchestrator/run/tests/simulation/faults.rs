//! The checks can fail: every deliberate fault of the machine is caught, and by the check that is meant for it.

use std::collections::BTreeSet;

use swarm_run::fault::{Fault, inject};

use crate::choices::Choices;
use crate::coverage::Coverage;
use crate::play::play;
use crate::shrink::{replay, shrink};

/// Seeds that each fault is given to show itself.
const SEEDS: u64 = 2_000;

/// Each fault, and the check that has to catch it.
const CAUGHT_BY: &[(Fault, &str)] = &[
    (Fault::ForgetApart, "invariant_apart_tasks_never_overlap"),
    (
        Fault::StartBeforeMerge,
        "invariant_needs_are_merged_before_start",
    ),
    (Fault::RetryForEver, "invariant_tries_are_bounded"),
    (
        Fault::ForgetCancel,
        "invariant_nothing_starts_after_a_cancel",
    ),
    (
        Fault::StartInSuspension,
        "invariant_nothing_starts_in_a_suspension",
    ),
    (Fault::OneSlotTooMany, "invariant_slots_are_never_exceeded"),
    (Fault::IgnoreBudget, "invariant_budget_is_never_exceeded"),
    (Fault::LetTimeGoBack, "invariant_time_never_goes_back"),
    (
        Fault::TakeStaleAttempts,
        "invariant_only_owed_answers_are_taken",
    ),
    (
        Fault::ApproveRedBranch,
        "invariant_no_merge_without_passing_gates",
    ),
    (
        Fault::SkipMergedGates,
        "invariant_no_merge_without_passing_gates",
    ),
    (
        Fault::MergeRedCandidate,
        "invariant_no_merge_without_passing_gates",
    ),
    (Fault::MergeTwice, "invariant_nothing_merges_twice"),
    (Fault::ForgetTip, "invariant_work_starts_at_the_tip"),
    (Fault::CancelForgetsReady, "invariant_no_task_is_lost"),
    (Fault::ForgetStop, "invariant_the_run_always_ends"),
    (Fault::ForgetWake, "invariant_the_next_tick_is_announced"),
    (
        Fault::ForgetSettle,
        "invariant_outstanding_is_exactly_what_is_owed",
    ),
    (
        Fault::ReuseAttempt,
        "invariant_attempt_numbers_never_repeat",
    ),
    (Fault::FinishTwice, "invariant_finish_comes_once"),
    (Fault::JudgeTooLate, "invariant_illegal_changes_nothing"),
    (Fault::HiddenState, "invariant_replay_equals_run"),
];

/// Every check that fails in the first seeds.
fn failing(fault: Option<Fault>) -> BTreeSet<&'static str> {
    inject(fault);
    let outcome = |seed| play(&mut Choices::seeded(seed), &mut Coverage::default(), None);
    let failing = (0..SEEDS)
        .filter_map(|seed| outcome(seed).err())
        .map(|failure| failure.check)
        .collect();
    inject(None);
    failing
}

#[test]
fn without_a_fault_no_check_fails() {
    assert_eq!(failing(None), BTreeSet::new());
}

#[test]
fn every_fault_is_caught_by_the_check_that_is_meant_for_it() {
    for (fault, check) in CAUGHT_BY {
        let failing = failing(Some(*fault));
        assert!(
            failing.contains(check),
            "{fault:?} was not caught by {check}, but by {failing:?}"
        );
    }
}

#[test]
fn a_failing_case_shrinks_to_a_small_one_that_fails_the_same_check() {
    inject(Some(Fault::MergeTwice));
    let check = "invariant_nothing_merges_twice";
    let tapes = (0..SEEDS).filter_map(|seed| {
        let mut choices = Choices::seeded(seed);
        let failure = play(&mut choices, &mut Coverage::default(), None).err()?;
        (failure.check == check).then_some(choices.made)
    });
    for tape in tapes.take(5) {
        let small = shrink(tape.clone(), check);
        assert!(small.len() < tape.len(), "{tape:?} did not shrink");
        assert_eq!(
            replay(&small, None).err().map(|failure| failure.check),
            Some(check)
        );
    }
    inject(None);
}
