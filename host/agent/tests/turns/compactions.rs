//! Conversations that get too long: what stays, what the model is asked, and that it always comes to an end.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::bench::{Bench, Setup, calls, in_short, says};
use async_trait::async_trait;
use ml_intern_agent::{
    Clock, Message, ModelError, ModelInfo, Operation, Options, Outcome, ToolChoice, Turn,
    TurnRequest,
};
use tokio_util::sync::CancellationToken;

/// Tokens of a request, as a provider counts them: four bytes each, and the tools.
fn tokens(request: &TurnRequest<'_>) -> usize {
    let words: usize = request
        .messages
        .iter()
        .map(|message| in_short(message).len())
        .sum();
    let tools: usize = request.tools.iter().map(|tool| tool.name.len() + 40).sum();
    (words + tools) / 4
}

/// What the model is asked for, in order: `m`ain, a `s`ummary of the conversation, a summary of a `p`art of it; in
/// capitals where the provider said that it is too long.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl Log {
    fn text(&self) -> String {
        self.0.lock().unwrap().clone()
    }
}

/// A model with a window that may not be the one that is assumed. `main` says its turns.
fn windowed(
    real: usize,
    summary: impl Fn(usize) -> Result<Turn, ModelError> + Send + 'static,
    mut main: impl FnMut(usize) -> Option<Result<Turn, ModelError>> + Send + 'static,
) -> (Setup, Log) {
    let log = Log::default();
    let (written, mut asked, mut summaries) = (log.clone(), 0, 0);
    let setup = Setup::of(move |request| {
        let kind = match (request.tool_choice, request.tools.is_empty()) {
            (ToolChoice::Auto, _) => 'm',
            (ToolChoice::None, false) => 's',
            (ToolChoice::None, true) => 'p',
        };
        let fits = tokens(request) <= real;
        let mut log = written.0.lock().unwrap();
        log.push(if fits {
            kind
        } else {
            kind.to_ascii_uppercase()
        });
        if !fits {
            return Some(Err(ModelError::Overflow("maximum context length".into())));
        }
        if kind == 'm' {
            asked += 1;
            return main(asked - 1);
        }
        summaries += 1;
        Some(summary(summaries))
    });
    (setup, log)
}

fn short(number: usize) -> Result<Turn, ModelError> {
    says(&format!("summary {number}"))
}

/// So many calls with outputs of so many characters, then the end.
fn works(
    calls_: usize,
    length: usize,
) -> impl FnMut(usize) -> Option<Result<Turn, ModelError>> + Send {
    move |asked| {
        Some(if asked < calls_ {
            calls(&[("long", &format!("{{\"length\":{length},\"n\":{asked}}}"))])
        } else {
            says("ok")
        })
    }
}

fn known(window: u64) -> ModelInfo {
    ModelInfo {
        context_window: Some(window),
        ..ModelInfo::unknown("canned")
    }
}

fn done() -> Outcome {
    Outcome::Done {
        text: Some("ok".into()),
    }
}

fn is_sound(messages: &[Message]) -> bool {
    let mut rest = messages.iter().peekable();
    while let Some(message) = rest.next() {
        match message {
            Message::Assistant { tool_calls, .. } => {
                for call in tool_calls {
                    let Some(Message::Tool { tool_call_id, .. }) = rest.next() else {
                        return false;
                    };
                    if *tool_call_id != call.id {
                        return false;
                    }
                }
            }
            Message::Tool { .. } => return false,
            _ => {}
        }
    }
    true
}

fn compacted(bench: &mut Bench) -> Vec<(u64, u64)> {
    let lines = bench.seen_of(&["compacted"]);
    lines
        .iter()
        .map(|line| {
            let data: serde_json::Value = serde_json::from_str(&line[10..]).unwrap();
            (
                data["old_tokens"].as_u64().unwrap(),
                data["new_tokens"].as_u64().unwrap(),
            )
        })
        .collect()
}

