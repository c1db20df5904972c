//! Real detached workers: this test binary starts itself as the worker, and as an engine that dies.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::{AtomicU64, Ordering};

use swarm_mailbox::id::AgentName;
use swarm_mailbox::wire::report::{Outcome, Report};
use swarm_worker::spec::SPEC_VERSION;
use swarm_worker::{Step, strays};

use super::*;

/// Makes a copy of this program the worker of a spec.
const WORKER: &str = "SWARM_TEST_LAUNCHED_WORKER";
/// Makes a copy of this program an engine that starts the worker of a spec and dies; the launcher's program is there too.
const ENGINE: &str = "SWARM_TEST_DYING_ENGINE";
const PROGRAM: &str = "SWARM_TEST_PROGRAM";
/// Keeps a worker from its birth until [`Fixture::let_go`].
const NOT_YET: &str = "while [ ! -e \"${0%/*}/go\" ]; do sleep 0.01; done";

/// What the workers of the other tests run. By itself it shows that a worker without a spec says so.
#[test]
fn the_worker_itself() {
    let spec = std::env::var_os(WORKER);
    let result = swarm_worker::main(Path::new(&spec.clone().unwrap_or("/nowhere".into())));
    match (spec, result) {
        (None, result) => assert!(result.is_err()),
        (Some(_), Ok(())) => std::process::exit(0),
        (Some(_), Err(error)) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    }
}

/// What a dying engine runs. By itself it shows that the program of a launcher must exist.
#[tokio::test]
async fn the_engine_itself() {
    let Some(path) = std::env::var_os(ENGINE) else {
        let fixture = Fixture::new("true");
        let launcher = Launcher::new("/nowhere/swarm".into());
        let error = launcher.start(&fixture.spec).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("cannot run /nowhere/swarm as a worker: "),
            "{error}"
        );
        assert_eq!(fixture.presence(), Presence::Never);
        return;
    };
    let spec: WorkerSpec = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let launcher = Launcher::new(std::env::var_os(PROGRAM).unwrap().into());
    launcher.start(&spec).unwrap();
    Owner::this_process().unwrap().signal(Signal::KILL).unwrap();
}

struct Fixture {
    dir: tempfile::TempDir,
    spec: WorkerSpec,
    engine: Mailbox,
    launcher: Launcher,
}

impl Fixture {
    fn new(command: &str) -> Self {
        Self::with_program(command, "")
    }

