//! Policies: any text is read or refused with one line that names its place, and what is read decides.
#![no_main]

use libfuzzer_sys::fuzz_target;
use policy::{CallRequest, Effect, Limits, Need, Policy, Verdict};

const LIMITS: Limits = Limits {
    memory: 1,
    fuel: 1,
    deadline: 1,
    output: 1,
    open_files: 1,
    host_calls: 1,
    disk: 1,
    network: 1,
    requests: 1,
};

fuzz_target!(|text: &str| {
    let policy = match Policy::parse("fuzz.toml", text) {
        Ok(policy) => policy,
        Err(error) => {
            assert!(error.line <= text.split('\n').count());
            assert!(error.to_string().starts_with("fuzz.toml:"));
            return;
        }
    };
    assert!(policy.to_string().contains("otherwise"));
    let call = CallRequest {
        plugin: "files".to_owned(),
        tool: "write".to_owned(),
        operation: "write".to_owned(),
        effects: vec![Effect::Write],
        needs: vec![Need::Program("python".to_owned()), Need::Agent],
        limits: LIMITS,
        configured: Vec::new(),
    };
    let said = policy.decide(&call);
    assert!(said.decisions.contains(&said.decisive));
    let narrowed = said.grant.intersect(&said.grant_if_approved);
    assert_eq!(narrowed, said.grant);
    if said.verdict == Verdict::Deny {
        assert!(said.grant.program("python").is_err());
    }
});
