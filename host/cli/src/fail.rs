//! Why a command did not do what it was asked to, and the exit code that says so.

/// A command's failure.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Fail {
    /// See the table in `--help`.
    pub(crate) code: u8,
    message: String,
}

impl Fail {
    /// The command line, a file or a setting is wrong.
    pub(crate) fn usage(message: impl Into<String>) -> Fail {
        Fail {
            code: 2,
            message: message.into(),
        }
    }

    /// The policy, or a protection, does not allow it.
    pub(crate) fn denied(message: impl Into<String>) -> Fail {
        Fail {
            code: 3,
            message: message.into(),
        }
    }

    /// Something did not work.
    pub(crate) fn failed(message: impl Into<String>) -> Fail {
        Fail {
            code: 1,
            message: message.into(),
        }
    }
}
