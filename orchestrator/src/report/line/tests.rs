//! Layout of lines, weights, and readers that go away.

use swarm_mailbox::id::{AttemptNo, CommitId};

use super::*;
use crate::report::finding::Finding;

fn task(name: &str) -> TaskId {
    TaskId::new(name).unwrap()
}

fn story() -> Vec<Notice> {
    let finding = |text: &str| Finding {
        gate: "cargo test".into(),
        file: None,
        line: None,
        text: text.into(),
    };
    let core = task("core");
    let commit = CommitId::new(&"a".repeat(40)).unwrap();
    vec![
        Notice::TaskStarted {
            task: core.clone(),
            attempt: AttemptNo(1),
            from: commit.clone(),
        },
        Notice::GatesFailed {
            task: core.clone(),
            attempt: AttemptNo(1),
            findings: vec![finding("one"), finding("two")],
        },
        Notice::Queued { task: core.clone() },
        Notice::Merged {
            tasks: vec![core, task("move-the-api")],
            commit,
        },
        Notice::Warning {
            text: "the disk is nearly full".into(),
        },
    ]
}

fn told(least: Weight) -> String {
    let tasks = [task("core"), task("move-the-api")];
    let mut out = Vec::new();
    let plain = anstream::StripStream::new(&mut out);
    let mut lines = Lines::new(plain, Layout::new(&tasks, Clock::Hidden, least));
    for notice in story() {
        lines.notice(Timestamp(0), &notice);
    }
    lines.end();
    String::from_utf8(out).unwrap()
}

#[test]
fn lines_are_aligned_by_the_longest_task() {
    insta::assert_snapshot!(told(Weight::Normal), @r"
    core          started from aaaaaaaa
    core          gates failed: cargo test: one (and 1 more)
    queue         merged core, move-the-api as aaaaaaaa
    warning       the disk is nearly full
    ");
}

#[test]
fn verbose_tells_every_step_and_every_finding() {
    insta::assert_snapshot!(told(Weight::Detail), @r"
    core          started from aaaaaaaa
    core          gates failed: cargo test: one (and 1 more)
                    cargo test: one
                    cargo test: two
    core          queued for merging
    queue         merged core, move-the-api as aaaaaaaa
    warning       the disk is nearly full
    ");
}

#[test]
fn quiet_tells_only_what_is_vital() {
    assert_eq!(
        told(Weight::Vital),
        "warning       the disk is nearly full\n"
    );
}

#[test]
fn the_first_column_has_its_bounds() {
    let column = |name: &str| Layout::new(&[task(name)], Clock::Hidden, Weight::Normal).column();
    assert_eq!(column("a"), MIN_COLUMN);
    assert_eq!(column(&"a".repeat(60)), MAX_COLUMN);
}

#[test]
fn a_history_has_the_time_of_day() {
    let layout = Layout::new(&[task("core")], Clock::Shown, Weight::Normal);
    let lines = layout.lines(Timestamp(1_772_366_400_000), &Notice::Paused);
    let plain = anstream::adapter::strip_str(&lines).to_string();
    let (time, rest) = plain.split_at(8);
    assert!(
        time.chars().all(|c| c.is_ascii_digit() || c == ':'),
        "{plain}"
    );
    assert_eq!(rest, "  run      paused: nothing new starts\n");
}

#[test]
fn a_reader_that_is_gone_does_not_end_the_story() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut lines = Lines::new(writer, Layout::new(&[], Clock::Hidden, Weight::Normal));
    lines.notice(Timestamp(0), &Notice::Paused);
    lines.notice(Timestamp(0), &Notice::Unpaused);
    assert!(lines.gone);
}
