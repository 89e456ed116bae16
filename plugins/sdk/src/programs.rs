//! Other component programs, by name. Each needs a [`need::program`](crate::need::program).

use crate::Failure;
pub use crate::bindings::ml_intern::plugin::programs::{Command, Error, Exit, find, run};

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            Error::UnknownProgram(name) => {
                Self::failed(format!("no program `{name}` is installed"))
            }
            Error::Denied(denial) => denial.into(),
            Error::Limit(message) => Self::Failed(message),
            Error::Failed(message) => Self::failed(format!("the program broke down: {message}")),
        }
    }
}
