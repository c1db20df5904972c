//! What must hold in every run, whatever happens: one named check for each invariant.
//!
//! A check sees the run before and after an event, the answer, the real world, and what the simulation remembers.

use swarm_run::effect::{Ending, Setback, SuspendReason};
use swarm_run::event::{Event, EventKind, Verdict};
use swarm_run::plan::TaskIx;
use swarm_run::state::{BlockReason, Mode, Outcome, Phase, TaskState};
use swarm_run::{Effect, Run, Stage};

use crate::history::{History, Owed};
use crate::world::{Process, World};

/// One accepted event and all that is known about it.
pub(crate) struct Look<'a> {
    pub(crate) before: &'a Run,
    pub(crate) event: &'a Event,
    pub(crate) effects: &'a [Effect],
    pub(crate) after: &'a Run,
    pub(crate) world: &'a World,
    pub(crate) history: &'a History,
}

/// What a check says: nothing, or what is wrong.
type Said = Result<(), String>;

type Check = fn(&Look) -> Said;

/// Lists checks together with their names.
macro_rules! named {
    ($($check:ident),* $(,)?) => { &[$((stringify!($check), $check)),*] };
}

/// The checks that follow every accepted event.
pub(crate) const AFTER_EACH_EVENT: &[(&str, Check)] = named![
    invariant_time_never_goes_back,
    invariant_only_owed_answers_are_taken,
    invariant_attempt_numbers_never_repeat,
    invariant_slots_are_never_exceeded,
    invariant_apart_tasks_never_overlap,
    invariant_needs_are_merged_before_start,
    invariant_work_starts_at_the_tip,
    invariant_nothing_starts_after_a_cancel,
    invariant_nothing_starts_in_a_suspension,
    invariant_no_task_starts_in_a_pause,
    invariant_cancelled_tasks_never_start,
    invariant_budget_is_never_exceeded,
    invariant_no_merge_without_passing_gates,
    invariant_tip_moves_only_to_a_gated_commit,
    invariant_nothing_merges_twice,
    invariant_merged_work_is_in_the_tip,
    invariant_done_stays_done,
    invariant_tries_are_bounded,
    invariant_no_task_fails_before_its_tries_are_used_up,
    invariant_blocked_tasks_have_a_broken_need,
    invariant_no_process_outlives_its_task,
    invariant_outstanding_is_exactly_what_is_owed,
    invariant_resume_answers_with_all_that_is_outstanding,
    invariant_the_next_tick_is_announced,
    invariant_no_slot_idles,
    invariant_the_first_in_line_starts_first,
    invariant_at_most_one_candidate,
    invariant_approvals_are_merged_in_their_order,
    invariant_views_agree_with_states,
    invariant_finish_comes_once,
    invariant_no_task_is_lost,
];

fn fail(text: String) -> Said {
    Err(text)
}

fn phase(run: &Run, task: TaskIx) -> Phase {
    run.task(task).state.phase()
}

fn invariant_time_never_goes_back(look: &Look) -> Said {
    if look.history.time_went_back {
        fail(format!("taken at {:?}", look.event.at))
    } else {
        Ok(())
    }
}

fn invariant_only_owed_answers_are_taken(look: &Look) -> Said {
    look.history
        .unasked
        .map_or(Ok(()), |answer| fail(format!("{answer:?} was not owed")))
}

fn invariant_attempt_numbers_never_repeat(look: &Look) -> Said {
    let wrong = look
        .history
        .started_as
        .iter()
        .find(|(_, given, right)| given != right);
    wrong.map_or(Ok(()), |(task, given, right)| {
        fail(format!("{task:?}: attempt {given} instead of {right}"))
    })
}

fn invariant_slots_are_never_exceeded(look: &Look) -> Said {
    let used = look.history.in_work.len();
    if used > look.after.limits().slots {
        fail(format!("{used} in use"))
    } else {
        Ok(())
    }
}

