//! Gate `tests`: tests are not deleted, emptied or switched off.
//!
//! It compares what goes with what comes over the whole change, so that a test which moves or gets another name is none
//! that is lost. Removed assertions on balance are only told: a feature that goes takes its assertions along.

mod assertion;
mod definition;
mod hunk;
mod skip;

use std::collections::HashMap;

use crate::gate::judge::{Case, Report};
use crate::gate::language::Language;
use crate::gate::lexer::{Line, lex};
use crate::git::change::{FileChange, Status};

use definition::Definition;

/// Names that a message tells.
const MAX_NAMES: usize = 10;

/// One file with both sides in pieces.
struct Sides<'a> {
    file: &'a FileChange,
    language: Language,
    is_test: bool,
    old: Vec<Line>,
    new: Vec<Line>,
}

/// How many lines or tests of one kind and name there are.
type Counts = HashMap<(Language, String), usize>;

pub(super) fn check(case: &Case<'_>, report: &mut Report) {
    let sides: Vec<Sides<'_>> = case.change.files.iter().filter_map(sides).collect();
    let mut moved = Moved::new(&sides);
    for file in &sides {
        moved.report_lost(file, report);
    }
    skip::check(&sides, &moved.new_names, report);
    assertion::check(&sides, report);
}

fn sides(file: &FileChange) -> Option<Sides<'_>> {
    let language = Language::of(&file.path)?;
    // A file that was moved out of the tests is one of them as far as its tests go.
    let old = file.old_path.as_ref().unwrap_or(&file.path);
    Some(Sides {
        file,
        language,
        is_test: language.is_test_file(&file.path) || language.is_test_file(old),
        old: lex(&file.removed, language),
        new: lex(&file.added, language),
    })
}

impl Sides<'_> {
    fn defined(&self, lines: &[Line]) -> Vec<Definition> {
        definition::find(lines, self.language, self.is_test)
    }
}

/// Which tests came and went under the same name.
struct Moved {
    /// Names that came and that no test that went had.
    new_names: Counts,
    came: Counts,
    went: Counts,
}

impl Moved {
    fn new(sides: &[Sides<'_>]) -> Self {
        let (mut came, mut went) = (Counts::new(), Counts::new());
        for file in sides {
            for (counts, lines) in [(&mut came, &file.new), (&mut went, &file.old)] {
                for name in file.defined(lines).into_iter().filter_map(|test| test.name) {
                    *counts.entry((file.language, name)).or_default() += 1;
                }
            }
        }
        let new_names = came
            .iter()
            .filter(|(name, _)| !went.contains_key(*name))
            .map(|(name, count)| (name.clone(), *count))
            .collect();
        Self {
            new_names,
            came,
            went,
        }
    }

    /// Takes one from `counts`, if there is one left.
    fn take(counts: &mut Counts, language: Language, test: &Definition) -> bool {
        let Some(name) = &test.name else {
            return false;
        };
        match counts.get_mut(&(language, name.clone())) {
            Some(count) if *count > 0 => {
                *count -= 1;
                true
            }
            _ => false,
        }
    }

    /// Reports the tests of one file that went and that nothing came for.
    fn report_lost(&mut self, file: &Sides<'_>, report: &mut Report) {
        let old = file.defined(&file.old);
        let had = old.len();
        let mut lost = old;
        lost.retain(|test| !Self::take(&mut self.came, file.language, test));
        let mut fresh = file.defined(&file.new);
        fresh.retain(|test| !Self::take(&mut self.went, file.language, test));
        let path = file.file.path.as_path();
        let deleted = file.file.status == Status::Deleted;
        if lost.len() > fresh.len() {
            let names: Vec<&str> = lost
                .iter()
                .filter_map(|test| test.name.as_deref())
                .take(MAX_NAMES)
                .collect();
            let names = if names.is_empty() {
                String::new()
            } else {
                format!(": {}", names.join(", "))
            };
            let count = lost.len() - fresh.len();
            let tests = if count == 1 {
                "1 test".to_owned()
            } else {
                format!("{count} tests")
            };
            let text = if deleted {
                format!("a file of tests was deleted with {tests}{names}")
            } else if fresh.is_empty() {
                format!("{tests} less than before{names}")
            } else {
                format!("{tests} less than before; gone or renamed{names}")
            };
            report.error(Some((path, lost.first().map(|test| test.line))), &text);
        } else if file.is_test && had == 0 && deleted && !file.old.iter().all(Line::is_bare) {
            let text =
                "a file of tests or of their helpers was deleted; no test was recognised in it";
            report.warn(Some((path, None)), text);
        }
        if file.is_test
            && file.file.status == Status::Modified
            && file.file.size == 0
            && !file.old.is_empty()
        {
            report.error(Some((path, None)), "a file of tests was emptied");
        }
    }
}

#[cfg(test)]
mod tests;
