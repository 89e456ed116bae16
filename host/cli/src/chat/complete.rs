//! What Tab completes: commands, models, efforts, sessions, and files after `@`.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use reedline::{Completer, CompletionResult, Span, Suggestion};

use super::commands::TOLD;
use super::input::lock;

/// Suggestions at most.
const MOST: usize = 200;

/// What is suggested, beside files.
#[derive(Debug, Clone, Default)]
pub(crate) struct Words {
    /// Ids of models.
    pub(crate) models: Vec<String>,
    /// Ids of sessions, the latest first.
    pub(crate) sessions: Vec<String>,
    /// The directory that `@` begins in.
    pub(crate) root: PathBuf,
}

/// Words that others may change.
pub(crate) type SharedWords = Arc<Mutex<Words>>;

/// Completes with them.
pub(crate) struct Completing(pub(crate) SharedWords);

impl Completer for Completing {
    fn complete(&mut self, line: &str, pos: usize) -> CompletionResult {
        let before = line.get(..pos).unwrap_or(line);
        let (start, found) = found(before, &lock(&self.0));
        let suggestions: Vec<Suggestion> = found
            .into_iter()
            .take(MOST)
            .map(|(value, what)| Suggestion {
                append_whitespace: !value.ends_with('/'),
                value,
                description: what,
                span: Span { start, end: pos },
                ..Suggestion::default()
            })
            .collect();
        CompletionResult::fresh(suggestions)
    }
}

/// Where what is completed begins, and what it may become, with a word about it.
fn found(before: &str, words: &Words) -> (usize, Vec<(String, Option<String>)>) {
    let start = before
        .rfind(char::is_whitespace)
        .map_or(0, |at| at.saturating_add(1));
    let word = before.get(start..).unwrap_or_default();
    if let Some(path) = word.strip_prefix('@') {
        let files = files(&words.root, path);
        return (start, files.into_iter().map(|file| (file, None)).collect());
    }
    let begins = |all: Vec<String>| {
        let all = all.into_iter().filter(|one| one.starts_with(word));
        all.map(|one| (one, None)).collect()
    };
    let found = match before.split_whitespace().next() {
        _ if start == 0 && word.starts_with('/') => TOLD
            .iter()
            .filter(|told| told.name.starts_with(word))
            .map(|told| (told.name.to_owned(), Some(told.what.to_owned())))
            .collect(),
        Some("/model") => begins(words.models.clone()),
        Some("/resume") => begins(words.sessions.clone()),
        Some("/effort") => begins(
            ["minimal", "low", "medium", "high", "xhigh", "max", "off"]
                .map(str::to_owned)
                .to_vec(),
        ),
        _ => Vec::new(),
    };
    (start, found)
}

/// Files and directories that begin so, with the `@` before them.
fn files(root: &Path, begun: &str) -> Vec<String> {
    let (directory, name) = begun.rsplit_once('/').unwrap_or(("", begun));
    // Only what is below: the session sees no other files.
    if directory.starts_with('/') || directory.split('/').any(|part| part == "..") {
        return Vec::new();
    }
    let entries = std::fs::read_dir(root.join(directory));
    let mut found: Vec<String> = entries
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let file = entry.file_name().into_string().ok()?;
            let hidden = file.starts_with('.') && !name.starts_with('.');
            if hidden || !file.starts_with(name) || file.contains(char::is_whitespace) {
                return None;
            }
            let slash = if entry.file_type().ok()?.is_dir() {
                "/"
            } else {
                ""
            };
            let before = if directory.is_empty() {
                String::new()
            } else {
                format!("{directory}/")
            };
            Some(format!("@{before}{file}{slash}"))
        })
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_completed() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        std::fs::create_dir(root.join("data")).unwrap();
        for file in ["data/train.csv", "data/test.csv", "notes.txt", ".hidden"] {
            std::fs::write(root.join(file), "").unwrap();
        }
        let words = Words {
            models: vec!["anthropic/a".into(), "org/b".into()],
            sessions: vec!["0f3c".into()],
            root: root.to_owned(),
        };
        let table: [(&str, usize, &[&str]); 12] = [
            ("/mo", 0, &["/model"]),
            ("/co", 0, &["/compact", "/cost", "/commit"]),
            ("look /mo", 5, &[]),
            ("/model an", 7, &["anthropic/a"]),
            ("/resume 0", 8, &["0f3c"]),
            ("/effort x", 8, &["xhigh"]),
            ("read @", 5, &["@data/", "@notes.txt"]),
            ("read @.", 5, &["@.hidden"]),
            ("read @data/t", 5, &["@data/test.csv", "@data/train.csv"]),
            ("read @data/tr", 5, &["@data/train.csv"]),
            ("read @../", 5, &[]),
            ("read @/etc/pa", 5, &[]),
        ];
        for (before, start, expected) in table {
            let (at, all) = found(before, &words);
            let all: Vec<String> = all.into_iter().map(|(value, _)| value).collect();
            assert_eq!(
                (at, all),
                (
                    start,
                    expected.iter().map(|one| (*one).to_owned()).collect()
                ),
                "{before}"
            );
        }
    }
}
