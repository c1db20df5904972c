//! The program `swarm`. Everything is in the library, so that tests can declare the same program again.

use std::process::ExitCode;

fn main() -> ExitCode {
    swarm_orchestrator::main_impl()
}
