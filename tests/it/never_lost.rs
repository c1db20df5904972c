//! Nobody's work is lost: neither the user's own, nor what a task left, nor what the run does not own.
//!
//! Every test looks at bytes: files, refs and trees, before and after.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use swarm_tests::{Repo, Signal};

use crate::scene::{Scene, TELL, hold};

/// Every file below `top` but git's own, with its mode and its bytes.
fn files(top: &Path) -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut open = vec![top.to_owned()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(directory).expect("a directory") {
            let entry = entry.expect("an entry");
            let (path, kind) = (entry.path(), entry.file_type().expect("its type"));
            if kind.is_dir() && entry.file_name() != ".git" {
                open.push(path);
            } else if kind.is_file() {
                let mode = entry.metadata().expect("metadata").permissions().mode();
                let bytes = fs::read(&path).expect("the file");
                found.insert(path, (mode, bytes));
            }
        }
    }
    found
}

/// What is the user's: the files of the tree, what is staged, where HEAD stands.
#[derive(Debug, PartialEq, Eq)]
struct Own {
    files: BTreeMap<PathBuf, (u32, Vec<u8>)>,
    staged: String,
    status: String,
    head: String,
    stash: String,
}

fn own(scene: &Scene) -> Own {
    let repo = scene.repo();
    Own {
        files: files(repo.path()),
        staged: repo.git(&["diff", "--cached"]),
        status: repo.git(&["status", "--porcelain", "--ignored"]),
        head: repo.git(&["rev-parse", "HEAD", "--symbolic-full-name", "HEAD"]),
        stash: repo.git(&["stash", "list"]),
    }
}

#[test]
fn the_users_changes_are_the_same_bytes_through_run_stop_resume_cancel_and_gc() {
    let hold = hold("up", "go");
    let scene = Scene::new(&format!(
        "# Plan\n\n## core: Change what the user changes too\n\
         - run: {TELL}; {hold}; echo task > shared.txt; echo task > new.txt; rm -f base.txt; echo task > staged.txt\n"
    ));
    let repo = scene.repo();
    repo.write(".gitignore", "*.log\n");
    repo.write("gone.txt", "gone\n");
    let _ = repo.commit("more");
    repo.write("shared.txt", "the user's\n");
    repo.write("staged.txt", "staged\n");
    let _ = repo.git(&["add", "staged.txt"]);
    repo.write("staged.txt", "staged and changed\n");
    repo.write("new.txt", "untracked\n");
    repo.write("deep/new \u{e9}.txt", "untracked\n");
    repo.write("trace.log", "ignored\n");
    fs::remove_file(repo.path().join("gone.txt")).expect("a file goes");
    let script = fs::Permissions::from_mode(0o755);
    fs::set_permissions(repo.path().join("base.txt"), script).expect("a mode");
    let before = own(&scene);

    let mut running = scene.swarm(["run", "plan.md", "--grace", "1h"]).start();
    scene.wait_for("up");
    assert_eq!(own(&scene), before, "while it runs");
    running.signal(Signal::INT);
    running.wait_for("stopping");
    scene.raise("go");
    let output = running.wait().code(130);
    assert!(output.raw_stdout().contains("uncommitted"), "{output}");
    assert_eq!(own(&scene), before, "after a stop");
    let _ = scene.swarm(["resume"]).run().success();
    assert_eq!(own(&scene), before, "after a resume");
    scene.all_merged();
    let run = scene.standing().run;
    let merged = repo.file(&format!("swarm/{run}"), "shared.txt");
    assert_eq!(
        merged.as_deref(),
        Some("task\n"),
        "it started from the commit"
    );

    scene.lower(["up", "go"]);
    let running = scene.swarm(["run", "plan.md"]).start();
    scene.wait_for("up");
    let _ = scene.swarm(["stop", "--cancel"]).run().success();
    let _ = running.wait().code(130);
    assert_eq!(own(&scene), before, "after a cancellation");
    let _ = scene.swarm(["gc"]).run().success();
    assert_eq!(own(&scene), before, "after a gc");
    scene.env.nobody_is_left();
}

/// A plan whose task leaves a commit and loose files at its first `fails` tries, of which it has two.
fn leaves_work(fails: u32) -> String {
    format!(
        "# Plan\n\n## core: Leave work behind\n- retries: 1\n- run:\n  ```sh\n  {TELL}\n\
         \x20 [ $SWARM_ATTEMPT -le {fails} ] || {{ echo right > core.txt; exit; }}\n\
         \x20 echo committed > committed.txt && git add committed.txt && git commit -qm mine\n\
         \x20 echo loose > shared.txt; echo untracked > untracked.txt; git rm -q base.txt\n  exit 1\n  ```\n"
    )
}

