//! Splits changed lines into words, signs, string contents and comments, so that a gate takes neither a comment nor a
//! string for code.
//!
//! It sees lines of a diff and not whole files: a string or comment that began before the first line of a stretch is
//! not known as one. Knows no gate and no grammar beyond that.

use crate::gate::language::Language;

/// One line of a diff in pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// Its number in its file.
    pub(super) number: u32,
    /// Its pieces in order, without spaces.
    pub(super) tokens: Vec<Token>,
    /// Whether it directly follows the line before it in the list.
    pub(super) follows: bool,
}

/// A piece of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A name, keyword or number.
    Word(String),
    /// Any other character of code.
    Sign(char),
    /// The content of a string, or the part of it on this line.
    Text(String),
    /// The content of a comment on this line.
    Comment(String),
}

impl Line {
    /// Where `pattern` stands in the code of this line: words and signs separated by spaces, as in `". skip ("`.
    /// Gives what follows it.
    pub(super) fn after(&self, pattern: &str) -> Option<&[Token]> {
        (0..self.tokens.len()).find_map(|at| starts(self.tokens.get(at..)?, pattern))
    }

    /// Whether `pattern` stands in the code of this line.
    pub(super) fn has(&self, pattern: &str) -> bool {
        self.after(pattern).is_some()
    }

    /// What follows `pattern` where the line begins with it.
    pub(super) fn begins(&self, pattern: &str) -> Option<&[Token]> {
        starts(&self.tokens, pattern)
    }

    /// The words and signs.
    pub(super) fn code(&self) -> impl DoubleEndedIterator<Item = &Token> {
        self.tokens
            .iter()
            .filter(|token| !matches!(token, Token::Comment(_)))
    }

    /// Whether there is no code on it.
    pub(super) fn is_bare(&self) -> bool {
        self.code().next().is_none()
    }

    /// The line in one spelling, to tell whether it only moved.
    pub(super) fn key(&self) -> String {
        let mut key = String::new();
        for token in self.code() {
            match token {
                Token::Word(text) | Token::Text(text) | Token::Comment(text) => key.push_str(text),
                Token::Sign(sign) => key.push(*sign),
            }
            key.push(' ');
        }
        key
    }
}

fn starts<'a>(tokens: &'a [Token], pattern: &str) -> Option<&'a [Token]> {
    let mut rest = tokens;
    for piece in pattern.split(' ') {
        let (first, tail) = rest.split_first()?;
        let same = match first {
            Token::Word(word) => word == piece,
            Token::Sign(sign) => piece.len() == sign.len_utf8() && piece.starts_with(*sign),
            Token::Text(_) | Token::Comment(_) => false,
        };
        if !same {
            return None;
        }
        rest = tail;
    }
    Some(rest)
}

/// Splits the lines of one side of a file.
pub(super) fn lex(lines: &[(u32, Vec<u8>)], language: Language) -> Vec<Line> {
    let mut lexer = Lexer {
        language,
        within: None,
    };
    let mut expected = None;
    let mut result = Vec::with_capacity(lines.len());
    for (number, bytes) in lines {
        let follows = expected == Some(*number);
        if !follows {
            // What stands between is unknown; code is the best guess.
            lexer.within = None;
        }
        expected = number.checked_add(1);
        let text = String::from_utf8_lossy(bytes);
        result.push(Line {
            number: *number,
            tokens: lexer.line(&text),
            follows,
        });
    }
    result
}

struct Lexer {
    language: Language,
    within: Option<Within>,
}

/// What goes on over the end of a line.
#[derive(Debug, Clone)]
enum Within {
    /// A block comment, so many deep.
    Comment(u32),
    /// A string that ends with this.
    Text { end: String, escapes: bool },
}

impl Lexer {
    fn line(&mut self, line: &str) -> Vec<Token> {
        let mut tokens = Vec::new();
        let mut rest = line;
        loop {
            rest = match self.within.take() {
                Some(Within::Comment(depth)) => self.comment(rest, depth, &mut tokens),
                Some(Within::Text { end, escapes }) => self.text(rest, end, escapes, &mut tokens),
                None => match self.code(rest.trim_start(), &mut tokens) {
                    Some(rest) => rest,
                    None => return tokens,
                },
            };
            if rest.is_empty() {
                return tokens;
            }
        }
    }