    /// A job of one command; the worker's program runs `first` before it becomes a worker.
    fn with_program(command: &str, first: &str) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let dir = tempfile::tempdir().unwrap();
        let unique = u64::from(std::process::id()) << 8 | COUNT.fetch_add(1, Ordering::Relaxed);
        let tree = dir.path().join("tree");
        fs::create_dir(&tree).unwrap();
        let engine = AgentName::new("engine").unwrap();
        let spec = WorkerSpec {
            v: SPEC_VERSION,
            run: RunId::at(1_767_225_600 + unique, 1),
            agent: AgentName::new("core.1").unwrap(),
            report_to: engine.clone(),
            mail: dir.path().join("mail"),
            state: dir.path().join("workers/core.1"),
            dir: tree,
            env: BTreeMap::from([("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned())]),
            steps: vec![Step {
                name: "run".into(),
                command: command.into(),
                timeout_ms: None,
            }],
            keep_going: false,
            timeout_ms: None,
            stop_grace_ms: 200,
            log_limit: 1 << 16,
        };
        let engine = Mailbox::open(&spec.mail, &engine).unwrap();
        let program = dir.path().join("swarm");
        let me = std::env::current_exe().unwrap();
        let script = format!(
            "#!/bin/sh\n[ \"$1\" = worker ] || exit 9\n{first}\n{WORKER}=\"$2\" exec '{}' --exact launch::tests::the_worker_itself --nocapture\n",
            me.display()
        );
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        Self {
            launcher: Launcher::new(program),
            dir,
            spec,
            engine,
        }
    }

    /// The same job for a second worker of the same run.
    fn other(&self, agent: &str) -> WorkerSpec {
        let agent = AgentName::new(agent).unwrap();
        let state = self.spec.state.with_file_name(agent.as_str());
        WorkerSpec {
            agent,
            state,
            ..self.spec.clone()
        }
    }

    fn let_go(&self) {
        fs::write(self.dir.path().join("go"), "").unwrap();
    }

    fn presence(&self) -> Presence {
        Presence::of(&StateDir::new(&self.spec.state)).unwrap()
    }

    fn alive(&self) -> Owner {
        match self.presence() {
            Presence::Alive(owner) => owner,
            other => panic!("{other:?}"),
        }
    }

    async fn wait(&self) {
        self.launcher.wait(&self.spec.state).await.unwrap();
        assert_eq!(self.presence(), Presence::Ended);
    }

    fn reports(&self) -> Vec<Report> {
        let delivery = self.engine.pending().unwrap();
        assert!(delivery.dead.is_empty());
        let report = |letter: Envelope| match letter.body {
            Message::Report(report) => report,
            other => panic!("{other:?}"),
        };
        delivery.letters.into_iter().map(report).collect()
    }

    fn report(&self) -> Report {
        let mut reports = self.reports();
        assert_eq!(
            reports.len(),
            1,
            "{:?}",
            fs::read_to_string(StateDir::new(&self.spec.state).worker_log())
        );
        reports.remove(0)
    }

    /// Waits for a line in a file that the command makes.
    async fn read(&self, name: &str) -> String {
        let path = self.spec.dir.join(name);
        for _ in 0..2000 {
            if let Ok(text) = fs::read_to_string(&path)
                && text.ends_with('\n')
            {
                return text;
            }
            sleep(Duration::from_millis(5)).await;
        }
        panic!("there is no {}", path.display());
    }

    /// Lets another process start the worker and die of SIGKILL at once.
    async fn start_by_dying_engine(&self) {
        let path = self.dir.path().join("spec-for-engine");
        fs::write(&path, serde_json::to_vec(&self.spec).unwrap()).unwrap();
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "launch::tests::the_engine_itself", "--nocapture"])
            .env(ENGINE, path)
            .env(PROGRAM, self.dir.path().join("swarm"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .await
            .unwrap();
        assert_eq!(
            std::os::unix::process::ExitStatusExt::signal(&status),
            Some(9)
        );
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        for stray in strays::marked(&self.spec.run) {
            stray.owner.signal(Signal::KILL).unwrap();
            assert!(std::thread::panicking(), "left behind: {stray:?}");
        }
    }
}

#[tokio::test]
async fn a_worker_is_started_once_and_waited_for() {
    let fixture = Fixture::new("echo x >> ran");
    assert_eq!(fixture.presence(), Presence::Never);
    fixture.launcher.wait(&fixture.spec.state).await.unwrap();
    fixture.launcher.start(&fixture.spec).unwrap();
    fixture.launcher.start(&fixture.spec).unwrap();
    let pid = fixture.alive().pid;
    fixture.wait().await;
    assert!(Stat::of(pid).is_none(), "it stayed as a zombie");
    assert_eq!(fixture.report().outcome, Outcome::Succeeded);
    fixture.launcher.start(&fixture.spec).unwrap();
    fixture.wait().await;
    assert_eq!(fixture.read("ran").await, "x\n");
    assert_eq!(fixture.reports().len(), 1);
}

#[tokio::test]
async fn a_wait_that_was_dropped_can_be_made_again() {
    let fixture = Fixture::new("while [ ! -e go ]; do sleep 0.02; done");
    fixture.launcher.start(&fixture.spec).unwrap();
    let wait = fixture.launcher.wait(&fixture.spec.state);
    assert!(
        tokio::time::timeout(Duration::from_millis(100), wait)
            .await
            .is_err()
    );
    fs::write(fixture.spec.dir.join("go"), "").unwrap();
    fixture.wait().await;
    assert_eq!(fixture.report().outcome, Outcome::Succeeded);
}

#[tokio::test]
async fn a_worker_outlives_its_engine_and_is_adopted_by_the_next() {
    let fixture = Fixture::new("echo x >> ran; while [ ! -e go ]; do sleep 0.02; done");
    fixture.start_by_dying_engine().await;
    fixture.read("ran").await;
    let owner = fixture.alive();
    fixture.launcher.start(&fixture.spec).unwrap();
    assert_eq!(fixture.alive(), owner);
    fs::write(fixture.spec.dir.join("go"), "").unwrap();
    fixture.wait().await;
    assert_eq!(fixture.report().outcome, Outcome::Succeeded);
    assert_eq!(fixture.read("ran").await, "x\n");
}

#[tokio::test]
async fn a_newborn_worker_of_a_dead_engine_is_never_overlooked() {
    let fixture = Fixture::with_program("echo x >> ran", NOT_YET);
    fixture.start_by_dying_engine().await;
    let state = StateDir::new(&fixture.spec.state);
    assert!(
        matches!(fixture.presence(), Presence::Alive(_)),
        "by the note"
    );
    fs::remove_file(state.launching()).unwrap();
    assert!(!state.lease().exists());
    assert!(
        matches!(fixture.presence(), Presence::Alive(_)),
        "by the mark"
    );
    fixture.launcher.start(&fixture.spec).unwrap();
    assert!(!state.launching().exists(), "a second one was started");
    fixture.let_go();
    fixture.wait().await;
    assert_eq!(fixture.report().outcome, Outcome::Succeeded);
    assert_eq!(fixture.read("ran").await, "x\n");
}

#[tokio::test]
async fn a_spec_without_a_process_is_no_worker() {
    let fixture = Fixture::new("true");
    fs::create_dir_all(&fixture.spec.state).unwrap();
    fixture
        .spec
        .save(&StateDir::new(&fixture.spec.state).spec())
        .unwrap();
    assert_eq!(fixture.presence(), Presence::Never);
    fixture.launcher.start(&fixture.spec).unwrap();
    fixture.wait().await;
    assert_eq!(fixture.report().outcome, Outcome::Succeeded);
}

#[tokio::test]
async fn whoever_waits_for_the_second_of_two_waits_for_the_one_that_works() {
    let fixture = Fixture::new("echo x >> ran; while [ ! -e go ]; do sleep 0.02; done");
    fixture.start_by_dying_engine().await;
    fixture.read("ran").await;
    // A launcher that could not know of the first.
    let child = fixture
        .launcher
        .spawn(&fixture.spec, &StateDir::new(&fixture.spec.state))
        .unwrap();
    fixture
        .launcher
        .children()
        .insert(fixture.spec.state.clone(), child);
    let wait = fixture.launcher.wait(&fixture.spec.state);
    assert!(
        tokio::time::timeout(Duration::from_millis(500), wait)
            .await
            .is_err()
    );
    fs::write(fixture.spec.dir.join("go"), "").unwrap();
    fixture.wait().await;
    assert_eq!(fixture.read("ran").await, "x\n");
    assert_eq!(fixture.report().outcome, Outcome::Succeeded);
}

#[tokio::test]
async fn a_worker_that_died_before_its_lease_has_ended() {
    let fixture = Fixture::with_program("true", "exit 3");
    fixture.launcher.start(&fixture.spec).unwrap();
    fixture.wait().await;
    assert!(fixture.reports().is_empty());
    let reaped = fixture.launcher.reap(&fixture.spec.state).await.unwrap();
    assert!(!reaped.report && reaped.killed.is_empty());
}

#[tokio::test]
async fn a_missing_directory_is_refused_and_nothing_starts() {
    let mut fixture = Fixture::new("true");
    fixture.spec.dir = "/nowhere/at all".into();
    let error = fixture.launcher.start(&fixture.spec).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot start a worker in /nowhere/at all: there is no such directory"
    );
    assert_eq!(fixture.presence(), Presence::Never);
}

#[tokio::test]
async fn a_stop_ends_the_job_with_a_report() {
    let fixture =
        Fixture::new("trap 'echo bye; exit 0' TERM; echo up > up; while :; do sleep 0.02; done");
    fixture.launcher.start(&fixture.spec).unwrap();
    fixture.read("up").await;
    let start = Instant::now();
    fixture
        .launcher
        .stop(&fixture.spec, Duration::from_secs(60))
        .await
        .unwrap();
    assert!(start.elapsed() < Duration::from_secs(20));
    fixture.wait().await;
    let report = fixture.report();
    assert_eq!(report.outcome, Outcome::Stopped);
    assert!(
        report.steps[0].tail.ends_with("bye\n"),
        "{}",
        report.steps[0].tail
    );
    fixture
        .launcher
        .stop(&fixture.spec, Duration::ZERO)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_stop_of_a_newborn_worker_starts_nothing_and_is_reported() {
    let fixture = Fixture::with_program("touch ran", NOT_YET);
    fixture.launcher.start(&fixture.spec).unwrap();
    let stop = fixture
        .launcher
        .stop(&fixture.spec, Duration::from_secs(60));
    let birth = async {
        sleep(Duration::from_millis(200)).await;
        fixture.let_go();
    };
    let (stopped, ()) = tokio::join!(stop, birth);
    stopped.unwrap();
    fixture.wait().await;
    assert_eq!(fixture.report().outcome, Outcome::Stopped);
    assert!(!fixture.spec.dir.join("ran").exists());
}

#[tokio::test]
async fn a_worker_that_does_not_answer_is_killed_with_all_that_it_started() {
    let fixture = Fixture::new("setsid sleep 300 & echo up > up; sleep 300");
    fixture.launcher.start(&fixture.spec).unwrap();
    fixture.read("up").await;
    fixture.alive().signal(Signal::STOP).unwrap();
    fixture
        .launcher
        .stop(&fixture.spec, Duration::from_millis(100))
        .await
        .unwrap();
    fixture.wait().await;
    assert_eq!(strays::marked(&fixture.spec.run), []);
    assert!(fixture.reports().is_empty());
}

#[tokio::test]
async fn what_a_killed_worker_left_is_gone_when_it_is_reaped() {
    // One in the session, one in a session of its own, and below that one without the mark.
    let command =
        "setsid sh -c 'env -i setsid /bin/sleep 301 & echo up > up; sleep 302' & sleep 303";
    let fixture = Fixture::new(command);
    fixture.launcher.start(&fixture.spec).unwrap();
    fixture.read("up").await;
    let owner = fixture.alive();
    assert!(matches!(
        fixture.launcher.reap(&fixture.spec.state).await,
        Err(LaunchError::Alive(_))
    ));
    let below = loop {
        let below = strays::below(owner.pid);
        if below.len() >= 5 {
            break below;
        }
        sleep(Duration::from_millis(5)).await;
    };
    owner.signal(Signal::KILL).unwrap();
    fixture.wait().await;
    let reaped = fixture.launcher.reap(&fixture.spec.state).await.unwrap();
    assert!(!reaped.report);
    for process in below {
        assert!(!process.is_alive(), "{process} is left");
        assert!(reaped.killed.contains(&process), "{process} is not told");
    }
    let again = fixture.launcher.reap(&fixture.spec.state).await.unwrap();
    assert!(again.killed.is_empty());
}

#[tokio::test]
async fn a_report_that_a_worker_could_not_post_is_posted_for_it_once() {
    let fixture = Fixture::new("echo done");
    let mailbox = fixture.spec.mail.join("engine");
    let hidden = fixture.spec.mail.join("hidden");
    fs::rename(&mailbox, &hidden).unwrap();
    fixture.launcher.start(&fixture.spec).unwrap();
    fixture.wait().await;
    fs::rename(&hidden, &mailbox).unwrap();
    assert!(fixture.reports().is_empty());
    for _ in 0..2 {
        assert!(
            fixture
                .launcher
                .reap(&fixture.spec.state)
                .await
                .unwrap()
                .report
        );
        assert_eq!(fixture.report().steps[0].tail, "done\n");
    }
    let letter = fixture.engine.pending().unwrap().letters.remove(0);
    fixture.engine.settle(letter.id).unwrap();
    assert!(
        fixture
            .launcher
            .reap(&fixture.spec.state)
            .await
            .unwrap()
            .report
    );
    assert!(fixture.reports().is_empty(), "what is settled stays so");
}

#[tokio::test]
async fn a_sweep_kills_what_dead_workers_left_and_spares_the_living() {
    let fixture = Fixture::new("echo $$ > pid.$SWARM_NAME; sleep 300");
    let mut dead = fixture.other("dead.1");
    let mut living = fixture.other("living.1");
    dead.env.insert("SWARM_NAME".into(), "dead".into());
    living.env.insert("SWARM_NAME".into(), "living".into());
    for spec in [&dead, &living] {
        fixture.launcher.start(spec).unwrap();
    }
    let left = Owner::of(fixture.read("pid.dead").await.trim().parse().unwrap()).unwrap();
    let kept = Owner::of(fixture.read("pid.living").await.trim().parse().unwrap()).unwrap();
    let workers = fixture.spec.state.parent().unwrap();
    assert_eq!(
        fixture
            .launcher
            .sweep(workers, &fixture.spec.run)
            .await
            .unwrap(),
        []
    );
    let Presence::Alive(worker) = Presence::of(&StateDir::new(&dead.state)).unwrap() else {
        panic!()
    };
    worker.signal(Signal::KILL).unwrap();
    fixture.launcher.wait(&dead.state).await.unwrap();
    let killed = fixture
        .launcher
        .sweep(workers, &fixture.spec.run)
        .await
        .unwrap();
    assert!(
        killed.iter().all(|stray| stray.agent == dead.agent)
            && killed.iter().any(|stray| stray.owner == left)
    );
    assert!(!left.is_alive() && kept.is_alive());
    fixture
        .launcher
        .stop(&living, Duration::ZERO)
        .await
        .unwrap();
    assert!(!kept.is_alive());
}

#[tokio::test]
async fn a_power_failure_leaves_an_ended_worker_or_none() {
    let fixture = Fixture::new("echo x >> ran");
    let state = StateDir::new(&fixture.spec.state);
    fs::create_dir_all(state.path()).unwrap();
    // The spec was not yet on the disk. What the lease says is there as soon as anything was run.
    fs::write(state.spec(), "").unwrap();
    assert_eq!(fixture.presence(), Presence::Never);
    let before = Owner {
        boot_id: "another".into(),
        ..Owner::this_process().unwrap()
    };
    fs::write(state.lease(), serde_json::to_vec(&before).unwrap()).unwrap();
    assert_eq!(fixture.presence(), Presence::Ended);
    fixture.launcher.reap(&fixture.spec.state).await.unwrap();
    fs::remove_file(state.lease()).unwrap();
    fixture.launcher.start(&fixture.spec).unwrap();
    fixture.wait().await;
    assert_eq!(fixture.report().outcome, Outcome::Succeeded);
}
