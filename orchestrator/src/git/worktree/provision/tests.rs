//! Provisioning: what is taken, what is not, and why.

use super::*;
use crate::git::fixture::{TestRepo, bytes, write};
use std::os::unix::fs::PermissionsExt;

/// A repository with ignored files, and an empty directory in the place of its worktree.
fn prepared() -> (TestRepo, PathBuf) {
    let repo = TestRepo::new();
    repo.write(
        ".gitignore",
        ".env*\nnode_modules/\n/config/local/\n*.key\n",
    );
    repo.commit("ignores");
    let to = repo.root().join("to");
    std::fs::create_dir(&to).unwrap();
    (repo, to)
}

fn give(repo: &TestRepo, to: &Path, copy: &[&str], link: &[&str]) -> Provisioned {
    let owned = |list: &[&str]| list.iter().map(|&text| text.to_owned()).collect();
    provision(
        &repo.open(),
        &repo.path,
        to,
        &Wanted {
            copy: owned(copy),
            link: owned(link),
        },
    )
    .unwrap()
}

#[test]
fn files_that_are_included_and_ignored_are_copied() {
    let (repo, to) = prepared();
    repo.write(
        ".worktreeinclude",
        "# secrets for tests\n.env\n/config/local/*.toml\n!config/local/no.toml\nplain\n",
    );
    repo.write(".env", "a");
    repo.write(".env.other", "b");
    repo.write("sub/.env", "c");
    repo.write("config/local/yes.toml", "d");
    repo.write("config/local/no.toml", "e");
    repo.write("plain", "not ignored by git");
    let odd = Path::new("sub").join(bytes(b"x\n\xff")).join(".env");
    repo.write(&odd, "f");
    let done = give(&repo, &to, &[], &[]);
    assert_eq!(done.copied, 4, "{done:?}");
    for path in [
        Path::new(".env"),
        Path::new("sub/.env"),
        Path::new("config/local/yes.toml"),
        &odd,
    ] {
        assert_eq!(
            fs::read(to.join(path)).unwrap(),
            fs::read(repo.path.join(path)).unwrap()
        );
    }
    for path in [".env.other", "config/local/no.toml", "plain"] {
        assert!(!to.join(path).exists(), "{path}");
    }
    assert_eq!(done.skipped.len(), 1);
    assert_eq!(done.skipped[0].0, Path::new("plain"));
}

#[test]
fn copied_files_keep_mode_and_time_and_nothing_is_overwritten() {
    let (repo, to) = prepared();
    repo.write(".env", "new");
    let source = repo.path.join(".env");
    fs::set_permissions(&source, PermissionsExt::from_mode(0o700)).unwrap();
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    File::options()
        .write(true)
        .open(&source)
        .unwrap()
        .set_modified(time)
        .unwrap();
    assert_eq!(give(&repo, &to, &[".env"], &[]).copied, 1);
    let meta = fs::metadata(to.join(".env")).unwrap();
    assert_eq!(
        (meta.permissions().mode() & 0o777, meta.modified().unwrap()),
        (0o700, time)
    );
    write(&to.join(".env"), "edited in the worktree");
    assert_eq!(give(&repo, &to, &[".env"], &[]).copied, 0);
    assert_eq!(
        fs::read_to_string(to.join(".env")).unwrap(),
        "edited in the worktree"
    );
    assert_eq!(fs::read_dir(&to).unwrap().count(), 1);
}

#[test]
fn a_directory_is_copied_with_all_below_it_and_linked_entry_by_entry() {
    let (repo, to) = prepared();
    repo.write("node_modules/a/index.js", "a");
    repo.write("node_modules/.bin/tool", "b");
    repo.write("web/node_modules/c/index.js", "c");
    let done = give(&repo, &to, &["node_modules"], &["web/node_modules/"]);
    assert_eq!((done.copied, done.linked), (2, 1), "{done:?}");
    assert!(to.join("node_modules/a/index.js").is_file());
    assert!(to.join("web/node_modules").is_dir() && !to.join("web/node_modules").is_symlink());
    assert!(to.join("web/node_modules/c").is_symlink());
    assert_eq!(
        fs::read_to_string(to.join("web/node_modules/c/index.js")).unwrap(),
        "c"
    );
    assert_eq!(
        give(&repo, &to, &["node_modules"], &["web/node_modules"]).linked,
        0
    );
}

#[test]
fn symlinks_are_copied_only_if_they_stay_inside() {
    let (repo, to) = prepared();
    repo.write("node_modules/real", "x");
    let dir = repo.path.join("node_modules");
    symlink("real", dir.join("inside")).unwrap();
    symlink("../../outside", dir.join("up")).unwrap();
    symlink("/etc/passwd", dir.join("absolute")).unwrap();
    let done = give(&repo, &to, &["node_modules"], &[]);
    assert_eq!(done.copied, 2);
    assert_eq!(
        fs::read_link(to.join("node_modules/inside")).unwrap(),
        Path::new("real")
    );
    let skipped: Vec<_> = done
        .skipped
        .iter()
        .map(|(path, _)| path.to_str().unwrap())
        .collect();
    assert_eq!(skipped, ["node_modules/absolute", "node_modules/up"]);
}

#[test]
fn nothing_is_written_through_a_symlink_of_the_worktree() {
    let (repo, to) = prepared();
    repo.write("config/local/x", "x");
    let outside = repo.root().join("outside");
    fs::create_dir(&outside).unwrap();
    symlink(&outside, to.join("config")).unwrap();
    let done = give(&repo, &to, &["config/local/**"], &[]);
    assert_eq!((done.copied, done.skipped.len()), (0, 1));
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 0);
}

#[test]
fn a_pattern_that_leads_out_of_the_repository_is_refused() {
    let (repo, to) = prepared();
    for pattern in ["../*", "/etc/*", "a/../../b"] {
        let wanted = Wanted {
            copy: Vec::new(),
            link: vec![pattern.into()],
        };
        let error = provision(&repo.open(), &repo.path, &to, &wanted).unwrap_err();
        assert!(matches!(error, ProvisionError::Outside { .. }), "{error}");
    }
}
