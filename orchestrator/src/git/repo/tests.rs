//! Repositories of every layout: found, described, or refused with a reason that helps.

use super::*;
use crate::git::fixture::{TestRepo, bytes, write};

#[test]
fn a_plain_repository_is_described() {
    let repo = TestRepo::new();
    std::fs::create_dir_all(repo.path.join("a/b")).unwrap();
    let found = repo.open_at(&repo.path.join("a/b"));
    assert_eq!(found.top(), Some(repo.path.as_path()));
    assert_eq!(found.common_dir(), repo.path.join(".git"));
    assert_eq!(found.worktrees_base(), repo.root().join("repo.swarm"));
    let facts = Facts {
        object_format: ObjectFormat::Sha1,
        ref_storage: RefStorage::Files,
        bare: false,
        shallow: false,
        partial: false,
        sparse: false,
        submodules: false,
    };
    assert_eq!(found.facts(), &facts);
    assert_eq!(found.backend(), &Backend::Library);
    assert_eq!(
        found.head().unwrap(),
        Head {
            branch: Some("main".into()),
            commit: repo.rev("HEAD")
        }
    );
    assert_eq!(
        found.identity().unwrap().to_string(),
        "A U Thor <author@example.com>"
    );
}

#[test]
fn a_directory_without_a_repository_is_refused() {
    let world = TestRepo::nothing();
    let error = Repo::discover(&world.root(), world.env()).unwrap_err();
    assert!(matches!(error, GitError::NotARepository { .. }), "{error}");
    assert!(error.to_string().contains("git init"));
}

#[test]
fn a_repository_without_a_commit_says_so() {
    let repo = TestRepo::empty(&[]);
    let error = repo.open().head().unwrap_err();
    assert!(matches!(error, GitError::NoCommit { .. }), "{error}");
    assert!(error.to_string().contains("commit something first"));
}

#[test]
fn a_detached_head_has_no_branch() {
    let repo = TestRepo::new();
    repo.git(["checkout", "--quiet", "--detach"]);
    assert_eq!(
        repo.open().head().unwrap(),
        Head {
            branch: None,
            commit: repo.rev("HEAD")
        }
    );
}

#[test]
fn revisions_resolve_to_commits_or_are_named_in_the_error() {
    let repo = TestRepo::new();
    repo.git(["tag", "-a", "v1", "-m", "x"]);
    let found = repo.open();
    assert_eq!(found.resolve("v1").unwrap(), repo.rev("HEAD"));
    assert_eq!(found.resolve("main~0").unwrap(), repo.rev("HEAD"));
    for bad in ["nope", "main~5", "--all", "", "HEAD:README", "a b"] {
        let error = found.resolve(bad).unwrap_err();
        assert!(
            matches!(error, GitError::UnknownRevision { .. }),
            "{bad}: {error}"
        );
    }
}

#[test]
fn an_identity_is_never_made_up() {
    let repo = TestRepo::new();
    write(&repo.root().join("gitconfig"), "");
    let error = repo.open().identity().unwrap_err();
    assert!(matches!(error, GitError::NoIdentity), "{error}");
    assert!(error.to_string().contains("git config --global user.email"));
    write(&repo.root().join("gitconfig"), "[user]\nname = Only Name\n");
    assert!(matches!(repo.open().identity(), Err(GitError::NoIdentity)));
    let named = [
        "GIT_AUTHOR_NAME",
        "GIT_AUTHOR_EMAIL",
        "GIT_COMMITTER_NAME",
        "GIT_COMMITTER_EMAIL",
    ];
    let vars = repo
        .vars()
        .into_iter()
        .chain(named.map(|name| (name.into(), "ci".into())));
    let found = Repo::discover(&repo.path, Environment::new(vars)).unwrap();
    assert_eq!(
        found.identity().unwrap(),
        Identity {
            name: "ci".into(),
            email: "ci".into()
        }
    );
}

#[test]
fn dirty_paths_are_told_byte_for_byte_and_bounded() {
    let repo = TestRepo::new();
    let odd = bytes(b"new\nline \xff\xfe");
    repo.write("README", "changed");
    repo.write(odd, "x");
    let dirty = repo.open().dirty(10).unwrap();
    let expected = [
        DirtyPath {
            path: "README".into(),
            untracked: false,
        },
        DirtyPath {
            path: odd.into(),
            untracked: true,
        },
    ];
    assert_eq!(dirty, expected);
    assert_eq!(repo.open().dirty(1).unwrap().len(), 1);
}

