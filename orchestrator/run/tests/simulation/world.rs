//! What is real in a simulated case: processes, commits, the integration branch; and the engine that works on it.
//!
//! The world outlives a crash of the engine, the engine's memory (what it was asked for, what it has not told yet) does
//! not. Every effect is performed the way the vocabulary demands: performed twice, it finds out what took place.

use std::collections::BTreeMap;

use swarm_mailbox::id::{AttemptNo, CommitId};
use swarm_run::Effect;
use swarm_run::effect::Head;
use swarm_run::event::{CandidateNo, EventKind, Spent, Timestamp, Verdict, WorkEnd};
use swarm_run::plan::{Plan, TaskIx};

use crate::case::Luck;
use crate::choices::Choices;

/// A try at a task.
pub(crate) type Try = (TaskIx, AttemptNo);

/// A process that lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Process {
    Worker(Try),
    Gates(Try),
    MergedGates(CandidateNo),
}

/// A worker that was started.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Worker {
    pub(crate) end: Option<(WorkEnd, Spent)>,
    pub(crate) hangs: bool,
}

/// A commit: its first parent, and the tasks whose work is in it, as bits.
#[derive(Debug, Clone, Copy)]
struct Commit {
    parent: u32,
    holds: u32,
}

#[derive(Default)]
pub(crate) struct World {
    commits: Vec<Commit>,
    pub(crate) branch: u32,
    pub(crate) workers: BTreeMap<Try, Worker>,
    pub(crate) heads: BTreeMap<Try, Option<CommitId>>,
    pub(crate) verdicts: BTreeMap<Try, Verdict>,
    pub(crate) builds: BTreeMap<CandidateNo, (Option<CommitId>, Vec<TaskIx>)>,
    pub(crate) merged_verdicts: BTreeMap<CandidateNo, Verdict>,
    pub(crate) alive: Vec<Process>,
    /// What the engine was asked for and has not done.
    pub(crate) asked: Vec<Effect>,
    /// What the engine has not told the run.
    pub(crate) inbox: Vec<EventKind>,
    pub(crate) timer: Option<Timestamp>,
    /// How many unbounded troubles are left.
    pub(crate) trouble: u32,
}

pub(crate) fn name(commit: u32) -> CommitId {
    CommitId::new(&format!("{commit:040x}")).unwrap_or_else(|error| unreachable!("{error}"))
}

pub(crate) fn number(commit: &CommitId) -> u32 {
    u32::from_str_radix(&commit.as_str()[32..], 16)
        .unwrap_or_else(|error| unreachable!("a name made here: {error}"))
}

impl World {
    pub(crate) fn new(trouble: u32) -> Self {
        let root = Commit {
            parent: 0,
            holds: 0,
        };
        Self {
            commits: vec![root, root],
            branch: 1,
            trouble,
            ..Self::default()
        }
    }

    fn commit(&mut self, parent: u32, holds: u32) -> u32 {
        self.commits.push(Commit { parent, holds });
        self.commits.len() as u32 - 1
    }

    /// Whether the work of `task` is in `commit`.
    pub(crate) fn holds(&self, commit: &CommitId, task: TaskIx) -> bool {
        self.commits[number(commit) as usize].holds >> task.0 & 1 == 1
    }

    fn descends(&self, mut from: u32, ancestor: u32) -> bool {
        while from != ancestor && from > 1 {
            from = self.commits[from as usize].parent;
        }
        from == ancestor
    }

    /// Somebody else commits on the integration branch.
    pub(crate) fn move_branch(&mut self) {
        self.branch = self.commit(self.branch, self.commits[self.branch as usize].holds);
    }

