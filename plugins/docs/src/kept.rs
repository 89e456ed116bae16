//! What is kept of a documentation between calls: two files of the plugin's own.
//!
//! `<endpoint>.log` is one record a line: 16 hexadecimal digits of the SHA-256 of the record's JSON, a space, the JSON. What
//! is learnt is added at its end at once, so that a call that is ended in the middle keeps what it had. A later record
//! takes the place of an earlier one about the same thing. A record that is not what its digest says is dropped, and what
//! it was about is asked for again.
//!
//! | record | |
//! | --- | --- |
//! | `head` | the first: this format's number. A file that begins otherwise is dropped whole |
//! | `sidebar` | the list of pages of one part, and when it was asked for |
//! | `page` | a page's text, or why it has none |
//! | `same` | a sidebar or a page was asked for again, and had not changed |
//!
//! `<endpoint>.index` is the search index made of these texts: the SHA-256 of all that follows, a line with the digest of
//! what it was made of, and the index. Where anything does not fit it is made anew.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::search::{Fields, SearchIndex};
use crate::sidebar::Link;

/// The format's number; another one is dropped.
const FORMAT: u32 = 1;
/// Bytes of a line at most: a page's text, every character escaped.
const LINE: usize = 8 << 20;
/// Bytes of a log at most.
const LOG: u64 = 160 << 20;
/// Bytes of an index at most.
const INDEX: u64 = 48 << 20;
/// Bytes of records that were replaced, from which on the log is written anew.
const DEAD: u64 = 1 << 20;

/// The fields of a page in the index.
const FIELDS: Fields = &[("title", 2.0), ("content", 1.0)];

/// What a service said about an answer, to be asked whether it is still the same (RFC 9110 §8.8).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Validators {
    pub(crate) etag: Option<String>,
    pub(crate) modified: Option<String>,
}

/// The list of a part's pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sidebar {
    /// The URL of the part's first page.
    pub(crate) url: String,
    pub(crate) validators: Validators,
    /// Of the page's bytes.
    pub(crate) digest: String,
    pub(crate) links: Vec<Link>,
    /// When it was last asked for: milliseconds of the epoch.
    pub(crate) checked: u64,
    /// When it was last another than before.
    pub(crate) changed: u64,
}

/// A page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Page {
    /// Of the page for people.
    pub(crate) url: String,
    pub(crate) validators: Validators,
    /// Its text, or why it has none.
    pub(crate) text: Result<String, String>,
    /// The SHA-256 of the text.
    pub(crate) digest: String,
    /// When it was last asked for: milliseconds of the epoch.
    pub(crate) checked: u64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Record {
    Head {
        format: u32,
    },
    Sidebar(Sidebar),
    Page(Page),
    Same {
        url: String,
        page: bool,
        checked: u64,
    },
}

/// What is known of a documentation.
#[derive(Debug)]
pub(crate) struct Kept {
    log: PathBuf,
    index: PathBuf,
    sidebars: Vec<Sidebar>,
    /// And the bytes of their records.
    pages: HashMap<String, (Page, u64)>,
    /// Bytes of the log, and of it those of records that still count.
    size: u64,
    live: u64,
    /// Lines that are to be added.
    added: Vec<u8>,
    /// Whether the log has something in it that is to go.
    damaged: bool,
    /// Why nothing can be kept.
    pub(crate) trouble: Option<String>,
}

impl Sidebar {
    /// One of a part that has no pages.
    pub(crate) fn none(url: &str, now: u64) -> Self {
        Self {
            url: url.to_owned(),
            validators: Validators::default(),
            digest: String::new(),
            links: Vec::new(),
            checked: now,
            changed: now,
        }
    }
}

impl Page {
    /// A page as it came: its text, or why it has none.
    pub(crate) fn new(
        url: &str,
        validators: Validators,
        text: Result<String, String>,
        checked: u64,
    ) -> Self {
        let of = text.as_ref().map_or("", String::as_str);
        Self {
            url: url.to_owned(),
            validators,
            digest: hex(&Sha256::digest(of)),
            text,
            checked,
        }
    }
}

impl Kept {
    /// What is kept of the documentation of this name; nothing where there is nothing, or nothing that can be read.
    pub(crate) fn open(root: &Path, name: &str) -> Self {
        let mut kept = Self {
            log: root.join(format!("{name}.log")),
            index: root.join(format!("{name}.index")),
            sidebars: Vec::new(),
            pages: HashMap::new(),
            size: 0,
            live: 0,
            added: Vec::new(),
            damaged: false,
            trouble: None,
        };
        match kept.read() {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => kept.trouble = Some(error.to_string()),
        }
        if kept.size == 0 {
            kept.add(&Record::Head { format: FORMAT });
        }
        kept
    }