/// The revision holds all that the failed try left.
fn holds_all(repo: &Repo<'_>, revision: &str) {
    let file = |name: &str| repo.file(revision, name);
    assert_eq!(file("committed.txt").as_deref(), Some("committed\n"));
    assert_eq!(file("shared.txt").as_deref(), Some("loose\n"));
    assert_eq!(file("untracked.txt").as_deref(), Some("untracked\n"));
    assert_eq!(file("base.txt"), None, "its deletion is work too");
    let history = repo.git(&["log", "--format=%s", revision]);
    assert!(
        history.lines().any(|subject| subject == "mine"),
        "{history}"
    );
}

#[test]
fn what_a_failed_try_left_is_kept_when_the_task_is_tried_again() {
    let scene = Scene::new(&leaves_work(1));
    let _ = scene
        .swarm(["run", "plan.md"])
        .var("SWARM_BACKOFF", "0ms")
        .run()
        .success();
    let run = scene.all_merged().run;
    assert_eq!(scene.told(), ["core 1", "core 2"]);
    holds_all(&scene.repo(), &format!("refs/swarm/backup/{run}/core/1"));
    let tree = scene.repo().tree(&format!("swarm/{run}"));
    assert!(!tree.contains(&"committed.txt".to_owned()), "{tree:?}");
}

/// A run whose task failed twice; gives its name. The second try's worktree stays.
fn failed_twice(scene: &Scene) -> String {
    let running = scene.swarm(["run", "plan.md"]).var("SWARM_BACKOFF", "0ms");
    let _ = running.run().code(1);
    let run = scene.standing().run;
    let place = scene.env.root().join(format!("repo.swarm/{run}/core"));
    let read = |name: &str| fs::read_to_string(place.join(name)).ok();
    assert_eq!(read("untracked.txt").as_deref(), Some("untracked\n"));
    assert_eq!(read("shared.txt").as_deref(), Some("loose\n"));
    assert_eq!(read("committed.txt").as_deref(), Some("committed\n"));
    run
}

/// Retries the task, which then succeeds, and looks at everything that the backups of these numbers keep.
fn retried(scene: &Scene, run: &str, backups: [u32; 2]) {
    let _ = scene.swarm(["retry", "core"]).run().success();
    scene.all_merged();
    for number in backups {
        let backup = format!("refs/swarm/backup/{run}/core/{number}");
        holds_all(&scene.repo(), &backup);
    }
}

#[test]
fn what_a_failed_task_left_is_kept_by_a_retry() {
    let scene = Scene::new(&leaves_work(2));
    let run = failed_twice(&scene);
    retried(&scene, &run, [1, 2]);
}

#[test]
fn what_a_failed_task_left_is_kept_by_a_gc() {
    let scene = Scene::new(&leaves_work(2));
    let run = failed_twice(&scene);
    let output = scene.swarm(["gc"]).run().success();
    // It does not know which try it was.
    let backup = format!("refs/swarm/backup/{run}/core/0");
    assert!(output.raw_stdout().contains(&backup), "{output}");
    holds_all(&scene.repo(), &backup);
    let place = scene.env.root().join(format!("repo.swarm/{run}/core"));
    assert!(!place.exists(), "and only then it is gone");
    retried(&scene, &run, [0, 1]);
}

/// Every ref that no run made, and every worktree but theirs.
fn foreign(scene: &Scene) -> (Vec<String>, Vec<String>) {
    let repo = scene.repo();
    let refs = repo.git(&["for-each-ref", "--format=%(refname) %(objectname)"]);
    let theirs = |line: &&str| {
        let run = line.strip_prefix("refs/heads/swarm/").unwrap_or_default();
        line.starts_with("refs/swarm/") || (run.starts_with(|first: char| first.is_ascii_digit()))
    };
    let worktrees = repo.git(&["worktree", "list", "--porcelain"]);
    let of_runs = |block: &&str| block.contains("locked swarm ");
    (
        refs.lines()
            .filter(|line| !theirs(line))
            .map(str::to_owned)
            .collect(),
        worktrees
            .split("\n\n")
            .filter(|block| !of_runs(block))
            .map(str::to_owned)
            .collect(),
    )
}

