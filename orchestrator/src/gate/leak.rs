//! Looks through everything that a branch would bring into a repository: added lines, names of new files, the branch's
//! name and the messages of its commits.
//!
//! Shared by the gates `secrets` and `words`; knows neither.

use std::os::unix::ffi::OsStrExt;
use std::sync::LazyLock;

use swarm_policy::leak::{Guard, Hit};

use crate::gate::judge::{Case, Report};
use crate::git::change::{FileChange, Status};

/// The guard for secrets without any word; `None` where it does not work, which is not known to happen. Making one takes
/// milliseconds, so there is one for the process.
pub(super) fn secrets_guard() -> Option<&'static Guard> {
    static GUARD: LazyLock<Option<Guard>> = LazyLock::new(|| Guard::new::<&str>(&[]).ok());
    GUARD.as_ref()
}

/// Reports every hit of `guard` for which `say` has a text.
pub(super) fn check(
    guard: &Guard,
    case: &Case<'_>,
    report: &mut Report,
    say: impl Fn(&Hit) -> Option<String>,
) {
    let plain = |bytes: &[u8], place: &str, report: &mut Report| {
        for text in guard.scan(bytes).iter().filter_map(&say) {
            report.error(None, &format!("{place} holds {text}"));
        }
    };
    plain(
        case.subject.branch.as_bytes(),
        "the name of the branch",
        report,
    );
    for (id, message) in &case.change.commits {
        let short = id.as_str().get(..12).unwrap_or(id.as_str());
        plain(message, &format!("the message of commit {short}"), report);
    }
    for file in &case.change.files {
        // The finding names no file here: the name itself is what must not get out.
        if matches!(file.status, Status::Added | Status::Renamed) {
            plain(
                file.path.as_os_str().as_bytes(),
                "the name of a new file",
                report,
            );
        }
    }
    for file in &case.change.files {
        let (text, numbers) = added_text(file);
        for hit in guard.scan(&text) {
            if let Some(text) = say(&hit) {
                let line = hit
                    .line
                    .checked_sub(1)
                    .and_then(|place| numbers.get(place))
                    .copied();
                report.error(Some((&file.path, line)), &format!("it holds {text}"));
            }
        }
    }
}

/// The added lines as one text, so that what spans lines is found, and the number of each of its lines. Between lines
/// that do not follow one another in the file stands an empty one.
fn added_text(file: &FileChange) -> (Vec<u8>, Vec<u32>) {
    let mut text = Vec::new();
    let mut numbers = Vec::with_capacity(file.added.len());
    let mut expected = None;
    for (number, line) in &file.added {
        if expected.is_some_and(|expected| expected != *number) {
            text.push(b'\n');
            numbers.push(*number);
        }
        text.extend_from_slice(line);
        text.push(b'\n');
        numbers.push(*number);
        expected = number.checked_add(1);
    }
    (text, numbers)
}
