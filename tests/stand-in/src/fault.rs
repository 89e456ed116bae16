//! What goes wrong on request.

use std::time::Duration;

/// What happens to requests in place of, or on top of, their answer.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The answer comes after this time.
    Slow(Duration),
    /// This answer; the request has no effect.
    Status {
        /// The status code.
        status: u16,
        /// Headers by name and value.
        headers: Vec<(String, String)>,
        /// The body.
        body: String,
    },
    /// The request has its effect, and the connection closes in the middle of the answer's body.
    Cut,
    /// A web page in place of JSON, status 200; the request has no effect.
    WrongType,
    /// An answer of this many bytes, status 200, of no use; the request has no effect.
    Huge(usize),
    /// A 302 to this place; the request has no effect.
    Redirect(String),
}

/// A fault and what it is for.
#[derive(Debug)]
struct Set {
    request: String,
    fault: Fault,
    left: Option<usize>,
}

/// The faults that are set.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Set>);

impl Faults {
    pub(crate) fn set(&mut self, request: &str, fault: Fault, times: Option<usize>) {
        self.0.push(Set {
            request: request.to_owned(),
            fault,
            left: times,
        });
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// The first fault for `GET https://host/path`, counted down.
    pub(crate) fn take(&mut self, request: &str) -> Option<Fault> {
        let set = self
            .0
            .iter_mut()
            .find(|set| set.left != Some(0) && request.starts_with(&set.request))?;
        if let Some(left) = &mut set.left {
            *left -= 1;
        }
        Some(set.fault.clone())
    }
}
