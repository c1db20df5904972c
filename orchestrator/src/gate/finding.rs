//! What gates find: one finding, and the list of an attempt that the next attempt reads from `SWARM_FINDINGS`.
//!
//! Text is bounded, holds no control characters and no secrets in well-known formats. Knows no gate.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use swarm_mailbox::id::{AttemptNo, TaskId};

use crate::gate::leak;
use crate::git::merge::ConflictFile;

/// The version of the list's format.
pub const VERSION: u32 = 1;
/// Most findings of a list; the list says how many more there are.
pub const MAX_FINDINGS: usize = 500;
/// Longest text of a finding, in bytes: the tail of a command's output, some hundred lines.
const MAX_TEXT: usize = 16 << 10;
/// Hunks of a conflict that are told in full.
const MAX_HUNKS: usize = 10;

/// One thing that a gate does not like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Which gate: a built-in one by its name, `conflict`, or the name of a command gate.
    pub gate: String,
    /// Whether it stops the branch.
    pub severity: Severity,
    /// The file, relative to the top; in JSON as text, with escapes for what is no printable UTF-8.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "write_path",
        deserialize_with = "read_path"
    )]
    pub file: Option<PathBuf>,
    /// The line in the new file, from 1; in the old file where it tells of something that is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// What is wrong and what to do, in one or more lines.
    pub text: String,
}

/// What a finding does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It is told.
    Warning,
    /// It stops the branch.
    Error,
}

/// The findings of an attempt, as the file that `SWARM_FINDINGS` names holds them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    /// [`VERSION`].
    pub v: u32,
    /// Whose work was judged.
    pub task: TaskId,
    /// Which try of it.
    pub attempt: AttemptNo,
    /// What was found, errors first, at most [`MAX_FINDINGS`].
    pub findings: Vec<Finding>,
    /// How many more there were.
    #[serde(default)]
    pub left_out: usize,
}

impl Finding {
    /// A finding with its text made safe to keep and to show.
    #[must_use]
    pub fn new(
        gate: &str,
        severity: Severity,
        place: Option<(&Path, Option<u32>)>,
        text: &str,
    ) -> Self {
        Self {
            gate: clean(gate, 200),
            severity,
            file: place.map(|(file, _)| file.to_owned()),
            line: place.and_then(|(_, line)| line),
            text: clean(&redact(text), MAX_TEXT),
        }
    }

    /// A command that was run as a gate and did not succeed; `ending` says how it ended (`exited with 101`), `tail` is
    /// the end of its output, of which at most the last 16 KiB are kept.
    #[must_use]
    pub fn command(gate: &str, command: &str, ending: &str, tail: &[u8]) -> Self {
        let tail = String::from_utf8_lossy(tail);
        // A secret that is cut in two is no longer known for one, so all of it is looked through first.
        let tail = redact(&tail);
        let tail = last_bytes(tail.trim_end(), MAX_TEXT - (2 << 10));
        let command = clean(command, 1 << 10);
        Self::new(
            gate,
            Severity::Error,
            None,
            &format!("`{command}` {ending}\n{tail}"),
        )
    }

    /// A file that does not merge with the newest integration tip, with both sides of its first hunks.
    #[must_use]
    pub fn conflict(file: &ConflictFile) -> Self {
        let mut text = format!(
            "conflict ({}) with the integration branch; {}",
            file.kind, file.message
        );
        for hunk in file.hunks.iter().take(MAX_HUNKS) {
            let side = |bytes: &[u8]| {
                String::from_utf8_lossy(bytes)
                    .trim_end_matches('\n')
                    .to_owned()
            };
            text.push_str(&format!(
                "\nline {}, integrated:\n{}\nline {}, this branch:\n{}",
                hunk.line,
                side(&hunk.ours),
                hunk.line,
                side(&hunk.theirs)
            ));
        }
        if file.hunks.len() > MAX_HUNKS {
            text.push_str(&format!(
                "\nand {} more hunks",
                file.hunks.len() - MAX_HUNKS
            ));
        }
        let line = file.hunks.first().map(|hunk| hunk.line);
        Self::new("conflict", Severity::Error, Some((&file.path, line)), &text)
    }
}

impl Findings {
    /// The list of an attempt: errors first, and no more than [`MAX_FINDINGS`].
    #[must_use]
    pub fn new(task: TaskId, attempt: AttemptNo, mut findings: Vec<Finding>) -> Self {
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        let left_out = findings.len().saturating_sub(MAX_FINDINGS);
        findings.truncate(MAX_FINDINGS);
        Self {
            v: VERSION,
            task,
            attempt,
            findings,
            left_out,
        }
    }

    /// Whether any of them stops the branch.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.findings
            .iter()
            .any(|finding| finding.severity == Severity::Error)
    }

    /// The content of the file, one JSON object with a line end.
    ///
    /// # Errors
    /// Never for a list made by [`Findings::new`]; whatever the serialiser says.
    pub fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut json = serde_json::to_vec_pretty(self)?;
        json.push(b'\n');
        Ok(json)
    }
}

/// A path for a person: what is no printable UTF-8 is escaped.
#[must_use]
pub fn shown_path(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    let mut text = String::new();
    for chunk in path.as_os_str().as_bytes().utf8_chunks() {
        for c in chunk.valid().chars() {
            if c.is_control() {
                text.extend(c.escape_default());
            } else {
                text.push(c);
            }
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

fn write_path<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
    match path {
        Some(path) => serializer.serialize_some(&shown_path(path)),
        None => serializer.serialize_none(),
    }
}

fn read_path<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PathBuf>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(PathBuf::from))
}

