//! The tool as the host calls it, against a Hub of canned answers.

mod stand_in;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::rc::Rc;

use ml_intern_sdk::http::native::{Asked, Entered, Native, Reply};
use ml_intern_sdk::prelude::*;
use ml_intern_sdk::{Call, Content};
use serde_json::{Value, json};

use crate::fake::{Fake, Shown};
use crate::plugin_in;
use crate::world::World as _;

const HUB: &str = "https://huggingface.co";
const TOKEN: &str = "hf_test";

/// Answers by `METHOD path`; the last of each stays.
struct Hub {
    asked: Rc<RefCell<Vec<Asked>>>,
    entered: Entered,
}

fn hub(routes: Vec<(&str, Vec<Reply>)>) -> Hub {
    let mut routes: Vec<(String, VecDeque<Reply>)> = [
        ("GET /api/jobs/hardware", vec![ok(hardware())]),
        (
            "GET /api/whoami-v2",
            vec![ok(
                json!({"name": "ada", "orgs": [{"name": "zoo"}, {"name": "lab"}]}),
            )],
        ),
    ]
    .into_iter()
    .chain(routes)
    .map(|(route, replies)| (route.to_owned(), replies.into()))
    .collect();
    // What a test names goes before what they all have.
    routes.reverse();
    let asked = Rc::new(RefCell::new(Vec::new()));
    let log = Rc::clone(&asked);
    let entered = Native::new()
        .bearer("huggingface", TOKEN)
        .replies(HUB, move |request| {
            log.borrow_mut().push(request.clone());
            let line = format!("{} {}", request.method, request.path);
            let found = routes.iter_mut().find(|(route, _)| *route == line);
            match found.map(|(_, replies)| replies) {
                Some(replies) if replies.len() > 1 => replies.pop_front().unwrap(),
                Some(replies) => replies[0].clone(),
                None => Reply::new(404).body(format!("{{\"error\":\"no route: {line}\"}}")),
            }
        })
        .enter();
    Hub { asked, entered }
}

impl Hub {
    /// `METHOD path` of each request.
    fn lines(&self) -> Vec<String> {
        let asked = self.asked.borrow();
        asked
            .iter()
            .map(|request| format!("{} {}", request.method, request.path))
            .collect()
    }

    /// The body of the first request of this line.
    fn body(&self, line: &str) -> Value {
        let asked = self.asked.borrow();
        let found = asked
            .iter()
            .find(|request| format!("{} {}", request.method, request.path) == line);
        serde_json::from_slice(&found.unwrap().body).unwrap()
    }
}

fn ok(json: Value) -> Reply {
    Reply::new(200).body(json.to_string())
}

fn error(status: u16, message: &str) -> Reply {
    Reply::new(status).body(json!({ "error": message }).to_string())
}

fn hardware() -> Value {
    let gpu = |name: &str, model: &str, quantity: &str, vram: &str, price: u64| {
        json!({"name": name, "prettyName": format!("Nvidia {model}"), "cpu": "4 vCPU", "ram": "15 GB",
               "ephemeralStorage": "50 GB", "unitCostMicroUSD": price, "unitCostUSD": price as f64 / 1e6,
               "unitLabel": "minute", "accelerator": {"type": "gpu", "model": model, "quantity": quantity,
               "vram": vram, "manufacturer": "Nvidia"}})
    };
    json!([
        gpu("a10g-large", "A10G", "1", "24 GB", 25_000),
        {"name": "cpu-basic", "prettyName": "CPU Basic", "cpu": "2 vCPU", "ram": "16 GB", "ephemeralStorage": "20 GB",
         "accelerator": null, "unitCostMicroUSD": 167, "unitCostUSD": 0.000_167, "unitLabel": "minute"},
        gpu("t4-small", "T4", "1", "16 GB", 6_667),
        {"name": "future", "unitLabel": "photon"},
    ])
}

/// A job as the Hub tells of it.
fn job(stage: &str, more: Value) -> Value {
    let mut job = json!({
        "id": "687f", "createdAt": "2025-06-02T10:00:00.000Z", "startedAt": null, "finishedAt": null,
        "dockerImage": "python:3.12", "spaceId": null, "command": ["python", "-c", "print(1)"], "flavor": "t4-small",
        "status": {"stage": stage, "message": null}, "owner": {"id": "1", "name": "ada", "type": "user"},
    });
    job.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    job
}

/// A log as the Hub sends it.
fn stream(lines: &[(&str, &str)]) -> Reply {
    let mut body = ": keep-alive\n\n".to_owned();
    for (stamp, data) in lines {
        body.push_str(&format!(
            "data: {}\n\n: keep-alive\n\n",
            json!({"timestamp": format!("2025-06-02T10:00:{stamp}.000Z"), "data": data})
        ));
    }
    Reply::new(200)
        .header("content-type", "text/event-stream")
        .body(body)
}

fn call(world: &Rc<Fake>, operation: &str, mut arguments: Value) -> Result<Output, Failure> {
    arguments["operation"] = operation.into();
    call_as(world, operation, &arguments)
}

fn call_as(world: &Rc<Fake>, operation: &str, arguments: &Value) -> Result<Output, Failure> {
    let world: Rc<dyn crate::world::World> = world.clone();
    plugin_in(world).invoke(&Call {
        id: "1".into(),
        tool: "hf_jobs".into(),
        operation: operation.into(),
        arguments: arguments.to_string(),
    })
}

fn text(output: &Output) -> &str {
    match output.content.as_slice() {
        [Content::Text(text)] => text,
        other => panic!("{other:?}"),
    }
}

fn failed(result: Result<Output, Failure>) -> String {
    match result {
        Err(Failure::Failed(text)) => text,
        other => panic!("{other:?}"),
    }
}

fn structured(output: &Output) -> Value {
    serde_json::from_str(output.structured.as_deref().unwrap()).unwrap()
}

