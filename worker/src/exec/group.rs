//! A command's processes: its group, and whoever left the group but is still below this worker.
//!
//! One thread for each command waits for everything that ends below this process. Numbers of processes are safe to use
//! while a process is not waited for; so waiting and signalling the group exclude each other by a lock.
//! On Linux this process adopts orphans, so that "no child is left to wait for" proves that nothing is left at all.
//! Elsewhere the group is all that can be known.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, WaitOptions, WaitStatus, kill_process_group, wait, waitid,
};
use swarm_mailbox::process::Owner;

use super::{End, Happening};

/// One command's processes.
pub(super) struct Group {
    leader: Pid,
    /// Whether the leader was waited for, after which its number may be anybody's.
    over: Arc<Mutex<bool>>,
}

impl Group {
    /// Starts `command` as the leader of a new group, and the thread that waits for it.
    pub(super) fn start(command: &mut Command, to_job: Sender<Happening>) -> io::Result<Self> {
        let child = command.process_group(0).spawn()?;
        let leader = Pid::from_child(&child);
        let group = Self {
            leader,
            over: Arc::new(Mutex::new(false)),
        };
        let waiter = Waiter {
            leader,
            over: Arc::clone(&group.over),
            to_job,
        };
        let started = thread::Builder::new()
            .name("waiter".into())
            .spawn(move || waiter.run());
        if let Err(error) = started {
            // Nobody would notice its end: it must not begin.
            group.kill();
            return Err(error);
        }
        Ok(group)
    }

    /// The leader, while it lives.
    pub(super) fn leader(&self) -> Option<Owner> {
        let over = lock(&self.over);
        let pid = u32::try_from(self.leader.as_raw_pid()).ok()?;
        if *over { None } else { Owner::of(pid) }
    }

    /// SIGTERM to the group.
    pub(super) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// SIGKILL to the group and to everything below this process.
    pub(super) fn kill(&self) {
        self.signal(Signal::KILL);
        for owner in crate::strays::below(std::process::id()) {
            // One that cannot be killed is somebody else's; the job tells that something is left.
            let _ = owner.signal(Signal::KILL);
        }
    }

    fn signal(&self, signal: Signal) {
        let over = lock(&self.over);
        // On Linux members of the group that outlive its leader are found below this process, each by its identity.
        if !*over || cfg!(not(target_os = "linux")) {
            let _ = kill_process_group(self.leader, signal);
        } else if signal != Signal::KILL {
            let group = u32::try_from(self.leader.as_raw_pid()).unwrap_or_default();
            for owner in crate::strays::of_group_below(group, std::process::id()) {
                let _ = owner.signal(signal);
            }
        }
    }
}

/// The thread that waits.
struct Waiter {
    leader: Pid,
    over: Arc<Mutex<bool>>,
    to_job: Sender<Happening>,
}

impl Waiter {
    fn run(self) {
        let mut exited = false;
        loop {
            // This only looks: the process stays, and with it its number, until it is waited for below.
            let peek = waitid(WaitId::All, WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
            if matches!(peek, Err(rustix::io::Errno::INTR)) {
                continue;
            }
            let (end, left) = self.collect();
            if let Some(end) = end {
                exited = true;
                let left = left || group_lives(self.leader);
                // Nobody listens where the job gave up on it.
                let _ = self.to_job.send(Happening::Exited { end, left });
                if !left {
                    return;
                }
            } else if exited && !left {
                wait_for_group(self.leader);
                let _ = self.to_job.send(Happening::Gone);
                return;
            } else if !left {
                // Somebody else waited for the leader; that cannot be, and must not hang the job.
                let end = End::Code(-1);
                let _ = self.to_job.send(Happening::Exited { end, left: false });
                return;
            }
        }
    }

    /// Waits for all that has ended: how the leader did, if it is among them, and whether any process is left.
    fn collect(&self) -> (Option<End>, bool) {
        let mut over = lock(&self.over);
        let mut end = None;
        loop {
            match wait(WaitOptions::NOHANG) {
                Ok(Some((pid, status))) if pid == self.leader => {
                    *over = true;
                    end = Some(end_of(status));
                }
                Ok(Some(_)) | Err(rustix::io::Errno::INTR) => {}
                Ok(None) => return (end, true),
                Err(_) => return (end, false),
            }
        }
    }
}

fn end_of(status: WaitStatus) -> End {
    match (status.exit_status(), status.terminating_signal()) {
        (Some(code), _) => End::Code(code),
        (None, signal) => End::Signal(signal.unwrap_or_default()),
    }
}

fn lock(over: &Mutex<bool>) -> MutexGuard<'_, bool> {
    over.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes this process the parent of all orphans below it.
pub(crate) fn adopt_orphans() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    Ok(())
}

/// Whether the group has members that are not below this process any more.
#[cfg(target_os = "linux")]
fn group_lives(_leader: Pid) -> bool {
    false
}

#[cfg(target_os = "linux")]
fn wait_for_group(_leader: Pid) {}

#[cfg(not(target_os = "linux"))]
fn group_lives(leader: Pid) -> bool {
    rustix::process::test_kill_process_group(leader).is_ok()
}

/// Orphans belong to somebody else here, who tells nothing: the group has to be asked.
#[cfg(not(target_os = "linux"))]
fn wait_for_group(leader: Pid) {
    while group_lives(leader) {
        thread::sleep(std::time::Duration::from_millis(50));
    }
}
