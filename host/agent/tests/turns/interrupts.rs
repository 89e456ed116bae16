//! Interrupting a turn, wherever it is, ends it soon and leaves a conversation that can go on.

use std::sync::Arc;

use std::time::Duration;

use crate::bench::{Bench, Setup, Undecided, bench, bench_with, calls, in_short, says};
use async_trait::async_trait;
use journal::CallId;
use ml_intern_agent::{
    Answer, Approver, BudgetAnswer, BudgetQuestion, CANCEL_GRACE, Checkpoints, Clock, MicroUsd,
    Model, ModelError, ModelInfo, NestedTask, Operation, Options, Outcome, Question, QueueError,
    Restored, SUBMISSIONS, ServiceError, Services, Spill, ToolChoice, Turn, TurnRequest, TurnSink,
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

const CANCELLED: &str = "cancelled: the user interrupted the turn";

#[tokio::test]
async fn before_it_starts() {
    let mut bench = bench(vec![says("never")]);
    let cancel = CancellationToken::new();
    cancel.cancel();
    assert_eq!(
        bench.agent.run_turn("go", &cancel).await,
        Outcome::Interrupted
    );
    assert_eq!(bench.seen().last().unwrap(), "interrupted {}");
    assert!(bench.model.asked.lock().unwrap().is_empty());
    // Its twin: the next turn, with a token of its own, runs.
    assert_eq!(
        bench.turn().await,
        Outcome::Done {
            text: Some("never".into())
        }
    );
}

#[tokio::test]
async fn while_the_model_thinks() {
    let mut bench = bench(vec![]);
    let (cancel, model) = (CancellationToken::new(), Arc::clone(&bench.model));
    let (outcome, ()) = tokio::join!(bench.agent.run_turn("go", &cancel), async {
        model.started.notified().await;
        cancel.cancel();
    });
    assert_eq!(outcome, Outcome::Interrupted);
    assert_eq!(outcome.exit_code(), 130);
    assert_eq!(bench.seen().last().unwrap(), "interrupted {}");
}

#[tokio::test]
async fn while_tools_run() {
    let turns = vec![
        calls(&[("echo", "{}"), ("hangs", "{}"), ("asks", "{}")]),
        says("on"),
    ];
    let mut bench = bench(turns);
    let (cancel, started) = (CancellationToken::new(), Arc::clone(&bench.started));
    let (outcome, ()) = tokio::join!(bench.agent.run_turn("go", &cancel), async {
        started.notified().await;
        cancel.cancel();
    });
    assert_eq!(outcome, Outcome::Interrupted);
    let seen: Vec<String> = bench
        .seen()
        .into_iter()
        .filter(|line| {
            ["tool_output", "tool_state", "interrupted", "approval"]
                .iter()
                .any(|s| line.starts_with(s))
        })
        .collect();
    assert_eq!(
        seen,
        [
            r#"tool_output {"tool":"echo","tool_call_id":"c1","output":"{}","success":true}"#,
            r#"tool_state_change {"tool_call_id":"c2","tool":"hangs","state":"cancelled"}"#,
            r#"tool_state_change {"tool_call_id":"c3","tool":"asks","state":"cancelled"}"#,
            "interrupted {}",
        ]
    );
    let expected = [
        ("echo".to_owned(), true, "{}".to_owned()),
        ("hangs".to_owned(), false, CANCELLED.to_owned()),
        ("asks".to_owned(), false, CANCELLED.to_owned()),
    ];
    assert_eq!(bench.results(), expected);
    let cancelled: Vec<String> = bench
        .journal()
        .into_iter()
        .filter(|line| line.starts_with("call_cancelled"))
        .collect();
    assert_eq!(
        cancelled,
        [
            "call_cancelled c2 the turn was interrupted",
            "call_cancelled c3 the turn was interrupted"
        ]
    );
    assert_eq!(
        bench.turn().await,
        Outcome::Done {
            text: Some("on".into())
        }
    );
}

/// A tool that does not listen is dropped after its grace.
#[tokio::test(start_paused = true)]
async fn while_a_tool_does_not_listen() {
    let mut bench = bench(vec![calls(&[("deaf", "{}")]), says("on")]);
    let (cancel, started) = (CancellationToken::new(), Arc::clone(&bench.started));
    let start = tokio::time::Instant::now();
    let (outcome, ()) = tokio::join!(bench.agent.run_turn("go", &cancel), async {
        started.notified().await;
        cancel.cancel();
    });
    assert_eq!(outcome, Outcome::Interrupted);
    assert!(start.elapsed() >= CANCEL_GRACE);
    assert_eq!(
        bench.results(),
        [("deaf".to_owned(), false, CANCELLED.to_owned())]
    );
}

#[tokio::test]
async fn while_somebody_is_asked() {
    let asked = Arc::new(Notify::new());
    let approver = Arc::new(Undecided(Arc::clone(&asked)));
    let turns = vec![calls(&[("asks", "{}")]), says("on")];
    let mut bench = bench_with(turns, Options::default(), approver);
    let cancel = CancellationToken::new();
    let (outcome, ()) = tokio::join!(bench.agent.run_turn("go", &cancel), async {
        asked.notified().await;
        cancel.cancel();
    });
    assert_eq!(outcome, Outcome::Interrupted);
    assert_eq!(
        bench.results(),
        [("asks".to_owned(), false, CANCELLED.to_owned())]
    );
}

#[tokio::test]
async fn a_queue_takes_one_submission_after_the_other() {
    let bench = bench(vec![says("one"), says("two")]);
    let mut handle = bench.agent.spawn();
    let say = |text: &str| Operation::UserInput {
        text: text.to_owned(),
    };
    let first = handle.submit(say("a")).unwrap();
    let second = handle.submit(say("b")).unwrap();
    assert_eq!((first.id, second.id), (1, 2));
    assert_eq!(
        first.outcome().await,
        Outcome::Done {
            text: Some("one".into())
        }
    );
    assert_eq!(
        second.outcome().await,
        Outcome::Done {
            text: Some("two".into())
        }
    );

    // The model has nothing more to say: the third turn runs until it is interrupted.
    let third = handle.submit(say("c")).unwrap();
    bench.model.started.notified().await;
    let waiting: Vec<_> = (0..SUBMISSIONS)
        .map(|_| handle.submit(say("d")).unwrap())
        .collect();
    assert_eq!(handle.submit(say("e")).unwrap_err(), QueueError::Full);
    waiting.iter().for_each(ml_intern_agent::Ticket::interrupt);
    third.interrupt();
    assert_eq!(third.outcome().await, Outcome::Interrupted);
    for ticket in waiting {
        assert_eq!(ticket.outcome().await, Outcome::Interrupted);
    }

    let last = handle.submit(Operation::Shutdown {}).unwrap();
    assert_eq!(last.outcome().await, Outcome::Done { text: None });
    assert_eq!(handle.submit(say("f")).unwrap_err(), QueueError::Closed);
    let agent = handle.shutdown().await.unwrap();
    // Two answers, and one that was broken off; what was interrupted before it was asked is none.
    assert_eq!(agent.tally().requests, 3);
    let mut events = bench.events;
    let mut last = None;
    while let Ok(envelope) = events.try_recv() {
        last = Some(envelope.event);
    }
    assert_eq!(last, Some(ml_intern_agent::Event::Shutdown {}));
}

/// Each of these goes on for ever, once it has said that it began.
struct Stalls {
    began: Arc<Notify>,
    /// What a model says before.
    says: &'static str,
    /// Whether it waits to try again.
    retries: bool,
    /// Whether not even its window is known.
    shy: bool,
}

impl Stalls {
    async fn stall<T>(&self) -> T {
        self.began.notify_one();
        std::future::pending().await
    }
}

#[async_trait]
impl Model for Stalls {
    fn label(&self) -> String {
        "stalls".to_owned()
    }

    async fn info(&self) -> ModelInfo {
        if self.shy {
            return self.stall().await;
        }
        ModelInfo::unknown("stalls")
    }

    async fn turn(&self, _: TurnRequest<'_>, sink: &mut dyn TurnSink) -> Result<Turn, ModelError> {
        if !self.says.is_empty() {
            sink.text(self.says);
        }
        if self.retries {
            sink.restart();
            sink.status("busy; trying again in 600 s");
        }
        self.stall().await
    }
}

#[async_trait]
impl Checkpoints for Stalls {
    async fn checkpoint(&self, _: &str) -> Result<String, ServiceError> {
        self.stall().await
    }

    async fn restore(&self, _: &str) -> Result<(), ServiceError> {
        self.stall().await
    }
}

#[async_trait]
impl Spill for Stalls {
    async fn keep(&self, _: CallId, _: &str, _: &str) -> Result<String, ServiceError> {
        self.stall().await
    }
}

#[async_trait]
impl Approver for Stalls {
    async fn ask(&self, _: &[Question<'_>]) -> Vec<Answer> {
        self.stall().await
    }

    async fn ask_budget(&self, _: &BudgetQuestion) -> BudgetAnswer {
        self.stall().await
    }
}

#[async_trait]
impl Clock for Stalls {
    fn now(&self) -> Duration {
        Duration::ZERO
    }

    async fn sleep(&self, _: Duration) {
        self.stall().await
    }
}

/// Where a turn is when it is interrupted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Where {
    Checkpoint,
    Information,
    FirstByte,
    Stream,
    Retry,
    Tools,
    DeafTool,
    Spilling,
    Approval,
    Budget,
    Compaction,
    CompactionRetry,
    NestedModel,
    NestedTools,
    NestedApproval,
}

/// A session that comes to a certain place and stays there. Gives what tells that it is there.
fn stalling(place: Where) -> (Bench, Arc<Notify>) {
    let began = Arc::new(Notify::new());
    let stalls = |says, retries, shy| {
        Arc::new(Stalls {
            began: Arc::clone(&began),
            says,
            retries,
            shy,
        })
    };
    let plain = || stalls("", false, false);
    let nested = |tool: &'static str| {
        move |request: &TurnRequest<'_>| {
            let mine = in_short(&request.messages[0]) == "system You are a test.";
            let inside = match tool {
                "" => return mine.then(|| calls(&[("delegates", "{}")])),
                "observes" => r#"{"ask":true}"#,
                _ => "{}",
            };
            Some(if mine {
                calls(&[("echo", "{}"), ("delegates", r#"{"writes":true}"#)])
            } else {
                calls(&[("echo", "{}"), (tool, inside)])
            })
        }
    };
    let overload = || {
        Err(ModelError::Overload {
            message: "503".into(),
            retry_after: None,
        })
    };
    let filling = move |fails: bool| {
        move |request: &TurnRequest<'_>| match request.tool_choice {
            ToolChoice::None => fails.then(overload),
            ToolChoice::Auto => Some(calls(&[("long", r#"{"length":2000}"#), ("poll", "{}")])),
        }
    };
    let small = ModelInfo {
        context_window: Some(4_000),
        ..ModelInfo::unknown("canned")
    };
    let mut setup = match place {
        Where::Tools => Setup::new(vec![calls(&[
            ("echo", "{}"),
            ("hangs", "{}"),
            ("asks", "{}"),
        ])]),
        Where::DeafTool => Setup::new(vec![calls(&[("deaf", "{}"), ("echo", "{}")])]),
        Where::Spilling => Setup::new(vec![calls(&[("long", r#"{"length":100}"#)])]),
        Where::Approval => Setup::new(vec![calls(&[("asks", "{}"), ("echo", "{}")])]),
        Where::Compaction => Setup::of(filling(false)),
        Where::CompactionRetry => Setup::of(filling(true)),
        Where::NestedModel => Setup::of(nested("")),
        Where::NestedTools => Setup::of(nested("deaf")),
        Where::NestedApproval => Setup::of(nested("observes")),
        _ => Setup::new(vec![]),
    };
    match place {
        Where::Checkpoint => setup.services.checkpoints = Some(plain()),
        Where::Spilling => {
            setup.services = Services {
                spill: Some(plain()),
                ..Services::default()
            };
            setup.options.output = 10;
        }
        Where::Approval | Where::NestedApproval => setup.approver = plain(),
        Where::Budget => {
            setup.approver = plain();
            setup.options.max_cost = Some(MicroUsd(1));
        }
        Where::Compaction | Where::CompactionRetry => {
            setup.info = small;
            setup.clock = plain();
        }
        _ => {}
    }
    let mut bench = setup.build();
    *bench.tools.task.lock().unwrap() = NestedTask {
        prompt: "look".into(),
        tools: ["echo", "deaf", "observes"].map(str::to_owned).into(),
        ..NestedTask::default()
    };
    let model = match place {
        Where::Information => Some(stalls("", false, true)),
        Where::FirstByte => Some(plain()),
        Where::Stream => Some(stalls("half a ", false, false)),
        Where::Retry => Some(stalls("half a ", true, false)),
        _ => None,
    };
    if let Some(model) = model {
        bench.agent.switch_model(model).unwrap();
    }
    let there = match place {
        Where::Tools | Where::DeafTool | Where::NestedTools => Arc::clone(&bench.started),
        Where::NestedModel | Where::Compaction => {
            let (model, there) = (Arc::clone(&bench.model), Arc::clone(&began));
            tokio::spawn(async move {
                model.started.notified().await;
                there.notify_one();
            });
            began
        }
        _ => began,
    };
    (bench, there)
}

/// The end of a call whose output is long.
const LONG_END: &str = concat!(
    r#"call_end c1 ok {"content":[{"type":"text","text":""#,
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    r#""}],"structured":null}"#
);

/// Where it is; and what the journal has from then on, up to the end of the turn.
#[tokio::test]
async fn wherever_it_is() {
    let table: [(Where, &[&str]); 15] = [
        (Where::Checkpoint, &["user_input go"]),
        (Where::Information, &["user_input go"]),
        (
            Where::FirstByte,
            &[
                "model_request 2 messages",
                "event llm_call main interrupted",
                "model_turn interrupted",
            ],
        ),
        (
            Where::Stream,
            &[
                "model_request 2 messages",
                "event llm_call main interrupted",
                "model_turn interrupted",
            ],
        ),
        (
            Where::Retry,
            &[
                "model_request 2 messages",
                "event llm_call main interrupted",
                "model_turn interrupted",
            ],
        ),
        (
            Where::Tools,
            &[
                "receipt c2 7 us",
                "call_cancelled c2 the turn was interrupted",
                "call_cancelled c3 the turn was interrupted",
            ],
        ),
        (
            Where::DeafTool,
            &[
                "receipt c1 0 us",
                "call_cancelled c1 the turn was interrupted",
                "receipt c2 7 us",
                r#"call_end c2 ok {"content":[{"type":"text","text":"{}"}],"structured":{}}"#,
            ],
        ),
        (
            Where::Spilling,
            &[
                r#"event c1 spilled {"path":null,"head":4,"tail":6}"#,
                "receipt c1 7 us",
                LONG_END,
            ],
        ),
        (
            Where::Approval,
            &["call_cancelled c1 the turn was interrupted"],
        ),
        (Where::Budget, &["user_input go"]),
        (
            Where::Compaction,
            &[
                "model_request 15 messages",
                "event llm_call compaction interrupted",
            ],
        ),
        (Where::CompactionRetry, &["model_request 15 messages"]),
        (
            Where::NestedModel,
            &[
                "model_request c1 2 messages",
                "event c1 llm_call research interrupted",
                "model_turn c1 interrupted",
                "receipt c1 7 us",
                "call_cancelled c1 the turn was interrupted",
            ],
        ),
        (
            Where::NestedTools,
            &[
                "receipt c4 0 us",
                "call_cancelled c4 the turn was interrupted",
                "receipt c2 7 us",
                "call_cancelled c2 the turn was interrupted",
            ],
        ),
        (
            Where::NestedApproval,
            &[
                "call_cancelled c4 the turn was interrupted",
                "receipt c2 7 us",
                "call_cancelled c2 the turn was interrupted",
            ],
        ),
    ];
    for (place, expected) in table {
        let (mut bench, there) = stalling(place);
        let cancel = CancellationToken::new();
        let turn = async {
            tokio::join!(bench.agent.run_turn("go", &cancel), async {
                there.notified().await;
                cancel.cancel();
            })
        };
        // By itself it would take for ever.
        let (outcome, ()) = tokio::time::timeout(Duration::from_secs(2), turn)
            .await
            .unwrap();
        assert_eq!(outcome, Outcome::Interrupted, "{place:?}");
        assert_eq!(bench.seen().last().unwrap(), "interrupted {}", "{place:?}");
        let journal = bench.journal();
        let (last, before) = journal.split_last().unwrap();
        assert_eq!(last, r#"event turn_end {"outcome":"interrupted"}"#);
        let from = before.len() - expected.len();
        assert_eq!(before[from..], *expected, "{place:?}");
        // Nothing is left over that a resume would have to end.
        let count = |kinds: &[&str]| {
            let of = |line: &&String| kinds.iter().any(|kind| line.starts_with(kind));
            journal.iter().filter(of).count()
        };
        assert!(count(&["call_start"]) <= count(&["call_end", "call_cancelled"]));
        let restored = Restored::read(journal::Reader::open(&bench.journal).unwrap()).unwrap();
        assert_eq!(restored.messages(), bench.agent.messages(), "{place:?}");
        let records = restored.records();
        let path = bench.journal.clone();
        drop(bench.agent);
        let resumed = Setup::new(vec![]).resume(&path);
        let added = resumed
            .journal()
            .split_off(usize::try_from(records).unwrap());
        assert!(
            added.iter().all(|line| line.starts_with("event model ")),
            "{place:?}: {added:?}"
        );
    }
}
