//! A server that plays answers, a clock that nobody waits for, and a sink that remembers.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use agent::{Effort, Message, Model, ModelError, Part, ToolSpec, Turn, TurnRequest, TurnSink};
use async_trait::async_trait;
use egress::{Credentials, Egress, Exchange};
use ml_intern_models::{Providers, Settings, Time};
use policy::Policy;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// The key in every setting: it may show nowhere.
pub(crate) const KEY: &str = "sk-canary-0123456789";

/// What the server does about a request for a turn.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
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

pub(crate) fn sse(text: &str) -> Answer {
    Answer::Pieces(vec![text.as_bytes().to_vec()])
}

pub(crate) fn json_answer(status: u16, body: &Value) -> Answer {
    Answer::Whole(
        status,
        vec![("content-type", "application/json".into())],
        body.to_string().into_bytes(),
    )
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) line: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Value,
}

#[derive(Default)]
struct Shared {
    answers: Mutex<VecDeque<Answer>>,
    routes: Mutex<HashMap<String, Vec<Answer>>>,
    asked: Mutex<Vec<Asked>>,
    stalled: Notify,
}

/// Plays answers in order to `POST`s of turns, and fixed ones at other paths. Ends when it is dropped.
pub(crate) struct Server {
    pub(crate) origin: String,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    pub(crate) async fn new(answers: Vec<Answer>) -> Server {
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
    pub(crate) fn at(&self, line: &str, answers: Vec<Answer>) {
        let mut routes = self.shared.routes.lock().unwrap();
        routes.insert(line.to_owned(), answers);
    }

    /// More answers to requests for turns.
    pub(crate) fn then(&self, answers: Vec<Answer>) {
        self.shared.answers.lock().unwrap().extend(answers);
    }

    /// Every request so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }

    /// The requests for turns so far.
    pub(crate) fn turns(&self) -> Vec<Asked> {
        let asked = self.asked();
        asked
            .into_iter()
            .filter(|asked| is_turn(&asked.line))
            .collect()
    }

    /// Waits until an answer has stalled.
    pub(crate) async fn stalled(&self) {
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
        shared.asked.lock().unwrap().push(asked);
        let answer = {
            let mut routes = shared.routes.lock().unwrap();
            match routes.get_mut(&line) {
                Some(answers) if answers.len() > 1 => Some(answers.remove(0)),
                Some(answers) => answers.first().cloned(),
                None if is_turn(&line) => shared.answers.lock().unwrap().pop_front(),
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

/// Waits that end at once are retries; the others are bounds that pass when a test says so.
#[derive(Debug, Default)]
pub(crate) struct TestTime {
    now: AtomicU64,
    waited: Mutex<Vec<Duration>>,
    passed: Mutex<Vec<Duration>>,
    changed: Notify,
}

const BOUNDS: [u64; 3] = [300_000, 5000, 15_000];

impl TestTime {
    /// Moves the clock on.
    pub(crate) fn advance(&self, seconds: u64) {
        self.now.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    /// What was waited for between attempts, in milliseconds.
    pub(crate) fn waited(&self) -> Vec<u64> {
        let waited = self.waited.lock().unwrap();
        waited
            .iter()
            .map(|wait| u64::try_from(wait.as_millis()).unwrap())
            .collect()
    }

    /// One bound of this length passes: the one that is waited for, or the next.
    pub(crate) fn pass(&self, ms: u64) {
        self.passed.lock().unwrap().push(Duration::from_millis(ms));
        self.changed.notify_waiters();
    }

    fn take_passed(&self, bound: Duration) -> bool {
        let mut passed = self.passed.lock().unwrap();
        let found = passed.iter().position(|one| *one == bound);
        found.map(|index| passed.remove(index)).is_some()
    }
}

#[async_trait]
impl Time for TestTime {
    fn now(&self) -> Duration {
        Duration::from_millis(self.now.load(Ordering::SeqCst))
    }

    fn date(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_769_860_800)
    }

    async fn sleep(&self, duration: Duration) {
        // 15 s is the bound of a probe, and the second wait of an attempt: the waits of attempts come with jitter here.
        if BOUNDS
            .iter()
            .any(|bound| Duration::from_millis(*bound) == duration)
        {
            loop {
                let changed = self.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if self.take_passed(duration) {
                    return;
                }
                changed.await;
            }
        }
        if duration != Duration::from_millis(100) {
            self.waited.lock().unwrap().push(duration);
        }
    }

    /// A quarter of a quarter: waits are longer by a sixteenth.
    fn chance(&self) -> f64 {
        0.25
    }
}

/// Remembers what it was shown.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Watcher {
    /// The pieces since the last restart.
    pub(crate) pieces: Vec<String>,
    pub(crate) thoughts: String,
    pub(crate) restarts: usize,
    pub(crate) lines: Vec<String>,
}

impl TurnSink for Watcher {
    fn text(&mut self, piece: &str) {
        assert!(!piece.is_empty());
        self.pieces.push(piece.to_owned());
    }

    fn reasoning(&mut self, piece: &str) {
        self.thoughts.push_str(piece);
    }

    fn restart(&mut self) {
        assert!(
            !self.pieces.is_empty() || !self.thoughts.is_empty(),
            "nothing was shown"
        );
        self.pieces.clear();
        self.thoughts.clear();
        self.restarts += 1;
    }

    fn status(&mut self, line: &str) {
        self.lines.push(line.to_owned());
    }
}

/// Providers that all are at one server.
pub(crate) struct Bench {
    pub(crate) server: Server,
    pub(crate) time: Arc<TestTime>,
    pub(crate) providers: Providers,
    pub(crate) exchanges: Arc<Mutex<Vec<Exchange>>>,
    _directory: tempfile::TempDir,
}

const CI: &str = include_str!("../../../../configs/policies/ci.toml");

pub(crate) async fn bench(answers: Vec<Answer>) -> Bench {
    bench_with(answers, &[], "", CI).await
}

/// With more variables, a table of models, and a policy.
pub(crate) async fn bench_with(
    answers: Vec<Answer>,
    variables: &[(&str, &str)],
    table: &str,
    policy: &str,
) -> Bench {
    let server = Server::new(answers).await;
    let directory = tempfile::tempdir().unwrap();
    let models = directory.path().join("models.toml");
    std::fs::write(&models, table).unwrap();
    let settings = Settings::read(|name| {
        if let Some((_, value)) = variables.iter().find(|(key, _)| *key == name) {
            return Some((*value).to_owned());
        }
        match name {
            "ML_INTERN_MODELS" => Some(models.to_str().unwrap().to_owned()),
            "LOCAL_LLM_BASE_URL" | "ANTHROPIC_BASE_URL" | "OPENAI_BASE_URL"
            | "HF_ROUTER_BASE_URL" => Some(server.origin.clone()),
            "ANTHROPIC_API_KEY" | "OPENAI_API_KEY" | "HF_TOKEN" => Some(KEY.to_owned()),
            _ => None,
        }
    })
    .unwrap();
    let credentials = settings.credentials(Credentials::new()).unwrap();
    let egress = Egress::builder().credentials(credentials).build().unwrap();
    let time = Arc::new(TestTime::default());
    let exchanges = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&exchanges);
    let observer = Arc::new(move |exchange: &Exchange| kept.lock().unwrap().push(exchange.clone()));
    let policy = Arc::new(Policy::parse("test.toml", policy).unwrap());
    let clock = Arc::clone(&time) as Arc<dyn Time>;
    let providers = Providers::with_time(settings, egress, policy, observer, clock).unwrap();
    Bench {
        server,
        time,
        providers,
        exchanges,
        _directory: directory,
    }
}

impl Bench {
    pub(crate) fn model(&self, id: &str) -> Box<dyn Model> {
        self.providers.open(id).unwrap()
    }

    /// A turn in a conversation of one question, with two tools.
    pub(crate) async fn turn(&self, id: &str) -> (Result<Turn, ModelError>, Watcher) {
        self.ask(id, &[user("What is the loss?")], None).await
    }

    pub(crate) async fn ask(
        &self,
        id: &str,
        messages: &[Message],
        effort: Option<Effort>,
    ) -> (Result<Turn, ModelError>, Watcher) {
        let tools = tools();
        let request = TurnRequest {
            messages,
            tools: &tools,
            effort,
            session: Some("session-1"),
            ..TurnRequest::default()
        };
        let mut watcher = Watcher::default();
        let turn = self.model(id).turn(request, &mut watcher).await;
        if let Ok(turn) = &turn {
            assert_eq!(
                turn.text,
                watcher.pieces.concat(),
                "the pieces are the text"
            );
        }
        let exchanges = self.exchanges.lock().unwrap();
        let last = exchanges.iter().rev().take(10).collect::<Vec<_>>();
        let shown = format!("{turn:?} {watcher:?} {:?} {last:?}", self.providers);
        assert!(!shown.contains(KEY), "{shown}");
        (turn, watcher)
    }
}

pub(crate) fn user(text: &str) -> Message {
    Message::User {
        content: vec![Part::text(text)],
    }
}

pub(crate) fn tools() -> Vec<ToolSpec> {
    let spec = |name: &str| ToolSpec {
        name: name.to_owned(),
        description: format!("does {name}"),
        parameters: json!({"type": "object", "properties": {"path": {"type": "string"}}}),
    };
    vec![spec("read"), spec("bash")]
}
