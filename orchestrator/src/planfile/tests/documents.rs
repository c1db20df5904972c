//! `docs/plan-format.md` and `docs/plan.schema.json` say what the parser does.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::*;

fn document(name: &str) -> String {
    fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../docs")
            .join(name),
    )
    .unwrap()
}

/// The words in backticks in the first cells of the table under a heading.
fn table(page: &str, heading: &str) -> Vec<String> {
    let (_, under) = page.split_once(&format!("\n{heading}\n")).unwrap();
    let rows = under
        .lines()
        .skip_while(|line| !line.starts_with('|'))
        .take_while(|line| line.starts_with('|'));
    let cells = rows.skip(2).map(|row| row.split('|').nth(1).unwrap());
    cells
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .map(str::to_owned)
        .collect()
}

/// Every source of the product in a folder and below it.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for path in fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
    {
        if path.is_file() {
            files.push(path);
        } else if !path.ends_with("tests") {
            files.extend(sources(&path));
        }
    }
    files
}

#[test]
fn the_page_lists_every_field_and_key_in_order() {
    let page = document("plan-format.md");
    assert_eq!(table(&page, "### Fields"), field::FIELDS);
    assert_eq!(table(&page, "## Front matter"), front::KEYS);
}

#[test]
fn the_page_lists_every_code_that_there_is() {
    let page = document("plan-format.md");
    let documented: BTreeSet<String> = table(&page, "## What can be wrong").into_iter().collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/planfile");
    let mut used = BTreeSet::new();
    for file in sources(&folder) {
        let text = fs::read_to_string(file).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap();
        // Codes are the only texts of lower-case words with a hyphen that are no field, key or hint; `cycle` has none.
        for word in text.split('"').skip(1).step_by(2) {
            let plain = word.contains('-')
                && word
                    .chars()
                    .all(|c| c.is_ascii_lowercase() || c == '-' || c.is_ascii_digit());
            if plain
                && !field::FIELDS.contains(&word)
                && !front::KEYS.contains(&word)
                && word.len() > 4
            {
                used.insert(word.to_owned());
            }
        }
    }
    used.insert("cycle".to_owned());
    assert_eq!(used, documented);
}

#[test]
fn every_plan_of_the_page_is_a_plan() {
    let page = document("plan-format.md");
    let mut plans = 0;
    for fence in ["````", "```"] {
        for block in page.split(&format!("\n{fence}markdown\n")).skip(1) {
            let plan = good(block.split_once(&format!("\n{fence}\n")).unwrap().0);
            assert!(plan.warnings.is_empty(), "{}", plan.warnings);
            assert!(lint::check_commands(&plan).is_empty());
            plans += 1;
        }
    }
    assert_eq!(plans, 2);
}

#[test]
fn the_schema_lists_every_field_key_and_word() {
    let schema: serde_json::Value = serde_json::from_str(&document("plan.schema.json")).unwrap();
    let names = |path: &str| -> BTreeSet<String> {
        schema
            .pointer(path)
            .unwrap()
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect()
    };
    let own = ["id", "title", "done", "prose"];
    let fields = field::FIELDS
        .iter()
        .chain(&own)
        .map(|&name| name.to_owned())
        .collect();
    assert_eq!(names("/$defs/task/properties"), fields);
    assert_eq!(
        names("/$defs/front/properties"),
        front::KEYS.map(str::to_owned).into()
    );
    let words = |path: &str| -> Vec<String> {
        let words = schema.pointer(path).unwrap().as_array().unwrap();
        words
            .iter()
            .map(|word| word.as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(
        words("/$defs/isolation/enum"),
        Isolation::WORDS.map(|(word, _)| word)
    );
    assert_eq!(
        words("/$defs/task/properties/spawn/enum"),
        SpawnModel::WORDS.map(|(word, _)| word)
    );
    assert_eq!(schema["properties"]["tasks"]["maxItems"], MAX_TASKS);
}
