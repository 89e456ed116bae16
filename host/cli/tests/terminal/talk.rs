//! Turns, commands, interrupts, and sessions that go on.

use std::time::Duration;

use serde_json::json;

use crate::screen::Place;

fn say(text: &str) -> serde_json::Value {
    json!({ "text": text })
}

fn bash(text: &str, command: &str) -> serde_json::Value {
    json!({"text": text, "tool_calls": [{"name": "bash", "arguments": {"command": command}}]})
}

const WORDS: &str = "# Plan\n\nI read the **notes**, then `train`:\n\n- one\n- two\n\n```python\nfor i in range(3):\n    print(i)\n```\n\n| model | loss |\n|---|--:|\n| a | 0.5 |\n";

#[test]
fn a_turn_is_shown() {
    let place = Place::new();
    let model = place.script(
        "s.jsonl",
        &[
            bash(WORDS, "for i in 1 2 3 4 5 6 7 8; do echo line $i; done"),
            say("That is all."),
        ],
    );
    let screen = place.start(&["chat", "--model", &model]);
    screen.ready();
    screen.line("Look at the notes.");
    screen.expect("tokens unknown");
    screen.ready();
    screen.line("/show 1");
    screen.expect("line 8");
    screen.ready();
    screen.matches("turn");
    // In colours, since this terminal has some.
    assert!(screen.styled().contains("\u{1b}[1m"));
    screen.key("C-d");
    screen.expect("Bye.");
    screen.expect("[exit 0]");
}

#[test]
fn commands() {
    let place = Place::new();
    let model = place.script(
        "s.jsonl",
        &[
            json!({"text": "", "tool_calls": [{"name": "write", "arguments": {"path": "out.txt", "content": "x\n"}}]}),
            say("Written."),
        ],
    );
    let other = place.script("other.jsonl", &[say("I am the other one.")]);
    let screen = place.start(&["chat", "--model", &model]);
    screen.ready();
    screen.line("Write.");
    screen.expect("Written.");
    screen.ready();
    for (command, shown) in [
        ("/diff", "+x"),
        ("/undo", "Undone."),
        ("/diff", "no changes"),
        ("/undo", "there is no turn to undo"),
        ("/nothing", "Unknown command: /nothing"),
        ("/effort low", "effort  low"),
        ("/effort", "effort  low;"),
        ("/cost", "calls 1"),
        ("/journal", "intact"),
        ("/tools", "bash: execute"),
        ("/plugins", "files"),
        ("/policy", "work in the sandbox"),
        ("/yolo 2", "up to $2.000000 in all"),
        ("/yolo", "YOLO mode: OFF"),
        ("/share-traces", "nothing of it has left this machine"),
        ("/model nonsense", "no provider for the model id"),
        ("/resume", "no earlier sessions"),
    ] {
        screen.line(command);
        screen.expect(shown);
        screen.ready();
    }
    screen.line(&format!("/model {other}"));
    screen.expect("model  scripted/");
    screen.line("Who is there?");
    screen.expect("I am the other one.");
    screen.ready();
    screen.line("/status");
    screen.expect("turns      1");
    screen.line("/commit");
    screen.expect("nothing to commit");
    screen.line("/quit");
    screen.expect("[exit 0]");
}

/// Changes reach the directory by `/commit` alone, and `/discard` needs a word more.
#[test]
fn commit_and_discard() {
    let place = Place::new();
    let write = |path: &str| json!({"text": "", "tool_calls": [{"name": "write", "arguments": {"path": path, "content": "x\n"}}]});
    let model = place.script(
        "s.jsonl",
        &[
            write("kept.txt"),
            say("One."),
            write("gone.txt"),
            say("Two."),
        ],
    );
    let screen = place.start(&["chat", "--model", &model]);
    screen.ready();
    screen.line("Write.");
    screen.expect("One.");
    screen.ready();
    screen.line("/commit");
    screen.expect("committed to");
    assert!(place.path("work/kept.txt").exists());
    screen.line("Again.");
    screen.expect("Two.");
    screen.ready();
    screen.line("/discard");
    screen.expect("`/discard yes` removes");
    screen.line("/discard yes");
    screen.expect_times("workspace  ", 2);
    screen.ready();
    screen.line("/diff");
    screen.expect("no changes");
    assert!(!place.path("work/gone.txt").exists());
}

/// Ctrl-C stops the turn and not the session; twice leaves.
#[test]
fn interrupts() {
    let place = Place::new();
    let model = place.script(
        "s.jsonl",
        &[
            bash("I wait.", "python -c 'import time; time.sleep(60)'"),
            say("Here."),
        ],
    );
    let screen = place.start(&["chat", "--model", &model]);
    screen.ready();
    screen.line("Wait.");
    screen.expect("working");
    screen.key("C-c");
    screen.expect("interrupted");
    screen.ready();
    screen.line("Are you there?");
    screen.expect("Here.");
    screen.ready();
    screen.key("C-c");
    screen.expect("Ctrl-C again to leave");
    // Later than a second it is the first one again.
    std::thread::sleep(Duration::from_millis(1_200));
    screen.key("C-c");
    screen.expect_times("Ctrl-C again to leave", 2);
    // A machine that is busy may take longer than a second between the two.
    for _ in 0..10 {
        screen.key("C-c");
        std::thread::sleep(Duration::from_millis(200));
        if screen.text().contains("[exit") {
            break;
        }
    }
    screen.expect("[exit 0]");
}

