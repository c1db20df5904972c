//! The machine's rules one by one, as short stories. What holds in every story is the simulation's business.

use swarm_mailbox::id::{AttemptNo, CommitId, TaskId};

use super::*;
use crate::effect::{Head, StopReason};
use crate::event::{CandidateNo, Command, Millis, Spent, Verdict, WorkEnd};
use crate::plan::Task;
use crate::state::{Outcome, Phase};

mod queue;
mod word;
mod work;

/// A run together with the clock that its events are given.
pub(super) struct Story {
    pub(super) run: Run,
    pub(super) now: u64,
}

pub(super) fn task(id: &str, needs: &[u32]) -> Task {
    Task {
        id: TaskId::new(id).unwrap(),
        needs: needs.iter().copied().map(TaskIx).collect(),
        apart: Vec::new(),
        priority: 0,
        retries: 0,
        timeout: None,
        done: false,
    }
}

pub(super) fn limits() -> Limits {
    Limits {
        slots: 4,
        batch: 4,
        fail_fast: false,
        budget: None,
        timeout: None,
        replacements: 0,
        backoff: Millis(1000),
        backoff_max: Millis(8000),
        overtime: Millis(100),
    }
}

/// The commit that is called `n` in these stories.
pub(super) fn commit(n: u32) -> CommitId {
    CommitId::new(&format!("{n:040x}")).unwrap()
}

/// The head that a try leaves.
pub(super) fn head_of(task: u32, attempt: u32) -> CommitId {
    commit(1000 + task * 100 + attempt)
}

pub(super) const TIP: u32 = 1;

impl Story {
    /// A run that has just started, with the effects of that.
    pub(super) fn start(tasks: Vec<Task>, limits: Limits) -> (Self, Vec<Effect>) {
        let mut story = Self {
            run: Run::new(Plan::new(tasks).unwrap(), limits),
            now: 0,
        };
        let effects = story.event(EventKind::Started { tip: commit(TIP) });
        (story, effects)
    }

    pub(super) fn event(&mut self, kind: EventKind) -> Vec<Effect> {
        self.try_event(kind).unwrap()
    }

    pub(super) fn try_event(&mut self, kind: EventKind) -> Result<Vec<Effect>, Illegal> {
        self.run.step(Event {
            at: Timestamp(self.now),
            kind,
        })
    }

    pub(super) fn command(&mut self, command: Command) -> Vec<Effect> {
        self.event(EventKind::Command(command))
    }

    pub(super) fn tick(&mut self, now: u64) -> Vec<Effect> {
        self.now = now;
        self.event(EventKind::Tick)
    }

    pub(super) fn attempt(&self, task: u32) -> AttemptNo {
        self.run.task(TaskIx(task)).attempt.unwrap()
    }

    pub(super) fn ended(&mut self, task: u32, end: WorkEnd) -> Vec<Effect> {
        let attempt = self.attempt(task);
        self.event(EventKind::WorkerEnded {
            task: TaskIx(task),
            attempt,
            end,
            spent: Spent::default(),
        })
    }

    /// The worker ends well and its work is settled; its gates are under way then.
    pub(super) fn worked(&mut self, task: u32) -> Vec<Effect> {
        let attempt = self.attempt(task);
        self.ended(task, WorkEnd::Succeeded);
        let head = Some(head_of(task, attempt.0));
        self.event(EventKind::Settled {
            task: TaskIx(task),
            attempt,
            head,
        })
    }

    pub(super) fn checked(&mut self, task: u32, verdict: Verdict) -> Vec<Effect> {
        let attempt = self.attempt(task);
        self.event(EventKind::Checked {
            task: TaskIx(task),
            attempt,
            verdict,
        })
    }

    /// From the spawned worker to the approved branch.
    pub(super) fn approved(&mut self, task: u32) -> Vec<Effect> {
        self.worked(task);
        self.checked(task, Verdict::Passed)
    }

