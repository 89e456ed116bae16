use std::time::Duration;

use agent::{Event, PlanItem, Status};
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn terminal() -> Terminal {
    Terminal {
        width: 60,
        height: 24,
        unicode: true,
        moves: true,
        ..Terminal::pipe()
    }
}

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn begin() -> Event {
    Event::Processing {
        message: "Processing user input".into(),
    }
}

fn says(text: &str) -> Event {
    Event::AssistantChunk {
        content: text.into(),
    }
}

fn call(id: &str, tool: &str, command: &str) -> Event {
    Event::ToolCall {
        tool: tool.into(),
        arguments: json!({ "command": command }),
        tool_call_id: id.into(),
        operation: Some("run".into()),
        effects: vec!["execute".into()],
        target: None,
    }
}

fn output(id: &str, tool: &str, output: &str, success: bool) -> Event {
    Event::ToolOutput {
        tool: tool.into(),
        tool_call_id: id.into(),
        output: output.into(),
        success,
    }
}

fn log(id: &str, line: &str) -> Event {
    Event::ToolLog {
        tool: "bash".into(),
        log: line.into(),
        tool_call_id: Some(id.into()),
        agent_id: None,
        label: None,
    }
}

fn agent_log(id: &str, line: &str) -> Event {
    Event::ToolLog {
        tool: "research".into(),
        log: line.into(),
        tool_call_id: None,
        agent_id: Some(id.into()),
        label: Some(format!("research: {id}")),
    }
}

fn spent(input: Option<u64>, cost: Option<f64>) -> Event {
    Event::LlmCall {
        model: "m".into(),
        latency_ms: 1,
        finish_reason: "stop".into(),
        cost_usd: cost,
        kind: "main".into(),
        prompt_tokens: input,
        completion_tokens: input.map(|_| 100),
        total_tokens: None,
        cache_read_tokens: None,
        cache_creation_tokens: None,
    }
}

fn done() -> Event {
    Event::TurnComplete {
        history_size: 3,
        final_response: None,
    }
}

fn all(terminal: &Terminal, events: &[Event]) -> String {
    let mut turn = Turn::new(terminal);
    events
        .iter()
        .enumerate()
        .map(|(second, event)| turn.event(event, at(second as u64)))
        .collect()
}

#[test]
fn a_turn() {
    let shown = all(
        &terminal(),
        &[
            begin(),
            says("I look.\n"),
            Event::AssistantStreamEnd {},
            spent(Some(12_300), Some(0.0123)),
            call("c1", "bash", "ls -la\necho two"),
            output("c1", "bash", "1\n2\n3\n4\n5\n6\n7", true),
            call("c2", "bash", "false"),
            output("c2", "bash", "exit code 1\nmore", false),
            says("All "),
            says("done."),
            done(),
        ],
    );
    assert_eq!(
        shown,
        "\
I look.
▸ bash  ls -la echo two  [execute]
  ✓ 1
    2
    3
    4
    5
    … 2 more lines · /show 1
▸ bash  false  [execute]
  ✗ exit code 1
    more

All done.
  10s · 12.4k tokens · $0.0123

"
    );
}

#[test]
fn what_is_not_known_is_said() {
    for (requests, words) in [
        (vec![], ""),
        (vec![spent(None, None)], " · tokens unknown · cost unknown"),
        (
            vec![spent(Some(900), Some(0.5)), spent(None, None)],
            " · at least 1.0k tokens · at least $0.5000",
        ),
        (
            vec![spent(Some(900), None)],
            " · 1.0k tokens · cost unknown",
        ),
        (
            vec![spent(Some(900), Some(0.0))],
            " · 1.0k tokens · $0.0000",
        ),
    ] {
        let mut turn = Turn::new(&terminal());
        turn.event(&begin(), at(0));
        for request in requests {
            turn.event(&request, at(0));
        }
        assert_eq!(turn.event(&done(), at(3)), format!("  3s{words}\n\n"));
    }
}

