//! What the model is told to be.

use std::time::SystemTime;

use policy::Policy;

/// The part that is the same in every run.
const SYSTEM: &str = include_str!("../../../configs/prompts/system.md");

/// The prompt: the same from session to session under the same policy, so that providers' caches keep it.
pub(crate) fn system(policy: &Policy) -> String {
    format!(
        "{}\n\n# What this run may do\n\n{}",
        SYSTEM.trim_end(),
        policy.brief()
    )
}

/// What is not the same: the day, and who is there.
pub(crate) fn note(attended: bool) -> String {
    let now = journal::Timestamp::from_system(SystemTime::now()).to_string();
    let day = now.split('T').next().unwrap_or_default();
    let there = if attended {
        "The user is there, and can answer."
    } else {
        "It is unattended: nobody answers questions."
    };
    format!("This session began on {day} (UTC). {there}")
}
