//! Says what the program does, on standard error: two macros and one switch for the whole program.

use std::sync::atomic::{AtomicBool, Ordering};

static ENABLED: AtomicBool = AtomicBool::new(false);

/// Lets what is said quietly be heard.
pub fn enable() {
    ENABLED.store(true, Ordering::Relaxed);
}

/// Whether what is said quietly is heard.
pub fn is_enabled() -> bool {
    ENABLED.load(Ordering::Relaxed)
}

/// Says something that is only heard when [`enable`] was called.
#[macro_export]
macro_rules! quiet {
    ($($words:tt)*) => {
        if $crate::is_enabled() {
            eprintln!($($words)*);
        }
    };
}

/// Says something that is always heard.
#[macro_export]
macro_rules! loud {
    ($($words:tt)*) => {
        eprintln!($($words)*)
    };
}
