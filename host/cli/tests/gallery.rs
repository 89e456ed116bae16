//! Scripts as agents write them print the same in the sandbox as under native CPython. What that printed is beside each
//! script in `tests/gallery`; where the two differ for good, `differences.toml` says why. Needs `make setup`, for the
//! plugins and the Python image.
#![expect(clippy::unwrap_used, reason = "tests; a panic is their report")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use toml_edit::DocumentMut;

/// As many scripts have to print the same.
const SAME_AT_LEAST: usize = 40;
/// As many may differ for good.
const DIFFERENT_AT_MOST: usize = 4;
/// Lines of each side of a mismatch that are shown.
const SHOWN: usize = 8;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

fn gallery() -> PathBuf {
    root().join("tests/gallery")
}

/// The scripts by name, with what native CPython printed.
fn scripts() -> BTreeMap<String, String> {
    let mut scripts = BTreeMap::new();
    for entry in fs::read_dir(gallery()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "py") {
            continue;
        }
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let expected = path.with_extension("out");
        assert!(
            expected.exists(),
            "{name}.py has no {name}.out; tests/gallery/oracle makes it"
        );
        scripts.insert(name, fs::read_to_string(expected).unwrap());
    }
    scripts
}

/// The scripts of which it is known that they print something else, each with a reason.
fn differences() -> BTreeSet<String> {
    let document: DocumentMut = fs::read_to_string(gallery().join("differences.toml"))
        .unwrap()
        .parse()
        .unwrap();
    let mut names = BTreeSet::new();
    for table in document
        .get("difference")
        .unwrap()
        .as_array_of_tables()
        .unwrap()
    {
        let text = |key: &str| {
            table
                .get(key)
                .and_then(|value| value.as_str())
                .unwrap_or("")
        };
        let name = text("script");
        for key in ["script", "reason", "differs"] {
            assert!(
                !text(key).is_empty(),
                "differences.toml: {name:?} has no `{key}`"
            );
        }
        assert!(
            names.insert(name.to_owned()),
            "differences.toml: {name} is there twice"
        );
    }
    names
}

/// Runs the scripts in one session, a call each, and gives what each printed, or what its failed call said.
fn run<'a>(
    names: impl Iterator<Item = &'a String>,
) -> (BTreeMap<String, Result<String, String>>, String) {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    fs::create_dir(at("workspace")).unwrap();
    let mut turns = Vec::new();
    for name in names {
        let file = format!("{name}.py");
        fs::copy(gallery().join(&file), at("workspace").join(&file)).unwrap();
        turns.push(json!({"tool_calls": [{"name": "python", "arguments": {"script": file}}]}));
    }
    turns.push(json!({"text": "Done."}));
    let turns: String = turns.iter().map(|turn| format!("{turn}\n")).collect();
    fs::write(at("script.jsonl"), turns).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_ml-intern"))
        .args(["run the gallery", "--json", "--policy", "ci", "--model"])
        .arg(format!("scripted/{}", at("script.jsonl").display()))
        .arg("--workspace")
        .arg(at("workspace"))
        .arg("--session-dir")
        .arg(at("session"))
        .arg("--plugins")
        .arg(root().join("plugins/dist"))
        .stdin(Stdio::null())
        .output()
        .unwrap();

    let mut called = BTreeMap::new();
    let mut printed = BTreeMap::new();
    let journal = fs::read_to_string(at("session/journal.jsonl")).unwrap_or_default();
    for line in journal.lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        let text = |pointer: &str| record.pointer(pointer).and_then(Value::as_str);
        match text("/kind") {
            Some("call_start") => {
                let script = text("/data/arguments/script").unwrap();
                let name = script.trim_end_matches(".py").to_owned();
                called.insert(text("/call").unwrap().to_owned(), name);
            }
            Some("call_end") => {
                // A failure is a message; a result has the streams apart.
                let stdout = text("/data/output/structured/stdout");
                let result = match (text("/data/outcome"), stdout) {
                    (Some("ok"), Some(stdout)) => Ok(stdout.to_owned()),
                    _ => Err(text("/data/output/message").unwrap_or(line).to_owned()),
                };
                if let Some(name) = called.remove(text("/call").unwrap()) {
                    printed.insert(name, result);
                }
            }
            _ => {}
        }
    }
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    (printed, errors)
}

