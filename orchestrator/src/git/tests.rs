//! Repositories of every layout go the whole way: worktree, commit, change, merge, landing, retirement.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use swarm_mailbox::id::AttemptNo;

use super::change::{Bounds, between};
use super::command::{GitError, Hooks};
use super::commit::{Message, Work, commit_all};
use super::fixture::scramble::Seed;
use super::fixture::{TestRepo, branch, bytes, run, task, write};
use super::guard::{Fate, Retirement, retire};
use super::land::{How, Landing, land};
use super::merge::merge_heads;
use super::refs::{self, RefUpdate, branch_ref};
use super::repo::Repo;
use super::worktree::{add, list};

/// Takes two tasks from start to end in `repo`, whose `main` has a `README`.
fn whole_way(repo: &Repo, base: &Path) {
    let from = repo.resolve("main").unwrap();
    let integration = branch_ref(&format!("swarm/{}", run()));
    refs::update(
        repo,
        &[RefUpdate::create(&integration, &from)],
        "run starts",
    )
    .unwrap();
    let mut tip = from.clone();
    let odd = bytes(b"odd \n\xff name");
    for (name, file) in [("one", OsStr::new("README")), ("two", odd)] {
        let (tree, branch) = (base.join(name), branch(name));
        add(repo, &run(), &tree, &branch, &tip).unwrap();
        write(&tree.join(file), format!("by {name}\n"));
        let message = Message::for_task(&run(), &task(name), name, "");
        let work = Work {
            worktree: &tree,
            branch: &branch,
            from: &tip,
            hooks: Hooks::Skip,
        };
        let head = commit_all(repo, work, &message).unwrap().unwrap();
        let change = between(repo, &tip, &head, Bounds::default()).unwrap();
        assert_eq!(
            (change.files.len(), change.files[0].path.as_os_str()),
            (1, file)
        );
        assert_eq!(
            change.files[0].added,
            [(1, format!("by {name}").into_bytes())]
        );
        let merged = merge_heads(repo, &tip, &[(head.clone(), message)])
            .unwrap()
            .commit
            .unwrap();
        refs::update(
            repo,
            &[RefUpdate::advance(&integration, &tip, &merged)],
            "merged",
        )
        .unwrap();
        assert!(refs::is_ancestor(repo, &head, &merged).unwrap());
        let what = Retirement {
            run: &run(),
            task: &task(name),
            attempt: AttemptNo::FIRST,
            worktree: &tree,
            branch: &branch,
            merged_into: Some(&merged),
        };
        let done = retire(repo, what).unwrap();
        assert_eq!(
            (done.backup, done.worktree, done.branch),
            (None, Fate::Removed, Fate::Removed)
        );
        tip = merged;
    }
    let message = Message::for_run(&run(), "land", "");
    let landing = Landing {
        heads: std::slice::from_ref(&tip),
        into: "main",
        how: How::FastForward,
        message: &message,
    };
    let landed = land(repo, landing).unwrap();
    assert_eq!(
        (landed.to, repo.resolve("main").unwrap()),
        (tip.clone(), tip)
    );
    if let Some(tree) = landed.worktree {
        assert_eq!(
            std::fs::read_to_string(tree.join("README")).unwrap(),
            "by one\n"
        );
        assert_eq!(std::fs::read_to_string(tree.join(odd)).unwrap(), "by two\n");
    }
    assert!(list(repo).unwrap().iter().all(|one| one.lock.is_none()));
}

/// The same in a directory of `test`, with worktrees where they go by default.
fn whole_way_in(test: &TestRepo, dir: &Path) {
    let repo = test.open_at(dir);
    let base = repo.worktrees_base().join(run().as_str());
    whole_way(&repo, &base);
}

#[test]
fn a_repository_with_uncommitted_changes_keeps_them() {
    let test = TestRepo::new();
    test.write("staged", "s\n");
    test.commit("more");
    test.write("staged", "edited and staged\n");
    test.git(["add", "staged"]);
    test.write("untracked", "u\n");
    assert_eq!(test.open().dirty(10).unwrap().len(), 2);
    whole_way_in(&test, &test.path);
    assert_eq!(
        test.git(["status", "--porcelain"]),
        "M  staged\n?? untracked"
    );
}

