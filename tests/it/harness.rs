//! The harness itself: a test that leans on it is worth no more than it is.

use std::time::Duration;

use swarm_tests::{Repo, Signal, wait_until};

use crate::sealed;

#[test]
fn an_environment_is_sealed_and_removes_itself() {
    let env = sealed();
    let root = env.root().to_owned();
    let names = env.shell(&root, "env | sed 's/=.*//' | sort").run();
    let seen = names.success().raw_stdout();
    let variables = env.variables().iter();
    let known: Vec<&str> = variables.filter_map(|(name, _)| name.to_str()).collect();
    // What a shell adds by itself.
    let own = ["PWD", "OLDPWD", "SHLVL", "_"];
    let leaked = seen
        .lines()
        .filter(|name| !known.contains(name) && !own.contains(name));
    assert_eq!(leaked.collect::<Vec<_>>(), [""; 0]);
    let home = env.shell(&root, "echo \"$HOME\"").run().success();
    assert_eq!(home.stdout(), "$ENV/home\n");
    drop(env);
    assert!(!root.exists());
}

#[test]
fn git_has_the_same_identity_and_dates_everywhere() {
    let (first, second) = (sealed(), sealed());
    let files = [("a.txt", "one\n")];
    let (one, other) = (
        Repo::new(&first, "repo", &files),
        Repo::new(&second, "repo", &files),
    );
    assert_eq!(one.tip("main"), other.tip("main"));
    let author = one.git(&["log", "-1", "--format=%an <%ae>"]);
    assert_eq!(author.trim(), "Test Author <author@example.org>");
}

#[test]
fn a_repository_tells_what_was_put_into_it() {
    let env = sealed();
    let repo = Repo::new(&env, "repo", &[("a.txt", "one\n"), ("deep/b.txt", "two\n")]);
    repo.branch("topic");
    repo.write("c.txt", "three\n");
    assert_eq!(repo.status(), "?? c.txt\n");
    let commit = repo.commit("add c");
    assert_eq!(repo.tip("topic"), commit);
    assert_eq!(repo.branches(), ["main", "topic"]);
    assert_eq!(repo.tree("topic"), ["a.txt", "c.txt", "deep/b.txt"]);
    assert_eq!(repo.file("main", "c.txt"), None);
    assert_eq!(repo.file("topic", "c.txt").as_deref(), Some("three\n"));
    assert_eq!(repo.read("a.txt").as_deref(), Some("one\n"));
    assert_eq!(repo.subjects("topic"), ["add c", "start"]);
}

#[test]
#[should_panic(expected = "failed: ")]
fn git_failing_is_a_failed_test() {
    let env = sealed();
    let repo = Repo::new(&env, "repo", &[]);
    let _never = repo.git(&["no-such-command"]);
}

#[test]
fn a_grandchild_that_left_its_session_is_found_and_ended() {
    let env = sealed();
    // The grandchild holds on to the output that it was given.
    let script = "SWARM_AGENT=core.1 exec swarm-fake double-fork >/dev/null 2>&1";
    env.shell(env.root(), script).run().success();
    wait_until(
        Duration::from_secs(10),
        "only the grandchild was left",
        || {
            let left = env.processes();
            left.len() == 1 && left[0].command.ends_with("hang")
        },
    );
    let left = env.processes();
    assert_eq!(left[0].agent.as_deref(), Some("core.1"));
    drop(env);
    let proc = format!("/proc/{}/cmdline", left[0].pid);
    wait_until(Duration::from_secs(10), "the grandchild ended", || {
        std::fs::read(&proc).map_or(true, |words| words.is_empty())
    });
}

