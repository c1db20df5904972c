//! A change as data, against git's own account of it.

use std::path::Path;

use super::*;
use crate::git::backend::Backend;
use crate::git::fixture::scramble::{Seed, scramble};
use crate::git::fixture::{TestRepo, bytes, write};

fn of(repo: &TestRepo, base: &CommitId, head: &CommitId) -> Change {
    let library = between(&repo.open(), base, head, Bounds::default()).unwrap();
    let forced = repo
        .open()
        .with_backend(Backend::Command("a test asks for it"));
    assert_eq!(
        library,
        between(&forced, base, head, Bounds::default()).unwrap(),
        "the backends differ"
    );
    library
}

fn line(number: u32, text: &str) -> (u32, Vec<u8>) {
    (number, text.as_bytes().to_vec())
}

#[test]
fn every_kind_of_change_is_told() {
    let repo = TestRepo::new();
    let long: String = (0..30).map(|n| format!("line {n}\n")).collect();
    repo.write("edited", "one\ntwo\nthree\n");
    repo.write("gone", "bye\n");
    repo.write("moved", &long);
    repo.write("mode", "x\n");
    repo.write("type", "x\n");
    repo.write("bin", "\0old");
    let base = repo.commit("base");
    repo.write("edited", "one\n2\nthree\nfour");
    std::fs::remove_file(repo.path.join("gone")).unwrap();
    std::fs::remove_file(repo.path.join("moved")).unwrap();
    repo.write("to/here", long.replace("line 3\n", "line three\n"));
    std::fs::set_permissions(
        repo.path.join("mode"),
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    std::fs::remove_file(repo.path.join("type")).unwrap();
    std::os::unix::fs::symlink("target", repo.path.join("type")).unwrap();
    repo.write("bin", "\0newer");
    repo.write(bytes(b"odd\n\xff"), "");
    let head = repo.commit("subject\n\nbody");
    let change = of(&repo, &base, &head);
    assert!(!change.truncated);
    assert_eq!(change.commits, [(head, b"subject\n\nbody\n".to_vec())]);
    let told: Vec<_> = change
        .files
        .iter()
        .map(|file| (file.path.as_path(), file.status, file.size))
        .collect();
    let expected = [
        (Path::new("bin"), Status::Modified, 6),
        (Path::new("edited"), Status::Modified, 16),
        (Path::new("gone"), Status::Deleted, 0),
        (Path::new("mode"), Status::ModeChanged, 2),
        (Path::new(bytes(b"odd\n\xff")), Status::Added, 0),
        (Path::new("to/here"), Status::Renamed, 234),
        (Path::new("type"), Status::TypeChanged, 6),
    ];
    assert_eq!(told, expected);
    let file = |path: &str| {
        change
            .files
            .iter()
            .find(|file| file.path == Path::new(path))
            .unwrap()
    };
    assert!(file("bin").binary && file("bin").added.is_empty());
    assert_eq!(file("edited").added, [line(2, "2"), line(4, "four")]);
    assert_eq!(file("edited").removed, [line(2, "two")]);
    assert_eq!(file("gone").removed, [line(1, "bye")]);
    assert_eq!(
        (file("mode").mode, file("mode").added.len()),
        (0o100_755, 0)
    );
    assert_eq!(
        file("to/here").old_path.as_deref(),
        Some(Path::new("moved"))
    );
    assert_eq!(file("to/here").added, [line(4, "line three")]);
    assert_eq!(
        (file("type").mode, &file("type").added[..]),
        (0o120_000, &[line(1, "target")][..])
    );
}

#[test]
fn attributes_hide_nothing() {
    let repo = TestRepo::new();
    repo.git(["config", "diff.upper.textconv", "tr a-z A-Z <"]);
    repo.git(["config", "diff.external", "false"]);
    repo.write(
        ".gitattributes",
        "*.rs binary\n*.txt -diff\n*.up diff=upper\n",
    );
    let base = repo.commit("attributes");
    for name in ["a.rs", "a.txt", "a.up"] {
        repo.write(name, "secret\r\n");
    }
    for file in of(&repo, &base, &repo.commit("hidden")).files {
        assert_eq!(
            (file.binary, &file.added[..]),
            (false, &[line(1, "secret\r")][..]),
            "{:?}",
            file.path
        );
    }
}

#[test]
fn commits_come_oldest_first_without_those_of_the_base() {
    let repo = TestRepo::new();
    let start = repo.rev("HEAD");
    repo.git(["checkout", "--quiet", "-b", "side"]);
    let one = repo.commit("one");
    repo.git(["checkout", "--quiet", "main"]);
    let main = repo.commit("on main");
    repo.git(["checkout", "--quiet", "side"]);
    repo.git(["merge", "--quiet", "-m", "merged", "main"]);
    let ids = |base: &CommitId| -> Vec<CommitId> {
        of(&repo, base, &repo.rev("side"))
            .commits
            .into_iter()
            .map(|(id, _)| id)
            .collect()
    };
    assert_eq!(ids(&main), [one.clone(), repo.rev("side")]);
    assert_eq!(ids(&start).len(), 3);
    let same = of(&repo, &main, &main);
    assert_eq!((same.files.len(), same.commits.len()), (0, 0));
}

#[test]
fn bounds_are_kept_and_told() {
    let repo = TestRepo::new();
    let base = repo.rev("HEAD");
    repo.write("a", "0123456789\n".repeat(10));
    repo.write("b", "0123456789\n".repeat(3));
    repo.write("c", "c\n");
    let head = repo.commit("three");
    for backend in [
        repo.open(),
        repo.open()
            .with_backend(Backend::Command("a test asks for it")),
    ] {
        let change = |bounds| between(&backend, &base, &head, bounds).unwrap();
        let wide = Bounds::default();
        let cut = change(Bounds { lines: 55, ..wide });
        let told: Vec<_> = cut
            .files
            .iter()
            .map(|file| (file.added.len(), file.truncated))
            .collect();
        assert_eq!(told, [(5, true), (0, true), (1, false)]);
        let cut = change(Bounds { file: 44, ..wide });
        let told: Vec<_> = cut
            .files
            .iter()
            .map(|file| (file.added.len(), file.truncated, file.size))
            .collect();
        assert_eq!(told, [(4, true, 110), (3, false, 33), (1, false, 2)]);
        let cut = change(Bounds { entries: 2, ..wide });
        assert!(cut.truncated && cut.files.len() == 2);
        assert!(!change(wide).truncated);
    }
}

#[test]
fn submodules_are_told_without_content() {
    let (repo, other) = (TestRepo::new(), TestRepo::new());
    let base = repo.rev("HEAD");
    repo.git([
        "submodule",
        "--quiet",
        "add",
        other.path.to_str().unwrap(),
        "sub",
    ]);
    let change = of(&repo, &base, &repo.commit("submodule"));
    let sub = change
        .files
        .iter()
        .find(|file| file.path == Path::new("sub"))
        .unwrap();
    assert_eq!(
        (sub.mode, sub.size, sub.status),
        (0o160_000, 0, Status::Added)
    );
}

#[test]
fn repositories_that_only_the_binary_reads_give_the_same() {
    let source = TestRepo::new();
    let base = source.rev("HEAD");
    source.write("README", "hello\nworld\n");
    let head = source.commit("second");
    source.git(["config", "uploadpack.allowFilter", "true"]);
    let url = format!("file://{}", source.path.display());
    source.git([
        "clone",
        "--quiet",
        "--no-checkout",
        "--filter=blob:none",
        &url,
        "../partial",
    ]);
    let partial = source.open_at(&source.root().join("partial"));
    assert_eq!(
        between(&partial, &base, &head, Bounds::default()).unwrap(),
        of(&source, &base, &head)
    );

    let repo = TestRepo::empty(&["--object-format=sha256"]);
    repo.write("a", "a\n");
    let base = repo.commit("first");
    write(&repo.path.join("a"), "b\n");
    let head = repo.commit("second");
    let change = between(&repo.open(), &base, &head, Bounds::default()).unwrap();
    assert_eq!(change.files[0].added, [line(1, "b")]);
}

#[test]
fn random_changes_have_as_many_lines_as_git_counts() {
    let mut seed = Seed(7);
    let repo = TestRepo::new();
    let mut base = repo.commit("start");
    for round in 0..60 {
        scramble(&repo.path, &mut seed, 6);
        let head = repo.commit("next");
        let change = of(&repo, &base, &head);
        let ours: Vec<(String, String)> = change
            .files
            .iter()
            .map(|f| {
                (
                    format!("{}\t{}", f.added.len(), f.removed.len()),
                    f.path.to_str().unwrap().to_owned(),
                )
            })
            .collect();
        let numstat = repo.git([
            "diff",
            "-z",
            "--numstat",
            "-M",
            "--no-indent-heuristic",
            base.as_str(),
            head.as_str(),
        ]);
        let mut fields = numstat.split('\0').filter(|field| !field.is_empty());
        let mut real = Vec::new();
        while let Some(field) = fields.next() {
            let (counts, path) = field.rsplit_once('\t').unwrap();
            let path = if path.is_empty() {
                fields.nth(1).unwrap()
            } else {
                path
            };
            real.push((counts.to_owned(), path.to_owned()));
        }
        real.sort_by(|a, b| a.1.cmp(&b.1));
        assert_eq!(ours, real, "round {round}");
        base = head;
    }
}