#[test]
fn what_goes_on() {
    let mut turn = Turn::new(&terminal());
    assert!(turn.live(at(0)).is_empty());
    turn.event(&begin(), at(0));
    turn.event(&says("Half a li"), at(1));
    assert_eq!(
        turn.live(at(2)),
        ["Half a li", "· thinking · 2s · Ctrl-C stops it"]
    );
    turn.event(&call("c1", "python", "train"), at(3));
    for line in ["epoch 1", "epoch 2", "epoch 3", "epoch 4"] {
        turn.event(&log("c1", line), at(4));
    }
    let progress = |done| Event::ToolProgress {
        tool: "python".into(),
        tool_call_id: "c1".into(),
        done,
        total: Some(4_000_000),
        unit: "bytes".into(),
    };
    turn.event(&progress(1_000_000), at(10));
    turn.event(&progress(2_000_000), at(20));
    assert_eq!(
        turn.live(at(20)),
        [
            "⋯ python train · 17s",
            "  ████████░░░░░░░░ 50 % · 2.0 MB of 4.0 MB · 20s left",
            "  │ epoch 2",
            "  │ epoch 3",
            "  │ epoch 4",
            "· working · 20s · Ctrl-C stops it"
        ]
    );
    // Nothing of it is left once the turn is over.
    turn.event(&output("c1", "python", "", true), at(21));
    turn.event(&done(), at(22));
    assert!(turn.live(at(22)).is_empty());
}

#[test]
fn sub_agents_side_by_side() {
    let mut turn = Turn::new(&terminal());
    turn.event(&begin(), at(0));
    turn.event(&call("c7", "research", "look it up"), at(0));
    turn.event(&agent_log("c7", "▸ read  {\"path\":\"a\"}"), at(0));
    turn.event(&agent_log("c7", "tokens:12345"), at(1));
    assert_eq!(
        turn.live(at(18))[1..3],
        [
            "▸ research: c7  (1 call · 12.3k tokens · 18s)",
            "    read  {\"path\":\"a\"}"
        ]
    );
    turn.event(&agent_log("c7-2", "▸ read  {}"), at(10));
    turn.event(&agent_log("c71", "▸ read  {}"), at(10));
    assert_eq!(turn.live(at(18)).len(), 5, "{:?}", turn.live(at(18)));
    let ended = turn.event(&output("c7", "research", "found", true), at(20));
    assert_eq!(
        ended,
        "  ✓ research: c7  (1 call · 12.3k tokens · 20s)\n  ✓ research: c7-2  (1 call · 0 tokens · 10s)\n  ✓ found\n"
    );
}

#[test]
fn a_plan() {
    let item = |content: &str, status| PlanItem {
        id: content.into(),
        content: content.into(),
        status,
    };
    let plan = Event::PlanUpdate {
        plan: vec![
            item("first", Status::Completed),
            item("second", Status::InProgress),
            item("third", Status::Pending),
        ],
    };
    let shown = all(&terminal(), &[begin(), plan.clone(), done()]);
    assert!(
        shown.starts_with("  ✓ first\n  ▸ second\n  ○ third\n  1/3 done\n"),
        "{shown}"
    );
    let spoken = Terminal {
        spoken: true,
        ..terminal()
    };
    let shown = all(&spoken, &[begin(), plan, done()]);
    assert!(
        shown.starts_with("  done: first\n  now: second\n  to do: third\n"),
        "{shown}"
    );
}

#[test]
fn refusals_and_ends() {
    let denied = Event::CapabilityDenied {
        tool: "bash".into(),
        tool_call_id: "c1".into(),
        capability: "network a.example".into(),
        rule: "ci:3".into(),
        remedy: "allow it".into(),
    };
    let error = Event::Error {
        error: "the model \u{1b}[31mbroke".into(),
    };
    assert_eq!(
        all(&terminal(), &[begin(), denied, error]),
        "  bash was denied network a.example (rule: ci:3)\n    allow it\n  Error: the model broke\n  2s\n\n"
    );
    assert_eq!(
        all(&terminal(), &[begin(), says("half"), Event::Interrupted {}]),
        "half\n  interrupted\n  2s\n\n"
    );
    assert_eq!(
        all(
            &terminal(),
            &[
                begin(),
                says("void"),
                Event::AssistantStreamRestart {},
                says("new"),
                done()
            ]
        ),
        "  the answer broke off and begins anew; what is above is\n  void\nnew\n  4s\n\n"
    );
}

/// A hundred thousand lines of log are three that are drawn, and twenty that stay where nothing can be drawn.
#[test]
fn long_logs() {
    for (moves, kept) in [(true, 0), (false, 21)] {
        let terminal = Terminal {
            moves,
            ..terminal()
        };
        let mut turn = Turn::new(&terminal);
        turn.event(&begin(), at(0));
        turn.event(&call("c1", "bash", "yes"), at(0));
        let mut out = String::new();
        for line in 0..100_000 {
            out.push_str(&turn.event(&log("c1", &format!("line {line}")), at(1)));
        }
        assert_eq!(out.lines().count(), kept);
        assert_eq!(
            turn.calls[0].log,
            ["line 99997", "line 99998", "line 99999"]
        );
    }
}

