//! Changes for the tests of the gates.

use std::path::Path;

use swarm_mailbox::id::TaskId;

use crate::gate::finding::{Finding, Severity};
use crate::gate::judge::{Subject, judge};
use crate::gate::registry::GateSettings;
use crate::git::change::{Change, FileChange, Status};

/// Something in the format of a secret that opens nothing. It is put together here so that no scanner takes this file
/// for a leak.
pub(super) fn secret() -> String {
    ["ghp", "_", "a1B2c3D4e5F6g7H8", "i9J0k1L2m3N4o5P6q7R8"].concat()
}

pub(super) fn subject() -> Subject {
    Subject {
        task: TaskId::new("core").unwrap(),
        title: "Core".into(),
        scope: None,
        branch: "swarm/000000000-core".into(),
        allow_empty: false,
    }
}

pub(super) fn change(files: Vec<FileChange>) -> Change {
    Change {
        files,
        commits: Vec::new(),
        truncated: false,
    }
}

fn numbered(text: &str) -> Vec<(u32, Vec<u8>)> {
    let lines = text.lines().zip(1u32..);
    lines
        .map(|(line, number)| (number, line.as_bytes().to_vec()))
        .collect()
}

pub(super) fn added(path: impl AsRef<Path>, text: &str) -> FileChange {
    FileChange {
        size: text.len() as u64,
        added: numbered(text),
        ..FileChange::new(path.as_ref(), Status::Added)
    }
}

pub(super) fn removed(path: impl AsRef<Path>, text: &str) -> FileChange {
    FileChange {
        removed: numbered(text),
        ..FileChange::new(path.as_ref(), Status::Deleted)
    }
}

/// One hunk from the first line on.
pub(super) fn edited(path: impl AsRef<Path>, old: &str, new: &str) -> FileChange {
    FileChange {
        size: 10_000,
        added: numbered(new),
        removed: numbered(old),
        ..FileChange::new(path.as_ref(), Status::Modified)
    }
}

/// The default settings with one forbidden word.
pub(super) fn forbidding(word: &str) -> GateSettings {
    let mut settings = GateSettings::default();
    settings.words.push(word.to_owned());
    settings
}

/// What one gate says, as `error path:line text`.
pub(super) fn said(gate: &str, files: Vec<FileChange>) -> Vec<String> {
    said_of(gate, &change(files), &subject(), &GateSettings::default())
}

pub(super) fn said_of(
    gate: &str,
    change: &Change,
    subject: &Subject,
    settings: &GateSettings,
) -> Vec<String> {
    let findings = judge(change, subject, settings);
    findings
        .iter()
        .filter(|finding| finding.gate == gate)
        .map(line)
        .collect()
}

fn line(finding: &Finding) -> String {
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let file = finding
        .file
        .as_ref()
        .map(|file| file.display().to_string())
        .unwrap_or_default();
    let line = finding
        .line
        .map(|line| format!(":{line}"))
        .unwrap_or_default();
    format!("{severity} {file}{line} {}", finding.text)
}
