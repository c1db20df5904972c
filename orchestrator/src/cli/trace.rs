//! What swarm does inside, on standard error, for whoever asks with `-vv`.
//!
//! Knows nothing of what is traced.

use std::io;

use tracing_subscriber::filter::LevelFilter;

/// How many `-v` ask for it.
const ASKED: u8 = 2;

/// Starts to trace if it was asked for; otherwise nothing is traced and nothing is spent on it.
pub fn start(verbose: u8, styles: bool) {
    if verbose < ASKED {
        return;
    }
    let level = if verbose > ASKED {
        LevelFilter::TRACE
    } else {
        LevelFilter::DEBUG
    };
    // There is one already only where a test runs several commands in one process.
    let _ = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(io::stderr)
        .with_ansi(styles)
        .try_init();
}
