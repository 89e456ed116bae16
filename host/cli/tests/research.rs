//! A whole piece of research by the binary: from the paper to the published model, against the server that stands in for the
//! Hub and its neighbours, under the policy in `examples/policies`; and where it stops without the rules that let it publish.
//! Needs `make setup`.
#![expect(clippy::unwrap_used, reason = "tests; a panic is their report")]

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use stand_in::StandIn;

const TOKEN: &str = "hf_standin_ada";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

fn call(tool: &str, label: &str, arguments: Value) -> Value {
    json!({"tool_calls": [{"name": tool, "label": label, "arguments": arguments}]})
}

/// The same, once what earlier calls gave matches.
fn once(expect: Value, mut turn: Value) -> Value {
    turn.as_object_mut()
        .unwrap()
        .insert("expect".into(), expect);
    turn
}

const TRAIN: &str = r##""""Trains a calibrated classifier of wines, and writes it down with its card."""
import json
from pathlib import Path

from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

X, y = load_wine(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
base = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
model = CalibratedClassifierCV(base, cv=3).fit(X_train, y_train)
metrics = {"accuracy": round(model.score(X_test, y_test), 3), "log_loss": round(log_loss(y_test, model.predict_proba(X_test)), 3)}
print("metrics", json.dumps(metrics))

out = Path("out")
out.mkdir(exist_ok=True)
plain = base.fit(X_train, y_train)[-1]
(out / "model.json").write_text(json.dumps({"coef": plain.coef_.tolist(), "intercept": plain.intercept_.tolist()}))
(out / "README.md").write_text(
    "---\nlicense: apache-2.0\ndatasets:\n- tabular-lab/wine-cultivars\ntags:\n- tabular-classification\n---\n"
    f"# Calibrated wine classifier\n\nAccuracy {metrics['accuracy']}, after arXiv:2505.04321.\n"
)
"##;

/// What the model does, one turn after the other.
fn research() -> Vec<Value> {
    vec![
        call(
            "hf_papers",
            "found",
            json!({"operation": "search", "query": "calibrated gradient boosting"}),
        ),
        once(
            json!({"{{results.found.text}}": "2505\\.04321"}),
            call(
                "hf_papers",
                "contents",
                json!({"operation": "read_paper", "arxiv_id": "2505.04321"}),
            ),
        ),
        call(
            "hf_papers",
            "method",
            json!({"operation": "read_paper", "arxiv_id": "2505.04321", "section": "3"}),
        ),
        once(
            json!({"{{results.method.text}}": "\\$"}),
            call(
                "hf_papers",
                "data",
                json!({"operation": "find_datasets", "arxiv_id": "2505.04321"}),
            ),
        ),
        once(
            json!({"{{results.data.text}}": "tabular-lab/wine-cultivars"}),
            call(
                "hf_inspect_dataset",
                "inspected",
                json!({"dataset": "tabular-lab/wine-cultivars"}),
            ),
        ),
        once(
            json!({"{{results.inspected.text}}": "(?i)leak"}),
            call(
                "github_find_examples",
                "examples",
                json!({"repo": "cgb", "org": "tabular-lab"}),
            ),
        ),
        once(
            json!({"{{results.examples.text}}": "examples/train_wine\\.py"}),
            call(
                "github_read_file",
                "example",
                json!({"repo": "tabular-lab/cgb", "path": "examples/train_wine.py"}),
            ),
        ),
        call(
            "explore_hf_docs",
            "docs",
            json!({"endpoint": "trl", "query": "train"}),
        ),
        call(
            "write",
            "script",
            json!({"path": "train.py", "content": TRAIN}),
        ),
        call("python", "smoke", json!({"script": "train.py"})),
        once(
            json!({"{{results.smoke.text}}": "metrics \\{\"accuracy\": [01]\\.[09]"}),
            call(
                "hf_jobs",
                "job",
                json!({
                    "operation": "run without token", "script": "train.py", "dependencies": ["scikit-learn"],
                    "hardware_flavor": "t4-small", "timeout": "10m", "wait": "1m",
                }),
            ),
        ),
        once(
            json!({"{{results.job.text}}": "COMPLETED"}),
            call(
                "hf_jobs",
                "logs",
                json!({"operation": "logs", "job_id": "{{results.job.line:\\*\\*Job ID:\\*\\* ([0-9a-f]+)}}"}),
            ),
        ),
        call(
            "hf_repo_git",
            "repository",
            json!({"operation": "create_repo", "repo_id": "ada/wine-calibrated"}),
        ),
        call(
            "hf_repo_files",
            "uploaded",
            json!({"operation": "upload", "repo_id": "ada/wine-calibrated", "path": "", "file": "out", "commit_message": "The model and its card"}),
        ),
        once(
            json!({"{{results.uploaded.text}}": "wine-calibrated"}),
            json!({"text": "Published as ada/wine-calibrated."}),
        ),
    ]
}

struct Ran {
    code: i32,
    out: String,
    err: String,
    journal: String,
}

/// Runs these turns under a policy, with the stand-in wherever something public is asked.
fn run(server: &StandIn, turns: &[Value], policy: &str, more: &[&str]) -> Ran {
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name);
    std::fs::create_dir(path("workspace")).unwrap();
    let script: String = turns.iter().map(|turn| format!("{turn}\n")).collect();
    std::fs::write(path("script.jsonl"), script).unwrap();
    std::fs::write(path("policy.toml"), policy).unwrap();
    let endpoints: Vec<String> = server
        .endpoints()
        .iter()
        .map(|(public, at)| format!("{public}={at}"))
        .collect();
    let output = Command::new(env!("CARGO_BIN_EXE_ml-intern"))
        .arg("Find the paper on calibrated boosting, and publish a model of its data.")
        .arg("--policy")
        .arg(path("policy.toml"))
        .arg("--model")
        .arg(format!("scripted/{}", path("script.jsonl").display()))
        .arg("--workspace")
        .arg(path("workspace"))
        .arg("--session-dir")
        .arg(path("session"))
        .arg("--plugins")
        .arg(root().join("plugins/dist"))
        .args(more)
        .env("HF_TOKEN", TOKEN)
        .env("ML_INTERN_ENDPOINTS", endpoints.join(","))
        .env("XDG_CACHE_HOME", cache(place.path()))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran {
        code: output.status.code().unwrap(),
        out: text(&output.stdout),
        err: text(&output.stderr),
        journal: std::fs::read_to_string(path("session/journal.jsonl")).unwrap(),
    }
}

