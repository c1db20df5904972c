use proptest::prelude::*;

use super::*;

fn scope(patterns: &[&str]) -> Scope {
    Scope::parse(patterns).unwrap()
}

#[track_caller]
fn check(pattern: &str, held: &[&str], not_held: &[&str]) {
    let scope = scope(&[pattern]);
    for path in held {
        assert!(
            scope.holds(path.as_bytes()),
            "{pattern} does not hold {path}"
        );
    }
    for path in not_held {
        assert!(!scope.holds(path.as_bytes()), "{pattern} holds {path}");
    }
}

#[test]
fn a_star_stays_within_one_part() {
    check(
        "crates/*/Cargo.toml",
        &["crates/core/Cargo.toml", "crates/.hidden/Cargo.toml"],
        &[
            "crates/Cargo.toml",
            "crates/a/b/Cargo.toml",
            "x/crates/core/Cargo.toml",
        ],
    );
    check(
        "src/*",
        &["src/main.rs", "src/.env"],
        &["src", "src/a/b.rs"],
    );
    check("*.rs", &["a.rs", ".rs"], &["src/a.rs", "a.rsx"]);
    check(
        "a*b*c",
        &["abc", "a1b2c", "abbcc", "abcbc"],
        &["ab", "acb", "abcd"],
    );
}

#[test]
fn two_stars_are_any_number_of_parts() {
    check(
        "crates/core/**",
        &["crates/core/src/a.rs", "crates/core/x"],
        &["crates/core", "crates/corex/a"],
    );
    check("**", &["a", "a/b/c"], &[]);
    check(
        "**/Cargo.toml",
        &["Cargo.toml", "a/b/Cargo.toml"],
        &["a/Cargo.tom"],
    );
    check(
        "a/**/z",
        &["a/z", "a/b/z", "a/z/z", "a/b/c/z/below"],
        &["a", "z", "b/a/z"],
    );
    check(
        "**/a/**/*.rs",
        &["a/x.rs", "b/a/c/a/x.rs"],
        &["x.rs", "b/x.rs"],
    );
}

#[test]
fn a_plain_name_holds_itself_and_what_is_below() {
    check(
        "Cargo.lock",
        &["Cargo.lock", "Cargo.lock/x"],
        &["a/Cargo.lock", "Cargo.locks"],
    );
    check("docs", &["docs", "docs/a/b.md"], &["docs2", "docsx/a"]);
    check("docs/", &["docs/a", "docs/a/b"], &["docs"]);
    check(
        "crates/*/",
        &["crates/a/b", "crates/a/b/c"],
        &["crates/a", "crates"],
    );
    check("./docs", &["docs/x"], &["x"]);
    check("/docs", &["docs/x"], &["a/docs"]);
    check(
        "crates/{core,api}",
        &["crates/core/src/a", "crates/api"],
        &["crates/web"],
    );
}

#[test]
fn classes_question_marks_braces_and_escapes_are_read() {
    check("a[0-9x]b", &["a0b", "axb"], &["ab", "a10b", "ayb"]);
    check("a[!0-9]b", &["axb", "aéb"], &["a0b", "a/b"]);
    check("a[]]b", &["a]b"], &["ab"]);
    check("a[a-]b", &["a-b", "aab"], &["abb"]);
    check("a[\\]x]b", &["a]b", "axb"], &["a\\b"]);
    check("a?b", &["axb", "aéb", "a日b"], &["ab", "axxb"]);
    check(
        "{a,b/{c,d}}/*.rs",
        &["a/x.rs", "b/c/x.rs", "b/d/x.rs"],
        &["b/x.rs", "c/x.rs"],
    );
    check("x{,.bak}", &["x", "x.bak"], &["x.ba"]);
    check("[{,}]", &["{", ",", "}"], &["[{,}]"]);
    check("\\*\\{a\\}", &["*{a}"], &["xa", "a"]);
    check("\\!a", &["!a"], &["a"]);
}

