//! Pictures in sixel (DEC STD 070, chapter 9), for terminals that take nothing else.
//!
//! The picture is a guest's, and is decoded here: by a decoder without `unsafe`, up to so many pixels, and made as small as
//! it is shown.

use std::io::Cursor;

use png::{Decoder, Limits, Transformations};

/// Bytes that decoding may take.
const MEMORY: usize = 64 << 20;
/// Pixels of a picture that is decoded at most.
const PIXELS: usize = 8_000_000;
/// Pixels that a column is wide, where nobody says.
const COLUMN: usize = 8;
/// Pixels that a line is high.
const LINE: usize = 16;

/// A picture's red, green, blue and alpha, row by row.
struct Pixels {
    bytes: Vec<u8>,
    width: usize,
    height: usize,
}

/// A PNG as sixel, at most so many columns wide and lines high; none where it cannot be decoded.
pub(crate) fn sixel(png: &[u8], columns: usize, rows: usize) -> Option<String> {
    let whole = decode(png)?;
    let wide = columns.saturating_mul(COLUMN).max(1);
    let high = rows.saturating_mul(LINE).max(1);
    let by = whole.width.div_ceil(wide).max(whole.height.div_ceil(high));
    let Pixels {
        bytes,
        width,
        height,
    } = smaller(&whole, by.max(1));
    let image = icy_sixel::SixelImage::from_rgba(bytes, width, height);
    image.encode().ok()
}

fn decode(png: &[u8]) -> Option<Pixels> {
    let mut decoder = Decoder::new_with_limits(Cursor::new(png), Limits { bytes: MEMORY });
    decoder.set_transformations(Transformations::normalize_to_color8() | Transformations::ALPHA);
    let mut reader = decoder.read_info().ok()?;
    let (width, height) = (
        usize::try_from(reader.info().width).ok()?,
        usize::try_from(reader.info().height).ok()?,
    );
    if width.checked_mul(height)? > PIXELS {
        return None;
    }
    let mut found = vec![0; reader.output_buffer_size()?];
    let frame = reader.next_frame(&mut found).ok()?;
    let bytes = match frame.color_type {
        png::ColorType::Rgba => found,
        png::ColorType::GrayscaleAlpha => found
            .chunks_exact(2)
            .flat_map(|pixel| match pixel {
                [grey, alpha] => [*grey, *grey, *grey, *alpha],
                _ => [0; 4],
            })
            .collect(),
        _ => return None,
    };
    Some(Pixels {
        bytes,
        width,
        height,
    })
}

/// The mean of each square of `by` times `by` pixels, on white.
fn smaller(whole: &Pixels, by: usize) -> Pixels {
    let (width, height) = ((whole.width / by).max(1), (whole.height / by).max(1));
    let mut bytes = Vec::with_capacity(width.saturating_mul(height).saturating_mul(4));
    for row in 0..height {
        for column in 0..width {
            let mut sums = [0_u32; 3];
            let mut count = 0_u32;
            for y in (row * by)..((row + 1) * by).min(whole.height) {
                for x in (column * by)..((column + 1) * by).min(whole.width) {
                    let at = (y * whole.width + x) * 4;
                    let Some([red, green, blue, alpha]) = whole.bytes.get(at..at + 4) else {
                        continue;
                    };
                    let alpha = u32::from(*alpha);
                    for (sum, colour) in sums.iter_mut().zip([red, green, blue]) {
                        *sum += (u32::from(*colour) * alpha + 255 * (255 - alpha)) / 255;
                    }
                    count += 1;
                }
            }
            let mean = |sum: u32| u8::try_from(sum / count.max(1)).unwrap_or(u8::MAX);
            bytes.extend(sums.map(mean));
            bytes.push(u8::MAX);
        }
    }
    Pixels {
        bytes,
        width,
        height,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32, colour: png::ColorType, bytes: &[u8]) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, width, height);
        encoder.set_color(colour);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().unwrap();
        writer.write_image_data(bytes).unwrap();
        drop(writer);
        file
    }

    /// What a terminal draws: size, and the colour of the first and the last pixel.
    fn drawn(sixel: &str) -> (usize, usize, [u8; 3], [u8; 3]) {
        let image = icy_sixel::SixelImage::decode(sixel.as_bytes()).unwrap();
        let pixel = |at: usize| [image.pixels[at], image.pixels[at + 1], image.pixels[at + 2]];
        let last = image.pixels.len() - 4;
        (image.width, image.height, pixel(0), pixel(last))
    }

    #[test]
    fn what_is_drawn_is_the_picture_as_small_as_it_is_shown() {
        let two = |count: usize, first: &[u8], last: &[u8]| {
            [first.repeat(count / 2), last.repeat(count / 2)].concat()
        };
        let (red, blue, white) = ([255, 0, 0], [0, 0, 255], [255, 255, 255]);
        let table = [
            (
                png(16, 12, png::ColorType::Rgb, &two(192, &red, &blue)),
                (16, 12, red, blue),
            ),
            (
                png(640, 480, png::ColorType::Rgb, &two(640 * 480, &red, &blue)),
                (80, 60, red, blue),
            ),
            // What is clear is white.
            (
                png(
                    16,
                    12,
                    png::ColorType::Rgba,
                    &two(192, &[255, 0, 0, 255], &[0, 0, 0, 0]),
                ),
                (16, 12, red, white),
            ),
            (
                png(16, 12, png::ColorType::Grayscale, &two(192, &[0], &[255])),
                (16, 12, [0, 0, 0], white),
            ),
        ];
        for (file, expected) in table {
            assert_eq!(drawn(&sixel(&file, 10, 40).unwrap()), expected);
        }
    }

    #[test]
    fn what_is_no_picture_or_too_large_a_one_is_not_drawn() {
        let fine = png(16, 12, png::ColorType::Grayscale, &[0; 192]);
        let large = png(
            4_000,
            2_001,
            png::ColorType::Grayscale,
            &vec![0; 4_000 * 2_001],
        );
        let at_bound = png(
            4_000,
            2_000,
            png::ColorType::Grayscale,
            &vec![0; 4_000 * 2_000],
        );
        assert!(sixel(&at_bound, 10, 40).is_some());
        for bad in [
            &large[..],
            &fine[..fine.len() - 20],
            &fine[..30],
            b"",
            b"GIF89a",
        ] {
            assert_eq!(sixel(bad, 10, 40), None);
        }
    }
}
