//! Finds assertions that went: those whose place is taken by a statement that does nothing, and the balance of all.
//!
//! Knows nothing of where tests begin.

use crate::gate::judge::Report;
use crate::gate::language::Language;
use crate::gate::lexer::{Line, Token};

use super::Sides;
use super::hunk::hunks;

pub(super) fn check(sides: &[Sides<'_>], report: &mut Report) {
    for file in sides.iter().filter(|file| counts(file)) {
        for hunk in hunks(&file.old, &file.new) {
            let first = hunk
                .old
                .iter()
                .find(|line| is_assertion(line, file.language));
            let emptied = !hunk.new.is_empty()
                && hunk.new.iter().all(|line| is_nothing(line, file.language))
                && hunk.new.iter().any(|line| !line.is_bare());
            if let (Some(first), true) = (first, emptied) {
                let text = "assertions gave way to a statement that does nothing";
                report.error(Some((&file.file.path, Some(first.number))), text);
            }
        }
    }
    let balance = |file: &Sides<'_>| {
        let count = |lines: &[Line]| {
            lines
                .iter()
                .filter(|line| is_assertion(line, file.language))
                .count()
        };
        (count(&file.old), count(&file.new))
    };
    for language in [
        Language::Rust,
        Language::Python,
        Language::Script,
        Language::Go,
        Language::Java,
    ] {
        let of = || {
            sides
                .iter()
                .filter(|file| file.language == language && counts(file))
        };
        let (old, new) = of()
            .map(balance)
            .fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
        if old <= new {
            continue;
        }
        for file in of() {
            let (old, new) = balance(file);
            if old > new {
                let text = format!("{} assertions went and {new} came", old);
                report.warn(Some((&file.file.path, None)), &text);
            }
        }
    }
}

/// Whether assertions of this file are those of tests: Rust's unit tests stand beside the code.
fn counts(file: &Sides<'_>) -> bool {
    file.is_test || file.language == Language::Rust
}

fn is_assertion(line: &Line, language: Language) -> bool {
    let words = || {
        line.tokens.iter().filter_map(|token| match token {
            Token::Word(word) => Some(word.as_str()),
            Token::Sign(_) | Token::Text(_) | Token::Comment(_) => None,
        })
    };
    match language {
        Language::Rust => words().any(|word| {
            let name = word.strip_prefix("prop_").unwrap_or(word);
            name.starts_with("assert") && line.has(&format!("{word} !"))
        }),
        Language::Python => {
            line.begins("assert").is_some()
                || line.has("pytest . raises")
                || words().any(|word| word.starts_with("assert") && word.len() > 6)
        }
        Language::Script => line.has("expect (") || line.has("assert (") || line.has("assert ."),
        Language::Go => {
            let calls = ["Error", "Errorf", "Fatal", "Fatalf", "Fail", "FailNow"];
            calls.iter().any(|call| line.has(&format!("t . {call} (")))
                || line.has("assert .")
                || line.has("require .")
        }
        Language::Java => words().any(|word| word.starts_with("assert") || word == "verify"),
    }
}

/// Whether a line does nothing: a comment, or a statement that ends or passes.
fn is_nothing(line: &Line, language: Language) -> bool {
    let code: Vec<&Token> = line
        .code()
        .filter(|token| **token != Token::Sign(';'))
        .collect();
    let text = |token: &Token, text: &str| *token == Token::Word(text.to_owned());
    match code.as_slice() {
        [] => true,
        [one] => text(one, "return") || (language == Language::Python && text(one, "pass")),
        [a, b, c] if language == Language::Python => {
            [a, b, c].iter().all(|token| ***token == Token::Sign('.'))
        }
        // `Ok(())`
        [ok, rest @ ..] if rest.len() == 4 && language == Language::Rust => text(ok, "Ok"),
        _ => false,
    }
}
