//! The memory that a run touches, made present before it is touched.
//!
//! A fork has its parent's memory, but not ready to use: the first write to each page, and the first look at each piece
//! of a mapped file, is a fault of its own, which costs more than what it does. So the zygote has a fork of its own run an
//! instance and say which pages that took, and the kernel is asked for all of them at once (`MADV_POPULATE_*`, Linux
//! 5.14): for those of linear memory to be read in the zygote, since forks get them with its page tables; for those to be
//! written, and code, in each fork. Nothing depends on it but time.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use rustix::mm::{Advice, madvise};
use serde::{Deserialize, Serialize};

/// Bytes of a page; where they are larger, nothing is found to be written, and all is as if this was not there.
const PAGE: usize = 4096;
/// An entry of `/proc/self/pagemap` (Linux, admin-guide/mm/pagemap): the page is there; it is a file's; no other process
/// has it, so this one has written to it.
const PRESENT: u64 = 1 << 63;
const OF_FILE: u64 = 1 << 61;
const EXCLUSIVE: u64 = 1 << 56;
/// What the kernel makes present of a file when one page of it is looked at: as much as is in memory anyway of the 64 KiB
/// around it (Linux, `fault_around_bytes`).
const WINDOW: usize = 16 * PAGE;
/// Bytes of a mapping above which it is not looked through.
const LARGE: usize = 1 << 28;
/// Pages between two that are looked at, which are not worth a call of their own. A page that is written is copied, which
/// is.
const GAP: usize = 4;

/// Addresses, from and to.
type Range = (usize, usize);

/// What an instance touches.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Pages {
    /// Of its linear memory, what it wrote to.
    written: Vec<Range>,
    /// Of its linear memory, what it looked at.
    read: Vec<Range>,
    /// Of mapped files, what it ran: a page in each window.
    run: Vec<Range>,
    /// What the runtime wrote to around it: its records, its tables.
    around: Vec<Range>,
}

impl Pages {
    /// What the instance in this process, with its linear memory there, has touched so far.
    pub(super) fn touched(memory: Option<Range>, maps: &str) -> io::Result<Pages> {
        let pagemap = File::open("/proc/self/pagemap")?;
        let mut run = Vec::new();
        for code in maps.lines().filter_map(|line| mapping(line, "r-xp", true)) {
            for range in present(&pagemap, code, 0, |entry| entry & PRESENT != 0)? {
                run.extend(windows(range));
            }
        }
        let mut around = Vec::new();
        let within =
            |(start, end): Range| memory.is_some_and(|(from, to)| start < to && from < end);
        for own in maps.lines().filter_map(|line| mapping(line, "rw-p", false)) {
            if own.1 - own.0 <= LARGE && !within(own) {
                around.extend(present(&pagemap, own, 0, |entry| {
                    entry & (PRESENT | EXCLUSIVE | OF_FILE) == PRESENT | EXCLUSIVE
                })?);
            }
        }
        let of_memory = |kind: u64, gap| match memory {
            Some(memory) => present(&pagemap, memory, gap, |entry| {
                entry & (PRESENT | OF_FILE) == PRESENT | kind
            }),
            None => Ok(Vec::new()),
        };
        Ok(Pages {
            written: of_memory(0, 0)?,
            read: of_memory(OF_FILE, GAP)?,
            run,
            around,
        })
    }

    /// Makes present what is read; once it was, each fork has it from the start. No instance may be alive: what is to be
    /// written is given back.
    pub(super) fn populate_for_reading(&self) {
        for range in &self.read {
            advise(*range, Advice::LinuxPopulateRead);
        }
        // Of a page that is there to be read, each fork would first have to take that back.
        for range in &self.written {
            advise(*range, Advice::LinuxDontNeed);
        }
    }

    /// Makes present what is written, and code.
    pub(super) fn populate_for_writing(&self) {
        for range in &self.written {
            advise(*range, Advice::LinuxPopulateWrite);
        }
        for range in &self.run {
            advise(*range, Advice::LinuxPopulateRead);
        }
    }

    /// Makes present what the runtime writes to, as far as it has memory there by now.
    pub(super) fn populate_around(&self) {
        for range in &self.around {
            advise(*range, Advice::LinuxPopulateWrite);
        }
    }
}

#[expect(unsafe_code, reason = "advice about memory has no safe form")]
fn advise((start, end): Range, advice: Advice) {
    // SAFETY: populating does not change what memory holds, and what is given back is linear memory while there is no
    // instance, when it holds the image's first contents and nothing refers to it. The pages are mapped here: they were in
    // the parent, and a fork has its parent's mappings. Where they were not, the kernel refuses, and only time is lost.
    let _ = unsafe {
        madvise(
            std::ptr::with_exposed_provenance_mut(start),
            end - start,
            advice,
        )
    };
}

