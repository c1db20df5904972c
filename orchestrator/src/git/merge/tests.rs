//! What a merge is, against `git merge` in a real checkout: the known cases, and a long random history.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::*;
use crate::git::fixture::scramble::{Seed, scramble};
use crate::git::fixture::{TestRepo, run, task, write};

fn message(name: &str) -> Message {
    Message::for_task(&run(), &task(name), "merge", "")
}

/// What `git merge` does in a checkout of `ours`: the tree, or the paths in conflict. The checkout is as before after it.
fn real_merge(
    repo: &TestRepo,
    ours: &CommitId,
    theirs: &CommitId,
) -> Result<String, BTreeSet<String>> {
    repo.git(["checkout", "--quiet", "--force", "--detach", ours.as_str()]);
    let (clean, _) = repo.try_git_in(
        &repo.path,
        ["merge", "--quiet", "--no-ff", "--no-edit", theirs.as_str()],
    );
    let result = if clean {
        Ok(repo.git(["rev-parse", "HEAD^{tree}"]))
    } else {
        let unmerged = repo.git(["diff", "--name-only", "--diff-filter=U"]);
        Err(unmerged.lines().map(plain).collect())
    };
    repo.git(["checkout", "--quiet", "--force", "--detach", ours.as_str()]);
    result
}

/// A path without the name of a side that git gives to a file in the way of a directory.
fn plain(path: &str) -> String {
    path.split('~').next().unwrap().to_owned()
}

/// Compares our merge with git's; tells whether it was clean.
fn agrees(repo: &TestRepo, open: &Repo, ours: &CommitId, theirs: &CommitId, case: &str) -> bool {
    let real = real_merge(repo, ours, theirs);
    match (merge_tree(open, ours, theirs).unwrap(), &real) {
        (Merge::Merged(tree), Ok(real)) => assert_eq!(tree.as_str(), real, "{case}"),
        (Merge::Conflict(files), Err(paths)) => {
            let told: BTreeSet<String> = files
                .iter()
                .map(|file| plain(&file.path.to_string_lossy()))
                .collect();
            assert!(
                paths.is_subset(&told),
                "{case}: git has conflicts in {paths:?}, we in {told:?}"
            );
            assert!(!told.is_empty(), "{case}");
        }
        (ours, real) => panic!("{case}: {ours:?}, but git has {real:?}"),
    }
    real.is_ok()
}

/// Numbered lines, with some replaced.
fn lines(count: usize, changes: &[(usize, &str)]) -> String {
    let line = |n| {
        changes
            .iter()
            .find(|(at, _)| *at == n)
            .map_or_else(|| format!("line {n}"), |(_, text)| (*text).into())
    };
    (1..=count).map(|n| line(n) + "\n").collect()
}

type Edit = Box<dyn Fn(&Path)>;

fn put(path: &'static str, text: impl Into<String>) -> Edit {
    let text = text.into();
    Box::new(move |top| write(&top.join(path), &text))
}

fn rename(from: &'static str, to: &'static str) -> Edit {
    Box::new(move |top| {
        fs::create_dir_all(top.join(to).parent().unwrap()).unwrap();
        fs::rename(top.join(from), top.join(to)).unwrap();
    })
}

fn delete(path: &'static str) -> Edit {
    Box::new(move |top| fs::remove_file(top.join(path)).unwrap())
}

fn all(edits: Vec<Edit>) -> Edit {
    Box::new(move |top| edits.iter().for_each(|edit| edit(top)))
}

fn files(dir: &'static str, count: usize) -> Edit {
    let text =
        |n: usize| format!("unique {n} {}\n", n * n) + &lines(20, &[(3, &format!("of {n}"))]);
    Box::new(move |top| {
        (0..count).for_each(|n| write(&top.join(format!("{dir}/f{n}.rs")), text(n)))
    })
}

fn nothing() -> Edit {
    Box::new(|_| {})
}

