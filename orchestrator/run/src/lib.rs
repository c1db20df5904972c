//! The run machine: everything that a run decides, and nothing that it does.
//!
//! A [`Run`] is a plan's DAG with one state per task, a merge queue and the limits. [`Run::step`] takes what happened
//! (an [`Event`]) and answers with what is to be done now (a list of [`Effect`]); an event that cannot happen in this
//! state is an [`Illegal`] value and changes nothing. Replaying the accepted events of a run gives the same run again,
//! and [`Run::outstanding`] lists the effects whose outcome is not known yet.
//!
//! Knows no clock (time arrives in events), no files, no processes, no git: a commit is a name that came in an event.

#![warn(clippy::wildcard_enum_match_arm)]

pub mod effect;
pub mod event;
pub mod plan;

mod graph;

pub mod state;

mod budget;
mod merge_queue;
mod retry;
mod slots;
mod tasks;

mod outstanding;
mod step;
mod view;

pub mod fault;

pub use effect::Effect;
pub use event::Event;
pub use merge_queue::{Candidate, Stage};
pub use plan::Plan;
pub use step::{Illegal, Run};
pub use tasks::TaskRecord;
pub use view::{Counts, RunView};
