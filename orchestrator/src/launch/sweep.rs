//! Killing what dead workers left behind, and proving that it is gone.
//!
//! A worker's processes are in its session, carry its mark, or are below one that does; a process that gave up all three
//! cannot be told from a stranger's. Knows nothing of living workers, except that they are spared.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;
use swarm_mailbox::id::{AgentName, RunId};
use swarm_mailbox::lease::Lease;
use swarm_mailbox::process::Owner;
use swarm_worker::StateDir;
use swarm_worker::strays::{self, Stray};
use tokio::time::{Instant, sleep};

use super::{LaunchError, Presence, presence};

/// How long something may survive SIGKILL before it is given up.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the killed get to disappear before they are looked for again.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(10);

/// Kills all processes that the dead worker `agent` of `run` left; answers which.
pub(super) async fn kill_leftovers(
    run: &RunId,
    agent: &AgentName,
    state: &StateDir,
) -> Result<Vec<Owner>, LaunchError> {
    let mut leaders: Vec<Owner> = presence::noted(state).into_iter().collect();
    leaders.extend(Lease::read(&state.lease()).map_err(LaunchError::Lease)?);
    kill_recorded_group(state);
    let limit = Instant::now() + PATIENCE;
    let mut killed = Vec::new();
    loop {
        let left = leftovers(run, agent, &leaders);
        if left.is_empty() {
            return Ok(killed);
        }
        if limit <= Instant::now() {
            return Err(LaunchError::Unkillable(left));
        }
        for owner in left {
            // One that may not be killed is found again until patience ends, and then named.
            let sent = owner.signal(Signal::KILL).unwrap_or(false);
            if sent && !killed.contains(&owner) {
                killed.push(owner);
            }
        }
        sleep(LOOK_AGAIN_AFTER).await;
    }
}

/// Kills all processes of workers of `run` that are not alive; answers which.
pub(super) async fn kill_strays(workers: &Path, run: &RunId) -> Result<Vec<Stray>, LaunchError> {
    let agents: BTreeSet<AgentName> = strays::marked(run)
        .into_iter()
        .map(|stray| stray.agent)
        .collect();
    let mut killed = Vec::new();
    for agent in agents {
        let state = StateDir::new(&workers.join(agent.as_str()));
        if matches!(Presence::of(&state)?, Presence::Alive(_)) {
            continue;
        }
        for owner in kill_leftovers(run, &agent, &state).await? {
            killed.push(Stray {
                owner,
                agent: agent.clone(),
            });
        }
    }
    Ok(killed)
}

fn leftovers(run: &RunId, agent: &AgentName, leaders: &[Owner]) -> Vec<Owner> {
    let marked = strays::marked(run)
        .into_iter()
        .filter(|stray| stray.agent == *agent);
    let mut left: Vec<Owner> = marked.map(|stray| stray.owner).collect();
    left.extend(leaders.iter().flat_map(strays::in_session_of));
    let above: Vec<u32> = left.iter().map(|owner| owner.pid).collect();
    left.extend(strays::below_any(&above));
    // A run inside of a worker's command carries that worker's mark; it never ends itself.
    left.retain(|owner| owner.pid != std::process::id());
    left.sort_by_key(|owner| owner.pid);
    left.dedup();
    left
}

/// On Linux the session says who belongs to a command's group.
#[cfg(target_os = "linux")]
fn kill_recorded_group(_state: &StateDir) {}

/// Elsewhere the group that the worker wrote down is all that there is. Its number stays its own while it has members.
#[cfg(not(target_os = "linux"))]
fn kill_recorded_group(state: &StateDir) {
    let recorded = swarm_mailbox::durable::read(&state.group(), 4096).ok();
    let leader: Option<Owner> = recorded.and_then(|json| serde_json::from_slice(&json).ok());
    let group =
        leader.and_then(|leader| rustix::process::Pid::from_raw(i32::try_from(leader.pid).ok()?));
    if let Some(group) = group {
        let _ = rustix::process::kill_process_group(group, Signal::KILL);
    }
}
