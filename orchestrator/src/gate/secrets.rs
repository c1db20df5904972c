//! Gate `secrets`: no secret in a well-known format gets into the repository.

use crate::gate::judge::{Case, Report};
use crate::gate::leak;

pub(super) fn check(case: &Case<'_>, report: &mut Report) {
    let Some(guard) = leak::secrets_guard() else {
        return report.error(None, "nothing was looked for: the leak guard does not work");
    };
    leak::check(guard, case, report, |hit| {
        Some(format!(
            "what looks like {}: {}; remove it from the branch's history, and revoke it if it is real",
            hit.what, hit.redacted
        ))
    });
}

#[cfg(test)]
mod tests {
    use swarm_mailbox::id::CommitId;

    use crate::gate::GateSettings;
    use crate::gate::sample;

    #[test]
    fn a_secret_is_found_wherever_it_gets_in_and_is_never_shown() {
        let secret = sample::secret();
        let mut file = sample::added("a.txt", &format!("x\ntoken = {secret}\n"));
        file.added[1].0 = 40;
        let named = sample::added(format!("keys/{secret}.txt"), "x\n");
        let mut change = sample::change(vec![file, named]);
        let message = format!("use it\n\n{secret}\n").into_bytes();
        change
            .commits
            .push((CommitId::new(&"a".repeat(40)).unwrap(), message));
        let mut subject = sample::subject();
        subject.branch = secret.clone();
        let said = sample::said_of("secrets", &change, &subject, &GateSettings::default());
        assert_eq!(said.len(), 4, "{said:#?}");
        for (text, start) in said.iter().zip([
            "error  the name of the branch holds what looks like a GitHub token: ghp_",
            "error  the message of commit aaaaaaaaaaaa holds",
            "error  the name of a new file holds",
            "error a.txt:40 it holds what looks like a GitHub token",
        ]) {
            assert!(text.starts_with(start), "{text}");
            assert!(!text.contains(&secret), "{text}");
        }
    }

    #[test]
    fn a_key_over_several_lines_is_found() {
        // Put together, so that this file does not hold one.
        let head = ["-----BEGIN ", "RSA PRIVATE KEY-----"].concat();
        let body = "MIIEpAIBAAKCAQEA2Z3qX2BTLS4e0rVV5BQKTI8qME4MgJFCMU6L6eRoLJGjvJHB";
        let said = sample::said(
            "secrets",
            vec![sample::added("k.pem", &format!("{head}\n{body}\n"))],
        );
        assert_eq!(said.len(), 1, "{said:?}");
    }

    #[test]
    fn what_goes_away_and_examples_are_none() {
        let secret = sample::secret();
        let gone = sample::edited("a.txt", &secret, "token = $TOKEN");
        let examples = sample::added(
            "README.md",
            "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\nAKIAIOSFODNN7EXAMPLE\n",
        );
        assert!(sample::said("secrets", vec![gone, examples]).is_empty());
    }
}
