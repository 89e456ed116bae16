//! What is in a safetensors file, from its header alone
//! (<https://huggingface.co/docs/safetensors/index#format>): eight bytes of length, little-endian, then JSON that gives each
//! tensor its type, its shape and its place.

use std::collections::BTreeMap;

use ml_intern_sdk::prelude::*;
use serde_json::{Map, Value};

use crate::words::{count, grouped, size, start};

/// Bytes of a header at most; the format allows 100 MB, and the largest known have a few.
pub(crate) const HEADER: u64 = 16 << 20;

/// Bytes of the header, its length included, from a file's first eight bytes.
///
/// # Errors
/// Why that is no safetensors file.
pub(crate) fn header_end(file: &[u8], total: Option<u64>) -> Result<u64, Failure> {
    let wrong = |why: &str| Failure::failed(format!("not a safetensors file: {why}"));
    let length = file
        .first_chunk::<8>()
        .map(|bytes| u64::from_le_bytes(*bytes))
        .ok_or_else(|| wrong("it has fewer than 8 bytes"))?;
    let end = length.saturating_add(8);
    if total.is_some_and(|total| end > total) {
        return Err(wrong("its header would be longer than the file"));
    }
    if length > HEADER {
        return Err(wrong(&format!("its header would have {}", size(length))));
    }
    Ok(end)
}

#[derive(Debug, Deserialize)]
struct Tensor {
    dtype: String,
    shape: Vec<u64>,
}

/// What a header says, as Markdown: totals first, then each tensor on a line.
///
/// # Errors
/// Where it is not the JSON of one.
pub(crate) fn summary(header: &[u8]) -> Result<String, Failure> {
    let wrong = |why: String| Failure::failed(format!("not a safetensors file: {why}"));
    let mut entries: Map<String, Value> =
        serde_json::from_slice(header).map_err(|error| wrong(error.to_string()))?;
    let metadata = entries.shift_remove("__metadata__");
    let mut tensors = Vec::with_capacity(entries.len());
    let mut types: BTreeMap<String, (usize, u64)> = BTreeMap::new();
    let mut all: u64 = 0;
    for (name, value) in entries {
        let tensor: Tensor = serde_json::from_value(value)
            .map_err(|error| wrong(format!("the tensor {}: {error}", start(&name, 100))))?;
        let numbers = tensor
            .shape
            .iter()
            .fold(1_u64, |product, side| product.saturating_mul(*side));
        all = all.saturating_add(numbers);
        let of_type = types.entry(tensor.dtype.clone()).or_default();
        of_type.0 += 1;
        of_type.1 = of_type.1.saturating_add(numbers);
        tensors.push((name, tensor));
    }
    let types: Vec<String> = types
        .into_iter()
        .map(|(name, (tensors, numbers))| {
            format!(
                "{name}: {} in {}",
                grouped(numbers),
                count(tensors, "tensor")
            )
        })
        .collect();
    let mut text = format!(
        "**Parameters:** {} in {} ({})\n",
        grouped(all),
        count(tensors.len(), "tensor"),
        types.join("; ")
    );
    if let Some(metadata) = metadata {
        text.push_str(&format!(
            "**Metadata:** {}\n",
            start(&metadata.to_string(), 1_000)
        ));
    }
    text.push('\n');
    for (name, Tensor { dtype, shape }) in tensors {
        text.push_str(&format!("{} {dtype} {shape:?}\n", start(&name, 300)));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_summed_up() {
        let header = br#"{"__metadata__":{"format":"pt"},
            "wte.weight":{"dtype":"F32","shape":[50257,768],"data_offsets":[0,4]},
            "b":{"dtype":"BF16","shape":[],"data_offsets":[4,6]}}"#;
        assert_eq!(
            summary(header).unwrap(),
            "**Parameters:** 38,597,377 in 2 tensors (BF16: 1 in 1 tensor; F32: 38,597,376 in 1 tensor)\n\
             **Metadata:** {\"format\":\"pt\"}\n\n\
             wte.weight F32 [50257, 768]\nb BF16 []\n"
        );
        assert!(summary(b"{\"a\":1}").is_err());
        assert!(summary(b"no").is_err());
    }

    #[test]
    fn a_header_has_bounds() {
        let length = |length: u64| length.to_le_bytes();
        for (file, total, expected) in [
            (&length(100)[..], Some(200), Ok(108)),
            (&length(HEADER), None, Ok(HEADER + 8)),
            (
                &length(HEADER + 1),
                None,
                Err("its header would have 16.8 MB"),
            ),
            (
                &length(u64::MAX),
                None,
                Err("its header would have 18446744.1 TB"),
            ),
            (
                &length(193),
                Some(200),
                Err("its header would be longer than the file"),
            ),
            (&[1, 2], None, Err("it has fewer than 8 bytes")),
        ] {
            let expected = expected
                .map_err(|why: &str| Failure::failed(format!("not a safetensors file: {why}")));
            assert_eq!(header_end(file, total), expected);
        }
    }
}
