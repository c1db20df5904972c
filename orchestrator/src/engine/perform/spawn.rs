//! The effect `Spawn`: a worktree from the newest tip, and a worker in it.
//!
//! Knows nothing of gates or merges.

use std::path::PathBuf;

use swarm_mailbox::id::{AttemptNo, CommitId, MessageId};
use swarm_mailbox::wire::report::{Outcome, Report};
use swarm_run::effect::Setback;
use swarm_run::event::{EventKind, Spent, WorkEnd};
use swarm_run::plan::TaskIx;

use super::{Hands, Owner, PerformError};
use crate::engine::context::Context;
use crate::engine::{findings, job};
use crate::git::guard::{self, Fate, Retirement};
use crate::git::worktree;
use crate::git::worktree::provision;
use crate::launch::Presence;

impl Hands {
    pub(super) async fn spawn(
        &self,
        task: TaskIx,
        attempt: AttemptNo,
        from: CommitId,
        setback: Option<Setback>,
    ) -> Result<(), PerformError> {
        let token = self.token(Owner::Attempt(task, attempt));
        let known = setback.and_then(|_| last_findings(&self.context, task, attempt));
        let spec = job::attempt(&self.context, task, attempt, &from, known.as_deref())?;
        if self.presence(&spec)? == Presence::Never {
            self.blocking(move |context| prepare(context, task, attempt, &from))
                .await?;
            if token.is_cancelled() {
                self.out.happened(ended(task, attempt, WorkEnd::Stopped));
                return Ok(());
            }
        }
        let started = EventKind::WorkerStarted { task, attempt };
        let done = self
            .run_job(&spec, &token, || self.out.happened(started))
            .await?;
        self.conclude(task, attempt, done.ok_or(WorkEnd::Lost))
    }

    /// Says how a worker ended: by its report, or as the caller concludes from there being none.
    pub(super) fn conclude(
        &self,
        task: TaskIx,
        attempt: AttemptNo,
        done: Result<(Report, MessageId), WorkEnd>,
    ) -> Result<(), PerformError> {
        let (report, letter) = match done {
            Ok(done) => done,
            Err(end) => {
                self.out.happened(ended(task, attempt, end));
                return Ok(());
            }
        };
        let end = match report.outcome {
            Outcome::Succeeded => WorkEnd::Succeeded,
            Outcome::Failed => WorkEnd::Failed,
            Outcome::TimedOut => WorkEnd::TimedOut,
            Outcome::Killed { .. } => WorkEnd::Killed,
            Outcome::Stopped => WorkEnd::Stopped,
        };
        if end != WorkEnd::Succeeded && end != WorkEnd::Stopped {
            let found = findings::of_report(&report);
            findings::save(&self.context, task, attempt, found)?;
        }
        self.out.reported(ended(task, attempt, end), Some(letter));
        Ok(())
    }
}

fn ended(task: TaskIx, attempt: AttemptNo, end: WorkEnd) -> EventKind {
    EventKind::WorkerEnded {
        task,
        attempt,
        end,
        spent: Spent::default(),
    }
}

/// What was found in the newest earlier try that left findings.
fn last_findings(context: &Context, task: TaskIx, attempt: AttemptNo) -> Option<PathBuf> {
    let id = &context.task(task).id;
    (1..attempt.0)
        .rev()
        .map(|earlier| context.dir.findings(id, AttemptNo(earlier)))
        .find(|path| path.exists())
}

/// Makes the worktree of an attempt. What an earlier try (or a crash in the middle of this one) left there is backed up
/// first.
fn prepare(
    context: &Context,
    task: TaskIx,
    attempt: AttemptNo,
    from: &CommitId,
) -> Result<(), PerformError> {
    let item = context.task(task);
    if context.in_place(task) {
        return Ok(());
    }
    let path = context.directory(task);
    let branch = context.branch(task);
    let retired = guard::retire(
        &context.repo,
        Retirement {
            run: context.run(),
            task: &item.id,
            attempt: AttemptNo(attempt.0.saturating_sub(1)),
            worktree: &path,
            branch: &branch,
            merged_into: Some(from),
        },
    )?;
    for fate in [retired.worktree, retired.branch] {
        if let Fate::Kept(why) = fate {
            return Err(PerformError::InTheWay { path, why });
        }
    }
    worktree::add(&context.repo, context.run(), &path, &branch, from)?;
    if let Some(top) = context.repo.top() {
        provision::provision(&context.repo, top, &path, &context.wanted())?;
    }
    Ok(())
}