/// A cache of its own for what is asked over the web, beside the compiled code that takes minutes to make.
fn cache(place: &Path) -> PathBuf {
    let own = place.join("cache/ml-intern");
    std::fs::create_dir_all(&own).unwrap();
    let shared = std::env::var_os("XDG_CACHE_HOME").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap()).join(".cache"),
        PathBuf::from,
    );
    std::os::unix::fs::symlink(shared.join("ml-intern/compiled"), own.join("compiled")).unwrap();
    place.join("cache")
}

fn policy() -> String {
    std::fs::read_to_string(root().join("examples/policies/research.toml")).unwrap()
}

#[test]
fn from_the_paper_to_the_published_model() {
    let server = StandIn::start();
    server.public_links(true);
    let ran = run(
        &server,
        &research(),
        &policy(),
        &["--budget", "1", "--strict-denials"],
    );
    assert_eq!(ran.code, 0, "{}\n{}", ran.out, ran.err);
    assert!(
        ran.out.contains("Published as ada/wine-calibrated."),
        "{}",
        ran.out
    );

    // What is there now is what was trained.
    let files = server
        .files("model", "ada/wine-calibrated", "main")
        .unwrap();
    let card = String::from_utf8(files.get("README.md").unwrap().clone()).unwrap();
    assert!(
        card.contains("# Calibrated wine classifier\n\nAccuracy "),
        "{card}"
    );
    let model: Value = serde_json::from_slice(files.get("model.json").unwrap()).unwrap();
    assert_eq!(model["coef"].as_array().unwrap().len(), 3);

    // The token went to the Hub and to its viewer, and was seen nowhere else.
    for asked in server.asked() {
        let sent = asked.header("authorization").is_some();
        let origin = asked.origin.as_str();
        let known = [
            "https://huggingface.co",
            "https://datasets-server.huggingface.co",
        ];
        assert!(!sent || known.contains(&origin), "{origin}");
    }
    let job = server.asked().into_iter().find(|asked| {
        asked
            .line()
            .starts_with("POST https://huggingface.co/api/jobs/")
    });
    let body = String::from_utf8(job.unwrap().body).unwrap();
    assert!(
        !body.contains(TOKEN) && !body.contains("credential:"),
        "{body}"
    );
    for text in [&ran.out, &ran.err, &ran.journal] {
        assert!(!text.contains(TOKEN));
    }
    // It was paid for from the budget.
    assert!(
        ran.journal.contains("\"charge\""),
        "no charge in the journal"
    );
}

