//! A public origin that is served elsewhere keeps its public name wherever something is decided.

use bytes::Bytes;
use http::Response;
use ml_intern_egress::{Credentials, Egress, FixedResolver};
use policy::{AddressScope, Need};

use crate::support::{Call, Server, denied, echo, get, limits, need, ok};

const HUB: &str = "https://hub.example:443";
const SECRET: &str = "hf_AbCdEfGhIjKl";

fn hub() -> Credentials {
    Credentials::new()
        .bearer("hub", SECRET, [HUB.parse().unwrap()])
        .unwrap()
}

/// Knows no name but `corp.test`; the hub is served at `at`.
fn egress(at: &str) -> Egress {
    Egress::builder()
        .resolver(FixedResolver::new().with("corp.test", &["10.0.0.1".parse().unwrap()]))
        .credentials(hub())
        .endpoint(HUB.parse().unwrap(), at.parse().unwrap())
        .build()
        .unwrap()
}

/// A call whose needs reach public addresses alone.
fn public(egress: &Egress, needs: &[Need]) -> Call {
    Call::new(egress, needs, AddressScope::Public, limits())
}

/// What the server should see of a GET.
fn seen(path: &str, host: &str, credential: &str) -> String {
    let agent = env!("CARGO_PKG_VERSION");
    format!(
        "GET {path}\naccept-encoding: identity\nuser-agent: ml-intern/{agent}\nhost: {host}\n{credential}"
    )
}

#[tokio::test]
async fn dialled_at_the_endpoint_and_decided_about_under_the_public_name() {
    let server = Server::http(|request| ok(echo(&request))).await;
    let host = server.address.to_string();
    let authorization = "authorization: Bearer ***************\n";
    let table = [
        // endpoint's path, request's path, path that arrives
        ("", "/api/x?q=1", "/api/x?q=1"),
        ("/", "/api/x", "/api/x"),
        ("/_/hub", "", "/_/hub/"),
        ("/_/hub/", "/api/x?q=1", "/_/hub/api/x?q=1"),
    ];
    for (prefix, path, arrives) in table {
        let egress = egress(&format!("{}{prefix}", server.origin()));
        let call = public(&egress, &[need(HUB, Some("hub"))]);
        assert_eq!(
            call.text(get(format!("https://hub.example{path}")))
                .await
                .unwrap(),
            (200, seen(arrives, &host, authorization)),
            "{prefix} {path}"
        );
        let record = &call.records()[0];
        assert_eq!(record.origin, HUB);
        assert_eq!(record.credential.as_deref(), Some("hub"));
        assert_eq!(record.address, Some(server.address));
    }
    let egress = egress(&format!("{}/_/hub/", server.origin()));
    let call = public(&egress, &[need(HUB, None)]);
    call.text(get("https://hub.example/api/x?q=1"))
        .await
        .unwrap();
    assert_eq!(
        call.records()[0].capability(),
        format!("http GET {HUB}/api/x?… (at http://{host}/_/hub)")
    );
    // Another origin goes its own way.
    let call = Call::to(&egress, &server.origin());
    assert_eq!(
        call.text(get(format!("http://{host}/api/x")))
            .await
            .unwrap()
            .1,
        seen("/api/x", &host, "")
    );
    assert_eq!(
        call.records()[0].capability(),
        format!("http GET http://{host}/api/x")
    );
}

#[tokio::test]
async fn nothing_else_on_this_machine_comes_into_reach() {
    let (at, other) = (
        Server::http(|_| ok("at")).await,
        Server::http(|_| ok("other")).await,
    );
    let egress = egress(&at.origin());
    let needs = [
        need(HUB, None),
        need(&at.origin(), None),
        need(&other.origin(), None),
    ];
    let call = public(&egress, &needs);
    assert_eq!(call.text(get(HUB)).await.unwrap(), (200, "at".into()));
    // Neither another port nor the endpoint under its own name, though a connection to it is idle.
    for server in [&other, &at] {
        let origin = server.origin();
        assert_eq!(
            call.denial(get(&origin)).await,
            denied(
                &format!("http GET {origin}/ at 127.0.0.1 (loopback)"),
                "egress: addresses",
                "set `addresses = \"loopback\"` on the rule that allows this request, instead of \"public\"",
            )
        );
    }
    assert_eq!((at.connections(), other.connections()), (1, 0));
}

