//! The effect `MoveTip`: the integration branch goes to a gated candidate, by compare-and-swap, and is looked at again.
//!
//! Knows nothing of what the candidate holds.

use swarm_mailbox::id::CommitId;
use swarm_run::event::{CandidateNo, EventKind};

use super::{Hands, PerformError};
use crate::engine::context::Context;
use crate::git::refs::{self, RefError, RefUpdate};

impl Hands {
    pub(super) async fn move_tip(
        &self,
        candidate: CandidateNo,
        from: CommitId,
        to: CommitId,
    ) -> Result<(), PerformError> {
        let kind = self
            .blocking(move |context| move_tip(context, candidate, &from, &to))
            .await?;
        self.out.happened(kind);
        Ok(())
    }
}

fn move_tip(
    context: &Context,
    candidate: CandidateNo,
    from: &CommitId,
    to: &CommitId,
) -> Result<EventKind, PerformError> {
    let name = context.integration();
    // A crash may have come between the move and its journal entry: then the branch stands at `to` already.
    let step = [RefUpdate::advance(name.as_str(), from, to)];
    match refs::update(&context.repo, &step, "swarm: merge") {
        Ok(()) | Err(RefError::Moved { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    let tip = match refs::read(&context.repo, &name)? {
        Some(tip) => tip,
        // Somebody deleted the branch: what it held is known, and it is put back for the next try.
        None => {
            refs::update(
                &context.repo,
                &[RefUpdate::create(name, from)],
                "swarm: restore",
            )?;
            from.clone()
        }
    };
    // What was reached is verified on the branch itself, and not concluded from the move.
    if tip == *to || refs::is_ancestor(&context.repo, to, &tip)? {
        return Ok(EventKind::TipMoved { candidate });
    }
    Ok(EventKind::TipRefused { candidate, tip })
}
