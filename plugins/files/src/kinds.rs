//! What a file is that is not text, by its first bytes, so that it can be said what to do with it.

/// A kind of file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Kind {
    /// Where its mark is, and the mark.
    at: usize,
    mark: &'static [u8],
    /// With an article: `a ZIP archive`.
    pub(crate) name: &'static str,
    /// What reads it in Python; nothing where that is not in the distribution.
    pub(crate) with: &'static str,
}

const fn kind(at: usize, mark: &'static [u8], name: &'static str, with: &'static str) -> Kind {
    Kind {
        at,
        mark,
        name,
        with,
    }
}

/// The first that fits counts.
const KINDS: &[Kind] = &[
    kind(0, b"\x89PNG\r\n\x1a\n", "a PNG image", "PIL.Image"),
    kind(0, b"\xff\xd8\xff", "a JPEG image", "PIL.Image"),
    kind(0, b"GIF8", "a GIF image", "PIL.Image"),
    kind(8, b"WEBP", "a WebP image", "PIL.Image"),
    kind(0, b"II*\0", "a TIFF image", "PIL.Image"),
    kind(0, b"MM\0*", "a TIFF image", "PIL.Image"),
    kind(4, b"ftypavif", "an AVIF image", ""),
    kind(4, b"ftypheic", "a HEIC image", ""),
    kind(0, b"%PDF-", "a PDF document", ""),
    kind(0, b"\x93NUMPY", "a NumPy array", "numpy.load"),
    kind(0, b"PAR1", "a Parquet file", ""),
    kind(0, b"ARROW1", "an Arrow file", ""),
    kind(0, b"\x89HDF\r\n\x1a\n", "an HDF5 file", ""),
    kind(0, b"SQLite format 3\0", "an SQLite database", ""),
    kind(0, b"GGUF", "a GGUF model", ""),
    kind(8, b"{\"", "a safetensors file", ""),
    kind(0, b"\x80\x02", "a Python pickle", "pickle"),
    kind(0, b"\x80\x03", "a Python pickle", "pickle"),
    kind(0, b"\x80\x04\x95", "a Python pickle", "pickle"),
    kind(0, b"\x80\x05\x95", "a Python pickle", "pickle"),
    kind(
        0,
        b"PK\x03\x04",
        "a ZIP archive (or what is made of one: .npz, .xlsx, .pt, .whl)",
        "zipfile",
    ),
    kind(0, b"\x1f\x8b", "gzip data", "gzip"),
    kind(0, b"BZh", "bzip2 data", ""),
    kind(0, b"\xfd7zXZ\0", "xz data", ""),
    kind(0, b"\x28\xb5\x2f\xfd", "Zstandard data", ""),
    kind(257, b"ustar", "a tar archive", "tarfile"),
    kind(0, b"\0asm", "a WebAssembly binary", ""),
    kind(0, b"\x7fELF", "an ELF binary", ""),
    kind(8, b"WAVE", "a WAV recording", "wave"),
    kind(0, b"OggS", "an Ogg recording", ""),
    kind(0, b"fLaC", "a FLAC recording", ""),
    kind(0, b"ID3", "an MP3 recording", ""),
    kind(4, b"ftyp", "an MP4 film or recording", ""),
    kind(0, b"\x1a\x45\xdf\xa3", "a Matroska or WebM film", ""),
    kind(
        0,
        b"\xff\xfe",
        "text in UTF-16",
        "open(…, encoding=\"utf-16\")",
    ),
    kind(
        0,
        b"\xfe\xff",
        "text in UTF-16",
        "open(…, encoding=\"utf-16\")",
    ),
];

impl Kind {
    /// The kind of a file that begins like this, where it is known.
    pub(crate) fn of(start: &[u8]) -> Option<&'static Self> {
        KINDS.iter().find(|kind| {
            start
                .get(kind.at..)
                .is_some_and(|rest| rest.starts_with(kind.mark))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_known_by_its_mark() {
        let table: [(&[u8], Option<&str>); 9] = [
            (
                b"PK\x03\x04\x14",
                Some("a ZIP archive (or what is made of one: .npz, .xlsx, .pt, .whl)"),
            ),
            (b"RIFF\0\0\0\0WAVEfmt ", Some("a WAV recording")),
            (b"RIFF\0\0\0\0WEBPVP8 ", Some("a WebP image")),
            (b"\0\0\0\x1cftypavif", Some("an AVIF image")),
            (b"\0\0\0\x1cftypisom", Some("an MP4 film or recording")),
            (b"\x40\0\0\0\0\0\0\0{\"w\"", Some("a safetensors file")),
            (b"\xff\xfea\0", Some("text in UTF-16")),
            (b"PK", None),
            (b"", None),
        ];
        for (start, name) in table {
            assert_eq!(Kind::of(start).map(|kind| kind.name), name, "{start:?}");
        }
    }

    #[test]
    fn every_kind_can_be_reached() {
        for kind in KINDS {
            let start = [vec![0x20; kind.at], kind.mark.to_vec()].concat();
            let found = Kind::of(&start).unwrap();
            // A more particular one may come first, under another name.
            assert_eq!(found.mark, kind.mark, "{}", kind.name);
        }
    }
}
