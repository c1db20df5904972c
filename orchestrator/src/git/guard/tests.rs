//! Nothing that was in a worktree or on its branch is lost, and nothing of others is touched.

use super::*;
use crate::git::fixture::{TestRepo, branch, run, task, write};
use crate::git::worktree::add;

struct Scene {
    repo: TestRepo,
    tree: PathBuf,
    from: CommitId,
}

impl Scene {
    fn new() -> Self {
        let repo = TestRepo::new();
        repo.write(".gitignore", "*.o\n");
        repo.commit("ignores");
        let scene = Self {
            tree: repo.worktree("t"),
            from: repo.rev("main"),
            repo,
        };
        scene.begin();
        scene
    }

    fn begin(&self) {
        add(
            &self.repo.open(),
            &run(),
            &self.tree,
            &branch("t"),
            &self.from,
        )
        .unwrap();
    }

    fn retire(&self, tip: Option<&CommitId>) -> Result<Retired, GuardError> {
        let what = Retirement {
            run: &run(),
            task: &task("t"),
            attempt: AttemptNo(2),
            worktree: &self.tree,
            branch: &branch("t"),
            merged_into: tip,
        };
        retire(&self.repo.open(), what)
    }

    fn write(&self, path: &str, text: &str) {
        write(&self.tree.join(path), text);
    }

    fn commit(&self) -> CommitId {
        self.repo.commit_in(&self.tree, "work")
    }

    fn has_branch(&self) -> bool {
        refs::read(&self.repo.open(), &branch_ref(&branch("t")))
            .unwrap()
            .is_some()
    }

    fn file(&self, commit: &CommitId, path: &str) -> String {
        self.repo
            .git(["cat-file", "blob", &format!("{commit}:{path}")])
    }

    fn assert_gone(&self, done: &Retired) {
        assert_eq!(
            (&done.worktree, &done.branch),
            (&Fate::Removed, &Fate::Removed)
        );
        assert!(!self.tree.exists() && !self.has_branch());
        assert!(!self.repo.path.join(".git/worktrees/t").exists());
    }
}

#[test]
fn committed_uncommitted_and_untracked_work_is_kept_before_anything_goes() {
    let scene = Scene::new();
    scene.write("committed", "1");
    let head = scene.commit();
    scene.write("README", "edited");
    scene.write("staged", "2");
    scene.repo.git_in(&scene.tree, ["add", "staged"]);
    scene.write("dir/untracked", "3");
    scene.write("ignored.o", "4");
    let done = scene.retire(None).unwrap();
    scene.assert_gone(&done);
    let (name, backup) = done.backup.unwrap();
    assert_eq!(name, format!("refs/swarm/backup/{}/t/2", run()));
    assert_eq!(scene.repo.rev(&name), backup);
    assert_eq!(scene.repo.rev(&format!("{backup}^")), head);
    let expected = [
        ("committed", "1"),
        ("README", "edited"),
        ("staged", "2"),
        ("dir/untracked", "3"),
    ];
    for (path, text) in expected {
        assert_eq!(scene.file(&backup, path), text);
    }
    assert!(
        !scene
            .repo
            .git(["ls-tree", "-r", backup.as_str()])
            .contains("ignored.o")
    );
}

#[test]
fn unmerged_commits_alone_are_kept_as_they_are() {
    let scene = Scene::new();
    scene.write("committed", "1");
    let head = scene.commit();
    let done = scene.retire(Some(&scene.from)).unwrap();
    scene.assert_gone(&done);
    assert_eq!(
        done.backup,
        Some((backup_ref(&run(), &task("t"), AttemptNo(2)), head))
    );
}

#[test]
fn merged_work_needs_no_backup() {
    let scene = Scene::new();
    scene.write("committed", "1");
    let head = scene.commit();
    scene
        .repo
        .git(["merge", "--quiet", "--no-ff", "-m", "merge", head.as_str()]);
    let done = scene.retire(Some(&scene.repo.rev("main"))).unwrap();
    scene.assert_gone(&done);
    assert_eq!(done.backup, None);
}

#[test]
fn squashed_work_needs_no_backup_unless_it_was_undone_since() {
    let scene = Scene::new();
    scene.write("committed", "1");
    let head = scene.commit();
    scene
        .repo
        .git(["merge", "--quiet", "--squash", head.as_str()]);
    scene.repo.commit("squashed");
    scene.repo.write("later", "x");
    let tip = scene.repo.commit("later");
    assert_eq!(scene.retire(Some(&tip)).unwrap().backup, None);

    let scene = Scene::new();
    scene.write("committed", "1");
    let head = scene.commit();
    scene
        .repo
        .git(["merge", "--quiet", "--squash", head.as_str()]);
    scene.repo.commit("squashed");
    scene.repo.git(["rm", "--quiet", "committed"]);
    let tip = scene.repo.commit("undone");
    assert_eq!(scene.retire(Some(&tip)).unwrap().backup.unwrap().1, head);
}

