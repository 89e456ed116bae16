//! What is refused before anything is dialled; each with a twin that passes.

use http::{HeaderName, HeaderValue};
use ml_intern_egress::FixedResolver;
use policy::{AddressScope, HttpNeed, Method, Need};

use crate::support::{Call, Server, denied, egress, get, limits, need, ok, post};

#[tokio::test]
async fn origin_method_and_path_are_the_grants() {
    let server = Server::http(|_| ok("yes")).await;
    let other = Server::http(|_| ok("no")).await;
    let origin = server.origin();
    let narrow = Need::Http(HttpNeed {
        origin: origin.parse().unwrap(),
        methods: vec![Method::Get],
        paths: vec!["/api".parse().unwrap()],
        credential: None,
        body_credential: None,
        reason: String::new(),
    });
    let call = Call::new(
        &egress(FixedResolver::new()),
        &[narrow],
        AddressScope::Loopback,
        limits(),
    );
    for url in ["/api", "/api/x", "/api?q=/../"] {
        assert_eq!(
            call.text(get(format!("{origin}{url}"))).await.unwrap(),
            (200, "yes".into()),
            "{url}"
        );
    }
    let table = [
        (
            get(format!("{origin}/apix")),
            format!("http GET {origin}/apix"),
        ),
        (get(format!("{origin}/")), format!("http GET {origin}/")),
        (
            post(format!("{origin}/api"), ""),
            format!("http POST {origin}/api"),
        ),
        (
            get(format!("{}/api", other.origin())),
            format!("http GET {}/api", other.origin()),
        ),
        (
            get(format!("https://{}/api", server.address)),
            format!("http GET https://{}/api", server.address),
        ),
    ];
    for (request, subject) in table {
        let decision = call.denial(request).await;
        assert_eq!(
            (decision.subject.as_str(), decision.rule.as_str()),
            (subject.as_str(), "no declaration")
        );
    }
    assert_eq!(other.connections(), 0);
}

#[tokio::test]
async fn addresses_are_the_permits() {
    let server = Server::http(|_| ok("yes")).await;
    let names = |addresses: &[&str]| {
        let addresses: Vec<_> = addresses
            .iter()
            .map(|address| address.parse().unwrap())
            .collect();
        FixedResolver::new().with("name.test", &addresses)
    };
    let url = format!("{}/x?q", server.named("name.test"));
    let origin = server.named("name.test");
    let widen = |needed: &str, had: &str| {
        format!(
            "set `addresses = \"{needed}\"` on the rule that allows this request, instead of \"{had}\""
        )
    };
    let never = "no policy can allow this address; use a name that does not lead to it";
    use AddressScope::{Loopback, Private, Public};
    type Row<'a> = (&'a [&'a str], AddressScope, Option<(&'a str, String)>);
    let table: &[Row<'_>] = &[
        (&["127.0.0.1"], Loopback, None),
        (&["127.0.0.1"], Private, None),
        (&["::ffff:127.0.0.1"], Loopback, None),
        (
            &["127.0.0.1"],
            Public,
            Some(("127.0.0.1 (loopback)", widen("loopback", "public"))),
        ),
        (
            &["::1"],
            Public,
            Some(("::1 (loopback)", widen("loopback", "public"))),
        ),
        (
            &["::ffff:127.0.0.1"],
            Public,
            Some(("::ffff:127.0.0.1 (loopback)", widen("loopback", "public"))),
        ),
        (
            &["10.0.0.1"],
            Public,
            Some(("10.0.0.1 (private use)", widen("private", "public"))),
        ),
        (
            &["10.0.0.1"],
            Loopback,
            Some(("10.0.0.1 (private use)", widen("private", "loopback"))),
        ),
        (
            &["fd00::1"],
            Loopback,
            Some(("fd00::1 (private use)", widen("private", "loopback"))),
        ),
        (
            &["169.254.169.254"],
            Private,
            Some((
                "169.254.169.254 (link-local, cloud metadata)",
                never.to_owned(),
            )),
        ),
        (
            &["fd00:ec2::254"],
            Private,
            Some(("fd00:ec2::254 (cloud metadata)", never.to_owned())),
        ),
        (
            &["0.0.0.0"],
            Private,
            Some(("0.0.0.0 (this network)", never.to_owned())),
        ),
        (
            &["64:ff9b::7f00:1"],
            Private,
            Some((
                "64:ff9b::7f00:1 (NAT64 of an address that is not global)",
                never.to_owned(),
            )),
        ),
        // One bad address spoils the name, wherever it stands.
        (&["127.0.0.1", "127.0.0.2"], Loopback, None),
        (
            &["127.0.0.1", "10.0.0.1"],
            Loopback,
            Some(("10.0.0.1 (private use)", widen("private", "loopback"))),
        ),
        (
            &["1.1.1.1", "127.0.0.1"],
            Public,
            Some(("127.0.0.1 (loopback)", widen("loopback", "public"))),
        ),
    ];
    for (addresses, scope, refused) in table {
        let call = Call::new(
            &egress(names(addresses)),
            &[need(&origin, None)],
            *scope,
            limits(),
        );
        match refused {
            None => assert_eq!(
                call.text(get(&url)).await.unwrap(),
                (200, "yes".into()),
                "{addresses:?}"
            ),
            Some((at, remedy)) => assert_eq!(
                call.denial(get(&url)).await,
                denied(
                    &format!("http GET {origin}/x at {at}"),
                    "egress: addresses",
                    remedy
                ),
                "{addresses:?}"
            ),
        }
    }
}

