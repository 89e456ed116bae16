//! A data set that the viewer does not show: which one may have been meant, or what has to be done.

use ml_intern_sdk::{Failure, UpstreamError};
use serde::Deserialize;
use serde_json::Value;

use crate::hub::server::{Lack, is_settled};

/// Bytes of the Hub's list.
const LIST: usize = 1 << 20;

#[derive(Debug, Deserialize)]
struct Near {
    id: String,
    #[serde(default)]
    gated: Value,
    #[serde(default)]
    private: bool,
}

/// The failure for a data set of which there is nothing to report.
pub(crate) fn explain(dataset: &str, lack: &Lack) -> Failure {
    match lack {
        Lack::Missing(status, said) => missing(dataset, *status, said),
        Lack::Unready => Failure::Upstream(UpstreamError {
            status: Some(500),
            retry_after: None,
            message: format!(
                "{dataset} is still being processed by the Hub's data set viewer; try again in a few minutes"
            ),
        }),
        Lack::Other(error) if is_settled(error) => Failure::failed(format!(
            "the viewer can show nothing of {dataset}: {}",
            lack.told()
        )),
        Lack::Other(error) => error.clone().into(),
    }
}

fn missing(dataset: &str, status: u16, said: &str) -> Failure {
    let page = format!("https://huggingface.co/datasets/{dataset}");
    let name = dataset.rsplit('/').next().unwrap_or(dataset);
    let listed: Result<Vec<Near>, Failure> =
        ml_intern_hub::get("/api/datasets", &[("search", name), ("limit", "5")], LIST);
    let near = listed.unwrap_or_default();
    if let Some(there) = near
        .iter()
        .find(|near| near.id.eq_ignore_ascii_case(dataset))
    {
        if there.id != dataset {
            return Failure::failed(format!(
                "there is no data set {dataset}, but {}: names are exact",
                there.id
            ));
        }
        let gated = matches!(&there.gated, Value::String(_) | Value::Bool(true));
        return Failure::failed(if gated {
            format!(
                "{dataset} is gated: a person has to ask for access at {page}, and set HF_TOKEN to a token that may read it"
            )
        } else if there.private {
            format!(
                "{dataset} is private, and the viewer shows private data sets of PRO and Enterprise accounts only; read its files instead"
            )
        } else {
            format!(
                "{dataset} is on the Hub, but the viewer does not show it (status {status}: {said}); read its files instead"
            )
        });
    }
    if status == 403 {
        return Failure::failed(format!(
            "{dataset} is gated or private, and the token may not read it: a person has to ask for access at {page}"
        ));
    }
    let hint = if status == 401 {
        "; if it is a private or gated one, a person has to set HF_TOKEN to a token that may read it"
    } else {
        "; if it is a private or gated one, the token may not read it"
    };
    let names: Vec<&str> = near.iter().map(|near| near.id.as_str()).take(5).collect();
    let names = if names.is_empty() {
        String::new()
    } else {
        format!(". Of a similar name: {}", names.join(", "))
    };
    Failure::failed(format!(
        "there is no data set {dataset} on the Hub{hint}{names}"
    ))
}
