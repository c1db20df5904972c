//! A run as its journal tells it: replayed, without an engine and without changing anything.
//!
//! Knows nothing of processes or git.

use std::collections::HashSet;
use std::path::Path;

use swarm_mailbox::id::MessageId;
use swarm_run::Run;
use swarm_run::effect::Effect;
use swarm_run::event::{Event, Timestamp};

use super::chronicle::{Chronicle, Turn};
use super::{EngineError, dag};
use crate::journal::entry::{Entry, Opening};
use crate::planfile::{self, PlanFile};
use crate::rundir::RunDir;

/// A run as its journal tells it.
pub(super) struct Past {
    pub(super) opening: Opening,
    pub(super) file: PlanFile,
    pub(super) run: Run,
    pub(super) chronicle: Chronicle,
    /// The messages whose effect is in the journal.
    pub(super) handled: HashSet<MessageId>,
    /// The time of the last entry.
    pub(super) last: Timestamp,
    /// Whether the run machine was started.
    pub(super) began: bool,
}

/// One step of the past, for whoever wants to tell it.
pub(super) struct Step<'a> {
    pub(super) event: &'a Event,
    pub(super) turns: &'a [Turn],
    pub(super) effects: &'a [Effect],
}

impl Past {
    /// Replays `entries`.
    ///
    /// # Errors
    /// The plan is missing or changed, or the entries are not those of a run.
    pub(super) fn read(dir: &RunDir, entries: &[(Timestamp, Entry)]) -> Result<Self, EngineError> {
        Self::tell(dir, entries, |_, _| ())
    }

    /// Replays `entries` and hands out each step with the past up to and including it.
    pub(super) fn tell(
        dir: &RunDir,
        entries: &[(Timestamp, Entry)],
        mut teller: impl FnMut(&Self, &Step<'_>),
    ) -> Result<Self, EngineError> {
        let Some((_, Entry::Opened(opening))) = entries.first() else {
            return Err(EngineError::NoOpening);
        };
        let file = load_plan(&dir.plan(), opening)?;
        let plan = dag(&file, opening.defaults.into())?;
        let run = Run::new(plan, (&opening.limits).into());
        let mut past = Self {
            opening: Opening::clone(opening),
            file,
            chronicle: Chronicle::new(&run),
            run,
            handled: HashSet::new(),
            last: Timestamp(0),
            began: false,
        };
        for (at, entry) in entries {
            past.last = *at;
            if let Entry::Event { event, cause } = entry {
                past.replay(event.event(*at, past.run.plan())?, *cause, &mut teller)?;
            }
        }
        Ok(past)
    }

    fn replay(
        &mut self,
        event: Event,
        cause: Option<MessageId>,
        teller: &mut impl FnMut(&Self, &Step<'_>),
    ) -> Result<(), EngineError> {
        let effects = self
            .run
            .step(event.clone())
            .map_err(|illegal| EngineError::Replay(illegal.to_string()))?;
        let turns = self.chronicle.observe(&event, &self.run);
        self.handled.extend(cause);
        self.began = true;
        let step = Step {
            event: &event,
            turns: &turns,
            effects: &effects,
        };
        teller(self, &step);
        Ok(())
    }
}

/// What the journal knows the accepted plan by.
pub(super) fn digest(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

fn load_plan(path: &Path, opening: &Opening) -> Result<PlanFile, EngineError> {
    let bytes = std::fs::read(path).map_err(|source| EngineError::Plan {
        path: path.to_owned(),
        source,
    })?;
    if digest(&bytes) != opening.plan {
        return Err(EngineError::PlanChanged {
            path: path.to_owned(),
        });
    }
    let mut file = planfile::parse(&opening.plan_name, &bytes)
        .map_err(|diagnostics| EngineError::PlanRefused(diagnostics.render(false)))?;
    file.front.retries = opening.retries_flag.or(file.front.retries);
    Ok(file)
}
