//! How jobs are ended, and that nothing outlives them.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use swarm_mailbox::wire::report::{Exit, Outcome};
use swarm_worker::strays;

use crate::fixture::{Fixture, lives, wait_until};

/// Far below the time that the commands here would take, far above what ending them takes.
const SOON: Duration = Duration::from_secs(20);

/// Runs until SIGKILL.
const STUBBORN: &str = "trap '' TERM INT HUP; echo $$ > pid; while :; do sleep 300; done";

#[test]
fn a_command_that_hangs_is_ended_when_its_time_is_up() {
    let mut fixture = Fixture::new(&["echo begun; sleep 300", "echo never"]);
    fixture.spec.steps[0].timeout_ms = Some(150);
    let start = Instant::now();
    let report = fixture.run();
    assert_eq!(report.outcome, Outcome::TimedOut);
    assert_eq!(report.steps.len(), 1);
    assert_eq!(report.steps[0].exit, Exit::TimedOut);
    assert_eq!(report.steps[0].tail, "begun\n");
    assert!(start.elapsed() < SOON && report.steps[0].millis >= 150);
}

#[test]
fn a_command_that_ignores_sigterm_is_killed_after_the_grace_period() {
    let mut fixture = Fixture::new(&[STUBBORN]);
    fixture.spec.steps[0].timeout_ms = Some(100);
    let report = fixture.run();
    assert_eq!(report.steps[0].exit, Exit::TimedOut);
    let millis = report.steps[0].millis;
    assert!(
        (300..20_000).contains(&millis),
        "{millis} ms: a limit of 100 and 200 of grace"
    );
}

#[test]
fn the_time_of_the_job_ends_the_step_and_all_that_follow() {
    let mut fixture = Fixture::new(&["true", "sleep 300", "echo never"]);
    fixture.spec.timeout_ms = Some(200);
    fixture.spec.keep_going = true;
    let report = fixture.run();
    assert_eq!(report.outcome, Outcome::TimedOut);
    let exits: Vec<Exit> = report.steps.iter().map(|step| step.exit).collect();
    assert_eq!(exits, [Exit::Code(0), Exit::TimedOut]);
}

#[test]
fn the_steps_behind_one_that_timed_out_are_run_when_told_so() {
    let mut fixture = Fixture::new(&["sleep 300", "echo later"]);
    fixture.spec.steps[0].timeout_ms = Some(50);
    fixture.spec.keep_going = true;
    let report = fixture.run();
    assert_eq!(report.outcome, Outcome::TimedOut);
    assert_eq!(report.steps[1].exit, Exit::Code(0));
}

#[test]
fn a_stop_by_message_alone_is_heard() {
    let fixture = Fixture::new(&["echo up > up; sleep 300", "echo never"]);
    let worker = fixture.start();
    fixture.wait_for("up");
    fixture.post_stop(5000);
    let start = Instant::now();
    let report = worker.report(&fixture);
    assert_eq!(report.outcome, Outcome::Stopped);
    assert_eq!(report.steps[0].exit, Exit::Stopped);
    assert_eq!(report.steps.len(), 1);
    assert!(
        start.elapsed() < Duration::from_secs(4),
        "SIGTERM ended it, not the grace period"
    );
}

#[test]
fn a_stop_by_signal_is_heard_and_gives_time_to_clean_up() {
    for signal in [Signal::TERM, Signal::INT] {
        let command =
            "trap 'sleep 0.1; echo bye; exit 0' TERM; echo up > up; while :; do sleep 0.02; done";
        let mut fixture = Fixture::new(&[command]);
        fixture.spec.stop_grace_ms = 60_000;
        let worker = fixture.start();
        fixture.wait_for("up");
        worker.signal(signal);
        let report = worker.report(&fixture);
        assert_eq!(report.outcome, Outcome::Stopped);
        assert!(
            report.steps[0].tail.ends_with("bye\n"),
            "{}",
            report.steps[0].tail
        );
    }
}

#[test]
fn the_grace_period_of_the_message_counts_and_a_later_one_may_shorten_it() {
    let fixture = Fixture::new(&[STUBBORN]);
    let worker = fixture.start();
    fixture.wait_for("pid");
    fixture.post_stop(3_600_000);
    worker.signal(Signal::TERM);
    std::thread::sleep(Duration::from_millis(600));
    assert!(
        fixture.reports().is_empty(),
        "200 ms of the spec do not count"
    );
    fixture.post_stop(0);
    let start = Instant::now();
    assert_eq!(worker.report(&fixture).outcome, Outcome::Stopped);
    assert!(start.elapsed() < SOON);
}

#[test]
fn a_stop_before_the_first_step_starts_nothing() {
    let fixture = Fixture::new(&["touch started"]);
    fixture.post_stop(1000);
    let report = fixture.run();
    assert_eq!(report.outcome, Outcome::Stopped);
    assert!(report.steps.is_empty() && !fixture.file("started").exists());
}