#[test]
fn a_bare_repository_with_worktrees_is_found_from_both() {
    let repo = TestRepo::new();
    let project = repo.root().join("project");
    repo.git([
        "clone",
        "--quiet",
        "--bare",
        ".",
        project.join(".bare").to_str().unwrap(),
    ]);
    repo.git_in(
        &project.join(".bare"),
        ["worktree", "add", "--quiet", "../main", "main"],
    );
    for dir in ["main", ".bare"] {
        let found = repo.open_at(&project.join(dir));
        assert_eq!(found.common_dir(), project.join(".bare"));
        assert_eq!(
            found.worktrees_base(),
            repo.root().join("project.swarm"),
            "from {dir}"
        );
        assert!(found.facts().bare || dir == "main");
        assert_eq!(found.head().unwrap().branch.as_deref(), Some("main"));
    }
    assert_eq!(repo.open_at(&project.join(".bare")).top(), None);
    repo.git(["clone", "--quiet", "--bare", ".", "../other.git"]);
    assert_eq!(
        repo.open_at(&repo.root().join("other.git"))
            .worktrees_base(),
        repo.root().join("other.swarm")
    );
}

#[test]
fn a_linked_worktree_leads_to_the_same_base() {
    let repo = TestRepo::new();
    repo.git(["worktree", "add", "--quiet", "-b", "side", "../else where"]);
    let found = repo.open_at(&repo.root().join("else where"));
    assert_eq!(found.worktrees_base(), repo.open().worktrees_base());
    assert_eq!(found.head().unwrap().branch.as_deref(), Some("side"));
}

#[test]
fn a_repository_of_somebody_else_is_refused_with_the_command_that_mends_it() {
    let repo = TestRepo::new();
    let env = repo.env().with("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1");
    let error = Repo::discover(&repo.path, env).unwrap_err();
    assert!(matches!(error, GitError::UnsafeOwner { .. }), "{error}");
    let mend = format!(
        "git config --global --add safe.directory '{}",
        repo.path.display()
    );
    assert!(error.to_string().contains(&mend), "{error}");
}

#[test]
fn kinds_that_the_library_cannot_open_go_through_the_binary() {
    let source = TestRepo::new();
    source.git(["config", "uploadpack.allowFilter", "true"]);
    source.write("big", "x".repeat(10_000));
    source.commit("second");
    let url = format!("file://{}", source.path.display());
    source.git(["clone", "--quiet", "--filter=blob:none", &url, "../partial"]);
    source.git(["clone", "--quiet", "--depth=1", &url, "../shallow"]);
    let partial = source.open_at(&source.root().join("partial"));
    assert!(partial.facts().partial);
    assert_eq!(
        partial.backend(),
        &Backend::Command("it is a partial clone")
    );
    let shallow = source.open_at(&source.root().join("shallow"));
    assert!(shallow.facts().shallow && shallow.head().is_ok());

    let sha256 = TestRepo::empty(&["--object-format=sha256"]);
    sha256.write("x", "x");
    let id = sha256.commit("first");
    assert_eq!(id.as_str().len(), 64);
    assert_eq!(sha256.open().facts().object_format, ObjectFormat::Sha256);
    assert_eq!(sha256.open().head().unwrap().commit, id);

    let reftable = TestRepo::empty(&["--ref-format=reftable"]);
    reftable.write("x", "x");
    reftable.commit("first");
    assert_eq!(reftable.open().facts().ref_storage, RefStorage::Reftable);
    assert!(matches!(reftable.open().backend(), Backend::Command(_)));
    assert_eq!(
        reftable.open().head().unwrap().branch.as_deref(),
        Some("main")
    );

    let replaced = TestRepo::new();
    let first = replaced.rev("HEAD");
    let second = replaced.commit("second");
    replaced.git(["replace", second.as_str(), first.as_str()]);
    assert_eq!(
        replaced.open().backend(),
        &Backend::Command("it has replaced objects")
    );
}

#[test]
fn sparse_checkouts_and_submodules_are_told() {
    let repo = TestRepo::new();
    repo.write("a/x", "x");
    repo.write("b/x", "x");
    repo.commit("dirs");
    repo.git(["sparse-checkout", "set", "a"]);
    assert!(repo.open().facts().sparse);
    let other = TestRepo::new();
    repo.git([
        "submodule",
        "--quiet",
        "add",
        other.path.to_str().unwrap(),
        "a/sub",
    ]);
    repo.git(["commit", "--quiet", "-m", "submodule"]);
    assert!(repo.open().facts().submodules);
}
