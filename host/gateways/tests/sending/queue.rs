//! What stays on disk, and who takes it from there.

use std::time::Duration;

use ml_intern_gateways::Receipt;
use ml_intern_tests::server::Answer;
use serde_json::json;

use crate::desk::{Desk, HOOK, INTERACTIVE, SLACK, TOKEN, message, ok, refused, status};

fn minutes(minutes: u64) -> Option<Duration> {
    Some(Duration::from_secs(minutes * 60))
}

#[tokio::test]
async fn what_did_not_arrive_is_sent_by_the_next_session() {
    let desk = Desk::new().await;
    desk.server.at(HOOK, vec![status(503, &[])]);
    {
        let gateways = desk.open();
        let receipt = gateways.send("hook", message("first")).await.unwrap();
        let why = "answered 503 Service Unavailable".to_owned();
        assert_eq!(receipt, Receipt::Queued { why });
        gateways.enqueue("hook", message("second")).unwrap();
    }
    // One never had an attempt; the other waits for its minute.
    desk.server.at(HOOK, vec![status(200, &[])]);
    let gateways = desk.open();
    assert_eq!(gateways.waiting().unwrap(), 2);
    assert_eq!(gateways.deliver_due().await.unwrap(), minutes(1));
    assert_eq!(desk.texts(), ["first", "first", "first", "first", "second"]);
    desk.clock.advance(59);
    assert_eq!(
        gateways.deliver_due().await.unwrap(),
        Some(Duration::from_secs(1))
    );
    desk.clock.advance(1);
    assert_eq!(gateways.deliver_due().await.unwrap(), None);
    assert_eq!(gateways.waiting().unwrap(), 0);
    let asked = desk.server.asked();
    assert_eq!(desk.texts()[5..], ["first"]);
    assert_eq!(asked[5].body["id"], asked[0].body["id"], "the same message");
    assert_ne!(asked[4].body["id"], asked[0].body["id"]);
    let arrived = json!({"destination": "hook", "ok": true, "provider": "webhook"});
    assert_eq!(desk.reported(), [arrived.clone(), arrived]);
}

#[tokio::test]
async fn pauses_grow_and_end_with_a_record() {
    let desk = Desk::new().await;
    desk.server.at(SLACK, vec![status(500, &[])]);
    let gateways = desk.open();
    gateways.enqueue("ops", message("never")).unwrap();
    let mut pauses = Vec::new();
    while let Some(pause) = gateways.deliver_due().await.unwrap() {
        pauses.push(pause.as_secs() / 60);
        desk.clock.advance(pause.as_secs());
    }
    // An hour each, from the seventh on: a day is over before there are thirty.
    assert_eq!(pauses[..8], [1, 2, 4, 8, 16, 32, 60, 60]);
    assert!(pauses.len() < 30, "{pauses:?}");
    let why = "not delivered within 24 hours: answered 500 Internal Server Error".to_owned();
    assert_eq!(desk.failed(), [("never".to_owned(), why.clone())]);
    assert_eq!(
        desk.reported(),
        [json!({"destination": "ops", "ok": false, "provider": "slack", "error": why})]
    );
    assert_eq!(gateways.waiting().unwrap(), 0);
}

#[tokio::test]
async fn a_clock_that_was_set_back_holds_up_nothing() {
    let desk = Desk::new().await;
    let month = 30 * 24 * 3600;
    desk.clock.advance(month);
    desk.server.at(SLACK, vec![status(500, &[])]);
    let gateways = desk.open();
    gateways.enqueue("ops", message("x")).unwrap();
    assert_eq!(gateways.deliver_due().await.unwrap(), minutes(1));
    desk.server.at(SLACK, vec![ok()]);
    desk.clock.set_back(month);
    assert_eq!(gateways.deliver_due().await.unwrap(), None);
    assert_eq!(gateways.waiting().unwrap(), 0);
}

#[tokio::test]
async fn too_many_rounds_end_with_a_record_too() {
    let desk = Desk::new().await;
    desk.server.at(SLACK, vec![status(500, &[])]);
    let gateways = desk.open();
    gateways.enqueue("ops", message("never")).unwrap();
    let path = std::fs::read_dir(desk.spool())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some())
        .unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("\"rounds\":0", "\"rounds\":28")).unwrap();
    assert_eq!(gateways.deliver_due().await.unwrap(), minutes(60));
    desk.clock.advance(3600);
    assert_eq!(gateways.deliver_due().await.unwrap(), None);
    let why = "not delivered in 30 rounds: answered 500 Internal Server Error".to_owned();
    assert_eq!(desk.failed(), [("never".to_owned(), why)]);
}

