//! Program images: from a distribution's core module to a component of the world `program`.

mod componentize;
mod python;
mod warm;

pub use componentize::{EncodeError, componentize};
pub use python::{DISTRIBUTION, PYTHON, WHEEL, WHEEL_DIGEST, build, folder, python};
pub use warm::{Warm, WarmError, warm};