    /// Takes one piece of code; `None` at the line's end.
    fn code<'a>(&mut self, rest: &'a str, tokens: &mut Vec<Token>) -> Option<&'a str> {
        let first = rest.chars().next()?;
        let line_comment = if self.language == Language::Python {
            "#"
        } else {
            "//"
        };
        if let Some(comment) = rest.strip_prefix(line_comment) {
            tokens.push(Token::Comment(comment.to_owned()));
            return None;
        }
        if self.language != Language::Python
            && let Some(inner) = rest.strip_prefix("/*")
        {
            self.within = Some(Within::Comment(1));
            return Some(inner);
        }
        if let Some((end, escapes, inner)) = self.string(rest) {
            self.within = Some(Within::Text { end, escapes });
            return Some(inner);
        }
        let word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
        if word(first) {
            let end = rest.find(|c| !word(c)).unwrap_or(rest.len());
            let (name, rest) = rest.split_at(end);
            tokens.push(Token::Word(name.to_owned()));
            return Some(rest);
        }
        let (sign, mut after) = rest.split_at(first.len_utf8());
        if sign == "'" {
            after = skip_character(after);
        }
        tokens.push(Token::Sign(first));
        Some(after)
    }

    /// What ends the string that begins here, whether `\` escapes in it, and what follows its beginning.
    fn string<'a>(&self, rest: &'a str) -> Option<(String, bool, &'a str)> {
        if self.language == Language::Rust {
            let raw = ["r", "br", "cr"]
                .iter()
                .find_map(|start| rest.strip_prefix(start));
            if let Some(raw) = raw {
                let inner = raw.trim_start_matches('#');
                let hashes = raw.len() - inner.len();
                if let Some(inner) = inner.strip_prefix('"') {
                    return Some((format!("\"{}", "#".repeat(hashes)), false, inner));
                }
            }
        }
        let triples: &[&str] = match self.language {
            Language::Python => &["\"\"\"", "'''"],
            Language::Java => &["\"\"\""],
            Language::Rust | Language::Script | Language::Go => &[],
        };
        let singles: &[&str] = match self.language {
            Language::Python => &["\"", "'"],
            Language::Script => &["\"", "'", "`"],
            Language::Go => &["\"", "`"],
            Language::Rust | Language::Java => &["\""],
        };
        let quote = triples
            .iter()
            .chain(singles)
            .find(|quote| rest.starts_with(**quote))?;
        let escapes = !(self.language == Language::Go && *quote == "`");
        Some(((*quote).to_owned(), escapes, rest.strip_prefix(*quote)?))
    }

    /// Takes what is left of a string.
    fn text<'a>(
        &mut self,
        rest: &'a str,
        end: String,
        escapes: bool,
        tokens: &mut Vec<Token>,
    ) -> &'a str {
        let mut from = 0;
        while let Some(found) = rest[from..].find(|c| c == '\\' || end.starts_with(c)) {
            let at = from + found;
            if rest[at..].starts_with(&end) {
                tokens.push(Token::Text(rest[..at].to_owned()));
                return &rest[at + end.len()..];
            }
            let mut following = rest[at..].chars();
            let first = following.next();
            from = at + first.map_or(0, char::len_utf8);
            if escapes && first == Some('\\') {
                from += following.next().map_or(0, char::len_utf8);
            }
        }
        tokens.push(Token::Text(rest.to_owned()));
        let goes_on = end.len() == 3 || end == "`" || self.language == Language::Rust;
        if goes_on {
            self.within = Some(Within::Text { end, escapes });
        }
        ""
    }

    /// Takes what is left of a block comment.
    fn comment<'a>(&mut self, rest: &'a str, mut depth: u32, tokens: &mut Vec<Token>) -> &'a str {
        let mut from = 0;
        while let Some(found) = rest[from..].find(['*', '/']) {
            let at = from + found;
            from = at + 1;
            if rest[at..].starts_with("*/") {
                from = at + 2;
                depth -= 1;
                if depth == 0 {
                    tokens.push(Token::Comment(rest[..at].to_owned()));
                    return &rest[from..];
                }
            } else if self.language == Language::Rust && rest[at..].starts_with("/*") {
                from = at + 2;
                depth += 1;
            }
        }
        tokens.push(Token::Comment(rest.to_owned()));
        self.within = Some(Within::Comment(depth));
        ""
    }
}

