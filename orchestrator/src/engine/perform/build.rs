//! The effect `Build`: the merge commit of a candidate, made in memory.
//!
//! Knows nothing of gates, and moves no branch.

use swarm_mailbox::id::CommitId;
use swarm_run::effect::Head;
use swarm_run::event::{CandidateNo, EventKind};
use swarm_run::plan::TaskIx;

use super::{Hands, PerformError};
use crate::engine::context::Context;
use crate::engine::findings;
use crate::gate::finding::Finding;
use crate::git::merge;
use crate::report::notice::Notice;

impl Hands {
    pub(super) async fn build(
        &self,
        candidate: CandidateNo,
        onto: CommitId,
        heads: Vec<Head>,
    ) -> Result<(), PerformError> {
        let built = self
            .blocking(move |context| build(context, &onto, &heads))
            .await?;
        for notice in built.notices {
            self.out.told(notice);
        }
        self.out.happened(EventKind::CandidateBuilt {
            candidate,
            commit: built.commit,
            conflicts: built.conflicts,
        });
        Ok(())
    }
}

struct Built {
    commit: Option<CommitId>,
    conflicts: Vec<TaskIx>,
    notices: Vec<Notice>,
}

fn build(context: &Context, onto: &CommitId, heads: &[Head]) -> Result<Built, PerformError> {
    let branches: Vec<_> = heads
        .iter()
        .map(|head| (head.commit.clone(), context.merge_message(head.task)))
        .collect();
    let batch = merge::merge_heads(&context.repo, onto, &branches)?;
    let mut built = Built {
        // Every head may be in the tip already, where a crash came between a move and its journal entry.
        commit: batch
            .commit
            .or_else(|| (!batch.included.is_empty()).then(|| onto.clone())),
        conflicts: Vec::new(),
        notices: Vec::new(),
    };
    for (place, files) in batch.conflicts {
        let head = &heads[place];
        let found = files.iter().map(Finding::conflict).collect();
        findings::save(context, head.task, head.attempt, found)?;
        built.conflicts.push(head.task);
        built.notices.push(Notice::Conflict {
            task: context.task(head.task).id.clone(),
            files: files
                .iter()
                .map(|file| file.path.to_string_lossy().into_owned())
                .collect(),
        });
    }
    Ok(built)
}
