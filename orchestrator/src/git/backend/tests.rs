//! The library and the binary give the same answers.

use super::*;
use crate::git::fixture::TestRepo;

fn both(repo: &TestRepo) -> [Reader; 2] {
    let by_command = repo
        .open()
        .with_backend(Backend::Command("a test asks for it"));
    assert_eq!(repo.open().backend(), &Backend::Library);
    [
        Reader::open(&repo.open()).unwrap(),
        Reader::open(&by_command).unwrap(),
    ]
}

#[test]
fn both_see_the_same_refs() {
    let repo = TestRepo::new();
    let first = repo.rev("HEAD");
    repo.git(["branch", "swarm/a"]);
    repo.git(["branch", "swarm/a-b/c"]);
    repo.git(["pack-refs", "--all"]);
    let second = repo.commit("second");
    repo.git(["branch", "swarm/loose"]);
    repo.git(["tag", "-a", "-m", "x", "annotated"]);
    let [library, command] = both(&repo).map(|reader| {
        let names = [
            "refs/heads/swarm/a",
            "refs/heads/swarm",
            "refs/heads/none",
            "refs/tags/annotated",
        ];
        let read: Vec<_> = names
            .iter()
            .map(|name| reader.read_ref(name).unwrap())
            .collect();
        (
            read,
            reader.refs("refs/heads/swarm/").unwrap(),
            reader.refs("refs/tags/").unwrap(),
        )
    });
    assert_eq!(library, command);
    assert_eq!(library.0, [Some(first), None, None, Some(second.clone())]);
    assert_eq!(library.1.len(), 3);
    assert_eq!(library.2, [("refs/tags/annotated".to_owned(), second)]);
}

#[test]
fn both_see_the_same_trees_and_ancestry() {
    let repo = TestRepo::new();
    let first = repo.rev("HEAD");
    repo.git(["checkout", "--quiet", "-b", "side"]);
    let side = repo.commit("side");
    repo.git(["checkout", "--quiet", "main"]);
    let main = repo.commit("main");
    for reader in both(&repo) {
        assert_eq!(
            reader.tree(&side).unwrap().as_str(),
            repo.git(["rev-parse", "side^{tree}"]).trim()
        );
        assert!(reader.is_ancestor(&first, &side).unwrap());
        assert!(reader.is_ancestor(&side, &side).unwrap());
        assert!(!reader.is_ancestor(&side, &main).unwrap());
        assert!(!reader.is_ancestor(&side, &first).unwrap());
        let unknown = CommitId::new(&"1".repeat(40)).unwrap();
        assert!(reader.is_ancestor(&unknown, &side).is_err());
    }
}

#[test]
fn both_read_the_same_blobs_cut_at_the_same_place() {
    let repo = TestRepo::new();
    let contents: [&[u8]; 4] = [b"", b"text\nwith lines\n", b"\0binary\n\n", &[b'x'; 5000]];
    let ids: Vec<String> = contents
        .iter()
        .enumerate()
        .map(|(number, content)| {
            repo.write(format!("f{number}"), content);
            repo.git(["hash-object", "-w", &format!("f{number}")])
        })
        .collect();
    for reader in both(&repo) {
        let blobs = reader.blobs(&ids, 1000).unwrap();
        for (blob, content) in blobs.iter().zip(contents) {
            assert_eq!(blob.size, content.len() as u64);
            assert_eq!(blob.bytes, &content[..content.len().min(1000)]);
        }
        assert_eq!(blobs.len(), contents.len());
        assert!(reader.blobs(&["2".repeat(40)], 10).is_err());
        assert!(reader.blobs(&[], 10).unwrap().is_empty());
    }
}
