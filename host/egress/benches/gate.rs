//! What the gate costs: a small request on loopback over a kept connection, through the gate and with hyper alone.
//!
//! Both run on one thread together with the server, so that the difference is the gate's own work: URL, grant, scans
//! with ten known secrets, credential, metering and the record.
#![expect(
    clippy::unwrap_used,
    reason = "a benchmark that cannot run has nothing to report"
)]

use std::convert::Infallible;
use std::hint::black_box;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use ml_intern_egress::{Credentials, Egress, Exchange, Gate, Meter};
use policy::{AddressScope, Grant, HttpNeed, Limits, Method, Need, PathPrefix};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

const BODY: usize = 1024;

fn serve(runtime: &Runtime) -> SocketAddr {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = service_fn(|_| async {
                Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(&[b'x'; BODY]))))
            });
            let builder = hyper::server::conn::http1::Builder::new();
            tokio::spawn(builder.serve_connection(TokioIo::new(stream), service));
        }
    });
    address
}

fn gate(address: SocketAddr) -> Gate {
    let origin = format!("http://{address}");
    let mut credentials = Credentials::new()
        .bearer("hub", "hf_benchmark_0123456789", [origin.parse().unwrap()])
        .unwrap();
    for at in 0..9 {
        credentials = credentials
            .known(&format!("k{at}"), &format!("{at}-benchmark-0123456789"))
            .unwrap();
    }
    let need = Need::Http(HttpNeed {
        origin: origin.parse().unwrap(),
        methods: vec![Method::Get],
        paths: vec![PathPrefix::root()],
        credential: Some("hub".to_owned()),
        body_credential: None,
        reason: String::new(),
    });
    let limits = Limits {
        memory: 0,
        fuel: 0,
        deadline: u64::MAX,
        output: 0,
        open_files: 0,
        host_calls: 0,
        disk: 0,
        network: u64::MAX,
        requests: u64::MAX,
    };
    let meter = Arc::new(Meter::new(&limits));
    let grant = Grant::exactly(&[need], AddressScope::Loopback, limits);
    Egress::builder()
        .credentials(credentials)
        .build()
        .unwrap()
        .call(
            Arc::new(grant),
            meter,
            Arc::new(|exchange: &Exchange| drop(black_box(exchange.clone()))),
        )
}

fn request(uri: String, host: &SocketAddr) -> Request<Full<Bytes>> {
    Request::get(uri)
        .header("x-host", host.to_string())
        .body(Full::new(Bytes::new()))
        .unwrap()
}

fn overhead(criterion: &mut Criterion) {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let address = serve(&runtime);
    let mut group = criterion.benchmark_group("loopback request, kept connection");

    let mut sender = runtime.block_on(async {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (sender, connection) =
            hyper::client::conn::http1::handshake::<_, Full<Bytes>>(TokioIo::new(stream))
                .await
                .unwrap();
        tokio::spawn(connection);
        sender
    });
    group.bench_function("hyper alone", |bencher| {
        bencher.iter(|| {
            runtime.block_on(async {
                sender.ready().await.unwrap();
                let mut request = request("/api/x?y=1".to_owned(), &address);
                request
                    .headers_mut()
                    .insert("host", address.to_string().parse().unwrap());
                let response = sender.send_request(request).await.unwrap();
                response.into_body().collect().await.unwrap().to_bytes()
            })
        });
    });

    let gate = gate(address);
    group.bench_function("through the gate", |bencher| {
        bencher.iter(|| {
            runtime.block_on(async {
                let request = request(format!("http://{address}/api/x?y=1"), &address);
                let response = gate.send(request).await.unwrap();
                response.into_body().bytes(1 << 20).await.unwrap()
            })
        });
    });
    group.finish();
}

criterion_group!(benches, overhead);
criterion_main!(benches);
