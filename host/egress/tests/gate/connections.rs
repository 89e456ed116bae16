//! Connections are kept, and replaced when the server closed them meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use ml_intern_egress::FixedResolver;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::Notify;

use crate::support::{Call, Server, egress, get, ok, post, read_head};

#[tokio::test]
async fn requests_share_a_connection_across_calls() {
    let server = Server::http(|request| ok(request.into_body())).await;
    let origin = server.origin();
    let egress = egress(FixedResolver::new());
    for call in [Call::to(&egress, &origin), Call::to(&egress, &origin)] {
        for body in ["", "one", "two"] {
            assert_eq!(
                call.text(post(&origin, body)).await.unwrap(),
                (200, body.into())
            );
        }
        assert_eq!(call.text(get(&origin)).await.unwrap(), (200, String::new()));
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_is_ready_as_soon_as_its_answer_is_read() {
    let server = Server::http(|_| ok("yes")).await;
    let origin = server.origin();
    let call = Call::to(&egress(FixedResolver::new()), &origin);
    for _ in 0..50 {
        // In a task of its own: what the gate gives can go to another thread.
        let (gate, request) = (call.gate.clone(), get(&origin).map(Full::new));
        let response = tokio::spawn(async move { gate.send(request).await })
            .await
            .unwrap()
            .unwrap();
        tokio::spawn(response.into_body().bytes(10))
            .await
            .unwrap()
            .unwrap();
    }
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn an_answer_that_is_not_read_closes_its_connection() {
    let server = Server::http(|_| ok(vec![b'x'; 1 << 20])).await;
    let origin = server.origin();
    let call = Call::to(&egress(FixedResolver::new()), &origin);
    for _ in 0..2 {
        drop(call.gate.send(get(&origin).map(Full::new)).await.unwrap());
    }
    assert_eq!(server.connections(), 2);
}

/// Answers the first request of its first connection, then closes that when it is told to: either at once, or when the
/// next request has come. Later connections answer for ever.
async fn closing(when_asked: bool) -> (Server, Arc<Notify>) {
    let close = Arc::new(Notify::new());
    let told = Arc::clone(&close);
    let count = Arc::new(AtomicUsize::new(0));
    let server = Server::tcp(move |mut stream| {
        let told = Arc::clone(&told);
        let first = count.fetch_add(1, Ordering::SeqCst) == 0;
        async move {
            loop {
                let head = read_head(&mut stream).await;
                if head.is_empty() {
                    return;
                }
                drop(
                    stream
                        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
                        .await,
                );
                if !first {
                    continue;
                }
                if when_asked {
                    // The next request is read and never answered.
                    read_head(&mut stream).await;
                } else {
                    told.notified().await;
                }
                drop(stream.shutdown().await);
                drop(stream.read_to_end(&mut Vec::new()).await);
                return;
            }
        }
    })
    .await;
    (server, close)
}

#[tokio::test]
async fn an_idle_connection_that_was_closed_is_replaced() {
    let (server, close) = closing(false).await;
    let origin = server.origin();
    let call = Call::to(&egress(FixedResolver::new()), &origin);
    assert_eq!(call.text(get(&origin)).await.unwrap(), (200, "ok".into()));
    close.notify_one();
    // Whether the close has been noticed by now or not: it is replaced.
    assert_eq!(call.text(get(&origin)).await.unwrap(), (200, "ok".into()));
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn a_request_that_got_no_answer_is_sent_again_where_that_is_safe() {
    for (method, again) in [
        ("GET", true),
        ("HEAD", true),
        ("OPTIONS", true),
        ("PUT", true),
        ("DELETE", true),
        ("POST", false),
        ("PATCH", false),
    ] {
        let (server, _) = closing(true).await;
        let origin = server.origin();
        let call = Call::to(&egress(FixedResolver::new()), &origin);
        assert_eq!(call.text(get(&origin)).await.unwrap(), (200, "ok".into()));
        let request = Request::builder()
            .method(method)
            .uri(&origin)
            .body(Bytes::new())
            .unwrap();
        let result = call.gate.send(request.map(Full::new)).await;
        if again {
            assert_eq!(result.unwrap().status(), 200, "{method}");
            assert_eq!(server.connections(), 2, "{method}");
        } else {
            assert_eq!(
                result.unwrap_err().to_string(),
                format!(
                    "{origin}: the server closed the connection before the response was complete"
                ),
                "{method}"
            );
            assert_eq!(server.connections(), 1, "{method}");
        }
    }
}

#[tokio::test]
async fn a_put_with_a_body_is_not_sent_again() {
    let (server, _) = closing(true).await;
    let origin = server.origin();
    let call = Call::to(&egress(FixedResolver::new()), &origin);
    assert_eq!(call.text(get(&origin)).await.unwrap(), (200, "ok".into()));
    let request = Request::put(&origin)
        .body(Bytes::from_static(b"x"))
        .unwrap();
    assert_eq!(
        call.text(request).await.unwrap_err().to_string(),
        format!("{origin}: the server closed the connection before the response was complete")
    );
}

#[tokio::test]
async fn dropping_the_gates_future_closes_the_connection() {
    let gone = Arc::new(Notify::new());
    let tell = Arc::clone(&gone);
    let here = Arc::new(Notify::new());
    let arrived = Arc::clone(&here);
    let server = Server::tcp(move |mut stream| {
        let (tell, arrived) = (Arc::clone(&tell), Arc::clone(&arrived));
        async move {
            read_head(&mut stream).await;
            arrived.notify_one();
            // Ends when the client is gone.
            drop(stream.read_to_end(&mut Vec::new()).await);
            tell.notify_one();
        }
    })
    .await;
    let call = Call::to(&egress(FixedResolver::new()), &server.origin());
    tokio::select! {
        result = call.text(get(server.origin())) => panic!("{result:?}"),
        () = here.notified() => {}
    }
    gone.notified().await;
    assert_eq!(
        call.records()[0].error.as_deref(),
        Some("given up before its end")
    );
}
