//! Whatever is appended is read back, or, with secrets in it, is free of them.

#![expect(dead_code, reason = "each test file uses its part of `common`")]

mod common;

use common::{create, place};
use ml_intern_journal::{CallEnd, Entry, Event, Journal, Reader, Redactor, Secret, UserInput};
use proptest::prelude::*;
use serde_json::Value;

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_appended_is_read_back(
        texts in prop::collection::vec(any::<String>(), 0..4),
        values in prop::collection::vec(json(), 0..4),
        sittings in 1_usize..3,
    ) {
        let (_directory, path) = place();
        let mut journal = create(&path);
        let mut expected: Vec<Entry> = Vec::new();
        for _ in 0..sittings {
            let mut entries: Vec<Entry> =
                texts.iter().map(|text| UserInput { text: text.clone() }.into()).collect();
            for value in &values {
                let end = CallEnd { outcome: String::new(), output: value.clone() };
                entries.push(Entry::of(journal.allocate_call(), end));
                entries.push(Event { name: String::new(), data: value.clone() }.into());
            }
            journal.append_all(entries.clone()).unwrap();
            expected.extend(entries);
            drop(journal);
            journal = Journal::open(&path, Redactor::none()).unwrap();
        }
        let read: Vec<Entry> =
            Reader::open(&path).unwrap().skip(1).map(|record| record.unwrap().entry).collect();
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn no_secret_is_in_what_is_read_back(
        secret in "[^\0]{8,20}",
        before in any::<String>(),
        after in any::<String>(),
        times in 1_usize..3,
    ) {
        prop_assume!(!"[secret:NAME]".contains(&secret));
        let (_directory, path) = place();
        let named = Secret { name: "NAME".to_owned(), value: secret.clone() };
        let redactor = Redactor::new([named]).unwrap();
        let mut journal = Journal::create(&path, common::header(), redactor).unwrap();
        let text = format!("{before}{}{after}", secret.repeat(times));
        let inner = Value::from(text.as_str()).to_string();
        journal.append(Event { name: text, data: Value::from(inner) }).unwrap();
        drop(journal);
        let last = Reader::open(&path).unwrap().last().unwrap().unwrap();
        let ml_intern_journal::Data::Event(event) = last.entry.data else { panic!() };
        let data = event.data.as_str().unwrap();
        prop_assert!(event.name.contains("[secret:NAME]") && data.contains("[secret:NAME]"));
        prop_assert!(!event.name.contains(&secret), "{:?}", event.name);
        prop_assert!(!data.contains(&secret), "{:?}", data);
        // The record is always JSON. A document *inside* of a string need not be any more: a backslash before a secret
        // that begins with `/` looks like the secret's own escape, and goes with it.
        if let Ok(inner) = serde_json::from_str::<String>(data) {
            prop_assert!(!inner.contains(&secret), "{:?}", inner);
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(Reader::new("j", bytes.as_slice()).last().unwrap().is_err());
    }
}
