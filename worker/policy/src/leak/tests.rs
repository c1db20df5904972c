//! Every secret here is put together at run time, so that this source holds none.

use std::sync::LazyLock;

use super::*;

/// Text that looks drawn at random, out of `alphabet`; the same for the same length.
fn random(length: usize, alphabet: &str) -> String {
    let alphabet: Vec<char> = alphabet.chars().collect();
    let mut state = 0x2545_f491_u64;
    std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        alphabet[(state >> 33) as usize % alphabet.len()]
    })
    .take(length)
    .collect()
}

const WORD: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const HEX: &str = "0123456789abcdef";
const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const DIGITS: &str = "0123456789";

fn guard() -> Guard {
    Guard::new::<&str>(&[]).unwrap()
}

/// One secret of each format, with the rule that must find it.
fn secrets() -> Vec<(&'static str, String)> {
    let word = |length| random(length, WORD);
    let digits = |length| random(length, DIGITS);
    vec![
        ("aws-access-key", ["AK", "IA", &random(16, BASE32)].concat()),
        ("github-token", ["gh", "p_", &word(36)].concat()),
        ("github-token", ["gh", "s_", &word(60)].concat()),
        (
            "github-token",
            ["github", "_pat_", &word(22), "_", &word(59)].concat(),
        ),
        ("gitlab-token", ["gl", "pat-", &word(20)].concat()),
        ("gitlab-token", ["gl", "ptt-", &random(40, HEX)].concat()),
        (
            "slack-token",
            ["xox", "b-", &digits(12), "-", &digits(12), "-", &word(24)].concat(),
        ),
        (
            "slack-token",
            [
                "xa",
                "pp-1-",
                "A01BCDEFGH",
                "-",
                &digits(13),
                "-",
                &random(64, HEX),
            ]
            .concat(),
        ),
        ("stripe-key", ["sk_", "live_", &word(24)].concat()),
        ("stripe-webhook", ["wh", "sec_", &word(32)].concat()),
        ("google-api-key", ["AI", "za", &word(35)].concat()),
        ("google-client-secret", ["GOC", "SPX-", &word(28)].concat()),
        (
            "anthropic-key",
            ["sk-", "ant-", "api03-", &word(93), "AA"].concat(),
        ),
        (
            "openai-key",
            ["sk-", &word(20), "T3Blbk", "FJ", &word(20)].concat(),
        ),
        (
            "openai-key",
            ["sk-", "proj-", &word(74), "T3Blbk", "FJ", &word(74)].concat(),
        ),
        ("npm-token", ["np", "m_", &word(36)].concat()),
        (
            "pypi-token",
            ["py", "pi-", "AgEIcHlwaS5vcmc", &word(90)].concat(),
        ),
        ("crates-token", ["ci", "o", &word(32)].concat()),
        ("docker-token", ["dckr", "_pat_", &word(27)].concat()),
        ("hugging-face-token", ["h", "f_", &word(34)].concat()),
        (
            "digital-ocean-token",
            ["do", "p_v1_", &random(64, HEX)].concat(),
        ),
        (
            "sendgrid-key",
            ["S", "G.", &word(22), ".", &word(43)].concat(),
        ),
        (
            "jwt",
            [
                "ey",
                "JhbGciOiJIUzI1NiJ9",
                ".ey",
                "JpZCI6NDIsIm4iOjF9",
                ".",
                &word(43),
            ]
            .concat(),
        ),
    ]
}

#[test]
fn every_format_is_found_wherever_it_stands() {
    let guard = guard();
    for (rule, secret) in secrets() {
        for text in [
            secret.clone(),
            format!("let key = \"{secret}\";"),
            format!("first\nKEY={secret}\nlast"),
            format!("+  token: '{secret}' # comment"),
        ] {
            let hits = guard.scan(text.as_bytes());
            assert_eq!(hits.len(), 1, "{rule}: {hits:?}");
            assert_eq!(hits[0].rule, rule);
            assert!(
                text[hits[0].range.clone()].starts_with(secret.as_str()),
                "{rule}: {hits:?}"
            );
        }
    }
}

