//! Known secrets do not leave, wherever they are.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use ml_intern_egress::{Credentials, Egress, EgressError, FixedResolver, Place};
use tokio::io::AsyncReadExt as _;

use crate::support::{Call, Server, denied, egress_with, get, ok};

const SECRET: &str = "sk/\"quoted\"+secret";

fn egress() -> Egress {
    egress_with(
        FixedResolver::new(),
        Credentials::new().known("key", SECRET).unwrap(),
    )
}

fn chunks(parts: Vec<Bytes>) -> impl http_body::Body<Data = Bytes, Error = Infallible> + Send {
    let mut parts = parts.into_iter();
    StreamBody::new(futures::stream::poll_fn(move |_| {
        std::task::Poll::Ready(parts.next().map(|part| Ok(Frame::data(part))))
    }))
}

fn found(error: EgressError) -> (String, Place) {
    match error {
        EgressError::Secret { name, place, .. } => (name, place),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn in_the_head() {
    let server = Server::http(|_| ok("yes")).await;
    let origin = server.origin();
    let call = Call::to(&egress(), &origin);
    let escaped = "sk%2F%22quoted%22%2Bsecret";
    for url in [
        format!("{origin}/{escaped}"),
        format!("{origin}/?a={escaped}&b"),
        format!("{origin}/?{}", STANDARD.encode(SECRET)),
    ] {
        assert_eq!(
            found(call.text(get(&url)).await.unwrap_err()),
            ("key".into(), Place::Url),
            "{url}"
        );
    }
    let mut request = get(&origin);
    request
        .headers_mut()
        .insert("x-key", HeaderValue::from_static(SECRET));
    assert_eq!(
        call.denial(request).await,
        denied(
            &format!("http GET {origin}/ with the secret `key` in the header `x-key`"),
            "egress: known secrets",
            "leave it out, and name it as a credential where the service needs it",
        )
    );
    assert_eq!(server.connections(), 0);
    // Nothing of a URL that holds a secret is kept.
    let records = call.records();
    assert_eq!(
        (records[0].origin.as_str(), records[0].path.as_str()),
        ("", "")
    );
    assert!(!format!("{records:?}").contains("quoted"));
    let mut request = get(format!("{origin}/sk/quoted?secret"));
    request
        .headers_mut()
        .insert("x-key", HeaderValue::from_static("sk/"));
    assert_eq!(call.text(request).await.unwrap(), (200, "yes".into()));
}

#[tokio::test]
async fn in_the_name_of_a_header() {
    let server = Server::http(|_| ok("yes")).await;
    let origin = server.origin();
    let egress = egress_with(
        FixedResolver::new(),
        Credentials::new().known("key", "hf_SeCrEt").unwrap(),
    );
    let call = Call::to(&egress, &origin);
    let with = |name: &'static str| {
        let mut request = get(&origin);
        request
            .headers_mut()
            .insert(HeaderName::from_static(name), HeaderValue::from_static("1"));
        request
    };
    assert_eq!(
        found(call.text(with("x-hf_secret")).await.unwrap_err()),
        ("key".into(), Place::HeaderName)
    );
    assert_eq!(call.text(with("x-hf_secre")).await.unwrap().0, 200);
}

#[tokio::test]
async fn in_the_body_however_it_is_cut_and_spelled() {
    // What the server gets to see of each connection.
    let seen = Arc::new(Mutex::new(Vec::<Vec<u8>>::new()));
    let kept = Arc::clone(&seen);
    let server = Server::tcp(move |mut stream| {
        let kept = Arc::clone(&kept);
        async move {
            let mut all = Vec::new();
            drop(stream.read_to_end(&mut all).await);
            kept.lock().unwrap().push(all);
        }
    })
    .await;
    let origin = server.origin();
    let call = Call::to(&egress(), &origin);
    let spellings = [
        SECRET.to_owned(),
        "sk%2F%22quoted%22%2Bsecret".to_owned(),
        r#"sk/\"quoted\"+secret"#.to_owned(),
        r#"sk\/\"quoted\"+secret"#.to_owned(),
        STANDARD.encode(SECRET),
        STANDARD.encode(format!("a{SECRET}b")),
        STANDARD.encode(format!("ab{SECRET}b")),
    ];
    for spelling in &spellings {
        for size in [1, 2, 7, 1000] {
            let text = format!("before {spelling} after");
            let parts = text
                .as_bytes()
                .chunks(size)
                .map(Bytes::copy_from_slice)
                .collect();
            let request = Request::post(&origin).body(chunks(parts)).unwrap();
            let error = call.gate.send(request).await.unwrap_err();
            assert_eq!(
                found(error),
                ("key".into(), Place::Body),
                "{spelling} by {size}"
            );
        }
    }
    // No start of a secret has left. (A connection whose bytes are not here yet has none to show.)
    for all in seen.lock().unwrap().iter() {
        let text = String::from_utf8_lossy(all);
        assert!(
            !text.contains("sk/") && !text.contains("sk%2") && !text.contains("sk\\"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_body_without_a_secret_arrives_as_it_is() {
    let server = Server::http(|request| ok(request.into_body())).await;
    let origin = server.origin();
    let call = Call::to(&egress(), &origin);
    let text = "sk/ sk/\"quo ted sk/\"quoted\"+secre";
    for size in [1, 3, 1000] {
        let parts = text
            .as_bytes()
            .chunks(size)
            .map(Bytes::copy_from_slice)
            .collect();
        let request = Request::post(&origin).body(chunks(parts)).unwrap();
        let response = call.gate.send(request).await.unwrap();
        assert_eq!(
            response.into_body().collect().await.unwrap().to_bytes(),
            text,
            "by {size}"
        );
    }
}

#[tokio::test]
async fn bodies_that_break_their_word() {
    let server = Server::http(|request| ok(request.into_body())).await;
    let origin = server.origin();
    let call = Call::to(&egress(), &origin);
    let send = |length: &'static str, parts: Vec<&'static str>| {
        let parts = parts
            .into_iter()
            .map(|part| Bytes::from_static(part.as_bytes()))
            .collect();
        let request = Request::post(&origin)
            .header("content-length", length)
            .body(chunks(parts))
            .unwrap();
        call.gate.send(request)
    };
    let table = [
        (
            "4",
            vec!["ab"],
            "not a request that can be sent: the body ended 2 bytes before its announced length",
        ),
        (
            "4",
            vec!["ab", "cde"],
            "not a request that can be sent: the body has 3 bytes where `content-length` leaves 2",
        ),
        (
            "4",
            vec![],
            "not a request that can be sent: the body ended 4 bytes before its announced length",
        ),
    ];
    for (length, parts, message) in table {
        assert_eq!(send(length, parts).await.unwrap_err().to_string(), message);
    }
    let response = send("4", vec!["ab", "cd"]).await.unwrap();
    assert_eq!(response.into_body().bytes(10).await.unwrap(), "abcd");
}