fn invariant_apart_tasks_never_overlap(look: &Look) -> Said {
    let under_way =
        |task: &TaskIx| look.history.in_work.has(*task) || look.history.approved.has(*task);
    for task in look.after.plan().places().filter(under_way) {
        if let Some(other) = look
            .after
            .plan()
            .task(task)
            .apart
            .iter()
            .copied()
            .find(under_way)
        {
            return fail(format!("{task:?} and {other:?}"));
        }
    }
    Ok(())
}

fn invariant_needs_are_merged_before_start(look: &Look) -> Said {
    for effect in look.effects {
        let Effect::Spawn { task, from, .. } = effect else {
            continue;
        };
        for need in &look.after.plan().task(*task).needs {
            let fine = match &look.after.task(*need).state {
                TaskState::Done(Outcome::Merged(_)) => look.world.holds(from, *need),
                TaskState::Done(Outcome::Unchanged | Outcome::Before) => true,
                _ => false,
            };
            if !fine {
                return fail(format!("{task:?} started from {from} without {need:?}"));
            }
        }
    }
    Ok(())
}

fn invariant_work_starts_at_the_tip(look: &Look) -> Said {
    for effect in &look.history.fresh {
        let from = match effect {
            Effect::Spawn { from, .. } => from,
            Effect::Build { onto, .. } => onto,
            _ => continue,
        };
        if look.after.tip() != Some(from) {
            return fail(format!("{effect:?}, but the tip is {:?}", look.after.tip()));
        }
    }
    if let (EventKind::TipMoved { .. }, Some(candidate)) =
        (&look.event.kind, look.before.candidate())
        && let Stage::Moving(commit) = candidate.stage()
        && look.after.tip() != Some(commit)
    {
        return fail(format!(
            "moved to {commit}, but the tip is {:?}",
            look.after.tip()
        ));
    }
    Ok(())
}

fn starts(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::Spawn { .. }
            | Effect::Check { .. }
            | Effect::Build { .. }
            | Effect::Gate { .. }
            | Effect::MoveTip { .. }
    )
}

fn invariant_nothing_starts_after_a_cancel(look: &Look) -> Said {
    if !look.history.cancelled {
        return Ok(());
    }
    let started = look.history.fresh.iter().find(|effect| starts(effect));
    started.map_or(Ok(()), |effect| fail(format!("{effect:?}")))
}

fn invariant_nothing_starts_in_a_suspension(look: &Look) -> Said {
    if !look.history.suspended && !matches!(look.after.mode(), Mode::Suspending { .. }) {
        return Ok(());
    }
    let started = look.history.fresh.iter().find(|effect| starts(effect));
    started.map_or(Ok(()), |effect| fail(format!("{effect:?}")))
}

fn invariant_no_task_starts_in_a_pause(look: &Look) -> Said {
    let spawned = look
        .history
        .fresh
        .iter()
        .find(|effect| matches!(effect, Effect::Spawn { .. }));
    match spawned {
        Some(effect) if look.history.paused => fail(format!("{effect:?}")),
        Some(_) | None => Ok(()),
    }
}

fn invariant_cancelled_tasks_never_start(look: &Look) -> Said {
    for effect in &look.history.fresh {
        if let Effect::Spawn { task, .. } | Effect::Check { task, .. } = effect
            && look.history.cancelled_tasks.has(*task)
        {
            return fail(format!("{effect:?}"));
        }
        if let Effect::Build { heads, .. } = effect
            && heads
                .iter()
                .any(|head| look.history.cancelled_tasks.has(head.task))
        {
            return fail(format!("{effect:?}"));
        }
    }
    Ok(())
}

fn invariant_budget_is_never_exceeded(look: &Look) -> Said {
    let Some(budget) = look.after.limits().budget else {
        return Ok(());
    };
    if look.after.spent() != look.history.spent {
        return fail(format!(
            "books say {:?}, but it was {:?}",
            look.after.spent(),
            look.history.spent
        ));
    }
    let used_up = look.history.spent.tokens >= budget.tokens;
    let spawned = look
        .history
        .fresh
        .iter()
        .find(|effect| matches!(effect, Effect::Spawn { .. }));
    match spawned {
        Some(effect) if used_up => fail(format!("{effect:?}")),
        Some(_) | None => Ok(()),
    }
}

