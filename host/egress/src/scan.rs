//! Finds known secrets in what leaves, and covers them in what comes back.
//!
//! Exact matches of the forms in `forms.rs` only: guessing by entropy blocks honest work.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use aho_corasick::AhoCorasick;
use bytes::{Bytes, BytesMut};

use crate::forms::forms;

/// What a secret is covered with, byte by byte, so that lengths stay true.
const COVER: u8 = b'*';

/// All known secrets, ready to be searched for at once.
pub(crate) struct Scanner {
    /// Names of the secrets, by pattern.
    owners: Vec<Arc<str>>,
    /// Every form of every secret, sorted.
    patterns: Vec<Vec<u8>>,
    /// Whether some pattern begins with this byte.
    first: [bool; 256],
    /// Bytes of the longest pattern.
    longest: usize,
    /// Finds patterns; none where there are no secrets.
    exact: Option<AhoCorasick>,
    /// Finds secrets as they are in either case, for host names and header names; one pattern a secret.
    folded: Option<AhoCorasick>,
    /// Names of the secrets, by pattern of `folded`.
    folded_owners: Vec<Arc<str>>,
}

// By hand: the patterns are secrets.
impl fmt::Debug for Scanner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scanner")
            .field("secrets", &self.folded_owners)
            .finish_non_exhaustive()
    }
}

impl Scanner {
    /// Prepares the search for secrets, each with its name.
    ///
    /// # Errors
    ///
    /// Where they are too many for one automaton (gigabytes of them).
    pub(crate) fn new<'a>(
        secrets: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, aho_corasick::BuildError> {
        let mut owned = Vec::new();
        let mut folded_owners = Vec::new();
        let mut folded_patterns = Vec::new();
        for (name, secret) in secrets {
            let name: Arc<str> = name.into();
            owned.extend(
                forms(secret)
                    .into_iter()
                    .map(|form| (form, Arc::clone(&name))),
            );
            folded_owners.push(name);
            folded_patterns.push(secret);
        }
        owned.sort();
        let (patterns, owners): (Vec<Vec<u8>>, Vec<Arc<str>>) = owned.into_iter().unzip();
        let mut first = [false; 256];
        for byte in patterns.iter().filter_map(|pattern| pattern.first()) {
            if let Some(known) = first.get_mut(usize::from(*byte)) {
                *known = true;
            }
        }
        let folded = match folded_patterns.is_empty() {
            true => None,
            false => Some(
                AhoCorasick::builder()
                    .ascii_case_insensitive(true)
                    .build(&folded_patterns)?,
            ),
        };
        let exact = match patterns.is_empty() {
            true => None,
            false => Some(AhoCorasick::new(&patterns)?),
        };
        Ok(Scanner {
            longest: patterns.iter().map(Vec::len).max().unwrap_or(0),
            owners,
            patterns,
            first,
            exact,
            folded,
            folded_owners,
        })
    }

    /// Knows no secret: for bytes that have been searched.
    pub(crate) fn nothing() -> Self {
        Scanner {
            owners: Vec::new(),
            patterns: Vec::new(),
            first: [false; 256],
            longest: 0,
            exact: None,
            folded: None,
            folded_owners: Vec::new(),
        }
    }

    /// The name of a secret that is in these bytes.
    pub(crate) fn find(&self, bytes: &[u8]) -> Option<&Arc<str>> {
        let found = self.exact.as_ref()?.find(bytes)?;
        self.owners.get(found.pattern().as_usize())
    }

    /// The name of a secret that is in these bytes as it is, in whatever case.
    pub(crate) fn find_folded(&self, bytes: &[u8]) -> Option<&Arc<str>> {
        let found = self.folded.as_ref()?.find(bytes)?;
        self.folded_owners.get(found.pattern().as_usize())
    }

    /// Covers every secret in these bytes; whether there was one.
    pub(crate) fn cover(&self, bytes: &mut [u8]) -> bool {
        let Some(exact) = self.exact.as_ref().filter(|exact| exact.is_match(&*bytes)) else {
            return false;
        };
        let spans: Vec<_> = exact
            .find_overlapping_iter(&*bytes)
            .map(|found| found.range())
            .collect();
        for span in spans {
            if let Some(secret) = bytes.get_mut(span) {
                secret.fill(COVER);
            }
        }
        true
    }

