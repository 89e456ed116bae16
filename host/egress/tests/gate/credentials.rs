//! Credentials go to their own origins, and do not come back.

use bytes::Bytes;
use http::{HeaderName, Response};
use ml_intern_egress::{Credentials, FixedResolver};
use policy::{AddressScope, Origin};
use tokio::io::AsyncWriteExt as _;

use crate::support::{Call, Server, denied, echo, egress_with, get, limits, need, ok, read_head};

const SECRET: &str = "hf_AbCdEfGhIjKl";

fn hub(origins: &[&str]) -> Credentials {
    let origins: Vec<Origin> = origins
        .iter()
        .map(|origin| origin.parse().unwrap())
        .collect();
    Credentials::new().bearer("hub", SECRET, origins).unwrap()
}

/// A server that answers with whether it got the credential.
async fn witness() -> Server {
    Server::http(|request| {
        let value = request.headers().get("authorization");
        let expected = format!("Bearer {SECRET}");
        ok(match value {
            Some(value) if value.as_bytes() == expected.as_bytes() => "right",
            Some(_) => "wrong",
            None => "none",
        })
    })
    .await
}

#[tokio::test]
async fn only_to_its_own_origin_and_only_if_granted() {
    let (own, other) = (witness().await, witness().await);
    let egress = egress_with(FixedResolver::new(), hub(&[&own.origin()]));
    let table = [
        (&own, Some("hub"), "right", Some("hub")),
        (&own, None, "none", None),
        (&own, Some("unknown"), "none", None),
        (&other, Some("hub"), "none", None),
    ];
    for (server, named, seen, recorded) in table {
        let origin = server.origin();
        let call = Call::new(
            &egress,
            &[need(&origin, named)],
            AddressScope::Loopback,
            limits(),
        );
        assert_eq!(call.text(get(&origin)).await.unwrap().1, seen, "{named:?}");
        assert_eq!(call.records()[0].credential.as_deref(), recorded);
    }
}

#[tokio::test]
async fn never_in_plain_text_to_another_machine() {
    let origin = "http://10.0.0.1:80";
    let egress = egress_with(FixedResolver::new(), hub(&[origin]));
    let call = Call::new(
        &egress,
        &[need(origin, Some("hub"))],
        AddressScope::Private,
        limits(),
    );
    assert_eq!(
        call.denial(get(format!("{origin}/x"))).await,
        denied(
            "the credential `hub` on http GET http://10.0.0.1:80/x",
            "egress: credentials",
            "use https: a credential goes over plain http to this machine alone",
        )
    );
}

#[tokio::test]
async fn an_echo_does_not_give_it_away() {
    let server = Server::http(|request| {
        let mut response = ok(echo(&request));
        let value = request.headers().get("authorization").unwrap().clone();
        response.headers_mut().insert("x-echo", value);
        let name = HeaderName::try_from(format!("x-{SECRET}")).unwrap();
        response
            .headers_mut()
            .insert(name, http::HeaderValue::from_static("1"));
        response
    })
    .await;
    let origin = server.origin();
    let egress = egress_with(FixedResolver::new(), hub(&[&origin]));
    let call = Call::new(
        &egress,
        &[need(&origin, Some("hub"))],
        AddressScope::Loopback,
        limits(),
    );
    let response = call.gate.send_bytes(get(&origin), 1 << 20).await.unwrap();
    assert_eq!(response.headers()["x-echo"], "Bearer ***************");
    assert!(
        !format!("{:?}", response.headers())
            .to_lowercase()
            .contains(&SECRET.to_lowercase())
    );
    let text = String::from_utf8(response.body().to_vec()).unwrap();
    assert!(
        text.contains("\nauthorization: Bearer ***************\n"),
        "{text}"
    );
    assert_eq!(response.headers()["content-length"], text.len().to_string());
}

#[tokio::test]
async fn an_echo_in_pieces_does_not_give_it_away() {
    // One byte a chunk; no content-length, so chunks are what the client reads.
    let server = Server::tcp(|mut stream| async move {
        read_head(&mut stream).await;
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            .await
            .unwrap();
        for byte in format!("<{SECRET}> <hf_AbCdEx>").bytes() {
            let chunk = [b"1\r\n".as_slice(), &[byte], b"\r\n"].concat();
            stream.write_all(&chunk).await.unwrap();
            stream.flush().await.unwrap();
            tokio::task::yield_now().await;
        }
        stream
            .write_all(format!("0\r\nx-trailer: {SECRET}\r\n\r\n").as_bytes())
            .await
            .unwrap();
    })
    .await;
    let origin = server.origin();
    let egress = egress_with(FixedResolver::new(), hub(&[&origin]));
    let call = Call::new(
        &egress,
        &[need(&origin, Some("hub"))],
        AddressScope::Loopback,
        limits(),
    );
    let response = call
        .gate
        .send(get(&origin).map(http_body_util::Full::new))
        .await
        .unwrap();
    let collected = http_body_util::BodyExt::collect(response.into_body())
        .await
        .unwrap();
    assert_eq!(
        collected.trailers().unwrap()["x-trailer"],
        "***************"
    );
    assert_eq!(
        collected.to_bytes(),
        Bytes::from_static(b"<***************> <hf_AbCdEx>")
    );
}

#[tokio::test]
async fn what_cannot_be_searched_is_refused_where_a_credential_went() {
    let server = Server::http(|_| {
        Response::builder()
            .header("content-encoding", "gzip")
            .body(Bytes::from_static(b"zip"))
            .unwrap()
    })
    .await;
    let origin = server.origin();
    let egress = egress_with(FixedResolver::new(), hub(&[&origin]));
    let with = Call::new(
        &egress,
        &[need(&origin, Some("hub"))],
        AddressScope::Loopback,
        limits(),
    );
    assert_eq!(
        with.text(get(&origin)).await.unwrap_err().to_string(),
        format!(
            "{origin}: the response to a request with a credential is compressed, although `identity` was asked for; \
             it cannot be searched for the secret"
        )
    );
    assert_eq!(
        Call::to(&egress, &origin).text(get(&origin)).await.unwrap(),
        (200, "zip".into())
    );
}
