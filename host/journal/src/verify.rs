//! Checking a whole journal.

use std::collections::BTreeMap;
use std::path::Path;

use crate::{Data, Digest, ReadError, Reader, Session, Timestamp};

/// What an intact journal holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Its first record.
    pub session: Session,
    /// How many records there are.
    pub records: u64,
    /// How many of each kind, by the kind's word.
    pub kinds: BTreeMap<&'static str, u64>,
    /// The length of the file, in bytes.
    pub bytes: u64,
    /// The last record's time.
    pub last: Timestamp,
    /// The last record's hash: whoever knows it can tell whether records were cut off later, or all written anew.
    pub head: Digest,
    /// The exit status, where the last record is of kind `end`; without it the session is running, or was cut short.
    pub status: Option<i32>,
}

/// Why a journal is not intact.
#[derive(Debug, thiserror::Error)]
#[error("{error} ({intact} intact records before it)")]
pub struct VerifyError {
    /// How many records before the first bad line are intact.
    pub intact: u64,
    /// The first bad line.
    #[source]
    pub error: ReadError,
}

/// Checks every line of a journal, and changes nothing.
///
/// # Errors
///
/// The first line that is not what it should be. That includes a torn last line, which [`Journal::open`] would repair.
///
/// [`Journal::open`]: crate::Journal::open
pub fn verify(path: &Path) -> Result<Summary, VerifyError> {
    let fail = |intact| move |error| VerifyError { intact, error };
    let mut reader = Reader::open(path).map_err(fail(0))?;
    let mut session = Session::default();
    let mut kinds = BTreeMap::new();
    let mut records = 0;
    let mut last = Timestamp::from_system(std::time::UNIX_EPOCH);
    let mut status = None;
    while let Some(record) = reader.next().transpose().map_err(fail(records))? {
        records += 1;
        last = record.at;
        *kinds.entry(record.entry.data.kind()).or_insert(0) += 1;
        status = match record.entry.data {
            Data::End(end) => Some(end.status),
            Data::Session(first) => {
                session = first;
                None
            }
            _ => None,
        };
    }
    Ok(Summary {
        session,
        records,
        kinds,
        bytes: reader.bytes(),
        last,
        head: reader.head(),
        status,
    })
}
