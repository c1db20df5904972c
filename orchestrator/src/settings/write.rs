//! Changes one key in a settings file and leaves everything else in it as it was, comments included.
//!
//! The file is replaced as a whole: whoever reads meanwhile, and whatever dies meanwhile, sees the old one or the new
//! one. Knows no layer but the one file.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use toml_edit::{DocumentMut, Item, Table, TableLike};

use crate::nearest::nearest;
use crate::settings::file;
use crate::settings::key::{self, Key, Place};
use crate::settings::layer::{Origin, Owner, Problem, SettingsError};
use crate::settings::value::Value;

/// Sets `name` to `text` (written as in a variable) in `path`, the file of `owner`; makes the file where there is none.
///
/// # Errors
/// [`SettingsError::UnknownKey`]; [`SettingsError::Invalid`] where the value does not fit, the file may not hold the
/// key, or what the file holds already is no TOML; [`SettingsError::File`] where it cannot be read or written.
pub fn set(path: &Path, owner: Owner, name: &str, text: &str) -> Result<(), SettingsError> {
    let key = known(name)?;
    let value = key.kind.read_text(text).map_err(|why| {
        invalid(
            Origin::Flag {
                name: name.to_owned(),
            },
            why,
        )
    })?;
    if owner == Owner::Project && key.place == Place::UserOnly {
        let origin = Origin::File {
            owner,
            path: path.to_owned(),
            line: 1,
        };
        return Err(invalid(
            origin,
            format!("only the user's own file may set '{name}'"),
        ));
    }
    change(path, owner, |document| {
        let parts: Vec<&str> = key.name.split('.').collect();
        put(document.as_table_mut(), &parts, &value)
    })
}

/// Removes `name` from `path`, so that the layers below count again; a file without the key stays as it is.
///
/// # Errors
/// As for [`set`].
pub fn unset(path: &Path, owner: Owner, name: &str) -> Result<(), SettingsError> {
    let key = known(name)?;
    change(path, owner, |document| {
        let parts: Vec<&str> = key.name.split('.').collect();
        remove(document.as_table_mut(), &parts);
        Ok(())
    })
}

fn known(name: &str) -> Result<&'static Key, SettingsError> {
    Key::named(name).ok_or_else(|| SettingsError::UnknownKey {
        name: name.chars().take(60).collect(),
        nearest: nearest(name, key::table().iter().map(|key| key.name)).map(str::to_owned),
    })
}

fn invalid(origin: Origin, text: String) -> SettingsError {
    SettingsError::Invalid(vec![Problem { origin, text }])
}

fn change(
    path: &Path,
    owner: Owner,
    edit: impl FnOnce(&mut DocumentMut) -> Result<(), String>,
) -> Result<(), SettingsError> {
    let at = |line| Origin::File {
        owner,
        path: path.to_owned(),
        line,
    };
    let old = file::text_of(path).map_err(|why| invalid(at(1), why))?;
    let text = old.as_deref().unwrap_or_default();
    let mut document: DocumentMut = text.parse().map_err(|error: toml_edit::TomlError| {
        let before = error.span().map_or(0, |span| span.start.min(text.len()));
        let line = 1 + text.as_bytes()[..before]
            .iter()
            .filter(|&&b| b == b'\n')
            .count();
        invalid(at(line), error.message().replace('\n', ", "))
    })?;
    edit(&mut document).map_err(|why| invalid(at(1), why))?;
    let new = document.to_string();
    if old.as_deref() == Some(new.as_str()) || (old.is_none() && new.is_empty()) {
        return Ok(());
    }
    replace(path, &new).map_err(|source| SettingsError::File {
        action: "write",
        path: path.to_owned(),
        source,
    })
}

fn put(table: &mut dyn TableLike, parts: &[&str], value: &Value) -> Result<(), String> {
    let Some((first, rest)) = parts.split_first() else {
        return Ok(());
    };
    if !rest.is_empty() {
        let section = table
            .entry(first)
            .or_insert_with(|| Item::Table(Table::new()));
        let section = section
            .as_table_like_mut()
            .ok_or_else(|| format!("'{first}' is no section in this file"))?;
        return put(section, rest, value);
    }
    let mut item = item(value);
    let Some(old) = table.get_mut(first) else {
        table.insert(first, item);
        return Ok(());
    };
    if let (Some(before), Some(after)) = (old.as_value(), item.as_value_mut()) {
        // The spaces before the value and the comment behind it belong to the old value.
        *after.decor_mut() = before.decor().clone();
    }
    // Only the value changes hands: inserting again would lose the comment above the key.
    *old = item;
    Ok(())
}

