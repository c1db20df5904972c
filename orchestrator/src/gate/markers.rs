//! Gate `markers`: no conflict markers were added.
//!
//! A marker is seven equal characters at the start of a line, and only the whole triple is an error: a row of `=` alone
//! underlines a heading, and indented or quoted markers are about conflicts.

use crate::gate::judge::{Case, Report};
use crate::git::change::FileChange;

/// One line of the triple.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Marker {
    Start,
    Middle,
    End,
}

pub(super) fn check(case: &Case<'_>, report: &mut Report) {
    for file in &case.change.files {
        check_file(file, report);
    }
}

fn check_file(file: &FileChange, report: &mut Report) {
    // The line of the last start, and whether its middle came already.
    let mut open: Option<(u32, bool)> = None;
    let mut lone: Option<u32> = None;
    let mut found = false;
    for (number, line) in &file.added {
        match (marker(line), open) {
            (Some(Marker::Start), before) => {
                lone = lone.or(before.map(|(start, _)| start));
                open = Some((*number, false));
            }
            (Some(Marker::Middle), Some((start, false))) => open = Some((start, true)),
            (Some(Marker::End), Some((start, true))) => {
                let text = format!("a conflict that is not resolved, up to line {number}");
                report.error(Some((&file.path, Some(start))), &text);
                found = true;
                open = None;
            }
            (Some(Marker::End), _) => lone = lone.or(Some(*number)),
            (Some(Marker::Middle), _) | (None, _) => {}
        }
    }
    let lone = lone.or(open.map(|(start, _)| start));
    if let (Some(line), false) = (lone, found) {
        let text = "this looks like one part of a conflict that is not wholly resolved";
        report.warn(Some((&file.path, Some(line))), text);
    }
}

fn marker(line: &[u8]) -> Option<Marker> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let (head, rest) = line.split_at_checked(7)?;
    let marker = match head {
        b"<<<<<<<" => Marker::Start,
        b"=======" => Marker::Middle,
        b">>>>>>>" => Marker::End,
        _ => return None,
    };
    match (marker, rest.first()) {
        (_, None) => Some(marker),
        // A label follows after a space.
        (Marker::Start | Marker::End, Some(b' ')) => Some(marker),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use crate::gate::sample;

    fn said(text: &str) -> Vec<String> {
        sample::said("markers", vec![sample::added("f", text)])
    }

    #[test]
    fn a_triple_is_an_error_at_its_first_line() {
        let plain = "a\n<<<<<<< HEAD\none\n=======\ntwo\n>>>>>>> other\nb\n";
        assert_eq!(
            said(plain),
            ["error f:2 a conflict that is not resolved, up to line 6"]
        );
        let diff3 = "<<<<<<< ours\r\n1\r\n||||||| base\r\n0\r\n=======\r\n2\r\n>>>>>>> theirs\r\n";
        assert_eq!(said(diff3).len(), 1);
        assert_eq!(said(&format!("{plain}{plain}")).len(), 2);
        assert_eq!(said("<<<<<<<\n=======\n>>>>>>>").len(), 1);
    }

    #[test]
    fn one_labelled_marker_is_a_warning() {
        assert!(said("x\n>>>>>>> feature/y\n")[0].starts_with("warning f:2"));
        assert!(said("<<<<<<< HEAD\nx\n")[0].starts_with("warning f:1"));
    }

    #[test]
    fn look_alikes_are_none() {
        for text in [
            "Heading\n=======\n\ntext\n",
            "=======\nHeading\n=======\n",
            "Title\n=======\n<<<<<<<x\n>>>>>>>y\n",
            "<<<<<<<< eight\n========\n>>>>>>>> eight\n",
            "    <<<<<<< HEAD\n    =======\n    >>>>>>> x\n",
            "\"<<<<<<< HEAD\n\" =======\n\">>>>>>> x\n",
            "> <<<<<<< HEAD\n> =======\n> >>>>>>> x\n",
            ">>>>>>\n<<<<<<\n",
            "======= =======\na       b\n======= =======\n",
        ] {
            assert!(said(text).is_empty(), "{text}: {:?}", said(text));
        }
    }

    #[test]
    fn markers_that_are_removed_are_none() {
        let resolved = sample::edited("f", "<<<<<<< a\n1\n=======\n2\n>>>>>>> b\n", "1\n");
        assert!(sample::said("markers", vec![resolved]).is_empty());
    }
}
