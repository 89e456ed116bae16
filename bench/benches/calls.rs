//! What isolation costs for one call.
//!
//! | row | what is in it | what it is held against |
//! |---|---|---|
//! | bare | a new store and instance of `echo.wasm`, and its `invoke`, in wasmtime alone | |
//! | call | the same through the sandbox: policy decision, journal records, grant, limits, receipt | bare, at most twice |
//! | request, native | one GET on loopback through the egress gate | |
//! | request, guest | the same from a guest, through `wasi:http` | native, at most 150 µs more |
//! | python | `print(1)` in a fresh interpreter, through the sandbox | 5 ms |
//!
//! Criterion measures means and their spread; behind it each row is run again, one sample at a time, for the median and
//! the 99th percentile. Needs `make setup`.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark; a panic is its report"
)]

use std::future::Future;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group};
use egress::{Egress, Exchange, Meter};
use journal::{Entry, Header, Journal, Redactor};
use policy::{Access, AddressScope, Grant, HttpNeed, Limits, Method, Need, Policy};
use sandbox::image::{PYTHON, folder, python};
use sandbox::{Call, Image, Mounts, NoServices, Plugin, Sandbox, Setup, Worker, Workers};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;
use wasmtime::component::{Component, Linker, Val};
use wasmtime::{Engine, Store, StoreLimits, StoreLimitsBuilder};

const AMPLE: Limits = Limits {
    memory: 1 << 30,
    fuel: 50_000_000_000,
    deadline: 60_000,
    output: 1 << 20,
    open_files: 64,
    host_calls: 1_000,
    disk: 64 << 20,
    network: 1 << 30,
    requests: 1_000_000,
};

const ARGUMENTS: &str = r#"{"text": "hello, this is a call with a little text", "number": 12.5}"#;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

fn fixture(name: &str) -> PathBuf {
    root().join("plugins/dist/fixtures").join(name)
}

/// wasmtime alone, with the same kinds of limits switched on.
struct Bare {
    engine: Engine,
    pre: wasmtime::component::InstancePre<StoreLimits>,
    invoke: wasmtime::component::ComponentExportIndex,
    call: Val,
}

impl Bare {
    fn new() -> Bare {
        let (engine, _) = sandbox::engine(sandbox::Kind::Tools).unwrap();
        let component = Component::from_file(&engine, fixture("echo.wasm")).unwrap();
        let linker: Linker<StoreLimits> = Linker::new(&engine);
        let pre = linker.instantiate_pre(&component).unwrap();
        let calls = component
            .get_export_index(None, "ml-intern:plugin/calls@0.1.0")
            .unwrap();
        let invoke = component.get_export_index(Some(&calls), "invoke").unwrap();
        let text = |name: &str, value: &str| (name.to_owned(), Val::String(value.to_owned()));
        let call = Val::Record(vec![
            text("id", "c1"),
            text("tool", "echo"),
            text("operation", "echo"),
            text("arguments", ARGUMENTS),
        ]);
        Bare {
            engine,
            pre,
            invoke,
            call,
        }
    }

    async fn run(&self) {
        let mut store = Store::new(
            &self.engine,
            StoreLimitsBuilder::new().memory_size(1 << 30).build(),
        );
        store.limiter(|limits| limits);
        store.set_epoch_deadline(1_000_000);
        store.set_fuel(AMPLE.fuel).unwrap();
        let instance = self.pre.instantiate_async(&mut store).await.unwrap();
        let invoke = instance.get_func(&mut store, self.invoke).unwrap();
        let mut results = [Val::Bool(false)];
        invoke
            .call_async(&mut store, std::slice::from_ref(&self.call), &mut results)
            .await
            .unwrap();
        assert!(matches!(&results[0], Val::Result(Ok(_))));
    }
}

/// The host's whole path for one call, without the agent loop around it.
struct Host {
    plugin: Plugin,
    policy: Policy,
    journal: Mutex<Journal>,
    egress: Egress,
    _sandbox: Sandbox,
    _directory: tempfile::TempDir,
}

