//! The binary serves until its input ends.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use serde_json::Value;

#[test]
fn endpoints_on_the_first_line_then_answers_until_the_input_ends() {
    let mut server = Command::new(env!("CARGO_BIN_EXE_stand-in"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut output = BufReader::new(server.stdout.take().unwrap());
    output.read_line(&mut line).unwrap();
    let endpoints: Value = serde_json::from_str(&line).unwrap();
    let hub = endpoints["https://huggingface.co"].as_str().unwrap();
    assert_eq!(endpoints["https://arxiv.org"], format!("{hub}/_/arxiv.org"));
    let mut stream = TcpStream::connect(hub.strip_prefix("http://").unwrap()).unwrap();
    stream
        .write_all(b"GET /api/papers/2505.04321 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    drop(server.stdin.take());
    assert!(server.wait().unwrap().success());
}
