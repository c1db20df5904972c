//! Gate `scope`: a branch changes only the paths that its task names in `touches`.

use std::os::unix::ffi::OsStrExt;

use crate::gate::judge::{Case, Report};

/// Patterns that a message names.
const MAX_SHOWN: usize = 5;

pub(super) fn check(case: &Case<'_>, report: &mut Report) {
    let Some(scope) = &case.subject.scope else {
        return;
    };
    let mut patterns: Vec<&str> = scope
        .patterns()
        .iter()
        .take(MAX_SHOWN)
        .map(|pattern| pattern.source())
        .collect();
    if scope.patterns().len() > MAX_SHOWN {
        patterns.push("...");
    }
    let patterns = patterns.join(", ");
    for file in &case.change.files {
        let sides = file
            .old_path
            .iter()
            .map(|old| (old, "was moved away from"))
            .chain([(&file.path, "changed in")]);
        for (path, what) in sides {
            if !scope.holds(path.as_os_str().as_bytes()) {
                report.error(
                    Some((path, None)),
                    &format!("it {what} a place outside the task's touches ({patterns}); undo that, or widen touches"),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use swarm_policy::scope::Scope;

    use crate::gate::GateSettings;
    use crate::gate::sample;
    use crate::git::change::{FileChange, Status};

    fn said(patterns: Option<&[&str]>, files: Vec<FileChange>) -> Vec<String> {
        let mut subject = sample::subject();
        subject.scope = patterns.map(|patterns| Scope::parse(patterns).unwrap());
        sample::said_of(
            "scope",
            &sample::change(files),
            &subject,
            &GateSettings::default(),
        )
    }

    #[test]
    fn a_path_outside_is_an_error() {
        let files = || {
            vec![
                sample::added("crates/core/a.rs", "x\n"),
                sample::added("Cargo.lock", "x\n"),
            ]
        };
        let found = said(Some(&["crates/core/**"]), files());
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].starts_with("error Cargo.lock it changed in a place outside"),
            "{found:?}"
        );
        assert!(said(Some(&["crates/core/**", "Cargo.lock"]), files()).is_empty());
        assert!(said(None, files()).is_empty());
        assert_eq!(said(Some(&[]), files()).len(), 2);
    }

    #[test]
    fn both_sides_of_a_rename_count() {
        let mut file = FileChange::new("crates/core/a.rs", Status::Renamed);
        file.old_path = Some("crates/api/a.rs".into());
        let found = said(Some(&["crates/core/**"]), vec![file.clone()]);
        assert!(
            found[0].starts_with("error crates/api/a.rs it was moved away from"),
            "{found:?}"
        );
        assert_eq!(said(Some(&["crates/api/**"]), vec![file.clone()]).len(), 1);
        assert!(said(Some(&["crates/{api,core}/**"]), vec![file]).is_empty());
    }

    #[test]
    fn deleted_files_count() {
        assert_eq!(
            said(Some(&["src/**"]), vec![sample::removed("LICENSE", "x\n")]).len(),
            1
        );
    }
}
