//! The contract's interfaces, as plugins call them. One file each.

mod agents;
mod door;
mod notify;
mod programs;
mod progress;
mod state;

use crate::bindings::plugin::ml_intern::plugin as wit;

pub(crate) fn denial(decision: &policy::Decision) -> wit::calls::Denial {
    wit::calls::Denial {
        capability: decision.subject.clone(),
        rule: decision.rule.clone(),
        remedy: decision.remedy.clone(),
    }
}
