//! The table of secret formats.
//!
//! A format is in it only where its issuer marks it so clearly that a match is almost never anything else. The marks are
//! those that the issuers document for secret scanning.

use super::placeholder;

/// One secret format.
#[derive(Debug)]
pub(super) struct Rule {
    /// Its name in findings.
    pub(super) name: &'static str,
    /// What it is, for a person.
    pub(super) what: &'static str,
    /// The format; the group `secret`, or else the whole match, is the secret.
    pub(super) pattern: &'static str,
    /// How many bytes at its start are the format's mark and may be shown.
    pub(super) shown: usize,
    /// Whether a match, with all that follows it, is a secret at all and no example of one.
    pub(super) real: fn(&[u8], &[u8]) -> bool,
}

/// `name`, `what`, bytes to show, pattern: a format whose only look-alikes are examples.
const fn token(
    name: &'static str,
    what: &'static str,
    shown: usize,
    pattern: &'static str,
) -> Rule {
    Rule {
        name,
        what,
        pattern,
        shown,
        real: placeholder::is_random,
    }
}

/// Every format that is looked for.
pub(super) const RULES: &[Rule] = &[
    token(
        "aws-access-key",
        "an AWS access key id",
        4,
        r"(?-u)\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b",
    ),
    token(
        "aws-secret-key",
        "an AWS secret access key",
        2,
        r#"(?i-u)aws_?(?:secret_?access|secret)_?key['"]?[ \t]{0,4}(?:=>|[=:])[ \t]{0,4}['"]?(?P<secret>[a-z0-9/+]{40})(?:[^a-z0-9/+=]|$)"#,
    ),
    token(
        "github-token",
        "a GitHub token",
        4,
        r"(?-u)\bgh[pousr]_[A-Za-z0-9]{36,255}\b",
    ),
    token(
        "github-token",
        "a GitHub fine-grained token",
        11,
        r"(?-u)\bgithub_pat_[A-Za-z0-9]{22}_[A-Za-z0-9]{59}\b",
    ),
    token(
        "gitlab-token",
        "a GitLab token",
        6,
        r"(?-u)\bgl(?:pat|dt|rt|oas|ft|imt|agent|soat)-[A-Za-z0-9_-]{20,}",
    ),
    token(
        "gitlab-token",
        "a GitLab trigger token",
        6,
        r"(?-u)\bglptt-[0-9a-f]{40}\b",
    ),
    token(
        "slack-token",
        "a Slack bot or user token",
        5,
        r"(?-u)\bxox[bpare]-[0-9]{10,13}-[0-9]{10,13}-[A-Za-z0-9-]{20,}",
    ),
    token(
        "slack-token",
        "a Slack app token",
        5,
        r"(?-u)\bxapp-[0-9]-[A-Z0-9]{9,}-[0-9]{10,}-[a-f0-9]{32,}\b",
    ),
    token(
        "slack-webhook",
        "a Slack webhook address",
        8,
        r"https://hooks\.slack\.com/services/(?P<secret>T[A-Z0-9]{8,}/B[A-Z0-9]{8,}/[A-Za-z0-9]{24})",
    ),
    token(
        "stripe-key",
        "a Stripe live key",
        8,
        r"(?-u)\b(?:sk|rk)_live_[A-Za-z0-9]{24,247}\b",
    ),
    token(
        "stripe-webhook",
        "a Stripe webhook secret",
        6,
        r"(?-u)\bwhsec_[A-Za-z0-9+/]{32,}",
    ),
    token(
        "google-api-key",
        "a Google API key",
        4,
        r"(?-u)\bAIza[0-9A-Za-z_-]{35}(?:[^0-9A-Za-z_-]|$)",
    ),
    token(
        "google-client-secret",
        "a Google OAuth client secret",
        7,
        r"(?-u)\bGOCSPX-[A-Za-z0-9_-]{28}",
    ),
    token(
        "anthropic-key",
        "an Anthropic key",
        7,
        r"(?-u)\bsk-ant-[a-z]{3,5}[0-9]{2}-[A-Za-z0-9_-]{80,}",
    ),
    token(
        "openai-key",
        "an OpenAI key",
        3,
        r"(?-u)\bsk-(?:[a-z]{4,8}-)?[A-Za-z0-9_-]{20,100}T3BlbkFJ[A-Za-z0-9_-]{20,100}",
    ),
    token(
        "npm-token",
        "an npm token",
        4,
        r"(?-u)\bnpm_[A-Za-z0-9]{36}\b",
    ),
    token(
        "pypi-token",
        "a PyPI token",
        5,
        r"(?-u)\bpypi-(?:AgEIcHlwaS5vcmc|AgENdGVzdC5weXBpLm9yZw)[A-Za-z0-9_-]{50,}",
    ),
    token(
        "crates-token",
        "a crates.io token",
        3,
        r"(?-u)\bcio[A-Za-z0-9]{32}\b",
    ),
    token(
        "docker-token",
        "a Docker Hub token",
        9,
        r"(?-u)\bdckr_pat_[A-Za-z0-9_-]{27}",
    ),
    token(
        "hugging-face-token",
        "a Hugging Face token",
        3,
        r"(?-u)\bhf_[A-Za-z0-9]{34}\b",
    ),
    token(
        "digital-ocean-token",
        "a DigitalOcean token",
        7,
        r"(?-u)\bdo[opr]_v1_[a-f0-9]{64}\b",
    ),
    token(
        "sendgrid-key",
        "a SendGrid key",
        3,
        r"(?-u)\bSG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}",
    ),
    token(
        "azure-storage-key",
        "an Azure storage key",
        2,
        r"(?-u)AccountKey=(?P<secret>[A-Za-z0-9+/]{86}==)",
    ),
    Rule {
        name: "jwt",
        what: "a JSON web token",
        pattern: r"(?-u)\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{20,}",
        shown: 3,
        real: placeholder::is_signed_token,
    },
    Rule {
        name: "private-key",
        what: "a private key",
        // On a line of its own, where it may follow the mark of a diff or of a comment.
        pattern: r"(?m-u)^[+ \t#/*>]{0,20}(?P<secret>-----BEGIN (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----)[ \t\r]*$",
        shown: 11,
        real: placeholder::is_followed_by_key,
    },
    Rule {
        name: "private-key",
        what: "a private key in a string",
        pattern: r"(?-u)-----BEGIN (?:[A-Z0-9]{2,12} ){0,3}PRIVATE KEY-----(?:\\r)?\\n[A-Za-z0-9+/]{32}",
        shown: 11,
        real: placeholder::is_random,
    },
];
