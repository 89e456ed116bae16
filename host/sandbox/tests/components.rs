//! What is loaded and what is not: each bad file has one clear error that names it, and leaves nothing behind.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::allow_attributes,
    reason = "tests; a panic is their report"
)]

mod support;

use std::path::Path;
use std::sync::Arc;

use ml_intern_sandbox::{Call, LoadError, Mounts, Plugin, Sandbox, Services, Setup};
use policy::Effect;
use serde_json::json;
use support::{AMPLE, Recorder, component, grant, told};
use tokio_util::sync::CancellationToken;

fn sandbox(cache: &Path) -> Sandbox {
    Sandbox::new(Setup {
        cache,
        mounts: Mounts::new(),
        programs: Vec::new(),
        worker: None,
        walls: policy::Walls::Required,
        patience: ml_intern_sandbox::PATIENCE,
    })
    .unwrap()
}

async fn load(bytes: &[u8]) -> Result<Plugin, LoadError> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("plugin.wasm");
    std::fs::write(&path, bytes).unwrap();
    sandbox(&directory.path().join("cache")).load(&path).await
}

/// The error, without the directory that differs each time.
async fn error(bytes: &[u8]) -> String {
    let text = load(bytes).await.unwrap_err().to_string();
    text.split_once("plugin.wasm: ")
        .map(|(_, rest)| rest.to_owned())
        .unwrap_or(text)
}

#[tokio::test]
async fn files_that_are_no_plugins() {
    let rows: Vec<(&str, Vec<u8>, &str)> = vec![
        (
            "empty",
            vec![],
            "not a valid WebAssembly component: the file is empty",
        ),
        (
            "text",
            b"#!/bin/sh\nrm -rf /\n".to_vec(),
            "not a valid WebAssembly component: it does not begin like WebAssembly (00 61 73 6d)",
        ),
        (
            "module",
            wat::parse_str("(module)").unwrap(),
            "not a valid WebAssembly component: this is a core module; build it for wasm32-wasip2, or encode it as a component",
        ),
        (
            "version",
            b"\0asm\x63\0\x63\0".to_vec(),
            "not a valid WebAssembly component: it begins like WebAssembly, but is neither module nor component",
        ),
        (
            "nothing",
            wat::parse_str("(component)").unwrap(),
            "exports neither the plugin interfaces nor a function that could be a tool",
        ),
        (
            "sockets",
            wat::parse_str(r#"(component (import "wasi:sockets/network@0.2.0" (instance)))"#)
                .unwrap(),
            "imports wasi:sockets/network@0.2.0: raw sockets are never granted; use wasi:http, which goes through the policy",
        ),
        (
            "unknown",
            wat::parse_str(r#"(component (import "vendor:backdoor/shell" (instance)))"#).unwrap(),
            "imports vendor:backdoor/shell: this host provides no such interface",
        ),
    ];
    for (name, bytes, expected) in rows {
        assert_eq!(error(&bytes).await, expected, "{name}");
    }
}

#[tokio::test]
async fn a_missing_file_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let error = sandbox(directory.path())
        .load(Path::new("no/such.wasm"))
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "no/such.wasm: No such file or directory (os error 2)"
    );
}

#[tokio::test]
async fn a_truncated_component_is_refused_wherever_it_ends() {
    let whole = std::fs::read(component("fixtures/echo.wasm")).unwrap();
    for part in 0..16 {
        let end = 8 + (whole.len() - 8) * part / 16;
        let text = error(&whole[..end]).await;
        assert!(
            text.starts_with("not a valid WebAssembly component: ")
                || text.starts_with("exports neither"),
            "{end}: {text}"
        );
    }
    assert!(load(&whole).await.is_ok());
}

#[tokio::test]
async fn a_flipped_byte_never_panics() {
    let whole = std::fs::read(component("fixtures/echo.wasm")).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let sandbox = sandbox(&directory.path().join("cache"));
    let path = directory.path().join("plugin.wasm");
    for i in 0..24 {
        let mut bytes = whole.clone();
        let at = whole.len() * i / 24;
        bytes[at] ^= 0x55;
        std::fs::write(&path, bytes).unwrap();
        // Either it still is a plugin, or the error names the file.
        if let Err(error) = sandbox.load(&path).await {
            assert!(error.to_string().contains("plugin.wasm: "), "{error}");
        }
    }
}

#[tokio::test]
async fn what_is_imported_must_be_declared() {
    let bytes = std::fs::read(component("fixtures/liar.wasm")).unwrap();
    assert_eq!(
        error(&bytes).await,
        "imports ml-intern:plugin/programs@0.1.0: no operation of the manifest declares a need `program`"
    );
    // The twin: the evil guest imports the same, and declares it.
    let evil = load(&std::fs::read(component("fixtures/evil.wasm")).unwrap())
        .await
        .unwrap();
    assert!(
        evil.imports()
            .iter()
            .any(|import| import == "ml-intern:plugin/programs@0.1.0")
    );
}

