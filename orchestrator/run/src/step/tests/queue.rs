//! Stories of the merge queue.

use super::*;
use crate::state::FailReason;

/// `count` independent tasks, all but the first of which were approved while the first one's candidate was built: the
/// next candidate is a batch.
fn batch(count: u32, retries: u32) -> (Story, Vec<Effect>) {
    let tasks = (0..=count)
        .map(|n| Task {
            retries,
            ..task(&format!("t{n}"), &[])
        })
        .collect();
    let (mut story, _) = Story::start(
        tasks,
        Limits {
            slots: 9,
            batch: 9,
            ..limits()
        },
    );
    for ix in 0..=count {
        story.approved(ix);
    }
    let effects = story.merged(1, 2);
    (story, effects)
}

#[test]
fn approvals_that_came_during_a_candidate_make_the_next_batch_in_their_order() {
    let (_, effects) = batch(3, 0);
    assert_eq!(
        effects,
        [retire(0, 1), build(2, 2, &[(1, 1), (2, 1), (3, 1)])]
    );
}

#[test]
fn a_red_batch_is_bisected_and_only_the_culprit_goes_back() {
    let (mut story, _) = batch(3, 1);
    story.built(2, Some(3), &[]);
    assert_eq!(story.gated(2, Verdict::Failed), [build(3, 2, &[(1, 1)])]);
    assert_eq!(
        story.merged(3, 4),
        [retire(1, 1), build(4, 4, &[(2, 1), (3, 1)])]
    );
    story.built(4, Some(5), &[]);
    assert_eq!(story.gated(4, Verdict::Failed), [build(5, 4, &[(2, 1)])]);
    story.built(5, Some(6), &[]);
    let again = spawn(2, 2, 4, Some(Setback::MergedGates));
    assert_eq!(
        story.gated(5, Verdict::Failed),
        [build(6, 4, &[(3, 1)]), again]
    );
}

#[test]
fn a_branch_that_is_red_alone_fails_when_its_tries_are_used_up() {
    let (mut story, _) = Story::start(vec![task("a", &[])], limits());
    story.approved(0);
    story.built(1, Some(2), &[]);
    story.gated(1, Verdict::Failed);
    assert_eq!(*story.state(0), TaskState::Failed(FailReason::MergedGates));
    assert_eq!(story.run.tip(), Some(&commit(TIP)));
}

#[test]
fn a_conflict_gets_one_try_from_the_new_tip_and_then_blocks() {
    let (mut story, _) = Story::start(vec![task("a", &[]), task("b", &[0])], limits());
    story.approved(0);
    let effects = story.built(1, None, &[0]);
    assert_eq!(effects, [spawn(0, 2, TIP, Some(Setback::Conflict))]);
    story.approved(0);
    let effects = story.built(2, None, &[0]);
    assert_eq!(effects, [retire(0, 2), Effect::Finish(Ending::Complete)]);
    assert_eq!(*story.state(0), TaskState::Blocked(BlockReason::Conflict));
    assert_eq!(
        *story.state(1),
        TaskState::Blocked(BlockReason::Dependency(TaskIx(0)))
    );
}

#[test]
fn who_conflicts_with_its_batch_is_tried_on_the_tip_that_holds_the_others() {
    let (mut story, _) = batch(3, 0);
    let effects = story.built(2, Some(3), &[2]);
    let gate = gate(2, 3, &[(1, 1), (3, 1)]);
    assert_eq!(effects, [gate]);
    assert_eq!(story.phase(2), Phase::Queued);
    story.gated(2, Verdict::Passed);
    assert_eq!(
        story.moved(2),
        [retire(1, 1), retire(3, 1), build(3, 3, &[(2, 1)])]
    );
    assert_eq!(
        story.built(3, None, &[2]),
        [spawn(2, 2, 3, Some(Setback::Conflict))]
    );
}

#[test]
fn who_conflicts_with_the_tip_leaves_and_the_rest_goes_on() {
    let (mut story, _) = batch(2, 0);
    let effects = story.built(2, Some(3), &[1]);
    let gate = gate(2, 3, &[(2, 1)]);
    assert_eq!(effects, [gate, spawn(1, 2, 2, Some(Setback::Conflict))]);
}

#[test]
fn a_merge_that_does_not_account_for_each_head_is_refused() {
    let (mut story, _) = batch(2, 0);
    let mut answer = |into: Option<u32>, conflicts: &[u32]| {
        let conflicts = conflicts.iter().copied().map(TaskIx).collect();
        story.try_event(EventKind::CandidateBuilt {
            candidate: CandidateNo(2),
            commit: into.map(commit),
            conflicts,
        })
    };
    let wrong = Err(Illegal::WrongAnswer {
        candidate: CandidateNo(2),
    });
    assert_eq!(answer(None, &[1]), wrong);
    assert_eq!(answer(Some(3), &[1, 2]), wrong);
    assert_eq!(answer(Some(3), &[0]), wrong);
    assert!(answer(None, &[2, 1]).is_ok());
}

#[test]
fn a_tip_that_somebody_moved_is_adopted_and_the_candidate_built_anew() {
    let (mut story, _) = Story::start(vec![task("a", &[])], limits());
    story.approved(0);
    story.built(1, Some(2), &[]);
    story.gated(1, Verdict::Passed);
    let refused = |candidate, tip| EventKind::TipRefused {
        candidate: CandidateNo(candidate),
        tip: commit(tip),
    };
    assert_eq!(story.event(refused(1, 7)), [build(2, 7, &[(0, 1)])]);
    story.built(2, Some(8), &[]);
    story.gated(2, Verdict::Passed);
    // The branch stands where it was to go: the move took place.
    assert_eq!(
        story.event(refused(2, 8)),
        [retire(0, 1), Effect::Finish(Ending::Complete)]
    );
    assert_eq!(*story.state(0), TaskState::Done(Outcome::Merged(commit(8))));
}

#[test]
fn gates_of_a_candidate_that_vanish_are_run_again_but_not_for_ever() {
    let (mut story, _) = Story::start(
        vec![task("a", &[])],
        Limits {
            replacements: 1,
            ..limits()
        },
    );
    story.approved(0);
    let gate = gate(1, 2, &[(0, 1)]);
    assert_eq!(story.built(1, Some(2), &[]), std::slice::from_ref(&gate));
    assert_eq!(story.gated(1, Verdict::Stopped), [gate]);
    story.gated(1, Verdict::Stopped);
    assert_eq!(*story.state(0), TaskState::Failed(FailReason::MergedGates));
}
