//! What contents are known by.

use std::fmt;
use std::io::{self, Read};
use std::str::FromStr;

use gix_object::Kind;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// What contents are known by: their Git object id (a blob's) in a SHA-256 repository, which is the SHA-256 of
/// `blob <size>\0` and the bytes. Zeros for what has no contents.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Of what has no contents.
    pub const NONE: Digest = Digest([0; 32]);

    /// Of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = Hasher::new(bytes.len() as u64);
        hasher.update(bytes);
        hasher.finish()
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) const fn id(self) -> gix_hash::ObjectId {
        gix_hash::ObjectId::Sha256(self.0)
    }
}

/// Takes contents whose length is known.
pub(crate) struct Hasher(gix_hash::Hasher);

impl Hasher {
    pub(crate) fn new(size: u64) -> Self {
        let mut hasher = gix_hash::hasher(gix_hash::Kind::Sha256);
        hasher.update(&gix_object::encode::loose_header(Kind::Blob, size));
        Hasher(hasher)
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(crate) fn finish(self) -> Digest {
        let mut digest = Digest::NONE;
        // SHA-256 does not fail (SHA-1 does, where it finds a collision); zeros would be the digest of nothing.
        if let Ok(id) = self.0.try_finalize() {
            digest.0.copy_from_slice(id.as_slice());
        }
        digest
    }
}

/// Of all that there is to read, which must be so many bytes.
pub(crate) fn digest_of(mut from: impl Read, size: u64) -> io::Result<Digest> {
    let mut hasher = Hasher::new(size);
    let mut buffer = vec![0; 128 << 10];
    let mut left = size;
    loop {
        let count = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        left = left.checked_sub(count as u64).ok_or_else(changing)?;
        hasher.update(buffer.get(..count).unwrap_or_default());
    }
    if left > 0 {
        return Err(changing());
    }
    Ok(hasher.finish())
}

fn changing() -> io::Error {
    io::Error::other("it changes while it is read")
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = &'static str;

    fn from_str(hex: &str) -> Result<Self, Self::Err> {
        let mut digest = Digest::NONE;
        let mut pairs = hex.as_bytes().chunks(2);
        for byte in &mut digest.0 {
            *byte = pairs
                .next()
                .and_then(|pair| std::str::from_utf8(pair).ok())
                .and_then(|pair| u8::from_str_radix(pair, 16).ok())
                .ok_or("not a digest")?;
        }
        if pairs.next().is_some() {
            return Err("not a digest");
        }
        Ok(digest)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let hex = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
        hex.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `git hash-object` in a repository of the SHA-256 object format.
    #[test]
    fn it_is_what_git_says() {
        let table = [
            (
                "",
                "473a0f4c3be8a93681a267e3b1e9a7dcda1185436fe141f7749120a303721813",
            ),
            (
                "abc",
                "c1cf6e465077930e88dc5136641d402f72a229ddd996f627d60e9639eaba35a6",
            ),
        ];
        for (text, expected) in table {
            let digest = Digest::of(text.as_bytes());
            assert_eq!(digest.to_string(), expected, "{text:?}");
            assert_eq!(expected.parse(), Ok(digest));
            assert_eq!(
                digest_of(text.as_bytes(), text.len() as u64).unwrap(),
                digest
            );
        }
        for bad in ["", "00", "zz", &"0".repeat(65), &"é".repeat(32)] {
            assert!(bad.parse::<Digest>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_length_that_is_wrong_is_an_error() {
        assert!(digest_of(&b"abc"[..], 2).is_err());
        assert!(digest_of(&b"abc"[..], 4).is_err());
    }
}
