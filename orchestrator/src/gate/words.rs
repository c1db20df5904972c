//! Gate `words`: none of the words that the project forbids gets into the repository.

use swarm_policy::leak::Guard;

use crate::gate::judge::{Case, Report};
use crate::gate::leak;

/// The rule by which the leak guard names a forbidden word.
const RULE: &str = "forbidden-word";

pub(super) fn check(case: &Case<'_>, report: &mut Report) {
    if case.settings.words.is_empty() {
        return;
    }
    match Guard::new(&case.settings.words) {
        Ok(guard) => leak::check(&guard, case, report, |hit| {
            (hit.rule == RULE).then(|| format!("the forbidden word '{}'", hit.redacted))
        }),
        Err(error) => report.error(None, &format!("nothing was looked for: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use crate::gate::sample;

    #[test]
    fn a_word_is_found_in_lines_names_and_the_branch() {
        let change = sample::change(vec![sample::added(
            "src/acme_client.rs",
            "// for Acme\nfn f() {}\n",
        )]);
        let mut subject = sample::subject();
        subject.branch = "swarm/x-acme".into();
        let settings = sample::forbidding("acme");
        assert_eq!(
            sample::said_of("words", &change, &subject, &settings),
            [
                "error  the name of the branch holds the forbidden word 'acme'",
                "error  the name of a new file holds the forbidden word 'acme'",
                "error src/acme_client.rs:1 it holds the forbidden word 'Acme'",
            ]
        );
    }

    #[test]
    fn parts_of_words_old_names_and_secrets_are_none() {
        let mut old = sample::edited("docs/acme.md", "acme", "the customer");
        old.added[0]
            .1
            .extend_from_slice(sample::secret().as_bytes());
        let part = sample::added("a.md", "acmeology and pacme\n");
        assert!(sample::said("words", vec![old, part]).is_empty());
    }

    #[test]
    fn a_list_that_cannot_be_used_is_an_error_and_not_silence() {
        let settings = sample::forbidding("*");
        let change = sample::change(vec![sample::added("a", "x\n")]);
        let said = sample::said_of("words", &change, &sample::subject(), &settings);
        assert!(
            said[0].starts_with("error  nothing was looked for"),
            "{said:?}"
        );
    }
}
