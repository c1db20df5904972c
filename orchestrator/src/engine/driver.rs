//! The one loop: what happened → journal → run machine → effects.
//!
//! A select arm only names what happened. Events that arrive while the journal is being written are handled together
//! with the next write, which is what makes group commit work. Knows nothing of how an effect is performed.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use swarm_mailbox::id::MessageId;
use swarm_run::Run;
use swarm_run::effect::{Effect, Ending};
use swarm_run::event::{Command, Event, EventKind, Millis, Timestamp};
use swarm_run::plan::TaskIx;
use swarm_run::state::TaskState;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::chronicle::Chronicle;
use super::clock::Clock;
use super::context::Context;
use super::intake::{Incoming, Outbox, commands};
use super::perform::{PerformError, Performer};
use super::signals::{Signal, Signals};
use super::view::View;
use crate::journal::entry::{Entry, EventEntry};
use crate::journal::{Journal, JournalError};
use crate::report::Reporter;
use crate::report::notice::Notice;

/// How often the engine looks for words of the user in its mailbox.
const COMMAND_POLL: Duration = Duration::from_millis(150);
/// How often the progress display is brought up to date.
const REFRESH: Duration = Duration::from_millis(120);
/// Events that are handled with one write of the journal, at most: bounds the memory of one round.
const MAX_GROUP: usize = 512;

/// A run that an engine holds.
pub(super) struct Setup {
    pub(super) context: Arc<Context>,
    pub(super) run: Run,
    pub(super) chronicle: Chronicle,
    pub(super) journal: Journal,
    pub(super) clock: Clock,
    /// The messages whose effect is in the journal already.
    pub(super) handled: HashSet<MessageId>,
}

impl Setup {
    fn view(&self) -> View<'_> {
        View {
            dir: &self.context.dir,
            file: &self.context.file,
            run: &self.run,
            chronicle: &self.chronicle,
        }
    }
}

/// A run that is being driven.
pub(super) struct Driver {
    setup: Setup,
    reporter: Box<dyn Reporter>,
    performer: Performer,
    incoming: UnboundedReceiver<Incoming>,
    wake: Option<Timestamp>,
    ending: Option<Ending>,
    broken: Option<PerformError>,
    interrupts: u32,
    detached: bool,
}

/// How the driving of a run ended.
#[derive(Debug)]
pub enum Driven {
    /// The run machine said so.
    Ended(Ending),
    /// The terminal went away: workers go on, and a resume picks up what they did.
    Detached,
    /// The environment failed; everything that is known is in the journal.
    Broken(PerformError),
}

impl Driver {
    pub(super) fn new(setup: Setup, reporter: Box<dyn Reporter>) -> Self {
        let (sender, incoming) = unbounded_channel();
        let performer = Performer::new(Arc::clone(&setup.context), Outbox::new(sender));
        Self {
            setup,
            reporter,
            performer,
            incoming,
            wake: None,
            ending: None,
            broken: None,
            interrupts: 0,
            detached: false,
        }
    }

    /// Drives the run from `first` (its start, or a resume with what the user wants besides) to an end.
    ///
    /// # Errors
    /// The journal cannot be written: nothing was done that it does not hold.
    pub(super) async fn drive(
        mut self,
        first: Vec<EventKind>,
        mut signals: Signals,
    ) -> Result<(Driven, Run, Chronicle, Box<dyn Reporter>), JournalError> {
        let first = first.into_iter().map(|kind| Incoming::Happened(kind, None));
        self.handle(first.collect())?;
        let mut poll = interval(COMMAND_POLL);
        let mut refresh = interval(REFRESH);
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        refresh.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.is_over() {
            let wake = self.wake_instant();
            let occasion = tokio::select! {
                Some(first) = self.incoming.recv() => Occasion::Came(first),
                signal = signals.next() => Occasion::Signalled(signal),
                () = wait_until(wake) => Occasion::Due,
                _ = poll.tick() => Occasion::Poll,
                _ = refresh.tick() => Occasion::Refresh,
            };
            let group = match occasion {
                Occasion::Came(first) => self.group(first),
                Occasion::Signalled(signal) => self.on_signal(signal),
                Occasion::Due => self.on_wake(),
                Occasion::Poll => commands(&self.setup.context),
                Occasion::Refresh => self.on_refresh(),
            };
            self.handle(group)?;
        }
        if !self.detached {
            self.performer.close().await;
        }
        self.tell_the_rest();
        let driven = match (self.broken, self.ending) {
            (Some(error), _) => Driven::Broken(error),
            (None, Some(ending)) => Driven::Ended(ending),
            (None, None) => Driven::Detached,
        };
        Ok((driven, self.setup.run, self.setup.chronicle, self.reporter))
    }

    /// What was cleared away after the run's end may have something to say; nothing else happens any more.
    fn tell_the_rest(&mut self) {
        let at = self.setup.clock.now();
        while let Ok(incoming) = self.incoming.try_recv() {
            if let Incoming::Told(notice) = incoming {
                self.reporter.notice(at, &notice);
            }
        }
    }

