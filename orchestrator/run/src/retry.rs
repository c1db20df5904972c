//! What follows a setback: another try, now or after a pause, or the end of the task.
//!
//! Knows counts and limits, no states.

use crate::effect::Setback;
use crate::event::Millis;
use crate::fault::{self, Fault};
use crate::plan::Limits;
use crate::state::{FailReason, Tally};

/// What becomes of a task after a setback.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// Another try as soon as there is a slot.
    Now,
    /// Another try after a pause.
    After(Millis),
    /// No further try: the task failed.
    Fail(FailReason),
    /// No further try: the task cannot be merged.
    Conflict,
}

/// Counts `setback` in `tally` and says what follows.
///
/// A worker that was stopped never counts, and one that was lost counts only after `limits.replacements` others. The
/// first conflict always gets a try from the new tip, even with no retries left: the task was right when it was made,
/// and its worker could not have known. Pauses are for commands that failed; a gate or a conflict says what to mend, so
/// nothing is gained by waiting.
pub(crate) fn after(setback: Setback, tally: &mut Tally, retries: u32, limits: &Limits) -> Next {
    match setback {
        Setback::Stopped => Next::Now,
        Setback::Lost => {
            tally.losses += 1;
            if tally.losses <= limits.replacements {
                return Next::Now;
            }
            count(tally, retries, limits, FailReason::Lost)
        }
        Setback::Failed => count(tally, retries, limits, FailReason::Failed),
        Setback::TimedOut => count(tally, retries, limits, FailReason::TimedOut),
        Setback::Killed => count(tally, retries, limits, FailReason::Killed),
        Setback::Gates => without_pause(count(tally, retries, limits, FailReason::Gates)),
        Setback::MergedGates => {
            without_pause(count(tally, retries, limits, FailReason::MergedGates))
        }
        Setback::Conflict => {
            tally.failures += 1;
            tally.conflicts += 1;
            if tally.failures <= retries || tally.conflicts == 1 {
                Next::Now
            } else {
                Next::Conflict
            }
        }
    }
}

fn count(tally: &mut Tally, retries: u32, limits: &Limits, reason: FailReason) -> Next {
    tally.failures += 1;
    if tally.failures > retries && !fault::active(Fault::RetryForEver) {
        return Next::Fail(reason);
    }
    match pause(tally.failures, limits) {
        Millis(0) => Next::Now,
        pause => Next::After(pause),
    }
}

fn without_pause(next: Next) -> Next {
    match next {
        Next::After(_) => Next::Now,
        Next::Now | Next::Fail(_) | Next::Conflict => next,
    }
}

/// The pause after the `failures`-th failed try: `backoff`, doubled each time, at most `backoff_max`.
fn pause(failures: u32, limits: &Limits) -> Millis {
    let factor = 1_u64
        .checked_shl(failures.saturating_sub(1))
        .unwrap_or(u64::MAX);
    Millis(
        limits
            .backoff
            .0
            .saturating_mul(factor)
            .min(limits.backoff_max.0),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(replacements: u32) -> Limits {
        Limits {
            slots: 1,
            batch: 1,
            fail_fast: false,
            budget: None,
            timeout: None,
            replacements,
            backoff: Millis(100),
            backoff_max: Millis(350),
            overtime: Millis(0),
        }
    }

    #[test]
    fn pauses_double_up_to_the_longest() {
        let mut tally = Tally::default();
        let nexts: Vec<Next> = (0..5)
            .map(|_| after(Setback::Failed, &mut tally, 4, &limits(0)))
            .collect();
        let pauses = [100, 200, 350, 350].map(|pause| Next::After(Millis(pause)));
        assert_eq!(nexts[..4], pauses);
        assert_eq!(nexts[4], Next::Fail(FailReason::Failed));
    }

    #[test]
    fn a_pause_never_overflows() {
        let mut wide = limits(0);
        wide.backoff_max = Millis(u64::MAX);
        assert_eq!(pause(200, &wide), Millis(u64::MAX));
        assert_eq!(pause(64, &wide), Millis(u64::MAX));
    }

    #[test]
    fn a_stopped_try_never_counts() {
        let mut tally = Tally::default();
        for _ in 0..9 {
            assert_eq!(
                after(Setback::Stopped, &mut tally, 0, &limits(0)),
                Next::Now
            );
        }
        assert_eq!(tally, Tally::default());
    }

    #[test]
    fn lost_workers_are_replaced_before_they_count() {
        let mut tally = Tally::default();
        let limits = limits(2);
        assert_eq!(after(Setback::Lost, &mut tally, 0, &limits), Next::Now);
        assert_eq!(after(Setback::Lost, &mut tally, 0, &limits), Next::Now);
        assert_eq!(tally.failures, 0);
        assert_eq!(
            after(Setback::Lost, &mut tally, 0, &limits),
            Next::Fail(FailReason::Lost)
        );
    }

    #[test]
    fn the_first_conflict_always_gets_a_try_from_the_new_tip() {
        let mut tally = Tally {
            failures: 3,
            ..Tally::default()
        };
        assert_eq!(
            after(Setback::Conflict, &mut tally, 3, &limits(0)),
            Next::Now
        );
        assert_eq!(
            after(Setback::Conflict, &mut tally, 3, &limits(0)),
            Next::Conflict
        );
    }

    #[test]
    fn gates_count_but_do_not_pause() {
        let mut tally = Tally::default();
        assert_eq!(after(Setback::Gates, &mut tally, 2, &limits(0)), Next::Now);
        assert_eq!(
            after(Setback::MergedGates, &mut tally, 2, &limits(0)),
            Next::Now
        );
        assert_eq!(
            after(Setback::Gates, &mut tally, 2, &limits(0)),
            Next::Fail(FailReason::Gates)
        );
    }
}