impl Host {
    fn new(runtime: &Runtime, component: &str, programs: Vec<(String, Image)>) -> Host {
        let directory = tempfile::tempdir().unwrap();
        let workspace = directory.path().join("workspace");
        std::fs::create_dir(&workspace).unwrap();
        let sandbox = Sandbox::new(Setup {
            cache: &compiled(),
            mounts: Mounts::new()
                .with("workspace", &workspace)
                .with("tmp", &workspace),
            programs,
            worker: Some(Worker {
                program: std::env::current_exe().unwrap(),
                arguments: vec!["worker".into()],
                workers: Workers::Forked,
            }),
            walls: policy::Walls::Required,
            patience: sandbox::PATIENCE,
        })
        .unwrap();
        let plugin = runtime.block_on(sandbox.load(&fixture(component))).unwrap();
        let text = std::fs::read_to_string(root().join("configs/policies/ci.toml")).unwrap();
        let header = Header {
            id: "bench".into(),
            program: "bench".into(),
        };
        let journal = Journal::create(
            directory.path().join("journal.jsonl"),
            header,
            Redactor::none(),
        )
        .unwrap();
        Host {
            plugin,
            policy: Policy::parse("ci.toml", &text).unwrap(),
            journal: Mutex::new(journal),
            egress: Egress::builder().build().unwrap(),
            _sandbox: sandbox,
            _directory: directory,
        }
    }

    /// Decides, records, runs, records.
    async fn call(&self) {
        let arguments: serde_json::Value = serde_json::from_str(ARGUMENTS).unwrap();
        let request = self.plugin.request("echo", &arguments).unwrap();
        let assessment = self.policy.decide(&request);
        let effects: Vec<String> = request.effects.iter().map(ToString::to_string).collect();
        let id = {
            let mut journal = self.journal.lock().unwrap();
            let id = journal.allocate_call();
            for decision in &assessment.decisions {
                let record = journal::Decision {
                    verdict: decision.verdict.to_string(),
                    subject: decision.subject.clone(),
                    rule: decision.rule.clone(),
                    remedy: decision.remedy.clone(),
                    effects: effects.clone(),
                    needs: Vec::new(),
                };
                journal.append(Entry::of(id, record)).unwrap();
            }
            let start = journal::CallStart {
                plugin: request.plugin.clone(),
                tool: request.tool.clone(),
                operation: request.operation.clone(),
                effects,
                arguments: arguments.clone(),
            };
            journal.append(Entry::of(id, start)).unwrap();
            id
        };
        let outcome = self
            .invoke(
                assessment.grant,
                "echo",
                "echo",
                &arguments.to_string(),
                &id.to_string(),
            )
            .await;
        let output = outcome.result.unwrap();
        let receipt = journal::Receipt {
            fuel: outcome.receipt.fuel,
            ticks: None,
            peak_memory: outcome.receipt.peak_memory,
            wall_time: outcome.receipt.wall_us,
            bytes_in: outcome.receipt.bytes_in,
            bytes_out: outcome.receipt.bytes_out,
            host_calls: outcome.receipt.host_calls,
            disk: outcome.receipt.disk,
            open_files: outcome.receipt.open_files,
        };
        let end = journal::CallEnd {
            outcome: "ok".into(),
            output: output.structured.unwrap(),
        };
        let mut journal = self.journal.lock().unwrap();
        journal
            .append_all([Entry::of(id, receipt), Entry::of(id, end)])
            .unwrap();
    }

    async fn invoke(
        &self,
        grant: Grant,
        tool: &str,
        operation: &str,
        arguments: &str,
        id: &str,
    ) -> sandbox::Outcome {
        self.plugin
            .invoke(Call {
                id: id.into(),
                tool: tool.into(),
                operation: operation.into(),
                arguments: arguments.into(),
                grant: Arc::new(grant),
                services: Arc::new(NoServices),
                egress: Some(self.egress.clone()),
                cancel: CancellationToken::new(),
            })
            .await
    }

    async fn evil(
        &self,
        needs: &[Need],
        scope: AddressScope,
        arguments: serde_json::Value,
    ) -> String {
        let grant = Grant::exactly(needs, scope, AMPLE);
        let outcome = self
            .invoke(grant, "evil", "act", &arguments.to_string(), "c1")
            .await;
        format!("{:?}", outcome.result)
    }
}

/// Where setup has put compiled code.
fn compiled() -> PathBuf {
    std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache"))
        .join("ml-intern/compiled")
}

/// A keep-alive server on loopback that says hello.
fn server(runtime: &Runtime) -> u16 {
    let listener = runtime
        .block_on(tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
        .unwrap();
    let port = listener.local_addr().unwrap().port();
    runtime.spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                let mut held = 0;
                loop {
                    match socket.read(&mut buffer[held..]).await {
                        Ok(0) | Err(_) => return,
                        Ok(read) => held += read,
                    }
                    if buffer[..held].windows(4).any(|part| part == b"\r\n\r\n") {
                        held = 0;
                        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello";
                        if socket.write_all(answer).await.is_err() {
                            return;
                        }
                    }
                }
            });
        }
    });
    port
}