/// What moves the tip was judged green as a whole, and each branch in it was judged green as it is.
fn invariant_no_merge_without_passing_gates(look: &Look) -> Said {
    for effect in look.effects {
        let Effect::MoveTip { candidate, to, .. } = effect else {
            continue;
        };
        if look.world.merged_verdicts.get(candidate) != Some(&Verdict::Passed) {
            return fail(format!(
                "{effect:?}: the merged tree has {:?}",
                look.world.merged_verdicts.get(candidate)
            ));
        }
        if look
            .world
            .builds
            .get(candidate)
            .and_then(|build| build.0.as_ref())
            != Some(to)
        {
            return fail(format!("{effect:?}: another commit was judged"));
        }
        for head in look
            .after
            .candidate()
            .into_iter()
            .flat_map(|candidate| candidate.heads())
        {
            let of = (head.task, head.attempt);
            let judged = look.world.heads.get(&of) == Some(&Some(head.commit.clone()));
            if look.world.verdicts.get(&of) != Some(&Verdict::Passed) || !judged {
                return fail(format!("{effect:?}: {of:?} was not approved"));
            }
        }
    }
    Ok(())
}

fn invariant_tip_moves_only_to_a_gated_commit(look: &Look) -> Said {
    if look.before.tip() == look.after.tip() {
        return Ok(());
    }
    match &look.event.kind {
        EventKind::Started { tip } | EventKind::TipRefused { tip, .. }
            if look.after.tip() == Some(tip) =>
        {
            Ok(())
        }
        EventKind::TipMoved { candidate } => {
            let built = look
                .world
                .builds
                .get(candidate)
                .and_then(|build| build.0.as_ref());
            let green = look.world.merged_verdicts.get(candidate) == Some(&Verdict::Passed);
            if green && built == look.after.tip() {
                Ok(())
            } else {
                fail(format!("{:?}", look.after.tip()))
            }
        }
        kind => fail(format!("{kind:?} moved the tip to {:?}", look.after.tip())),
    }
}

fn invariant_nothing_merges_twice(look: &Look) -> Said {
    if look.history.merged_again.len() > 0 {
        return fail(format!(
            "{:?} became merged again",
            look.history.merged_again
        ));
    }
    for effect in look.effects {
        let Effect::Build { onto, heads, .. } = effect else {
            continue;
        };
        let again = heads.iter().find(|head| look.world.holds(onto, head.task));
        if let Some(head) = again {
            return fail(format!("{:?} is in {onto} already", head.task));
        }
    }
    Ok(())
}

fn invariant_merged_work_is_in_the_tip(look: &Look) -> Said {
    let Some(tip) = look.after.tip() else {
        return Ok(());
    };
    for task in look.after.plan().places() {
        if matches!(
            look.after.task(task).state,
            TaskState::Done(Outcome::Merged(_))
        ) && !look.world.holds(tip, task)
        {
            return fail(format!("{task:?} is not in {tip}"));
        }
    }
    Ok(())
}

fn invariant_done_stays_done(look: &Look) -> Said {
    for task in look.after.plan().places() {
        let was = &look.before.task(task).state;
        if matches!(was, TaskState::Done(_)) && *was != look.after.task(task).state {
            return fail(format!("{task:?} is {:?}", look.after.task(task).state));
        }
    }
    Ok(())
}

/// Tries since the start or the latest retry, without those that a suspension stopped.
fn invariant_tries_are_bounded(look: &Look) -> Said {
    for task in look.after.plan().places() {
        let most = 2 + look.after.plan().task(task).retries + look.after.limits().replacements;
        let tries = look.history.tries[task.index()];
        if tries > most {
            return fail(format!(
                "{task:?} had {tries} tries, at most {most} are allowed"
            ));
        }
    }
    Ok(())
}

fn invariant_no_task_fails_before_its_tries_are_used_up(look: &Look) -> Said {
    for task in look.after.plan().places() {
        let failed = |run: &Run| phase(run, task) == Phase::Failed;
        let least = 1 + look.after.plan().task(task).retries;
        if failed(look.after) && !failed(look.before) && look.history.tries[task.index()] < least {
            return fail(format!(
                "{task:?} failed after {} tries",
                look.history.tries[task.index()]
            ));
        }
    }
    Ok(())
}