#[test]
fn a_closing_terminal_ends_nothing() {
    let fixture = Fixture::new(&["echo up > up; while [ ! -e go ]; do sleep 0.02; done"]);
    let worker = fixture.start();
    fixture.wait_for("up");
    worker.signal(Signal::HUP);
    std::thread::sleep(Duration::from_millis(100));
    std::fs::write(fixture.file("go"), "").unwrap();
    assert_eq!(worker.report(&fixture).outcome, Outcome::Succeeded);
}

#[test]
fn a_background_process_that_holds_the_output_does_not_hold_the_job() {
    let fixture = Fixture::new(&[
        "(trap '' TERM HUP; echo $$ > pid; sleep 300) & echo done",
        "echo next",
    ]);
    let start = Instant::now();
    let report = fixture.run();
    assert_eq!(report.outcome, Outcome::Succeeded);
    assert_eq!(report.steps[0].tail, "done\n");
    assert_eq!(report.steps[1].tail, "next\n");
    assert!(start.elapsed() < SOON);
}

/// Leaves a grandchild in a session of its own, without the mark, that ignores all it can; its number is in `pid`.
const DAEMON: &str = "setsid env -i /bin/sh -c '/usr/bin/setsid /bin/sh -c \"trap \\\"\\\" TERM HUP INT; echo \\$\\$ > pid; exec /bin/sleep 300\" & ' &\n\
     while [ ! -s pid ]; do sleep 0.01; done";

#[test]
fn a_grandchild_with_a_session_of_its_own_dies_with_its_step() {
    let fixture = Fixture::new(&[DAEMON, "read pid < pid; kill -0 $pid && echo lives; exit 0"]);
    let report = fixture.run();
    assert_eq!(report.outcome, Outcome::Succeeded);
    assert!(
        !report.steps[1].tail.contains("lives"),
        "it outlived its step"
    );
    assert!(!lives(&fixture.wait_for("pid")));
}

#[test]
fn a_grandchild_with_a_session_of_its_own_dies_when_the_job_is_stopped() {
    let fixture = Fixture::new(&[&format!("{DAEMON}; echo up > up; sleep 300")]);
    let worker = fixture.start();
    fixture.wait_for("up");
    let pid = fixture.wait_for("pid");
    assert!(lives(&pid));
    fixture.post_stop(100);
    worker.signal(Signal::TERM);
    assert_eq!(worker.report(&fixture).outcome, Outcome::Stopped);
    assert!(!lives(&pid));
}

#[test]
fn a_chain_of_processes_that_fork_and_die_is_caught() {
    // Each link lives for 20 ms, starts the next and ends; the file grows as long as one lives.
    let link = "echo x >> links; sleep 0.02; setsid sh ./link.sh &\n";
    let fixture = Fixture::new(&["sh ./link.sh; sleep 0.2"]);
    std::fs::write(fixture.file("link.sh"), link).unwrap();
    assert_eq!(fixture.run().outcome, Outcome::Succeeded);
    let links = std::fs::read(fixture.file("links")).unwrap().len();
    std::thread::sleep(Duration::from_millis(150));
    assert_eq!(std::fs::read(fixture.file("links")).unwrap().len(), links);
    assert!(links >= 6, "the chain was there: {links}");
}

#[test]
fn orphans_that_end_during_a_step_are_not_kept_as_zombies() {
    let orphans = "i=0; while [ $i -lt 50 ]; do (true &) ; i=$((i+1)); done; sleep 0.3; echo up > up; while [ ! -e go ]; do sleep 0.02; done";
    let fixture = Fixture::new(&[orphans]);
    let worker = fixture.start();
    fixture.wait_for("up");
    let pid = worker.0.id();
    let children = swarm_mailbox::process::all()
        .into_iter()
        .filter(|(_, stat)| stat.parent == pid);
    assert_eq!(children.count(), 1, "only the command itself");
    std::fs::write(fixture.file("go"), "").unwrap();
    worker.report(&fixture);
}

#[test]
fn what_a_killed_worker_leaves_is_found_by_its_session_and_its_mark() {
    let fixture = Fixture::new(&["setsid sleep 300 & sleep 300 & echo up > up; wait"]);
    let mut worker = fixture.start();
    fixture.wait_for("up");
    wait_until("the note of the group", || {
        fixture.state().group().exists().then_some(())
    });
    let owner = worker.owner();
    assert_eq!(
        swarm_mailbox::lease::Lease::read(&fixture.state().lease()).unwrap(),
        Some(owner.clone())
    );
    worker.signal(Signal::KILL);
    assert!(!worker.end());
    assert!(fixture.reports().is_empty());
    assert_eq!(
        strays::in_session_of(&owner).len(),
        2,
        "the shell and one sleep"
    );
    let left = strays::marked(&fixture.spec.run);
    assert_eq!(left.len(), 3, "the shell and both sleeps: {left:?}");
    let group: swarm_mailbox::process::Owner =
        serde_json::from_slice(&std::fs::read(fixture.state().group()).unwrap()).unwrap();
    assert!(
        left.iter().any(|stray| stray.owner == group),
        "the shell leads the recorded group"
    );
    for stray in left {
        assert_eq!(stray.agent, fixture.spec.agent);
        stray.owner.signal(Signal::KILL).unwrap();
    }
    wait_until("their end", || {
        strays::marked(&fixture.spec.run).is_empty().then_some(())
    });
}