/// Commits `base`, then `ours` and `theirs` on it.
fn fork(repo: &TestRepo, base: &Edit, ours: &Edit, theirs: &Edit) -> (CommitId, CommitId) {
    base(&repo.path);
    let start = repo.commit("base");
    ours(&repo.path);
    let left = repo.commit("ours");
    repo.git(["checkout", "--quiet", "--detach", start.as_str()]);
    theirs(&repo.path);
    let right = repo.commit("theirs");
    (left, right)
}

/// Name, base, ours, theirs, whether git merges it cleanly: a row of the table of measured merges.
type Case = (&'static str, Edit, Edit, Edit, bool);

fn ten() -> Edit {
    put("a", lines(10, &[]))
}

fn ten_with(changes: &[(usize, &str)]) -> Edit {
    put("a", lines(10, changes))
}

/// Rewrites one line of the first `count` files of a directory.
fn reword(dir: &'static str, count: usize, from: &'static str, to: &'static str) -> Edit {
    Box::new(move |top| {
        for n in 0..count {
            let path = top.join(format!("{dir}/f{n}.rs"));
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.contains(from));
            fs::write(path, text.replace(from, to)).unwrap();
        }
    })
}

fn line_cases() -> Vec<Case> {
    let union = || all(vec![put(".gitattributes", "a merge=union\n"), ten()]);
    let append = |text: &'static str| put("a", lines(10, &[]) + text);
    let executable = || -> Edit {
        Box::new(|top| {
            fs::set_permissions(
                top.join("a"),
                std::os::unix::fs::PermissionsExt::from_mode(0o755),
            )
            .unwrap()
        })
    };
    let link = || -> Edit {
        Box::new(|top| {
            fs::remove_file(top.join("a")).unwrap();
            std::os::unix::fs::symlink("elsewhere", top.join("a")).unwrap();
        })
    };
    vec![
        (
            "01 same line",
            ten(),
            ten_with(&[(5, "ours")]),
            ten_with(&[(5, "theirs")]),
            false,
        ),
        (
            "02 disjoint lines",
            ten(),
            ten_with(&[(1, "ours")]),
            ten_with(&[(9, "theirs")]),
            true,
        ),
        (
            "03 adjacent lines",
            ten(),
            ten_with(&[(5, "ours")]),
            ten_with(&[(6, "theirs")]),
            false,
        ),
        (
            "11 add/add identical",
            nothing(),
            put("n", "same\n"),
            put("n", "same\n"),
            true,
        ),
        (
            "12 add/add different",
            nothing(),
            put("n", "ours\n"),
            put("n", "theirs\n"),
            false,
        ),
        (
            "14 mode, edit",
            ten(),
            executable(),
            ten_with(&[(5, "theirs")]),
            true,
        ),
        (
            "15 file->symlink, edit",
            ten(),
            link(),
            ten_with(&[(5, "theirs")]),
            false,
        ),
        (
            "19 union attribute",
            union(),
            append("ours\n"),
            append("theirs\n"),
            true,
        ),
        (
            "20 same change",
            ten(),
            ten_with(&[(5, "both")]),
            ten_with(&[(5, "both")]),
            true,
        ),
        (
            "22 both at the end",
            ten(),
            append("ours\n"),
            append("theirs\n"),
            false,
        ),
    ]
}

