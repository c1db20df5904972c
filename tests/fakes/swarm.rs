//! The program `swarm` once more, so that an integration test of this package knows where it was built. It can be told to
//! die in the middle of a run.

use std::process::ExitCode;

fn main() -> ExitCode {
    let entries = std::env::var("SWARM_TEST_DIE_AFTER")
        .ok()
        .and_then(|text| text.parse().ok());
    if let Some(entries) = entries {
        swarm_orchestrator::journal::failpoint::die_after(entries);
    }
    swarm_orchestrator::main_impl()
}
