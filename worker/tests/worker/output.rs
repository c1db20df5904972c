//! What is kept of the output, and at what cost.

use std::fs;
use std::os::unix::fs::symlink;
use std::time::Duration;

use swarm_mailbox::wire::report::{Exit, Outcome};

use crate::fixture::{Fixture, size_of};

/// The worker's largest memory so far, in KiB; `None` when it is over.
fn peak_memory(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn a_flood_costs_neither_disk_nor_memory() {
    let fixture = Fixture::new(&[
        "echo first; head -c 200000000 /dev/zero | tr '\\0' x; echo; echo last",
        "echo after",
    ]);
    let mut worker = fixture.start();
    let (mut memory, mut disk) = (0, 0);
    while worker.0.try_wait().unwrap().is_none() {
        memory = memory.max(peak_memory(worker.0.id()).unwrap_or(0));
        disk = disk.max(size_of(&fixture.state().output()));
        std::thread::sleep(Duration::from_millis(2));
    }
    let report = worker.report(&fixture);
    assert_eq!(report.outcome, Outcome::Succeeded);
    assert!((1..64 * 1024).contains(&memory), "{memory} KiB of memory");
    let limit = fixture.spec.log_limit;
    assert!(
        disk <= limit * 3 / 2 + (1 << 16) + 100,
        "{disk} bytes on disk"
    );
    let log = fixture.log();
    assert!(log.len() as u64 <= limit + 100 && log.len() as u64 > limit - 100);
    assert!(log.starts_with(b"first\nxxx") && log.ends_with(b"xxx\nlast\nafter\n"));
    let text = String::from_utf8(log).unwrap();
    let left_out = 200_000_018 - limit;
    assert!(text.contains(&format!("\n[swarm: {left_out} bytes are left out here]\n")));
    assert_eq!(fixture.log_of(&report, 1), "after\n");
    assert_eq!(report.steps[0].tail.len(), 4096);
    assert!(report.steps[0].tail.ends_with("xxx\nlast\n"));
    assert_eq!(report.steps[1].tail, "after\n");
}

#[test]
fn an_endless_flood_is_ended_by_its_time() {
    let mut fixture = Fixture::new(&["yes"]);
    fixture.spec.steps[0].timeout_ms = Some(300);
    fixture.spec.log_limit = 8192;
    let report = fixture.run();
    assert_eq!(report.steps[0].exit, Exit::TimedOut);
    assert!(fixture.log().len() < 8192 + 100);
}

#[test]
fn a_full_disk_loses_output_but_neither_the_job_nor_the_word_of_it() {
    let fixture =
        Fixture::new(&["head -c 1000000 /dev/zero | tr '\\0' x; echo; echo end; touch done"]);
    symlink("/dev/full", fixture.state().output()).unwrap();
    let report = fixture.run();
    assert_eq!(report.outcome, Outcome::Succeeded);
    assert!(fixture.file("done").exists());
    assert!(report.steps[0].tail.ends_with("\nend\n"));
    let error = report.error.unwrap();
    assert!(
        error.contains("could not be kept") && error.contains("No space left"),
        "{error}"
    );
}

#[test]
fn output_that_is_no_text_is_kept_as_it_is_and_told_as_text() {
    let fixture = Fixture::new(&["printf 'a\\377\\000b'"]);
    let report = fixture.run();
    assert_eq!(fixture.log(), b"a\xff\0b");
    assert_eq!(report.steps[0].tail, "a\u{fffd}\0b");
}

#[test]
fn a_report_of_many_long_outputs_still_fits() {
    // Control characters take six bytes in JSON: 256 tails of 4096 of them are 6 MiB.
    let commands = vec!["head -c 5000 /dev/zero | tr '\\0' '\\001'"; 255];
    let mut fixture = Fixture::new(&commands);
    fixture.spec.keep_going = true;
    fixture.spec.steps[7].command = "echo why; exit 1".into();
    let report = fixture.run();
    assert_eq!(report.steps.len(), 255);
    assert_eq!(report.outcome, Outcome::Failed);
    assert_eq!(
        report.steps[7].tail, "why\n",
        "what failed is told first of all"
    );
    assert_eq!(report.steps[8].tail, "");
}
