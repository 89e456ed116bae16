//! What a private copy of a workspace costs: 10,000 files, 1 GB, staged, looked over for changes, committed.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::allow_attributes,
    missing_docs,
    reason = "a benchmark; a panic is its report"
)]

use std::path::Path;
use std::time::{Duration, Instant};

use workspace::{Options, Staged};

const FILES: usize = 10_000;
const SIZE: usize = 100_000;

/// Files of bytes that no file system can store twice as one.
fn fill(directory: &Path) {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for number in 0..FILES {
        let folder = directory.join(format!("folder-{}", number / 100));
        std::fs::create_dir_all(&folder).unwrap();
        let mut bytes = Vec::with_capacity(SIZE);
        while bytes.len() < SIZE {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            bytes.extend_from_slice(&state.to_le_bytes());
        }
        std::fs::write(folder.join(format!("file-{number}.bin")), bytes).unwrap();
    }
}

fn row(name: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    println!(
        "{name:<58} p50 {:>8.2} s   (of {})",
        times[times.len() / 2].as_secs_f64(),
        times.len()
    );
}

fn main() {
    // In the target folder: memory file systems would flatter it.
    let base = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let source = base.path().join("source");
    std::fs::create_dir(&source).unwrap();
    fill(&source);
    let (mut stage, mut look, mut copy) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..5 {
        let plain = base.path().join(format!("plain-{round}"));
        let since = Instant::now();
        let done = std::process::Command::new("cp")
            .args(["-r", "--reflink=auto"])
            .args([&source, &plain])
            .status()
            .unwrap();
        assert!(done.success());
        copy.push(since.elapsed());
        std::fs::remove_dir_all(plain).unwrap();

        let since = Instant::now();
        let options = Options::new(base.path().join(format!("stage-{round}")));
        let staged = Staged::new(&source, &options).unwrap();
        stage.push(since.elapsed());
        std::fs::write(staged.root().join("folder-7/file-700.bin"), "changed").unwrap();
        let since = Instant::now();
        let diff = staged.diff().unwrap();
        look.push(since.elapsed());
        assert_eq!(diff.modified.len(), 1);
        staged.discard().unwrap();
    }
    row("cp -r --reflink=auto of 1 GB in 10,000 files", copy);
    row("stage 1 GB in 10,000 files", stage);
    row("look it over for changes", look);
}
