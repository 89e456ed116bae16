//! Images: recognised by their first bytes, measured, and known to be whole.
//!
//! | format | begins with | is whole if |
//! | --- | --- | --- |
//! | PNG (RFC 2083) | `89 50 4E 47 0D 0A 1A 0A` | its chunks reach `IEND` |
//! | JPEG (ITU-T T.81) | `FF D8 FF` | a frame header comes before the scan, and the end marker after it |
//! | GIF (GIF89a specification) | `GIF87a` or `GIF89a` | its blocks reach the trailer |
//! | WebP (RFC 9649) | `RIFF`, four bytes, `WEBP` | it is as long as it says |
//!
//! What a model cannot be shown must be found here: a provider refuses the whole conversation for one damaged image.

/// Bytes of the images of one result at most: 5 MB in base64, as much as providers take, and below the output limit that
/// policies give.
pub(crate) const BYTES: usize = 3_750_000;

/// Pixels of a side at most, as providers take.
pub(crate) const SIDE: u32 = 8_000;

/// A format that models can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Png,
    Jpeg,
    Gif,
    WebP,
}

/// What is known of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) format: Format,
    /// Pixels.
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) bytes: usize,
}

/// Why an image is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Flaw {
    #[error("it is damaged or cut off")]
    Damaged,
    #[error("images of up to {BYTES} bytes are shown")]
    Bytes,
    #[error("it has {width} x {height} pixels, and up to {SIDE} a side are shown")]
    Side { width: u32, height: u32 },
}

impl Format {
    /// The format that the bytes are in, if it is one of these.
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            Some(Self::Png)
        } else if bytes.starts_with(b"\xff\xd8\xff") {
            Some(Self::Jpeg)
        } else if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
            Some(Self::Gif)
        } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
            Some(Self::WebP)
        } else {
            None
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::Gif => "GIF",
            Self::WebP => "WebP",
        }
    }

    pub(crate) fn mime(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Gif => "image/gif",
            Self::WebP => "image/webp",
        }
    }

    /// Width and height of a whole image.
    fn measure(self, bytes: &[u8]) -> Option<(u32, u32)> {
        let (width, height) = match self {
            Self::Png => png(bytes),
            Self::Jpeg => jpeg(bytes),
            Self::Gif => gif(bytes),
            Self::WebP => webp(bytes),
        }?;
        (width > 0 && height > 0).then_some((width, height))
    }
}

impl Facts {
    /// What there is to know, where the image can be shown.
    pub(crate) fn of(format: Format, bytes: &[u8]) -> Result<Self, Flaw> {
        let (width, height) = format.measure(bytes).ok_or(Flaw::Damaged)?;
        let facts = Self {
            format,
            width,
            height,
            bytes: bytes.len(),
        };
        if width > SIDE || height > SIDE {
            return Err(Flaw::Side { width, height });
        }
        if bytes.len() > BYTES {
            return Err(Flaw::Bytes);
        }
        Ok(facts)
    }
}

/// `PNG image, 640 x 480 pixels, 12345 bytes`.
impl std::fmt::Display for Facts {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(
            f,
            "{} image, {} x {} pixels, {} bytes",
            self.format.name(),
            self.width,
            self.height,
            self.bytes
        )
    }
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn byte(bytes: &[u8], at: usize) -> Option<u8> {
    bytes.get(at).copied()
}

/// Chunks: a length, a name, that much data, a checksum. The first is `IHDR`, which begins with the size.
fn png(bytes: &[u8]) -> Option<(u32, u32)> {
    let number = |at| array(bytes, at).map(u32::from_be_bytes);
    if bytes.get(12..16) != Some(b"IHDR") {
        return None;
    }
    let mut at = 8_usize;
    while bytes.get(at + 4..at + 8)? != b"IEND" {
        at = at
            .checked_add(12)?
            .checked_add(usize::try_from(number(at)?).ok()?)?;
    }
    bytes.get(at..at + 12)?;
    Some((number(16)?, number(20)?))
}

