//! What a person is asked, what they can answer, and what becomes of it.

use std::sync::{Arc, Mutex};

use crate::bench::{Bench, Setup, calls, says};
use async_trait::async_trait;
use ml_intern_agent::{
    Answer, ApprovalAnswer, Approver, BudgetAnswer, BudgetQuestion, Denial, Desk, Operation,
    Outcome, Question, SessionRule,
};
use serde_json::{Value, json};

/// Answers batch by batch, and remembers the arguments that it was asked about.
struct Answers {
    batches: Mutex<Vec<Vec<Answer>>>,
    asked: Mutex<Vec<Vec<Value>>>,
}

fn answers(batches: &[&[Answer]]) -> Arc<Answers> {
    let batches = batches.iter().rev().map(|batch| batch.to_vec()).collect();
    Arc::new(Answers {
        batches: Mutex::new(batches),
        asked: Mutex::default(),
    })
}

#[async_trait]
impl Approver for Answers {
    async fn ask(&self, questions: &[Question<'_>]) -> Vec<Answer> {
        let arguments = questions.iter().map(|one| one.arguments.clone()).collect();
        self.asked.lock().unwrap().push(arguments);
        self.batches.lock().unwrap().pop().unwrap_or_default()
    }

    async fn ask_budget(&self, _: &BudgetQuestion) -> BudgetAnswer {
        BudgetAnswer::Stop
    }
}

fn asking(approver: Arc<Answers>, turns: &[&[(&str, &str)]]) -> Bench {
    let turns = turns.iter().map(|one| calls(one)).chain([says("ok")]);
    Setup {
        approver,
        ..Setup::new(turns.collect())
    }
    .build()
}

fn reject(feedback: Option<&str>) -> Answer {
    Answer::Reject {
        feedback: feedback.map(str::to_owned),
    }
}

/// What was answered; what the model is told, the call's states, and how often was asked.
#[tokio::test]
async fn each_answer() {
    const ASK: &str = r#"{"ask":true,"length":3}"#;
    let edit = |value: Value| Answer::Edit(value);
    let changed = |arguments: &str, rest: &str| {
        format!("[The user changed the arguments before approving this call: {arguments}]\n{rest}")
    };
    let denial = Denial {
        capability: "effect write".into(),
        rule: "boss".into(),
        remedy: "ask him".into(),
    };
    let table: [(Vec<Vec<Answer>>, String, &str); 14] = [
        (
            vec![vec![Answer::Approve]],
            "xxx".into(),
            "approved running",
        ),
        (vec![vec![Answer::Always]], "xxx".into(), "approved running"),
        (
            vec![vec![reject(None)]],
            "rejected by the user".into(),
            "rejected",
        ),
        (
            vec![vec![reject(Some(" use a\u{1b}[2J smaller\nGPU "))]],
            "rejected by the user. User feedback: use a[2J smaller\nGPU".into(),
            "rejected",
        ),
        (
            vec![vec![reject(Some("\u{7}"))]],
            "rejected by the user".into(),
            "rejected",
        ),
        (
            vec![vec![Answer::Deny(denial)]],
            "denied: effect write (rule: boss); ask him".into(),
            "rejected",
        ),
        // No answer is a no.
        (
            vec![vec![]],
            "denied: effect write (rule: test: ask first); allow it".into(),
            "rejected",
        ),
        // The policy asks about the same: whoever edited it has approved it.
        (
            vec![vec![edit(json!({"ask": true, "length": 2}))]],
            changed(r#"{"ask":true,"length":2}"#, "xx"),
            "approved running",
        ),
        // The policy allows it.
        (
            vec![vec![edit(json!({"length": 1}))]],
            changed(r#"{"length":1}"#, "x"),
            "approved",
        ),
        // The policy denies it, whoever wrote it.
        (
            vec![vec![edit(json!({"deny": true}))]],
            "denied: effect write (rule: test: never); allow it".into(),
            "approved",
        ),
        (
            vec![vec![edit(json!([]))]],
            "invalid arguments: expected an object".into(),
            "approved",
        ),
        // A bug in what looks at the arguments is a result as well.
        (
            vec![vec![edit(json!({"panic": true}))]],
            "the host broke down while it looked at the arguments".into(),
            "approved",
        ),
        // The second batch is never asked.
        (
            vec![vec![Answer::Approve], vec![reject(None)]],
            "xxx".into(),
            "approved running",
        ),
        (
            vec![vec![Answer::Approve, Answer::Approve]],
            "xxx".into(),
            "approved running",
        ),
    ];
    for (batches, words, states) in table {
        let batches: Vec<&[Answer]> = batches.iter().map(Vec::as_slice).collect();
        let approver = answers(&batches);
        let mut bench = asking(Arc::clone(&approver), &[&[("long", ASK)]]);
        let fails = words.contains("invalid") || words.contains("broke");
        let unanswered = words.contains("boss") || words.contains("ask first");
        let code = if unanswered { 3 } else { u8::from(fails) };
        assert_eq!(bench.turn().await.exit_code(), code, "{words}");
        assert_eq!(bench.results()[0].2, words);
        let seen: Vec<String> = bench
            .seen_of(&["tool_state_change"])
            .iter()
            .map(|line| {
                let data: Value = serde_json::from_str(line.split_once(' ').unwrap().1).unwrap();
                data["state"].as_str().unwrap().to_owned()
            })
            .collect();
        assert_eq!(seen.join(" "), states, "{words}");
        assert_eq!(approver.asked.lock().unwrap().len(), 1);
    }
}

/// One batch is one question, and each call has its own answer.
#[tokio::test]
async fn a_batch_is_one_question() {
    let approver = answers(&[&[Answer::Approve, reject(None), Answer::Approve]]);
    let batch: &[(&str, &str)] = &[
        ("asks", r#"{"a":1}"#),
        ("echo", "{}"),
        ("asks", r#"{"a":2}"#),
        ("asks", r#"{"a":3}"#),
    ];
    let mut bench = asking(Arc::clone(&approver), &[batch]);
    bench.turn().await;
    let found: Vec<String> = bench
        .results()
        .into_iter()
        .map(|(.., words)| words)
        .collect();
    assert_eq!(
        found,
        ["a person", "{}", "rejected by the user", "a person"]
    );
    let asked = approver.asked.lock().unwrap().clone();
    assert_eq!(asked, [[json!({"a": 1}), json!({"a": 2}), json!({"a": 3})]]);
    assert_eq!(bench.seen_of(&["approval_required"]).len(), 1);
}

/// What was allowed for the session is not asked about again, until it is revoked; and it is in the journal.
#[tokio::test]
async fn always_for_this_session() {
    let approver = answers(&[&[Answer::Always], &[reject(None)]]);
    let turns: &[&[(&str, &str)]] = &[
        &[("asks", "{}")],
        &[("asks", r#"{"a":1}"#)],
        // Another tool is another question.
        &[("long", r#"{"ask":true}"#)],
    ];
    let mut bench = asking(Arc::clone(&approver), turns);
    bench.turn().await;
    let found: Vec<String> = bench
        .results()
        .into_iter()
        .map(|(.., words)| words)
        .collect();
    assert_eq!(found, ["a person", "a person", "rejected by the user"]);
    let rule = SessionRule {
        id: 1,
        plugin: "test".into(),
        tool: "asks".into(),
        operation: "run".into(),
        subjects: vec!["effect write".into()],
    };
    assert_eq!(bench.agent.session_rules().list(), [rule]);
    let about: Vec<String> = bench
        .journal()
        .into_iter()
        .filter(|line| line.contains("session"))
        .skip(1)
        .collect();
    assert_eq!(
        about,
        [
            r#"event session_rule {"id":1,"plugin":"test","tool":"asks","operation":"run","subjects":["effect write"]}"#,
            "decision c1 allow by approved when asked; session: rule 1 from now on",
            "decision c2 allow by session: rule 1",
        ]
    );

    let revoke = |id| Operation::RevokeRule { id };
    let cancel = tokio_util::sync::CancellationToken::new();
    bench.seen();
    let outcome = bench.agent.operate(revoke(2), &cancel).await;
    assert_eq!(
        outcome,
        Outcome::Failed {
            error: "there is no session rule 2".into()
        }
    );
    let outcome = bench.agent.operate(revoke(1), &cancel).await;
    assert_eq!(outcome, Outcome::Done { text: None });
    assert_eq!(
        bench.seen(),
        [
            r#"error {"error":"there is no session rule 2"}"#,
            r#"session_rules {"rules":[]}"#
        ]
    );
    assert_eq!(bench.agent.session_rules().list(), []);
    assert_eq!(
        bench.journal().last().unwrap(),
        r#"event session_rule_revoked {"id":1}"#
    );
}

/// Answers that come as operations, while the turn runs.
#[tokio::test]
async fn answers_from_outside() {
    let desk = Desk::default();
    let bench = Setup {
        approver: Arc::new(desk.clone()),
        ..Setup::new(vec![calls(&[("asks", "{}"), ("asks", "{}")]), says("ok")])
    }
    .build();
    let mut events = bench.events;
    let mut handle = bench.agent.spawn().attended(desk);
    let answer = |id: &str| Operation::ExecApproval {
        approvals: vec![ApprovalAnswer {
            tool_call_id: id.into(),
            approved: true,
            ..ApprovalAnswer::default()
        }],
    };
    let error = handle.submit(answer("c1")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "nothing is being asked that these answers are about"
    );
    let turn = handle
        .submit(Operation::UserInput { text: "go".into() })
        .unwrap();
    loop {
        let envelope = events.recv().await.unwrap();
        if let ml_intern_agent::Event::ApprovalRequired { .. } = envelope.event {
            break;
        }
    }
    while handle.submit(answer("c2")).is_err() {
        tokio::task::yield_now().await;
    }
    assert_eq!(
        turn.outcome().await,
        Outcome::Done {
            text: Some("ok".into())
        }
    );
    let agent = handle.shutdown().await.unwrap();
    let results: Vec<String> = agent
        .messages()
        .iter()
        .map(crate::bench::in_short)
        .collect();
    // The one that nobody answered is rejected.
    assert_eq!(
        results[3..5],
        ["asks rejected by the user", "asks a person"]
    );
}

/// A message that comes while somebody is asked is an answer of its own: the calls are abandoned, and it joins the turn.
#[tokio::test]
async fn going_on_instead_of_answering() {
    let desk = Desk::default();
    let bench = Setup {
        approver: Arc::new(desk.clone()),
        ..Setup::new(vec![calls(&[("asks", "{}"), ("echo", "{}")]), says("ok")])
    }
    .build();
    let mut events = bench.events;
    let mut handle = bench.agent.spawn().attended(desk.clone());
    let say = |text: &str| Operation::UserInput { text: text.into() };
    let first = handle.submit(say("go")).unwrap();
    loop {
        let envelope = events.recv().await.unwrap();
        if let ml_intern_agent::Event::ApprovalRequired { .. } = envelope.event {
            break;
        }
    }
    let second = handle.submit(say("leave that")).unwrap();
    assert_eq!(
        first.outcome().await,
        Outcome::Done {
            text: Some("ok".into())
        }
    );
    assert_eq!(
        second.outcome().await,
        Outcome::Done {
            text: Some("ok".into())
        }
    );
    assert!(desk.asks().is_empty());
    let agent = handle.shutdown().await.unwrap();
    let said: Vec<String> = agent
        .messages()
        .iter()
        .skip(1)
        .map(crate::bench::in_short)
        .collect();
    assert_eq!(
        said,
        [
            "user go",
            "assistant  [asks {}] [echo {}]",
            "asks not executed: the user continued without approving this call",
            "echo {}",
            "user leave that",
            "assistant ok",
        ]
    );
    let mut states = vec![];
    while let Ok(envelope) = events.try_recv() {
        if let ml_intern_agent::Event::ToolStateChange { state, .. } = envelope.event {
            states.push(state);
        }
    }
    assert_eq!(states, ["abandoned"]);
}
