//! The effect `Gate`: the plan's gates on a candidate's merged tree, in a worktree that is kept warm.
//!
//! Knows nothing of how the tree came about.

use swarm_mailbox::id::CommitId;
use swarm_run::effect::Head;
use swarm_run::event::{CandidateNo, EventKind, Verdict};

use super::job::verdict;
use super::{Hands, Owner, PerformError};
use crate::engine::{findings, job};
use crate::git::worktree;
use crate::launch::Presence;
use crate::report::notice::Notice;

impl Hands {
    pub(super) async fn gate(
        &self,
        candidate: CandidateNo,
        commit: CommitId,
        heads: Vec<Head>,
    ) -> Result<(), PerformError> {
        if self.context.file.front.gates.is_empty() {
            self.out.happened(gated(candidate, Verdict::Passed));
            return Ok(());
        }
        let spec = job::gate(&self.context, candidate)?;
        // A process that is at work in the tree already must not have it changed under it.
        if !matches!(self.presence(&spec)?, Presence::Alive(_)) {
            self.blocking(move |context| {
                worktree::stage_gate(&context.repo, context.run(), &context.gate_tree(), &commit)
            })
            .await?;
        }
        let token = self.token(Owner::Candidate(candidate));
        let (report, letter) = self.run_gates(spec, &token).await?;
        let verdict = verdict(report.outcome);
        if verdict == Verdict::Failed {
            let found = findings::of_report(&report);
            let shown = findings::shown(&found);
            for head in &heads {
                findings::save(&self.context, head.task, head.attempt, found.clone())?;
            }
            self.out.told(Notice::MergedGatesFailed {
                candidate: candidate.0,
                tasks: heads
                    .iter()
                    .map(|head| self.context.task(head.task).id.clone())
                    .collect(),
                findings: shown,
            });
        }
        self.out.reported(gated(candidate, verdict), Some(letter));
        Ok(())
    }
}

fn gated(candidate: CandidateNo, verdict: Verdict) -> EventKind {
    EventKind::CandidateGated { candidate, verdict }
}
