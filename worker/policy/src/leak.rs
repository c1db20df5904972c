//! The leak guard: finds secrets in well-known formats, and words that a project forbids, in any bytes.
//!
//! Only formats that are almost never anything else are looked for, so that a hit may stop a merge. What it reports
//! never holds a whole secret. Knows nothing of diffs, files or gates.

mod placeholder;
mod rule;

use std::ops::Range;

use regex::bytes::{Regex, RegexBuilder, RegexSet};

use rule::{RULES, Rule};

/// Most forbidden words of a guard.
pub const MAX_WORDS: usize = 1000;
/// Longest forbidden word, in bytes.
pub const MAX_WORD_BYTES: usize = 200;
/// Most hits of one scan; what comes after them is not looked for.
pub const MAX_HITS: usize = 1000;

/// Everything that one project does not let out.
#[derive(Debug)]
pub struct Guard {
    secrets: RegexSet,
    rules: Vec<(&'static Rule, Regex)>,
    words: Vec<Word>,
}

/// Something that must not get out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The rule's name, such as `github-token`, or `forbidden-word`.
    pub rule: &'static str,
    /// What the rule looks for, in words for a person.
    pub what: &'static str,
    /// Where it stands, in bytes.
    pub range: Range<usize>,
    /// The line on which it starts, from 1.
    pub line: usize,
    /// What may be shown of it: a forbidden word as it was found, a secret's first characters and its length.
    pub redacted: String,
}

#[derive(Debug)]
struct Word {
    pattern: Regex,
    /// Whether a letter or digit may stand right before it, and right after it.
    open: (bool, bool),
}

impl Guard {
    /// Makes a guard for all secret formats and for `words`.
    ///
    /// A word is found in any case, as a whole word: no letter or digit stands beside it (`_` and `-` may). With a `*`
    /// before or after it, anything may stand on that side.
    ///
    /// # Errors
    /// [`GuardError`] where a word is empty, longer than [`MAX_WORD_BYTES`], or there are more than [`MAX_WORDS`].
    pub fn new<S: AsRef<str>>(words: &[S]) -> Result<Self, GuardError> {
        if words.len() > MAX_WORDS {
            return Err(GuardError::TooMany { count: words.len() });
        }
        let words = words
            .iter()
            .map(|word| Word::new(word.as_ref()))
            .collect::<Result<_, _>>()?;
        let secrets = RegexSet::new(RULES.iter().map(|rule| rule.pattern))?;
        let rules = RULES
            .iter()
            .map(|rule| Ok((rule, Regex::new(rule.pattern)?)))
            .collect::<Result<_, GuardError>>()?;
        Ok(Self {
            secrets,
            rules,
            words,
        })
    }

    /// All that must not get out of `bytes`, in the order in which it stands there, at most [`MAX_HITS`].
    #[must_use]
    pub fn scan(&self, bytes: &[u8]) -> Vec<Hit> {
        let mut hits = Vec::new();
        for place in self.secrets.matches(bytes) {
            let (rule, pattern) = &self.rules[place];
            hits.extend(secret_hits(rule, pattern, bytes).take(MAX_HITS));
        }
        for word in &self.words {
            hits.extend(word.hits(bytes).take(MAX_HITS));
        }
        // Where two rules take the same text, the longer match is the better name for it.
        hits.sort_by_key(|hit| (hit.range.start, std::cmp::Reverse(hit.range.end)));
        let mut end = 0;
        hits.retain(|hit| {
            let apart = hit.range.start >= end || hit.rule == FORBIDDEN;
            if apart && hit.rule != FORBIDDEN {
                end = hit.range.end;
            }
            apart
        });
        hits.truncate(MAX_HITS);
        number_lines(&mut hits, bytes);
        hits
    }
}

const FORBIDDEN: &str = "forbidden-word";

fn secret_hits<'a>(
    rule: &'static Rule,
    pattern: &'a Regex,
    bytes: &'a [u8],
) -> impl Iterator<Item = Hit> {
    pattern.captures_iter(bytes).filter_map(move |captures| {
        let secret = captures.name("secret").or_else(|| captures.get(0))?;
        let real = (rule.real)(secret.as_bytes(), &bytes[secret.end()..]);
        real.then(|| Hit {
            rule: rule.name,
            what: rule.what,
            range: secret.range(),
            line: 0,
            redacted: redact(secret.as_bytes(), rule.shown),
        })
    })
}

