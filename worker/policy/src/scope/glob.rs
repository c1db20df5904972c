//! A path pattern without braces, how its text is read, and whether two of them can match the same path.
//!
//! Knows nothing of lists of patterns.

use super::segment::{Segment, Token, Unit, UnitSet};
use super::{MAX_ALTERNATIVES, MAX_PATTERN_BYTES};

/// A path pattern without braces, part by part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob {
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// One part of the path.
    One(Segment),
    /// Any number of parts.
    Rest,
}

impl Glob {
    /// Whether a path, cut into its parts, fits the pattern.
    pub(super) fn matches(&self, parts: &[Vec<Unit>]) -> bool {
        let (mut at, mut step) = (0, 0);
        // As in `Segment::matches`: only the last `**` needs to be tried again.
        let mut retry: Option<(usize, usize)> = None;
        while at < parts.len() {
            match self.steps.get(step) {
                Some(Step::Rest) => {
                    retry = Some((at, step + 1));
                    step += 1;
                }
                Some(Step::One(segment)) if segment.matches(&parts[at]) => {
                    at += 1;
                    step += 1;
                }
                _ => {
                    let Some((from, after)) = retry else {
                        return false;
                    };
                    retry = Some((from + 1, after));
                    (at, step) = (from + 1, after);
                }
            }
        }
        self.steps[step..].iter().all(|step| *step == Step::Rest)
    }

    /// Whether some path fits both patterns.
    pub(super) fn meets(&self, other: &Self) -> bool {
        meet(
            &self.steps,
            &other.steps,
            |step| *step == Step::Rest,
            |mine, theirs| match (mine, theirs) {
                (Step::One(mine), Step::One(theirs)) => mine.meets(theirs),
                (Step::Rest, _) | (_, Step::Rest) => true,
            },
        )
    }

    /// The number of things that the pattern is made of.
    pub(super) fn weight(&self) -> usize {
        let size = |step: &Step| match step {
            Step::One(segment) => 1 + segment.tokens.len(),
            Step::Rest => 1,
        };
        self.steps.iter().map(size).sum()
    }

    /// The plain names that the pattern starts with.
    pub(super) fn stem(&self) -> Vec<String> {
        let plain = |step: &Step| match step {
            Step::One(segment) => segment.plain(),
            Step::Rest => None,
        };
        self.steps.iter().map_while(plain).collect()
    }
}

/// Whether two rows of pattern elements have a common match, where an element that is `many` stands for any number of
/// things and every other one for just one, and `both` says whether two such have a common match.
///
/// `row[j]` says whether the first row so far and the first `j` elements of the second one have a common match.
pub(super) fn meet<T>(
    first: &[T],
    second: &[T],
    many: impl Fn(&T) -> bool,
    both: impl Fn(&T, &T) -> bool,
) -> bool {
    let mut row = vec![true];
    row.extend(second.iter().scan(true, |open, element| {
        *open &= many(element);
        Some(*open)
    }));
    for mine in first {
        let mut next = Vec::with_capacity(row.len());
        next.push(row[0] && many(mine));
        for (j, theirs) in second.iter().enumerate() {
            next.push(if many(mine) || many(theirs) {
                // Either is left out, or it takes what the other one stands for.
                row[j + 1] || next[j]
            } else {
                row[j] && both(mine, theirs)
            });
        }
        row = next;
    }
    row.last() == Some(&true)
}

/// Reads a pattern as the patterns without braces that it stands for.
pub(super) fn parse(source: &str) -> Result<Vec<Glob>, &'static str> {
    if source.len() > MAX_PATTERN_BYTES {
        return Err("it is longer than 1024 bytes");
    }
    if source.chars().any(char::is_control) {
        return Err("it holds a control character");
    }
    if source.starts_with('!') {
        return Err("a pattern cannot be negated (write '\\!' for a name that starts with '!')");
    }
    expand(source)?
        .iter()
        .map(|text| parse_plain(text))
        .collect()
}

/// Replaces the first outermost braces of `source` by each of their alternatives, until there are none.
fn expand(source: &str) -> Result<Vec<String>, &'static str> {
    let mut done = Vec::new();
    let mut open = vec![source.to_owned()];
    while let Some(text) = open.pop() {
        match braces(&text)? {
            None => done.push(text),
            Some((start, cuts)) => {
                let end = cuts.last().copied().unwrap_or(start);
                let mut from = start + 1;
                let mut alternatives = Vec::new();
                for cut in cuts {
                    alternatives.push(format!(
                        "{}{}{}",
                        &text[..start],
                        &text[from..cut],
                        &text[end + 1..]
                    ));
                    from = cut + 1;
                }
                open.extend(alternatives.into_iter().rev());
            }
        }
        if done.len() + open.len() > MAX_ALTERNATIVES {
            return Err("its braces stand for more than 64 patterns");
        }
    }
    Ok(done)
}

