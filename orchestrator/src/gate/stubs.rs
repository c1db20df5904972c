//! Gate `stubs`: no new placeholder stands where code should be.
//!
//! It looks for the forms by which each language says that something is missing, in code only, and for bodies that hold
//! nothing but a note to write them. A stub that only moved is not new.

use std::collections::HashMap;

use crate::gate::judge::{Case, Report};
use crate::gate::language::Language;
use crate::gate::lexer::{Line, Token, lex};
use crate::git::change::FileChange;

/// What a missing part is called in the messages of errors.
const MISSING: [&str; 5] = [
    "not implemented",
    "not yet implemented",
    "unimplemented",
    "todo",
    "fixme",
];

pub(super) fn check(case: &Case<'_>, report: &mut Report) {
    let mut gone: HashMap<String, usize> = HashMap::new();
    for (file, language) in code_files(case) {
        let lines = lex(&file.removed, language);
        for place in 0..lines.len() {
            if stub(&lines, place, language).is_some() {
                *gone.entry(lines[place].key()).or_default() += 1;
            }
        }
    }
    for (file, language) in code_files(case) {
        let is_test = language.is_test_file(&file.path);
        let lines = lex(&file.added, language);
        for (place, line) in lines.iter().enumerate() {
            let Some(what) = stub(&lines, place, language) else {
                continue;
            };
            match gone.get_mut(&line.key()) {
                Some(count) if *count > 0 => *count -= 1,
                _ => {
                    let at = Some((file.path.as_path(), Some(line.number)));
                    let text = format!("{what} is a placeholder; write what belongs there");
                    // In tests, a method that nobody may call is mostly written so.
                    if is_test {
                        report.warn(at, &text)
                    } else {
                        report.error(at, &text)
                    }
                }
            }
        }
    }
}

fn code_files<'a>(case: &Case<'a>) -> impl Iterator<Item = (&'a FileChange, Language)> {
    case.change
        .files
        .iter()
        .filter_map(|file| Some((file, Language::of(&file.path)?)))
}

/// What stub stands on a line.
fn stub(lines: &[Line], place: usize, language: Language) -> Option<&'static str> {
    let line = &lines[place];
    let says_missing = |pattern| {
        line.after(pattern)
            .is_some_and(|rest| is_missing(rest.first()))
    };
    let found = match language {
        Language::Rust if line.has("todo !") => Some("`todo!`"),
        Language::Rust if line.has("unimplemented !") => Some("`unimplemented!`"),
        Language::Rust if says_missing("panic ! (") => Some("a panic for what is missing"),
        Language::Python if line.has("raise NotImplementedError") && !is_abstract(lines, place) => {
            Some("`raise NotImplementedError`")
        }
        Language::Script if says_missing("throw new Error (") || says_missing("throw Error (") => {
            Some("an error for what is missing")
        }
        Language::Go if says_missing("panic (") => Some("a panic for what is missing"),
        Language::Java if line.has("throw new NotImplementedException (") => {
            Some("`NotImplementedException`")
        }
        Language::Java if says_missing("throw new UnsupportedOperationException (") => {
            Some("an exception for what is missing")
        }
        Language::Java if says_missing("throw new RuntimeException (") => {
            Some("an exception for what is missing")
        }
        // Kotlin's own; nothing in Java is called so.
        Language::Java if line.has("TODO (") => Some("`TODO()`"),
        _ => None,
    };
    found.or_else(|| {
        is_noted_body(lines, place, language).then_some("a body that only holds a note")
    })
}

fn is_missing(token: Option<&Token>) -> bool {
    let Some(Token::Text(text)) = token else {
        return false;
    };
    let lower = text.trim_start().to_ascii_lowercase();
    MISSING.iter().any(|start| lower.starts_with(start))
}

/// Whether the method around a line is marked as one that others must write.
fn is_abstract(lines: &[Line], place: usize) -> bool {
    // A decorator, a signature over some lines and a docstring fit into this.
    const FAR: usize = 20;
    for at in (place.saturating_sub(FAR)..place).rev() {
        if !lines[at + 1].follows {
            return false;
        }
        if lines[at].has("def") || lines[at].has("class") {
            let before = (at.saturating_sub(3)..at).rev();
            return before.into_iter().any(|above| {
                lines[above].begins("@").is_some() && lines[above].has("abstractmethod")
            });
        }
    }
    false
}

/// Whether a line is all that a body holds, and says no more than that something is to be written.
fn is_noted_body(lines: &[Line], place: usize, language: Language) -> bool {
    let line = &lines[place];
    if !line.tokens.iter().any(is_note) {
        return match language {
            Language::Python => {
                is_python_nothing(line) && line.follows && place > 0 && {
                    let above = &lines[place - 1];
                    above.is_bare() && above.tokens.iter().any(is_note)
                }
            }
            _ => false,
        };
    }
    if language == Language::Python {
        return is_python_nothing(line);
    }
    let opens = |line: &Line| line.code().next_back() == Some(&Token::Sign('{'));
    let closes = |line: &Line| line.code().next() == Some(&Token::Sign('}'));
    if !line.is_bare() {
        // `fn f() { /* TODO */ }` holds the note between its braces.
        let note = line.tokens.iter().position(is_note).unwrap_or(0);
        let before = note.checked_sub(1).and_then(|at| line.tokens.get(at));
        return before == Some(&Token::Sign('{'))
            && line.tokens.get(note + 1) == Some(&Token::Sign('}'));
    }
    let above = lines[..place]
        .iter()
        .rev()
        .take(4)
        .find(|line| !line.is_bare());
    let below = lines[place + 1..]
        .iter()
        .take(4)
        .find(|line| !line.is_bare());
    let joined = line.follows && lines.get(place + 1).is_some_and(|next| next.follows);
    // Of several notes in one body only the first counts.
    let first =
        place > 0 && !(lines[place - 1].is_bare() && lines[place - 1].tokens.iter().any(is_note));
    joined && first && above.is_some_and(opens) && below.is_some_and(closes)
}