#[test]
fn an_agent_that_ignores_sigterm_outlives_it() {
    let env = sealed();
    let mut agent = env
        .program("swarm-fake", env.root())
        .arg("ignore-term")
        .start();
    wait_until(Duration::from_secs(10), "the agent was there", || {
        env.processes()
            .iter()
            .any(|process| process.command.ends_with(" hang"))
    });
    agent.signal(Signal::TERM);
    assert!(agent.is_running());
    agent.signal(Signal::KILL);
    agent.wait().killed_by(9);
    env.nobody_is_left();
}

#[test]
fn the_fake_agent_ends_as_it_is_told() {
    let env = sealed();
    let check = |script: &str, code: i32, expected: &str| {
        let output = env.shell(env.root(), script).run().code(code);
        assert_eq!(output.raw_stdout(), expected, "{script}");
    };
    check("swarm-fake flood 40 | wc -l | tr -d ' '", 0, "3\n");
    check("swarm-fake sleep 1", 0, "");
    check(
        "swarm-fake edit a one; swarm-fake edit a two; cat a",
        0,
        "one\ntwo\n",
    );
    check("SWARM_ATTEMPT=1 swarm-fake fail-until 2", 1, "");
    check("SWARM_ATTEMPT=2 swarm-fake fail-until 2", 0, "");
    check("swarm-fake fail-until 2", 70, "");
    check("swarm-fake no-such-mode", 70, "");
    // A shell tells death by signal N as 128 + N.
    check("swarm-fake die-by-signal 11; exit $?", 139, "");
    check(
        "swarm-fake die-mid-write half; echo $?; cat half",
        0,
        "137\nhalf of a li",
    );
}

#[test]
#[should_panic(expected = "expected exit 0")]
fn a_failed_program_fails_a_test_that_wants_success() {
    let env = sealed();
    env.shell(env.root(), "echo why >&2; exit 3")
        .run()
        .success();
}

#[test]
fn a_running_program_is_watched_fed_and_interrupted() {
    let env = sealed();
    let script = "read word; echo got $word; exec sleep 600";
    let mut running = env.shell(env.root(), script).stdin("milk\n").start();
    running.wait_for("got milk");
    running.signal(Signal::INT);
    let output = running.wait().killed_by(2);
    assert_eq!(output.stdout(), "got milk\n");
}

#[test]
#[should_panic(expected = "ended without saying \"more\"")]
fn waiting_for_words_of_a_dead_program_ends_at_once() {
    let env = sealed();
    env.shell(env.root(), "echo less").start().wait_for("more");
}

#[test]
fn a_screen_shows_what_a_person_would_see_and_takes_keys() {
    let env = sealed();
    let script = r#"stty size; printf 'one\rtwo\n'; read word
        printf '\033[2J\033[Hgot %s\n' "$word"; exit 7"#;
    let mut screen = env.shell(env.root(), script).on_screen(10, 40);
    let shown = screen.wait_for("two");
    assert!(shown.starts_with("10 40\ntwo"), "{shown:?}");
    screen.press("milk\n");
    assert_eq!(screen.wait(), 7);
    assert_eq!(screen.text().trim(), "got milk");
    assert!(screen.transcript().contains("one\r"));
}

#[test]
fn ctrl_c_on_a_screen_reaches_the_program() {
    let env = sealed();
    let script = "trap 'echo caught; exit 5' INT; echo ready; while :; do sleep 1; done";
    let mut screen = env.shell(env.root(), script).on_screen(5, 40);
    screen.wait_for("ready");
    screen.press("\x03");
    assert_eq!(screen.wait(), 5);
    assert!(screen.text().contains("caught"));
}

#[test]
fn swarm_itself_runs_in_the_environment() {
    let env = sealed();
    let output = env.swarm(env.root()).arg("--version").run().success();
    assert_eq!(
        output.stdout(),
        format!("swarm {}\n", env!("CARGO_PKG_VERSION"))
    );
    let mut screen = env.swarm(env.root()).arg("--help").on_screen(80, 100);
    assert_eq!(screen.wait(), 0);
    assert!(screen.text().contains("Usage: swarm "), "{}", screen.text());
}
