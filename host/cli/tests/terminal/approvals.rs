//! What is asked, and each kind of answer.

use serde_json::{Value, json};

use crate::screen::{Place, Screen};

/// As `interactive`, but writing is asked about.
fn policy(place: &Place) -> String {
    let shipped = include_str!("../../../../configs/policies/interactive.toml");
    let asks = shipped.replacen(
        "effects = [\"observe\", \"write\", \"execute\"]",
        "effects = [\"observe\", \"execute\"]",
        1,
    );
    assert_ne!(asks, shipped);
    let (rules, tests) = asks.split_once("[[expect]]").unwrap_or((&asks, ""));
    let _ = tests;
    let text = format!(
        "{rules}\n[[rule]]\nname = \"ask before writing\"\ndecision = \"ask\"\ntools = \"all\"\neffects = [\"write\"]\n"
    );
    place
        .write("policy.toml", &text)
        .to_str()
        .unwrap()
        .to_owned()
}

fn write(path: &str) -> Value {
    json!({"name": "write", "arguments": {"path": path, "content": "one\ntwo\n"}})
}

fn calls(calls: &[Value]) -> Value {
    json!({"text": "", "tool_calls": calls})
}

fn start(place: &Place, turns: &[Value]) -> Screen {
    let model = place.script("s.jsonl", turns);
    let policy = policy(place);
    let screen = place.start(&["chat", "--model", &model, "--policy", &policy]);
    screen.ready();
    screen
}

#[test]
fn yes_no_and_why() {
    let place = Place::new();
    let screen = start(
        &place,
        &[
            calls(&[write("yes.txt")]),
            calls(&[write("no.txt")]),
            calls(&[write("why.txt")]),
            json!({"text": "Well then."}),
        ],
    );
    screen.line("Write.");
    screen.expect("allow?");
    screen.matches("approval");
    screen.line("");
    screen.expect("or why not");
    screen.line("y");
    screen.expect("Created `yes.txt`");
    screen.expect_times("Approval required", 2);
    screen.line("n");
    screen.expect_times("Approval required", 3);
    screen.line("use another name");
    screen.expect("use another name");
    screen.expect("Well then.");
    screen.ready();
    screen.line("/diff names");
    screen.expect("A yes.txt");
    let text = screen.text();
    assert!(
        !text.contains("A no.txt") && !text.contains("A why.txt"),
        "{text}"
    );
}

/// Several at once are one screen, with an answer for each.
#[test]
fn a_batch() {
    let place = Place::new();
    let screen = start(
        &place,
        &[
            calls(&[write("a.txt"), write("b.txt"), write("c.txt")]),
            json!({"text": "Well then."}),
        ],
    );
    screen.line("Write.");
    screen.expect("Approval required: 3 calls");
    screen.expect("[3/3] write");
    screen.line("1y 2n");
    screen.expect("still open: 3");
    screen.line("9y");
    screen.expect("there is no question 9");
    screen.line("y");
    screen.expect("Well then.");
    screen.ready();
    screen.line("/diff names");
    screen.expect("A c.txt");
    let text = screen.text();
    assert!(
        text.contains("A a.txt") && !text.contains("A b.txt"),
        "{text}"
    );
}

/// Always is for the same operation, for this session, and can be taken back.
#[test]
fn always_and_no_more() {
    let place = Place::new();
    let screen = start(
        &place,
        &[
            calls(&[write("a.txt")]),
            calls(&[write("b.txt")]),
            json!({"text": "First."}),
            calls(&[write("c.txt")]),
            json!({"text": "Second."}),
        ],
    );
    screen.line("Write.");
    screen.expect("allow?");
    screen.line("a");
    screen.expect("Created `b.txt`");
    screen.expect("First.");
    screen.ready();
    screen.line("/policy");
    screen.expect("allowed by you for this session");
    screen.ready();
    screen.line("/policy revoke 1");
    screen.expect("rule 1 holds no more");
    screen.line("Again.");
    screen.expect_times("Approval required", 2);
    screen.line("n");
    screen.expect("Second.");
    screen.ready();
    screen.line("/diff names");
    screen.expect("A b.txt");
    assert!(!screen.text().contains("A c.txt"));
}

