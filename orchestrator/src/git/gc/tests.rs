//! What is listed goes, what goes was listed, and nothing else changes.

use super::*;
use crate::git::fixture::{TestRepo, branch, run, write};
use crate::git::worktree::{add, stage_gate};

fn scope() -> Scope {
    Scope {
        ended: vec![run()],
        targets: vec!["main".into()],
        directories: Vec::new(),
    }
}

fn integration() -> String {
    format!("swarm/{}", run())
}

/// A run with a merged task, an unmerged one, and a gate worktree.
fn scene() -> TestRepo {
    let repo = TestRepo::new();
    let (open, from) = (repo.open(), repo.rev("main"));
    for name in ["merged", "open"] {
        add(&open, &run(), &repo.worktree(name), &branch(name), &from).unwrap();
        write(&repo.worktree(name).join(name), "work\n");
        repo.commit_in(&repo.worktree(name), name);
    }
    repo.git(["branch", &integration(), &branch("merged")]);
    stage_gate(&open, &run(), &repo.worktree(".gate"), &from).unwrap();
    repo.git(["branch", "swarm-of-bees"]);
    repo.git(["branch", "swarm/mine"]);
    repo
}

fn texts(items: &[GcItem]) -> Vec<String> {
    items.iter().map(ToString::to_string).collect()
}

fn refs_of(repo: &TestRepo) -> Vec<String> {
    repo.git(["for-each-ref", "--format=%(refname)"])
        .lines()
        .map(str::to_owned)
        .collect()
}

#[test]
fn the_list_is_exactly_what_goes() {
    let repo = scene();
    let open = repo.open();
    let (before, listed) = (refs_of(&repo), plan(&open, &scope()).unwrap());
    assert_eq!(refs_of(&repo), before);
    assert_eq!(plan(&open, &scope()).unwrap(), listed);
    let done = apply(&open, listed.clone(), &scope());
    assert_eq!(
        done.iter()
            .map(|(item, _)| item.clone())
            .collect::<Vec<_>>(),
        listed
    );
    assert!(
        done.iter()
            .all(|(_, outcome)| matches!(outcome, Outcome::Removed { .. })),
        "{done:?}"
    );
    for item in &listed {
        match item {
            GcItem::Worktree { path, branch, .. } => {
                assert!(!path.exists() && !refs_of(&repo).contains(&branch_ref(branch)));
            }
            GcItem::Gate { path, .. } => assert!(!path.exists()),
            GcItem::Branch { name, .. } => assert!(!refs_of(&repo).contains(&branch_ref(name))),
            GcItem::Directory { .. } => panic!("none was asked for"),
        }
    }
    let backup = format!("refs/swarm/backup/{}/open/0", run());
    let mut expected: Vec<String> = ["main", "swarm-of-bees", "swarm/mine"]
        .map(branch_ref)
        .to_vec();
    expected.extend([branch_ref(&integration()), backup]);
    expected.sort();
    let mut left = refs_of(&repo);
    left.sort();
    assert_eq!(left, expected);
    assert_eq!(worktree::list(&open).unwrap().len(), 1);
    assert!(plan(&open, &scope()).unwrap().is_empty());
}

#[test]
fn runs_that_live_or_are_unknown_are_left_alone() {
    let repo = scene();
    assert_eq!(
        plan(
            &repo.open(),
            &Scope {
                ended: Vec::new(),
                ..scope()
            }
        )
        .unwrap(),
        []
    );
    let other = Scope {
        ended: vec![RunId::at(1_900_000_000, 1)],
        ..scope()
    };
    assert_eq!(plan(&repo.open(), &other).unwrap(), []);
}

#[test]
fn branches_go_once_their_work_is_elsewhere() {
    let repo = TestRepo::new();
    repo.git(["checkout", "--quiet", "-b", &branch("t")]);
    repo.write("work", "x\n");
    repo.commit("work");
    repo.git(["branch", &integration()]);
    repo.git(["checkout", "--quiet", "-b", &branch("lost"), "main"]);
    repo.write("lost", "x\n");
    repo.commit("lost");
    repo.git(["checkout", "--quiet", "main"]);
    let listed = plan(&repo.open(), &scope()).unwrap();
    assert_eq!(
        texts(&listed),
        [format!(
            "branch {} (its work is in {})",
            branch("t"),
            integration()
        )]
    );
    repo.git(["merge", "--quiet", "--squash", &integration()]);
    repo.commit("squashed");
    let listed = plan(&repo.open(), &scope()).unwrap();
    let expected =
        [branch("t"), integration()].map(|name| format!("branch {name} (its work is in main)"));
    assert_eq!(texts(&listed), expected);
    let done = apply(&repo.open(), listed, &scope());
    assert!(
        done.iter()
            .all(|(_, outcome)| matches!(outcome, Outcome::Removed { backup: None }))
    );
    assert_eq!(
        refs_of(&repo),
        [branch_ref("main"), branch_ref(&branch("lost"))]
    );
}

