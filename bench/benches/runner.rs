//! What the code runner costs, through the `python` tool: medians, 99th percentiles, and a training basket against native
//! CPython (`BENCH_PYTHON`, else `python3`, where it has the libraries).

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::allow_attributes,
    missing_docs,
    reason = "a benchmark; a panic is its report"
)]

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use policy::{AddressScope, Grant, Limits};
use sandbox::image::{PYTHON, folder, python};
use sandbox::{
    Call, Content, HostCall, Mounts, Outcome, Plugin, Sandbox, Services, Setup, Worker, Workers,
};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

const LIMITS: Limits = Limits {
    memory: 2 << 30,
    fuel: 50_000_000_000,
    deadline: 600_000,
    output: 1 << 20,
    open_files: 64,
    host_calls: 10_000,
    disk: 256 << 20,
    network: 1 << 20,
    requests: 100,
};

/// When the first line came.
#[derive(Default)]
struct FirstLine(Mutex<Option<Instant>>);

impl Services for FirstLine {
    fn log(&self, _: &str, _: &str) {
        self.0.lock().unwrap().get_or_insert_with(Instant::now);
    }
    fn progress(&self, _: &str, _: u64, _: Option<u64>, _: &str) {}
    fn status(&self, _: &str, _: &str) {}
    fn state_get(&self, _: &str, _: &str) -> Option<String> {
        None
    }
    fn state_set(&self, _: &str, _: &str, _: &str, _: Option<String>) -> Result<(), String> {
        Ok(())
    }
    fn host_call(&self, _: &str, _: &HostCall) {}
}

struct Tool {
    plugin: Plugin,
    name: &'static str,
    _sandbox: Sandbox,
    workspace: tempfile::TempDir,
    line: Arc<FirstLine>,
}

fn data(variable: &str, below: &str) -> PathBuf {
    std::env::var_os(variable)
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(std::env::var_os("HOME").unwrap()).join(below))
        .join("ml-intern")
}

impl Tool {
    async fn new(file: &str) -> Tool {
        let images = data("XDG_DATA_HOME", ".local/share")
            .join("images")
            .join(folder());
        let image = python(&images).unwrap();
        let workspace = tempfile::tempdir().unwrap();
        let sandbox = Sandbox::new(Setup {
            cache: &data("XDG_CACHE_HOME", ".cache").join("compiled"),
            mounts: Mounts::new()
                .with("workspace", workspace.path())
                .with("tmp", workspace.path()),
            programs: vec![(PYTHON.to_owned(), image)],
            worker: Some(Worker {
                program: std::env::current_exe().unwrap(),
                arguments: vec!["worker".into()],
                workers: Workers::Forked,
            }),
            walls: policy::Walls::Required,
            patience: sandbox::PATIENCE,
        })
        .unwrap();
        sandbox.compile(PYTHON).unwrap();
        let component =
            Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../plugins/dist/{file}.wasm"));
        let plugin = sandbox.load(&component).await.unwrap();
        Tool {
            plugin,
            name: if file == "shell" { "bash" } else { "python" },
            _sandbox: sandbox,
            workspace,
            line: Arc::default(),
        }
    }

    async fn call(&self, arguments: Value, limits: Limits, cancel: CancellationToken) -> Outcome {
        let request = self.plugin.request(self.name, &arguments).unwrap();
        let grant = Grant::exactly(&request.needs, AddressScope::Public, limits);
        self.plugin
            .invoke(Call {
                id: "bench".into(),
                tool: request.tool,
                operation: request.operation,
                arguments: arguments.to_string(),
                grant: Arc::new(grant),
                services: Arc::clone(&self.line) as Arc<dyn Services>,
                egress: None,
                cancel,
            })
            .await
    }

