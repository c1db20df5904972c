//! The fields that hold commands: `run`, `accept` and `gates`.
//!
//! Knows nothing of what a command does.

use std::ops::Range;

use super::{Reader, Value, Wrong, first_line_of};
use crate::planfile::diagnostic::quoted;
use crate::planfile::task::Accept;
use crate::planfile::value;

impl Reader<'_> {
    /// One command: the text on the bullet, with or without backticks, or the code block under it.
    pub(super) fn command(
        &self,
        name: &str,
        place: &Range<usize>,
        value: Value,
    ) -> Result<String, Wrong> {
        let text = &self.text[value.range.clone()];
        let command = match value.code {
            Some(code) if !text.is_empty() => {
                let message = format!(
                    "the field {} has a command on its bullet and another in a code block",
                    quoted(name)
                );
                return Err(Wrong::new(
                    "bad-command",
                    &first_line_of(self.text, &code.span),
                    message,
                    "keep one of them",
                ));
            }
            Some(code) => script(&code.text),
            None if text.contains(['\n', '\r']) => {
                let message = format!("the command of {} goes over several lines", quoted(name));
                let hint =
                    "put it into a fenced code block under the bullet, indented by two blanks";
                return Err(Wrong::new(
                    "bad-command",
                    &first_line_of(self.text, &value.range),
                    message,
                    hint,
                ));
            }
            None => value::code_span(text).unwrap_or(text).to_owned(),
        };
        let whole = if value.range.is_empty() {
            place
        } else {
            &value.range
        };
        runnable(command, whole)
    }

    pub(super) fn accept(&mut self, place: &Range<usize>, value: Value) -> Result<Accept, Wrong> {
        let text = &self.text[value.range.clone()];
        if value.code.is_some() || value::code_span(text).is_some() {
            let joined = value.code.is_none() && text.contains(['\n', '\r']);
            if joined {
                // A line end within a code span is a blank, as in all Markdown.
                let line = value::one_line(text);
                return runnable(value::code_span(&line).unwrap_or(&line).to_owned(), place)
                    .map(Accept::Command);
            }
            return self.command("accept", place, value).map(Accept::Command);
        }
        if text.is_empty() {
            let hint = "write a command in backticks, or a sentence for the reviewer";
            return Err(Wrong::new(
                "bad-value",
                place,
                "the field 'accept' has no value".to_owned(),
                hint,
            ));
        }
        if text.starts_with('`') {
            let message =
                "this is prose for a reviewer, so that its command is not executed".to_owned();
            let hint =
                "a command stands alone in its backticks; put the rest into an `accept` of its own";
            self.problems.warning(
                "accept-prose",
                &first_line_of(self.text, &value.range),
                message,
                hint,
            );
        }
        if text.contains('\0') {
            return Err(Wrong::new(
                "bad-value",
                &value.range,
                "it holds a NUL character".to_owned(),
                "remove it",
            ));
        }
        Ok(Accept::Prose(value::one_line(text)))
    }

    /// Commands in backticks with commas between them, one command without backticks, or `none`.
    pub(super) fn gates(&self, range: Range<usize>) -> Result<Vec<String>, Wrong> {
        let text = &self.text[range.clone()];
        let wrong = |message: &str| {
            let hint =
                "write `none`, one command, or several in backticks with commas between them";
            Wrong::new(
                "bad-command",
                &first_line_of(self.text, &range),
                message.to_owned(),
                hint,
            )
        };
        if text == "none" {
            return Ok(Vec::new());
        }
        if text.contains(['\n', '\r']) {
            return Err(wrong("the commands of 'gates' go over several lines"));
        }
        if !text.starts_with('`') {
            return Ok(vec![runnable(text.to_owned(), &range)?]);
        }
        let mut gates = Vec::new();
        let mut rest = text;
        loop {
            let Some((command, after)) = value::leading_code_span(rest) else {
                return Err(wrong("this is no list of commands in backticks"));
            };
            gates.push(runnable(command.to_owned(), &range)?);
            let after = value::trim(after);
            if after.is_empty() {
                return Ok(gates);
            }
            rest = value::trim(
                after
                    .strip_prefix(',')
                    .ok_or_else(|| wrong("a comma is missing between two commands"))?,
            );
        }
    }
}

/// A code block as a script: without the line ends at its end.
fn script(text: &str) -> String {
    value::plain_ends(text).trim_end_matches('\n').to_owned()
}

fn runnable(command: String, place: &Range<usize>) -> Result<String, Wrong> {
    if value::trim(&command).is_empty() {
        return Err(Wrong::new(
            "bad-command",
            place,
            "there is no command".to_owned(),
            "write what is to be executed",
        ));
    }
    if command.contains('\0') {
        let message = "the command holds a NUL character, which no process can be given".to_owned();
        return Err(Wrong::new("bad-command", place, message, "remove it"));
    }
    Ok(command)
}
