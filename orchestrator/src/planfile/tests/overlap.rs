//! Which tasks are kept apart, and what the run machine is told.

use proptest::prelude::*;

use super::*;

/// `a-b pattern~pattern` of every pair.
fn pairs(plan: &PlanFile) -> Vec<String> {
    let name = |at: usize| plan.tasks[at].id.as_str().to_owned();
    let pairs = plan.serialised().unwrap();
    pairs
        .iter()
        .map(|pair| {
            format!(
                "{}-{} {}~{}",
                name(pair.a),
                name(pair.b),
                pair.why.0,
                pair.why.1
            )
        })
        .collect()
}

#[test]
fn tasks_that_touch_the_same_paths_are_kept_apart() {
    let plan = good(
        "## a: A\n- touches: src/**, Cargo.lock\n## b: B\n- touches: docs/, Cargo.lock\n## c: C\n- touches: **/*.rs\n\
         ## d: D\n- touches: docs/x.md\n## e: E\n- run: anything\n",
    );
    assert_eq!(
        pairs(&plan),
        [
            "a-b Cargo.lock~Cargo.lock",
            "a-c src/**~**/*.rs",
            "b-c docs/~**/*.rs",
            "b-d docs/~docs/x.md",
            "c-d **/*.rs~docs/x.md"
        ]
    );
}

#[test]
fn tasks_that_wait_anyway_or_may_run_beside_each_other_are_not() {
    let plan = good(
        "## d: D\n- needs: c\n- touches: x\n## a: A\n- touches: x\n## b: B\n- needs: a\n- touches: x\n## c: C\n- needs: b\n\
         ## e: E\n- touches: x\n- beside: a, d\n## [x] f: F\n- touches: x\n",
    );
    assert_eq!(pairs(&plan), ["b-e x~x"]);
}

#[test]
fn the_run_is_told_who_needs_whom_and_who_stays_apart() {
    let text = "---\nretries: 3\ntimeout: 5s\n---\n## a: A\n- touches: x\n- priority: 7\n## b: B\n- touches: x/y\n- retries: 0\n\
                ## [x] c: C\n- timeout: 1m\n## d: D\n- needs: a, c\n";
    let tasks = good(text)
        .to_run(&Defaults {
            retries: 9,
            timeout: None,
        })
        .unwrap();
    let numbers = |list: &[swarm_run::plan::TaskIx]| list.iter().map(|ix| ix.0).collect::<Vec<_>>();
    assert_eq!(numbers(&tasks[0].apart), [1]);
    assert_eq!(numbers(&tasks[1].apart), [0]);
    assert_eq!(numbers(&tasks[3].needs), [0, 2]);
    assert_eq!(
        tasks.iter().map(|task| task.retries).collect::<Vec<_>>(),
        [3, 0, 3, 3]
    );
    assert_eq!(
        tasks
            .iter()
            .map(|task| task.timeout.unwrap().0)
            .collect::<Vec<_>>(),
        [5000, 5000, 60_000, 5000]
    );
    assert_eq!((tasks[0].priority, tasks[1].priority), (7, 0));
    assert_eq!(
        tasks.iter().map(|task| task.done).collect::<Vec<_>>(),
        [false, false, true, false]
    );
    swarm_run::plan::Plan::new(tasks).unwrap();
    let defaults = Defaults {
        retries: 9,
        timeout: Some(Duration::from_secs(2)),
    };
    let tasks = good("## a: A\n").to_run(&defaults).unwrap();
    assert_eq!((tasks[0].retries, tasks[0].timeout.unwrap().0), (9, 2000));
}

#[test]
fn ten_thousand_tasks_with_their_own_directories_are_compared_fast() {
    let mut text = String::new();
    for n in 0..10_000 {
        text.push_str(&format!(
            "## t{n}: T\n- run: true\n- touches: crates/c{n}/**, docs/{n}.md\n"
        ));
    }
    text.push_str("## all: All\n".replace("all", "every").as_str());
    text.push_str("- touches: crates/*/Cargo.toml\n");
    let plan = good(&text);
    assert_eq!(plan.serialised().unwrap().len(), 10_000);
}

