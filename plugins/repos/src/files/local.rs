//! Files to upload: given as text, or found in the workspace.
//!
//! | `file` | is |
//! | --- | --- |
//! | `out/model.bin`, `/workspace/out/model.bin` | that file |
//! | `out` | every file below it, as far as the patterns take it; not what is in `.git` and `.cache` |
//! | `../x`, `/etc/x` | refused |
//!
//! Links to directories are not followed, and one that leads out of the workspace opens nothing.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ml_intern_sdk::prelude::*;
use sha1::{Digest as _, Sha1};
use sha2::Sha256;

use crate::glob;
use crate::words::size;

/// Files of one commit at most.
pub(crate) const FILES: usize = 1_000;
/// Bytes of one file at most: what storage takes in one piece.
pub(crate) const LARGEST: u64 = 5_000_000_000;
/// Directories of the workspace that are looked into at most.
const FOLDERS: usize = 2_000;
/// Bytes that are read at once.
const PIECE: usize = 64 << 10;

/// A file to upload.
#[derive(Debug)]
pub(crate) struct Local {
    /// Its path in the repository.
    pub(crate) path: String,
    pub(crate) content: Content,
    pub(crate) size: u64,
}

/// Where a file's bytes are.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    Bytes(Vec<u8>),
    File(PathBuf),
}

impl Local {
    pub(crate) fn text(path: String, text: String) -> Self {
        Self {
            path,
            size: text.len() as u64,
            content: Content::Bytes(text.into_bytes()),
        }
    }

    /// Its bytes, from the first.
    pub(crate) fn open(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(match &self.content {
            Content::Bytes(bytes) => Box::new(bytes.as_slice()),
            Content::File(path) => Box::new(File::open(path)?),
        })
    }

    fn failed(&self, error: &io::Error) -> Failure {
        Failure::failed(format!(
            "the file for {} cannot be read: {error}",
            self.path
        ))
    }

    /// Its first bytes, so many at most.
    pub(crate) fn start(&self, most: usize) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        self.open()
            .and_then(|reader| reader.take(most as u64).read_to_end(&mut bytes))
            .map_err(|error| self.failed(&error))?;
        Ok(bytes)
    }

    /// The SHA-256 of its bytes, in hexadecimal.
    pub(crate) fn sha256(&self) -> Result<String, Failure> {
        let mut digest = Sha256::new();
        let mut length: u64 = 0;
        let mut piece = vec![0; PIECE];
        let mut reader = self.open().map_err(|error| self.failed(&error))?;
        loop {
            let read = reader
                .read(&mut piece)
                .map_err(|error| self.failed(&error))?;
            if read == 0 {
                break;
            }
            length += read as u64;
            digest.update(piece.get(..read).unwrap_or_default());
        }
        if length != self.size {
            return Err(Failure::failed(format!(
                "the file for {} changed while it was read",
                self.path
            )));
        }
        Ok(hex(&digest.finalize()))
    }
}

/// The id that git gives a file with this content.
pub(crate) fn blob_id(bytes: &[u8]) -> String {
    let mut digest = Sha1::new();
    digest.update(format!("blob {}\0", bytes.len()));
    digest.update(bytes);
    hex(&digest.finalize())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What `file` names: files by their path below it, or the one file by its name.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) files: Vec<(String, PathBuf, u64)>,
    pub(crate) is_folder: bool,
}

