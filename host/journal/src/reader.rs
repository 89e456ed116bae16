//! Reading a journal, record by record.

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};

use crate::chain::Chain;
use crate::{Digest, Fault, MAX_LINE, ReadError, Record};

/// Reads and checks a journal, record by record. After the first error it gives no more.
///
/// It takes no lock: a journal that is being written can be read, and what is being written just then is reported as
/// [`Fault::Torn`].
#[derive(Debug)]
pub struct Reader<R> {
    path: PathBuf,
    input: R,
    chain: Chain,
    line: Vec<u8>,
    number: u64,
    intact: u64,
    done: bool,
}

impl Reader<BufReader<File>> {
    /// Opens a journal to read.
    ///
    /// # Errors
    ///
    /// The file cannot be opened, or is none.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, ReadError> {
        let path = path.into();
        match open(&path) {
            Ok(file) => Ok(Reader::new(path, BufReader::new(file))),
            Err(fault) => Err(ReadError {
                path,
                line: 1,
                fault,
            }),
        }
    }
}

/// Looks before it opens, since opening a pipe waits for somebody at its other end.
fn open(path: &Path) -> Result<File, Fault> {
    if !path.metadata()?.is_file() {
        return Err(Fault::NotAFile);
    }
    Ok(File::open(path)?)
}

impl<R: BufRead> Reader<R> {
    /// Reads a journal from anywhere; the path is what errors name.
    pub fn new(path: impl Into<PathBuf>, input: R) -> Self {
        Reader {
            path: path.into(),
            input,
            chain: Chain::EMPTY,
            line: Vec::new(),
            number: 0,
            intact: 0,
            done: false,
        }
    }

    /// The hash of the last record that was read; zeros before the first.
    #[must_use]
    pub const fn head(&self) -> Digest {
        self.chain.head
    }

    /// How many bytes the records that were read have in the file.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.intact
    }

    pub(crate) const fn end(&self) -> Chain {
        self.chain
    }

    /// The line that was read last, and has not become a record.
    pub(crate) fn rest(&self) -> &[u8] {
        &self.line
    }

    fn read(&mut self) -> Result<Option<Record>, Fault> {
        self.line.clear();
        self.number += 1;
        let limit = MAX_LINE as u64 + 1;
        let bytes = (&mut self.input)
            .take(limit)
            .read_until(b'\n', &mut self.line)? as u64;
        match self.line.strip_suffix(b"\n") {
            Some(line) => {
                let record = self.chain.read(line)?;
                self.intact += bytes;
                Ok(Some(record))
            }
            None if bytes == limit => Err(Fault::TooLong),
            None if bytes > 0 => Err(Fault::Torn { bytes }),
            None if self.number == 1 => Err(Fault::Empty),
            None => Ok(None),
        }
    }
}

impl<R: BufRead> Iterator for Reader<R> {
    type Item = Result<Record, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.done {
            return None;
        }
        let read = self.read();
        self.done = !matches!(read, Ok(Some(_)));
        read.map_err(|fault| ReadError {
            path: self.path.clone(),
            line: self.number,
            fault,
        })
        .transpose()
    }
}