#[test]
fn what_changed_since_it_was_listed_is_left() {
    let repo = scene();
    let open = repo.open();
    repo.git(["branch", &branch("x"), "main"]);
    let listed = plan(&open, &scope()).unwrap();
    write(&repo.worktree("merged").join("later"), "x\n");
    repo.commit_in(&repo.worktree("merged"), "later");
    repo.git([
        "worktree",
        "unlock",
        repo.worktree("open").to_str().unwrap(),
    ]);
    repo.git([
        "worktree",
        "lock",
        "--reason",
        "mine",
        repo.worktree("open").to_str().unwrap(),
    ]);
    repo.git(["update-ref", &branch_ref(&branch("x")), &branch("open")]);
    let mut sleeper = std::process::Command::new("sleep")
        .arg("60")
        .current_dir(repo.worktree(".gate"))
        .spawn()
        .unwrap();
    let before = refs_of(&repo);
    let done = apply(&open, listed, &scope());
    sleeper.kill().unwrap();
    sleeper.wait().unwrap();
    assert_eq!(done.len(), 4);
    let left = |(item, outcome): &(GcItem, Outcome)| {
        matches!(outcome, Outcome::Left(_)) || panic!("{item} went")
    };
    assert!(done.iter().all(left));
    assert_eq!(refs_of(&repo), before);
    assert!(repo.worktree("merged").join("later").exists() && repo.worktree("open").exists());
}

#[test]
fn a_worktree_whose_directory_is_gone_goes_with_its_branch() {
    let repo = scene();
    std::fs::remove_dir_all(repo.worktree("open")).unwrap();
    let listed = plan(&repo.open(), &scope()).unwrap();
    let done = apply(&repo.open(), listed, &scope());
    assert!(
        done.iter()
            .all(|(_, outcome)| matches!(outcome, Outcome::Removed { .. })),
        "{done:?}"
    );
    assert!(refs_of(&repo).contains(&format!("refs/swarm/backup/{}/open/0", run())));
}

#[test]
fn worktrees_whose_command_left_the_branch_or_whose_lock_is_missing_go_too() {
    let repo = scene();
    repo.git_in(
        &repo.worktree("merged"),
        ["checkout", "--quiet", "--detach"],
    );
    write(&repo.worktree("merged").join("detached"), "x\n");
    let detached = repo.commit_in(&repo.worktree("merged"), "detached");
    repo.git([
        "worktree",
        "unlock",
        repo.worktree("open").to_str().unwrap(),
    ]);
    let listed = plan(&repo.open(), &scope()).unwrap();
    assert_eq!(
        listed
            .iter()
            .filter(|item| matches!(item, GcItem::Worktree { .. }))
            .count(),
        2,
        "{listed:?}"
    );
    let done = apply(&repo.open(), listed, &scope());
    assert!(
        done.iter()
            .all(|(_, outcome)| matches!(outcome, Outcome::Removed { .. })),
        "{done:?}"
    );
    let backup = repo.rev(&format!("refs/swarm/backup/{}/merged/0", run()));
    assert!(refs::is_ancestor(&repo.open(), &detached, &backup).unwrap());
    assert_eq!(worktree::list(&repo.open()).unwrap().len(), 1);
}

#[test]
fn directories_of_ended_runs_go_only_when_asked_for() {
    let repo = TestRepo::new();
    let (mine, live) = (run(), RunId::at(1_900_000_000, 1));
    for run in [&mine, &live] {
        write(
            &repo
                .path
                .join(".git/swarm/runs")
                .join(run.as_str())
                .join("journal.jsonl"),
            "{}\n",
        );
    }
    assert!(plan(&repo.open(), &scope()).unwrap().is_empty());
    let asked = Scope {
        directories: vec![mine.clone(), live.clone()],
        ..scope()
    };
    let listed = plan(&repo.open(), &asked).unwrap();
    assert_eq!(listed.len(), 1);
    apply(&repo.open(), listed, &asked);
    assert!(
        !repo
            .path
            .join(".git/swarm/runs")
            .join(mine.as_str())
            .exists()
    );
    assert!(
        repo.path
            .join(".git/swarm/runs")
            .join(live.as_str())
            .exists()
    );
    let stray = repo.root().join("precious");
    write(&stray.join("x"), "x");
    let forged = GcItem::Directory {
        run: mine,
        path: stray.clone(),
    };
    assert!(matches!(
        apply(&repo.open(), vec![forged], &asked)[0].1,
        Outcome::Left(_)
    ));
    assert!(stray.exists());
}