/// The image that setup has installed for this user.
fn image() -> Image {
    let data = std::env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap()).join(".local/share"));
    let directory = data.join("ml-intern/images").join(folder());
    python(&directory).unwrap()
}

/// One sample at a time: the median, the 99th percentile, and how many a second.
fn percentiles<F: Future<Output = ()>>(
    runtime: &Runtime,
    name: &str,
    samples: usize,
    mut work: impl FnMut() -> F,
) {
    runtime.block_on(async {
        for _ in 0..samples / 10 {
            work().await;
        }
        let mut times = Vec::with_capacity(samples);
        let all = Instant::now();
        for _ in 0..samples {
            let start = Instant::now();
            work().await;
            times.push(start.elapsed());
        }
        let all = all.elapsed();
        times.sort_unstable();
        let micros = |time: Duration| time.as_secs_f64() * 1e6;
        println!(
            "{name:<18} p50 {:>9.1} µs   p99 {:>9.1} µs   {:>8.0} a second   (n = {samples})",
            micros(times[samples / 2]),
            micros(times[samples * 99 / 100]),
            samples as f64 / all.as_secs_f64(),
        );
    });
}

fn calls(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let bare = Bare::new();
    let echo = Host::new(&runtime, "echo.wasm", Vec::new());
    let mut group = criterion.benchmark_group("call");
    group.bench_function("bare", |b| b.iter(|| runtime.block_on(bare.run())));
    group.bench_function("host", |b| b.iter(|| runtime.block_on(echo.call())));
    group.finish();
    percentiles(&runtime, "call, bare", 20_000, || bare.run());
    percentiles(&runtime, "call, host", 20_000, || echo.call());
}

fn requests(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    // The server has a thread of its own, as it would in life.
    let other = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let port = server(&other);
    let url = format!("http://127.0.0.1:{port}/");
    let need = Need::Http(HttpNeed {
        origin: url.trim_end_matches('/').parse().unwrap(),
        methods: vec![Method::Get],
        paths: vec!["/".parse().unwrap()],
        credential: None,
        body_credential: None,
        reason: "measured".into(),
    });
    let evil = Host::new(&runtime, "evil.wasm", Vec::new());
    let native = || async {
        let grant = Arc::new(Grant::exactly(
            std::slice::from_ref(&need),
            AddressScope::Loopback,
            AMPLE,
        ));
        let meter = Arc::new(Meter::new(&AMPLE));
        let gate = evil.egress.call(grant, meter, Arc::new(|_: &Exchange| {}));
        let request = http::Request::get(&url)
            .body(http_body_util::Empty::new())
            .unwrap();
        let body = gate
            .send(request)
            .await
            .unwrap()
            .into_body()
            .bytes(1 << 20)
            .await
            .unwrap();
        assert_eq!(body, "hello");
    };
    let guest = || async {
        let arguments = serde_json::json!({"act": "get-url", "target": url});
        let text = evil
            .evil(
                std::slice::from_ref(&need),
                AddressScope::Loopback,
                arguments,
            )
            .await;
        assert!(text.contains("200 hello"), "{text}");
    };
    let mut group = criterion.benchmark_group("request");
    group.bench_function("native", |b| b.iter(|| runtime.block_on(native())));
    group.bench_function("guest", |b| b.iter(|| runtime.block_on(guest())));
    group.finish();
    percentiles(&runtime, "request, native", 5_000, native);
    percentiles(&runtime, "request, guest", 5_000, guest);
}

fn interpreter(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let host = Host::new(&runtime, "evil.wasm", vec![(PYTHON.to_owned(), image())]);
    let needs = [
        Need::Program("python".into()),
        Need::Mount {
            name: "workspace".into(),
            access: Access::ReadWrite,
        },
        Need::Mount {
            name: "tmp".into(),
            access: Access::ReadWrite,
        },
    ];
    let work = || async {
        let arguments =
            serde_json::json!({"act": "program", "target": "python", "value": "print(1)"});
        let text = host.evil(&needs, AddressScope::Public, arguments).await;
        assert!(text.contains("exit 0\\n1"), "{text}");
    };
    criterion.bench_function("python", |b| b.iter(|| runtime.block_on(work())));
    percentiles(&runtime, "python, print(1)", 500, work);
}

criterion_group!(benches, calls, requests, interpreter);

/// Workers are this binary.
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [first, rest @ ..] = arguments.as_slice()
        && first == "worker"
    {
        sandbox::workers::main(rest).unwrap();
        return;
    }
    benches();
    Criterion::default().configure_from_args().final_summary();
}