    pub(super) fn built(
        &mut self,
        candidate: u32,
        into: Option<u32>,
        conflicts: &[u32],
    ) -> Vec<Effect> {
        let conflicts = conflicts.iter().copied().map(TaskIx).collect();
        let candidate = CandidateNo(candidate);
        self.event(EventKind::CandidateBuilt {
            candidate,
            commit: into.map(commit),
            conflicts,
        })
    }

    pub(super) fn gated(&mut self, candidate: u32, verdict: Verdict) -> Vec<Effect> {
        self.event(EventKind::CandidateGated {
            candidate: CandidateNo(candidate),
            verdict,
        })
    }

    pub(super) fn moved(&mut self, candidate: u32) -> Vec<Effect> {
        self.event(EventKind::TipMoved {
            candidate: CandidateNo(candidate),
        })
    }

    /// From the asked-for merge to the moved tip.
    pub(super) fn merged(&mut self, candidate: u32, into: u32) -> Vec<Effect> {
        self.built(candidate, Some(into), &[]);
        self.gated(candidate, Verdict::Passed);
        self.moved(candidate)
    }

    pub(super) fn state(&self, task: u32) -> &TaskState {
        &self.run.task(TaskIx(task)).state
    }

    pub(super) fn phase(&self, task: u32) -> Phase {
        self.state(task).phase()
    }
}

pub(super) fn spawn(task: u32, attempt: u32, from: u32, setback: Option<Setback>) -> Effect {
    Effect::Spawn {
        task: TaskIx(task),
        attempt: AttemptNo(attempt),
        from: commit(from),
        setback,
    }
}

pub(super) fn retire(task: u32, attempt: u32) -> Effect {
    Effect::Retire {
        task: TaskIx(task),
        attempt: AttemptNo(attempt),
    }
}

pub(super) fn stop(task: u32, attempt: u32, reason: StopReason) -> Effect {
    Effect::Stop {
        task: TaskIx(task),
        attempt: AttemptNo(attempt),
        reason,
    }
}

fn heads_of(heads: &[(u32, u32)]) -> Vec<Head> {
    let heads = heads.iter().map(|(task, attempt)| Head {
        task: TaskIx(*task),
        attempt: AttemptNo(*attempt),
        commit: head_of(*task, *attempt),
    });
    heads.collect()
}

pub(super) fn build(candidate: u32, onto: u32, heads: &[(u32, u32)]) -> Effect {
    Effect::Build {
        candidate: CandidateNo(candidate),
        onto: commit(onto),
        heads: heads_of(heads),
    }
}

pub(super) fn gate(candidate: u32, merged: u32, heads: &[(u32, u32)]) -> Effect {
    Effect::Gate {
        candidate: CandidateNo(candidate),
        commit: commit(merged),
        heads: heads_of(heads),
    }
}

#[test]
fn one_task_goes_all_the_way() {
    let (mut story, effects) = Story::start(vec![task("a", &[])], limits());
    let (task, attempt, candidate) = (TaskIx(0), AttemptNo::FIRST, CandidateNo(1));
    assert_eq!(effects, [spawn(0, 1, TIP, None)]);
    assert_eq!(story.event(EventKind::WorkerStarted { task, attempt }), []);
    assert_eq!(
        story.ended(0, WorkEnd::Succeeded),
        [Effect::Settle { task, attempt }]
    );
    let head = Some(head_of(0, 1));
    let effects = story.event(EventKind::Settled {
        task,
        attempt,
        head: head.clone(),
    });
    assert_eq!(
        effects,
        [Effect::Check {
            task,
            attempt,
            head
        }]
    );
    assert_eq!(
        story.checked(0, Verdict::Passed),
        [build(1, TIP, &[(0, 1)])]
    );
    assert_eq!(story.built(1, Some(2), &[]), [gate(1, 2, &[(0, 1)])]);
    let move_tip = Effect::MoveTip {
        candidate,
        from: commit(TIP),
        to: commit(2),
    };
    assert_eq!(story.gated(1, Verdict::Passed), [move_tip]);
    assert_eq!(
        story.moved(1),
        [retire(0, 1), Effect::Finish(Ending::Complete)]
    );
    assert_eq!(*story.state(0), TaskState::Done(Outcome::Merged(commit(2))));
    assert_eq!(story.run.tip(), Some(&commit(2)));
}

