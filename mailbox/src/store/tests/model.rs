//! The store against two lists in memory: whatever is done to it, it answers as they do.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;

#[derive(Debug, Clone)]
enum Step {
    /// A sender posts a new message.
    Post(usize),
    /// A message that was posted before is posted again.
    PostAgain(usize),
    /// The reader settles one that was posted.
    Settle(usize),
    /// Something else appears in the folder.
    Junk,
    /// The reader starts anew.
    Reopen,
    /// The reader looks.
    Look,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..3usize).prop_map(Step::Post),
        2 => (0..64usize).prop_map(Step::PostAgain),
        3 => (0..64usize).prop_map(Step::Settle),
        1 => Just(Step::Junk),
        1 => Just(Step::Reopen),
        3 => Just(Step::Look),
    ]
}

#[derive(Default)]
struct Model {
    posted: Vec<Envelope>,
    pending: Vec<Envelope>,
    junk: usize,
}

#[test]
fn the_store_does_what_two_lists_would_do() {
    let mut runner = TestRunner::new(Config {
        cases: 100,
        failure_persistence: None,
        ..Config::default()
    });
    runner
        .run(&proptest::collection::vec(step(), 1..40), |steps| {
            let mut fixture = Fixture::new();
            let mut model = Model::default();
            for step in steps {
                apply(&mut fixture, &mut model, &step);
            }
            apply(&mut fixture, &mut model, &Step::Look);
            Ok(())
        })
        .unwrap();
}

fn apply(fixture: &mut Fixture, model: &mut Model, step: &Step) {
    let pick = |at: usize, model: &Model| model.posted.get(at % model.posted.len().max(1)).cloned();
    match step {
        Step::Post(sender) => {
            let letter = letter(&format!("s{sender}"), model.posted.len() as u64);
            fixture.engine.post(&letter).unwrap();
            model.posted.push(letter.clone());
            model.pending.push(letter);
        }
        Step::PostAgain(at) => {
            if let Some(letter) = pick(*at, model) {
                fixture.engine.post(&letter).unwrap();
            }
        }
        Step::Settle(at) => {
            if let Some(letter) = pick(*at, model) {
                fixture.engine.settle(letter.id).unwrap();
                model.pending.retain(|pending| pending.id != letter.id);
            }
        }
        Step::Junk => {
            fixture.put(&format!("junk {}", model.posted.len()), b"{}");
            model.junk = 1;
        }
        Step::Reopen => {
            fixture.engine = Mailbox::open(fixture.dir.path(), &agent("engine")).unwrap()
        }
        Step::Look => {
            let delivery = fixture.engine.pending().unwrap();
            assert_eq!(delivery.letters, model.pending);
            assert!(delivery.dead.len() >= model.junk);
            model.junk = 0;
        }
    }
}
