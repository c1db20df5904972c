//! Landing on a branch that is checked out or not, around everything a user may have lying in the working tree.

use super::*;
use crate::git::fixture::{TestRepo, run, write};

struct Scene {
    repo: TestRepo,
    work: CommitId,
}

impl Scene {
    /// `main` is checked out; the work edits `edited`, deletes `gone`, adds `dir/new`.
    fn new() -> Self {
        let repo = TestRepo::new();
        repo.write(".gitignore", "*.log\n");
        repo.write("edited", "1\n");
        repo.write("gone", "1\n");
        repo.write("other", "1\n");
        repo.commit("base");
        repo.git(["checkout", "--quiet", "-b", "work"]);
        repo.write("edited", "2\n");
        repo.write("dir/new", "new\n");
        repo.write("dir/x.log", "log\n");
        repo.git(["add", "--force", "dir/x.log"]);
        repo.git(["rm", "--quiet", "gone"]);
        let work = repo.commit("work");
        repo.git(["checkout", "--quiet", "main"]);
        Self { repo, work }
    }

    fn land(&self, how: How) -> Result<Landed, LandError> {
        self.land_heads(std::slice::from_ref(&self.work), how)
    }

    fn land_heads(&self, heads: &[CommitId], how: How) -> Result<Landed, LandError> {
        let message = Message::for_run(&run(), "Land it", "");
        land(
            &self.repo.open(),
            Landing {
                heads,
                into: "main",
                how,
                message: &message,
            },
        )
    }

    fn main(&self) -> CommitId {
        self.repo.rev("main")
    }

    fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.repo.path.join(path)).unwrap()
    }

    fn status(&self) -> String {
        self.repo
            .git(["status", "--porcelain", "--untracked-files=all"])
    }

    /// Nothing but `expected` differs from the work.
    fn assert_landed(&self, expected: &str) {
        assert_eq!(self.status(), expected);
        assert_eq!(
            (self.read("edited"), self.read("dir/new")),
            ("2\n".into(), "new\n".into())
        );
        assert!(!self.repo.path.join("gone").exists());
    }

    /// Refused, naming exactly these paths, with everything as it was.
    fn assert_refused(&self, names: &[&str]) {
        let (main, status) = (self.main(), self.status());
        match self.land(How::FastForward) {
            Err(LandError::InTheWay { paths, .. }) => {
                let paths: Vec<_> = paths.iter().map(|path| path.to_str().unwrap()).collect();
                assert_eq!(paths, names);
            }
            other => panic!("not refused: {other:?}"),
        }
        assert_eq!((self.main(), self.status()), (main, status));
    }
}

#[test]
fn a_branch_that_nobody_has_checked_out_just_moves() {
    let scene = Scene::new();
    scene.repo.git(["checkout", "--quiet", "-b", "elsewhere"]);
    let landed = scene.land(How::FastForward).unwrap();
    assert_eq!(
        (landed.to, landed.worktree, landed.paths),
        (scene.work.clone(), None, 4)
    );
    assert_eq!(scene.main(), scene.work);
    assert_eq!(
        (scene.status(), scene.read("edited")),
        (String::new(), "1\n".into())
    );
    assert!(scene.repo.git(["reflog", "main"]).contains("swarm: lands"));
}

#[test]
fn the_working_tree_follows_and_everything_else_in_it_stays() {
    let scene = Scene::new();
    scene.repo.write("other", "edited by the user\n");
    scene.repo.write("staged", "staged\n");
    scene.repo.git(["add", "staged"]);
    scene.repo.write("staged", "staged and edited\n");
    scene.repo.write("untracked", "mine\n");
    let landed = scene.land(How::FastForward).unwrap();
    assert_eq!(landed.worktree, Some(scene.repo.path.clone()));
    assert_eq!(scene.main(), scene.work);
    scene.assert_landed(" M other\nAM staged\n?? untracked");
    assert_eq!(scene.repo.git(["show", ":staged"]), "staged");
    assert_eq!(scene.repo.git(["symbolic-ref", "HEAD"]), "refs/heads/main");
    assert!(scene.repo.git(["reflog", "HEAD"]).contains("swarm: lands"));
    let again = scene.land(How::FastForward).unwrap();
    assert_eq!(
        (&again.from, &again.to, again.paths),
        (&scene.work, &scene.work, 0)
    );
}

#[test]
fn edits_of_files_that_landing_changes_are_named() {
    let scene = Scene::new();
    scene.repo.write("edited", "mine\n");
    std::fs::create_dir(scene.repo.path.join("dir")).unwrap();
    scene.repo.write("dir/new", "mine too\n");
    scene.repo.write("gone", "changed\n");
    scene.assert_refused(&["dir/new", "edited", "gone"]);
}

