//! Who is alive: the processes that belong to one test environment.
//!
//! A process belongs to it when a variable of its environment names a path inside, which every process that was started
//! there inherits, or when it works in a directory of it. Knows nothing of process groups or parents: those are what an
//! orphan has lost.

use std::fs;
use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};

/// A process that lives in a test environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its id.
    pub pid: i32,
    /// The agent that it works for, from `SWARM_AGENT`, when it has one.
    pub agent: Option<String>,
    /// Its command line, blanks between the words.
    pub command: String,
}

impl Process {
    /// Ends it with SIGKILL. It is no error when it is gone already.
    pub fn kill(&self) {
        if let Some(pid) = Pid::from_raw(self.pid) {
            let _gone = kill_process(pid, Signal::KILL);
        }
    }
}

/// The processes that live in the environment at `root`.
///
/// # Panics
/// On a system without `/proc`.
#[must_use]
pub fn living_in(root: &Path) -> Vec<Process> {
    let entries = fs::read_dir("/proc").expect("a /proc to look for processes in");
    let mut found: Vec<Process> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|pid| *pid != std::process::id().cast_signed())
        .filter_map(|pid| look_at(pid, root))
        .collect();
    found.sort_by_key(|process| process.pid);
    found
}

/// The process `pid` if it lives in `root`. One that ended meanwhile, or that is another user's, does not.
fn look_at(pid: i32, root: &Path) -> Option<Process> {
    let proc = Path::new("/proc").join(pid.to_string());
    // The variables of a process that ended and waits for its parent are empty.
    let variables = fs::read(proc.join("environ")).ok()?;
    let inside = variables.split(|byte| *byte == 0).any(|variable| {
        let value = variable
            .splitn(2, |byte| *byte == b'=')
            .nth(1)
            .unwrap_or_default();
        value.starts_with(root.as_os_str().as_encoded_bytes())
    });
    let works_inside =
        fs::read_link(proc.join("cwd")).is_ok_and(|directory| directory.starts_with(root));
    if !inside && !works_inside {
        return None;
    }
    let agent = variables
        .split(|byte| *byte == 0)
        .find_map(|variable| variable.strip_prefix(b"SWARM_AGENT="))
        .map(|name| String::from_utf8_lossy(name).into_owned());
    let words = fs::read(proc.join("cmdline")).ok()?;
    let command = String::from_utf8_lossy(&words)
        .trim_end_matches('\0')
        .replace('\0', " ");
    Some(Process {
        pid,
        agent,
        command,
    })
}
