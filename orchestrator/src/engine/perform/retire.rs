//! The effect `Retire`: the worktree of a finished task goes, as far as its work is provably kept.
//!
//! Knows nothing of how the task ended: git tells whether its work is in the integration branch.

use swarm_mailbox::id::AttemptNo;
use swarm_run::plan::TaskIx;

use super::{Hands, PerformError};
use crate::engine::context::Context;
use crate::git::guard::{self, Retired, Retirement};
use crate::git::refs;
use crate::report::notice::Notice;

impl Hands {
    pub(super) async fn retire(
        &self,
        task: TaskIx,
        attempt: AttemptNo,
    ) -> Result<(), PerformError> {
        let retired = self
            .blocking(move |context| retire(context, task, attempt))
            .await;
        // A worktree that stays costs disk and nothing else; `swarm gc` comes back to it.
        if let Err(error) = retired {
            let id = &self.context.task(task).id;
            self.out.told(Notice::Warning {
                text: format!("the worktree of {id} stays for now: {error}"),
            });
        }
        Ok(())
    }
}

fn retire(
    context: &Context,
    task: TaskIx,
    attempt: AttemptNo,
) -> Result<Option<Retired>, PerformError> {
    if context.in_place(task) {
        return Ok(None);
    }
    // Without the branch there is nothing to prove anything with; `swarm gc`, which takes it, takes worktrees first.
    let Some(tip) = refs::read(&context.repo, &context.integration())? else {
        return Ok(None);
    };
    let retired = guard::retire(
        &context.repo,
        Retirement {
            run: context.run(),
            task: &context.task(task).id,
            attempt,
            worktree: &context.directory(task),
            branch: &context.branch(task),
            merged_into: Some(&tip),
        },
    )?;
    Ok(Some(retired))
}
