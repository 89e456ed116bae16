//! A redirect is an answer; following it is a new request through all checks.

use bytes::Bytes;
use http::{Request, Response};
use ml_intern_egress::{Credentials, FixedResolver};
use policy::AddressScope;

use crate::support::{
    Call, Server, denied, echo, egress, egress_with, get, limits, need, ok, post,
};

/// `/to/<status>?<location>` redirects there; everything else is echoed.
async fn redirecting() -> Server {
    Server::http(|request| {
        let Some(status) = request.uri().path().strip_prefix("/to/") else {
            return ok(echo(&request));
        };
        Response::builder()
            .status(status.parse::<u16>().unwrap())
            .header("location", request.uri().query().unwrap())
            .body(Bytes::from_static(b"elsewhere"))
            .unwrap()
    })
    .await
}

#[tokio::test]
async fn a_guest_gets_the_redirect_itself() {
    let server = redirecting().await;
    let origin = server.origin();
    let call = Call::to(&egress(FixedResolver::new()), &origin);
    let response = call
        .gate
        .send_bytes(
            get(format!("{origin}/to/302?http://169.254.169.254/latest")),
            100,
        )
        .await
        .unwrap();
    assert_eq!(response.status(), 302);
    assert_eq!(
        response.headers()["location"],
        "http://169.254.169.254/latest"
    );
    // And to go there, it would have to ask.
    assert_eq!(
        call.denial(get("http://169.254.169.254/latest")).await.rule,
        "no declaration"
    );
}

#[tokio::test]
async fn following_to_metadata_is_denied_even_where_the_origin_is_granted() {
    let server = redirecting().await;
    let origin = server.origin();
    let metadata = "http://169.254.169.254:80";
    let needs = [need(&origin, None), need(metadata, None)];
    let call = Call::new(
        &egress(FixedResolver::new()),
        &needs,
        AddressScope::Private,
        limits(),
    );
    let error = call
        .gate
        .follow(get(format!("{origin}/to/302?{metadata}/latest")), 5)
        .await
        .unwrap_err();
    assert_eq!(
        error.denial().unwrap(),
        denied(
            &format!("http GET {metadata}/latest at 169.254.169.254 (link-local, cloud metadata)"),
            "egress: addresses",
            "no policy can allow this address; use a name that does not lead to it",
        )
    );
    let here = call
        .gate
        .follow(get(format!("{origin}/to/302?/here")), 5)
        .await
        .unwrap();
    assert_eq!(here.status(), 200);
    assert_eq!(call.records().len(), 3);
}

#[tokio::test]
async fn as_many_hops_as_allowed() {
    let server = redirecting().await;
    let origin = server.origin();
    let call = Call::to(&egress(FixedResolver::new()), &origin);
    let twice = || get(format!("{origin}/to/302?/to/307?/end"));
    let end = call
        .gate
        .follow(twice(), 2)
        .await
        .unwrap()
        .into_body()
        .bytes(1000)
        .await
        .unwrap();
    assert!(end.starts_with(b"GET /end\n"));
    assert_eq!(
        call.gate.follow(twice(), 1).await.unwrap_err().to_string(),
        format!("{origin}: more than 1 redirects")
    );
    // Kept all the way.
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn methods() {
    let server = redirecting().await;
    let origin = server.origin();
    let call = Call::to(&egress(FixedResolver::new()), &origin);
    let seen = call
        .gate
        .follow(post(format!("{origin}/to/303?/end"), "body"), 1)
        .await
        .unwrap();
    let seen = seen.into_body().bytes(1000).await.unwrap();
    assert!(
        seen.starts_with(b"GET /end\n") && !seen.ends_with(b"body"),
        "{seen:?}"
    );
    let kept = call
        .gate
        .follow(post(format!("{origin}/to/307?/end"), "body"), 1)
        .await
        .unwrap();
    assert_eq!(kept.status(), 307);
}

#[tokio::test]
async fn the_credential_stays_behind_when_the_origin_changes() {
    let (one, two) = (redirecting().await, redirecting().await);
    let (first, second) = (one.origin(), two.origin());
    let credentials = Credentials::new()
        .bearer(
            "hub",
            "hf_secret_token",
            [first.parse().unwrap(), second.parse().unwrap()],
        )
        .unwrap();
    let needs = [need(&first, Some("hub")), need(&second, Some("hub"))];
    let egress = egress_with(FixedResolver::new(), credentials);
    let call = Call::new(&egress, &needs, AddressScope::Loopback, limits());
    let table = [
        // location, whether the credential arrives at the end
        (format!("{first}/to/302?/end"), true),
        (format!("{first}/to/302?{first}/end"), true),
        (format!("{first}/to/302?{second}/end"), false),
        // There and back: it stays behind for good.
        (format!("{first}/to/302?{second}/to/302?{first}/end"), false),
    ];
    for (url, arrives) in table {
        let request: Request<Bytes> = get(&url);
        let seen = call
            .gate
            .follow(request, 5)
            .await
            .unwrap()
            .into_body()
            .bytes(1000)
            .await
            .unwrap();
        let seen = String::from_utf8(seen.to_vec()).unwrap();
        assert!(seen.starts_with("GET /end\n"), "{seen}");
        assert_eq!(seen.contains("authorization: Bearer *"), arrives, "{url}");
    }
}
