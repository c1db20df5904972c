//! Real worker processes, one for each test: this test binary starts itself as the worker.
//!
//! Every fixture checks at its end that no process with its mark is left.

// The attribute says nothing new here, but the lints look for it.
#[cfg(test)]
mod fixture;

mod ending;
mod output;
mod steps;

use std::path::Path;

/// What the worker processes of the other tests run. By itself it shows that a worker without a spec says so.
#[test]
fn the_worker_itself() {
    let Some(spec) = std::env::var_os(fixture::SPEC) else {
        let error = swarm_worker::main(Path::new("/nowhere/spec.json")).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("cannot start: /nowhere/spec.json: "),
            "{error}"
        );
        return;
    };
    let code = match swarm_worker::main(Path::new(&spec)) {
        Ok(()) => 0,
        Err(error) => {
            eprintln!("{error}");
            1
        }
    };
    std::process::exit(code);
}
