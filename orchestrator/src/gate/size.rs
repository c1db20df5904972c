//! Gate `size`: no file that is added or changed is larger than the limit.

use crate::gate::judge::{Case, Report};
use crate::git::change::{FileChange, Status};
use crate::settings::size::rounded;

pub(super) fn check(case: &Case<'_>, report: &mut Report) {
    let most = case.settings.max_file_size;
    for file in &case.change.files {
        if file.size <= most || is_only_moved(file) {
            continue;
        }
        let place = Some((file.path.as_path(), None));
        let sizes = format!(
            "it has {}, and {} is the most",
            rounded(file.size),
            rounded(most)
        );
        if size_before(file).is_some_and(|before| before > most) {
            report.warn(place, &format!("{sizes} (it was over that before, too)"));
        } else {
            report.error(
                place,
                &format!("{sizes}; keep it out of the repository, or raise gate.max-file-size"),
            );
        }
    }
}

/// Whether its content is what it was.
fn is_only_moved(file: &FileChange) -> bool {
    match file.status {
        Status::ModeChanged => true,
        // Of a binary file that was moved nobody says whether it was edited, too.
        Status::Renamed => {
            !file.binary && !file.truncated && file.added.is_empty() && file.removed.is_empty()
        }
        Status::Added | Status::Modified | Status::Deleted | Status::TypeChanged => false,
    }
}

/// How large a text was before the change, if that can be told.
fn size_before(file: &FileChange) -> Option<u64> {
    if file.binary || file.truncated || !matches!(file.status, Status::Modified | Status::Renamed) {
        return None;
    }
    let bytes = |lines: &[(u32, Vec<u8>)]| {
        lines
            .iter()
            .map(|(_, line)| line.len() as u64 + 1)
            .sum::<u64>()
    };
    Some((file.size + bytes(&file.removed)).saturating_sub(bytes(&file.added)))
}

#[cfg(test)]
mod tests {
    use crate::gate::sample;
    use crate::git::change::{FileChange, Status};

    const LIMIT: u64 = 1 << 20;

    fn said(status: Status, size: u64, edit: impl FnOnce(&mut FileChange)) -> Vec<String> {
        let mut file = FileChange {
            size,
            ..FileChange::new("f", status)
        };
        edit(&mut file);
        sample::said("size", vec![file])
    }

    #[test]
    fn a_file_over_the_limit_is_an_error_and_one_at_the_limit_is_none() {
        assert!(said(Status::Added, LIMIT, |_| {}).is_empty());
        let found = said(Status::Added, 3 * LIMIT / 2, |file| file.binary = true);
        assert!(
            found[0].starts_with("error f it has 1.5 MiB, and 1.0 MiB is the most"),
            "{found:?}"
        );
    }

    #[test]
    fn a_text_that_was_large_before_is_a_warning() {
        let line = |file: &mut FileChange| file.added.push((1, b"x".to_vec()));
        assert!(said(Status::Modified, LIMIT + 100, line)[0].starts_with("warning"));
        let growth = |file: &mut FileChange| file.added.push((1, vec![b'x'; 200]));
        assert!(said(Status::Modified, LIMIT + 100, growth)[0].starts_with("error"));
        let binary = |file: &mut FileChange| file.binary = true;
        assert!(said(Status::Modified, LIMIT + 100, binary)[0].starts_with("error"));
    }

    #[test]
    fn what_only_moves_or_goes_is_none() {
        assert!(said(Status::Renamed, 2 * LIMIT, |_| {}).is_empty());
        assert!(said(Status::ModeChanged, 2 * LIMIT, |_| {}).is_empty());
        assert!(said(Status::Deleted, 0, |_| {}).is_empty());
    }
}
