//! Servers, grants and calls for the tests.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use ml_intern_egress::{Credentials, Egress, EgressError, Exchange, FixedResolver, Gate, Meter};
use policy::{AddressScope, Decision, Grant, HttpNeed, Limits, Method, Need, PathPrefix, Verdict};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A server that stops when it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// Answers each request, whose body has been read.
    pub(crate) async fn http<F>(answer: F) -> Self
    where
        F: Fn(Request<Bytes>) -> Response<Bytes> + Send + Sync + 'static,
    {
        let answer = Arc::new(answer);
        Self::tcp(move |stream| {
            let answer = Arc::clone(&answer);
            async move {
                let service = service_fn(move |request: Request<hyper::body::Incoming>| {
                    let answer = Arc::clone(&answer);
                    async move {
                        let (head, body) = request.into_parts();
                        let Ok(body) = body.collect().await else {
                            return Ok::<_, Infallible>(Response::new(Full::new(Bytes::new())));
                        };
                        let request = Request::from_parts(head, body.to_bytes());
                        Ok(answer(request).map(Full::new))
                    }
                });
                // A client that breaks off is part of some tests.
                drop(
                    hyper::server::conn::http1::Builder::new()
                        .max_headers(200)
                        .serve_connection(TokioIo::new(stream), service)
                        .await,
                );
            }
        })
        .await
    }

    /// Reads the head of one request a connection, writes these bytes, and closes.
    pub(crate) async fn raw(answer: impl Into<Vec<u8>>) -> Self {
        let answer: Arc<[u8]> = answer.into().into();
        Self::tcp(move |mut stream| {
            let answer = Arc::clone(&answer);
            async move {
                read_head(&mut stream).await;
                drop(stream.write_all(&answer).await);
                drop(stream.shutdown().await);
                // Until the client is gone too: closing with bytes unread would reset the connection.
                drop(stream.read_to_end(&mut Vec::new()).await);
            }
        })
        .await
    }

    /// Hands over each connection.
    pub(crate) async fn tcp<F, T>(serve: F) -> Self
    where
        F: Fn(TcpStream) -> T + Send + Sync + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&connections);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream));
            }
        });
        Server {
            address,
            connections,
            task,
        }
    }

    /// `http://127.0.0.1:port`.
    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The same port under another name.
    pub(crate) fn named(&self, name: &str) -> String {
        format!("http://{name}:{}", self.address.port())
    }

    /// Connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// Reads up to the empty line; what was read.
pub(crate) async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

/// One call, and the records of its requests.
pub(crate) struct Call {
    pub(crate) gate: Gate,
    pub(crate) meter: Arc<Meter>,
    pub(crate) records: Arc<Mutex<Vec<Exchange>>>,
}

impl Call {
    /// A call with these needs.
    pub(crate) fn new(
        egress: &Egress,
        needs: &[Need],
        scope: AddressScope,
        limits: Limits,
    ) -> Self {
        Self::granted(egress, Grant::exactly(needs, scope, limits))
    }

    pub(crate) fn granted(egress: &Egress, grant: Grant) -> Self {
        let records = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&records);
        let meter = Arc::new(Meter::new(grant.limits()));
        let observer =
            Arc::new(move |exchange: &Exchange| kept.lock().unwrap().push(exchange.clone()));
        Call {
            gate: egress.call(Arc::new(grant), Arc::clone(&meter), observer),
            meter,
            records,
        }
    }

    /// A call that may do everything with one origin, on loopback.
    pub(crate) fn to(egress: &Egress, origin: &str) -> Self {
        Self::new(
            egress,
            &[need(origin, None)],
            AddressScope::Loopback,
            limits(),
        )
    }

    /// The records so far.
    pub(crate) fn records(&self) -> Vec<Exchange> {
        self.records.lock().unwrap().clone()
    }

    /// Sends, and reads the answer as text.
    pub(crate) async fn text(&self, request: Request<Bytes>) -> Result<(u16, String), EgressError> {
        let response = self.gate.send_bytes(request, 1 << 20).await?;
        let text = String::from_utf8(response.body().to_vec()).unwrap();
        Ok((response.status().as_u16(), text))
    }

    /// The decision that refuses this request.
    pub(crate) async fn denial(&self, request: Request<Bytes>) -> Decision {
        self.text(request).await.unwrap_err().denial().unwrap()
    }
}

/// Everything with one origin.
pub(crate) fn need(origin: &str, credential: Option<&str>) -> Need {
    Need::Http(HttpNeed {
        origin: origin.parse().unwrap(),
        methods: Method::ALL.to_vec(),
        paths: vec![PathPrefix::root()],
        credential: credential.map(str::to_owned),
        body_credential: None,
        reason: "a test".to_owned(),
    })
}

/// Limits that no test reaches by accident.
pub(crate) fn limits() -> Limits {
    Limits {
        memory: 0,
        fuel: 0,
        deadline: 60_000,
        output: 0,
        open_files: 0,
        host_calls: 0,
        disk: 0,
        network: 1 << 20,
        requests: 100,
    }
}

/// No credentials, and only names that were given.
pub(crate) fn egress(names: FixedResolver) -> Egress {
    Egress::builder().resolver(names).build().unwrap()
}

/// Credentials, and only names that were given.
pub(crate) fn egress_with(names: FixedResolver, credentials: Credentials) -> Egress {
    Egress::builder()
        .resolver(names)
        .credentials(credentials)
        .build()
        .unwrap()
}

pub(crate) fn get(url: impl AsRef<str>) -> Request<Bytes> {
    Request::get(url.as_ref()).body(Bytes::new()).unwrap()
}

pub(crate) fn post(url: impl AsRef<str>, body: &'static str) -> Request<Bytes> {
    Request::post(url.as_ref())
        .body(Bytes::from_static(body.as_bytes()))
        .unwrap()
}

pub(crate) fn denied(subject: &str, rule: &str, remedy: &str) -> Decision {
    Decision {
        verdict: Verdict::Deny,
        subject: subject.to_owned(),
        rule: rule.to_owned(),
        remedy: remedy.to_owned(),
    }
}

pub(crate) fn ok(text: impl Into<Bytes>) -> Response<Bytes> {
    Response::new(text.into())
}

/// What the server saw of the request, as text: one header a line.
pub(crate) fn echo(request: &Request<Bytes>) -> String {
    let mut text = format!("{} {}\n", request.method(), request.uri());
    for (name, value) in request.headers() {
        text.push_str(&format!("{name}: {}\n", value.to_str().unwrap()));
    }
    text + &String::from_utf8_lossy(request.body())
}
