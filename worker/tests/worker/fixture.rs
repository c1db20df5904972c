//! A job with directories of its own, the engine's mailbox, and the worker process that runs it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use swarm_mailbox::id::{AgentName, RunId};
use swarm_mailbox::process::Owner;
use swarm_mailbox::store::Mailbox;
use swarm_mailbox::wire::Envelope;
use swarm_mailbox::wire::message::Message;
use swarm_mailbox::wire::report::Report;
use swarm_worker::spec::SPEC_VERSION;
use swarm_worker::{StateDir, Step, WorkerSpec, strays};

/// Names the spec to a copy of this program.
pub(crate) const SPEC: &str = "SWARM_TEST_WORKER_SPEC";
/// Nothing here takes that long unless it hangs.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Fixture {
    pub(crate) spec: WorkerSpec,
    pub(crate) engine: Mailbox,
    dir: tempfile::TempDir,
}

impl Fixture {
    /// A job of these commands, none of which has a time limit.
    pub(crate) fn new(commands: &[&str]) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| {
            let path = dir.path().join(name);
            fs::create_dir_all(&path).unwrap();
            path
        };
        // Marks must be unique among all tests that run at the same time.
        let unique = u64::from(std::process::id()) << 8 | COUNT.fetch_add(1, Ordering::Relaxed);
        let engine = AgentName::new("engine").unwrap();
        let step = |(at, command): (usize, &&str)| Step {
            name: format!("step {at}"),
            command: (*command).to_owned(),
            timeout_ms: None,
        };
        let spec = WorkerSpec {
            v: SPEC_VERSION,
            run: RunId::at(1_767_225_600 + unique, 0),
            agent: AgentName::new("core.1").unwrap(),
            report_to: engine.clone(),
            mail: path("mail"),
            state: path("workers/core.1"),
            dir: path("tree"),
            env: BTreeMap::from([("PATH".to_owned(), "/usr/local/bin:/usr/bin:/bin".to_owned())]),
            steps: commands.iter().enumerate().map(step).collect(),
            keep_going: false,
            timeout_ms: None,
            stop_grace_ms: 200,
            log_limit: 1 << 20,
        };
        let engine = Mailbox::open(&spec.mail, &engine).unwrap();
        Self { spec, engine, dir }
    }

    pub(crate) fn state(&self) -> StateDir {
        StateDir::new(&self.spec.state)
    }

    /// A file in the directory where the commands run.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.spec.dir.join(name)
    }

    pub(crate) fn log(&self) -> Vec<u8> {
        fs::read(self.state().output()).unwrap()
    }

    /// The kept output of one step.
    pub(crate) fn log_of(&self, report: &Report, step: usize) -> String {
        let (start, end) = report.steps[step].log;
        let log = self.log();
        String::from_utf8(log[start as usize..end as usize].to_vec()).unwrap()
    }

    /// Runs the job to its end.
    pub(crate) fn run(&self) -> Report {
        self.start().report(self)
    }

    pub(crate) fn start(&self) -> Worker {
        self.spec.save(&self.state().spec()).unwrap();
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.state().worker_log())
            .unwrap();
        let (mark, marked) = self.spec.mark();
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "the_worker_itself", "--nocapture"])
            .env_clear()
            .env(SPEC, self.state().spec())
            .env(mark, marked)
            .current_dir(self.dir.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        Worker(child)
    }

    pub(crate) fn post_stop(&self, grace_ms: u64) {
        let stop = Envelope::new(
            &self.spec.report_to,
            &self.spec.agent,
            Message::Stop { grace_ms },
        );
        Mailbox::open(&self.spec.mail, &self.spec.agent).unwrap();
        self.engine.post(&stop).unwrap();
    }

    pub(crate) fn reports(&self) -> Vec<Report> {
        let delivery = self.engine.pending().unwrap();
        assert!(delivery.dead.is_empty(), "{:?}", delivery.dead);
        let report = |letter: Envelope| match letter.body {
            Message::Report(report) if letter.from == self.spec.agent => report,
            other => panic!("{other:?}"),
        };
        delivery.letters.into_iter().map(report).collect()
    }

    /// Waits for a file that a command makes.
    pub(crate) fn wait_for(&self, name: &str) -> String {
        wait_until(&format!("file {name}"), || {
            fs::read_to_string(self.file(name))
                .ok()
                .filter(|text| text.ends_with('\n'))
        })
    }

    pub(crate) fn assert_nothing_left(&self) {
        assert_eq!(strays::marked(&self.spec.run), [], "processes are left");
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        for stray in strays::marked(&self.spec.run) {
            stray.owner.signal(rustix::process::Signal::KILL).unwrap();
            assert!(std::thread::panicking(), "left behind: {stray:?}");
        }
    }
}

pub(crate) struct Worker(pub(crate) Child);

impl Worker {
    pub(crate) fn owner(&self) -> Owner {
        Owner::of(self.0.id()).unwrap()
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        assert!(self.owner().signal(signal).unwrap());
    }

    /// Waits for the end; whether it exited with 0.
    pub(crate) fn end(&mut self) -> bool {
        let status = wait_until("the worker's end", || self.0.try_wait().unwrap());
        status.success()
    }

    /// Waits for the end, and the one report.
    pub(crate) fn report(mut self, fixture: &Fixture) -> Report {
        let log = fixture.state().worker_log();
        assert!(self.end(), "{}", fs::read_to_string(log).unwrap());
        fixture.assert_nothing_left();
        let mut reports = fixture.reports();
        assert_eq!(reports.len(), 1, "{reports:?}");
        reports.remove(0)
    }
}

pub(crate) fn wait_until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        sleep(Duration::from_millis(2));
    }
}

/// Whether the process with this number (as a command wrote it) lives.
pub(crate) fn lives(pid: &str) -> bool {
    Owner::of(pid.trim().parse().unwrap()).is_some()
}

pub(crate) fn size_of(path: &Path) -> u64 {
    path.metadata().map_or(0, |data| data.len())
}
