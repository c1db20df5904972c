//! Who a process is, beyond its number: a number is given again to another process, number + start time + boot is not.
//!
//! On Linux all of it comes from `/proc`. Elsewhere the start time is unknown (0) and the boot is empty, so that an
//! owner is told only by its number. Knows nothing of what a process does or of whom it belongs to.

use std::fmt;
use std::io;

use rustix::process::{Pid, Signal};
use serde::{Deserialize, Serialize};

/// One process of one boot of this machine.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Owner {
    /// Its number.
    pub pid: u32,
    /// When it started: clock ticks since boot, as the kernel tells it.
    pub start_time: u64,
    /// The boot of the machine that it belongs to.
    pub boot_id: String,
}

impl Owner {
    /// The process that asks.
    ///
    /// # Errors
    /// `/proc` is not readable.
    pub fn this_process() -> io::Result<Self> {
        let pid = std::process::id();
        Self::of(pid).ok_or_else(|| {
            io::Error::other(format!(
                "cannot read the state of process {pid}: is /proc mounted?"
            ))
        })
    }

    /// The living process with the number `pid`, or `None`. A zombie does not live.
    #[must_use]
    pub fn of(pid: u32) -> Option<Self> {
        let stat = Stat::of(pid).filter(|stat| !stat.zombie)?;
        Some(stat.owner(pid))
    }

    /// Whether this very process still runs. One of another boot does not.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.boot_id == boot_id()
            && Stat::of(self.pid)
                .is_some_and(|stat| !stat.zombie && stat.start_time == self.start_time)
    }

    /// Whether it lives or lived since this machine was started.
    #[must_use]
    pub fn is_of_this_boot(&self) -> bool {
        self.boot_id == boot_id()
    }

    /// Sends `signal` to this very process, never to a later one with its number; whether it was there to get it.
    ///
    /// # Errors
    /// The process is somebody else's.
    pub fn signal(&self, signal: Signal) -> io::Result<bool> {
        let Some(pid) = i32::try_from(self.pid).ok().and_then(Pid::from_raw) else {
            return Ok(false);
        };
        match send_exactly(self, pid, signal) {
            Ok(sent) => Ok(sent),
            Err(rustix::io::Errno::SRCH) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {}", self.pid)
    }
}

/// A process descriptor holds on to one process: if that is still the right one after it was opened, it stays so.
#[cfg(target_os = "linux")]
fn send_exactly(owner: &Owner, pid: Pid, signal: Signal) -> rustix::io::Result<bool> {
    use rustix::process::{PidfdFlags, pidfd_open, pidfd_send_signal};
    let descriptor = pidfd_open(pid, PidfdFlags::empty())?;
    if !owner.is_alive() {
        return Ok(false);
    }
    pidfd_send_signal(&descriptor, signal).map(|()| true)
}

#[cfg(not(target_os = "linux"))]
fn send_exactly(owner: &Owner, pid: Pid, signal: Signal) -> rustix::io::Result<bool> {
    if !owner.is_alive() {
        return Ok(false);
    }
    rustix::process::kill_process(pid, signal).map(|()| true)
}

/// What the system tells of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// Its parent's number.
    pub parent: u32,
    /// Its process group.
    pub group: u32,
    /// Its session.
    pub session: u32,
    /// It has ended, and its parent has not asked how.
    pub zombie: bool,
    /// When it started: clock ticks since boot.
    pub start_time: u64,
}

impl Stat {
    /// Of the process with the number `pid`, if there is one.
    #[cfg(target_os = "linux")]
    #[must_use]
    pub fn of(pid: u32) -> Option<Self> {
        Self::parse(&std::fs::read(format!("/proc/{pid}/stat")).ok()?)
    }

