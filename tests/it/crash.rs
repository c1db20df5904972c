//! SIGKILL of the engine after every single entry of its journal, with real processes and a real repository.
//!
//! The ten tasks of the plan hold a failure, a retry and a conflict. However the run is cut in two, its end must be the
//! one of the run that was not cut: the same outcomes, the same tree, the same events task by task, nobody left behind.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use swarm_tests::{Repo, TestEnv};

use crate::sealed;

/// Ten tasks, two at a time.
const PLAN: &str = r#"---
gates: [test -f base.txt]
max-workers: 2
merge-batch: 1
---
# Cut in two

## one: Write a file
- run: echo one > one.txt
- touches: one.txt

## two: Needs a file
- needs: one
- run: cat one.txt > two.txt
- touches: two.txt

## left: Change a line
- run: echo left > shared.txt
- priority: 9

## right: Change the same line
- run: if grep -q left shared.txt; then echo left and right > shared.txt; else echo right > shared.txt; while [ "$(git rev-parse "swarm/$SWARM_RUN")" = "$SWARM_BASE" ]; do sleep 0.05; done; fi
- priority: 9

Ends its first try only when the other is merged, so that it is always this one that conflicts.

## again: Pass a gate at the second try
- run: echo "try $SWARM_ATTEMPT" > again.txt
- touches: again.txt
- accept: `grep -q 'try 2' again.txt`

## broken: Never pass
- run: exit 7
- retries: 0

## behind: Wait for what fails
- needs: broken
- run: echo never > behind.txt

## empty: Change nothing
- run: true
- allow-empty: true

## many: Several files
- needs: two
- run: mkdir -p many && for i in 1 2 3; do echo $i > many/$i; done

## last: After everything
- needs: left, right, again, empty, many
- run: ls > last.txt
"#;

/// What a run comes to, without what may differ between two runs: times, commit ids, candidates.
#[derive(Debug, PartialEq, Eq)]
struct End {
    outcomes: BTreeMap<String, String>,
    tree: Vec<String>,
    contents: Vec<Option<String>>,
    events: BTreeMap<String, Vec<String>>,
    worktrees: usize,
}

struct Case {
    env: TestEnv,
    path: PathBuf,
}

impl Case {
    fn new() -> Self {
        let env = sealed();
        let files = [
            ("base.txt", "base\n"),
            ("shared.txt", "nobody\n"),
            ("plan.md", PLAN),
        ];
        let path = Repo::new(&env, "repo", &files).path().to_owned();
        Self { env, path }
    }

    fn repo(&self) -> Repo<'_> {
        Repo::open(&self.env, &self.path)
    }

    fn journal(&self) -> Vec<Value> {
        let runs = self.path.join(".git/swarm/runs");
        let run = fs::read_dir(runs)
            .expect("runs")
            .next()
            .expect("a run")
            .expect("an entry");
        let text = fs::read_to_string(run.path().join("journal.jsonl")).expect("a journal");
        text.lines()
            .map(|line| serde_json::from_str(line).expect("an entry"))
            .collect()
    }

    fn end(&self) -> End {
        let status = self
            .env
            .swarm(&self.path)
            .args(["status", "--json"])
            .run()
            .success();
        let status: Value = serde_json::from_str(&status.raw_stdout()).expect("JSON");
        let tip = format!(
            "refs/heads/swarm/{}",
            status["run"].as_str().expect("a run")
        );
        let repo = self.repo();
        let tree = repo.tree(&tip);
        self.env.nobody_is_left();
        End {
            outcomes: tasks(&status)
                .map(|task| (text(&task["task"]), text(&task["state"])))
                .collect(),
            contents: tree.iter().map(|file| repo.file(&tip, file)).collect(),
            tree,
            events: self.events(),
            worktrees: repo.git(&["worktree", "list"]).lines().count(),
        }
    }

    /// The events of each task, in order. What an engine says of itself, and the clock, are no part of it.
    fn events(&self) -> BTreeMap<String, Vec<String>> {
        let mut events: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for entry in self.journal() {
            let body = &entry["body"];
            if let Some(task) = body["task"].as_str() {
                let mut what = text(&body["event"]);
                for detail in ["attempt", "end", "verdict"] {
                    if !body[detail].is_null() {
                        what.push_str(&format!(" {}", text(&body[detail])));
                    }
                }
                events.entry(task.to_owned()).or_default().push(what);
            }
        }
        events
    }
}

fn tasks(status: &Value) -> impl Iterator<Item = &Value> {
    status["tasks"].as_array().expect("tasks").iter()
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

#[test]
fn a_run_cut_at_any_entry_of_its_journal_ends_as_if_it_had_not_been() {
    let whole = Case::new();
    let run = whole.env.swarm(&whole.path).args(["run", "plan.md"]).run();
    let _ = run.code(1);
    let expected = whole.end();
    assert_eq!(expected.outcomes["broken"], "failed");
    assert_eq!(expected.outcomes["behind"], "blocked");
    assert_eq!(expected.outcomes["last"], "merged");
    let retried = |task: &str| {
        expected.events[task]
            .iter()
            .any(|event| event.starts_with("worker-started 2"))
    };
    assert!(retried("again"), "the gate sent it back: {expected:#?}");
    assert!(retried("right"), "the conflict sent it back: {expected:#?}");

    let entries = whole.journal().len();
    let next = AtomicUsize::new(1);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let cut = next.fetch_add(1, Ordering::Relaxed);
                    if cut > entries {
                        break;
                    }
                    let end = cut_at(cut, expected.worktrees);
                    assert_eq!(end, expected, "cut after entry {cut} of {entries}");
                }
            });
        }
    });
}

/// A run that dies after `cut` entries, and is resumed. `worktrees` is how many are left of one that is not cut.
fn cut_at(cut: usize, worktrees: usize) -> End {
    let case = Case::new();
    let dying = case
        .env
        .swarm(&case.path)
        .var("SWARM_TEST_DIE_AFTER", cut.to_string());
    let _ = dying.args(["run", "plan.md"]).run().killed_by(9);
    let resumed = case.env.swarm(&case.path).args(["resume"]).run();
    // The journal of a run that died after its last entry is that of a finished run: there is nothing to resume, and a
    // worktree that was not cleared away any more is left to `swarm gc`.
    let over = resumed.raw_stderr().contains("can be resumed");
    let mut end = case.end();
    if over {
        end.worktrees = worktrees;
    } else {
        let _ = resumed.code(1);
    }
    end
}
