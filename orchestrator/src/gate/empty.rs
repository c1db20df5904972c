//! Gate `empty`: a branch that changes nothing is no work, unless its task says that it may be so.

use crate::gate::judge::{Case, Report};

pub(super) fn check(case: &Case<'_>, report: &mut Report) {
    if !case.change.files.is_empty() || case.change.truncated || case.subject.allow_empty {
        return;
    }
    let commits = match case.change.commits.len() {
        0 => "it has no commit".to_owned(),
        count => format!("its {count} commits leave every file as it was"),
    };
    report.error(
        None,
        &format!(
            "the branch changes nothing: {commits}; if that is right, write `allow-empty: yes` at task '{}'",
            case.subject.task
        ),
    );
}

#[cfg(test)]
mod tests {
    use swarm_mailbox::id::CommitId;

    use crate::gate::GateSettings;
    use crate::gate::sample;
    use crate::git::change::{FileChange, Status};

    #[test]
    fn nothing_is_an_error_with_and_without_commits() {
        let mut change = sample::change(vec![]);
        let settings = GateSettings::default();
        let said = sample::said_of("empty", &change, &sample::subject(), &settings);
        assert!(said[0].contains("it has no commit"), "{said:?}");
        change
            .commits
            .push((CommitId::new(&"a".repeat(40)).unwrap(), b"x\n".to_vec()));
        let said = sample::said_of("empty", &change, &sample::subject(), &settings);
        assert!(said[0].contains("its 1 commits leave"), "{said:?}");
    }

    #[test]
    fn nothing_is_fine_where_the_task_allows_it() {
        let mut subject = sample::subject();
        subject.allow_empty = true;
        let change = sample::change(vec![]);
        assert!(sample::said_of("empty", &change, &subject, &GateSettings::default()).is_empty());
    }

    #[test]
    fn an_executable_bit_is_a_change() {
        let file = FileChange::new("run.sh", Status::ModeChanged);
        assert!(sample::said("empty", vec![file]).is_empty());
    }
}
