//! Who may depend on whom, from what cargo says.
//!
//! Knows nothing of the sources: an arrow that is not in a manifest cannot be drawn in the code.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Our packages from the lowest to the highest, each with those of ours that it may use.
const ARROWS: [(&str, &[&str]); 6] = [
    ("swarm-mailbox", &[]),
    ("swarm-policy", &[]),
    ("swarm-run", &["swarm-mailbox"]),
    ("swarm-worker", &["swarm-mailbox", "swarm-policy"]),
    (
        "swarm-orchestrator",
        &["swarm-mailbox", "swarm-policy", "swarm-run", "swarm-worker"],
    ),
    (
        "swarm-tests",
        &[
            "swarm-mailbox",
            "swarm-policy",
            "swarm-run",
            "swarm-worker",
            "swarm-orchestrator",
        ],
    ),
];

/// What the lowest packages may use of others, tests and benchmarks aside. No async runtime, nothing that knows a network.
const OUTSIDE: [(&str, &[&str]); 3] = [
    (
        "swarm-mailbox",
        &[
            "rustix",
            "serde",
            "serde_json",
            "tempfile",
            "thiserror",
            "uuid",
        ],
    ),
    ("swarm-policy", &["globset", "regex", "thiserror"]),
    ("swarm-run", &["petgraph", "thiserror"]),
];

/// What cargo knows of the packages of the repository at `top`.
pub(super) fn metadata(top: &Path) -> Value {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--format-version",
            "1",
            "--no-deps",
            "--offline",
        ])
        .current_dir(top)
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("cargo speaks JSON")
}

/// Whether a package names itself, which it does to test itself with other features.
fn is_itself(name: &str, dependency: &Value) -> bool {
    text(dependency, "name") == name && dependency["kind"] == "dev"
}

/// Complains about every arrow between our packages that points up or to the side, development included.
pub(super) fn arrows(metadata: &Value) -> Vec<String> {
    let mut complaints = Vec::new();
    for package in packages(metadata) {
        let name = text(package, "name");
        let Some((_, below)) = ARROWS.iter().find(|(known, _)| *known == name) else {
            complaints.push(format!("{name} has no place in the layers"));
            continue;
        };
        let ours = dependencies(package).filter(|dependency| dependency["path"].is_string());
        let others = ours.filter(|dependency| !is_itself(name, dependency));
        let wrong = others.filter(|dependency| !below.contains(&text(dependency, "name")));
        complaints.extend(
            wrong.map(|dependency| format!("{name} may not use {}", text(dependency, "name"))),
        );
    }
    complaints
}

/// Complains about what the lowest packages use of others without being allowed to.
pub(super) fn outside(metadata: &Value) -> Vec<String> {
    let mut complaints = Vec::new();
    for (name, allowed) in OUTSIDE {
        let Some(package) = packages(metadata).find(|package| text(package, "name") == name) else {
            complaints.push(format!("{name} is gone"));
            continue;
        };
        let used = dependencies(package).filter(|dependency| dependency["kind"].is_null());
        let others = used.filter(|dependency| !dependency["path"].is_string());
        let wrong = others.filter(|dependency| !allowed.contains(&text(dependency, "name")));
        complaints.extend(
            wrong.map(|dependency| format!("{name} may not use {}", text(dependency, "name"))),
        );
    }
    complaints
}

/// Complains when the run machine's deliberate faults are on by default or switched on by another package.
/// The machine's own tests may have them.
pub(super) fn faults(metadata: &Value) -> Vec<String> {
    let mut complaints = Vec::new();
    for package in packages(metadata) {
        let name = text(package, "name");
        if names(&package["features"]["default"]).any(|feature| feature.contains("faults")) {
            complaints.push(format!("{name} has faults on by default"));
        }
        let with = dependencies(package).filter(|other| !is_itself(name, other));
        let with =
            with.filter(|other| names(&other["features"]).any(|feature| feature == "faults"));
        let with = with.map(|other| text(other, "name"));
        complaints.extend(with.map(|other| format!("{name} switches on the faults of {other}")));
    }
    complaints
}

fn packages(metadata: &Value) -> impl Iterator<Item = &Value> {
    metadata["packages"].as_array().into_iter().flatten()
}

fn dependencies(package: &Value) -> impl Iterator<Item = &Value> {
    package["dependencies"].as_array().into_iter().flatten()
}

fn names(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What cargo would say of one package with one dependency.
    fn sample(name: &str, dependency: &Value) -> Value {
        json!({ "packages": [{ "name": name, "features": {}, "dependencies": [dependency] }] })
    }

    #[test]
    fn an_arrow_that_points_up_is_found() {
        let up = json!({ "name": "swarm-worker", "path": "/x/worker", "kind": null });
        assert_eq!(
            arrows(&sample("swarm-run", &up)),
            ["swarm-run may not use swarm-worker"]
        );
        let itself = json!({ "name": "swarm-run", "path": "/x/run", "kind": "dev" });
        assert_eq!(arrows(&sample("swarm-run", &itself)), [""; 0]);
        let in_tests = json!({ "name": "swarm-worker", "path": "/x/worker", "kind": "dev" });
        assert_eq!(
            arrows(&sample("swarm-run", &in_tests)),
            ["swarm-run may not use swarm-worker"]
        );
        assert_eq!(arrows(&sample("swarm-orchestrator", &up)), [""; 0]);
    }

    #[test]
    fn a_package_without_a_place_is_found() {
        let none = json!({ "packages": [{ "name": "swarm-extra", "dependencies": [] }] });
        assert_eq!(arrows(&none), ["swarm-extra has no place in the layers"]);
    }

    #[test]
    fn an_async_runtime_in_the_mailbox_is_found() {
        let runtime = json!({ "name": "tokio", "kind": null });
        let complaints = outside(&sample("swarm-mailbox", &runtime));
        assert_eq!(
            complaints,
            [
                "swarm-mailbox may not use tokio",
                "swarm-policy is gone",
                "swarm-run is gone"
            ]
        );
        let in_tests = json!({ "name": "proptest", "kind": "dev" });
        assert_eq!(outside(&sample("swarm-mailbox", &in_tests)).len(), 2);
    }

    #[test]
    fn faults_in_the_product_are_found() {
        let with = json!({ "name": "swarm-run", "path": "/x", "features": ["faults"] });
        let complaints = faults(&sample("swarm-orchestrator", &with));
        assert_eq!(
            complaints,
            ["swarm-orchestrator switches on the faults of swarm-run"]
        );
        let default =
            json!({ "packages": [{ "name": "swarm-run", "features": { "default": ["faults"] } }] });
        assert_eq!(faults(&default), ["swarm-run has faults on by default"]);
    }
}
