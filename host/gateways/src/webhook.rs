//! A web service of the user's own: a signed `POST` of JSON.
//!
//! | field | value |
//! | --- | --- |
//! | `id` | the same each time that this message is sent; a receiver that knows it already ignores the repetition |
//! | `created_at` | when it was written, `2026-01-31T12:00:00.250Z` |
//! | `destination` | its name in the configuration |
//! | `severity` | `info`, `success`, `warning`, `error` |
//! | `title` | a headline, or null |
//! | `message` | the text, in Markdown |
//! | `metadata` | an object of texts: `session_id`, `model` |
//! | `event_type` | `approval_required`, `error`, `turn_complete`; null for what the agent says itself |
//!
//! | header | value |
//! | --- | --- |
//! | `content-type` | `application/json; charset=utf-8` |
//! | `x-ml-intern-delivery` | the `id` |
//! | `x-ml-intern-signature` | see `signature.rs` |
//!
//! Any 2xx means that it was taken; what the answer says is not read. 429 (with its `retry-after`), 500 and above, and no
//! answer within 10 s are tried again; anything else is final. Redirects are not followed: the signature is for one
//! address.

use std::time::UNIX_EPOCH;

use async_trait::async_trait;
use http::header::{HeaderName, HeaderValue};
use policy::Decision;
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use crate::address::WebAddress;
use crate::events::EventType;
use crate::gateway::{Fault, Gateway, Letter};
use crate::message::Severity;
use crate::secret::Secret;
use crate::signature::sign;
use crate::wire::Wire;

const SIGNATURE: HeaderName = HeaderName::from_static("x-ml-intern-signature");
const DELIVERY: HeaderName = HeaderName::from_static("x-ml-intern-delivery");

/// A web service, as one destination.
#[derive(Debug)]
pub(crate) struct WebhookGateway {
    pub(crate) wire: Wire,
    pub(crate) address: WebAddress,
    pub(crate) secret: Secret,
}

#[derive(Debug, Serialize)]
struct Post<'a> {
    id: &'a str,
    created_at: String,
    destination: &'a str,
    severity: Severity,
    title: Option<&'a str>,
    message: &'a str,
    #[serde(serialize_with = "object")]
    metadata: &'a [(String, String)],
    event_type: Option<EventType>,
}

fn object<S: Serializer>(pairs: &[(String, String)], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(pairs.len()))?;
    for (name, value) in pairs {
        map.serialize_entry(name, value)?;
    }
    map.end()
}

#[async_trait]
impl Gateway for WebhookGateway {
    fn provider(&self) -> &'static str {
        "webhook"
    }

    fn may_send(&self) -> Result<(), Decision> {
        self.wire.grant(&self.address, None).map(|_| ())
    }

    async fn send(&self, letter: Letter<'_>) -> Result<Option<String>, Fault> {
        let post = Post {
            id: letter.id,
            created_at: letter.created.to_string(),
            destination: letter.destination,
            severity: letter.message.severity,
            title: letter.message.title.as_deref(),
            message: &letter.message.text,
            metadata: &letter.message.metadata,
            event_type: letter.message.event_type,
        };
        let lasting = |error: &dyn std::fmt::Display| Fault::Lasting(error.to_string());
        let body = serde_json::to_string(&post).map_err(|error| lasting(&error))?;
        let now = self.wire.time.date().duration_since(UNIX_EPOCH);
        let seconds = now.unwrap_or_default().as_secs();
        let header = |text: &str| HeaderValue::from_str(text).map_err(|error| lasting(&error));
        let headers = vec![
            (DELIVERY, header(letter.id)?),
            (
                SIGNATURE,
                header(&sign(self.secret.reveal(), seconds, body.as_bytes()))?,
            ),
        ];
        let response = self.wire.post(&self.address, None, headers, body).await?;
        match self.wire.fault_of(&response) {
            Some(fault) => Err(fault),
            None => Ok(None),
        }
    }
}
