//! The Hub's errors, with what to do about them.
//!
//! | status | `x-error-code` | told |
//! | --- | --- | --- |
//! | 401 | | no valid token; where one comes from |
//! | 402 | | the namespace has no credits |
//! | 403 | `GatedRepo` | ask for access at the repository's page |
//! | 403 | | the token may not do this |
//! | 404 | `RepoNotFound`, `RevisionNotFound`, `EntryNotFound` | which of the three is not there |
//! | 409 | | it is there already, or changed meanwhile |
//! | 412 | | it changed meanwhile |
//! | others | | what it said; those that may pass stay so |

use ml_intern_sdk::Failure;
use ml_intern_sdk::http::Error;

/// A failure that says what to do.
#[must_use]
pub fn explain(error: Error) -> Failure {
    let Error::Status {
        request,
        status,
        message,
        headers,
        ..
    } = &error
    else {
        return error.into();
    };
    let code = headers.get("x-error-code").unwrap_or_default();
    let said = match (headers.get("x-error-message"), message.as_str()) {
        (_, text) if !text.is_empty() => text,
        (Some(text), _) => text,
        (None, _) => "no reason given",
    };
    let told = match (status, code) {
        (403, "GatedRepo") => {
            "access is gated: a person has to ask for it on the repository's page"
        }
        (401, "GatedRepo") => {
            "access is gated, and there is no token: a person has to ask for access on the \
             repository's page, and set HF_TOKEN"
        }
        // The Hub does not tell who has no access whether something is there.
        (401 | 404, "RepoNotFound") => {
            "repository not found: check its name and repo_type; a private one needs a token that may read it"
        }
        (404, "RevisionNotFound") => "revision not found: no such branch, tag or commit",
        (404, "EntryNotFound") => "file not found in the repository",
        (401, _) => {
            "no valid Hugging Face token: a person has to set HF_TOKEN, or log in with `hf auth login`"
        }
        (402, _) => {
            "the namespace has no credits for this: a person has to add some in its billing settings (PRO is \
             another thing)"
        }
        (403, _) => {
            "the token may not do this: a person has to give it the scope, or another namespace has to be used"
        }
        (404, _) => "not found",
        (409, _) => "it is there already",
        (412, _) => "it was changed by somebody else meanwhile: look again, then repeat",
        _ => return error.into(),
    };
    Failure::failed(format!("{told} ({request}: status {status}: {said})"))
}

#[cfg(test)]
mod tests {
    use ml_intern_sdk::UpstreamError;
    use ml_intern_sdk::http::Response;

    use super::*;

    #[test]
    fn errors_say_what_to_do() {
        let told = |status, headers: &[(&'static str, &'static str)], body: &'static str| {
            let response = Response::new(status, headers.iter().copied(), body);
            match response.success().map_err(explain) {
                Err(Failure::Failed(text)) => text,
                other => format!("{other:?}"),
            }
        };
        type Row<'r> = (
            u16,
            &'r [(&'static str, &'static str)],
            &'static str,
            &'r str,
        );
        let table: [Row<'_>; 6] = [
            (
                401,
                &[],
                "",
                "no valid Hugging Face token: a person has to set HF_TOKEN",
            ),
            (402, &[], "", "the namespace has no credits"),
            (
                403,
                &[("x-error-code", "GatedRepo")],
                "",
                "access is gated: a person",
            ),
            (
                404,
                &[("x-error-code", "RepoNotFound")],
                "",
                "repository not found",
            ),
            (
                404,
                &[("X-Error-Code", "EntryNotFound")],
                "",
                "file not found",
            ),
            (
                409,
                &[],
                "{\"error\":\"You already created this\"}",
                "it is there already",
            ),
        ];
        for (status, headers, body, expected) in table {
            let found = told(status, headers, body);
            assert!(found.starts_with(expected), "{found}");
            let said = if body.is_empty() {
                "no reason given"
            } else {
                "You already created this"
            };
            assert!(found.contains(said), "{found}");
        }
        let limited = Response::new(429, [("retry-after", "3")], "slow down");
        let failure = limited.success().map_err(explain).unwrap_err();
        let Failure::Upstream(UpstreamError {
            status,
            retry_after,
            ..
        }) = failure
        else {
            panic!("{failure:?}")
        };
        assert_eq!((status, retry_after), (Some(429), Some(3)));
    }
}
