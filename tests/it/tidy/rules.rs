//! The rules that every Rust source keeps. Each takes one source and returns complaints.
//!
//! Knows nothing of other files: what needs the whole tree stands in `layers` and `documents`.

use super::source::Source;

/// Names that attract whatever has no home.
const BANNED: [&str; 8] = [
    "utils", "util", "common", "helpers", "misc", "types", "core", "manager",
];

/// Lines of one source without its tests.
const MAX_LINES: usize = 800;

/// Where processes are started.
const STARTERS: [&str; 4] = [
    "orchestrator/src/git/command.rs",
    "orchestrator/src/launch.rs",
    "orchestrator/src/launch/",
    "worker/src/exec",
];

/// Where the environment, the home directory and the state of the terminal are read.
const SETTINGS: [&str; 2] = ["orchestrator/src/settings.rs", "orchestrator/src/settings/"];

/// What prints.
const PRINTERS: [&str; 4] = [
    "orchestrator/src/cli.rs",
    "orchestrator/src/cli/",
    "orchestrator/src/report.rs",
    "orchestrator/src/report/",
];

/// The packages that only compute.
const PURE: [&str; 2] = ["orchestrator/run/src/", "worker/policy/src/"];

/// What clippy refuses in a pure package at the least.
const IMPURE: [&str; 20] = [
    "std::fs::read",
    "std::fs::read_to_string",
    "std::fs::read_dir",
    "std::fs::write",
    "std::fs::create_dir_all",
    "std::fs::remove_file",
    "std::fs::remove_dir_all",
    "std::fs::rename",
    "std::fs::metadata",
    "std::fs::File::open",
    "std::fs::File::create",
    "std::env::var",
    "std::env::var_os",
    "std::env::current_dir",
    "std::env::home_dir",
    "std::process::Command::new",
    "std::time::Instant::now",
    "std::time::SystemTime::now",
    "std::thread::sleep",
    "std::thread::spawn",
];

/// A source opens with `//!`: what it is, and what it does not know. `tests.rs` says both by its name and its place.
pub(super) fn head(source: &Source) -> Vec<String> {
    let first = source.text.lines().next().unwrap_or_default();
    let said = first
        .strip_prefix("//!")
        .is_some_and(|words| words.trim().len() > 3)
        || source.path.ends_with("tests.rs");
    complain(
        source,
        !said,
        "its first line is no head (`//! What it is.`)",
    )
}

/// No file and no folder has a name that anything would fit.
pub(super) fn name(source: &Source) -> Vec<String> {
    let parts = source.path.iter().filter_map(|part| part.to_str());
    let mut banned =
        parts.filter(|part| BANNED.contains(&part.trim_end_matches(".rs")) || *part == "mod.rs");
    let found = banned.next();
    complain(
        source,
        found.is_some(),
        &format!("`{}` is a name for anything", found.unwrap_or_default()),
    )
}

/// A source fits into a head.
pub(super) fn length(source: &Source) -> Vec<String> {
    // A source of tests is all test; in every other one the lines of tests do not count.
    let both = source
        .text
        .lines()
        .zip(source.code.lines().zip(source.product.lines()));
    let count = both
        .filter(|(_, (code, product))| code.trim().is_empty() || code == product)
        .count();
    let long = !source.is_test() && count > MAX_LINES;
    complain(
        source,
        long,
        &format!("it has {count} lines without its tests; {MAX_LINES} are the limit"),
    )
}

/// Lints are expected with a reason, never allowed.
pub(super) fn allow(source: &Source) -> Vec<String> {
    let allows = |line: &str| line.contains("#[allow(") || line.contains("#![allow(");
    let lines = source
        .code
        .lines()
        .enumerate()
        .filter(|(_, line)| allows(line));
    lines
        .map(|(index, _)| {
            at(
                source,
                index + 1,
                "`#[expect(lint, reason = ...)]`, not `allow`",
            )
        })
        .collect()
}

/// Processes are started in few places, which clean the environment and end whole groups.
pub(super) fn process(source: &Source) -> Vec<String> {
    if lies_in(source, &STARTERS) || lies_in(source, &["tests/"]) {
        return Vec::new();
    }
    let text = "processes are started by git/command, launch and the worker's exec only";
    let lines = source.product.lines().enumerate();
    // clap calls its own noun a command, too.
    let starts = lines.filter(|(_, line)| {
        line.replace("clap::Command::new", "")
            .contains("Command::new")
    });
    starts
        .map(|(index, _)| at(source, index + 1, text))
        .collect()
}

