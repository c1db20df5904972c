//! What steps see, and what the report says of them.

use std::fs;

use swarm_mailbox::wire::report::{Exit, Outcome};

use crate::fixture::Fixture;

#[test]
fn a_report_says_what_each_step_did() {
    let fixture = Fixture::new(&["echo one; echo two >&2; touch made", "echo three; exit 0"]);
    let report = fixture.run();
    assert_eq!(report.outcome, Outcome::Succeeded);
    assert_eq!(report.error, None);
    assert_eq!(fixture.log(), b"one\ntwo\nthree\n");
    assert_eq!(fixture.log_of(&report, 0), "one\ntwo\n");
    assert_eq!(fixture.log_of(&report, 1), "three\n");
    assert_eq!(report.steps[0].tail, "one\ntwo\n");
    assert_eq!(report.steps[1].tail, "three\n");
    assert_eq!(report.steps[1].name, "step 1");
    assert_eq!(report.steps[1].command, "echo three; exit 0");
    assert!(fixture.file("made").exists());
}

#[test]
fn a_failed_step_is_the_last_unless_told_otherwise() {
    let mut fixture = Fixture::new(&["true", "exit 3", "echo later; exit 4"]);
    let report = fixture.run();
    assert_eq!(report.outcome, Outcome::Failed);
    let exits: Vec<Exit> = report.steps.iter().map(|step| step.exit).collect();
    assert_eq!(exits, [Exit::Code(0), Exit::Code(3)]);

    fixture = Fixture::new(&["true", "kill -9 $$", "echo later; exit 4"]);
    fixture.spec.keep_going = true;
    let report = fixture.run();
    let exits: Vec<Exit> = report.steps.iter().map(|step| step.exit).collect();
    assert_eq!(exits, [Exit::Code(0), Exit::Signal(9), Exit::Code(4)]);
    assert_eq!(
        report.outcome,
        Outcome::Killed { signal: 9 },
        "the first failure counts"
    );
    assert_eq!(report.steps[2].tail, "later\n");
}

#[test]
fn a_missing_program_is_a_failure_with_code_127() {
    let report = Fixture::new(&["no-such-program-anywhere"]).run();
    assert_eq!(report.steps[0].exit, Exit::Code(127));
    assert_eq!(report.outcome, Outcome::Failed);
    assert!(report.steps[0].tail.contains("no-such-program-anywhere"));
}

#[test]
fn a_missing_directory_is_a_failure_that_names_it() {
    let mut fixture = Fixture::new(&["true"]);
    fixture.spec.dir = fixture.file("missing");
    let report = fixture.run();
    assert_eq!(report.outcome, Outcome::Failed);
    assert!(report.steps.is_empty());
    let error = report.error.unwrap();
    assert!(
        error.contains("cannot start step 'step 0' in ") && error.contains("/missing: "),
        "{error}"
    );
}

#[test]
fn a_job_without_steps_succeeds() {
    assert_eq!(Fixture::new(&[]).run().outcome, Outcome::Succeeded);
}

#[test]
fn steps_get_the_environment_of_the_spec_and_the_mark_and_nothing_else() {
    let mut fixture = Fixture::new(&["env | grep -v -e ^PWD= -e ^OLDPWD= -e ^SHLVL= -e ^_="]);
    fixture.spec.env.insert("ODD".into(), "a b\tü=x".into());
    let report = fixture.run();
    let mut lines: Vec<&str> = report.steps[0].tail.lines().collect();
    lines.sort_unstable();
    let mark = format!("SWARM_AGENT={}/core.1", fixture.spec.run);
    assert_eq!(
        lines,
        [
            "ODD=a b\tü=x",
            "PATH=/usr/local/bin:/usr/bin:/bin",
            mark.as_str()
        ]
    );
}

#[test]
fn steps_run_in_the_directory_of_the_spec_whatever_its_name() {
    use std::os::unix::ffi::OsStrExt;
    let mut fixture = Fixture::new(&["echo here > made"]);
    fixture.spec.dir = fixture
        .file("")
        .join(std::ffi::OsStr::from_bytes(b"a\n\xff dir"));
    fs::create_dir(&fixture.spec.dir).unwrap();
    assert_eq!(fixture.run().outcome, Outcome::Succeeded);
    assert_eq!(fs::read_to_string(fixture.file("made")).unwrap(), "here\n");
}

#[test]
fn steps_have_no_terminal_no_input_and_default_signals() {
    let ask = "cat; (: < /dev/tty) 2>/dev/null && echo terminal; grep -E '^Sig(Blk|Ign)' /proc/self/status";
    let report = Fixture::new(&[ask]).run();
    let lines: Vec<&str> = report.steps[0].tail.lines().collect();
    let [blocked, ignored] = lines[..] else {
        panic!("{lines:?}")
    };
    assert_eq!(blocked, "SigBlk:\t0000000000000000");
    let ignored = u64::from_str_radix(ignored.trim_start_matches("SigIgn:\t"), 16).unwrap();
    // SIGHUP, SIGINT, SIGPIPE and SIGTERM. Whether others were ignored by whoever runs this test is not ours.
    assert_eq!(ignored & 0x5003, 0, "{ignored:x}");
}

#[test]
fn steps_run_in_the_session_of_the_worker_each_in_its_own_group() {
    // Fields 4 to 6 behind the name: parent, group, session.
    let ask = "sed 's/.*) //' /proc/$$/stat | cut -d' ' -f2-4";
    let fixture = Fixture::new(&[ask, ask]);
    let worker = fixture.start();
    let pid = worker.0.id().to_string();
    let report = worker.report(&fixture);
    let fields = |at: usize| -> Vec<String> {
        report.steps[at]
            .tail
            .split_whitespace()
            .map(str::to_owned)
            .collect()
    };
    let (first, second) = (fields(0), fields(1));
    assert_eq!([&first[0], &first[2]], [&pid, &pid]);
    assert_eq!([&second[0], &second[2]], [&pid, &pid]);
    assert_ne!(first[1], second[1]);
}

#[test]
fn a_worker_runs_once_in_its_life() {
    let fixture = Fixture::new(&["echo x >> ran"]);
    fixture.run();
    let mut second = fixture.start();
    assert!(!second.end());
    let said = fs::read_to_string(fixture.state().worker_log()).unwrap();
    assert!(
        said.contains("refused to run a second time: it was used up by process"),
        "{said}"
    );
    assert_eq!(fs::read_to_string(fixture.file("ran")).unwrap(), "x\n");
    assert_eq!(fixture.reports().len(), 1);
}

#[test]
fn of_workers_started_at_once_one_runs() {
    let fixture = Fixture::new(&["echo x >> ran; sleep 0.2"]);
    let mut workers: Vec<_> = (0..6).map(|_| fixture.start()).collect();
    let good = workers
        .iter_mut()
        .map(|worker| worker.end())
        .filter(|good| *good)
        .count();
    assert_eq!(good, 1);
    assert_eq!(fs::read_to_string(fixture.file("ran")).unwrap(), "x\n");
    assert_eq!(fixture.reports().len(), 1);
}
