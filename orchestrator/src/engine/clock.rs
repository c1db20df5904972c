//! The run's clock: wall time that never goes back and never jumps while an engine lives.
//!
//! It starts at the wall clock (or at the journal's last time, where the wall clock is behind it) and goes on by the
//! monotonic clock. Knows nothing of what is timed.

use std::time::{Duration, Instant, SystemTime};

use swarm_run::event::Timestamp;

/// A clock for one engine.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    origin: Timestamp,
    started: Instant,
}

impl Clock {
    /// Starts a clock that shows `last` at the least.
    #[must_use]
    pub(super) fn start(last: Timestamp) -> Self {
        let wall = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |since| {
                u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
            });
        Self {
            origin: Timestamp(wall).max(last),
            started: Instant::now(),
        }
    }

    /// The time of now.
    #[must_use]
    pub(super) fn now(&self) -> Timestamp {
        let elapsed = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        Timestamp(self.origin.0.saturating_add(elapsed))
    }

    /// How long it is until `at`; nothing when that is past.
    #[must_use]
    pub(super) fn until(&self, at: Timestamp) -> Duration {
        Duration::from_millis(at.0.saturating_sub(self.now().0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_clock_that_went_back_does_not_turn_time_back() {
        let future = Timestamp(u64::MAX / 2);
        let clock = Clock::start(future);
        assert!(clock.now() >= future);
        assert_eq!(clock.until(future), Duration::ZERO);
    }

    #[test]
    fn without_a_past_it_shows_the_wall_clock() {
        let year_2026 = 1_767_225_600_000;
        assert!(Clock::start(Timestamp(0)).now().0 > year_2026);
    }
}
