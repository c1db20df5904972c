//! Path scopes: which paths of a repository a list of globs holds, and whether two lists can hold the same path.
//!
//! A path is a byte string relative to the top of the repository with `/` between its parts, as git has it; it need not
//! be UTF-8. Every pattern is anchored at the top. Knows nothing of files: whether a path exists makes no difference.

mod glob;
mod segment;

use glob::Glob;

/// Longest pattern, in bytes.
pub const MAX_PATTERN_BYTES: usize = 1024;
/// Most patterns without braces that one pattern with braces may stand for.
pub const MAX_ALTERNATIVES: usize = 64;

/// A list of path patterns.
///
/// `*` and `?` stay within one part of a path, `[a-z]` and `[!a-z]` are one character, `{a,b}` is either, `**` as a
/// whole part is any number of parts, and `\` takes the next character as it is. A pattern that ends in `/` holds all
/// that is below it; one that ends in a plain name holds that name (a file, or a directory with all that is below it).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    patterns: Vec<Pattern>,
}

/// One pattern of a scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    source: Box<str>,
    globs: Vec<Glob>,
}

impl Scope {
    /// Reads a list of patterns.
    ///
    /// # Errors
    /// [`ScopeError`] names the first pattern that is none, and why.
    pub fn parse<S: AsRef<str>>(patterns: &[S]) -> Result<Self, ScopeError> {
        let patterns = patterns
            .iter()
            .map(|source| Pattern::parse(source.as_ref()))
            .collect::<Result<_, _>>()?;
        Ok(Self { patterns })
    }

    /// The patterns in the order in which they were given.
    #[must_use]
    pub fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    /// Whether there is no pattern, and so no path.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// Whether `path` is in the scope. A path that is absolute or leads through `.` or `..` is in none.
    #[must_use]
    pub fn holds(&self, path: &[u8]) -> bool {
        let Some(parts) = segment::split(path) else {
            return false;
        };
        self.patterns
            .iter()
            .any(|pattern| pattern.globs.iter().any(|glob| glob.matches(&parts)))
    }

    /// The first two patterns, one of each scope, that can hold the same path; `None` only where no path is in both.
    #[must_use]
    pub fn overlap<'a>(&'a self, other: &'a Self) -> Option<(&'a str, &'a str)> {
        self.patterns.iter().find_map(|mine| {
            let theirs = other.patterns.iter().find(|theirs| mine.meets(theirs))?;
            Some((mine.source(), theirs.source()))
        })
    }
}

impl Pattern {
    /// Reads one pattern.
    ///
    /// # Errors
    /// [`ScopeError`] says why it is none.
    pub fn parse(source: &str) -> Result<Self, ScopeError> {
        glob::parse(source)
            .map(|globs| Self {
                source: source.into(),
                globs,
            })
            .map_err(|why| ScopeError {
                pattern: source.to_owned(),
                why,
            })
    }

    /// The pattern as it was written.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether some path is in both patterns.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        self.globs
            .iter()
            .any(|mine| other.globs.iter().any(|theirs| mine.meets(theirs)))
    }

    /// How much there is to compare: deciding whether two patterns meet takes at most a time in proportion to the product
    /// of their weights. At least 1.
    #[must_use]
    pub fn weight(&self) -> usize {
        self.globs.iter().map(Glob::weight).sum()
    }

    /// The plain names that every path of the pattern starts with, for each pattern without braces that it stands for.
    ///
    /// Two patterns can meet only where one of these lists begins with the other, which makes them keys of an index.
    pub fn stems(&self) -> impl Iterator<Item = Vec<String>> {
        self.globs.iter().map(Glob::stem)
    }
}

/// A pattern that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{pattern}' is no path pattern: {why}")]
pub struct ScopeError {
    /// The pattern.
    pub pattern: String,
    /// What is wrong with it.
    pub why: &'static str,
}

#[cfg(test)]
mod tests;