    fn read(&mut self) -> io::Result<()> {
        let file = File::open(&self.log)?;
        let size = file.metadata()?.len();
        if size > LOG {
            return self.drop_all();
        }
        let mut reader = BufReader::with_capacity(64 << 10, file);
        let mut line = Vec::new();
        let mut first = true;
        loop {
            line.clear();
            let read = (&mut reader)
                .take(LINE as u64)
                .read_until(b'\n', &mut line)?;
            if read == 0 {
                break;
            }
            self.size += read as u64;
            match (decode(&line), first) {
                (Some((Record::Head { format: FORMAT }, _)), true) => {}
                (_, true) => return self.drop_all(),
                (Some((record, bytes)), false) => self.take(record, bytes),
                (None, false) => self.damaged = true,
            }
            first = false;
        }
        Ok(())
    }

    /// Forgets everything: the file is none of this format.
    fn drop_all(&mut self) -> io::Result<()> {
        fs::remove_file(&self.log)?;
        let _ = fs::remove_file(&self.index);
        (self.size, self.live) = (0, 0);
        self.sidebars.clear();
        self.pages.clear();
        Ok(())
    }

    fn take(&mut self, record: Record, bytes: u64) {
        match record {
            Record::Head { .. } => {}
            Record::Sidebar(sidebar) => {
                self.live += bytes;
                match self
                    .sidebars
                    .iter_mut()
                    .find(|known| known.url == sidebar.url)
                {
                    Some(known) => *known = sidebar,
                    None => self.sidebars.push(sidebar),
                }
            }
            Record::Page(page) => {
                self.live += bytes;
                if let Some((_, before)) = self.pages.insert(page.url.clone(), (page, bytes)) {
                    self.live = self.live.saturating_sub(before);
                }
            }
            Record::Same {
                url,
                page: true,
                checked,
            } => {
                if let Some((page, _)) = self.pages.get_mut(&url) {
                    page.checked = checked;
                }
            }
            Record::Same {
                url,
                page: false,
                checked,
            } => {
                if let Some(known) = self.sidebars.iter_mut().find(|known| known.url == url) {
                    known.checked = checked;
                }
            }
        }
    }

    pub(crate) fn sidebar(&self, url: &str) -> Option<&Sidebar> {
        self.sidebars.iter().find(|known| known.url == url)
    }

    pub(crate) fn page(&self, url: &str) -> Option<&Page> {
        self.pages.get(url).map(|(page, _)| page)
    }

    /// Bytes of all texts.
    pub(crate) fn text_bytes(&self) -> usize {
        let texts = self
            .pages
            .values()
            .filter_map(|(page, _)| page.text.as_ref().ok());
        texts.map(String::len).sum()
    }

    pub(crate) fn set_sidebar(&mut self, sidebar: Sidebar) {
        self.add(&Record::Sidebar(sidebar));
    }

    pub(crate) fn set_page(&mut self, page: Page) {
        self.add(&Record::Page(page));
    }

    /// Notes that a page, or a sidebar, was asked for again and had not changed.
    pub(crate) fn set_same(&mut self, url: &str, page: bool, checked: u64) {
        self.add(&Record::Same {
            url: url.to_owned(),
            page,
            checked,
        });
    }

    fn add(&mut self, record: &Record) {
        let Ok(json) = serde_json::to_string(record) else {
            return;
        };
        let line = format!("{} {json}\n", short(json.as_bytes()));
        // What is remembered is what will be read.
        if let Some((record, bytes)) = decode(line.as_bytes()) {
            self.take(record, bytes);
        }
        self.added.extend_from_slice(line.as_bytes());
    }