    /// The engine takes note of what it is to do.
    pub(crate) fn ask(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::WakeAt { at } => self.timer = Some(at),
                Effect::Retire { .. } | Effect::Finish(_) => {}
                effect => self.asked.push(effect),
            }
        }
    }

    /// The engine dies: it forgets what it was to do and what it was to tell; what lives goes on living.
    ///
    /// A report that was on its way may still come in later. Not so the report of a stop, the only answer that can be
    /// owed twice for the same work: telling such messages apart by their ids is the engine's duty.
    pub(crate) fn crash(&mut self, choices: &mut Choices, plan: &Plan, luck: &Luck) {
        for effect in std::mem::take(&mut self.asked) {
            if choices.chance(30) {
                self.perform(effect, choices, plan, luck);
            }
        }
        let is_stop = |kind: &EventKind| {
            matches!(
                kind,
                EventKind::Checked {
                    verdict: Verdict::Stopped,
                    ..
                } | EventKind::CandidateGated {
                    verdict: Verdict::Stopped,
                    ..
                }
            )
        };
        self.inbox
            .retain(|kind| !is_stop(kind) && choices.chance(30));
        self.timer = None;
    }

    /// Something unbounded goes wrong, if there is still leave for it.
    pub(crate) fn mishap(&mut self, choices: &mut Choices, percent: u32) -> bool {
        let happens = self.trouble > 0 && choices.chance(percent);
        self.trouble -= u32::from(happens);
        happens
    }

    /// The engine does what it was asked for.
    pub(crate) fn perform(
        &mut self,
        effect: Effect,
        choices: &mut Choices,
        plan: &Plan,
        luck: &Luck,
    ) {
        match effect {
            Effect::Spawn { task, attempt, .. } => self.spawn((task, attempt), choices, plan),
            Effect::Stop { task, attempt, .. } => {
                if self.heads.contains_key(&(task, attempt)) {
                    self.stop_gates((task, attempt), choices, luck);
                } else {
                    self.stop_worker((task, attempt), choices, luck);
                }
            }
            Effect::Settle { task, attempt } => self.settle((task, attempt), choices, luck),
            Effect::Check { task, attempt, .. } => match self.verdicts.get(&(task, attempt)) {
                Some(verdict) => self.inbox.push(EventKind::Checked {
                    task,
                    attempt,
                    verdict: *verdict,
                }),
                None if self.tells_stop(&EventKind::Checked {
                    task,
                    attempt,
                    verdict: Verdict::Stopped,
                }) => {}
                None => self.live(Process::Gates((task, attempt))),
            },
            Effect::Build {
                candidate,
                onto,
                heads,
            } => self.build(candidate, &onto, &heads, choices, luck),
            Effect::Gate { candidate, .. } => match self.merged_verdicts.get(&candidate) {
                Some(verdict) => self.inbox.push(EventKind::CandidateGated {
                    candidate,
                    verdict: *verdict,
                }),
                None if self.tells_stop(&EventKind::CandidateGated {
                    candidate,
                    verdict: Verdict::Stopped,
                }) => {}
                None => self.live(Process::MergedGates(candidate)),
            },
            Effect::StopGate { candidate } => self.stop_merged_gates(candidate, choices, luck),
            Effect::MoveTip {
                candidate,
                from,
                to,
            } => self.move_tip(candidate, &from, &to, choices),
            Effect::Retire { .. } | Effect::WakeAt { .. } | Effect::Finish(_) => {}
        }
    }

    fn live(&mut self, process: Process) {
        if !self.alive.contains(&process) {
            self.alive.push(process);
        }
    }

    fn spawn(&mut self, of: Try, choices: &mut Choices, plan: &Plan) {
        let (task, attempt) = of;
        match self.workers.get(&of) {
            Some(Worker {
                end: Some((end, spent)),
                ..
            }) => {
                self.inbox.push(EventKind::WorkerEnded {
                    task,
                    attempt,
                    end: *end,
                    spent: *spent,
                });
            }
            Some(Worker { end: None, .. }) => {
                self.inbox.push(EventKind::WorkerStarted { task, attempt })
            }
            None => {
                // A worker without a time limit would hang for ever.
                let hangs = plan.task(task).timeout.is_some() && self.mishap(choices, 20);
                self.workers.insert(of, Worker { end: None, hangs });
                self.live(Process::Worker(of));
                self.inbox.push(EventKind::WorkerStarted { task, attempt });
            }
        }
    }

    /// A process comes to its own end; false where it hangs.
    pub(crate) fn end_process(
        &mut self,
        process: Process,
        choices: &mut Choices,
        luck: &Luck,
    ) -> bool {
        match process {
            Process::Worker(of) if self.workers[&of].hangs => return false,
            Process::Worker(of) => {
                let ends = [
                    WorkEnd::Failed,
                    WorkEnd::TimedOut,
                    WorkEnd::Killed,
                    WorkEnd::Lost,
                ];
                let end = if choices.chance(luck.failure) {
                    choices.pick(&ends)
                } else {
                    WorkEnd::Succeeded
                };
                let end = if self.mishap(choices, 3) {
                    WorkEnd::Stopped
                } else {
                    end
                };
                self.end_worker(of, end, choices);
            }
            Process::Gates(of) => {
                let verdict = self.verdict(luck.red, choices);
                self.end_gates(of, verdict);
            }
            Process::MergedGates(candidate) => {
                let verdict = self.verdict(luck.merged_red, choices);
                self.end_merged_gates(candidate, verdict);
            }
        }
        true
    }

    fn verdict(&mut self, red: u32, choices: &mut Choices) -> Verdict {
        if self.mishap(choices, 5) {
            Verdict::Stopped
        } else if choices.chance(red) {
            Verdict::Failed
        } else {
            Verdict::Passed
        }
    }

    fn end_worker(&mut self, of: Try, end: WorkEnd, choices: &mut Choices) {
        let spent = Spent {
            microdollars: 1,
            tokens: u64::from(choices.below(4)),
        };
        self.alive.retain(|process| *process != Process::Worker(of));
        self.workers.insert(
            of,
            Worker {
                end: Some((end, spent)),
                hangs: false,
            },
        );
        self.inbox.push(EventKind::WorkerEnded {
            task: of.0,
            attempt: of.1,
            end,
            spent,
        });
    }

    fn end_gates(&mut self, of: Try, verdict: Verdict) {
        self.alive.retain(|process| *process != Process::Gates(of));
        if verdict != Verdict::Stopped {
            self.verdicts.insert(of, verdict);
        }
        self.inbox.push(EventKind::Checked {
            task: of.0,
            attempt: of.1,
            verdict,
        });
    }

    fn end_merged_gates(&mut self, candidate: CandidateNo, verdict: Verdict) {
        self.alive
            .retain(|process| *process != Process::MergedGates(candidate));
        if verdict != Verdict::Stopped {
            self.merged_verdicts.insert(candidate, verdict);
        }
        self.inbox
            .push(EventKind::CandidateGated { candidate, verdict });
    }

    /// A process that is to be stopped may come to its own end first.
    fn stop_worker(&mut self, of: Try, choices: &mut Choices, luck: &Luck) {
        self.asked.retain(|effect| !matches!(effect, Effect::Spawn { task, attempt, .. } if (*task, *attempt) == of));
        let worker = self.workers.get(&of).copied();
        match worker {
            Some(Worker {
                end: Some((end, spent)),
                ..
            }) => {
                self.inbox.push(EventKind::WorkerEnded {
                    task: of.0,
                    attempt: of.1,
                    end,
                    spent,
                });
            }
            Some(_)
                if choices.chance(20) && self.end_process(Process::Worker(of), choices, luck) => {}
            Some(_) | None => {
                let end = choices.pick(&[
                    WorkEnd::Stopped,
                    WorkEnd::Stopped,
                    WorkEnd::Lost,
                    WorkEnd::Killed,
                ]);
                self.end_worker(of, end, choices);
            }
        }
    }

    fn stop_gates(&mut self, of: Try, choices: &mut Choices, luck: &Luck) {
        self.asked.retain(|effect| !matches!(effect, Effect::Check { task, attempt, .. } if (*task, *attempt) == of));
        if let Some(verdict) = self.verdicts.get(&of) {
            self.inbox.push(EventKind::Checked {
                task: of.0,
                attempt: of.1,
                verdict: *verdict,
            });
        } else if self.alive.contains(&Process::Gates(of)) && choices.chance(20) {
            self.end_process(Process::Gates(of), choices, luck);
        } else if !self.tells_stop(&EventKind::Checked {
            task: of.0,
            attempt: of.1,
            verdict: Verdict::Stopped,
        }) {
            self.end_gates(of, Verdict::Stopped);
        }
    }

    fn stop_merged_gates(&mut self, candidate: CandidateNo, choices: &mut Choices, luck: &Luck) {
        self.asked.retain(
            |effect| !matches!(effect, Effect::Gate { candidate: no, .. } if *no == candidate),
        );
        if let Some(verdict) = self.merged_verdicts.get(&candidate) {
            self.inbox.push(EventKind::CandidateGated {
                candidate,
                verdict: *verdict,
            });
        } else if self.alive.contains(&Process::MergedGates(candidate)) && choices.chance(20) {
            self.end_process(Process::MergedGates(candidate), choices, luck);
        } else if !self.tells_stop(&EventKind::CandidateGated {
            candidate,
            verdict: Verdict::Stopped,
        }) {
            self.end_merged_gates(candidate, Verdict::Stopped);
        }
    }

    /// Whether the report of a stop is on its way already; there is only one for each.
    fn tells_stop(&self, kind: &EventKind) -> bool {
        self.inbox.contains(kind)
    }

    fn settle(&mut self, of: Try, choices: &mut Choices, luck: &Luck) {
        if !self.heads.contains_key(&of) {
            let head = (!choices.chance(luck.unchanged)).then(|| name(self.commit(self.branch, 0)));
            self.heads.insert(of, head);
        }
        self.inbox.push(EventKind::Settled {
            task: of.0,
            attempt: of.1,
            head: self.heads[&of].clone(),
        });
    }

    fn build(
        &mut self,
        candidate: CandidateNo,
        onto: &CommitId,
        heads: &[Head],
        choices: &mut Choices,
        luck: &Luck,
    ) {
        if !self.builds.contains_key(&candidate) {
            let (conflicting, merged): (Vec<&Head>, Vec<&Head>) =
                heads.iter().partition(|_| choices.chance(luck.conflict));
            let conflicts = conflicting.iter().map(|head| head.task).collect();
            let onto = number(onto);
            let holds = merged
                .iter()
                .fold(self.commits[onto as usize].holds, |holds, head| {
                    holds | 1 << head.task.0
                });
            let commit = (!merged.is_empty()).then(|| name(self.commit(onto, holds)));
            self.builds.insert(candidate, (commit, conflicts));
        }
        let (commit, conflicts) = self.builds[&candidate].clone();
        self.inbox.push(EventKind::CandidateBuilt {
            candidate,
            commit,
            conflicts,
        });
    }

    fn move_tip(
        &mut self,
        candidate: CandidateNo,
        from: &CommitId,
        to: &CommitId,
        choices: &mut Choices,
    ) {
        if self.branch == number(from) {
            self.branch = number(to);
        } else if self.branch == number(to) && choices.chance(50) {
            // An engine that does not recognise its own work says where the branch stands.
            self.inbox.push(EventKind::TipRefused {
                candidate,
                tip: to.clone(),
            });
            return;
        }
        self.inbox.push(if self.descends(self.branch, number(to)) {
            EventKind::TipMoved { candidate }
        } else {
            EventKind::TipRefused {
                candidate,
                tip: name(self.branch),
            }
        });
    }
}