/// Segments: `FF`, a marker, a length that counts itself. A frame header (SOF) has the size; the scan (SOS) is followed
/// by coded data, in which `FF D9` can only be the end.
fn jpeg(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut at = 2_usize;
    let mut size = None;
    loop {
        if byte(bytes, at)? != 0xff {
            return None;
        }
        let marker = byte(bytes, at + 1)?;
        // Before a marker there may be any number of bytes FF; a few markers stand alone.
        match marker {
            0xff => {
                at += 1;
                continue;
            }
            0x01 | 0xd0..=0xd7 => {
                at += 2;
                continue;
            }
            _ => {}
        }
        let length = usize::from(u16::from_be_bytes(array(bytes, at + 2)?));
        // C4, C8 and CC are not frame headers: tables, a reserved one, and conditioning.
        if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
            let side = |at| array(bytes, at).map(u16::from_be_bytes).map(u32::from);
            size = Some((side(at + 7)?, side(at + 5)?));
        }
        if length < 2 {
            return None;
        }
        at += 2 + length;
        if marker == 0xda {
            break;
        }
    }
    let coded = bytes.get(at..)?;
    coded
        .windows(2)
        .any(|two| two == b"\xff\xd9")
        .then_some(())?;
    size
}

/// A header with the size, a table of colours, then blocks: `21` an extension, `2C` a picture, `3B` the trailer.
fn gif(bytes: &[u8]) -> Option<(u32, u32)> {
    let side = |at| array(bytes, at).map(u16::from_le_bytes).map(u32::from);
    let colours = |flags: u8| match flags & 0x80 {
        0 => 0,
        _ => 3 << ((flags & 7) + 1),
    };
    let mut at = 13 + colours(byte(bytes, 10)?);
    loop {
        match byte(bytes, at)? {
            0x3b => return Some((side(6)?, side(8)?)),
            0x21 => at += 2,
            0x2c => at += 11 + colours(byte(bytes, at + 9)?),
            _ => return None,
        }
        // The data, in pieces that say how long they are; an empty one ends it.
        loop {
            let length = usize::from(byte(bytes, at)?);
            at += 1 + length;
            if length == 0 {
                break;
            }
        }
    }
}

