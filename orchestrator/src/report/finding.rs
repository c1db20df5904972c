//! A gate's finding as it is shown and as it stands in the JSON output.
//!
//! A twin of the gates' own type on purpose: the JSON output is a promise to users, the gates' type is not.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::cell::clean;

/// One thing that a gate does not like.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Which gate: a built-in one by its name, or the command.
    pub gate: String,
    /// The file, where there is one; bytes that are not UTF-8 are replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line in the file, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// What is wrong. May have several lines: the tail of a command's output.
    pub text: String,
}

impl fmt::Display for Finding {
    /// In one line: gate, place, and the first line of the text that says something.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&clean(&self.gate))?;
        if let Some(file) = &self.file {
            write!(f, ": {}", clean(file))?;
            if let Some(line) = self.line {
                write!(f, ":{line}")?;
            }
        }
        match self.text.lines().map(clean).find(|line| !line.is_empty()) {
            Some(line) => write!(f, ": {line}"),
            None => Ok(()),
        }
    }
}

/// The first finding, and how many there are besides.
#[must_use]
pub fn brief(findings: &[Finding]) -> String {
    match findings {
        [] => "no findings were kept".to_owned(),
        [only] => only.to_string(),
        [first, rest @ ..] => format!("{first} (and {} more)", rest.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(file: Option<&str>, line: Option<u32>, text: &str) -> Finding {
        Finding {
            gate: "secrets".into(),
            file: file.map(Into::into),
            line,
            text: text.into(),
        }
    }

    #[test]
    fn a_finding_is_one_line_with_its_place() {
        let with_place = finding(Some("src/a\nb.rs"), Some(7), "\n  an AWS key\nsecond line");
        assert_eq!(with_place.to_string(), "secrets: src/a b.rs:7: an AWS key");
        assert_eq!(finding(None, None, "").to_string(), "secrets");
    }

    #[test]
    fn several_findings_are_counted() {
        let one = finding(None, None, "x");
        assert_eq!(brief(&[]), "no findings were kept");
        assert_eq!(brief(std::slice::from_ref(&one)), "secrets: x");
        assert_eq!(
            brief(&[one.clone(), one.clone(), one]),
            "secrets: x (and 2 more)"
        );
    }

    #[test]
    fn absent_places_are_absent_in_json() {
        let json = serde_json::to_string(&finding(None, None, "x")).unwrap();
        assert_eq!(json, r#"{"gate":"secrets","text":"x"}"#);
    }
}
