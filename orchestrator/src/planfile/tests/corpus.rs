//! The files that fuzzing starts from, and those that it has found: each is read, shown and rendered.

use std::fs;
use std::path::Path;

use super::*;

#[test]
fn every_file_of_the_corpus_is_what_its_name_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/plan");
    let mut names: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert!(names.len() >= 30, "only {} files are there", names.len());
    for name in names {
        let bytes = fs::read(folder.join(&name)).unwrap();
        let good = hostile::survive(&bytes);
        assert_eq!(good, name.starts_with("ok-"), "{name}");
        if good {
            roundtrip::check(str::from_utf8(&bytes).unwrap());
        } else {
            assert!(
                name.starts_with("bad-"),
                "{name} starts with neither ok- nor bad-"
            );
        }
    }
}