/// The environment, the home and the working directory are read once, by the settings.
pub(super) fn environment(source: &Source) -> Vec<String> {
    if lies_in(source, &SETTINGS) || lies_in(source, &["tests/"]) {
        return Vec::new();
    }
    // A program's own words and its own path are no settings, and taking a list of paths apart reads nothing.
    let own = [
        "env::args_os",
        "env::args",
        "env::current_exe",
        "env::split_paths",
        "env::join_paths",
    ];
    let text = "only the settings read the environment; everybody else is told";
    let lines = source.product.lines().enumerate();
    let reads = lines.filter(|(_, line)| {
        let line = own
            .iter()
            .fold((*line).to_owned(), |line, known| line.replace(known, ""));
        line.contains("env::") || line.contains("home_dir(") || line.contains("use std::env")
    });
    reads
        .map(|(index, _)| at(source, index + 1, text))
        .collect()
}

/// Everybody returns values; the command line and the reports print them.
pub(super) fn print(source: &Source) -> Vec<String> {
    if lies_in(source, &PRINTERS) || lies_in(source, &["tests/"]) {
        return Vec::new();
    }
    let mut words = vec!["print!(", "println!(", "eprint!(", "eprintln!(", "dbg!("];
    // The settings ask what kind of thing the output is.
    if !lies_in(source, &SETTINGS) {
        words.extend(["io::stdout(", "io::stderr("]);
    }
    let lines = source.product.lines().enumerate();
    let prints = lines.filter(|(_, line)| words.iter().any(|word| line.contains(word)));
    prints
        .map(|(index, _)| at(source, index + 1, "only `cli` and `report` print"))
        .collect()
}

/// A pure package does not even name files, processes, sockets, threads or an async runtime.
pub(super) fn purity(source: &Source) -> Vec<String> {
    if !lies_in(source, &PURE) {
        return Vec::new();
    }
    let words = [
        "std::fs",
        "std::env",
        "std::process",
        "std::net",
        "std::thread",
        "std::os",
        "tokio::",
        "Instant",
        "SystemTime",
    ];
    let lines = words.iter().flat_map(|word| {
        source
            .lines_with(word)
            .into_iter()
            .map(move |line| (line, word))
    });
    lines
        .map(|(line, word)| at(source, line, &format!("`{word}` in a pure package")))
        .collect()
}

/// The `clippy.toml` of a pure package refuses what is impure, and repeats the limits that it replaces.
pub(super) fn disallowed(package: &str, text: &str) -> Vec<String> {
    let missing = IMPURE
        .iter()
        .filter(|path| !text.contains(&format!("path = \"{path}\"")));
    let missing = missing.map(|path| format!("{package}/clippy.toml does not disallow {path}"));
    let limits = [
        "too-many-lines-threshold = 100",
        "too-many-arguments-threshold = 6",
    ];
    let lost = limits.iter().filter(|limit| !text.contains(*limit));
    missing
        .chain(lost.map(|limit| format!("{package}/clippy.toml lost `{limit}`")))
        .collect()
}

fn lies_in(source: &Source, places: &[&str]) -> bool {
    let path = source.path.to_string_lossy();
    places.iter().any(|place| path.starts_with(place))
}

fn complain(source: &Source, is_bad: bool, text: &str) -> Vec<String> {
    is_bad
        .then(|| format!("{}: {text}", source.path.display()))
        .into_iter()
        .collect()
}

