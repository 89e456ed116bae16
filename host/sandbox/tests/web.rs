//! Requests of a guest, through the contract's `wasi:http` and the egress gate. The gate's own tests are in its crate;
//! these show that a guest has no other way, and that the host learns of every attempt.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::allow_attributes,
    reason = "tests; a panic is their report"
)]

mod support;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};

use egress::{Credentials, Egress, FixedResolver};
use policy::{AddressScope, Grant, HttpNeed, Limits, Method, Need};
use support::{AMPLE, Act, Scene, refused, told};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// Answers each connection's one request, and keeps what it was sent. Ends with the test's runtime.
async fn server(answer: &'static str) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Arc::<Mutex<Vec<String>>>::default();
    let kept = Arc::clone(&seen);
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let kept = Arc::clone(&kept);
            tokio::spawn(async move {
                let mut request = Vec::new();
                let mut buffer = [0; 4096];
                while !request.windows(4).any(|part| part == b"\r\n\r\n") {
                    match socket.read(&mut buffer).await {
                        Ok(0) | Err(_) => return,
                        Ok(read) => request.extend_from_slice(&buffer[..read]),
                    }
                }
                kept.lock()
                    .unwrap()
                    .push(String::from_utf8_lossy(&request).into_owned());
                let _ = socket.write_all(answer.as_bytes()).await;
            });
        }
    });
    (port, seen)
}

const HELLO: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello";

fn way_out(credentials: Credentials) -> Egress {
    let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let resolver = FixedResolver::new().with("evil.test", &[here]).with(
        "metadata.test",
        &[IpAddr::V4(Ipv4Addr::new(169, 254, 169, 254))],
    );
    Egress::builder()
        .resolver(resolver)
        .credentials(credentials)
        .build()
        .unwrap()
}

fn need(origin: String, paths: &[&str], credential: Option<&str>) -> Need {
    Need::Http(HttpNeed {
        origin: origin.parse().unwrap(),
        methods: vec![Method::Get],
        paths: paths.iter().map(|path| path.parse().unwrap()).collect(),
        credential: credential.map(str::to_owned),
        body_credential: None,
        reason: "a test".into(),
    })
}

fn granted(needs: &[Need], scope: AddressScope, limits: Limits) -> Grant {
    Grant::exactly(needs, scope, limits)
}

/// What came of a request.
struct Told {
    text: String,
    refused: Vec<String>,
}

