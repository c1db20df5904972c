//! Worktrees under crashes, crowds and things in the way.

use super::*;
use crate::git::fixture::{TestRepo, branch, run, write};

fn add_task(repo: &TestRepo, name: &str) -> Result<Added, WorktreeError> {
    add(
        &repo.open(),
        &run(),
        &repo.worktree(name),
        &branch(name),
        &repo.rev("main"),
    )
}

fn assert_ready(repo: &TestRepo, name: &str) {
    let found = find(&repo.open(), &repo.worktree(name)).unwrap().unwrap();
    assert!(found.is_locked_by(&run()), "{found:?}");
    assert_eq!(found.branch, Some(branch(name)));
    assert_eq!(found.head, Some(repo.rev("main")));
    assert_eq!(repo.git_in(&found.path, ["status", "--porcelain"]), "");
    assert_eq!(
        std::fs::read_to_string(found.path.join("README")).unwrap(),
        "hello\n"
    );
}

#[test]
fn a_worktree_is_made_on_its_branch_and_locked() {
    let repo = TestRepo::new();
    assert_eq!(add_task(&repo, "a").unwrap(), Added::Created);
    assert_ready(&repo, "a");
    assert_eq!(
        add_task(&repo, "a").unwrap(),
        Added::Existing(repo.rev("main"))
    );
    assert!(
        !std::fs::read_to_string(repo.path.join(".git/config"))
            .unwrap()
            .contains("swarm")
    );
}

#[test]
fn sixteen_at_once_from_a_remote_branch_all_succeed() {
    let origin = TestRepo::new();
    origin.git(["clone", "--quiet", ".", "../clone"]);
    let clone = origin.root().join("clone");
    let repo = origin
        .open_at(&clone)
        .with_lock_wait(std::time::Duration::from_secs(60));
    let from = origin.at(&clone, "origin/main");
    std::thread::scope(|scope| {
        for number in 0..16 {
            let (repo, from, origin) = (&repo, &from, &origin);
            scope.spawn(move || {
                let name = format!("t{number}");
                let path = origin.root().join("clone.swarm").join(&name);
                assert_eq!(
                    add(repo, &run(), &path, &branch(&name), from).unwrap(),
                    Added::Created
                );
            });
        }
    });
    assert_eq!(
        list(&repo)
            .unwrap()
            .iter()
            .filter(|one| one.is_locked_by(&run()))
            .count(),
        16
    );
    assert_eq!(refs::list(&repo, "refs/heads/swarm/").unwrap().len(), 16);
}

#[test]
fn names_with_spaces_and_newlines_work() {
    let repo = TestRepo::new();
    let path = repo.root().join("some where\nelse").join("x y");
    add(
        &repo.open(),
        &run(),
        &path,
        &branch("odd"),
        &repo.rev("main"),
    )
    .unwrap();
    assert!(
        find(&repo.open(), &path)
            .unwrap()
            .unwrap()
            .is_locked_by(&run())
    );
}

#[test]
fn a_crash_before_the_worktree_leaves_a_branch_that_is_used() {
    let repo = TestRepo::new();
    repo.git(["branch", &branch("a")]);
    assert_eq!(add_task(&repo, "a").unwrap(), Added::Created);
    assert_ready(&repo, "a");
}

#[test]
fn a_crash_in_the_checkout_is_made_good() {
    let repo = TestRepo::new();
    add_task(&repo, "a").unwrap();
    let admin = repo.path.join(".git/worktrees/a");
    std::fs::write(admin.join("locked"), "initializing").unwrap();
    std::fs::remove_file(repo.worktree("a").join("README")).unwrap();
    assert_eq!(add_task(&repo, "a").unwrap(), Added::Created);
    assert_ready(&repo, "a");
}

#[test]
fn a_crash_before_the_checkout_is_made_good() {
    let repo = TestRepo::new();
    add_task(&repo, "a").unwrap();
    std::fs::write(repo.path.join(".git/worktrees/a/locked"), "initializing").unwrap();
    std::fs::remove_dir_all(repo.worktree("a")).unwrap();
    std::fs::create_dir(repo.worktree("a")).unwrap();
    assert_eq!(add_task(&repo, "a").unwrap(), Added::Created);
    assert_ready(&repo, "a");
}

#[test]
fn a_crash_before_the_lock_is_made_good() {
    let repo = TestRepo::new();
    repo.git(["branch", &branch("a")]);
    repo.git([
        "worktree",
        "add",
        "--quiet",
        repo.worktree("a").to_str().unwrap(),
        &branch("a"),
    ]);
    assert_eq!(
        add_task(&repo, "a").unwrap(),
        Added::Existing(repo.rev("main"))
    );
    assert_ready(&repo, "a");
}

#[test]
fn a_registered_worktree_whose_directory_is_gone_is_made_again() {
    let repo = TestRepo::new();
    add_task(&repo, "a").unwrap();
    std::fs::remove_dir_all(repo.worktree("a")).unwrap();
    assert_eq!(add_task(&repo, "a").unwrap(), Added::Created);
    assert_ready(&repo, "a");
}