#[test]
fn no_hit_shows_its_secret() {
    let guard = guard();
    for (rule, secret) in secrets() {
        let hits = guard.scan(secret.as_bytes());
        let shown = hits[0].redacted.split('…').next().unwrap();
        assert!(shown.len() * 3 <= secret.len(), "{rule} shows {shown}");
        let guessed = secret.len() - shown.len();
        assert!(guessed >= 16, "{rule} leaves only {guessed} bytes to guess");
    }
}

#[test]
fn secrets_that_a_name_marks_are_found() {
    let guard = guard();
    let key = random(40, WORD);
    for text in [
        format!("AWS_SECRET_ACCESS_KEY={key}"),
        format!("aws_secret_access_key = \"{key}\"\n"),
    ] {
        assert_eq!(
            guard.scan(text.as_bytes())[0].rule,
            "aws-secret-key",
            "{text}"
        );
    }
    let hook = [
        "https://hooks.",
        "slack.com/services/",
        "T0ABCDEFG/",
        "B0ABCDEFG/",
        &random(24, WORD),
    ]
    .concat();
    assert_eq!(guard.scan(hook.as_bytes())[0].rule, "slack-webhook");
    let azure = format!(
        "DefaultEndpointsProtocol=https;{}={}==;",
        "AccountKey",
        random(86, WORD)
    );
    assert_eq!(guard.scan(azure.as_bytes())[0].rule, "azure-storage-key");
}

#[test]
fn private_keys_are_found_in_files_diffs_and_strings() {
    let guard = guard();
    let body = random(64, WORD);
    for kind in ["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "] {
        let first = ["-----BEG", "IN ", kind, "PRIVATE KEY-----"].concat();
        for text in [
            format!("{first}\n{body}\n"),
            format!("+{first}\r\n+{body}\r\n"),
            format!("key: |\n    {first}\n    {body}\n"),
            format!("KEY=\"{first}\\n{body}\\n\""),
            first.clone(),
            format!("{first}\nProc-Type: 4,ENCRYPTED\n"),
        ] {
            assert_eq!(guard.scan(text.as_bytes()).len(), 1, "{text}");
        }
        for text in [
            format!("const FIRST: &str = \"{first}\";"),
            format!("{first}\n...\n-----END PRIVATE KEY-----"),
            format!("{first}\n<your key here>\n"),
            format!("it must start with {first}\n"),
        ] {
            assert_eq!(guard.scan(text.as_bytes()), [], "{text}");
        }
    }
}

#[test]
fn examples_and_look_alikes_are_no_hits() {
    let guard = guard();
    let word = random(36, WORD);
    let hex = random(64, HEX);
    for text in [
        "AKIAIOSFODNN7EXAMPLE".to_owned(),
        "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
        format!("AKIA{}", "X".repeat(16)),
        format!("XAKIA{}", random(16, BASE32)),
        format!("AKIA{}", random(17, BASE32)),
        format!("akia{}", random(16, BASE32).to_lowercase()),
        format!("ghp_{}", "x".repeat(36)),
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789".to_owned(),
        format!("ghp_{}", &word[..35]),
        format!("ghp-{word}"),
        format!("foo_ghp_{}", &word[..20]),
        "glpat-YOUR_TOKEN_GOES_HERE1".to_owned(),
        format!("sk_test_{word}"),
        format!("sk_live_{}", &word[..20]),
        "xoxb-your-token-here".to_owned(),
        "xoxb-000000000000-000000000000-xxxxxxxxxxxxxxxxxxxxxxxx".to_owned(),
        format!("sk-{word}"),
        format!("sk-ant-api03-{}", "a".repeat(95)),
        "sk-ant-your-key".to_owned(),
        format!("npm_{}", &word[..30]),
        "npm_config_registry_and_a_long_name_here_ok".to_owned(),
        "pypi-server".to_owned(),
        format!("prefix-cio{}", &word[..20]),
        "hf_hub_download_and_more_and_more_and".to_owned(),
        hex.clone(),
        format!("sha256:{hex}"),
        format!("commit {}", &hex[..40]),
        "0190f7e2-7c1b-7f3a-9a61-2f6f0f8b7e11".to_owned(),
        // The token that the documentation of JSON web tokens shows.
        [
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",
            ".eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ",
            ".SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
        ]
        .concat(),
        // Three parts that start like JSON, but the first one names no algorithm.
        format!("eyJmb28iOiJiYXIifQ.eyJmb28iOiJiYXIifQ.{word}"),
        "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX".to_owned(),
        "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A".to_owned(),
        "-----BEGIN CERTIFICATE-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A".to_owned(),
    ] {
        assert_eq!(guard.scan(text.as_bytes()), [], "{text}");
    }
}