async fn request(scene: &Scene, act: &str, url: &str, grant: &Grant, egress: &Egress) -> Told {
    let act = Act {
        act,
        target: url,
        value: "body",
        count: 3,
    };
    let outcome = scene.run(act, grant.clone(), Some(egress.clone())).await;
    Told {
        text: told(&outcome),
        refused: refused(&outcome),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_reaches_what_is_granted_and_nothing_beside_it() {
    let scene = Scene::new().await;
    let (port, seen) = server(HELLO).await;
    let origin = format!("http://evil.test:{port}");
    let grant = granted(
        &[need(origin.clone(), &["/api"], None)],
        AddressScope::Loopback,
        AMPLE,
    );
    let egress = way_out(Credentials::new());
    let at = |path: &str| format!("{origin}{path}");

    assert_eq!(
        request(&scene, "get-url", &at("/api/x"), &grant, &egress)
            .await
            .text,
        "200 hello"
    );
    assert_eq!(seen.lock().unwrap().len(), 1);

    let other_port = format!("http://evil.test:{}/api", port.wrapping_add(1).max(1));
    let rows = [
        ("get-url", at("/"), format!("http GET {origin}/")),
        ("get-url", at("/apix"), format!("http GET {origin}/apix")),
        (
            "delete-url",
            at("/api"),
            format!("http DELETE {origin}/api"),
        ),
        ("post-url", at("/api"), format!("http POST {origin}/api")),
        (
            "get-url",
            other_port.clone(),
            format!("http GET {other_port}"),
        ),
        (
            "get-url",
            format!("https://evil.test:{port}/api"),
            format!("http GET https://evil.test:{port}/api"),
        ),
        (
            "get-url",
            format!("http://127.0.0.1:{port}/api"),
            format!("http GET http://127.0.0.1:{port}/api"),
        ),
    ];
    for (act, url, subject) in rows {
        let found = request(&scene, act, &url, &grant, &egress).await;
        assert_eq!(found.text, "ErrorCode::HttpRequestDenied", "{act} {url}");
        assert_eq!(
            found.refused,
            [format!("{subject} | declaration of evil/evil/act")],
            "{act} {url}"
        );
    }
    assert_eq!(
        seen.lock().unwrap().len(),
        1,
        "nothing else reached the server"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_are_checked_after_the_name() {
    let scene = Scene::new().await;
    let (port, seen) = server(HELLO).await;
    let origin = format!("http://evil.test:{port}");
    let egress = way_out(Credentials::new());
    let url = format!("{origin}/");
    // The name is granted, and leads to an address that is not.
    let public = granted(
        &[need(origin.clone(), &["/"], None)],
        AddressScope::Public,
        AMPLE,
    );
    let found = request(&scene, "get-url", &url, &public, &egress).await;
    assert_eq!(found.text, "ErrorCode::HttpRequestDenied");
    assert_eq!(found.refused.len(), 1);
    assert!(
        found.refused[0].contains("127.0.0.1"),
        "{:?}",
        found.refused
    );
    assert_eq!(seen.lock().unwrap().len(), 0);

    let loopback = granted(&[need(origin, &["/"], None)], AddressScope::Loopback, AMPLE);
    assert_eq!(
        request(&scene, "get-url", &url, &loopback, &egress)
            .await
            .text,
        "200 hello"
    );

    let metadata = granted(
        &[need("http://metadata.test:80".into(), &["/"], None)],
        AddressScope::Private,
        AMPLE,
    );
    let found = request(
        &scene,
        "get-url",
        "http://metadata.test/latest",
        &metadata,
        &egress,
    )
    .await;
    assert_eq!(found.text, "ErrorCode::HttpRequestDenied");
    assert!(
        found.refused[0].contains("169.254.169.254"),
        "{:?}",
        found.refused
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_an_answer_and_following_it_is_a_new_request() {
    let scene = Scene::new().await;
    let (port, _) = server(
        "HTTP/1.1 302 Found\r\nlocation: http://metadata.test/latest\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
    )
    .await;
    let origin = format!("http://evil.test:{port}");
    let grant = granted(
        &[need(origin.clone(), &["/"], None)],
        AddressScope::Loopback,
        AMPLE,
    );
    let egress = way_out(Credentials::new());
    assert_eq!(
        request(&scene, "get-url", &format!("{origin}/"), &grant, &egress)
            .await
            .text,
        "302 "
    );
    let found = request(
        &scene,
        "get-url",
        "http://metadata.test/latest",
        &grant,
        &egress,
    )
    .await;
    assert_eq!(
        found.refused,
        ["http GET http://metadata.test:80/latest | declaration of evil/evil/act"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_is_put_on_by_the_host_and_never_seen_by_the_guest() {
    const TOKEN: &str = "tok-0123456789abcdef";
    let scene = Scene::new().await;
    let (port, seen) =
        server("HTTP/1.1 200 OK\r\ncontent-length: 29\r\nconnection: close\r\n\r\nyou sent tok-0123456789abcdef").await;
    let origin = format!("http://evil.test:{port}");
    let credentials = Credentials::new()
        .bearer("hub", TOKEN, [origin.parse().unwrap()])
        .unwrap();
    let egress = way_out(credentials);
    let url = format!("{origin}/");

    let grant = granted(
        &[need(origin.clone(), &["/"], Some("hub"))],
        AddressScope::Loopback,
        AMPLE,
    );
    let found = request(&scene, "get-url", &url, &grant, &egress).await;
    assert!(seen.lock().unwrap()[0].contains(&format!("authorization: Bearer {TOKEN}")));
    assert!(!found.text.contains("tok-"), "{}", found.text);

    let without = granted(&[need(origin, &["/"], None)], AddressScope::Loopback, AMPLE);
    request(&scene, "get-url", &url, &without, &egress).await;
    assert!(!seen.lock().unwrap()[1].contains("authorization"));

    // The guest cannot set one itself, nor send the secret as anything else.
    let header = Act {
        act: "header",
        target: &url,
        value: "authorization:Bearer x",
        ..Act::default()
    };
    let outcome = scene
        .run(header, without.clone(), Some(egress.clone()))
        .await;
    assert_eq!(
        told(&outcome),
        "header authorization: HeaderError::Forbidden"
    );
    let header = Act {
        act: "header",
        target: &url,
        value: "x-note:tok-0123456789abcdef",
        ..Act::default()
    };
    let outcome = scene.run(header, without, Some(egress)).await;
    assert_eq!(told(&outcome), "ErrorCode::HttpRequestDenied");
    assert_eq!(seen.lock().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_counted() {
    let scene = Scene::new().await;
    let (port, _) = server(HELLO).await;
    let origin = format!("http://evil.test:{port}");
    let url = format!("{origin}/");
    let egress = way_out(Credentials::new());
    let grant = |limits| {
        granted(
            &[need(origin.clone(), &["/"], None)],
            AddressScope::Loopback,
            limits,
        )
    };
    let few = grant(Limits {
        requests: 2,
        ..AMPLE
    });
    let found = request(&scene, "get-many", &url, &few, &egress).await;
    assert_eq!(
        found.text,
        "limit reached: requests (allowed 2 requests, requested 3)"
    );
    let enough = grant(Limits {
        requests: 3,
        ..AMPLE
    });
    assert_eq!(
        request(&scene, "get-many", &url, &enough, &egress)
            .await
            .text,
        "done"
    );
    let small = grant(Limits {
        network: 100,
        ..AMPLE
    });
    let found = request(&scene, "get-many", &url, &small, &egress).await;
    assert!(
        found
            .text
            .starts_with("limit reached: network (allowed 100 bytes, requested "),
        "{}",
        found.text
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_way_out_there_is_none() {
    let scene = Scene::new().await;
    let grant = granted(
        &[need("http://evil.test:80".into(), &["/"], None)],
        AddressScope::Loopback,
        AMPLE,
    );
    let act = Act {
        act: "get-url",
        target: "http://evil.test/",
        ..Act::default()
    };
    assert_eq!(
        told(&scene.run(act, grant, None).await),
        "ErrorCode::HttpRequestDenied"
    );
}

/// A server that promises more than it gives.
const CUT: &str = "HTTP/1.1 200 OK\r\ncontent-length: 50\r\nconnection: close\r\n\r\nhello";

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_lost_is_no_answer() {
    let scene = Scene::new().await;
    let egress = way_out(Credentials::new());
    for (answer, expected) in [
        (HELLO, "200 hello"),
        // A body's error reaches a guest as text: the runtime gives its streams no code.
        (CUT, "incomplete HTTP response"),
        ("", "HttpResponseIncomplete"),
        ("SSH-2.0-x\r\n\r\n", "the response is not HTTP/1.1"),
    ] {
        let (port, _) = server(answer).await;
        let origin = format!("http://evil.test:{port}");
        let grant = granted(
            &[need(origin.clone(), &["/"], None)],
            AddressScope::Loopback,
            AMPLE,
        );
        let told = request(&scene, "get-url", &format!("{origin}/"), &grant, &egress).await;
        assert!(told.text.contains(expected), "{answer:?}: {}", told.text);
    }
}
