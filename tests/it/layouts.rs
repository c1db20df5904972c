//! `swarm run` in every kind of repository that people have, and its refusals where it cannot run.
//!
//! Each test makes the layout with the real git, runs the same small plan there, and looks at what is merged.

use std::fs;
use std::path::Path;

use swarm_tests::{Output, Repo, TestEnv};

use crate::sealed;

/// Two tasks that use git themselves, each from the top of its own worktree.
const PLAN: &str = "---\nretries: 0\n---\n# Plan\n\n\
    ## one: Write a file\n\
    - run: test \"$(git rev-parse --show-toplevel)\" = \"$(pwd -P)\" && echo one > one.txt\n\n\
    ## two: Commit one\n- needs: one\n\
    - run: cat one.txt > two.txt && git add two.txt && git commit --no-verify -qm two && git diff --quiet HEAD\n";

/// A repository with the plan.
fn repository(env: &TestEnv) -> Repo<'_> {
    Repo::new(env, "repo", &[("plan.md", PLAN), ("sub/dir/a.txt", "a\n")])
}

/// Runs the plan in `dir`; both tasks are merged, and nothing of the user's has changed.
#[track_caller]
fn runs_in(env: &TestEnv, dir: &Path) -> String {
    let repo = Repo::open(env, dir);
    let before = state(&repo);
    let output = env.swarm(dir).args(["run", "plan.md"]).run();
    merged(env, &repo, output, &before)
}

#[track_caller]
fn merged(env: &TestEnv, repo: &Repo<'_>, output: Output, before: &[String]) -> String {
    let output = output.success();
    let branches = repo.branches();
    let runs = branches.iter().filter(|name| name.starts_with("swarm/"));
    let runs: Vec<&String> = runs.collect();
    assert_eq!(runs.len(), 1, "{branches:?}\n{output}");
    let branch = runs[0];
    assert_eq!(repo.file(branch, "one.txt").as_deref(), Some("one\n"));
    assert_eq!(repo.file(branch, "two.txt").as_deref(), Some("one\n"));
    assert_eq!(state(repo), before);
    env.nobody_is_left();
    branch.clone()
}

/// Where the user stands: HEAD and the tree.
fn state(repo: &Repo<'_>) -> Vec<String> {
    let head = repo.git(&["rev-parse", "HEAD", "--symbolic-full-name", "HEAD"]);
    vec![head, repo.status()]
}

/// `swarm` refuses to run the plan in `dir`, says `words`, and leaves nothing.
#[track_caller]
fn refused(env: &TestEnv, dir: &Path, words: &[&str]) {
    let output = env.swarm(dir).args(["run", "plan.md"]).run().code(3);
    for word in words {
        assert!(output.raw_stderr().contains(word), "{word:?}: {output}");
    }
    assert!(!dir.join(".git/swarm/runs").exists(), "{output}");
    env.nobody_is_left();
}

#[test]
fn in_a_subdirectory() {
    let env = sealed();
    let repo = repository(&env);
    let before = state(&repo);
    let below = repo.path().join("sub/dir");
    let output = env.swarm(&below).args(["run", "../../plan.md"]).run();
    let _ = merged(&env, &repo, output, &before);
    let told = env.swarm(&below).arg("status").run().success();
    assert!(told.raw_stdout().contains("two"), "{told}");
}

#[test]
fn from_elsewhere() {
    let env = sealed();
    let repo = repository(&env);
    let before = state(&repo);
    let output = env
        .swarm(env.root())
        .args(["-C", "repo/sub", "run", "../plan.md"])
        .run();
    let _ = merged(&env, &repo, output, &before);
}

#[test]
fn in_a_linked_worktree() {
    let env = sealed();
    let repo = repository(&env);
    let linked = env.root().join("linked");
    let path = linked.to_string_lossy();
    let _ = repo.git(&["worktree", "add", "-q", "-b", "topic", &path]);
    let _ = runs_in(&env, &linked);
    // The run is the repository's, whichever worktree one asks from.
    let told = env.swarm(repo.path()).arg("status").run().success();
    assert!(told.raw_stdout().contains("two"), "{told}");
}

