//! Prints how long it takes to stage a tree of 1 GB in 10,000 files, to make checkpoints of it, and to compare it.
//!
//! `cargo run --release -p ml-intern-workspace --example stage -- DIRECTORY [RUNS]`: the tree and its copies go to
//! DIRECTORY, so that its file system is what is measured. The tree is read once before, so it is in the page cache;
//! nothing else is prepared. Incompressible contents, 100 directories, 100 KB each.

#![expect(clippy::print_stdout, reason = "it prints a table")]

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use ml_intern_workspace::{Options, Protected, Selection, Staged};

const FILES: u64 = 10_000;
const BYTES: usize = 100_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let directory = PathBuf::from(arguments.next().ok_or("which directory?")?);
    let runs = arguments.next().map_or(Ok(3), |runs| {
        runs.to_str().unwrap_or_default().parse::<u32>()
    })?;
    let tree = directory.join("tree");
    if !tree.exists() {
        fill(&tree)?;
    }
    println!("milliseconds; {FILES} files of {BYTES} bytes");
    println!(
        "stage  first checkpoint  10 files changed  checkpoint  diff  restore  commit  undo commit  open  diff after open"
    );
    for run in 0..runs {
        let place = directory.join(format!("copy-{run}"));
        println!("{}", measure(&tree, place)?);
    }
    Ok(())
}

fn measure(tree: &Path, place: PathBuf) -> Result<String, Box<dyn Error>> {
    let mut row = Vec::new();
    let mut since = Instant::now();
    let mut lap = |row: &mut Vec<String>, width: usize| {
        row.push(format!("{:>width$.0}", since.elapsed().as_secs_f64() * 1e3));
        since = Instant::now();
    };
    let staged = Staged::new(tree, &Options::new(place.clone()))?;
    lap(&mut row, 5);
    let first = staged.checkpoint("turn 1")?;
    lap(&mut row, 16);
    for n in 0..10 {
        fs::write(staged.root().join(format!("{n:03}/file-000")), "changed")?;
    }
    lap(&mut row, 16);
    staged.checkpoint("turn 2")?;
    lap(&mut row, 10);
    let changes = staged.diff()?;
    if changes.modified.len() != 10 {
        return Err("ten files should be different".into());
    }
    lap(&mut row, 4);
    let restored = staged.restore(first)?;
    lap(&mut row, 7);
    staged.restore(restored.before)?;
    lap(&mut Vec::new(), 0);
    let committed = staged.commit(&Selection::All, &Protected::default())?;
    lap(&mut row, 6);
    staged.undo_commit(committed.id)?;
    lap(&mut row, 11);
    drop(staged);
    let staged = Staged::open(&place)?;
    lap(&mut row, 4);
    staged.diff()?;
    lap(&mut row, 15);
    staged.discard()?;
    Ok(row.join("  "))
}

fn fill(tree: &Path) -> std::io::Result<()> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = || {
        // xorshift64 (Marsaglia 2003): only to be incompressible.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for file in 0..FILES {
        let directory = tree.join(format!("{:03}", file / 100));
        fs::create_dir_all(&directory)?;
        let bytes: Vec<u8> = (0..BYTES / 8)
            .flat_map(|_| random().to_le_bytes())
            .collect();
        fs::write(directory.join(format!("file-{:03}", file % 100)), bytes)?;
    }
    Ok(())
}
