//! Signals and the user's words, against a run with a living engine and against one whose engine died.
//!
//! Whatever ends an engine, the run goes on with `swarm resume` as if nothing had been: nothing is redone that was done,
//! and nobody is left behind.

use std::time::{Duration, Instant};

use swarm_tests::{Output, Running, Signal, TestEnv, wait_until};

use crate::scene::{PATIENCE, Scene, TELL, hold};
use crate::sealed;

/// `first` waits for a flag, `second` needs it.
fn two_tasks() -> String {
    let hold = hold("first-runs", "go");
    format!(
        "# Two\n\n## first: Wait for a flag\n- run: {TELL}; {hold}; echo one > one.txt\n- retries: 0\n\n\
         ## second: Need the first\n- needs: first\n- run: {TELL}; cat one.txt > two.txt\n"
    )
}

/// The first try of `first` does not end, and ignores SIGTERM; the second one works.
fn stubborn() -> String {
    format!(
        "# Stubborn\n\n## first: Never end at the first try\n- retries: 0\n- run: {TELL}; touch ~/first-runs; \
         if [ $SWARM_ATTEMPT = 1 ]; then exec swarm-fake ignore-term; fi; echo one > one.txt\n"
    )
}

/// A world in which nobody waits long for a process that was asked to stop.
fn hasty() -> TestEnv {
    sealed().with("SWARM_STOP_GRACE", "200ms")
}

/// Starts the run and waits until its first task is at work.
fn started<const N: usize>(scene: &Scene, flags: [&str; N]) -> Running {
    let running = scene.swarm(["run", "plan.md"]).args(flags).start();
    scene.wait_for("first-runs");
    running
}

/// The run was stopped, says how to go on, and can be gone on with.
#[track_caller]
fn interrupted(scene: &Scene, output: Output) {
    let output = output.code(130);
    let standing = scene.standing();
    assert_eq!(standing.state, "suspended", "{standing:#?}");
    let advice = format!("swarm resume {}", standing.run);
    assert!(output.raw_stdout().contains(&advice), "{output}");
    scene.env.nobody_is_left();
}

/// A stop lets what runs finish, starts nothing new, and a resume does only what is left.
fn lets_finish(signal: Signal) {
    let scene = Scene::new(&two_tasks());
    let mut running = started(&scene, ["--grace", "1h"]);
    running.signal(signal);
    running.wait_for("stopping");
    scene.raise("go");
    interrupted(&scene, running.wait());
    assert_eq!(scene.told(), ["first 1"], "nothing new was started");
    assert!(
        !scene
            .journal()
            .iter()
            .any(|entry| entry["body"]["event"] == "checked"),
        "no gates either"
    );

    let _ = scene.swarm(["resume"]).run().success();
    scene.all_merged();
    assert_eq!(
        scene.told(),
        ["first 1", "second 1"],
        "nothing was done twice"
    );
}

#[test]
fn ctrl_c_lets_running_workers_finish_and_a_resume_does_the_rest() {
    lets_finish(Signal::INT);
}

#[test]
fn a_polite_kill_is_taken_like_ctrl_c() {
    lets_finish(Signal::TERM);
}

#[test]
fn what_does_not_finish_within_the_grace_period_is_stopped() {
    let scene = Scene::within(hasty(), &stubborn());
    let running = started(&scene, ["--grace", "100ms"]);
    running.signal(Signal::INT);
    interrupted(&scene, running.wait());

    let _ = scene.swarm(["resume"]).run().success();
    // The plan allows no retries: a try that was stopped does not count.
    scene.all_merged();
    assert_eq!(scene.told(), ["first 1", "first 2"]);
}

/// However long the grace periods are, a second signal ends everything at once.
fn kills_at_once(second: Signal) {
    let env = sealed().with("SWARM_STOP_GRACE", "1h");
    let scene = Scene::within(env, &stubborn());
    let mut running = started(&scene, ["--grace", "1h"]);
    running.signal(Signal::INT);
    running.wait_for("stopping");
    let since = Instant::now();
    running.signal(second);
    interrupted(&scene, running.wait());
    // A worker that is not gone by itself is given five seconds.
    assert!(
        since.elapsed() < Duration::from_secs(15),
        "{:?}",
        since.elapsed()
    );

    let _ = scene.swarm(["resume"]).run().success();
    scene.all_merged();
    assert_eq!(scene.told(), ["first 1", "first 2"]);
}

