//! Shows counts as a table.

mod table;

use count::Count;

/// A table of the first `limit` counts.
pub fn render(counts: &[Count], limit: usize) -> String {
    if counts.len() > limit {
        say::quiet!("{} words are left out", counts.len() - limit);
    }
    table::table(&counts[..counts.len().min(limit)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_aligned_columns_and_ends_at_the_limit() {
        let counts = count::count("one three three three two two");
        assert_eq!(render(&counts, 2), "three 3\ntwo   2\n");
    }
}
