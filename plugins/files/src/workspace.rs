//! Files of the workspace: found, loaded, and replaced in one step.
//!
//! | path | is |
//! | --- | --- |
//! | `a/b`, `./a/b` | relative to the workspace |
//! | `/workspace/a/b` | the same |
//! | `a/../b` | `b`, after the links in `a` were followed |
//! | `/etc/x`, `../x` | outside: refused |
//! | a symbolic link | what it points to, inside the workspace; it stays a link when the file is written |
//!
//! The directory of data is another one of the kind, which is only read: `/data/a/b`.

use std::collections::VecDeque;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::Error;
use crate::image::{Flaw, Format};
use crate::kinds::Kind;

/// Bytes of a file that is read or written at most.
pub(crate) const LARGEST: u64 = 32 << 20;

/// Bytes of a larger file that are looked at, to say what it is.
const START: u64 = 512;

/// Symbolic links on one path at most, as in Linux (`path_resolution(7)`).
const MOST_LINKS: usize = 40;

/// What the model has seen of each file: the SHA-256 of its content, by its path in the workspace.
pub(crate) trait Seen {
    /// The digest of what was last read or written at the path.
    fn digest(&self, path: &str) -> Result<Option<String>, Error>;
    /// Remembers a digest.
    fn remember(&mut self, path: &str, digest: &str) -> Result<(), Error>;
}

impl Loaded {
    /// The SHA-256 of the content, in hexadecimal.
    pub(crate) fn digest(&self) -> &str {
        &self.digest
    }

    /// The content as text, if it is text; else what it is.
    pub(crate) fn text(&self) -> Result<&str, Error> {
        let why = match self.bytes.iter().position(|byte| *byte == 0) {
            Some(position) => format!("byte {position} is NUL"),
            None => match std::str::from_utf8(&self.bytes) {
                Ok(text) => return Ok(text),
                Err(error) => format!("byte {} is not UTF-8", error.valid_up_to()),
            },
        };
        let path = self.name.clone();
        Err(match Kind::of(&self.bytes) {
            Some(kind) => Error::Known {
                path,
                name: kind.name,
                reader: kind.with,
            },
            None => Error::Binary { path, why },
        })
    }
}

/// A directory of files, and what was seen of them.
#[derive(Debug)]
pub(crate) struct Workspace<S> {
    root: PathBuf,
    /// Where it is for the model.
    mount: &'static str,
    /// What the names of its files begin with.
    prefix: &'static str,
    seen: S,
}

/// A place in the workspace: where a file is, or may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Its path relative to the workspace, links followed.
    pub(crate) name: String,
    /// The same for the file system.
    path: PathBuf,
    /// Whether a file is there.
    pub(crate) exists: bool,
}

/// A file's content and its digest.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Loaded {
    name: String,
    pub(crate) bytes: Vec<u8>,
    digest: String,
}

impl<S: Seen> Workspace<S> {
    /// The workspace whose files are under the root.
    pub(crate) fn new(root: PathBuf, seen: S) -> Self {
        Self {
            root,
            mount: crate::ROOT,
            prefix: "",
            seen,
        }
    }

    /// The data under the root. Names are absolute, for there is one place that relative ones are of.
    pub(crate) fn data(root: PathBuf, seen: S) -> Self {
        Self {
            root,
            mount: crate::DATA,
            prefix: crate::DATA_PREFIX,
            seen,
        }
    }

