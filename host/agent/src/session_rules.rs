//! What a person allowed for the rest of a session.
//!
//! A rule is about one operation and what the policy asked about when it was made. It answers the same questions of the
//! same operation again; a call that raises another question is asked about. It never goes before a rule that denies,
//! and no plugin can make one. Each is in the journal, and can be revoked.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use policy::Verdict;
use serde::{Deserialize, Serialize};

use crate::Prepared;

/// One thing that a person allowed for the rest of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRule {
    /// Its number in the session, from 1.
    pub id: u64,
    /// The plugin.
    pub plugin: String,
    /// The tool.
    pub tool: String,
    /// The operation.
    pub operation: String,
    /// What the policy asked about.
    pub subjects: Vec<String>,
}

impl SessionRule {
    /// How decisions and people name it.
    #[must_use]
    pub fn name(&self) -> String {
        format!("session: rule {}", self.id)
    }

    fn answers(&self, prepared: &Prepared) -> bool {
        self.plugin == prepared.plugin
            && self.tool == prepared.tool
            && self.operation == prepared.operation
            && asked(prepared).all(|subject| self.subjects.iter().any(|one| one == subject))
    }
}

/// What the policy asks about in a call.
fn asked(prepared: &Prepared) -> impl Iterator<Item = &str> {
    prepared
        .decisions
        .iter()
        .chain(std::iter::once(&prepared.decision))
        .filter(|decision| decision.verdict == Verdict::Ask)
        .map(|decision| decision.subject.as_str())
}

/// The rules of a session, in the order in which they were made. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct SessionRules {
    held: Arc<Mutex<Held>>,
}

#[derive(Debug, Default)]
struct Held {
    last: u64,
    rules: Vec<SessionRule>,
}

impl SessionRules {
    /// Those that are in force.
    #[must_use]
    pub fn list(&self) -> Vec<SessionRule> {
        self.lock().rules.clone()
    }

    /// The rule that answers what the policy asks about a call.
    pub(crate) fn answer(&self, prepared: &Prepared) -> Option<SessionRule> {
        let held = self.lock();
        held.rules
            .iter()
            .find(|rule| rule.answers(prepared))
            .cloned()
    }

    /// The rule that would answer this call's questions from now on. It is in force once it is [kept](Self::keep).
    pub(crate) fn draft(&self, prepared: &Prepared) -> SessionRule {
        let mut subjects: Vec<String> = Vec::new();
        for subject in asked(prepared) {
            if !subjects.iter().any(|one| one == subject) {
                subjects.push(subject.to_owned());
            }
        }
        let mut held = self.lock();
        held.last += 1;
        SessionRule {
            id: held.last,
            plugin: prepared.plugin.clone(),
            tool: prepared.tool.clone(),
            operation: prepared.operation.clone(),
            subjects,
        }
    }

    /// Puts a rule in force.
    pub(crate) fn keep(&self, rule: SessionRule) {
        let mut held = self.lock();
        held.last = held.last.max(rule.id);
        held.rules.push(rule);
    }

    /// Takes a rule out of force; false where there is none of that number.
    pub(crate) fn revoke(&self, id: u64) -> bool {
        let mut held = self.lock();
        let before = held.rules.len();
        held.rules.retain(|rule| rule.id != id);
        held.rules.len() != before
    }

    /// Takes all of them out of force.
    pub(crate) fn clear(&self) {
        *self.lock() = Held::default();
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::Decision;

    fn prepared(operation: &str, asks: &[&str]) -> Prepared {
        let decision = |verdict, subject: &str| Decision {
            verdict,
            subject: subject.into(),
            rule: "p: r".into(),
            remedy: String::new(),
        };
        let mut decisions = vec![decision(Verdict::Allow, "effect observe")];
        decisions.extend(asks.iter().map(|subject| decision(Verdict::Ask, subject)));
        Prepared {
            plugin: "hub".into(),
            tool: "hf_repo_files".into(),
            operation: operation.into(),
            effects: vec![],
            target: "a".into(),
            decision: decisions.last().unwrap().clone(),
            decisions,
            token: Box::new(()),
        }
    }

    #[test]
    fn the_same_question_of_the_same_operation() {
        let rules = SessionRules::default();
        let asked = prepared("upload", &["effect publish", "http POST https://h:443/"]);
        assert_eq!(rules.answer(&asked), None);
        let rule = rules.draft(&asked);
        assert_eq!(rules.answer(&asked), None);
        rules.keep(rule.clone());
        assert_eq!(rule.name(), "session: rule 1");
        assert_eq!(
            rule.subjects,
            ["effect publish", "http POST https://h:443/"]
        );
        let table: [(&str, &[&str], bool); 5] = [
            (
                "upload",
                &["effect publish", "http POST https://h:443/"],
                true,
            ),
            ("upload", &["effect publish"], true),
            ("upload", &["effect publish", "effect spend"], false),
            ("upload", &["effect destroy"], false),
            ("delete", &["effect publish"], false),
        ];
        for (operation, asks, answered) in table {
            let found = rules.answer(&prepared(operation, asks));
            assert_eq!(found.is_some(), answered, "{operation} {asks:?}");
        }
        assert!(!rules.revoke(2));
        assert!(rules.revoke(1));
        assert_eq!(rules.list(), []);
        assert_eq!(rules.answer(&asked), None);
        // Numbers are not used again: they are in the journal.
        assert_eq!(rules.draft(&asked).id, 2);
    }
}
