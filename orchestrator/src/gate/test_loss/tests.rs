//! Hits and look-alikes of the gate `tests`.

use crate::gate::sample;
use crate::git::change::{FileChange, Status};

fn said(files: Vec<FileChange>) -> Vec<String> {
    sample::said("tests", files)
}

#[track_caller]
fn assert_error(files: Vec<FileChange>, part: &str) {
    let found = said(files);
    let hit = found
        .iter()
        .any(|text| text.starts_with("error") && text.contains(part));
    assert!(hit, "{part}: {found:?}");
}

#[track_caller]
fn assert_no_error(files: Vec<FileChange>) {
    let found = said(files);
    assert!(
        !found.iter().any(|text| text.starts_with("error")),
        "{found:?}"
    );
}

const RUST_TEST: &str = "#[test]\nfn it_adds() {\n    assert_eq!(1 + 1, 2);\n}\n";

#[test]
fn a_deleted_file_of_tests_is_an_error() {
    for (path, text) in [
        ("tests/a.rs", RUST_TEST),
        ("src/a.rs", RUST_TEST),
        ("test_a.py", "def test_adds():\n    assert 1 + 1 == 2\n"),
        (
            "a.test.ts",
            "it('adds', () => {\n  expect(2).toBe(2);\n});\n",
        ),
        ("a_test.go", "func TestAdds(t *testing.T) {\n}\n"),
        ("ATest.java", "@Test\npublic void adds() {}\n"),
        ("ATest.kt", "@Test fun adds() {}\n"),
    ] {
        assert_error(
            vec![sample::removed(path, text)],
            "was deleted with 1 test: ",
        );
    }
}

#[test]
fn a_removed_test_is_an_error_with_its_name() {
    for (path, text, name) in [
        ("src/a.rs", RUST_TEST, "it_adds"),
        (
            "src/a.rs",
            "#[tokio::test(flavor = \"x\")]\nasync fn waits() {}\n",
            "waits",
        ),
        (
            "src/a.rs",
            "fn shifted() {\n    x();\n}\n\n#[test]\n",
            "shifted",
        ),
        (
            "test_a.py",
            "    async def test_x(self):\n        pass\n",
            "test_x",
        ),
        (
            "a.spec.js",
            "test.each([1])('each %i', () => {})\n",
            "each %i",
        ),
        ("a_test.go", "func FuzzX(f *testing.F) {}\n", "FuzzX"),
        (
            "ATest.java",
            "@ParameterizedTest\n@Source\nvoid adds(int x) {}\n",
            "adds",
        ),
    ] {
        assert_error(
            vec![sample::edited(path, text, "")],
            &format!("1 test less than before: {name}"),
        );
    }
    assert_error(
        vec![sample::edited("src/a.rs", "#[test]\n", "")],
        "1 test less than before",
    );
}

#[test]
fn moved_and_renamed_tests_are_none() {
    let to = sample::added("tests/b.rs", RUST_TEST);
    assert!(said(vec![sample::removed("tests/a.rs", RUST_TEST), to.clone()]).is_empty());
    assert!(said(vec![sample::edited("src/a.rs", RUST_TEST, ""), to]).is_empty());
    let renamed = RUST_TEST.replace("it_adds", "sums_are_right");
    assert!(said(vec![sample::edited("src/a.rs", RUST_TEST, &renamed)]).is_empty());
    let mut moved = FileChange::new("tests/b.rs", Status::Renamed);
    moved.old_path = Some("tests/a.rs".into());
    assert!(said(vec![moved]).is_empty());
    let parametrized = sample::edited(
        "test_a.py",
        "def test_one():\n    assert f(1)\n",
        "@pytest.mark.parametrize('x', [1, 2])\ndef test_all(x):\n    assert f(x)\n",
    );
    assert!(said(vec![parametrized]).is_empty());
    let tokio = sample::edited(
        "src/a.rs",
        "#[test]\nfn f() {\n",
        "#[tokio::test]\nasync fn f() {\n",
    );
    assert!(said(vec![tokio]).is_empty());
}

#[test]
fn a_test_that_comes_elsewhere_does_not_make_up_for_one_that_goes() {
    let other = sample::added("tests/b.rs", &RUST_TEST.replace("it_adds", "other"));
    assert_error(
        vec![sample::edited("src/a.rs", RUST_TEST, ""), other],
        "it_adds",
    );
}

#[test]
fn what_is_no_test_may_go() {
    assert!(said(vec![sample::removed("src/a.rs", "fn f() {}\n")]).is_empty());
    assert!(said(vec![sample::removed("a.py", "def test_me():\n    pass\n")]).is_empty());
    assert!(said(vec![sample::removed("src/a.ts", "test('x')\n")]).is_empty());
    assert!(said(vec![sample::removed("docs/a.md", RUST_TEST)]).is_empty());
    assert!(
        said(vec![sample::edited(
            "src/a.rs",
            "// #[test]\n// fn old() {}\n",
            ""
        )])
        .is_empty()
    );
    let attribute = sample::edited("src/a.rs", "#[cfg(test)]\nmod tests;\n", "");
    assert!(said(vec![attribute]).is_empty());
    let helper = said(vec![sample::removed("tests/helper.rs", "pub fn h() {}\n")]);
    assert!(
        helper[0].starts_with("warning tests/helper.rs a file of tests or of their helpers"),
        "{helper:?}"
    );
}

