//! What the `parquet` crate needs of the crate `zstd`, from a decoder in Rust.
//!
//! That crate is C, and a C compiler for WebAssembly is more than a build of the plugins should need. It takes the place of
//! `zstd` by `[patch.crates-io]`; names and signatures are that crate's.

/// Whole buffers at once.
pub mod bulk {
    use std::io::{self, Cursor};

    use ruzstd::decoding::FrameDecoder;
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};

    /// Decompresses.
    #[derive(Debug)]
    pub struct Decompressor<'d>(std::marker::PhantomData<&'d ()>);

    impl Decompressor<'static> {
        /// One without a dictionary.
        ///
        /// # Errors
        /// None.
        pub fn new() -> io::Result<Self> {
            Ok(Self(std::marker::PhantomData))
        }
    }

    impl Decompressor<'_> {
        /// Decompresses all frames, from the cursor's position on, into what the buffer has reserved.
        ///
        /// # Errors
        /// Where they are broken, or give more than that.
        pub fn decompress_to_buffer(
            &mut self,
            source: &[u8],
            destination: &mut Cursor<&mut Vec<u8>>,
        ) -> io::Result<usize> {
            let start = usize::try_from(destination.position()).map_err(io::Error::other)?;
            let buffer = destination.get_mut();
            buffer.truncate(start);
            FrameDecoder::new()
                .decode_all_to_vec(source, buffer)
                .map_err(io::Error::other)?;
            let written = buffer.len().saturating_sub(start);
            destination.set_position((start + written) as u64);
            Ok(written)
        }
    }

    /// Compresses.
    #[derive(Debug)]
    pub struct Compressor<'d>(std::marker::PhantomData<&'d ()>);

    impl Compressor<'static> {
        /// One without a dictionary. There is one level.
        ///
        /// # Errors
        /// None.
        pub fn new(_level: i32) -> io::Result<Self> {
            Ok(Self(std::marker::PhantomData))
        }
    }

    impl Compressor<'_> {
        /// Compresses into the buffer, from the cursor's position on.
        ///
        /// # Errors
        /// None.
        pub fn compress_to_buffer(
            &mut self,
            source: &[u8],
            destination: &mut Cursor<&mut Vec<u8>>,
        ) -> io::Result<usize> {
            let start = usize::try_from(destination.position()).map_err(io::Error::other)?;
            let packed = compress_to_vec(source, CompressionLevel::Fastest);
            let buffer = destination.get_mut();
            buffer.truncate(start);
            buffer.extend_from_slice(&packed);
            destination.set_position((start + packed.len()) as u64);
            Ok(packed.len())
        }
    }
}

/// What can be told of a frame without decompressing it.
pub mod zstd_safe {
    use ruzstd::decoding::FrameDecoder;
    use ruzstd::decoding::errors::FrameDecoderError;

    /// The size of a frame's content, where the frame says it.
    ///
    /// # Errors
    /// Where it does not begin like a frame.
    pub fn get_frame_content_size(source: &[u8]) -> Result<Option<u64>, FrameDecoderError> {
        let mut decoder = FrameDecoder::new();
        decoder.reset(source)?;
        Ok(Some(decoder.content_size()).filter(|size| *size > 0))
    }

    /// The most bytes that so many can become.
    #[must_use]
    pub fn compress_bound(size: usize) -> usize {
        size.saturating_add(size >> 8).saturating_add(64)
    }
}

/// The levels there are.
#[must_use]
pub fn compression_level_range() -> std::ops::RangeInclusive<i32> {
    1..=22
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    #[test]
    fn what_is_packed_is_unpacked_behind_what_is_there() {
        for text in ["", "a", &"abcabcd".repeat(50_000)] {
            let mut packed = b"--".to_vec();
            let mut cursor = Cursor::new(&mut packed);
            cursor.set_position(2);
            let mut compressor = bulk::Compressor::new(3).unwrap();
            let n = compressor
                .compress_to_buffer(text.as_bytes(), &mut cursor)
                .unwrap();
            assert_eq!((n + 2, &packed[..2]), (packed.len(), &b"--"[..]));
            assert!(n <= zstd_safe::compress_bound(text.len()));

            let mut whole = b"ab".to_vec();
            whole.reserve(text.len());
            let mut cursor = Cursor::new(&mut whole);
            cursor.set_position(2);
            let mut decompressor = bulk::Decompressor::new().unwrap();
            let found = decompressor
                .decompress_to_buffer(&packed[2..], &mut cursor)
                .unwrap();
            assert_eq!(found, text.len());
            assert_eq!(whole, format!("ab{text}").into_bytes());
        }
        assert!(
            bulk::Decompressor::new()
                .unwrap()
                .decompress_to_buffer(b"no frame", &mut Cursor::new(&mut vec![]))
                .is_err()
        );
        assert!(zstd_safe::get_frame_content_size(b"no frame").is_err());
    }
}