fn is_note(token: &Token) -> bool {
    let Token::Comment(text) = token else {
        return false;
    };
    let text = text.trim_start_matches(['/', '!', '*', ' ', '\t']);
    let word = text
        .split(|c: char| !c.is_ascii_alphabetic())
        .next()
        .unwrap_or_default();
    matches!(word, "TODO" | "FIXME" | "XXX")
}

/// Whether the code of a line is `pass` or `...`, perhaps after the signature.
fn is_python_nothing(line: &Line) -> bool {
    let code: Vec<&Token> = line.code().collect();
    let body = match code.iter().rposition(|token| **token == Token::Sign(':')) {
        Some(colon) => &code[colon + 1..],
        None => &code[..],
    };
    let dots = |token: &&Token| **token == Token::Sign('.');
    match body {
        [Token::Word(word)] => word == "pass",
        [_, _, _] => body.iter().all(dots),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::gate::sample;

    fn said(path: &str, text: &str) -> Vec<String> {
        sample::said("stubs", vec![sample::added(path, text)])
    }

    #[test]
    fn the_markers_of_each_language_are_errors() {
        for (path, text) in [
            ("a.rs", "fn f() -> u8 {\n    todo!()\n}\n"),
            ("a.rs", "fn f() { unimplemented!(\"later\") }\n"),
            ("a.rs", "fn f() { std::todo! { } }\n"),
            ("a.rs", "fn f() { panic!(\"not implemented\") }\n"),
            ("a.rs", "fn f() {\n    // TODO: write it\n}\n"),
            (
                "a.rs",
                "fn f() {\n    // TODO: write it\n    // FIXME: and this\n}\n",
            ),
            ("a.rs", "fn f() { /* TODO */ }\n"),
            ("a.py", "def f():\n    raise NotImplementedError\n"),
            ("a.py", "def f():\n    raise NotImplementedError('later')\n"),
            ("a.py", "def f():\n    pass  # TODO\n"),
            ("a.py", "def f():\n    # TODO: write it\n    ...\n"),
            ("a.py", "def f(): pass # FIXME write\n"),
            (
                "a.ts",
                "function f() { throw new Error(\"Not implemented\"); }\n",
            ),
            ("a.js", "const f = () => { throw new Error('TODO') }\n"),
            ("a.js", "function f() {\n  // TODO\n}\n"),
            ("a.go", "func f() {\n\tpanic(\"unimplemented\")\n}\n"),
            (
                "A.java",
                "int f() { throw new UnsupportedOperationException(\"Not implemented yet\"); }\n",
            ),
            ("a.kt", "fun f(): Int = TODO(\"later\")\n"),
        ] {
            let found = said(path, text);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert!(found[0].starts_with(&format!("error {path}:")), "{found:?}");
        }
    }

    #[test]
    fn look_alikes_are_none() {
        for (path, text) in [
            (
                "a.rs",
                "// todo!() was here\nlet s = \"todo!()\";\nfn todo() {}\nmytodo!();\n",
            ),
            ("a.rs", "/// Panics with `unimplemented!()`.\nfn f() {}\n"),
            ("a.rs", "let text = r#\"\n    todo!()\n\"#;\n"),
            (
                "a.rs",
                "panic!(\"the list of todos is broken\");\npanic!(\"{todo}\");\n",
            ),
            (
                "a.rs",
                "fn f() {\n    // TODO: make it faster\n    g();\n}\n",
            ),
            (
                "a.rs",
                "struct A {\n    // TODO: more fields\n    a: u8,\n}\n",
            ),
            (
                "a.py",
                "\"\"\"Raises\n\nraise NotImplementedError\n\"\"\"\n",
            ),
            (
                "a.py",
                "try:\n    f()\nexcept NotImplementedError:\n    pass\n",
            ),
            (
                "a.py",
                "class A:\n    @abstractmethod\n    def f(self):\n        \"\"\"Doc.\"\"\"\n        raise NotImplementedError\n",
            ),
            (
                "a.py",
                "class Error(Exception):\n    pass\nx: int = 3  # TODO: four\ny = [..., 1]  # TODO\n",
            ),
            ("a.py", "return NotImplemented\n"),
            (
                "a.ts",
                "throw new Error(\"the todo list is empty\");\n// throw new Error('not implemented')\n",
            ),
            ("a.ts", "throw new Error(message);\n"),
            ("a.go", "panic(err)\npanic(\"unreachable\")\n"),
            (
                "A.java",
                "throw new UnsupportedOperationException();\nString todo = \"TODO(x)\";\n",
            ),
            (
                "README.md",
                "Call `todo!()` and raise NotImplementedError\n",
            ),
            ("docs/a.txt", "todo!()\n"),
        ] {
            assert_eq!(said(path, text), [""; 0], "{text}");
        }
    }

    #[test]
    fn a_stub_that_moves_or_goes_is_not_new() {
        let from = sample::edited("a.rs", "    todo!()\n", "    1\n");
        let to = sample::added("b.rs", "fn f() {\n        todo!()\n}\n");
        assert!(sample::said("stubs", vec![from.clone(), to.clone()]).is_empty());
        assert!(sample::said("stubs", vec![from]).is_empty());
        assert_eq!(sample::said("stubs", vec![to]).len(), 1);
    }

    #[test]
    fn in_a_test_file_it_is_a_warning() {
        let found = said("tests/mock.rs", "fn f() { unimplemented!() }\n");
        assert!(found[0].starts_with("warning tests/mock.rs:1"), "{found:?}");
    }
}