#[test]
fn forbidden_words_are_whole_words_in_any_case() {
    let guard = Guard::new(&["acme", "Straße", "*tool*", "big corp", "c++"]).unwrap();
    let found = |text: &str| -> Vec<String> {
        guard
            .scan(text.as_bytes())
            .into_iter()
            .map(|hit| hit.redacted)
            .collect()
    };
    assert_eq!(
        found("Acme, ACME_KEY, acme-x; acme"),
        ["Acme", "ACME", "acme", "acme"]
    );
    assert_eq!(found("acmes pacme acme2 éacme acmeé"), Vec::<String>::new());
    assert_eq!(found("der STRAßE"), ["STRAßE"]);
    assert_eq!(found("MyToolbox"), ["Tool"]);
    assert_eq!(found("by Big Corp."), ["Big Corp"]);
    assert_eq!(found("in C++ and c++20"), ["C++"]);
}

#[test]
fn a_word_is_found_behind_a_longer_one_that_holds_it() {
    let guard = Guard::new(&["a-a"]).unwrap();
    assert_eq!(guard.scan(b"xa-a-a")[0].range, 3..6);
}

#[test]
fn hits_come_in_order_with_their_lines() {
    let guard = Guard::new(&["zebra"]).unwrap();
    let text = format!(
        "zebra\n\n{}\n zebra é",
        ["gh", "p_", &random(36, WORD)].concat()
    );
    let hits = guard.scan(text.as_bytes());
    let lines: Vec<_> = hits.iter().map(|hit| (hit.rule, hit.line)).collect();
    assert_eq!(
        lines,
        [
            ("forbidden-word", 1),
            ("github-token", 3),
            ("forbidden-word", 4)
        ]
    );
}

#[test]
fn bytes_that_are_no_text_are_searched_too() {
    let mut bytes = vec![0xff, 0x00, 0xfe];
    bytes.extend(["gh", "p_", &random(36, WORD)].concat().into_bytes());
    bytes.push(0xff);
    assert_eq!(guard().scan(&bytes).len(), 1);
    assert_eq!(
        Guard::new(&["word"]).unwrap().scan(b"\xffword\xff").len(),
        1
    );
}

#[test]
fn a_scan_ends_at_its_most_hits() {
    let guard = Guard::new(&["x"]).unwrap();
    assert_eq!(guard.scan(&b"x ".repeat(5000)).len(), MAX_HITS);
}

#[test]
fn bad_word_lists_are_refused() {
    for word in ["", " ", "*", "**"] {
        assert!(
            matches!(Guard::new(&[word]), Err(GuardError::Empty { .. })),
            "{word:?}"
        );
    }
    assert!(matches!(
        Guard::new(&["x".repeat(201)]),
        Err(GuardError::TooLong { bytes: 201 })
    ));
    assert!(matches!(
        Guard::new(&vec!["x"; 1001]),
        Err(GuardError::TooMany { count: 1001 })
    ));
    // A word is never a pattern.
    assert_eq!(Guard::new(&["a.c"]).unwrap().scan(b"abc"), []);
}

proptest::proptest! {
    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
        static GUARD: LazyLock<Guard> = LazyLock::new(|| Guard::new(&["é", "*a*"]).unwrap());
        for hit in GUARD.scan(&bytes) {
            proptest::prop_assert!(hit.range.end <= bytes.len());
        }
    }
}