fn invariant_blocked_tasks_have_a_broken_need(look: &Look) -> Said {
    for task in look.after.plan().places() {
        let needs = &look.after.plan().task(task).needs;
        let fine = match &look.after.task(task).state {
            TaskState::Blocked(BlockReason::Dependency(by)) => {
                needs.contains(by) && phase(look.after, *by).is_broken()
            }
            TaskState::Blocked(BlockReason::Conflict) => {
                look.after.task(task).setback == Some(Setback::Conflict)
            }
            TaskState::Waiting => needs
                .iter()
                .all(|need| !phase(look.after, *need).is_broken()),
            TaskState::Ready => needs
                .iter()
                .all(|need| phase(look.after, *need) == Phase::Done),
            _ => true,
        };
        if !fine {
            return fail(format!("{task:?} is {:?}", look.after.task(task).state));
        }
    }
    Ok(())
}

fn invariant_no_process_outlives_its_task(look: &Look) -> Said {
    for effect in look.effects {
        let Effect::Retire { task: retired, .. } = effect else {
            continue;
        };
        let its = |process: &Process| match process {
            Process::Worker((task, _)) | Process::Gates((task, _)) => task == retired,
            Process::MergedGates(_) => false,
        };
        if let Some(process) = look.world.alive.iter().copied().find(its) {
            return fail(format!("{process:?} lives"));
        }
    }
    let over = look
        .effects
        .iter()
        .any(|effect| matches!(effect, Effect::Finish(_)));
    if over && !look.world.alive.is_empty() {
        return fail(format!("the run is over, and {:?} live", look.world.alive));
    }
    Ok(())
}

fn invariant_outstanding_is_exactly_what_is_owed(look: &Look) -> Said {
    let told = Owed::told_by(look.after);
    if told == look.history.owed {
        return Ok(());
    }
    fail(format!(
        "{told:?} are outstanding, but {:?} are owed",
        look.history.owed
    ))
}

fn invariant_resume_answers_with_all_that_is_outstanding(look: &Look) -> Said {
    if look.event.kind != EventKind::Resumed || look.effects == look.after.outstanding() {
        return Ok(());
    }
    fail(format!("{:?}", look.effects))
}

fn invariant_the_next_tick_is_announced(look: &Look) -> Said {
    match look.after.wake_at() {
        Some(at) if look.history.wake != Some(at) => fail(format!("{at:?} was not announced")),
        Some(at) if at <= look.after.now() => {
            fail(format!("{at:?} is past and did not take effect"))
        }
        Some(_) | None => Ok(()),
    }
}

/// Whether a task could start as far as it itself is concerned.
fn could_start(look: &Look, task: TaskIx) -> bool {
    let keeps = |other: &TaskIx| phase(look.after, *other).keeps_apart();
    phase(look.after, task) == Phase::Ready && !look.after.plan().task(task).apart.iter().any(keeps)
}

fn invariant_no_slot_idles(look: &Look) -> Said {
    let budget = look.after.limits().budget;
    let spent = budget.is_some_and(|budget| look.history.spent.tokens >= budget.tokens);
    let free = look.after.view().slots_used < look.after.limits().slots;
    if look.after.mode() != Mode::Active || spent || !free {
        return Ok(());
    }
    let idle = look
        .after
        .plan()
        .places()
        .find(|task| could_start(look, *task));
    idle.map_or(Ok(()), |task| fail(format!("{task:?} could start")))
}

fn invariant_the_first_in_line_starts_first(look: &Look) -> Said {
    let plan = look.after.plan();
    let place = |task: TaskIx| {
        let last = std::cmp::Reverse((plan.task(task).priority, plan.remaining_path(task)));
        (last, task)
    };
    for (started, _, _) in &look.history.started_as {
        let passed_over = plan
            .places()
            .find(|task| could_start(look, *task) && place(*task) < place(*started));
        if let Some(task) = passed_over {
            return fail(format!("{started:?} started before {task:?}"));
        }
    }
    Ok(())
}

