//! A mailbox: one directory of messages for one agent, written by anybody, read by its owner alone.
//!
//! A message is delivered when [`post`] has returned: it is then complete and durable in the reader's `new/`.
//! [`Mailbox::pending`] hands out what is not settled yet, again and again, in order per sender;
//! [`Mailbox::settle`] ends that for one message. What is no message is set aside in `dead/` and told, never lost.
//! Knows nothing of what the messages say, nor how a reader wakes up. Child: `maildir` (the names and the moves).

mod maildir;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use crate::durable;
use crate::id::{AgentName, MessageId};
use crate::wire::{Envelope, MAX_ENVELOPE_BYTES, WireError};
use maildir::Maildir;

/// The mailbox of one agent, as its owner sees it.
#[derive(Debug, Clone)]
pub struct Mailbox {
    agent: AgentName,
    root: PathBuf,
    dir: Maildir,
}

/// What a look into a mailbox brought.
#[derive(Debug, Default)]
pub struct Delivery {
    /// The oldest messages that are not settled yet, at most [`MAX_LETTERS`]; those of one sender in the order in which
    /// it sent them. What is behind them comes when these are settled.
    pub letters: Vec<Envelope>,
    /// What lay among them and is no message; told once for each thing that could be moved out of the way.
    pub dead: Vec<DeadLetter>,
}

/// Something in a mailbox that is no message for it.
#[derive(Debug)]
pub struct DeadLetter {
    /// Where it is now.
    pub path: PathBuf,
    /// Why it was refused.
    pub why: String,
}

impl Mailbox {
    /// Opens the mailbox of `agent` below `mail_root`; makes it if it is not there.
    ///
    /// # Errors
    /// [`StoreError::Io`] where the directories cannot be made.
    pub fn open(mail_root: &Path, agent: &AgentName) -> Result<Self, StoreError> {
        let dir = Maildir::at(mail_root, agent);
        dir.create()
            .map_err(|error| StoreError::Io(dir.path().to_owned(), error))?;
        Ok(Self {
            agent: agent.clone(),
            root: mail_root.to_owned(),
            dir,
        })
    }

    /// The mailbox of `agent` below `mail_root`, if somebody made one: for a reader who is rarely written to.
    #[must_use]
    pub fn existing(mail_root: &Path, agent: &AgentName) -> Option<Self> {
        let dir = Maildir::at(mail_root, agent);
        dir.exists().then(|| Self {
            agent: agent.clone(),
            root: mail_root.to_owned(),
            dir,
        })
    }

    /// [`post`] with this mailbox's root.
    ///
    /// # Errors
    /// As [`post`].
    pub fn post(&self, envelope: &Envelope) -> Result<(), StoreError> {
        post(&self.root, envelope)
    }

    /// What was delivered and is not settled. Cheap when there is nothing: one directory is listed.
    ///
    /// # Errors
    /// [`StoreError::Io`] where the directory cannot be read. A single unreadable file is no error but a dead letter.
    pub fn pending(&self) -> Result<Delivery, StoreError> {
        let list = || {
            self.dir
                .list()
                .map_err(|error| StoreError::Io(self.dir.path().to_owned(), error))
        };
        let seen = list()?;
        if seen.is_empty() {
            return Ok(Delivery::default());
        }
        // A listing may miss a file that appears while it is made, and still show one that appeared later. All that
        // was sent before something in the first listing is surely in the second: each sender's letters are taken
        // from the second, up to the last one that the first had.
        let mut delivery = Delivery::default();
        let mut letters = Vec::new();
        let mut last: HashMap<AgentName, MessageId> = HashMap::new();
        for name in list()? {
            if letters.len() == MAX_LETTERS {
                break;
            }
            match self.dir.read(&name, &self.agent) {
                Ok(Some(letter)) => {
                    if seen.contains(&name) {
                        let newest = last.entry(letter.from.clone()).or_insert(letter.id);
                        *newest = letter.id.max(*newest);
                    }
                    letters.push(letter);
                }
                Ok(None) => {}
                Err(why) => delivery.dead.push(DeadLetter {
                    path: self.dir.set_aside(&name),
                    why,
                }),
            }
        }
        letters.retain(|letter| {
            last.get(&letter.from)
                .is_some_and(|newest| letter.id <= *newest)
        });
        letters.sort_by_key(|letter| letter.id);
        delivery.letters = letters;
        Ok(delivery)
    }

    /// Marks a message as handled: it is not handed out again, even if it is posted again. Settling twice is allowed.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] for a message that never came, [`StoreError::Io`] where it cannot be moved.
    pub fn settle(&self, id: MessageId) -> Result<(), StoreError> {
        match self.dir.settle(id) {
            Ok(true) => Ok(()),
            Ok(false) => Err(StoreError::Unknown(id)),
            Err(error) => Err(StoreError::Io(self.dir.path().to_owned(), error)),
        }
    }
}

/// Delivers `envelope` to the mailbox of its addressee below `mail_root`, durably. Posting the same envelope again,
/// after an error for example, delivers it once.
///
/// # Errors
/// [`StoreError::NoMailbox`] where the addressee has none, [`StoreError::Wire`] for an envelope that is too large,
/// [`StoreError::Io`] for a full or read-only disk. After an error it may or may not have been delivered.
pub fn post(mail_root: &Path, envelope: &Envelope) -> Result<(), StoreError> {
    let json = envelope.to_json().map_err(StoreError::Wire)?;
    let dir = Maildir::at(mail_root, &envelope.to);
    if !dir.exists() {
        return Err(StoreError::NoMailbox(
            envelope.to.clone(),
            mail_root.to_owned(),
        ));
    }
    durable::write_via(&dir.tmp(), &dir.new_path(envelope.id), &json)
        .map_err(|error| StoreError::Io(dir.path().to_owned(), error))
}

/// Most messages of one look into a mailbox: a flood must not fill the reader's memory.
pub const MAX_LETTERS: usize = 256;

/// The longest file that is looked at.
const MAX_FILE_BYTES: u64 = MAX_ENVELOPE_BYTES as u64;

/// Trouble with a mailbox.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The addressee has no mailbox.
    #[error("there is no mailbox of '{}' in {}: check the name, or whether its run still exists", .0, .1.display())]
    NoMailbox(AgentName, PathBuf),
    /// The message cannot be sent as it is.
    #[error("the message cannot be sent: {0}")]
    Wire(WireError),
    /// Never delivered here.
    #[error("no message {0} was delivered here")]
    Unknown(MessageId),
    /// Trouble with its files.
    #[error("cannot use the mailbox {}: {}", .0.display(), .1)]
    Io(PathBuf, io::Error),
}

#[cfg(test)]
mod tests;
