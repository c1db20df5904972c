//! The Rust sources of the tree, with what is code in them told from what is not.
//!
//! A small reader of Rust's outermost grammar (comments, strings, braces) is enough for rules about words. Knows no rule.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Directories that hold no sources of ours. The quickstart is a project of its own.
const NOT_OURS: [&str; 5] = ["target", ".git", "artifacts", "corpus", "quickstart"];

/// One Rust file.
pub(super) struct Source {
    /// Its path from the top of the repository.
    pub(super) path: PathBuf,
    /// All of it.
    pub(super) text: String,
    /// Comments and the contents of strings are blanks; lines and columns are kept.
    pub(super) code: String,
    /// Like `code`, and what is only built for tests is blank too.
    pub(super) product: String,
}

impl Source {
    /// Reads `text` as the file `path`.
    pub(super) fn new(path: &str, text: &str) -> Self {
        let code = code_of(text);
        let product = if is_test_path(Path::new(path)) {
            blank(&code)
        } else {
            without_tests(&code)
        };
        Self {
            path: path.into(),
            text: text.to_owned(),
            code,
            product,
        }
    }

    /// Every Rust file of the repository at `top`.
    pub(super) fn all(top: &Path) -> Vec<Self> {
        let mut files = Vec::new();
        walk(top, &mut files);
        let mut sources: Vec<Self> = files
            .iter()
            .filter(|path| path.extension().is_some_and(|end| end == "rs"))
            .map(|path| {
                let text = fs::read_to_string(path).expect("a source is UTF-8");
                let path = path.strip_prefix(top).expect("it was found there");
                Self::new(&path.to_string_lossy(), &text)
            })
            .collect();
        let tests: BTreeSet<PathBuf> = sources.iter().flat_map(Self::test_modules).collect();
        for source in &mut sources {
            if source
                .path
                .ancestors()
                .any(|path| tests.contains(&path.with_extension("")))
            {
                source.product = blank(&source.code);
            }
        }
        sources
    }

    /// Whether nothing of it is part of the product.
    pub(super) fn is_test(&self) -> bool {
        self.product.trim().is_empty()
    }

    /// The numbers (from 1) of the product's lines that hold `word`.
    pub(super) fn lines_with(&self, word: &str) -> Vec<usize> {
        let lines = self.product.lines().enumerate();
        lines
            .filter(|(_, line)| line.contains(word))
            .map(|(index, _)| index + 1)
            .collect()
    }

    /// The modules in files of their own that it declares for tests only, as paths without ending.
    fn test_modules(&self) -> Vec<PathBuf> {
        let stem = self.path.file_stem().unwrap_or_default();
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let folder = match stem.to_str() {
            Some("lib" | "main") => folder.to_owned(),
            _ => folder.join(stem),
        };
        let after = self.code.split("#[cfg(test)]").skip(1);
        let names = after.filter_map(|rest| {
            let (declaration, _) = rest.split_once([';', '{'])?;
            let open = rest.as_bytes().get(declaration.len()) == Some(&b';');
            let name = declaration.split_whitespace().last()?;
            (open && declaration.split_whitespace().any(|word| word == "mod"))
                .then(|| folder.join(name))
        });
        names.collect()
    }
}

/// Every file below `folder` that is ours.
pub(super) fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).expect("a directory of the repository");
    for entry in entries {
        let entry = entry.expect("an entry of the repository");
        let path = entry.path();
        let name = entry.file_name();
        let kind = entry.file_type().expect("its kind");
        if kind.is_dir() && !NOT_OURS.iter().any(|other| name == *other) {
            walk(&path, files);
        } else if kind.is_file() {
            files.push(path);
        }
    }
}

/// Whether a file is only built for tests or benchmarks, by where it lies.
fn is_test_path(path: &Path) -> bool {
    let parts = path.iter().filter_map(|part| part.to_str());
    let mut parts = parts.map(|part| part.trim_end_matches(".rs"));
    parts.any(|part| matches!(part, "tests" | "benches" | "fuzz"))
}

/// `text` with every character but line ends turned into a blank.
fn blank(text: &str) -> String {
    text.chars()
        .map(|letter| if letter == '\n' { '\n' } else { ' ' })
        .collect()
}