#[test]
fn names_that_are_no_utf8_are_held_like_others() {
    let all = scope(&["src/*.rs"]);
    assert!(all.holds(b"src/\xff\xfe.rs"));
    assert!(all.holds(b"src/a\nb.rs"));
    let one = scope(&["a?b", "x[!a]y"]);
    assert!(one.holds(b"a\xffb"));
    assert!(!one.holds(b"a\xff\xfeb"));
    assert!(one.holds(b"x\x80y"));
    // The byte 0x80 is not the character U+0080.
    assert!(!scope(&["[\u{a0}]"]).holds(b"\xa0"));
}

#[test]
fn paths_that_leave_the_repository_are_in_no_scope() {
    let all = scope(&["**"]);
    for path in [
        "",
        "/etc/passwd",
        "a//b",
        "a/",
        "../x",
        "a/../b",
        "./a",
        "a/.",
    ] {
        assert!(!all.holds(path.as_bytes()), "{path:?}");
    }
}

#[test]
fn an_empty_scope_holds_nothing_and_overlaps_with_nothing() {
    let none = Scope::default();
    assert!(!none.holds(b"a"));
    assert_eq!(none.overlap(&scope(&["**"])), None);
}

#[test]
fn bad_patterns_say_what_is_wrong() {
    let long = "x".repeat(1025);
    let many = "{a,b}".repeat(7);
    for (pattern, why) in [
        ("", "empty"),
        ("/", "empty"),
        ("{,a}", "empty"),
        ("a//b", "empty part"),
        ("../a", "'..'"),
        ("a/./b", "'.'"),
        ("a[", "']'"),
        ("a[b", "']'"),
        ("[z-a]", "backwards"),
        ("[a/b]", "'/'"),
        ("[!-/]x", "'/'"),
        ("{a,b", "'}'"),
        ("a}", "'{'"),
        ("a**", "whole part"),
        ("***", "whole part"),
        ("a\\", "ends in"),
        ("a\\/b", "escaped"),
        ("!a", "negated"),
        ("a\nb", "control"),
        (&long, "1024"),
        (&many, "more than 64"),
    ] {
        let error = Scope::parse(&["ok", pattern]).unwrap_err();
        assert_eq!(error.pattern, pattern);
        assert!(error.why.contains(why), "{pattern}: {error}");
    }
}

#[test]
fn overlap_names_the_two_patterns() {
    let mine = scope(&["docs/**", "crates/*/Cargo.toml"]);
    let theirs = scope(&["src/**", "crates/core/**"]);
    assert_eq!(
        mine.overlap(&theirs),
        Some(("crates/*/Cargo.toml", "crates/core/**"))
    );
}

#[test]
fn overlap_is_exact_on_single_patterns() {
    for (one, other, meets) in [
        ("a/*", "a/b", true),
        ("a/*", "a/b/c", false),
        ("a/**", "?", false),
        ("a", "a/b/c", true),
        ("a/", "a", true),
        ("**/x.rs", "src/**", true),
        ("**/x.rs", "src/*", true),
        ("src/*.rs", "src/*.md", false),
        ("src/a*", "src/*b", true),
        ("src/a*c", "src/b*c", false),
        ("**/a/**", "**/b/**", true),
        ("x/**/y", "x/y", true),
        ("[a-m]*", "[n-z]*", false),
        ("[a-m]*", "[m-z]*", true),
        ("[!a-z]x", "[a-z]x", false),
        ("?", "??", false),
        ("*", "?", true),
        ("{a,b}/x", "{c,b}/x", true),
        ("{a,b}/x", "{c,d}/x", false),
        ("Cargo.lock", "crates/*/Cargo.toml", false),
        ("crates/core", "crates/core-utils", false),
    ] {
        let (one, other) = (Pattern::parse(one).unwrap(), Pattern::parse(other).unwrap());
        assert_eq!(one.meets(&other), meets, "{one:?} {other:?}");
        assert_eq!(other.meets(&one), meets, "{other:?} {one:?}");
    }
}

#[test]
fn stems_are_the_plain_beginning() {
    let stems: Vec<_> = Pattern::parse("crates/{core,a*}/src/**/x")
        .unwrap()
        .stems()
        .collect();
    assert_eq!(stems, [vec!["crates", "core", "src"], vec!["crates"]]);
}

