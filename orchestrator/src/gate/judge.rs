//! Runs every gate that is not off over one change.
//!
//! Knows no gate by name.

use std::path::Path;

use swarm_mailbox::id::TaskId;
use swarm_policy::scope::Scope;

use crate::gate::finding::{Finding, Severity};
use crate::gate::registry::{GateSettings, Level, registry};
use crate::git::change::Change;

/// Most findings of one gate; it then says how many more there are.
const MAX_PER_GATE: usize = 50;

/// Whose change is judged.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The task.
    pub task: TaskId,
    /// Its title.
    pub title: String,
    /// The paths it may change; `None` is all.
    pub scope: Option<Scope>,
    /// The name of its branch.
    pub branch: String,
    /// Whether it may leave everything as it was.
    pub allow_empty: bool,
}

/// What a gate sees.
pub(super) struct Case<'a> {
    pub(super) change: &'a Change,
    pub(super) subject: &'a Subject,
    pub(super) settings: &'a GateSettings,
}

/// Where a gate puts its findings.
pub(super) struct Report {
    gate: &'static str,
    level: Level,
    findings: Vec<Finding>,
    left_out: usize,
}

/// Judges a change with every gate that the settings do not turn off.
#[must_use]
pub fn judge(change: &Change, subject: &Subject, settings: &GateSettings) -> Vec<Finding> {
    let case = Case {
        change,
        subject,
        settings,
    };
    let mut findings = Vec::new();
    for gate in registry() {
        let level = settings.level(gate.name);
        if level == Level::Off {
            continue;
        }
        let mut report = Report {
            gate: gate.name,
            level,
            findings: Vec::new(),
            left_out: 0,
        };
        (gate.check)(&case, &mut report);
        findings.extend(report.finish());
    }
    findings
}

impl Report {
    /// Something that stops the branch, unless the settings make it a warning.
    pub(super) fn error(&mut self, place: Option<(&Path, Option<u32>)>, text: &str) {
        self.add(Severity::Error, place, text);
    }

    /// Something that is only told.
    pub(super) fn warn(&mut self, place: Option<(&Path, Option<u32>)>, text: &str) {
        self.add(Severity::Warning, place, text);
    }

    fn add(&mut self, severity: Severity, place: Option<(&Path, Option<u32>)>, text: &str) {
        let severity = match self.level {
            Level::Error => severity,
            Level::Warning | Level::Off => Severity::Warning,
        };
        // A warning that came first must not keep out an error.
        if self.findings.len() >= MAX_PER_GATE {
            self.left_out += 1;
            let warning = |finding: &Finding| finding.severity == Severity::Warning;
            match self.findings.iter().rposition(warning) {
                Some(place) if severity == Severity::Error => self.findings.remove(place),
                _ => return,
            };
        }
        self.findings
            .push(Finding::new(self.gate, severity, place, text));
    }

    fn finish(mut self) -> Vec<Finding> {
        if self.left_out > 0 {
            let text = format!("and {} more findings of this gate", self.left_out);
            self.findings
                .push(Finding::new(self.gate, Severity::Warning, None, &text));
        }
        self.findings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::sample;
    use crate::git::change::{FileChange, Status};

    #[test]
    fn a_plain_change_has_no_findings() {
        let change = sample::change(vec![sample::added(
            "src/lib.rs",
            "pub fn two() -> u8 {\n    2\n}\n",
        )]);
        assert_eq!(
            judge(&change, &sample::subject(), &GateSettings::default()),
            []
        );
    }

    #[test]
    fn every_gate_can_be_a_warning_and_can_be_off() {
        let secret = sample::secret();
        let mut large = FileChange::new("out/big.bin", Status::Added);
        large.size = 1 << 30;
        large.truncated = true;
        let mut change = sample::change(vec![
            sample::added("a.rs", "<<<<<<< HEAD\n=======\n>>>>>>> x\n"),
            sample::added("b.rs", "fn f() { todo!() }\n"),
            sample::added("c.rs", &format!("// acme {secret}\n")),
            sample::removed("tests/d.rs", "#[test]\nfn d() {}\n"),
            large,
        ]);
        let mut subject = sample::subject();
        subject.scope = Some(Scope::parse(&["src/**"]).unwrap());
        let mut settings = sample::forbidding("acme");
        let mut all = judge(&change, &subject, &settings);
        change.files.clear();
        all.extend(judge(&change, &subject, &settings));
        for gate in registry() {
            let own = |findings: &[Finding], severity| {
                findings
                    .iter()
                    .any(|finding| finding.gate == gate.name && finding.severity == severity)
            };
            assert!(
                own(&all, Severity::Error),
                "{} found nothing: {all:#?}",
                gate.name
            );
            settings.set_level(gate.name, Level::Warning);
        }
        let files = sample::change(vec![sample::added("b.rs", "fn f() { todo!() }\n")]);
        let warned = judge(&files, &subject, &settings);
        assert_eq!(warned.len(), 2, "{warned:#?}");
        assert!(
            warned
                .iter()
                .all(|finding| finding.severity == Severity::Warning)
        );
        for gate in registry() {
            settings.set_level(gate.name, Level::Off);
        }
        assert_eq!(judge(&files, &subject, &settings), []);
    }

    #[test]
    fn findings_of_one_gate_are_bounded_and_errors_stay() {
        let mut report = Report {
            gate: "x",
            level: Level::Error,
            findings: Vec::new(),
            left_out: 0,
        };
        for _ in 0..MAX_PER_GATE {
            report.warn(None, "w");
        }
        report.error(None, "e");
        let findings = report.finish();
        assert_eq!(findings.len(), MAX_PER_GATE + 1);
        assert!(
            findings
                .iter()
                .any(|finding| finding.severity == Severity::Error)
        );
        assert!(findings.last().unwrap().text.contains("1 more"));
    }

    proptest::proptest! {
        #[test]
        fn no_change_makes_a_gate_panic(
            name in proptest::sample::select(vec!["a.rs", "test_a.py", "a.test.ts", "a_test.go", "ATest.java", "x"]),
            old in proptest::collection::vec("[ -~é\"'`/*#(){}\\\\]{0,30}", 0..12),
            new in proptest::collection::vec("[ -~é\"'`/*#(){}\\\\]{0,30}", 0..12),
        ) {
            let mut file = sample::edited(name, &old.join("\n"), &new.join("\n"));
            let _ = judge(&sample::change(vec![file.clone()]), &sample::subject(), &GateSettings::default());
            file.added.reverse();
            let _ = judge(&sample::change(vec![file]), &sample::subject(), &GateSettings::default());
        }
    }
}
