//! Files that nobody would write, and files that are very large.

use proptest::prelude::*;

use super::*;

/// Reads a file as every command does, and shows what comes of it. Answers whether it is a plan.
pub(super) fn survive(bytes: &[u8]) -> bool {
    match parse("plan.md", bytes) {
        Ok(plan) => {
            let _ = plan.to_markdown();
            let _ = lint::check_commands(&plan).to_json();
            let _ = plan.to_run(&Defaults::default());
            true
        }
        Err(problems) => {
            assert!(problems.errors() > 0);
            let text = problems.render(false);
            let harmless = |c: char| c == '\n' || !c.is_control();
            assert!(text.chars().all(harmless), "{text:?}");
            for one in problems.list() {
                assert!(
                    one.span.end <= bytes.len() && one.span.start <= one.span.end,
                    "{one:?}"
                );
                assert!(
                    one.message.len() < 20_000 && !one.message.contains('\n'),
                    "{one:?}"
                );
            }
            let _ = problems.to_json();
            false
        }
    }
}

#[test]
fn a_file_of_fifty_megabytes_is_refused() {
    let problems = parse("huge.md", &vec![b'x'; MAX_PLAN_BYTES]).unwrap_err();
    insta::assert_snapshot!(problems.render(false), @r"
    error[too-large]: the file has 50000000 bytes, and a plan has less than 50000000
    --> huge.md
     = help: is this the right file?

    1 error in huge.md
    ");
}

#[test]
fn bytes_that_are_no_utf8_are_shown_with_their_place() {
    let problems = parse("plan.md", b"## a: A\n- run: caf\xe9 x\n").unwrap_err();
    insta::assert_snapshot!(problems.render(false), @r"
    error[no-utf8]: byte 19 of the file is no UTF-8: e9
     --> plan.md:2:11
      |
    2 | - run: caf� x
      |           ^
      |
      = help: save the file as UTF-8

    1 error in plan.md
    ");
    assert!(!survive(b"\xff"));
    assert!(!survive(b"## a: \xf0\x9f"));
    assert!(!survive(&[0xff; 1000]));
}

#[test]
fn control_characters_never_reach_the_terminal() {
    for text in [
        "## a\u{1b}[2J: A\n",
        "## a: \u{1b}]0;x\u{7}\n",
        "## a: A\n- needs: \u{1b}[31mx\n",
        "## a: A\n- \u{9b}31m: x\n",
        "## a: A\n- timeout: \u{1b}[31m\n- touches: \u{7f}\n- retries: \u{8}\n- agent: \u{1}\n",
        "---\n\"\\e[31m\": 5\ninto: \"\\e[31m\"\n---\n## a: A\n",
        "---\na: \u{1b}\n---\n",
        "\u{85}\u{9c}\u{202e}\n",
    ] {
        assert!(!survive(text.as_bytes()), "{text:?}");
    }
    let problems = parse("p\u{1b}[31m.md", b"").unwrap_err();
    assert!(!problems.render(false).contains('\u{1b}'));
    assert!(problems.render(true).contains('\u{1b}'));
}

#[test]
fn ten_thousand_tasks_are_read() {
    let mut text = String::from("---\ngates: true\n---\n");
    for n in 0..10_000 {
        text.push_str(&format!(
            "## t{n}: Task {n}\n- run: make t{n}\n- touches: src/{n}/**\n"
        ));
        if n > 0 {
            text.push_str(&format!("- needs: t{}, t{}\n", n / 2, n - 1).replace("t0, t0", "t0"));
        }
        text.push_str("\nSome words.\n\n");
    }
    let plan = good(&text);
    assert_eq!(plan.tasks.len(), 10_000);
    assert_eq!(plan.tasks[9_999].line, 3 + 9_999 * 7 - 1 + 1);
    assert_eq!(plan.to_run(&Defaults::default()).unwrap().len(), 10_000);
}

#[test]
fn ten_thousand_problems_are_counted_and_the_first_are_shown() {
    let text: String = (0..10_000)
        .map(|n| format!("## t{n}: T\n- needs: ghost{n}\n- rnu: x\n"))
        .collect();
    let problems = bad(&text);
    assert_eq!(
        (problems.errors(), problems.list().len()),
        (20_000, diagnostic::MAX_SHOWN)
    );
    assert!(
        problems
            .list()
            .windows(2)
            .all(|pair| pair[0].span.start <= pair[1].span.start)
    );
    assert!(
        problems
            .render(false)
            .ends_with("20000 errors in plan.md; the first 100 are shown\n")
    );
    assert_eq!(problems.to_json()["omitted"], 19_900);
}

#[test]
fn one_cycle_of_ten_thousand_tasks_is_one_problem() {
    let text: String = (0..10_000)
        .map(|n| format!("## t{n}: T\n- needs: t{}\n", (n + 1) % 10_000))
        .collect();
    let problems = bad(&text);
    assert_eq!(problems.errors(), 1);
    assert!(problems.list()[0].message.ends_with("t99 → … (9900 more)"));
}

#[test]
fn too_many_tasks_are_refused() {
    let text: String = (0..=MAX_TASKS).map(|n| format!("## t{n}: T\n")).collect();
    assert_eq!(places(&bad(&text)), ["20001:4 too-many-tasks"]);
}

#[test]
fn very_long_lines_and_deep_nesting_are_read_and_shown_in_pieces() {
    let long = "x".repeat(1_000_000);
    let problems = bad(&format!(
        "## a: A\n- needs: {long}\n- touches: a, {long}\n- timeout: {long}\n"
    ));
    assert_eq!(problems.errors(), 3);
    assert!(
        problems.render(false).len() < 5_000,
        "{} bytes",
        problems.render(false).len()
    );
    assert!(problems.render(false).contains("plan.md:3:15"));
    for text in [
        format!("## {long}: A\n"),
        format!("## {long}\n"),
        format!("## a: A\n- {long}\n"),
        "> ".repeat(100_000),
        "- ".repeat(100_000),
        "[".repeat(100_000),
        "*a ".repeat(100_000),
        "`".repeat(100_000),
        "<!--".repeat(50_000),
        format!("## a: A\n{}", "- ".repeat(50_000)),
        format!("## a: A\n- run: {}", "`".repeat(100_000)),
        format!("## a: A\n- run: {}", "` ``".repeat(50_000)),
        format!("## a: A\n- gates: {}", "`a`,".repeat(50_000)),
        format!("## a: A\n- touches: {}", "{".repeat(50_000)),
        format!("## a: A\n- touches: {}", "a/{b,c},".repeat(10_000)),
        format!("## a: A\n- needs: {}", "a ".repeat(50_000)),
        format!("---\n{}\n---\n", "a: [".repeat(1_000)),
        format!("---\n{}\n---\n", "- ".repeat(20_000)),
        format!("---\n{}", "a: 1\n".repeat(100_000)),
        format!("---\n{}---\n## a: A\n", "k: 1\n".repeat(13_000)),
        format!(
            "---\n{}---\n## a: A\n",
            (0..5_000).map(|n| format!("k{n}: 1\n")).collect::<String>()
        ),
        format!(
            "---\nenv: {{{}}}\n---\n## a: A\n",
            (0..5_000).map(|n| format!("k{n}: 1, ")).collect::<String>()
        ),
    ] {
        survive(text.as_bytes());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        survive(&bytes);
    }

    #[test]
    fn no_text_panics(text in "(---\n)?([-#*+`~:,\\[\\]x{}!&|>'\"\\\\ \\t\\r\\na-c$é\u{0}\u{1b}]|## |- run: |- needs: |\n---\n){0,60}") {
        survive(text.as_bytes());
    }

    #[test]
    fn no_mutation_of_a_plan_panics(
        edits in prop::collection::vec((0..EXAMPLE.len(), 0..12_usize, "[-#*`~:,\\[\\]{} \\n\\ta-z\u{0}é]{0,6}"), 1..6),
    ) {
        let mut bytes = EXAMPLE.as_bytes().to_vec();
        for (at, dropped, added) in edits {
            let start = at.min(bytes.len());
            let end = (start + dropped).min(bytes.len());
            bytes.splice(start..end, added.into_bytes());
        }
        survive(&bytes);
    }
}