/// Where the first outermost braces open, and where their commas and their end are.
fn braces(text: &str) -> Result<Option<(usize, Vec<usize>)>, &'static str> {
    let mut start = None;
    let mut depth = 0_usize;
    let mut cuts = Vec::new();
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        match c {
            '\\' => at += text[at + 1..].chars().next().map_or(0, char::len_utf8),
            '[' => at += class(&text[at..])?.1 - 1,
            '{' => {
                depth += 1;
                start = start.or(Some(at));
            }
            ',' if depth == 1 => cuts.push(at),
            '}' if depth == 0 => return Err("it has a '}' without a '{'"),
            '}' => depth -= 1,
            _ => {}
        }
        if c == '}' && depth == 0 {
            cuts.push(at);
            return Ok(start.map(|start| (start, cuts)));
        }
        at += c.len_utf8();
    }
    if depth > 0 {
        Err("it has a '{' without a '}'")
    } else {
        Ok(None)
    }
}

/// Reads the class that `text` starts with, as a set and its length in bytes.
fn class(text: &str) -> Result<(UnitSet, usize), &'static str> {
    let mut chars = text[1..].chars().peekable();
    let negated = chars.next_if(|&c| c == '!' || c == '^').is_some();
    let mut length = 1 + usize::from(negated);
    let mut ranges: Vec<(Unit, Unit)> = Vec::new();
    let mut take = |chars: &mut std::iter::Peekable<std::str::Chars<'_>>| {
        let c = chars.next()?;
        length += c.len_utf8();
        Some(c)
    };
    loop {
        let low = match take(&mut chars).ok_or(UNCLOSED)? {
            ']' if !ranges.is_empty() => break,
            '\\' => take(&mut chars).ok_or(UNCLOSED)?,
            '/' => return Err("a class cannot hold a '/'"),
            c => c,
        };
        let mut high = low;
        let mut ahead = chars.clone();
        if ahead.next() == Some('-') && ahead.next().is_some_and(|c| c != ']') {
            take(&mut chars);
            high = match take(&mut chars).ok_or(UNCLOSED)? {
                '\\' => take(&mut chars).ok_or(UNCLOSED)?,
                '/' => return Err("a class cannot hold a '/'"),
                c => c,
            };
        }
        if high < low {
            return Err("a range in its class runs backwards");
        }
        ranges.push((low.into(), high.into()));
    }
    let set = UnitSet::new(ranges, negated).ok_or("a class in it holds no character")?;
    Ok((set, length))
}

const UNCLOSED: &str = "it has a '[' without a ']'";

/// Reads a pattern without braces.
fn parse_plain(source: &str) -> Result<Glob, &'static str> {
    let text = source
        .strip_prefix("./")
        .or_else(|| source.strip_prefix('/'))
        .unwrap_or(source);
    if text.is_empty() {
        return Err("it is empty");
    }
    let mut segments = vec![Segment::default()];
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let token = match c {
            '/' => {
                segments.push(Segment::default());
                at += 1;
                continue;
            }
            '*' => Token::Star,
            '?' => Token::One(UnitSet::any()),
            '[' => {
                let (set, length) = class(&text[at..])?;
                at += length - 1;
                Token::One(set)
            }
            '\\' => {
                at += 1;
                let escaped = text[at..].chars().next().ok_or("it ends in a '\\'")?;
                if escaped == '/' {
                    return Err("a '/' cannot be escaped");
                }
                at += escaped.len_utf8() - 1;
                Token::One(UnitSet::only(escaped))
            }
            c => Token::One(UnitSet::only(c)),
        };
        if let Some(segment) = segments.last_mut() {
            segment.tokens.push(token);
        }
        at += c.len_utf8();
    }
    assemble(segments)
}

/// Makes steps of the parts, with what the end of a pattern means.
fn assemble(segments: Vec<Segment>) -> Result<Glob, &'static str> {
    let last = segments.len() - 1;
    let mut steps = Vec::with_capacity(segments.len() + 2);
    for (place, segment) in segments.into_iter().enumerate() {
        let plain = segment.plain();
        let stars = segment
            .tokens
            .iter()
            .filter(|token| **token == Token::Star)
            .count();
        match plain.as_deref() {
            Some("." | "..") => return Err("it has a '.' or '..' part"),
            // All that is below a directory, but not the directory's own name.
            Some("") if place == last => steps.extend([Step::One(Segment::star()), Step::Rest]),
            Some("") => return Err("it has an empty part"),
            Some(_) if place == last => steps.extend([Step::One(segment), Step::Rest]),
            _ if stars == 2 && segment.tokens.len() == 2 => {
                if place == last {
                    steps.push(Step::One(Segment::star()));
                }
                steps.push(Step::Rest);
            }
            _ if segment
                .tokens
                .windows(2)
                .any(|pair| pair == [Token::Star, Token::Star]) =>
            {
                return Err("'**' must be a whole part of the path, as in 'src/**/x'");
            }
            _ => steps.push(Step::One(segment)),
        }
    }
    Ok(Glob { steps })
}