#[test]
fn in_a_worktree_of_a_bare_clone() {
    let env = sealed();
    let repo = repository(&env);
    let around = env.root().join("project");
    fs::create_dir(&around).expect("a directory");
    let source = repo.path().to_string_lossy().into_owned();
    let bare = around.join(".bare");
    let _ = repo.git(&["clone", "-q", "--bare", &source, &bare.to_string_lossy()]);
    let main = around.join("main");
    let _ =
        Repo::open(&env, &bare).git(&["worktree", "add", "-q", &main.to_string_lossy(), "main"]);
    let _ = runs_in(&env, &main);
    assert!(
        !around.join("main.swarm").exists(),
        "the worktrees lie beside the project"
    );
}

#[test]
fn with_a_detached_head() {
    let env = sealed();
    let repo = repository(&env);
    let _ = repo.git(&["switch", "-q", "--detach"]);
    let _ = runs_in(&env, repo.path());
}

#[test]
fn in_a_shallow_clone() {
    let env = sealed();
    let repo = repository(&env);
    let _ = repo.commit("one more");
    let url = format!("file://{}", repo.path().display());
    let clone = env.root().join("clone");
    let _ = repo.git(&["clone", "-q", "--depth=1", &url, &clone.to_string_lossy()]);
    let _ = runs_in(&env, &clone);
}

#[test]
fn in_a_partial_clone() {
    let env = sealed();
    let repo = repository(&env);
    let _ = repo.git(&["config", "uploadpack.allowFilter", "true"]);
    let url = format!("file://{}", repo.path().display());
    let clone = env.root().join("clone");
    let _ = repo.git(&[
        "clone",
        "-q",
        "--filter=blob:none",
        &url,
        &clone.to_string_lossy(),
    ]);
    let _ = runs_in(&env, &clone);
}

#[test]
fn with_a_submodule() {
    let env = sealed();
    let library = Repo::new(&env, "library", &[("lib.txt", "lib\n")]);
    let repo = repository(&env);
    let url = library.path().to_string_lossy().into_owned();
    let _ = repo.git(&[
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "add",
        "-q",
        &url,
        "library",
    ]);
    let _ = repo.commit("add a submodule");
    let link = repo.git(&["ls-tree", "HEAD", "library"]);
    let branch = runs_in(&env, repo.path());
    assert_eq!(repo.git(&["ls-tree", &branch, "library"]), link);
}

#[test]
fn with_a_filter_like_that_of_lfs() {
    let env = sealed();
    let plan = PLAN.replace(
        "echo one > one.txt",
        "test \"$(cat big.bin)\" = LARGE && echo LARGE > more.bin && echo one > one.txt",
    );
    let repo = Repo::new(&env, "repo", &[]);
    let _ = repo.git(&["config", "filter.large.clean", "tr A-Z a-z"]);
    let _ = repo.git(&["config", "filter.large.smudge", "tr a-z A-Z"]);
    let _ = repo.git(&["config", "filter.large.required", "true"]);
    repo.write(".gitattributes", "*.bin filter=large\n");
    repo.write("plan.md", &plan);
    repo.write("big.bin", "LARGE\n");
    let _ = repo.commit("start");
    assert_eq!(repo.file("HEAD", "big.bin").as_deref(), Some("large\n"));
    let branch = runs_in(&env, repo.path());
    let stored = repo.file(&branch, "more.bin");
    assert_eq!(
        stored.as_deref(),
        Some("large\n"),
        "what is stored is clean"
    );
}

/// A repository whose hooks refuse everything and tell that they ran.
fn hooked(env: &TestEnv) -> Repo<'_> {
    let repo = repository(env);
    for hook in [
        "pre-commit",
        "commit-msg",
        "post-checkout",
        "pre-merge-commit",
        "reference-transaction",
    ] {
        let path = repo.path().join(".git/hooks").join(hook);
        fs::create_dir_all(path.parent().expect("a directory")).expect("it");
        let refuse = if hook == "reference-transaction" {
            0
        } else {
            1
        };
        let script = format!(
            "#!/bin/sh\necho {hook} >> \"$HOME/hooks\"\necho 'the hook refuses' >&2\nexit {refuse}\n"
        );
        fs::write(&path, script).expect("a hook");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&path, mode).expect("its mode");
    }
    repo
}