fn invariant_at_most_one_candidate(look: &Look) -> Said {
    let is_merge = |owed: &&Owed| matches!(owed, Owed::Build(_) | Owed::Gate(_) | Owed::Move(_));
    let under_way = look.history.owed.iter().filter(is_merge).count();
    if under_way > 1 {
        fail(format!("{:?}", look.history.owed))
    } else {
        Ok(())
    }
}

/// Newer approvals stay behind older ones: the queue only loses members or gets some back at its front.
fn invariant_approvals_are_merged_in_their_order(look: &Look) -> Said {
    let EventKind::Checked {
        task,
        verdict: Verdict::Passed,
        ..
    } = &look.event.kind
    else {
        return Ok(());
    };
    let line = |run: &Run| -> Vec<TaskIx> {
        let candidate = run
            .candidate()
            .map(|candidate| candidate.tasks())
            .unwrap_or_default();
        candidate
            .into_iter()
            .chain(run.queue().map(|head| head.task))
            .collect()
    };
    let mut right = line(look.before);
    if matches!(phase(look.after, *task), Phase::Queued | Phase::Merging) {
        right.push(*task);
    }
    if line(look.after) == right {
        Ok(())
    } else {
        fail(format!("{:?} instead of {right:?}", line(look.after)))
    }
}

fn invariant_views_agree_with_states(look: &Look) -> Said {
    let view = look.after.view();
    let phases: Vec<Phase> = look
        .after
        .tasks()
        .iter()
        .map(|record| record.state.phase())
        .collect();
    for phase in Phase::ALL {
        let count = phases.iter().filter(|other| **other == phase).count();
        if view.counts.of_phase(phase) as usize != count {
            return fail(format!(
                "{count} tasks are {phase:?}, the books say {}",
                view.counts.of_phase(phase)
            ));
        }
    }
    let slots = phases.iter().filter(|phase| phase.holds_slot()).count();
    let merging = view
        .candidate
        .map_or(0, |candidate| candidate.heads().len());
    let in_books = (view.slots_used as usize, view.queue.len(), merging);
    let count = |wanted: Phase| phases.iter().filter(|phase| **phase == wanted).count();
    let in_states = (slots, count(Phase::Queued), count(Phase::Merging));
    if in_books == in_states {
        Ok(())
    } else {
        fail(format!(
            "{in_books:?} in the books, {in_states:?} in the states"
        ))
    }
}

fn invariant_finish_comes_once(look: &Look) -> Said {
    let over = matches!(look.after.mode(), Mode::Over(_));
    match (over, look.history.finishes) {
        (false, 0) | (true, 1) => Ok(()),
        (_, finishes) => fail(format!(
            "{finishes} so far, and the mode is {:?}",
            look.after.mode()
        )),
    }
}

fn invariant_no_task_is_lost(look: &Look) -> Said {
    let Some(Effect::Finish(ending)) = look
        .effects
        .iter()
        .find(|effect| matches!(effect, Effect::Finish(_)))
    else {
        return Ok(());
    };
    if !look.history.owed.is_empty() {
        return fail(format!("{ending:?}, but {:?} are owed", look.history.owed));
    }
    let stray = look.after.tasks().iter().find(|record| match ending {
        Ending::Complete | Ending::Cancelled => !record.state.phase().is_end(),
        Ending::Suspended(_) => record.state.phase().is_in_flight(),
    });
    if let Some(record) = stray {
        return fail(format!("{ending:?}, but a task is {:?}", record.state));
    }
    let true_to_the_word = match ending {
        Ending::Complete => true,
        Ending::Cancelled => look.history.cancelled,
        Ending::Suspended(SuspendReason::Asked) => {
            look.before.tip().is_some() && look.history.suspended
        }
        Ending::Suspended(SuspendReason::Budget) => look.after.limits().budget.is_some(),
        Ending::Suspended(SuspendReason::TimedOut) => look.after.limits().timeout.is_some(),
    };
    if true_to_the_word {
        Ok(())
    } else {
        fail(format!("{ending:?} for no reason"))
    }
}
