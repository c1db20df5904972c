//! Gate `unread`: what is too large to be read whole is not called clean.

use crate::gate::judge::{Case, Report};

pub(super) fn check(case: &Case<'_>, report: &mut Report) {
    if case.change.truncated {
        let text = "the branch changes so much that not all of its files and commits were looked at; split the task";
        report.error(None, text);
    }
    for file in case.change.files.iter().filter(|file| file.truncated) {
        let text = "it changes so much that not all of its lines were looked at";
        report.error(Some((&file.path, None)), text);
    }
}

#[cfg(test)]
mod tests {
    use crate::gate::GateSettings;
    use crate::gate::sample;
    use crate::git::change::Change;

    #[test]
    fn a_cut_change_and_a_cut_file_are_errors() {
        let mut change = sample::change(vec![sample::added("a", "x\n"), sample::added("b", "x\n")]);
        let said = |change: &Change| {
            sample::said_of(
                "unread",
                change,
                &sample::subject(),
                &GateSettings::default(),
            )
        };
        assert!(said(&change).is_empty());
        change.files[1].truncated = true;
        change.truncated = true;
        let found = said(&change);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[1].starts_with("error b "), "{found:?}");
    }
}
