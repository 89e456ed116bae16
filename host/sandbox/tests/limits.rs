//! Every limit fires on the guest that reaches it, says so, and leaves its neighbour alone.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::allow_attributes,
    reason = "tests; a panic is their report"
)]

mod support;

use policy::{Access, Limits};
use support::{AMPLE, Act, Scene, grant, mount, refused, told};
use tokio_util::sync::CancellationToken;

/// (what is tried, under which limits, what comes of it)
type Row = (Act<'static>, Limits, &'static str);

const fn act(
    act: &'static str,
    target: &'static str,
    value: &'static str,
    count: u64,
) -> Act<'static> {
    Act {
        act,
        target,
        value,
        count,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_limit_fires_and_its_twin_does_not() {
    let deadline = Limits {
        deadline: 300,
        ..AMPLE
    };
    let fuel = Limits {
        fuel: 3_000_000,
        ..AMPLE
    };
    let memory = Limits {
        memory: 16 << 20,
        ..AMPLE
    };
    let output = Limits {
        output: 1_000,
        ..AMPLE
    };
    let calls = Limits {
        host_calls: 10,
        ..AMPLE
    };
    let files = Limits {
        open_files: 8,
        ..AMPLE
    };
    let disk = Limits {
        disk: 1 << 20,
        ..AMPLE
    };
    const HERE: &str = "/workspace/here.txt";
    const NEW: &str = "/workspace/new.bin";
    let rows: Vec<Row> = vec![
        (
            act("loop", "", "", 0),
            fuel,
            "limit reached: fuel (allowed 3000000 units, requested 3000001)",
        ),
        (act("work", "", "", 1_000), fuel, "499500"),
        (
            act("recurse", "", "", 100_000_000),
            AMPLE,
            "limit reached: stack (allowed 2097152 bytes, requested 2097153)",
        ),
        (act("recurse", "", "", 1_000), AMPLE, "1000"),
        (
            act("log", "", "0123456789", 101),
            output,
            "limit reached: output (allowed 1000 bytes, requested 1010)",
        ),
        (act("log", "", "0123456789", 10), output, "logged"),
        (
            act("output", "", "", 1_001),
            output,
            "limit reached: output (allowed 1000 bytes, requested 1001)",
        ),
        (
            act("structured", "", "", 1_000),
            output,
            "limit reached: output (allowed 1000 bytes, requested 1002)",
        ),
        (
            act("calls", "", "", 11),
            calls,
            "limit reached: host-calls (allowed 10 calls, requested 11)",
        ),
        (act("calls", "", "", 10), calls, "called"),
        (
            act("open", HERE, "", 9),
            files,
            "limit reached: open-files (allowed 8 files, requested 9)",
        ),
        (act("open", HERE, "", 8), files, "8 open"),
        (act("reopen", HERE, "", 100), files, "done"),
        (
            act("fill", NEW, "", 17),
            disk,
            "limit reached: disk (allowed 1048576 bytes, requested 1048577)",
        ),
        (act("fill", NEW, "", 15), disk, "15 blocks"),
        (
            act("sparse", NEW, "", 1 << 40),
            disk,
            "limit reached: disk (allowed 1048576 bytes, requested 1099511627777)",
        ),
        (act("sparse", NEW, "", 1 << 19), disk, "resized"),
        (
            act("gap", NEW, "", 1 << 40),
            disk,
            "limit reached: disk (allowed 1048576 bytes, requested 1099511627777)",
        ),
        (act("sleep", "", "", 1), deadline, "slept"),
    ];
    let scene = Scene::new().await;
    let mut wrong = Vec::new();
    for (act, limits, expected) in rows {
        let name = format!("{} {}", act.act, act.count);
        let found = told(
            &scene
                .run(act, grant(&[mount(Access::ReadWrite)], limits), None)
                .await,
        );
        if found != expected {
            wrong.push(format!("{name}\n  found    {found}\n  expected {expected}"));
        }
        scene.still_works().await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // A guest that is refused memory ends itself in its own way; how much it asked for is the allocator's affair.
    let found = told(
        &scene
            .run(act("allocate", "", "", 64), grant(&[], memory), None)
            .await,
    );
    assert!(
        found.starts_with("limit reached: memory (allowed 16777216 bytes, requested "),
        "{found}"
    );
    assert_eq!(
        told(
            &scene
                .run(act("allocate", "", "", 8), grant(&[], memory), None)
                .await
        ),
        "8 MiB"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_stops_a_guest_that_computes_and_one_that_waits() {
    let scene = Scene::new().await;
    let limits = Limits {
        deadline: 200,
        ..AMPLE
    };
    for stuck in [act("loop", "", "", 0), act("sleep", "", "", 60_000)] {
        let found = told(&scene.run(stuck, grant(&[], limits), None).await);
        assert!(
            found.starts_with("limit reached: deadline (allowed 200 ms, requested "),
            "{found}"
        );
        scene.still_works().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_stops_a_guest_that_computes_and_one_that_waits() {
    let scene = Scene::new().await;
    for stuck in [act("loop", "", "", 0), act("sleep", "", "", 60_000)] {
        let cancel = CancellationToken::new();
        let run = scene.run_until(stuck, grant(&[], AMPLE), None, cancel.clone());
        // Both are polled in turn: the guest has begun when it is cancelled.
        let (outcome, ()) = tokio::join!(run, async { cancel.cancel() });
        assert_eq!(told(&outcome), "cancelled");
        scene.still_works().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_is_told_as_one_and_costs_nobody_else() {
    let scene = Scene::new().await;
    let rows = [
        (
            act("trap", "", "", 0),
            "the tool crashed: wasm trap: wasm `unreachable` instruction executed",
        ),
        (
            act("index", "", "abc", 7),
            "the tool crashed: wasm trap: wasm `unreachable` instruction executed",
        ),
    ];
    for (crash, expected) in rows {
        let outcome = scene.run(crash, grant(&[], AMPLE), None).await;
        assert_eq!(told(&outcome), expected);
        assert_eq!(refused(&outcome), Vec::<String>::new());
        scene.still_works().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receipt_tells_what_was_used() {
    let scene = Scene::new().await;
    let outcome = scene.act("fill", "/workspace/new.bin", "", 2).await;
    assert_eq!(told(&outcome), "2 blocks");
    let receipt = outcome.receipt;
    assert_eq!(
        receipt.disk,
        1 + (2 << 16),
        "one byte for the name, and the blocks"
    );
    assert_eq!(receipt.open_files, 1);
    assert!(receipt.fuel.unwrap() > 1_000);
    assert!(receipt.peak_memory >= 1 << 16);
    assert!(receipt.wall_us > 0);
    assert_eq!(receipt.bytes_out, "2 blocks".len() as u64);
}
