//! The contract's own interfaces: granted or refused, by the rule that says so.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::allow_attributes,
    reason = "tests; a panic is their report"
)]

mod support;

use policy::{Limits, Need};
use support::{AMPLE, Act, Scene, grant, refused, told};

#[tokio::test(flavor = "multi_thread")]
async fn the_store_is_held_to_its_prefix() {
    let scene = Scene::new().await;
    let granted = || grant(&[Need::State("seen/".into())], AMPLE);
    let set = |target| Act {
        act: "set",
        target,
        value: "v",
        ..Act::default()
    };
    assert_eq!(
        told(&scene.run(set("seen/a"), granted(), None).await),
        "set"
    );
    let get = Act {
        act: "get",
        target: "seen/a",
        ..Act::default()
    };
    assert_eq!(
        told(&scene.run(get, granted(), None).await),
        "Some(String(\"v\"))"
    );

    let outcome = scene.run(set("other/a"), granted(), None).await;
    assert_eq!(
        refused(&outcome),
        ["state set other/a | declaration of evil/evil/act"]
    );
    assert!(
        told(&outcome)
            .starts_with("denied: state set other/a (rule: declaration of evil/evil/act)")
    );
    let outcome = scene.run(set("seen/a"), grant(&[], AMPLE), None).await;
    assert_eq!(
        refused(&outcome),
        ["state set seen/a | declaration of evil/evil/act"]
    );
    assert_eq!(scene.recorder.values.lock().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_is_bounded() {
    let scene = Scene::new().await;
    let granted = || {
        grant(
            &[Need::State(String::new())],
            Limits {
                memory: 64 << 20,
                ..AMPLE
            },
        )
    };
    // Two more bytes are the quotes of the JSON string.
    let set = |count| Act {
        act: "set-big",
        target: "k",
        count,
        ..Act::default()
    };
    assert_eq!(
        told(&scene.run(set((1 << 20) - 2), granted(), None).await),
        "set"
    );
    assert_eq!(
        told(&scene.run(set((1 << 20) - 1), granted(), None).await),
        "limit reached: state (allowed 1048576 bytes, requested 1048577)"
    );
    let long = "k".repeat(1025);
    let key = |target| Act {
        act: "set",
        target,
        value: "v",
        ..Act::default()
    };
    assert_eq!(
        told(&scene.run(key(&long), granted(), None).await),
        "limit reached: state (allowed 1024 bytes, requested 1025)"
    );
    assert_eq!(
        told(&scene.run(key(&long[..1024]), granted(), None).await),
        "set"
    );
    assert_eq!(
        told(&scene.run(key(""), granted(), None).await),
        "the key is empty"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_are_granted_by_name() {
    let scene = Scene::new().await;
    let program = Act {
        act: "program",
        target: "python",
        value: "print(1)",
        ..Act::default()
    };
    let outcome = scene.run(program.clone(), grant(&[], AMPLE), None).await;
    assert_eq!(
        refused(&outcome),
        ["program python | declaration of evil/evil/act"]
    );
    // Granted, but not installed in this sandbox: another answer.
    let outcome = scene
        .run(
            program,
            grant(&[Need::Program("python".into())], AMPLE),
            None,
        )
        .await;
    assert_eq!(refused(&outcome), Vec::<String>::new());
    assert!(
        told(&outcome).contains("no program named python is installed (installed: none)"),
        "{}",
        told(&outcome)
    );
    let find = Act {
        act: "find",
        target: "python",
        ..Act::default()
    };
    assert_eq!(
        told(
            &scene
                .run(find, grant(&[Need::Program("python".into())], AMPLE), None)
                .await
        ),
        "false"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_use_is_told() {
    let scene = Scene::new().await;
    let set = Act {
        act: "set",
        target: "seen/a",
        value: "v",
        ..Act::default()
    };
    scene
        .run(set, grant(&[Need::State("seen/".into())], AMPLE), None)
        .await;
    let calls = scene.recorder.calls.lock().unwrap();
    let rows: Vec<(&str, &str, u64)> = calls
        .iter()
        .map(|call| {
            (
                call.capability.as_str(),
                call.outcome.as_str(),
                call.bytes_out,
            )
        })
        .collect();
    assert_eq!(rows, [("state set seen/a", "ok", 3)]);
}