/// At most `most` bytes of `text`, with control characters other than line ends and tabs escaped.
fn clean(text: &str, most: usize) -> String {
    let mut clean = String::with_capacity(text.len().min(most));
    for c in text.chars() {
        if clean.len() + 8 > most {
            clean.push('…');
            break;
        }
        if c.is_control() && !matches!(c, '\n' | '\t') {
            clean.extend(c.escape_default());
        } else {
            clean.push(c);
        }
    }
    clean
}

fn last_bytes(text: &str, most: usize) -> &str {
    let mut start = text.len().saturating_sub(most);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    &text[start..]
}

/// `text` with every secret in a well-known format replaced by what may be shown of it.
fn redact(text: &str) -> String {
    let Some(guard) = leak::secrets_guard() else {
        return "the text is withheld, because the leak guard does not work".to_owned();
    };
    let mut redacted = String::with_capacity(text.len());
    let mut from = 0;
    for hit in guard.scan(text.as_bytes()) {
        let before = text.get(from..hit.range.start).unwrap_or_default();
        redacted.push_str(before);
        redacted.push_str(&hit.redacted);
        from = hit.range.end;
    }
    redacted.push_str(text.get(from..).unwrap_or_default());
    redacted
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::*;
    use crate::gate::sample;
    use crate::git::merge::Hunk;

    fn list(findings: Vec<Finding>) -> Findings {
        Findings::new(TaskId::new("core").unwrap(), AttemptNo(2), findings)
    }

    #[test]
    fn the_file_format_is_this() {
        let place = Some((Path::new("src/a.rs"), Some(3)));
        let findings = list(vec![
            Finding::new("tests", Severity::Warning, None, "fewer assertions"),
            Finding::new("stubs", Severity::Error, place, "a stub"),
        ]);
        let json = String::from_utf8(findings.to_json().unwrap()).unwrap();
        assert_eq!(
            json,
            r#"{
  "v": 1,
  "task": "core",
  "attempt": 2,
  "findings": [
    {
      "gate": "stubs",
      "severity": "error",
      "file": "src/a.rs",
      "line": 3,
      "text": "a stub"
    },
    {
      "gate": "tests",
      "severity": "warning",
      "text": "fewer assertions"
    }
  ],
  "left_out": 0
}
"#
        );
        assert_eq!(serde_json::from_str::<Findings>(&json).unwrap(), findings);
        assert!(findings.has_errors());
    }

    #[test]
    fn a_list_is_bounded_and_keeps_the_errors() {
        let mut many = vec![Finding::new("x", Severity::Warning, None, "w"); MAX_FINDINGS];
        many.push(Finding::new("y", Severity::Error, None, "e"));
        let findings = list(many);
        assert_eq!(findings.findings.len(), MAX_FINDINGS);
        assert_eq!(findings.left_out, 1);
        assert_eq!(findings.findings[0].gate, "y");
    }

    #[test]
    fn control_characters_and_odd_paths_are_escaped() {
        let path = PathBuf::from(OsStr::from_bytes(b"a\nb\xff\x1b"));
        let finding = Finding::new(
            "x",
            Severity::Error,
            Some((&path, None)),
            "\x1b[31mred\x07\n\tok",
        );
        assert_eq!(finding.text, "\\u{1b}[31mred\\u{7}\n\tok");
        let json = serde_json::to_value(&finding).unwrap();
        assert_eq!(json["file"], "a\\nb\\xff\\u{1b}");
    }

    #[test]
    fn output_keeps_its_end_without_secrets() {
        let secret = sample::secret();
        let mut tail = vec![b'x'; 100_000];
        tail.extend_from_slice(format!("\ntoken {secret}\nlast line\n").as_bytes());
        let finding = Finding::command("accept", "cargo test", "exited with 101", &tail);
        assert!(
            finding
                .text
                .starts_with("`cargo test` exited with 101\nxxx")
        );
        assert!(
            finding.text.ends_with("bytes)\nlast line"),
            "{}",
            finding.text
        );
        assert!(!finding.text.contains(&secret));
        assert!(finding.text.len() <= MAX_TEXT, "{}", finding.text.len());
    }

    #[test]
    fn a_secret_at_the_cut_is_not_shown_in_part() {
        let secret = sample::secret();
        let text = format!("{secret} {}", "y".repeat(MAX_TEXT - (2 << 10) - 10));
        let finding = Finding::command("accept", "x", "failed", text.as_bytes());
        assert!(!finding.text.contains(&secret[20..]));
    }

    #[test]
    fn a_conflict_shows_both_sides_of_its_hunks() {
        let hunk = Hunk {
            line: 7,
            ours: b"a\n".to_vec(),
            theirs: b"b\n".to_vec(),
        };
        let finding = Finding::conflict(&ConflictFile {
            path: "src/a.rs".into(),
            kind: "contents".into(),
            message: "Merge conflict in src/a.rs".into(),
            hunks: vec![hunk; 12],
        });
        assert_eq!((finding.gate.as_str(), finding.line), ("conflict", Some(7)));
        assert!(
            finding
                .text
                .contains("line 7, integrated:\na\nline 7, this branch:\nb")
        );
        assert!(finding.text.ends_with("and 2 more hunks"));
    }
}
