//! What the services are sent, and what their answers mean.

use std::time::{SystemTime, UNIX_EPOCH};

use journal::Digest;
use ml_intern_gateways::{About, Destination, Message, Provider, Receipt, Severity, turn_complete};
use ml_intern_tests::server::Answer;
use serde_json::json;

use crate::desk::{Desk, HOOK, SECRET, SLACK, START, TOKEN, message, ok, refused, status};

fn sent() -> Result<Receipt, String> {
    Ok(Receipt::Sent {
        external_id: Some("1769860800.000100".to_owned()),
    })
}

fn queued(why: &str) -> Result<Receipt, String> {
    Ok(Receipt::Queued {
        why: why.to_owned(),
    })
}

#[tokio::test]
async fn slack_is_sent_what_it_expects() {
    let desk = Desk::new().await;
    desk.server.at(SLACK, vec![ok()]);
    let plain = desk.slack("ops", "C1");
    let mut named = desk.slack("named", "C2");
    if let Provider::Slack(slack) = &mut named.provider {
        slack.username = Some("ML Intern".to_owned());
        slack.icon_emoji = Some(":robot_face:".to_owned());
    }
    let gateways = desk.open_with(
        vec![plain, named],
        crate::desk::INTERACTIVE,
        journal::Redactor::none(),
    );
    let told = Message {
        title: Some("Run **7**".to_owned()),
        text: "# Result\nSee [the plot](https://x.example/p.png) & `a < b`.".to_owned(),
        severity: Severity::Success,
        metadata: vec![("session_id".to_owned(), "s1".to_owned())],
        event_type: None,
    };
    let text = "[SUCCESS] Run *7*\n*Result*\nSee <https://x.example/p.png|the plot> &amp; `a < b`.\nsession_id: s1";
    for name in ["ops", "named"] {
        let receipt = gateways.send(name, told.clone()).await;
        assert_eq!(receipt.map_err(|error| error.to_string()), sent());
    }
    let asked = desk.server.asked();
    let bodies = [
        json!({"channel": "C1", "text": text, "mrkdwn": true, "unfurl_links": false, "unfurl_media": false}),
        json!({"channel": "C2", "text": text, "mrkdwn": true, "unfurl_links": false, "unfurl_media": false,
               "username": "ML Intern", "icon_emoji": ":robot_face:"}),
    ];
    assert_eq!(asked.len(), 2);
    for (asked, body) in asked.iter().zip(bodies) {
        assert_eq!(asked.line, SLACK);
        assert_eq!(asked.body, body);
        assert_eq!(asked.headers["authorization"], format!("Bearer {TOKEN}"));
        assert_eq!(
            asked.headers["content-type"],
            "application/json; charset=utf-8"
        );
    }
    let exchanges = desk.exchanges.lock().unwrap();
    let credentials: Vec<_> = exchanges
        .iter()
        .map(|one| one.credential.as_deref())
        .collect();
    assert_eq!(credentials, [Some("gateways/ops"), Some("gateways/named")]);
    assert_eq!(gateways.waiting().unwrap(), 0);
}

