//! The only place in the worker that starts a process: one command, its process group, and what it prints.
//!
//! Knows nothing of time limits or of why a command is ended. Children: `group` (who belongs to the command, how all of
//! them are ended and waited for), `output` (the bounded log).

mod group;
mod output;

use std::io;
use std::process::{Command, Stdio};
use std::sync::mpsc::Sender;
use std::time::Duration;

use swarm_mailbox::process::Owner;

use crate::spec::WorkerSpec;
use group::Group;
pub(crate) use group::adopt_orphans;
use output::Capture;
pub(crate) use output::{Kept, Output};

/// Every POSIX system has it here; the search path is the command's own affair.
const SHELL: &str = "/bin/sh";

/// What can happen to a job.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Happening {
    /// The worker got SIGTERM or SIGINT.
    StopSignal,
    /// The command itself ended.
    Exited {
        /// How.
        end: End,
        /// Whether processes that it started are still there.
        left: bool,
    },
    /// The command and everything that it started is gone. Not sent where `Exited` said so already.
    Gone,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// With an exit code.
    Code(i32),
    /// By a signal.
    Signal(i32),
}

/// A command that was started.
pub(crate) struct Running {
    group: Group,
    capture: Capture,
}

impl Running {
    /// Starts `command` in a group of its own, reading nothing, printing to `output`; its end is sent to `to_job`.
    pub(crate) fn start(
        spec: &WorkerSpec,
        command: &str,
        output: &Output,
        to_job: Sender<Happening>,
    ) -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        let (mark, marked) = spec.mark();
        let mut shell = Command::new(SHELL);
        shell
            .args(["-c", command])
            .current_dir(&spec.dir)
            .env_clear()
            .envs(&spec.env)
            .env(mark, marked)
            .stdin(Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(writer);
        let capture = output.capture(reader)?;
        // The last writers in this process go with `shell`: the output ends when the command's own are closed.
        let group = Group::start(&mut shell, to_job)?;
        Ok(Self { group, capture })
    }

    /// Who leads the group; `None` when it is over already.
    pub(crate) fn leader(&self) -> Option<Owner> {
        self.group.leader()
    }

    /// Asks the group to end (SIGTERM).
    pub(crate) fn terminate(&self) {
        self.group.terminate();
    }

    /// Ends the group and everything below this worker (SIGKILL). What forks faster than it is found may escape one
    /// call: it is repeated until `Exited` or `Gone` says that nothing is left.
    pub(crate) fn kill(&self) {
        self.group.kill();
    }

    /// Ends the capture of the output, once nobody writes any more or after `patience`.
    pub(crate) fn finish(self, patience: Duration) -> Kept {
        self.capture.finish(patience)
    }
}
