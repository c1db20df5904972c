//! A random case: a small plan, its limits, and how much goes wrong in it.

use swarm_mailbox::id::TaskId;
use swarm_run::event::{Millis, Spent};
use swarm_run::plan::{Limits, Plan, Task, TaskIx};

use crate::choices::Choices;

/// The most tasks of a case; sets of tasks are kept as bits.
pub(crate) const MOST_TASKS: u32 = 8;

/// What a case is made of.
pub(crate) struct Case {
    pub(crate) plan: Plan,
    pub(crate) limits: Limits,
    pub(crate) luck: Luck,
}

/// How much goes wrong, in percent.
#[derive(Clone, Copy)]
pub(crate) struct Luck {
    /// A worker does not succeed.
    pub(crate) failure: u32,
    /// A worker changes nothing.
    pub(crate) unchanged: u32,
    /// The gates of a branch fail.
    pub(crate) red: u32,
    /// The gates of a merged tree fail.
    pub(crate) merged_red: u32,
    /// A head conflicts.
    pub(crate) conflict: u32,
    /// Something other than the next answer happens.
    pub(crate) noise: u32,
    /// How many things may happen that no rule of the run bounds: noise, hanging workers, vanished gates.
    pub(crate) trouble: u32,
}

impl Case {
    pub(crate) fn draw(choices: &mut Choices) -> Self {
        let count = choices.below(MOST_TASKS) + 1;
        let shape = choices.pick(&[20, 0, 50]);
        let tasks = (0..count).map(|ix| draw_task(choices, ix, shape)).collect();
        let limits = draw_limits(choices);
        let percent = |choices: &mut Choices| choices.pick(&[0, 10, 30, 60]);
        let luck = Luck {
            failure: percent(choices),
            unchanged: percent(choices) / 2,
            red: percent(choices),
            merged_red: percent(choices),
            conflict: percent(choices),
            noise: choices.pick(&[0, 10, 25, 45]),
            trouble: choices.below(45),
        };
        Self {
            plan: Plan::new(tasks)
                .unwrap_or_else(|error| unreachable!("needs point backwards: {error}")),
            limits,
            luck,
        }
    }
}

/// Tasks need only earlier ones; everything else is free.
fn draw_task(choices: &mut Choices, ix: u32, shape: u32) -> Task {
    let earlier = |choices: &mut Choices, percent| {
        (0..ix)
            .filter(|_| choices.chance(percent))
            .map(TaskIx)
            .collect()
    };
    Task {
        id: TaskId::new(&format!("t{ix}")).unwrap_or_else(|error| unreachable!("{error}")),
        needs: earlier(choices, shape),
        apart: earlier(choices, 15),
        priority: choices.pick(&[0, 0, 0, 5, -5]),
        retries: choices.pick(&[0, 1, 2]),
        timeout: choices.pick(&[None, Some(Millis(300))]),
        done: choices.chance(5),
    }
}

fn draw_limits(choices: &mut Choices) -> Limits {
    let budgets = [None, None, None, Some(5), Some(40)];
    Limits {
        slots: choices.below(4) + 1,
        batch: choices.below(4) + 1,
        fail_fast: choices.chance(15),
        budget: choices.pick(&budgets).map(|tokens| Spent {
            microdollars: u64::MAX,
            tokens,
        }),
        timeout: choices.pick(&[None, None, None, Some(Millis(1500))]),
        replacements: choices.below(3),
        backoff: choices.pick(&[Millis(0), Millis(100)]),
        backoff_max: Millis(250),
        overtime: choices.pick(&[Millis(0), Millis(50)]),
    }
}
