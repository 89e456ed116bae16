//! One kept answer, written down:
//!
//! ```text
//! ml-intern-cache 1 <SHA-256 of all that follows this line, in hexadecimal>
//! received 1764021600 age 3
//! etag: "x"
//! content-type: application/json
//!
//! <the body>
//! ```
//!
//! `received` is in seconds since 1970, `age` in seconds (RFC 9111 §4.2.3). Neither URL nor request is in it.

use std::time::SystemTime;

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use sha2::{Digest as _, Sha256};

use super::rules;

const MAGIC: &str = "ml-intern-cache 1 ";

/// An answer with status 200 that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) headers: HeaderMap,
    /// When it came, in whole seconds.
    pub(super) received: SystemTime,
    /// How old it was then, in seconds.
    pub(super) initial_age: u64,
    pub(super) body: Bytes,
}

impl Kept {
    /// The head of the file: all but the body.
    pub(super) fn head(&self) -> Vec<u8> {
        let received = rules::to_seconds(self.received);
        let mut head = format!("received {received} age {}\n", self.initial_age).into_bytes();
        for (name, value) in &self.headers {
            head.extend_from_slice(name.as_str().as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value.as_bytes());
            head.push(b'\n');
        }
        head.push(b'\n');
        let mut hash = Sha256::new();
        hash.update(&head);
        hash.update(&self.body);
        [
            format!("{MAGIC}{}\n", hex(&hash.finalize())).as_bytes(),
            &head,
        ]
        .concat()
    }

    /// Reads a file; none where it is not exactly what was written.
    pub(super) fn read(file: Vec<u8>) -> Option<Self> {
        let file = Bytes::from(file);
        let (first, after) = line(&file)?;
        let digest = first.strip_prefix(MAGIC)?;
        let rest = file.slice(after..);
        if digest != hex(&Sha256::digest(&rest)) {
            return None;
        }
        let (times, mut at) = line(&rest)?;
        let (received, age) = times.strip_prefix("received ")?.split_once(" age ")?;
        let mut headers = HeaderMap::new();
        loop {
            let bytes = rest.get(at..)?;
            let end = bytes.iter().position(|byte| *byte == b'\n')?;
            at += end + 1;
            let row = bytes.get(..end)?;
            if row.is_empty() {
                break;
            }
            let colon = row.windows(2).position(|two| two == b": ")?;
            headers.append(
                HeaderName::from_bytes(row.get(..colon)?).ok()?,
                HeaderValue::from_bytes(row.get(colon + 2..)?).ok()?,
            );
        }
        Some(Kept {
            headers,
            received: rules::from_seconds(received.parse().ok()?)?,
            initial_age: age.parse().ok()?,
            body: rest.slice(at..),
        })
    }
}

/// The first line, and where the next one begins.
fn line(bytes: &[u8]) -> Option<(&str, usize)> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    Some((std::str::from_utf8(bytes.get(..end)?).ok()?, end + 1))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept() -> Kept {
        let mut headers = HeaderMap::new();
        headers.append("link", HeaderValue::from_static("<a>: b"));
        headers.append("link", HeaderValue::from_bytes(b"\xc3\xa4").unwrap());
        headers.append("x-empty", HeaderValue::from_static(""));
        Kept {
            headers,
            received: rules::from_seconds(1_764_021_600).unwrap(),
            initial_age: 3,
            body: Bytes::from_static(b"one\n\n\0two"),
        }
    }

    fn written() -> Vec<u8> {
        [kept().head(), kept().body.to_vec()].concat()
    }

    #[test]
    fn read_back() {
        assert_eq!(Kept::read(written()), Some(kept()));
        let empty = Kept {
            body: Bytes::new(),
            headers: HeaderMap::new(),
            ..kept()
        };
        assert_eq!(Kept::read(empty.head()), Some(empty));
    }

    #[test]
    fn no_byte_can_be_changed_or_missing() {
        let whole = written();
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            assert_eq!(Kept::read(changed), None, "byte {at}");
            assert_eq!(Kept::read(whole[..at].to_vec()), None, "cut at {at}");
        }
        assert_eq!(Kept::read([whole.as_slice(), b"x"].concat()), None);
    }
}
