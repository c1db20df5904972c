//! How a path stands in JSON: as text where it is UTF-8, else as its bytes. Paths of a system are bytes.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Spelling {
    Text(String),
    Bytes(Vec<u8>),
}

pub(super) fn serialize<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    match path.to_str() {
        Some(text) => Spelling::Text(text.to_owned()),
        None => Spelling::Bytes(path.as_os_str().as_bytes().to_owned()),
    }
    .serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    Ok(match Spelling::deserialize(deserializer)? {
        Spelling::Text(text) => PathBuf::from(text),
        Spelling::Bytes(bytes) => PathBuf::from(OsString::from_vec(bytes)),
    })
}
