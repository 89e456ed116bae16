//! Program images: from a distribution's core module to a component of the world `program`.

mod componentize;
mod python;

pub use componentize::{EncodeError, componentize};
pub use python::{PYTHON, python};
