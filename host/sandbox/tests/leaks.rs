//! What is left of runs that were killed: nothing. In a file of its own, since it counts this process's descriptors and
//! children.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::allow_attributes,
    reason = "tests; a panic is their report"
)]

mod support;

use serde_json::json;
use support::tool::Tool;

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_run_leaves_nothing_behind() {
    let tool = Tool::python().await;
    let spin = json!({"code": "while True: pass", "timeout": 1});
    tool.call(spin.clone()).await.error();
    let before = (support::tool::open_files(), support::tool::children());
    let calls = (0..8).map(|_| tool.call(spin.clone()));
    for answer in futures::future::join_all(calls).await {
        answer.error();
    }
    tool.settle().await;
    let after = (support::tool::open_files(), support::tool::children());
    assert!(after.0 <= before.0 + 4, "{before:?} {after:?}");
    assert!(after.1 <= before.1 + 2, "{before:?} {after:?}");
    let answer = tool.call(json!({"code": "print('next')"})).await;
    assert_eq!(answer.printed(), "next\n");
}