#[tokio::test]
async fn addresses_in_urls_are_checked_alike() {
    let server = Server::http(|_| ok("yes")).await;
    let origin = server.origin();
    let egress = egress(FixedResolver::new());
    let call = Call::new(
        &egress,
        &[need(&origin, None)],
        AddressScope::Public,
        limits(),
    );
    assert_eq!(
        call.denial(get(&origin)).await,
        denied(
            &format!("http GET {origin}/ at 127.0.0.1 (loopback)"),
            "egress: addresses",
            "set `addresses = \"loopback\"` on the rule that allows this request, instead of \"public\"",
        )
    );
    assert_eq!(
        Call::to(&egress, &origin).text(get(&origin)).await.unwrap(),
        (200, "yes".into())
    );
}

#[tokio::test]
async fn headers_that_are_the_hosts() {
    let server = Server::http(|request| ok(crate::support::echo(&request))).await;
    let origin = server.origin();
    let call = Call::to(&egress(FixedResolver::new()), &origin);
    let connection = "leave the header out; the connection is the host's";
    let table = [
        (
            "authorization",
            "leave the header out; name a credential in the need and in the policy, and the host puts it on",
        ),
        (
            "cookie",
            "leave the header out; name a credential in the need and in the policy, and the host puts it on",
        ),
        (
            "proxy-authorization",
            "leave the header out; there is no proxy",
        ),
        ("host", "leave the header out; it follows from the URL"),
        ("connection", connection),
        ("transfer-encoding", connection),
        ("upgrade", connection),
        (
            "x-http-method-override",
            "leave the header out; send the request with the method itself",
        ),
    ];
    for (name, remedy) in table {
        let mut request = get(&origin);
        request
            .headers_mut()
            .insert(HeaderName::from_static(name), HeaderValue::from_static("x"));
        assert_eq!(
            call.denial(request).await,
            denied(
                &format!("the header `{name}` on http GET {origin}/"),
                "egress: request headers",
                remedy
            )
        );
    }
    assert_eq!(server.connections(), 0);

    let mut request = post(&origin, "body");
    request
        .headers_mut()
        .insert("x-own", HeaderValue::from_static("x"));
    request
        .headers_mut()
        .insert("accept-encoding", HeaderValue::from_static("gzip"));
    request
        .headers_mut()
        .insert("content-length", HeaderValue::from_static("4"));
    let version = env!("CARGO_PKG_VERSION");
    let (_, seen) = call.text(request).await.unwrap();
    let mut lines: Vec<&str> = seen.lines().collect();
    lines.sort_unstable();
    assert_eq!(
        lines,
        [
            "POST /",
            "accept-encoding: identity",
            "body",
            "content-length: 4",
            &format!("host: {}", server.address),
            &format!("user-agent: ml-intern/{version}"),
            "x-own: x",
        ]
    );
}

