//! Names of workers, growing and replaced files, lines of JSON.

use super::*;

fn task(name: &str) -> TaskId {
    TaskId::new(name).unwrap()
}

fn state(dir: &Path) -> StateDir {
    fs::create_dir_all(dir).unwrap();
    StateDir::new(dir)
}

fn copied(tail: &mut Tail, state: &StateDir) -> String {
    let mut out = Vec::new();
    assert!(tail.copy(state, &mut out).is_ok());
    String::from_utf8(out).unwrap()
}

fn tail(state: &StateDir) -> Tail {
    Tail {
        path: state.output(),
        file: None,
    }
}

#[test]
fn the_name_of_a_worker_says_task_try_part_and_replacement() {
    let core = task("core");
    for (name, work, gates) in [
        ("core.1", Some((1, 0)), None),
        ("core.12.3", Some((12, 3)), None),
        ("core.1.check", None, Some((1, 0))),
        ("core.1.check.2", None, Some((1, 2))),
        ("core", None, None),
        ("core.x", None, None),
        ("core.1.2.3", None, None),
        ("core-2.1", None, None),
        ("score.1", None, None),
    ] {
        assert_eq!(parse(name, &core, Part::Work), work, "{name}");
        assert_eq!(parse(name, &core, Part::Gates), gates, "{name}");
    }
}

#[test]
fn the_newest_try_is_taken_by_number_and_not_by_name() {
    let dir = tempfile::tempdir().unwrap();
    for name in [
        "core.2",
        "core.9",
        "core.10",
        "core.10.1",
        "core.10.check",
        "other.11",
    ] {
        fs::create_dir(dir.path().join(name)).unwrap();
    }
    let found = |attempt: Option<u32>, part| {
        let found = newest(dir.path(), &task("core"), attempt.map(AttemptNo), part).unwrap()?;
        Some(found.path.file_name().unwrap().to_str().unwrap().to_owned())
    };
    assert_eq!(found(None, Part::Work).as_deref(), Some("core.10.1"));
    assert_eq!(found(Some(9), Part::Work).as_deref(), Some("core.9"));
    assert_eq!(found(None, Part::Gates).as_deref(), Some("core.10.check"));
    assert_eq!(found(Some(3), Part::Work), None);
    assert_eq!(
        newest(dir.path(), &task("none"), None, Part::Work).unwrap(),
        None
    );
}

#[test]
fn a_growing_file_is_copied_piece_by_piece() {
    let dir = tempfile::tempdir().unwrap();
    let state = state(dir.path());
    let mut tail = tail(&state);
    assert_eq!(copied(&mut tail, &state), "", "there is no file yet");
    let mut file = File::create(state.output()).unwrap();
    file.write_all(b"one\n").unwrap();
    assert_eq!(copied(&mut tail, &state), "one\n");
    file.write_all(b"two").unwrap();
    assert_eq!(copied(&mut tail, &state), "two");
    assert_eq!(copied(&mut tail, &state), "");
}

#[test]
fn what_a_replaced_file_repeats_is_not_printed_again() {
    let dir = tempfile::tempdir().unwrap();
    let state = state(dir.path());
    let spec = serde_json::json!({
        "v": 1, "run": "0abc1defg", "report_to": "engine", "mail": "/m", "state": dir.path(), "agent": "core.1",
        "dir": "/d", "env": {}, "steps": [{ "name": "run", "command": "true" }], "keep_going": false,
        "timeout_ms": null, "stop_grace_ms": 1000, "log_limit": 20,
    });
    fs::write(state.spec(), spec.to_string()).unwrap();
    WorkerSpec::load(&state.spec()).unwrap();
    let head = "h".repeat(MIN_LIMIT as usize / 2);
    let mut old = File::create(state.output()).unwrap();
    write!(old, "{head}begin").unwrap();
    let mut tail = tail(&state);
    assert_eq!(copied(&mut tail, &state).len(), head.len() + 5);
    // The worker appended to the old file, replaced it by a shorter one, and went on there.
    let more = "m".repeat(head.len() + 1000);
    old.write_all(more.as_bytes()).unwrap();
    let gap = "\n[swarm: 1005 bytes are left out here]\n";
    let new = dir.path().join("new");
    fs::write(&new, format!("{head}{gap}{}new", &more[1000..])).unwrap();
    fs::rename(new, state.output()).unwrap();
    assert_eq!(copied(&mut tail, &state), more + "new");
}

#[test]
fn each_line_becomes_an_object() {
    let mut out = Vec::new();
    let mut lines = JsonLines::new(&mut out);
    lines.write_all(b"a \"b\"\n\xff\n").unwrap();
    lines.write_all(b"no end").unwrap();
    lines.finish().unwrap();
    let text = String::from_utf8(out).unwrap();
    assert_eq!(
        text,
        "{\"line\":\"a \\\"b\\\"\"}\n{\"line\":\"\u{fffd}\"}\n{\"line\":\"no end\"}\n"
    );
}

#[test]
fn following_ends_when_nobody_works_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let state = state(dir.path());
    fs::write(state.output(), "all of it").unwrap();
    let mut out = Vec::new();
    assert!(print(&state, true, &mut out).is_ok());
    assert_eq!(out, b"all of it");
}
