//! The code map of docs/architecture.md, held against the folders that it maps.
//!
//! Knows nothing of what the modules do.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The packages whose modules the code map names.
pub(super) const MAPPED: [&str; 5] = [
    "mailbox",
    "worker/policy",
    "orchestrator/run",
    "worker",
    "orchestrator",
];

/// The modules in a `src` folder: its files and folders without ending, the root modules aside.
pub(super) fn modules(src: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(src).expect("a src folder");
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let modules = names.map(|name| name.trim_end_matches(".rs").to_owned());
    modules
        .filter(|name| !matches!(name.as_str(), "lib" | "main" | "tests" | "fixture"))
        .collect()
}

/// Complains where the code map's section on `package` names modules that are not there, or leaves some out.
///
/// The section starts with a heading that holds the package's folder in backticks (`` `worker/` ``); each module is a
/// list item that starts with its name in backticks.
pub(super) fn code_map(map: &str, package: &str, there: &BTreeSet<String>) -> Vec<String> {
    let mark = format!("`{package}/`");
    let section = map
        .lines()
        .skip_while(|line| !(line.starts_with("###") && line.contains(&mark)));
    let section = section.skip(1).take_while(|line| !line.starts_with('#'));
    let items = section.filter_map(|line| line.strip_prefix("- `")?.split('`').next());
    let named: BTreeSet<String> = items.map(str::to_owned).collect();
    let gone = named
        .difference(there)
        .map(|name| format!("docs/architecture.md: {package} has no module {name}"));
    let unnamed = there.difference(&named).map(|name| {
        format!("docs/architecture.md: module {name} of {package} is not in the code map")
    });
    gone.chain(unnamed).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_map_that_is_out_of_step_is_found() {
        let map = "## Code map\n### `worker/`: the worker\n- `exec`: starts\n- `gone`: was\n### `mailbox/`\n- `id`\n";
        let there = BTreeSet::from(["exec", "spec"].map(str::to_owned));
        let complaints = code_map(map, "worker", &there);
        assert_eq!(complaints.len(), 2, "{complaints:?}");
        assert!(
            complaints[0].contains("no module gone")
                && complaints[1].contains("module spec of worker")
        );
        assert_eq!(
            code_map(map, "mailbox", &BTreeSet::from(["id".to_owned()])),
            [""; 0]
        );
    }
}