fn path_cases() -> Vec<Case> {
    let lib = || files("lib", 4);
    let moved = || rename("lib", "core");
    let late = |count| reword("lib", count, "line 15\n", "line fifteen\n");
    let rename_edit = || all(vec![ten_with(&[(1, "top")]), rename("a", "b")]);
    let refactor = || {
        all(vec![
            rename("lib", "new"),
            reword("new", 300, "line 5\n", "line five\n"),
        ])
    };
    let two = || {
        all(vec![
            ten(),
            put(
                "b",
                lines(10, &[(2, "other"), (4, "x"), (6, "y"), (8, "z")]),
            ),
        ])
    };
    let into_d = || rename("lib/f0.rs", "d/f0.rs");
    vec![
        (
            "04 modify/delete",
            ten(),
            ten_with(&[(5, "ours")]),
            delete("a"),
            false,
        ),
        (
            "05 rename, edit",
            ten(),
            rename("a", "b"),
            ten_with(&[(9, "theirs")]),
            true,
        ),
        (
            "06 rename+edit, edit",
            ten(),
            rename_edit(),
            ten_with(&[(9, "theirs")]),
            true,
        ),
        (
            "07 rename/rename 1->2",
            ten(),
            rename("a", "x"),
            rename("a", "y"),
            false,
        ),
        (
            "08 rename/rename 2->1",
            two(),
            rename("a", "n"),
            rename("b", "n"),
            false,
        ),
        (
            "09 directory rename, new file",
            lib(),
            moved(),
            put("lib/new.rs", "new\n"),
            false,
        ),
        ("10 directory rename, edit", lib(), moved(), late(1), true),
        (
            "13 file/directory",
            nothing(),
            put("x", "file\n"),
            put("x/y", "below\n"),
            false,
        ),
        (
            "16 300 renamed, 20 edited",
            files("lib", 300),
            refactor(),
            late(20),
            true,
        ),
        ("17 deleted twice", two(), delete("a"), delete("a"), true),
        (
            "18 rename, add in its place",
            ten(),
            rename("a", "n"),
            put("n", "something else\n"),
            false,
        ),
        (
            "21 rename into d, directory renamed",
            lib(),
            into_d(),
            moved(),
            false,
        ),
    ]
}

#[test]
fn the_known_cases_come_out_as_git_has_them() {
    for (name, base, ours, theirs, clean) in line_cases().into_iter().chain(path_cases()) {
        let repo = TestRepo::new();
        let (left, right) = fork(&repo, &base, &ours, &theirs);
        assert_eq!(
            agrees(&repo, &repo.open(), &left, &right, name),
            clean,
            "{name}"
        );
    }
}

#[test]
fn directory_renames_follow_the_users_configuration() {
    let repo = TestRepo::new();
    repo.git(["config", "merge.directoryRenames", "true"]);
    let (left, right) = fork(
        &repo,
        &files("lib", 4),
        &rename("lib", "core"),
        &put("lib/new.rs", "new\n"),
    );
    assert!(agrees(&repo, &repo.open(), &left, &right, "09b"));
    let Merge::Merged(tree) = merge_tree(&repo.open(), &left, &right).unwrap() else {
        panic!("no conflict expected")
    };
    assert!(
        repo.git(["ls-tree", "-r", "--name-only", tree.as_str()])
            .contains("core/new.rs")
    );
}

#[test]
fn criss_cross_histories_come_out_as_git_has_them() {
    for (case, left_line, right_line) in [("23 clean base", 2, 18), ("24 conflicting base", 10, 10)]
    {
        let repo = TestRepo::new();
        let open = repo.open();
        let edit = |at: usize, text: &'static str| put("a", lines(20, &[(at, text)]));
        let (left, right) = fork(
            &repo,
            &put("a", lines(20, &[])),
            &edit(left_line, "l"),
            &edit(right_line, "r"),
        );
        // Both sides merge the other and resolve alike.
        let cross = |mine: &CommitId, other: &CommitId| {
            repo.git(["checkout", "--quiet", "--detach", mine.as_str()]);
            write(
                &repo.path.join("a"),
                lines(20, &[(left_line, "l"), (right_line, "resolved")]),
            );
            repo.git(["add", "a"]);
            let tree = TreeId::of(&repo.git(["write-tree"])).unwrap();
            repo.git(["reset", "--quiet", "--hard"]);
            merge_commit(&open, &tree, &[mine.clone(), other.clone()], &message("x")).unwrap()
        };
        let (one, two) = (cross(&left, &right), cross(&right, &left));
        let extend = |on: &CommitId, file: &str| {
            repo.git(["checkout", "--quiet", "--detach", on.as_str()]);
            repo.write(file, "new\n");
            repo.commit(file)
        };
        assert!(agrees(
            &repo,
            &open,
            &extend(&one, "one"),
            &extend(&two, "two"),
            case
        ));
    }
}

