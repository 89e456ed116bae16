//! Against the stand-in for the Hub: what the model gets, as golden files, and what is on the Hub afterwards.
//! `REVIEW=1` writes the golden files.

mod boundary;
mod failures;
mod files;
mod git;
mod limits;

use std::fs;
use std::path::Path;

use ml_intern_sdk::http::native::{Entered, Native};
use ml_intern_sdk::{Call, Content, Failure, Output};
use ml_intern_stand_in::StandIn;
use serde_json::Value;
use tempfile::TempDir;

use crate::plugin_at;

const MODEL: &str = "tabular-lab/cgb-wine";
const DATASET: &str = "tabular-lab/wine-cultivars";

/// A Hub, a workspace, and a token.
struct Bench {
    hub: StandIn,
    workspace: TempDir,
    entered: Option<Entered>,
}

impl Bench {
    fn new() -> Self {
        let mut bench = Self {
            hub: StandIn::start(),
            workspace: tempfile::tempdir().unwrap(),
            entered: None,
        };
        bench.hub.public_links(true);
        bench.token("hf_standin_ada");
        bench
    }

    /// From here on the calls have this token.
    fn token(&mut self, token: &str) {
        let mut native = Native::new().bearer("huggingface", token);
        for (origin, at) in self.hub.endpoints() {
            native = native.serves(&origin, at);
        }
        self.entered = None;
        self.entered = Some(native.enter());
    }

    fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.workspace.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn call(&self, tool: &str, arguments: &Value) -> Result<Output, Failure> {
        plugin_at(self.workspace.path()).invoke(&Call {
            id: "1".into(),
            tool: tool.into(),
            operation: arguments["operation"].as_str().unwrap().into(),
            arguments: arguments.to_string(),
        })
    }

    fn files(&self, arguments: &Value) -> String {
        text(&self.call("hf_repo_files", arguments).unwrap())
    }

    fn git(&self, arguments: &Value) -> String {
        text(&self.call("hf_repo_git", arguments).unwrap())
    }

    /// Why a call of either tool failed.
    fn refused(&self, tool: &str, arguments: &Value) -> String {
        match self.call(tool, arguments) {
            Err(Failure::Failed(why)) => why,
            Err(Failure::InvalidArguments(wrong)) => {
                format!("{}: {}", wrong[0].pointer, wrong[0].expected)
            }
            other => format!("{other:?}"),
        }
    }

    fn file(&self, kind: &str, id: &str, revision: &str, path: &str) -> Option<String> {
        let files = self.hub.files(kind, id, revision)?;
        Some(String::from_utf8_lossy(files.get(path)?).into_owned())
    }

    fn head(&self, kind: &str, id: &str) -> String {
        self.hub.repo(kind, id).unwrap().branches["main"].clone()
    }

    /// Method and path of each request since the last time, without what is not the Hub's.
    fn asked(&self) -> Vec<String> {
        let asked = self.hub.asked();
        self.hub.clear();
        asked
            .iter()
            .map(|asked| format!("{} {}", asked.method, asked.path))
            .collect()
    }
}

fn text(output: &Output) -> String {
    let parts: Vec<&str> = output
        .content
        .iter()
        .map(|part| match part {
            Content::Text(text) => text.as_str(),
            other => panic!("{other:?}"),
        })
        .collect();
    let text = parts.concat();
    assert!(text.chars().count() <= 50_200, "{}", text.chars().count());
    text
}

/// Compares with `tests/golden/<name>.md`.
fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(format!("{name}.md"));
    let text = format!("{}\n", text.trim_end());
    if std::env::var_os("REVIEW").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, expected, "{name}; REVIEW=1 writes it");
}