#[test]
fn merged_work_with_later_edits_is_kept() {
    let scene = Scene::new();
    scene.write("late", "after the merge");
    let done = scene.retire(Some(&scene.from)).unwrap();
    scene.assert_gone(&done);
    assert_eq!(
        scene.file(&done.backup.unwrap().1, "late"),
        "after the merge"
    );
}

#[test]
fn commits_that_only_the_reflog_knows_are_kept() {
    let scene = Scene::new();
    scene
        .repo
        .git_in(&scene.tree, ["checkout", "--quiet", "--detach"]);
    scene.write("hidden", "1");
    scene.commit();
    scene.write("hidden", "2");
    let hidden = scene.commit();
    scene
        .repo
        .git_in(&scene.tree, ["checkout", "--quiet", &branch("t")]);
    scene.write("shown", "1");
    let head = scene.commit();
    let (_, backup) = scene.retire(None).unwrap().backup.unwrap();
    let open = scene.repo.open();
    assert!(refs::is_ancestor(&open, &hidden, &backup).unwrap());
    assert!(refs::is_ancestor(&open, &head, &backup).unwrap());
    assert_eq!(
        scene
            .repo
            .git(["rev-list", "--count", "--no-walk", &format!("{backup}^@")]),
        "2"
    );
}

#[test]
fn a_detached_head_is_kept_beside_the_branch() {
    let scene = Scene::new();
    scene.write("on-branch", "1");
    let head = scene.commit();
    scene.repo.git_in(
        &scene.tree,
        ["checkout", "--quiet", "--detach", scene.from.as_str()],
    );
    scene.write("detached", "1");
    let detached = scene.commit();
    let done = scene.retire(None).unwrap();
    scene.assert_gone(&done);
    let (_, backup) = done.backup.unwrap();
    for commit in [head, detached] {
        assert!(refs::is_ancestor(&scene.repo.open(), &commit, &backup).unwrap());
    }
}

#[test]
fn a_second_backup_of_one_try_holds_the_first() {
    let scene = Scene::new();
    scene.write("first", "1");
    let (name, first) = scene.retire(None).unwrap().backup.unwrap();
    scene.begin();
    scene.write("second", "2");
    let (again, second) = scene.retire(None).unwrap().backup.unwrap();
    assert_eq!(name, again);
    assert!(refs::is_ancestor(&scene.repo.open(), &first, &second).unwrap());
    assert_eq!(scene.file(&second, "second"), "2");
}

#[test]
fn retiring_again_finds_nothing_and_keeps_the_backup() {
    let scene = Scene::new();
    scene.write("first", "1");
    let backup = scene.retire(None).unwrap().backup.unwrap();
    let again = scene.retire(None).unwrap();
    assert_eq!(
        again,
        Retired {
            backup: None,
            worktree: Fate::Absent,
            branch: Fate::Absent
        }
    );
    assert_eq!(scene.repo.rev(&backup.0), backup.1);
}

#[test]
fn a_removal_that_was_cut_short_goes_on_and_keeps_the_first_backup() {
    let scene = Scene::new();
    scene.write("first", "1");
    scene.write("second", "2");
    let before = scene.retire_until_backup();
    std::fs::remove_file(scene.tree.join(".git")).unwrap();
    std::fs::remove_file(scene.tree.join("first")).unwrap();
    let done = scene.retire(None).unwrap();
    scene.assert_gone(&done);
    let backup = done.backup.unwrap().1;
    assert!(refs::is_ancestor(&scene.repo.open(), &before, &backup).unwrap());
    assert_eq!(scene.file(&before, "first"), "1");
}

impl Scene {
    /// What a crash between backup and removal leaves: the backup and everything else.
    fn retire_until_backup(&self) -> CommitId {
        let copy = self.repo.root().join("copy");
        let status = std::process::Command::new("cp")
            .arg("-a")
            .arg(&self.tree)
            .arg(&copy)
            .status()
            .unwrap();
        assert!(status.success());
        let admin = self.repo.path.join(".git/worktrees/t");
        let kept = self.repo.root().join("admin");
        assert!(
            std::process::Command::new("cp")
                .arg("-a")
                .arg(&admin)
                .arg(&kept)
                .status()
                .unwrap()
                .success()
        );
        let head = self.repo.rev(&branch("t"));
        let backup = self.retire(None).unwrap().backup.unwrap().1;
        std::fs::rename(copy, &self.tree).unwrap();
        std::fs::create_dir_all(admin.parent().unwrap()).unwrap();
        std::fs::rename(kept, admin).unwrap();
        self.repo
            .git(["update-ref", &branch_ref(&branch("t")), head.as_str()]);
        backup
    }
}