    /// Of the process with the number `pid`, if there is one; only that much is known here.
    #[cfg(not(target_os = "linux"))]
    #[must_use]
    pub fn of(pid: u32) -> Option<Self> {
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw)?;
        let there = !matches!(
            rustix::process::test_kill_process(pid),
            Err(rustix::io::Errno::SRCH)
        );
        there.then_some(Self {
            parent: 0,
            group: 0,
            session: 0,
            zombie: false,
            start_time: 0,
        })
    }

    /// The identity of the process that this was told of, whose number is `pid`.
    #[must_use]
    pub fn owner(&self, pid: u32) -> Owner {
        Owner {
            pid,
            start_time: self.start_time,
            boot_id: boot_id(),
        }
    }

    /// Reads the line of `/proc/<pid>/stat`. The second field is the program's name in brackets and may hold anything,
    /// so that counting starts behind the last bracket.
    #[cfg(any(target_os = "linux", test))]
    fn parse(line: &[u8]) -> Option<Self> {
        let behind_name = line.iter().rposition(|&byte| byte == b')')? + 1;
        let rest = std::str::from_utf8(line.get(behind_name..)?).ok()?;
        let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
        let number = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok());
        let process = |at: usize| number(at).and_then(|number| u32::try_from(number).ok());
        Some(Self {
            parent: process(1)?,
            group: process(2)?,
            session: process(3)?,
            zombie: matches!(fields.first(), Some(&("Z" | "X" | "x"))),
            start_time: number(19)?,
        })
    }
}

/// Every process that can be seen, with its number. Empty where there is no `/proc`.
#[must_use]
pub fn all() -> Vec<(u32, Stat)> {
    let Ok(entries) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(|pid| Some((pid, Stat::of(pid)?)))
        .collect()
}

#[cfg(target_os = "linux")]
fn boot_id() -> String {
    use std::sync::OnceLock;
    static BOOT: OnceLock<String> = OnceLock::new();
    let read = || {
        std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    BOOT.get_or_init(read).clone()
}

#[cfg(not(target_os = "linux"))]
fn boot_id() -> String {
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn this_process_lives_and_another_start_or_boot_does_not() {
        let me = Owner::this_process().unwrap();
        assert!(me.is_alive());
        assert!(
            !Owner {
                start_time: me.start_time + 1,
                ..me.clone()
            }
            .is_alive()
        );
        assert!(
            !Owner {
                boot_id: "another".into(),
                ..me
            }
            .is_alive()
        );
    }

    #[test]
    fn a_zombie_does_not_live_and_gets_no_signal() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let owner = Owner::of(child.id()).unwrap();
        assert!(owner.is_alive());
        assert!(owner.signal(Signal::KILL).unwrap());
        while owner.is_alive() {
            std::thread::yield_now();
        }
        assert_eq!(
            Owner::of(child.id()),
            None,
            "it is not yet waited for, but it is over"
        );
        assert!(!owner.signal(Signal::KILL).unwrap());
        child.wait().unwrap();
        assert!(!owner.signal(Signal::KILL).unwrap());
    }

    #[test]
    fn a_signal_never_hits_a_later_process_with_the_same_number() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let now = Owner::of(child.id()).unwrap();
        let before = Owner {
            start_time: now.start_time - 1,
            ..now.clone()
        };
        assert!(!before.signal(Signal::KILL).unwrap());
        assert!(now.is_alive());
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn a_program_may_call_itself_anything() {
        let line = b"7 (a) R 1 2) Z 3 4 5 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 99 1 2";
        let stat = Stat::parse(line).unwrap();
        assert_eq!(
            stat,
            Stat {
                parent: 3,
                group: 4,
                session: 5,
                zombie: true,
                start_time: 99
            }
        );
        assert_eq!(Stat::parse(b"7 (sh"), None);
        assert_eq!(Stat::parse(b"7 (sh) S 1 2 3"), None);
    }

    #[test]
    fn this_process_is_among_all() {
        let me = std::process::id();
        assert!(all().iter().any(|(pid, stat)| *pid == me && !stat.zombie));
    }
}