#[test]
fn a_detached_head_stays_where_it_is() {
    let test = TestRepo::new();
    test.git(["checkout", "--quiet", "--detach"]);
    let head = test.rev("HEAD");
    whole_way_in(&test, &test.path);
    assert_eq!(
        (test.rev("HEAD"), test.git(["status", "--porcelain"])),
        (head, String::new())
    );
}

#[test]
fn a_bare_repository_with_worktrees_works_from_either() {
    for from in ["main", ".bare"] {
        let test = TestRepo::new();
        let project = test.root().join("project");
        test.git([
            "clone",
            "--quiet",
            "--bare",
            ".",
            project.join(".bare").to_str().unwrap(),
        ]);
        test.git_in(
            &project.join(".bare"),
            ["worktree", "add", "--quiet", "../main", "main"],
        );
        whole_way_in(&test, &project.join(from));
        assert_eq!(
            test.git_in(&project.join("main"), ["status", "--porcelain"]),
            ""
        );
    }
}

#[test]
fn sha256_and_reftable_repositories_work() {
    for options in [&["--object-format=sha256"][..], &["--ref-format=reftable"]] {
        let test = TestRepo::empty(options);
        test.write("README", "hello\n");
        test.commit("first");
        whole_way_in(&test, &test.path);
    }
}

#[test]
fn shallow_and_partial_clones_work() {
    let test = TestRepo::new();
    test.write("README", "second\n");
    test.write("never/needed", "x\n");
    test.commit("second");
    test.git(["config", "uploadpack.allowFilter", "true"]);
    let url = format!("file://{}", test.path.display());
    test.git(["clone", "--quiet", "--depth=1", &url, "../shallow"]);
    test.git(["clone", "--quiet", "--filter=blob:none", &url, "../partial"]);
    for clone in ["shallow", "partial"] {
        whole_way_in(&test, &test.root().join(clone));
    }
}

#[test]
fn sparse_and_split_index_repositories_work() {
    for setting in [
        &["sparse-checkout", "set", "--sparse-index", "in"][..],
        &["update-index", "--split-index"],
    ] {
        let test = TestRepo::new();
        test.write("in/x", "x\n");
        test.write("out/deep/x", "x\n");
        test.commit("dirs");
        test.git(setting.iter());
        whole_way_in(&test, &test.path);
        assert_eq!(test.git(["status", "--porcelain"]), "", "{setting:?}");
    }
}

#[test]
fn submodules_stay_as_they_are_and_empty_in_worktrees() {
    let (test, other) = (TestRepo::new(), TestRepo::new());
    test.git([
        "submodule",
        "--quiet",
        "add",
        other.path.to_str().unwrap(),
        "sub",
    ]);
    test.commit("submodule");
    assert!(test.open().facts().submodules);
    let tree = test.worktree("look");
    add(
        &test.open(),
        &run(),
        &tree,
        &branch("look"),
        &test.rev("main"),
    )
    .unwrap();
    assert_eq!(std::fs::read_dir(tree.join("sub")).unwrap().count(), 0);
    test.git(["worktree", "remove", "-f", "-f", tree.to_str().unwrap()]);
    whole_way_in(&test, &test.path);
    assert_eq!(test.git(["status", "--porcelain"]), "");
}

#[test]
fn a_path_with_spaces_newlines_and_odd_bytes_works() {
    let test = TestRepo::new();
    let dir = test.root().join(bytes(b"a b\nc \xff"));
    std::fs::rename(&test.path, &dir).unwrap();
    whole_way_in(&test, &dir);
}

#[test]
fn names_that_differ_in_case_only_are_two_files() {
    let test = TestRepo::new();
    test.write("Readme", "another\n");
    test.commit("case");
    whole_way_in(&test, &test.path);
    assert_eq!(
        std::fs::read_to_string(test.path.join("Readme")).unwrap(),
        "another\n"
    );
}

