//! Paths, as records have them.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A path in a record: text where it is UTF-8, else a list of its bytes. Any bytes but NUL are a name on Unix.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name(pub(crate) PathBuf);

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.to_str() {
            Some(text) => serializer.serialize_str(text),
            None => serializer.collect_seq(self.0.as_os_str().as_bytes()),
        }
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Text(String),
            Bytes(Vec<u8>),
        }
        let path = PathBuf::from(match Form::deserialize(deserializer)? {
            Form::Text(text) => OsString::from(text),
            Form::Bytes(bytes) => OsString::from_vec(bytes),
        });
        if path.as_os_str().as_bytes().contains(&0) {
            return Err(de::Error::custom("a path with a NUL byte"));
        }
        Ok(Name(path))
    }
}

/// Whether a path leads from a directory to something in it, and is written in the one way that does.
pub(crate) fn is_plain(path: &Path) -> bool {
    let plain: PathBuf = path
        .components()
        .filter(|part| matches!(part, Component::Normal(_)))
        .collect();
    !plain.as_os_str().is_empty() && plain.as_os_str() == path.as_os_str()
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn every_path_comes_back() {
        let table: [(&[u8], &str); 4] = [
            (b"a/b", r#""a/b""#),
            (b"a\n\"b", r#""a\n\"b""#),
            (b"\xff", "[255]"),
            (b"", r#""""#),
        ];
        for (bytes, json) in table {
            let name = Name(PathBuf::from(OsStr::from_bytes(bytes)));
            assert_eq!(serde_json::to_string(&name).unwrap(), json);
            assert_eq!(serde_json::from_str::<Name>(json).unwrap(), name);
        }
        for bad in [r#""a\u0000b""#, "[0]", "[256]", "7"] {
            assert!(serde_json::from_str::<Name>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_plain_paths_are_plain() {
        for plain in ["a", "a/b", ".a/..b", "..."] {
            assert!(is_plain(Path::new(plain)), "{plain}");
        }
        for not in [
            "", ".", "..", "/a", "a/..", "a/../b", "./a", "a//b", "a/", "/",
        ] {
            assert!(!is_plain(Path::new(not)), "{not}");
        }
    }
}
