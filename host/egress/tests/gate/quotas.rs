//! Each limit fires, and a neighbour of it does not.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use ml_intern_egress::{EgressError, FixedResolver, Timeouts};
use policy::{AddressScope, LimitExceeded, LimitName, Limits};
use tokio::io::AsyncWriteExt as _;

use crate::support::{Call, Server, egress, get, limits, need, ok, read_head};

fn call(server: &Server, limits: Limits) -> Call {
    let egress = egress(FixedResolver::new());
    Call::new(
        &egress,
        &[need(&server.origin(), None)],
        AddressScope::Loopback,
        limits,
    )
}

fn exceeded(error: EgressError) -> LimitExceeded {
    match error {
        EgressError::Limit(limit) => limit,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn requests() {
    let server = Server::http(|_| ok("yes")).await;
    let origin = server.origin();
    let one = call(
        &server,
        Limits {
            requests: 2,
            ..limits()
        },
    );
    let neighbour = call(
        &server,
        Limits {
            requests: 3,
            ..limits()
        },
    );
    for _ in 0..2 {
        one.text(get(&origin)).await.unwrap();
        neighbour.text(get(&origin)).await.unwrap();
    }
    assert_eq!(
        exceeded(one.text(get(&origin)).await.unwrap_err()),
        LimitExceeded {
            limit: LimitName::Requests,
            allowed: 2,
            requested: 3
        }
    );
    neighbour.text(get(&origin)).await.unwrap();
    assert_eq!((one.meter.requests(), neighbour.meter.requests()), (2, 3));
}

#[tokio::test]
async fn bytes_that_come() {
    let server = Server::http(|_| ok(vec![b'x'; 100_000])).await;
    let origin = server.origin();
    // What one exchange takes in all, to the byte.
    let open = call(&server, limits());
    open.text(get(&origin)).await.unwrap();
    let takes = open.meter.sent() + open.meter.received();
    assert!(takes > 100_000);

    call(
        &server,
        Limits {
            network: takes,
            ..limits()
        },
    )
    .text(get(&origin))
    .await
    .unwrap();
    let short = call(
        &server,
        Limits {
            network: takes - 1,
            ..limits()
        },
    );
    let limit = exceeded(short.text(get(&origin)).await.unwrap_err());
    assert_eq!(
        (limit.limit, limit.allowed),
        (LimitName::Network, takes - 1)
    );
    assert!(limit.requested >= takes, "{limit:?}");
    assert!(short.meter.received() < open.meter.received());
}

#[tokio::test]
async fn an_endless_answer_is_stopped_while_it_comes() {
    let server = Server::tcp(|mut stream| async move {
        read_head(&mut stream).await;
        drop(stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await);
        while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
    })
    .await;
    let call = call(
        &server,
        Limits {
            network: 1 << 20,
            ..limits()
        },
    );
    let response = call
        .gate
        .send(get(server.origin()).map(Full::new))
        .await
        .unwrap();
    let mut body = response.into_body();
    let error = loop {
        match body.frame().await.unwrap() {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    assert_eq!(exceeded(error).limit, LimitName::Network);
    assert!(body.frame().await.is_none());
    assert!(call.meter.received() <= 1 << 20);
}

#[tokio::test]
async fn bytes_that_leave() {
    let server = Server::http(|_| ok("yes")).await;
    let origin = server.origin();
    let send = |network: u64| {
        let call = call(
            &server,
            Limits {
                network,
                ..limits()
            },
        );
        let request = Request::post(&origin)
            .body(Bytes::from(vec![b'x'; 10_000]))
            .unwrap();
        async move { (call.text(request).await, call.meter.sent()) }
    };
    let (sent, bytes) = send(1 << 20).await;
    sent.unwrap();
    let (error, sent) = send(bytes - 1).await;
    assert_eq!(
        exceeded(error.unwrap_err()),
        LimitExceeded {
            limit: LimitName::Network,
            allowed: bytes - 1,
            requested: bytes
        }
    );
    // The head went out; the body did not.
    assert_eq!(sent, bytes - 10_000);
}

#[tokio::test]
async fn host_memory_of_an_answer() {
    let server = Server::http(|_| ok("12345")).await;
    let call = call(&server, limits());
    let read = |limit| call.gate.send_bytes(get(server.origin()), limit);
    assert_eq!(
        exceeded(read(4).await.unwrap_err()),
        LimitExceeded {
            limit: LimitName::HostMemory,
            allowed: 4,
            requested: 5
        }
    );
    assert_eq!(read(5).await.unwrap().body(), "12345");
}

/// A server that reads the request and then says nothing, or the head alone.
async fn silent(head: &'static str) -> Server {
    Server::tcp(move |mut stream| async move {
        read_head(&mut stream).await;
        stream.write_all(head.as_bytes()).await.unwrap();
        // Until the client gives up.
        read_head(&mut stream).await;
    })
    .await
}

const HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n";

#[tokio::test]
async fn the_deadline_counts_everywhere() {
    for head in ["", HEAD] {
        let server = silent(head).await;
        let slow = call(
            &server,
            Limits {
                deadline: 50,
                ..limits()
            },
        );
        let limit = exceeded(slow.text(get(server.origin())).await.unwrap_err());
        assert_eq!(
            (limit.limit, limit.allowed),
            (LimitName::Deadline, 50),
            "{head:?}"
        );
        assert!((51..5_000).contains(&limit.requested), "{limit:?}");
    }
    let server = Server::http(|_| ok("yes")).await;
    let quick = call(&server, limits());
    assert_eq!(quick.text(get(server.origin())).await.unwrap().0, 200);
}

#[tokio::test]
async fn timeouts_of_one_request() {
    let short = Duration::from_millis(20);
    let server = silent("").await;
    let open = call(&server, limits());
    let mut request = get(server.origin());
    request.extensions_mut().insert(Timeouts {
        first_byte: short,
        ..Timeouts::default()
    });
    assert_eq!(
        open.text(request).await.unwrap_err().to_string(),
        format!("{}: waited 20 ms for the response", server.origin())
    );
    let server = silent(HEAD).await;
    let open = call(&server, limits());
    let mut request = get(server.origin());
    request.extensions_mut().insert(Timeouts {
        between_bytes: short,
        ..Timeouts::default()
    });
    assert_eq!(
        open.text(request).await.unwrap_err().to_string(),
        format!("{}: waited 20 ms for more of the response", server.origin())
    );
}

#[tokio::test]
async fn a_name_lookup_that_hangs() {
    #[derive(Debug)]
    struct Hangs;
    #[async_trait::async_trait]
    impl ml_intern_egress::Resolve for Hangs {
        async fn resolve(&self, _name: &str) -> std::io::Result<Vec<std::net::IpAddr>> {
            std::future::pending().await
        }
    }
    let timeouts = Timeouts {
        connect: Duration::from_millis(20),
        ..Timeouts::default()
    };
    let egress = ml_intern_egress::Egress::builder()
        .resolver(Hangs)
        .timeouts(timeouts)
        .build()
        .unwrap();
    let call = Call::to(&egress, "http://hangs.test:80");
    assert_eq!(
        call.text(get("http://hangs.test/"))
            .await
            .unwrap_err()
            .to_string(),
        "http://hangs.test:80: waited 20 ms for the name lookup"
    );
}
