//! What a file is, by how it begins, and what opens it.

/// A kind of file that is not text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    /// What to do with it.
    pub(crate) advice: &'static str,
}

const LOOK: &str = "Download it with python or in a job to look at it.";

/// The kinds, by the bytes at a place: their magic numbers.
const KINDS: [(usize, &[u8], &str, &str); 17] = [
    (0, b"\x89PNG\r\n\x1a\n", "PNG image", LOOK),
    (0, b"\xff\xd8\xff", "JPEG image", LOOK),
    (0, b"GIF8", "GIF image", LOOK),
    (8, b"WEBP", "WebP image", LOOK),
    (8, b"WAVE", "WAV sound", LOOK),
    (0, b"fLaC", "FLAC sound", LOOK),
    (0, b"%PDF-", "PDF document", LOOK),
    (
        0,
        b"PAR1",
        "Parquet table",
        "hf_inspect_dataset shows the rows and the schema of a dataset.",
    ),
    (
        0,
        b"ARROW1",
        "Arrow table",
        "hf_inspect_dataset shows the rows and the schema of a dataset.",
    ),
    (
        0,
        b"PK\x03\x04",
        "ZIP archive (PyTorch checkpoints and .npz are ones)",
        LOOK,
    ),
    (0, b"\x1f\x8b", "gzip archive", LOOK),
    (0, b"\x28\xb5\x2f\xfd", "Zstandard archive", LOOK),
    (0, b"GGUF", "GGUF model", LOOK),
    (0, b"\x89HDF\r\n\x1a\n", "HDF5 file", LOOK),
    (0, b"\x93NUMPY", "NumPy array", LOOK),
    (0, b"SQLite format 3\0", "SQLite database", LOOK),
    (
        0,
        b"\x80",
        "pickle, if it is one",
        "Loading a pickle runs code that is in it: only from who is trusted.",
    ),
];

/// The kind of a file that is not text, by its first bytes.
pub(crate) fn of(start: &[u8]) -> Kind {
    let known = KINDS
        .into_iter()
        .find(|(at, magic, _, _)| start.get(*at..).is_some_and(|rest| rest.starts_with(magic)));
    match known {
        Some((_, _, name, advice)) => Kind { name, advice },
        None => Kind {
            name: "binary file",
            advice: LOOK,
        },
    }
}

/// The text that bytes are, up to a character that is cut at their end; none where they are no text.
pub(crate) fn text(bytes: &[u8]) -> Option<&str> {
    let valid = match std::str::from_utf8(bytes) {
        Ok(text) => return (!text.contains('\0')).then_some(text),
        Err(error) => {
            // Cut in the middle of a character, which has four bytes at most.
            if error.error_len().is_some() || bytes.len() - error.valid_up_to() > 3 {
                return None;
            }
            bytes.get(..error.valid_up_to()).unwrap_or_default()
        }
    };
    std::str::from_utf8(valid)
        .ok()
        .filter(|text| !text.contains('\0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_their_start() {
        for (start, name) in [
            (&b"\x89PNG\r\n\x1a\n...."[..], "PNG image"),
            (b"RIFF\0\0\0\0WEBPVP8", "WebP image"),
            (b"PAR1\x15", "Parquet table"),
            (b"\x80\x04\x95", "pickle, if it is one"),
            (b"\0\0\0", "binary file"),
            (b"", "binary file"),
        ] {
            assert_eq!(of(start).name, name);
        }
    }

    #[test]
    fn text_may_be_cut_in_a_character() {
        for (bytes, expected) in [
            (&b"abc"[..], Some("abc")),
            ("aé".as_bytes(), Some("aé")),
            (b"a\xc3", Some("a")),
            (b"a\xf0\x9f\x98", Some("a")),
            (b"a\0", None),
            (b"\xff\xfe", None),
            (b"a\xc3b", None),
        ] {
            assert_eq!(text(bytes), expected, "{bytes:?}");
        }
    }
}
