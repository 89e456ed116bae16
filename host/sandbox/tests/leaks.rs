//! What is left of runs that were killed: nothing. In a file of its own, since it counts this process's descriptors and
//! children.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::allow_attributes,
    reason = "tests; a panic is their report"
)]

mod support;

use std::time::Duration;

use ml_intern_sandbox::Failure;
use serde_json::json;
use support::tool::{Tool, With};

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_killed_runs_leave_nothing_behind() {
    let tool = Tool::python().await;
    let spin = json!({"code": "x = bytearray(4 << 20)\nwhile True: pass"});
    let killed = async || {
        let with = With::default();
        let cancel = with.cancel.clone();
        let (answer, ()) = tokio::join!(tool.call_with(spin.clone(), with), async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            cancel.cancel();
        });
        assert!(matches!(answer.0.result, Err(Failure::Cancelled)));
    };
    // What is made once: the zygote, the idle workers, the runtime's threads.
    futures::future::join_all((0..8).map(|_| killed())).await;
    tool.settle().await;
    let count = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes: usize = resident
            .and_then(|text| text.split_whitespace().next()?.parse().ok())
            .unwrap();
        (
            support::tool::open_files(),
            support::tool::children(),
            kilobytes,
        )
    };
    let before = count();
    for _ in 0..125 {
        futures::future::join_all((0..8).map(|_| killed())).await;
    }
    tool.settle().await;
    let after = count();
    assert!(after.0 <= before.0 + 4, "descriptors: {before:?} {after:?}");
    assert!(after.1 <= before.1 + 2, "processes: {before:?} {after:?}");
    assert!(after.2 <= before.2 + 32_768, "KiB: {before:?} {after:?}");
    let answer = tool.call(json!({"code": "print('next')"})).await;
    assert_eq!(answer.printed(), "next\n");
}
