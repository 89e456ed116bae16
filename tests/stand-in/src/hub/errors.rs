//! How the Hub says no: a JSON body, and the same in headers that its client goes by.

use serde_json::json;

use crate::answer::Answer;

/// What a handler answers: `Err` is an answer too, one that ends it early.
pub(crate) type Reply = Result<Answer, Answer>;

/// An error with a code that the client knows.
pub(crate) fn coded(status: u16, code: &str, message: &str) -> Answer {
    plain(status, message).with("x-error-code", code)
}

/// An error without one.
pub(crate) fn plain(status: u16, message: &str) -> Answer {
    Answer::json_with(status, &json!({"error": message})).with("x-error-message", message)
}

pub(crate) fn no_repo() -> Answer {
    coded(404, "RepoNotFound", "Repository not found")
}

pub(crate) fn no_revision(revision: &str) -> Answer {
    coded(
        404,
        "RevisionNotFound",
        &format!("Invalid rev id: {revision}"),
    )
}

pub(crate) fn no_entry(message: &str) -> Answer {
    coded(404, "EntryNotFound", message)
}

pub(crate) fn unauthorized(message: &str) -> Answer {
    plain(401, message).with(
        "www-authenticate",
        "Bearer realm=\"Authentication required\", charset=\"UTF-8\"",
    )
}

/// What the Hub says for missing and for private repositories to who has no token.
pub(crate) fn anonymous() -> Answer {
    unauthorized("Invalid username or password.")
}

pub(crate) fn not_found() -> Answer {
    plain(404, "Sorry, we can't find the page you are looking for.")
}
