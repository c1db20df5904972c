//! The doctor's checks against real repositories.

use std::ffi::OsStr;
use std::fs;
use std::time::{Duration, SystemTime};

use super::*;
use crate::git::fixture::TestRepo;
use crate::settings::sample;

fn sources(repo: &TestRepo, cwd: &Path) -> Sources {
    let mut sources = sample::sources(cwd);
    sources.env = repo.vars().into_iter().collect();
    sources.home = Some(repo.root());
    sources.cores = 2;
    sources
}

fn checks(repo: &TestRepo, edit: impl FnOnce(&mut Sources, &mut Settings)) -> Vec<Check> {
    let mut sources = sources(repo, &repo.path);
    let mut settings = Settings::load(&sources).unwrap();
    settings.min_free_disk = 1;
    edit(&mut sources, &mut settings);
    examine(&Scene {
        sources: &sources,
        settings: &settings,
        dead_runs: &[],
    })
}

#[track_caller]
fn find<'a>(checks: &'a [Check], name: &str) -> &'a Check {
    checks
        .iter()
        .find(|check| check.name == name)
        .unwrap_or_else(|| panic!("no {name}: {checks:#?}"))
}

#[track_caller]
fn assert_problem(checks: &[Check], name: &str, advice: &str) {
    let check = find(checks, name);
    assert_eq!(check.status, Status::Problem, "{check:#?}");
    assert!(
        check.advice.as_ref().unwrap().contains(advice),
        "{check:#?}"
    );
}

#[test]
fn a_healthy_repository_has_no_problem() {
    let repo = TestRepo::new();
    let found = checks(&repo, |_, _| {});
    assert!(
        found.iter().all(|check| check.status != Status::Problem),
        "{found:#?}"
    );
    assert_eq!(
        find(&found, "identity").found,
        "A U Thor <author@example.com>"
    );
    assert!(find(&found, "commit").found.ends_with(" on main"));
    assert_eq!(find(&found, "working tree").found, "clean");
    assert!(
        find(&found, "worktrees")
            .found
            .starts_with("1 files of 6 B each, 3 worktrees: 18 B")
    );
    assert_eq!(
        fs::read_dir(repo.root()).unwrap().count(),
        2,
        "nothing was left behind"
    );
    let sources = sources(&repo, &repo.path);
    let settings = Settings {
        min_free_disk: 1,
        ..Settings::load(&sources).unwrap()
    };
    let scene = Scene {
        sources: &sources,
        settings: &settings,
        dead_runs: &[],
    };
    assert_eq!(preflight(&scene), []);
    assert!(
        preflight(&Scene {
            settings: &Settings::default(),
            ..scene
        })[0]
            .found
            .contains("PATH")
    );
}

#[test]
fn what_is_missing_is_named_with_what_mends_it() {
    let empty = TestRepo::empty(&[]);
    assert_problem(
        &checks(&empty, |_, _| {}),
        "commit",
        "commit something first",
    );
    let nothing = TestRepo::nothing();
    fs::create_dir(&nothing.path).unwrap();
    assert_problem(&checks(&nothing, |_, _| {}), "repository", "git init");
    let repo = TestRepo::new();
    let anonymous = checks(&repo, |sources, _| {
        sources
            .env
            .insert("GIT_CONFIG_GLOBAL".into(), "/dev/null".into());
        sources.env.insert("EMAIL".into(), "".into());
        fs::write(
            repo.path.join(".git/config"),
            "[core]\nrepositoryformatversion = 0\n[user]\nuseConfigOnly = true\n",
        )
        .unwrap();
    });
    assert_problem(&anonymous, "identity", "git config --global user.name");
    let no_git = checks(&repo, |sources, _| {
        sources.env.insert("PATH".into(), "/nonexistent".into());
    });
    assert_problem(&no_git, "git", "install git 2.38");
    let no_shell = checks(&repo, |_, settings| {
        settings
            .command_env
            .insert("PATH".into(), "/nonexistent".into());
    });
    assert_problem(&no_shell, "shell", "every command is run by it");
}

#[test]
fn versions_are_compared_as_numbers() {
    for (line, version) in [
        ("git version 2.47.3", Some((2, 47))),
        ("git version 2.9.0", Some((2, 9))),
        ("git version 2.39.2 (Apple Git-143)", Some((2, 39))),
        ("git version 3.0-rc1", Some((3, 0))),
        ("git version 2.45.GIT", Some((2, 45))),
        ("jj 0.30", None),
    ] {
        assert_eq!(program::version(line), version, "{line}");
    }
}

