//! One job: its steps in order, each within its time, until all are done or somebody says stop.
//!
//! One loop for each step, fed by one channel; it sleeps until something happens or is due.
//! Knows nothing of how processes are started, waited for or killed.

use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant};

use swarm_mailbox::durable;
use swarm_mailbox::wire::report::{Exit, Outcome, Report, StepResult};

use crate::exec::{End, Happening, Output, Running};
use crate::inbox;
use crate::spec::{Step, WorkerSpec};
use crate::state::StateDir;

/// How often the mailbox is looked at. A stop comes with a signal too, so this is only the slow way.
const MAIL_EVERY: Duration = Duration::from_millis(250);
/// How often SIGKILL is repeated while something is left.
const KILL_EVERY: Duration = Duration::from_millis(50);
/// How long something may survive SIGKILL (in uninterruptible sleep, say) before the job gives up on it.
const UNKILLABLE_AFTER: Duration = Duration::from_secs(10);
/// How long output may stay open when every process of the command is gone.
const OUTPUT_PATIENCE: Duration = Duration::from_secs(1);
/// How much of a command is repeated in the report, in bytes.
const COMMAND_BYTES: usize = 256;

/// Runs the job of `spec` to its end.
pub(crate) fn run(
    spec: &WorkerSpec,
    state: &StateDir,
    (to_job, happenings): (Sender<Happening>, Receiver<Happening>),
) -> Report {
    let mut job = Job {
        spec,
        state,
        to_job,
        happenings,
        output: Output::new(&state.output(), spec.log_limit),
        deadline: after(spec.timeout_ms),
        stop_by: None,
        mail_due: Instant::now(),
        errors: Vec::new(),
    };
    let (outcome, mut steps) = job.run_steps();
    if let Some(error) = job.output.close() {
        job.errors.push(error);
    }
    for step in &mut steps {
        step.log = job.output.place(step.log);
    }
    let error = (!job.errors.is_empty()).then(|| job.errors.join("; "));
    Report {
        outcome,
        steps,
        error,
    }
}

/// A job on its way.
struct Job<'a> {
    spec: &'a WorkerSpec,
    state: &'a StateDir,
    to_job: Sender<Happening>,
    happenings: Receiver<Happening>,
    output: Output,
    /// When all steps must be done.
    deadline: Option<Instant>,
    /// Set when the worker is told to stop: when what runs is killed.
    stop_by: Option<Instant>,
    mail_due: Instant,
    errors: Vec<String>,
}

