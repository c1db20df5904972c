//! The door to git: what gets through it, and what its errors say.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::*;
use crate::git::fixture::TestRepo;
use crate::git::repo::Repo;

#[test]
fn variables_that_point_elsewhere_do_not_get_through() {
    let (repo, other) = (TestRepo::new(), TestRepo::new());
    other.write("elsewhere", "x");
    other.commit("elsewhere");
    let mut vars = repo.vars();
    for (name, value) in [
        ("GIT_DIR", other.path.join(".git")),
        ("GIT_WORK_TREE", other.path.clone()),
        ("GIT_INDEX_FILE", other.path.join(".git/index")),
        ("GIT_OBJECT_DIRECTORY", other.path.join(".git/objects")),
        ("GIT_COMMON_DIR", other.path.join(".git")),
        ("GIT_CONFIG_COUNT", "1".into()),
        ("GIT_CONFIG_KEY_0", "core.bare".into()),
        ("GIT_CONFIG_VALUE_0", "true".into()),
        ("GIT_NAMESPACE", "other".into()),
        ("LC_ALL", "de_DE.UTF-8".into()),
    ] {
        vars.push((name.into(), value.into()));
    }
    let found = Repo::discover(&repo.path, Environment::new(vars)).unwrap();
    assert_eq!(found.top(), Some(repo.path.as_path()));
    assert_eq!(found.head().unwrap().commit, repo.rev("HEAD"));
    assert!(found.dirty(10).unwrap().is_empty());
}

#[test]
fn the_identity_and_configuration_of_the_user_get_through() {
    let vars = [
        ("GIT_AUTHOR_NAME", "x"),
        ("GIT_CONFIG_GLOBAL", "/y"),
        ("GIT_TRACE", "1"),
        ("HOME", "/h"),
    ];
    let env = Environment::new(vars.map(|(name, value)| (name.into(), value.into())));
    let names: Vec<&str> = env
        .vars
        .iter()
        .filter_map(|(name, _)| name.to_str())
        .collect();
    assert_eq!(
        names,
        [
            "GIT_AUTHOR_NAME",
            "GIT_CONFIG_GLOBAL",
            "HOME",
            "GIT_TERMINAL_PROMPT",
            "GIT_OPTIONAL_LOCKS",
            "LC_ALL"
        ]
    );
}

#[test]
fn a_command_that_fails_says_what_it_was_and_what_git_said() {
    let repo = TestRepo::new();
    let error = repo
        .open()
        .here()
        .call(["rev-parse", "--verify", "no such thing"])
        .run()
        .unwrap_err();
    let text = error.to_string();
    assert!(
        matches!(
            error,
            GitError::Failed {
                code: Some(128),
                ..
            }
        ),
        "{text}"
    );
    assert!(
        text.contains("git rev-parse --verify \"no such thing\"")
            && text.contains("single revision"),
        "{text}"
    );
}

/// A world whose `git` is the given shell script.
fn fake_git(script: &str) -> (TestRepo, Git) {
    let world = TestRepo::nothing();
    let bin = world.root().join("bin");
    std::fs::create_dir(&bin).unwrap();
    std::fs::write(bin.join("git"), format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(bin.join("git"), PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", bin.display());
    let vars = world
        .vars()
        .into_iter()
        .filter(|(name, _)| name != "PATH")
        .chain([("PATH".into(), path.into())]);
    let git = Git::in_dir(world.root(), Arc::new(Environment::new(vars)));
    (world, git)
}

#[test]
fn a_command_that_hangs_is_killed_with_its_children() {
    let (world, git) = fake_git("sleep 300 & echo $! > child; wait");
    let started = Instant::now();
    let error = git
        .call(["x"])
        .timeout(Duration::from_millis(500))
        .run()
        .unwrap_err();
    assert!(matches!(error, GitError::TimedOut { .. }), "{error}");
    assert!(started.elapsed() < Duration::from_secs(10));
    let child = std::fs::read_to_string(world.root().join("child")).unwrap();
    let gone = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.trim()));
        stat.is_err() || stat.is_ok_and(|stat| stat.contains(") Z "))
    };
    let deadline = Instant::now() + Duration::from_secs(5);
    while !gone() {
        assert!(Instant::now() < deadline, "the child lives on");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn endless_output_is_cut_or_refused() {
    let (_world, git) = fake_git("exec yes");
    let cut = git.call(["x"]).at_most(1000).run().unwrap();
    assert!(cut.truncated && cut.stdout.len() == 1000);
    let mut call = git.call(["x"]);
    call.limit = 1000;
    assert!(matches!(
        call.run(),
        Err(GitError::TooLong { limit: 1000, .. })
    ));
}

#[test]
fn output_that_a_left_behind_process_holds_is_an_error_and_not_an_empty_answer() {
    let (_world, git) = fake_git("echo half; setsid sleep 20 2>/dev/null &");
    let started = Instant::now();
    assert!(matches!(
        git.call(["x"]).run(),
        Err(GitError::Output { .. })
    ));
    assert!(started.elapsed() < Duration::from_secs(15));
}

#[test]
fn much_input_and_much_output_do_not_block_each_other() {
    let (_world, git) = fake_git("cat; cat /dev/null >&2");
    let input = vec![b'x'; 5 << 20];
    assert_eq!(
        git.call(["x"]).input(input.clone()).run().unwrap().stdout,
        input
    );
}

#[test]
fn a_lock_is_waited_for_and_then_named() {
    let repo = TestRepo::new();
    repo.write("new", "x");
    let lock = repo.path.join(".git/index.lock");
    std::fs::write(&lock, "").unwrap();
    let error = repo.open().here().call(["add", "new"]).run().unwrap_err();
    assert!(
        matches!(&error, GitError::Locked { path } if *path == lock),
        "{error}"
    );
    assert!(error.to_string().contains("remove it"), "{error}");
    let (patient, freed) = (
        repo.open().with_lock_wait(Duration::from_secs(20)),
        lock.clone(),
    );
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        std::fs::remove_file(freed).unwrap();
    });
    patient.here().call(["add", "new"]).run().unwrap();
}

#[test]
fn what_git_says_is_told_apart() {
    let judge = |text: &str| classify(Path::new("/r"), "git x".into(), Some(128), text.into());
    let locked = |text: &str, lock: &str| {
        assert!(
            matches!(judge(text), GitError::Locked { path } if path.as_os_str() == lock),
            "{text}"
        );
    };
    locked(
        "fatal: Unable to create '/r/.git/index.lock': File exists.\n\nAnother git process",
        "/r/.git/index.lock",
    );
    locked(
        "error: could not delete references: cannot lock ref: Unable to create '/r/.git/packed-refs.lock': File exists.",
        "/r/.git/packed-refs.lock",
    );
    locked(
        "error: could not lock config file .git/config: File exists",
        ".git/config.lock",
    );
    let moved = "fatal: cannot lock ref 'refs/heads/a': is at 12 but expected 34";
    assert!(matches!(judge(moved), GitError::Failed { .. }));
    let in_the_way =
        "cannot lock ref 'refs/heads/a/b': 'refs/heads/a' exists; cannot create 'refs/heads/a/b'";
    assert!(matches!(judge(in_the_way), GitError::Failed { .. }));
    let read_only = "fatal: Unable to create '/r/.git/index.lock': Read-only file system";
    assert!(matches!(judge(read_only), GitError::ReadOnly { .. }));
    let full = "error: unable to write file x: No space left on device";
    assert!(matches!(judge(full), GitError::DiskFull { .. }));
}