#[test]
fn branches_and_worktrees_that_no_run_owns_are_not_touched() {
    let scene = Scene::new("# Plan\n\n## core: Write a file\n- run: echo core > core.txt\n");
    let repo = scene.repo();
    for name in ["swarm/mine", "swarm/mine-core", "topic"] {
        let _ = repo.git(&["branch", name]);
    }
    let _ = repo.git(&["update-ref", "refs/backup/old", "HEAD"]);
    // In the very place where the worktrees of runs go.
    let place = scene.env.root().join("repo.swarm");
    for (name, branch) in [("mine", "swarm/mine"), ("locked", "topic")] {
        let path = place.join(name);
        let _ = repo.git(&["worktree", "add", "-q", &path.to_string_lossy(), branch]);
        fs::write(path.join("loose.txt"), "loose\n").expect("a file");
    }
    let locked = place.join("locked");
    let _ = repo.git(&["worktree", "lock", &locked.to_string_lossy()]);
    fs::create_dir_all(place.join("notes")).expect("a directory");
    fs::write(place.join("notes/a.txt"), "a note\n").expect("a note");
    let (before, there) = (foreign(&scene), files(&place));

    let _ = scene.swarm(["run", "plan.md"]).run().success();
    let _ = scene.swarm(["gc"]).run().success();
    assert_eq!(foreign(&scene), before);
    let mut after = files(&place);
    after.retain(|path, _| there.contains_key(path));
    assert_eq!(after, there);
    scene.all_merged();
}

/// `right` always conflicts with the tip: it ends its first two tries only when the tip has moved away under it.
fn conflicting(tries: u32) -> String {
    format!(
        "---\nretries: 0\nmax-workers: 4\n---\n# Conflict\n\n\
         ## one: Change a line\n- run: until [ -e ~/right-1 ]; do sleep 0.02; done; echo one > shared.txt\n\n\
         ## two: Change it again\n- needs: one\n\
         - run: until [ -e ~/right-2 ]; do sleep 0.02; done; echo two > shared.txt\n\n\
         ## right: Change the same line\n- run:\n  ```sh\n  {TELL}\n  cat shared.txt >> ~/seen\n\
         \x20 touch ~/right-$SWARM_ATTEMPT ~/right-$((SWARM_ATTEMPT + {skip}))\n\
         \x20 [ $SWARM_ATTEMPT -gt {tries} ] || while [ \"$(git rev-parse \"swarm/$SWARM_RUN\")\" = \"$SWARM_BASE\" ]; do sleep 0.02; done\n\
         \x20 echo \"right $SWARM_ATTEMPT\" > shared.txt\n  ```\n",
        skip = u32::from(tries == 1),
    )
}

#[test]
fn a_conflict_is_tried_again_from_the_new_tip_and_both_are_merged() {
    let scene = Scene::new(&conflicting(1).replace("- needs: one\n", "- needs: right\n"));
    let _ = scene.swarm(["run", "plan.md"]).run().success();
    let run = scene.all_merged().run;
    assert_eq!(scene.told(), ["right 1", "right 2"]);
    let seen = fs::read_to_string(scene.env.home().join("seen")).expect("what it saw");
    assert_eq!(
        seen, "nobody\none\n",
        "the second try saw what it conflicted with"
    );
    let first = scene
        .repo()
        .file(&format!("refs/swarm/backup/{run}/right/1"), "shared.txt");
    assert_eq!(first.as_deref(), Some("right 1\n"), "the first try is kept");
}

#[test]
fn who_conflicts_again_and_again_is_blocked_with_its_work_kept() {
    let scene = Scene::new(&conflicting(2));
    let output = scene.swarm(["run", "plan.md"]).run().code(1);
    let standing = scene.standing();
    assert_eq!(standing.tasks["one"].state, "merged");
    assert_eq!(standing.tasks["two"].state, "merged");
    assert_eq!(standing.tasks["right"].state, "blocked", "{output}");
    let run = &standing.run;
    let kept = |revision: String| scene.repo().file(&revision, "shared.txt");
    let first = kept(format!("refs/swarm/backup/{run}/right/1"));
    assert_eq!(first.as_deref(), Some("right 1\n"));
    assert_eq!(
        kept(format!("swarm/{run}-right")).as_deref(),
        Some("right 2\n")
    );
    assert_eq!(kept(format!("swarm/{run}")).as_deref(), Some("two\n"));

    let _ = scene.swarm(["retry", "right"]).run().success();
    scene.all_merged();
    assert_eq!(kept(format!("swarm/{run}")).as_deref(), Some("right 3\n"));
    let second = kept(format!("refs/swarm/backup/{run}/right/2"));
    assert_eq!(second.as_deref(), Some("right 2\n"));
}

#[test]
fn a_task_in_the_users_tree_leaves_no_commit() {
    let scene = Scene::new(
        "# Plan\n\n## core: Build in place\n- isolation: none\n- run: echo built > built.txt\n",
    );
    let repo = scene.repo();
    repo.write("shared.txt", "the user's\n");
    let before = repo.git(&["log", "--all", "--format=%H"]);
    let _ = scene.swarm(["run", "plan.md"]).run().success();
    assert_eq!(repo.git(&["log", "--all", "--format=%H"]), before);
    assert_eq!(repo.status(), " M shared.txt\n?? built.txt\n");
    assert_eq!(repo.read("built.txt").as_deref(), Some("built\n"));
    assert_eq!(repo.git(&["worktree", "list"]).lines().count(), 1);
    scene.env.nobody_is_left();
}