/// `text` without comments and without what stands in strings.
fn code_of(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let length = match letter {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => block_comment(rest),
            '"' => string(rest),
            'r' | 'b' | 'c' if !ends_in_word(&code) => raw_string(rest).unwrap_or(0),
            '\'' => character(rest),
            _ => 0,
        };
        let (skipped, kept) = rest.split_at(length);
        code.push_str(&blank(skipped));
        rest = kept;
        if length == 0 {
            code.push(letter);
            rest = &rest[letter.len_utf8()..];
        }
    }
    code
}

fn ends_in_word(code: &str) -> bool {
    code.chars()
        .next_back()
        .is_some_and(|letter| letter.is_alphanumeric() || letter == '_')
}

/// The length of the block comment, nested ones included, that `text` starts with.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

/// The length of the string that `text` starts with.
fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The length of the raw string that `text` starts with, if it starts with one.
fn raw_string(text: &str) -> Option<usize> {
    let marked = text.trim_start_matches(['b', 'c']);
    let body = marked.strip_prefix('r')?;
    let hashes = body.len() - body.trim_start_matches('#').len();
    let content = body[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let start = text.len() - content.len();
    Some(
        content
            .find(&end)
            .map_or(text.len(), |at| start + at + end.len()),
    )
}

/// The length of the character that `text` starts with; 0 when it is a lifetime.
fn character(text: &str) -> usize {
    let mut letters = text.char_indices().skip(1);
    match letters.next() {
        Some((_, '\\')) => {
            // The escaped letter may be a quote.
            letters.next();
            letters
                .find(|(_, letter)| *letter == '\'')
                .map_or(text.len(), |(at, _)| at + 1)
        }
        Some(_) => match letters.next() {
            Some((at, '\'')) => at + 1,
            _ => 0,
        },
        None => 0,
    }
}

/// `code` with every item that is marked `#[cfg(test)]` turned into blanks.
fn without_tests(code: &str) -> String {
    let mut product = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(at) = rest.find("#[cfg(test)]") {
        product.push_str(&rest[..at]);
        let length = item(&rest[at..]);
        product.push_str(&blank(&rest[at..at + length]));
        rest = &rest[at + length..];
    }
    product + rest
}

/// The length of the item that `code` starts with: to the `;`, or to the brace that closes its first one.
fn item(code: &str) -> usize {
    let mut depth = 0_usize;
    for (at, letter) in code.char_indices() {
        match letter {
            ';' if depth == 0 => return at + 1,
            '{' => depth += 1,
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    code.len()
}

#[test]
fn comments_and_strings_are_no_code() {
    let check = |text: &str, code: &str| assert_eq!(code_of(text), code, "{text}");
    check("a // b\nc", "a     \nc");
    check("a /* b /* c */ d */ e", "a                   e");
    check(r#"f("x\"y", 'z')"#, "f(      ,    )");
    check(r##"f(r#"x"y"#, br"z")"##, "f(        ,      )");
    check("let a: &'a str = b'\\'';", "let a: &'a str = b    ;");
    check("writer\"x\"", "writer   ");
}

#[test]
fn tests_are_no_product() {
    let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() { c(); }\n}\nfn d() {}\n";
    let source = Source::new("mailbox/src/id.rs", text);
    assert_eq!(
        source.product.split_whitespace().collect::<Vec<_>>(),
        ["fn", "a()", "{}", "fn", "d()", "{}"]
    );
    assert_eq!(source.lines_with("d()"), [6]);
    assert!(!source.is_test());
    assert!(Source::new("mailbox/src/id/tests.rs", "fn a() {}").is_test());
    assert!(Source::new("mailbox/tests/crash.rs", "fn a() {}").is_test());
}

#[test]
fn a_module_that_is_declared_for_tests_is_found_in_its_file() {
    let declare = "#[cfg(test)]\npub(crate) mod fixture;\n#[cfg(test)]\nmod tests { }\nmod real;";
    let of = |path: &str| Source::new(path, declare).test_modules();
    assert_eq!(
        of("worker/src/lib.rs"),
        [PathBuf::from("worker/src/fixture")]
    );
    assert_eq!(
        of("worker/src/exec.rs"),
        [PathBuf::from("worker/src/exec/fixture")]
    );
}
