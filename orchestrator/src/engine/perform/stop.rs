//! The effects `Stop` and `StopGate` for processes that an earlier engine started: nothing new is started, what lives is
//! stopped, and what is owed is answered.
//!
//! Processes of this engine are stopped by their tokens and never come here.

use swarm_mailbox::id::{AttemptNo, MessageId};
use swarm_run::event::{CandidateNo, EventKind, Verdict, WorkEnd};
use swarm_run::plan::TaskIx;
use swarm_worker::WorkerSpec;

use super::{Hands, PerformError};
use crate::engine::job;

impl Hands {
    /// An attempt owes the end of its worker or the verdict of its gates. Both are answered: the run machine takes the
    /// one that is owed, and the other is an illegal event that changes nothing.
    pub(super) async fn stop_attempt(
        &self,
        task: TaskIx,
        attempt: AttemptNo,
    ) -> Result<(), PerformError> {
        let worker = job::attempt(&self.context, task, attempt, &self.context.base, None)?;
        self.end_all(&worker).await?;
        let done = self.take_report(&worker)?;
        self.conclude(task, attempt, done.ok_or(WorkEnd::Stopped))?;
        let checker = job::check(&self.context, task, attempt)?;
        self.end_all(&checker).await?;
        let letter = self.report_of_any(&checker)?;
        let verdict = EventKind::Checked {
            task,
            attempt,
            verdict: Verdict::Stopped,
        };
        self.out.reported(verdict, letter);
        Ok(())
    }

    pub(super) async fn stop_gate(&self, candidate: CandidateNo) -> Result<(), PerformError> {
        let spec = job::gate(&self.context, candidate)?;
        self.end_all(&spec).await?;
        let letter = self.report_of_any(&spec)?;
        let verdict = EventKind::CandidateGated {
            candidate,
            verdict: Verdict::Stopped,
        };
        self.out.reported(verdict, letter);
        Ok(())
    }

    /// The message in which any of the tries of `spec` reported; it is settled with the verdict.
    fn report_of_any(&self, spec: &WorkerSpec) -> Result<Option<MessageId>, PerformError> {
        for spec in self.tries(spec)? {
            if let Some((_, letter)) = self.take_report(&spec)? {
                return Ok(Some(letter));
            }
        }
        Ok(None)
    }

    /// Ends every process of this name, whichever of its tries it is.
    async fn end_all(&self, spec: &WorkerSpec) -> Result<(), PerformError> {
        for spec in self.tries(spec)? {
            self.end(&spec).await?;
            self.context.launcher.reap(&spec.state).await?;
        }
        Ok(())
    }
}
