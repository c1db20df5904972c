//! A process from its start to its report, for whoever needs one done.
//!
//! Knows nothing of what the commands are for.

use std::time::Duration;

use swarm_mailbox::id::MessageId;
use swarm_mailbox::wire::message::Message;
use swarm_mailbox::wire::report::{Outcome, Report};
use swarm_run::event::Verdict;
use swarm_worker::{StateDir, WorkerSpec};
use tokio_util::sync::CancellationToken;

use super::{Hands, PerformError};
use crate::engine::agent;
use crate::launch::Presence;

/// How often a set of gates that vanishes without a report is run anew before the environment is blamed.
const MAX_TRIES: u32 = 3;

/// What came of a process: its report and the message that brought it; none when it vanished.
pub(super) type Done = Option<(Report, MessageId)>;

/// What the gates say that ended so.
pub(super) fn verdict(outcome: Outcome) -> Verdict {
    match outcome {
        Outcome::Succeeded => Verdict::Passed,
        Outcome::Stopped => Verdict::Stopped,
        Outcome::Failed | Outcome::TimedOut | Outcome::Killed { .. } => Verdict::Failed,
    }
}

impl Hands {
    /// Starts (or finds) the process of `spec`, waits for its end and takes its report out of the mailbox. A
    /// cancelled `token` stops it.
    pub(super) async fn run_job(
        &self,
        spec: &WorkerSpec,
        token: &CancellationToken,
        started: impl FnOnce(),
    ) -> Result<Done, PerformError> {
        let launcher = &self.context.launcher;
        launcher.start(spec)?;
        started();
        tokio::select! {
            ended = launcher.wait(&spec.state) => ended?,
            () = token.cancelled() => {
                self.end(spec).await?;
                launcher.wait(&spec.state).await?;
            }
        }
        if let Some(done) = self.take_report(spec)? {
            return Ok(Some(done));
        }
        // It was killed: what it left running dies before anything is concluded from that, and a report that it could
        // not deliver any more is delivered.
        launcher.reap(&spec.state).await?;
        self.take_report(spec)
    }

    /// Ends the process of `spec`, which gets its grace period as long as the user has patience.
    pub(super) async fn end(&self, spec: &WorkerSpec) -> Result<(), PerformError> {
        let launcher = &self.context.launcher;
        tokio::select! {
            biased;
            () = self.haste.cancelled() => {}
            ended = launcher.stop(spec, self.context.settings.stop_grace) => return Ok(ended?),
        }
        Ok(launcher.stop(spec, Duration::ZERO).await?)
    }

    /// Whether there is a worker for `spec`.
    pub(super) fn presence(&self, spec: &WorkerSpec) -> Result<Presence, PerformError> {
        Ok(Presence::of(&StateDir::new(&spec.state))?)
    }

    /// Runs `spec`, under a further name each time that it vanishes without a report. Names that earlier engines used up
    /// do not count.
    pub(super) async fn run_gates(
        &self,
        spec: WorkerSpec,
        token: &CancellationToken,
    ) -> Result<(Report, MessageId), PerformError> {
        let mut tries = 0;
        for number in 1.. {
            let spec = self.renamed(&spec, number)?;
            if self.is_spent(&spec)? {
                continue;
            }
            if let Some(done) = self.run_job(&spec, token, || ()).await? {
                return Ok(done);
            }
            tries += 1;
            if tries == MAX_TRIES {
                break;
            }
        }
        Err(PerformError::GatesVanish {
            what: spec.agent.to_string(),
            tries,
        })
    }

    /// Whether a process of this name ran before and nothing of it is left to be read.
    fn is_spent(&self, spec: &WorkerSpec) -> Result<bool, PerformError> {
        let ended = self.presence(spec)? == Presence::Ended;
        Ok(ended && self.take_report(spec)?.is_none())
    }

    pub(super) fn take_report(&self, spec: &WorkerSpec) -> Result<Done, PerformError> {
        let delivery = self.context.mailbox.pending()?;
        Ok(delivery
            .letters
            .into_iter()
            .find_map(|letter| match letter.body {
                Message::Report(report) if letter.from == spec.agent => Some((report, letter.id)),
                Message::Report(_) | Message::Stop { .. } | Message::Command(_) => None,
            }))
    }

    /// Every name under which `spec` was run, oldest first; names are used in order.
    pub(super) fn tries(&self, spec: &WorkerSpec) -> Result<Vec<WorkerSpec>, PerformError> {
        let mut tries = Vec::new();
        for number in 1.. {
            let spec = self.renamed(spec, number)?;
            if self.presence(&spec)? == Presence::Never {
                break;
            }
            tries.push(spec);
        }
        Ok(tries)
    }

    /// `spec` for its try of this number: an agent's name is used once, so that a report can never be taken for that of
    /// another process.
    fn renamed(&self, spec: &WorkerSpec, number: u32) -> Result<WorkerSpec, PerformError> {
        if number == 1 {
            return Ok(spec.clone());
        }
        let agent = agent::again(&spec.agent, number)?;
        Ok(WorkerSpec {
            state: self.context.dir.worker(&agent),
            agent,
            ..spec.clone()
        })
    }
}
