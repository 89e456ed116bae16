use proptest::prelude::*;

use super::*;

fn scanner(secrets: &[(&str, &str)]) -> Arc<Scanner> {
    Arc::new(Scanner::new(secrets.iter().copied()).unwrap())
}

/// What comes out chunk by chunk, the rest last, and the first secret found.
fn pass(scanner: &Arc<Scanner>, chunks: &[&str]) -> (Vec<String>, Option<String>) {
    let mut stream = Stream::new(Arc::clone(scanner));
    let mut found = None;
    let mut out = Vec::new();
    let text = |bytes: &Bytes| String::from_utf8(bytes.to_vec()).unwrap();
    for chunk in chunks {
        let passed = stream.push(Bytes::copy_from_slice(chunk.as_bytes()));
        out.push(text(&passed.bytes));
        found = found.or(passed.found);
    }
    let rest = stream.finish();
    out.push(text(&rest.bytes));
    (out, found.or(rest.found).map(|name| name.to_string()))
}

#[test]
fn streams() {
    let secrets = scanner(&[
        ("hub", "hf_secret"),
        ("key", "sk-other"),
        ("long", "hf_secret_long"),
    ]);
    let table: &[(&[&str], &[&str], Option<&str>)] = &[
        // chunks, what is passed on after each and at the end, what is found
        (&["nothing here"], &["nothing here", ""], None),
        (&[""], &["", ""], None),
        (&["a hf_secret b"], &["a ********* b", ""], Some("hub")),
        (
            &["a hf_se", "cret b"],
            &["a ", "********* b", ""],
            Some("hub"),
        ),
        (
            &["h", "f", "_", "secret."],
            &["", "", "", "*********.", ""],
            Some("hub"),
        ),
        (&["a hf_se", "cond b"], &["a ", "hf_second b", ""], None),
        (&["ends with hf_"], &["ends with ", "hf_"], None),
        (
            &["ends with hf_secret"],
            &["ends with ", "*********"],
            Some("hub"),
        ),
        (
            &["hf_secret", "_long"],
            &["", "**************", ""],
            Some("hub"),
        ),
        (
            &["hf_secret_lo", "st"],
            &["", "*********_lost", ""],
            Some("hub"),
        ),
        (
            &["sk-othersk-other"],
            &["****************", ""],
            Some("key"),
        ),
        (
            &["data: {\"a\":1}\n\n", "data: 2\n\n"],
            &["data: {\"a\":1}\n\n", "data: 2\n\n", ""],
            None,
        ),
        // base64 of `user:hf_secret`, in two pieces.
        (
            &["Basic dXNlcjpoZl", "9zZWNyZXQ="],
            &["Basic dXNlcjp", "***********Q=", ""],
            Some("hub"),
        ),
    ];
    for (chunks, passed, found) in table {
        let (out, name) = pass(&secrets, chunks);
        assert_eq!(
            (out.as_slice(), name.as_deref()),
            (passed.map_strings().as_slice(), *found),
            "{chunks:?}"
        );
    }
}

trait MapStrings {
    fn map_strings(&self) -> Vec<String>;
}

impl MapStrings for &[&str] {
    fn map_strings(&self) -> Vec<String> {
        self.iter().map(ToString::to_string).collect()
    }
}

#[test]
fn secrets_that_overlap_are_both_covered() {
    let secrets = scanner(&[("one", "abcdefgh"), ("two", "efghijkl")]);
    assert_eq!(
        pass(&secrets, &["-abcdefghijkl-"]).0.concat(),
        "-************-"
    );
    assert_eq!(
        pass(&secrets, &["-abcdefgh", "ijkl-"]).0.concat(),
        "-************-"
    );
    assert_eq!(
        pass(&secrets, &["-abcdefgh", "ijk-"]).0.concat(),
        "-********ijk-"
    );
}

#[test]
fn no_secrets_nothing_is_held_back() {
    assert_eq!(pass(&scanner(&[]), &["abc", "def"]).0, ["abc", "def", ""]);
}

#[test]
fn names_are_found_in_either_case() {
    let secrets = scanner(&[("hub", "hf_Secret")]);
    assert_eq!(
        secrets.find_folded(b"x-HF_sECRET").map(|n| &**n),
        Some("hub")
    );
    assert_eq!(secrets.find_folded(b"x-hf-secret"), None);
    assert_eq!(secrets.find(b"hf_sECRET"), None);
}

#[test]
fn debug_shows_names_only() {
    let secrets = scanner(&[("hub", "hf_secret")]);
    assert_eq!(format!("{secrets:?}"), "Scanner { secrets: [\"hub\"], .. }");
    let mut stream = Stream::new(secrets);
    stream.push(Bytes::from_static(b"hf_sec"));
    assert_eq!(format!("{stream:?}"), "Stream { held: 6, .. }");
}

proptest! {
    /// However a text is cut, the same comes out as when it is covered whole; nothing is lost or delayed past the end.
    #[test]
    fn chunks_do_not_matter(text in "[ab]{0,60}", cuts in prop::collection::vec(0usize..60, 0..6)) {
        let secrets = scanner(&[("one", "abbababb"), ("two", "babbaaba"), ("three", "bbabaaba")]);
        let mut whole = text.clone().into_bytes();
        let any = secrets.cover(&mut whole);
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
        cuts.sort_unstable();
        cuts.insert(0, 0);
        cuts.push(text.len());
        let chunks: Vec<&str> = cuts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect();
        let (out, found) = pass(&secrets, &chunks);
        prop_assert_eq!(out.concat().into_bytes(), whole);
        prop_assert_eq!(found.is_some(), any);
    }
}
