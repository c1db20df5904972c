//! The checks that keep the house in order: layers, heads, names, lengths, who may do what, and documents that are true.
//!
//! Each check is a function from what it looks at to a list of complaints, so that its own tests can show it failing on
//! a bad sample; the tests here hold it against the real tree.

mod documents;
mod layers;
mod map;
mod rules;
mod source;

use std::path::{Path, PathBuf};

use source::Source;

/// The top of this repository.
fn top() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent()
        .expect("this package lies in the repository")
        .to_owned()
}

/// Fails with every complaint, one a line.
#[track_caller]
fn clean(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// Holds a check of sources against all sources of the tree.
#[track_caller]
fn all_sources(check: fn(&Source) -> Vec<String>) {
    let sources = Source::all(&top());
    assert!(
        sources.len() > 50,
        "only {} sources were found",
        sources.len()
    );
    let complaints: Vec<String> = sources.iter().flat_map(check).collect();
    clean(&complaints);
}

#[test]
fn arrows_between_packages_point_down() {
    let metadata = layers::metadata(&top());
    clean(&layers::arrows(&metadata));
}

#[test]
fn the_lowest_layers_depend_on_little() {
    clean(&layers::outside(&layers::metadata(&top())));
}

#[test]
fn no_fault_is_built_into_the_product() {
    clean(&layers::faults(&layers::metadata(&top())));
}

#[test]
fn every_source_has_a_head() {
    all_sources(rules::head);
}

#[test]
fn no_source_has_a_name_that_says_nothing() {
    all_sources(rules::name);
}

#[test]
fn no_source_is_too_long() {
    all_sources(rules::length);
}

#[test]
fn no_lint_is_switched_off_in_silence() {
    all_sources(rules::allow);
}

#[test]
fn few_modules_start_processes() {
    all_sources(rules::process);
}

#[test]
fn only_settings_reads_the_environment() {
    all_sources(rules::environment);
}

#[test]
fn only_the_command_line_and_the_reports_print() {
    all_sources(rules::print);
}

#[test]
fn the_pure_packages_name_nothing_impure() {
    all_sources(rules::purity);
}

#[test]
fn clippy_keeps_the_pure_packages_pure() {
    for package in ["orchestrator/run", "worker/policy"] {
        let text = std::fs::read_to_string(top().join(package).join("clippy.toml"));
        let text = text.unwrap_or_default();
        clean(&rules::disallowed(package, &text));
    }
}

#[test]
fn the_top_of_the_repository_holds_what_it_should() {
    clean(&documents::top_level(&documents::entries(&top())));
}

#[test]
fn links_between_documents_resolve() {
    let top = top();
    let all = documents::named(&top, &["md"]).into_iter();
    // What lies among sources is material for the program, such as the plan that it starts a project with.
    for document in all.filter(|document| !document.path.iter().any(|part| part == "src")) {
        let exists = |path: &Path| top.join(path).exists();
        clean(&documents::links(&document.path, &document.text, &exists));
    }
}

#[test]
fn documents_name_no_machine_and_no_registry() {
    for document in documents::named(&top(), &["md", "toml", "yml", "sh"]) {
        clean(&documents::places(&document.path, &document.text));
    }
}

#[test]
fn the_code_map_names_the_modules_that_exist() {
    let top = top();
    let map = std::fs::read_to_string(top.join("docs/architecture.md"));
    let map = map.expect("docs/architecture.md is there");
    for package in map::MAPPED {
        let there = map::modules(&top.join(package).join("src"));
        clean(&map::code_map(&map, package, &there));
    }
}