#[test]
fn dependants_start_from_the_tip_that_holds_their_needs() {
    let (mut story, _) = Story::start(vec![task("a", &[]), task("b", &[0])], limits());
    story.approved(0);
    assert_eq!(story.phase(1), Phase::Waiting);
    assert_eq!(story.merged(1, 2), [retire(0, 1), spawn(1, 1, 2, None)]);
}

#[test]
fn an_empty_plan_is_complete_at_once() {
    let (_, effects) = Story::start(Vec::new(), limits());
    assert_eq!(effects, [Effect::Finish(Ending::Complete)]);
}

#[test]
fn what_was_done_before_is_not_done_again() {
    let mut before = task("a", &[]);
    before.done = true;
    let (story, effects) = Story::start(vec![before, task("b", &[0])], limits());
    assert_eq!(effects, [spawn(1, 1, TIP, None)]);
    assert_eq!(*story.state(0), TaskState::Done(Outcome::Before));
}

#[test]
fn tasks_start_by_priority_then_path_then_plan_order() {
    // c heads a chain of two, d was given priority.
    let mut tasks = vec![
        task("a", &[]),
        task("b", &[]),
        task("c", &[]),
        task("d", &[]),
        task("e", &[2]),
    ];
    tasks[3].priority = 1;
    let (_, effects) = Story::start(tasks, limits());
    assert_eq!(effects, [3, 2, 0, 1].map(|ix| spawn(ix, 1, TIP, None)));
}

#[test]
fn slots_limit_what_runs_and_is_checked_but_not_what_waits_to_be_merged() {
    let narrow = Limits {
        slots: 1,
        ..limits()
    };
    let (mut story, effects) = Story::start(vec![task("a", &[]), task("b", &[])], narrow);
    assert_eq!(effects, [spawn(0, 1, TIP, None)]);
    assert!(!story.worked(0).contains(&spawn(1, 1, TIP, None)));
    assert!(
        story
            .checked(0, Verdict::Passed)
            .contains(&spawn(1, 1, TIP, None))
    );
    assert_eq!(story.phase(0), Phase::Merging);
}

#[test]
fn tasks_that_must_be_apart_wait_for_the_merge_of_the_other() {
    let mut tasks = vec![task("a", &[]), task("b", &[])];
    tasks[0].apart = vec![TaskIx(1)];
    let (mut story, effects) = Story::start(tasks, limits());
    assert_eq!(effects, [spawn(0, 1, TIP, None)]);
    story.approved(0);
    assert_eq!(story.phase(1), Phase::Ready);
    assert_eq!(story.merged(1, 2), [retire(0, 1), spawn(1, 1, 2, None)]);
}

#[test]
fn a_task_in_its_pause_lets_those_apart_from_it_go_first() {
    let mut tasks = vec![task("a", &[]), task("b", &[])];
    tasks[0].apart = vec![TaskIx(1)];
    tasks[0].retries = 1;
    let (mut story, _) = Story::start(tasks, limits());
    let effects = story.ended(0, WorkEnd::Failed);
    assert_eq!(
        effects,
        [
            spawn(1, 1, TIP, None),
            Effect::WakeAt {
                at: Timestamp(1000)
            }
        ]
    );
    assert_eq!(story.tick(1000), []);
    assert_eq!(story.phase(0), Phase::Ready);
}