/// Where nobody can ask for the rest, more is shown, and the rest is said to be in the journal.
#[test]
fn alone() {
    let mut turn = Turn::new(&terminal()).alone();
    turn.event(&begin(), at(0));
    let lines: Vec<String> = (1..=14).map(|line| line.to_string()).collect();
    let shown = turn.event(&output("c1", "bash", &lines.join("\n"), true), at(1));
    assert_eq!(shown.lines().count(), 13);
    assert!(
        shown.ends_with("    12\n    … 2 more lines · in the journal\n"),
        "{shown}"
    );
}

#[test]
fn narrow_and_plain() {
    let narrow = Terminal {
        width: 20,
        unicode: false,
        ..terminal()
    };
    let shown = all(
        &narrow,
        &[
            begin(),
            call("c1", "bash", &"x".repeat(100)),
            output("c1", "bash", &"y".repeat(100), true),
            call("c2", "bash", "a"),
            output("c2", "bash", "broken into several\nno\n3\n4\n5\n6", false),
            done(),
        ],
    );
    assert_eq!(
        shown,
        "\
> bash  xxxxxxxx...
  ok yyyyyyyyyyyy...
> bash  a
  failed broken into
    several
    no
    3
    4
    5
    ... 1 more li...
  5s

"
    );
}

/// Where the terminal knows ASCII alone, nothing of the host's own is outside of it.
#[test]
fn marks_in_ascii() {
    let terminal = Terminal {
        unicode: false,
        ..terminal()
    };
    let mut turn = Turn::new(&terminal);
    let mut shown = String::new();
    for event in [
        begin(),
        says("- a\n> b\n\n---\n\n|a|\n|-|\n|1|\n\n"),
        spent(Some(1), None),
        call("c1", "research", &"x".repeat(100)),
        agent_log("c1", "▸ read  {}"),
        agent_log("c1-2", "▸ read  {}"),
        log("c1", "a line"),
        Event::ToolProgress {
            tool: "research".into(),
            tool_call_id: "c1".into(),
            done: 1,
            total: Some(2),
            unit: "files".into(),
        },
    ] {
        shown.push_str(&turn.event(&event, at(1)));
    }
    shown.push_str(&turn.live(at(2)).join("\n"));
    for event in [
        output("c1", "research", "1\n2\n3\n4\n5\n6", true),
        Event::Compacted {
            old_tokens: 2,
            new_tokens: 1,
        },
        Event::PlanUpdate {
            plan: vec![PlanItem {
                id: "1".into(),
                content: "first".into(),
                status: Status::Completed,
            }],
        },
        done(),
    ] {
        shown.push_str(&turn.event(&event, at(3)));
    }
    assert!(shown.is_ascii(), "{shown}");
    assert!(
        shown.contains("context compacted: 2 -> 1 tokens"),
        "{shown}"
    );
}

/// With several calls at once, it is said whose a result is; of one that was stopped, nothing is left.
#[test]
fn calls_at_once() {
    let cancelled = |id: &str| Event::ToolStateChange {
        tool_call_id: id.into(),
        tool: "bash".into(),
        state: "cancelled".into(),
    };
    let shown = all(
        &terminal(),
        &[
            begin(),
            call("c1", "bash", "one"),
            call("c2", "bash", "two and some more words"),
            output("c2", "bash", "2", true),
            output("c1", "bash", "1", true),
            call("c3", "bash", "three"),
            cancelled("c3"),
            call("c4", "bash", "four"),
            call("c5", "bash", "five"),
            cancelled("c4"),
            output("c5", "bash", "", false),
            output("c6", "write", "rejected", false),
        ],
    );
    assert_eq!(
        shown,
        "\
▸ bash  one  [execute]
▸ bash  two and some more words  [execute]
  ✓ bash two and some m…: 2
  ✓ bash one: 1
▸ bash  three  [execute]
  cancelled
▸ bash  four  [execute]
▸ bash  five  [execute]
  bash four: cancelled
  ✗ bash five: (no output)
  ✗ write: rejected
"
    );
}