#[test]
fn a_long_chain_that_touches_one_file_has_no_pairs() {
    let mut text = "## t0: T\n- touches: x\n".to_owned();
    for n in 1..3000 {
        text.push_str(&format!("## t{n}: T\n- touches: x\n- needs: t{}\n", n - 1));
    }
    assert_eq!(good(&text).serialised().unwrap(), []);
}

#[test]
fn too_many_pairs_and_too_broad_patterns_are_errors() {
    let same: String = (0..2100)
        .map(|n| format!("## t{n}: T\n- touches: x\n"))
        .collect();
    let problems = good(&same).serialised().unwrap_err();
    assert_eq!(places(&problems), ["1:4 too-broad"]);
    assert!(problems.render(false).contains("2000000 pairs"));
    let broad = |n: usize| format!("**/{}{n}*/**/{}{n}*", "[ab]*".repeat(60), "?*".repeat(60));
    let broad: String = (0..500)
        .map(|n| format!("## t{n}: T\n- touches: {}\n", broad(n)))
        .collect();
    let problems = good(&broad).serialised().unwrap_err();
    assert!(problems.render(false).contains("too broad"));
}

/// Pairs by comparing every task with every other one.
fn all_pairs(plan: &PlanFile) -> Vec<(usize, usize)> {
    let needs = plan.needs();
    let reaches = |from: usize, to: usize| {
        let mut open = vec![from];
        while let Some(at) = open.pop() {
            if needs[at].contains(&to) {
                return true;
            }
            open.extend(&needs[at]);
        }
        false
    };
    let mut pairs = Vec::new();
    for (a, first) in plan.tasks.iter().enumerate() {
        for (b, second) in plan.tasks.iter().enumerate().skip(a + 1) {
            let (Some(one), Some(other)) = (&first.touches, &second.touches) else {
                continue;
            };
            let beside = first.beside.contains(&second.id) || second.beside.contains(&first.id);
            if one.overlap(other).is_some()
                && !beside
                && !first.done
                && !second.done
                && !reaches(a, b)
                && !reaches(b, a)
            {
                pairs.push((a, b));
            }
        }
    }
    pairs
}

proptest! {
    #[test]
    fn the_index_finds_what_comparing_all_finds(tasks in prop::collection::vec(task(), 1..12)) {
        let text: String = tasks.iter().enumerate().map(|(at, (done, needs, beside, touches))| {
            let mut text = format!("## {}t{at}: T\n", if *done { "[x] " } else { "" });
            // Needs lead to earlier tasks only, so that there is no cycle.
            if at > 0 && *needs < 12 { text.push_str(&format!("- needs: t{}\n", needs % at)); }
            if *beside < tasks.len() { text.push_str(&format!("- beside: t{beside}\n")); }
            if !touches.is_empty() { text.push_str(&format!("- touches: {}\n", touches.join(", "))); }
            text
        }).collect();
        let plan = good(&text);
        let found: Vec<_> = plan.serialised().unwrap().iter().map(|pair| (pair.a, pair.b)).collect();
        prop_assert_eq!(found, all_pairs(&plan));
    }
}

fn task() -> impl Strategy<Value = (bool, usize, usize, Vec<&'static str>)> {
    const PATTERNS: &[&str] = &[
        "a", "a/b", "a/*", "a/b/**", "**/b", "{a,c}/b", "*", "c/", "c/[a-m]*", "**", "d?/x",
        "d1/**", "d*/y",
    ];
    (
        prop::bool::weighted(0.1),
        0..24_usize,
        0..24_usize,
        prop::collection::vec(prop::sample::select(PATTERNS), 0..4),
    )
}
