//! Agents that run as part of a call.

use std::sync::{Arc, Mutex};

use crate::bench::{Bench, Setup, Yes, at_cost, calls, in_short, says};
use crate::budgets::priced;
use ml_intern_agent::{
    Approver, Effort, MicroUsd, ModelError, ModelInfo, NestedTask, Options, Outcome, ToolChoice,
    Turn, Unattended,
};
use tokio_util::sync::CancellationToken;

type Turns = Vec<Result<Turn, ModelError>>;

fn task(tools: &[&str]) -> NestedTask {
    NestedTask {
        prompt: "Find the best loss for the task at hand, with sources and numbers.".into(),
        tools: tools.iter().map(|tool| (*tool).to_owned()).collect(),
        ..NestedTask::default()
    }
}

/// The turns of the session's own conversation, and those of the nested agents, told apart by their prompt.
fn setup(own: Turns, nested: Turns) -> Setup {
    let (mut own, mut nested) = (own, nested);
    own.reverse();
    nested.reverse();
    Setup::of(move |request| {
        let mine = in_short(&request.messages[0]) == "system You are a test.";
        match (mine, request.tool_choice) {
            (true, _) => own.pop(),
            (false, ToolChoice::Auto) => nested.pop(),
            // Asked for what it has found, it says that.
            (false, ToolChoice::None) => Some(says("a")),
        }
    })
}

fn delegating(task: NestedTask, nested: Turns) -> Bench {
    let bench = setup(vec![calls(&[("delegates", "{}")]), says("ok")], nested).build();
    *bench.tools.task.lock().unwrap() = task;
    bench
}

fn done() -> Outcome {
    Outcome::Done {
        text: Some("ok".into()),
    }
}

fn requests(bench: &Bench) -> Vec<Vec<String>> {
    let asked = bench.model.asked.lock().unwrap();
    asked
        .iter()
        .filter(|messages| in_short(&messages[0]) != "system You are a test.")
        .map(|messages| messages.iter().map(in_short).collect())
        .collect()
}

