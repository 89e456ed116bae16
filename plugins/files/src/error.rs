//! Why a file could not be read or changed, said to the model.

use std::io;

use ml_intern_sdk::Failure;

use crate::image::Flaw;
use crate::notebook::Unfit;

/// Why a file could not be read or changed. Paths are as the model knows them: relative to the workspace.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(
        "`{path}` is outside the workspace: paths are relative to /workspace, or absolute under it"
    )]
    Outside { path: String },
    #[error(
        "`{path}` goes through a symbolic link that leads out of the workspace (`{link}` -> `{target}`)"
    )]
    LinkOut {
        path: String,
        link: String,
        target: String,
    },
    #[error("`{path}` goes through more than {limit} symbolic links: they may form a circle")]
    Links { path: String, limit: usize },
    #[error("there is no file `{path}`")]
    Missing { path: String },
    #[error(
        "`{path}` is a directory, not a file: list it with bash (ls -la) or python (os.listdir)"
    )]
    Directory { path: String },
    #[error("`{path}` is neither a file nor a directory")]
    Special { path: String },
    #[error("`{place}` is not a directory, so there can be no `{path}`")]
    NotADirectory { path: String, place: String },
    #[error(
        "`{path}` has {bytes} bytes, and files of up to {limit} bytes are taken: look at a part of it with bash \
         (head, tail, grep) or python"
    )]
    TooLarge {
        path: String,
        bytes: u64,
        limit: u64,
    },
    #[error("the content has {bytes} bytes, and files of up to {limit} bytes are written")]
    ContentTooLarge { bytes: usize, limit: u64 },
    #[error("`{path}` is not text: {why}. Use python for binary files")]
    Binary { path: String, why: String },
    #[error("`{path}` is {name}, and not text: use python for it{}", with(.reader))]
    Known {
        path: String,
        name: &'static str,
        reader: &'static str,
    },
    #[error(
        "`{path}` is a {format} image of {bytes} bytes that cannot be shown: {flaw}. A smaller copy can be made with \
         python: image = PIL.Image.open(\"{path}\"); image.thumbnail((1600, 1600)); image.save(…)"
    )]
    Image {
        path: String,
        format: &'static str,
        bytes: u64,
        flaw: Flaw,
    },
    #[error("`{path}` is a {format} image that cannot be shown: it is damaged or cut off")]
    Damaged { path: String, format: &'static str },
    /// A notebook that cannot be shown or changed as one.
    #[error("`{path}` cannot be taken as a notebook: {why}")]
    Notebook { path: String, why: Unfit },
    #[error(
        "`{path}` exists and has not been read in this session: read it first, so that nothing unseen is lost"
    )]
    Unread { path: String },
    #[error(
        "`{path}` has changed since it was last read or written here: read it again, then repeat the change"
    )]
    Changed { path: String },
    #[error("`{path}`: {source}")]
    Io { path: String, source: io::Error },
    /// Whatever the session's store answered.
    #[error("the session's store refused")]
    Store(Failure),
    /// An argument that does not fit this file.
    #[error("{expected}")]
    Argument {
        pointer: &'static str,
        expected: String,
    },
    /// `old_str` is not there, or not only once.
    #[error("{0}")]
    NoMatch(String),
}

impl Error {
    /// Wraps what the file system answered.
    pub(crate) fn io(path: &str) -> impl Fn(io::Error) -> Self {
        move |source| Self::Io {
            path: path.to_owned(),
            source,
        }
    }
}

fn with(reader: &str) -> String {
    match reader {
        "" => String::new(),
        reader => format!(" ({reader})"),
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::Store(failure) => failure,
            Error::Argument { pointer, expected } => Self::argument(pointer, expected),
            outside @ Error::Outside { .. } => Self::argument("/path", outside),
            other => Self::failed(other),
        }
    }
}
