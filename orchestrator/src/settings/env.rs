//! The environment that commands get: a fixed list of harmless variables, and what the settings add.
//!
//! Knows nothing of commands, nor of the `SWARM_*` variables that tell a task about itself.

use std::collections::BTreeMap;
use std::ffi::OsString;

/// Variables that commands always get: who and where the user is, how to talk to them, and where tools keep their things.
pub const BASIC: [&str; 29] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "LC_*",
    "TZ",
    "TERM",
    "COLORTERM",
    "NO_COLOR",
    "TMPDIR",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    "XDG_RUNTIME_DIR",
    "XDG_STATE_HOME",
    "CARGO_HOME",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "GOPATH",
    "GOMODCACHE",
    "JAVA_HOME",
    "NVM_DIR",
    "PYENV_ROOT",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
    "NIX_SSL_CERT_FILE",
];

/// Variables that tie git to one repository (`git rev-parse --local-env-vars`). They would send a command's git to the
/// wrong one, so they are never passed.
const GIT_LOCAL: [&str; 16] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// Parts between underscores that mark a variable's name as that of a secret.
const SECRET_PARTS: [&str; 21] = [
    "APIKEY",
    "AUTH",
    "BEARER",
    "COOKIE",
    "CREDENTIAL",
    "CREDENTIALS",
    "CREDS",
    "DSN",
    "KEY",
    "KEYS",
    "PASS",
    "PASSPHRASE",
    "PASSWD",
    "PASSWORD",
    "PAT",
    "PRIVATE",
    "PWD",
    "SECRET",
    "SECRETS",
    "SESSION",
    "TOKEN",
];

/// What of `env` commands get, where the settings pass `names` beside the basic ones.
#[must_use]
pub fn for_commands(
    env: &BTreeMap<OsString, OsString>,
    names: &[String],
) -> BTreeMap<OsString, OsString> {
    env.iter()
        .filter(|(name, _)| name.to_str().is_some_and(|name| passes(name, names)))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn passes(name: &str, names: &[String]) -> bool {
    if name.starts_with("SWARM_") || GIT_LOCAL.contains(&name) {
        return false;
    }
    let named = names.iter().map(String::as_str);
    if looks_secret(name) {
        return named.into_iter().any(|pattern| pattern == name);
    }
    named
        .chain(BASIC)
        .any(|pattern| match pattern.strip_suffix('*') {
            Some(start) => name.starts_with(start),
            None => name == pattern,
        })
}

/// Whether a variable of this name mostly holds a secret.
#[must_use]
pub fn looks_secret(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let in_parts = upper.split('_').any(|part| SECRET_PARTS.contains(&part));
    // `PWD` and `OLDPWD` are directories; `SSH_AUTH_SOCK` is a door to keys and counts as one.
    upper != "PWD"
        && (in_parts
            || ["TOKEN", "SECRET", "PASSWORD"]
                .iter()
                .any(|end| upper.ends_with(end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(env: &[&str], names: &[&str]) -> Vec<String> {
        let env = env.iter().map(|name| (name.into(), "x".into())).collect();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        for_commands(&env, &names)
            .into_keys()
            .map(|name| name.into_string().unwrap())
            .collect()
    }

    #[test]
    fn only_basic_variables_are_passed_unasked() {
        let env = [
            "PATH",
            "HOME",
            "LC_TIME",
            "EDITOR",
            "AWS_PROFILE",
            "GITHUB_TOKEN",
        ];
        assert_eq!(passed(&env, &[]), ["HOME", "LC_TIME", "PATH"]);
        assert_eq!(
            passed(&env, &["AWS_*"]),
            ["AWS_PROFILE", "HOME", "LC_TIME", "PATH"]
        );
    }

    #[test]
    fn secrets_are_passed_only_where_they_are_named_in_full() {
        let env = ["GITHUB_TOKEN", "NPM_TOKEN", "MONKEY"];
        assert_eq!(passed(&env, &["*"]), ["MONKEY"]);
        assert_eq!(passed(&env, &["GITHUB_*"]), [""; 0]);
        assert_eq!(passed(&env, &["GITHUB_TOKEN"]), ["GITHUB_TOKEN"]);
    }

    #[test]
    fn what_ties_git_to_a_repository_and_what_is_ours_is_never_passed() {
        let env = [
            "GIT_DIR",
            "GIT_INDEX_FILE",
            "GIT_AUTHOR_NAME",
            "SWARM_TASK",
            "SWARM_RETRIES",
        ];
        assert_eq!(
            passed(&env, &["*", "GIT_DIR", "SWARM_TASK"]),
            ["GIT_AUTHOR_NAME"]
        );
    }

    #[test]
    fn names_of_secrets_are_told_from_their_look_alikes() {
        for secret in [
            "GITHUB_TOKEN",
            "AWS_SECRET_ACCESS_KEY",
            "ANTHROPIC_API_KEY",
            "PGPASSWORD",
            "MYTOKEN",
            "SSH_AUTH_SOCK",
            "DB_PASS",
            "client_secret",
            "SENTRY_DSN",
        ] {
            assert!(looks_secret(secret), "{secret}");
        }
        for plain in [
            "PATH",
            "PWD",
            "OLDPWD",
            "KEYBOARD",
            "MONKEY",
            "XDG_SESSIONS_DIR",
            "AUTHOR",
            "COMPASS",
        ] {
            assert!(!looks_secret(plain), "{plain}");
        }
    }
}