/// Compares with `tests/golden/<name>.md`; `REVIEW=1` writes it.
fn golden(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.md"));
    let found = format!("{}\n", found.trim_end());
    if std::env::var_os("REVIEW").is_some() {
        fs::write(path, found).unwrap();
        return;
    }
    assert_eq!(found, fs::read_to_string(path).unwrap(), "{name}");
}

const SCRIPT: &str = "import torch\nfrom trl import SFTConfig\nconfig = SFTConfig(output_dir='out', num_train_epochs=2)\n\
                      print('done')\n";

#[test]
fn a_job_is_checked_started_followed_and_told_of() {
    let lines = [
        ("01", "===== Job started at 2025-06-02 10:00:01 =====\n"),
        ("02", "Downloading torch (800MiB)\n"),
        ("03", "Installed 42 packages in 1.25s\n"),
        ("04", "\u{1b}[32m{'loss': 1.5, 'epoch': 1.0}\u{1b}[0m\n"),
        ("05", "done\n"),
    ];
    let hub = hub(vec![
        ("POST /api/jobs/ada", vec![ok(job("SCHEDULING", json!({})))]),
        (
            "GET /api/jobs/ada/687f",
            vec![
                ok(job("RUNNING", json!({}))),
                ok(job("COMPLETED", json!({"durations": {"runningSecs": 90}}))),
            ],
        ),
        // The first stream breaks off; the second begins from the start again.
        (
            "GET /api/jobs/ada/687f/logs",
            vec![stream(&lines[..3]), stream(&lines)],
        ),
    ]);
    let world = Rc::new(Fake::new().with_python());
    let arguments = json!({
        "script": SCRIPT, "dependencies": ["trl"], "hardware_flavor": "t4-small", "timeout": "2h",
        "env": {"TQDM_DISABLE": "0", "SEED": "1"},
    });
    let output = call(&world, "run", arguments).unwrap();
    golden("run", text(&output));
    assert_eq!(
        structured(&output),
        json!({
            "job_id": "687f", "namespace": "ada", "url": "https://huggingface.co/jobs/ada/687f", "stage": "COMPLETED",
            "is_over": true, "seconds": 90, "cost_usd": 0.0101, "log_lines": 4, "log_path": null,
        })
    );
    let command = [
        "/bin/sh".to_owned(),
        "-lc".to_owned(),
        format!(
            "echo \"{}\" | base64 -d | uv run --with trl --with hf-transfer -",
            base64::Engine::encode(&base64::engine::general_purpose::STANDARD, SCRIPT)
        ),
    ];
    // The token is put in by the host; what the plugin wrote is its place.
    assert_eq!(
        hub.body("POST /api/jobs/ada"),
        json!({
            "command": command, "arguments": [],
            "environment": {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_ENABLE_HF_TRANSFER": "1", "SEED": "1",
                            "TQDM_DISABLE": "0", "TRANSFORMERS_VERBOSITY": "warning", "UV_NO_PROGRESS": "1"},
            "flavor": "t4-small",
            "secrets": {"HF_TOKEN": TOKEN, "HUGGINGFACE_HUB_TOKEN": TOKEN},
            "timeoutSeconds": 7_200,
            "dockerImage": "ghcr.io/astral-sh/uv:python3.12-bookworm",
        })
    );
    assert_eq!(
        hub.lines(),
        [
            "GET /api/jobs/hardware",
            "GET /api/whoami-v2",
            "POST /api/jobs/ada",
            "GET /api/jobs/ada/687f/logs",
            "GET /api/jobs/ada/687f",
            "GET /api/jobs/ada/687f/logs",
            "GET /api/jobs/ada/687f",
            "GET /api/jobs/ada/687f/logs",
        ]
    );
    let log = |line: &str| Shown::Log(line.into());
    let status = |stage: &str| Shown::Status(stage.into());
    assert_eq!(
        world.shown(),
        [
            log("job 687f at https://huggingface.co/jobs/ada/687f"),
            status("SCHEDULING"),
            log("Downloading torch (800MiB)"),
            log("Installed 42 packages in 1.25s"),
            status("RUNNING"),
            log("{'loss': 1.5, 'epoch': 1.0}"),
            Shown::Report(100, Some(200), "% of an epoch".into()),
            log("done"),
            status("COMPLETED"),
        ]
    );
    let known = &world.started().unwrap()[0];
    assert_eq!(
        (known.id.as_str(), known.namespace.as_str()),
        ("687f", "ada")
    );
}

#[test]
fn a_job_without_a_token_gets_none() {
    let hub = hub(vec![(
        "POST /api/jobs/lab",
        vec![ok(job("SCHEDULING", json!({"owner": {"name": "lab"}})))],
    )]);
    let world = Rc::new(Fake::new());
    let arguments = json!({"command": ["nvidia-smi"], "namespace": "lab", "wait": "0s"});
    let output = call(&world, "run without token", arguments.clone()).unwrap();
    golden("detached", text(&output));
    let body = hub.body("POST /api/jobs/lab");
    assert_eq!(body.get("secrets"), None);
    assert_eq!(
        (
            &body["command"],
            &body["dockerImage"],
            &body["flavor"],
            &body["timeoutSeconds"]
        ),
        (
            &json!(["nvidia-smi"]),
            &json!("python:3.12"),
            &json!("cpu-basic"),
            &json!(1_800)
        )
    );
    // It is not looked at, since nobody waits.
    assert_eq!(hub.lines().last().unwrap(), "POST /api/jobs/lab");
    // Its operation has no need that hands a token over: the place stays a place.
    let manifest = plugin_in(Rc::new(Fake::new())).manifest();
    for operation in &manifest.tools[0].operations {
        let hands_over = operation
            .needs
            .iter()
            .any(|need| matches!(need, Need::Http(need) if need.body_credential.is_some()));
        let expected = ["run", "scheduled run"].contains(&operation.name.as_str());
        assert_eq!(hands_over, expected, "{}", operation.name);
    }
}