#[test]
fn a_killed_git_at_any_moment_is_made_good() {
    let repo = TestRepo::new();
    for number in 0..400 {
        repo.write(format!("many/{number}"), format!("{number}\n").repeat(200));
    }
    repo.commit("many files");
    repo.git(["branch", &branch("a")]);
    let path = repo.worktree("a");
    for delay in [1, 3, 5, 8, 12, 20, 40] {
        let mut command = std::process::Command::new("git");
        command
            .current_dir(&repo.path)
            .env_clear()
            .envs(repo.vars());
        command
            .args(["worktree", "add", "--quiet"])
            .arg(&path)
            .arg(branch("a"));
        // As `add` does it: what the killed git started holds the lock until it is done too.
        std::fs::create_dir_all(repo.path.join(".git/swarm")).unwrap();
        let lock = repo.path.join(".git/swarm/worktrees.lock");
        let lock = File::options()
            .create(true)
            .read(true)
            .append(true)
            .open(lock)
            .unwrap();
        lock.lock().unwrap();
        let mut child = command
            .stdin(lock)
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        drop(command);
        std::thread::sleep(std::time::Duration::from_millis(delay));
        child.kill().unwrap();
        child.wait().unwrap();
        add_task(&repo, "a").unwrap_or_else(|error| panic!("killed after {delay} ms: {error}"));
        assert_ready(&repo, "a");
        assert_eq!(std::fs::read_dir(path.join("many")).unwrap().count(), 400);
        repo.git(["worktree", "remove", "-f", "-f", path.to_str().unwrap()]);
    }
}

#[test]
fn a_git_that_was_killed_before_its_first_byte_is_made_good() {
    let repo = TestRepo::new();
    let path = repo.worktree("a");
    add_task(&repo, "a").unwrap();
    repo.git(["worktree", "add", "--quiet", "-b", "other", "../other"]);
    // As git leaves it between the creation of `commondir` and its content: the link is there, the checkout is not.
    let books = repo.path.join(".git/worktrees/a");
    std::fs::write(books.join("commondir"), "").unwrap();
    std::fs::write(books.join("locked"), HALF_MADE).unwrap();
    for entry in std::fs::read_dir(&path).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() != ".git" {
            std::fs::remove_file(entry.path()).unwrap();
        }
    }
    add_task(&repo, "a").unwrap();
    assert_ready(&repo, "a");
    assert!(
        list(&repo.open())
            .unwrap()
            .iter()
            .any(|one| one.branch.as_deref() == Some("other"))
    );
}

#[test]
fn what_is_in_the_way_stays_and_is_named() {
    let repo = TestRepo::new();
    write(&repo.worktree("a").join("precious"), "x");
    assert!(matches!(
        add_task(&repo, "a"),
        Err(WorktreeError::PathTaken { .. })
    ));
    assert!(repo.worktree("a").join("precious").exists());

    repo.git([
        "worktree",
        "add",
        "--quiet",
        "--lock",
        "--reason",
        "mine",
        repo.worktree("b").to_str().unwrap(),
    ]);
    assert!(
        matches!(add_task(&repo, "b"), Err(WorktreeError::Foreign { reason, .. }) if reason == "mine")
    );

    repo.git(["worktree", "add", "--quiet", "-b", &branch("c"), "../mine"]);
    let error = add_task(&repo, "c").unwrap_err();
    assert!(
        matches!(error, WorktreeError::BranchInUse { .. }),
        "{error}"
    );

    repo.git(["checkout", "--quiet", "-b", &branch("d")]);
    let other = repo.commit("somebody's work");
    repo.git(["checkout", "--quiet", "main"]);
    assert!(
        matches!(add_task(&repo, "d"), Err(WorktreeError::BranchTaken { at, .. }) if at == other)
    );
    assert_eq!(repo.rev(&branch("d")), other);
}

#[test]
fn a_gate_worktree_moves_and_keeps_only_ignored_files() {
    let repo = TestRepo::new();
    repo.write(".gitignore", "cache/\n");
    let first = repo.commit("first");
    repo.write("README", "second\n");
    repo.write("new", "x");
    let second = repo.commit("second");
    let (open, path) = (repo.open(), repo.worktree(".gate"));
    stage_gate(&open, &run(), &path, &second).unwrap();
    write(&path.join("cache/object"), "warm");
    write(&path.join("left/behind"), "x");
    write(&path.join("README"), "edited by a gate");
    stage_gate(&open, &run(), &path, &first).unwrap();
    assert_eq!(repo.at(&path, "HEAD"), first);
    assert_eq!(
        repo.git_in(&path, ["status", "--porcelain", "--ignored"]),
        "!! cache/"
    );
    assert!(
        path.join("cache/object").exists()
            && !path.join("new").exists()
            && !path.join("left").exists()
    );
    assert!(find(&open, &path).unwrap().unwrap().is_locked_by(&run()));
}

#[test]
fn a_gate_worktree_that_a_killed_gate_broke_is_made_anew() {
    let repo = TestRepo::new();
    let (open, path, head) = (repo.open(), repo.worktree(".gate"), repo.rev("main"));
    stage_gate(&open, &run(), &path, &head).unwrap();
    let admin = PathBuf::from(repo.git_in(&path, ["rev-parse", "--absolute-git-dir"]));
    std::fs::write(admin.join("index.lock"), "").unwrap();
    stage_gate(&open, &run(), &path, &head).unwrap();
    std::fs::write(admin.join("index"), "garbage").unwrap();
    stage_gate(&open, &run(), &path, &head).unwrap();
    assert_eq!(repo.git_in(&path, ["status", "--porcelain"]), "");
}

#[test]
fn the_users_hooks_do_not_run() {
    let repo = TestRepo::new();
    write(
        &repo.path.join(".git/hooks/post-checkout"),
        "#!/bin/sh\ntouch hooked\n",
    );
    repo.git(["config", "core.hooksPath", ".git/hooks"]);
    std::fs::set_permissions(
        repo.path.join(".git/hooks/post-checkout"),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    add_task(&repo, "a").unwrap();
    assert!(!repo.worktree("a").join("hooked").exists());
}
