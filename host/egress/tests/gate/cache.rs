//! Answers that are used again.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::StreamBody;
use ml_intern_egress::{
    CACHED_BODY_MAX, CacheLimits, Credentials, Egress, EgressBuilder, EgressError, Exchange,
    FixedResolver,
};
use policy::{AddressScope, LimitName, Limits};
use tempfile::TempDir;

use crate::support::{Call, Server, get, limits, need};

const SECRET: &str = "hf_AbCdEfGhIjKl";
const LIMITS: CacheLimits = CacheLimits {
    bytes: 64 << 20,
    entries: 100,
};

/// With a cache in `directory/cache`.
fn builder(directory: &TempDir) -> EgressBuilder {
    Egress::builder()
        .resolver(FixedResolver::new())
        .cache(directory.path().join("cache"), LIMITS)
}

fn egress(directory: &TempDir) -> Egress {
    builder(directory).build().unwrap()
}

/// Files that are kept.
fn files(directory: &TempDir) -> Vec<std::path::PathBuf> {
    std::fs::read_dir(directory.path().join("cache"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect()
}

/// A server whose answers begin with their number: `1 …`, and that number.
async fn counting<F>(answer: F) -> (Server, Arc<AtomicUsize>)
where
    F: Fn(usize, &Request<Bytes>) -> Response<Bytes> + Send + Sync + 'static,
{
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    let server = Server::http(move |request| {
        let number = counter.fetch_add(1, Ordering::SeqCst) + 1;
        answer(number, &request)
    })
    .await;
    (server, count)
}

/// An answer with these headers, one a line.
fn with(headers: &str, body: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(body.into());
    for line in headers.lines() {
        let (name, value) = line.split_once(": ").unwrap();
        response.headers_mut().append(
            name.parse::<http::HeaderName>().unwrap(),
            value.parse().unwrap(),
        );
    }
    response
}

fn asking(url: &str, headers: &str) -> Request<Bytes> {
    let mut request = get(url);
    *request.headers_mut() = with(headers, "").headers().clone();
    request
}

/// Bodies of the answers to these requests, and what the journal says of each.
async fn seen(call: &Call, requests: impl IntoIterator<Item = Request<Bytes>>) -> Vec<String> {
    let before = call.records().len();
    let mut all = Vec::new();
    for request in requests {
        all.push(call.text(request).await.unwrap().1);
    }
    let records = call.records();
    all.iter()
        .zip(&records[before..])
        .map(|(text, record)| format!("{text}: {}", record.outcome()))
        .collect()
}

#[tokio::test]
async fn used_again_or_not() {
    let fresh = ["1: status 200", "1: status 200, from cache"];
    let both = ["1: status 200", "2: status 200"];
    let table = [
        // headers of the answer, of the second request, what two requests see
        ("cache-control: max-age=60", "", fresh),
        ("cache-control: max-age=60\netag: \"x\"", "accept: a", fresh),
        // Stale when it comes: asked about, and answered anew.
        ("cache-control: max-age=60\nage: 60\netag: \"x\"", "", both),
        ("etag: \"x\"", "", both),
        ("last-modified: Sun, 06 Nov 1994 08:49:37 GMT", "", both),
        ("cache-control: max-age=60, no-cache", "", both),
        ("cache-control: max-age=60, no-store", "", both),
        ("cache-control: max-age=60\nset-cookie: a=b", "", both),
        ("cache-control: max-age=60\nvary: *", "", both),
        ("cache-control: max-age=60\nvary: accept", "accept: a", both),
        ("x-none: x", "", both),
        // The request opts out.
        ("cache-control: max-age=60", "cache-control: no-store", both),
        ("cache-control: max-age=60", "cache-control: no-cache", both),
        ("cache-control: max-age=60", "range: bytes=0-", both),
        ("cache-control: max-age=60", "if-none-match: \"y\"", both),
    ];
    for (answer, request, expected) in table {
        let directory = TempDir::new().unwrap();
        let (server, _) = counting(move |number, _| with(answer, number.to_string())).await;
        let origin = server.origin();
        let call = Call::to(&egress(&directory), &origin);
        assert_eq!(
            seen(&call, [get(&origin), asking(&origin, request)]).await,
            expected,
            "{answer} / {request}"
        );
    }
}

#[tokio::test]
async fn statuses_that_are_not_kept() {
    for status in [203, 206, 301, 404, 429, 500, 503] {
        let directory = TempDir::new().unwrap();
        let (server, count) = counting(move |_, _| {
            let mut response = with("cache-control: max-age=60\netag: \"x\"", "body");
            *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
            response
        })
        .await;
        let call = Call::to(&egress(&directory), &server.origin());
        seen(&call, [get(server.origin()), get(server.origin())]).await;
        assert_eq!(
            (count.load(Ordering::SeqCst), files(&directory).len()),
            (2, 0),
            "{status}"
        );
    }
}

#[tokio::test]
async fn asked_about_and_still_good() {
    let modified = "Sun, 06 Nov 1994 08:49:37 GMT";
    let table = [
        // headers of the first answer, of the 304; the conditions; what three requests see
        (
            "etag: \"x\"",
            "etag: \"x\"",
            "\"x\" -",
            [
                "body: status 200",
                "body: status 200, from cache after asking",
                "body: status 200, from cache after asking",
            ],
        ),
        (
            "last-modified: Sun, 06 Nov 1994 08:49:37 GMT",
            "",
            "- Sun, 06 Nov 1994 08:49:37 GMT",
            [
                "body: status 200",
                "body: status 200, from cache after asking",
                "body: status 200, from cache after asking",
            ],
        ),
        // The 304 makes it fresh.
        (
            "etag: \"x\"\ncache-control: max-age=60\nage: 60",
            "etag: \"x\"",
            "\"x\" -",
            [
                "body: status 200",
                "body: status 200, from cache after asking",
                "body: status 200, from cache",
            ],
        ),
        // The 304 forbids to keep it.
        (
            "etag: \"x\"",
            "cache-control: no-store",
            "\"x\" -",
            [
                "body: status 200",
                "body: status 200, from cache after asking",
                "body: status 200",
            ],
        ),
    ];
    for (first, again, conditions, expected) in table {
        let directory = TempDir::new().unwrap();
        let (server, _) = counting(move |_, request| {
            let header = |name| {
                request
                    .headers()
                    .get(name)
                    .map_or("-", |v| v.to_str().unwrap())
            };
            let asked = format!(
                "{} {}",
                header("if-none-match"),
                header("if-modified-since")
            );
            if asked == "- -" {
                return with(first, "body");
            }
            assert_eq!(asked, conditions);
            let mut response = with(again, "");
            *response.status_mut() = http::StatusCode::NOT_MODIFIED;
            response.headers_mut().insert("x-new", "1".parse().unwrap());
            response
        })
        .await;
        let url = server.origin();
        let call = Call::to(&egress(&directory), &url);
        assert_eq!(
            seen(&call, [get(&url), get(&url), get(&url)]).await,
            expected,
            "{first} / {again}"
        );
        // One connection, which a 304 hands back.
        assert_eq!(server.connections(), 1);
        if first.contains(modified) {
            let response = call.gate.send_bytes(get(&url), 100).await.unwrap();
            assert_eq!(
                (response.status().as_u16(), &response.headers()["x-new"]),
                (200, &"1".parse().unwrap())
            );
            assert_eq!(response.headers()["content-length"], "4");
        }
    }
}

#[tokio::test]
async fn requests_with_a_body_are_not_for_the_cache() {
    let piece = |text: &'static str| Ok::<_, EgressError>(Frame::data(Bytes::from(text)));
    let table = [
        // announced length, pieces, what the second of two requests sees
        ("", vec![], "1: status 200, from cache"),
        // Sent without its body, as is every GET that does not say how long it is.
        ("", vec!["body"], "1: status 200, from cache"),
        ("content-length: 0", vec![], "1: status 200, from cache"),
        ("content-length: 4", vec!["body"], "2body: status 200"),
    ];
    for (announced, pieces, expected) in table {
        let directory = TempDir::new().unwrap();
        let (server, _) = counting(|number, request| {
            let body = String::from_utf8(request.body().to_vec()).unwrap();
            with("cache-control: max-age=60", format!("{number}{body}"))
        })
        .await;
        let url = server.origin();
        let call = Call::to(&egress(&directory), &url);
        let mut seen = String::new();
        for _ in 0..2 {
            let frames: Vec<_> = pieces.iter().copied().map(piece).collect();
            let request =
                asking(&url, announced).map(|_| StreamBody::new(futures::stream::iter(frames)));
            let body = call.gate.send(request).await.unwrap().into_body();
            seen = String::from_utf8(body.bytes(100).await.unwrap().to_vec()).unwrap();
        }
        let outcome = call.records()[1].outcome();
        assert_eq!(
            format!("{seen}: {outcome}"),
            expected,
            "{announced} {pieces:?}"
        );
    }
}

#[tokio::test]
async fn a_304_about_something_else_is_asked_about_again() {
    let directory = TempDir::new().unwrap();
    let (server, count) = counting(|number, request| {
        if request.headers().contains_key("if-none-match") {
            let mut response = with("etag: \"other\"", "");
            *response.status_mut() = http::StatusCode::NOT_MODIFIED;
            return response;
        }
        with("etag: \"x\"", number.to_string())
    })
    .await;
    let url = server.origin();
    let call = Call::to(&egress(&directory), &url);
    assert_eq!(
        seen(&call, [get(&url), get(&url)]).await,
        ["1: status 200", "3: status 200"]
    );
    assert_eq!(
        (count.load(Ordering::SeqCst), call.meter.requests()),
        (3, 3)
    );
}

#[tokio::test]
async fn each_variant_is_kept() {
    let directory = TempDir::new().unwrap();
    let (server, _) = counting(|number, request| {
        let accept = request
            .headers()
            .get("accept")
            .map_or("-", |v| v.to_str().unwrap());
        with(
            "cache-control: max-age=60\nvary: Accept",
            format!("{number}{accept}"),
        )
    })
    .await;
    let url = server.origin();
    let call = Call::to(&egress(&directory), &url);
    let request = |accept: &str| asking(&url, &format!("accept: {accept}\nx-other: {accept}"));
    assert_eq!(
        seen(
            &call,
            [
                request("a"),
                request("b"),
                get(&url),
                request("a"),
                request("b")
            ]
        )
        .await,
        [
            "1a: status 200",
            "2b: status 200",
            "3-: status 200",
            "1a: status 200, from cache",
            "2b: status 200, from cache",
        ]
    );
}

#[tokio::test]
async fn urls_are_told_apart() {
    let directory = TempDir::new().unwrap();
    let (server, _) =
        counting(|number, _| with("cache-control: max-age=60", number.to_string())).await;
    let origin = server.origin();
    let call = Call::to(&egress(&directory), &origin);
    let urls = ["", "/", "/a", "/a?x", "/a?y", "/a?x"].map(|path| get(format!("{origin}{path}")));
    assert_eq!(
        seen(&call, urls).await,
        [
            "1: status 200",
            "1: status 200, from cache",
            "2: status 200",
            "3: status 200",
            "4: status 200",
            "3: status 200, from cache",
        ]
    );
}

#[tokio::test]
async fn credentials_do_not_share() {
    let directory = TempDir::new().unwrap();
    let (server, _) = counting(|number, request| {
        let text = request
            .headers()
            .get("authorization")
            .map_or("-", |v| v.to_str().unwrap());
        with(
            "cache-control: max-age=60, private\nvary: authorization",
            format!("{number} {text}"),
        )
    })
    .await;
    let origin = server.origin();
    let credentials = |secret: &str| {
        Credentials::new()
            .bearer("hub", secret, [origin.parse().unwrap()])
            .unwrap()
            .bearer("other", "other_secret", [origin.parse().unwrap()])
            .unwrap()
    };
    let one = builder(&directory)
        .credentials(credentials(SECRET))
        .build()
        .unwrap();
    let call = |egress: &Egress, name| {
        Call::new(
            egress,
            &[need(&origin, name)],
            AddressScope::Loopback,
            limits(),
        )
    };
    let table = [
        (Some("hub"), "1 Bearer ***************: status 200"),
        (Some("other"), "2 Bearer ************: status 200"),
        (None, "3 -: status 200"),
        (
            Some("hub"),
            "1 Bearer ***************: status 200, from cache",
        ),
        (None, "3 -: status 200, from cache"),
    ];
    for (name, expected) in table {
        assert_eq!(
            seen(&call(&one, name), [get(&origin)]).await,
            [expected],
            "{name:?}"
        );
    }
    // Neither the secret nor a URL is on the disk.
    for path in files(&directory) {
        let text = String::from_utf8(std::fs::read(path).unwrap()).unwrap();
        assert!(!text.contains(SECRET) && !text.contains(&origin), "{text}");
    }
}

#[tokio::test]
async fn a_secret_that_became_known_later_is_covered() {
    let directory = TempDir::new().unwrap();
    let (server, _) = counting(|_, _| {
        with(
            &format!("cache-control: max-age=60\nx-echo: {SECRET}"),
            format!("<{SECRET}>"),
        )
    })
    .await;
    let url = server.origin();
    let unknown = Call::to(&egress(&directory), &url);
    assert_eq!(
        seen(&unknown, [get(&url)]).await,
        [format!("<{SECRET}>: status 200")]
    );
    let credentials = Credentials::new().known("hub", SECRET).unwrap();
    let known = Call::to(
        &builder(&directory)
            .credentials(credentials)
            .build()
            .unwrap(),
        &url,
    );
    let response = known.gate.send_bytes(get(&url), 100).await.unwrap();
    assert_eq!(response.body(), "<***************>");
    assert_eq!(response.headers()["x-echo"], "***************");
    assert_eq!(known.records()[0].outcome(), "status 200, from cache");
}

#[tokio::test]
async fn endpoints_and_reach_do_not_share() {
    let directory = TempDir::new().unwrap();
    let answer =
        |number: usize, _: &Request<Bytes>| with("cache-control: max-age=60", number.to_string());
    let ((one, _), (two, _)) = (counting(answer).await, counting(answer).await);
    let public = "https://hub.example:443";
    let at = |at: String| {
        let egress = builder(&directory)
            .endpoint(public.parse().unwrap(), at.parse().unwrap())
            .build()
            .unwrap();
        Call::new(
            &egress,
            &[need(public, None)],
            AddressScope::Public,
            limits(),
        )
    };
    let kept = "1: status 200, from cache";
    assert_eq!(
        seen(&at(one.origin()), [get(public), get(public)]).await,
        ["1: status 200", kept]
    );
    assert_eq!(
        seen(&at(two.origin()), [get(public), get(public)]).await,
        ["1: status 200", kept]
    );

    // Who may not dial it may not read what came from there.
    let origin = one.origin();
    let egress = egress(&directory);
    let call = |scope| Call::new(&egress, &[need(&origin, None)], scope, limits());
    assert_eq!(
        seen(&call(AddressScope::Loopback), [get(&origin)]).await,
        ["2: status 200"]
    );
    assert_eq!(
        call(AddressScope::Public).denial(get(&origin)).await.rule,
        "egress: addresses"
    );
}

#[tokio::test]
async fn decided_about_and_counted_as_ever() {
    let directory = TempDir::new().unwrap();
    let (server, count) =
        counting(|_, _| with("cache-control: max-age=60", vec![b'x'; 1000])).await;
    let url = server.origin();
    let egress = egress(&directory);
    let first = Call::to(&egress, &url);
    first.text(get(&url)).await.unwrap();

    let call = Call::to(&egress, &url);
    let response = call.gate.send_bytes(get(&url), 2000).await.unwrap();
    assert_eq!(response.headers()["age"], "0");
    assert_eq!((call.meter.requests(), call.meter.sent()), (1, 0));
    let Exchange {
        received,
        sent,
        address,
        ..
    } = call.records()[0];
    assert_eq!((received, sent, address), (call.meter.received(), 0, None));
    assert!((1000..1200).contains(&received), "{received}");

    // Without a grant there is no answer, with too small a limit not all of one.
    let none = Call::new(&egress, &[], AddressScope::Loopback, limits());
    assert_eq!(none.denial(get(&url)).await.rule, "no declaration");
    let narrow = |network, requests| {
        let limits = Limits {
            network,
            requests,
            ..limits()
        };
        Call::new(&egress, &[need(&url, None)], AddressScope::Loopback, limits)
    };
    let table = [(900, 9, LimitName::Network), (9000, 0, LimitName::Requests)];
    for (network, requests, limit) in table {
        match narrow(network, requests).text(get(&url)).await {
            Err(EgressError::Limit(exceeded)) => assert_eq!(exceeded.limit, limit),
            other => panic!("{other:?}"),
        }
    }
    assert!(narrow(9000, 1).text(get(&url)).await.is_ok());
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn what_is_not_complete_is_not_kept() {
    let headers = "HTTP/1.1 200 OK\r\ncache-control: max-age=60\r\netag: \"x\"\r\n";
    let table = [
        // after the headers, whether it is kept
        ("content-length: 4\r\n\r\nbody", true),
        ("content-length: 5\r\n\r\nbody", false),
        (
            "transfer-encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
            true,
        ),
        ("transfer-encoding: chunked\r\n\r\n4\r\nbody\r\n", false),
        (
            "transfer-encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nx-trailer: 1\r\n\r\n",
            false,
        ),
        // Until the connection closes: it may have been cut.
        ("\r\nbody", false),
    ];
    for (rest, kept) in table {
        let directory = TempDir::new().unwrap();
        let server = Server::raw(format!("{headers}{rest}")).await;
        let call = Call::to(&egress(&directory), &server.origin());
        for _ in 0..2 {
            drop(call.text(get(server.origin())).await);
        }
        assert_eq!(server.connections(), if kept { 1 } else { 2 }, "{rest}");
        assert_eq!(files(&directory).len(), usize::from(kept), "{rest}");
    }
}

#[tokio::test]
async fn what_nobody_read_to_its_end_is_not_kept() {
    let directory = TempDir::new().unwrap();
    let (server, _) = counting(|_, _| with("cache-control: max-age=60", vec![b'x'; 1 << 20])).await;
    let url = server.origin();
    let egress = egress(&directory);
    let call = Call::new(
        &egress,
        &[need(&url, None)],
        AddressScope::Loopback,
        Limits {
            network: 1 << 16,
            ..limits()
        },
    );
    // A limit of the call, one of the reader, and a reader that goes away.
    assert!(call.text(get(&url)).await.is_err());
    let call = Call::new(
        &egress,
        &[need(&url, None)],
        AddressScope::Loopback,
        Limits {
            network: 1 << 24,
            ..limits()
        },
    );
    assert!(call.gate.send_bytes(get(&url), 1000).await.is_err());
    drop(
        call.gate
            .send(get(&url).map(http_body_util::Full::new))
            .await
            .unwrap(),
    );
    assert_eq!(files(&directory).len(), 0);
    assert!(call.text(get(&url)).await.is_ok());
    assert_eq!(files(&directory).len(), 1);
}

#[tokio::test]
async fn the_largest_body_that_is_kept() {
    let directory = TempDir::new().unwrap();
    let max = usize::try_from(CACHED_BODY_MAX).unwrap();
    let (server, _) = counting(move |_, request| {
        let more = usize::from(request.uri().path() == "/more");
        with("cache-control: max-age=60", vec![b'x'; max + more])
    })
    .await;
    let origin = server.origin();
    let call = Call::new(
        &egress(&directory),
        &[need(&origin, None)],
        AddressScope::Loopback,
        Limits {
            network: 1 << 28,
            ..limits()
        },
    );
    for (path, kept) in [("/more", 0), ("/most", 1)] {
        let url = format!("{origin}{path}");
        let body = call
            .gate
            .send_bytes(get(url), 1 << 25)
            .await
            .unwrap()
            .into_body();
        assert_eq!(body.len(), max + 1 - kept);
        assert_eq!(files(&directory).len(), kept, "{path}");
    }
}

#[tokio::test]
async fn damage_is_a_miss() {
    let directory = TempDir::new().unwrap();
    let (server, _) =
        counting(|number, _| with("cache-control: max-age=60", number.to_string())).await;
    let url = server.origin();
    let call = Call::to(&egress(&directory), &url);
    let damage = |path: &Path| std::fs::write(path, "ml-intern-cache 1 0\n").unwrap();
    assert_eq!(seen(&call, [get(&url)]).await, ["1: status 200"]);
    damage(&files(&directory)[0]);
    assert_eq!(
        seen(&call, [get(&url), get(&url)]).await,
        ["2: status 200", "2: status 200, from cache"]
    );
}

#[tokio::test]
async fn several_hosts_share_a_directory() {
    let directory = TempDir::new().unwrap();
    let (server, count) = counting(|number, request| {
        with(
            "cache-control: max-age=60",
            format!("{number}{}", request.uri().path()),
        )
    })
    .await;
    let origin = server.origin();
    let one = Call::to(&egress(&directory), &origin);
    let two = Call::to(&egress(&directory), &origin);
    assert_eq!(seen(&one, [get(&origin)]).await, ["1/: status 200"]);
    assert_eq!(
        seen(&two, [get(&origin)]).await,
        ["1/: status 200, from cache"]
    );
    // The same at the same time: each gets a whole answer, and one of them stays.
    let urls = || (0..20).map(|number| get(format!("{origin}/{}", number % 4)));
    let (first, second) = tokio::join!(seen(&one, urls()), seen(&two, urls()));
    for (number, (one, two)) in first.iter().zip(&second).enumerate() {
        let path = format!("/{}: status 200", number % 4);
        assert!(one.contains(&path) && two.contains(&path), "{one} {two}");
    }
    assert!((5..=9).contains(&count.load(Ordering::SeqCst)));
    assert_eq!(files(&directory).len(), 5);
}

#[tokio::test]
async fn what_was_used_longest_ago_goes() {
    let directory = TempDir::new().unwrap();
    let (server, _) =
        counting(|number, _| with("cache-control: max-age=60", number.to_string())).await;
    let origin = server.origin();
    let limits = CacheLimits {
        entries: 2,
        ..LIMITS
    };
    let egress = Egress::builder()
        .cache(directory.path().join("cache"), limits)
        .build()
        .unwrap();
    let call = Call::to(&egress, &origin);
    let urls = ["a", "b", "a", "c", "a", "b"].map(|path| get(format!("{origin}/{path}")));
    assert_eq!(
        seen(&call, urls).await,
        [
            "1: status 200",
            "2: status 200",
            "1: status 200, from cache",
            "3: status 200",
            "1: status 200, from cache",
            "4: status 200",
        ]
    );
    assert_eq!(files(&directory).len(), 2);
}

#[tokio::test]
async fn a_change_forgets_what_was_there() {
    let table = [
        // method, status of its answer, whether what was kept stays
        ("POST", 200, false),
        ("PUT", 201, false),
        ("DELETE", 204, false),
        ("PATCH", 303, false),
        ("POST", 400, true),
        ("POST", 500, true),
        ("HEAD", 200, true),
        ("OPTIONS", 200, true),
    ];
    for (method, status, stays) in table {
        let directory = TempDir::new().unwrap();
        let (server, _) = counting(move |number, request| {
            let mut response = with("cache-control: max-age=60", number.to_string());
            if request.method() == method {
                response = Response::new(Bytes::new());
                *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
            }
            response
        })
        .await;
        let url = server.origin();
        let call = Call::to(&egress(&directory), &url);
        let change = Request::builder()
            .method(method)
            .uri(&url)
            .body(Bytes::new())
            .unwrap();
        let after = seen(&call, [get(&url), change, get(&url)]).await.remove(2);
        let expected = if stays {
            "1: status 200, from cache"
        } else {
            "3: status 200"
        };
        assert_eq!(after, expected, "{method} {status}");
    }
}

#[test]
fn a_directory_that_cannot_be_used() {
    let directory = TempDir::new().unwrap();
    let file = directory.path().join("cache");
    std::fs::write(&file, "").unwrap();
    let error = builder(&directory).build().unwrap_err().to_string();
    assert!(
        error.starts_with(&format!("cannot use the cache {}: ", file.display())),
        "{error}"
    );
}
