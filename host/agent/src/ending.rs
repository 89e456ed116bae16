//! How a call came to an end that was none of its own.
//!
//! The reason is what the journal has; the words are what the model reads, after a resume too.

/// Why a call was stopped, or never ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Somebody interrupted the turn.
    Interrupted,
    /// The call that it was part of ended.
    Orphaned,
    /// The process ended while it ran.
    Lost,
    /// The process ended before it ran.
    NeverRan,
}

impl Ending {
    const ALL: [Ending; 4] = [
        Ending::Interrupted,
        Ending::Orphaned,
        Ending::Lost,
        Ending::NeverRan,
    ];

    /// As the journal has it.
    pub(crate) const fn reason(self) -> &'static str {
        match self {
            Ending::Interrupted => "the turn was interrupted",
            Ending::Orphaned => "the call that it was part of ended",
            Ending::Lost => "the session ended while it ran",
            Ending::NeverRan => "the session ended before it ran",
        }
    }

    /// As the model reads it.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Ending::Interrupted => "cancelled: the user interrupted the turn",
            Ending::Orphaned => "cancelled: the call that this one was part of ended",
            Ending::Lost => {
                "interrupted: the session ended while this call ran. It was not run again. Whether it had effects is not \
                 known: look before you repeat it."
            }
            Ending::NeverRan => {
                "not executed: the session ended before this call ran. Nothing was done; call it again if it is still \
                 wanted."
            }
        }
    }

    /// The words for a reason in a journal, whoever wrote it.
    pub(crate) fn words_of(reason: &str) -> String {
        Ending::ALL
            .into_iter()
            .find(|ending| ending.reason() == reason)
            .map_or_else(
                || format!("cancelled: {reason}"),
                |ending| ending.words().to_owned(),
            )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_and_words() {
        for ending in Ending::ALL {
            assert_eq!(Ending::words_of(ending.reason()), ending.words());
        }
        assert_eq!(Ending::words_of("a meteorite"), "cancelled: a meteorite");
        assert_eq!(
            Ending::Interrupted.words(),
            crate::ToolFailure::Cancelled.to_string()
        );
    }
}
