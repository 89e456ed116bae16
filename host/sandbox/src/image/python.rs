//! The Python image: what is in its directory, and how a command line reaches its interpreter.

use std::path::Path;

use crate::cache::Digest;
use crate::programs::Image;

/// The program's name.
pub const PYTHON: &str = "python";

/// How command lines are run in the interpreter: `-c code`, and what every run needs.
const DRIVER: &str = include_str!("python.py");

/// The rest, which is handed over as text and compiled where it is needed: compiling all of it costs each run 10 ms.
const REST: &str = include_str!("python_rest.py");

/// The image in a directory that `ml-intern setup` has made: `component.wasm`, `lib/`, `mpl-data/`.
#[must_use]
pub fn python(directory: &Path, digest: Digest) -> Image {
    let text = |pair: (&str, &str)| (pair.0.to_owned(), pair.1.to_owned());
    Image {
        component: directory.join("component.wasm"),
        digest,
        directories: vec![
            (directory.join("lib"), "/usr/local/lib".to_owned()),
            (
                directory.join("mpl-data"),
                "/usr/local/lib/python315.zip/matplotlib/mpl-data".to_owned(),
            ),
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
        // A JSON string is a Python string.
        driver: format!("{DRIVER}\n_REST = {}\n", serde_json::Value::from(REST)),
    }
}