#[test]
fn without_the_rules_to_publish_it_ends_where_it_would() {
    let server = StandIn::start();
    server.public_links(true);
    let policy = policy();
    let (before, rest) = policy.split_once("# ---- publishes").unwrap();
    let (_, after) = rest.split_once("# ---- the model provider").unwrap();
    // And what it expects of them.
    let (after, last) = after.split_once("[[expect]]\ncall = \"repos/hf_repo_files/upload\"\nrequest = \"POST https://huggingface.co/api/models").unwrap();
    let (_, last) = last.split_once("\n\n").unwrap();
    let policy = format!("{before}# ---- the model provider{after}{last}");
    let mut turns = research();
    turns.truncate(13);
    turns.push(json!({"text": "I may not publish it."}));
    let ran = run(
        &server,
        &turns,
        &policy,
        &["--budget", "1", "--strict-denials"],
    );
    assert_eq!(ran.code, 3, "{}\n{}", ran.out, ran.err);
    assert!(ran.out.contains("effect publish"), "{}", ran.out);
    assert!(ran.out.contains("I may not publish it."), "{}", ran.out);
    assert!(server.repo("model", "ada/wine-calibrated").is_none());
    // All of it before that was done.
    assert_eq!(server.jobs().len(), 1);
    let posts: Vec<String> = server
        .asked()
        .iter()
        .map(|asked| asked.line())
        .filter(|line| line.starts_with("POST ") && !line.contains("/api/jobs/"))
        .collect();
    assert_eq!(posts, [""; 0]);
}

/// The job that may publish gets the token, from the host: nothing else ever has it.
#[test]
fn a_job_with_the_token() {
    let server = StandIn::start();
    server.public_links(true);
    let policy = policy()
        .replace(
            "jobs/hf_jobs/run without token\"]\neffects = [\"spend\"]",
            "jobs/hf_jobs/run\"]\neffects = [\"publish\", \"spend\"]",
        )
        .replace(
            "tools = [\"jobs/hf_jobs/run without token\"]\nhttp",
            "tools = [\"jobs/hf_jobs/run\"]\nhttp",
        );
    let (policy, _) = policy.split_once("[[expect]]").unwrap();
    let turns = [
        call(
            "hf_jobs",
            "job",
            json!({"operation": "run", "command": ["python", "-c", "print('hello')"], "timeout": "5m", "wait": "1m"}),
        ),
        once(
            json!({"{{results.job.text}}": "COMPLETED"}),
            json!({"text": "Done."}),
        ),
    ];
    let ran = run(
        &server,
        &turns,
        policy,
        &["--budget", "1", "--strict-denials"],
    );
    assert_eq!(ran.code, 0, "{}\n{}", ran.out, ran.err);
    let job = server.asked().into_iter().find(|asked| {
        asked
            .line()
            .starts_with("POST https://huggingface.co/api/jobs/")
    });
    let body: Value = serde_json::from_slice(&job.unwrap().body).unwrap();
    assert_eq!(body["secrets"]["HF_TOKEN"], TOKEN);
    for text in [&ran.out, &ran.err, &ran.journal] {
        assert!(!text.contains(TOKEN));
    }
    assert!(
        ran.journal.contains("(body credential: huggingface)"),
        "{}",
        ran.journal
    );
}
