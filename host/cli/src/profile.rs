//! The policy that a name or a path stands for.

use std::path::Path;

use policy::Policy;

use crate::fail::Fail;

/// The shipped profiles.
const SHIPPED: [(&str, &str); 3] = [
    (
        "interactive",
        include_str!("../../../configs/policies/interactive.toml"),
    ),
    ("ci", include_str!("../../../configs/policies/ci.toml")),
    (
        "offline",
        include_str!("../../../configs/policies/offline.toml"),
    ),
];

/// A policy and the text that it was read from.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) policy: Policy,
    pub(crate) text: String,
}

/// Loads a shipped profile by name, or a file by path. Its own expectations are checked.
pub(crate) fn load(name: &str) -> Result<Loaded, Fail> {
    let shipped = SHIPPED.into_iter().find(|(shipped, _)| *shipped == name);
    let (file, text) = match shipped {
        Some((name, text)) => (format!("{name}.toml"), text.to_owned()),
        None => {
            let text = std::fs::read_to_string(Path::new(name)).map_err(|error| {
                Fail::usage(format!(
                    "policy {name}: {error}; give a file, or one of interactive, ci, offline"
                ))
            })?;
            (name.to_owned(), text)
        }
    };
    let policy = Policy::parse(&file, &text).map_err(|error| Fail::usage(error.to_string()))?;
    Ok(Loaded { policy, text })
}
