//! What is different.

use std::fmt;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use cap_std::fs::Dir;

use crate::content::{io_error, open_file};
use crate::manifest::{Manifest, is_empty};
use crate::patch::LONGEST_TEXT;
use crate::store::Store;
use crate::{Digest, Entry, Kind, Patch, Shown, Size, WorkspaceError};

/// How many bytes of text are compared line by line in one diff. What comes after that is told by its size.
const ALL_TEXT: u64 = 16 << 20;

/// What is different, deletions first.
///
/// Permission bits are not compared: a guest can neither see nor set them (WASI has none), so where they are different it
/// is because a file was replaced, not because anybody wanted it. A directory is listed where it is empty; otherwise
/// what is in it tells. Something that has become another kind of thing, a file a symlink for example, is deleted and
/// added.
///
/// Its text is one line for each change:
///
/// | line | meaning |
/// | --- | --- |
/// | `D path` | a file or symlink is gone |
/// | `M path (+3 -1)` | a text is different: lines added and removed |
/// | `M path (1.0 KiB -> 12.3 KiB)` | another file is different, or one that is too long |
/// | `M path -> target` | a symlink has another target |
/// | `A path (12.3 KiB)` | a file is new |
/// | `A path -> target` | a symlink is new |
/// | `D path/`, `A path/` | an empty directory is gone, or new |
/// | `A path (special)` | a pipe, socket or device is new |
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diff {
    /// What is gone, by path. Each is named, however many there are.
    pub deleted: Vec<Change>,
    /// What has other contents, by path.
    pub modified: Vec<Change>,
    /// What is new, by path.
    pub added: Vec<Change>,
}

/// One thing that is different.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its path, relative to the workspace.
    pub path: PathBuf,
    /// What it is, or was.
    pub kind: Kind,
    /// Bytes before; none where it was not there.
    pub old_size: Option<u64>,
    /// Bytes now; none where it is gone.
    pub new_size: Option<u64>,
    /// The difference itself.
    pub content: Content,
}

/// The difference of one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// Of two texts; what is not there counts as an empty one.
    Text(Patch),
    /// Not told: it is binary or too long, or what is kept of it is damaged.
    Opaque,
    /// A symlink's target now; none where it is gone.
    Target(Option<PathBuf>),
}

impl Diff {
    /// Whether nothing is different.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.deleted.is_empty() && self.modified.is_empty() && self.added.is_empty()
    }
}

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (letter, changes) in [
            ('D', &self.deleted),
            ('M', &self.modified),
            ('A', &self.added),
        ] {
            for change in changes {
                writeln!(f, "{letter} {change}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Shown(&self.path))?;
        match (self.kind, &self.content, self.old_size, self.new_size) {
            (Kind::Directory, ..) => f.write_str("/"),
            (Kind::Special, ..) => f.write_str(" (special)"),
            (_, Content::Target(Some(target)), ..) => write!(f, " -> {}", Shown(target)),
            (_, _, _, None) => Ok(()),
            (_, _, None, Some(new)) => write!(f, " ({})", Size(new)),
            (_, Content::Text(patch), ..) => write!(f, " (+{} -{})", patch.added, patch.removed),
            (_, _, Some(old), Some(new)) => write!(f, " ({} -> {})", Size(old), Size(new)),
        }
    }
}

/// Where the contents are that are compared.
pub(crate) struct Texts<'a> {
    /// What was before.
    pub(crate) store: &'a Store,
    /// What is now.
    pub(crate) root: &'a Dir,
    /// For messages.
    pub(crate) root_path: &'a Path,
}

/// Compares what was with what is.
pub(crate) fn compare(
    before: &Manifest,
    now: &Manifest,
    texts: &Texts<'_>,
) -> Result<Diff, WorkspaceError> {
    let mut changes = Changes {
        texts,
        left: ALL_TEXT,
    };
    let mut diff = Diff::default();
    for (path, old) in before {
        match now.get(path) {
            Some(new) if new.kind == old.kind => {
                if new.digest != old.digest {
                    let change = changes.change(path, Some(old), Some(new))?;
                    diff.modified.push(change);
                }
            }
            _ if old.kind == Kind::Directory && !is_empty(before, path) => {}
            _ => diff.deleted.push(changes.change(path, Some(old), None)?),
        }
    }
    for (path, new) in now {
        let was = before.get(path).is_some_and(|old| old.kind == new.kind);
        if was || (new.kind == Kind::Directory && !is_empty(now, path)) {
            continue;
        }
        diff.added.push(changes.change(path, None, Some(new))?);
    }
    Ok(diff)
}

/// Tells changes, as long as there is patience for texts.
struct Changes<'a> {
    texts: &'a Texts<'a>,
    /// How many bytes may still be compared.
    left: u64,
}

impl Changes<'_> {
    fn change(
        &mut self,
        path: &Path,
        old: Option<&Entry>,
        new: Option<&Entry>,
    ) -> Result<Change, WorkspaceError> {
        let kind = new.or(old).map_or(Kind::Special, |entry| entry.kind);
        let content = match kind {
            Kind::File => self.patch(path, old, new),
            Kind::Symlink => new
                .map(|_| self.texts.root.read_link_contents(path))
                .transpose()
                .map(Content::Target),
            Kind::Directory | Kind::Special => Ok(Content::Opaque),
        }
        .map_err(io_error(&self.texts.root_path.join(path), "read"))?;
        let (old_size, new_size) = (old.map(|old| old.size), new.map(|new| new.size));
        Ok(Change {
            path: path.to_owned(),
            kind,
            old_size,
            new_size,
            content,
        })
    }

    fn patch(
        &mut self,
        path: &Path,
        old: Option<&Entry>,
        new: Option<&Entry>,
    ) -> io::Result<Content> {
        let sizes = [old, new].map(|entry| entry.map_or(0, |entry| entry.size));
        let both = sizes.iter().sum::<u64>();
        if sizes.iter().any(|size| *size > LONGEST_TEXT) || both > self.left {
            return Ok(Content::Opaque);
        }
        self.left -= both;
        let before = match old {
            // What was damaged cannot be shown; that it is different can.
            Some(old) => self
                .texts
                .store
                .bytes(old.digest, LONGEST_TEXT)
                .unwrap_or_default(),
            None => Some(Vec::new()),
        };
        let after = match new {
            Some(new) => self.now(path, new)?,
            None => Some(Vec::new()),
        };
        Ok(match (before.and_then(text), after.and_then(text)) {
            (Some(before), Some(after)) => Content::Text(Patch::between(&before, &after)),
            _ => Content::Opaque,
        })
    }

    /// None where it is not any more what it was when it was looked at.
    fn now(&self, path: &Path, new: &Entry) -> io::Result<Option<Vec<u8>>> {
        let mut bytes = Vec::new();
        open_file(self.texts.root, path)?
            .take(LONGEST_TEXT + 1)
            .read_to_end(&mut bytes)?;
        Ok((Digest::of(&bytes) == new.digest).then_some(bytes))
    }
}

/// UTF-8 without NUL bytes is text.
fn text(bytes: Vec<u8>) -> Option<String> {
    String::from_utf8(bytes)
        .ok()
        .filter(|text| !text.contains('\0'))
}