#[test]
fn a_failed_job_is_a_failed_result_and_a_canceled_one_says_so() {
    let oom = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.\n";
    let ended = |stage: &str, message: Value| {
        vec![
            ("POST /api/jobs/ada", vec![ok(job("SCHEDULING", json!({})))]),
            (
                "GET /api/jobs/ada/687f",
                vec![ok(job(
                    stage,
                    json!({"status": {"stage": stage, "message": message}, "durations": {"runningSecs": 60}}),
                ))],
            ),
            (
                "GET /api/jobs/ada/687f/logs",
                vec![stream(&[("01", "step 1/9\n"), ("02", oom)])],
            ),
        ]
    };
    let world = Rc::new(Fake::new());
    let arguments = || json!({"script": "print(1)\n", "hardware_flavor": "t4-small"});
    let entered = hub(ended("ERROR", json!("Job failed with exit code: 1")));
    golden("failed", &failed(call(&world, "run", arguments())));
    drop(entered);
    let _entered = hub(ended("CANCELED", Value::Null));
    let output = call(&world, "run", arguments()).unwrap();
    golden("canceled", text(&output));
    assert_eq!(structured(&output)["is_over"], true);
}

#[test]
fn a_job_that_is_not_over_in_time_goes_on() {
    let hub = hub(vec![
        ("POST /api/jobs/ada", vec![ok(job("SCHEDULING", json!({})))]),
        (
            "GET /api/jobs/ada/687f",
            vec![ok(job("RUNNING", json!({"durations": {"runningSecs": 8}})))],
        ),
        (
            "GET /api/jobs/ada/687f/logs",
            vec![
                stream(&[("01", "step 1/9\n")]),
                error(502, "later"),
                stream(&[("01", "step 1/9\n"), ("02", "step 2/9\n")]),
            ],
        ),
    ]);
    let world = Rc::new(Fake::new());
    let arguments = json!({"script": "print(1)\n", "hardware_flavor": "t4-small", "wait": "10s"});
    let output = call(&world, "run", arguments).unwrap();
    golden("running", text(&output));
    assert_eq!(structured(&output)["is_over"], false);
    // Four pauses of 2.5 seconds; the clock that they move is the fake's.
    assert_eq!(
        hub.lines()
            .iter()
            .filter(|line| line.ends_with("/logs"))
            .count(),
        4
    );
    assert_eq!(hub.entered.waits(), Vec::<u32>::new());
}

#[test]
fn whatever_goes_wrong_after_the_start_the_job_is_named() {
    for (route, replies, note) in [
        (
            "GET /api/jobs/ada/687f",
            vec![error(403, "no")],
            "its stage could not be read: the token may not do this",
        ),
        (
            "GET /api/jobs/ada/687f/logs",
            vec![error(403, "no")],
            "the log could not be read: the token may not do this",
        ),
        (
            "GET /api/jobs/ada/687f",
            vec![ok(json!([]))],
            "its stage could not be read: the Hub's answer is no job",
        ),
    ] {
        let _hub = hub(vec![
            ("POST /api/jobs/ada", vec![ok(job("RUNNING", json!({})))]),
            (
                "GET /api/jobs/ada/687f",
                vec![ok(job("RUNNING", json!({})))],
            ),
            ("GET /api/jobs/ada/687f/logs", vec![stream(&[])]),
            (route, replies),
        ]);
        let world = Rc::new(Fake::new());
        let arguments = json!({"script": "print(1)\n", "wait": "5s"});
        let output = call(&world, "run", arguments).unwrap();
        assert!(
            text(&output).contains("**Job ID:** 687f"),
            "{}",
            text(&output)
        );
        assert!(text(&output).contains(note), "{}", text(&output));
    }
}

#[test]
fn a_long_log_is_shortened_and_kept() {
    let line = format!("{}\n", "x".repeat(99));
    let lines: Vec<(String, String)> = (0..200)
        .map(|n| (format!("{n:03}"), format!("{n} {line}")))
        .collect();
    let lines: Vec<(&str, &str)> = lines
        .iter()
        .map(|(stamp, line)| (stamp.as_str(), line.as_str()))
        .collect();
    let _hub = hub(vec![
        ("POST /api/jobs/ada", vec![ok(job("RUNNING", json!({})))]),
        (
            "GET /api/jobs/ada/687f",
            vec![ok(job("COMPLETED", json!({})))],
        ),
        ("GET /api/jobs/ada/687f/logs", vec![stream(&lines)]),
    ]);
    let world = Rc::new(Fake::new());
    let output = call(&world, "run", json!({"script": "print(1)\n"})).unwrap();
    let shown = text(&output);
    assert!(shown.contains("The whole log is in /tmp/hf_jobs_687f.log, for bash."));
    assert!(shown.contains("0 xxx") && shown.contains("199 xxx"));
    assert!((8_000..9_500).contains(&shown.len()), "{}", shown.len());
    let kept = &world.kept()["hf_jobs_687f.log"];
    assert_eq!(kept.lines().count(), 200);
    assert_eq!(structured(&output)["log_path"], "/tmp/hf_jobs_687f.log");

    // The pieces of `logs` make the whole, and `tail` is its end.
    let mut whole = String::new();
    let mut offset = Some(0);
    while let Some(at) = offset {
        let output = call(&world, "logs", json!({"job_id": "687f", "offset": at})).unwrap();
        let piece = text(&output).split("```").nth(1).unwrap();
        whole.push_str(piece.trim_matches('\n'));
        offset = text(&output)
            .split("offset=")
            .nth(1)
            .and_then(|rest| rest.split(' ').next()?.parse().ok());
        if offset.is_some() {
            whole.push('\n');
        }
    }
    assert_eq!(&whole, kept);
    let output = call(&world, "logs", json!({"job_id": "687f", "tail": 2})).unwrap();
    assert_eq!(
        text(&output),
        format!(
            "**Logs for 687f** (COMPLETED):\n```\n198 {line}199 {line}```\n[the last 2 of 200 lines]"
        )
    );
}

