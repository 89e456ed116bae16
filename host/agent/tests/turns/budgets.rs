//! What a session may use: each bound holds, its neighbour goes on, and somebody is asked before.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::bench::{Bench, Setup, at_cost, calls, says};
use async_trait::async_trait;
use ml_intern_agent::{
    Answer, Approver, BudgetAnswer, BudgetQuestion, BudgetSubject, Clock, MicroUsd, ModelInfo,
    Options, Outcome, Prices, Question, Rates, Turn, Unattended,
};
use policy::{LimitExceeded, LimitName};

/// Answers in order, and remembers the questions. Approves calls.
pub(crate) struct Purse {
    answers: Mutex<Vec<BudgetAnswer>>,
    asked: Mutex<Vec<BudgetQuestion>>,
}

impl Purse {
    pub(crate) fn new(answers: &[BudgetAnswer]) -> Arc<Purse> {
        let mut answers = answers.to_vec();
        answers.reverse();
        Arc::new(Purse {
            answers: Mutex::new(answers),
            asked: Mutex::default(),
        })
    }

    fn subjects(&self) -> Vec<BudgetSubject> {
        self.asked
            .lock()
            .unwrap()
            .iter()
            .map(|one| one.about)
            .collect()
    }
}

#[async_trait]
impl Approver for Purse {
    async fn ask(&self, questions: &[Question<'_>]) -> Vec<Answer> {
        questions.iter().map(|_| Answer::Approve).collect()
    }

    async fn ask_budget(&self, question: &BudgetQuestion) -> BudgetAnswer {
        self.asked.lock().unwrap().push(question.clone());
        self.answers
            .lock()
            .unwrap()
            .pop()
            .unwrap_or(BudgetAnswer::Stop)
    }
}

/// One millionth of a dollar a token, in and out.
pub(crate) fn priced() -> ModelInfo {
    let rate = MicroUsd(1_000_000);
    ModelInfo {
        prices: Some(Prices {
            base: Rates {
                input: rate,
                output: rate,
                ..Rates::default()
            },
            long: None,
        }),
        ..ModelInfo::unknown("canned")
    }
}

fn limit(limit: LimitName, allowed: u64, requested: u64) -> Outcome {
    Outcome::Limit(LimitExceeded {
        limit,
        allowed,
        requested,
    })
}

fn done() -> Outcome {
    Outcome::Done {
        text: Some("ok".into()),
    }
}

/// A call, then the end.
fn two_requests() -> Vec<Result<Turn, ml_intern_agent::ModelError>> {
    vec![
        at_cost(calls(&[("echo", "{}")]), 2_000),
        at_cost(says("ok"), 10),
    ]
}

/// Tokens that the first request of a bench has, by estimate.
const FIRST: u64 = 385;
/// And the second one: 15 that the model counted, and half of the 13 that are estimated for a result, since the model
/// counts fewer than is estimated.
const SECOND: u64 = 22;

#[tokio::test]
async fn dollars_with_nobody_there() {
    // A request is sent where all of its input and the shortest answer, of 1024 tokens, fit under the cap.
    let first = FIRST + 1_024;
    let second = 2_000 + SECOND + 1_024;
    let table = [
        (None, priced(), done(), 2),
        (None, ModelInfo::unknown("canned"), done(), 2),
        (
            Some(first - 1),
            priced(),
            limit(LimitName::Cost, first - 1, first),
            0,
        ),
        (
            Some(first),
            priced(),
            limit(LimitName::Cost, first, second),
            1,
        ),
        (
            Some(second - 1),
            priced(),
            limit(LimitName::Cost, second - 1, second),
            1,
        ),
        (Some(second), priced(), done(), 2),
    ];
    for (cap, info, outcome, requests) in table {
        let mut bench = Setup {
            options: Options {
                max_cost: cap.map(MicroUsd),
                ..Options::default()
            },
            info,
            ..Setup::new(two_requests())
        }
        .build();
        assert_eq!(bench.turn().await, outcome, "{cap:?}");
        assert_eq!(bench.model.asked.lock().unwrap().len(), requests, "{cap:?}");
        if let Outcome::Limit(_) = outcome {
            assert_eq!(outcome.exit_code(), 4);
        }
    }
}

/// The answer is bounded to what is left, so that not even the longest one crosses the cap.
#[tokio::test]
async fn answers_are_bounded_to_what_is_left() {
    let table = [
        (None, None, None),
        (Some(FIRST + 2_000), None, Some(2_000)),
        (None, Some(FIRST + 3_000), Some(3_000)),
        (Some(FIRST + 2_000), Some(FIRST + 1_500), Some(1_500)),
        (Some(1_000_000), None, Some(32_768)),
    ];
    for (cost, tokens, bound) in table {
        let mut bench = Setup {
            options: Options {
                max_cost: cost.map(MicroUsd),
                max_tokens: tokens,
                ..Options::default()
            },
            info: priced(),
            ..Setup::new(vec![says("ok")])
        }
        .build();
        bench.turn().await;
        assert_eq!(*bench.model.bounds.lock().unwrap(), [bound]);
    }
}

#[tokio::test]
async fn tokens_with_nobody_there() {
    let first = FIRST + 1_024;
    let second = 15 + SECOND + 1_024;
    let table = [
        (first - 1, limit(LimitName::Tokens, first - 1, first), 0),
        (first, done(), 2),
    ];
    assert!(second < first);
    for (most, outcome, requests) in table {
        let mut bench = Setup {
            options: Options {
                max_tokens: Some(most),
                ..Options::default()
            },
            ..Setup::new(two_requests())
        }
        .build();
        assert_eq!(bench.turn().await, outcome, "{most}");
        assert_eq!(bench.model.asked.lock().unwrap().len(), requests);
    }
}

/// A batch of calls is run as a whole or not at all; each call has its result either way.
#[tokio::test]
async fn calls_with_nobody_there() {
    let table = [
        (3, done(), "echo echo echo"),
        (2, limit(LimitName::Calls, 2, 3), "echo"),
        (0, limit(LimitName::Calls, 0, 1), ""),
    ];
    for (most, outcome, ran) in table {
        let turns = vec![
            calls(&[("echo", "{}")]),
            calls(&[
                ("echo", r#"{"a":1}"#),
                ("denied", "{}"),
                ("echo", r#"{"a":2}"#),
            ]),
            says("ok"),
        ];
        let mut bench = Setup {
            options: Options {
                max_calls: Some(most),
                ..Options::default()
            },
            ..Setup::new(turns)
        }
        .build();
        assert_eq!(bench.turn().await, outcome, "{most}");
        assert_eq!(bench.ran().join(" "), ran);
        if most == 2 {
            let results = bench.results();
            let refused = "limit reached: calls (allowed 2 calls, requested 3)";
            assert_eq!(results.len(), 4);
            assert_eq!(results[1].2, refused);
            assert_eq!(results[3].2, refused);
            assert!(results[2].2.starts_with("denied: "));
        }
    }
}

/// The questions that are asked, what is answered, and how it ends.
#[tokio::test]
async fn somebody_is_asked_before_a_bound_is_crossed() {
    let first = FIRST + 1_024;
    let bound = |limit, allowed, used, next| BudgetSubject::Bound {
        limit,
        allowed,
        used,
        next,
    };
    let cost = |allowed| bound(LimitName::Cost, allowed, 0, first);
    let refused = limit(LimitName::Cost, 100, first);
    let table = [
        (vec![BudgetAnswer::Stop], vec![cost(100)], refused.clone()),
        (
            vec![BudgetAnswer::Raise(1_000_000)],
            vec![cost(100)],
            done(),
        ),
        // What is not enough is asked about again, and a bound is never lowered.
        (
            vec![
                BudgetAnswer::Raise(200),
                BudgetAnswer::Raise(50),
                BudgetAnswer::Raise(100_000),
            ],
            vec![cost(100), cost(200), cost(200)],
            done(),
        ),
        // As far as is needed for the next step: the step after it is asked about anew.
        (
            vec![BudgetAnswer::GoOn, BudgetAnswer::GoOn],
            vec![
                cost(100),
                bound(LimitName::Cost, first, 2_000, SECOND + 1_024),
            ],
            done(),
        ),
        (vec![BudgetAnswer::Raise(1); 9], vec![cost(100); 8], refused),
    ];
    for (answers, questions, outcome) in table {
        let purse = Purse::new(&answers);
        let mut bench = Setup {
            options: Options {
                max_cost: Some(MicroUsd(100)),
                ..Options::default()
            },
            info: priced(),
            approver: Arc::clone(&purse) as Arc<dyn Approver>,
            ..Setup::new(two_requests())
        }
        .build();
        assert_eq!(bench.turn().await, outcome, "{answers:?}");
        assert_eq!(purse.subjects(), questions);
        let raised: Vec<String> = bench
            .journal()
            .into_iter()
            .filter(|line| line.starts_with("event budget"))
            .collect();
        let yes = questions.len() - usize::from(answers[0] == BudgetAnswer::Stop);
        assert_eq!(raised.len(), yes, "{raised:?}");
    }
}

#[tokio::test]
async fn how_a_question_about_a_bound_is_shown() {
    let mut bench = Setup {
        options: Options {
            max_cost: Some(MicroUsd(100)),
            ..Options::default()
        },
        info: priced(),
        approver: Purse::new(&[BudgetAnswer::Raise(10_000_000)]),
        ..Setup::new(vec![says("ok")])
    }
    .build();
    bench.turn().await;
    assert_eq!(
        bench.seen_of(&["approval_required", "tool_state_change"]),
        [
            r#"approval_required {"tools":[{"tool":"yolo_budget","arguments":{"cap_usd":0.0001,"current_spend_usd":0.0,"remaining_cap_usd":0.0001,"estimated_next_usd":0.001409,"spend_kind":"main","reason":"the next step may cost more than what is left"},"tool_call_id":"yolo-budget-1","operation":"","effects":[],"target":"","capability":"","rule":""}],"count":1,"yolo_budget":true}"#,
            r#"tool_state_change {"tool_call_id":"yolo-budget-1","tool":"yolo_budget","state":"approved"}"#,
        ]
    );
}

#[tokio::test]
async fn an_unknown_price_is_asked_about_once() {
    for (answer, outcome) in [
        (BudgetAnswer::GoOn, "done"),
        (BudgetAnswer::Stop, "unknown_cost"),
    ] {
        let purse = Purse::new(&[answer]);
        let mut bench = Setup {
            options: Options {
                max_cost: Some(MicroUsd(7)),
                ..Options::default()
            },
            approver: Arc::clone(&purse) as Arc<dyn Approver>,
            ..Setup::new(vec![calls(&[("echo", "{}")]), says("ok")])
        }
        .build();
        assert_eq!(bench.turn().await.as_str(), outcome);
        assert_eq!(
            purse.subjects(),
            [BudgetSubject::UnknownPrice { cap: MicroUsd(7) }]
        );
    }
}

/// With nobody there, a run whose cost cannot be known under a bound of dollars ends before the model is asked, with the
/// exit code of a budget, and says what to do.
#[tokio::test]
async fn an_unknown_price_with_nobody_there() {
    let error = "the cost cap of $5.000000 cannot be kept: the price of canned is unknown; give its price in a models.toml, \
                 choose a model with a known price, or take the cap away";
    let capped = |turns, info| {
        Setup {
            options: Options {
                max_cost: Some(MicroUsd(5_000_000)),
                ..Options::default()
            },
            info,
            ..Setup::new(turns)
        }
        .build()
    };
    let unpriced = vec![calls(&[("echo", "{}")]), says("ok")];
    let mut bench = capped(unpriced, ModelInfo::unknown("canned"));
    let outcome = bench.turn().await;
    assert_eq!(
        outcome,
        Outcome::UnknownCost {
            error: error.into()
        }
    );
    assert_eq!(outcome.exit_code(), 4);
    assert!(bench.model.asked.lock().unwrap().is_empty());
    let end = format!(r#"event turn_end {{"outcome":"unknown_cost","error":"{error}"}}"#);
    assert_eq!(bench.journal().last(), Some(&end));
    let shown = format!(r#"error {{"error":"{error}"}}"#);
    assert_eq!(bench.seen().last(), Some(&shown));
    // Its twin: a model with a known price.
    let mut bench = capped(two_requests(), priced());
    assert_eq!(bench.turn().await, done());
}

/// What a call would cost, whether the policy lets it spend; what is asked and what becomes of it.
#[tokio::test]
async fn calls_that_spend() {
    let purse = || Purse::new(&[]) as Arc<dyn Approver>;
    let blocked = |reason: &str| {
        format!(
            "denied: effect spend (rule: budget: {reason}); approve this call, or raise the session's bound of dollars"
        )
    };
    let unknown = "what it would cost is not known";
    // The bench's model costs nothing here: what is left is the cap.
    type Row<'a> = (&'a str, Option<u64>, Arc<dyn Approver>, Vec<String>);
    let table: [Row<'_>; 7] = [
        (
            r#"{"price":2000000}"#,
            None,
            Arc::new(Unattended),
            vec!["spent".into()],
        ),
        (r#"{}"#, None, Arc::new(Unattended), vec!["spent".into()]),
        (
            r#"{"price":2000000}"#,
            Some(5_000_000),
            Arc::new(Unattended),
            vec!["spent".into()],
        ),
        (
            r#"{"price":32000000}"#,
            Some(5_000_000),
            Arc::new(Unattended),
            vec![blocked(
                "it would cost $32.000000, which exceeds the $5.000000 that are left",
            )],
        ),
        (
            r#"{}"#,
            Some(5_000_000),
            Arc::new(Unattended),
            vec![blocked(unknown)],
        ),
        (r#"{}"#, Some(5_000_000), purse(), vec!["spent".into()]),
        (
            r#"{"price":32000000}"#,
            Some(40_000_000),
            purse(),
            vec!["spent".into()],
        ),
    ];
    for (arguments, cap, approver, results) in table {
        let mut bench = spender(cap, approver, &[arguments]);
        bench.turn().await;
        let found: Vec<String> = bench
            .results()
            .into_iter()
            .map(|(.., words)| words)
            .collect();
        assert_eq!(found, results, "{arguments} {cap:?}");
    }
}

fn spender(cap: Option<u64>, approver: Arc<dyn Approver>, arguments: &[&str]) -> Bench {
    let all: Vec<(&str, &str)> = arguments.iter().map(|one| ("spends", *one)).collect();
    let free = Prices::default();
    Setup {
        options: Options {
            max_cost: cap.map(MicroUsd),
            ..Options::default()
        },
        approver,
        info: ModelInfo {
            prices: Some(free),
            ..ModelInfo::unknown("canned")
        },
        ..Setup::new(vec![calls(&all), says("ok")])
    }
    .build()
}

/// Two calls of one turn do not cross the cap together, and what a failed call was to cost is given back.
#[tokio::test]
async fn calls_that_spend_together() {
    let three = r#"{"price":3000000}"#;
    let mut bench = spender(Some(5_000_000), Arc::new(Unattended), &[three, three]);
    bench.turn().await;
    let found: Vec<bool> = bench.results().into_iter().map(|(_, ok, _)| ok).collect();
    assert_eq!(found, [true, false]);
    let asked = bench.seen_of(&["approval_required"]);
    assert!(asked[0].contains(r#""auto_approval_blocked":true,"block_reason":"it would cost $3.000000, which exceeds the $2.000000 that are left","estimated_cost_usd":3.0,"remaining_cap_usd":2.0,"quote":[["hardware","a10g-small"]]"#), "{asked:?}");

    // What cannot be made is not asked about; what cannot tell its price is, and says why it cannot.
    let wrong = r#"{"unpriced":"hardware"}"#;
    let away = r#"{"unpriced":"table"}"#;
    let mut bench = spender(Some(5_000_000), Arc::new(Unattended), &[wrong, away]);
    bench.turn().await;
    let results = bench.results();
    assert!(results[0].2.contains("no such hardware"), "{results:?}");
    let asked = bench.seen_of(&["approval_required"]);
    assert_eq!(asked.len(), 1);
    assert!(asked[0].contains(r#""count":1"#), "{asked:?}");
    assert!(
        asked[0].contains(r#""quote":[["price","not known: "#),
        "{asked:?}"
    );

    let fails = r#"{"price":3000000,"fails":true}"#;
    let mut bench = spender(Some(5_000_000), Arc::new(Unattended), &[fails]);
    bench.turn().await;
    let money: Vec<String> = bench
        .journal()
        .into_iter()
        .filter(|line| line.contains("micros"))
        .collect();
    assert_eq!(
        money,
        [
            r#"event c1 charge {"micros":3000000}"#,
            r#"event c1 refund {"micros":3000000}"#
        ]
    );
}

/// A clock that goes with tokio's, which goes by itself where everybody waits.
struct Paused(tokio::time::Instant);

#[async_trait]
impl Clock for Paused {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

fn timed(
    most: Duration,
    approver: Arc<dyn Approver>,
    turns: Vec<Result<Turn, ml_intern_agent::ModelError>>,
) -> Bench {
    Setup {
        options: Options {
            max_time: Some(most),
            ..Options::default()
        },
        approver,
        clock: Arc::new(Paused(tokio::time::Instant::now())),
        ..Setup::new(turns)
    }
    .build()
}

/// Where time is up, whatever runs is stopped: the model, or its calls.
#[tokio::test(start_paused = true)]
async fn time_with_nobody_there() {
    let most = Duration::from_secs(60);
    for turns in [vec![], vec![calls(&[("echo", "{}"), ("hangs", "{}")])]] {
        let mut bench = timed(most, Arc::new(Unattended), turns);
        let start = tokio::time::Instant::now();
        let outcome = bench.turn().await;
        assert!(start.elapsed() >= most && start.elapsed() < most * 2);
        let Outcome::Limit(exceeded) = &outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(
            (exceeded.limit, exceeded.allowed),
            (LimitName::Deadline, 60_000)
        );
        assert_eq!(outcome.exit_code(), 4);
        for (name, success, words) in bench.results() {
            assert_eq!(success, name == "echo");
            assert!(
                success || words.starts_with("limit reached: deadline (allowed 60000 ms"),
                "{words}"
            );
        }
        // The session's time is up, so another turn ends as well.
        assert_eq!(bench.turn().await.as_str(), "limit");
    }
    // Its twin.
    let mut bench = timed(most, Arc::new(Unattended), vec![says("ok")]);
    assert_eq!(bench.turn().await, done());
}

#[tokio::test(start_paused = true)]
async fn time_can_be_added() {
    let purse = Purse::new(&[
        BudgetAnswer::Raise(90_000),
        BudgetAnswer::GoOn,
        BudgetAnswer::Stop,
    ]);
    let start = tokio::time::Instant::now();
    let mut bench = timed(
        Duration::from_secs(60),
        Arc::clone(&purse) as Arc<dyn Approver>,
        vec![],
    );
    let outcome = bench.turn().await;
    assert_eq!(outcome.as_str(), "limit");
    // 60 s, then 90 s, then twice that.
    assert!(start.elapsed() >= Duration::from_secs(180));
    let bounds: Vec<u64> = purse
        .subjects()
        .into_iter()
        .map(|subject| match subject {
            BudgetSubject::Bound { allowed, .. } => allowed,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(bounds, [60_000, 90_000, 180_000]);
}

/// Waiting for a person is not work.
#[tokio::test(start_paused = true)]
async fn waiting_does_not_count() {
    struct Slow;
    #[async_trait]
    impl Approver for Slow {
        async fn ask(&self, questions: &[Question<'_>]) -> Vec<Answer> {
            tokio::time::sleep(Duration::from_secs(3_600)).await;
            questions.iter().map(|_| Answer::Approve).collect()
        }
    }
    let turns = vec![calls(&[("asks", "{}")]), says("ok")];
    let mut bench = timed(Duration::from_secs(60), Arc::new(Slow), turns);
    assert_eq!(bench.turn().await, done());
}

/// At what was spent somebody is asked, and how it ends.
#[tokio::test]
async fn whether_to_go_on_spending() {
    let dollars = |dollars: u64| MicroUsd(dollars * 1_000_000);
    let spent = |threshold, so_far, next| BudgetSubject::Spent {
        threshold: dollars(threshold),
        spent: dollars(so_far),
        next: dollars(next),
    };
    let turns = || {
        let mut turns: Vec<_> = [4, 2, 7, 1]
            .into_iter()
            .enumerate()
            .map(|(i, price)| {
                at_cost(
                    calls(&[("echo", &format!("{{\"a\":{i}}}"))]),
                    price * 1_000_000,
                )
            })
            .collect();
        turns.push(at_cost(says("ok"), 0));
        turns
    };
    let table = [
        (
            vec![BudgetAnswer::GoOn; 9],
            vec![spent(5, 6, 10), spent(10, 13, 20)],
            "done",
        ),
        (vec![BudgetAnswer::Stop], vec![spent(5, 6, 10)], "limit"),
    ];
    for (answers, questions, outcome) in table {
        let purse = Purse::new(&answers);
        let mut bench = Setup {
            options: Options {
                usage_warning: Some(dollars(5)),
                ..Options::default()
            },
            approver: Arc::clone(&purse) as Arc<dyn Approver>,
            ..Setup::new(turns())
        }
        .build();
        assert_eq!(bench.turn().await.as_str(), outcome);
        assert_eq!(purse.subjects(), questions);
        let shown = bench.seen_of(&["approval_required"]);
        assert!(shown[0].contains(r#""tool":"usage_threshold","arguments":{"threshold_usd":5.0,"current_spend_usd":6.0,"next_threshold_usd":10.0,"#), "{shown:?}");
        assert!(shown[0].ends_with(r#""count":1,"usage_threshold":true}"#));
    }
}

/// A request that is broken off costs what it is estimated to have cost.
#[tokio::test]
async fn what_is_broken_off_is_paid() {
    let mut bench = Setup {
        options: Options {
            max_cost: Some(MicroUsd(1_000_000)),
            ..Options::default()
        },
        info: priced(),
        ..Setup::new(vec![])
    }
    .build();
    let cancel = tokio_util::sync::CancellationToken::new();
    let model = Arc::clone(&bench.model);
    tokio::join!(bench.agent.run_turn("go", &cancel), async {
        model.started.notified().await;
        cancel.cancel();
    });
    let charged: Vec<u64> = journal::Reader::open(&bench.journal)
        .unwrap()
        .filter_map(|record| match record.unwrap().entry.data {
            journal::Data::Event(event) if event.name == "llm_call" => {
                event.data["charged"].as_u64()
            }
            _ => None,
        })
        .collect();
    // The request's input, and the two tokens that were heard.
    assert_eq!(charged, [FIRST + 2]);
    assert_eq!(
        bench.agent.tally(),
        ml_intern_agent::Tally {
            requests: 1,
            without_usage: 1,
            without_cost: 1,
            ..ml_intern_agent::Tally::default()
        }
    );
}
