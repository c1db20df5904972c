//! Makes a failing tape small, as long as the same check fails.

use crate::choices::Choices;
use crate::coverage::Coverage;
use crate::play::{Failure, play};

/// Plays a tape.
pub(crate) fn replay(tape: &[u32], log: Option<&mut Vec<String>>) -> Result<(), Failure> {
    play(&mut Choices::taped(tape), &mut Coverage::default(), log)
}

/// A small tape that still fails the same check; every choice of it was really made.
pub(crate) fn shrink(tape: Vec<u32>, check: &str) -> Vec<u32> {
    let mut best = tape;
    loop {
        let before = best.clone();
        let mut size = best.len() / 2;
        while size > 0 {
            best = pass(best, size, check);
            size /= 2;
        }
        if best == before {
            break;
        }
    }
    while best.last() == Some(&0) {
        best.pop();
    }
    best
}

/// Tries to leave out, to zero and to lower each stretch of `size` choices once.
fn pass(mut best: Vec<u32>, size: usize, check: &str) -> Vec<u32> {
    let mut start = 0;
    while start < best.len() {
        let end = (start + size).min(best.len());
        let without = [&best[..start], &best[end..]].concat();
        let mut zeros = best.clone();
        zeros[start..end].fill(0);
        let mut lower = best.clone();
        lower[start] /= 2;
        let smaller = [without, zeros, lower]
            .into_iter()
            .filter_map(|tape| fails(&tape, check))
            .find(|tape| (tape.len(), sum(tape)) < (best.len(), sum(&best)));
        match smaller {
            Some(tape) => best = tape,
            None => start = end,
        }
    }
    best
}

/// The choices that were made of `tape`, if the check fails with it.
fn fails(tape: &[u32], check: &str) -> Option<Vec<u32>> {
    let mut choices = Choices::taped(tape);
    let failed = play(&mut choices, &mut Coverage::default(), None)
        .is_err_and(|failure| failure.check == check);
    failed.then(|| choices.made[..choices.made.len().min(tape.len())].to_vec())
}

fn sum(tape: &[u32]) -> u64 {
    tape.iter().map(|choice| u64::from(*choice)).sum()
}