#[test]
fn two_hundred_random_merges_come_out_as_git_has_them() {
    let clean: usize = std::thread::scope(|scope| {
        let histories: Vec<_> = (1..=4)
            .map(|seed| scope.spawn(move || random_history(seed, 52)))
            .collect();
        histories
            .into_iter()
            .map(|history| history.join().unwrap())
            .sum()
    });
    assert!(
        (40..168).contains(&clean),
        "{clean} of 208 are clean: the generator is one-sided"
    );
}

/// Merges `count` times in a random history; tells how many merges were clean.
fn random_history(seed_of: u64, count: usize) -> usize {
    let mut seed = Seed(seed_of);
    let repo = TestRepo::new();
    for number in 0..30 {
        let text: String = (0..20)
            .map(|line| format!("{number} holds {line}\n"))
            .collect();
        repo.write(format!("d{}/f{number}.txt", number % 4), text);
    }
    let open = repo.open();
    let mut tip = repo.commit("start");
    let mut others: Vec<CommitId> = vec![tip.clone()];
    let (mut clean, mut merges) = (0, 0);
    while merges < count {
        let case = format!("seed {seed_of}, merge {merges}");
        repo.git(["checkout", "--quiet", "--force", "--detach", tip.as_str()]);
        scramble(&repo.path, &mut seed, 2);
        let left = repo.commit("ours");
        // An older commit at times, so that merge bases differ and cross.
        let start = others[others.len() - 1 - seed.below(others.len().min(4))].clone();
        repo.git(["checkout", "--quiet", "--force", "--detach", start.as_str()]);
        scramble(&repo.path, &mut seed, 3);
        let right = repo.commit("theirs");
        merges += 1;
        if agrees(&repo, &open, &left, &right, &case) {
            clean += 1;
            let Merge::Merged(tree) = merge_tree(&open, &left, &right).unwrap() else {
                panic!("{case}")
            };
            tip = merge_commit(&open, &tree, &[left, right.clone()], &message("x")).unwrap();
        } else {
            tip = left;
        }
        others.extend([right, tip.clone()]);
    }
    clean
}