    /// The place that a path leads to.
    pub(crate) fn find(&self, path: &str) -> Result<Place, Error> {
        let outside = || Error::Outside {
            path: path.to_owned(),
        };
        let mut todo = self.inside(path).ok_or_else(outside)?;
        let mut parts: Vec<String> = Vec::new();
        let mut links = 0;
        while let Some(part) = todo.pop_front() {
            if part == ".." {
                parts.pop().ok_or_else(outside)?;
                continue;
            }
            parts.push(part);
            let here = self.root.join(parts.join("/"));
            let Some(metadata) = look(&here).map_err(Error::io(path))? else {
                if todo.iter().any(|part| part == "..") {
                    return Err(Error::Missing {
                        path: path.to_owned(),
                    });
                }
                continue;
            };
            if metadata.is_symlink() {
                links += 1;
                if links > MOST_LINKS {
                    return Err(Error::Links {
                        path: path.to_owned(),
                        limit: MOST_LINKS,
                    });
                }
                let link = parts.join("/");
                parts.pop();
                let target = fs::read_link(&here)
                    .map_err(Error::io(path))?
                    .to_string_lossy()
                    .into_owned();
                let Some(mut rest) = self.follow(&target, &mut parts) else {
                    return Err(Error::LinkOut {
                        path: path.to_owned(),
                        link,
                        target,
                    });
                };
                rest.append(&mut todo);
                todo = rest;
            } else if metadata.is_file() && !todo.is_empty() {
                return Err(Error::NotADirectory {
                    path: path.to_owned(),
                    place: parts.join("/"),
                });
            }
        }
        let inside = parts.join("/");
        let place = self.root.join(&inside);
        let name = format!("{}{inside}", self.prefix);
        let exists = match look(&place).map_err(Error::io(path))? {
            None => false,
            Some(metadata) if metadata.is_file() => true,
            Some(metadata) if metadata.is_dir() => {
                return Err(Error::Directory {
                    path: path.to_owned(),
                });
            }
            Some(_) => {
                return Err(Error::Special {
                    path: path.to_owned(),
                });
            }
        };
        Ok(Place {
            name,
            path: place,
            exists,
        })
    }

    /// The parts of a path as the model writes it; none where it is outside on its face.
    fn inside(&self, path: &str) -> Option<VecDeque<String>> {
        let relative = match path.strip_prefix(self.mount) {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => rest,
            _ if path.starts_with('/') || path.contains('\0') => return None,
            _ => path,
        };
        Some(
            relative
                .split('/')
                .filter(|part| !matches!(*part, "" | "."))
                .map(str::to_owned)
                .collect(),
        )
    }

    /// The parts that a link's target adds to the directory it is in; none where it leads out of the workspace.
    fn follow(&self, target: &str, directory: &mut Vec<String>) -> Option<VecDeque<String>> {
        let rest = self.inside(target)?;
        if target.starts_with('/') {
            directory.clear();
        }
        // `..` may climb no higher than the workspace, however it is mixed with names.
        let mut depth = directory.len();
        for part in &rest {
            depth = if part == ".." {
                depth.checked_sub(1)?
            } else {
                depth + 1
            };
        }
        Some(rest)
    }

    /// What is at the place.
    pub(crate) fn load(&self, place: &Place) -> Result<Loaded, Error> {
        let name = &place.name;
        if !place.exists {
            return Err(Error::Missing { path: name.clone() });
        }
        let bytes = fs::metadata(&place.path).map_err(Error::io(name))?.len();
        if bytes > LARGEST {
            return Err(too_large(place, bytes)?);
        }
        let bytes = fs::read(&place.path).map_err(Error::io(name))?;
        Ok(Loaded {
            name: name.clone(),
            digest: digest(&bytes),
            bytes,
        })
    }

    /// Remembers that the model has seen this.
    pub(crate) fn saw(&mut self, place: &Place, loaded: &Loaded) -> Result<(), Error> {
        self.seen.remember(&place.name, &loaded.digest)
    }

    /// Refuses a file that the model has not seen as it is now.
    pub(crate) fn require_seen(&self, place: &Place, digest: &str) -> Result<(), Error> {
        match self.seen.digest(&place.name)? {
            Some(seen) if seen == digest => Ok(()),
            Some(_) => Err(Error::Changed {
                path: place.name.clone(),
            }),
            None => Err(Error::Unread {
                path: place.name.clone(),
            }),
        }
    }

    /// The same for what is in the file at this moment, whatever it is.
    pub(crate) fn require_current_seen(&self, place: &Place) -> Result<(), Error> {
        self.require_seen(place, &digest_of_file(place)?)
    }

    /// Puts the text at the place in one step: either the whole of it is there afterwards, or what was there before.
    /// The text counts as seen.
    ///
    /// A file that appeared, changed or vanished since `place` was found, or since it was last seen, is left alone.
    pub(crate) fn replace(&mut self, place: &Place, text: &str) -> Result<(), Error> {
        let name = &place.name;
        if text.len() as u64 > LARGEST {
            return Err(Error::ContentTooLarge {
                bytes: text.len(),
                limit: LARGEST,
            });
        }
        let parent = place.path.parent().unwrap_or(&self.root);
        fs::create_dir_all(parent).map_err(Error::io(name))?;
        let temporary = write_beside(parent, text).map_err(Error::io(name))?;
        let renamed = self
            .unchanged(place)
            .and_then(|()| fs::rename(&temporary, &place.path).map_err(Error::io(name)));
        if let Err(error) = renamed {
            // The failure that is told is the one that came first.
            let _ = fs::remove_file(&temporary);
            return Err(error);
        }
        self.seen.remember(name, &digest(text.as_bytes()))
    }

