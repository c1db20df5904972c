//! How fast the run machine steps: a million tasks that do nothing, and a queue that merges.
//!
//! `cargo bench -p swarm-run` prints the time of a whole run; the throughput is in steps.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use swarm_mailbox::id::{CommitId, TaskId};
use swarm_run::effect::Ending;
use swarm_run::event::{Event, EventKind, Millis, Spent, Timestamp, Verdict, WorkEnd};
use swarm_run::plan::{Limits, Task, TaskIx};
use swarm_run::{Effect, Plan, Run};

/// `count` tasks, each of which needs the one `width` places before it.
fn tasks(count: u32, width: u32) -> Vec<Task> {
    let task = |ix: u32| Task {
        id: TaskId::new(&format!("t{ix}")).unwrap_or_else(|error| unreachable!("{error}")),
        needs: ix.checked_sub(width).map(TaskIx).into_iter().collect(),
        apart: Vec::new(),
        priority: 0,
        retries: 1,
        timeout: None,
        done: false,
    };
    (0..count).map(task).collect()
}

fn limits() -> Limits {
    Limits {
        slots: 64,
        batch: 8,
        fail_fast: false,
        budget: None,
        timeout: None,
        replacements: 1,
        backoff: Millis(1000),
        backoff_max: Millis(60_000),
        overtime: Millis(1000),
    }
}

fn commit(n: u64) -> CommitId {
    CommitId::new(&format!("{n:040x}")).unwrap_or_else(|error| unreachable!("{error}"))
}

/// What a try leaves behind.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Work {
    /// Nothing: four steps for each task.
    Nothing,
    /// A commit, which is merged.
    Commit,
}

/// The answer to an effect, if it has one, as if it took no time.
fn answers(effect: Effect, work: Work, commits: &mut u64) -> Vec<EventKind> {
    let (end, spent, verdict) = (WorkEnd::Succeeded, Spent::default(), Verdict::Passed);
    let mut new_commit = || {
        *commits += 1;
        commit(*commits)
    };
    match effect {
        Effect::Spawn { task, attempt, .. } => {
            vec![
                EventKind::WorkerStarted { task, attempt },
                EventKind::WorkerEnded {
                    task,
                    attempt,
                    end,
                    spent,
                },
            ]
        }
        Effect::Settle { task, attempt } => {
            let head = (work == Work::Commit).then(new_commit);
            vec![EventKind::Settled {
                task,
                attempt,
                head,
            }]
        }
        Effect::Check { task, attempt, .. } => vec![EventKind::Checked {
            task,
            attempt,
            verdict,
        }],
        Effect::Build { candidate, .. } => {
            vec![EventKind::CandidateBuilt {
                candidate,
                commit: Some(new_commit()),
                conflicts: Vec::new(),
            }]
        }
        Effect::Gate { candidate, .. } => vec![EventKind::CandidateGated { candidate, verdict }],
        Effect::MoveTip { candidate, .. } => vec![EventKind::TipMoved { candidate }],
        Effect::Stop { .. }
        | Effect::StopGate { .. }
        | Effect::Retire { .. }
        | Effect::WakeAt { .. }
        | Effect::Finish(_) => Vec::new(),
    }
}

/// Steps a run to its end and counts the steps.
fn run_to_end(run: &mut Run, work: Work) -> u64 {
    let (mut steps, mut commits) = (0, 1);
    let mut events = vec![EventKind::Started {
        tip: commit(commits),
    }];
    while let Some(kind) = events.pop() {
        steps += 1;
        let effects = run
            .step(Event {
                at: Timestamp(steps),
                kind,
            })
            .unwrap_or_else(|illegal| unreachable!("{illegal}"));
        for effect in effects {
            // The last is taken first, so a worker's end is put below its start.
            events.extend(answers(effect, work, &mut commits).into_iter().rev());
        }
    }
    assert_eq!(run.ending(), Some(Ending::Complete));
    steps
}

fn steps(c: &mut Criterion) {
    let mut group = c.benchmark_group("run");
    group.sample_size(10);
    for (name, count, work) in [
        ("1000000 tasks that do nothing", 1_000_000, Work::Nothing),
        ("10000 merges", 10_000, Work::Commit),
    ] {
        let fresh = Run::new(plan(count), limits());
        group.throughput(Throughput::Elements(run_to_end(&mut fresh.clone(), work)));
        group.bench_function(name, |b| {
            b.iter_batched_ref(
                || fresh.clone(),
                |run| run_to_end(run, work),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

fn plan(count: u32) -> Plan {
    Plan::new(tasks(count, 64)).unwrap_or_else(|error| unreachable!("{error}"))
}

fn plans(c: &mut Criterion) {
    let mut group = c.benchmark_group("plan");
    group.sample_size(10);
    for count in [10_000, 1_000_000] {
        let tasks = tasks(count, 64);
        group.throughput(Throughput::Elements(u64::from(count)));
        group.bench_function(format!("check {count} tasks"), |b| {
            b.iter_batched(
                || tasks.clone(),
                |tasks| black_box(Plan::new(tasks)),
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, steps, plans);
criterion_main!(benches);