    /// What it printed; milliseconds to the first line, and to the end.
    async fn timed(&self, arguments: Value, limits: Limits) -> (String, f64, f64) {
        *self.line.0.lock().unwrap() = None;
        let since = Instant::now();
        let outcome = self.call(arguments, limits, CancellationToken::new()).await;
        let end = ms(since.elapsed());
        let first = self.line.0.lock().unwrap().map_or(end, |at| ms(at - since));
        let output = outcome.result.unwrap();
        let Some(Content::Text(text)) = output.content.into_iter().next() else {
            panic!("no text")
        };
        (text, first, end)
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn row(name: &str, mut samples: Vec<f64>) {
    samples.sort_by(f64::total_cmp);
    let at = |q: f64| samples[((samples.len() as f64 * q) as usize).min(samples.len() - 1)];
    println!(
        "{name:<58} p50 {:>8.2} ms   p99 {:>8.2} ms   n {}",
        at(0.5),
        at(0.99),
        samples.len()
    );
}

/// What runs between two samples, for a worker to be ready again.
async fn rest() {
    tokio::time::sleep(Duration::from_millis(20)).await;
}

/// From the call to the first line that a script prints after its imports.
async fn imports() {
    let tool = Tool::new("python").await;
    let imports = "import numpy, pandas, sklearn; print('here', flush=True)";
    let run = json!({ "code": imports });
    tool.timed(run.clone(), LIMITS).await;

    // Other limits are another key, so no idle worker fits: fork, walls, instance, imports.
    let mut cold = Vec::new();
    for n in 0..100 {
        let limits = Limits {
            requests: 1000 + n,
            ..LIMITS
        };
        cold.push(tool.timed(run.clone(), limits).await.1);
        rest().await;
    }
    row("imports to first line, cold zygote", cold);
    let (mut idle, mut print) = (Vec::new(), Vec::new());
    for _ in 0..100 {
        rest().await;
        idle.push(tool.timed(run.clone(), LIMITS).await.1);
        rest().await;
        print.push(tool.timed(json!({"code": "print(1)"}), LIMITS).await.2);
    }
    row("imports to first line, idle worker", idle);
    row("print(1), whole call, idle worker", print);

    let mut native = Vec::new();
    for _ in 0..10 {
        let since = Instant::now();
        let done = std::process::Command::new(native_python())
            .args(["-c", imports])
            .output()
            .unwrap();
        assert!(done.status.success(), "{done:?}");
        native.push(ms(since.elapsed()));
    }
    row("imports to the end, native", native);
}

async fn kills() {
    let tool = Tool::new("python").await;
    tool.timed(json!({"code": "print(1)"}), LIMITS).await;
    let mut kills = Vec::new();
    for _ in 0..50 {
        let cancel = CancellationToken::new();
        let spin = tool.call(json!({"code": "while True: pass"}), LIMITS, cancel.clone());
        let stop = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            cancel.cancel();
            Instant::now()
        };
        let (_, since) = tokio::join!(spin, stop);
        tool.timed(json!({"code": "print(1)"}), LIMITS).await;
        kills.push(ms(since.elapsed()));
    }
    row("cancel to the end of the next run", kills);
}

async fn fresh() {
    let tool = Tool::new("python").await;
    let print = || {
        tool.call(
            json!({"code": "print(1)"}),
            LIMITS,
            CancellationToken::new(),
        )
    };
    print().await.result.unwrap();
    for lanes in [1, 2, 4] {
        let runs = 1200;
        let since = Instant::now();
        let all = (0..lanes).map(|_| async {
            for _ in 0..runs / lanes {
                print().await.result.unwrap();
            }
        });
        futures::future::join_all(all).await;
        let second = f64::from(runs) / since.elapsed().as_secs_f64();
        println!(
            "{:<58} {second:>8.0} a second",
            format!("fresh runs, {lanes} at a time")
        );
    }
}

async fn cells() {
    let tool = Tool::new("python").await;
    let cell = |code: &str| json!({"operation": "execute", "code": code});
    tool.timed(cell("1+1"), LIMITS).await;
    let mut cells = Vec::new();
    for _ in 0..2000 {
        cells.push(tool.timed(cell("1+1"), LIMITS).await.2);
    }
    row("kernel cell 1+1, through the tool", cells);
}

async fn figures() {
    let tool = Tool::new("python").await;
    let cell = |code: &str| json!({"operation": "execute", "code": code});
    let plot = "import matplotlib.pyplot as plt\nplt.plot([1, 2, 3]); plt.title('t'); plt.show()";
    let (mut first, mut next) = (Vec::new(), Vec::new());
    for _ in 0..15 {
        tool.call(
            json!({"operation": "reset"}),
            LIMITS,
            CancellationToken::new(),
        )
        .await
        .result
        .unwrap();
        first.push(tool.timed(cell(plot), LIMITS).await.2);
        next.push(tool.timed(cell(plot), LIMITS).await.2);
    }
    row("first figure", first);
    row("next figure", next);
}

/// What interpreters that stay keep to themselves. Each belongs to a session of its own, all to one image.
async fn kernels() {
    let code = "import numpy, sklearn; a = numpy.ones(1000); 1";
    let mut sessions = Vec::new();
    for _ in 0..50 {
        let tool = Tool::new("python").await;
        tool.timed(json!({"operation": "execute", "code": code}), LIMITS)
            .await;
        sessions.push(tool);
    }
    let workers = private();
    let (count, sum) = (workers.len(), workers.iter().sum::<u64>());
    println!(
        "{:<58} {count} workers, {} KiB each at most, {} KiB in all",
        "50 sessions with an interpreter each, private memory",
        workers.iter().max().unwrap(),
        sum
    );
}

async fn shell() {
    let tool = Tool::new("shell").await;
    for (name, script) in [
        ("bash, trivial script", "echo hello"),
        (
            "bash, pipe of five",
            "seq 100 | grep 1 | sort -r | head -5 | wc -l",
        ),
        ("bash with a nested python", "python -c 'print(1)'"),
    ] {
        tool.timed(json!({ "command": script }), LIMITS).await;
        let mut times = Vec::new();
        for _ in 0..100 {
            rest().await;
            times.push(tool.timed(json!({ "command": script }), LIMITS).await.2);
        }
        row(name, times);
    }
}

fn native_python() -> String {
    std::env::var("BENCH_PYTHON").unwrap_or_else(|_| "python3".to_owned())
}

/// Private memory of the workers: of the grandchildren of this process.
fn private() -> Vec<u64> {
    let parent = |pid: &str| -> Option<String> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        Some(
            stat.rsplit_once(')')?
                .1
                .split_whitespace()
                .nth(1)?
                .to_owned(),
        )
    };
    let me = std::process::id().to_string();
    std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|pid| parent(pid).and_then(|pid| parent(&pid)).as_ref() == Some(&me))
        .map(|pid| {
            let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
            let field = |name: &str| {
                text.lines()
                    .find_map(|line| line.strip_prefix(name))
                    .and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok())
                    .unwrap_or(0)
            };
            field("Private_Dirty:") + field("Private_Clean:")
        })
        .collect()
}

