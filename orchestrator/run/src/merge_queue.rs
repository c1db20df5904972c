//! The approved branches in their order, and the one candidate that is being merged.
//!
//! Knows the order, the batches and their bisection; what becomes of a task that leaves is `step`'s business.

use std::collections::VecDeque;

use swarm_mailbox::id::CommitId;

use crate::effect::{Head, StopReason};
use crate::event::CandidateNo;
use crate::plan::TaskIx;

/// Approved branches, oldest first, with at most one candidate before them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct MergeQueue {
    waiting: VecDeque<Entry>,
    /// The candidate under way.
    pub(crate) candidate: Option<Candidate>,
    candidates: u32,
    groups: u32,
}

/// An approved branch in the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The branch.
    pub(crate) head: Head,
    /// Half of a red batch: the entries of one group are tried together and with nobody else.
    group: Option<u32>,
}

/// Branches that are merged together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub(crate) no: CandidateNo,
    pub(crate) onto: CommitId,
    pub(crate) entries: Vec<Entry>,
    pub(crate) stage: Stage,
    /// Why its gates are being stopped, if they are.
    pub(crate) stop: Option<StopReason>,
    /// How often its gates vanished.
    pub(crate) losses: u32,
}

/// How far a candidate has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stage {
    /// Its merge is being computed.
    Building,
    /// Its merge is this commit; nothing is under way.
    Built(CommitId),
    /// Its gates run on this commit.
    Gating(CommitId),
    /// Its gates passed on this commit; nothing is under way.
    Passed(CommitId),
    /// The tip was asked to move to this commit.
    Moving(CommitId),
}

impl Stage {
    /// Whether an answer is owed.
    #[must_use]
    pub const fn is_in_flight(&self) -> bool {
        matches!(self, Self::Building | Self::Gating(_) | Self::Moving(_))
    }
}

impl Candidate {
    /// Which candidate it is.
    #[must_use]
    pub const fn no(&self) -> CandidateNo {
        self.no
    }

    /// The tip that it was built on.
    #[must_use]
    pub const fn onto(&self) -> &CommitId {
        &self.onto
    }

    /// How far it has come.
    #[must_use]
    pub const fn stage(&self) -> &Stage {
        &self.stage
    }

    /// Why its gates are being stopped, if they are.
    #[must_use]
    pub const fn stop(&self) -> Option<StopReason> {
        self.stop
    }

    /// What is merged, in this order; empty where it was given up and only the end of its gates is awaited.
    pub fn heads(&self) -> impl ExactSizeIterator<Item = &Head> {
        self.entries.iter().map(|entry| &entry.head)
    }

    /// Whose branches it holds, in the order of the merges.
    #[must_use]
    pub fn tasks(&self) -> Vec<TaskIx> {
        self.heads().map(|head| head.task).collect()
    }
}

impl MergeQueue {
    /// Adds a branch that was just approved.
    pub(crate) fn push(&mut self, head: Head) {
        self.waiting.push_back(Entry { head, group: None });
    }

    /// Puts branches back where they were: before everything else, in their order, still in their groups.
    pub(crate) fn put_back(&mut self, entries: Vec<Entry>) {
        for entry in entries.into_iter().rev() {
            self.waiting.push_front(entry);
        }
    }

    /// Puts branches back before everything else, without their groups: they conflict with others of their batch and
    /// are judged against the tip next.
    pub(crate) fn defer(&mut self, entries: Vec<Entry>) {
        self.put_back(
            entries
                .into_iter()
                .map(|entry| Entry {
                    group: None,
                    ..entry
                })
                .collect(),
        );
    }

    /// Puts a red batch back in two halves: the first is the next candidate, the second the one after it.
    pub(crate) fn bisect(&mut self, mut entries: Vec<Entry>) {
        let half = entries.len() / 2;
        for (place, entry) in entries.iter_mut().enumerate() {
            entry.group = Some(if place < half {
                self.groups + 1
            } else {
                self.groups + 2
            });
        }
        self.groups += 2;
        self.put_back(entries);
    }

