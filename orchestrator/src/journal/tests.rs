//! The journal's format, its torn tails and its damage.

use std::fs;
use std::io::Write;

use swarm_mailbox::id::{AttemptNo, TaskId};

use super::entry::EventEntry;
use super::*;

fn tick() -> Entry {
    Entry::Event {
        event: EventEntry::Tick,
        cause: None,
    }
}

fn started(task: &str) -> Entry {
    Entry::Event {
        event: EventEntry::WorkerStarted {
            task: TaskId::new(task).unwrap(),
            attempt: AttemptNo::FIRST,
        },
        cause: None,
    }
}

fn journal_of(entries: &[Entry]) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.jsonl");
    let mut journal = Journal::create(&path).unwrap();
    journal.append(Timestamp(7), entries).unwrap();
    (dir, path)
}

#[test]
fn what_was_appended_is_read_back() {
    let (_dir, path) = journal_of(&[tick(), started("core")]);
    let opened = Journal::open(&path).unwrap();
    assert_eq!(
        opened.entries,
        [(Timestamp(7), tick()), (Timestamp(7), started("core"))]
    );
    assert_eq!((opened.torn_bytes, opened.journal.len()), (0, 2));
}

#[test]
fn the_format_of_version_1_stays_readable() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("journal.jsonl");
    fs::write(&path, include_bytes!("golden/v1.jsonl")).unwrap();
    let entries = Journal::open(&path).unwrap().entries;
    assert_eq!(entries.len(), 4);
    assert!(matches!(&entries[0].1, Entry::Opened(opening) if opening.limits.slots == 8));
    assert_eq!(entries[3], (Timestamp(1_790_000_000_250), started("core")));
}

#[test]
fn writing_gives_the_golden_bytes() {
    let (_dir, path) = journal_of(&[tick()]);
    let text = fs::read_to_string(path).unwrap();
    assert_eq!(
        text,
        format!(
            "{{\"v\":1,\"seq\":1,\"at\":7,\"sum\":\"{}\",\"body\":{{\"type\":\"event\",\"event\":\"tick\"}}}}\n",
            checksum(1, 7, r#"{"type":"event","event":"tick"}"#)
        )
    );
}

#[test]
fn a_tail_torn_at_any_byte_is_cut_off_and_appending_goes_on() {
    let (_dir, path) = journal_of(&[tick(), started("core")]);
    let whole = fs::read(&path).unwrap();
    let first = whole.iter().position(|b| *b == b'\n').unwrap() + 1;
    for cut in first..whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let mut opened = Journal::open(&path).unwrap();
        assert_eq!(opened.entries.len(), 1, "cut at {cut}");
        assert_eq!(opened.torn_bytes, (cut - first) as u64);
        opened.journal.append(Timestamp(8), &[tick()]).unwrap();
        assert_eq!(Journal::open(&path).unwrap().entries.len(), 2);
    }
}

#[test]
fn garbage_after_the_last_entry_is_a_torn_tail() {
    let (_dir, path) = journal_of(&[tick()]);
    let mut file = OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"\0\0\0\0\n{\"v\":1,\n").unwrap();
    let opened = Journal::open(&path).unwrap();
    assert_eq!((opened.entries.len(), opened.torn_bytes), (1, 13));
}

#[test]
fn damage_before_the_tail_is_refused() {
    let (_dir, path) = journal_of(&[tick(), tick(), tick()]);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("\"at\":7", "\"at\":9", 1)).unwrap();
    assert!(matches!(
        Journal::open(&path),
        Err(JournalError::Damaged { entry: 1, .. })
    ));
}

#[test]
fn a_missing_line_is_refused() {
    let (_dir, path) = journal_of(&[tick(), started("a"), tick()]);
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<_> = text.split_inclusive('\n').collect();
    fs::write(&path, [lines[0], lines[2]].concat()).unwrap();
    assert!(matches!(
        Journal::open(&path),
        Err(JournalError::Damaged { entry: 2, .. })
    ));
}

#[test]
fn a_newer_journal_is_refused_and_left_alone() {
    let (_dir, path) = journal_of(&[tick()]);
    let text = fs::read_to_string(&path)
        .unwrap()
        .replace("\"v\":1", "\"v\":2");
    fs::write(&path, &text).unwrap();
    assert!(matches!(
        Journal::open(&path),
        Err(JournalError::Newer { version: 2, .. })
    ));
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn an_existing_journal_is_never_overwritten() {
    let (_dir, path) = journal_of(&[tick()]);
    assert!(Journal::create(&path).is_err());
}

#[test]
fn a_full_disk_leaves_the_journal_whole() {
    // `/dev/full` takes no byte; the error must name the file and nothing may be counted as written.
    let mut journal = Journal {
        file: OpenOptions::new().append(true).open("/dev/full").unwrap(),
        path: "/dev/full".into(),
        next_seq: 1,
        written: 0,
    };
    let error = journal.append(Timestamp(1), &[tick()]).unwrap_err();
    assert!(error.to_string().contains("/dev/full"), "{error}");
    assert!(journal.is_empty());
}
