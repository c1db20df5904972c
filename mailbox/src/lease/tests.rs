//! Takers are threads where that shows the same, and copies of this test binary where a process has to die.

use std::process::{Child, Command, Stdio};

use super::*;

/// Makes a copy of this program take the lease at that path, and keep it.
const TAKER: &str = "SWARM_TEST_LEASE";

/// What the processes of the other tests run. By itself it shows that a lease needs a directory.
#[test]
fn a_taker() {
    let Some(path) = std::env::var_os(TAKER) else {
        assert!(matches!(
            Lease::take(Path::new("/nowhere/lease")),
            Err(LeaseError::Io(..))
        ));
        return;
    };
    match Lease::take(Path::new(&path)) {
        Ok(lease) => lease.keep(),
        Err(_) => std::process::exit(7),
    }
    sleep(Duration::from_secs(300));
}

fn taker(path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "lease::tests::a_taker", "--nocapture"])
        .env(TAKER, path)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn end(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// Waits until the lease is that of `child`.
fn wait_for(path: &Path, child: &Child) -> Owner {
    for _ in 0..10_000 {
        match Lease::read(path).unwrap() {
            Some(owner) if owner.pid == child.id() => return owner,
            _ => sleep(Duration::from_millis(1)),
        }
    }
    panic!("process {} never took it", child.id());
}

#[test]
fn a_living_owner_keeps_its_lease_and_a_dead_one_loses_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lease");
    let child = taker(&path);
    let owner = wait_for(&path, &child);
    for take in [Lease::take, Lease::take_first] {
        match take(&path) {
            Err(LeaseError::Held(holder)) => assert_eq!(holder, owner),
            other => panic!("{other:?}"),
        }
    }
    end(child);
    assert_eq!(
        Lease::read(&path).unwrap(),
        Some(owner.clone()),
        "it still tells who had it"
    );
    match Lease::take_first(&path) {
        Err(LeaseError::Spent(holder)) => assert_eq!(holder, owner),
        other => panic!("{other:?}"),
    }
    let mine = Lease::take(&path).unwrap();
    assert_eq!(Lease::read(&path).unwrap().as_ref(), Some(mine.owner()));
}

#[test]
fn a_lease_that_is_dropped_is_given_back_and_one_that_is_kept_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lease");
    drop(Lease::take_first(&path).unwrap());
    assert_eq!(Lease::read(&path).unwrap(), None);
    Lease::take_first(&path).unwrap().keep();
    match Lease::take(&path) {
        Err(LeaseError::Held(owner)) => assert_eq!(owner.pid, std::process::id()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_lease_that_somebody_else_has_is_not_given_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lease");
    let mine = Lease::take(&path).unwrap();
    let child = Command::new("sleep").arg("300").spawn().unwrap();
    let other = Owner::of(child.id()).unwrap();
    durable::write(&path, &serde_json::to_vec(&other).unwrap()).unwrap();
    drop(mine);
    assert_eq!(Lease::read(&path).unwrap(), Some(other));
    end(child);
}

#[test]
fn a_lease_of_another_boot_or_another_start_is_free() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lease");
    let me = Owner::this_process().unwrap();
    let dead = [
        Owner {
            boot_id: "before".into(),
            ..me.clone()
        },
        Owner {
            start_time: me.start_time + 1,
            ..me
        },
    ];
    for owner in dead {
        durable::write(&path, &serde_json::to_vec(&owner).unwrap()).unwrap();
        drop(Lease::take(&path).unwrap());
    }
}

#[test]
fn what_is_no_lease_is_nobodys() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lease");
    for torn in ["", "{\"pid\":1,", "null"] {
        fs::write(&path, torn).unwrap();
        assert_eq!(Lease::read(&path).unwrap(), None);
        drop(Lease::take(&path).unwrap());
    }
    fs::create_dir(&path).unwrap();
    assert!(matches!(Lease::take(&path), Err(LeaseError::Io(..))));
}

#[test]
fn of_many_takers_one_wins_every_time() {
    let dir = tempfile::tempdir().unwrap();
    let dead = {
        let child = Command::new("sleep").arg("300").spawn().unwrap();
        let owner = Owner::of(child.id()).unwrap();
        end(child);
        serde_json::to_vec(&owner).unwrap()
    };
    for round in 0..100 {
        let path = dir.path().join(format!("lease{round}"));
        if round % 2 == 0 {
            fs::write(&path, &dead).unwrap();
        }
        let barrier = std::sync::Barrier::new(8);
        let wins: Vec<bool> = std::thread::scope(|scope| {
            let take = || {
                barrier.wait();
                Lease::take(&path).map(Lease::keep).is_ok()
            };
            let takers: Vec<_> = (0..8).map(|_| scope.spawn(take)).collect();
            takers
                .into_iter()
                .map(|taker| taker.join().unwrap())
                .collect()
        });
        assert_eq!(wins.iter().filter(|won| **won).count(), 1, "round {round}");
    }
}

#[test]
fn of_many_processes_one_wins_though_takers_are_killed_all_the_time() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lease");
    for round in 0..5 {
        // Some are killed at whatever point they have reached, in the middle of taking it for example.
        for delay in 0..8 {
            let killed = taker(&path);
            sleep(Duration::from_millis(delay));
            end(killed);
        }
        let mut takers: Vec<Child> = (0..5).map(|_| taker(&path)).collect();
        let mut refused = 0;
        for _ in 0..10_000 {
            refused = takers
                .iter_mut()
                .filter_map(|taker| taker.try_wait().unwrap())
                .count();
            if refused >= 4 {
                break;
            }
            sleep(Duration::from_millis(1));
        }
        let living: Vec<u32> = takers
            .iter_mut()
            .filter_map(|taker| taker.try_wait().unwrap().is_none().then(|| taker.id()))
            .collect();
        let owner = Lease::read(&path).unwrap().unwrap();
        takers.into_iter().for_each(end);
        assert_eq!(refused, 4, "round {round}: the others live: {living:?}");
        assert_eq!(living, [owner.pid]);
    }
}