#[test]
fn an_emptied_file_of_tests_is_an_error() {
    let mut file = sample::edited("tests/a.rs", "mod x;\n", "");
    file.size = 0;
    assert_error(vec![file], "was emptied");
}

#[test]
fn switching_off_is_an_error() {
    for (path, text) in [
        ("src/a.rs", "#[ignore]\n"),
        ("src/a.rs", "    #[ignore = \"flaky\"]\n"),
        ("src/a.rs", "#[cfg_attr(target_os = \"linux\", ignore)]\n"),
        ("src/a.rs", "    assert!(true);\n"),
        ("test_a.py", "@pytest.mark.skip(reason='x')\n"),
        ("test_a.py", "@unittest.skip('x')\n"),
        ("test_a.py", "    pytest.skip('x')\n"),
        ("test_a.py", "    assert True\n"),
        ("a.test.js", "describe.skip('a', () => {\n"),
        ("a.test.js", "describe.only('a', () => {\n"),
        ("a.test.js", "xdescribe('a', () => {\n"),
        ("a_test.go", "\tt.Skip(\"x\")\n"),
        ("ATest.java", "@Disabled(\"x\")\n"),
    ] {
        assert_error(vec![sample::edited(path, "", text)], "switched off");
    }
    for off in ["xit('adds', () => {\n", "it.skip('adds', () => {\n"] {
        let found = said(vec![sample::edited(
            "a.test.js",
            "it('adds', () => {\n",
            off,
        )]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("error a.test.js:1"), "{found:?}");
    }
}

#[test]
fn a_new_test_that_does_not_run_is_a_warning() {
    for (path, text) in [
        ("src/a.rs", "#[test]\n#[ignore = \"slow\"]\nfn slow() {}\n"),
        (
            "test_a.py",
            "@pytest.mark.skip\ndef test_new():\n    pass\n",
        ),
        ("a.test.js", "it.skip('new', () => {});\n"),
        (
            "a_test.go",
            "func TestNew(t *testing.T) {\n\tt.Skip(\"x\")\n}\n",
        ),
    ] {
        let found = said(vec![sample::edited(path, "", text)]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].starts_with("warning") && found[0].contains("a new test"),
            "{found:?}"
        );
    }
    let moved = sample::edited(
        "src/a.rs",
        RUST_TEST,
        &RUST_TEST.replace("fn", "#[ignore]\nfn"),
    );
    assert_error(vec![moved], "#[ignore]");
}

#[test]
fn look_alikes_of_switching_off_are_none() {
    for (path, text) in [
        (
            "src/a.rs",
            "// #[ignore]\nlet s = \"#[ignore]\";\n#[ignored]\nlet ignore = 1;\n",
        ),
        ("src/a.js", "list.skip(1);\nit.skip('a')\n"),
        (
            "a.test.js",
            "cursor.skip(1);\nconst x = rows.only;\n// it.skip('a')\n",
        ),
        ("a.py", "pytest.skip('x')\n"),
        (
            "test_a.py",
            "x = 'pytest.skip(1)'  # pytest.skip('x')\nassert True is x\n",
        ),
        ("a_test.go", "scanner.Skip(1)\n"),
        ("ATest.java", "// @Disabled\nbutton.setDisabled(true);\n"),
    ] {
        assert_no_error(vec![sample::edited(path, "", text)]);
    }
    let moved = vec![
        sample::edited("src/a.rs", "#[ignore]\n", ""),
        sample::edited("src/b.rs", "", "    #[ignore]\n"),
    ];
    assert_no_error(moved);
}

#[test]
fn assertions_that_give_way_to_nothing_are_an_error() {
    for (path, old, new) in [
        ("tests/a.rs", "    assert_eq!(f(), 1);\n", "    return;\n"),
        (
            "tests/a.rs",
            "    assert!(f()?);\n",
            "    // later\n    Ok(())\n",
        ),
        ("test_a.py", "    assert f() == 1\n", "    pass\n"),
        ("test_a.py", "    self.assertEqual(f(), 1)\n", "    ...\n"),
        ("a_test.go", "\tt.Fatal(\"x\")\n", "\treturn\n"),
    ] {
        assert_error(
            vec![sample::edited(path, old, new)],
            "gave way to a statement that does nothing",
        );
    }
}

#[test]
fn fewer_assertions_are_a_warning_and_as_many_are_none() {
    let fewer = sample::edited(
        "src/a.rs",
        "    assert!(a);\n    assert_eq!(b, 1);\n",
        "    assert!(a && b == 1);\n",
    );
    let found = said(vec![fewer]);
    assert_eq!(found, ["warning src/a.rs 2 assertions went and 1 came"]);
    let same = sample::edited("a.test.ts", "expect(a).toBe(1)\n", "expect(a).toEqual(1)\n");
    assert!(said(vec![same]).is_empty());
    let moved = vec![
        sample::edited("test_a.py", "    assert f()\n", ""),
        sample::edited("test_b.py", "", "    assert f()\n"),
    ];
    assert!(said(moved).is_empty());
    assert!(said(vec![sample::edited("a.py", "assert x\n", "")]).is_empty());
}
