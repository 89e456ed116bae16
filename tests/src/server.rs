//! A server that plays answers, as a model's provider.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// What the server does about a request for a turn.
#[derive(Clone, Debug)]
pub enum Answer {
    /// An event stream, in these pieces; each a chunk, flushed by itself.
    Pieces(Vec<Vec<u8>>),
    /// An event stream that breaks off in the midst of its chunks.
    Cut(Vec<u8>),
    /// An event stream without chunks and without a length: where it ends cannot be told from where it is cut.
    Closed(Vec<u8>),
    /// An event stream that stays open after this, and says nothing more.
    Stall(Vec<u8>),
    /// Any response: status, headers, body.
    Whole(u16, Vec<(&'static str, String)>, Vec<u8>),
    /// The connection is closed without a word.
    Hang,
}

/// An event stream in one piece.
#[must_use]
pub fn sse(text: &str) -> Answer {
    Answer::Pieces(vec![text.as_bytes().to_vec()])
}

/// A whole response of JSON.
#[must_use]
pub fn json_answer(status: u16, body: &Value) -> Answer {
    Answer::Whole(
        status,
        vec![("content-type", "application/json".into())],
        body.to_string().into_bytes(),
    )
}

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Method and path.
    pub line: String,
    /// By their names in lower case.
    pub headers: HashMap<String, String>,
    /// The body; null where it is no JSON.
    pub body: Value,
    /// The body as it came, for what is signed.
    pub bytes: Vec<u8>,
}

/// Answers what it is asked; none is a 404.
type Answering = Box<dyn FnMut(&Asked) -> Option<Answer> + Send>;

#[derive(Default)]
struct Shared {
    answers: Mutex<VecDeque<Answer>>,
    answering: Mutex<Option<Answering>>,
    routes: Mutex<HashMap<String, Vec<Answer>>>,
    asked: Mutex<Vec<Asked>>,
    stalled: Notify,
}

/// Plays answers in order to `POST`s of turns, and fixed ones at other paths. Ends when it is dropped.
pub struct Server {
    /// Where it is: `http://127.0.0.1:<port>`.
    pub origin: String,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server")
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// A server that answers requests for turns with these, in order.
    pub async fn new(answers: Vec<Answer>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            answers: Mutex::new(answers.into()),
            ..Shared::default()
        });
        let serving = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&serving)));
            }
        });
        Server {
            origin,
            shared,
            task,
        }
    }

    /// Answers at a path, for example `GET /v1/models`: one after the other, the last one again and again.
    pub fn at(&self, line: &str, answers: Vec<Answer>) {
        let mut routes = self.shared.routes.lock().unwrap();
        routes.insert(line.to_owned(), answers);
    }

    /// More answers to requests for turns.
    pub fn then(&self, answers: Vec<Answer>) {
        self.shared.answers.lock().unwrap().extend(answers);
    }

    /// From here on, requests for turns are answered by this.
    pub fn answer(&self, with: impl FnMut(&Asked) -> Option<Answer> + Send + 'static) {
        *self.shared.answering.lock().unwrap() = Some(Box::new(with));
    }

    /// Every request so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }

    /// The requests for turns so far.
    pub fn turns(&self) -> Vec<Asked> {
        let asked = self.asked();
        asked
            .into_iter()
            .filter(|asked| is_turn(&asked.line))
            .collect()
    }

    /// Waits until an answer has stalled.
    pub async fn stalled(&self) {
        self.shared.stalled.notified().await;
    }
}

/// Whether a request asks for a turn.
fn is_turn(line: &str) -> bool {
    ["/messages", "/responses", "/chat/completions"]
        .iter()
        .any(|path| line.ends_with(path))
}

async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    while let Some(asked) = read(&mut stream).await {
        let line = asked.line.clone();
        shared.asked.lock().unwrap().push(asked.clone());
        let answer = {
            let mut routes = shared.routes.lock().unwrap();
            match routes.get_mut(&line) {
                Some(answers) if answers.len() > 1 => Some(answers.remove(0)),
                Some(answers) => answers.first().cloned(),
                None if is_turn(&line) => match shared.answering.lock().unwrap().as_mut() {
                    Some(answering) => answering(&asked),
                    None => shared.answers.lock().unwrap().pop_front(),
                },
                None => None,
            }
        };
        let missing = Answer::Whole(404, vec![], b"not found".to_vec());
        if !write(&mut stream, answer.unwrap_or(missing), &shared).await {
            let _ = stream.shutdown().await;
            // Until the client is gone too: closing with bytes unread would reset the connection.
            let _ = stream.read_to_end(&mut Vec::new()).await;
            return;
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let mut lines = head.lines();
    let line = lines.next()?.trim_end_matches(" HTTP/1.1").to_owned();
    let headers: HashMap<String, String> = lines
        .filter_map(|line| line.split_once(": "))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let length = headers
        .get("content-length")
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(Asked {
        line,
        headers,
        body: serde_json::from_slice(&body).unwrap_or_default(),
        bytes: body,
    })
}

const STREAM: &str = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n";

/// Whether the connection can be used again.
async fn write(stream: &mut TcpStream, answer: Answer, shared: &Shared) -> bool {
    let chunk = |bytes: &[u8]| {
        let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
        chunk.extend_from_slice(bytes);
        chunk.extend_from_slice(b"\r\n");
        chunk
    };
    let chunked = format!("{STREAM}transfer-encoding: chunked\r\n\r\n").into_bytes();
    let (bytes, again) = match answer {
        Answer::Pieces(pieces) => {
            let mut bytes = chunked;
            for piece in pieces.iter().filter(|piece| !piece.is_empty()) {
                bytes.extend(chunk(piece));
            }
            bytes.extend_from_slice(b"0\r\n\r\n");
            (bytes, true)
        }
        Answer::Cut(body) => {
            let mut bytes = chunked;
            if !body.is_empty() {
                bytes.extend(chunk(&body));
            }
            (bytes, false)
        }
        Answer::Closed(body) => {
            let mut bytes = format!("{STREAM}connection: close\r\n\r\n").into_bytes();
            bytes.extend(body);
            (bytes, false)
        }
        Answer::Stall(body) => {
            let mut bytes = chunked;
            bytes.extend(chunk(&body));
            stream.write_all(&bytes).await.unwrap();
            shared.stalled.notify_one();
            // Until the client gives up.
            let _ = stream.read_to_end(&mut Vec::new()).await;
            return false;
        }
        Answer::Whole(status, headers, body) => {
            let mut text = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n", body.len());
            for (name, value) in headers {
                text.push_str(&format!("{name}: {value}\r\n"));
            }
            let mut bytes = format!("{text}\r\n").into_bytes();
            bytes.extend(body);
            (bytes, true)
        }
        Answer::Hang => (Vec::new(), false),
    };
    stream.write_all(&bytes).await.is_ok() && again
}
