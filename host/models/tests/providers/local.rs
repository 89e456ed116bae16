//! A real model, where one is there: `tests/local-model` starts one. Without `LLAMACPP_TEST_URL` nothing is tested, which
//! is said.

use std::sync::Arc;

use agent::{Message, Part, Probe, TurnRequest};
use egress::{Credentials, Egress, Exchange};
use ml_intern_models::{Providers, Settings};
use policy::Policy;

use crate::support::Watcher;

#[tokio::test]
async fn a_real_model_answers() {
    let Ok(url) = std::env::var("LLAMACPP_TEST_URL") else {
        println!(
            "skipped: LLAMACPP_TEST_URL is not set; tests/local-model starts a server and sets it"
        );
        return;
    };
    let settings =
        Settings::read(|name| (name == "LLAMACPP_BASE_URL").then(|| url.clone())).unwrap();
    let credentials = settings.credentials(Credentials::new()).unwrap();
    let egress = Egress::builder().credentials(credentials).build().unwrap();
    // Off line: a server on this machine is all that it lets be reached.
    let policy = Policy::parse(
        "offline.toml",
        include_str!("../../../../configs/policies/offline.toml"),
    )
    .unwrap();
    let observer = Arc::new(|exchange: &Exchange| {
        println!(
            "{} {}{} {:?}",
            exchange.method, exchange.origin, exchange.path, exchange.status
        );
    });
    let providers = Providers::new(settings, egress, Arc::new(policy), observer).unwrap();
    let model = providers.open("llamacpp/gemma-3-270m").unwrap();
    println!("{:?}", model.info().await);
    assert_eq!(model.probe(None).await, Ok(Probe::NoEffort));

    let messages = [Message::User {
        content: vec![Part::text("Count: one, two, three, four,")],
    }];
    let request = TurnRequest {
        messages: &messages,
        max_output_tokens: Some(32),
        ..TurnRequest::default()
    };
    let mut watcher = Watcher::default();
    let turn = model.turn(request, &mut watcher).await.unwrap();
    println!("{turn:?}");
    assert!(!turn.text.trim().is_empty());
    assert_eq!(turn.text, watcher.pieces.concat());
    assert!(watcher.pieces.len() > 1, "it is streamed");
}
