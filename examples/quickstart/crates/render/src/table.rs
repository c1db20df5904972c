//! Lays rows out in two columns.

mod row;

use count::Count;

/// One line for each count.
pub fn table(counts: &[Count]) -> String {
    let width = counts
        .iter()
        .map(|count| count.word.chars().count())
        .max()
        .unwrap_or(0);
    say::quiet!("a table of {} rows, {width} wide", counts.len());
    counts.iter().map(|count| row::row(count, width)).collect()
}
