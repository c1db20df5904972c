//! Holds our merges against git's own in a repository with a real history: for each of its newest merge commits, the
//! tree that we make in memory must be the one that `git merge` makes in a checkout, or both must be a conflict.
//!
//! usage: cargo run --release --example merge-oracle -- REPOSITORY [COUNT]

use std::error::Error;
use std::ffi::OsString;
use std::io::Write;
use std::path::Path;
use std::process::{Command, ExitCode};

use swarm_mailbox::id::CommitId;
use swarm_orchestrator::git::command::Environment;
use swarm_orchestrator::git::merge::{Merge, merge_tree};
use swarm_orchestrator::git::repo::Repo;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let source = words
        .next()
        .ok_or("usage: merge-oracle REPOSITORY [COUNT]")?;
    let count = words.next().unwrap_or_else(|| "400".to_owned());
    let home = tempfile::tempdir()?;
    let clone = home.path().join("clone");
    git(
        home.path(),
        &["clone", "--quiet", "--shared", &source, "clone"],
    )?;
    let repo = Repo::discover(&clone, Environment::new(std::env::vars_os()))?;
    let list = [
        "rev-list",
        "--min-parents=2",
        "--max-parents=2",
        "--parents",
        "-n",
        &count,
        "HEAD",
    ];
    let (mut clean, mut conflicts, mut different) = (0, 0, 0);
    for line in git(&clone, &list)?.lines() {
        let ids: Vec<&str> = line.split(' ').collect();
        let ours = merge_tree(&repo, &CommitId::new(ids[1])?, &CommitId::new(ids[2])?)?;
        match (ours, merged_by_git(&clone, ids[1], ids[2])?) {
            (Merge::Merged(tree), Some(theirs)) if tree.as_str() == theirs => clean += 1,
            (Merge::Conflict(_), None) => conflicts += 1,
            (ours, theirs) => {
                different += 1;
                say(&format!("{}: {ours:?}, and git: {theirs:?}", ids[0]))?;
            }
        }
    }
    say(&format!(
        "{clean} clean alike, {conflicts} conflicts alike, {different} different"
    ))?;
    let compared = clean + conflicts > 0;
    Ok(if compared && different == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The tree of git's own merge in a checkout; none where git reports a conflict.
fn merged_by_git(clone: &Path, onto: &str, head: &str) -> Result<Option<String>, Box<dyn Error>> {
    git(clone, &["reset", "--quiet", "--hard"])?;
    git(clone, &["clean", "--quiet", "-ffdx"])?;
    git(clone, &["checkout", "--quiet", "--force", "--detach", onto])?;
    let merge = [
        "merge",
        "--quiet",
        "--no-ff",
        "--no-commit",
        "--strategy=ort",
        head,
    ];
    if git(clone, &merge).is_err() {
        return Ok(None);
    }
    Ok(Some(git(clone, &["write-tree"])?.trim().to_owned()))
}

fn git(dir: &Path, words: &[&str]) -> Result<String, Box<dyn Error>> {
    let words: Vec<OsString> = words.iter().map(Into::into).collect();
    let output = Command::new("git")
        .args([
            "-c",
            "user.name=oracle",
            "-c",
            "user.email=oracle@example.org",
        ])
        .args(["-c", "merge.conflictStyle=merge", "-c", "gc.auto=0"])
        .args(&words)
        .current_dir(dir)
        .output()?;
    if !output.status.success() {
        let error = String::from_utf8_lossy(&output.stderr);
        return Err(format!("git {words:?}: {error}").into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn say(line: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{line}")
}