/// The range of one line of `/proc/self/maps`, where that may be accessed so, and is a file's if it must be.
fn mapping(line: &str, access: &str, of_file: bool) -> Option<Range> {
    let mut words = line.split_ascii_whitespace();
    let (start, end) = words.next()?.split_once('-')?;
    let fits = words.next()? == access;
    let named = words.nth(3).is_some_and(|name| name.starts_with('/'));
    let address = |text| usize::from_str_radix(text, 16).ok();
    (fits && (named || !of_file)).then_some((address(start)?, address(end)?))
}

/// The pages of a range whose entries are as wanted, in ranges.
fn present(
    pagemap: &File,
    (start, end): Range,
    gap: usize,
    wanted: impl Fn(u64) -> bool,
) -> io::Result<Vec<Range>> {
    let first = start / PAGE;
    let mut bytes = vec![0; (end / PAGE - first) * 8];
    let read = pagemap.read_at(&mut bytes, first as u64 * 8)?;
    bytes.truncate(read);
    let (entries, _) = bytes.as_chunks::<8>();
    let entries = entries
        .iter()
        .map(|entry| wanted(u64::from_le_bytes(*entry)));
    Ok(ranges(entries, gap)
        .into_iter()
        .map(|(from, to)| ((first + from) * PAGE, (first + to) * PAGE))
        .collect())
}

/// One page of each window that a range has part of.
fn windows((start, end): Range) -> impl Iterator<Item = Range> {
    let next = |at: &usize| Some((at + 1).next_multiple_of(WINDOW));
    std::iter::successors(Some(start), next)
        .take_while(move |at| *at < end)
        .map(|at| (at, at + PAGE))
}

/// The positions that are wanted, with gaps up to so many closed.
fn ranges(wanted: impl Iterator<Item = bool>, gap: usize) -> Vec<Range> {
    let mut found: Vec<Range> = Vec::new();
    for (at, _) in wanted.enumerate().filter(|(_, wanted)| *wanted) {
        match found.last_mut() {
            Some((_, end)) if at - *end <= gap => *end = at + 1,
            _ => found.push((at, at + 1)),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mappings_are_found_by_access_and_kind() {
        let range = Some((0x1000, 0x3000));
        for (line, code, own) in [
            ("1000-3000 r-xp 00000000 fe:00 12   /usr/bin/x", range, None),
            ("1000-3000 rw-p 00000000 fe:00 12   /usr/bin/x", None, range),
            ("1000-3000 r-xp 00000000 00:00 0   [vdso]", None, None),
            ("1000-3000 r-xp 00000000 00:00 0", None, None),
            ("1000-3000 rw-p 00000000 00:00 0", None, range),
            ("1000-3000 rw-p 00000000 00:00 0   [heap]", None, range),
            ("1000-3000 rw-s 00000000 00:00 0", None, None),
            ("", None, None),
        ] {
            assert_eq!(mapping(line, "r-xp", true), code, "{line}");
            assert_eq!(mapping(line, "rw-p", false), own, "{line}");
        }
    }

    #[test]
    fn near_pages_are_one_range() {
        let row = |text: &str, gap| ranges(text.bytes().map(|byte| byte == b'x'), gap);
        assert_eq!(row("", 4), []);
        assert_eq!(row(".xx.", 4), [(1, 3)]);
        assert_eq!(row("x....x", 4), [(0, 6)]);
        assert_eq!(row("x.....x", 4), [(0, 1), (6, 7)]);
        assert_eq!(row("xx.x", 0), [(0, 2), (3, 4)]);
    }

    #[test]
    fn a_window_is_looked_at_once() {
        let row = |start: usize, end: usize| -> Vec<usize> {
            let pages = windows((start * PAGE, end * PAGE));
            pages.map(|(at, _)| at / PAGE).collect()
        };
        assert_eq!(row(3, 4), [3]);
        assert_eq!(row(3, 16), [3]);
        assert_eq!(row(3, 17), [3, 16]);
        assert_eq!(row(16, 48), [16, 32]);
    }

    #[test]
    fn what_this_process_has_written_is_found() -> io::Result<()> {
        let memory = vec![1_u8; 16 * PAGE];
        let start = memory.as_ptr().expose_provenance().next_multiple_of(PAGE);
        let range = (start, start + 8 * PAGE);
        let maps = std::fs::read_to_string("/proc/self/maps")?;
        let pages = Pages::touched(Some(range), &maps)?;
        assert_eq!(pages.written, [range]);
        assert_eq!(pages.read, []);
        assert!(!pages.run.is_empty());
        assert!(!pages.around.is_empty());
        pages.populate_for_writing();
        pages.populate_around();
        let count = |byte: u8| {
            std::hint::black_box(&memory)
                .iter()
                .filter(|each| **each == byte)
                .count()
        };
        assert_eq!(count(1), memory.len());
        pages.populate_for_reading();
        let given_back = count(0);
        assert_eq!(given_back, 8 * PAGE);
        Ok(())
    }
}