/// A context of its own, live progress in the log of the call, and records that belong to the call.
#[tokio::test]
async fn one_agent() {
    let mut bench = delegating(
        task(&["observes", "failed"]),
        vec![
            calls(&[("observes", r#"{"a":1}"#), ("echo", "{}")]),
            says("Use the focal loss."),
        ],
    );
    assert_eq!(bench.turn().await, done());
    assert_eq!(
        bench.results(),
        [(
            "delegates".to_owned(),
            true,
            "Use the focal loss.".to_owned()
        )]
    );
    let asked = requests(&bench);
    assert!(asked[0][0].starts_with("system You work on one task on behalf of another agent"));
    assert_eq!(
        asked[0][1],
        "user Find the best loss for the task at hand, with sources and numbers."
    );
    assert_eq!(
        asked[1][2..],
        [
            r#"assistant  [observes {"a":1}] [echo {}]"#,
            r#"observes {"a":1}"#,
            // It is not among the tools that it was given.
            "echo there is no tool `echo`; the tools are: failed, observes",
        ]
    );
    let label = r#""agent_id":"c1","label":"delegates: Find the best loss for the task at hand, with sour""#;
    let log = |line: &str| format!(r#"tool_log {{"tool":"delegates","log":"{line}",{label}}}"#);
    assert_eq!(
        bench.seen_of(&["tool_log", "tool_call", "tool_output", "assistant_chunk"]),
        [
            r#"tool_call {"tool":"delegates","arguments":{},"tool_call_id":"c1","operation":"run","effects":["observe"],"target":"a.txt"}"#.to_owned(),
            log("Starting delegates sub-agent..."),
            log("tokens:110"),
            log(r#"▸ observes  {\"a\":1}"#),
            log("▸ echo  {}"),
            log("tools:1"),
            log("tools:1"),
            log("tokens:291"),
            log("Delegates complete."),
            r#"tool_output {"tool":"delegates","tool_call_id":"c1","output":"Use the focal loss.","success":true}"#.to_owned(),
            r#"assistant_chunk {"content":"ok"}"#.to_owned(),
        ]
    );
    let reader = journal::Reader::open(&bench.journal).unwrap();
    let within: Vec<String> = reader
        .map(|record| record.unwrap().entry)
        .filter_map(|entry| {
            let kind = match &entry.data {
                journal::Data::Event(event) => event.name.clone(),
                data => data.kind().to_owned(),
            };
            let parent = entry
                .parent
                .map(|parent| format!(" in {parent}"))
                .unwrap_or_default();
            entry.call.map(|call| format!("{kind} {call}{parent}"))
        })
        .collect();
    assert_eq!(
        within,
        [
            "decision c1",
            "call_start c1",
            "system_prompt c1",
            "user_input c1",
            "model_request c1",
            "llm_call c1",
            "model_turn c1",
            "calls c1",
            "decision c2 in c1",
            "call_start c2 in c1",
            "receipt c2 in c1",
            "call_end c2 in c1",
            "call_end c3 in c1",
            "model_request c1",
            "call_delivered c2 in c1",
            "call_delivered c3 in c1",
            "llm_call c1",
            "model_turn c1",
            "receipt c1",
            "call_end c1",
            "call_delivered c1",
        ]
    );
    // What it used is the session's.
    assert_eq!(bench.agent.tally().requests, 4);
    // A resumed session has the same conversation: the nested agent's is not part of it.
    let (before, path) = (bench.agent.messages().to_vec(), bench.journal.clone());
    drop(bench.agent);
    let resumed = Setup::new(vec![]).resume(&path);
    assert_eq!(resumed.agent.messages(), before);
    assert_eq!(resumed.agent.tally().requests, 4);
}

/// What a nested agent is asked to do; what its caller is told.
#[tokio::test]
async fn what_it_may_not_do() {
    let table: [(NestedTask, Turns, &str); 6] = [
        (
            // What the session does not have, it is not offered.
            task(&["nothing"]),
            vec![calls(&[("nothing", "{}")]), says("a")],
            "a",
        ),
        (task(&[]), vec![says(" ")], "it ended without an answer"),
        (
            task(&[]),
            vec![Err(ModelError::Auth("401".into()))],
            "the model provider does not accept the credential: 401",
        ),
        // The call around it only observes.
        (
            task(&["echo"]),
            vec![calls(&[("echo", "{}")]), says("a")],
            "a|echo denied: effect write (rule: nested agent: no more than the call that it is part of); declare the \
             effect write in the operation that starts the agent",
        ),
        (
            task(&["delegates"]),
            vec![calls(&[("delegates", "{}")]), says("a")],
            "a|delegates a nested agent cannot start another one",
        ),
        (
            NestedTask {
                max_tokens: Some(1_100),
                ..task(&[])
            },
            vec![says("a")],
            "a|note You have to end now: its token budget is used up. Answer with what you have found so far, and say what \
             is missing. Do not call tools.",
        ),
    ];
    for (task, nested, expected) in table {
        let mut bench = delegating(task, nested);
        bench.turn().await;
        let (words, inside) = expected.split_once('|').unwrap_or((expected, ""));
        let result = bench.results()[0].2.clone();
        assert!(result.starts_with(words), "{result}");
        if !inside.is_empty() {
            assert_eq!(requests(&bench).last().unwrap().last().unwrap(), inside);
        }
    }
    let mut bench = delegating(
        NestedTask {
            max_tokens: Some(50),
            ..task(&[])
        },
        vec![],
    );
    bench.turn().await;
    assert_eq!(
        bench.results()[0].2,
        "its token budget of 50 does not pay for another request; 0 are used"
    );
    assert_eq!(requests(&bench).len(), 0);
}

/// The same policy and the same person: a nested call is asked about like any other.
#[tokio::test]
async fn the_same_policy() {
    // `long` asks, and has the effect of writing, which a nested agent of an observing call does not have.
    for (approver, answer) in [
        (
            Arc::new(Yes) as Arc<dyn Approver>,
            "denied: effect write (rule: nested agent",
        ),
        (
            Arc::new(Unattended),
            "denied: effect write (rule: nested agent",
        ),
    ] {
        let bench = setup(
            vec![calls(&[("delegates", "{}")]), says("ok")],
            vec![
                calls(&[("long", r#"{"ask":true}"#), ("denied", "{}")]),
                says("a"),
            ],
        );
        let mut bench = Setup { approver, ..bench }.build();
        *bench.tools.task.lock().unwrap() = task(&["long", "denied"]);
        bench.turn().await;
        let inside = requests(&bench)[1].clone();
        assert!(
            inside[3].starts_with(&format!("long {answer}")),
            "{}",
            inside[3]
        );
        assert!(inside[4].starts_with("denied denied: "), "{}", inside[4]);
        assert_eq!(bench.ran(), ["delegates"]);
        assert_eq!(bench.seen_of(&["capability_denied"]).len(), 2);
    }
    // What was refused inside counts for the turn.
    let options = Options {
        strict_denials: true,
        ..Options::default()
    };
    let bench = setup(
        vec![calls(&[("delegates", "{}")]), says("ok")],
        vec![calls(&[("denied", "{}")]), says("a")],
    );
    let mut bench = Setup { options, ..bench }.build();
    *bench.tools.task.lock().unwrap() = task(&["denied"]);
    assert_eq!(bench.turn().await.as_str(), "denied");
}

/// Who is there; what a nested call that is asked about comes to, and what is run.
#[tokio::test]
async fn the_same_person() {
    let table: [(Arc<dyn Approver>, &str, &[&str]); 2] = [
        (
            Arc::new(Yes),
            r#"observes {"ask":true}"#,
            &["delegates", "observes"],
        ),
        (
            Arc::new(Unattended),
            "observes denied: effect observe (rule: test: ask first); allow it",
            &["delegates"],
        ),
    ];
    for (approver, result, ran) in table {
        let nested = vec![calls(&[("observes", r#"{"ask":true}"#)]), says("a")];
        let bench = setup(vec![calls(&[("delegates", "{}")]), says("ok")], nested);
        let mut bench = Setup { approver, ..bench }.build();
        *bench.tools.task.lock().unwrap() = task(&["observes"]);
        assert_eq!(bench.turn().await, done());
        assert_eq!(requests(&bench)[1][3], result);
        assert_eq!(bench.ran(), ran);
        let journal = bench.journal();
        assert!(journal.contains(&"decision c2 ask by test: ask first".to_owned()));
    }
}

/// A model of its own is no way around a bound: not where nobody knows its price, and not where it costs too much.
#[tokio::test]
async fn a_model_of_its_own_is_under_the_same_bound() {
    let unknown = "the cost cap of $0.010000 cannot be kept: the price of canned is unknown; give its price in a \
                   models.toml, choose a model with a known price, or take the cap away";
    let dear = "limit reached: cost (allowed 10000 millionths of a US dollar, requested ";
    // What is known of its model; what its caller is told, and how often that model was asked.
    for (info, told, asked) in [
        (ModelInfo::unknown("canned"), unknown, 0),
        (priced(), dear, 1),
    ] {
        let other = Setup {
            info,
            ..Setup::of(|_| Some(at_cost(calls(&[("observes", "{}")]), 9_000)))
        }
        .build();
        let bench = setup(
            vec![
                at_cost(calls(&[("delegates", "{}")]), 10),
                at_cost(says("ok"), 10),
            ],
            vec![],
        );
        let mut bench = Setup {
            options: Options {
                max_cost: Some(MicroUsd(10_000)),
                ..Options::default()
            },
            info: priced(),
            services: ml_intern_agent::Services {
                nested_model: Some(other.model.clone()),
                ..ml_intern_agent::Services::default()
            },
            ..bench
        }
        .build();
        *bench.tools.task.lock().unwrap() = task(&["observes"]);
        bench.turn().await;
        let result = bench.results()[0].2.clone();
        assert!(result.starts_with(told), "{result}");
        assert_eq!(other.model.asked.lock().unwrap().len(), asked);
    }
}

/// Several at the same time, each with a name of its own.
#[tokio::test]
async fn several_at_once() {
    let bench = setup(
        vec![
            calls(&[("delegates", r#"{"n":1}"#), ("delegates", r#"{"n":2}"#)]),
            says("ok"),
        ],
        vec![
            calls(&[("observes", r#"{"a":1}"#)]),
            calls(&[("observes", r#"{"a":2}"#)]),
            says("one"),
            says("two"),
        ],
    );
    let mut bench = bench.build();
    *bench.tools.task.lock().unwrap() = task(&["observes"]);
    assert_eq!(bench.turn().await, done());
    let mut found: Vec<String> = bench
        .results()
        .into_iter()
        .map(|(.., words)| words)
        .collect();
    found.sort();
    assert_eq!(found, ["one", "two"]);
    let logs = bench.seen_of(&["tool_log"]);
    for id in ["c1", "c2"] {
        let own = logs
            .iter()
            .filter(|line| line.contains(&format!("\"agent_id\":\"{id}\"")))
            .count();
        assert_eq!(own, 6, "{logs:?}");
    }
    journal::verify(&bench.journal).unwrap();
}

/// What ends it; the note that asks for what it has found, and that it may call no tools then.
#[tokio::test]
async fn it_comes_to_an_end() {
    let many = |n: usize| (0..n).map(|i| calls(&[("observes", &format!("{{\"a\":{i}}}"))]));
    let same = |n: usize| (0..n).map(|_| calls(&[("observes", "{}")]));
    let long = |n: usize| {
        (0..n).map(|i| {
            calls(&[(
                "observes",
                &format!("{{\"a\":\"{}\"}}", format!("{i}").repeat(3_000)),
            )])
        })
    };
    let table: [(NestedTask, Turns, u64, usize, &str); 7] = [
        (
            task(&["observes"]),
            many(59).chain([says("a")]).collect(),
            200_000,
            60,
            "",
        ),
        (
            task(&["observes"]),
            many(60).chain([says("a")]).collect(),
            200_000,
            61,
            "hit iteration limit (60)",
        ),
        (
            NestedTask {
                max_iterations: Some(2),
                ..task(&["observes"])
            },
            many(2).chain([says("a")]).collect(),
            200_000,
            3,
            "hit iteration limit (2)",
        ),
        (
            NestedTask {
                max_iterations: Some(900),
                ..task(&["observes"])
            },
            many(60).chain([says("a")]).collect(),
            200_000,
            61,
            "hit iteration limit (60)",
        ),
        (
            task(&["observes"]),
            same(6).chain([says("a")]).collect(),
            200_000,
            7,
            "it repeated itself",
        ),
        // Relative to the model's window, whatever that is.
        (
            task(&["observes"]),
            long(3).chain([says("a")]).collect(),
            4_000,
            4,
            "its context is full",
        ),
        (
            NestedTask {
                max_tokens: Some(4_000),
                ..task(&["observes"])
            },
            many(20).collect(),
            200_000,
            9,
            "its token budget is used up",
        ),
    ];
    for (task, nested, window, count, why) in table {
        let bench = setup(vec![calls(&[("delegates", "{}")]), says("ok")], nested);
        let mut bench = Setup {
            info: ModelInfo {
                context_window: Some(window),
                ..ModelInfo::unknown("canned")
            },
            ..bench
        }
        .build();
        *bench.tools.task.lock().unwrap() = task;
        assert_eq!(bench.turn().await, done(), "{why}");
        assert_eq!(bench.results()[0].2, "a", "{why}");
        let asked = requests(&bench);
        assert_eq!(asked.len(), count, "{why}");
        let last = asked.last().unwrap().last().unwrap();
        if why.is_empty() {
            assert!(last.starts_with("observes "), "{last}");
        } else {
            assert!(
                last.starts_with(&format!("note You have to end now: {why}. ")),
                "{last}"
            );
        }
    }
}

/// It is told once that its context is nearly full.
#[tokio::test]
async fn it_is_told_before() {
    let step = |n: usize| calls(&[("observes", &format!("{{\"a\":\"{n}{}\"}}", "x".repeat(700)))]);
    let bench = setup(
        vec![calls(&[("delegates", "{}")]), says("ok")],
        (0..9).map(step).chain([says("a")]).collect(),
    );
    let mut bench = Setup {
        info: ModelInfo {
            context_window: Some(4_000),
            ..ModelInfo::unknown("canned")
        },
        ..bench
    }
    .build();
    *bench.tools.task.lock().unwrap() = task(&["observes"]);
    bench.turn().await;
    let last = requests(&bench).pop().unwrap();
    let told = last
        .iter()
        .filter(|line| line.starts_with("note 85 % of your context is used."))
        .count();
    assert_eq!(told, 1, "{last:?}");
}

/// Long outputs and long answers are cut, with head and tail.
#[tokio::test]
async fn long_outputs_and_answers() {
    let argument = "x".repeat(9_000);
    let mut bench = delegating(
        task(&["observes"]),
        vec![
            calls(&[("observes", &format!("{{\"a\":\"{argument}\"}}"))]),
            says(&"y".repeat(40_000)),
        ],
    );
    bench.turn().await;
    let output = &requests(&bench)[1][3];
    assert!(
        output.contains("[… 1008 of 9008 characters left out;"),
        "{}",
        &output[4_000..6_000]
    );
    let answer = &bench.results()[0].2;
    assert!(answer.contains("[… 20000 of 40000 characters left out;"));
    assert_eq!(answer.matches('y').count(), 20_000);
}

/// The budget is the session's, also for two at the same time.
#[tokio::test]
async fn the_sessions_budget() {
    // Enough for the session's own requests and one of a nested agent's.
    let bench = setup(
        vec![
            at_cost(calls(&[("delegates", "{}")]), 10),
            at_cost(says("ok"), 10),
        ],
        vec![
            at_cost(calls(&[("observes", "{}")]), 3_000),
            at_cost(says("a"), 3_000),
        ],
    );
    let mut bench = Setup {
        options: Options {
            max_cost: Some(MicroUsd(4_000)),
            ..Options::default()
        },
        info: priced(),
        ..bench
    }
    .build();
    *bench.tools.task.lock().unwrap() = task(&["observes"]);
    assert_eq!(bench.turn().await.as_str(), "limit");
    let result = bench.results()[0].2.clone();
    assert!(
        result
            .starts_with("limit reached: cost (allowed 4000 millionths of a US dollar, requested "),
        "{result}"
    );

    // Its calls are the session's as well.
    let bench = setup(
        vec![calls(&[("delegates", "{}")]), says("ok")],
        vec![
            calls(&[("observes", r#"{"a":1}"#), ("observes", r#"{"a":2}"#)]),
            says("a"),
        ],
    );
    let mut bench = Setup {
        options: Options {
            max_calls: Some(2),
            ..Options::default()
        },
        ..bench
    }
    .build();
    *bench.tools.task.lock().unwrap() = task(&["observes"]);
    bench.turn().await;
    assert_eq!(
        bench.results()[0].2,
        "limit reached: calls (allowed 2 calls, requested 3)"
    );
    assert_eq!(bench.ran(), ["delegates"]);
}

/// Interrupting the turn stops the agent in its call, wherever it is; every call has its end.
#[tokio::test]
async fn interrupted() {
    for nested in [vec![], vec![calls(&[("observes", "{}")])]] {
        let mut bench = setup(vec![calls(&[("delegates", "{}")]), says("on")], nested).build();
        *bench.tools.task.lock().unwrap() = task(&["observes"]);
        let (cancel, model) = (CancellationToken::new(), Arc::clone(&bench.model));
        let (outcome, ()) = tokio::join!(bench.agent.run_turn("go", &cancel), async {
            model.started.notified().await;
            cancel.cancel();
        });
        assert_eq!(outcome, Outcome::Interrupted);
        assert_eq!(
            bench.results()[0].2,
            "cancelled: the user interrupted the turn"
        );
        let journal = bench.journal();
        let starts = journal
            .iter()
            .filter(|line| line.starts_with("call_start"))
            .count();
        let ends = journal
            .iter()
            .filter(|line| line.starts_with("call_end c1") || line.starts_with("call_cancelled"))
            .count();
        assert!(ends >= 1 && starts >= 1, "{journal:?}");
        assert_eq!(bench.turn().await.as_str(), "done");
    }
}

/// An agent whose caller does not wait for it ends with the call: its own calls have an end, and only one.
#[tokio::test(start_paused = true)]
async fn left_behind() {
    let mut bench = setup(
        vec![
            calls(&[("delegates", r#"{"leaves":true,"writes":true}"#)]),
            says("ok"),
        ],
        vec![calls(&[("deaf", "{}"), ("hangs", "{}")]), says("never")],
    )
    .build();
    *bench.tools.task.lock().unwrap() = task(&["deaf", "hangs"]);
    assert_eq!(bench.turn().await, done());
    let ends = |bench: &Bench| -> Vec<String> {
        let mut lines = bench.journal();
        lines.retain(|line| line.starts_with("call_end") || line.starts_with("call_cancelled"));
        lines
    };
    let expected = [
        "call_cancelled c2 the call that it was part of ended",
        "call_cancelled c3 the call that it was part of ended",
        r#"call_end c1 ok {"content":[{"type":"text","text":"left"}],"structured":null}"#,
    ];
    assert_eq!(ends(&bench), expected);
    // The agent hears of it, and has nothing more to say.
    let records = bench.journal().len();
    tokio::time::sleep(std::time::Duration::from_secs(10)).await;
    assert_eq!(bench.journal().len(), records);
    assert_eq!(requests(&bench).len(), 1);
}

/// The effort is `high` at most, it is asked without tools at the end, and it can have a model of its own.
#[tokio::test]
async fn how_it_is_asked() {
    type Seen = Arc<Mutex<Vec<(Option<Effort>, ToolChoice, usize)>>>;
    let seen: Seen = Arc::default();
    let log = Arc::clone(&seen);
    let mut answers = vec![says("found"), calls(&[("observes", "{}")])];
    let other = Setup::of(move |request| {
        log.lock()
            .unwrap()
            .push((request.effort, request.tool_choice, request.tools.len()));
        answers.pop()
    })
    .build();
    let setup = setup(vec![calls(&[("delegates", "{}")]), says("ok")], vec![]);
    let mut bench = Setup {
        options: Options {
            effort: Some(Effort::Max),
            ..Options::default()
        },
        services: ml_intern_agent::Services {
            nested_model: Some(other.model.clone()),
            ..ml_intern_agent::Services::default()
        },
        ..setup
    }
    .build();
    *bench.tools.task.lock().unwrap() = NestedTask {
        max_iterations: Some(1),
        ..task(&["observes"])
    };
    assert_eq!(bench.turn().await, done());
    assert_eq!(bench.results()[0].2, "found");
    assert_eq!(
        *seen.lock().unwrap(),
        [
            (Some(Effort::High), ToolChoice::Auto, 1),
            (Some(Effort::High), ToolChoice::None, 1)
        ]
    );
}

/// Outside a call there is no agent.
#[tokio::test]
async fn only_as_part_of_a_call() {
    let bench = Setup::new(vec![]).build();
    let agents = bench.agent.agents();
    let call = "c7".parse().unwrap();
    let error = agents.run(call, task(&[])).await.unwrap_err();
    assert_eq!(error.to_string(), "there is no call c7 that runs");
    drop(bench);
    let error = agents.run(call, task(&[])).await.unwrap_err();
    assert_eq!(error.to_string(), "the session is over");
}
