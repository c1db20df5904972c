//! The one integration binary: every test that looks at the program from outside, and the checks that keep order.
//!
//! One binary for all of them links once. Tests of one module's rules stand beside that module and not here.

#![expect(
    clippy::expect_used,
    reason = "a test that cannot go on has to fail at once and loudly"
)]

mod crash;
mod faults;
mod harness;
mod layouts;
mod never_lost;
mod quickstart;
mod scene;
mod signals;
mod terminal;
mod tidy;

use swarm_tests::{Built, TestEnv};

/// A sealed world with the programs that were built beside this one.
fn sealed() -> TestEnv {
    TestEnv::new(Built {
        swarm: env!("CARGO_BIN_EXE_swarm-under-test"),
        fake: env!("CARGO_BIN_EXE_swarm-fake"),
    })
}
