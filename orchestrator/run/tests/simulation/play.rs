//! One case from its start to its end: what happens next is chosen, the run is asked, the checks are made.

use swarm_mailbox::id::AttemptNo;
use swarm_run::effect::{Ending, SuspendReason};
use swarm_run::event::{
    CandidateNo, Command, Event, EventKind, Millis, Spent, Timestamp, Verdict, WorkEnd,
};
use swarm_run::plan::TaskIx;
use swarm_run::state::Mode;
use swarm_run::{Effect, Run};

use crate::case::{Case, Luck};
use crate::checks::{AFTER_EACH_EVENT, Look};
use crate::choices::Choices;
use crate::coverage::Coverage;
use crate::history::{History, Owed};
use crate::world::{Process, World, name};

/// More steps than any case needs; one that goes on longer never ends.
const MOST_STEPS: u32 = 20_000;

/// A check that failed.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) check: &'static str,
    pub(crate) detail: String,
}

struct Play<'a> {
    choices: &'a mut Choices,
    coverage: &'a mut Coverage,
    /// Where every step is written, if anybody wants to read it.
    log: Option<&'a mut Vec<String>>,
    luck: Luck,
    run: Run,
    fresh: Run,
    journal: Vec<Event>,
    world: World,
    history: History,
    now: u64,
    /// Answers that were told before, to be told again.
    told: Vec<EventKind>,
}

/// Plays the case that `choices` makes, to its end.
pub(crate) fn play(
    choices: &mut Choices,
    coverage: &mut Coverage,
    log: Option<&mut Vec<String>>,
) -> Result<(), Failure> {
    let case = Case::draw(choices);
    let run = Run::new(case.plan, case.limits);
    let mut play = Play {
        world: World::new(case.luck.trouble),
        luck: case.luck,
        fresh: run.clone(),
        run,
        journal: Vec::new(),
        history: History::default(),
        now: 1000,
        told: Vec::new(),
        choices,
        coverage,
        log,
    };
    let plan = format!("{:#?}\n{:#?}", play.run.plan().tasks(), play.run.limits());
    play.write(|| plan);
    play.whole()
}

