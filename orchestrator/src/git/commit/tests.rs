//! What commands leave behind, in every way they may leave it.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::*;
use crate::git::fixture::{TestRepo, branch, bytes, run, task, write};
use crate::git::worktree::add;

struct Scene {
    repo: TestRepo,
    tree: PathBuf,
    from: CommitId,
}

impl Scene {
    fn new() -> Self {
        Self::of(TestRepo::new())
    }

    fn of(repo: TestRepo) -> Self {
        let (tree, from) = (repo.worktree("t"), repo.rev("main"));
        add(&repo.open(), &run(), &tree, &branch("t"), &from).unwrap();
        Self { repo, tree, from }
    }

    fn settle(&self) -> Result<Option<CommitId>, CommitError> {
        self.settle_with(Hooks::Skip)
    }

    fn settle_with(&self, hooks: Hooks) -> Result<Option<CommitId>, CommitError> {
        let work = Work {
            worktree: &self.tree,
            branch: &branch("t"),
            from: &self.from,
            hooks,
        };
        commit_all(
            &self.repo.open(),
            work,
            &Message::for_task(&run(), &task("t"), "Do it", "Because."),
        )
    }

    fn git<const N: usize>(&self, args: [&str; N]) -> String {
        self.repo.git_in(&self.tree, args)
    }
}

#[test]
fn everything_that_is_not_ignored_is_committed_with_trailers() {
    let repo = TestRepo::new();
    repo.write(".gitignore", "*.o\n");
    repo.write("gone", "x");
    repo.commit("more");
    let scene = Scene::of(repo);
    write(&scene.tree.join("README"), "edited\n");
    write(&scene.tree.join("dir/new"), "new\n");
    write(&scene.tree.join("built.o"), "object");
    std::fs::remove_file(scene.tree.join("gone")).unwrap();
    let head = scene.settle().unwrap().unwrap();
    assert_eq!(
        scene.git(["show", "--format=", "--name-status", head.as_str()]),
        "M\tREADME\nA\tdir/new\nD\tgone"
    );
    let expected = format!("Do it\n\nBecause.\n\nSwarm-Run: {}\nSwarm-Task: t", run());
    assert_eq!(scene.git(["log", "-1", "--format=%B"]).trim_end(), expected);
    assert_eq!(
        scene.git(["log", "-1", "--format=%an <%ae> %cn"]),
        "A U Thor <author@example.com> A U Thor"
    );
    assert_eq!(
        scene
            .git(["log", "-1", "--format=%(trailers:key=Swarm-Task,valueonly)"])
            .trim(),
        "t"
    );
    assert_eq!(scene.settle().unwrap(), Some(head.clone()));
    assert_eq!(
        scene.git(["rev-list", "--count", &format!("{}..{head}", scene.from)]),
        "1"
    );
}

#[test]
fn no_change_is_no_commit() {
    let scene = Scene::new();
    assert_eq!(scene.settle().unwrap(), None);
    assert_eq!(scene.repo.rev(&branch("t")), scene.from);
}

#[test]
fn commits_of_the_command_itself_are_kept() {
    let scene = Scene::new();
    write(&scene.tree.join("one"), "1");
    let own = scene.repo.commit_in(&scene.tree, "by the command");
    assert_eq!(scene.settle().unwrap(), Some(own.clone()));
    write(&scene.tree.join("two"), "2");
    let head = scene.settle().unwrap().unwrap();
    assert_eq!(scene.repo.rev(&format!("{head}^")), own);
}

#[test]
fn work_that_was_undone_again_is_no_change() {
    let scene = Scene::new();
    write(&scene.tree.join("one"), "1");
    scene.repo.commit_in(&scene.tree, "there");
    std::fs::remove_file(scene.tree.join("one")).unwrap();
    assert_eq!(scene.settle().unwrap(), None);
}

#[test]
fn a_command_that_leaves_its_branch_is_refused_and_loses_nothing() {
    let scene = Scene::new();
    scene.git(["checkout", "--quiet", "--detach"]);
    write(&scene.tree.join("one"), "1");
    let error = scene.settle().unwrap_err();
    assert!(
        matches!(&error, CommitError::HeadElsewhere { found, .. } if found == "no branch"),
        "{error}"
    );
    scene.git(["checkout", "--quiet", "-b", "other"]);
    let error = scene.settle().unwrap_err().to_string();
    assert!(error.contains("on other instead of 'swarm/"), "{error}");
    assert!(scene.tree.join("one").exists());
}

#[test]
fn a_command_that_rewrites_what_it_began_with_is_refused() {
    let repo = TestRepo::new();
    repo.commit("second");
    let scene = Scene::of(repo);
    scene.git(["reset", "--quiet", "--hard", "HEAD^"]);
    write(&scene.tree.join("one"), "1");
    assert!(matches!(scene.settle(), Err(CommitError::Rewritten { .. })));
}

#[test]
fn an_unresolved_conflict_is_refused() {
    let scene = Scene::new();
    scene.repo.write("README", "theirs\n");
    scene.repo.commit("theirs");
    write(&scene.tree.join("README"), "ours\n");
    scene.repo.commit_in(&scene.tree, "ours");
    assert!(
        !scene
            .repo
            .try_git_in(&scene.tree, ["merge", "--quiet", "main"])
            .0
    );
    let error = scene.settle().unwrap_err();
    assert!(
        matches!(&error, CommitError::Unmerged { path } if path == Path::new("README")),
        "{error}"
    );
}

