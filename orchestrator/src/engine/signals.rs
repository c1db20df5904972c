//! The signals that end or detach an engine, as values.
//!
//! Knows nothing of what a signal leads to.

use std::io;

use tokio::signal::unix::{Signal as Stream, SignalKind, signal};

/// What the system asks of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// A polite kill.
    Terminate,
    /// The terminal is gone.
    HangUp,
}

/// The signals that this process listens to.
#[derive(Debug)]
pub(super) struct Signals {
    interrupt: Stream,
    terminate: Stream,
    hang_up: Option<Stream>,
}

impl Signals {
    /// Starts to listen. A hang-up that was ignored when the process started (`nohup`) stays ignored.
    ///
    /// # Errors
    /// The system refuses a handler.
    pub(super) fn listen() -> io::Result<Self> {
        let hang_up = if hang_up_is_ignored() {
            None
        } else {
            Some(signal(SignalKind::hangup())?)
        };
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up,
        })
    }

    /// The next signal. Cancel-safe.
    pub(super) async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupt.recv() => Signal::Interrupt,
            _ = self.terminate.recv() => Signal::Terminate,
            () = receive(self.hang_up.as_mut()) => Signal::HangUp,
        }
    }
}

async fn receive(stream: Option<&mut Stream>) {
    match stream {
        Some(stream) => {
            stream.recv().await;
        }
        None => std::future::pending().await,
    }
}

/// Linux tells the ignored signals as a bit mask in hexadecimal, signal 1 in the lowest bit; elsewhere nothing is known
/// and a hang-up is listened to.
fn hang_up_is_ignored() -> bool {
    std::fs::read_to_string("/proc/self/status").is_ok_and(|status| ignores_hang_up(&status))
}

fn ignores_hang_up(status: &str) -> bool {
    status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nohup_is_seen_in_the_mask() {
        assert!(ignores_hang_up("Name:\tx\nSigIgn:\t0000000000000001\n"));
        assert!(!ignores_hang_up("Name:\tx\nSigIgn:\t0000000000001002\n"));
        assert!(!ignores_hang_up(""));
    }
}
