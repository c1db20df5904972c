//! The directories of one mailbox and the moves between them: `tmp/` -> `new/` -> `cur/`, or `dead/`.
//!
//! A message is one file, `<message id>.json`, in every place. Knows nothing of order or of what a reader is handed.

use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::MAX_FILE_BYTES;
use crate::durable;
use crate::id::{AgentName, MessageId};
use crate::wire::Envelope;

/// Where one agent's messages are.
#[derive(Debug, Clone)]
pub(super) struct Maildir(PathBuf);

impl Maildir {
    /// The mailbox of `agent` below `mail_root`, whether it exists or not.
    pub(super) fn at(mail_root: &Path, agent: &AgentName) -> Self {
        Self(mail_root.join(agent.as_str()))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }

    /// Makes what is missing of it. `new/` comes last: where it is, the mailbox is complete.
    pub(super) fn create(&self) -> io::Result<()> {
        if self.exists() {
            return Ok(());
        }
        for part in ["tmp", "cur", "dead", "new"] {
            fs::create_dir_all(self.0.join(part))?;
        }
        durable::sync_dir_of(&self.new_dir())?;
        durable::sync_dir_of(&self.0)
    }

    pub(super) fn exists(&self) -> bool {
        self.new_dir().is_dir()
    }

    /// Where messages are written before they are complete.
    pub(super) fn tmp(&self) -> PathBuf {
        self.0.join("tmp")
    }

    /// Where the message `id` is delivered to.
    pub(super) fn new_path(&self, id: MessageId) -> PathBuf {
        self.new_dir().join(file_name(id))
    }

    /// The names in `new/`, sorted.
    pub(super) fn list(&self) -> io::Result<BTreeSet<OsString>> {
        fs::read_dir(self.new_dir())?
            .map(|entry| Ok(entry?.file_name()))
            .collect()
    }

    /// Reads the file `name` in `new/`: a message, `None` where it was settled before (the file is then removed) or is
    /// gone, or why it is no message for `agent`.
    pub(super) fn read(&self, name: &OsStr, agent: &AgentName) -> Result<Option<Envelope>, String> {
        let path = self.new_dir().join(name);
        let bytes = match durable::read(&path, MAX_FILE_BYTES) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.to_string()),
        };
        let envelope = Envelope::from_json(&bytes).map_err(|error| error.to_string())?;
        if name != OsStr::new(&file_name(envelope.id)) {
            return Err(format!(
                "its name is not that of the message {} in it",
                envelope.id
            ));
        }
        if envelope.to != *agent {
            return Err(format!("it is addressed to '{}'", envelope.to));
        }
        if self.cur_path(envelope.id).exists() {
            // Posted again after it was handled. Where it cannot be removed it is found here again, to no harm.
            let _ = fs::remove_file(&path);
            return Ok(None);
        }
        Ok(Some(envelope))
    }

    /// Moves the file `name` from `new/` to `dead/`; answers where it is now.
    pub(super) fn set_aside(&self, name: &OsStr) -> PathBuf {
        let from = self.new_dir().join(name);
        let mut to = self.0.join("dead").join(name);
        if to.symlink_metadata().is_ok() {
            let mut other = name.to_owned();
            other.push(format!(".{}", MessageId::fresh()));
            to.set_file_name(other);
        }
        match fs::rename(&from, &to) {
            Ok(()) => to,
            Err(_) => from,
        }
    }

    /// Moves the message `id` from `new/` to `cur/`; `false` where it is in neither. Not made durable: after a power
    /// failure it may be handed out once more, as after any crash before this call.
    pub(super) fn settle(&self, id: MessageId) -> io::Result<bool> {
        let settled = self.cur_path(id);
        match fs::rename(self.new_path(id), &settled) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(settled.exists()),
            Err(error) => Err(error),
        }
    }

    fn new_dir(&self) -> PathBuf {
        self.0.join("new")
    }

    fn cur_path(&self, id: MessageId) -> PathBuf {
        self.0.join("cur").join(file_name(id))
    }
}

fn file_name(id: MessageId) -> String {
    format!("{id}.json")
}
