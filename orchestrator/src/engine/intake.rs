//! What reaches the driver from outside: results of effects, and words of the user by mail.
//!
//! Knows nothing of what they lead to.

use swarm_mailbox::id::MessageId;
use swarm_mailbox::wire::message::{self, Message};
use swarm_run::event::{Command, EventKind, Millis};
use tokio::sync::mpsc::UnboundedSender;

use super::context::Context;
use super::perform::PerformError;
use crate::report::notice::Notice;

/// One thing that reached the driver.
#[derive(Debug)]
pub(super) enum Incoming {
    /// An event, with the message that brought it.
    Happened(EventKind, Option<MessageId>),
    /// Something that a person wants to read and the run machine does not need.
    Told(Notice),
    /// An effect that the environment does not allow.
    Broken(PerformError),
}

/// Where effects put what came of them. Unbounded, because the driver never waits for an effect, and every effect
/// says a handful of things.
#[derive(Debug, Clone)]
pub(super) struct Outbox(UnboundedSender<Incoming>);

impl Outbox {
    pub(super) fn new(sender: UnboundedSender<Incoming>) -> Self {
        Self(sender)
    }

    pub(super) fn happened(&self, kind: EventKind) {
        self.send(Incoming::Happened(kind, None));
    }

    pub(super) fn reported(&self, kind: EventKind, letter: Option<MessageId>) {
        self.send(Incoming::Happened(kind, letter));
    }

    pub(super) fn told(&self, notice: Notice) {
        self.send(Incoming::Told(notice));
    }

    pub(super) fn broken(&self, error: PerformError) {
        self.send(Incoming::Broken(error));
    }

    fn send(&self, incoming: Incoming) {
        // The driver is gone only when the engine ends; what is lost here is asked for again by a resume.
        let _ = self.0.send(incoming);
    }
}

/// The user's words that wait in the engine's mailbox, oldest first.
pub(super) fn commands(context: &Context) -> Vec<Incoming> {
    let delivery = match context.mailbox.pending() {
        Ok(delivery) => delivery,
        Err(error) => {
            tracing::warn!(%error, "the engine's mailbox cannot be read");
            return Vec::new();
        }
    };
    let dead = delivery.dead.into_iter().map(|dead| {
        let path = dead.path.display();
        let text = format!(
            "a message to the engine was set aside as {path}: {}",
            dead.why
        );
        Incoming::Told(Notice::Warning { text })
    });
    let words = delivery.letters.into_iter().filter_map(|letter| {
        let Message::Command(command) = &letter.body else {
            return None;
        };
        let kind = EventKind::Command(translate(command, context)?);
        Some(Incoming::Happened(kind, Some(letter.id)))
    });
    dead.chain(words).collect()
}

/// A command in the run machine's words; none for a task that the plan does not have.
fn translate(command: &message::Command, context: &Context) -> Option<Command> {
    use message::Command as Wire;
    Some(match command {
        Wire::Pause => Command::Pause,
        Wire::Unpause => Command::Unpause,
        Wire::Suspend { grace_ms } => Command::Suspend {
            grace: Millis(*grace_ms),
        },
        Wire::Cancel => Command::Cancel,
        Wire::CancelTask { task } => Command::CancelTask {
            task: context.plan.find(task)?,
        },
        Wire::Retry { task } => Command::Retry {
            task: context.plan.find(task)?,
        },
    })
}