#[tokio::test]
async fn the_policy_decides_about_the_public_name_alone() {
    let at = Server::http(|_| ok("at")).await;
    let egress = egress(&at.origin());
    // A grant for the endpoint is none for the origin.
    let call = Call::to(&egress, &at.origin());
    assert_eq!(
        call.denial(get("https://hub.example/x")).await.subject,
        format!("http GET {HUB}/x")
    );
    // The secret is found under the public name too.
    let call = public(&egress, &[need(HUB, None)]);
    assert_eq!(
        call.text(get(format!("https://hub.example/{SECRET}")))
            .await
            .unwrap_err()
            .to_string(),
        "an http request is denied: the secret `hub` is in the URL; leave it out, and name it as a credential where \
         the service needs it"
    );
    assert_eq!(at.connections(), 0);
}

#[tokio::test]
async fn addresses_that_nobody_can_allow_stay_refused() {
    let call = public(&egress("http://169.254.169.254"), &[need(HUB, None)]);
    assert_eq!(
        call.denial(get("https://hub.example/x")).await,
        denied(
            &format!("http GET {HUB}/x at 169.254.169.254 (link-local, cloud metadata)"),
            "egress: addresses",
            "no policy can allow this address; use a name that does not lead to it",
        )
    );
}

#[tokio::test]
async fn a_credential_goes_over_plain_http_to_this_machine_alone() {
    // The endpoint's name needs no grant to be looked up, and its private address none to be dialled.
    let egress = egress("http://corp.test:1");
    let call = public(&egress, &[need(HUB, Some("hub"))]);
    assert_eq!(
        call.denial(get("https://hub.example/x")).await,
        denied(
            &format!("the credential `hub` on http GET {HUB}/x"),
            "egress: credentials",
            "use https: a credential goes over plain http to this machine alone",
        )
    );
    assert_eq!(
        call.records()[0].capability(),
        format!("http GET {HUB}/x (at http://corp.test:1)")
    );
}

#[tokio::test]
async fn redirects_lead_back_to_the_public_origin() {
    let server = Server::http(|request| {
        if request.uri().path() == "/_/hub/end" {
            return ok(echo(&request));
        }
        Response::builder()
            .status(302)
            .header("location", request.uri().query().unwrap())
            .body(Bytes::new())
            .unwrap()
    })
    .await;
    let origin = server.origin();
    let egress = egress(&format!("{origin}/_/hub"));
    let call = public(&egress, &[need(HUB, Some("hub"))]);
    let table = [
        (
            format!("{origin}/_/hub/end"),
            "https://hub.example/end".to_owned(),
        ),
        (
            "/_/hub/end".to_owned(),
            "https://hub.example/end".to_owned(),
        ),
        (format!("{origin}/elsewhere"), format!("{origin}/elsewhere")),
        (
            "https://cdn.example/x".to_owned(),
            "https://cdn.example/x".to_owned(),
        ),
        ("/elsewhere".to_owned(), format!("{origin}/elsewhere")),
    ];
    for (answered, expected) in table {
        let url = format!("https://hub.example/go?{answered}");
        let response = call.gate.send_bytes(get(url), 100).await.unwrap();
        assert_eq!(response.headers()["location"], *expected, "{answered}");
    }
    // Followed under the public name, with its credential.
    let end = call
        .gate
        .follow(get(format!("https://hub.example/go?{origin}/_/hub/end")), 1)
        .await
        .unwrap()
        .into_body()
        .bytes(1000)
        .await
        .unwrap();
    assert_eq!(
        String::from_utf8(end.to_vec()).unwrap(),
        seen(
            "/_/hub/end",
            &server.address.to_string(),
            "authorization: Bearer ***************\n"
        )
    );
}
