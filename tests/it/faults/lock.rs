//! Lock files of git that somebody left behind: who needs them names them and stops; who does not goes on.

use std::fs;
use std::path::{Path, PathBuf};

use crate::scene::{Scene, TELL, hold};

fn one_task(retries: u32) -> Scene {
    let hold = hold("up", "go");
    Scene::new(&format!(
        "# Lock\n\n## core: Wait for a flag\n- retries: {retries}\n\
         - run: {TELL}; {hold}; [ $SWARM_ATTEMPT = {tries} ] || exit 1; echo core > core.txt\n",
        tries = retries + 1
    ))
}

/// Starts the run, leaves the lock `lock` of the repository behind while the task is at work, and lets it end.
fn run_into(scene: &Scene, lock: &Path) -> swarm_tests::Output {
    let running = scene
        .swarm(["run", "plan.md"])
        .var("SWARM_BACKOFF", "0ms")
        .start();
    scene.wait_for("up");
    fs::write(lock, "").expect("a lock");
    scene.raise("go");
    running.wait()
}

/// The run stopped because of the lock, says so, and goes on once it is removed.
fn stopped_then_mended(scene: &Scene, output: swarm_tests::Output, lock: &Path) {
    let output = output.code(3);
    let said = output.raw_stderr();
    assert!(said.contains(&*lock.to_string_lossy()), "{output}");
    assert!(said.contains("remove it"), "{output}");
    assert!(said.contains("swarm resume"), "{output}");
    assert!(lock.exists(), "it is somebody else's to remove");
    scene.env.nobody_is_left();
    fs::remove_file(lock).expect("the lock goes");
    let _ = scene.swarm(["resume"]).run().success();
    scene.all_merged();
}

#[test]
fn an_index_lock_in_a_tasks_worktree_stops_the_run_until_it_is_removed() {
    let scene = one_task(0);
    let lock = scene.path.join(".git/worktrees/core/index.lock");
    let output = run_into(&scene, &lock);
    stopped_then_mended(&scene, output, &lock);
    assert_eq!(scene.told(), ["core 1"], "the work of its try was kept");
}

#[test]
fn a_lock_of_packed_refs_stops_a_retry_until_it_is_removed() {
    let scene = one_task(1);
    let lock = scene.path.join(".git/packed-refs.lock");
    let output = run_into(&scene, &lock);
    stopped_then_mended(&scene, output, &lock);
    assert_eq!(scene.told(), ["core 1", "core 2"]);
}

#[test]
fn a_lock_of_packed_refs_does_not_stop_what_needs_no_ref_removed() {
    let scene = one_task(0);
    let lock = scene.path.join(".git/packed-refs.lock");
    let output = run_into(&scene, &lock).success();
    let said = output.raw_stdout();
    assert!(said.contains("stays for now"), "{output}");
    assert!(said.contains(&*lock.to_string_lossy()), "{output}");
    scene.all_merged();
}

#[test]
fn a_lock_of_the_users_own_index_is_nobodys_business() {
    let scene = one_task(0);
    let lock: PathBuf = scene.path.join(".git/index.lock");
    let _ = run_into(&scene, &lock).success();
    assert!(lock.exists());
    scene.all_merged();
}

#[test]
fn a_lock_on_the_integration_branch_stops_the_merge_until_it_is_removed() {
    let scene = one_task(0);
    let running = scene.swarm(["run", "plan.md"]).start();
    scene.wait_for("up");
    let branch = format!(".git/refs/heads/swarm/{}.lock", scene.standing().run);
    let lock = scene.path.join(branch);
    fs::write(&lock, "").expect("a lock");
    scene.raise("go");
    stopped_then_mended(&scene, running.wait(), &lock);
    assert_eq!(scene.told(), ["core 1"]);
}
