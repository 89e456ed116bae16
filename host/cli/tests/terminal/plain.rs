//! Where nothing is drawn: pipes, dumb terminals, no colours, screen readers.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::screen::Place;

fn turns() -> Vec<Value> {
    vec![
        json!({"text": "**First** answer.", "tool_calls": [{"name": "bash", "arguments": {"command": "echo one"}}]}),
        json!({"text": "Second `answer`."}),
        json!({"text": "Third answer."}),
    ]
}

/// Lines of a file are taken one after the other, each when the one before has come to its end.
#[test]
fn lines_of_a_file() {
    let place = Place::new();
    let model = place.script("s.jsonl", &turns());
    let mut child = place
        .command()
        .args(["chat", "--model", &model])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(b"One.\nTwo.\n/cost\n").unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(!text.contains('\u{1b}'), "{text:?}");
    let at = |piece: &str| {
        text.find(piece)
            .unwrap_or_else(|| panic!("{piece}: {text}"))
    };
    let order = [
        at("> One."),
        at("**First** answer."),
        at("▸ bash  echo one"),
        at("✓ one"),
        at("Second `answer`."),
        at("> Two."),
        at("Third answer."),
        at("> /cost"),
        at("requests: 3"),
        at("Bye."),
    ];
    assert!(order.is_sorted(), "{text}");
}

/// Without a prompt, what comes in is the prompt; with one, nothing is read. A file is one too.
#[test]
fn prompts() {
    let place = Place::new();
    let model = place.script("s.jsonl", &turns());
    let file = place.write("prompt.txt", "From a file.\n");
    let record =
        |session: &str| std::fs::read_to_string(place.path(session).join("journal.jsonl")).unwrap();
    for (session, arguments, stdin, prompt) in [
        ("a", vec![], "From standard input.", "From standard input."),
        ("b", vec!["-"], "Also.", "Also."),
        ("c", vec!["An argument."], "Nothing.", "An argument."),
        (
            "d",
            vec!["--prompt-file", file.to_str().unwrap()],
            "Nothing.",
            "From a file.",
        ),
    ] {
        let mut child = place
            .command()
            .args(["--model", &model, "--session-dir"])
            .arg(place.path(session))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(stdin.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(0), "{text}");
        assert!(!text.contains('\u{1b}'), "{text:?}");
        assert!(record(session).contains(prompt), "{session}");
    }
    let none = place
        .command()
        .args(["--model", &model])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(none.status.code(), Some(2));
}

/// A final answer that has to fit a schema is alone on standard output; one that does not fit may be put right, so often.
#[test]
fn output_schema() {
    let place = Place::new();
    let schema = place.write(
        "schema.json",
        r#"{"type": "object", "required": ["loss"], "properties": {"loss": {"type": "number"}}}"#,
    );
    let run = |turns: &[Value], more: &[&str]| {
        let model = place.script("s.jsonl", turns);
        place
            .command()
            .args(["What is the loss?", "--model", &model, "--output-schema"])
            .arg(&schema)
            .args(more)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    };
    let wrong = json!({"text": "It is low."});
    let right = json!({"text": "```json\n{\"loss\": 0.5}\n```"});
    let output = run(&[wrong.clone(), right.clone()], &[]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "{\"loss\":0.5}\n"
    );
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(told.contains("ended      done"), "{told}");
    let output = run(&[wrong.clone(), right], &["--json"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(last["data"]["answer"], json!({"loss": 0.5}));
    let output = run(&vec![wrong; 4], &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains("the final answer does not fit the schema: it is not JSON"),
        "{told}"
    );
    let missing = place
        .command()
        .args(["Hello.", "--output-schema", "/nowhere.json"])
        .output()
        .unwrap();
    assert_eq!(missing.status.code(), Some(2));
}

/// No colours where none are wanted; the rest is as it was.
#[test]
fn no_colours() {
    let place = Place::new();
    let model = place.script("s.jsonl", &turns());
    let screen = place.start_with(&["chat", "--model", &model], &[("NO_COLOR", "1")], (80, 24));
    screen.ready();
    screen.line("One.");
    screen.expect("Second `answer`.");
    screen.ready();
    assert!(
        !screen.styled().contains("\u{1b}["),
        "{:?}",
        screen.styled()
    );
}

/// A terminal that cannot move its cursor, and one that is read aloud: words alone, line by line.
#[test]
fn nothing_is_drawn() {
    for (name, value) in [("TERM", "dumb"), ("ACCESSIBLE", "1")] {
        let place = Place::new();
        let model = place.script("s.jsonl", &turns());
        let screen = place.start_with(&["chat", "--model", &model], &[(name, value)], (80, 24));
        screen.ready();
        screen.line("One.");
        screen.expect("answer");
        screen.expect("cost unknown");
        screen.ready();
        let text = screen.text();
        assert!(!text.contains("Ctrl-C stops it"), "{text}");
        let called = if name == "ACCESSIBLE" {
            "call: bash"
        } else {
            "▸ bash"
        };
        assert!(text.contains(called), "{text}");
        screen.key("C-d");
        screen.expect("[exit 0]");
    }
}