#[tokio::test]
async fn what_slacks_answers_mean() {
    let text = |status: u16, body: &str| Answer::Whole(status, vec![], body.as_bytes().to_vec());
    type Row = (Vec<Answer>, Vec<u64>, Result<Receipt, String>);
    let failed = |why: &str| Err(why.to_owned());
    let table: Vec<Row> = vec![
        (vec![ok()], vec![], sent()),
        // ---- it may arrive later
        (
            vec![status(429, &[("retry-after", "3")]), ok()],
            vec![3000],
            sent(),
        ),
        (vec![status(429, &[]), ok()], vec![1000], sent()),
        (
            vec![status(500, &[]), status(502, &[]), status(599, &[]), ok()],
            vec![1000, 2000, 4000],
            sent(),
        ),
        (vec![refused("ratelimited"), ok()], vec![1000], sent()),
        (vec![text(200, "<html>"), ok()], vec![1000], sent()),
        (vec![text(200, "{\"fine\":true}"), ok()], vec![1000], sent()),
        (vec![Answer::Hang, ok()], vec![1000], sent()),
        (
            vec![text(503, "down\r\nfor now")],
            vec![1000, 2000, 4000],
            queued("answered 503 Service Unavailable: down for now"),
        ),
        (
            vec![refused("ratelimited")],
            vec![1000, 2000, 4000],
            queued("ratelimited"),
        ),
        // ---- a wait that is longer than anybody waits: it is tried again from the queue
        (
            vec![status(429, &[("retry-after", "61")]), ok()],
            vec![],
            queued("answered 429 Too Many Requests"),
        ),
        (
            vec![status(429, &[("retry-after", "60")]), ok()],
            vec![60_000],
            sent(),
        ),
        (
            vec![
                status(429, &[("retry-after", "40")]),
                status(429, &[("retry-after", "21")]),
                ok(),
            ],
            vec![40_000],
            queued("answered 429 Too Many Requests"),
        ),
        // ---- it would not arrive later either
        (
            vec![refused("channel_not_found")],
            vec![],
            failed(
                "channel_not_found: expected the id of a channel, such as C0123456789, that the bot is in",
            ),
        ),
        (
            vec![refused("msg_too_long")],
            vec![],
            failed("msg_too_long"),
        ),
        (
            vec![text(200, "{\"ok\":false}")],
            vec![],
            failed("no reason given"),
        ),
        (
            vec![text(403, "no")],
            vec![],
            failed("answered 403 Forbidden: no"),
        ),
        (
            vec![status(302, &[("location", "/elsewhere")])],
            vec![],
            failed("answered 302 Found"),
        ),
    ];
    for (answers, waits, expected) in table {
        let desk = Desk::new().await;
        let shown = format!("{answers:?}");
        let attempts = waits.len() + 1;
        desk.server.at(SLACK, answers);
        let gateways = desk.open();
        let receipt = gateways.send("ops", message("hello")).await;
        assert_eq!(
            receipt.map_err(|error| error.to_string()),
            expected,
            "{shown}"
        );
        assert_eq!(desk.clock.waited(), waits, "{shown}");
        assert_eq!(desk.server.asked().len(), attempts, "{shown}");
        let waiting = matches!(expected, Ok(Receipt::Queued { .. }));
        assert_eq!(gateways.waiting().unwrap(), usize::from(waiting), "{shown}");
        let kept: Vec<_> = expected.err().into_iter().collect();
        let failed: Vec<_> = desk.failed().into_iter().map(|(_, why)| why).collect();
        assert_eq!(failed, kept, "{shown}");
    }
}

#[tokio::test]
async fn a_service_that_says_nothing_is_not_waited_for() {
    let desk = Desk::new().await;
    desk.server
        .at(SLACK, vec![Answer::Stall(b"{".to_vec()), ok()]);
    let gateways = desk.open();
    let (receipt, ()) = tokio::join!(gateways.send("ops", message("hello")), async {
        desk.server.stalled().await;
        desk.clock.pass(10_000);
    });
    assert_eq!(receipt.map_err(|error| error.to_string()), sent());
    assert_eq!(desk.clock.waited(), [1000]);
    assert_eq!(desk.server.asked().len(), 2);
}

/// HMAC-SHA256 as RFC 2104 §2 writes it, on another implementation of SHA-256's interface than the crate's own.
fn hmac(key: &[u8], text: &[u8]) -> Digest {
    assert!(key.len() <= 64);
    let pad = |byte: u8| {
        let mut block = [byte; 64];
        for (one, key) in block.iter_mut().zip(key) {
            *one ^= key;
        }
        block.to_vec()
    };
    let inner = Digest::of(&[pad(0x36), text.to_vec()].concat());
    Digest::of(&[pad(0x5c), inner.as_bytes().to_vec()].concat())
}

