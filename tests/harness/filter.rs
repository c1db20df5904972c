//! Takes out of a text what differs from run to run, so that whole outputs can be compared.
//!
//! Knows the shapes (a path of the environment, a run id, a commit, a span of time) and not where they come from.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// Each pattern with the word that stands for it. Order matters: a commit is looked for before a run id.
static SHAPES: LazyLock<Vec<(Regex, &'static str)>> = LazyLock::new(|| {
    [
        (r"\b(?:[0-9a-f]{64}|[0-9a-f]{40})\b", "$$COMMIT"),
        // A run id: nine of the digits and letters without i, l, o and u; the first stays a digit until 2036.
        (r"\b[0-9][0-9a-hjkmnp-tv-z]{8}\b", "$$RUN"),
        (
            r"\b\d+(?:\.\d+)?(?:ms|µs|s|m|h)\b(?: ?\d+(?:\.\d+)?(?:ms|s|m)\b)*",
            "$$TIME",
        ),
        (
            r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?",
            "$$DATE",
        ),
    ]
    .into_iter()
    .map(|(pattern, word)| {
        (
            Regex::new(pattern).expect("the patterns are constant"),
            word,
        )
    })
    .collect()
});

/// git's and our own short commit ids, and numbers and words that look like them.
static SHORT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b[0-9a-f]{7,16}\b").expect("the pattern is constant"));

/// A short commit id holds a digit and a letter in all but one of some thousand cases.
fn short_commit(found: &Captures<'_>) -> String {
    let text = &found[0];
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if digits == 0 || digits == text.len() {
        return text.to_owned();
    }
    "$COMMIT".to_owned()
}

/// Replaces what is particular to one run: `$ENV`, `$RUN`, `$COMMIT`, `$TIME`, `$DATE`.
#[derive(Debug, Clone)]
pub struct Filter {
    root: PathBuf,
}

impl Filter {
    /// A filter that writes `$ENV` for the path `root`.
    #[must_use]
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    /// `text` with every particular replaced by the word for its shape.
    #[must_use]
    pub fn apply(&self, text: &str) -> String {
        let mut text = text.replace(&*self.root.to_string_lossy(), "$ENV");
        for (shape, word) in SHAPES.iter() {
            text = shape.replace_all(&text, *word).into_owned();
        }
        SHORT.replace_all(&text, short_commit).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(
            Filter::new(Path::new("/tmp/swarm env x")).apply(text),
            expected
        );
    }

    #[test]
    fn the_path_of_the_environment_is_replaced() {
        check("in /tmp/swarm env x/repo/a.txt", "in $ENV/repo/a.txt");
    }

    #[test]
    fn run_ids_are_replaced_alone_and_in_branch_names() {
        check(
            "run 0v3k9qz1m: swarm/0v3k9qz1m-core",
            "run $RUN: swarm/$RUN-core",
        );
    }

    #[test]
    fn long_and_short_commits_are_replaced() {
        check(
            "4b825dc642cb6eb9a060e54bf8d69288fbee4904 or 4b825dc or 646b5c2b or 1234567a",
            "$COMMIT or $COMMIT or $COMMIT or $COMMIT",
        );
    }

    #[test]
    fn spans_and_dates_are_replaced() {
        check(
            "merged in 1m 3s after 20.5ms",
            "merged in $TIME after $TIME",
        );
        check("since 2026-11-21T04:12:00Z", "since $DATE");
    }

    #[test]
    fn words_and_numbers_stay() {
        check(
            "3 tasks, 12 files, deadbeef, 120 of 500",
            "3 tasks, 12 files, deadbeef, 120 of 500",
        );
    }
}
