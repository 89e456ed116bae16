//! Answers that are not as they should be give one clear error.

use ml_intern_egress::FixedResolver;

use crate::support::{Call, Server, egress, get};

async fn answer(raw: impl Into<Vec<u8>>) -> Result<(u16, String), String> {
    let server = Server::raw(raw).await;
    let origin = server.origin();
    let call = Call::to(&egress(FixedResolver::new()), &origin);
    let result = call.text(get(&origin)).await;
    let records = call.records();
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].error.is_some(), result.is_err());
    result.map_err(|error| error.to_string().replace(&origin, "origin"))
}

#[tokio::test]
async fn malformed() {
    let broken = "origin: the server closed the connection before the response was complete";
    type Row<'a> = (&'a str, Result<(u16, &'a str), &'a str>);
    let table: &[Row<'_>] = &[
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
            Ok((200, "ok")),
        ),
        ("HTTP/1.0 200 OK\r\n\r\nto the end", Ok((200, "to the end"))),
        ("HTTP/1.1 204 No Content\r\n\r\n", Ok((204, ""))),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            Ok((200, "ok")),
        ),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
            Ok((200, "ok")),
        ),
        ("", Err(broken)),
        ("HTTP/1.1 200", Err(broken)),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nok",
            Err(
                "origin: the exchange broke off: error reading a body from connection: end of file before message length reached",
            ),
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nok",
            Err(
                "origin: the exchange broke off: error reading a body from connection: end of file before message length reached",
            ),
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nok",
            Err(
                "origin: the exchange broke off: error reading a body from connection: Invalid chunk size line: missing size digit",
            ),
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nok",
            Err("origin: the response is not HTTP/1.1: invalid content-length parsed"),
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
            Err("origin: the response is not HTTP/1.1: invalid content-length parsed"),
        ),
        (
            "HTTP/1.1 OK\r\n\r\n",
            Err("origin: the response is not HTTP/1.1: invalid HTTP status-code parsed"),
        ),
        (
            "HTTP/1.1 200 OK\r\nbad header: x\r\n\r\n",
            Err("origin: the response is not HTTP/1.1: invalid HTTP header parsed"),
        ),
        (
            "SSH-2.0-OpenSSH_9.9\r\n",
            Err("origin: the response is not HTTP/1.1: invalid HTTP version parsed"),
        ),
        (
            "HTTP/2 200\r\n\r\n",
            Err("origin: the response is not HTTP/1.1: invalid HTTP version parsed"),
        ),
        (
            "HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n",
            Err("origin: the server switches protocols, which nobody asked for"),
        ),
    ];
    for (raw, expected) in table {
        let expected = expected
            .map(|(status, text)| (status, text.to_owned()))
            .map_err(str::to_owned);
        assert_eq!(answer(*raw).await, expected, "{raw:?}");
    }
}

#[tokio::test]
async fn large_heads() {
    let too_large =
        Err("origin: the head of the response is too large; expected at most 65536 bytes and 128 headers".to_owned());
    let with = |count: usize, bytes: usize| {
        let value = "v".repeat(bytes);
        let headers: String = (0..count)
            .map(|at| format!("x-{at:04}: {value}\r\n"))
            .collect();
        format!("HTTP/1.1 200 OK\r\n{headers}content-length: 2\r\n\r\nok")
    };
    assert_eq!(answer(with(127, 10)).await, Ok((200, "ok".into())));
    assert_eq!(answer(with(128, 10)).await, too_large);
    assert_eq!(answer(with(1, 65_000)).await, Ok((200, "ok".into())));
    assert_eq!(answer(with(1, 66_000)).await, too_large);
}