/// Lines of a kilobyte each, so that a stream comes in pieces of some sixty of them.
fn long_lines(count: usize) -> Vec<(String, String)> {
    let rest = "x".repeat(1_000);
    (0..count)
        .map(|n| (format!("{n:03}"), format!("line {n} {rest}\n")))
        .collect()
}

#[test]
fn a_stream_that_does_not_end_is_left_in_time() {
    let lines = long_lines(300);
    let lines: Vec<(&str, &str)> = lines
        .iter()
        .map(|(stamp, line)| (stamp.as_str(), line.as_str()))
        .collect();
    // Every line takes a second: what the call may wait for is over in the middle of the stream.
    let entered = hub(vec![
        ("POST /api/jobs/ada", vec![ok(job("RUNNING", json!({})))]),
        (
            "GET /api/jobs/ada/687f",
            vec![ok(job("RUNNING", json!({})))],
        ),
        ("GET /api/jobs/ada/687f/logs", vec![stream(&lines)]),
    ]);
    let world = Rc::new(Fake::new().with_tick(1_000));
    let arguments = || json!({"script": "print(1)\n", "wait": "100s"});
    let output = call(&world, "run", arguments()).unwrap();
    let read = structured(&output)["log_lines"].as_u64().unwrap();
    assert!((100..200).contains(&read), "{read}");
    assert_eq!(structured(&output)["is_over"], false);
    drop(entered);
    // The job is over while the stream is read: the rest of the log is still read, each line once.
    let _entered = hub(vec![
        ("POST /api/jobs/ada", vec![ok(job("RUNNING", json!({})))]),
        (
            "GET /api/jobs/ada/687f",
            vec![
                ok(job("RUNNING", json!({}))),
                ok(job("COMPLETED", json!({}))),
            ],
        ),
        ("GET /api/jobs/ada/687f/logs", vec![stream(&lines)]),
    ]);
    let world = Rc::new(Fake::new().with_tick(100));
    let output = call(&world, "run", arguments()).unwrap();
    assert_eq!(structured(&output)["log_lines"], 300);
    assert_eq!(structured(&output)["stage"], "COMPLETED");
}

#[test]
fn a_log_that_goes_on_is_read_as_far_as_it_was_when_it_was_asked_for() {
    let events = |later: &str| {
        let line = |at: &str, data: &str| {
            let event = json!({"timestamp": format!("2025-06-02T{at}.000Z"), "data": data});
            format!("data: {event}\n\n")
        };
        Reply::new(200).body(line("10:00:01", "before\n") + &line(later, "after\n"))
    };
    // The fake's clock stands at 10:00:00; a second is for clocks that differ.
    for (later, expected) in [("10:00:01", "before\nafter"), ("10:00:02", "before")] {
        let _hub = hub(vec![
            (
                "GET /api/jobs/ada/687f",
                vec![ok(job("RUNNING", json!({})))],
            ),
            ("GET /api/jobs/ada/687f/logs", vec![events(later)]),
        ]);
        let output = call(&Rc::new(Fake::new()), "logs", json!({"job_id": "687f"})).unwrap();
        assert_eq!(
            text(&output),
            format!("**Logs for 687f** (RUNNING):\n```\n{expected}\n```")
        );
    }
}

#[test]
fn logs_are_read_and_waited_for() {
    let hub = hub(vec![
        (
            "GET /api/jobs/lab/687f",
            vec![
                ok(job("RUNNING", json!({}))),
                ok(job("RUNNING", json!({}))),
                ok(job(
                    "COMPLETED",
                    json!({"durations": {"runningSecs": 3_600}}),
                )),
            ],
        ),
        (
            "GET /api/jobs/lab/687f/logs",
            vec![stream(&[("01", "a\n")])],
        ),
    ]);
    let world = Rc::new(Fake::new());
    // Only what is there: one look at the stage, one stream.
    let output = call(&world, "logs", json!({"job_id": "lab/687f"})).unwrap();
    assert_eq!(text(&output), "**Logs for 687f** (RUNNING):\n```\na\n```");
    assert_eq!(
        hub.lines(),
        ["GET /api/jobs/lab/687f", "GET /api/jobs/lab/687f/logs"]
    );
    let output = call(
        &world,
        "logs",
        json!({"job_id": "687f", "namespace": "lab", "wait": "1m"}),
    )
    .unwrap();
    golden("logs_waited", text(&output));
}

#[test]
fn prices_are_quoted() {
    let _hub = hub(vec![]);
    let script = "import torch\ntorch.zeros(1).cuda()\n";
    let world = Rc::new(Fake::new().with_python().with_file("train.py", script));
    let mut told = String::new();
    for (asked, arguments) in [
        (
            "run",
            json!({"script": "train.py", "dependencies": ["torch"], "hardware_flavor": "a10g-large", "timeout": "90m", "namespace": "lab"}),
        ),
        (
            "run without token",
            json!({"command": ["nvidia-smi"], "hardware_flavor": "t4-small"}),
        ),
        (
            "quote",
            json!({"script": "https://a.example/t.py", "hardware_flavor": "future"}),
        ),
        (
            "scheduled run",
            json!({"script": "print(1)\n", "schedule": "0 9 * * mon-fri", "hardware_flavor": "t4-small", "timeout": "1h"}),
        ),
        (
            "quote",
            json!({"script": "print(1)\n", "schedule": "0 9 * jan *"}),
        ),
        (
            "run",
            json!({"script": "train.py", "dependencies": ["torch"], "check_only": true}),
        ),
    ] {
        let mut arguments = arguments;
        arguments["operation"] = asked.into();
        let output = call_as(&world, "quote", &arguments).unwrap();
        let usd = structured(&output)["usd"].clone();
        told.push_str(&format!("## {asked}\n{}\n→ usd {usd}\n\n", text(&output)));
    }
    golden("quote", &told);
    // Nobody is asked about a script that cannot run.
    let wrong = call(&world, "quote", json!({"script": "def f(:\n"}));
    assert!(
        matches!(wrong, Err(Failure::InvalidArguments(_))),
        "{wrong:?}"
    );
    // The nearest first, and nothing was guessed.
    let wrong = call(
        &world,
        "quote",
        json!({"script": "print(1)\n", "hardware_flavor": "t4-tiny"}),
    );
    assert_eq!(
        wrong,
        Err(Failure::argument(
            "/hardware_flavor",
            "one of the Hub's flavors: t4-small, future, cpu-basic, a10g-large"
        ))
    );
}

