//! Program images: from a distribution's core module to a component of the world `program`.

mod componentize;
mod python;
mod warm;

pub use crate::programs::ImageError;
pub use componentize::{EncodeError, componentize};
pub use python::{DISTRIBUTION, PIP, PYTHON, Record, Wheel, build, folder, python};
pub use warm::{Bits, Snapshot, Warm, WarmError, warm};
