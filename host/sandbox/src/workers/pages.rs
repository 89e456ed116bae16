//! The memory that a run touches, made present before it is touched.
//!
//! A fork has its parent's memory, but not ready to use: the first write to each page, and the first look at each piece
//! of a mapped file, is a fault of its own, which costs more than what it does. So the zygote runs an instance once,
//! looks which pages that took, and asks the kernel for all of them at once (`MADV_POPULATE_*`, Linux 5.14): those of
//! linear memory to be read in itself, since forks get them with its page tables; those to be written, and code, in each
//! fork. Nothing depends on it but time.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use rustix::mm::{Advice, madvise};

/// Bytes of a page; where they are larger, nothing is found to be written, and all is as if this was not there.
const PAGE: usize = 4096;
/// An entry of `/proc/self/pagemap` (Linux, admin-guide/mm/pagemap): the page is there; it is a file's.
const PRESENT: u64 = 1 << 63;
const OF_FILE: u64 = 1 << 61;
/// Pages between two that are looked at, which are not worth a call of their own. A page that is written is copied, which
/// is.
const GAP: usize = 4;

/// Addresses, from and to.
type Range = (usize, usize);

/// What an instance touches.
#[derive(Debug, Default)]
pub(super) struct Pages {
    /// Of its linear memory, what it wrote to.
    written: Vec<Range>,
    /// Of its linear memory, what it looked at.
    read: Vec<Range>,
    /// Of mapped files, what it ran.
    run: Vec<Range>,
}

impl Pages {
    /// What the instance in this process, with its linear memory there, has touched so far.
    pub(super) fn touched(memory: Option<Range>, maps: &str) -> io::Result<Pages> {
        let pagemap = File::open("/proc/self/pagemap")?;
        let mut run = Vec::new();
        for code in maps.lines().filter_map(code) {
            run.extend(present(&pagemap, code, GAP, |entry| entry & PRESENT != 0)?);
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
        })
    }

    /// Makes present what is read; once it was, each fork has it from the start.
    pub(super) fn populate_for_reading(&self) {
        for range in &self.read {
            advise(*range, Advice::LinuxPopulateRead);
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
}

#[expect(unsafe_code, reason = "advice about memory has no safe form")]
fn advise((start, end): Range, advice: Advice) {
    // SAFETY: neither advice changes what memory holds. The pages are mapped here: they were in the parent, and a fork
    // has its parent's mappings. Where they were not, the kernel refuses, and nothing is lost but time.
    let _ = unsafe {
        madvise(
            std::ptr::with_exposed_provenance_mut(start),
            end - start,
            advice,
        )
    };
}

/// The range of one line of `/proc/self/maps`, where that is code of a file.
fn code(line: &str) -> Option<Range> {
    let mut words = line.split_ascii_whitespace();
    let (start, end) = words.next()?.split_once('-')?;
    let executable = words.next()?.as_bytes().get(2) == Some(&b'x');
    let named = words.nth(3)?.starts_with('/');
    let address = |text| usize::from_str_radix(text, 16).ok();
    (executable && named).then_some((address(start)?, address(end)?))
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
    fn code_of_files_is_found_in_the_list_of_mappings() {
        for (line, expected) in [
            (
                "1000-3000 r-xp 00000000 fe:00 12   /usr/bin/x",
                Some((0x1000, 0x3000)),
            ),
            ("1000-3000 rw-p 00000000 fe:00 12   /usr/bin/x", None),
            ("1000-3000 r-xp 00000000 00:00 0   [vdso]", None),
            ("1000-3000 r-xp 00000000 00:00 0", None),
            ("", None),
        ] {
            assert_eq!(code(line), expected, "{line}");
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
    fn what_this_process_has_written_is_found() -> io::Result<()> {
        let memory = vec![1_u8; 16 * PAGE];
        let start = memory.as_ptr().expose_provenance().next_multiple_of(PAGE);
        let range = (start, start + 8 * PAGE);
        let maps = std::fs::read_to_string("/proc/self/maps")?;
        let pages = Pages::touched(Some(range), &maps)?;
        assert_eq!(pages.written, [range]);
        assert_eq!(pages.read, []);
        assert!(!pages.run.is_empty());
        pages.populate_for_reading();
        pages.populate_for_writing();
        assert!(memory.iter().all(|byte| *byte == 1));
        Ok(())
    }
}