impl Job<'_> {
    fn run_steps(&mut self) -> (Outcome, Vec<StepResult>) {
        let mut outcome = Outcome::Succeeded;
        let mut steps = Vec::new();
        for step in &self.spec.steps {
            self.listen();
            if self.stop_by.is_some() {
                return (Outcome::Stopped, steps);
            }
            if is_over(self.deadline) {
                return (worst(outcome, Outcome::TimedOut), steps);
            }
            let Some(result) = self.run_step(step) else {
                return (worst(outcome, Outcome::Failed), steps);
            };
            let exit = result.exit;
            steps.push(result);
            if exit == Exit::Stopped {
                return (Outcome::Stopped, steps);
            }
            outcome = worst(outcome, exit.outcome());
            if outcome != Outcome::Succeeded && !self.spec.keep_going {
                break;
            }
        }
        (outcome, steps)
    }

    /// Runs one step. `None` where it could not be started, or could not be ended: the job is then over.
    fn run_step(&mut self, step: &Step) -> Option<StepResult> {
        let start = Instant::now();
        let running =
            match Running::start(self.spec, &step.command, &self.output, self.to_job.clone()) {
                Ok(running) => running,
                Err(error) => {
                    let dir = self.spec.dir.display();
                    self.errors.push(format!(
                        "cannot start step '{}' in {dir}: {error}",
                        step.name
                    ));
                    return None;
                }
            };
        self.record_group(&running);
        let exit = self.watch(&running, after(step.timeout_ms));
        let kept = running.finish(OUTPUT_PATIENCE);
        let Some(exit) = exit else {
            let seconds = UNKILLABLE_AFTER.as_secs();
            self.errors.push(format!(
                "step '{}' left processes that could not be killed within {seconds} s",
                step.name
            ));
            return None;
        };
        Some(StepResult {
            name: step.name.clone(),
            command: beginning(&step.command),
            exit,
            millis: u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX),
            log: kept.span,
            tail: kept.tail,
        })
    }

    /// Writes down who leads the step's group, for whoever has to clean up after this worker. On Linux the session that
    /// the worker leads says the same and was there before the step. Elsewhere this is all there is, and a worker that
    /// is killed in the moment between start and note leaves a group that nobody knows.
    fn record_group(&mut self, running: &Running) {
        let Some(leader) = running.leader() else {
            return;
        };
        let written = serde_json::to_vec(&leader)
            .map_err(Into::into)
            .and_then(|json| durable::replace(&self.state.group(), &json));
        if let Err(error) = written {
            self.errors
                .push(format!("cannot write down who runs the step: {error}"));
        }
    }

    /// Waits until the step and all that it started is gone, and ends it when its time is up or a stop is asked for.
    /// `None` where something cannot be killed.
    fn watch(&mut self, running: &Running, step_deadline: Option<Instant>) -> Option<Exit> {
        let deadline = earlier(self.deadline, step_deadline);
        let mut ending = Ending::default();
        loop {
            let next = [
                Some(self.mail_due),
                ending.next_kill,
                deadline.filter(|_| ending.exit.is_none()),
            ];
            let due = next.into_iter().flatten().min().unwrap_or(self.mail_due);
            match self
                .happenings
                .recv_timeout(due.saturating_duration_since(Instant::now()))
            {
                Ok(Happening::Exited { end, left }) => {
                    let exit = *ending.exit.get_or_insert(exit_of(end));
                    if !left {
                        return Some(exit);
                    }
                    // A command that ended by itself has no claim on more time for what it left behind.
                    if matches!(exit, Exit::Code(_) | Exit::Signal(_)) {
                        ending.kill_by(Instant::now());
                    }
                }
                Ok(Happening::Gone) => return ending.exit,
                Ok(Happening::StopSignal) => self.stop_signal(),
                // The other sender is this job's own, so that this is a timeout.
                Err(_) => self.look_for_mail(),
            }
            if ending.exit.is_none() {
                if self.stop_by.is_some() {
                    ending.begin(Exit::Stopped, running);
                } else if is_over(deadline) {
                    ending.begin(Exit::TimedOut, running);
                    ending.kill_by_some(after(Some(self.spec.stop_grace_ms)));
                }
            }
            ending.kill_by_some(self.stop_by);
            if !ending.kill_if_due(running) {
                return None;
            }
        }
    }

    /// Takes note of all that was said up to now.
    fn listen(&mut self) {
        while let Ok(happening) = self.happenings.try_recv() {
            if matches!(happening, Happening::StopSignal) {
                self.stop_signal();
            }
        }
        self.look_for_mail();
    }

    fn look_for_mail(&mut self) {
        if is_over(Some(self.mail_due)) {
            self.take_mail();
        }
    }

    /// A signal says nothing of a grace period; the message that comes with it does.
    fn stop_signal(&mut self) {
        self.take_mail();
        if self.stop_by.is_none() {
            self.stop_within(Duration::from_millis(self.spec.stop_grace_ms));
        }
    }

    fn take_mail(&mut self) {
        if let Some(grace) = inbox::stop_asked(self.spec) {
            self.stop_within(grace);
        }
        self.mail_due = Instant::now() + MAIL_EVERY;
    }

    /// A later word may shorten the time, never lengthen it.
    fn stop_within(&mut self, grace: Duration) {
        let by = Instant::now().checked_add(grace);
        // A grace period beyond all clocks still is a stop.
        let by = by.unwrap_or_else(|| Instant::now() + Duration::from_secs(u32::MAX.into()));
        self.stop_by = earlier(self.stop_by, Some(by));
    }
}

/// How far the end of one step has got.
#[derive(Default)]
struct Ending {
    /// How the step ends: known when the command exited, or when the worker decided to end it.
    exit: Option<Exit>,
    /// When SIGKILL is sent next.
    next_kill: Option<Instant>,
    /// When the first SIGKILL was sent.
    killed_since: Option<Instant>,
}

impl Ending {
    fn begin(&mut self, exit: Exit, running: &Running) {
        self.exit = Some(exit);
        running.terminate();
    }

    fn kill_by(&mut self, by: Instant) {
        if self.killed_since.is_none() {
            self.next_kill = earlier(self.next_kill, Some(by));
        }
    }

    fn kill_by_some(&mut self, by: Option<Instant>) {
        if let Some(by) = by
            && self.exit.is_some()
        {
            self.kill_by(by);
        }
    }

    /// Sends SIGKILL when it is time; `false` when that has been in vain for too long.
    fn kill_if_due(&mut self, running: &Running) -> bool {
        if !is_over(self.next_kill) {
            return true;
        }
        let now = Instant::now();
        running.kill();
        self.next_kill = Some(now + KILL_EVERY);
        now.duration_since(*self.killed_since.get_or_insert(now)) < UNKILLABLE_AFTER
    }
}

fn exit_of(end: End) -> Exit {
    match end {
        End::Code(code) => Exit::Code(code),
        End::Signal(signal) => Exit::Signal(signal),
    }
}

/// A job's outcome is that of its first step that did not succeed.
fn worst(first: Outcome, then: Outcome) -> Outcome {
    if first == Outcome::Succeeded {
        then
    } else {
        first
    }
}

fn after(millis: Option<u64>) -> Option<Instant> {
    Instant::now().checked_add(Duration::from_millis(millis?))
}

fn is_over(deadline: Option<Instant>) -> bool {
    deadline.is_some_and(|deadline| deadline <= Instant::now())
}

fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

fn beginning(command: &str) -> String {
    let mut end = command.len().min(COMMAND_BYTES);
    while !command.is_char_boundary(end) {
        end -= 1;
    }
    command.get(..end).unwrap_or_default().to_owned()
}
