//! What reaches the user's terminal.
//!
//! What tools, models and pages say is untrusted text: it goes through [`clean`] and can then neither move the cursor nor
//! hide or reorder anything. Everything here turns values into text and does no I/O: the caller reads the environment's
//! variables, the terminal's size, the time and the person's answers, and writes what it is given.

mod agents;
mod approval;
pub mod clean;
mod code;
mod figures;
mod inline;
mod markdown;
mod sixel;
mod style;
mod table;
mod terminal;
mod turn;

pub use approval::{budget, questions, waived};
pub use markdown::Markdown;
pub use terminal::{Images, Terminal};
pub use turn::Turn;
