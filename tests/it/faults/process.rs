//! Processes: workers that are killed, commands that hang, ignore signals, leave children behind or flood their output.

use std::fs;

use swarm_tests::processes::Process;
use swarm_tests::{Signal, TestEnv, wait_until};

use crate::scene::{PATIENCE, Scene, TELL};
use crate::sealed;

/// The first try has children in several sessions and does not end; the second one works.
const CHILDREN: &str = "for i in 1 2; do swarm-fake hang & done; setsid swarm-fake hang & \
                        swarm-fake double-fork; touch ~/up; swarm-fake hang";

#[test]
fn a_killed_worker_takes_its_children_along_and_is_replaced_without_costing_a_try() {
    let scene = Scene::new(&format!(
        "# Killed\n\n## core: Hang at the first try\n- retries: 0\n\
         - run: {TELL}; [ $SWARM_ATTEMPT = 1 ] || {{ echo core > core.txt; exit; }}; {CHILDREN}\n"
    ));
    let running = scene.swarm(["run", "plan.md"]).start();
    scene.wait_for("up");
    let before = scene.env.processes();
    assert!(
        before.len() >= 7,
        "the engine, the worker, its shell and four: {before:#?}"
    );
    kill(scene.standing().pid_of("core"));
    let _ = running.wait().success();
    assert_eq!(scene.all_merged().tasks["core"].attempt, 2);
    assert_eq!(scene.told(), ["core 1", "core 2"]);
}

#[test]
fn a_worker_that_vanishes_again_and_again_fails_its_task() {
    let env = sealed().with("SWARM_REPLACEMENTS", "2");
    let scene = Scene::within(
        env,
        &format!(
            "# Gone\n\n## core: Kill the worker\n- retries: 0\n- run: {TELL}; kill -9 $PPID\n"
        ),
    );
    let output = scene.swarm(["run", "plan.md"]).run().code(1);
    assert!(output.raw_stdout().contains("vanished"), "{output}");
    assert_eq!(scene.told(), ["core 1", "core 2", "core 3"]);
    scene.env.nobody_is_left();
}

/// A gate that does not end the first time.
const GATE: &str = "[ -e ~/gated ] || { touch ~/gated; swarm-fake hang; }";

#[test]
fn gates_whose_worker_is_killed_run_again() {
    let scene = Scene::new(&format!(
        "# Gated\n\n## core: Be gated\n- retries: 0\n- run: {TELL}; echo core > core.txt\n- accept: `{GATE}`\n"
    ));
    let running = scene.swarm(["run", "plan.md"]).start();
    scene.wait_for("gated");
    kill(worker(&scene.env, "core.1.check"));
    let _ = running.wait().success();
    assert_eq!(scene.all_merged().tasks["core"].attempt, 1);
    assert_eq!(scene.told(), ["core 1"]);
}

#[test]
fn gates_of_a_merged_tree_whose_worker_is_killed_run_again() {
    let plan = format!(
        "---\ngates: ['[ -z \"$SWARM_TASK\" ] || exit 0; {GATE}']\n---\n# Gated\n\n\
         ## core: Be gated\n- retries: 0\n- run: {TELL}; echo core > core.txt\n"
    );
    let scene = Scene::new(&plan);
    let running = scene.swarm(["run", "plan.md"]).start();
    scene.wait_for("gated");
    kill(worker(&scene.env, "gate.1"));
    let _ = running.wait().success();
    assert_eq!(scene.all_merged().tasks["core"].attempt, 1);
    assert_eq!(scene.told(), ["core 1"]);
}