#[test]
fn apart_tasks_that_need_each_other_do_no_harm() {
    let mut tasks = vec![task("a", &[]), task("b", &[0]), task("c", &[1])];
    tasks[0].apart = vec![TaskIx(1), TaskIx(2)];
    let (mut story, _) = Story::start(tasks, limits());
    for ix in 0..3 {
        story.approved(ix);
        story.merged(ix + 1, ix + 2);
    }
    assert_eq!(story.run.ending(), Some(Ending::Complete));
}

#[test]
fn an_illegal_event_changes_nothing_and_says_why() {
    let (mut story, _) = Story::start(vec![task("a", &[])], limits());
    story.now = 50;
    story.event(EventKind::WorkerStarted {
        task: TaskIx(0),
        attempt: AttemptNo::FIRST,
    });
    let before = story.run.clone();
    let again = story.try_event(EventKind::WorkerStarted {
        task: TaskIx(0),
        attempt: AttemptNo::FIRST,
    });
    assert_eq!(
        again,
        Err(Illegal::WrongState {
            task: TaskIx(0),
            phase: Phase::Running
        })
    );
    let started = story.try_event(EventKind::Started { tip: commit(9) });
    assert_eq!(started, Err(Illegal::AlreadyStarted));
    assert_eq!(
        story
            .try_event(EventKind::TipMoved {
                candidate: CandidateNo(1)
            })
            .unwrap_err()
            .to_string(),
        "candidate 1 does not wait for this"
    );
    story.now = 49;
    assert_eq!(
        story.try_event(EventKind::Tick),
        Err(Illegal::TimeWentBack {
            at: Timestamp(49),
            now: Timestamp(50)
        })
    );
    assert_eq!(story.run, before);
}

/// Steps a run of `tasks` that change nothing to its end, each answer as soon as it is owed.
fn run_through(tasks: Vec<Task>) -> Run {
    let (mut story, mut asked) = Story::start(tasks, limits());
    while let Some(effect) = asked.pop() {
        asked.extend(match effect {
            Effect::Spawn { task, .. } => story.ended(task.0, WorkEnd::Succeeded),
            Effect::Settle { task, attempt } => story.event(EventKind::Settled {
                task,
                attempt,
                head: None,
            }),
            Effect::Check { task, .. } => story.checked(task.0, Verdict::Passed),
            Effect::Stop { .. }
            | Effect::Build { .. }
            | Effect::Gate { .. }
            | Effect::StopGate { .. }
            | Effect::MoveTip { .. }
            | Effect::Retire { .. }
            | Effect::WakeAt { .. }
            | Effect::Finish(_) => Vec::new(),
        });
    }
    story.run
}

#[test]
fn a_hundred_thousand_tasks_side_by_side_or_in_one_chain_come_to_their_end() {
    let count = 100_000;
    let side_by_side: Vec<Task> = (0..count).map(|n| task(&format!("t{n}"), &[])).collect();
    let chain = |n: u32| {
        task(
            &format!("t{n}"),
            &n.checked_sub(1).into_iter().collect::<Vec<u32>>(),
        )
    };
    for tasks in [side_by_side, (0..count).map(chain).collect()] {
        let run = run_through(tasks);
        assert_eq!(run.ending(), Some(Ending::Complete));
        assert_eq!(run.counts().of_phase(Phase::Done), count);
    }
}

#[test]
fn the_failure_of_the_first_of_a_hundred_thousand_blocks_the_whole_chain() {
    let count = 100_000;
    let chain = |n: u32| {
        task(
            &format!("t{n}"),
            &n.checked_sub(1).into_iter().collect::<Vec<u32>>(),
        )
    };
    let (mut story, _) = Story::start((0..count).map(chain).collect(), limits());
    story.ended(0, WorkEnd::Failed);
    assert_eq!(story.run.counts().of_phase(Phase::Blocked), count - 1);
    story.command(Command::Retry {
        task: TaskIx(count - 1),
    });
    assert_eq!(story.run.counts().of_phase(Phase::Waiting), count - 1);
    assert_eq!(story.phase(0), Phase::Ready);
}
