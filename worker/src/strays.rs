//! Processes of workers, found from outside: below a process, in a dead worker's session, or by the mark that every
//! process of a worker carries in its environment.
//!
//! All of it comes from `/proc`, on Linux only; elsewhere nothing is found. Knows nothing of whether a worker is needed.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;

use swarm_mailbox::id::{AgentName, RunId};
use swarm_mailbox::process::{self, Owner, Stat};

use crate::spec::MARK;

/// How much of an environment is looked at, in bytes; the system allows a few megabytes.
const MAX_ENVIRON_BYTES: u64 = 8 << 20;

/// A living process that carries the mark of an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stray {
    /// Who it is.
    pub owner: Owner,
    /// Whose mark it carries.
    pub agent: AgentName,
}

/// The living processes that carry the mark of `run`, the workers themselves among them.
#[must_use]
pub fn marked(run: &RunId) -> Vec<Stray> {
    let prefix = format!("{MARK}={run}/");
    process::all()
        .into_iter()
        .filter(|(_, stat)| !stat.zombie)
        .filter_map(|(pid, stat)| {
            let owner = stat.owner(pid);
            let agent = AgentName::new(&marked_as(pid, prefix.as_bytes())?).ok()?;
            // What was read belongs to this process only if the number still does.
            owner.is_alive().then_some(Stray { owner, agent })
        })
        .collect()
}

/// The living processes of the session that `worker` led, which itself is over.
#[must_use]
pub fn in_session_of(worker: &Owner) -> Vec<Owner> {
    // A session keeps its number as long as it has members. One that began after the worker's death could have got the
    // number again, but its leader would then have it too.
    let reused = Stat::of(worker.pid).is_some_and(|stat| stat.start_time != worker.start_time);
    if reused || !worker.is_of_this_boot() {
        return Vec::new();
    }
    let member = |stat: &Stat| stat.session == worker.pid && stat.start_time >= worker.start_time;
    living(|_, stat| member(stat))
}

/// The living processes below `ancestor`, their children's children included.
#[must_use]
pub fn below(ancestor: u32) -> Vec<Owner> {
    below_any(&[ancestor])
}

/// The living processes below any of `ancestors`.
#[must_use]
pub fn below_any(ancestors: &[u32]) -> Vec<Owner> {
    let parents: HashMap<u32, u32> = process::all()
        .iter()
        .map(|(pid, stat)| (*pid, stat.parent))
        .collect();
    living(|pid, _| {
        let mut at = pid;
        // The way up is no longer than the table; a table read while numbers change hands could hold a circle.
        for _ in 0..parents.len() {
            match parents.get(&at) {
                Some(parent) if ancestors.contains(parent) => return true,
                Some(parent) => at = *parent,
                None => return false,
            }
        }
        false
    })
}

/// The living processes of `group` below `ancestor`.
pub(crate) fn of_group_below(group: u32, ancestor: u32) -> Vec<Owner> {
    let mut owners = below(ancestor);
    owners.retain(|owner| Stat::of(owner.pid).is_some_and(|stat| stat.group == group));
    owners
}

fn living(wanted: impl Fn(u32, &Stat) -> bool) -> Vec<Owner> {
    let all = process::all().into_iter();
    all.filter(|(pid, stat)| !stat.zombie && wanted(*pid, stat))
        .map(|(pid, stat)| stat.owner(pid))
        .collect()
}

/// What stands behind `prefix` in the environment that the process was started with. That of another user's process
/// cannot be read, nor could it be killed.
fn marked_as(pid: u32, prefix: &[u8]) -> Option<String> {
    let mut environ = Vec::new();
    let file = File::open(format!("/proc/{pid}/environ")).ok()?;
    file.take(MAX_ENVIRON_BYTES)
        .read_to_end(&mut environ)
        .ok()?;
    let value = environ
        .split(|&byte| byte == 0)
        .find_map(|entry| entry.strip_prefix(prefix))?;
    String::from_utf8(value.to_owned()).ok()
}