fn at(source: &Source, line: usize, text: &str) -> String {
    format!("{}:{line}: {text}", source.path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rule complains about `bad` as often as it should, and not about `good`.
    #[track_caller]
    fn check(rule: fn(&Source) -> Vec<String>, bad: (&str, &str), good: (&str, &str)) {
        let complaints = rule(&Source::new(bad.0, bad.1));
        assert_eq!(complaints.len(), 1, "{complaints:?}");
        assert_eq!(rule(&Source::new(good.0, good.1)), [""; 0]);
    }

    #[test]
    fn a_missing_head_is_found() {
        check(
            head,
            ("a.rs", "use std::fmt;\n"),
            ("a.rs", "//! What it is.\n"),
        );
        check(
            head,
            ("a.rs", "//!\n//! Late.\n"),
            ("a.rs", "//! What it is.\n"),
        );
        check(head, ("a.rs", "use a;\n"), ("a/tests.rs", "use a;\n"));
        check(head, ("a.rs", ""), ("a.rs", "//! What it is.\n"));
    }

    #[test]
    fn a_name_that_says_nothing_is_found() {
        check(
            name,
            ("worker/src/utils.rs", ""),
            ("worker/src/exec.rs", ""),
        );
        check(
            name,
            ("worker/src/common/a.rs", ""),
            ("worker/src/commonmark.rs", ""),
        );
        check(
            name,
            ("worker/src/exec/mod.rs", ""),
            ("worker/src/exec.rs", ""),
        );
    }

    #[test]
    fn a_long_source_is_found_and_its_tests_do_not_count() {
        let lines = "fn a() {}\n".repeat(MAX_LINES);
        let tests = format!("{lines}#[cfg(test)]\nmod tests {{\n{lines}}}\n");
        let long = format!("{tests}fn b() {{}}\n");
        check(
            length,
            ("worker/src/a.rs", &long),
            ("worker/src/a.rs", &tests),
        );
        check(
            length,
            ("worker/src/a.rs", &long),
            ("worker/src/a/tests.rs", &long),
        );
    }

    #[test]
    fn an_allowed_lint_is_found_even_in_tests() {
        let bad = "#[cfg(test)]\nmod tests {\n#[allow(dead_code)]\nfn a() {}\n}\n";
        check(allow, ("a.rs", bad), ("a.rs", "// #[allow(dead_code)]\n"));
        check(
            allow,
            ("a.rs", "#![allow(dead_code)]\n"),
            ("a.rs", "#[expect(dead_code)]\n"),
        );
    }

    #[test]
    fn a_process_from_nowhere_is_found() {
        let start = "fn a() { Command::new(\"git\"); }\n";
        let test = format!("#[cfg(test)]\nmod tests {{ {start} }}\n");
        for good in [
            "orchestrator/src/git/command.rs",
            "worker/src/exec/group.rs",
            "tests/it/a.rs",
        ] {
            check(
                process,
                ("orchestrator/src/engine.rs", start),
                (good, start),
            );
        }
        check(
            process,
            ("worker/src/lib.rs", start),
            ("worker/src/lib.rs", &test),
        );
        let clap = "fn a() { clap::Command::new(\"swarm\"); }\n";
        check(
            process,
            ("orchestrator/src/cli.rs", start),
            ("orchestrator/src/cli.rs", clap),
        );
    }

    #[test]
    fn a_look_at_the_environment_is_found() {
        let bad = "fn a() { std::env::var(\"HOME\"); }\n";
        check(
            environment,
            ("worker/src/lib.rs", bad),
            ("orchestrator/src/settings/sources.rs", bad),
        );
        let own = "fn a() { std::env::current_exe(); }\n";
        check(
            environment,
            ("worker/src/lib.rs", "use std::env;\n"),
            ("worker/src/lib.rs", own),
        );
        let word = "// std::env::var is read by the settings\n";
        check(
            environment,
            ("worker/src/lib.rs", bad),
            ("worker/src/lib.rs", word),
        );
    }

    #[test]
    fn printing_is_found() {
        let bad = "fn a() { println!(\"b\"); }\n";
        check(
            print,
            ("worker/src/lib.rs", bad),
            ("orchestrator/src/report/line.rs", bad),
        );
        let stream = "fn a() { std::io::stdout().lock(); }\n";
        check(
            print,
            ("worker/src/lib.rs", stream),
            ("orchestrator/src/settings.rs", stream),
        );
        check(
            print,
            ("worker/src/lib.rs", bad),
            ("worker/src/lib.rs", "//! println!(\"b\")\n"),
        );
    }

    #[test]
    fn an_impure_word_in_a_pure_package_is_found() {
        let bad = "use std::fs;\n";
        check(
            purity,
            ("worker/policy/src/rule.rs", bad),
            ("worker/src/exec.rs", bad),
        );
        let test = format!("#[cfg(test)]\nmod tests {{ {bad} }}\n");
        check(
            purity,
            ("orchestrator/run/src/step.rs", bad),
            ("orchestrator/run/src/step.rs", &test),
        );
    }

    #[test]
    fn a_hole_in_clippys_list_is_found() {
        let list: String = IMPURE
            .iter()
            .map(|path| format!("{{ path = \"{path}\" }}\n"))
            .collect();
        let whole =
            format!("too-many-lines-threshold = 100\ntoo-many-arguments-threshold = 6\n{list}");
        assert_eq!(disallowed("run", &whole), [""; 0]);
        let hole = whole.replace("std::thread::sleep", "std::thread::sleepy");
        assert_eq!(
            disallowed("run", &hole),
            ["run/clippy.toml does not disallow std::thread::sleep"]
        );
        assert_eq!(disallowed("run", &list).len(), 2);
        assert_eq!(disallowed("run", "").len(), IMPURE.len() + 2);
    }
}
