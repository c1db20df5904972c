//! The envelope that every message travels in, and its one spelling as JSON (format version 1).
//!
//! A reader takes what it knows and passes over fields that it does not; a version above its own is refused.
//! Knows nothing of files. Children: `message` (what can be said), `report` (how a worker's job ended).

pub mod message;
pub mod report;

use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::id::{AgentName, MessageId};
use message::Message;

/// Version of the format that this crate writes, and the newest that it reads.
pub const WIRE_VERSION: u32 = 1;

/// Longest envelope as JSON, in bytes; a longer one is neither written nor read.
pub const MAX_ENVELOPE_BYTES: usize = 1 << 20;

/// One message on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope {
    /// Format version.
    pub v: u32,
    /// Its identity: whoever gets two envelopes with one id has got one message twice.
    pub id: MessageId,
    /// Who sent it.
    pub from: AgentName,
    /// Whose mailbox it goes to.
    pub to: AgentName,
    /// The message that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_reply_to: Option<MessageId>,
    /// When it was made: milliseconds since the Unix epoch by the sender's clock.
    pub created: u64,
    /// What it says.
    pub body: Message,
}

impl Envelope {
    /// A new message from `from` to `to`, made now.
    #[must_use]
    pub fn new(from: &AgentName, to: &AgentName, body: Message) -> Self {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            v: WIRE_VERSION,
            id: MessageId::fresh(),
            from: from.clone(),
            to: to.clone(),
            in_reply_to: None,
            created: u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX),
            body,
        }
    }

    /// The envelope as one line of JSON.
    ///
    /// # Errors
    /// [`WireError::TooLarge`].
    pub fn to_json(&self) -> Result<Vec<u8>, WireError> {
        let json = serde_json::to_vec(self).map_err(WireError::Malformed)?;
        if json.len() > MAX_ENVELOPE_BYTES {
            return Err(WireError::TooLarge);
        }
        Ok(json)
    }

    /// Reads what [`Envelope::to_json`], of this or an older version, wrote.
    ///
    /// # Errors
    /// [`WireError`] says why `json` is no envelope of a version that can be read.
    pub fn from_json(json: &[u8]) -> Result<Self, WireError> {
        #[derive(Deserialize)]
        struct Version {
            v: u32,
        }
        if json.len() > MAX_ENVELOPE_BYTES {
            return Err(WireError::TooLarge);
        }
        // The version is looked at first: a newer format may differ in everything else.
        let Version { v } = serde_json::from_slice(json).map_err(WireError::Malformed)?;
        if v == 0 || v > WIRE_VERSION {
            return Err(WireError::Version(v));
        }
        serde_json::from_slice(json).map_err(WireError::Malformed)
    }
}

/// Bytes that are no message, or a message that cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// Not the JSON of an envelope.
    #[error("it is no message: {0}")]
    Malformed(serde_json::Error),
    /// A version that this program does not know.
    #[error(
        "it has format version {0}, this program reads up to {WIRE_VERSION}: use the swarm that wrote it, or a newer one"
    )]
    Version(u32),
    /// Over [`MAX_ENVELOPE_BYTES`].
    #[error("it is larger than {MAX_ENVELOPE_BYTES} bytes")]
    TooLarge,
}

#[cfg(test)]
mod tests;
