//! A damaged image: one error that names the file and what to do. On copies; the image that is installed is not touched.
#![allow(
    clippy::unwrap_used,
    clippy::allow_attributes,
    reason = "tests; a panic is their report"
)]

use std::path::Path;

use ml_intern_sandbox::image::{PYTHON, Record, python};
use ml_intern_sandbox::{Digest, Mounts, Sandbox, Setup};

/// Compiles, and does nothing.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// An image that is whole, as far as its files go.
fn whole(directory: &Path) {
    for name in ["lib", "mpl-data"] {
        std::fs::create_dir(directory.join(name)).unwrap();
    }
    std::fs::write(directory.join("component.wasm"), COMPONENT).unwrap();
    Record {
        component: Digest::of(COMPONENT).to_string(),
        interrupt: Vec::new(),
    }
    .write(directory)
    .unwrap();
}

/// What an image is found to be: looked at, and compared.
fn told(directory: &Path) -> String {
    match python(directory).and_then(|image| image.check()) {
        Ok(()) => "whole".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_is_damaged_is_named() {
    type Damage = fn(&Path);
    let cut = |directory: &Path| {
        let path = directory.join("image.json");
        let text = std::fs::read(&path).unwrap();
        std::fs::write(&path, &text[..text.len() / 2]).unwrap();
    };
    // (name, what happens to the image, the file that is named, what is said of it)
    let rows: Vec<(&str, Damage, &str, &str)> = vec![
        (
            "cut",
            cut,
            "image.json",
            "the image is damaged: EOF while parsing",
        ),
        (
            "empty",
            |at| std::fs::write(at.join("image.json"), "").unwrap(),
            "image.json",
            "the image is damaged: EOF while parsing a value at line 1 column 0",
        ),
        (
            "no JSON",
            |at| std::fs::write(at.join("image.json"), "\0\x01").unwrap(),
            "image.json",
            "the image is damaged: expected value at line 1 column 1",
        ),
        (
            "no digest",
            |at| std::fs::write(at.join("image.json"), "{\"interrupt\": []}").unwrap(),
            "image.json",
            "the image is damaged: missing field `component`",
        ),
        (
            "short digest",
            |at| {
                std::fs::write(
                    at.join("image.json"),
                    "{\"component\": \"abc\", \"interrupt\": []}",
                )
                .unwrap();
            },
            "image.json",
            "the image is damaged: `component` is not 64 lower-case hexadecimal digits",
        ),
        (
            "another component",
            |at| std::fs::write(at.join("component.wasm"), "other").unwrap(),
            "component.wasm",
            "the image is damaged: its SHA-256 is d9298a10d1b0735837dc4bd85dac641b0f3cef27a47e5d53a54f2f3f5b2fcffa, and the record says ",
        ),
        (
            "no component",
            |at| std::fs::remove_file(at.join("component.wasm")).unwrap(),
            "component.wasm",
            "the image is damaged: the file is not there",
        ),
        (
            "no library",
            |at| std::fs::remove_dir(at.join("lib")).unwrap(),
            "lib",
            "the image is damaged: the directory is not there",
        ),
        (
            "nothing",
            |at| std::fs::remove_file(at.join("image.json")).unwrap(),
            "",
            "there is no image",
        ),
    ];
    for (name, damage, file, problem) in rows {
        let place = tempfile::tempdir().unwrap();
        whole(place.path());
        assert_eq!(told(place.path()), "whole", "{name}");
        damage(place.path());
        let found = told(place.path());
        let path = match file {
            "" => place.path().to_owned(),
            file => place.path().join(file),
        };
        assert!(
            found.starts_with(&format!("{}: {problem}", path.display())),
            "{name}: {found}"
        );
        assert!(
            found.ends_with("; run `ml-intern setup`"),
            "{name}: {found}"
        );
    }
}

/// Code is cached under the digest that the record names: it must not be made from other bytes.
#[tokio::test]
async fn another_component_is_not_compiled() {
    let place = tempfile::tempdir().unwrap();
    let cache = tempfile::tempdir().unwrap();
    whole(place.path());
    let sandbox = || {
        Sandbox::new(Setup {
            cache: cache.path(),
            mounts: Mounts::new(),
            programs: vec![(PYTHON.to_owned(), python(place.path()).unwrap())],
            worker: None,
            walls: policy::Walls::Required,
            patience: ml_intern_sandbox::PATIENCE,
        })
        .unwrap()
    };
    let path = place.path().join("component.wasm");
    std::fs::write(&path, [COMPONENT, b"\0\x02\x01a"].concat()).unwrap();
    let error = sandbox().compile(PYTHON).unwrap_err();
    assert!(
        error.starts_with(&format!(
            "{}: the image is damaged: its SHA-256 is ",
            path.display()
        )),
        "{error}"
    );
    assert!(!sandbox().is_compiled(PYTHON));
    std::fs::write(&path, COMPONENT).unwrap();
    sandbox().compile(PYTHON).unwrap();
    assert!(sandbox().is_compiled(PYTHON));
}
