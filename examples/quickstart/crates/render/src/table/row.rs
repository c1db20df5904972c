//! One row of the table.

use count::Count;

/// Longest word that is still easy to read in a table.
const LONG: usize = 40;

/// A line with the word in `width` columns, and its count.
pub fn row(count: &Count, width: usize) -> String {
    if count.word.chars().count() > LONG {
        say::loud!("a word of {} letters", count.word.chars().count());
    }
    format!("{:width$} {}\n", count.word, count.times)
}
