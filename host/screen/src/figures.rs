//! Pictures among the lines, on terminals that show some.
//!
//! | protocol | how |
//! | --- | --- |
//! | kitty | APC `G` with `f=100` (PNG), in chunks of 4,096 bytes of base64 (the kitty graphics protocol, "remote client") |
//! | iTerm2 | OSC 1337 `File=inline=1` |
//! | sixel | see [`sixel`] |

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::sixel::sixel;
use crate::{Images, Terminal};

/// Bytes of base64 in one chunk.
const CHUNK: usize = 4_096;

/// Bytes of a picture that is shown at most.
const LARGEST: usize = 8 * 1024 * 1024;

/// Columns that a picture takes at most.
const COLUMNS: usize = 80;

/// Lines that a picture takes at most. A line is about as high as two columns are wide.
const ROWS: usize = 40;

/// A PNG as the terminal takes it; none where it takes none, or this is no PNG.
#[must_use]
pub(crate) fn inline(png: &[u8], terminal: &Terminal) -> Option<String> {
    if png.len() > LARGEST || !png.starts_with(b"\x89PNG\r\n\x1a\n") {
        return None;
    }
    let columns = terminal.width.saturating_sub(4).clamp(1, COLUMNS);
    // The size in pixels stands at a fixed place (PNG 3, 11.2.1). A small picture stays small: 8 pixels or so a column.
    let pixels = |at: usize| {
        let bytes = png.get(at..at.checked_add(4)?)?;
        let pixels = u32::from_be_bytes(<[u8; 4]>::try_from(bytes).ok()?);
        usize::try_from(pixels).ok().filter(|pixels| *pixels > 0)
    };
    let (width, height) = (pixels(16)?, pixels(20)?);
    let high = width.saturating_mul(2 * ROWS) / height;
    let columns = columns.min(width / 8).min(high).max(1);
    let data = STANDARD.encode(png);
    match terminal.images {
        Images::None => None,
        Images::Sixel => sixel(png, columns, ROWS),
        Images::Iterm2 => Some(format!(
            "\u{1b}]1337;File=inline=1;size={};width={columns};preserveAspectRatio=1:{data}\u{7}",
            png.len()
        )),
        Images::Kitty => {
            let chunks: Vec<&[u8]> = data.as_bytes().chunks(CHUNK).collect();
            let last = chunks.len().saturating_sub(1);
            let parts = chunks.iter().enumerate().map(|(at, chunk)| {
                let more = u8::from(at < last);
                let head = if at == 0 {
                    format!("a=T,f=100,q=2,c={columns},m={more}")
                } else {
                    format!("m={more}")
                };
                format!("\u{1b}_G{head};{}\u{1b}\\", String::from_utf8_lossy(chunk))
            });
            Some(parts.collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, length: usize) -> Vec<u8> {
        sized(width, width, length)
    }

    fn sized(width: u32, height: u32, length: usize) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.resize(length, 0);
        bytes
    }

    #[test]
    fn how_it_is_sent() {
        let terminal = |images| Terminal {
            images,
            ..Terminal::pipe()
        };
        let kitty = terminal(Images::Kitty);
        let small = inline(&png(80, 24), &kitty).unwrap();
        assert!(
            small.starts_with("\u{1b}_Ga=T,f=100,q=2,c=10,m=0;iVBORw0KGgo"),
            "{small}"
        );
        let large = inline(&png(4_000, 4_000), &kitty).unwrap();
        assert_eq!(large.matches("\u{1b}_G").count(), 2);
        assert!(large.contains("c=76,m=1;") && large.contains("\u{1b}_Gm=0;"));
        let iterm = inline(&png(80, 24), &terminal(Images::Iterm2)).unwrap();
        assert!(
            iterm.starts_with("\u{1b}]1337;File=inline=1;size=24;width=10;"),
            "{iterm}"
        );
        for (width, height, columns) in [
            (800, 400, 76),
            (400, 400, 50),
            (8, 8, 1),
            (1, 1, 1),
            (800, 1_600, 40),
            (80, u32::MAX, 1),
            (u32::MAX, 1, 76),
        ] {
            let shown = inline(&sized(width, height, 24), &kitty).unwrap();
            assert!(
                shown.contains(&format!(",c={columns},")),
                "{width}x{height} {shown}"
            );
        }
        for (bytes, images) in [
            (png(0, 24), Images::Kitty),
            (sized(8, 0, 24), Images::Kitty),
            (png(8, 24)[..20].to_vec(), Images::Kitty),
            (png(80, 24), Images::None),
            // It is a header alone.
            (png(80, 24), Images::Sixel),
            (b"GIF89a".to_vec(), Images::Kitty),
            (png(80, LARGEST + 1), Images::Kitty),
        ] {
            assert_eq!(inline(&bytes, &terminal(images)), None, "{images:?}");
        }
    }
}