#[test]
fn a_second_ctrl_c_kills_what_runs() {
    kills_at_once(Signal::INT);
}

#[test]
fn a_polite_kill_after_ctrl_c_kills_what_runs() {
    kills_at_once(Signal::TERM);
}

#[test]
fn a_second_ctrl_c_hastens_a_stop_that_is_under_way() {
    let env = sealed().with("SWARM_STOP_GRACE", "1h");
    let scene = Scene::within(env, &stubborn());
    let mut running = started(&scene, ["--grace", "0ms"]);
    running.signal(Signal::INT);
    running.wait_for("stopping");
    running.signal(Signal::INT);
    interrupted(&scene, running.wait());
}

#[test]
fn a_second_ctrl_c_hastens_a_cancellation_too() {
    let env = sealed().with("SWARM_STOP_GRACE", "1h");
    let scene = Scene::within(env, &stubborn());
    let running = started(&scene, []);
    let _ = scene.swarm(["stop", "--cancel"]).run().success();
    wait_until(PATIENCE, "the cancellation was taken note of", || {
        scene
            .journal()
            .iter()
            .any(|entry| entry["body"]["event"] == "cancel")
    });
    running.signal(Signal::INT);
    running.signal(Signal::TERM);
    let _ = running.wait().code(130);
    assert_eq!(scene.standing().tasks["first"].state, "cancelled");
    scene.env.nobody_is_left();
}

#[test]
fn ctrl_c_on_a_terminal_reaches_the_engine_and_no_worker() {
    let scene = Scene::new(&two_tasks());
    let mut screen = scene
        .swarm(["run", "plan.md", "--grace", "1h"])
        .on_screen(24, 100);
    scene.wait_for("first-runs");
    screen.press("\x03");
    let _ = screen.wait_for("stopping");
    scene.raise("go");
    assert_eq!(screen.wait(), 130);
    assert!(screen.text().contains("swarm resume"), "{}", screen.text());
    let _ = scene.swarm(["resume"]).run().success();
    scene.all_merged();
    assert_eq!(scene.told(), ["first 1", "second 1"]);
}

#[test]
fn workers_outlive_a_terminal_that_closes_and_what_they_did_counts() {
    let scene = Scene::new(&two_tasks());
    let mut screen = scene.swarm(["run", "plan.md"]).on_screen(24, 100);
    scene.wait_for("first-runs");
    screen.hang_up();
    let since = Instant::now();
    assert_eq!(screen.wait(), 130);
    assert!(
        since.elapsed() < Duration::from_secs(5),
        "nobody waits for the workers: {:?}",
        since.elapsed()
    );
    let standing = scene.standing();
    assert_eq!(standing.state, "crashed");
    assert!(lives(standing.pid_of("first")), "the worker goes on");

    scene.raise("go");
    scene.env.nobody_is_left();
    let _ = scene.swarm(["resume"]).run().success();
    scene.all_merged();
    assert_eq!(scene.told(), ["first 1", "second 1"], "its result counts");
}

#[test]
fn a_resume_adopts_workers_that_are_still_at_work() {
    let scene = Scene::new(&two_tasks());
    let running = started(&scene, []);
    running.signal(Signal::HUP);
    let output = running.wait().code(130);
    assert!(output.raw_stdout().contains("swarm resume"), "{output}");
    let worker = scene.standing().pid_of("first");

    let mut resumed = scene.swarm(["resume"]).start();
    resumed.wait_for("resumed");
    assert_eq!(scene.standing().pid_of("first"), worker);
    scene.raise("go");
    let _ = resumed.wait().success();
    assert_eq!(scene.all_merged().tasks["first"].attempt, 1);
    assert_eq!(scene.told(), ["first 1", "second 1"]);
}

#[test]
fn under_nohup_a_hang_up_changes_nothing() {
    let scene = Scene::new(&two_tasks());
    let running = scene
        .env
        .program("nohup", &scene.path)
        .args(["swarm", "run", "plan.md"])
        .start();
    scene.wait_for("first-runs");
    running.signal(Signal::HUP);
    scene.raise("go");
    let _ = running.wait().success();
    scene.all_merged();
}

#[test]
fn stop_ends_a_living_engine_and_a_resume_goes_on() {
    let scene = Scene::within(hasty(), &stubborn());
    let running = started(&scene, []);
    let _ = scene.swarm(["stop", "--grace", "0s"]).run().success();
    interrupted(&scene, running.wait());
    let _ = scene.swarm(["resume"]).run().success();
    scene.all_merged();
}

