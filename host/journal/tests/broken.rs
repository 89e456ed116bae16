//! Journals that are not what was written: which error each gives, and that opening loses nothing.

#![expect(clippy::unwrap_used, reason = "in tests a panic is the report")]
#![expect(dead_code, reason = "each test file uses its part of `common`")]

mod common;

use std::fs;
use std::path::Path;

use common::{create, forge, place, say};
use ml_intern_journal::{
    CallId, Entry, Journal, JournalError, Reader, Redactor, UserInput, verify,
};

/// Four lines: the session, two inputs, and one in the name of a call.
fn small() -> Vec<String> {
    let (_directory, path) = place();
    let mut journal = create(&path);
    journal.append_all([say("one"), say("two")]).unwrap();
    let call = journal.allocate_call();
    journal
        .append(Entry::of(
            call,
            UserInput {
                text: "three".to_owned(),
            },
        ))
        .unwrap();
    fs::read_to_string(&path)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect()
}

fn join(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// What reading says first, without the file's name.
fn fault(journal: &[u8]) -> String {
    let mut reader = Reader::new("j", journal);
    let error = reader
        .by_ref()
        .find_map(Result::err)
        .map(|error| error.to_string());
    assert!(reader.next().is_none(), "nothing comes after an error");
    error.unwrap_or_else(|| "intact".to_owned())
}

/// Replaces hashes, which are different in every case, by `#`.
fn without_hashes(text: &str) -> String {
    text.split(' ')
        .map(|word| {
            let bare = word.trim_end_matches(',');
            let is_hash = bare.len() == 64 && bare.bytes().all(|b| b.is_ascii_hexdigit());
            if is_hash {
                word.replace(bare, "#")
            } else {
                word.to_owned()
            }
        })
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn a_changed_byte_is_found_in_every_field() {
    let lines = small();
    let hash = "j:4: hash mismatch: the line says #, its bytes give #";
    let tail = "j:4: no hash; expected the line to end in `,\"hash\":\"<64 hexadecimal digits>\"}`";
    let start = join(&lines[..3]).len();
    for at in 0..lines[3].len() {
        let mut changed = join(&lines).into_bytes();
        // No byte of a line becomes a newline by it.
        changed[start + at] ^= 1;
        // Of the tail, only a digit that still is one can be compared.
        let in_tail = lines[3].len() - at <= 75;
        let digit = (3..67).contains(&(lines[3].len() - at))
            && matches!(changed[start + at], b'0'..=b'9' | b'a'..=b'f');
        let expected = if in_tail && !digit { tail } else { hash };
        assert_eq!(without_hashes(&fault(&changed)), expected, "byte {at}");
    }
}

#[test]
fn a_changed_field_is_found() {
    let lines = small();
    let table = [
        ("\"seq\":3", "\"seq\":4"),
        ("12:00:00.500Z", "12:00:00.501Z"),
        ("\"user_input\"", "\"user_inpuT\""),
        ("\"c1\"", "\"c2\""),
        ("three", "thref"),
        ("\"prev\":\"", "\"prev\":\"0"),
    ];
    for (old, new) in table {
        let mut changed = lines.clone();
        changed[3] = changed[3].replace(old, new);
        assert_ne!(changed, lines, "{old}");
        let found = without_hashes(&fault(join(&changed).as_bytes()));
        assert_eq!(
            found, "j:4: hash mismatch: the line says #, its bytes give #",
            "{old}"
        );
    }
}

#[test]
fn moved_lines_are_found() {
    let lines = small();
    let l = |numbers: &[usize]| {
        join(
            &numbers
                .iter()
                .map(|n| lines[*n].clone())
                .collect::<Vec<_>>(),
        )
    };
    let table = [
        ("as written", l(&[0, 1, 2, 3]), "intact"),
        // What a chain cannot show: see the documentation of the format.
        ("the last removed", l(&[0, 1, 2]), "intact"),
        (
            "the first removed",
            l(&[1, 2, 3]),
            "j:1: sequence mismatch: expected seq 0, found 1",
        ),
        (
            "one removed",
            l(&[0, 2, 3]),
            "j:2: sequence mismatch: expected seq 1, found 2",
        ),
        (
            "two swapped",
            l(&[0, 2, 1, 3]),
            "j:2: sequence mismatch: expected seq 1, found 2",
        ),
        (
            "one twice",
            l(&[0, 1, 1, 2]),
            "j:3: sequence mismatch: expected seq 2, found 1",
        ),
        (
            "the session twice",
            l(&[0, 0, 1]),
            "j:2: sequence mismatch: expected seq 1, found 0",
        ),
        (
            "an empty line",
            format!("{}\n{}", l(&[0]), l(&[1])),
            "j:2: no hash; expected the line to end in `,\"hash\":\"<64 hexadecimal digits>\"}`",
        ),
        (
            "another line ending",
            l(&[0]).replace('\n', "\r\n"),
            "j:1: no hash; expected the line to end in `,\"hash\":\"<64 hexadecimal digits>\"}`",
        ),
        (
            "nothing",
            String::new(),
            "j:1: the file is empty; expected a session record",
        ),
        (
            "no newline",
            "{}".to_owned(),
            "j:1: incomplete: 2 bytes without a newline after them; a write was cut short here",
        ),
    ];
    for (what, journal, expected) in table {
        assert_eq!(fault(journal.as_bytes()), expected, "{what}");
    }
}

/// Whoever changes a line can compute its hash anew. The line after it gives that away; and whoever computes them all
/// anew must still write records.
#[test]
fn forged_lines_are_found() {
    let lines = small();
    let forged = forge(&lines);
    assert_eq!(
        forged,
        join(&lines),
        "without a change, forging changes nothing"
    );

    let mut changed = lines.clone();
    changed[1] = forged_line(&changed[1], "one", "ONE");
    assert_eq!(
        without_hashes(&fault(join(&changed).as_bytes())),
        "j:3: chain mismatch: expected prev #, found #"
    );

    let table = [
        ("\"two\"", "\"TWO\"", "intact"),
        (
            "\"seq\":2",
            "\"seq\":7",
            "j:3: sequence mismatch: expected seq 2, found 7",
        ),
        ("\"user_input\"", "\"gossip\"", "j:3: unknown kind `gossip`"),
        (
            "\"user_input\"",
            "\"call_end\"",
            "j:3: data of kind `call_end`: unknown field `text`, expected `outcome` or `output` at line 1 column 7",
        ),
        (
            "\"user_input\",\"data\":{\"text\":\"two\"}",
            "\"call_end\",\"data\":{\"outcome\":\"ok\",\"output\":null}",
            "j:3: kind `call_end` without a call",
        ),
        (
            "\"text\":\"two\"",
            "\"text\":2",
            "j:3: data of kind `user_input`: invalid type: integer `2`, expected a string at line 1 column 9",
        ),
        (
            "\"text\":\"two\"",
            "",
            "j:3: data of kind `user_input`: missing field `text` at line 1 column 2",
        ),
        (
            "\"text\":",
            "\"text\":\"a\",\"text\":",
            "j:3: data of kind `user_input`: duplicate field `text` at line 1 column 18",
        ),
        (
            "\"at\":\"2026-01-31T12:00:00.250Z\"",
            "\"at\":\"yesterday\"",
            "j:3: not a record: invalid time `yesterday`; expected UTC with milliseconds, such as 2026-01-31T12:00:00.250Z at line 1 column 25",
        ),
        (
            "\"seq\":2",
            "\"seq\":-2",
            "j:3: not a record: invalid value: integer `-2`, expected u64 at line 1 column 9",
        ),
        (
            "\"kind\"",
            "\"call\":\"x1\",\"kind\"",
            "j:3: not a record: invalid call id `x1`; expected `c` and a number from 1 to 2^53-1 without leading zeros at line 1 column 52",
        ),
        (
            "\"kind\"",
            "\"more\":1,\"kind\"",
            "j:3: not a record: unknown field `more`, expected one of `seq`, `at`, `kind`, `call`, `parent`, `data`, `prev`, `hash` at line 1 column 47",
        ),
        (
            "{\"seq\":2,",
            "[",
            "j:3: not a record: invalid type: string \"at\", expected u64 at line 1 column 5",
        ),
        (
            "\"user_input\",\"data\":{\"text\":\"two\"}",
            "\"session\",\"data\":{\"format\":1,\"id\":\"\",\"created\":\"\",\"program\":\"\"}",
            "j:3: a second `session` record",
        ),
    ];
    for (old, new, expected) in table {
        let mut changed = lines.clone();
        changed[2] = changed[2].replacen(old, new, 1);
        assert_ne!(changed, lines, "{old}");
        assert_eq!(
            fault(forge(&changed).as_bytes()),
            expected,
            "{old} -> {new}"
        );
    }

    let table = [
        (
            "\"format\":1",
            "\"format\":2",
            "j:1: format 2; this program reads format 1",
        ),
        (
            "\"session\"",
            "\"user_input\"",
            "j:1: data of kind `user_input`: unknown field `format`, expected `text` at line 1 column 9",
        ),
    ];
    for (old, new, expected) in table {
        let mut changed = lines.clone();
        changed[0] = changed[0].replacen(old, new, 1);
        assert_eq!(
            fault(forge(&changed).as_bytes()),
            expected,
            "{old} -> {new}"
        );
    }
    let first = lines[1].replace("\"seq\":1", "\"seq\":0");
    assert_eq!(
        fault(forge(&[first]).as_bytes()),
        "j:1: the first record is of kind `user_input`; expected `session`"
    );
}

/// One line with another text and the hash that goes with it.
fn forged_line(line: &str, old: &str, new: &str) -> String {
    let body = line[..line.len() - 75].replace(old, new);
    let hash = ml_intern_journal::Digest::of(body.as_bytes());
    format!("{body},\"hash\":\"{hash}\"}}")
}

#[test]
fn what_is_not_text_is_an_error_too() {
    let mut journal = join(&small()).into_bytes();
    journal.extend_from_slice(b"\xff\xfe\0\0\n");
    let tail = "j:5: no hash; expected the line to end in `,\"hash\":\"<64 hexadecimal digits>\"}`";
    assert_eq!(fault(&journal), tail);

    // Bytes that are no UTF-8, under a right hash.
    let line = small()[0].clone();
    let mut body = line.as_bytes()[..line.len() - 75].to_vec();
    let at = line.find("s-1").unwrap();
    body[at] = 0xff;
    let hash = ml_intern_journal::Digest::of(&body);
    body.extend_from_slice(format!(",\"hash\":\"{hash}\"}}\n").as_bytes());
    assert!(
        fault(&body).starts_with("j:1: not a record: "),
        "{}",
        fault(&body)
    );
}

/// Cut off at every byte: whole lines stay, the torn rest is moved beside, and only without a session record it is an
/// error; and then nothing was touched.
#[test]
fn a_journal_that_is_cut_off_anywhere_loses_nothing() {
    let lines = small();
    let whole = join(&lines);
    let (_directory, path) = place();
    let side = path.with_extension("jsonl.torn-1");
    for cut in 0..=whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let intact = whole[..cut].rfind('\n').map_or(0, |newline| newline + 1);
        let verified = verify(&path).map_err(|error| error.to_string());
        let opened = Journal::open(&path, Redactor::none());
        let on_disk = fs::read_to_string(&path).unwrap();
        let j = path.display();
        if cut == 0 {
            let expected = format!("{j}:1: the file is empty; expected a session record");
            assert_eq!(opened.unwrap_err().to_string(), expected);
            assert_eq!(
                verified.unwrap_err(),
                format!("{expected} (0 intact records before it)")
            );
        } else if intact == 0 {
            let expected = format!(
                "{j}:1: incomplete: {cut} bytes without a newline after them; a write was cut short here"
            );
            assert_eq!(opened.unwrap_err().to_string(), expected);
            assert_eq!(
                verified.unwrap_err(),
                format!("{expected} (0 intact records before it)")
            );
            assert_eq!(on_disk, whole[..cut]);
            assert!(!side.exists());
        } else if intact == cut {
            let mut journal = opened.unwrap();
            assert_eq!(journal.repair(), None, "cut at {cut}");
            assert_eq!(on_disk, whole[..cut]);
            assert_eq!(verified.unwrap().records, journal.records());
            assert!(!side.exists());
            journal.append(say("on")).unwrap();
            assert_eq!(verify(&path).unwrap().records, journal.records());
        } else {
            let mut journal = opened.unwrap();
            let records = journal.records();
            let repair = journal.repair().unwrap();
            assert_eq!(
                (&repair.moved_to, repair.bytes),
                (&side, (cut - intact) as u64)
            );
            assert_eq!(on_disk, whole[..intact]);
            assert_eq!(fs::read_to_string(&side).unwrap(), whole[intact..cut]);
            let line = records + 1;
            assert_eq!(
                verified.unwrap_err(),
                format!(
                    "{j}:{line}: incomplete: {} bytes without a newline after them; a write was cut short here \
                     ({records} intact records before it)",
                    cut - intact
                )
            );
            journal.append(say("on")).unwrap();
            assert_eq!(verify(&path).unwrap().records, records + 1);
            fs::remove_file(&side).unwrap();
        }
    }
}

#[test]
fn each_repair_has_a_file_of_its_own() {
    let (_directory, path) = place();
    drop(create(&path));
    for number in 1..=3 {
        let torn = format!("{{\"seq\":1,{number}");
        let mut bytes = fs::read(&path).unwrap();
        bytes.extend_from_slice(torn.as_bytes());
        fs::write(&path, bytes).unwrap();
        let journal = Journal::open(&path, Redactor::none()).unwrap();
        let moved_to = path.with_extension(format!("jsonl.torn-{number}"));
        assert_eq!(journal.repair().unwrap().moved_to, moved_to);
        assert_eq!(fs::read_to_string(moved_to).unwrap(), torn);
    }
    assert_eq!(verify(&path).unwrap().records, 1);
}

#[test]
fn opening_a_broken_journal_changes_nothing() {
    let lines = small();
    let mut changed = join(&lines).replace("two", "TWO");
    changed.push_str("torn");
    let (directory, path) = place();
    fs::write(&path, &changed).unwrap();
    let error = Journal::open(&path, Redactor::none()).unwrap_err();
    assert!(
        matches!(&error, JournalError::Broken(read) if read.line == 3),
        "{error}"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), changed);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn what_is_no_file_is_not_opened() {
    let directory = tempfile::tempdir().unwrap();
    let open = |path: &Path| {
        Journal::open(path, Redactor::none())
            .unwrap_err()
            .to_string()
    };
    let name = directory.path().display();
    assert_eq!(
        open(directory.path()),
        format!("{name}:1: not a regular file")
    );
    let missing = directory.path().join("none");
    assert_eq!(
        open(&missing),
        format!("{name}/none: cannot open: No such file or directory (os error 2)")
    );
    assert_eq!(
        verify(&missing).unwrap_err().to_string(),
        format!(
            "{name}/none:1: cannot be read: No such file or directory (os error 2) (0 intact records before it)"
        )
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_device_is_not_opened() {
    let error = verify(Path::new("/dev/zero")).unwrap_err().to_string();
    assert_eq!(
        error,
        "/dev/zero:1: not a regular file (0 intact records before it)"
    );
}

#[test]
fn the_last_call_that_can_be_named_is_the_last() {
    let mut lines = small();
    lines[3] = lines[3].replace("\"c1\"", "\"c9007199254740991\"");
    let (_directory, path) = place();
    fs::write(&path, forge(&lines)).unwrap();
    let mut journal = Journal::open(&path, Redactor::none()).unwrap();
    let call: CallId = journal.allocate_call();
    let error = journal
        .append(Entry::of(call, UserInput::default()))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "no more call ids; the last is c9007199254740991"
    );
    journal.append(say("without a call it goes on")).unwrap();
    drop(journal);
    assert_eq!(verify(&path).unwrap().records, 5);
}