    /// Takes the next candidate's branches out of the queue: the oldest group, or up to `batch` of the oldest branches.
    pub(crate) fn take(&mut self, batch: u32) -> Vec<Entry> {
        let Some(group) = self.waiting.front().map(|entry| entry.group) else {
            return Vec::new();
        };
        let together = self
            .waiting
            .iter()
            .take(batch as usize)
            .take_while(|entry| entry.group == group)
            .count();
        self.waiting.drain(..together).collect()
    }

    /// The number of the next candidate.
    pub(crate) fn next_no(&mut self) -> CandidateNo {
        self.candidates += 1;
        CandidateNo(self.candidates)
    }

    /// Takes the branch of `task` out, if it is there.
    pub(crate) fn remove(&mut self, task: TaskIx) {
        self.waiting.retain(|entry| entry.head.task != task);
    }

    /// Takes every branch out.
    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }

    /// The waiting branches, oldest first, without those of the candidate.
    pub(crate) fn waiting(&self) -> impl ExactSizeIterator<Item = &Head> {
        self.waiting.iter().map(|entry| &entry.head)
    }

    /// Whether an answer is owed for the candidate.
    pub(crate) fn is_in_flight(&self) -> bool {
        self.candidate
            .as_ref()
            .is_some_and(|candidate| candidate.stage.is_in_flight())
    }
}

#[cfg(test)]
mod tests {
    use swarm_mailbox::id::AttemptNo;

    use super::*;

    fn queue(tasks: u32) -> MergeQueue {
        let mut queue = MergeQueue::default();
        for task in 0..tasks {
            queue.push(head(task));
        }
        queue
    }

    fn head(task: u32) -> Head {
        let commit = CommitId::new(&format!("{task:040x}")).unwrap();
        Head {
            task: TaskIx(task),
            attempt: AttemptNo::FIRST,
            commit,
        }
    }

    fn tasks(entries: &[Entry]) -> Vec<u32> {
        entries.iter().map(|entry| entry.head.task.0).collect()
    }

    #[test]
    fn batches_take_the_oldest() {
        let mut queue = queue(5);
        assert_eq!(tasks(&queue.take(3)), [0, 1, 2]);
        assert_eq!(tasks(&queue.take(3)), [3, 4]);
        assert!(queue.take(3).is_empty());
    }

    #[test]
    fn a_red_batch_is_halved_down_to_the_culprit_before_newer_approvals() {
        let mut queue = queue(5);
        let red = queue.take(5);
        queue.bisect(red);
        queue.push(head(9));
        let red = queue.take(5);
        assert_eq!(tasks(&red), [0, 1]);
        queue.bisect(red);
        assert_eq!(tasks(&queue.take(5)), [0]);
        assert_eq!(tasks(&queue.take(5)), [1]);
        assert_eq!(tasks(&queue.take(5)), [2, 3, 4]);
        assert_eq!(tasks(&queue.take(5)), [9]);
    }

    #[test]
    fn a_half_that_lost_a_member_stays_a_half() {
        let mut queue = queue(4);
        let red = queue.take(4);
        queue.bisect(red);
        queue.remove(TaskIx(1));
        let first = queue.take(4);
        assert_eq!(tasks(&first), [0]);
        queue.put_back(first);
        assert_eq!(tasks(&queue.take(4)), [0]);
        assert_eq!(tasks(&queue.take(4)), [2, 3]);
    }

    #[test]
    fn deferred_branches_are_first_and_free_of_their_group() {
        let mut queue = queue(4);
        let mut red = queue.take(3);
        let last = red.split_off(2);
        queue.bisect(red);
        queue.defer(last);
        assert_eq!(tasks(&queue.take(4)), [2]);
        assert_eq!(tasks(&queue.take(4)), [0]);
    }
}
