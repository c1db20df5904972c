//! Waiting for something to become true. Knows nothing of what is waited for.

use std::time::{Duration, Instant};

/// How often a condition is looked at. Short against anything that a test waits for, long against a system call.
const PACE: Duration = Duration::from_millis(10);

/// Returns as soon as `condition` holds.
///
/// # Panics
/// When it does not hold within `deadline`; `what` is named in the message.
#[track_caller]
pub fn wait_until(deadline: Duration, what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(
            start.elapsed() < deadline,
            "waited {deadline:?} in vain until {what}"
        );
        std::thread::sleep(PACE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_returns_when_the_condition_turns_true() {
        let mut looks = 0;
        wait_until(
            Duration::from_secs(5),
            "it was looked at three times",
            || {
                looks += 1;
                looks == 3
            },
        );
        assert_eq!(looks, 3);
    }

    #[test]
    #[should_panic(expected = "in vain until pigs fly")]
    fn it_names_what_it_waited_for() {
        wait_until(Duration::from_millis(30), "pigs fly", || false);
    }
}
