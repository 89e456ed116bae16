//! Which parts of a configuration are secrets.

use serde_json::Value;

use super::environment::From;
use super::tree::{Leaf, Tree, pointer};

/// Words in the names of what is a secret.
const WORDS: [&str; 7] = [
    "token",
    "key",
    "secret",
    "password",
    "passwd",
    "auth",
    "credential",
];

/// Whether what has this name is a secret.
fn sounds_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    WORDS.iter().any(|word| name.contains(word))
}

/// Whether what is at a path is not shown: it is a secret, or may be one.
pub(crate) fn is_hidden(path: &[&str]) -> bool {
    matches!(
        path,
        ["messaging", "destinations", _, "token"]
            | ["mcpServers", _, "env" | "headers" | "args", ..]
    )
}

/// The secrets in a configuration, each with a name: that of its variable, or else its place.
pub(crate) fn secrets(tree: &Tree) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    let mut add = |name: String, value: &str| {
        let value = value.trim();
        if !value.is_empty() && !all.iter().any(|(_, known)| known == value) {
            all.push((name, value.to_owned()));
        }
    };
    for (path, tree) in tree.leaves() {
        let Some(leaf) = tree.leaf() else { continue };
        let here = match path.as_slice() {
            ["messaging", "destinations", _, "token"] => true,
            ["mcpServers", _, "env" | "headers", name] => sounds_secret(name),
            _ => false,
        };
        for used in &leaf.used {
            if used.from != From::Default && (here || sounds_secret(&used.name)) {
                add(used.name.clone(), &used.value);
            }
        }
        if let (
            true,
            Leaf {
                value: Value::String(text),
                written: None,
                ..
            },
        ) = (here, leaf)
        {
            // Of `Bearer abc`, the secret is `abc`.
            add(pointer(&path), text.rsplit(' ').next().unwrap_or(text));
        }
    }
    all
}