/// The first `shown` characters, which are the format's own mark and no secret, and the length.
fn redact(secret: &[u8], shown: usize) -> String {
    let start = String::from_utf8_lossy(&secret[..shown.min(secret.len())]);
    format!("{start}… ({} bytes)", secret.len())
}

impl Word {
    fn new(text: &str) -> Result<Self, GuardError> {
        let body = text.strip_prefix('*').unwrap_or(text);
        let open_start = body.len() < text.len();
        let word = body.strip_suffix('*').unwrap_or(body);
        let open = (open_start, word.len() < body.len());
        if word.trim().is_empty() {
            return Err(GuardError::Empty {
                word: text.to_owned(),
            });
        }
        if word.len() > MAX_WORD_BYTES {
            return Err(GuardError::TooLong { bytes: word.len() });
        }
        let pattern = RegexBuilder::new(&regex::escape(word))
            .case_insensitive(true)
            .build()?;
        Ok(Self { pattern, open })
    }

    fn hits(&self, bytes: &[u8]) -> impl Iterator<Item = Hit> {
        // After a match that is part of a longer word, the search goes on one byte further: "aXa" may stand in "aXaXa".
        let mut from = 0;
        std::iter::from_fn(move || {
            loop {
                let found = self.pattern.find_at(bytes, from)?;
                let whole = (self.open.0 || !ends_in_letter(&bytes[..found.start()]))
                    && (self.open.1 || !starts_with_letter(&bytes[found.end()..]));
                from = if whole {
                    found.end()
                } else {
                    found.start() + 1
                };
                if whole {
                    return Some(Hit {
                        rule: FORBIDDEN,
                        what: "a word that this project forbids",
                        range: found.range(),
                        line: 0,
                        redacted: String::from_utf8_lossy(found.as_bytes()).into_owned(),
                    });
                }
            }
        })
    }
}

/// Longest UTF-8 encoding of a character.
const MAX_CHAR_BYTES: usize = 4;

fn ends_in_letter(bytes: &[u8]) -> bool {
    let tail = &bytes[bytes.len().saturating_sub(MAX_CHAR_BYTES)..];
    // The tail may begin within a character, so the last chunk is the one that counts.
    tail.utf8_chunks()
        .last()
        .filter(|chunk| chunk.invalid().is_empty())
        .and_then(|chunk| chunk.valid().chars().next_back())
        .is_some_and(char::is_alphanumeric)
}

fn starts_with_letter(bytes: &[u8]) -> bool {
    let head = &bytes[..bytes.len().min(MAX_CHAR_BYTES)];
    head.utf8_chunks()
        .next()
        .and_then(|chunk| chunk.valid().chars().next())
        .is_some_and(char::is_alphanumeric)
}

/// Fills in the lines of hits that stand in order.
fn number_lines(hits: &mut [Hit], bytes: &[u8]) {
    let (mut line, mut counted) = (1, 0);
    for hit in hits {
        line += bytes[counted..hit.range.start]
            .iter()
            .filter(|&&byte| byte == b'\n')
            .count();
        counted = hit.range.start;
        hit.line = line;
    }
}

/// A list of forbidden words that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum GuardError {
    /// A word without any character.
    #[error("the forbidden word '{word}' is empty: remove it, or write what must not occur")]
    Empty {
        /// The word as it was given.
        word: String,
    },
    /// A word of more than [`MAX_WORD_BYTES`].
    #[error("a forbidden word has {bytes} bytes, and 200 is the most")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// More than [`MAX_WORDS`].
    #[error("{count} forbidden words are given, and 1000 is the most")]
    TooMany {
        /// How many.
        count: usize,
    },
    /// A pattern that the regex engine does not take.
    #[error("a pattern of the leak guard does not compile")]
    Pattern(#[from] regex::Error),
}

#[cfg(test)]
mod tests;