    /// Whether a pattern goes on after these bytes. Patterns that begin with them follow them in the order.
    fn begins(&self, bytes: &[u8]) -> bool {
        let after = self
            .patterns
            .partition_point(|pattern| pattern.as_slice() <= bytes);
        self.patterns
            .get(after)
            .is_some_and(|pattern| pattern.starts_with(bytes))
    }

    /// How many bytes at the end could be the beginning of a secret.
    fn open_end(&self, bytes: &[u8]) -> usize {
        let most = self.longest.saturating_sub(1).min(bytes.len());
        let end = bytes.get(bytes.len() - most..).unwrap_or_default();
        (0..most)
            .find(|&start| {
                let rest = end.get(start..).unwrap_or_default();
                rest.first()
                    .is_some_and(|byte| self.first.get(usize::from(*byte)) == Some(&true))
                    && self.begins(rest)
            })
            .map_or(0, |start| most - start)
    }
}

/// What may be passed on of a stream.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Passed {
    /// The bytes, with secrets covered.
    pub(crate) bytes: Bytes,
    /// The name of a secret that was found.
    pub(crate) found: Option<Arc<str>>,
}

/// Scans one stream, across the borders of its chunks. Holds back only what could be the beginning of a secret, so
/// that a stream of events is not delayed.
pub(crate) struct Stream {
    scanner: Arc<Scanner>,
    /// Held back, as it came.
    held: BytesMut,
    /// So many bytes at the start of `held` are part of a secret that has been found.
    covered: usize,
}

// By hand: what is held back may be a part of a secret.
impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream")
            .field("held", &self.held.len())
            .finish_non_exhaustive()
    }
}

impl Stream {
    pub(crate) fn new(scanner: Arc<Scanner>) -> Self {
        Stream {
            scanner,
            held: BytesMut::new(),
            covered: 0,
        }
    }

    /// A new stream with the same secrets.
    pub(crate) fn again(&self) -> Self {
        Stream::new(Arc::clone(&self.scanner))
    }

    /// The name of a secret that is in these bytes, which are a whole stream.
    pub(crate) fn find(&self, bytes: &[u8]) -> Option<&Arc<str>> {
        self.scanner.find(bytes)
    }

    /// Bytes that are held back.
    pub(crate) fn held(&self) -> usize {
        self.held.len()
    }

    /// Takes the next chunk; gives what can be passed on.
    pub(crate) fn push(&mut self, chunk: Bytes) -> Passed {
        let Some(exact) = self.scanner.exact.as_ref() else {
            return Passed {
                bytes: chunk,
                found: None,
            };
        };
        if self.held.is_empty() && !exact.is_match(&chunk) {
            // The common case: nothing is copied but a suspicious end.
            let cut = chunk.len() - self.scanner.open_end(&chunk);
            self.held
                .extend_from_slice(chunk.get(cut..).unwrap_or_default());
            return Passed {
                bytes: chunk.slice(..cut),
                found: None,
            };
        }
        self.held.extend_from_slice(&chunk);
        let keep = self.scanner.open_end(&self.held);
        self.release(keep)
    }

    /// The stream has ended: gives the rest.
    pub(crate) fn finish(&mut self) -> Passed {
        self.release(0)
    }

    /// Gives all but the last `keep` bytes, with secrets covered. Matches are sought in what came, not in what is
    /// already covered: two secrets may overlap.
    fn release(&mut self, keep: usize) -> Passed {
        let cut = self.held.len() - keep;
        let mut spans: Vec<Range<usize>> = std::iter::once(0..self.covered).collect();
        let mut reach = self.covered;
        let mut found = None;
        if let Some(exact) = self.scanner.exact.as_ref() {
            for hit in exact.find_overlapping_iter(&*self.held) {
                found =
                    found.or_else(|| self.scanner.owners.get(hit.pattern().as_usize()).cloned());
                if hit.start() < cut {
                    reach = reach.max(hit.end());
                    spans.push(hit.range());
                }
            }
        }
        let rest = self.held.split_off(cut);
        let mut bytes = std::mem::replace(&mut self.held, rest);
        for span in spans {
            let end = span.end.min(cut);
            if let Some(secret) = bytes.get_mut(span.start.min(end)..end) {
                secret.fill(COVER);
            }
        }
        // A secret that is complete but reaches into what is kept: the kept part of it is known to be covered.
        self.covered = reach.saturating_sub(cut);
        Passed {
            bytes: bytes.freeze(),
            found,
        }
    }
}

#[cfg(test)]
#[path = "scan_tests.rs"]
mod tests;