/// At 90 % of the window the middle is summarised; what the person said first and last, the last calls and the plan stay.
#[tokio::test]
async fn a_long_turn() {
    let (setup, log) = windowed(4_000, short, |asked| {
        Some(match asked {
            0 => calls(&[(
                "plan_tool",
                r#"{"todos":[{"id":"1","content":"train","status":"completed"}]}"#,
            )]),
            1..=7 => calls(&[("long", &format!("{{\"length\":2000,\"n\":{asked}}}"))]),
            _ => says("ok"),
        })
    });
    let mut bench = Setup {
        info: known(4_000),
        ..setup
    }
    .build();
    assert_eq!(bench.says("Do the work.").await, done());
    assert_eq!(log.text(), "mmmmmmmsmm");
    let asked = bench.model.asked.lock().unwrap().clone();
    assert!(asked.iter().all(|messages| is_sound(messages)));
    let last: Vec<String> = asked.last().unwrap().iter().map(in_short).collect();
    assert_eq!(last[..2], ["system You are a test.", "user Do the work."]);
    assert_eq!(
        last[2],
        "note Earlier messages of this conversation were replaced by this summary:\n\nsummary 1\n\nThe plan, as it is \
         now:\n[x] 1: train"
    );
    assert!(
        last[3].starts_with(r#"assistant  [long {"length":2000,"n":5}]"#),
        "{}",
        last[3]
    );
    // What it was asked for: everything up to the tail, behind it the question, and the same tools.
    let summary = &asked[7];
    assert_eq!(summary[..3], asked[6][..3]);
    assert!(
        in_short(summary.last().unwrap())
            .starts_with("note The conversation is about to be made shorter")
    );
    let bounds = bench.model.bounds.lock().unwrap().clone();
    assert_eq!(bounds[7], Some(400));
    let found = compacted(&mut bench);
    assert!(matches!(found[..], [(3_600.., ..2_400)]), "{found:?}");
    // The originals are in the journal.
    let journal = bench.journal();
    assert_eq!(
        journal
            .iter()
            .filter(|line| line.starts_with("call_end") && line.contains(&"x".repeat(2_000)))
            .count(),
        7
    );
    assert!(
        journal
            .iter()
            .any(|line| line == "event llm_call compaction stop")
    );
}

/// The window that is assumed, the real one, and the lengths of the outputs: it always ends, in few requests.
#[tokio::test]
async fn windows_that_are_not_what_was_thought() {
    let table = [
        // The real window is smaller than the assumed one: the provider says so, once or more.
        (known(200_000), 4_000, 12, 2_000),
        (ModelInfo::unknown("canned"), 4_000, 12, 2_000),
        (known(200_000), 2_000, 12, 2_000),
        (known(200_000), 2_000, 12, 24_000),
        (known(8_000), 4_000, 12, 6_000),
        // One result is longer than the window.
        (known(4_000), 4_000, 3, 24_000),
        (known(4_000), 4_000, 3, 15_900),
    ];
    for (info, real, number, length) in table {
        let (setup, log) = windowed(real, short, works(number, length));
        let mut bench = Setup {
            info: info.clone(),
            ..setup
        }
        .build();
        let outcome = bench.says("Do the work.").await;
        let log = log.text();
        assert_eq!(outcome, done(), "{info:?} {real} {length} {log}");
        assert!(log.len() < 60, "{log}");
        let asked = bench.model.asked.lock().unwrap();
        assert!(asked.iter().all(|messages| is_sound(messages)));
        assert!(asked.iter().all(|messages| messages.iter().any(|one| in_short(one).contains("Do the work."))
            || matches!(messages.first(), Some(Message::System { text }) if text.starts_with("You summarise"))));
    }
}

/// A provider that never takes it: each attempt counts, and it ends soon.
#[tokio::test]
async fn a_provider_that_takes_nothing() {
    for (real, iterations) in [(0, 300), (0, 2), (300, 300)] {
        let (setup, log) = windowed(real, short, works(3, 2_000));
        let mut bench = Setup {
            options: Options {
                max_iterations: iterations,
                ..Options::default()
            },
            ..setup
        }
        .build();
        let outcome = bench.says(&"Do the work. ".repeat(200)).await;
        assert!(
            matches!(outcome.as_str(), "failed" | "limit"),
            "{outcome:?}"
        );
        assert!(log.text().len() < 30, "{}", log.text());
    }
}

/// What is told where not even the prompt and the tools fit.
#[tokio::test]
async fn a_window_that_is_too_small() {
    let (setup, _) = windowed(4_000, short, works(9, 100));
    let mut bench = Setup {
        info: known(600),
        ..setup
    }
    .build();
    let outcome = bench.says(&"Do the work. ".repeat(20)).await;
    let Outcome::Failed { error } = outcome else {
        panic!("{outcome:?}")
    };
    assert!(
        error.starts_with("the conversation cannot be made to fit into the model's context: "),
        "{error}"
    );
    assert!(error.contains("and 600 are there"), "{error}");
    // Its twin.
    let (setup, _) = windowed(4_000, short, works(9, 100));
    let mut bench = Setup {
        info: known(2_000),
        ..setup
    }
    .build();
    assert_eq!(bench.says(&"Do the work. ".repeat(20)).await, done());
}

/// The clock stands still, and remembers how long was waited.
#[derive(Default)]
struct Waits(Mutex<Vec<u64>>);

#[async_trait]
impl Clock for Waits {
    fn now(&self) -> Duration {
        Duration::ZERO
    }

    async fn sleep(&self, duration: Duration) {
        self.0.lock().unwrap().push(duration.as_secs());
    }
}

/// What the summary fails with; how long is waited, how often it is asked for, and what takes its place.
#[tokio::test]
async fn summaries_that_fail() {
    let rate = |seconds: Option<u64>| ModelError::RateLimit {
        message: "429".into(),
        retry_after: seconds.map(Duration::from_secs),
    };
    let overload = || ModelError::Overload {
        message: "503".into(),
        retry_after: None,
    };
    let summary = "summary 9";
    let left_out = "earlier messages were left out";
    type Row<'a> = (Vec<Result<Turn, ModelError>>, &'a [u64], usize, &'a str);
    let table: [Row<'_>; 10] = [
        (vec![says(summary)], &[], 1, summary),
        (vec![Err(overload()), says(summary)], &[5], 2, summary),
        (
            vec![Err(rate(None)), Err(rate(None)), says(summary)],
            &[30, 60],
            3,
            summary,
        ),
        (
            vec![Err(rate(Some(7))), Err(rate(Some(9_999))), says(summary)],
            &[7, 60],
            3,
            summary,
        ),
        (
            vec![
                Err(ModelError::Network("reset".into())),
                Err(overload()),
                Err(overload()),
            ],
            &[5, 15],
            3,
            left_out,
        ),
        (
            vec![Err(ModelError::Refused("no".into()))],
            &[],
            1,
            left_out,
        ),
        (vec![Err(ModelError::Auth("401".into()))], &[], 1, left_out),
        (vec![says(" \n")], &[], 1, left_out),
        // The provider says that what is to be summarised is too long: part by part, then.
        (
            vec![
                Err(ModelError::Overflow("long".into())),
                says("summary 8"),
                says(summary),
            ],
            &[],
            3,
            summary,
        ),
        // One part fails for good: no summary at all.
        (
            vec![
                Err(ModelError::Overflow("long".into())),
                says("summary 8"),
                Err(ModelError::Refused("no".into())),
            ],
            &[],
            3,
            left_out,
        ),
    ];
    for (mut answers, waited, asked, words) in table {
        answers.reverse();
        let answers = Mutex::new(answers);
        let count = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let (setup, _) = windowed(
            4_000,
            move |_| {
                counted.fetch_add(1, Ordering::Relaxed);
                answers.lock().unwrap().pop().unwrap()
            },
            works(7, 2_000),
        );
        let clock = Arc::new(Waits::default());
        let mut bench = Setup {
            info: known(4_000),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            ..setup
        }
        .build();
        assert_eq!(bench.says("Do the work.").await, done());
        assert_eq!(*clock.0.lock().unwrap(), waited, "{words}");
        assert_eq!(count.load(Ordering::Relaxed), asked);
        let note = bench
            .said()
            .into_iter()
            .find(|line| line.starts_with("note Earlier"))
            .unwrap();
        assert!(note.contains(words), "{note}");
        if words == left_out {
            assert!(
                note.contains("- called long: {\"length\":2000,\"n\":0}"),
                "{note}"
            );
        }
    }
}

/// The middle itself does not fit: it is summarised part by part, and in smaller parts where the provider says so.
#[tokio::test]
async fn part_by_part() {
    let (setup, log) = windowed(4_000, short, works(12, 6_000));
    let mut bench = Setup {
        info: known(40_000),
        ..setup
    }
    .build();
    assert_eq!(bench.says("Do the work.").await, done());
    let log = log.text();
    assert!(log.contains('p'), "{log}");
    let asked = bench.model.asked.lock().unwrap().clone();
    let parts: Vec<String> = asked
        .iter()
        .filter(|messages| in_short(&messages[0]).starts_with("system You summarise"))
        .map(|messages| in_short(&messages[1]))
        .collect();
    assert!(
        parts[0].starts_with("user <summary>\n\n</summary>\n<next-part>\n[assistant]"),
        "{}",
        &parts[0][..80]
    );
    assert!(
        parts
            .iter()
            .any(|part| part.starts_with("user <summary>\nsummary "))
    );
}

/// Interrupting is heard while a summary is made, and while a retry is waited for; the conversation stays as it was.
#[tokio::test(start_paused = true)]
async fn interrupted() {
    let overload = || ModelError::Overload {
        message: "503".into(),
        retry_after: None,
    };
    for waits in [false, true] {
        let (setup, _) = windowed(4_000, move |_| Err(overload()), works(7, 2_000));
        let mut says_ = setup.says;
        let setup = Setup {
            info: known(4_000),
            says: Box::new(move |request| {
                if request.tool_choice == ToolChoice::None && !waits {
                    return None;
                }
                says_(request)
            }),
            clock: Arc::new(ml_intern_agent::SystemClock::new()),
            ..Setup::new(vec![])
        };
        let mut bench = setup.build();
        let cancel = CancellationToken::new();
        let model = Arc::clone(&bench.model);
        let start = tokio::time::Instant::now();
        let (outcome, ()) = tokio::join!(bench.agent.run_turn("go", &cancel), async {
            if waits {
                tokio::time::sleep(Duration::from_secs(3)).await;
            } else {
                model.started.notified().await;
            }
            cancel.cancel();
        });
        assert_eq!(outcome, Outcome::Interrupted);
        assert!(start.elapsed() < Duration::from_secs(4));
        assert!(is_sound(bench.agent.messages()));
        assert!(compacted(&mut bench).is_empty());
    }
}

/// A person can ask for it at any time; where nothing can go, that is said as well.
#[tokio::test]
async fn when_it_is_asked_for() {
    let (setup, log) = windowed(100_000, short, works(7, 100));
    let mut bench = setup.build();
    let cancel = CancellationToken::new();
    bench.says("Do the work.").await;
    let outcome = bench.agent.operate(Operation::Compact {}, &cancel).await;
    assert_eq!(outcome, Outcome::Done { text: None });
    assert_eq!(log.text(), "mmmmmmmms");
    let found = compacted(&mut bench);
    assert!(found[0].1 < found[0].0, "{found:?}");
    let said = bench.said();
    assert_eq!(said.len(), 3 + 5);
    // Again, and there is nothing left to summarise but the summary.
    bench.agent.operate(Operation::Compact {}, &cancel).await;
    assert_eq!(compacted(&mut bench).len(), 1);
}

/// The window that was learned holds for the next turn, and after a resume; for another model it does not.
#[tokio::test]
async fn what_was_learned_stays() {
    let (setup, log) = windowed(4_000, short, |asked| {
        Some(match asked % 8 {
            7 => says("ok"),
            n => calls(&[("long", &format!("{{\"length\":3000,\"n\":{n}}}"))]),
        })
    });
    let mut bench = Setup {
        info: known(200_000),
        ..setup
    }
    .build();
    bench.says("one").await;
    let first = log.text();
    assert!(first.contains('M'));
    bench.says("two").await;
    assert!(!log.text()[first.len()..].contains('M'), "{}", log.text());
    let path = bench.journal.clone();
    let before = bench.agent.messages().to_vec();
    drop(bench.agent);
    let (setup, log) = windowed(4_000, short, works(7, 3_000));
    let mut resumed = Setup {
        info: known(200_000),
        ..setup
    }
    .resume(&path);
    assert_eq!(resumed.agent.messages(), before);
    resumed.says("three").await;
    assert!(!log.text().contains('M'), "{}", log.text());
}
