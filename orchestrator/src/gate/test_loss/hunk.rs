//! Puts removed and added lines together that stand in the same place.
//!
//! Knows nothing of their content.

use crate::gate::lexer::Line;

/// Lines that went, and the lines that stand in their place now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hunk<'a> {
    pub(super) old: &'a [Line],
    pub(super) new: &'a [Line],
}

/// The places of a file in which lines went, in order.
pub(super) fn hunks<'a>(mut old: &'a [Line], mut new: &'a [Line]) -> Vec<Hunk<'a>> {
    let mut hunks = Vec::new();
    // How many lines went and came above.
    let (mut went, mut came) = (0u64, 0u64);
    while let Some(first) = old.first() {
        let (gone, rest) = old.split_at(stretch(old));
        old = rest;
        // Unchanged lines keep their order, so a line's new place is its old one, less what went, and what came.
        let place = |came: u64| (u64::from(first.number) + came).saturating_sub(went);
        while new
            .first()
            .is_some_and(|line| u64::from(line.number) < place(came))
        {
            let above = stretch(new);
            came += above as u64;
            new = &new[above..];
        }
        let here = new
            .first()
            .is_some_and(|line| u64::from(line.number) == place(came));
        let (instead, rest) = new.split_at(if here { stretch(new) } else { 0 });
        new = rest;
        came += instead.len() as u64;
        went += gone.len() as u64;
        hunks.push(Hunk {
            old: gone,
            new: instead,
        });
    }
    hunks
}

/// How many lines follow one another from the first on.
fn stretch(lines: &[Line]) -> usize {
    1 + lines.iter().skip(1).take_while(|line| line.follows).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::language::Language;
    use crate::gate::lexer::lex;

    #[test]
    fn lines_of_one_place_come_together() {
        let side = |lines: &[(u32, &str)]| {
            let lines: Vec<_> = lines
                .iter()
                .map(|(n, text)| (*n, text.as_bytes().to_vec()))
                .collect();
            lex(&lines, Language::Rust)
        };
        // Old: a b c d e f; new: x a c y z e — `b` went, `d` became `y z`, `f` went, `x` came above.
        let old = side(&[(2, "b"), (4, "d"), (6, "f")]);
        let new = side(&[(1, "x"), (4, "y"), (5, "z")]);
        let found: Vec<(Vec<u32>, Vec<u32>)> = hunks(&old, &new)
            .iter()
            .map(|hunk| {
                let numbers = |lines: &[Line]| lines.iter().map(|line| line.number).collect();
                (numbers(hunk.old), numbers(hunk.new))
            })
            .collect();
        assert_eq!(
            found,
            [(vec![2], vec![]), (vec![4], vec![4, 5]), (vec![6], vec![])]
        );
    }
}
