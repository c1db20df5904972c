//! Finds tests that were switched off, and others that were switched off by running only some.
//!
//! A mark that only moved is not new; at a test that is itself new it is only told.

use std::collections::HashMap;

use crate::gate::judge::Report;
use crate::gate::language::Language;
use crate::gate::lexer::{Line, Token};

use super::{Counts, Sides, definition};

/// How far below its mark a test begins at most.
const FAR: usize = 6;

pub(super) fn check(sides: &[Sides<'_>], new_names: &Counts, report: &mut Report) {
    let mut gone: HashMap<String, usize> = HashMap::new();
    for file in sides {
        for line in &file.old {
            if mark(line, file.language, file.is_test).is_some() {
                *gone.entry(line.key()).or_default() += 1;
            }
        }
    }
    for file in sides {
        for (place, line) in file.new.iter().enumerate() {
            let Some(mark) = mark(line, file.language, file.is_test) else {
                continue;
            };
            match gone.get_mut(&line.key()) {
                Some(count) if *count > 0 => *count -= 1,
                _ => {
                    let at = Some((file.file.path.as_path(), Some(line.number)));
                    if is_at_new_test(file, place, new_names) {
                        report.warn(at, &format!("{mark}: a new test that does not run"));
                    } else {
                        report.error(
                            at,
                            &format!("{mark}: tests that ran before are switched off"),
                        );
                    }
                }
            }
        }
    }
}

/// Whether the mark on a line belongs to a test that nobody had before.
fn is_at_new_test(file: &Sides<'_>, place: usize, new_names: &Counts) -> bool {
    // The mark stands above its test or below its head, so the stretch around it is looked at.
    let mut start = place;
    while start > 0 && place - start < FAR && file.new[start].follows {
        start -= 1;
    }
    let mut end = place + 1;
    while end < file.new.len() && end - place <= FAR && file.new[end].follows {
        end += 1;
    }
    let tests = definition::find(&file.new[start..end], file.language, file.is_test);
    let number = file.new[place].number;
    // The nearest test at or above the mark, or else the first one below it.
    let own = match file.language {
        Language::Rust | Language::Java | Language::Python => {
            tests.iter().find(|test| test.line + 2 >= number)
        }
        Language::Script | Language::Go => tests.iter().rev().find(|test| test.line <= number),
    };
    own.or(tests.first())
        .and_then(|test| test.name.clone())
        .is_some_and(|name| new_names.contains_key(&(file.language, name)))
}

/// What on a line switches tests off.
fn mark(line: &Line, language: Language, is_test: bool) -> Option<&'static str> {
    let any =
        |patterns: &[&'static str]| patterns.iter().copied().find(|pattern| line.has(pattern));
    match language {
        Language::Rust => {
            let conditional = line.has("# [ cfg_attr (") && line.has("ignore");
            let plain = any(&["# [ ignore", "assert ! ( true )"]);
            plain
                .map(shown)
                .or(conditional.then_some("#[cfg_attr(…, ignore)]"))
        }
        Language::Java => any(&["@ Disabled", "@ Ignore", "assertTrue ( true )"]).map(shown),
        Language::Python | Language::Script | Language::Go if !is_test => None,
        Language::Python => any(&[
            "pytest . mark . skip",
            "pytest . mark . skipif",
            "pytest . mark . xfail",
            "unittest . skip",
            "unittest . skipIf",
            "unittest . skipUnless",
            "unittest . expectedFailure",
            "pytest . skip (",
            "raise SkipTest",
            "self . skipTest (",
            "__test__ = False",
        ])
        .map(shown)
        .or_else(|| (line.has("assert True") && line.code().count() == 2).then_some("assert True")),
        Language::Go => {
            any(&["t . Skip (", "t . Skipf (", "t . SkipNow (", "b . Skip ("]).map(shown)
        }
        Language::Script => script(line),
    }
}

fn script(line: &Line) -> Option<&'static str> {
    let Some(Token::Word(first)) = line.tokens.first() else {
        return None;
    };
    let called = |at: usize| matches!(line.tokens.get(at), Some(Token::Sign('(' | '.')));
    match first.as_str() {
        "xit" | "xtest" | "xdescribe" | "xspecify" if called(1) => return Some("xit"),
        "fit" | "fdescribe" if called(1) => return Some("fit, which switches off all others"),
        "it" | "test" | "describe" | "context" | "suite" | "specify" => {}
        _ => {
            return line
                .has("expect ( true ) . toBe ( true )")
                .then_some("expect(true).toBe(true)");
        }
    }
    let member = |name: &str| line.has(&format!(". {name}"));
    if member("only") {
        Some(".only, which switches off all others")
    } else if member("skip") || member("skipIf") || member("todo") || member("fixme") {
        Some(".skip")
    } else {
        None
    }
}

/// A pattern as it is written.
fn shown(pattern: &'static str) -> &'static str {
    match pattern {
        "# [ ignore" => "#[ignore]",
        "assert ! ( true )" => "assert!(true)",
        "@ Disabled" => "@Disabled",
        "@ Ignore" => "@Ignore",
        "assertTrue ( true )" => "assertTrue(true)",
        "t . Skip (" | "t . Skipf (" | "t . SkipNow (" | "b . Skip (" => "t.Skip",
        "pytest . skip (" => "pytest.skip",
        "pytest . mark . skip" => "@pytest.mark.skip",
        "pytest . mark . skipif" => "@pytest.mark.skipif",
        "pytest . mark . xfail" => "@pytest.mark.xfail",
        "unittest . skip" | "unittest . skipIf" | "unittest . skipUnless" => "@unittest.skip",
        "unittest . expectedFailure" => "@unittest.expectedFailure",
        "self . skipTest (" => "self.skipTest",
        other => other,
    }
}
