//! The worker's last act: its report, durably, exactly once.
//!
//! The envelope is written to the state directory first. Should the worker die before it is posted, whoever finds it
//! posts it for the dead; should it be posted twice, its id makes it one. Knows nothing of what the report says.

use std::io;
use std::thread::sleep;
use std::time::Duration;

use swarm_mailbox::durable;
use swarm_mailbox::store::{StoreError, post};
use swarm_mailbox::wire::report::{Exit, Report};
use swarm_mailbox::wire::{Envelope, MAX_ENVELOPE_BYTES, message::Message};

use crate::spec::WorkerSpec;
use crate::state::StateDir;

/// How often a report is tried: a disk that is full now may be cleaned up in the next minute.
const TRIES: u32 = 8;
/// The pause after the first try; doubles with each further one, to about a minute in all.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

/// Reports to whom the spec names.
pub(crate) fn send(spec: &WorkerSpec, state: &StateDir, report: Report) -> Result<(), StoreError> {
    let envelope = fitting(Envelope::new(
        &spec.agent,
        &spec.report_to,
        Message::Report(report),
    ));
    let mut pause = FIRST_PAUSE;
    let mut tries = 1;
    loop {
        // A copy that cannot be kept is no reason to say nothing.
        if let Ok(json) = envelope.to_json() {
            let _ = durable::replace(&state.report(), &json);
        }
        match post(&spec.mail, &envelope) {
            Err(StoreError::Io(..)) if tries < TRIES => {
                sleep(pause);
                tries += 1;
                pause *= 2;
            }
            result => return result,
        }
    }
}

/// Posts the report that a dead worker wrote and perhaps did not post; whether there was one.
///
/// # Errors
/// It is there and cannot be posted.
pub fn post_left_behind(spec: &WorkerSpec, state: &StateDir) -> Result<bool, StoreError> {
    let json = match durable::read(&state.report(), MAX_ENVELOPE_BYTES as u64) {
        Ok(json) => json,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(StoreError::Io(state.report(), error)),
    };
    // It is written as a whole or not at all. What is not this worker's report was put there by somebody else.
    match Envelope::from_json(&json) {
        Ok(envelope) if envelope.from == spec.agent && envelope.to == spec.report_to => {
            post(&spec.mail, &envelope).map(|()| true)
        }
        _ => Ok(false),
    }
}

/// Cuts off output until the envelope may be sent: first that of steps that went well, then all of it.
fn fitting(mut envelope: Envelope) -> Envelope {
    let keep: [fn(Exit) -> bool; 2] = [|exit| exit != Exit::Code(0), |_| false];
    for keep in keep {
        if envelope.to_json().is_ok() {
            break;
        }
        if let Message::Report(report) = &mut envelope.body {
            for step in report.steps.iter_mut().filter(|step| !keep(step.exit)) {
                step.tail.clear();
            }
        }
    }
    envelope
}