#[test]
fn a_conflict_is_told_with_kind_and_hunks() {
    let repo = TestRepo::new();
    repo.git(["config", "merge.conflictStyle", "zdiff3"]);
    let base = all(vec![
        put("a", lines(10, &[])),
        put("gone", "x\n"),
        put("bin", "\0one"),
    ]);
    let ours = all(vec![
        put("a", lines(10, &[(2, "ours"), (9, "o")])),
        put("gone", "changed\n"),
        put("bin", "\0two"),
    ]);
    let theirs = all(vec![
        put("a", lines(10, &[(2, "theirs"), (9, "t")])),
        delete("gone"),
        put("bin", "\0three"),
    ]);
    let (left, right) = fork(&repo, &base, &ours, &theirs);
    let Merge::Conflict(files) = merge_tree(&repo.open(), &left, &right).unwrap() else {
        panic!("a conflict expected")
    };
    let told: Vec<_> = files
        .iter()
        .map(|file| {
            (
                file.path.to_str().unwrap(),
                file.kind.as_str(),
                file.hunks.len(),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            ("a", "contents", 2),
            ("bin", "binary", 0),
            ("gone", "modify/delete", 0)
        ]
    );
    assert_eq!(
        files[0].hunks[0],
        Hunk {
            line: 2,
            ours: b"ours\n".to_vec(),
            theirs: b"theirs\n".to_vec()
        }
    );
    assert!(
        files[2].message.contains("deleted in"),
        "{}",
        files[2].message
    );
}

#[test]
fn odd_names_are_told_byte_for_byte() {
    let repo = TestRepo::new();
    let odd = crate::git::fixture::bytes(b"new\nline \xff");
    let put = |text: &'static str| -> Edit { Box::new(move |top| write(&top.join(odd), text)) };
    let (left, right) = fork(&repo, &put("base\n"), &put("ours\n"), &put("theirs\n"));
    let Merge::Conflict(files) = merge_tree(&repo.open(), &left, &right).unwrap() else {
        panic!("a conflict expected")
    };
    assert_eq!(
        (files.len(), files[0].path.as_os_str(), files[0].hunks.len()),
        (1, odd, 1)
    );
}

#[test]
fn a_batch_holds_what_merges_and_names_what_does_not() {
    let repo = TestRepo::new();
    let start = repo.rev("HEAD");
    let branch = |file: &str, text: &str| {
        repo.git(["checkout", "--quiet", "--detach", start.as_str()]);
        repo.write(file, text);
        (repo.commit(file), message("t"))
    };
    let heads = [
        branch("one", "1"),
        branch("README", "a\n"),
        branch("README", "b\n"),
        (start.clone(), message("t")),
    ];
    let batch = merge_heads(&repo.open(), &start, &heads).unwrap();
    assert_eq!(batch.included, [0, 1, 3]);
    assert_eq!(batch.conflicts.len(), 1);
    assert_eq!(
        (batch.conflicts[0].0, batch.conflicts[0].1[0].path.to_str()),
        (2, Some("README"))
    );
    let tip = batch.commit.unwrap();
    assert_eq!(
        repo.git([
            "rev-list",
            "--count",
            "--merges",
            &format!("{start}..{tip}")
        ]),
        "2"
    );
    assert_eq!(
        repo.git([
            "log",
            "-1",
            "--format=%an %s %(trailers:key=Swarm-Task,valueonly)",
            tip.as_str()
        ])
        .trim(),
        "A U Thor merge t"
    );
    for head in [&heads[0].0, &heads[1].0] {
        assert!(refs::is_ancestor(&repo.open(), head, &tip).unwrap());
    }
    assert_eq!(repo.git(["status", "--porcelain"]), "");
    let again = merge_heads(&repo.open(), &tip, &heads[..2]).unwrap();
    assert_eq!(again.commit, Some(tip));
    let none = merge_heads(&repo.open(), &heads[1].0, &heads[2..3]).unwrap();
    assert_eq!((none.commit, none.included.len()), (None, 0));
}

#[test]
fn merges_work_in_sha256_reftable_bare_and_partial_repositories() {
    for options in [&["--object-format=sha256"][..], &["--ref-format=reftable"]] {
        let repo = TestRepo::empty(options);
        let (left, right) = fork(&repo, &put("a", "a\n"), &put("b", "b\n"), &put("c", "c\n"));
        assert!(
            matches!(
                merge_tree(&repo.open(), &left, &right).unwrap(),
                Merge::Merged(_)
            ),
            "{options:?}"
        );
    }
    let repo = TestRepo::new();
    let (left, right) = fork(
        &repo,
        &put("a", lines(10, &[])),
        &put("a", lines(10, &[(1, "x")])),
        &put("a", lines(10, &[(9, "y")])),
    );
    repo.git(["branch", "left", left.as_str()]);
    repo.git(["branch", "right", right.as_str()]);
    repo.git(["config", "uploadpack.allowFilter", "true"]);
    let url = format!("file://{}", repo.path.display());
    repo.git(["clone", "--quiet", "--bare", &url, "../bare.git"]);
    repo.git([
        "clone",
        "--quiet",
        "--no-checkout",
        "--filter=blob:none",
        &url,
        "../partial",
    ]);
    let expected = merge_tree(&repo.open(), &left, &right).unwrap();
    for clone in ["bare.git", "partial"] {
        let open = repo.open_at(&repo.root().join(clone));
        assert_eq!(
            merge_tree(&open, &left, &right).unwrap(),
            expected,
            "{clone}"
        );
    }
}

#[test]
fn a_merge_that_cannot_be_made_is_an_error() {
    let repo = TestRepo::new();
    let ghost = CommitId::new(&"1".repeat(40)).unwrap();
    assert!(merge_tree(&repo.open(), &repo.rev("HEAD"), &ghost).is_err());
}