async fn basket() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("basket.py");
    let tool = Tool::new("python").await;
    std::fs::copy(&script, tool.workspace.path().join("basket.py")).unwrap();
    let (text, ..) = tool.timed(json!({"script": "basket.py"}), LIMITS).await;
    let parse =
        |text: &str| -> Value { serde_json::from_str(text.lines().next().unwrap()).unwrap() };
    let ours = parse(&text);
    let output = std::process::Command::new(native_python())
        .arg(&script)
        .output()
        .unwrap();
    if !output.status.success() {
        println!(
            "sandboxed: {ours}\nnative: not there ({})",
            String::from_utf8_lossy(&output.stderr)
                .lines()
                .last()
                .unwrap_or("")
        );
        return;
    }
    let theirs = parse(&String::from_utf8_lossy(&output.stdout));
    println!(
        "sandboxed {}\nnative    {}",
        ours["versions"], theirs["versions"]
    );
    let (mut product, mut count) = (1.0, 0);
    for (name, time) in ours["milliseconds"].as_object().unwrap() {
        let (ours, theirs) = (
            time.as_f64().unwrap(),
            theirs["milliseconds"][name].as_f64().unwrap(),
        );
        println!(
            "{name:<24} {ours:>9.1} ms   native {theirs:>9.1} ms   {:.2}x",
            ours / theirs
        );
        product *= ours / theirs;
        count += 1;
    }
    println!(
        "geometric mean {:.2}x",
        f64::powf(product, 1.0 / f64::from(count))
    );
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [first, rest @ ..] = arguments.as_slice()
        && first == "worker"
    {
        sandbox::workers::main(rest).unwrap();
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    // Those that are named, else all.
    let named: Vec<&str> = arguments
        .iter()
        .map(String::as_str)
        .filter(|argument| !argument.starts_with('-'))
        .collect();
    let wanted = |name: &str| named.is_empty() || named.contains(&name);
    // Each on a thread of the runtime, as the host runs its calls.
    let run = |name: &str, part: std::pin::Pin<Box<dyn Future<Output = ()> + Send>>| {
        if wanted(name) {
            runtime
                .block_on(async { tokio::spawn(part).await })
                .unwrap();
        }
    };
    run("imports", Box::pin(imports()));
    run("kills", Box::pin(kills()));
    run("fresh", Box::pin(fresh()));
    run("cells", Box::pin(cells()));
    run("figures", Box::pin(figures()));
    run("kernels", Box::pin(kernels()));
    run("shell", Box::pin(shell()));
    run("basket", Box::pin(basket()));
}
