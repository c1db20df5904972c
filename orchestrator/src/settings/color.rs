//! Whether output is coloured.
//!
//! Knows no output and asks no terminal: it is told whether there is one.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;

/// What the user chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ColorChoice {
    /// The environment and the terminal decide.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl ColorChoice {
    /// Every choice as it is written.
    pub const NAMES: &'static [&'static str] = &["auto", "always", "never"];

    /// The choice that is written so; `None` where there is none.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "auto" => Some(Self::Auto),
            "always" => Some(Self::Always),
            "never" => Some(Self::Never),
            _ => None,
        }
    }

    /// Whether a stream is coloured, with the variables `env`, where `is_terminal` says what it goes to.
    ///
    /// `auto` asks in this order: a non-empty `NO_COLOR` forbids colour, a `CLICOLOR_FORCE` other than `0` asks for it,
    /// `CLICOLOR=0` and `TERM=dumb` forbid it, and otherwise a terminal has it.
    #[must_use]
    pub fn is_on(self, env: &BTreeMap<OsString, OsString>, is_terminal: bool) -> bool {
        let get = |name: &str| {
            env.get(OsString::from(name).as_os_str())
                .filter(|v| !v.is_empty())
        };
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto if get("NO_COLOR").is_some() => false,
            Self::Auto if get("CLICOLOR_FORCE").is_some_and(|v| v != "0") => true,
            Self::Auto => {
                is_terminal
                    && get("CLICOLOR").is_none_or(|v| v != "0")
                    && get("TERM").is_none_or(|v| v != "dumb")
            }
        }
    }
}

impl fmt::Display for ColorChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Auto => "auto",
            Self::Always => "always",
            Self::Never => "never",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auto(vars: &[(&str, &str)], is_terminal: bool) -> bool {
        let env = vars
            .iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        ColorChoice::Auto.is_on(&env, is_terminal)
    }

    #[test]
    fn without_variables_the_terminal_decides() {
        assert!(auto(&[], true));
        assert!(!auto(&[], false));
    }

    #[test]
    fn variables_go_before_the_terminal_and_no_color_before_all() {
        assert!(!auto(&[("NO_COLOR", "1")], true));
        assert!(
            auto(&[("NO_COLOR", "")], true),
            "an empty NO_COLOR says nothing"
        );
        assert!(auto(&[("CLICOLOR_FORCE", "1")], false));
        assert!(!auto(&[("CLICOLOR_FORCE", "0")], false));
        assert!(!auto(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")], true));
        assert!(!auto(&[("CLICOLOR", "0")], true));
        assert!(!auto(&[("TERM", "dumb")], true));
        assert!(!auto(&[("CLICOLOR", "1")], false));
    }

    #[test]
    fn an_explicit_choice_goes_before_every_variable() {
        let env = BTreeMap::from([("NO_COLOR".into(), "1".into())]);
        assert!(ColorChoice::Always.is_on(&env, false));
        assert!(!ColorChoice::Never.is_on(&BTreeMap::new(), true));
    }

    #[test]
    fn choices_are_read_as_they_are_printed() {
        for name in ColorChoice::NAMES {
            assert_eq!(ColorChoice::named(name).unwrap().to_string(), *name);
        }
    }
}