#[test]
fn an_old_git_is_a_problem() {
    use std::os::unix::fs::PermissionsExt;
    let repo = TestRepo::new();
    let bin = repo.root().join("bin");
    fs::create_dir(&bin).unwrap();
    let fake = bin.join("git");
    fs::write(&fake, "#!/bin/sh\necho git version 2.34.1\n").unwrap();
    fs::set_permissions(&fake, fs::Permissions::from_mode(0o755)).unwrap();
    let found = checks(&repo, |sources, _| {
        sources.env.insert("PATH".into(), bin.into());
    });
    assert_problem(&found, "git", "merge-tree --write-tree");
    assert_eq!(find(&found, "git").found, "git version 2.34.1 is too old");
}

#[test]
fn a_lock_that_was_left_behind_is_a_problem_and_a_fresh_one_is_none() {
    let repo = TestRepo::new();
    let lock = repo.path.join(".git/packed-refs.lock");
    fs::write(&lock, "").unwrap();
    assert_eq!(find(&checks(&repo, |_, _| {}), "locks").status, Status::Ok);
    let hour_ago = SystemTime::now() - Duration::from_secs(3600);
    fs::File::options()
        .write(true)
        .open(&lock)
        .unwrap()
        .set_modified(hour_ago)
        .unwrap();
    assert_problem(&checks(&repo, |_, _| {}), "locks", "packed-refs.lock");
}

#[test]
fn worktrees_may_not_go_into_the_repository() {
    let repo = TestRepo::new();
    let inside = repo.path.join("trees/here");
    let found = checks(&repo, |_, settings| settings.worktree_root = Some(inside));
    assert_problem(&found, "worktree root", "outside");
    let link = repo.root().join("link");
    std::os::unix::fs::symlink(&repo.path, &link).unwrap();
    let found = checks(&repo, |_, settings| {
        settings.worktree_root = Some(link.join("trees"))
    });
    assert_problem(&found, "worktree root", "outside");
    let found = checks(&repo, |_, settings| {
        settings.worktree_root = Some("/proc/trees".into())
    });
    assert_problem(&found, "worktree root", "another place");
    // A neighbour whose name begins alike is not inside.
    let found = checks(&repo, |_, settings| {
        settings.worktree_root = Some(repo.root().join("repo.swarm"))
    });
    assert_eq!(find(&found, "worktree root").status, Status::Ok);
}

#[test]
fn a_full_disk_is_a_problem_and_a_tight_one_a_warning() {
    let repo = TestRepo::new();
    let full = checks(&repo, |_, settings| settings.min_free_disk = u64::MAX);
    assert_problem(&full, "disk", "min-free-disk");
    assert_eq!(find(&full, "worktrees").status, Status::Warning);
}

#[test]
fn notes_tell_what_is_unusual() {
    let repo = TestRepo::new();
    repo.write(".gitmodules", "");
    repo.write(".gitattributes", "*.bin filter=lfs diff=lfs\n");
    repo.commit("modules");
    repo.write("new", "x");
    let head = repo.rev("HEAD");
    fs::write(repo.path.join(".git/MERGE_HEAD"), format!("{head}\n")).unwrap();
    let bin = repo.root().join("bin");
    fs::create_dir(&bin).unwrap();
    // Only git itself is on the path, so that git-lfs is missing on every machine.
    let path = sample_path();
    let git = program::find("git", &path).unwrap();
    std::os::unix::fs::symlink(git, bin.join("git")).unwrap();
    let found = checks(&repo, |sources, _| {
        sources.env.insert("PATH".into(), bin.clone().into());
    });
    assert!(
        find(&found, "submodules")
            .advice
            .as_ref()
            .unwrap()
            .contains("git submodule update --init")
    );
    assert!(find(&found, "git-lfs").found.contains("no `git-lfs`"));
    assert!(
        find(&found, "operation")
            .found
            .starts_with("a merge is going on")
    );
    assert!(
        find(&found, "working tree")
            .found
            .contains("neither uses nor touches")
    );
    assert_eq!(find(&found, "tmux").status, Status::Warning);
}

fn sample_path() -> std::ffi::OsString {
    let repo = TestRepo::nothing();
    let vars = repo.vars();
    let path = vars.iter().find(|(name, _)| name == OsStr::new("PATH"));
    path.unwrap().1.clone()
}

#[test]
fn unfinished_runs_are_told_with_the_way_on() {
    let repo = TestRepo::new();
    let sources = sources(&repo, &repo.path);
    let settings = Settings::load(&sources).unwrap();
    let run = RunId::at(1_800_000_000, 7);
    let scene = Scene {
        sources: &sources,
        settings: &settings,
        dead_runs: std::slice::from_ref(&run),
    };
    let found = examine(&scene);
    let check = find(&found, "unfinished runs");
    assert!(
        check
            .advice
            .as_ref()
            .unwrap()
            .contains(&format!("swarm resume {run}"))
    );
    let json = serde_json::to_value(check).unwrap();
    assert_eq!(json["status"], "warning");
    assert_eq!(json["found"], run.as_str());
}
