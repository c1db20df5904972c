//! Counts the words of a text.

use std::collections::BTreeMap;

/// A word and how often it stands in a text.
#[derive(Debug, PartialEq, Eq)]
pub struct Count {
    pub word: String,
    pub times: usize,
}

/// The words of `text`, the most frequent first, equally frequent ones by name.
pub fn count(text: &str) -> Vec<Count> {
    let mut times = BTreeMap::new();
    for word in text::words(text) {
        *times.entry(word).or_insert(0) += 1;
    }
    say::quiet!("{} different words", times.len());
    let mut counts: Vec<Count> = times
        .into_iter()
        .map(|(word, times)| Count { word, times })
        .collect();
    counts.sort_by_key(|count| std::cmp::Reverse(count.times));
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_word_comes_first() {
        let counts = count("b a c a b a");
        let words: Vec<_> = counts
            .iter()
            .map(|count| (count.word.as_str(), count.times))
            .collect();
        assert_eq!(words, [("a", 3), ("b", 2), ("c", 1)]);
    }
}