#[test]
fn the_table_of_hardware() {
    let _hub = hub(vec![]);
    let world = Rc::new(Fake::new());
    let output = call(&world, "hardware", json!({})).unwrap();
    golden("hardware", text(&output));
    assert_eq!(
        structured(&output)[1],
        json!({"name": "cpu-basic", "described": "2 vCPU, 16 GB RAM, no accelerator", "usd_per_hour": 0.010_02})
    );
}

#[test]
fn a_check_alone_starts_nothing() {
    let hub = hub(vec![]);
    let world = Rc::new(Fake::new().with_python());
    let arguments = json!({"script": SCRIPT, "dependencies": ["trl"], "check_only": true});
    let output = call(&world, "run", arguments).unwrap();
    golden("check_only", text(&output));
    assert!(hub.lines().iter().all(|line| line.starts_with("GET ")));
}

#[test]
fn what_is_wrong_is_said_before_anything_is_asked_for() {
    let world = Rc::new(Fake::new().with_python());
    let table = [
        ("run", json!({}), "/script"),
        ("run", json!({"script": "def f(:\n"}), "/script"),
        ("run", json!({"script": "import torch\n"}), "/script"),
        (
            "run",
            json!({"script": "print(1)\n", "secrets": {"WANDB_API_KEY": "$WANDB_API_KEY"}}),
            "/secrets",
        ),
        (
            "run",
            json!({"script": "print(1)\n", "schedule": "@daily"}),
            "/schedule",
        ),
        (
            "run",
            json!({"script": "print(1)\n", "timeout": "soon"}),
            "/timeout",
        ),
        (
            "run",
            json!({"script": "print(1)\n", "timeout": 30}),
            "/timeout",
        ),
        (
            "run",
            json!({"script": "print(1)\n", "wait": "10m"}),
            "/wait",
        ),
        (
            "run",
            json!({"script": "print(1)\n", "env": {"A": 1}}),
            "/env/A",
        ),
        (
            "run",
            json!({"script": "print(1)\n", "env": {"A=": "1"}}),
            "/env/A=",
        ),
        (
            "run",
            json!({"script": "print(1)\n", "env": {"A": "hf_aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3h"}}),
            "/env/A",
        ),
        (
            "run",
            json!({"script": "print(1)\n", "dependencies": ["--index-url=x"]}),
            "/dependencies/0",
        ),
        (
            "run",
            json!({"script": "print(1)\n", "python": "-x"}),
            "/python",
        ),
        (
            "run",
            json!({"script": "print(1)\n", "image": "a b"}),
            "/image",
        ),
        (
            "run",
            json!({"script": "print(1)\n", "trackio_space_id": "a/b/c"}),
            "/trackio_space_id",
        ),
        (
            "run",
            json!({"script": "print(1)\n", "flavor": "t4-small"}),
            "/flavor",
        ),
        (
            "run without token",
            json!({"script": "m.push_to_hub('a')\n"}),
            "/script",
        ),
        (
            "run without token",
            json!({"script": "print(1)\n", "trackio_space_id": "a/b"}),
            "/trackio_space_id",
        ),
        (
            "scheduled run",
            json!({"script": "print(1)\n"}),
            "/schedule",
        ),
        (
            "scheduled run",
            json!({"script": "print(1)\n", "schedule": "often"}),
            "/schedule",
        ),
        (
            "scheduled delete",
            json!({"scheduled_job_id": "../x"}),
            "/scheduled_job_id",
        ),
        ("logs", json!({"job_id": "a b"}), "/job_id"),
        ("logs", json!({"job_id": "a/b/c"}), "/job_id"),
        (
            "logs",
            json!({"job_id": "a", "tail": 1, "offset": 1}),
            "/offset",
        ),
        ("logs", json!({"job_id": "a", "tail": "10"}), "/tail"),
        ("inspect", json!({"job_id": ","}), "/job_id"),
        ("seed trackio", json!({}), "/trackio_space_id"),
        ("cancel", json!({}), "/job_id"),
        (
            "cancel",
            json!({"job_id": "a", "namespace": "../x"}),
            "/namespace",
        ),
        ("ps", json!({"namespace": "a/b"}), "/namespace"),
        // What the host would put the token in place of.
        (
            "run",
            json!({"script": "print(1)\n", "env": {"A": "{{credential:huggingface}}"}}),
            "/env/A",
        ),
        (
            "run",
            json!({"script": "print(1)\n", "env": {"{{credential:huggingface}}": "1"}}),
            "/env/{{credential:huggingface}}",
        ),
        (
            "run",
            json!({"script": "print(1)\n", "script_args": ["{{credential:huggingface}}"]}),
            "/script_args/0",
        ),
        (
            "run",
            json!({"script": "print(1)\n", "dependencies": ["x@{{credential:huggingface}}"]}),
            "/dependencies/0",
        ),
        (
            "run",
            json!({"script": "https://a.example/{{credential:huggingface}}"}),
            "/script",
        ),
        (
            "run",
            json!({"command": ["curl", "https://a.example/{{credential:huggingface}}"]}),
            "/command/1",
        ),
        (
            "run",
            json!({"command": ["x"], "image": "{{credential:huggingface}}"}),
            "/image",
        ),
        (
            "scheduled run",
            json!({"command": ["x"], "schedule": "@daily", "trackio_project": "{{credential:huggingface}}"}),
            "/trackio_project",
        ),
    ];
    for (operation, arguments, pointer) in table {
        let hub = hub(vec![]);
        let result = call(&world, operation, arguments.clone());
        let Err(Failure::InvalidArguments(errors)) = result else {
            panic!("{operation} {arguments}: {result:?}")
        };
        assert_eq!(errors[0].pointer, pointer, "{errors:?}");
        assert_eq!(hub.lines(), Vec::<String>::new(), "{operation} {arguments}");
    }
}