    /// Writes what was learnt since the last time.
    pub(crate) fn save(&mut self) {
        if self.added.is_empty() || self.trouble.is_some() {
            return;
        }
        let mut added = std::mem::take(&mut self.added);
        if self.damaged {
            // It may end in the middle of a line.
            added.insert(0, b'\n');
        }
        let written = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)
            .and_then(|mut file| file.write_all(&added));
        match written {
            Ok(()) => self.size += added.len() as u64,
            Err(error) => self.trouble = Some(error.to_string()),
        }
    }

    /// Writes the log anew where much of it counts no more: the pages that a sidebar names, and the sidebars.
    pub(crate) fn tidy(&mut self) {
        self.save();
        let dead = self.size.saturating_sub(self.live);
        if self.trouble.is_some() || !(self.damaged || dead > DEAD.max(self.live)) {
            return;
        }
        let named: Vec<String> = self
            .sidebars
            .iter()
            .flat_map(|sidebar| sidebar.links.iter().map(|link| link.url.clone()))
            .collect();
        let written = (|| {
            let draft = self.log.with_extension("log.new");
            let mut file = io::BufWriter::new(File::create(&draft)?);
            let mut size = 0;
            let mut write = |record: &Record| -> io::Result<()> {
                let json = serde_json::to_string(record)?;
                let line = format!("{} {json}\n", short(json.as_bytes()));
                size += line.len() as u64;
                file.write_all(line.as_bytes())
            };
            write(&Record::Head { format: FORMAT })?;
            for sidebar in &self.sidebars {
                write(&Record::Sidebar(sidebar.clone()))?;
            }
            for url in &named {
                if let Some((page, _)) = self.pages.get(url) {
                    write(&Record::Page(page.clone()))?;
                }
            }
            file.into_inner().map_err(io::IntoInnerError::into_error)?;
            fs::rename(&draft, &self.log)?;
            Ok::<u64, io::Error>(size)
        })();
        match written {
            Ok(size) => {
                (self.size, self.live, self.damaged) = (size, size, false);
            }
            Err(error) => self.trouble = Some(error.to_string()),
        }
    }

    /// The index of these pages, in their order: as it is kept, or made anew and kept.
    ///
    /// # Errors
    /// What the search library says.
    pub(crate) fn index(&mut self, links: &[&Link]) -> Result<SearchIndex, crate::search::Error> {
        let mut of = Sha256::new();
        for link in links {
            let digest = self.page(&link.url).map_or("", |page| &page.digest);
            of.update(format!("{}\n{}\n{digest}\n", link.url, link.title));
        }
        let of = hex(&of.finalize());
        if let Some(index) = self.kept_index(&of) {
            return Ok(index);
        }
        let entries = links.iter().map(|link| {
            let text = self
                .page(&link.url)
                .and_then(|page| page.text.as_deref().ok());
            [link.title.as_str(), text.unwrap_or_default()]
        });
        let index = SearchIndex::build(FIELDS, entries)?;
        let mut body = format!("{of}\n").into_bytes();
        body.append(&mut index.pack()?);
        if self.trouble.is_none()
            && let Err(error) = seal(&self.index, &body)
        {
            self.trouble = Some(error.to_string());
        }
        Ok(index)
    }

    /// The index that is kept, if it is whole and was made of this.
    fn kept_index(&self, of: &str) -> Option<SearchIndex> {
        let size = fs::metadata(&self.index).ok()?.len();
        if size > INDEX {
            return None;
        }
        let bytes = fs::read(&self.index).ok()?;
        let (digest, body) = bytes.split_at_checked(65)?;
        let rest = body.strip_prefix(of.as_bytes())?.strip_prefix(b"\n")?;
        let whole = digest.strip_suffix(b"\n")? == hex(&Sha256::digest(body)).as_bytes();
        whole.then(|| SearchIndex::unpack(FIELDS, rest).ok())?
    }
}

/// Writes a file whole, or not at all, beneath the digest of what is in it.
fn seal(path: &Path, body: &[u8]) -> io::Result<()> {
    let draft = path.with_extension("index.new");
    let mut file = File::create(&draft)?;
    file.write_all(format!("{}\n", hex(&Sha256::digest(body))).as_bytes())?;
    file.write_all(body)?;
    drop(file);
    fs::rename(&draft, path)
}

/// A line's record, if it is what its digest says, and the line's bytes.
fn decode(line: &[u8]) -> Option<(Record, u64)> {
    let text = std::str::from_utf8(line).ok()?.strip_suffix('\n')?;
    let (digest, json) = text.split_once(' ')?;
    if digest != short(json.as_bytes()) {
        return None;
    }
    Some((serde_json::from_str(json).ok()?, line.len() as u64))
}

/// The first half of a digest, in hexadecimal digits.
fn short(bytes: &[u8]) -> String {
    hex(Sha256::digest(bytes).get(..8).unwrap_or_default())
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