#[tokio::test]
async fn a_declaration_that_never_ends_is_stopped() {
    let bytes = std::fs::read(component("fixtures/spin.wasm")).unwrap();
    assert_eq!(
        error(&bytes).await,
        "describe did not finish: limit reached: fuel (allowed 1000000000 units, requested 1000000001)"
    );
}

#[tokio::test]
async fn compiled_code_that_was_changed_is_compiled_again() {
    let directory = tempfile::tempdir().unwrap();
    let cache = directory.path().join("cache");
    sandbox(&cache)
        .load(&component("fixtures/echo.wasm"))
        .await
        .unwrap();
    let code = std::fs::read_dir(&cache)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| {
            path.extension()
                .is_some_and(|extension| extension == "cwasm")
        })
        .unwrap();
    let good = std::fs::read(&code).unwrap();
    for bad in [
        b"planted".to_vec(),
        good[..good.len() / 2].to_vec(),
        Vec::new(),
    ] {
        std::fs::write(&code, &bad).unwrap();
        sandbox(&cache)
            .load(&component("fixtures/echo.wasm"))
            .await
            .unwrap();
        assert_eq!(
            std::fs::read(&code).unwrap().len(),
            good.len(),
            "written anew"
        );
    }
}

#[tokio::test]
async fn a_cache_that_others_can_write_to_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let open = |mode| {
        std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(mode)).unwrap();
        Sandbox::new(Setup {
            cache: directory.path(),
            mounts: Mounts::new(),
            programs: Vec::new(),
            worker: None,
            walls: policy::Walls::Required,
            patience: ml_intern_sandbox::PATIENCE,
        })
    };
    for mode in [0o777, 0o770, 0o722] {
        let error = open(mode).unwrap_err().to_string();
        assert!(
            error.contains("must belong to you and be closed to others (mode 0700, found"),
            "{error}"
        );
    }
    assert!(open(0o700).is_ok());
}

/// A component without a manifest: `add(a: s32, b: s32) -> s32`, and `half(n: u32) -> result<u32, string>`.
const PLAIN: &str = r#"
(component
  (core module $m
    (memory (export "memory") 1)
    (data (i32.const 32) "odd")
    (func (export "add") (param i32 i32) (result i32) (i32.add (local.get 0) (local.get 1)))
    (func (export "half") (param i32) (result i32)
      (if (result i32) (i32.and (local.get 0) (i32.const 1))
        (then
          (i32.store8 (i32.const 0) (i32.const 1))
          (i32.store (i32.const 4) (i32.const 32))
          (i32.store (i32.const 8) (i32.const 3))
          (i32.const 0))
        (else
          (i32.store8 (i32.const 0) (i32.const 0))
          (i32.store (i32.const 4) (i32.div_u (local.get 0) (i32.const 2)))
          (i32.const 0)))))
  (core instance $i (instantiate $m))
  (func (export "add") (param "a" s32) (param "b" s32) (result s32) (canon lift (core func $i "add")))
  (func (export "half") (param "n" u32) (result (result u32 (error string)))
    (canon lift (core func $i "half") (memory $i "memory"))))
"#;

#[tokio::test]
async fn a_plain_component_is_a_tool_with_a_schema_and_no_declared_effect() {
    let plugin = load(&wat::parse_str(PLAIN).unwrap()).await.unwrap();
    assert!(!plugin.has_manifest());
    let tool = plugin
        .manifest()
        .tools
        .iter()
        .find(|tool| tool.name == "add")
        .unwrap();
    assert_eq!(tool.operations[0].effects, [Effect::Undeclared]);
    let integer = json!({"type": "integer", "minimum": i32::MIN, "maximum": i32::MAX});
    assert_eq!(
        tool.parameters,
        json!({
            "type": "object",
            "properties": {"a": integer, "b": integer},
            "required": ["a", "b"],
            "additionalProperties": false,
        })
    );
    let rows = [
        ("add", json!({"a": 2, "b": 40}), "42"),
        (
            "add",
            json!({"a": 2}),
            "invalid arguments: /b: expected an integer of 32 bits",
        ),
        (
            "add",
            json!({"a": 2, "b": "40"}),
            "invalid arguments: /b: expected an integer of 32 bits",
        ),
        (
            "add",
            json!({"a": 2, "b": 3_000_000_000_u32}),
            "invalid arguments: /b: expected an integer of 32 bits",
        ),
        (
            "add",
            json!({"a": 2, "b": 3, "c": 4}),
            "invalid arguments: /c: expected one of: a, b",
        ),
        ("half", json!({"n": 8}), "4"),
        ("half", json!({"n": 7}), "odd"),
    ];
    for (tool, arguments, expected) in rows {
        let outcome = plugin
            .invoke(Call {
                id: "c1".into(),
                tool: tool.into(),
                operation: "call".into(),
                arguments: arguments.to_string(),
                grant: Arc::new(grant(&[], AMPLE)),
                services: Arc::new(Recorder::default()) as Arc<dyn Services>,
                egress: None,
                cancel: CancellationToken::new(),
            })
            .await;
        assert_eq!(told(&outcome), expected, "{tool} {arguments}");
    }
}