    /// As near to the replacement as can be: is what is there still what was seen, or still nothing?
    fn unchanged(&self, place: &Place) -> Result<(), Error> {
        if place.exists {
            return self.require_current_seen(place);
        }
        match look(&place.path).map_err(Error::io(&place.name))? {
            None => Ok(()),
            Some(_) => Err(Error::Changed {
                path: place.name.clone(),
            }),
        }
    }
}

/// The refusal of a file that is too large to be loaded, by what it is.
fn too_large(place: &Place, bytes: u64) -> Result<Error, Error> {
    let path = place.name.clone();
    let mut start = Vec::new();
    let file = fs::File::open(&place.path).map_err(Error::io(&path))?;
    file.take(START)
        .read_to_end(&mut start)
        .map_err(Error::io(&path))?;
    Ok(if let Some(format) = Format::of(&start) {
        Error::Image {
            path,
            format: format.name(),
            bytes,
            flaw: Flaw::Bytes,
        }
    } else if let Some(kind) =
        Kind::of(&start).filter(|_| start.contains(&0) || std::str::from_utf8(&start).is_err())
    {
        Error::Known {
            path,
            name: kind.name,
            reader: kind.with,
        }
    } else {
        Error::TooLarge {
            path,
            bytes,
            limit: LARGEST,
        }
    })
}

/// What is at the path, links not followed; none where nothing is.
fn look(path: &Path) -> io::Result<Option<fs::Metadata>> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes the text to a new file in the directory and gives its path.
fn write_beside(directory: &Path, text: &str) -> io::Result<PathBuf> {
    let mut number = 0_u32;
    loop {
        let path = directory.join(format!(".ml-intern-{number}.tmp"));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(mut file) => {
                let written = file
                    .write_all(text.as_bytes())
                    .and_then(|()| file.sync_all());
                if let Err(error) = written {
                    // As above: the first failure is the one that is told.
                    let _ = fs::remove_file(&path);
                    return Err(error);
                }
                return Ok(path);
            }
            // Another call's, or left behind by one that was stopped.
            Err(error) if error.kind() == ErrorKind::AlreadyExists && number < 1_000 => number += 1,
            Err(error) => return Err(error),
        }
    }
}

fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// Reads in pieces, since a file that is to be overwritten may be of any size.
fn digest_of_file(place: &Place) -> Result<String, Error> {
    let mut file = fs::File::open(&place.path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Error::Changed {
            path: place.name.clone(),
        },
        _ => Error::io(&place.name)(error),
    })?;
    let mut hasher = Hasher(Sha256::new());
    io::copy(&mut file, &mut hasher).map_err(Error::io(&place.name))?;
    Ok(hex(&hasher.0.finalize()))
}

struct Hasher(Sha256);