#[test]
fn braces_weigh_as_much_as_what_they_stand_for() {
    let weight = |text: &str| Pattern::parse(text).unwrap().weight();
    assert_eq!(weight("{a,b}/x"), weight("a/x") + weight("b/x"));
    assert!(weight("**") >= 1);
}

#[test]
fn a_pattern_of_many_stars_is_decided_fast() {
    let evil = scope(&[&format!("{}b", "a*".repeat(400)), &"**/a/".repeat(150)]);
    assert!(!evil.holds("a".repeat(4000).as_bytes()));
    let path = format!("{}{}a", "c/".repeat(850), "a/".repeat(149));
    assert!(!evil.holds(path.as_bytes()));
    assert!(evil.holds(format!("{path}/b").as_bytes()));
    assert!(evil.overlap(&evil.clone()).is_some());
}

fn name() -> impl Strategy<Value = String> {
    "[abc]{1,3}"
}

/// Patterns out of `pieces`, with up to `parts` parts of one or two pieces.
fn pattern_text(pieces: &'static [&'static str], parts: usize) -> impl Strategy<Value = String> {
    let piece = prop::sample::select(pieces);
    let part = prop_oneof![
        4 => prop::collection::vec(piece, 1..3).prop_map(|pieces| pieces.concat()),
        1 => Just("**".to_owned()),
    ];
    (prop::collection::vec(part, 1..=parts), any::<bool>())
        .prop_map(|(parts, slash)| parts.join("/") + if slash { "/" } else { "" })
}

const PIECES: &[&str] = &["a", "b", "abc", "*", "?", "[ab]", "[!a]", "{a,bc}"];
const SHORT_PIECES: &[&str] = &["a", "b", "c", "*", "?", "[ab]", "[!a]"];

proptest! {
    #[test]
    fn what_two_patterns_both_hold_is_an_overlap(
        one in pattern_text(PIECES, 3),
        other in pattern_text(PIECES, 3),
        paths in prop::collection::vec(prop::collection::vec(name(), 1..4), 1..20),
    ) {
        // `***` comes of a star beside a star and is refused.
        let (Ok(one), Ok(other)) = (Scope::parse(&[one]), Scope::parse(&[other])) else { return Ok(()) };
        for path in paths {
            let path = path.join("/").into_bytes();
            if one.holds(&path) && other.holds(&path) {
                prop_assert!(one.overlap(&other).is_some());
                prop_assert!(other.overlap(&one).is_some());
            }
        }
    }

    #[test]
    fn where_two_patterns_overlap_some_short_path_is_in_both(
        one in pattern_text(SHORT_PIECES, 2), other in pattern_text(SHORT_PIECES, 2),
    ) {
        let (Ok(one), Ok(other)) = (Scope::parse(&[one]), Scope::parse(&[other])) else { return Ok(()) };
        prop_assert_eq!(one.overlap(&other).is_some(), some_path(&mut Vec::new(), &one, &other));
    }

    #[test]
    fn no_text_panics(text in ".{0,40}", odd in "[a{}\\[\\]!^,\\\\*?/.-]{0,20}", path in prop::collection::vec(any::<u8>(), 0..20)) {
        for source in [text, odd] {
            if let Ok(scope) = Scope::parse(&[source]) {
                let _ = scope.holds(&path);
                prop_assert!(scope.overlap(&scope.clone()).is_some());
            }
        }
    }
}

/// Looks for a path in both scopes among all with up to four parts of a small set.
fn some_path(parts: &mut Vec<&'static str>, one: &Scope, other: &Scope) -> bool {
    const PARTS: [&str; 12] = [
        "a", "b", "c", "aa", "ab", "ac", "ba", "bb", "bc", "ca", "cb", "cc",
    ];
    let path = parts.join("/").into_bytes();
    if one.holds(&path) && other.holds(&path) {
        return true;
    }
    parts.len() < 4
        && PARTS.iter().any(|part| {
            parts.push(part);
            let found = some_path(parts, one, other);
            parts.pop();
            found
        })
}
