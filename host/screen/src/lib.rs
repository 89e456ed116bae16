//! What reaches the user's terminal.
//!
//! What tools, models and pages say is untrusted text: it goes through [`clean`] and can then neither move the cursor nor
//! hide or reorder anything. Everything here turns values into text and does no I/O: the caller reads the environment's
//! variables, the terminal's size, the time and the person's answers, and writes what it is given.

pub mod clean;
mod terminal;

pub use terminal::{Images, Terminal};
