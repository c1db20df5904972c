//! The effect `Settle`: what a worker left becomes a commit on its branch.
//!
//! Knows nothing of whether the work is any good.

use swarm_mailbox::id::{AttemptNo, CommitId};
use swarm_run::event::EventKind;
use swarm_run::plan::TaskIx;

use super::{Hands, PerformError};
use crate::engine::context::Context;
use crate::engine::{findings, job};
use crate::gate::finding::{Finding, Severity};
use crate::git::commit::{self, CommitError, Work};

impl Hands {
    pub(super) async fn settle(
        &self,
        task: TaskIx,
        attempt: AttemptNo,
    ) -> Result<(), PerformError> {
        let head = self
            .blocking(move |context| settle(context, task, attempt))
            .await?;
        self.out.happened(EventKind::Settled {
            task,
            attempt,
            head,
        });
        Ok(())
    }
}

fn settle(
    context: &Context,
    task: TaskIx,
    attempt: AttemptNo,
) -> Result<Option<CommitId>, PerformError> {
    if context.in_place(task) {
        return Ok(None);
    }
    let branch = context.branch(task);
    let from = job::base_of(context, task, attempt)?;
    let work = Work {
        worktree: &context.directory(task),
        branch: &branch,
        from: &from,
        hooks: context.hooks(),
    };
    match commit::commit_all(&context.repo, work, &context.message(task)) {
        Ok(head) => Ok(head),
        Err(CommitError::Git(error)) => Err(error.into()),
        // The worker left its worktree in a state that is its own fault: the gates refuse it with this finding.
        Err(fault) => {
            let finding = Finding::new("commit", Severity::Error, None, &fault.to_string());
            findings::save(context, task, attempt, vec![finding])?;
            Ok(None)
        }
    }
}
