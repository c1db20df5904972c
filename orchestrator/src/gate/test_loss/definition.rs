//! Finds where tests begin in changed lines.
//!
//! Knows nothing of what came and went.

use crate::gate::language::Language;
use crate::gate::lexer::{Line, Token};

/// A test that begins in a changed line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Definition {
    /// Its name, where that is in the changed lines, too.
    pub(super) name: Option<String>,
    /// The line on which it begins.
    pub(super) line: u32,
}

/// The tests that begin in `lines`; `is_test` says whether they stand in a file of tests.
pub(super) fn find(lines: &[Line], language: Language, is_test: bool) -> Vec<Definition> {
    match language {
        Language::Rust | Language::Java => marked(lines, language),
        Language::Python | Language::Script | Language::Go if !is_test => Vec::new(),
        Language::Python | Language::Script | Language::Go => lines
            .iter()
            .filter_map(|line| {
                let name = match language {
                    Language::Python => python(line),
                    Language::Go => go(line),
                    _ => script(line),
                };
                name.map(|name| Definition {
                    name: Some(name),
                    line: line.number,
                })
            })
            .collect(),
    }
}

/// Tests that a line above their function marks: `#[test]`, `@Test`.
fn marked(lines: &[Line], language: Language) -> Vec<Definition> {
    let mut found: Vec<Definition> = Vec::new();
    let mut pending: Option<u32> = None;
    // Where neighbours look alike, a diff shows a test that goes as its function and then the mark of the next one.
    let mut orphan: Option<String> = None;
    for line in lines {
        if !line.follows {
            close(&mut pending, &mut orphan, &mut found);
            orphan = None;
        }
        if is_mark(line, language) && pending.is_none() {
            pending = Some(line.number);
        }
        let Some(name) = function(line, language) else {
            continue;
        };
        match pending.take() {
            Some(line) => found.push(Definition {
                name: Some(name),
                line,
            }),
            None if orphan.is_none() => orphan = Some(name),
            None => {}
        }
    }
    close(&mut pending, &mut orphan, &mut found);
    found
}

fn close(pending: &mut Option<u32>, orphan: &mut Option<String>, found: &mut Vec<Definition>) {
    if let Some(line) = pending.take() {
        found.push(Definition {
            name: orphan.take(),
            line,
        });
    }
}

fn is_mark(line: &Line, language: Language) -> bool {
    if language == Language::Java {
        return [
            "Test",
            "ParameterizedTest",
            "RepeatedTest",
            "TestFactory",
            "TestTemplate",
        ]
        .iter()
        .any(|mark| line.has(&format!("@ {mark}")));
    }
    // `#[test]`, `#[tokio::test(…)]`, `#[rstest]`, `#[test_case(…)]`: the last part of the attribute's path counts.
    let Some(path) = line.after("# [") else {
        return false;
    };
    let mut last = "";
    for token in path {
        match token {
            Token::Word(word) => last = word,
            Token::Sign(':') => {}
            Token::Sign(_) | Token::Text(_) | Token::Comment(_) => break,
        }
    }
    matches!(
        last,
        "test" | "rstest" | "test_case" | "quickcheck" | "wasm_bindgen_test" | "proptest"
    )
}

/// The name of the function that begins on a line.
fn function(line: &Line, language: Language) -> Option<String> {
    let name = match language {
        Language::Rust => line.after("fn")?.first()?,
        _ => match line.after("fun") {
            Some(rest) => rest.first()?,
            None => line.after("void")?.first()?,
        },
    };
    match name {
        Token::Word(name) | Token::Text(name) => Some(name.clone()),
        // Kotlin writes names of tests between backticks.
        Token::Sign('`') => Some(line.key()),
        Token::Sign(_) | Token::Comment(_) => None,
    }
}

fn python(line: &Line) -> Option<String> {
    let rest = line.begins("def").or_else(|| line.begins("async def"))?;
    match rest.first() {
        Some(Token::Word(name)) if name.starts_with("test") => Some(name.clone()),
        _ => None,
    }
}

fn go(line: &Line) -> Option<String> {
    match line.begins("func")?.first() {
        Some(Token::Word(name))
            if ["Test", "Fuzz", "Benchmark", "Example"]
                .iter()
                .any(|start| name.starts_with(start)) =>
        {
            Some(name.clone())
        }
        _ => None,
    }
}

/// `it("…"`, `test.each(…)("…"`, and the switched-off forms of them, by the first string on the line.
fn script(line: &Line) -> Option<String> {
    let Some(Token::Word(first)) = line.tokens.first() else {
        return None;
    };
    let known = ["it", "test", "specify", "xit", "xtest", "fit", "xspecify"];
    if !known.contains(&first.as_str())
        || !matches!(line.tokens.get(1), Some(Token::Sign('(' | '.')))
    {
        return None;
    }
    // `test.describe`, `test.use` and `test.beforeEach` are no tests.
    if let (Some(Token::Sign('.')), Some(Token::Word(second))) =
        (line.tokens.get(1), line.tokens.get(2))
        && ![
            "only",
            "skip",
            "each",
            "concurrent",
            "failing",
            "todo",
            "fails",
        ]
        .contains(&second.as_str())
    {
        return None;
    }
    line.tokens.iter().find_map(|token| match token {
        Token::Text(text) => Some(text.clone()),
        Token::Word(_) | Token::Sign(_) | Token::Comment(_) => None,
    })
}