#[tokio::test]
async fn a_webhook_is_sent_signed_json() {
    let desk = Desk::new().await;
    desk.server
        .at(HOOK, vec![status(503, &[]), status(204, &[])]);
    let gateways = desk.open();
    let about = About {
        session_id: "s1",
        model: "a/b",
    };
    let receipt = gateways
        .send("hook", turn_complete("**é** done", about))
        .await;
    assert_eq!(
        receipt.map_err(|error| error.to_string()),
        Ok(Receipt::Sent { external_id: None })
    );
    let asked = desk.server.asked();
    assert_eq!(asked.len(), 2);
    let id = asked[0].headers["x-ml-intern-delivery"].clone();
    assert_eq!(id.len(), 30);
    for (attempt, asked) in asked.iter().enumerate() {
        assert_eq!(
            asked.body,
            json!({
                "id": id, "created_at": "2026-01-31T12:00:00.000Z", "destination": "hook", "severity": "success",
                "title": "Agent task complete", "message": "**é** done",
                "metadata": {"session_id": "s1", "model": "a/b", "event_type": "turn_complete"},
                "event_type": "turn_complete",
            })
        );
        assert_eq!(
            asked.headers["x-ml-intern-delivery"], id,
            "the same each time"
        );
        // The second attempt is a second later.
        let seconds = START + attempt as u64;
        let signed = [format!("{seconds}.").as_bytes(), &asked.bytes].concat();
        let digest = hmac(SECRET.as_bytes(), &signed).to_string();
        let hex = digest.trim_start_matches("sha256:");
        assert_eq!(
            asked.headers["x-ml-intern-signature"],
            format!("t={seconds},v1={hex}")
        );
        assert!(!asked.headers.contains_key("authorization"));
        assert!(asked.headers.values().all(|value| !value.contains(SECRET)));
    }
}

#[tokio::test]
async fn what_a_webhooks_answers_mean() {
    let table = [
        (
            vec![status(200, &[])],
            vec![],
            Ok(Receipt::Sent { external_id: None }),
        ),
        (
            vec![Answer::Whole(202, vec![], b"ok?".to_vec())],
            vec![],
            Ok(Receipt::Sent { external_id: None }),
        ),
        (
            vec![
                status(429, &[("retry-after", "Sat, 31 Jan 2026 12:00:07 GMT")]),
                status(200, &[]),
            ],
            vec![7000],
            Ok(Receipt::Sent { external_id: None }),
        ),
        (
            vec![status(400, &[])],
            vec![],
            Err("answered 400 Bad Request".to_owned()),
        ),
        (
            vec![status(308, &[("location", "/other")])],
            vec![],
            Err("answered 308 Permanent Redirect".to_owned()),
        ),
    ];
    for (answers, waits, expected) in table {
        let desk = Desk::new().await;
        desk.server.at(HOOK, answers);
        let receipt = desk.open().send("hook", message("hello")).await;
        assert_eq!(receipt.map_err(|error| error.to_string()), expected);
        assert_eq!(desk.clock.waited(), waits);
    }
}

#[test]
fn the_machines_clock_is_the_machines() {
    use ml_intern_gateways::{RealTime, Time as _};
    let time = RealTime::new();
    let before = SystemTime::now();
    let date = time.date();
    assert!(date >= before && date <= SystemTime::now());
    assert!(date > UNIX_EPOCH && time.now() <= time.now());
}

/// Destinations tell their provider's name, which is what results carry.
#[tokio::test]
async fn providers_have_names() {
    let desk = Desk::new().await;
    let names = |destinations: &[Destination]| -> Vec<&'static str> {
        destinations.iter().map(Destination::provider).collect()
    };
    assert_eq!(
        names(&[desk.slack("a", "C"), desk.hook()]),
        ["slack", "webhook"]
    );
}
