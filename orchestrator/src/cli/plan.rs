//! `swarm plan PLAN`: the plan as a graph, in one of its views.
//!
//! Changes nothing. `swarm run --dry-run` shows the same.

use super::Context;
use super::args::PlanArgs;
use super::plan_source::PlanSource;
use super::terminal::Format;
use crate::error::{CommandError, ErrorKind, ExitStatus};
use crate::planfile::{Defaults, PlanFile};
use crate::report::dag::{Dag, DagError};
use crate::settings::Settings;

/// How a plan is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// For a person, or as JSON if that was asked for.
    Asked,
    /// For Graphviz.
    Dot,
    /// For Mermaid.
    Mermaid,
}

/// Reads the plan and shows it.
///
/// # Errors
/// It is no plan, the settings are wrong, or standard output cannot be written to.
pub fn run(context: &Context, args: &PlanArgs) -> Result<ExitStatus, CommandError> {
    let source = PlanSource::load(context, &args.plan)?;
    let view = match (args.dot, args.mermaid) {
        (true, _) => View::Dot,
        (false, true) => View::Mermaid,
        (false, false) => View::Asked,
    };
    show(context, &source, &context.settings(&[])?, view)?;
    Ok(ExitStatus::Success)
}

/// Shows a plan that was read, with what the settings say where it says nothing.
///
/// # Errors
/// Its tasks overlap beyond measure, or standard output cannot be written to.
pub fn show(
    context: &Context,
    source: &PlanSource,
    settings: &Settings,
    view: View,
) -> Result<(), CommandError> {
    let defaults = Defaults {
        retries: settings.retries,
        timeout: settings.timeout,
    };
    let slots = slots(&source.file, settings);
    let dag =
        Dag::new(&source.file, &defaults, slots).map_err(|error| unusable(context, &error))?;
    let terminal = &context.terminal;
    match view {
        View::Dot => terminal.print(&dag.dot()),
        View::Mermaid => terminal.print(&dag.mermaid()),
        View::Asked if terminal.format == Format::Json => terminal.print_json(&dag.json()),
        View::Asked => terminal.print(&dag.text()),
    }
}

/// How many tasks may run at once: a flag goes before the plan, and the plan before files and variables.
#[must_use]
pub fn slots(plan: &PlanFile, settings: &Settings) -> u32 {
    let planned = plan
        .front
        .max_workers
        .filter(|_| !settings.is_from_flag("max-workers"));
    planned.unwrap_or(settings.max_workers)
}

fn unusable(context: &Context, error: &DagError) -> CommandError {
    match error {
        DagError::Overlaps(problems) => {
            context.terminal.tell(&problems.render(true));
            CommandError::new(ErrorKind::Plan, "the plan cannot be used as it stands")
        }
        DagError::Plan(error) => CommandError::new(ErrorKind::Plan, error.to_string()),
    }
}