impl Play<'_> {
    fn whole(&mut self) -> Result<(), Failure> {
        if self.world.mishap(self.choices, 5) {
            self.refuse(EventKind::Tick)?;
        }
        let tip = name(self.world.branch);
        self.take(EventKind::Started { tip })?;
        for _ in 0..MOST_STEPS {
            self.now += u64::from(self.choices.below(20));
            if matches!(self.run.mode(), Mode::Over(_)) {
                if !self.after_the_end()? {
                    return self.replay("invariant_replay_equals_run");
                }
            } else if self.world.mishap(self.choices, self.luck.noise) {
                self.noise()?;
            } else {
                self.go_on()?;
            }
        }
        self.fail(
            "invariant_the_run_always_ends",
            format!("{MOST_STEPS} steps were not enough"),
        )
    }

    /// The next thing that the engine, a process or the clock does.
    fn go_on(&mut self) -> Result<(), Failure> {
        let working: Vec<Process> = self
            .world
            .alive
            .iter()
            .copied()
            .filter(|process| !self.hangs(*process))
            .collect();
        let (inbox, asked) = (self.world.inbox.len() as u32, self.world.asked.len() as u32);
        let due = u32::from(self.world.timer.is_some_and(|at| at.0 <= self.now));
        let choice = self
            .choices
            .below(inbox + asked + working.len() as u32 + due);
        if choice < inbox {
            let kind = self.world.inbox.remove(choice as usize);
            self.tell(kind)
        } else if choice < inbox + asked {
            let effect = self.world.asked.remove((choice - inbox) as usize);
            self.world
                .perform(effect, self.choices, self.fresh.plan(), &self.luck);
            Ok(())
        } else if let Some(process) = working.get((choice - inbox - asked) as usize) {
            self.world.end_process(*process, self.choices, &self.luck);
            Ok(())
        } else {
            self.wait()
        }
    }

    fn hangs(&self, process: Process) -> bool {
        matches!(process, Process::Worker(of) if self.world.workers[&of].hangs)
    }

    /// Nothing is left to do but to wait: for the timer, or for the user to take back a pause.
    fn wait(&mut self) -> Result<(), Failure> {
        match self.world.timer.take() {
            Some(at) => {
                self.now = self.now.max(at.0);
                if self.run.due(Timestamp(self.now)) {
                    self.take(EventKind::Tick).map(drop)
                } else {
                    Ok(())
                }
            }
            None if self.run.mode() == Mode::Paused => {
                self.take(EventKind::Command(Command::Unpause)).map(drop)
            }
            None => self.fail(
                "invariant_the_run_always_ends",
                "everybody waits for somebody else".to_owned(),
            ),
        }
    }

    /// What the user does with a run that is over; false when the case is over, too.
    fn after_the_end(&mut self) -> Result<bool, Failure> {
        if self.world.mishap(self.choices, 30) {
            match self.choices.below(3) {
                0 => self.say()?,
                1 => self.refuse(EventKind::Tick)?,
                _ => self.tell_again()?,
            }
        }
        let resume = match self.run.ending() {
            Some(Ending::Suspended(SuspendReason::Asked | SuspendReason::TimedOut)) => true,
            // These end at once again, unless something was retried.
            Some(
                Ending::Suspended(SuspendReason::Budget) | Ending::Complete | Ending::Cancelled,
            ) => self.world.mishap(self.choices, 30),
            None => false,
        };
        if resume {
            self.take(EventKind::Resumed)?;
        }
        Ok(resume)
    }

    fn noise(&mut self) -> Result<(), Failure> {
        match self.choices.below(9) {
            0 => self.tell_again(),
            1 => self.lie(),
            2 => self.tell_of_the_past(),
            3 | 4 => self.say(),
            5 => self.crash(),
            6 => {
                self.world.move_branch();
                Ok(())
            }
            7 => self.tick_early(),
            _ => {
                self.now += u64::from(self.choices.below(600));
                if self.run.due(Timestamp(self.now)) {
                    self.take(EventKind::Tick).map(drop)
                } else {
                    Ok(())
                }
            }
        }
    }

    /// Tells the run an answer. One that is owed has to be taken.
    fn tell(&mut self, kind: EventKind) -> Result<(), Failure> {
        let owed = self.is_owed(&kind);
        if self.told.len() < 32 {
            self.told.push(kind.clone());
        }
        let taken = self.take(kind.clone())?;
        if owed && !taken {
            return self.fail(
                "invariant_owed_answers_are_taken",
                format!("{kind:?} was refused"),
            );
        }
        Ok(())
    }

    fn is_owed(&self, kind: &EventKind) -> bool {
        match Owed::of(kind) {
            Some(Owed::Start(of)) => {
                self.history.owed.contains(&Owed::End(of)) && !self.history.started.contains(&of)
            }
            Some(answer) => self.history.owed.contains(&answer),
            None => false,
        }
    }

    /// An answer comes a second time.
    fn tell_again(&mut self) -> Result<(), Failure> {
        let place = self.choices.below(self.told.len() as u32) as usize;
        match self.told.get(place).cloned() {
            Some(kind) if !self.is_owed(&kind) => self.refuse(kind),
            Some(_) | None => Ok(()),
        }
    }

    /// An answer comes that nobody can have asked for: of another run, another try, another candidate.
    fn lie(&mut self) -> Result<(), Failure> {
        let task = TaskIx(self.choices.below(self.run.plan().len() as u32 + 1));
        let attempt = AttemptNo(self.choices.below(4));
        let candidate = CandidateNo(self.choices.below(6));
        let verdict = self
            .choices
            .pick(&[Verdict::Passed, Verdict::Failed, Verdict::Stopped]);
        let spent = Spent {
            microdollars: 7,
            tokens: 7,
        };
        let kind = match self.choices.below(9) {
            0 => EventKind::WorkerStarted { task, attempt },
            1 => EventKind::WorkerEnded {
                task,
                attempt,
                end: WorkEnd::Succeeded,
                spent,
            },
            2 => EventKind::Settled {
                task,
                attempt,
                head: Some(name(1)),
            },
            3 => EventKind::Checked {
                task,
                attempt,
                verdict,
            },
            4 => EventKind::CandidateBuilt {
                candidate,
                commit: Some(name(1)),
                conflicts: vec![task],
            },
            5 => EventKind::CandidateGated { candidate, verdict },
            6 => EventKind::TipMoved { candidate },
            7 => EventKind::TipRefused {
                candidate,
                tip: name(1),
            },
            _ => EventKind::Started { tip: name(1) },
        };
        // Wrong accounts of a merge are refused even when an account of it is owed.
        let nonsense = matches!(&kind, EventKind::CandidateBuilt { candidate: no, .. } if {
            let merging = self.run.candidate().filter(|candidate| candidate.no() == *no);
            merging.is_some_and(|candidate| !candidate.tasks().contains(&task))
        });
        if self.is_owed(&kind) && !nonsense {
            Ok(())
        } else {
            self.refuse(kind)
        }
    }

    /// Something true comes with a time before that of the latest event.
    fn tell_of_the_past(&mut self) -> Result<(), Failure> {
        let at = Timestamp(self.run.now().0 - 1 - u64::from(self.choices.below(300)));
        let kind = self.world.inbox.first().cloned().unwrap_or(EventKind::Tick);
        let before = self.run.clone();
        let event = Event { at, kind };
        match self.run.step(event.clone()) {
            Ok(effects) => {
                self.accepted(&before, &event, &effects)?;
                self.fail("invariant_time_never_goes_back", format!("{event:?}"))
            }
            Err(_) => self.unchanged(&before),
        }
    }

    /// A tick that is not due changes nothing that matters.
    fn tick_early(&mut self) -> Result<(), Failure> {
        if self.run.due(Timestamp(self.now)) {
            return Ok(());
        }
        let mut later = self.run.clone();
        let effects = later.step(Event {
            at: Timestamp(self.now),
            kind: EventKind::Tick,
        });
        let only_wakes = |effect: &Effect| matches!(effect, Effect::WakeAt { .. });
        let quiet = effects.is_ok_and(|effects| effects.iter().all(only_wakes));
        if quiet
            && later.tasks() == self.run.tasks()
            && later.outstanding() == self.run.outstanding()
        {
            return self.take(EventKind::Tick).map(drop);
        }
        self.fail(
            "invariant_a_tick_that_is_not_due_changes_nothing",
            String::new(),
        )
    }

    /// The user says something, sensible or not.
    fn say(&mut self) -> Result<(), Failure> {
        let task = TaskIx(self.choices.below(self.run.plan().len() as u32));
        let grace = Millis(self.choices.pick(&[100, 0, 1000]));
        let command = match self.choices.below(9) {
            0 => Command::Pause,
            1 => Command::Unpause,
            2 | 3 => Command::Suspend { grace },
            4 => Command::Cancel,
            5 | 6 => Command::CancelTask { task },
            _ => Command::Retry { task },
        };
        self.take(EventKind::Command(command)).map(drop)
    }

    /// The engine dies and another takes over: the journal makes the same run again.
    fn crash(&mut self) -> Result<(), Failure> {
        self.write(|| "-- crash".to_owned());
        self.replay("invariant_replay_equals_run")?;
        self.world
            .crash(self.choices, self.fresh.plan(), &self.luck);
        self.now += u64::from(self.choices.below(400));
        self.take(EventKind::Resumed).map(drop)
    }

    fn replay(&mut self, check: &'static str) -> Result<(), Failure> {
        let mut again = self.fresh.clone();
        for event in &self.journal {
            if let Err(illegal) = again.step(event.clone()) {
                let detail = format!("{event:?} was taken before: {illegal}");
                return Err(Failure { check, detail });
            }
        }
        if again != self.run {
            return self.fail(check, format!("{again:#?}\ninstead of\n{:#?}", self.run));
        }
        // From here on the new engine works with what it replayed.
        self.run = again;
        Ok(())
    }

    /// Tells the run something that it must not take.
    fn refuse(&mut self, kind: EventKind) -> Result<(), Failure> {
        let text = format!("{kind:?}");
        if self.take(kind)? {
            return self.fail(
                "invariant_only_owed_answers_are_taken",
                format!("{text} was taken"),
            );
        }
        Ok(())
    }

    /// Gives an event to the run; says whether it was taken.
    fn take(&mut self, kind: EventKind) -> Result<bool, Failure> {
        let before = self.run.clone();
        let event = Event {
            at: Timestamp(self.now),
            kind,
        };
        match self.run.step(event.clone()) {
            Ok(effects) => {
                self.write(|| format!("{event:?}\n    => {effects:?}"));
                self.accepted(&before, &event, &effects)?;
                // The engine may die between the journal and the effects.
                let dies = self.run.ending().is_none() && self.world.mishap(self.choices, 1);
                if dies {
                    self.crash()?;
                } else {
                    self.world.ask(effects);
                }
                Ok(true)
            }
            Err(illegal) => {
                self.write(|| format!("{event:?}\n    refused: {illegal}"));
                self.unchanged(&before)?;
                Ok(false)
            }
        }
    }

    fn accepted(&mut self, before: &Run, event: &Event, effects: &[Effect]) -> Result<(), Failure> {
        self.coverage.note(before, &event.kind);
        self.history.take(before, event, effects, &self.run);
        self.journal.push(event.clone());
        // What has been answered needs no doing any more: a process that was adopted ended before it was asked for again.
        if let Some(answer) = Owed::of(&event.kind) {
            self.world
                .asked
                .retain(|effect| Owed::by(effect) != Some(answer));
        }
        let look = Look {
            before,
            event,
            effects,
            after: &self.run,
            world: &self.world,
            history: &self.history,
        };
        for (check, says) in AFTER_EACH_EVENT {
            says(&look).map_err(|detail| Failure { check, detail })?;
        }
        Ok(())
    }

    fn unchanged(&mut self, before: &Run) -> Result<(), Failure> {
        if self.run == *before {
            return Ok(());
        }
        self.fail(
            "invariant_illegal_changes_nothing",
            format!("{before:#?}\nbecame\n{:#?}", self.run),
        )
    }

    fn fail<T>(&self, check: &'static str, detail: String) -> Result<T, Failure> {
        Err(Failure { check, detail })
    }

    fn write(&mut self, line: impl FnOnce() -> String) {
        if let Some(log) = &mut self.log {
            log.push(line());
        }
    }
}