/// What follows the character literal whose first quote was taken; all of it where there is none, as after a lifetime's.
fn skip_character(rest: &str) -> &str {
    let mut chars = rest.char_indices();
    let end = match chars.next() {
        Some((_, '\\')) => {
            chars.next();
            rest.char_indices()
                .skip(2)
                .take(10)
                .find(|(_, c)| *c == '\'')
                .map(|(at, _)| at)
        }
        Some(_) => chars.next().filter(|(_, c)| *c == '\'').map(|(at, _)| at),
        None => None,
    };
    end.and_then(|at| rest.get(at + 1..)).unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, language: Language) -> Vec<Line> {
        let numbered: Vec<_> = text
            .lines()
            .zip(1..)
            .map(|(line, n)| (n, line.as_bytes().to_vec()))
            .collect();
        lex(&numbered, language)
    }

    /// The code of a text, with strings as `"…"` left out.
    fn code(text: &str, language: Language) -> String {
        let keys: Vec<String> = lines(text, language)
            .iter()
            .map(|line| {
                let code = line.tokens.iter().filter_map(|token| match token {
                    Token::Word(word) => Some(word.clone()),
                    Token::Sign(sign) => Some(sign.to_string()),
                    Token::Text(_) | Token::Comment(_) => None,
                });
                code.collect::<Vec<_>>().join(" ")
            })
            .collect();
        keys.join("|")
    }

    #[test]
    fn strings_and_comments_are_no_code() {
        for (text, language, expected) in [
            (
                "let x = \"todo!()\"; // todo!()",
                Language::Rust,
                "let x = ;",
            ),
            ("a /* b\nc /* d */ e\n*/ f", Language::Rust, "a||f"),
            ("r#\"a \" b\"# c", Language::Rust, "c"),
            ("r#\"a\nb\"\nc\"# d r#type", Language::Rust, "||d r # type"),
            ("\"a\nb\" c", Language::Rust, "|c"),
            (
                "f('\"', '\\'', 'a') \"x\" y",
                Language::Rust,
                "f ( ' , ' , ' ) y",
            ),
            (
                "fn f<'a>(x: &'a str) {",
                Language::Rust,
                "fn f < ' a > ( x : & ' a str ) {",
            ),
            ("x = 'it\\'s' # no\ny", Language::Python, "x =|y"),
            (
                "\"\"\"doc\nraise X\n\"\"\"\npass",
                Language::Python,
                "|||pass",
            ),
            ("a = `x ${y}\nz` + 'b", Language::Script, "a =|+"),
            ("open \"never closed\nnext", Language::Script, "open|next"),
            ("x := `\\` + y", Language::Go, "x : = + y"),
        ] {
            assert_eq!(code(text, language), expected, "{text}");
        }
    }

    #[test]
    fn a_gap_ends_what_was_open() {
        let gap = vec![(1, b"/* a".to_vec()), (9, b"b".to_vec())];
        let found = lex(&gap, Language::Rust);
        assert_eq!(found[1].tokens, [Token::Word("b".into())]);
        assert!(!found[1].follows);
    }

    #[test]
    fn patterns_match_whole_words_and_any_spacing() {
        let line = &lines("it . skip('a', () => xtodo!())", Language::Script)[0];
        assert!(line.has(". skip (") && line.has("it . skip"));
        assert!(!line.has("todo !") && !line.has("a"));
        assert_eq!(
            line.begins("it . skip (").unwrap()[0],
            Token::Text("a".into())
        );
        assert!(line.begins("skip").is_none());
    }

    #[test]
    fn a_long_line_takes_linear_time() {
        let text = "\\".repeat(1 << 17) + &"'\"/*".repeat(1 << 15);
        let start = std::time::Instant::now();
        for language in [Language::Rust, Language::Python, Language::Script] {
            assert!(!lines(&text, language)[0].tokens.is_empty());
        }
        // Quadratic time would be some thousand times as much.
        assert!(start.elapsed().as_secs() < 30, "{:?}", start.elapsed());
    }
}