#[test]
fn gates_that_vanish_again_and_again_are_the_environments_fault_and_can_be_resumed() {
    let scene = Scene::new(&format!(
        "# Gone\n\n## core: Be gated\n- retries: 0\n- run: {TELL}; echo core > core.txt\n\
         - accept: `[ -e ~/mended ] || kill -9 $PPID`\n"
    ));
    for words in [["run", "plan.md"].as_slice(), &["resume"]] {
        let output = scene.env.swarm(&scene.path).args(words).run().code(3);
        let said = output.raw_stderr();
        assert!(said.contains("gates of core.1.check vanished"), "{output}");
        assert!(said.contains("swarm resume"), "{output}");
        scene.env.nobody_is_left();
    }
    scene.raise("mended");
    let _ = scene.swarm(["resume"]).run().success();
    scene.all_merged();
    assert_eq!(scene.told(), ["core 1"]);
}

#[test]
fn bad_habits_of_commands_end_with_them() {
    let env = sealed()
        .with("SWARM_STOP_GRACE", "100ms")
        .with("SWARM_LOG_LIMIT", "64KiB");
    let scene = Scene::within(
        env,
        "---\nretries: 0\nmax-workers: 8\n---\n# Habits\n\n\
         ## hangs: Never end\n- timeout: 200ms\n- run: swarm-fake hang\n\n\
         ## ignores: Ignore SIGTERM\n- timeout: 200ms\n- run: swarm-fake ignore-term\n\n\
         ## forks: Leave a grandchild in a session of its own\n\
         - run: swarm-fake double-fork; echo forks > forks.txt\n\n\
         ## floods: Print 200 MB\n- run: yes | head -c 200000000; echo floods > floods.txt\n\n\
         ## dies: Die of a signal\n- run: swarm-fake die-by-signal 11\n\n\
         ## halves: Die in the middle of a write\n- run: swarm-fake die-mid-write half.txt\n",
    );
    let output = scene.swarm(["run", "plan.md"]).run().code(1);
    scene.env.nobody_is_left();
    let standing = scene.standing();
    let expected = [
        ("dies", "failed"),
        ("floods", "merged"),
        ("forks", "merged"),
        ("halves", "failed"),
        ("hangs", "failed"),
        ("ignores", "failed"),
    ];
    let states = standing.tasks.iter();
    let states: Vec<(&str, &str)> = states
        .map(|(task, standing)| (task.as_str(), standing.state.as_str()))
        .collect();
    assert_eq!(states, expected, "{output}");
    assert!(
        output.raw_stdout().contains("it ran out of time"),
        "{output}"
    );

    let log = scene.run_dir().join("workers/floods.1/output.log");
    let size = fs::metadata(log).expect("a log").len();
    assert!(size <= 64 * 1024 + 4096, "{size} bytes");
}

/// Kills a process with SIGKILL.
fn kill(pid: i32) {
    let process = Process {
        pid,
        agent: None,
        command: String::new(),
    };
    process.kill();
}

/// The process of the worker `agent`, which is at work now.
fn worker(env: &TestEnv, agent: &str) -> i32 {
    let mut found = None;
    wait_until(PATIENCE, &format!("{agent} was at work"), || {
        found = env.processes().into_iter().find(|process| {
            let mark = process.agent.as_deref().unwrap_or_default();
            mark.ends_with(&format!("/{agent}")) && process.command.contains(" worker ")
        });
        found.is_some()
    });
    found.expect("it was found").pid
}

#[test]
fn an_engine_and_its_workers_killed_together_leave_a_run_that_can_be_resumed() {
    let scene = Scene::new(&format!(
        "# All\n\n## core: Hang at the first try\n- retries: 0\n\
         - run: {TELL}; [ $SWARM_ATTEMPT = 1 ] || {{ echo core > core.txt; exit; }}; {CHILDREN}\n"
    ));
    let running = scene.swarm(["run", "plan.md"]).start();
    scene.wait_for("up");
    running.signal(Signal::KILL);
    kill(scene.standing().pid_of("core"));
    let _ = running.wait().killed_by(9);
    assert!(!scene.env.processes().is_empty(), "orphans are left");
    let _ = scene.swarm(["resume"]).run().success();
    assert_eq!(scene.all_merged().tasks["core"].attempt, 2);
}
