//! What is different in the copy.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use cap_std::fs::Dir;

use crate::base::Base;
use crate::content::{hash_file, hash_target, io_error, list, open_file, open_root, read_text};
use crate::patch::LONGEST_TEXT;
use crate::{Entry, Kind, Patch, Shown, WorkspaceError};

/// How many bytes of text are compared line by line in one diff. What comes after that is told by its size.
const ALL_TEXT: u64 = 16 << 20;

/// What is different in the copy, deletions first.
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
/// | `M path (1.0 KiB -> 12.3 KiB)` | another file is different, or one that is too long, or whose old text is not there any more |
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
    /// Not told: it is binary, too long, or its old contents are not there any more.
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

/// Bytes, in the largest binary unit (IEC 80000-13) that is not too large.
struct Size(u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 1024 {
            return write!(f, "{} B", self.0);
        }
        let mut size = self.0 as f64 / 1024.0;
        let mut unit = "KiB";
        for larger in ["MiB", "GiB", "TiB", "PiB", "EiB"] {
            // What would be shown as 1024.0 of a unit is shown as 1.0 of the next.
            if size < 1023.95 {
                break;
            }
            size /= 1024.0;
            unit = larger;
        }
        write!(f, "{size:.1} {unit}")
    }
}

/// Compares the copy with what it was when it was made.
pub(crate) fn compare(source: &Dir, base: &Base, root: &Path) -> Result<Diff, WorkspaceError> {
    let copy = open_root(root)?;
    let now = walk(&copy, root)?;
    let mut text = Text {
        source,
        copy: &copy,
        root,
        left: ALL_TEXT,
    };
    let mut diff = Diff::default();
    for (path, old) in base {
        match now.get(path) {
            Some(new) if new.kind == old.kind => {
                if new.sha256 != old.sha256 {
                    diff.modified.push(text.change(path, Some(old), Some(new))?);
                }
            }
            _ if old.kind == Kind::Directory && !is_empty(base, path) => {}
            _ => diff.deleted.push(text.change(path, Some(old), None)?),
        }
    }
    for (path, new) in &now {
        let was = base.get(path).is_some_and(|old| old.kind == new.kind);
        if was || (new.kind == Kind::Directory && !is_empty(&now, path)) {
            continue;
        }
        diff.added.push(text.change(path, None, Some(new))?);
    }
    Ok(diff)
}

/// Paths are ordered by their parts, so what is in a directory comes right after it.
fn is_empty(entries: &Base, directory: &Path) -> bool {
    let after = (
        std::ops::Bound::Excluded(directory),
        std::ops::Bound::Unbounded,
    );
    entries
        .range::<Path, _>(after)
        .next()
        .is_none_or(|(next, _)| !next.starts_with(directory))
}

/// What the copy is now.
fn walk(copy: &Dir, root: &Path) -> Result<Base, WorkspaceError> {
    let mut now = Base::new();
    let mut waiting = vec![PathBuf::new()];
    while let Some(directory) = waiting.pop() {
        let here = if directory.as_os_str().is_empty() {
            Path::new(".")
        } else {
            &directory
        };
        let names = copy
            .open_dir(here)
            .and_then(|dir| list(&dir))
            .map_err(io_error(&root.join(&directory), "list"))?;
        for (name, kind) in names {
            let path = directory.join(name);
            let look = || -> io::Result<(u64, [u8; 32])> {
                match kind {
                    Kind::File => hash_file(&mut open_file(copy, &path)?),
                    Kind::Symlink => Ok(hash_target(&copy.read_link_contents(&path)?)),
                    Kind::Directory | Kind::Special => Ok((0, [0; 32])),
                }
            };
            let (size, sha256) = look().map_err(io_error(&root.join(&path), "read"))?;
            if kind == Kind::Directory {
                waiting.push(path.clone());
            }
            now.insert(
                path,
                Entry {
                    kind,
                    size,
                    mode: 0,
                    sha256,
                },
            );
        }
    }
    Ok(now)
}

/// Finds the texts to compare.
struct Text<'a> {
    source: &'a Dir,
    copy: &'a Dir,
    root: &'a Path,
    /// How many bytes may still be compared.
    left: u64,
}

impl Text<'_> {
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
                .map(|_| self.copy.read_link_contents(path))
                .transpose()
                .map(Content::Target),
            Kind::Directory | Kind::Special => Ok(Content::Opaque),
        }
        .map_err(io_error(&self.root.join(path), "read"))?;
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
        // The copy keeps no old contents. They are those of the source, as long as nobody has changed them there.
        let before = match old {
            Some(old) => {
                read_text(self.source, path, LONGEST_TEXT, Some(old.sha256)).unwrap_or_default()
            }
            None => Some(String::new()),
        };
        let after = match new {
            Some(new) => read_text(self.copy, path, LONGEST_TEXT, Some(new.sha256))?,
            None => Some(String::new()),
        };
        Ok(match (before, after) {
            (Some(before), Some(after)) => Content::Text(Patch::between(&before, &after)),
            _ => Content::Opaque,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_short() {
        let table = [
            (0, "0 B"),
            (1, "1 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1075, "1.0 KiB"),
            (1076, "1.1 KiB"),
            (12_595, "12.3 KiB"),
            (1_048_524, "1023.9 KiB"),
            (1_048_525, "1.0 MiB"),
            (1 << 20, "1.0 MiB"),
            (5 << 30, "5.0 GiB"),
            (u64::MAX, "16.0 EiB"),
        ];
        for (bytes, expected) in table {
            assert_eq!(Size(bytes).to_string(), expected);
        }
    }
}
