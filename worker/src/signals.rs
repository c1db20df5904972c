//! Signals to the worker itself, turned into happenings. SIGHUP is heard and ignored.
//!
//! Knows nothing of what a stop means.

use std::io;
use std::sync::mpsc::Sender;
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::exec::Happening;

/// Sends [`Happening::StopSignal`] for every SIGTERM and SIGINT from now on.
///
/// All three get handlers rather than being ignored, because what is ignored would stay ignored in the commands.
pub(crate) fn forward(to_job: Sender<Happening>) -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP])?;
    thread::Builder::new()
        .name("signals".into())
        .spawn(move || {
            for signal in signals.forever() {
                // Nobody listens any more when the job is over; the report is then on its way.
                if signal != SIGHUP && to_job.send(Happening::StopSignal).is_err() {
                    return;
                }
            }
        })?;
    Ok(())
}
