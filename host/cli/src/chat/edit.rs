//! Arguments in the user's own editor.

use std::io::{self, Write as _};
use std::process::Command;

use serde_json::Value;

/// Arguments that are edited as what they are, and how a file of it is called.
const WHOLE: [(&str, &str); 4] = [
    ("script", ".py"),
    ("code", ".py"),
    ("command", ".sh"),
    ("content", ".txt"),
];

/// Lets the user edit a call's arguments: the script or text among them, or all of them as JSON.
///
/// # Errors
///
/// When there is no editor, it fails, or what it leaves are no arguments.
pub(crate) fn arguments(
    arguments: &Value,
    variable: impl Fn(&str) -> Option<String>,
) -> io::Result<Value> {
    let whole = WHOLE.iter().find_map(|(key, suffix)| {
        let text = arguments.get(key)?.as_str()?;
        Some((*key, *suffix, text))
    });
    let Some((key, suffix, text)) = whole else {
        let edited = edit(&format!("{arguments:#}\n"), ".json", variable)?;
        let edited: Value = serde_json::from_str(&edited)
            .map_err(|error| io::Error::other(format!("what you wrote is no JSON: {error}")))?;
        if !edited.is_object() {
            return Err(io::Error::other("expected a JSON object"));
        }
        return Ok(edited);
    };
    let mut edited = arguments.clone();
    let text = edit(text, suffix, variable)?;
    if let Some(object) = edited.as_object_mut() {
        object.insert(key.to_owned(), Value::from(text));
    }
    Ok(edited)
}

fn edit(text: &str, suffix: &str, variable: impl Fn(&str) -> Option<String>) -> io::Result<String> {
    let editor = ["VISUAL", "EDITOR"]
        .into_iter()
        .filter_map(variable)
        .find(|editor| !editor.trim().is_empty())
        .unwrap_or_else(|| "vi".to_owned());
    let mut words = editor.split_whitespace();
    let program = words.next().unwrap_or("vi");
    let mut file = tempfile::Builder::new()
        .prefix("ml-intern-")
        .suffix(suffix)
        .tempfile()?;
    file.write_all(text.as_bytes())?;
    file.flush()?;
    let status = Command::new(program)
        .args(words)
        .arg(file.path())
        .status()
        .map_err(|error| io::Error::other(format!("{program}: {error}; set EDITOR to yours")))?;
    if !status.success() {
        return Err(io::Error::other(format!("{program}: {status}")));
    }
    std::fs::read_to_string(file.path())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// An editor that puts a text in place of the file's.
    fn editor(leaves: &str) -> (tempfile::TempDir, String) {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("editor");
        std::fs::write(
            &path,
            format!("#!/bin/sh\nprintf '%s' '{leaves}' > \"$1\"\n"),
        )
        .unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
        let path = path.to_str().unwrap().to_owned();
        (directory, path)
    }

    #[test]
    fn what_is_edited() {
        for (given, leaves, expected) in [
            (
                json!({"script": "print(1)", "timeout": "1h"}),
                "print(2)",
                Ok(json!({"script": "print(2)", "timeout": "1h"})),
            ),
            (
                json!({"path": "a"}),
                r#"{"path": "b"}"#,
                Ok(json!({"path": "b"})),
            ),
            (json!({"path": "a"}), "{", Err("no JSON")),
            (json!({"path": "a"}), "[]", Err("expected a JSON object")),
        ] {
            let (_directory, path) = editor(leaves);
            let edited = arguments(&given, |name| (name == "EDITOR").then(|| path.clone()));
            match expected {
                Ok(expected) => assert_eq!(edited.unwrap(), expected),
                Err(words) => {
                    let error = edited.unwrap_err().to_string();
                    assert!(error.contains(words), "{error}");
                }
            }
        }
        let error = arguments(&json!({"script": ""}), |_| Some("/no/editor".into())).unwrap_err();
        assert!(error.to_string().contains("/no/editor"), "{error}");
    }
}
