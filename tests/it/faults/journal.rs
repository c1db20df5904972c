//! What is written about a run: torn, damaged, changed, or of another time.

use std::fs;
use std::path::PathBuf;

use swarm_orchestrator::journal::{self, Journal};
use swarm_tests::Signal;

use crate::scene::{Scene, TELL, hold};

/// A run that was killed while its first task was at work, and whose worker has ended since.
fn killed() -> Scene {
    let hold = hold("up", "go");
    let scene = Scene::new(&format!(
        "# Journal\n\n## first: Wait for a flag\n- run: {TELL}; {hold}; echo one > one.txt\n\n\
         ## second: Need it\n- needs: first\n- run: {TELL}; cat one.txt > two.txt\n"
    ));
    let running = scene.swarm(["run", "plan.md"]).start();
    scene.wait_for("up");
    running.signal(Signal::KILL);
    let _ = running.wait().killed_by(9);
    scene.raise("go");
    scene.env.nobody_is_left();
    scene
}

fn journal_of(scene: &Scene) -> PathBuf {
    scene.run_dir().join("journal.jsonl")
}

#[test]
fn a_journal_from_the_future_is_continued_and_time_never_goes_back() {
    let scene = killed();
    let path = journal_of(&scene);
    let entries = journal::peek(&path).expect("a journal");
    fs::remove_file(&path).expect("the journal goes");
    let mut moved = Journal::create(&path).expect("a new journal");
    let year = 365 * 24 * 3_600_000;
    for (mut at, entry) in entries {
        at.0 += year;
        moved.append(at, &[entry]).expect("an entry");
    }
    drop(moved);
    let last = journal::peek(&path).expect("it").last().expect("one").0;

    let _ = scene.swarm(["resume"]).run().success();
    scene.all_merged();
    assert_eq!(scene.told(), ["first 1", "second 1"]);
    let times: Vec<u64> = journal::peek(&path)
        .expect("a journal")
        .iter()
        .map(|(at, _)| at.0)
        .collect();
    assert!(times.is_sorted(), "{times:?}");
    let end = times.last().expect("one");
    assert!(*end >= last.0 && end - last.0 < 3_600_000, "{times:?}");
}

#[test]
fn a_torn_tail_is_cut_off() {
    for cut in [1, 7, 100] {
        let scene = killed();
        let path = journal_of(&scene);
        let bytes = fs::read(&path).expect("a journal");
        fs::write(&path, &bytes[..bytes.len() - cut]).expect("the torn journal");
        let _ = scene.swarm(["resume"]).run().success();
        scene.all_merged();
        assert_eq!(scene.told(), ["first 1", "second 1"], "cut {cut} bytes");
    }
}

#[test]
fn a_tail_of_rubbish_is_cut_off() {
    let scene = killed();
    let path = journal_of(&scene);
    let mut bytes = fs::read(&path).expect("a journal");
    // What a file system may leave of a write that a power failure cut short.
    bytes.extend_from_slice(&[0; 300]);
    fs::write(&path, &bytes).expect("the torn journal");
    let _ = scene.swarm(["resume"]).run().success();
    scene.all_merged();
}

/// Whoever asks for the run is told what is wrong with it, and the file stays as it is.
fn refused(scene: &Scene, file: &str, why: &str) {
    let path = scene.run_dir().join(file);
    let before = fs::read(&path).expect("the file");
    let run = scene.run_dir();
    let run = run.file_name().and_then(|name| name.to_str());
    let run = run.expect("a run's name");
    let ways = [
        format!("resume {run}"),
        "resume".to_owned(),
        format!("stop {run}"),
        format!("stop --cancel {run}"),
        format!("status {run}"),
        format!("log {run}"),
    ];
    for words in ways {
        let swarm = scene.env.swarm(&scene.path);
        let output = swarm.args(words.split(' ')).run().code(3);
        let said = output.raw_stderr();
        assert!(said.contains(why) && said.contains(file), "{output}");
        assert_eq!(fs::read(&path).expect("the file"), before, "{words:?}");
    }
    scene.env.nobody_is_left();
}

#[test]
fn a_journal_that_is_damaged_in_its_middle_is_refused_and_stays() {
    let scene = killed();
    let path = journal_of(&scene);
    let mut bytes = fs::read(&path).expect("a journal");
    let second = bytes
        .iter()
        .position(|byte| *byte == b'\n')
        .expect("a line")
        + 60;
    bytes[second] ^= 1;
    fs::write(&path, &bytes).expect("the damaged journal");
    refused(&scene, "journal.jsonl", "is damaged at entry 2");
}

#[test]
fn a_journal_that_lacks_a_line_is_refused_and_stays() {
    let scene = killed();
    let path = journal_of(&scene);
    let text = fs::read_to_string(&path).expect("a journal");
    let mut lines: Vec<&str> = text.lines().collect();
    let _lost = lines.remove(1);
    fs::write(&path, lines.join("\n") + "\n").expect("the damaged journal");
    refused(&scene, "journal.jsonl", "is damaged at entry 2");
}

#[test]
fn a_plan_that_was_changed_under_its_run_is_refused() {
    let scene = killed();
    let path = scene.run_dir().join("plan.md");
    let text = fs::read_to_string(&path).expect("the plan");
    fs::write(&path, text.replace("cat one.txt", "rm -rf one.txt")).expect("the changed plan");
    refused(&scene, "plan.md", "was changed");
}