fn remove(table: &mut dyn TableLike, parts: &[&str]) {
    match parts {
        [] => {}
        [last] => {
            table.remove(last);
        }
        [first, rest @ ..] => {
            if let Some(section) = table.get_mut(first).and_then(Item::as_table_like_mut) {
                remove(section, rest);
            }
        }
    }
}

fn item(value: &Value) -> Item {
    match value {
        Value::Count(count) => toml_edit::value(i64::from(*count)),
        Value::Flag(flag) => toml_edit::value(*flag),
        Value::List(items) => toml_edit::value(items.iter().collect::<toml_edit::Array>()),
        Value::None | Value::Duration(_) | Value::Size(_) | Value::Text(_) => {
            toml_edit::value(value.to_string())
        }
    }
}

/// Writes `text` beside the file, makes it durable and renames it over the file.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    // A settings file is often a link into a directory of dotfiles; the link stays.
    let target = match fs::canonicalize(path) {
        Ok(target) => target,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => path.to_owned(),
        Err(error) => return Err(error),
    };
    let dir = target
        .parent()
        .map_or_else(|| PathBuf::from("."), Path::to_path_buf);
    fs::create_dir_all(&dir)?;
    let mut new = tempfile::Builder::new()
        .prefix(".config.")
        .tempfile_in(&dir)?;
    new.write_all(text.as_bytes())?;
    if let Ok(old) = fs::metadata(&target) {
        new.as_file().set_permissions(old.permissions())?;
    }
    new.as_file().sync_all()?;
    new.persist(&target).map_err(|error| error.error)?;
    fs::File::open(&dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(before: &str, name: &str, text: &str) -> String {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        fs::write(&path, before).unwrap();
        set(&path, Owner::User, name, text).unwrap();
        fs::read_to_string(&path).unwrap()
    }

    #[test]
    fn comments_and_order_stay() {
        let before = "# mine\nretries = 1 # few\n\n[gate]\n# why\nstubs = \"off\"\n";
        assert_eq!(
            edited(before, "retries", "3"),
            "# mine\nretries = 3 # few\n\n[gate]\n# why\nstubs = \"off\"\n"
        );
        let after = edited(before, "gate.size", "warning");
        assert!(
            after.ends_with("stubs = \"off\"\nsize = \"warning\"\n"),
            "{after}"
        );
    }

    #[test]
    fn a_key_before_a_section_stays_out_of_it() {
        let after = edited("[gate]\nstubs = \"off\"\n", "retries", "3");
        assert!(after.starts_with("retries = 3\n"), "{after}");
        let after = edited("gate.stubs = \"off\"\n", "gate.size", "off");
        assert_eq!(after, "gate.stubs = \"off\"\ngate.size = \"off\"\n");
    }

    #[test]
    fn a_file_that_is_not_there_is_made_with_its_directories() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a/b/config.toml");
        set(&path, Owner::User, "words", "acme, initech").unwrap();
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            "words = [\"acme\", \"initech\"]\n"
        );
        set(&path, Owner::User, "env.pass", "EDITOR").unwrap();
        unset(&path, Owner::User, "words").unwrap();
        assert_eq!(
            fs::read_to_string(&path).unwrap().trim_start(),
            "[env]\npass = [\"EDITOR\"]\n"
        );
    }

    #[test]
    fn what_does_not_fit_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        for (owner, name, text, message) in [
            (Owner::User, "retires", "1", "did you mean 'retries'?"),
            (
                Owner::User,
                "retries",
                "many",
                "--retries: 'many' is not a whole number",
            ),
            (
                Owner::Project,
                "commit.hooks",
                "true",
                "only the user's own file",
            ),
        ] {
            let error = set(&path, owner, name, text).unwrap_err().to_string();
            assert!(error.contains(message), "{error}");
        }
        assert!(!path.exists());
        fs::write(&path, "a = 1\nretries = = 2\n").unwrap();
        let error = set(&path, Owner::User, "retries", "1")
            .unwrap_err()
            .to_string();
        assert!(error.contains("config.toml:2:"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "a = 1\nretries = = 2\n");
        fs::write(&path, "gate = 1\n").unwrap();
        let error = set(&path, Owner::User, "gate.size", "off")
            .unwrap_err()
            .to_string();
        assert!(error.contains("'gate' is no section"), "{error}");
    }

    #[test]
    fn a_link_stays_a_link_and_the_mode_stays() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let (real, link) = (dir.path().join("dotfile"), dir.path().join("config.toml"));
        fs::write(&real, "retries = 1\n").unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        set(&link, Owner::User, "retries", "2").unwrap();
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&real).unwrap(), "retries = 2\n");
        assert_eq!(
            fs::metadata(&real).unwrap().permissions().mode() & 0o777,
            0o640
        );
        assert_eq!(
            fs::read_dir(dir.path()).unwrap().count(),
            2,
            "no temporary file is left"
        );
    }
}
