//! `/api/settings/billing/…`: what the account has used.

use serde_json::json;

use crate::answer::Answer;
use crate::ask::Ask;
use crate::hub::accounts::signed_in;
use crate::hub::errors::{Reply, not_found};

pub(crate) fn api(ask: &Ask, parts: &[&str]) -> Reply {
    let account = signed_in(ask)?;
    match parts {
        ["usage-v2"] => Ok(Answer::json(&json!({
            "usage": {
                "inferenceProviders": {
                    "usedNanoUsd": 412_000_000,
                    "includedNanoUsd": if account.name == "ada" { 2_000_000_000_u64 } else { 100_000_000 },
                    "limitNanoUsd": null,
                    "numRequests": 318,
                    "periodStart": "2025-06-01T00:00:00.000Z",
                    "periodEnd": "2025-07-01T00:00:00.000Z",
                },
                "jobs": {"usedMicroUsd": 1_730_000, "totalMinutes": 69.2},
            },
        }))),
        ["usage-by-inference-session"] => Ok(Answer::json(&json!({
            "periods": [{
                "startDate": "2025-06-01T00:00:00.000Z",
                "endDate": "2025-07-01T00:00:00.000Z",
                "sessions": [{"id": "session-standin", "costCents": 12.5, "requestCount": 41}],
            }],
        }))),
        _ => Err(not_found()),
    }
}