#[test]
fn stop_takes_a_dead_engines_workers_down() {
    let scene = Scene::within(hasty(), &stubborn());
    let running = started(&scene, []);
    running.signal(Signal::KILL);
    let _ = running.wait().killed_by(9);
    assert!(lives(scene.standing().pid_of("first")));

    let _ = scene.swarm(["stop", "--grace", "0s"]).run().success();
    scene.env.nobody_is_left();
    assert_eq!(scene.standing().state, "suspended");
    let _ = scene.swarm(["resume"]).run().success();
    scene.all_merged();
    assert_eq!(scene.told(), ["first 1", "first 2"]);
}

/// The run is cancelled for good: nobody is left, and there is nothing to resume.
fn cancelled(scene: &Scene) {
    scene.env.nobody_is_left();
    let standing = scene.standing();
    assert_eq!(standing.state, "ended", "{standing:#?}");
    assert_eq!(standing.tasks["first"].state, "cancelled");
    assert_eq!(standing.tasks["second"].state, "cancelled");
    let refused = scene.swarm(["resume", &standing.run]).run().code(2);
    assert!(refused.raw_stderr().contains("is over"), "{refused}");
}

#[test]
fn a_cancelled_run_is_over() {
    let scene = Scene::within(hasty(), &two_tasks());
    let running = started(&scene, []);
    let _ = scene.swarm(["stop", "--cancel"]).run().success();
    let _ = running.wait().code(130);
    cancelled(&scene);
}

#[test]
fn a_run_of_a_dead_engine_is_cancelled_with_its_workers() {
    let scene = Scene::within(hasty(), &two_tasks());
    let running = started(&scene, []);
    running.signal(Signal::KILL);
    let _ = running.wait().killed_by(9);
    let _ = scene.swarm(["stop", "--cancel"]).run().success();
    cancelled(&scene);
}

#[test]
fn a_paused_run_starts_nothing_until_it_is_unpaused() {
    let scene = Scene::new(&two_tasks());
    let mut running = started(&scene, []);
    let _ = scene.swarm(["pause"]).run().success();
    running.wait_for("paused");
    assert_eq!(scene.standing().state, "paused");
    scene.raise("go");
    scene.wait_until_task("first", "merged");
    assert_eq!(scene.standing().tasks["second"].state, "waiting");
    let _ = scene.swarm(["unpause"]).run().success();
    let _ = running.wait().success();
    scene.all_merged();

    let journal = scene.journal();
    let place = |wanted: &dyn Fn(&serde_json::Value) -> bool| {
        let found = journal.iter().position(|entry| wanted(&entry["body"]));
        found.expect("an entry of this kind")
    };
    let unpaused = place(&|body| body["event"] == "unpause");
    let second = place(&|body| body["event"] == "worker-started" && body["task"] == "second");
    assert!(unpaused < second);

    let refused = scene.swarm(["pause"]).run().code(2);
    assert!(refused.raw_stderr().contains("nobody drives"), "{refused}");
    let refused = scene.swarm(["unpause"]).run().code(2);
    assert!(refused.raw_stderr().contains("nobody drives"), "{refused}");
}

#[test]
fn a_task_is_cancelled_and_what_needs_it_is_blocked() {
    let scene = Scene::within(hasty(), &two_tasks());
    let running = started(&scene, []);
    let _ = scene.swarm(["cancel", "first"]).run().success();
    let _ = running.wait().code(1);
    let standing = scene.standing();
    assert_eq!(standing.tasks["first"].state, "cancelled");
    assert_eq!(standing.tasks["second"].state, "blocked");
    scene.env.nobody_is_left();
}

#[test]
fn a_task_of_a_dead_engine_is_cancelled_and_its_worker_ends() {
    let scene = Scene::within(hasty(), &two_tasks());
    let running = started(&scene, []);
    running.signal(Signal::KILL);
    let _ = running.wait().killed_by(9);
    let _ = scene.swarm(["cancel", "first"]).run().success();
    scene.env.nobody_is_left();
    assert_eq!(scene.standing().tasks["first"].state, "cancelled");
    assert_eq!(scene.told(), ["first 1"]);
}

