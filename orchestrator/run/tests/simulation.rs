//! The run machine in a simulated world: random plans, random schedules, crashes, lies and users, and one named check
//! for each invariant.
//!
//! `SWARM_SIM_SEEDS=1000000` plays more seeds than the usual 100,000, `SWARM_SIM_SEED=42` plays one and shows it.
#![expect(
    clippy::disallowed_methods,
    reason = "the test reads a seed and uses threads; the machine does neither"
)]

#[path = "simulation/case.rs"]
mod case;
#[path = "simulation/checks.rs"]
mod checks;
#[path = "simulation/choices.rs"]
mod choices;
#[path = "simulation/coverage.rs"]
mod coverage;
#[path = "simulation/faults.rs"]
mod faults;
#[path = "simulation/history.rs"]
mod history;
#[path = "simulation/play.rs"]
mod play;
#[path = "simulation/shrink.rs"]
mod shrink;
#[path = "simulation/world.rs"]
mod world;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use choices::Choices;
use coverage::Coverage;
use play::{Failure, play};

const SEEDS: u64 = 100_000;

/// A seed that breaks an invariant.
struct Broken {
    seed: u64,
    failure: Failure,
    tape: Vec<u32>,
}

/// Plays `seeds` on every core; gives up at the first that fails.
fn play_all(seeds: u64) -> Result<Coverage, Broken> {
    let next = AtomicU64::new(0);
    let stop = AtomicBool::new(false);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        let mut coverage = Coverage::default();
        while !stop.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds {
                break;
            }
            let mut choices = Choices::seeded(seed);
            if let Err(failure) = play(&mut choices, &mut coverage, None) {
                stop.store(true, Ordering::Relaxed);
                return Err(Broken {
                    seed,
                    failure,
                    tape: choices.made,
                });
            }
        }
        Ok(coverage)
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        let mut all = Coverage::default();
        for thread in threads {
            match thread.join() {
                Ok(seen) => all.merge(seen?),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok(all)
    })
}

fn explain(broken: &Broken) -> String {
    let tape = shrink::shrink(broken.tape.clone(), broken.failure.check);
    let mut log = Vec::new();
    let small = shrink::replay(&tape, Some(&mut log)).err();
    let detail = small.map_or_else(|| broken.failure.detail.clone(), |failure| failure.detail);
    format!(
        "{}\n\nseed {} breaks {}: {detail}\nrepeat with: SWARM_SIM_SEED={} cargo test -p swarm-run --test simulation\n\
         smallest tape: {tape:?}",
        log.join("\n"),
        broken.seed,
        broken.failure.check,
        broken.seed,
    )
}

#[test]
fn every_invariant_holds_for_every_seed_and_every_legal_pair_is_visited() {
    if let Ok(seed) = std::env::var("SWARM_SIM_SEED") {
        let (log, broken) = play_one(seed.parse().expect("SWARM_SIM_SEED is a number"));
        println!("{}", log.join("\n"));
        assert!(
            broken.is_none(),
            "{}",
            broken.as_ref().map(explain).unwrap_or_default()
        );
        return;
    }
    let seeds = std::env::var("SWARM_SIM_SEEDS")
        .map_or(SEEDS, |n| n.parse().expect("SWARM_SIM_SEEDS is a number"));
    let coverage = match play_all(seeds) {
        Ok(coverage) => coverage,
        Err(broken) => panic!("{}", explain(&broken)),
    };
    let legal = coverage::legal();
    let surprising: Vec<_> = coverage.seen.difference(&legal).collect();
    assert!(
        surprising.is_empty(),
        "accepted, but not in the table of legal pairs: {surprising:#?}"
    );
    let missed: Vec<_> = legal.difference(&coverage.seen).collect();
    assert!(
        missed.is_empty() || seeds < SEEDS,
        "legal, but never seen in {seeds} seeds: {missed:#?}"
    );
}

fn play_one(seed: u64) -> (Vec<String>, Option<Broken>) {
    let mut choices = Choices::seeded(seed);
    let mut log = Vec::new();
    let outcome = play(&mut choices, &mut Coverage::default(), Some(&mut log));
    (
        log,
        outcome.err().map(|failure| Broken {
            seed,
            failure,
            tape: choices.made,
        }),
    )
}