#[test]
fn a_repository_inside_the_worktree_is_refused() {
    let scene = Scene::new();
    scene.git(["init", "--quiet", "inner"]);
    write(&scene.tree.join("inner/x"), "x");
    scene.repo.commit_in(&scene.tree.join("inner"), "inner");
    let error = scene.settle().unwrap_err();
    assert!(
        matches!(&error, CommitError::Embedded { path } if path == Path::new("inner")),
        "{error}"
    );
}

#[test]
fn a_replaced_git_directory_is_refused() {
    let scene = Scene::new();
    std::fs::remove_file(scene.tree.join(".git")).unwrap();
    assert!(matches!(
        scene.settle(),
        Err(CommitError::NotAWorktree { .. })
    ));
    scene.git(["init", "--quiet", "--initial-branch", &branch("t")]);
    assert!(matches!(
        scene.settle(),
        Err(CommitError::NotAWorktree { .. })
    ));
}

#[test]
fn failing_hooks_of_the_user_run_only_when_asked_for() {
    let scene = Scene::new();
    let hook = scene.repo.path.join(".git/hooks/pre-commit");
    write(&hook, "#!/bin/sh\necho no >&2\nexit 1\n");
    std::fs::set_permissions(&hook, PermissionsExt::from_mode(0o755)).unwrap();
    write(&scene.tree.join("one"), "1");
    assert!(scene.settle_with(Hooks::Run).is_err());
    assert!(scene.settle().unwrap().is_some());
}

#[test]
fn filters_of_the_user_run_in_both_directions() {
    let repo = TestRepo::new();
    repo.git(["config", "filter.shout.clean", "sed s/LOUD/quiet/"]);
    repo.git(["config", "filter.shout.smudge", "sed s/quiet/LOUD/"]);
    repo.write(".gitattributes", "*.txt filter=shout\n");
    repo.write("a.txt", "LOUD\n");
    repo.commit("filtered");
    let scene = Scene::of(repo);
    assert_eq!(
        std::fs::read_to_string(scene.tree.join("a.txt")).unwrap(),
        "LOUD\n"
    );
    assert_eq!(scene.settle().unwrap(), None);
    write(&scene.tree.join("b.txt"), "so LOUD\n");
    scene.settle().unwrap().unwrap();
    assert_eq!(scene.git(["cat-file", "blob", "HEAD:b.txt"]), "so quiet");
}

#[test]
fn odd_names_symlinks_and_modes_are_committed() {
    let scene = Scene::new();
    write(&scene.tree.join(bytes(b"sp ace\nnew\xffline")), "x");
    write(&scene.tree.join("Same"), "upper");
    write(&scene.tree.join("same"), "lower");
    write(&scene.tree.join("tool"), "#!/bin/sh\n");
    std::fs::set_permissions(scene.tree.join("tool"), PermissionsExt::from_mode(0o755)).unwrap();
    std::os::unix::fs::symlink("/nowhere", scene.tree.join("link")).unwrap();
    scene.settle().unwrap().unwrap();
    let listed = scene.git(["ls-tree", "-r", "HEAD"]);
    for part in [
        "sp ace\\nnew\\377line",
        "\tSame",
        "\tsame",
        "100755 blob",
        "120000 blob",
    ] {
        assert!(listed.contains(part), "{part}: {listed}");
    }
}

#[test]
fn without_an_identity_nothing_is_committed() {
    let scene = Scene::new();
    write(&scene.tree.join("one"), "1");
    write(&scene.repo.root().join("gitconfig"), "");
    let error = scene.settle().unwrap_err();
    assert!(
        matches!(error, CommitError::Git(GitError::NoIdentity)),
        "{error}"
    );
    write(
        &scene.repo.root().join("gitconfig"),
        "[user]\nname = x\nemail = y\n",
    );
    assert!(scene.settle().unwrap().is_some());
}

#[test]
fn sha256_reftable_sparse_and_partial_repositories_work() {
    for options in [&["--object-format=sha256"][..], &["--ref-format=reftable"]] {
        let repo = TestRepo::empty(options);
        repo.write("README", "hello\n");
        repo.commit("first");
        let scene = Scene::of(repo);
        write(&scene.tree.join("one"), "1");
        assert!(scene.settle().unwrap().is_some(), "{options:?}");
    }
    let repo = TestRepo::new();
    repo.write("in/x", "x");
    repo.write("out/x", "x");
    repo.commit("dirs");
    repo.git(["sparse-checkout", "set", "in"]);
    let scene = Scene::of(repo);
    assert!(!scene.tree.join("out").exists());
    write(&scene.tree.join("in/y"), "y");
    write(&scene.tree.join("out/new"), "n");
    scene.settle().unwrap().unwrap();
    assert_eq!(
        scene.git(["ls-tree", "-r", "--name-only", "HEAD"]),
        "README\nin/x\nin/y\nout/new\nout/x"
    );
}

#[test]
fn messages_keep_their_form_whatever_is_put_in() {
    let message = Message::for_task(&run(), &task("t"), " a\nb\0c ", "\x1b[31mred\r\nnext\n\n")
        .with_trailer("Reviewed-by", "x\nSwarm-Task: forged");
    let expected = format!(
        "a b c\n\n[31mred\nnext\n\nSwarm-Run: {}\nSwarm-Task: t\n",
        run()
    );
    assert_eq!(
        message.text(),
        expected + "Reviewed-by: x Swarm-Task: forged\n"
    );
    assert!(
        Message::for_run(&run(), "", "")
            .text()
            .starts_with("work of a task\n\nSwarm-Run: ")
    );
    assert_eq!(
        Message::for_run(&run(), &"é".repeat(500), "")
            .text()
            .lines()
            .next()
            .unwrap()
            .chars()
            .count(),
        200
    );
}
