//! The shipped profiles load, which means that each of their `[[expect]]` rows holds, and they are what they say.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot read a profile fails"
)]

use std::fs;
use std::path::Path;

use ml_intern_policy::{CallRequest, Effect, Policy, Verdict};

fn text(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../configs/policies")
        .join(format!("{name}.toml"));
    fs::read_to_string(&path).unwrap()
}

fn profile(name: &str) -> Policy {
    Policy::parse(&format!("{name}.toml"), &text(name)).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn every_profile_loads_and_has_many_rows_of_its_own() {
    for name in ["interactive", "ci", "offline"] {
        assert_eq!(profile(name).name(), name);
        assert!(text(name).matches("[[expect]]").count() >= 30, "{name}");
    }
}

#[test]
fn every_row_of_every_profile_can_fail() {
    // A row that would hold with either decision would test nothing.
    for name in ["interactive", "ci", "offline"] {
        let text = text(name);
        let head = text.find("[[expect]]").unwrap();
        let (rules, rows) = text.split_at(head);
        for row in rows.split("[[expect]]").skip(1) {
            let decision = row.split("decision = ").nth(1).unwrap().trim();
            let other = if decision == "\"deny\"" {
                "\"allow\""
            } else {
                "\"deny\""
            };
            let changed = row.replace(
                &format!("decision = {decision}"),
                &format!("decision = {other}"),
            );
            let file = format!("{rules}[[expect]]{changed}");
            let error = Policy::parse("changed.toml", &file)
                .unwrap_err()
                .to_string();
            assert!(
                error.contains("key `expect`: wanted "),
                "{name}: {row}: {error}"
            );
        }
    }
}

#[test]
fn effects_by_profile() {
    use Effect::{Destroy, Execute, Notify, Observe, Publish, Spend, Undeclared, Write};
    let table = [
        ("interactive", Verdict::Ask),
        ("ci", Verdict::Deny),
        ("offline", Verdict::Deny),
    ];
    for (name, beyond) in table {
        let policy = profile(name);
        let verdict = |effect| {
            let request = CallRequest {
                plugin: "some".to_owned(),
                tool: "tool".to_owned(),
                operation: "operation".to_owned(),
                effects: vec![effect],
                needs: Vec::new(),
                limits: ml_intern_policy::Limits {
                    memory: 1,
                    fuel: 1,
                    deadline: 1,
                    output: 1,
                    open_files: 1,
                    host_calls: 1,
                    disk: 1,
                    network: 1,
                    requests: 1,
                },
                configured: Vec::new(),
            };
            policy.decide(&request).verdict
        };
        for effect in [Observe, Write, Execute] {
            assert_eq!(verdict(effect), Verdict::Allow, "{name} {effect}");
        }
        for effect in [Publish, Destroy, Spend, Notify, Undeclared] {
            assert_eq!(verdict(effect), beyond, "{name} {effect}");
        }
    }
}

#[test]
fn a_model_is_told_in_few_words_whether_it_has_a_network() {
    let none = "So there are no network requests, no messages to people.";
    let table = [
        ("interactive", "- other network requests\n"),
        ("ci", none),
        ("offline", none),
    ];
    for (name, said) in table {
        let brief = profile(name).brief().to_string();
        assert!(brief.contains(said), "{brief}");
        // About 400 tokens.
        let length = brief.chars().count();
        assert!(length < 1_600, "{name}: {length}");
    }
}