#[test]
fn what_a_call_used() {
    let used = |wall_us, bytes_in| Event::Receipt {
        tool: "bash".into(),
        tool_call_id: "c1".into(),
        receipt: Receipt {
            wall_us,
            peak_memory: 312_000_000,
            bytes_in,
            ..Receipt::default()
        },
    };
    for (receipt, shown) in [
        (used(999_999, 5), ""),
        (used(1_000_000, 0), "    1s · 312.0 MB of memory\n"),
        (
            used(125_000_000, 1_200),
            "    2m 5s · 312.0 MB of memory · 1.2 kB in\n",
        ),
    ] {
        assert_eq!(all(&terminal(), &[receipt]), shown);
    }
}

/// Texts that try to get out, of all sorts.
fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z日é \u{1b}\u{9b}\u{202e}\u{200b}\n\r\t\\[\\];#`|*0-9]{0,60}",
        Just("\u{1b}]52;c;eA==\u{7}".to_owned()),
        Just("x".repeat(300)),
        Just("&#27;[2J".to_owned()),
        any::<String>(),
    ]
}

fn some_event() -> impl Strategy<Value = Event> {
    let id = || prop_oneof![Just("c1".to_owned()), Just("c2".to_owned()), hostile()];
    prop_oneof![
        Just(begin()),
        hostile().prop_map(|content| Event::AssistantChunk { content }),
        hostile().prop_map(|content| Event::AssistantReasoning { content }),
        Just(Event::AssistantStreamEnd {}),
        Just(Event::AssistantStreamRestart {}),
        (id(), hostile(), hostile()).prop_map(|(id, tool, command)| call(&id, &tool, &command)),
        (id(), hostile(), hostile(), any::<bool>())
            .prop_map(|(id, tool, text, success)| output(&id, &tool, &text, success)),
        (id(), hostile()).prop_map(|(id, line)| log(&id, &line)),
        (hostile(), hostile(), hostile()).prop_map(|(tool, log, label)| Event::ToolLog {
            tool,
            log,
            tool_call_id: None,
            agent_id: Some("c1".into()),
            label: Some(label),
        }),
        (id(), any::<u64>(), any::<Option<u64>>(), hostile()).prop_map(
            |(tool_call_id, done, total, unit)| Event::ToolProgress {
                tool: "bash".into(),
                tool_call_id,
                done,
                total,
                unit,
            }
        ),
        (id(), hostile()).prop_map(|(tool_call_id, state)| Event::ToolStateChange {
            tool_call_id,
            tool: "bash".into(),
            state,
        }),
        (hostile(), hostile(), hostile(), hostile()).prop_map(
            |(tool, capability, rule, remedy)| Event::CapabilityDenied {
                tool,
                tool_call_id: "c1".into(),
                capability,
                rule,
                remedy,
            }
        ),
        (id(), hostile()).prop_map(|(id, content)| Event::PlanUpdate {
            plan: vec![PlanItem {
                id,
                content,
                status: Status::Pending,
            }],
        }),
        (any::<Option<u64>>(), any::<Option<f64>>())
            .prop_map(|(tokens, cost)| spent(tokens.map(|tokens| tokens / 2), cost)),
        hostile().prop_map(|error| Event::Error { error }),
        Just(Event::Interrupted {}),
        Just(done()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whatever happens, nothing is wider than the terminal, and no control gets through.
    #[test]
    fn nothing_gets_out(
        events in prop::collection::vec(some_event(), 0..20),
        width in 20usize..90,
        flags in any::<[bool; 5]>(),
    ) {
        let [styles, unicode, moves, links, spoken] = flags;
        let terminal = Terminal { width, styles, unicode, moves, links, spoken, ..terminal() };
        let mut turn = Turn::new(&terminal);
        for (second, event) in events.iter().enumerate() {
            let shown = turn.event(event, at(second as u64));
            let mut lines: Vec<String> = shown.lines().map(str::to_owned).collect();
            prop_assert!(shown.is_empty() || shown.ends_with('\n'), "{:?}", shown);
            lines.extend(turn.live(at(second as u64)));
            for line in lines {
                let line = crate::style::seen(&line);
                prop_assert!(clean::width(&line) <= width, "{:?} {:?}", event, line);
                prop_assert!(!line.chars().any(char::is_control), "{:?} {:?}", event, line);
                prop_assert!(!line.contains(['\u{202e}', '\u{200b}']), "{:?} {:?}", event, line);
            }
        }
    }
}