impl Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;

    use tempfile::TempDir;

    use super::*;

    impl Seen for BTreeMap<String, String> {
        fn digest(&self, path: &str) -> Result<Option<String>, Error> {
            Ok(self.get(path).cloned())
        }

        fn remember(&mut self, path: &str, digest: &str) -> Result<(), Error> {
            self.insert(path.to_owned(), digest.to_owned());
            Ok(())
        }
    }

    /// A workspace in a temporary directory, with these files.
    pub(crate) fn workspace(
        files: &[(&str, &str)],
    ) -> (TempDir, Workspace<BTreeMap<String, String>>) {
        let directory = TempDir::new().unwrap();
        for (name, content) in files {
            let path = directory.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let workspace = Workspace::new(directory.path().to_owned(), BTreeMap::new());
        (directory, workspace)
    }

    #[test]
    fn data_has_absolute_names_and_the_same_bounds() {
        let (directory, _) = workspace(&[("outputs/c1-bash.txt", "long")]);
        std::os::unix::fs::symlink("/etc/passwd", directory.path().join("out")).unwrap();
        let data = Workspace::data(directory.path().to_owned(), BTreeMap::new());
        let place = data.find("/data/./outputs/c1-bash.txt").unwrap();
        assert_eq!(place.name, "/data/outputs/c1-bash.txt");
        assert_eq!(data.load(&place).unwrap().text().unwrap(), "long");
        for path in [
            "/data/../etc/passwd",
            "/workspace/a",
            "/database",
            "/data/out",
        ] {
            let error = data.find(path).unwrap_err().to_string();
            assert!(error.contains("out"), "{path}: {error}");
        }
    }

    /// The names of everything in the workspace.
    pub(crate) fn names(directory: &TempDir) -> Vec<String> {
        let entries = fs::read_dir(directory.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn link(directory: &TempDir, target: &str, name: &str) {
        std::os::unix::fs::symlink(target, directory.path().join(name)).unwrap();
    }

    #[test]
    fn a_path_leads_to_one_place() {
        let (directory, workspace) = workspace(&[("a", "1"), ("d/b", "2")]);
        link(&directory, "a", "to-a");
        link(&directory, "to-a", "to-to-a");
        link(&directory, "d", "to-d");
        link(&directory, "../a", "d/up");
        link(&directory, "/workspace/d/b", "absolute");
        link(&directory, "new", "dangling");
        let table = [
            ("a", "a", true),
            ("./a", "a", true),
            (".//a", "a", true),
            ("/workspace/a", "a", true),
            ("d/../a", "a", true),
            ("d/b", "d/b", true),
            ("to-a", "a", true),
            ("to-to-a", "a", true),
            ("to-d/b", "d/b", true),
            ("to-d/../a", "a", true),
            ("d/up", "a", true),
            ("absolute", "d/b", true),
            ("dangling", "new", false),
            ("x/y/z", "x/y/z", false),
            ("workspace", "workspace", false),
        ];
        for (path, name, exists) in table {
            let place = workspace.find(path).unwrap();
            assert_eq!(
                (place.name.as_str(), place.exists),
                (name, exists),
                "{path}"
            );
        }
    }

    #[test]
    fn what_is_no_file_of_the_workspace_is_refused_by_name() {
        let (directory, workspace) = workspace(&[("a", "1"), ("d/b", "2")]);
        link(&directory, "/etc/passwd", "out");
        link(&directory, "../../x", "d/climb");
        link(&directory, "d/../../x", "mixed");
        link(&directory, "loop", "loop");
        let _socket =
            std::os::unix::net::UnixListener::bind(directory.path().join("socket")).unwrap();
        let outside =
            "is outside the workspace: paths are relative to /workspace, or absolute under it";
        let table = [
            ("/etc/passwd", format!("`/etc/passwd` {outside}")),
            ("/workspaces/a", format!("`/workspaces/a` {outside}")),
            ("../a", format!("`../a` {outside}")),
            ("d/../../a", format!("`d/../../a` {outside}")),
            ("a\0", format!("`a\0` {outside}")),
            ("d", "`d` is a directory, not a file: list it with bash (ls -la) or python (os.listdir)".to_owned()),
            (".", "`.` is a directory, not a file: list it with bash (ls -la) or python (os.listdir)".to_owned()),
            ("", "`` is a directory, not a file: list it with bash (ls -la) or python (os.listdir)".to_owned()),
            ("a/b", "`a` is not a directory, so there can be no `a/b`".to_owned()),
            (
                "d/..",
                "`d/..` is a directory, not a file: list it with bash (ls -la) or python (os.listdir)"
                    .to_owned(),
            ),
            ("none/../a", "there is no file `none/../a`".to_owned()),
            ("socket", "`socket` is neither a file nor a directory".to_owned()),
            (
                "out",
                "`out` goes through a symbolic link that leads out of the workspace (`out` -> `/etc/passwd`)".to_owned(),
            ),
            (
                "d/climb",
                "`d/climb` goes through a symbolic link that leads out of the workspace (`d/climb` -> `../../x`)"
                    .to_owned(),
            ),
            (
                "mixed",
                "`mixed` goes through a symbolic link that leads out of the workspace (`mixed` -> `d/../../x`)"
                    .to_owned(),
            ),
            ("loop", "`loop` goes through more than 40 symbolic links: they may form a circle".to_owned()),
        ];
        for (path, message) in table {
            assert_eq!(
                workspace.find(path).unwrap_err().to_string(),
                message,
                "{path}"
            );
        }
    }

    #[test]
    fn only_text_of_bounded_size_is_loaded() {
        let (directory, workspace) = workspace(&[("text", "é\n"), ("nul", "a\0b")]);
        fs::write(directory.path().join("latin"), b"caf\xe9").unwrap();
        let big = fs::File::create(directory.path().join("big")).unwrap();
        big.set_len(LARGEST + 1).unwrap();
        for (name, start) in [("photo", &b"\xff\xd8\xff"[..]), ("table", b"PAR1")] {
            fs::write(directory.path().join(name), start).unwrap();
            let file = OpenOptions::new()
                .append(true)
                .open(directory.path().join(name))
                .unwrap();
            file.set_len(LARGEST + 1).unwrap();
        }
        fs::write(directory.path().join("just"), "x".repeat(LARGEST as usize)).unwrap();
        let load = |name: &str| {
            workspace
                .load(&workspace.find(name).unwrap())
                .and_then(|loaded| loaded.text().map(str::to_owned))
        };
        assert_eq!(load("text").unwrap(), "é\n");
        assert_eq!(load("just").unwrap().len() as u64, LARGEST);
        let table = [
            (
                "nul",
                "`nul` is not text: byte 1 is NUL. Use python for binary files",
            ),
            (
                "latin",
                "`latin` is not text: byte 3 is not UTF-8. Use python for binary files",
            ),
            (
                "big",
                "`big` has 33554433 bytes, and files of up to 33554432 bytes are taken: look at a part of it with bash \
                 (head, tail, grep) or python",
            ),
            (
                "photo",
                "`photo` is a JPEG image of 33554433 bytes that cannot be shown: images of up to 3750000 bytes are shown. \
                 A smaller copy can be made with python: image = PIL.Image.open(\"photo\"); \
                 image.thumbnail((1600, 1600)); image.save(…)",
            ),
            (
                "table",
                "`table` is a Parquet file, and not text: use python for it",
            ),
            ("none", "there is no file `none`"),
        ];
        for (name, message) in table {
            assert_eq!(load(name).unwrap_err().to_string(), message, "{name}");
        }
    }

    #[test]
    fn a_replacement_leaves_the_link_and_nothing_else() {
        let (directory, mut workspace) = workspace(&[("a", "old")]);
        link(&directory, "a", "link");
        let place = workspace.find("link").unwrap();
        let loaded = workspace.load(&place).unwrap();
        workspace.saw(&place, &loaded).unwrap();
        workspace.replace(&place, "new").unwrap();
        assert_eq!(
            fs::read_link(directory.path().join("link")).unwrap(),
            Path::new("a")
        );
        assert_eq!(
            fs::read_to_string(directory.path().join("a")).unwrap(),
            "new"
        );
        assert_eq!(names(&directory), ["a", "link"]);
    }

    #[test]
    fn what_changed_between_is_left_alone() {
        let (directory, mut workspace) = workspace(&[("a", "old")]);
        let place = workspace.find("a").unwrap();
        let loaded = workspace.load(&place).unwrap();
        workspace.saw(&place, &loaded).unwrap();
        let new = workspace.find("b").unwrap();
        fs::write(directory.path().join("a"), "theirs").unwrap();
        fs::write(directory.path().join("b"), "theirs").unwrap();
        for place in [place, new] {
            let error = workspace.replace(&place, "mine").unwrap_err();
            assert!(matches!(error, Error::Changed { .. }), "{error}");
            assert_eq!(fs::read_to_string(&place.path).unwrap(), "theirs");
        }
        assert_eq!(names(&directory), ["a", "b"]);
    }

    #[test]
    fn a_temporary_file_left_behind_is_not_in_the_way() {
        let (directory, mut workspace) = workspace(&[(".ml-intern-0.tmp", "left")]);
        workspace
            .replace(&workspace.find("a").unwrap(), "new")
            .unwrap();
        assert_eq!(names(&directory), [".ml-intern-0.tmp", "a"]);
    }

    #[test]
    fn content_over_the_size_is_refused_before_anything_is_made() {
        let (directory, mut workspace) = workspace(&[]);
        let text = "x".repeat(LARGEST as usize + 1);
        let error = workspace
            .replace(&workspace.find("d/a").unwrap(), &text)
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "the content has 33554433 bytes, and files of up to 33554432 bytes are written"
        );
        assert_eq!(names(&directory), Vec::<String>::new());
    }
}