#[tokio::test]
async fn one_that_fails_does_not_hold_up_another_destination() {
    let desk = Desk::new().await;
    desk.server.at(SLACK, vec![status(500, &[])]);
    desk.server.at(HOOK, vec![status(200, &[])]);
    let gateways = desk.open();
    for text in ["a", "b"] {
        gateways.enqueue("ops", message(text)).unwrap();
        gateways.enqueue("hook", message(text)).unwrap();
        desk.clock.advance(1);
    }
    assert_eq!(gateways.deliver_due().await.unwrap(), minutes(1));
    let asked = desk.server.asked();
    let to = |line: &str| asked.iter().filter(|asked| asked.line == line).count();
    // Where one did not arrive, the next would not either.
    assert_eq!((to(SLACK), to(HOOK)), (4, 2));

    // One that can never arrive is passed over.
    desk.server.at(SLACK, vec![refused("msg_too_long"), ok()]);
    desk.clock.advance(60);
    assert_eq!(gateways.deliver_due().await.unwrap(), None);
    assert_eq!(desk.failed(), [("a".to_owned(), "msg_too_long".to_owned())]);
    assert_eq!(gateways.waiting().unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_share_a_queue() {
    let desk = Desk::new().await;
    desk.server.at(SLACK, vec![ok()]);
    let (one, two) = (desk.open(), desk.open());
    let mut texts = Vec::new();
    for index in 0..20 {
        let text = format!("message {index:02}");
        one.enqueue("ops", message(&text)).unwrap();
        texts.push(format!("[INFO]\n{text}"));
    }
    // Whoever finds one taken looks again later.
    while one.waiting().unwrap() > 0 {
        let (first, second) = tokio::join!(one.deliver_due(), two.deliver_due());
        first.unwrap();
        second.unwrap();
    }
    let mut came = desk.texts();
    came.sort();
    assert_eq!(came, texts);
    assert_eq!(desk.reported().len(), 20);
}

#[tokio::test]
async fn what_one_sends_no_other_sends() {
    let desk = Desk::new().await;
    desk.server
        .at(SLACK, vec![Answer::Stall(b"{".to_vec()), ok()]);
    let (one, two) = (desk.open(), desk.open());
    let (receipt, ()) = tokio::join!(one.send("ops", message("x")), async {
        desk.server.stalled().await;
        assert_eq!(two.waiting().unwrap(), 1);
        assert_eq!(two.deliver_due().await.unwrap(), minutes(1), "it is taken");
        assert_eq!(desk.server.asked().len(), 1);
        desk.clock.pass(10_000);
    });
    assert!(matches!(receipt.unwrap(), Receipt::Sent { .. }));
    assert_eq!(two.deliver_due().await.unwrap(), None);
    assert_eq!(desk.server.asked().len(), 2);
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_its_message() {
    let desk = Desk::new().await;
    desk.server
        .at(SLACK, vec![Answer::Stall(b"{".to_vec()), ok()]);
    let gateways = desk.open();
    tokio::select! {
        _ = gateways.send("ops", message("x")) => panic!("it cannot be over"),
        () = desk.server.stalled() => {}
    }
    assert_eq!(gateways.deliver_due().await.unwrap(), None);
    assert_eq!(desk.texts(), ["[INFO]\nx", "[INFO]\nx"]);
    assert_eq!(gateways.waiting().unwrap(), 0);
}

#[tokio::test]
async fn a_worker_delivers_what_is_enqueued() {
    let desk = Desk::new().await;
    desk.server.at(SLACK, vec![ok()]);
    let gateways = desk.open();
    let written = async {
        for text in ["a", "b"] {
            gateways.enqueue("ops", message(text)).unwrap();
            while gateways.waiting().unwrap() > 0 {
                tokio::task::yield_now().await;
            }
        }
    };
    tokio::select! {
        error = gateways.work() => panic!("{error}"),
        () = written => {}
    }
    assert_eq!(desk.texts(), ["[INFO]\na", "[INFO]\nb"]);
}

#[tokio::test]
async fn a_flush_delivers_what_is_due_and_ends() {
    let desk = Desk::new().await;
    desk.server.at(SLACK, vec![ok()]);
    let gateways = desk.open();
    gateways.enqueue("ops", message("a")).unwrap();
    let bound = Duration::from_secs(30);
    assert_eq!(gateways.flush(bound).await.unwrap(), 0);
    assert_eq!(desk.texts(), ["[INFO]\na"]);

    desk.server.at(SLACK, vec![Answer::Stall(b"{".to_vec())]);
    gateways.enqueue("ops", message("b")).unwrap();
    let (left, ()) = tokio::join!(gateways.flush(bound), async {
        desk.server.stalled().await;
        desk.clock.pass(30_000);
    });
    assert_eq!(left.unwrap(), 1);
}

#[tokio::test]
async fn a_name_that_leads_elsewhere_is_not_where_it_goes() {
    let desk = Desk::new().await;
    desk.server.at(SLACK, vec![ok()]);
    let open = |channel: &str| {
        let destinations = vec![desk.slack("ops", channel)];
        desk.open_with(destinations, INTERACTIVE, journal::Redactor::none())
    };
    open("C1").enqueue("ops", message("for C1")).unwrap();
    assert_eq!(open("C2").deliver_due().await.unwrap(), None);
    assert_eq!(desk.server.asked().len(), 0);
    assert_eq!(open("C1").deliver_due().await.unwrap(), None);
    assert_eq!(desk.server.asked()[0].body["channel"], "C1");

    // Nobody may ever come for it.
    open("C1").enqueue("ops", message("for C1")).unwrap();
    desk.clock.advance(24 * 3600);
    assert_eq!(open("C2").deliver_due().await.unwrap(), None);
    assert_eq!(open("C2").waiting().unwrap(), 1);
    desk.clock.advance(1);
    assert_eq!(open("C2").deliver_due().await.unwrap(), None);
    let why = "not delivered within 24 hours".to_owned();
    assert_eq!(desk.failed(), [("for C1".to_owned(), why)]);
}

#[tokio::test]
async fn no_file_has_a_token() {
    let desk = Desk::new().await;
    desk.server.at(SLACK, vec![status(500, &[])]);
    let gateways = desk.open();
    gateways.enqueue("ops", message("x")).unwrap();
    gateways.deliver_due().await.unwrap();
    for entry in std::fs::read_dir(desk.spool()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let text = std::fs::read_to_string(path).unwrap();
            assert!(text.contains("\"x\"") && !text.contains(TOKEN), "{text}");
        }
    }
}