    fn is_over(&self) -> bool {
        let broken_and_still = self.broken.is_some() && self.performer.is_idle();
        self.ending.is_some() || self.detached || (broken_and_still && self.incoming.is_empty())
    }

    fn group(&mut self, first: Incoming) -> Vec<Incoming> {
        let mut group = vec![first];
        while group.len() < MAX_GROUP
            && let Ok(next) = self.incoming.try_recv()
        {
            group.push(next);
        }
        group
    }

    fn wake_instant(&self) -> Option<Instant> {
        self.wake
            .map(|at| Instant::now() + self.setup.clock.until(at) + Duration::from_millis(1))
    }

    fn on_wake(&mut self) -> Vec<Incoming> {
        self.wake = None;
        if self.setup.run.due(self.setup.clock.now()) {
            vec![Incoming::Happened(EventKind::Tick, None)]
        } else {
            Vec::new()
        }
    }

    fn on_refresh(&mut self) -> Vec<Incoming> {
        let view = self.setup.view().now(self.setup.clock.now());
        self.reporter.refresh(&view);
        Vec::new()
    }

    fn on_signal(&mut self, signal: Signal) -> Vec<Incoming> {
        let grace = match signal {
            Signal::HangUp => {
                self.detached = true;
                return Vec::new();
            }
            Signal::Interrupt | Signal::Terminate if self.interrupts > 0 => {
                self.performer.hasten();
                Millis(0)
            }
            Signal::Interrupt | Signal::Terminate => self.setup.context.grace,
        };
        self.interrupts += 1;
        vec![Incoming::Happened(
            EventKind::Command(Command::Suspend { grace }),
            None,
        )]
    }

    /// Steps through a group of events, makes them durable together, and only then acts on them.
    fn handle(&mut self, group: Vec<Incoming>) -> Result<(), JournalError> {
        let at = self.setup.clock.now();
        let mut round = Round::default();
        for incoming in group {
            match incoming {
                Incoming::Happened(kind, letter) => self.step(at, kind, letter, &mut round),
                Incoming::Told(notice) => round.notices.push(notice),
                Incoming::Broken(error) => self.on_broken(at, error, &mut round),
            }
        }
        self.setup.journal.append(at, &round.entries)?;
        for letter in round.letters {
            if let Err(error) = self.setup.context.mailbox.settle(letter) {
                // It is handed out again and recognised by its id in the journal.
                tracing::warn!(%error, "a handled message could not be filed");
            }
        }
        for notice in &round.notices {
            self.reporter.notice(at, notice);
        }
        for effect in round.effects {
            self.perform(effect);
        }
        Ok(())
    }

    fn step(
        &mut self,
        at: Timestamp,
        kind: EventKind,
        letter: Option<MessageId>,
        round: &mut Round,
    ) {
        round.letters.extend(letter);
        if letter.is_some_and(|id| !self.setup.handled.insert(id)) {
            return;
        }
        let event = Event { at, kind };
        let effects = match self.setup.run.step(event.clone()) {
            Ok(effects) => effects,
            Err(illegal) => {
                tracing::debug!(?event, %illegal, "an event came too late and changes nothing");
                return;
            }
        };
        round.entries.push(Entry::Event {
            event: EventEntry::of(&event.kind, self.setup.run.plan()),
            cause: letter,
        });
        let turns = self.setup.chronicle.observe(&event, &self.setup.run);
        round
            .notices
            .extend(self.setup.view().tell(&event, &turns, &effects));
        round.effects.extend(effects);
    }

    /// The environment failed an effect: its answer stays owed, so the run is suspended and a resume asks for it again.
    fn on_broken(&mut self, at: Timestamp, error: PerformError, round: &mut Round) {
        round.notices.push(Notice::Warning {
            text: error.to_string(),
        });
        if self.broken.is_none() {
            self.broken = Some(error);
            let grace = self.setup.context.grace;
            let suspend = EventKind::Command(Command::Suspend { grace });
            self.step(at, suspend, None, round);
        }
    }

    fn is_done(&self, task: TaskIx) -> bool {
        matches!(self.setup.run.task(task).state, TaskState::Done(_))
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::WakeAt { at } => self.wake = Some(at),
            Effect::Finish(ending) => self.ending = Some(ending),
            // What did not end well stays to be looked at, until a retry or `swarm gc` backs it up.
            Effect::Retire { task, .. } if !self.is_done(task) => {}
            other => self.performer.start(other),
        }
    }
}

/// What woke the loop.
enum Occasion {
    Came(Incoming),
    Signalled(Signal),
    Due,
    Poll,
    Refresh,
}

/// What one group of events leads to.
#[derive(Default)]
struct Round {
    entries: Vec<Entry>,
    letters: Vec<MessageId>,
    notices: Vec<Notice>,
    effects: Vec<Effect>,
}

async fn wait_until(instant: Option<Instant>) {
    match instant {
        Some(instant) => sleep_until(instant).await,
        None => std::future::pending().await,
    }
}
