//! The name that somebody probably meant.
//!
//! Knows nothing of what the names name.

/// The one of `names` that is nearest to `name`, if any is near: at most a third of its letters differ, in any case.
pub(super) fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: Vec<char> = name.to_lowercase().chars().take(MAX_CHARS + 1).collect();
    if wanted.len() > MAX_CHARS {
        return None;
    }
    let limit = (wanted.len() + 1) / 3;
    let mut best: Option<(usize, &str)> = None;
    for candidate in names {
        // A letter takes four bytes at the most, in either name.
        if candidate.len().abs_diff(name.len()) > (limit + wanted.len()) * 4 {
            continue;
        }
        let distance = distance(&wanted, candidate);
        if distance <= limit && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, name)| name)
}

/// Longer names have no nearest one.
const MAX_CHARS: usize = 100;

/// How many letters must be added, dropped, replaced or swapped with their neighbour.
fn distance(wanted: &[char], candidate: &str) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=wanted.len()).collect();
    let mut previous = None;
    for (row, letter) in candidate
        .chars()
        .flat_map(char::to_lowercase)
        .take(MAX_CHARS)
        .enumerate()
    {
        let mut next = vec![row + 1];
        for (column, &other) in wanted.iter().enumerate() {
            let replaced = last[column] + usize::from(letter != other);
            let mut least = replaced.min(last[column + 1] + 1).min(next[column] + 1);
            if column > 0 && row > 0 && previous == Some(other) && wanted[column - 1] == letter {
                least = least.min(before_last[column - 1] + 1);
            }
            next.push(least);
        }
        before_last = std::mem::replace(&mut last, next);
        previous = Some(letter);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_wins() {
        let names = ["deps", "core", "core-tests", "api"];
        for (name, found) in [
            ("dep", Some("deps")),
            ("Core", Some("core")),
            ("croe", Some("core")),
            ("core_tests", Some("core-tests")),
            ("apo", Some("api")),
            ("unrelated", None),
            ("", None),
            ("x", None),
            ("a", None),
        ] {
            assert_eq!(nearest(name, names), found, "{name}");
        }
    }

    #[test]
    fn a_name_of_many_letters_has_no_nearest_one() {
        let long = "a".repeat(1_000_000);
        assert_eq!(nearest(&long, [long.as_str()]), None);
    }
}
