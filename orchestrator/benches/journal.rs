//! Events a second that the journal makes durable: one sync for each event, and one for a group of eight or sixty-four,
//! as a driver that is told several things at once writes them.
#![expect(
    clippy::expect_used,
    reason = "a benchmark that cannot write has to stop"
)]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use swarm_mailbox::id::{AttemptNo, TaskId};
use swarm_orchestrator::journal::Journal;
use swarm_orchestrator::journal::entry::{Entry, EventEntry};
use swarm_run::event::Timestamp;

/// Events that are written in one measurement.
const EVENTS: usize = 256;

fn entry() -> Entry {
    Entry::Event {
        event: EventEntry::WorkerStarted {
            task: TaskId::new("some-task").expect("a task id"),
            attempt: AttemptNo::FIRST,
        },
        cause: None,
    }
}

fn group_commit(criterion: &mut Criterion) {
    // The file system of the build is that of a repository; a temporary directory may be in memory.
    let place = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).expect("a directory");
    let events = vec![entry(); EVENTS];
    let mut group = criterion.benchmark_group("journal, events made durable");
    group
        .throughput(Throughput::Elements(EVENTS as u64))
        .sample_size(10);
    for size in [1, 8, 64] {
        let path = place.path().join(format!("{size}.jsonl"));
        let mut journal = Journal::create(&path).expect("a journal");
        group.bench_function(BenchmarkId::new("events in one sync", size), |bencher| {
            bencher.iter(|| {
                for part in events.chunks(size) {
                    journal
                        .append(Timestamp(1), part)
                        .expect("room on the disk");
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, group_commit);
criterion_main!(benches);
