//! The golden file is format version 1 as it was released: reading it must work for ever. See `worker/golden/v1/`.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::PermissionsExt;

use super::*;

fn spec() -> WorkerSpec {
    WorkerSpec {
        v: SPEC_VERSION,
        run: RunId::new("012345678").unwrap(),
        agent: AgentName::new("core.1").unwrap(),
        report_to: AgentName::new("engine").unwrap(),
        mail: "/run/mail".into(),
        state: "/run/workers/core.1".into(),
        dir: "/tree/core".into(),
        env: BTreeMap::from([("TOKEN".into(), "secret \u{1b}ü".into())]),
        steps: vec![Step {
            name: "run".into(),
            command: "cargo test\n".into(),
            timeout_ms: Some(5),
        }],
        keep_going: true,
        timeout_ms: None,
        stop_grace_ms: 3000,
        log_limit: 1 << 20,
    }
}

fn refused(change: impl FnOnce(&mut WorkerSpec)) -> String {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("spec.json");
    let mut spec = spec();
    change(&mut spec);
    let error = spec.save(&path).unwrap_err().to_string();
    assert!(!path.exists());
    error
}

#[test]
fn a_spec_is_spelled_as_in_version_1() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("spec.json");
    spec().save(&path).unwrap();
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/v1/spec.json");
    assert_eq!(
        std::fs::read_to_string(&path).unwrap() + "\n",
        std::fs::read_to_string(golden).unwrap()
    );
    assert_eq!(WorkerSpec::load(Path::new(golden)).unwrap(), spec());
    assert_eq!(
        path.metadata().unwrap().permissions().mode() & 0o777,
        0o600,
        "it may hold secrets"
    );
}

#[test]
fn paths_that_are_no_text_survive() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("spec.json");
    let mut spec = spec();
    spec.dir = PathBuf::from(OsString::from_vec(b"/tree/\xff\n".to_vec()));
    spec.save(&path).unwrap();
    assert_eq!(WorkerSpec::load(&path).unwrap(), spec);
}

#[test]
fn what_the_system_would_refuse_later_is_refused_at_once() {
    let error = refused(|spec| spec.steps[0].command = "a\0b".into());
    assert!(
        error.ends_with("the command of step 'run' holds a NUL character"),
        "{error}"
    );
    for (name, shown) in [("", "''"), ("A=B", "'A=B'"), ("A\0\u{1b}", "'A\\0\\u{1b}'")] {
        let error = refused(|spec| drop(spec.env.insert(name.into(), String::new())));
        assert!(
            error.ends_with(&format!("{shown} cannot be an environment variable")),
            "{error}"
        );
    }
    assert!(
        refused(|spec| drop(spec.env.insert("A".into(), "\0".into()))).contains("'A' cannot be")
    );
}

#[test]
fn a_spec_is_bounded() {
    let error = refused(|spec| spec.steps = vec![spec.steps[0].clone(); MAX_STEPS + 1]);
    assert!(
        error.ends_with("it has 257 steps, 256 is the most"),
        "{error}"
    );
    assert!(refused(|spec| spec.steps[0].name = "x".repeat(257)).contains("longer than 256 bytes"));
    assert!(
        refused(|spec| spec.steps[0].command = "x".repeat(5 << 20))
            .contains("larger than 4194304 bytes")
    );
}

#[test]
fn what_is_no_spec_of_this_version_is_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("spec.json");
    let refused = |text: &str| {
        std::fs::write(&path, text).unwrap();
        WorkerSpec::load(&path).unwrap_err().to_string()
    };
    let shown = path.display();
    assert!(refused("{\"v\":2}").starts_with(&format!(
        "{shown} is no usable worker spec: it has format version 2"
    )));
    assert!(refused("{\"v\":1}").contains("missing field `run`"));
    assert!(refused("").contains("EOF"));
    std::fs::remove_file(&path).unwrap();
    assert!(matches!(WorkerSpec::load(&path), Err(SpecError::Io(..))));
}
