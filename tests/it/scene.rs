//! A repository with a plan whose tasks wait for flags, and what `swarm` says of the run: for tests of faults and signals.
//!
//! A task raises a flag to tell that it runs and waits for another to go on, so that a test acts in exactly that moment.
//! Knows nothing of any particular fault.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;
use swarm_tests::{Program, Repo, TestEnv, wait_until};

use crate::sealed;

/// Far above what anything takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A repository with `plan.md` in an environment of its own.
pub(crate) struct Scene {
    pub(crate) env: TestEnv,
    pub(crate) path: PathBuf,
}

/// How a run stands, as `swarm status --json` says.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) run: String,
    pub(crate) state: String,
    pub(crate) tasks: BTreeMap<String, Task>,
}

/// How a task stands.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) state: String,
    pub(crate) attempt: u64,
    pub(crate) pid: Option<u64>,
}

impl Scene {
    /// A repository with one commit that holds `base.txt`, `shared.txt` and the plan.
    pub(crate) fn new(plan: &str) -> Self {
        Self::within(sealed(), plan)
    }

    /// The same in an environment that is there already.
    pub(crate) fn within(env: TestEnv, plan: &str) -> Self {
        let files = [
            ("base.txt", "base\n"),
            ("shared.txt", "nobody\n"),
            ("plan.md", plan),
        ];
        let path = Repo::new(&env, "repo", &files).path().to_owned();
        Self { env, path }
    }

    pub(crate) fn repo(&self) -> Repo<'_> {
        Repo::open(&self.env, &self.path)
    }

    /// `swarm` with `words` in the repository.
    pub(crate) fn swarm<const N: usize>(&self, words: [&str; N]) -> Program {
        self.env.swarm(&self.path).args(words)
    }

    /// Raises a flag that a task waits for.
    pub(crate) fn raise(&self, flag: &str) {
        fs::write(self.flag(flag), "").expect("a flag");
    }

    /// Takes flags down again.
    pub(crate) fn lower<const N: usize>(&self, flags: [&str; N]) {
        for flag in flags {
            fs::remove_file(self.flag(flag)).expect("the flag was up");
        }
    }

    /// Whether a task raised a flag.
    pub(crate) fn is_up(&self, flag: &str) -> bool {
        self.flag(flag).exists()
    }

    /// Waits until a task raises a flag.
    #[track_caller]
    pub(crate) fn wait_for(&self, flag: &str) {
        wait_until(PATIENCE, &format!("the flag {flag} was up"), || {
            self.is_up(flag)
        });
    }

    fn flag(&self, flag: &str) -> PathBuf {
        self.env.home().join(flag)
    }

    /// The tries that told of themselves with [`TELL`], in order: `task attempt`.
    pub(crate) fn told(&self) -> Vec<String> {
        let text = fs::read_to_string(self.flag("told")).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// How the newest run stands.
    #[track_caller]
    pub(crate) fn standing(&self) -> Standing {
        let status = self.swarm(["status", "--json"]).run().success();
        let status: Value = serde_json::from_str(&status.raw_stdout()).expect("JSON");
        let tasks = status["tasks"].as_array().expect("tasks").iter();
        Standing {
            run: text(&status["run"]),
            state: text(&status["state"]),
            tasks: tasks
                .map(|task| {
                    let standing = Task {
                        state: text(&task["state"]),
                        attempt: task["attempt"].as_u64().unwrap_or(0),
                        pid: task["pid"].as_u64(),
                    };
                    (text(&task["task"]), standing)
                })
                .collect(),
        }
    }

    /// Waits until `task` stands in `state`.
    #[track_caller]
    pub(crate) fn wait_until_task(&self, task: &str, state: &str) {
        wait_until(PATIENCE, &format!("{task} was {state}"), || {
            self.standing().tasks[task].state == state
        });
    }

    /// Asserts that every task of the newest run is merged, and that nobody is left.
    #[track_caller]
    pub(crate) fn all_merged(&self) -> Standing {
        let standing = self.standing();
        let unmerged = standing.tasks.values().any(|task| task.state != "merged");
        assert!(!unmerged, "not all is merged: {standing:#?}");
        self.env.nobody_is_left();
        standing
    }

    /// The directory of the only run.
    pub(crate) fn run_dir(&self) -> PathBuf {
        let runs = self.path.join(".git/swarm/runs");
        let mut runs = fs::read_dir(runs).expect("runs");
        let run = runs.next().expect("a run").expect("an entry").path();
        assert!(runs.next().is_none(), "there is more than one run");
        run
    }

    /// The entries of the only run's journal.
    pub(crate) fn journal(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.run_dir().join("journal.jsonl")).expect("a journal");
        let entry = |line: &str| serde_json::from_str(line).expect("an entry");
        text.lines().map(entry).collect()
    }
}

impl Standing {
    /// The process that works for `task` now.
    #[track_caller]
    pub(crate) fn pid_of(&self, task: &str) -> i32 {
        let pid = self.tasks[task].pid.expect("a process works for the task");
        i32::try_from(pid).expect("a process id")
    }
}

/// A command that writes down which try it belongs to.
pub(crate) const TELL: &str = r#"echo "$SWARM_TASK $SWARM_ATTEMPT" >> ~/told"#;

/// A command that raises the flag `up`, and waits for the flag `go`.
pub(crate) fn hold(up: &str, go: &str) -> String {
    format!("touch ~/{up}; until [ -e ~/{go} ]; do sleep 0.02; done")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