#[test]
fn filters_hooks_and_symlinks_of_the_user_do_no_harm() {
    let test = TestRepo::new();
    test.git(["config", "filter.lfs-like.clean", "tr a-z n-za-m"]);
    test.git(["config", "filter.lfs-like.smudge", "tr n-za-m a-z"]);
    test.git(["config", "filter.lfs-like.required", "true"]);
    test.write(".gitattributes", "*.big filter=lfs-like\n");
    test.write("x.big", "payload\n");
    std::os::unix::fs::symlink("/nowhere", test.path.join("link")).unwrap();
    test.commit("filtered");
    for hook in [
        "pre-commit",
        "commit-msg",
        "post-checkout",
        "reference-transaction",
        "pre-merge-commit",
        "post-merge",
    ] {
        let path = test.path.join(".git/hooks").join(hook);
        write(&path, "#!/bin/sh\nexit 1\n");
        std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .unwrap();
    }
    whole_way_in(&test, &test.path);
    assert_eq!(
        std::fs::read_to_string(test.path.join("x.big")).unwrap(),
        "payload\n"
    );
    std::fs::remove_dir_all(test.path.join(".git/hooks")).unwrap();
    assert_eq!(test.git(["status", "--porcelain"]), "");
}

/// Makes a directory tree unchangeable even for the superuser; false where the system does not let us.
fn freeze(path: &Path, flag: &str) -> bool {
    let done = std::process::Command::new("chattr")
        .args(["-R", flag])
        .arg(path)
        .output();
    done.is_ok_and(|done| done.status.success())
}

#[test]
fn a_repository_that_cannot_be_written_is_said_to_be_so() {
    let test = TestRepo::new();
    let (open, from, git_dir) = (test.open(), test.rev("main"), test.path.join(".git"));
    std::fs::create_dir(git_dir.join("swarm")).unwrap();
    write(&git_dir.join("swarm/worktrees.lock"), "");
    let frozen = freeze(&git_dir, "+i");
    let update = RefUpdate::create("refs/heads/swarm/x", &from);
    if frozen {
        let by_git = refs::update(&open, &[update], "x");
        let added = add(&open, &run(), &test.worktree("a"), &branch("a"), &from);
        assert!(freeze(&git_dir, "-i"));
        assert!(
            matches!(by_git, Err(refs::RefError::Git(GitError::ReadOnly { .. }))),
            "{by_git:?}"
        );
        assert!(added.unwrap_err().to_string().contains("ot permitted"));
    } else {
        // Without that right a file in the place of a directory is as unwritable as it gets.
        std::fs::remove_dir_all(git_dir.join("refs/heads/swarm")).unwrap_or_default();
        write(&git_dir.join("refs/heads/swarm"), "in the way");
        assert!(refs::update(&open, &[update], "x").is_err());
    }
    assert_eq!(test.rev("main"), from);
}

#[test]
fn a_full_disk_is_said_to_be_so_and_loses_nothing() {
    let test = TestRepo::new();
    let small = test.root().join("small");
    std::fs::create_dir(&small).unwrap();
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=512k", "swarm-test"])
        .arg(&small)
        .output()
        .is_ok_and(|done| done.status.success());
    if !mounted {
        // What git says then is still told apart: see the tests of `command`.
        eprintln!("no right to mount a small file system: the full disk is not tested here");
        return;
    }
    let _unmount = Unmount(small.clone());
    let repo = small.join("repo");
    test.git(["clone", "--quiet", ".", repo.to_str().unwrap()]);
    let open = test.open_at(&repo);
    let tree = test.root().join("outside").join(run().as_str()).join("t");
    let from = test.at(&repo, "main");
    add(&open, &run(), &tree, &branch("t"), &from).unwrap();
    let mut seed = Seed(1);
    let noise: Vec<u8> = (0..1_000_000).map(|_| seed.below(256) as u8).collect();
    write(&tree.join("big"), &noise);
    let work = Work {
        worktree: &tree,
        branch: &branch("t"),
        from: &from,
        hooks: Hooks::Skip,
    };
    let error = commit_all(&open, work, &Message::for_run(&run(), "x", "")).unwrap_err();
    assert!(error.to_string().contains("no space left"), "{error}");
    let what = Retirement {
        run: &run(),
        task: &task("t"),
        attempt: AttemptNo::FIRST,
        worktree: &tree,
        branch: &branch("t"),
        merged_into: None,
    };
    assert!(retire(&open, what).is_err());
    assert_eq!(std::fs::read(tree.join("big")).unwrap().len(), noise.len());
    assert_eq!(test.at(&repo, &branch("t")), from);
}

struct Unmount(PathBuf);

impl Drop for Unmount {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount")
            .arg("-l")
            .arg(&self.0)
            .output();
    }
}
