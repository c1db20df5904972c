//! The worker's own mailbox: what it is told while it works.
//!
//! Whoever has something to say makes the mailbox first: most workers live and end without one.
//! Knows nothing of how a stop is carried out.

use std::time::Duration;

use swarm_mailbox::store::Mailbox;
use swarm_mailbox::wire::message::Message;

use crate::spec::WorkerSpec;

/// Looks for a word to stop, with its grace period. Everything found is settled: a worker acts on nothing else, and a
/// message that means nothing to it must not be handed out for ever. A mailbox that cannot be read says nothing; the
/// signal that comes with every stop is heard without it.
pub(crate) fn stop_asked(spec: &WorkerSpec) -> Option<Duration> {
    let mailbox = Mailbox::existing(&spec.mail, &spec.agent)?;
    let delivery = mailbox.pending().ok()?;
    let mut asked: Option<Duration> = None;
    for letter in delivery.letters {
        if let Message::Stop { grace_ms } = letter.body {
            let grace = Duration::from_millis(grace_ms);
            asked = Some(asked.map_or(grace, |earlier| earlier.min(grace)));
        }
        // It is read once more where this fails, and asking twice is asking once.
        let _ = mailbox.settle(letter.id);
    }
    asked
}