/// The lines in which two texts differ, without what they begin and end with in common.
fn difference(expected: &str, printed: &str) -> String {
    let old: Vec<&str> = expected.split_inclusive('\n').collect();
    let new: Vec<&str> = printed.split_inclusive('\n').collect();
    let shorter = old.len().min(new.len());
    let pairs = old.iter().zip(&new);
    let start = pairs.take_while(|(one, other)| one == other).count();
    let pairs = old.iter().rev().zip(new.iter().rev());
    let end = pairs
        .take_while(|(one, other)| one == other)
        .count()
        .min(shorter - start);
    let mut text = format!("@@ line {} @@\n", start + 1);
    for (sign, lines) in [('-', &old), ('+', &new)] {
        let middle = lines.len() - start - end;
        for line in lines.iter().skip(start).take(middle.min(SHOWN)) {
            text += &format!("{sign}{}\n", line.trim_end_matches('\n'));
            if !line.ends_with('\n') {
                text += "\\ no newline at the end\n";
            }
        }
        if middle > SHOWN {
            text += &format!("{sign}[and {} more]\n", middle - SHOWN);
        }
    }
    text
}

#[test]
fn scripts_print_what_they_print_natively() {
    let scripts = scripts();
    let known = differences();
    let (mut printed, errors) = run(scripts.keys());
    let mut same = 0;
    let mut wrong = Vec::new();
    for (name, expected) in &scripts {
        let is_known = known.contains(name);
        match printed.remove(name) {
            Some(Ok(text)) if text == *expected => {
                same += 1;
                if is_known {
                    wrong.push(format!(
                        "{name}: is in differences.toml, and prints the same"
                    ));
                }
            }
            None => wrong.push(format!("{name}: was not run")),
            Some(_) if is_known => {}
            Some(Ok(text)) => wrong.push(format!("{name}:\n{}", difference(expected, &text))),
            Some(Err(message)) => wrong.push(format!("{name}: failed\n{message}")),
        }
    }
    for name in &known {
        if !scripts.contains_key(name) {
            wrong.push(format!("{name}: is in differences.toml, and no script"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {} scripts print the same.\n\n{}\n\n{errors}",
        same,
        scripts.len(),
        wrong.join("\n")
    );
    assert!(
        same >= SAME_AT_LEAST,
        "only {same} scripts print the same, of {}",
        scripts.len()
    );
    assert!(
        known.len() <= DIFFERENT_AT_MOST,
        "{} scripts differ: {known:?}",
        known.len()
    );
}

#[test]
fn differences_are_shown_without_what_is_common() {
    // (expected, printed, what is shown)
    let rows = [
        ("a\nb\nc\n", "a\nx\nc\n", "@@ line 2 @@\n-b\n+x\n"),
        ("a\nb\n", "a\nb\nc\n", "@@ line 3 @@\n+c\n"),
        ("a\na\n", "a\n", "@@ line 2 @@\n-a\n"),
        ("", "a\n", "@@ line 1 @@\n+a\n"),
        (
            "a\n",
            "a",
            "@@ line 1 @@\n-a\n+a\n\\ no newline at the end\n",
        ),
    ];
    for (expected, printed, shown) in rows {
        assert_eq!(difference(expected, printed), shown);
    }
    let long: String = (0..10).map(|number| format!("{number}\n")).collect();
    assert!(difference(&long, "x\n").contains("-7\n-[and 2 more]\n+x\n"));
}
