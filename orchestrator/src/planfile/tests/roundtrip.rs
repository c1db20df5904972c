//! What is rendered is read as the same plan again.

use proptest::prelude::*;

use super::*;

/// A plan without what depends on how its file is laid out.
fn meaning(mut plan: PlanFile) -> (FrontMatter, Option<String>, String, Vec<PlanTask>) {
    plan.tasks.iter_mut().for_each(|task| task.line = 0);
    (plan.front, plan.title, plan.context, plan.tasks)
}

#[track_caller]
pub(super) fn check(text: &str) -> String {
    let plan = good(text);
    let rendered = plan.to_markdown();
    let again = match parse("rendered.md", rendered.as_bytes()) {
        Ok(again) => again,
        Err(problems) => panic!("{text}\n=====\n{rendered}\n=====\n{problems}"),
    };
    assert_eq!(
        again.to_markdown(),
        rendered,
        "the canonical form is not stable"
    );
    assert_eq!(meaning(again), meaning(plan), "{text}\n=====\n{rendered}");
    rendered
}

#[test]
fn the_example_is_rendered_in_its_canonical_form() {
    let wanted = EXAMPLE
        .replace("\n# Move", "\n\n# Move")
        .replace("---\n\n# Move", "---\n# Move")
        .replace(
            "run: cargo add tracing -p core -p api",
            "run: `cargo add tracing -p core -p api`",
        )
        .replace(
            "run: ./tools/log-to-tracing.sh crates/core",
            "run: `./tools/log-to-tracing.sh crates/core`",
        )
        .replace(
            "Cargo.lock, crates/*/Cargo.toml",
            "`Cargo.lock`, `crates/*/Cargo.toml`",
        )
        .replace("crates/core/**", "`crates/core/**`");
    assert_eq!(check(EXAMPLE), wanted);
}

#[test]
fn awkward_plans_survive() {
    for text in [
        // Prose that would become part of the fields, or of the heading.
        "## a: A\n* run: x\n\n- prose list\n- run: y\n",
        "## a: A\n- run: x\n\n1. one\n2. two\n",
        "## a: A\n-    run: x\n\n    indented code\n",
        "   ## a: A\n   -    run: x\n\n      indented code\n",
        "## a: A\n\n    indented code\n",
        "## a: A\n- run: x\n\n one blank\n",
        "## a: A\n- run: x\n---\nbelow a line\n",
        "## a: A\n- run: x\n\n- - -\n",
        "## a: A\n- run: x\n\n<!-- -->\n- list\n",
        "## a: A\nright below\n- needs: nothing\n",
        // Titles.
        "# Title #1\n\n## a: C# ##\n## b: C#\n## c: \\#\n## d: `x` *y* <b>\n",
        "Title\nof two lines\n===\n\n## a: A\n",
        "\n---\n\nno front matter\n\n## a: A\n",
        "---\n---\n---\n\n## a: A\n",
        "#\n\n## a: A\n",
        "## a: A\n## b: B:: C\n",
        // Commands.
        "## a: A\n- run: `` `x` ``\n- accept: ``` ``x`` ```\n- accept: ` x `\n- gates: `a, b`, ``c`d``\n",
        "## a: A\n- run:\n  ~~~\n  `````\n  ~~~\n",
        "## a: A\n- run:\n  ~~~\n    lead\n\n  \ttab\n  trail \n  ~~~\n",
        "## a: A\n- run:\n  ```\n   one line with a blank before\n  ```\n",
        "## a: A\n- run: tab\there\n- gates: none\n",
        "## a: A\n- run:\n  ```\n  x\n  ```\n\n- prose list goes on the same list\n"
            .split_once("\n- prose")
            .unwrap()
            .0,
        // Front matter that needs quotes.
        "---\ninto: \"a: b\"\ngates: ['# no', \"it's\", 'say \"x\"', \"a\\\\b\\n\\tc\", '- x', '!x', '12', 'yes', 'null', 'ü']\n\
         env: {A: \"\\x7f\\u2028\", B: ' x '}\nbudget: 0.5 USD\n---\n## a: A\n",
        "---\ngates:\n  - |\n    two\n    lines\n---\n## a: A\n",
    ] {
        check(text);
        check(&text.replace('\n', "\r\n"));
    }
}

/// Pieces that plans are made of, and pieces that come in their way.
const PIECES: &[&str] = &[
    "## a: A\n",
    "## b: B\n",
    "## [x] c: C #\n",
    "# T\n",
    "- needs: a\n",
    "- run: x\n",
    "* run: `y`\n",
    "- run:\n  ```\n  z\n\n    zz\n  ```\n",
    "- accept: prose\n",
    "- accept: `cmd`\n",
    "- touches: a/**, `b`\n",
    "- gates: `x`, `y`\n",
    "- timeout: 90s\n",
    "-   priority: 3\n",
    "- beside: b, c\n",
    "- tools: A, B(c, d)\n",
    "\n",
    "\n\n",
    "text\n",
    "  text\n",
    "    code\n",
    "\ttab\n",
    "- list\n",
    "* star\n",
    "+ plus\n",
    "1. one\n",
    "---\n",
    "===\n",
    "***\n",
    "```\n",
    "~~~\n",
    "<!--\n",
    "-->\n",
    "<div>\n",
    "> quote\n",
    "### c: deeper\n",
    "[x]: http://y\n",
    "- [x] a\n",
    "`",
    "  ",
    "\\",
    "|a|b|\n|-|-|\n",
    "&amp;\n",
    "é\u{a0}\n",
    "\u{c}\n",
    "\r\n",
    "\0\n",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn any_plan_that_is_read_survives(pieces in prop::collection::vec(prop::sample::select(PIECES), 0..14)) {
        let text = format!("{}{}", pieces.concat(), if pieces.len() % 3 == 0 { "\n\n## z: Z\n" } else { "" });
        if parse("plan.md", text.as_bytes()).is_ok() {
            check(&text);
        }
    }

    #[test]
    fn any_command_survives(command in "[ -~\\n\\t`é]{1,30}", prose in "[ -~]{0,12}") {
        let mut plan = good("## a: A\n- run: x\n");
        plan.tasks[0].run = Some(command.trim_end_matches('\n').to_owned());
        plan.tasks[0].accept = vec![Accept::Command(command.trim_end_matches('\n').to_owned())];
        prop_assume!(!command.trim().is_empty());
        let again = good(&plan.to_markdown());
        prop_assert_eq!(&again.tasks[0].run, &plan.tasks[0].run);
        prop_assert_eq!(&again.tasks[0].accept, &plan.tasks[0].accept);
        let _ = prose;
    }

    #[test]
    fn any_front_matter_survives(texts in prop::collection::vec("[ -~\\n\\t\\PCé]{1,12}", 0..4), name in "[!-~]{1,8}") {
        prop_assume!(texts.iter().all(|text| !text.trim().is_empty()));
        let mut plan = good("## a: A\n");
        plan.front.gates = texts.clone();
        plan.front.env = vec![("X".to_owned(), texts.concat())];
        plan.front.into = Some(name);
        prop_assert_eq!(good(&plan.to_markdown()).front, plan.front);
    }
}