#[test]
fn with_hooks_that_refuse_everything() {
    let env = sealed();
    let repo = hooked(&env);
    let _ = runs_in(&env, repo.path());
    // The commit that a task makes itself runs those that `--no-verify` leaves; the first task makes none.
    let ran = fs::read_to_string(env.home().join("hooks")).unwrap_or_default();
    assert!(
        !ran.contains("pre-commit") && !ran.contains("post-checkout"),
        "{ran}"
    );
}

#[test]
fn a_hook_that_was_asked_for_and_refuses_fails_the_task_and_not_the_run() {
    let env = sealed().with("SWARM_COMMIT_HOOKS", "true");
    let repo = hooked(&env);
    let output = env
        .swarm(repo.path())
        .args(["run", "plan.md"])
        .run()
        .code(1);
    assert!(output.raw_stdout().contains("the hook refuses"), "{output}");
    env.nobody_is_left();
}

#[test]
fn with_sha_256_names() {
    let env = sealed().with("GIT_DEFAULT_HASH", "sha256");
    let repo = repository(&env);
    assert_eq!(repo.tip("HEAD").len(), 64);
    let _ = runs_in(&env, repo.path());
}

#[test]
fn with_odd_names() {
    let env = sealed();
    let name = "a 'strange' \u{e9} (name)";
    let repo = Repo::new(
        &env,
        name,
        &[
            ("plan.md", PLAN),
            ("tab\there.txt", "x\n"),
            ("-dash", "x\n"),
        ],
    );
    let _ = runs_in(&env, repo.path());
}

#[test]
fn with_variables_that_point_elsewhere() {
    let env = sealed();
    let repo = repository(&env);
    let other = Repo::new(&env, "other", &[("x.txt", "x\n")]);
    let before = (state(&repo), state(&other), other.branches());
    let program = env.swarm(repo.path());
    let output = program
        .args(["run", "plan.md"])
        .var("GIT_DIR", other.path().join(".git"))
        .var("GIT_WORK_TREE", other.path())
        .var("GIT_INDEX_FILE", other.path().join(".git/index"))
        .var("GIT_OBJECT_DIRECTORY", other.path().join(".git/objects"))
        .var("GIT_PREFIX", "sub/")
        .run();
    let _ = merged(&env, &repo, output, &before.0);
    assert_eq!((state(&other), other.branches()), (before.1, before.2));
}

#[test]
fn a_repository_without_a_commit_is_refused() {
    let env = sealed();
    let repo = env.root().join("repo");
    fs::create_dir(&repo).expect("a directory");
    let _ = Repo::open(&env, &repo).git(&["init", "-q"]);
    fs::write(repo.join("plan.md"), PLAN).expect("a plan");
    refused(&env, &repo, &["no commit", "commit something first"]);
}

#[test]
fn a_place_that_is_no_repository_is_refused() {
    let env = sealed();
    let place = env.root().join("place");
    fs::create_dir(&place).expect("a directory");
    fs::write(place.join("plan.md"), PLAN).expect("a plan");
    refused(&env, &place, &["no git repository", "git init"]);
}

#[test]
fn a_user_without_a_name_is_refused() {
    let env = sealed();
    let repo = repository(&env);
    let _ = repo.git(&["config", "--global", "--remove-section", "user"]);
    refused(&env, repo.path(), &["git config --global user.name"]);
}

#[test]
fn a_branch_in_the_way_of_all_runs_is_named() {
    let env = sealed();
    let repo = repository(&env);
    let _ = repo.git(&["branch", "swarm"]);
    let output = env
        .swarm(repo.path())
        .args(["run", "plan.md"])
        .run()
        .code(3);
    assert!(
        output.raw_stderr().contains("refs/heads/swarm'"),
        "{output}"
    );
    let runs = fs::read_dir(repo.path().join(".git/swarm/runs"));
    assert!(
        runs.map_or(0, Iterator::count) == 0,
        "nothing is left of it"
    );
}
