//! A credential as data in a request's body.

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, StreamBody};
use ml_intern_egress::{BODY_CREDENTIAL_MAX, Credentials, Egress, EgressError, FixedResolver};
use policy::{AddressScope, Limits, Need};

use crate::support::{Call, Server, denied, egress_with, limits, need, ok};

const SECRET: &str = "hf_AbC\"dEfGhIjKl";
const ESCAPED: &str = r#"hf_AbC\"dEfGhIjKl"#;
const BODY: &str = r#"{"secrets":{"HF_TOKEN":"{{credential:hub}}","X":"{{credential:other}}"}}"#;

fn egress(origins: &[&str]) -> Egress {
    let of = |name: &str| name.parse().unwrap();
    let credentials = Credentials::new()
        .bearer("hub", SECRET, origins.iter().map(|one| of(one)))
        .unwrap()
        .bearer("other", "other_secret", origins.iter().map(|one| of(one)))
        .unwrap();
    egress_with(FixedResolver::new(), credentials)
}

fn call(egress: &Egress, origin: &str, name: Option<&str>, scope: AddressScope) -> Call {
    let Need::Http(mut need) = need(origin, None) else {
        panic!("not http")
    };
    need.body_credential = name.map(str::to_owned);
    let limits = Limits {
        network: 1 << 24,
        ..limits()
    };
    Call::new(egress, &[Need::Http(need)], scope, limits)
}

fn json(url: &str, body: impl Into<Bytes>) -> Request<Bytes> {
    Request::post(url)
        .header("content-type", "application/json")
        .body(body.into())
        .unwrap()
}

/// Answers with its length, whether the secret is in it, and the body without its quotes: so that what arrived is told
/// apart from what the answer may say.
async fn witness() -> Server {
    Server::http(|request| {
        let announced = request.headers()["content-length"]
            .to_str()
            .unwrap()
            .to_owned();
        let body = String::from_utf8(request.body().to_vec()).unwrap();
        assert_eq!(announced, body.len().to_string());
        let state = match (body.contains(ESCAPED), body.contains("{{credential:hub}}")) {
            (true, false) => "filled",
            (false, true) => "placeholder",
            _ => "odd",
        };
        ok(format!("{} {state} {body}", body.len()))
    })
    .await
}

#[tokio::test]
async fn put_where_the_permit_says_so_and_covered_where_it_comes_back() {
    let server = witness().await;
    let origin = server.origin();
    let egress = egress(&[&origin]);
    let call = call(&egress, &origin, Some("hub"), AddressScope::Loopback);
    let expected = BODY.replace("{{credential:hub}}", &"*".repeat(ESCAPED.len()));
    let length = expected.len();
    assert_eq!(
        call.text(json(&origin, BODY)).await.unwrap().1,
        format!("{length} filled {expected}")
    );
    let record = &call.records()[0];
    assert_eq!(
        record.capability(),
        format!("http POST {origin}/ (body credential: hub)")
    );
    assert_eq!(record.credential, None);
    // What was sent is what counts.
    let without = json(&origin, "{}");
    call.text(without).await.unwrap();
    let records = call.records();
    assert_eq!(records[0].sent - records[1].sent, length as u64 - 2);
    assert_eq!(records[1].capability(), format!("http POST {origin}/"));
}

#[tokio::test]
async fn only_text_wherever_the_permit_or_the_body_is_another() {
    let server = witness().await;
    let origin = server.origin();
    let egress = egress(&[&origin]);
    let plain = |body: &'static str| {
        Request::post(&origin)
            .header("content-type", "text/plain")
            .body(Bytes::from(body))
            .unwrap()
    };
    let table = [
        (None, json(&origin, BODY)),
        (Some("other"), json(&origin, r#""{{credential:hub}}""#)),
        (Some("hub"), plain(BODY)),
    ];
    for (name, request) in table {
        let call = call(&egress, &origin, name, AddressScope::Loopback);
        let body = String::from_utf8(request.body().to_vec()).unwrap();
        assert_eq!(
            call.text(request).await.unwrap().1,
            format!("{} placeholder {body}", body.len()),
            "{name:?}"
        );
        assert_eq!(call.records()[0].body_credential, None);
    }
}

#[tokio::test]
async fn a_body_of_unknown_length_goes_as_it_is() {
    let server = Server::http(|request| ok(request.into_body())).await;
    let origin = server.origin();
    let call = call(
        &egress(&[&origin]),
        &origin,
        Some("hub"),
        AddressScope::Loopback,
    );
    let frames = futures::stream::iter([Ok::<_, EgressError>(http_body::Frame::data(
        Bytes::from_static(BODY.as_bytes()),
    ))]);
    let request = json(&origin, "").map(|_| StreamBody::new(frames));
    let answer = call.gate.send(request).await.unwrap();
    let answer = answer.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(answer, BODY);
}

#[tokio::test]
async fn another_origin_is_refused() {
    let server = witness().await;
    let origin = server.origin();
    let call = call(
        &egress(&["https://hub.example"]),
        &origin,
        Some("hub"),
        AddressScope::Loopback,
    );
    assert_eq!(
        call.denial(json(&origin, BODY)).await,
        denied(
            &format!("the credential `hub` in the body of http POST {origin}/"),
            "egress: credentials",
            &format!(
                "it may not be sent to {origin}; add that to the credential's origins, or leave its placeholder out"
            ),
        )
    );
    assert_eq!(server.connections(), 0);
    // Without a placeholder there is nothing to refuse.
    assert_eq!(call.text(json(&origin, "{}")).await.unwrap().1, "2 odd {}");
}

#[tokio::test]
async fn never_in_plain_text_to_another_machine() {
    let origin = "http://10.0.0.1:80";
    let call = call(
        &egress(&[origin]),
        origin,
        Some("hub"),
        AddressScope::Private,
    );
    assert_eq!(
        call.denial(json(origin, BODY)).await.subject,
        "the credential `hub` on http POST http://10.0.0.1:80/"
    );
}

#[tokio::test]
async fn a_secret_in_the_body_is_refused_before() {
    let server = witness().await;
    let origin = server.origin();
    let call = call(
        &egress(&[&origin]),
        &origin,
        Some("hub"),
        AddressScope::Loopback,
    );
    let body = format!(r#"["{{{{credential:hub}}}}","{ESCAPED}"]"#);
    assert_eq!(
        call.text(json(&origin, body))
            .await
            .unwrap_err()
            .to_string(),
        format!(
            "http POST {origin}/ is denied: the secret `hub` is in the body; leave it out, and name it as a credential \
             where the service needs it"
        )
    );
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn the_largest_body() {
    let server = Server::http(|request| ok(request.body().len().to_string())).await;
    let origin = server.origin();
    let egress = egress(&[&origin]);
    let max = usize::try_from(BODY_CREDENTIAL_MAX).unwrap();
    let with = call(&egress, &origin, Some("hub"), AddressScope::Loopback);
    assert_eq!(
        with.text(json(&origin, vec![b' '; max])).await.unwrap().1,
        "1048576"
    );
    assert_eq!(
        with.text(json(&origin, vec![b' '; max + 1]))
            .await
            .unwrap_err()
            .to_string(),
        "not a request that can be sent: the body has 1048577 bytes; expected at most 1048576 where a credential may \
         be put into it"
    );
    // A call without such a permit has no such limit.
    let without = call(&egress, &origin, None, AddressScope::Loopback);
    assert_eq!(
        without
            .text(json(&origin, vec![b' '; max + 1]))
            .await
            .unwrap()
            .1,
        "1048577"
    );
}
