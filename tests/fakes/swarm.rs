//! The program `swarm` once more, so that an integration test of this package knows where it was built.

use std::process::ExitCode;

fn main() -> ExitCode {
    swarm_orchestrator::main_impl()
}
