//! What becomes of a merge candidate, and of the tasks in it.
//!
//! Knows one candidate at a time; the order of the queue is `merge_queue`'s.

use swarm_mailbox::id::CommitId;

use crate::effect::{Effect, Setback, StopReason};
use crate::event::Verdict;
use crate::fault::{self, Fault};
use crate::merge_queue::{Candidate, Entry, Stage};
use crate::plan::TaskIx;
use crate::state::{Outcome, TaskState};
use crate::step::{Answer, Run};

impl Run {
    /// Takes the candidate one stage further, or makes the next one, if nothing is under way.
    pub(super) fn advance_candidate(&mut self, answer: &mut Answer) {
        let Some(candidate) = &mut self.queue.candidate else {
            self.build_next(answer);
            return;
        };
        let no = candidate.no;
        match candidate.stage.clone() {
            Stage::Built(commit) if fault::active(Fault::SkipMergedGates) => {
                candidate.stage = Stage::Moving(commit.clone());
                answer.effects.push(Effect::MoveTip {
                    candidate: no,
                    from: candidate.onto.clone(),
                    to: commit,
                });
            }
            Stage::Built(commit) => {
                candidate.stage = Stage::Gating(commit.clone());
                let heads = candidate.heads().cloned().collect();
                answer.effects.push(Effect::Gate {
                    candidate: no,
                    commit,
                    heads,
                });
            }
            Stage::Passed(commit) => {
                candidate.stage = Stage::Moving(commit.clone());
                answer.effects.push(Effect::MoveTip {
                    candidate: no,
                    from: candidate.onto.clone(),
                    to: commit,
                });
            }
            Stage::Building | Stage::Gating(_) | Stage::Moving(_) => {}
        }
    }

    fn build_next(&mut self, answer: &mut Answer) {
        let Some(onto) = self.tip.clone() else {
            return;
        };
        let entries = self.queue.take(self.limits.batch);
        if entries.is_empty() {
            return;
        }
        let no = self.queue.next_no();
        for entry in &entries {
            self.tasks.set(
                &self.plan,
                entry.head.task,
                TaskState::Merging {
                    candidate: no,
                    stop: None,
                },
            );
        }
        let heads = entries.iter().map(|entry| entry.head.clone()).collect();
        answer.effects.push(Effect::Build {
            candidate: no,
            onto: onto.clone(),
            heads,
        });
        self.queue.candidate = Some(Candidate {
            no,
            onto,
            entries,
            stage: Stage::Building,
            stop: None,
            losses: 0,
        });
    }

    /// Whoever conflicts with the tip itself gets another try from there. Whoever conflicts with others of its batch
    /// goes back into the queue: only when those are merged is it known what to work against.
    pub(super) fn candidate_built(
        &mut self,
        commit: Option<CommitId>,
        conflicts: &[TaskIx],
        answer: &mut Answer,
    ) {
        let Some(candidate) = &mut self.queue.candidate else {
            return;
        };
        let mut deferred = Vec::new();
        let mut conflicting = Vec::new();
        let mut merged = Vec::new();
        for entry in std::mem::take(&mut candidate.entries) {
            if !conflicts.contains(&entry.head.task) {
                merged.push(entry);
            } else if merged.is_empty() {
                conflicting.push(entry.head.task);
            } else {
                deferred.push(entry);
            }
        }
        match commit {
            Some(commit) => {
                candidate.entries = merged;
                candidate.stage = Stage::Built(commit);
            }
            None => self.queue.candidate = None,
        }
        self.queue_again(&deferred);
        self.queue.defer(deferred);
        for task in conflicting {
            self.set_back(task, Setback::Conflict, answer);
        }
    }

    pub(super) fn candidate_gated(&mut self, verdict: Verdict, answer: &mut Answer) {
        let Some(candidate) = &mut self.queue.candidate else {
            return;
        };
        let Stage::Gating(commit) = candidate.stage.clone() else {
            return;
        };
        // It was given up while its gates ran; all that mattered was their end.
        if candidate.entries.is_empty() {
            self.queue.candidate = None;
            return;
        }
        let stopped = candidate.stop.take().is_some();
        match verdict {
            Verdict::Passed => candidate.stage = Stage::Passed(commit),
            Verdict::Failed if fault::active(Fault::MergeRedCandidate) => {
                candidate.stage = Stage::Passed(commit)
            }
            Verdict::Failed => self.candidate_is_red(answer),
            Verdict::Stopped if stopped => candidate.stage = Stage::Built(commit),
            // Gates that vanish are run again, but not for ever.
            Verdict::Stopped if candidate.losses < self.limits.replacements => {
                candidate.losses += 1;
                candidate.stage = Stage::Built(commit);
            }
            Verdict::Stopped => self.candidate_is_red(answer),
        }
    }

    fn candidate_is_red(&mut self, answer: &mut Answer) {
        let Some(candidate) = self.queue.candidate.take() else {
            return;
        };
        match candidate.entries.as_slice() {
            [alone] => self.set_back(alone.head.task, Setback::MergedGates, answer),
            _ => {
                self.queue_again(&candidate.entries);
                self.queue.bisect(candidate.entries);
            }
        }
    }

    pub(super) fn tip_moved(&mut self, answer: &mut Answer) {
        let Some(candidate) = self.queue.candidate.take() else {
            return;
        };
        let Stage::Moving(commit) = candidate.stage else {
            return;
        };
        for entry in &candidate.entries {
            self.end(
                entry.head.task,
                TaskState::Done(Outcome::Merged(commit.clone())),
                answer,
            );
        }
        if fault::active(Fault::MergeTwice) {
            self.queue.put_back(candidate.entries);
        }
        if !fault::active(Fault::ForgetTip) {
            self.tip = Some(commit);
        }
    }

    /// The branch stands elsewhere: what stands there is the tip from now on, and the branches are merged with it.
    pub(super) fn tip_refused(&mut self, tip: CommitId, answer: &mut Answer) {
        // Where it stands on the candidate's own commit, the move took place after all.
        let moved = |candidate: &Candidate| candidate.stage == Stage::Moving(tip.clone());
        if self.queue.candidate.as_ref().is_some_and(moved) {
            self.tip_moved(answer);
            return;
        }
        self.tip = Some(tip);
        self.give_up_candidate(answer);
    }

    /// Takes the candidate apart: the tasks that were cancelled end, the others go back to the front of the queue.
    pub(super) fn give_up_candidate(&mut self, answer: &mut Answer) {
        let Some(candidate) = self.queue.candidate.take() else {
            return;
        };
        let is_cancelled = |entry: &Entry| self.tasks.get(entry.head.task).state.stop().is_some();
        let (cancelled, kept): (Vec<Entry>, Vec<Entry>) =
            candidate.entries.into_iter().partition(is_cancelled);
        self.queue_again(&kept);
        self.queue.put_back(kept);
        for entry in cancelled {
            self.end(entry.head.task, TaskState::Cancelled, answer);
        }
        if matches!(candidate.stage, Stage::Gating(_)) {
            self.queue.candidate = Some(Candidate {
                entries: Vec::new(),
                ..candidate
            });
            self.stop_gates(StopReason::Cancelled, answer);
        }
    }

    fn queue_again(&mut self, entries: &[Entry]) {
        for Entry { head, .. } in entries {
            let state = TaskState::Queued {
                attempt: head.attempt,
                head: head.commit.clone(),
            };
            self.tasks.set(&self.plan, head.task, state);
        }
    }
}
