//! The rules of the house: which crate may know which, and who holds the dangerous tools.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test; a panic is its report"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use toml_edit::DocumentMut;

/// Floors from the top; a crate may depend on crates of its own floor or below, as far as the design allows.
const FLOORS: [(&str, &[&str]); 5] = [
    ("cli", &["cli"]),
    ("web", &["web"]),
    (
        "outside",
        &["models", "mcp", "gateways", "sessions", "sandbox", "screen"],
    ),
    ("loop", &["egress", "agent", "workspace"]),
    ("pure", &["policy", "journal", "compute"]),
];

/// What may only be in one crate: (dependency prefix, crate).
const HELD: [(&str, &str); 8] = [
    ("wasmtime", "sandbox"),
    ("wit-component", "sandbox"),
    ("hyper", "egress"),
    ("reqwest", "egress"),
    ("rustls", "egress"),
    ("tokio-rustls", "egress"),
    ("clap", "cli"),
    ("indicatif", "cli"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

fn floor(name: &str) -> usize {
    FLOORS
        .iter()
        .position(|(_, crates)| crates.contains(&name))
        .unwrap_or_else(|| panic!("{name} is on no floor"))
}

/// Each host crate and what it depends on outside of tests.
fn crates() -> BTreeMap<String, Vec<String>> {
    fs::read_dir(root().join("host"))
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let manifest: DocumentMut = fs::read_to_string(path.join("Cargo.toml"))
                .unwrap()
                .parse()
                .unwrap();
            let dependencies = manifest
                .get("dependencies")
                .and_then(|table| table.as_table())
                .map(|table| table.iter().map(|(name, _)| name.to_owned()).collect())
                .unwrap_or_default();
            (
                path.file_name().unwrap().to_str().unwrap().to_owned(),
                dependencies,
            )
        })
        .collect()
}

#[test]
fn arrows_go_down() {
    let crates = crates();
    let mut wrong = Vec::new();
    for (name, dependencies) in &crates {
        for other in dependencies
            .iter()
            .filter(|other| crates.contains_key(*other))
        {
            // On one floor nobody knows a neighbour: each is usable without the others.
            if floor(other) <= floor(name) {
                wrong.push(format!("{name} -> {other}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new(), "arrows that do not go down");
}

#[test]
fn the_loop_knows_policy_and_journal_only() {
    let crates = crates();
    let known: Vec<&String> = crates["agent"]
        .iter()
        .filter(|name| crates.contains_key(*name))
        .collect();
    assert_eq!(known, ["journal", "policy"]);
    assert!(
        !crates["sandbox"].contains(&"agent".to_owned()),
        "the sandbox knows no agent"
    );
}

/// Messages are sent by the host, for the agent and about it; what sends them knows neither the loop nor the sandbox.
#[test]
fn gateways_know_the_way_out_and_its_rules_only() {
    let crates = crates();
    let known: Vec<&String> = crates["gateways"]
        .iter()
        .filter(|name| crates.contains_key(*name))
        .collect();
    assert_eq!(known, ["egress", "journal", "policy"]);
}

#[test]
fn dangerous_tools_are_in_one_place() {
    for (name, dependencies) in crates() {
        for (held, holder) in HELD {
            let has = dependencies
                .iter()
                .any(|dependency| dependency.starts_with(held));
            assert!(
                !has || name == holder,
                "{name} depends on {held}, which is for {holder} alone"
            );
        }
    }
}

/// Plugins, which are in another workspace, test against it.
#[test]
fn the_stand_in_knows_nobody() {
    let crates = crates();
    let manifest: DocumentMut = fs::read_to_string(root().join("tests/stand-in/Cargo.toml"))
        .unwrap()
        .parse()
        .unwrap();
    let dependencies = manifest["dependencies"].as_table().unwrap();
    let known: Vec<&str> = dependencies
        .iter()
        .map(|(name, _)| name)
        .filter(|name| crates.contains_key(*name) || name.starts_with("ml-intern"))
        .collect();
    assert_eq!(known, Vec::<&str>::new());
}

#[test]
fn every_crate_says_what_it_is_for() {
    for name in crates().keys() {
        let path = root().join("host").join(name).join("README.md");
        let text =
            fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        for heading in ["**Use**", "**Don't use**", "**Invariants**"] {
            assert!(text.contains(heading), "{}: no {heading}", path.display());
        }
        assert!(
            text.lines().count() <= 30,
            "{}: longer than 30 lines",
            path.display()
        );
    }
}
