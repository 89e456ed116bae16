//! Every bound fires, and what is just within it is not hit.

use ml_intern_sdk::http::native::{Asked, Native, Reply};
use ml_intern_sdk::{Call, Failure};
use serde_json::{Value, json};

use super::{Bench, MODEL, text};
use crate::tree::MOST;
use crate::{plugin, plugin_at};

/// A Hub with one repository, of so many files.
fn repository(files: usize) -> impl FnMut(&Asked) -> Reply {
    move |asked| {
        let (path, query) = asked.path.split_once('?').unwrap_or((&asked.path, ""));
        if path.ends_with("/revision/main") {
            return Reply::new(200).body(json!({"sha": "a".repeat(40)}).to_string());
        }
        if path.contains("/commit/") {
            let lines = asked.body.iter().filter(|byte| **byte == b'\n').count();
            return Reply::new(200).body(
                json!({"commitUrl": "https://huggingface.co/x", "commitOid": lines.to_string()})
                    .to_string(),
            );
        }
        let from: usize = query
            .split("cursor=")
            .nth(1)
            .map_or(0, |cursor| cursor.parse().unwrap());
        let to = files.min(from + 1_000);
        let entries: Vec<Value> = (from..to)
            .map(|n| json!({"type": "file", "path": format!("{n:06}"), "size": 1, "oid": "x"}))
            .collect();
        let reply = Reply::new(200).body(json!(entries).to_string());
        if to == files {
            return reply;
        }
        let next = format!(
            "<https://huggingface.co{path}?recursive=true&expand=false&cursor={to}>; rel=\"next\""
        );
        reply.header("link", &next)
    }
}

fn call(arguments: &Value) -> Result<String, Failure> {
    let output = plugin().invoke(&Call {
        id: "1".into(),
        tool: "hf_repo_files".into(),
        operation: arguments["operation"].as_str().unwrap().into(),
        arguments: arguments.to_string(),
    });
    output.map(|output| text(&output))
}

#[test]
fn so_many_entries_are_listed() {
    let list = json!({"operation": "list", "repo_id": "a/b", "patterns": ["01999?"]});
    let delete = json!({"operation": "delete", "repo_id": "a/b", "patterns": ["000*"]});
    let entered = Native::new()
        .replies("https://huggingface.co", repository(MOST))
        .enter();
    let listed = call(&list).unwrap();
    assert!(
        listed.starts_with("**a/b** (10 files matching 01999?, 10 B)\n"),
        "{listed}"
    );
    assert!(!listed.contains("more"), "{listed}");
    let deleted = call(&delete).unwrap();
    // The header, and a line for each file.
    assert!(
        deleted.starts_with("**Deleted:** 1000 files (1.0 kB) of a/b; 19000 files left\n"),
        "{deleted}"
    );
    assert!(deleted.contains("Commit 1001: "), "{deleted}");
    assert!(deleted.ends_with(" more"), "{deleted}");
    drop(entered);
    let _entered = Native::new()
        .replies("https://huggingface.co", repository(MOST + 1))
        .enter();
    let listed = call(&list).unwrap();
    assert!(
        listed.contains("The repository has more: only the first 20000 entries were looked at."),
        "{listed}"
    );
    assert_eq!(
        call(&delete),
        Err(Failure::failed(
            "nothing was deleted: the repository has more than 20000 entries, so what would go cannot be listed exactly"
        ))
    );
}

#[test]
fn so_much_goes_into_a_commit_itself() {
    let bench = Bench::new();
    let part = "a line of text\n".repeat(600_000);
    for number in 0..4 {
        bench.write(&format!("big/{number}.txt"), &part);
    }
    let before = bench.hub.repo("model", MODEL);
    let all = json!({"operation": "upload", "repo_id": MODEL, "file": "big"});
    assert_eq!(
        bench.refused("hf_repo_files", &all),
        "nothing was uploaded: the files that go into the commit itself have more than 33.6 MB together: upload them in \
         several calls, by patterns"
    );
    assert_eq!(bench.hub.repo("model", MODEL), before);
    let some =
        json!({"operation": "upload", "repo_id": MODEL, "file": "big", "patterns": ["[0-2].txt"]});
    assert!(
        bench
            .files(&some)
            .starts_with("**Uploaded:** 3 files (27.0 MB)\n")
    );
}

#[test]
fn so_much_of_a_text_is_read() {
    let bench = Bench::new();
    for (name, bytes) in [("fits.bin", 4 << 20), ("over.bin", (4 << 20) + 1)] {
        bench.write(&format!("w/{name}"), "x".repeat(bytes));
    }
    bench.files(&json!({"operation": "upload", "repo_id": MODEL, "file": "w"}));
    let end = |path: &str| {
        let asked =
            json!({"operation": "read", "repo_id": MODEL, "path": path, "offset": (4 << 20) - 3});
        let read = bench.files(&asked);
        read.split_once("\n\n").unwrap().1.to_owned()
    };
    assert_eq!(end("fits.bin"), "xxx");
    assert_eq!(
        end("over.bin"),
        "xxx\n\n[The file has 4.2 MB in all; this tool reads the first 4.2 MB of a text. Load it with python or in a job.]"
    );
}

#[test]
fn a_long_header_of_tensors_is_fetched_whole_and_paged() {
    let bench = Bench::new();
    let tensors: serde_json::Map<String, Value> = (0..2_000)
        .map(|n| {
            (
                format!("layers.{n:04}.weight"),
                json!({"dtype": "F16", "shape": [1024, 2], "data_offsets": [0, 0]}),
            )
        })
        .collect();
    let header = Value::Object(tensors).to_string();
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend_from_slice(header.as_bytes());
    file.extend_from_slice(&[0; 1 << 20]);
    bench.write("m.safetensors", &file);
    bench.files(&json!({"operation": "upload", "repo_id": MODEL, "file": "m.safetensors"}));
    bench.hub.clear();
    let read = json!({"operation": "read", "repo_id": MODEL, "path": "m.safetensors"});
    let shown = bench.files(&read);
    assert!(
        shown.contains(
            "**Parameters:** 4,096,000 in 2000 tensors (F16: 4,096,000 in 2000 tensors)\n"
        ),
        "{shown}"
    );
    assert!(
        shown.ends_with(" for more]") && shown.chars().count() <= 16_000,
        "{shown}"
    );
    // The tensors themselves are not.
    let ranges: Vec<String> = bench
        .hub
        .asked()
        .iter()
        .filter(|asked| asked.origin != "https://huggingface.co")
        .map(|asked| asked.header("range").unwrap().to_owned())
        .collect();
    assert_eq!(
        ranges,
        [
            "bytes=0-65535".to_owned(),
            format!("bytes=0-{}", header.len() + 7)
        ]
    );
}

#[test]
fn a_workspace_that_is_not_there_is_told() {
    let bench = Bench::new();
    let missing = bench.workspace.path().join("none");
    let output = plugin_at(&missing).invoke(&Call {
        id: "1".into(),
        tool: "hf_repo_files".into(),
        operation: "upload".into(),
        arguments: json!({"operation": "upload", "repo_id": MODEL, "file": "a"}).to_string(),
    });
    assert!(
        matches!(output, Err(Failure::InvalidArguments(_))),
        "{output:?}"
    );
}