#[test]
fn what_the_hub_refuses_is_explained() {
    let world = Rc::new(Fake::new());
    let script = || json!({"script": "print(1)\n"});
    type Row<'r> = (&'r str, Value, Vec<(&'r str, Vec<Reply>)>, &'r str);
    let table: Vec<Row<'_>> = vec![
        (
            "run",
            script(),
            vec![(
                "POST /api/jobs/ada",
                vec![error(402, "Pre-paid credit balance is insufficient")],
            )],
            "the namespace has no credits for this: a person has to add some in its billing settings (PRO is another thing) \
          (http POST https://huggingface.co:443/api/jobs/ada: status 402: Pre-paid credit balance is insufficient)",
        ),
        (
            "run",
            script(),
            vec![(
                "GET /api/whoami-v2",
                vec![error(401, "Invalid credentials")],
            )],
            "no valid Hugging Face token: a person has to set HF_TOKEN, or log in with `hf auth login` \
          (http GET https://huggingface.co:443/api/whoami-v2: status 401: Invalid credentials)",
        ),
        (
            "run",
            script(),
            vec![("GET /api/jobs/hardware", vec![ok(json!([]))])],
            "the Hub's table of hardware is empty",
        ),
        (
            "cancel",
            json!({"job_id": "nobody"}),
            vec![],
            "not found (http POST https://huggingface.co:443/api/jobs/ada/nobody/cancel: \
          status 404: no route: POST /api/jobs/ada/nobody/cancel)",
        ),
    ];
    for (operation, arguments, routes, expected) in table {
        let _hub = hub(routes);
        assert_eq!(failed(call(&world, operation, arguments)), expected);
    }
    // What may pass: reading is tried again, starting a job is not.
    let reading = hub(vec![(
        "GET /api/jobs/hardware",
        vec![error(503, "x"), ok(hardware())],
    )]);
    assert!(call(&world, "hardware", json!({})).is_ok());
    assert_eq!(reading.entered.waits(), [1_000]);
    drop(reading);
    let starting = hub(vec![("POST /api/jobs/ada", vec![error(503, "busy")])]);
    assert!(
        failed(call(&world, "run", script()))
            .starts_with("whether it was started is not known: look at `ps`")
    );
    let posts = starting
        .lines()
        .into_iter()
        .filter(|line| line.starts_with("POST"));
    assert_eq!(posts.count(), 1);
    drop(starting);
    for (reply, is_sure) in [
        (error(429, "slow down"), true),
        (Reply::new(200).body("<html>"), false),
        (ok(json!([])), false),
    ] {
        let _hub = hub(vec![("POST /api/jobs/ada", vec![reply])]);
        let told = format!("{:?}", call(&world, "run", script()).unwrap_err());
        assert_eq!(
            !told.contains("is not known: look at `ps`"),
            is_sure,
            "{told}"
        );
    }
    // A namespace of somebody else's: told with those that may be used, and nothing is started.
    let hub = hub(vec![]);
    let result = call(
        &world,
        "run",
        json!({"script": "print(1)\n", "namespace": "google"}),
    );
    let expected = "one that the token's user may use: ada, lab, zoo; without it, ada is used";
    assert_eq!(result, Err(Failure::argument("/namespace", expected)));
    assert!(!hub.lines().iter().any(|line| line.starts_with("POST")));
}

