//! Keys, which are never shown.

use std::fmt;

/// A secret that a provider gave to the user. `Debug` shows that there is one, and nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(String);

impl Key {
    /// A key; none where the text is blank. Blanks and line breaks around it are not part of it.
    #[must_use]
    pub fn new(text: &str) -> Option<Key> {
        let text = text.trim();
        (!text.is_empty()).then(|| Key(text.to_owned()))
    }

    /// The secret, for egress and for whoever keeps secrets out of what is written.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys() {
        assert_eq!(Key::new(" \r\n"), None);
        let key = Key::new("  hf_abc\r\n").unwrap();
        assert_eq!(key.reveal(), "hf_abc");
        assert_eq!(format!("{key:?}"), "Key(…)");
    }
}
