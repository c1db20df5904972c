//! The effect `Check`: the gates of one task's branch, the built-in ones first, then its commands.
//!
//! Knows nothing of merges; the merged tree is judged by `gate`.

use swarm_mailbox::id::{AttemptNo, CommitId, TaskId};
use swarm_run::event::{EventKind, Verdict};
use swarm_run::plan::TaskIx;

use super::job::verdict;
use super::{Hands, Owner, PerformError};
use crate::engine::context::Context;
use crate::engine::{findings, job};
use crate::gate;
use crate::gate::finding::{Finding, Severity};
use crate::git::change::{self, Bounds, Change};
use crate::report::notice::Notice;

impl Hands {
    pub(super) async fn check(
        &self,
        task: TaskIx,
        attempt: AttemptNo,
        head: Option<CommitId>,
    ) -> Result<(), PerformError> {
        let judged = head.clone();
        let found = self
            .blocking(move |context| judge(context, task, attempt, judged.as_ref()))
            .await?;
        let (size, found) = found;
        if let (Some(commit), Some(size)) = (&head, size) {
            self.out
                .told(committed(self.context.task(task).id.clone(), commit, size));
        }
        if found.iter().any(is_error) {
            return self.refuse(task, attempt, found);
        }
        let spec = job::check(&self.context, task, attempt)?;
        if spec.steps.is_empty() {
            self.out.happened(checked(task, attempt, Verdict::Passed));
            return Ok(());
        }
        let token = self.token(Owner::Attempt(task, attempt));
        let (report, letter) = self.run_gates(spec, &token).await?;
        let verdict = verdict(report.outcome);
        if verdict == Verdict::Failed {
            let found = [found, findings::of_report(&report)].concat();
            self.tell(task, attempt, &found);
            findings::save(&self.context, task, attempt, found)?;
        }
        self.out
            .reported(checked(task, attempt, verdict), Some(letter));
        Ok(())
    }

    fn refuse(
        &self,
        task: TaskIx,
        attempt: AttemptNo,
        found: Vec<Finding>,
    ) -> Result<(), PerformError> {
        self.tell(task, attempt, &found);
        findings::save(&self.context, task, attempt, found)?;
        self.out.happened(checked(task, attempt, Verdict::Failed));
        Ok(())
    }

    fn tell(&self, task: TaskIx, attempt: AttemptNo, found: &[Finding]) {
        self.out.told(Notice::GatesFailed {
            task: self.context.task(task).id.clone(),
            attempt,
            findings: findings::shown(found),
        });
    }
}

fn checked(task: TaskIx, attempt: AttemptNo, verdict: Verdict) -> EventKind {
    EventKind::Checked {
        task,
        attempt,
        verdict,
    }
}

/// How large a change is.
struct Size {
    files: u32,
    insertions: u32,
    deletions: u32,
}

impl Size {
    fn of(change: &Change) -> Self {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let files = change.files.iter();
        Self {
            files: count(change.files.len()),
            insertions: count(files.clone().map(|file| file.added.len()).sum()),
            deletions: count(files.map(|file| file.removed.len()).sum()),
        }
    }
}

fn committed(task: TaskId, commit: &CommitId, size: Size) -> Notice {
    Notice::TaskCommitted {
        task,
        commit: commit.clone(),
        files: size.files,
        insertions: size.insertions,
        deletions: size.deletions,
    }
}

fn is_error(finding: &Finding) -> bool {
    finding.severity == Severity::Error
}

/// What the built-in gates say of a branch; what the settling of the attempt found counts too.
fn judge(
    context: &Context,
    task: TaskIx,
    attempt: AttemptNo,
    head: Option<&CommitId>,
) -> Result<(Option<Size>, Vec<Finding>), PerformError> {
    if context.in_place(task) {
        return Ok((None, Vec::new()));
    }
    let settled = findings::load(context, task, attempt)?;
    if settled.iter().any(is_error) {
        return Ok((None, settled));
    }
    let base = job::base_of(context, task, attempt)?;
    let change = change::between(
        &context.repo,
        &base,
        head.unwrap_or(&base),
        Bounds::default(),
    )?;
    let subject = context.subject(task);
    let found = gate::judge(&change, &subject, &context.settings.gates);
    Ok((Some(Size::of(&change)), found))
}
