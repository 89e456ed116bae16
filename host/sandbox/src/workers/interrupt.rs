//! Interrupting what a worker's interpreter runs, so that the interpreter and its state live on.
//!
//! Nothing in a worker looks at a clock, and an instance that runs cannot be called. But an interpreter looks, between
//! its own instructions, at bits in its memory that say that a signal has come. The image knows which bits; a real
//! signal to the worker sets them. Where the memory is, the kernel says (`/proc/self/maps`): the guest is not asked.

use std::fs::File;
use std::io::{self, Read as _};
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use crate::image::Bits;

/// What the host sends.
pub(super) const SIGNAL: rustix::process::Signal = rustix::process::Signal::USR1;

/// Bits that can be set.
const MOST: usize = 16;
/// The runtime reserves this much address space behind each linear memory at least.
const RESERVED: usize = 3 << 30;

/// Where bits are in this process, and which; 0 is nowhere. A signal handler can use nothing but such values.
static PLACES: [AtomicUsize; MOST] = [const { AtomicUsize::new(0) }; MOST];
static MASKS: [AtomicU8; MOST] = [const { AtomicU8::new(0) }; MOST];

/// The kernel's list of this process's memory, opened before the walls forbid it.
pub(super) fn maps() -> io::Result<File> {
    File::open("/proc/self/maps")
}

/// Makes the signal set these bits in the linear memory of the one instance here. False where that is not possible; the
/// signal then ends the process.
pub(super) fn arm(maps: io::Result<File>, bits: &[Bits]) -> bool {
    let mut text = String::new();
    let Some((start, end)) = maps
        .and_then(|mut file| file.read_to_string(&mut text))
        .ok()
        .and_then(|_| linear_memory(&text))
    else {
        return false;
    };
    if bits.is_empty() || bits.len() > MOST {
        return false;
    }
    for (bits, (place, mask)) in bits.iter().zip(PLACES.iter().zip(&MASKS)) {
        let Some(address) = start
            .checked_add(bits.address as usize)
            .filter(|address| *address < end)
        else {
            return false;
        };
        mask.store(bits.mask, Ordering::Relaxed);
        place.store(address, Ordering::Relaxed);
    }
    handle()
}

/// First and last address of what can be written of the only linear memory: what comes right before the address space
/// that is reserved for its growth, and has its first contents from a file.
pub(super) fn linear_memory(maps: &str) -> Option<(usize, usize)> {
    let lines: Vec<Line<'_>> = maps.lines().filter_map(Line::parse).collect();
    let mut found = None;
    for (index, reserved) in lines.iter().enumerate() {
        if !reserved.access.starts_with("---") || reserved.end - reserved.start < RESERVED {
            continue;
        }
        let (mut first, mut of_file) = (reserved.start, false);
        for before in lines.get(..index)?.iter().rev() {
            if before.end != first || !before.access.starts_with("rw") {
                break;
            }
            first = before.start;
            of_file |= before.of_file;
        }
        if of_file {
            // With two of them it would have to be guessed which.
            if found.is_some() {
                return None;
            }
            found = Some((first, reserved.start));
        }
    }
    found
}

/// One line of the kernel's list.
struct Line<'a> {
    start: usize,
    end: usize,
    access: &'a str,
    of_file: bool,
}

impl Line<'_> {
    fn parse(line: &str) -> Option<Line<'_>> {
        let mut words = line.split_ascii_whitespace();
        let (start, end) = words.next()?.split_once('-')?;
        let address = |text| usize::from_str_radix(text, 16).ok();
        Some(Line {
            start: address(start)?,
            end: address(end)?,
            access: words.next()?,
            // After offset and device; anonymous memory has no file behind it.
            of_file: words.nth(2)? != "0",
        })
    }
}

extern "C" fn set(_: libc::c_int) {
    for (place, mask) in PLACES.iter().zip(&MASKS) {
        let place = place.load(Ordering::Relaxed);
        if place != 0 {
            or(place, mask.load(Ordering::Relaxed));
        }
    }
}

#[expect(
    unsafe_code,
    reason = "the guest's memory is outside what Rust knows of"
)]
fn or(place: usize, mask: u8) {
    // SAFETY: the address is in the linear memory of the instance that this process exists for: the kernel has said so
    // when it was stored, and a linear memory neither moves nor shrinks. The code that runs there is no Rust.
    let byte = unsafe { AtomicU8::from_ptr(std::ptr::with_exposed_provenance_mut(place)) };
    byte.fetch_or(mask, Ordering::Relaxed);
}

#[expect(unsafe_code, reason = "there is no safe form of a handler for signals")]
fn handle() -> bool {
    // SAFETY: all zeros is a valid `sigaction`; the handler only uses atomic values, and runs on the stack that the
    // runtime has set up for signals.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = set as extern "C" fn(libc::c_int) as libc::sighandler_t;
        action.sa_flags = libc::SA_RESTART | libc::SA_ONSTACK;
        libc::sigaction(SIGNAL.as_raw(), &raw const action, std::ptr::null_mut()) == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "55d000000000-55d000400000 r-xp 00000000 fe:00 1 /usr/bin/ml-intern\n";
    const MEMORY: &str = "7e0000000000-7e0002000000 ---p 00000000 00:00 0 \n\
        7e0002000000-7e0002010000 rw-p 00000000 00:01 2 /memfd:image\n\
        7e0002010000-7e0006000000 rw-p 00000000 00:00 0 \n\
        7e0006000000-7e0106000000 ---p 00000000 00:00 0 \n";
    const STACK: &str = "7ffd00000000-7ffd00021000 rw-p 00000000 00:00 0 [stack]\n";

    #[test]
    fn the_linear_memory_is_what_comes_before_a_reservation() {
        let found = Some((0x7e00_0200_0000, 0x7e00_0600_0000));
        let other = MEMORY.replace("7e0", "7d0");
        for (maps, expected) in [
            (format!("{CODE}{MEMORY}{STACK}"), found),
            (format!("{CODE}{STACK}"), None),
            // Tables, which come before a reservation too.
            (
                format!(
                    "7d0000000000-7d0000100000 rw-p 00000000 00:00 0 \n\
                     7d0000100000-7d0100100000 ---p 00000000 00:00 0 \n{MEMORY}"
                ),
                found,
            ),
            // Two instances: which one is meant?
            (format!("{other}{MEMORY}"), None),
            // A reservation that nothing writable comes before.
            (
                format!("{CODE}7e0006000000-7e0106000000 ---p 00000000 00:00 0 \n"),
                None,
            ),
            (String::new(), None),
            ("nonsense\n12 rw\n-\n".to_owned(), None),
        ] {
            assert_eq!(linear_memory(&maps), expected, "{maps}");
        }
    }
}
