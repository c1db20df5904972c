//! Compare-and-swap, on both backends.

use super::*;
use crate::git::backend::Backend;
use crate::git::fixture::TestRepo;

fn each(repo: &TestRepo) -> [Repo; 2] {
    [
        repo.open(),
        repo.open()
            .with_backend(Backend::Command("a test asks for it")),
    ]
}

#[test]
fn a_ref_moves_only_from_where_it_was_seen() {
    for which in 0..2 {
        let test = TestRepo::new();
        let first = test.rev("HEAD");
        let second = test.commit("second");
        let repo = &each(&test)[which];
        let name = "refs/heads/swarm/x";
        update(repo, &[RefUpdate::create(name, &first)], "made").unwrap();
        assert!(matches!(
            update(repo, &[RefUpdate::create(name, &second)], "again"),
            Err(RefError::Moved { expected: None, found: Some(found), .. }) if found == first
        ));
        update(
            repo,
            &[RefUpdate::advance(name, &first, &second)],
            "moved\nwith a line",
        )
        .unwrap();
        assert!(matches!(
            update(repo, &[RefUpdate::advance(name, &first, &second)], "again"),
            Err(RefError::Moved { found: Some(found), .. }) if found == second
        ));
        assert_eq!(read(repo, name).unwrap(), Some(second.clone()));
        assert!(test.git(["reflog", name]).contains("moved with a line"));
        assert!(matches!(
            update(repo, &[RefUpdate::delete(name, &first)], "gone"),
            Err(RefError::Moved { .. })
        ));
        update(repo, &[RefUpdate::delete(name, &second)], "gone").unwrap();
        assert_eq!(read(repo, name).unwrap(), None);
        let text = update(repo, &[RefUpdate::advance(name, &first, &second)], "x")
            .unwrap_err()
            .to_string();
        assert!(text.contains("stands at nothing, not at"), "{text}");
    }
}

#[test]
fn all_updates_happen_or_none() {
    for which in 0..2 {
        let test = TestRepo::new();
        let first = test.rev("HEAD");
        let second = test.commit("second");
        let repo = &each(&test)[which];
        let updates = [
            RefUpdate::create("refs/swarm/a", &first),
            RefUpdate::advance("refs/heads/main", &first, &first),
            RefUpdate::create("refs/swarm/b", &first),
        ];
        assert!(matches!(
            update(repo, &updates, "x"),
            Err(RefError::Moved { .. })
        ));
        assert_eq!(list(repo, "refs/swarm/").unwrap(), []);
        assert_eq!(read(repo, "refs/heads/main").unwrap(), Some(second));
    }
}

#[test]
fn a_name_in_the_way_is_an_error_and_changes_nothing() {
    for which in 0..2 {
        let test = TestRepo::new();
        let first = test.rev("HEAD");
        test.git(["branch", "swarm"]);
        test.git(["pack-refs", "--all"]);
        let repo = &each(&test)[which];
        let error = update(
            repo,
            &[RefUpdate::create("refs/heads/swarm/x", &first)],
            "x",
        )
        .unwrap_err();
        assert!(
            matches!(error, RefError::Git(GitError::Failed { .. })),
            "{error}"
        );
        assert!(
            error.to_string().contains("'refs/heads/swarm' exists"),
            "{error}"
        );
        assert_eq!(test.git(["fsck"]), "");
    }
}

#[test]
fn locks_left_behind_are_named() {
    for which in 0..2 {
        let test = TestRepo::new();
        let first = test.rev("HEAD");
        let second = test.commit("second");
        let repo = &each(&test)[which];
        std::fs::write(test.path.join(".git/refs/heads/main.lock"), "").unwrap();
        let error = update(
            repo,
            &[RefUpdate::advance("refs/heads/main", &second, &first)],
            "x",
        )
        .unwrap_err();
        assert!(
            error
                .to_string()
                .contains("refs/heads/main.lock' is in the way"),
            "{error}"
        );
        test.git(["branch", "packed"]);
        test.git(["pack-refs", "--all", "--include=refs/heads/packed"]);
        std::fs::write(test.path.join(".git/packed-refs.lock"), "").unwrap();
        let error = update(
            repo,
            &[RefUpdate::delete("refs/heads/packed", &second)],
            "x",
        )
        .unwrap_err();
        assert!(
            error
                .to_string()
                .contains("packed-refs.lock' is in the way"),
            "{error}"
        );
        assert_eq!(read(repo, "refs/heads/packed").unwrap(), Some(second));
    }
}

#[test]
fn of_many_who_move_a_ref_at_once_exactly_one_does() {
    for which in 0..2 {
        let test = TestRepo::new();
        let first = test.rev("HEAD");
        let others: Vec<CommitId> = (0..8).map(|n| test.commit(&format!("c{n}"))).collect();
        test.git(["update-ref", "refs/swarm/x", first.as_str()]);
        let repo = each(&test)[which]
            .clone()
            .with_lock_wait(Duration::from_secs(20));
        let done: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = others
                .iter()
                .map(|to| {
                    scope.spawn(|| {
                        update(
                            &repo,
                            &[RefUpdate::advance("refs/swarm/x", &first, to)],
                            "race",
                        )
                        .is_ok()
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| usize::from(thread.join().unwrap()))
                .sum()
        });
        assert_eq!(done, 1);
        assert!(others.contains(&read(&repo, "refs/swarm/x").unwrap().unwrap()));
    }
}

#[test]
fn a_ref_never_moves_to_a_commit_that_is_not_there() {
    for which in 0..2 {
        let test = TestRepo::new();
        let first = test.rev("HEAD");
        let ghost = CommitId::new(&"1".repeat(40)).unwrap();
        let repo = &each(&test)[which];
        update(
            repo,
            &[RefUpdate::advance("refs/heads/main", &first, &ghost)],
            "x",
        )
        .unwrap_err();
        assert_eq!(read(repo, "refs/heads/main").unwrap(), Some(first));
    }
}
