//! The findings of a run on disk: one file an attempt, which the next attempt is given as `SWARM_FINDINGS`.
//!
//! Knows nothing of who finds.

use std::path::Path;
use std::{fs, io};

use swarm_mailbox::durable;
use swarm_mailbox::id::{AttemptNo, TaskId};
use swarm_mailbox::wire::report::{Exit, Report};
use swarm_run::plan::TaskIx;

use super::context::Context;
use super::perform::PerformError;
use crate::gate::finding::{Finding, Findings, shown_path};
use crate::report;
use crate::rundir::RunDir;

/// What the failed steps of a report come to.
pub(super) fn of_report(report: &Report) -> Vec<Finding> {
    report
        .steps
        .iter()
        .filter(|step| step.exit != Exit::Code(0))
        .map(|step| {
            Finding::command(
                &step.name,
                &step.command,
                &ending(step.exit),
                step.tail.as_bytes(),
            )
        })
        .collect()
}

/// How a command ended, in words.
fn ending(exit: Exit) -> String {
    match exit {
        Exit::Code(code) => format!("exit status {code}"),
        Exit::Signal(signal) => format!("signal {signal}"),
        Exit::TimedOut => "out of time".to_owned(),
        Exit::Stopped => "stopped".to_owned(),
    }
}

/// Findings as they are told.
pub(super) fn shown(found: &[Finding]) -> Vec<report::finding::Finding> {
    found
        .iter()
        .map(|finding| report::finding::Finding {
            gate: finding.gate.clone(),
            file: finding.file.as_deref().map(shown_path),
            line: finding.line,
            text: finding.text.clone(),
        })
        .collect()
}

/// What was found in an attempt so far.
pub(super) fn load(
    context: &Context,
    task: TaskIx,
    attempt: AttemptNo,
) -> Result<Vec<Finding>, PerformError> {
    read(&context.dir.findings(&context.task(task).id, attempt))
}

/// The findings in one file; none where there is no such file.
pub(super) fn read(path: &Path) -> Result<Vec<Finding>, PerformError> {
    match fs::read(path) {
        Ok(bytes) => serde_json::from_slice::<Findings>(&bytes)
            .map(|list| list.findings)
            .map_err(|error| failure("understand", path, error.into())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(failure("read", path, error)),
    }
}

/// Replaces what was found in an attempt, durably.
pub(super) fn save(
    context: &Context,
    task: TaskIx,
    attempt: AttemptNo,
    found: Vec<Finding>,
) -> Result<(), PerformError> {
    let id = &context.task(task).id;
    let path = context.dir.findings(id, attempt);
    let list = Findings::new(id.clone(), attempt, found);
    let bytes =
        serde_json::to_vec_pretty(&list).map_err(|error| failure("encode", &path, error.into()))?;
    durable::write(&path, &bytes).map_err(|error| failure("write", &path, error))
}

/// How many findings all tries of a task had, up to `newest`.
pub(super) fn count(dir: &RunDir, task: &TaskId, newest: Option<AttemptNo>) -> u32 {
    let tries = 1..=newest.map_or(0, |attempt| attempt.0);
    let found = tries.filter_map(|attempt| read(&dir.findings(task, AttemptNo(attempt))).ok());
    found
        .map(|found| u32::try_from(found.len()).unwrap_or(u32::MAX))
        .sum()
}

fn failure(what: &'static str, path: &Path, source: io::Error) -> PerformError {
    PerformError::File {
        what,
        path: path.to_owned(),
        source,
    }
}
