//! What goes over the socket between the host and a worker: a tag, a length, and that many bytes.
//!
//! | tag | from | payload |
//! |---|---|---|
//! | `S` | host | [`Setup`], once |
//! | `s` | worker | [`Ready`]: it is behind its walls, and instantiated |
//! | `I` | host | standard input of the next command line, where it has any |
//! | `R` | host | [`Run`] |
//! | `o`, `e` | worker | what it printed |
//! | `D` | worker | a request at the image's door |
//! | `d` | host | its answer |
//! | `N` | worker | what it tells at the door without waiting for an answer, with the next frame |
//! | `X` | worker | [`Ended`] |
//!
//! A worker is not trusted: the host bounds each frame, and counts what it keeps.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use policy::{Decision, LimitExceeded, Limits};
use serde::{Deserialize, Serialize};

use super::Wall;
use crate::image::Bits;

/// The longest frame, in bytes: a picture at the door, with room.
pub(crate) const LONGEST: usize = 64 << 20;

/// Bytes in front of the payload: the tag, and the length (little endian).
pub(super) const HEAD: usize = 5;

/// What a worker needs before it can run anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Setup {
    /// The program's own name.
    pub(crate) program: String,
    /// What interrupts it.
    pub(crate) interrupt: Vec<Bits>,
    /// What it sees of the file system.
    pub(crate) directories: Vec<Directory>,
    /// The image's environment.
    pub(crate) environment: Vec<(String, String)>,
    /// What it may use.
    pub(crate) limits: Limits,
    /// Whether it is made ready ahead of time: it may then take its time to be fast later.
    pub(crate) ahead: bool,
}

/// A directory that a worker sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Directory {
    pub(crate) host: PathBuf,
    pub(crate) guest: String,
    pub(crate) writable: bool,
}

/// The worker's answer to its setup.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Ready {
    pub(crate) walls: Vec<Wall>,
    /// Whether it can be interrupted.
    pub(crate) interrupts: bool,
    /// Why it cannot run anything.
    pub(crate) error: Option<String>,
}

/// One command line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) directory: String,
    /// Whether the interpreter keeps its state for the next one.
    pub(crate) stay: bool,
}

/// How guest code ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Finish {
    /// It came to its end.
    Done,
    /// It left by itself, and took its interpreter with it.
    Left,
    /// A limit stopped it.
    Limit(LimitExceeded),
    /// It trapped.
    Trap(String),
}

/// The end of one command line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Ended {
    pub(crate) finish: Finish,
    pub(crate) truncated: bool,
    pub(crate) peak_memory: u64,
    /// Processor time, in microseconds.
    pub(crate) cpu_us: u64,
    pub(crate) written: u64,
    pub(crate) open_files: u64,
    pub(crate) denials: Vec<Decision>,
}

/// The head of a frame.
pub(super) fn head(tag: u8, length: usize) -> io::Result<[u8; HEAD]> {
    if length > LONGEST {
        return Err(too_long(length));
    }
    let [a, b, c, d] = u32::try_from(length)
        .map_err(io::Error::other)?
        .to_le_bytes();
    Ok([tag, a, b, c, d])
}

/// The tag and the length that a head names.
pub(super) fn parse(head: [u8; HEAD]) -> io::Result<(u8, usize)> {
    let [tag, a, b, c, d] = head;
    let length = u32::from_le_bytes([a, b, c, d]) as usize;
    if length > LONGEST {
        return Err(too_long(length));
    }
    Ok((tag, length))
}

fn too_long(length: usize) -> io::Error {
    io::Error::other(format!("a frame of {length} bytes; {LONGEST} at most"))
}

/// Writes one frame.
pub(super) fn put(to: &mut impl Write, tag: u8, payload: &[u8]) -> io::Result<()> {
    let mut bytes = Vec::with_capacity(HEAD + payload.len());
    bytes.extend_from_slice(&head(tag, payload.len())?);
    bytes.extend_from_slice(payload);
    to.write_all(&bytes)
}

/// Reads one frame.
pub(super) fn get(from: &mut impl Read) -> io::Result<(u8, Vec<u8>)> {
    let mut bytes = [0; HEAD];
    from.read_exact(&mut bytes)?;
    let (tag, length) = parse(bytes)?;
    let mut payload = vec![0; length];
    from.read_exact(&mut payload)?;
    Ok((tag, payload))
}

/// JSON of one of the records above.
pub(super) fn json(value: &impl Serialize) -> Vec<u8> {
    // These records hold nothing that JSON cannot.
    serde_json::to_vec(value).unwrap_or_default()
}

/// One of the records above, from a frame that should hold it.
pub(super) fn record<'a, T: Deserialize<'a>>(
    expected: u8,
    (tag, payload): (u8, &'a [u8]),
) -> io::Result<T> {
    if tag != expected {
        return Err(io::Error::other(format!(
            "a frame with the tag {}, where {} was expected",
            char::from(tag),
            char::from(expected)
        )));
    }
    serde_json::from_slice(payload).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_back_as_they_went() {
        let mut bytes = Vec::new();
        put(&mut bytes, b'o', b"hello").unwrap();
        put(&mut bytes, b'X', b"").unwrap();
        let mut from = bytes.as_slice();
        assert_eq!(get(&mut from).unwrap(), (b'o', b"hello".to_vec()));
        assert_eq!(get(&mut from).unwrap(), (b'X', Vec::new()));
        assert_eq!(
            get(&mut from).unwrap_err().kind(),
            io::ErrorKind::UnexpectedEof
        );
    }

    #[test]
    fn a_frame_that_claims_too_much_is_refused_unread() {
        let claim = (LONGEST as u32 + 1).to_le_bytes();
        let bytes = [b"o".as_slice(), &claim].concat();
        assert_eq!(
            get(&mut bytes.as_slice()).unwrap_err().to_string(),
            "a frame of 67108865 bytes; 67108864 at most"
        );
        let fits = parse([b'o', 0, 0, 0, 4]).unwrap();
        assert_eq!(fits, (b'o', LONGEST));
    }

    #[test]
    fn a_record_of_another_kind_is_named() {
        let error = record::<Ready>(b's', (b'o', b"")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a frame with the tag o, where s was expected"
        );
    }
}