/// What there is to upload at a path of the workspace, sorted.
///
/// # Errors
/// [`Failure::InvalidArguments`] where there is nothing, [`Failure::Failed`] where there is too much.
pub(crate) fn find(root: &Path, named: &str, patterns: &[String]) -> Result<Found, Failure> {
    let wrong = |expected: &str| Failure::argument("/file", expected);
    let inside = named.strip_prefix("/workspace").map_or(named, |rest| {
        if rest.is_empty() {
            "."
        } else {
            rest.trim_start_matches('/')
        }
    });
    let parts: Vec<&str> = inside
        .split('/')
        .filter(|part| !matches!(*part, "" | "."))
        .collect();
    if inside.starts_with('/') || inside.is_empty() || parts.contains(&"..") {
        return Err(wrong(
            "a path in the workspace, as `out/model.safetensors` or `out`",
        ));
    }
    let at = parts
        .iter()
        .fold(root.to_owned(), |path, part| path.join(part));
    let metadata = fs::metadata(&at).map_err(|error| {
        wrong(&format!(
            "a path that is in the workspace: {named}: {error}"
        ))
    })?;
    if metadata.is_file() {
        let name = parts.last().copied().unwrap_or_default().to_owned();
        return Ok(Found {
            files: vec![(name, at, metadata.len())],
            is_folder: false,
        });
    }
    let mut files = Vec::new();
    let mut folders = vec![(String::new(), at)];
    let mut seen = 0;
    while let Some((prefix, folder)) = folders.pop() {
        seen += 1;
        if seen > FOLDERS {
            return Err(Failure::failed(format!(
                "{named} has more than {FOLDERS} folders: name a smaller one"
            )));
        }
        let failed =
            |error: io::Error| Failure::failed(format!("{named} cannot be listed: {error}"));
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            let name = name.to_str().ok_or_else(|| {
                Failure::failed(format!("{named} has a file whose name is not UTF-8"))
            })?;
            let path = format!("{prefix}{name}");
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_dir() {
                if !matches!(name, ".git" | ".cache") {
                    folders.push((format!("{path}/"), entry.path()));
                }
                continue;
            }
            // A link is what it leads to, if that is a file of the workspace.
            let Some(metadata) = fs::metadata(entry.path())
                .ok()
                .filter(fs::Metadata::is_file)
            else {
                continue;
            };
            if glob::any(patterns, &path) {
                files.push((path, entry.path(), metadata.len()));
            }
            if files.len() > FILES {
                return Err(Failure::failed(format!(
                    "{named} has more than {FILES} files, which is the most for one commit: narrow it with patterns, or upload \
                     a part of it"
                )));
            }
        }
    }
    files.sort();
    Ok(Found {
        files,
        is_folder: true,
    })
}

/// # Errors
/// Where a file is larger than storage takes in one piece.
pub(crate) fn bounded(file: &Local) -> Result<(), Failure> {
    if file.size <= LARGEST {
        return Ok(());
    }
    Err(Failure::failed(format!(
        "{} has {}, and files over {} need an upload in parts, which this tool does not do: split it into shards, or upload it \
         from a job with huggingface_hub",
        file.path,
        size(file.size),
        size(LARGEST)
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_of_git_and_sha256() {
        assert_eq!(
            blob_id(b"hello\n"),
            "ce013625030ba8dba906f756967f9e9ca394464a"
        );
        let file = Local::text("a".into(), "abc".into());
        assert_eq!(
            file.sha256().unwrap(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(file.start(2).unwrap(), b"ab");
        let grown = Local { size: 4, ..file };
        assert!(grown.sha256().is_err());
    }

    #[test]
    fn only_what_is_in_the_workspace_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("out/.git")).unwrap();
        fs::create_dir_all(root.join("out/sub")).unwrap();
        for name in ["out/b.txt", "out/.git/config", "out/sub/a.bin"] {
            fs::write(root.join(name), "x").unwrap();
        }
        let names = |named: &str, patterns: &[&str]| {
            let patterns: Vec<String> = patterns.iter().map(|p| (*p).to_owned()).collect();
            find(root, named, &patterns).map(|found| {
                let names: Vec<String> = found.files.into_iter().map(|(name, ..)| name).collect();
                (names.join(" "), found.is_folder)
            })
        };
        for (named, patterns, expected) in [
            ("out", &[][..], Some(("b.txt sub/a.bin", true))),
            ("out/", &["*.bin"], Some(("sub/a.bin", true))),
            ("/workspace/out", &["sub/"], Some(("sub/a.bin", true))),
            ("/workspace", &["*.txt"], Some(("out/b.txt", true))),
            (".", &["*.txt"], Some(("out/b.txt", true))),
            ("out/b.txt", &[], Some(("b.txt", false))),
            ("out/none", &[], None),
            ("../x", &[], None),
            ("/etc/passwd", &[], None),
            ("", &[], None),
        ] {
            let found = names(named, patterns).ok();
            let found = found
                .as_ref()
                .map(|(names, folder)| (names.as_str(), *folder));
            assert_eq!(found, expected, "{named}");
        }
    }

    #[test]
    fn a_folder_has_so_many_files_at_most() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..FILES {
            fs::write(folder.path().join(number.to_string()), "").unwrap();
        }
        assert_eq!(find(folder.path(), ".", &[]).unwrap().files.len(), FILES);
        fs::write(folder.path().join("more"), "").unwrap();
        assert!(find(folder.path(), ".", &[]).is_err());
        assert_eq!(
            find(folder.path(), ".", &["more".into()])
                .unwrap()
                .files
                .len(),
            1
        );
    }

    #[test]
    fn a_file_has_so_many_bytes_at_most() {
        let of = |size| Local {
            path: "a".into(),
            content: Content::Bytes(Vec::new()),
            size,
        };
        assert!(bounded(&of(LARGEST)).is_ok());
        assert!(bounded(&of(LARGEST + 1)).is_err());
    }
}
