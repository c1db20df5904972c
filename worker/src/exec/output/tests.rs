//! The log with small limits, where every byte can be counted.

use super::*;

/// A log with a limit of two times `half` bytes.
fn log(dir: &Path, half: u64) -> Log {
    let mut log = Log::new(&dir.join("output.log"), 0);
    log.half = half;
    log
}

fn text(dir: &Path) -> String {
    fs::read_to_string(dir.join("output.log")).unwrap()
}

#[test]
fn output_up_to_the_limit_is_kept_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = log(dir.path(), 5);
    log.append(b"0123");
    log.append(b"456789");
    log.close();
    assert_eq!(text(dir.path()), "0123456789");
    assert_eq!(log.place((0, 4)), (0, 4));
    assert_eq!(log.place((4, 10)), (4, 10));
}

#[test]
fn output_over_the_limit_keeps_both_ends() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = log(dir.path(), 5);
    log.append(b"0123456789a");
    assert_eq!(
        text(dir.path()),
        "0123456789a",
        "there is some room while the job runs"
    );
    log.close();
    assert_eq!(
        text(dir.path()),
        "01234\n[swarm: 1 bytes are left out here]\n6789a"
    );
    log.close();
    assert_eq!(
        text(dir.path()),
        "01234\n[swarm: 1 bytes are left out here]\n6789a"
    );
}

#[test]
fn what_is_left_out_stands_where_the_marker_is() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = log(dir.path(), 5);
    log.append(b"0123456789abcdef");
    log.close();
    let text = text(dir.path());
    let (head, rest) = text.split_at(5);
    let (marker, tail) = rest.split_at(rest.len() - 5);
    assert_eq!((head, tail), ("01234", "bcdef"));
    let slice = |span| {
        let (start, end) = log.place(span);
        text[start as usize..end as usize].to_owned()
    };
    assert_eq!(slice((0, 3)), "012");
    assert_eq!(slice((0, 7)), format!("01234{marker}"));
    assert_eq!(slice((6, 9)), marker);
    assert_eq!(slice((8, 13)), format!("{marker}bc"));
    assert_eq!(slice((13, 16)), "def");
    assert_eq!(slice((16, 16)), "");
    assert_eq!(slice((0, 16)), text);
}

#[test]
fn any_chunks_give_the_same_file_and_it_stays_bounded() {
    let all: Vec<u8> = (0..5000_u32).map(|at| b'a' + (at % 23) as u8).collect();
    let expected = {
        let marker = format!("\n[swarm: {} bytes are left out here]\n", all.len() - 200);
        [&all[..100], marker.as_bytes(), &all[all.len() - 100..]].concat()
    };
    for size in [1, 7, 99, 100, 101, 200, 201, 1024, 5000] {
        let dir = tempfile::tempdir().unwrap();
        let mut log = log(dir.path(), 100);
        for chunk in all.chunks(size) {
            log.append(chunk);
            let kept = dir.path().join("output.log").metadata().unwrap().len();
            assert!(
                kept <= 300 + 60 + size as u64,
                "{kept} bytes with chunks of {size}"
            );
        }
        log.close();
        assert_eq!(text(dir.path()).into_bytes(), expected, "chunks of {size}");
        assert_eq!(
            fs::read_dir(dir.path()).unwrap().count(),
            1,
            "a temporary file stayed"
        );
    }
}

#[test]
fn a_tail_begins_with_a_whole_character() {
    let text = "ü".repeat(TAIL_BYTES);
    assert_eq!(
        text_of(&text.as_bytes()[1..=TAIL_BYTES]),
        format!("{}\u{fffd}", &text[2..TAIL_BYTES])
    );
    assert_eq!(
        text_of(b"\xbc short output is told as it is"),
        "\u{fffd} short output is told as it is"
    );
}

#[test]
fn a_log_that_cannot_be_opened_says_so_and_takes_output_all_the_same() {
    let output = Output::new(Path::new("/nowhere/output.log"), 100);
    output.lock().append(b"x");
    let error = output.close().unwrap();
    assert!(
        error.starts_with("output behind byte 0 could not be kept in /nowhere/output.log: "),
        "{error}"
    );
}

#[test]
fn output_that_never_ends_is_cut_off_and_does_not_reach_the_next_step() {
    let dir = tempfile::tempdir().unwrap();
    let output = Output::new(&dir.path().join("output.log"), 0);
    let (reader, mut writer) = io::pipe().unwrap();
    let capture = output.capture(reader).unwrap();
    writer.write_all(b"first").unwrap();
    while output.lock().total < 5 {
        thread::yield_now();
    }
    let kept = capture.finish(Duration::from_millis(10));
    assert_eq!((kept.span, kept.tail.as_str()), ((0, 5), "first"));

    let (next_reader, mut next_writer) = io::pipe().unwrap();
    let next = output.capture(next_reader).unwrap();
    // The thread that was cut off ends at its next read, whether the pipe still takes this or not.
    let _ = writer.write_all(b"late");
    next_writer.write_all(b"second").unwrap();
    drop(next_writer);
    let kept = next.finish(Duration::from_secs(60));
    assert_eq!((kept.span, kept.tail.as_str()), ((5, 11), "second"));
}
