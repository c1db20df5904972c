//! Tells what the program does, on standard error: events with a level and the module that they come from.

use std::fmt::Arguments;
use std::sync::atomic::{AtomicU8, Ordering};

/// How much an event matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Of interest to whoever looks for a fault.
    Debug,
    /// Of interest to everybody.
    Warn,
}

static LOWEST: AtomicU8 = AtomicU8::new(Level::Warn as u8);

/// Shows events from `level` on; at first only warnings are shown.
pub fn show(level: Level) {
    LOWEST.store(level as u8, Ordering::Relaxed);
}

/// Whether an event of `level` is shown.
pub fn shows(level: Level) -> bool {
    level as u8 >= LOWEST.load(Ordering::Relaxed)
}

/// Shows one event. The macros call this.
pub fn event(level: Level, module: &str, words: Arguments<'_>) {
    if shows(level) {
        eprintln!("{level:?} {module}: {words}");
    }
}

/// An event for whoever looks for a fault.
#[macro_export]
macro_rules! debug {
    ($($words:tt)*) => {
        $crate::event($crate::Level::Debug, module_path!(), format_args!($($words)*))
    };
}

/// An event for everybody.
#[macro_export]
macro_rules! warn {
    ($($words:tt)*) => {
        $crate::event($crate::Level::Warn, module_path!(), format_args!($($words)*))
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debugging_is_shown_on_demand() {
        assert!(shows(Level::Warn) && !shows(Level::Debug));
        show(Level::Debug);
        assert!(shows(Level::Warn) && shows(Level::Debug));
    }
}