#[test]
fn staged_changes_of_files_that_landing_changes_are_named() {
    let scene = Scene::new();
    scene.repo.write("edited", "mine\n");
    scene.repo.git(["add", "edited"]);
    scene.assert_refused(&["edited"]);
    // Even when the file itself looks as the landing wants it.
    scene.repo.write("edited", "2\n");
    scene.assert_refused(&["edited"]);
}

#[test]
fn untracked_and_even_ignored_files_in_the_way_are_named() {
    let scene = Scene::new();
    scene.repo.write("dir/x.log", "my log\n");
    scene.assert_refused(&["dir/x.log"]);
    std::fs::remove_dir_all(scene.repo.path.join("dir")).unwrap();
    scene.repo.write("dir", "a file where the directory goes\n");
    scene.assert_refused(&["dir/new", "dir/x.log"]);
    std::fs::remove_file(scene.repo.path.join("dir")).unwrap();
    scene
        .repo
        .write("dir/new/deeper", "a directory where the file goes\n");
    scene.assert_refused(&["dir/new"]);
}

#[test]
fn a_file_that_becomes_a_directory_and_back_lands() {
    let repo = TestRepo::new();
    repo.write("thing", "file\n");
    let file = repo.commit("file");
    std::fs::remove_file(repo.path.join("thing")).unwrap();
    repo.write("thing/inner", "dir\n");
    let dir = repo.commit("directory");
    std::fs::remove_dir_all(repo.path.join("thing")).unwrap();
    repo.write("thing", "again\n");
    let again = repo.commit("file again");
    repo.git(["reset", "--quiet", "--hard", file.as_str()]);
    let scene = Scene {
        repo,
        work: dir.clone(),
    };
    scene.land(How::FastForward).unwrap();
    assert_eq!(
        (scene.read("thing/inner"), scene.status()),
        ("dir\n".into(), String::new())
    );
    scene.repo.write("thing/mine", "mine\n");
    let refused = scene
        .land_heads(std::slice::from_ref(&again), How::FastForward)
        .unwrap_err();
    assert!(
        matches!(
            refused,
            LandError::Refused { .. } | LandError::InTheWay { .. }
        ),
        "{refused}"
    );
    assert_eq!(
        (scene.main(), scene.read("thing/mine")),
        (dir, "mine\n".into())
    );
    std::fs::remove_file(scene.repo.path.join("thing/mine")).unwrap();
    scene.land_heads(&[again], How::FastForward).unwrap();
    assert_eq!(
        (scene.read("thing"), scene.status()),
        ("again\n".into(), String::new())
    );
}

#[test]
fn a_file_touched_without_an_edit_is_no_hindrance() {
    let scene = Scene::new();
    let file = std::fs::File::options()
        .write(true)
        .open(scene.repo.path.join("edited"))
        .unwrap();
    file.set_modified(std::time::SystemTime::UNIX_EPOCH)
        .unwrap();
    scene.land(How::FastForward).unwrap();
    scene.assert_landed("");
}

#[test]
fn a_crash_before_the_branch_moved_is_made_good() {
    let scene = Scene::new();
    let main = scene.main();
    scene
        .repo
        .git(["read-tree", "-m", "-u", main.as_str(), scene.work.as_str()]);
    scene.land(How::FastForward).unwrap();
    assert_eq!(scene.main(), scene.work);
    scene.assert_landed("");
}

#[test]
fn a_crash_in_the_middle_of_the_files_is_made_good() {
    let scene = Scene::new();
    scene.repo.write("edited", "2\n");
    scene.repo.write("dir/new", "new\n");
    std::fs::remove_file(scene.repo.path.join("gone")).unwrap();
    let lock = scene.repo.path.join(".git/index.lock");
    std::fs::write(&lock, "").unwrap();
    let error = scene.land(How::FastForward).unwrap_err();
    assert!(
        error.to_string().contains("index.lock' is in the way"),
        "{error}"
    );
    std::fs::remove_file(lock).unwrap();
    scene.land(How::NoFf).unwrap();
    scene.assert_landed("");
}

#[test]
fn no_ff_and_diverged_branches_make_a_merge_commit() {
    let scene = Scene::new();
    let landed = scene.land(How::NoFf).unwrap();
    assert_eq!(scene.repo.rev("main^2"), scene.work);
    assert_eq!(scene.repo.git(["log", "-1", "--format=%s"]), "Land it");
    assert_eq!(scene.land(How::NoFf).unwrap().to, landed.to);

    let scene = Scene::new();
    scene.repo.write("other", "2\n");
    let before = scene.repo.commit("meanwhile");
    scene.land(How::FastForward).unwrap();
    assert_eq!(
        (scene.repo.rev("main^1"), scene.repo.rev("main^2")),
        (before, scene.work.clone())
    );
    scene.assert_landed("");
}