/// `broken` fails until a flag is up; `first` keeps the run going.
fn with_a_failure() -> String {
    let hold = hold("first-runs", "go");
    format!(
        "# Broken\n\n## first: Wait\n- run: {hold}; echo one > one.txt\n\n\
         ## broken: Fail until a flag is up\n- retries: 0\n- run: [ -e ~/mended ] && echo broken > broken.txt\n\n\
         ## behind: Need it\n- needs: broken\n- run: echo behind > behind.txt\n"
    )
}

#[test]
fn a_failed_task_is_retried_while_the_run_goes_on() {
    let scene = Scene::new(&with_a_failure());
    let running = started(&scene, []);
    scene.wait_until_task("broken", "failed");
    scene.raise("mended");
    let _ = scene.swarm(["retry", "broken"]).run().success();
    scene.wait_until_task("behind", "merged");
    scene.raise("go");
    let _ = running.wait().success();
    scene.all_merged();
}

#[test]
fn a_failed_task_is_retried_when_the_run_is_over() {
    let scene = Scene::new(&with_a_failure());
    scene.raise("go");
    let _ = scene.swarm(["run", "plan.md"]).run().code(1);
    scene.raise("mended");
    let _ = scene.swarm(["retry", "broken"]).run().success();
    scene.all_merged();
}

#[test]
fn a_second_engine_for_the_same_run_is_refused() {
    let scene = Scene::new(&two_tasks());
    let running = started(&scene, []);
    let run = scene.standing().run;
    let refused = scene.swarm(["resume", &run]).run().code(3);
    let words = refused.raw_stderr();
    assert!(
        words.contains("an engine drives this run already"),
        "{refused}"
    );
    assert!(words.contains("swarm stop"), "{refused}");
    assert!(!words.contains("bug"), "{refused}");
    scene.raise("go");
    let _ = running.wait().success();
    scene.all_merged();
}

#[test]
fn a_resume_without_a_name_tells_that_the_run_is_being_driven() {
    let scene = Scene::new(&two_tasks());
    let running = started(&scene, []);
    let refused = scene.swarm(["resume"]).run().code(3);
    assert!(refused.raw_stderr().contains("drives"), "{refused}");
    scene.raise("go");
    let _ = running.wait().success();
}

#[test]
fn two_runs_in_one_repository_both_finish() {
    let scene = Scene::new(&two_tasks());
    let first = started(&scene, []);
    let one = scene.standing().run;
    let second = scene.swarm(["run", "plan.md"]).start();
    wait_until(PATIENCE, "both were at work", || scene.told().len() == 2);
    scene.raise("go");
    let _ = first.wait().success();
    let _ = second.wait().success();
    let two = scene.all_merged().run;
    assert_ne!(one, two);
    for run in [one, two] {
        let tree = scene.repo().tree(&format!("swarm/{run}"));
        assert!(tree.contains(&"two.txt".to_owned()), "{tree:?}");
    }
}

/// Whether a process is there and is no zombie.
fn lives(pid: i32) -> bool {
    std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|words| !words.is_empty())
}

#[test]
fn a_run_that_is_over_is_not_stopped_or_cancelled_any_more() {
    let scene = Scene::new("# One\n\n## core: Write a file\n- run: echo core > core.txt\n");
    let _ = scene.swarm(["run", "plan.md"]).run().success();
    let journal = scene.journal().len();
    for words in [
        ["stop"].as_slice(),
        &["cancel", "nobody"],
        &["stop", "--cancel"],
        &["cancel", "core"],
        &["retry", "core"],
        &["resume", &scene.standing().run],
    ] {
        let refused = scene.env.swarm(&scene.path).args(words).run().code(2);
        assert!(refused.raw_stderr().contains("error: "), "{refused}");
        assert_eq!(scene.journal().len(), journal, "{words:?} changes nothing");
    }
    scene.all_merged();
}

#[test]
fn a_suspended_run_starts_nothing_for_being_stopped_again_or_cancelled() {
    let scene = Scene::within(hasty(), &two_tasks());
    let mut running = started(&scene, ["--grace", "1h"]);
    running.signal(Signal::INT);
    running.wait_for("stopping");
    scene.raise("go");
    interrupted(&scene, running.wait());

    let output = scene.swarm(["stop"]).run().success();
    assert!(output.raw_stderr().contains("stands still"), "{output}");
    let _ = scene.swarm(["stop", "--cancel"]).run().success();
    cancelled(&scene);
    assert_eq!(scene.told(), ["first 1"]);
}
