//! What every test of the whole program needs: a sealed world, real repositories in it, the program, and eyes.
//!
//! A test makes a [`TestEnv`], puts a [`Repo`] into it, runs a [`Program`] there and looks at the [`Output`], the
//! [`Screen`], the repository and the [`processes`] that are left. Nothing is mocked: git, processes and terminals are
//! real. Waiting is always for something ([`wait_until`]), never for some time.
//! Knows nothing of the inside of `swarm`: it could test a program in any language.

#![expect(
    clippy::expect_used,
    reason = "a test whose world cannot be set up has to fail at once and loudly"
)]

mod env;
mod filter;
mod output;
pub mod processes;
mod program;
mod repo;
mod screen;
mod wait;

pub use env::{Built, TestEnv};
pub use filter::Filter;
pub use output::Output;
pub use program::{Program, Running, Signal};
pub use repo::Repo;
pub use screen::Screen;
pub use wait::wait_until;
