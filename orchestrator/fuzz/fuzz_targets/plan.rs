//! Any bytes as a plan file: nothing may panic or hang, and what is a plan must be the same plan after it was rendered.
//!
//! Run it with `cargo +nightly fuzz run plan fuzz/target/found fuzz/corpus/plan` in `orchestrator/`, so that new inputs
//! do not mix with those that the tests run. A crash becomes a file of the corpus, named `ok-…` or `bad-…`.

#![no_main]

use libfuzzer_sys::fuzz_target;
use swarm_orchestrator::planfile::{Defaults, lint, parse};
use swarm_orchestrator::report::dag::Dag;

fuzz_target!(|bytes: &[u8]| {
    let plan = match parse("plan.md", bytes) {
        Ok(plan) => plan,
        Err(problems) => {
            assert!(problems.errors() > 0);
            let text = problems.render(false);
            assert!(
                text.chars().all(|c| c == '\n' || !c.is_control()),
                "{text:?}"
            );
            let _ = problems.to_json();
            return;
        }
    };
    let _ = lint::check_commands(&plan).render(true);
    if let Ok(dag) = Dag::new(&plan, &Defaults::default(), 4) {
        let _ = (dag.text(), dag.dot(), dag.mermaid(), dag.json());
    }
    let rendered = plan.to_markdown();
    let again = match parse("plan.md", rendered.as_bytes()) {
        Ok(again) => again,
        Err(problems) => panic!("{rendered}\n{problems}"),
    };
    assert_eq!(again.to_markdown(), rendered);
    assert_eq!(
        (&again.front, &again.title, &again.context),
        (&plan.front, &plan.title, &plan.context)
    );
    assert_eq!(again.tasks.len(), plan.tasks.len());
    for (mut again, task) in again.tasks.into_iter().zip(plan.tasks) {
        again.line = task.line;
        assert_eq!(again, task);
    }
});