/// The script is edited in the user's editor, and what is left there is what runs.
#[test]
fn edited() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    let editor = place.write("editor", "#!/bin/sh\nprintf 'three\\n' > \"$1\"\n");
    std::fs::set_permissions(&editor, std::fs::Permissions::from_mode(0o700)).unwrap();
    let model = place.script(
        "s.jsonl",
        &[calls(&[write("a.txt")]), json!({"text": "Well then."})],
    );
    let policy = policy(&place);
    let screen = place.start_with(
        &["chat", "--model", &model, "--policy", &policy],
        &[("EDITOR", editor.to_str().unwrap())],
        (80, 40),
    );
    screen.ready();
    screen.line("Write.");
    screen.expect("allow?");
    screen.line("e");
    screen.expect("Well then.");
    screen.ready();
    screen.line("/diff");
    screen.expect("+three");
    assert!(!screen.text().contains("+two"));
}

/// A switch for all questions, under a bound of dollars; what the policy denies stays denied.
#[test]
fn yolo() {
    let place = Place::new();
    let screen = start(
        &place,
        &[
            calls(&[write("a.txt")]),
            calls(&[write("../outside.txt")]),
            calls(&[write("b.txt")]),
            json!({"text": "Well then."}),
        ],
    );
    screen.line("Write.");
    screen.expect("allow?");
    screen.line("yolo");
    screen.expect("Well then.");
    screen.ready();
    let text = screen.text();
    assert!(text.contains("yolo: write"), "{text}");
    assert_eq!(text.matches("allow?").count(), 1, "{text}");
    screen.line("/diff names");
    screen.expect("A b.txt");
    assert!(!place.path("outside.txt").exists());
    screen.line("/cost");
    screen.expect("of $5.000000");
}

/// What was half typed when a question came is neither an answer nor lost.
#[test]
fn half_typed() {
    let place = Place::new();
    let model = place.script(
        "s.jsonl",
        &[
            json!({"text": "", "tool_calls": [{"name": "bash", "arguments": {"command": "python -c 'import time; time.sleep(2)'"}}]}),
            calls(&[write("a.txt")]),
            json!({"text": "Well then."}),
        ],
    );
    let policy = policy(&place);
    let screen = place.start(&["chat", "--model", &model, "--policy", &policy]);
    screen.ready();
    screen.line("Write.");
    screen.expect("working");
    screen.typed("yes and then");
    screen.expect("allow?");
    screen.line("n");
    screen.expect("Well then.");
    screen.expect("> yes and then");
    assert!(!place.path("work/a.txt").exists());
}

/// A question that is open when the turn is stopped is asked no more.
#[test]
fn interrupted() {
    let place = Place::new();
    let screen = start(
        &place,
        &[calls(&[write("a.txt")]), json!({"text": "Here."})],
    );
    screen.line("Write.");
    screen.expect("allow?");
    screen.key("C-c");
    screen.expect("interrupted");
    screen.ready();
    screen.line("Go on.");
    screen.expect("Here.");
    screen.ready();
    screen.line("/diff");
    screen.expect("no changes");
}

/// A command at a question is no answer to it; what would need the turn's end says so, and nothing hangs.
#[test]
fn commands_at_a_question() {
    let place = Place::new();
    let screen = start(
        &place,
        &[calls(&[write("a.txt")]), json!({"text": "Well then."})],
    );
    screen.line("Write.");
    screen.expect("allow?");
    for (command, shown) in [
        ("/diff", "no changes"),
        ("/status", "context"),
        ("/nothing", "Unknown command: /nothing"),
        ("/effort low", "a turn runs; Ctrl-C stops it"),
    ] {
        screen.line(command);
        screen.expect(shown);
    }
    for (command, times) in [
        ("/model scripted/demo", 2),
        ("/policy revoke 1", 3),
        ("/undo", 4),
    ] {
        screen.line(command);
        screen.expect_times("a turn runs; Ctrl-C stops it", times);
    }
    screen.line("y");
    screen.expect("Created `a.txt`");
    screen.expect("Well then.");
}

/// Without a person, what would be asked is denied with 3, unless the user's own configuration waives the question.
#[test]
fn nobody_is_asked() {
    let place = Place::new();
    let model = place.script(
        "s.jsonl",
        &[calls(&[write("a.txt")]), json!({"text": "Well then."})],
    );
    let policy = policy(&place);
    for (waives, code, shown) in [
        (
            "false",
            3,
            "write was denied effect write (rule: interactive: ask before writing)",
        ),
        ("true", 0, "Created `a.txt`"),
    ] {
        let output = place
            .command()
            .args(["Write.", "--model", &model, "--policy", &policy])
            .env("ML_INTERN_YOLO_MODE", waives)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(code), "{waives}: {text}");
        assert!(text.contains(shown), "{waives}: {text}");
    }
}
