//! Who may send what: the policy, the configuration, and secrets.

use journal::{Redactor, Secret};
use ml_intern_gateways::{About, Receipt, SendError, approval_required, error, turn_complete};

use crate::desk::{CI, Desk, INTERACTIVE, OFFLINE, SLACK, TOKEN, message, ok};

const RULES: &str = r#"
[[rule]]
name = "own work"
decision = "allow"
tools = ["host/gateways"]
effects = ["notify"]

[[rule]]
name = "destinations"
decision = "allow"
tools = ["host/gateways"]
http = { origins = "configured", methods = ["POST"], paths = "all", addresses = "private" }
"#;

/// The profile without its rows about gateways, which these rules contradict on purpose.
fn ci_with(rules: &str) -> String {
    let rows: Vec<&str> = CI
        .split("[[expect]]")
        .filter(|row| !row.contains("call = \"host/gateways/send\""))
        .collect();
    format!("{}{rules}", rows.join("[[expect]]"))
}

#[tokio::test]
async fn the_policy_decides() {
    let desk = Desk::new().await;
    desk.server.at(SLACK, vec![ok()]);
    let open = |policy: &str| {
        let destinations = vec![desk.slack("ops", "C1")];
        desk.open_with(destinations, policy, Redactor::none())
    };
    let gateways = open(CI);
    let refused = gateways.send("ops", message("x")).await.unwrap_err();
    let origin = &desk.server.origin;
    assert_eq!(
        refused.to_string(),
        format!(
            "effect notify is denied by ci: no rule: add to test.toml: [[rule]] with a name, decision = \"allow\", tools = \
             [\"host/gateways/send\"], effects = [\"notify\"]; and add to test.toml: [[rule]] with a name, decision = \
             \"allow\", tools = [\"host/gateways/send\"], http = {{ origins = [\"{origin}\"], methods = [\"POST\"], paths = \
             [\"/api/chat.postMessage\"] }}"
        )
    );
    assert!(matches!(
        gateways.enqueue("ops", message("x")),
        Err(SendError::Denied(_))
    ));
    let offline = open(OFFLINE);
    let refused = offline.send("ops", message("x")).await.unwrap_err();
    assert!(
        refused
            .to_string()
            .starts_with("effect notify is denied by offline: no rule: add to test.toml: ")
    );
    assert_eq!(gateways.waiting().unwrap(), 0, "nothing is kept");

    // A session that may send leaves its message; one that may not does not touch it.
    open(INTERACTIVE).enqueue("ops", message("kept")).unwrap();
    assert_eq!(gateways.deliver_due().await.unwrap(), None);
    assert_eq!(desk.server.asked().len(), 0);
    assert_eq!(gateways.waiting().unwrap(), 1);

    let gateways = open(&ci_with(RULES));
    assert_eq!(gateways.deliver_due().await.unwrap(), None);
    let receipt = gateways.send("ops", message("sent")).await.unwrap();
    assert!(matches!(receipt, Receipt::Sent { .. }));
    assert_eq!(desk.texts(), ["[INFO]\nkept", "[INFO]\nsent"]);
}

#[tokio::test]
async fn known_secrets_do_not_leave() {
    let desk = Desk::new().await;
    desk.server.at(SLACK, vec![ok()]);
    let open = |redactor| desk.open_with(vec![desk.slack("ops", "C1")], INTERACTIVE, redactor);
    let told = message(&format!("the token is {TOKEN}"));

    // Covered where somebody knows them, before they are written.
    let secret = Secret {
        name: "SLACK".to_owned(),
        value: TOKEN.to_owned(),
    };
    let gateways = open(Redactor::new([secret]).unwrap());
    gateways.send("ops", told.clone()).await.unwrap();
    assert_eq!(desk.texts(), ["[INFO]\nthe token is [secret:SLACK]"]);

    // And stopped by egress in any case.
    let refused = open(Redactor::none()).send("ops", told).await.unwrap_err();
    let words = refused.to_string();
    assert!(matches!(refused, SendError::Denied(_)), "{words}");
    assert!(
        words.contains("with the secret `gateways/ops` in the body"),
        "{words}"
    );
    assert!(!words.contains(TOKEN));
    assert_eq!(desk.server.asked().len(), 1);
}

#[tokio::test]
async fn who_may_be_told_what() {
    let desk = Desk::new().await;
    desk.server.at(SLACK, vec![ok()]);
    let with = |name: &str, agent: bool, auto: bool| {
        let mut destination = desk.slack(name, name);
        destination.allow_agent_tool = agent;
        destination.allow_auto_events = auto;
        destination
    };
    let destinations = vec![
        with("both", true, true),
        with("agent", true, false),
        with("auto", false, true),
    ];
    let gateways = desk.open_with(destinations, INTERACTIVE, Redactor::none());

    let long = "x".repeat(39_001);
    let table = [
        ("both", "hi", ""),
        ("agent", "hi", ""),
        (
            "auto",
            "hi",
            "notify auto is denied by configuration: messaging.destinations.auto.allow_agent_tool: set \
             `messaging.destinations.auto.allow_agent_tool` to true",
        ),
        (
            "else",
            "hi",
            "there is no destination `else`; there are `both`, `agent`",
        ),
        ("both", " ", "the message is blank"),
        (
            "both",
            &long,
            "the message has 39001 characters; 39000 at most",
        ),
    ];
    for (name, text, problem) in table {
        let result = gateways.send_for_agent(name, message(text)).await;
        let found = result
            .err()
            .map_or_else(String::new, |error| error.to_string());
        assert_eq!(found, problem, "{name}");
    }
    assert_eq!(desk.server.asked().len(), 2);

    // Events go where they are wanted, and only those that the user chose.
    let about = About {
        session_id: "s",
        model: "m",
    };
    let events = [
        error("it broke", about),
        turn_complete("done", about),
        approval_required(1, &["bash".to_owned()], about),
        message("no event"),
    ];
    for event in &events {
        assert!(gateways.announce(event).is_empty());
    }
    gateways.deliver_due().await.unwrap();
    let asked = desk.server.asked();
    let mut told: Vec<(&str, &str)> = asked[2..]
        .iter()
        .map(|asked| {
            let text = asked.body["text"].as_str().unwrap();
            let title = text.lines().next().unwrap();
            (asked.body["channel"].as_str().unwrap(), title)
        })
        .collect();
    told.sort_unstable();
    assert_eq!(
        told,
        [
            ("auto", "[ERROR] Agent error"),
            ("auto", "[SUCCESS] Agent task complete"),
            ("both", "[ERROR] Agent error"),
            ("both", "[SUCCESS] Agent task complete"),
        ]
    );
}
