//! Other component programs, by name. Each needs a [`need::program`](crate::need::program).

use crate::Failure;
pub use crate::bindings::ml_intern::plugin::calls::Image;
pub use crate::bindings::ml_intern::plugin::programs::{
    Command, Error, Exit, Figure, end, find, run,
};

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match error {
            // The host says which are installed, and what installs more.
            Error::UnknownProgram(message) => Self::Failed(message),
            Error::Denied(denial) => denial.into(),
            Error::Failed(message) => Self::failed(format!("the program broke down: {message}")),
        }
    }
}
