//! Sources for tests: a user with a home directory and nothing else.

use std::collections::BTreeMap;
use std::path::Path;

use crate::settings::Sources;
use crate::settings::sources::Terminals;

/// A user `u` in `cwd`, without a repository, with eight cores and no terminal.
pub(crate) fn sources(cwd: &Path) -> Sources {
    Sources {
        env: BTreeMap::from([("PATH".into(), "/usr/bin:/bin".into())]),
        home: Some("/home/u".into()),
        cwd: cwd.to_owned(),
        repo_top: None,
        flags: Vec::new(),
        cores: 8,
        terminals: Terminals::default(),
    }
}