#[test]
fn squash_makes_one_commit_once() {
    let scene = Scene::new();
    let from = scene.main();
    let landed = scene.land(How::Squash).unwrap();
    assert_eq!(
        scene.repo.git(["rev-list", "--parents", "-1", "main"]),
        format!("{} {from}", landed.to)
    );
    assert_eq!(scene.land(How::Squash).unwrap().to, landed.to);
    scene.assert_landed("");
}

#[test]
fn single_heads_land_in_their_order() {
    let scene = Scene::new();
    scene
        .repo
        .git(["checkout", "--quiet", "-b", "second", "main"]);
    scene.repo.write("second", "x\n");
    let second = scene.repo.commit("second");
    scene.repo.git(["checkout", "--quiet", "main"]);
    scene
        .land_heads(&[scene.work.clone(), second.clone()], How::FastForward)
        .unwrap();
    assert_eq!(
        (scene.repo.rev("main^1"), scene.repo.rev("main^2")),
        (scene.work.clone(), second)
    );
    scene.assert_landed("");
}

#[test]
fn a_conflict_is_told_and_changes_nothing() {
    let scene = Scene::new();
    scene.repo.write("edited", "meanwhile\n");
    let main = scene.repo.commit("meanwhile");
    let error = scene.land(How::FastForward).unwrap_err();
    assert!(
        matches!(&error, LandError::Conflict { files, .. } if files.len() == 1),
        "{error}"
    );
    assert!(error.to_string().contains("conflicts in edited"), "{error}");
    assert_eq!((scene.main(), scene.status()), (main, String::new()));
}

#[test]
fn a_branch_that_does_not_exist_or_is_checked_out_twice_is_refused() {
    let scene = Scene::new();
    let message = Message::for_run(&run(), "x", "");
    let landing = Landing {
        heads: std::slice::from_ref(&scene.work),
        into: "none",
        how: How::NoFf,
        message: &message,
    };
    assert!(matches!(
        land(&scene.repo.open(), landing),
        Err(LandError::NoBranch { .. })
    ));
    scene
        .repo
        .git(["worktree", "add", "--quiet", "--force", "../second", "main"]);
    assert!(matches!(
        scene.land(How::NoFf),
        Err(LandError::Twice { .. })
    ));
}

#[test]
fn landing_follows_in_another_worktree_through_filters_and_sparse_checkouts() {
    let scene = Scene::new();
    scene
        .repo
        .git(["config", "filter.shout.smudge", "sed s/quiet/LOUD/"]);
    scene
        .repo
        .git(["config", "filter.shout.clean", "sed s/LOUD/quiet/"]);
    scene.repo.git(["checkout", "--quiet", "work"]);
    scene.repo.write(".gitattributes", "*.txt filter=shout\n");
    scene.repo.write("out/x.txt", "LOUD\n");
    scene.repo.write("in/x.txt", "LOUD\n");
    let work = scene.repo.commit("filtered");
    scene
        .repo
        .git(["worktree", "add", "--quiet", "../main tree", "main"]);
    let tree = scene.repo.root().join("main tree");
    scene.repo.git_in(&tree, ["sparse-checkout", "set", "in"]);
    let landed = scene.land_heads(&[work], How::FastForward).unwrap();
    assert_eq!(landed.worktree, Some(tree.clone()));
    assert_eq!(
        std::fs::read_to_string(tree.join("in/x.txt")).unwrap(),
        "LOUD\n"
    );
    assert!(!tree.join("out").exists());
    assert_eq!(scene.repo.git_in(&tree, ["status", "--porcelain"]), "");
    assert_eq!(scene.repo.git(["status", "--porcelain"]), "");
}

#[test]
fn a_branch_that_cannot_move_takes_the_files_back() {
    let scene = Scene::new();
    let lock = scene.repo.path.join(".git/refs/heads/main.lock");
    write(&lock, "");
    let error = scene.land(How::FastForward).unwrap_err();
    assert!(
        error.to_string().contains("main.lock' is in the way"),
        "{error}"
    );
    std::fs::remove_file(lock).unwrap();
    assert_eq!(
        (scene.status(), scene.read("edited")),
        (String::new(), "1\n".into())
    );
    scene.land(How::FastForward).unwrap();
    scene.assert_landed("");
}

#[test]
fn changed_submodules_are_told() {
    let (scene, other) = (Scene::new(), TestRepo::new());
    scene.repo.git(["checkout", "--quiet", "work"]);
    scene.repo.git([
        "submodule",
        "--quiet",
        "add",
        other.path.to_str().unwrap(),
        "sub",
    ]);
    let work = scene.repo.commit("submodule");
    scene.repo.git(["checkout", "--quiet", "main"]);
    std::fs::remove_dir_all(scene.repo.path.join("sub")).unwrap();
    let landed = scene.land_heads(&[work], How::FastForward).unwrap();
    assert_eq!(landed.submodules, [PathBuf::from("sub")]);
}