#[tokio::test]
async fn lengths_that_readers_could_disagree_on() {
    let server = Server::http(|request| ok(crate::support::echo(&request))).await;
    let origin = server.origin();
    let call = Call::to(&egress(FixedResolver::new()), &origin);
    let one_number = "not a request that can be sent: the header `content-length` is wrong; expected one number of bytes, or none";
    let table: &[(&[&str], &str)] = &[
        (&["4", "4"], one_number),
        (&["4, 4"], one_number),
        (&["+4"], one_number),
        (&[""], one_number),
        (&["0x4"], one_number),
        (&["99999999999999999999"], one_number),
        (
            &["50"],
            "not a request that can be sent: the body has 4 bytes where `content-length` leaves 50",
        ),
        (
            &["0"],
            "not a request that can be sent: the body has 4 bytes where `content-length` leaves 0",
        ),
    ];
    for (lengths, message) in table {
        let mut request = post(&origin, "body");
        for length in *lengths {
            request
                .headers_mut()
                .append("content-length", HeaderValue::from_str(length).unwrap());
        }
        assert_eq!(
            call.text(request).await.unwrap_err().to_string(),
            *message,
            "{lengths:?}"
        );
    }
    assert_eq!(server.connections(), 0);
    let mut request = post(&origin, "body");
    request
        .headers_mut()
        .append("content-length", HeaderValue::from_static("4"));
    assert!(call.text(request).await.unwrap().1.ends_with("\nbody"));
}

#[tokio::test]
async fn large_heads() {
    let server = Server::http(|_| ok("yes")).await;
    let origin = server.origin();
    let call = Call::to(&egress(FixedResolver::new()), &origin);
    let with = |count: usize, bytes: usize| {
        let mut request = get(&origin);
        for at in 0..count {
            let name = HeaderName::try_from(format!("x-{at:04}")).unwrap();
            request
                .headers_mut()
                .insert(name, HeaderValue::try_from("v".repeat(bytes)).unwrap());
        }
        request
    };
    assert_eq!(call.text(with(100, 10)).await.unwrap().0, 200);
    assert_eq!(
        call.text(with(101, 10)).await.unwrap_err().to_string(),
        "not a request that can be sent: 101 headers; expected at most 100"
    );
    // A name, a value, four bytes of separators; the path is one.
    assert_eq!(call.text(with(1, 65_536 - 11)).await.unwrap().0, 200);
    assert_eq!(
        call.text(with(1, 65_536 - 10))
            .await
            .unwrap_err()
            .to_string(),
        "not a request that can be sent: 65537 bytes of URL and headers; expected at most 65536"
    );
}

#[tokio::test]
async fn every_request_leaves_one_record() {
    let server = Server::http(|_| ok("four")).await;
    let origin = server.origin();
    let call = Call::to(&egress(FixedResolver::new()), &origin);
    call.text(get(format!("{origin}/a?token=1"))).await.unwrap();
    call.text(get("http://127.0.0.1:1/b")).await.unwrap_err();
    call.text(get("http://user:word@127.0.0.1:1/b"))
        .await
        .unwrap_err();
    drop(
        call.gate
            .send(get(&origin).map(http_body_util::Full::new))
            .await
            .unwrap(),
    );

    let records = call.records();
    let shown: Vec<_> = records
        .iter()
        .map(|one| {
            (
                format!("{} {}{}", one.method, one.origin, one.path),
                one.status,
                one.address,
                one.denial.as_ref().map(|denial| denial.rule.as_str()),
                one.error.is_some(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            (
                format!("GET {origin}/a?…"),
                Some(200),
                Some(server.address),
                None,
                false
            ),
            (
                "GET http://127.0.0.1:1/b".into(),
                None,
                None,
                Some("no declaration"),
                true
            ),
            ("GET ".into(), None, None, None, true),
            (
                format!("GET {origin}/"),
                Some(200),
                Some(server.address),
                None,
                true
            ),
        ]
    );
    assert_eq!(records[3].error.as_deref(), Some("given up before its end"));
    assert_eq!(
        (
            records[0].sent + records[3].sent,
            records[0].received + records[3].received
        ),
        (call.meter.sent(), call.meter.received())
    );
    assert_eq!((records[0].reused, records[3].reused), (false, true));
}