#[test]
fn a_directory_that_is_gone_leaves_its_commits() {
    let scene = Scene::new();
    scene.write("first", "1");
    let head = scene.commit();
    std::fs::remove_dir_all(&scene.tree).unwrap();
    let done = scene.retire(None).unwrap();
    scene.assert_gone(&done);
    assert_eq!(done.backup.unwrap().1, head);
}

#[test]
fn a_process_inside_keeps_everything_in_place() {
    let scene = Scene::new();
    scene.write("dir/x", "1");
    let mut sleeper = std::process::Command::new("sleep")
        .arg("60")
        .current_dir(scene.tree.join("dir"))
        .spawn()
        .unwrap();
    let done = scene.retire(None).unwrap();
    let expected = KeptReason::Process {
        pid: sleeper.id(),
        name: "sleep".into(),
    };
    sleeper.kill().unwrap();
    sleeper.wait().unwrap();
    assert_eq!(done.worktree, Fate::Kept(expected));
    assert!(scene.tree.join("dir/x").exists() && scene.has_branch());
    scene.assert_gone(&scene.retire(None).unwrap());
}

#[test]
fn what_the_run_does_not_own_is_not_touched() {
    let scene = Scene::new();
    scene
        .repo
        .git(["worktree", "unlock", scene.tree.to_str().unwrap()]);
    scene.repo.git([
        "worktree",
        "lock",
        "--reason",
        "swarm 111111111",
        scene.tree.to_str().unwrap(),
    ]);
    let done = scene.retire(None).unwrap();
    assert!(
        matches!(done.worktree, Fate::Kept(KeptReason::NotOwned(_))),
        "{done:?}"
    );
    assert!(scene.tree.exists() && scene.has_branch());

    let repo = TestRepo::new();
    repo.git(["worktree", "add", "--quiet", "-b", "mine", "../mine"]);
    let (mine, main) = (repo.root().join("mine"), repo.rev("main"));
    let what = Retirement {
        run: &run(),
        task: &task("t"),
        attempt: AttemptNo(1),
        worktree: &mine,
        branch: "mine",
        merged_into: Some(&main),
    };
    let done = retire(&repo.open(), what).unwrap();
    assert!(
        matches!(done.worktree, Fate::Kept(KeptReason::NotOwned(_))),
        "{done:?}"
    );
    let done = retire(
        &repo.open(),
        Retirement {
            worktree: &repo.root().join("none"),
            ..what
        },
    )
    .unwrap();
    assert!(
        matches!(done.branch, Fate::Kept(KeptReason::NotOwned(_))),
        "{done:?}"
    );
    assert_eq!(repo.rev("mine"), main);
    write(&repo.root().join("stray/x"), "x");
    let done = retire(
        &repo.open(),
        Retirement {
            worktree: &repo.root().join("stray"),
            ..what
        },
    )
    .unwrap();
    assert!(
        matches!(done.worktree, Fate::Kept(KeptReason::NotOwned(_))),
        "{done:?}"
    );
}

#[test]
fn repositories_inside_keep_the_worktree() {
    let scene = Scene::new();
    scene.repo.git_in(&scene.tree, ["init", "--quiet", "inner"]);
    scene.write("inner/x", "x");
    scene.repo.commit_in(&scene.tree.join("inner"), "inner");
    let done = scene.retire(None).unwrap();
    assert_eq!(
        done.worktree,
        Fate::Kept(KeptReason::Repository("inner".into()))
    );
    assert!(scene.tree.join("inner/.git").exists() && scene.has_branch());
}

#[test]
fn a_worktree_linked_elsewhere_stays() {
    let scene = Scene::new();
    std::fs::remove_file(scene.tree.join(".git")).unwrap();
    scene.repo.git_in(&scene.tree, ["init", "--quiet"]);
    assert!(matches!(
        scene.retire(None),
        Err(GuardError::Replaced { .. })
    ));
    assert!(scene.tree.join("README").exists());
}

#[test]
fn a_lock_left_in_the_index_or_a_broken_index_does_not_hinder_the_backup() {
    for file in ["index.lock", "index"] {
        let scene = Scene::new();
        scene.write("untracked", "1");
        std::fs::write(
            scene.repo.path.join(".git/worktrees/t").join(file),
            "garbage",
        )
        .unwrap();
        let done = scene.retire(None).unwrap();
        scene.assert_gone(&done);
        assert_eq!(scene.file(&done.backup.unwrap().1, "untracked"), "1");
    }
}

#[test]
fn without_room_for_a_backup_nothing_goes() {
    let scene = Scene::new();
    scene.write("untracked", "1");
    std::fs::write(
        scene.repo.path.join(".git/refs/swarm"),
        "a file where the refs would go",
    )
    .unwrap();
    assert!(scene.retire(None).is_err());
    assert!(scene.tree.join("untracked").exists() && scene.has_branch());
}