/// What is typed while a turn runs joins it, and what is half typed stays.
#[test]
fn steering() {
    let place = Place::new();
    let model = place.script(
        "s.jsonl",
        &[
            bash("I wait.", "python -c 'import time; time.sleep(3)'"),
            say("The small one, then."),
        ],
    );
    let screen = place.start(&["chat", "--model", &model]);
    screen.ready();
    screen.line("Wait.");
    screen.expect("working");
    screen.line("Use the small model.");
    screen.typed("half a li");
    screen.expect("the user's message joined the turn that runs");
    screen.expect("tokens unknown");
    screen.expect("> half a li");
}

/// A session goes on where it was left: by the command, and in the chat.
#[test]
fn resumes() {
    let place = Place::new();
    let model = place.script("s.jsonl", &[say("First answer.")]);
    let next = place.script("next.jsonl", &[say("Second answer.")]);
    {
        let screen = place.start(&["chat", "--model", &model]);
        screen.ready();
        screen.line("My name is Ada.");
        screen.expect("First answer.");
        screen.ready();
        screen.line("/quit");
        screen.expect("[exit 0]");
    }
    {
        let screen = place.start(&["resume", "--model", &next]);
        screen.expect(", resumed");
        screen.ready();
        screen.line("What is my name?");
        screen.expect("Second answer.");
        screen.ready();
        screen.line("/new");
        screen.expect("Started new chat.");
        screen.ready();
        screen.line("/resume");
        screen.expect("My name is Ada.");
        screen.ready();
        screen.key("C-d");
        screen.expect("[exit 0]");
    }
    // The model was told that somebody is there.
    let sessions = std::fs::read_dir(place.path("state/ml-intern/sessions")).unwrap();
    for session in sessions.flatten() {
        let journal = std::fs::read_to_string(session.path().join("journal.jsonl")).unwrap();
        assert!(
            journal.contains("The user is there, and can answer."),
            "{journal}"
        );
    }
    let listed = place.command().arg("sessions").output().unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    assert!(listed.contains("  2 turns  My name is Ada."), "{listed}");
}

/// A narrow window, and one that changes its size: no line is cut or lost.
#[test]
fn narrow() {
    let place = Place::new();
    let model = place.script(
        "s.jsonl",
        &[
            bash(WORDS, "echo a rather long line of output that does not fit into forty columns"),
            say("That is all of it, in words that are too long for one line of forty columns."),
            say("After the window has become wider, lines are laid out anew, for the width that it has by then."),
        ],
    );
    let screen = place.start_with(&["chat", "--model", &model], &[], (40, 20));
    screen.ready();
    screen.line("Look.");
    screen.expect("cost unknown");
    screen.ready();
    screen.matches("narrow");
    for line in screen.seen().lines() {
        assert!(line.chars().count() <= 40, "{line}");
    }
    screen.resize(100, 24);
    screen.line("Again.");
    screen.expect("lines are laid out anew, for the width that it has by then.");
}

/// Tab completes commands, files and models.
#[test]
fn completion() {
    let place = Place::new();
    let model = place.script("s.jsonl", &[say("Seen.")]);
    let screen = place.start(&["chat", "--model", &model]);
    screen.ready();
    screen.typed("/sta");
    screen.key("Tab");
    screen.expect("> /status");
    screen.key("C-u");
    screen.typed("Read @no");
    screen.key("Tab");
    screen.expect("> Read @notes.txt");
    screen.key("C-u");
    screen.typed("/model scripted/d");
    screen.key("Tab");
    screen.expect("> /model scripted/demo");
}

/// When the terminal goes, the process does: it does not stay and wait for keys that cannot come.
#[test]
fn the_terminal_goes() {
    let place = Place::new();
    let model = place.script("s.jsonl", &[say("Here.")]);
    let screen = place.start(&["chat", "--model", &model]);
    screen.ready();
    assert_eq!(running(&model), 1);
    drop(screen);
    let begun = std::time::Instant::now();
    while running(&model) > 0 {
        assert!(begun.elapsed() < Duration::from_secs(60), "it stays");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Processes of the binary with this model.
fn running(model: &str) -> usize {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter_map(|process| std::fs::read(process.path().join("cmdline")).ok())
        .filter(|line| {
            let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
            words
                .first()
                .is_some_and(|word| word.ends_with(b"/ml-intern"))
                && words.contains(&model.as_bytes())
        })
        .count()
}
