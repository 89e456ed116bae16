//! Names are looked up once, and what was checked is what is dialled.

use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use ml_intern_egress::{Egress, FixedResolver, Resolve};
use policy::{AddressScope, CallRequest, Effect, Policy};

use crate::support::{Call, Server, denied, egress, get, limits, need, ok};

/// Answers with the next of its answers each time, the last one for ever.
#[derive(Debug, Clone)]
struct Rebinding {
    answers: Arc<Mutex<Vec<IpAddr>>>,
    lookups: Arc<AtomicUsize>,
}

#[async_trait::async_trait]
impl Resolve for Rebinding {
    async fn resolve(&self, _name: &str) -> io::Result<Vec<IpAddr>> {
        self.lookups.fetch_add(1, Ordering::SeqCst);
        let mut answers = self.answers.lock().unwrap();
        Ok(vec![if answers.len() > 1 {
            answers.remove(0)
        } else {
            answers[0]
        }])
    }
}

fn rebinding(answers: &[&str]) -> (Egress, Arc<AtomicUsize>) {
    let resolver = Rebinding {
        answers: Arc::new(Mutex::new(
            answers
                .iter()
                .map(|answer| answer.parse().unwrap())
                .collect(),
        )),
        lookups: Arc::default(),
    };
    let lookups = Arc::clone(&resolver.lookups);
    (
        Egress::builder().resolver(resolver).build().unwrap(),
        lookups,
    )
}

#[tokio::test]
async fn the_dial_is_pinned_to_the_checked_address() {
    // The server closes after each answer, so that each request dials.
    let server =
        Server::raw("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok").await;
    let origin = server.named("rebind.test");
    let (egress, lookups) = rebinding(&["127.0.0.1", "10.0.0.1", "127.0.0.1"]);
    let call = Call::to(&egress, &origin);

    assert_eq!(call.text(get(&origin)).await.unwrap(), (200, "ok".into()));
    assert_eq!(lookups.load(Ordering::SeqCst), 1);
    assert_eq!(call.records()[0].address, Some(server.address));

    assert_eq!(
        call.denial(get(&origin)).await,
        denied(
            &format!("http GET {origin}/ at 10.0.0.1 (private use)"),
            "egress: addresses",
            "set `addresses = \"private\"` on the rule that allows this request, instead of \"loopback\"",
        )
    );
    assert_eq!(lookups.load(Ordering::SeqCst), 2);
    assert_eq!(call.text(get(&origin)).await.unwrap(), (200, "ok".into()));
}

#[tokio::test]
async fn a_kept_connection_stays_with_its_address_and_scope() {
    let server = Server::http(|_| ok("ok")).await;
    let origin = server.named("rebind.test");
    let (egress, lookups) = rebinding(&["127.0.0.1"]);
    let call = Call::to(&egress, &origin);
    for _ in 0..3 {
        assert_eq!(call.text(get(&origin)).await.unwrap(), (200, "ok".into()));
    }
    assert_eq!(
        (lookups.load(Ordering::SeqCst), server.connections()),
        (1, 1)
    );
    // A call that could not have dialled it cannot use it either.
    let public = Call::new(
        &egress,
        &[need(&origin, None)],
        AddressScope::Public,
        limits(),
    );
    assert_eq!(public.denial(get(&origin)).await.rule, "egress: addresses");
    assert_eq!(lookups.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_lookup_is_a_permission_of_its_own() {
    let server = Server::http(|_| ok("ok")).await;
    let origin = server.named("name.test");
    let granted = |rule: &str| {
        let text = format!(
            r#"
version = 1
name = "test"

[limits]
memory = "1 MiB"
fuel = 1
deadline = "1 min"
output = "1 MiB"
open-files = 1
host-calls = 1
disk = "1 MiB"
network = "1 MiB"
requests = 10

[[rule]]
name = "look"
decision = "allow"
tools = "all"
effects = ["observe"]

[[rule]]
name = "the service"
decision = "allow"
tools = "all"
http = {{ origins = ["{origin}"], methods = ["GET"], paths = "all", addresses = "loopback" }}
{rule}
"#
        );
        let request = CallRequest {
            plugin: "p".to_owned(),
            tool: "t".to_owned(),
            operation: "o".to_owned(),
            effects: vec![Effect::Observe],
            needs: vec![need(&origin, None)],
            configured: Vec::new(),
            limits: limits(),
        };
        Policy::parse("test.toml", &text)
            .unwrap()
            .decide(&request)
            .grant
    };
    let (egress, lookups) = rebinding(&["127.0.0.1"]);
    let without = Call::granted(&egress, granted(""));
    let decision = without.denial(get(&origin)).await;
    assert_eq!(
        (decision.subject.as_str(), decision.rule.as_str()),
        ("dns name.test", "test: no rule")
    );
    assert_eq!(
        (lookups.load(Ordering::SeqCst), server.connections()),
        (0, 0)
    );

    let rule = r#"
[[rule]]
name = "its name"
decision = "allow"
tools = "all"
dns = ["name.test"]
"#;
    let with = Call::granted(&egress, granted(rule));
    assert_eq!(with.text(get(&origin)).await.unwrap(), (200, "ok".into()));
}

#[tokio::test]
async fn names_without_addresses() {
    let call = Call::to(&egress(FixedResolver::new()), "http://no.test:80");
    assert_eq!(
        call.text(get("http://no.test/"))
            .await
            .unwrap_err()
            .to_string(),
        "http://no.test:80: cannot find the address of `no.test`: no such name in the fixed table"
    );
    let call = Call::to(
        &egress(FixedResolver::new().with("no.test", &[])),
        "http://no.test:80",
    );
    assert_eq!(
        call.text(get("http://no.test/"))
            .await
            .unwrap_err()
            .to_string(),
        "http://no.test:80: cannot find the address of `no.test`: it has none"
    );
}

#[tokio::test]
async fn the_next_address_is_tried_where_nobody_answers() {
    let server = Server::http(|_| ok("ok")).await;
    let origin = server.named("two.test");
    // Nobody listens on ::1 at the port that was given out for 127.0.0.1, whether or not the machine has IPv6.
    let names = FixedResolver::new()
        .with("two.test", &["::1".parse().unwrap(), server.address.ip()])
        .with("one.test", &["::1".parse().unwrap()]);
    let egress = egress(names);
    assert_eq!(
        Call::to(&egress, &origin).text(get(&origin)).await.unwrap(),
        (200, "ok".into())
    );
    let origin = server.named("one.test");
    let message = Call::to(&egress, &origin)
        .text(get(&origin))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        message.starts_with(&format!(
            "{origin}: cannot connect to [::1]:{}: ",
            server.address.port()
        )),
        "{message}"
    );
}

#[tokio::test]
async fn the_system_resolver_knows_this_machine() {
    let found = ml_intern_egress::SystemResolver
        .resolve("localhost")
        .await
        .unwrap();
    assert!(
        !found.is_empty() && found.iter().all(IpAddr::is_loopback),
        "{found:?}"
    );
}
