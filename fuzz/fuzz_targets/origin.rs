//! Origins and paths: any text is read or refused, and what is read has one spelling.
#![no_main]

use libfuzzer_sys::fuzz_target;
use policy::{Origin, PathPrefix, check_path};

fuzz_target!(|text: &str| {
    match text.parse::<Origin>() {
        Ok(origin) => {
            let shown = origin.to_string();
            assert!(shown.is_ascii());
            assert_eq!(shown.parse().as_ref(), Ok(&origin));
            let parts = Origin::new(origin.scheme(), &origin.host().to_string(), origin.port());
            assert_eq!(parts, Ok(origin));
        }
        Err(error) => assert!(error.at <= text.len()),
    }
    match text.parse::<PathPrefix>() {
        Ok(prefix) => {
            assert_eq!(prefix.as_str().parse().as_ref(), Ok(&prefix));
            assert!(prefix.covers(text) && PathPrefix::root().contains(&prefix));
            assert_eq!(check_path(text), Ok(()));
        }
        Err(error) => assert!(error.at <= text.len()),
    }
    if let Ok(prefix) = PathPrefix::of_path(text) {
        assert!(prefix.covers(text));
    }
});
