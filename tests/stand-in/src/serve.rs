//! The socket: requests in, answers out, faults in between.

use std::io;
use std::net::TcpListener;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use serde_json::json;
use tokio::sync::oneshot;

use crate::answer::Answer;
use crate::ask::{Ask, decode, pairs};
use crate::fault::Fault;
use crate::hosts;
use crate::view::Asked;
use crate::world::World;

/// The longest request: a large file in one piece.
const REQUEST_BYTES: usize = 256 << 20;

/// What requests share.
#[derive(Debug)]
struct Shared {
    here: String,
    world: Mutex<World>,
}

impl Shared {
    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }
}

/// The server; it ends when it is dropped.
#[derive(Debug)]
pub struct StandIn {
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl StandIn {
    /// A server on a free port of this machine, with a runtime and a thread of its own.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let here = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared {
            here,
            world: Mutex::new(World::new()),
        });
        let (stop, stopped) = oneshot::channel::<()>();
        let state = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                let app = Router::new().fallback(handle).with_state(state);
                tokio::select! {
                    served = axum::serve(listener, app) => served.unwrap(),
                    _ = stopped => {}
                }
            });
            runtime.shutdown_background();
        });
        Self {
            shared,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// `http://127.0.0.1:<port>`; the Hub is at its root.
    #[must_use]
    pub fn origin(&self) -> String {
        self.shared.here.clone()
    }

    /// Each public origin and where it is served: `https://api.github.com` at `http://127.0.0.1:<port>/_/api.github.com`.
    #[must_use]
    pub fn endpoints(&self) -> Vec<(String, String)> {
        hosts::endpoints(&self.shared.here)
    }

    /// Every request so far.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.world().asked.clone()
    }

    /// From now on `request`, a method and the start of a public URL (with its query) as in `GET https://huggingface.co/api/papers/`, goes
    /// wrong. Of several that fit, the one that was set first counts.
    pub fn fault(&self, request: &str, fault: Fault) {
        self.world().faults.set(request, fault, None);
    }

    /// As [`StandIn::fault`], for the next `times` requests.
    pub fn fault_times(&self, request: &str, fault: Fault, times: usize) {
        self.world().faults.set(request, fault, Some(times));
    }

    /// No more faults, and no memory of requests; what was written stays.
    pub fn clear(&self) {
        let mut world = self.world();
        world.faults.clear();
        world.asked.clear();
    }

    /// Whether links in answers (redirects, next pages, upload places) name the public hosts, as they do in reality, or the
    /// places where they are served, which is how it starts.
    pub fn public_links(&self, on: bool) {
        self.world().public_links = on;
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.shared.world()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, REQUEST_BYTES).await else {
        return send(&parts.method, Answer::empty(413));
    };
    let Some((host, path)) = hosts::of(parts.uri.path()) else {
        return send(
            &parts.method,
            Answer::json_with(404, &json!({"error": "nobody stands in for this host"})),
        );
    };
    let raw_query = parts.uri.query().unwrap_or_default().to_owned();
    let mut ask = Ask {
        method: parts.method.as_str().to_owned(),
        host,
        path: path.to_owned(),
        parts: path
            .split('/')
            .filter(|part| !part.is_empty())
            .map(|part| decode(part, false))
            .collect(),
        query: pairs(&raw_query),
        raw_query,
        headers: parts.headers,
        body,
        here: shared.here.clone(),
        public: false,
    };
    let fault = {
        let mut world = shared.world();
        ask.public = world.public_links;
        let asked = Asked::of(&ask);
        let request = asked.line();
        world.asked.push(asked);
        world.faults.take(&request)
    };
    match fault {
        None => {}
        Some(Fault::Slow(time)) => tokio::time::sleep(time).await,
        Some(Fault::Cut) => {
            let answer = hosts::answer(&ask, &mut shared.world());
            return cut(answer);
        }
        Some(Fault::Status {
            status,
            headers,
            body,
        }) => {
            let answer = Answer {
                status,
                headers,
                body: vec![Bytes::from(body)],
            };
            return send(&parts.method, answer);
        }
        Some(Fault::WrongType) => {
            let page = "<!doctype html><html><head><title>Please wait</title></head><body>Checking your browser</body></html>";
            return send(&parts.method, Answer::html(page));
        }
        Some(Fault::Huge(bytes)) => return huge(bytes),
        Some(Fault::Redirect(location)) => {
            return send(&parts.method, Answer::redirect(302, location));
        }
    }
    let answer = hosts::answer(&ask, &mut shared.world());
    send(&parts.method, answer)
}

fn response(status: u16, headers: &[(String, String)], body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    for (name, value) in headers {
        response.headers_mut().append(
            HeaderName::from_bytes(name.as_bytes()).unwrap(),
            HeaderValue::from_bytes(value.as_bytes()).unwrap(),
        );
    }
    response
}

fn send(method: &Method, answer: Answer) -> Response {
    let Answer {
        status,
        mut headers,
        mut body,
    } = answer;
    if body.len() > 1 {
        let pieces = stream::iter(body.into_iter().map(Ok::<_, io::Error>));
        return response(status, &headers, Body::from_stream(pieces));
    }
    let body = body.pop().unwrap_or_default();
    if *method == Method::HEAD {
        if headers.iter().all(|(name, _)| name != "content-length") {
            headers.push(("content-length".to_owned(), body.len().to_string()));
        }
        return response(status, &headers, Body::empty());
    }
    response(status, &headers, Body::from(body))
}

/// The first half of the body, after headers that promise all of it.
fn cut(answer: Answer) -> Response {
    let body = answer.body.concat();
    let mut headers = answer.headers;
    // At least one byte is missing, also of an empty body.
    headers.push(("content-length".to_owned(), body.len().max(1).to_string()));
    let half = Bytes::copy_from_slice(&body[..body.len() / 2]);
    // The pause has the first half sent before the connection closes.
    let end = stream::once(async {
        tokio::task::yield_now().await;
        Err(io::Error::new(io::ErrorKind::ConnectionReset, "cut"))
    });
    let pieces = stream::iter([Ok(half)]).chain(end);
    response(answer.status, &headers, Body::from_stream(pieces))
}

fn huge(bytes: usize) -> Response {
    const PIECE: usize = 64 << 10;
    let piece = Bytes::from(vec![b' '; PIECE]);
    let pieces = (0..bytes.div_ceil(PIECE)).map(move |at| {
        let left = bytes - at * PIECE;
        Ok::<_, io::Error>(piece.slice(..left.min(PIECE)))
    });
    let headers = [(
        "content-type".to_owned(),
        "application/json; charset=utf-8".to_owned(),
    )];
    response(200, &headers, Body::from_stream(stream::iter(pieces)))
}
