//! What keeps the documents true: links, places, and what lies at the top of the repository.
//!
//! Knows nothing of what the documents say.

use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;

use super::source::walk;

/// Everything that may lie at the top of the repository.
const TOP: [&str; 21] = [
    ".cargo",
    ".ci",
    ".deny.toml",
    ".gitattributes",
    ".github",
    ".gitignore",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "clippy.toml",
    "docs",
    "examples",
    "mailbox",
    "orchestrator",
    "rust-toolchain.toml",
    "tests",
    "worker",
];

/// What may lie beside it and is no part of the repository.
const BESIDE: [&str; 2] = [".git", "target"];

/// A Markdown link or image to somewhere.
static LINK: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\]\(([^)\s]+)\)").expect("constant"));

/// A path that exists on one machine only.
static MACHINE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:^|[\s`'\x22(=:])/(?:work|root|home/[a-z]|Users/[A-Za-z])[\w./-]*")
        .expect("constant")
});

/// A file with its text.
pub(super) struct Document {
    /// Its path from the top of the repository.
    pub(super) path: PathBuf,
    /// All of it.
    pub(super) text: String,
}

/// The files below `top` with one of these endings, and all scripts.
pub(super) fn named(top: &Path, endings: &[&str]) -> Vec<Document> {
    let mut files = Vec::new();
    walk(top, &mut files);
    let read = files.iter().filter_map(|path| {
        let end = path.extension().unwrap_or_default().to_str()?;
        let chosen = endings.contains(&end);
        // What has no ending may be a script; what has another one is not opened.
        let text = (chosen || end.is_empty()).then(|| fs::read_to_string(path).ok())??;
        let path = path.strip_prefix(top).ok()?.to_owned();
        (chosen || text.starts_with("#!")).then_some(Document { path, text })
    });
    read.collect()
}

/// Complains about links of the document `path` to files that are not there. `exists` is asked for paths from the top.
pub(super) fn links(path: &Path, text: &str, exists: &dyn Fn(&Path) -> bool) -> Vec<String> {
    let prose = without_code(text);
    let targets = LINK.captures_iter(&prose).filter_map(|found| found.get(1));
    let files = targets
        .map(|target| target.as_str())
        .filter(|target| !target.contains("://") && !target.starts_with(['#', '<']));
    let folder = path.parent().unwrap_or(Path::new(""));
    let missing = files.filter(|target| {
        let file = target.split('#').next().unwrap_or_default();
        !exists(&flat(&folder.join(file)))
    });
    missing
        .map(|target| format!("{}: the link to {target} leads nowhere", path.display()))
        .collect()
}

/// Complains about paths of one machine and about hosts of package registries.
pub(super) fn places(path: &Path, text: &str) -> Vec<String> {
    // Put together here, so that this very file does not name them.
    let hosts = [
        ["crates", ".io"],
        ["npmjs", ".org"],
        ["pypi", ".org"],
        ["static.rust-lang", ".org"],
    ];
    let hosts = hosts.map(|parts| parts.concat());
    let mut complaints = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let machine = MACHINE
            .find(line)
            .map(|found| found.as_str().trim().to_owned());
        let host = hosts.iter().find(|host| line.contains(*host)).cloned();
        for word in machine.into_iter().chain(host) {
            complaints.push(format!("{}:{}: names {word}", path.display(), index + 1));
        }
    }
    complaints
}

/// The names at the top of the repository.
pub(super) fn entries(top: &Path) -> Vec<String> {
    let entries = fs::read_dir(top).expect("the top of the repository");
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names.collect()
}

/// Complains about what should not lie at the top.
pub(super) fn top_level(names: &[String]) -> Vec<String> {
    let known = |name: &str| TOP.contains(&name) || BESIDE.contains(&name);
    let strange = names.iter().filter(|name| !known(name));
    strange
        .map(|name| format!("{name} lies at the top of the repository"))
        .collect()
}

/// `text` without fenced blocks and code spans.
fn without_code(text: &str) -> String {
    let mut fenced = false;
    let mut prose = String::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            prose.extend(line.split('`').step_by(2));
            prose.push('\n');
        }
    }
    prose
}

/// `path` without `.` and `..`.
fn flat(path: &Path) -> PathBuf {
    let mut flat = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                flat.pop();
            }
            Component::Normal(name) => flat.push(name),
            Component::CurDir | Component::RootDir | Component::Prefix(_) => {}
        }
    }
    flat
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_that_leads_nowhere_is_found() {
        let exists = |path: &Path| path == Path::new("docs/plan.md");
        let check = |text: &str| links(Path::new("docs/run.md"), text, &exists).len();
        assert_eq!(
            check("see [the plan](plan.md) and [a part](../docs/plan.md#part)"),
            0
        );
        assert_eq!(check("see [the plan](plans.md)"), 1);
        assert_eq!(check("see [the plan](../plan.md)"), 1);
        assert_eq!(
            check("see [elsewhere](https://example.org/plan.md) and [here](#part)"),
            0
        );
        assert_eq!(
            check("```\n[x](y.md)\n```\n`[x](y.md)` is how a link is written"),
            0
        );
    }

    #[test]
    fn a_path_of_one_machine_is_found() {
        let check = |text: &str| places(Path::new("README.md"), text).len();
        for bad in [
            "/root/swarm",
            "cd /home/jane/swarm",
            "`/Users/Jane/x`",
            "/work/main",
        ] {
            assert_eq!(check(bad), 1, "{bad}");
        }
        for good in [
            "~/swarm",
            "$HOME/x",
            "/usr/bin/env",
            "src/root/a",
            "https://example.org/home/",
        ] {
            assert_eq!(check(good), 0, "{good}");
        }
    }

    #[test]
    fn a_registrys_host_is_found() {
        let text = ["see index.crates", ".io for it"].concat();
        assert_eq!(
            places(Path::new("README.md"), &text),
            [["README.md:1: names crates", ".io"].concat()]
        );
    }

    #[test]
    fn a_stranger_at_the_top_is_found() {
        let names = ["Cargo.toml", "notes.txt", "worker"].map(str::to_owned);
        assert_eq!(
            top_level(&names),
            ["notes.txt lies at the top of the repository"]
        );
    }
}