#[test]
fn jobs_are_listed() {
    let inline = json!([
        "/bin/sh",
        "-lc",
        "echo \"cHJpbnQ=\" | base64 -d | uv run --with trl -"
    ]);
    let list = json!([
        job(
            "RUNNING",
            json!({"id": "1", "command": inline, "dockerImage": "ghcr.io/astral-sh/uv:python3.12-bookworm",
                              "startedAt": "2025-06-02T09:30:00.000Z"})
        ),
        job("SCHEDULING", json!({"id": "2", "flavor": "moon"})),
        job(
            "COMPLETED",
            json!({"id": "3", "dockerImage": null, "spaceId": "a|b/c", "durations": {"runningSecs": 3_600}})
        ),
    ]);
    let running = "GET /api/jobs/ada?stage=RUNNING&stage=SCHEDULING";
    let routes = || {
        vec![
            (running, vec![ok(list.clone())]),
            ("GET /api/jobs/ada", vec![ok(list.clone())]),
        ]
    };
    let world = Rc::new(Fake::new());
    let detached = hub(vec![(
        "POST /api/jobs/ada",
        vec![ok(job("SCHEDULING", json!({"id": "1"})))],
    )]);
    call(&world, "run", json!({"script": "print(1)\n", "wait": "0s"})).unwrap();
    drop(detached);
    let _hub = hub(routes());
    let output = call(&world, "ps", json!({})).unwrap();
    golden("ps", text(&output));
    assert_eq!(
        structured(&output)[0],
        json!({"id": "1", "stage": "RUNNING", "flavor": "t4-small", "created_at": "2025-06-02T10:00:00.000Z",
               "seconds": 1_800, "cost_usd": 0.2001, "started_here": true})
    );
    let ids = |arguments: Value| {
        let output = call(&world, "ps", arguments).unwrap();
        let rows = structured(&output);
        let rows = rows.as_array().unwrap().clone();
        rows.iter()
            .map(|row| row["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
            .concat()
    };
    assert_eq!(ids(json!({"all": true})), "123");
    assert_eq!(ids(json!({"status": "complete"})), "3");
    for (arguments, expected) in [
        (json!({"status": "error"}), "No jobs of ada."),
        (json!({"namespace": "lab"}), "not found"),
    ] {
        match call(&world, "ps", arguments) {
            Ok(output) => assert_eq!(text(&output), expected),
            Err(failure) => assert!(format!("{failure:?}").contains(expected), "{failure:?}"),
        }
    }
}

#[test]
fn jobs_are_looked_at() {
    let _hub = hub(vec![
        (
            "GET /api/jobs/ada/1",
            vec![ok(job(
                "ERROR",
                json!({"id": "1", "status": {"stage": "ERROR", "message": "exit code 1"},
                                                            "durations": {"runningSecs": 60}}),
            ))],
        ),
        (
            "GET /api/jobs/ada/2",
            vec![ok(job("RUNNING", json!({"id": "2"})))],
        ),
    ]);
    let world = Rc::new(Fake::new());
    let output = call(&world, "inspect", json!({"job_id": "1"})).unwrap();
    golden("inspect", text(&output));
    let output = call(
        &world,
        "inspect",
        json!({"job_id": "2, https://huggingface.co/jobs/ada/1, 9"}),
    )
    .unwrap();
    let found = structured(&output);
    assert_eq!(
        (&found[0]["id"], &found[1]["id"]),
        (&json!("2"), &json!("1"))
    );
    assert!(text(&output).ends_with("- ada/9: not found (http GET https://huggingface.co:443/api/jobs/ada/9: status 404: no route: GET /api/jobs/ada/9)"), "{}", text(&output));
    assert!(failed(call(&world, "inspect", json!({"job_id": "9"}))).starts_with("not found"));
}

#[test]
fn an_organisations_job_is_canceled_where_it_is() {
    let world = Rc::new(Fake::new());
    let hub = hub(vec![
        (
            "POST /api/jobs/lab",
            vec![ok(job("SCHEDULING", json!({"owner": {"name": "lab"}})))],
        ),
        ("POST /api/jobs/lab/687f/cancel", vec![ok(json!({}))]),
        (
            "GET /api/jobs/lab/687f",
            vec![ok(job("CANCELED", json!({})))],
        ),
    ]);
    call(
        &world,
        "run",
        json!({"script": "print(1)\n", "namespace": "lab", "wait": "0s"}),
    )
    .unwrap();
    let output = call(&world, "cancel", json!({"job_id": "687f"})).unwrap();
    assert_eq!(
        text(&output),
        "Job 687f of lab is canceled; its status is CANCELED.\n**View at:** https://huggingface.co/jobs/lab/687f"
    );
    assert!(
        hub.lines()
            .contains(&"POST /api/jobs/lab/687f/cancel".to_owned())
    );
}

fn scheduled(id: &str, suspended: bool, last: Value) -> Value {
    json!({
        "id": id, "createdAt": "2025-06-01T00:00:00.000Z", "schedule": "@daily", "suspend": suspended, "concurrency": false,
        "status": {"lastJob": last, "nextJobRunAt": if suspended { Value::Null } else { json!("2025-06-03T00:00:00.000Z") }},
        "jobSpec": {"dockerImage": "python:3.12", "command": ["python", "-c", "print(1)"], "flavor": "cpu-basic", "timeoutSeconds": 600},
        "owner": {"id": "1", "name": "ada", "type": "user"},
    })
}

#[test]
fn schedules_are_kept() {
    let ran = json!({"id": "687f", "at": "2025-06-02T00:00:00.000Z"});
    let hub = hub(vec![
        (
            "POST /api/scheduled-jobs/ada",
            vec![ok(scheduled("s1", false, Value::Null))],
        ),
        (
            "GET /api/scheduled-jobs/ada",
            vec![ok(json!([
                scheduled("s1", false, ran.clone()),
                scheduled("s2", true, Value::Null)
            ]))],
        ),
        (
            "GET /api/scheduled-jobs/ada/s1",
            vec![ok(scheduled("s1", false, ran))],
        ),
        ("DELETE /api/scheduled-jobs/ada/s1", vec![Reply::new(204)]),
        (
            "POST /api/scheduled-jobs/ada/s1/suspend",
            vec![ok(json!({}))],
        ),
        (
            "POST /api/scheduled-jobs/ada/s1/resume",
            vec![ok(json!({}))],
        ),
    ]);
    let world = Rc::new(Fake::new());
    let one = || json!({"scheduled_job_id": "s1"});
    let arguments = json!({"script": "print(1)\n", "schedule": " @daily "});
    let mut told = String::new();
    for (operation, arguments) in [
        ("scheduled run", arguments),
        ("scheduled ps", json!({})),
        ("scheduled inspect", one()),
        ("scheduled suspend", one()),
        ("scheduled resume", one()),
        ("scheduled delete", one()),
    ] {
        let output = call(&world, operation, arguments).unwrap();
        told.push_str(&format!("## {operation}\n{}\n\n", text(&output)));
    }
    golden("scheduled", &told);
    let body = hub.body("POST /api/scheduled-jobs/ada");
    assert_eq!(body["schedule"], "@daily");
    assert_eq!(body["jobSpec"]["secrets"]["HF_TOKEN"], TOKEN);
    let all = call(&world, "scheduled ps", json!({"all": true})).unwrap();
    assert_eq!(structured(&all).as_array().unwrap().len(), 2);
}

#[test]
fn a_dashboard_is_made_once() {
    let world = Rc::new(Fake::new());
    let routes = |app: Reply, volumes: Value| {
        vec![
            ("POST /api/repos/create", vec![ok(json!({"url": "x"}))]),
            ("GET /spaces/lab/board/resolve/main/app.py", vec![app]),
            (
                "POST /api/spaces/lab/board/commit/main",
                vec![ok(json!({}))],
            ),
            (
                "POST /api/buckets/lab/board-bucket",
                vec![error(409, "You already created this bucket")],
            ),
            (
                "GET /api/spaces/lab/board/runtime",
                vec![ok(json!({"stage": "RUNNING", "volumes": volumes}))],
            ),
            ("PUT /api/spaces/lab/board/volumes", vec![ok(json!({}))]),
            ("POST /api/spaces/lab/board/variables", vec![ok(json!({}))]),
        ]
    };
    let seed = || {
        call(
            &world,
            "seed trackio",
            json!({"trackio_space_id": "lab/board"}),
        )
    };
    let other = json!({"type": "model", "source": "a/b", "mountPath": "/model"});
    let entered = hub(routes(error(404, "Entry not found"), json!([other])));
    golden("seed_trackio", text(&seed().unwrap()));
    assert_eq!(
        entered.body("POST /api/repos/create"),
        json!({"name": "board", "type": "space", "sdk": "gradio", "visibility": "private", "organization": "lab"})
    );
    assert_eq!(
        entered.body("PUT /api/spaces/lab/board/volumes"),
        json!({"volumes": [other, {"type": "bucket", "source": "lab/board-bucket", "mountPath": "/data"}]})
    );
    drop(entered);
    let there = json!([{"type": "bucket", "source": "lab/board-bucket", "mountPath": "/data"}]);
    let entered = hub(routes(Reply::new(200).body("trackio.show()"), there));
    assert!(text(&seed().unwrap()).contains("- app.py: was there\n"));
    assert!(
        !entered
            .lines()
            .iter()
            .any(|line| line.contains("/commit/") || line.starts_with("PUT"))
    );
    drop(entered);
    // Somebody's own app, and somebody's own volume, are never replaced.
    for (app, volumes, expected) in [
        (
            Reply::new(200).body("gradio.launch()"),
            json!([]),
            "the Space lab/board has an app.py of its own, which is not trackio's and is not replaced",
        ),
        (
            error(404, ""),
            json!([{"type": "bucket", "source": "a/x", "mountPath": "/data"}]),
            "the Space lab/board has a/x at /data, which is not taken away",
        ),
    ] {
        let entered = hub(routes(app, volumes));
        let failure = failed(seed());
        assert!(failure.starts_with(expected), "{failure}");
        assert!(failure.contains("Done before that, and kept"), "{failure}");
        assert!(!entered.lines().iter().any(|line| line.starts_with("PUT")));
    }
    let _entered = hub(vec![]);
    let result = call(
        &world,
        "seed trackio",
        json!({"trackio_space_id": "google/board"}),
    );
    assert_eq!(
        result,
        Err(Failure::argument(
            "/trackio_space_id",
            "a Space of ada, or lab, or zoo"
        ))
    );
}

#[test]
fn a_dashboard_is_looked_for_and_not_made() {
    let world = Rc::new(Fake::new());
    let arguments = || json!({"script": "print(1)\n", "trackio_space_id": "ada/board", "trackio_project": "p", "wait": "0s"});
    let started = || ("POST /api/jobs/ada", vec![ok(job("SCHEDULING", json!({})))]);
    let entered = hub(vec![
        started(),
        (
            "GET /api/spaces/ada/board",
            vec![ok(json!({"id": "ada/board"}))],
        ),
    ]);
    let output = call(&world, "run", arguments()).unwrap();
    assert!(text(&output).contains("**Dashboard:** https://huggingface.co/spaces/ada/board"));
    let environment = &entered.body("POST /api/jobs/ada")["environment"];
    assert_eq!(
        (
            &environment["TRACKIO_SPACE_ID"],
            &environment["TRACKIO_PROJECT"]
        ),
        (&json!("ada/board"), &json!("p"))
    );
    drop(entered);
    let entered = hub(vec![started()]);
    let output = call(&world, "run", arguments()).unwrap();
    assert!(
        text(&output).contains("`seed trackio` makes one with it"),
        "{}",
        text(&output)
    );
    assert_eq!(
        entered
            .lines()
            .iter()
            .filter(|line| line.starts_with("POST"))
            .count(),
        1
    );
}

#[test]
fn what_each_operation_does_to_the_world() {
    let manifest = plugin_in(Rc::new(Fake::new())).manifest();
    let tool = &manifest.tools[0];
    let words = tool.description.split_whitespace().count();
    assert!(words <= 120, "{words} words");
    use Effect::{Destroy, Execute, Observe, Publish, Spend};
    let found: Vec<(&str, &[Effect], Option<&str>)> = tool
        .operations
        .iter()
        .map(|operation| {
            (
                operation.name.as_str(),
                operation.effects.as_slice(),
                operation.quote.as_deref(),
            )
        })
        .collect();
    let quote = Some("quote");
    assert_eq!(
        found,
        [
            ("run", &[Execute, Publish, Spend][..], quote),
            ("run without token", &[Execute, Spend], quote),
            ("quote", &[Observe], None),
            ("hardware", &[Observe], None),
            ("ps", &[Observe], None),
            ("logs", &[Observe], None),
            ("inspect", &[Observe], None),
            ("cancel", &[Destroy], None),
            ("scheduled run", &[Execute, Publish, Spend], quote),
            ("scheduled ps", &[Observe], None),
            ("scheduled inspect", &[Observe], None),
            ("scheduled delete", &[Destroy], None),
            ("scheduled suspend", &[Publish], None),
            ("scheduled resume", &[Publish, Spend], None),
            ("seed trackio", &[Publish], None),
        ]
    );
    // Nobody is offered `secrets`, and no other argument is taken than is offered.
    let parameters: Value = serde_json::from_str(&tool.parameters).unwrap();
    assert_eq!(parameters["additionalProperties"], false);
    assert_eq!(parameters["properties"].get("secrets"), None);
    golden(
        "parameters",
        &serde_json::to_string_pretty(&parameters).unwrap(),
    );
}
