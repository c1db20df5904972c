//! The name that somebody probably meant.
//!
//! Knows nothing of what the names name.

/// Longer names have no nearest one.
const MAX_CHARS: usize = 100;

/// The one of `names` that is nearest to `name`, if any is near: at most a third of its letters must be added, dropped,
/// replaced or swapped with their neighbour, in any case.
pub(crate) fn nearest<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let letters = name.chars().take(MAX_CHARS + 1).count();
    if letters > MAX_CHARS {
        return None;
    }
    let (wanted, limit) = (name.to_lowercase(), (letters + 1) / 3);
    names
        .into_iter()
        // A letter takes four bytes at the most, in either name.
        .filter(|candidate| candidate.len().abs_diff(name.len()) <= (limit + letters) * 4)
        .map(|candidate| {
            let distance = strsim::damerau_levenshtein(&wanted, &candidate.to_lowercase());
            (distance, candidate)
        })
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
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

    #[test]
    fn a_typing_error_finds_its_key_and_nonsense_finds_none() {
        let names = || crate::settings::key::table().iter().map(|key| key.name);
        assert_eq!(nearest("max-worker", names()), Some("max-workers"));
        assert_eq!(nearest("retires", names()), Some("retries"));
        assert_eq!(nearest("gate.test", names()), Some("gate.tests"));
        assert_eq!(nearest("telemetry", names()), None);
    }
}
