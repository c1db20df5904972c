//! Tables for a person: aligned columns, the last one trimmed to the screen.
//!
//! Knows nothing of what is in the cells.

use anstyle::Style;

use super::cell::{clean, fit, pad, width};

/// On a screen, no column but the last is wider.
const MAX_COLUMN: usize = 32;
/// The last column is not trimmed below this.
const MIN_LAST: usize = 16;
/// Between two columns.
const GAP: &str = "  ";

/// A table under construction.
#[derive(Debug, Clone)]
pub struct Table {
    head: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

/// One cell.
#[derive(Debug, Clone)]
pub struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// A cell in a style; `text` is made harmless.
    #[must_use]
    pub fn styled(text: &str, style: Style) -> Self {
        Self {
            text: clean(text),
            style,
        }
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::styled(text.as_ref(), Style::new())
    }
}

impl Table {
    /// A table without rows.
    #[must_use]
    pub fn new(head: &[&'static str]) -> Self {
        Self {
            head: head.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row: a cell for each column of the head.
    pub fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The table as lines, styled. `columns` is the width of the screen; without one nothing is
    /// trimmed.
    #[must_use]
    pub fn render(&self, columns: Option<usize>) -> String {
        let widths = self.widths(columns);
        let dim = Style::new().dimmed();
        let head: Vec<Cell> = self
            .head
            .iter()
            .map(|text| Cell::styled(text, dim))
            .collect();
        std::iter::once(&head)
            .chain(&self.rows)
            .map(|row| line(row, &widths))
            .collect()
    }

    fn widths(&self, columns: Option<usize>) -> Vec<usize> {
        let last = self.head.len().saturating_sub(1);
        let most = columns.map_or(usize::MAX, |_| MAX_COLUMN);
        let mut widths: Vec<usize> = self.head.iter().map(|text| width(text)).collect();
        for row in &self.rows {
            for (place, cell) in row.iter().enumerate().take(widths.len()) {
                let wide = width(&cell.text);
                let most = if place < last { most } else { wide };
                widths[place] = widths[place].max(wide.min(most));
            }
        }
        if let (Some(columns), Some((end, before))) = (columns, widths.split_last_mut()) {
            let taken: usize = before.iter().map(|wide| wide + GAP.len()).sum();
            *end = (*end).min(columns.saturating_sub(taken).max(MIN_LAST));
        }
        widths
    }
}

fn line(row: &[Cell], widths: &[usize]) -> String {
    let mut line = String::new();
    let full = row
        .iter()
        .rposition(|cell| !cell.text.is_empty())
        .map_or(0, |last| last + 1);
    for (place, (cell, wide)) in row.iter().zip(widths).enumerate().take(full) {
        let style = cell.style;
        // No blanks at the end of a line.
        let text = if place + 1 == full {
            fit(&cell.text, *wide)
        } else {
            pad(&cell.text, *wide) + GAP
        };
        line.push_str(&format!("{style}{text}{style:#}"));
    }
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(table: &Table, columns: Option<usize>) -> String {
        anstream::adapter::strip_str(&table.render(columns)).to_string()
    }

    fn table() -> Table {
        let mut table = Table::new(&["TASK", "STATE", "WHY"]);
        table.row(["core", "merged", ""].map(Cell::from));
        table.row(["漢字-crate", "failed", "the command `make` exited with 2"].map(Cell::from));
        table.row([&"x".repeat(50), "a\u{1b}[31mb\nc", "y"].map(Cell::from));
        table
    }

    #[test]
    fn columns_are_aligned_and_blanks_at_the_end_are_not_printed() {
        insta::assert_snapshot!(plain(&table(), Some(80)), @r"
        TASK                              STATE   WHY
        core                              merged
        漢字-crate                        failed  the command `make` exited with 2
        xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…  ab c    y
        ");
    }

    #[test]
    fn the_last_column_is_trimmed_to_the_screen() {
        assert!(plain(&table(), None).contains(&"x".repeat(50)));
        let text = plain(&table(), Some(60));
        assert!(text.lines().all(|line| width(line) <= 60), "{text}");
        assert!(text.contains("the command `make…"), "{text}");
        let narrow = plain(&table(), Some(10));
        assert!(narrow.contains("the command `ma…"), "{narrow}");
    }
}