/// The first chunk is one of three kinds, each with the size in a form of its own.
fn webp(bytes: &[u8]) -> Option<(u32, u32)> {
    let length = usize::try_from(u32::from_le_bytes(array(bytes, 4)?)).ok()?;
    if length.checked_add(8)? > bytes.len() {
        return None;
    }
    match bytes.get(12..16)? {
        b"VP8X" => {
            let side = |at| {
                let [a, b, c] = array(bytes, at)?;
                Some(u32::from_le_bytes([a, b, c, 0]) + 1)
            };
            Some((side(24)?, side(27)?))
        }
        b"VP8L" => {
            let bits = u32::from_le_bytes(array(bytes, 21)?);
            Some(((bits & 0x3fff) + 1, (bits >> 14 & 0x3fff) + 1))
        }
        b"VP8 " => {
            // The upper two bits say how to scale it.
            let side = |at| Some(u32::from(u16::from_le_bytes(array(bytes, at)?) & 0x3fff));
            Some((side(26)?, side(28)?))
        }
        _ => None,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use base64::prelude::{BASE64_STANDARD, Engine as _};

    use super::*;

    pub(crate) const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAHElEQVR4nGM8IafBwMDAwMDAxMDAYPHwBgMDAwAc7QMD3+0obgAAAABJRU5ErkJggg==";
    pub(crate) const JPEG: &str = "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDACgcHiMeGSgjISMtKygwPGRBPDc3PHtYXUlkkYCZlo+AjIqgtObDoKrarYqMyP/L2u71////m8H////6/+b9//j/2wBDASstLTw1PHZBQXb4pYyl+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj/wAARCAACAAMDASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAT/xAAZEAEAAgMAAAAAAAAAAAAAAAAAAQIxgbH/xAAVAQEBAAAAAAAAAAAAAAAAAAADBP/EABYRAQEBAAAAAAAAAAAAAAAAAAABMf/aAAwDAQACEQMRAD8AnvnUcAEvmP/Z";
    pub(crate) const PROGRESSIVE_JPEG: &str = "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDACgcHiMeGSgjISMtKygwPGRBPDc3PHtYXUlkkYCZlo+AjIqgtObDoKrarYqMyP/L2u71////m8H////6/+b9//j/2wBDASstLTw1PHZBQXb4pYyl+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj4+Pj/wgARCAACAAMDASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAP/xAAVAQEBAAAAAAAAAAAAAAAAAAACA//aAAwDAQACEAMQAAABmBf/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/9oACAEBAAEFAn//xAAUEQEAAAAAAAAAAAAAAAAAAAAA/9oACAEDAQE/AX//xAAUEQEAAAAAAAAAAAAAAAAAAAAA/9oACAECAQE/AX//xAAUEAEAAAAAAAAAAAAAAAAAAAAA/9oACAEBAAY/An//xAAVEAEBAAAAAAAAAAAAAAAAAAAAAf/aAAgBAQABPyGv/9oADAMBAAIAAwAAABAP/8QAFhEAAwAAAAAAAAAAAAAAAAAAAAEx/9oACAEDAQE/EFD/xAAUEQEAAAAAAAAAAAAAAAAAAAAA/9oACAECAQE/EH//xAAYEAACAwAAAAAAAAAAAAAAAAAAATGBsf/aAAgBAQABPxCdLD//2Q==";
    pub(crate) const MOVING_GIF: &str = "R0lGODlhAwACAIEAAP8AAAAAAAAAAAAAACH/C05FVFNDQVBFMi4wAwEAAAAh+QQACgAAACwAAAAAAwACAAAIBgABCBwYEAAh+QQBCgABACwAAAAAAwACAIEA/wAAAAAAAAAAAAAIBgABCBwYEAA7";
    pub(crate) const LOSSY_WEBP: &str =
        "UklGRjgAAABXRUJQVlA4ICwAAACwAQCdASoDAAIAB0CWJagCdAEO9qIgAP0lJoeKdi4Tl19b8zep/yTz8cAAAA==";
    pub(crate) const LOSSLESS_WEBP: &str =
        "UklGRiIAAABXRUJQVlA4TBUAAAAvAkAAAA/wj/9BHpT5jzS84CCi/xEA";
    pub(crate) const MOVING_WEBP: &str = "UklGRsoAAABXRUJQVlA4WAoAAAACAAAAAgAAAQAAQU5JTQYAAAAAAAAAAABBTk1GSgAAAAAAAAAAAAIAAAEAAGQAAAJWUDggMgAAADABAJ0BKgMAAgABQCYloAADcAD+8ut///mwP/bz/wR6Af//0uD//pcH//S4P/SkAAAAQU5NRkwAAAAAAAAAAAACAAABAABkAAAAVlA4IDQAAAA0AQCdASoDAAIAAAAmJaAAA3AA/ukiH//3nz//ufP/+58/6M///yn7//I4//8jj/5QIAAA";

    /// The bytes of one of these images, each of which has 3 x 2 pixels.
    pub(crate) fn bytes(sample: &str) -> Vec<u8> {
        BASE64_STANDARD.decode(sample).unwrap()
    }

    /// A PNG of any size: its header and its end, and what it needs to be this long between them.
    pub(crate) fn png_of(width: u32, height: u32, bytes: usize) -> Vec<u8> {
        let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
        png.extend(width.to_be_bytes());
        png.extend(height.to_be_bytes());
        png.extend([8, 2, 0, 0, 0, 0, 0, 0, 0]);
        let filling = u32::try_from(bytes - png.len() - 24).unwrap();
        png.extend(filling.to_be_bytes());
        png.extend(b"IDAT");
        png.resize(bytes - 12, 0);
        png.extend(b"\0\0\0\0IEND\xae\x42\x60\x82");
        png
    }

    fn facts(bytes: &[u8]) -> Result<Facts, Flaw> {
        Facts::of(Format::of(bytes).unwrap(), bytes)
    }

    #[test]
    fn formats_are_recognised_and_measured() {
        let table = [
            (PNG, "PNG image, 3 x 2 pixels, 85 bytes", "image/png"),
            (JPEG, "JPEG image, 3 x 2 pixels, 297 bytes", "image/jpeg"),
            (
                PROGRESSIVE_JPEG,
                "JPEG image, 3 x 2 pixels, 529 bytes",
                "image/jpeg",
            ),
            (
                MOVING_GIF,
                "GIF image, 3 x 2 pixels, 111 bytes",
                "image/gif",
            ),
            (
                LOSSY_WEBP,
                "WebP image, 3 x 2 pixels, 64 bytes",
                "image/webp",
            ),
            (
                LOSSLESS_WEBP,
                "WebP image, 3 x 2 pixels, 42 bytes",
                "image/webp",
            ),
            (
                MOVING_WEBP,
                "WebP image, 3 x 2 pixels, 210 bytes",
                "image/webp",
            ),
        ];
        for (sample, said, mime) in table {
            let facts = facts(&bytes(sample)).unwrap();
            assert_eq!(
                (facts.to_string().as_str(), facts.format.mime()),
                (said, mime)
            );
        }
        for other in [
            &b""[..],
            b"\x89PNG",
            b"BM",
            b"RIFF\0\0\0\0WAVE",
            b"GIF88a",
            b"<svg/>",
        ] {
            assert_eq!(Format::of(other), None, "{other:?}");
        }
    }

    #[test]
    fn an_image_that_was_cut_off_anywhere_is_damaged() {
        for sample in [
            PNG,
            JPEG,
            PROGRESSIVE_JPEG,
            MOVING_GIF,
            LOSSY_WEBP,
            LOSSLESS_WEBP,
            MOVING_WEBP,
        ] {
            let whole = bytes(sample);
            for length in 12..whole.len() {
                assert_eq!(
                    facts(&whole[..length]),
                    Err(Flaw::Damaged),
                    "{sample} {length}"
                );
            }
            // What comes after the end is no part of it.
            let longer = [whole.as_slice(), b"more"].concat();
            assert!(facts(&longer).is_ok(), "{sample}");
        }
    }

    #[test]
    fn damage_leads_to_no_panic_and_no_endless_loop() {
        for sample in [
            PNG,
            JPEG,
            MOVING_GIF,
            LOSSY_WEBP,
            LOSSLESS_WEBP,
            MOVING_WEBP,
        ] {
            let whole = bytes(sample);
            for at in 12..whole.len() {
                for value in [0, 1, 0x21, 0x2c, 0x7f, 0xd9, 0xff] {
                    let mut damaged = whole.clone();
                    damaged[at] = value;
                    let _ = facts(&damaged);
                }
            }
        }
    }

    #[test]
    fn images_have_bounds() {
        let table = [
            (png_of(SIDE, SIDE, BYTES), Ok(BYTES)),
            (
                png_of(SIDE + 1, 1, 100),
                Err(Flaw::Side {
                    width: 8_001,
                    height: 1,
                }),
            ),
            (
                png_of(1, SIDE + 1, 100),
                Err(Flaw::Side {
                    width: 1,
                    height: 8_001,
                }),
            ),
            (png_of(1, 1, BYTES + 1), Err(Flaw::Bytes)),
            (png_of(0, 1, 100), Err(Flaw::Damaged)),
            (png_of(1, 0, 100), Err(Flaw::Damaged)),
        ];
        for (image, expected) in table {
            assert_eq!(facts(&image).map(|facts| facts.bytes), expected);
        }
    }
}
