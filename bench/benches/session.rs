//! A whole headless session, as a user starts it: 100 tool calls against a model server on this machine, which takes no
//! time to think. Needs the release binary, and what `make setup` installs.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::allow_attributes,
    missing_docs,
    reason = "a benchmark; a panic is its report"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Tool calls of one session.
const CALLS: usize = 100;
/// Sessions.
const RUNS: usize = 15;

/// Answers of Chat Completions, streamed: `CALLS` calls of `read`, each of another line, and then words.
fn serve(mut stream: TcpStream) {
    stream.set_nodelay(true).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let (mut first, mut length) = (String::new(), 0);
        if reader.read_line(&mut first).unwrap_or(0) == 0 {
            return;
        }
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if line == "\r\n" {
                break;
            }
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let (status, kind, answer) = if first.starts_with("POST ") {
            let request: Value = serde_json::from_slice(&body).unwrap();
            ("200 OK", "text/event-stream", answer(&request))
        } else {
            ("404 Not Found", "text/plain", String::new())
        };
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
            answer.len()
        );
        if stream.write_all((head + &answer).as_bytes()).is_err() {
            return;
        }
    }
}

fn answer(request: &Value) -> String {
    let messages = request["messages"].as_array().unwrap();
    let results = messages.iter().filter(|one| one["role"] == "tool").count();
    let piece = |delta: Value, finish: Value| json!({"id": "1", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]});
    let pieces = if results < CALLS {
        let arguments = json!({"path": "lines.txt", "offset": results + 1, "limit": 1});
        let call = json!([{"index": 0, "id": format!("call-{results}"), "type": "function",
            "function": {"name": "read", "arguments": arguments.to_string()}}]);
        vec![
            piece(
                json!({"role": "assistant", "content": "Another line. "}),
                Value::Null,
            ),
            piece(json!({"tool_calls": call}), Value::Null),
            piece(json!({}), json!("tool_calls")),
        ]
    } else {
        vec![
            piece(
                json!({"role": "assistant", "content": "Read."}),
                Value::Null,
            ),
            piece(json!({}), json!("stop")),
        ]
    };
    let mut text: String = pieces
        .iter()
        .map(|piece| format!("data: {piece}\n\n"))
        .collect();
    text.push_str("data: [DONE]\n\n");
    text
}

/// The most memory that a process has had so far, in KiB.
fn peak(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// What a process and those that it started hold together, in KiB: each page's share, files that are mapped too.
fn shares(pid: u32) -> u64 {
    let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let own: u64 = rollup
        .lines()
        .find_map(|line| {
            line.strip_prefix("Pss:")?
                .trim()
                .strip_suffix(" kB")?
                .parse()
                .ok()
        })
        .unwrap_or(0);
    let threads = std::fs::read_dir(format!("/proc/{pid}/task"));
    let children = threads.into_iter().flatten().flatten().map(|thread| {
        let started = std::fs::read_to_string(thread.path().join("children")).unwrap_or_default();
        let started = started
            .split_whitespace()
            .filter_map(|one| one.parse().ok());
        started.map(shares).sum::<u64>()
    });
    own + children.sum::<u64>()
}

/// How long one took, and the most memory of the host, and of the host and its worker processes together.
fn session(binary: &Path, port: u16) -> (Duration, (u64, u64)) {
    let place = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let workspace = place.path().join("workspace");
    std::fs::create_dir(&workspace).unwrap();
    let lines: String = (1..=200).map(|n| format!("this is line {n}\n")).collect();
    std::fs::write(workspace.join("lines.txt"), lines).unwrap();
    let since = Instant::now();
    let mut child = Command::new(binary)
        .args(["read it all", "--model", "llamacpp/tiny", "--policy", "ci"])
        .arg("--workspace")
        .arg(&workspace)
        .arg("--session-dir")
        .arg(place.path().join("session"))
        .env("LLAMACPP_BASE_URL", format!("http://127.0.0.1:{port}"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = child.stdout.take().unwrap();
    let printed = std::thread::spawn(move || {
        let mut text = String::new();
        out.read_to_string(&mut text).unwrap();
        text
    });
    let (mut most, mut all) = (0, 0);
    let status = loop {
        most = most.max(peak(child.id()).unwrap_or(0));
        all = all.max(shares(child.id()));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    let took = since.elapsed();
    let printed = printed.join().unwrap();
    assert!(status.success(), "{printed}");
    assert!(
        printed.contains("this is line 100") && printed.contains("ended      done"),
        "{printed}"
    );
    (took, (most, all))
}

fn main() {
    // This program is in target/release/deps.
    let here = std::env::current_exe().unwrap();
    let binary = here.parent().unwrap().with_file_name("ml-intern");
    assert!(
        binary.is_file(),
        "no {}: cargo build --release --workspace",
        binary.display()
    );
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            std::thread::spawn(move || serve(stream));
        }
    });
    session(&binary, port);
    let (mut times, peaks): (Vec<Duration>, Vec<(u64, u64)>) =
        (0..RUNS).map(|_| session(&binary, port)).unzip();
    times.sort_unstable();
    let most = |of: fn(&(u64, u64)) -> u64| peaks.iter().map(of).max().unwrap() / 1024;
    println!(
        "{CALLS} tool calls, headless: p50 {:.3} s   most {:.3} s   peak of the host {} MB, with its worker processes {} MB   (of {RUNS})",
        times[RUNS / 2].as_secs_f64(),
        times[RUNS - 1].as_secs_f64(),
        most(|peak| peak.0),
        most(|peak| peak.1),
    );
}
