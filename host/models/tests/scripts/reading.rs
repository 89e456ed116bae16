//! What is a script, and what is refused, with the place and what was expected.

use std::time::Duration;

use agent::ModelError;
use ml_intern_models::{MAX_SCRIPT_BYTES, Script, open};
use proptest::prelude::*;

use crate::support::{next, script};

#[test]
fn each_mistake_has_its_place() {
    let call = r#"{"tool_calls":[{"name":"write","label":"w"}]}"#;
    let quoting = |quote: &str| format!("{call}\n{{\"text\":{}}}", serde_json::json!(quote));
    let table = [
        (String::new(), "s.jsonl:1: the script has no turn; expected a line with a JSON object"),
        ("\n  \n".into(), "s.jsonl:1: the script has no turn; expected a line with a JSON object"),
        ("{\"text\":\"a\"}\n{\"text\"".into(), "s.jsonl:2:7: EOF while parsing an object"),
        ("{\"text\":3}".into(), "s.jsonl:1:9: invalid type: integer `3`, expected a string"),
        ("[]".into(), "s.jsonl:1:1: expected a JSON object"),
        ("  hello".into(), "s.jsonl:1:3: expected a JSON object"),
        (
            "{\"say\":\"a\"}".into(),
            "s.jsonl:1:6: unknown field `say`, expected one of `text`, `tool_calls`, `finish`, `usage`, `error`, \
             `expect`, `note`",
        ),
        ("{} {}".into(), "s.jsonl:1:4: trailing characters"),
        ("{\"tool_calls\":[{\"label\":\"a\"}]}".into(), "s.jsonl:1:28: missing field `name`"),
        (
            "{\"finish\":\"done\"}".into(),
            "s.jsonl:1:16: unknown variant `done`, expected one of `stop`, `tool_calls`, `length`",
        ),
        (
            "{\"error\":{\"kind\":\"odd\"}}".into(),
            "s.jsonl:1:22: unknown variant `odd`, expected one of `auth`, `credit`, `rate_limit`, `overload`, \
             `overflow`, `bad_request`, `network`, `truncated`, `refused`",
        ),
        (
            "{\"error\":{\"kind\":\"auth\",\"retry_after\":1}}".into(),
            "s.jsonl:1: only errors of kind rate_limit and overload have a `retry_after`",
        ),
        (
            "{\"error\":{\"kind\":\"overload\",\"retry_after\":-1}}".into(),
            "s.jsonl:1: `retry_after` is -1; expected seconds, 0 or more",
        ),
        ("{\"usage\":{\"input\":1}}".into(), "s.jsonl:1:20: missing field `output`"),
        (
            "{\"usage\":{\"input\":1,\"output\":1,\"cost_usd\":-2}}".into(),
            "s.jsonl:1: `cost_usd` is -2; expected a price, 0 or more",
        ),
        (
            "{\"tool_calls\":[{\"name\":\"write\",\"arguments\":[1]}]}".into(),
            "s.jsonl:1: the arguments of `write-1` are [1]; expected an object, or a string with the text that the \
             model writes",
        ),
        (
            "{\"tool_calls\":[{\"name\":\"write\",\"label\":\"a b\"}]}".into(),
            "s.jsonl:1: the label `a b` cannot be quoted; expected letters, digits, `-` and `_`",
        ),
        (format!("{call}\n{call}"), "s.jsonl:2: two calls have the label `w`"),
        (
            "{\"text\":\"{{results.w.text}}\"}".into(),
            "s.jsonl:1: no call is labelled `w`: there is none in the lines before",
        ),
        (
            quoting("{{results.v.text}}"),
            "s.jsonl:2: no call in the lines before is labelled `v`; there are: w",
        ),
        (
            "{\"tool_calls\":[{\"name\":\"a\",\"arguments\":{\"x\":[{\"y\":\"{{results.a-1.text}}\"}]}}]}".into(),
            "s.jsonl:1: no call is labelled `a-1`: there is none in the lines before",
        ),
        (
            quoting("a {{results.w.text"),
            "s.jsonl:2: the quote `{{results.w.text` has no end; expected `}}`",
        ),
        (
            quoting("{{results.w}}"),
            "s.jsonl:2: the quote `{{results.w}}`: expected a label and `.text`, `.tail:<n>`, `.line:<regex>` or \
             `.json:<pointer>`",
        ),
        (
            quoting("{{results.w.words}}"),
            "s.jsonl:2: the quote `{{results.w.words}}`: `words` is unknown; expected `text`, `tail:<n>`, \
             `line:<regex>` or `json:<pointer>`",
        ),
        (
            quoting("{{results.w.tail:-1}}"),
            "s.jsonl:2: the quote `{{results.w.tail:-1}}`: `-1` is no number of lines",
        ),
        (
            quoting("{{results.w.json:a}}"),
            "s.jsonl:2: the quote `{{results.w.json:a}}`: `a` is no JSON Pointer; expected nothing or a `/` first",
        ),
        (
            quoting("{{results.w.line:(}}"),
            "s.jsonl:2: the quote `{{results.w.line:(}}`: regular expression `(`: found open group without closing ')'",
        ),
        (
            format!("{call}\n{{\"expect\":{{\"a\":\"(\"}}}}"),
            "s.jsonl:2: regular expression `(`: found open group without closing ')'",
        ),
    ];
    for (text, message) in table {
        assert_eq!(script(&text).unwrap_err().to_string(), message, "{text}");
    }
    let latin1 = Script::parse("s.jsonl", b"{}\n{\"text\":\"\xe9\"}").unwrap_err();
    assert_eq!(
        latin1.to_string(),
        "s.jsonl:2:10: not UTF-8; expected JSON text"
    );
}

#[test]
fn an_id_names_a_provider() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("demo.jsonl");
    std::fs::write(&path, "{\"text\":\"hi\"}\r\n").unwrap();
    let path = path.display().to_string();
    let model = open(&format!("scripted/{path}")).unwrap();
    assert_eq!(
        model.label(),
        format!("scripted/{path} (a script, not a model)")
    );
    assert!(model.is_scripted());

    for id in ["", "scripted", "scripted/", "demo.jsonl"] {
        let error = open(id).err().unwrap().to_string();
        let expected = format!("no provider for the model id `{id}`: ");
        assert!(error.starts_with(&expected), "{error}");
    }
    assert_eq!(
        open("openai/gpt").err().unwrap().to_string(),
        "`openai/gpt` is behind a network, which is not in reach here"
    );
    let missing = open(&format!("scripted/{path}x"))
        .err()
        .unwrap()
        .to_string();
    assert!(
        missing.starts_with(&format!("{path}x: cannot read the script: ")),
        "{missing}"
    );
}

#[test]
fn a_script_has_a_largest_size() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("large.jsonl");
    let mut text = b"{\"text\":\"hi\"}".to_vec();
    text.resize(usize::try_from(MAX_SCRIPT_BYTES).unwrap(), b' ');
    std::fs::write(&path, &text).unwrap();
    assert!(Script::open(&path).is_ok());
    text.push(b' ');
    std::fs::write(&path, &text).unwrap();
    assert_eq!(
        Script::open(&path).unwrap_err().to_string(),
        format!(
            "{}: the script is larger than 16777216 bytes",
            path.display()
        )
    );
}

#[tokio::test]
async fn each_kind_of_error() {
    let message = || "injected by the script".to_owned();
    let table = [
        ("auth", ModelError::Auth(message())),
        ("credit", ModelError::Credit(message())),
        (
            "rate_limit",
            ModelError::RateLimit {
                message: message(),
                retry_after: None,
            },
        ),
        (
            "overload",
            ModelError::Overload {
                message: message(),
                retry_after: None,
            },
        ),
        ("overflow", ModelError::Overflow(message())),
        ("bad_request", ModelError::BadRequest(message())),
        ("network", ModelError::Network(message())),
        ("truncated", ModelError::Truncated(message())),
        ("refused", ModelError::Refused(message())),
    ];
    for (kind, error) in table {
        let script = script(&format!(
            r#"{{"text":"so far","error":{{"kind":"{kind}"}}}}"#
        ))
        .unwrap();
        let (turn, pieces) = next(&script, &[]).await;
        assert_eq!(turn, Err(error));
        assert_eq!(pieces, ["so far"]);
    }
    let waits = r#"{"error":{"kind":"rate_limit","message":"slow down","retry_after":1.5}}"#;
    assert_eq!(
        next(&script(waits).unwrap(), &[]).await.0,
        Err(ModelError::RateLimit {
            message: "slow down".into(),
            retry_after: Some(Duration::from_millis(1500))
        })
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Any bytes are a script or an error that names the file.
    #[test]
    fn no_bytes_are_too_odd(bytes in any::<Vec<u8>>()) {
        if let Err(error) = Script::parse("s.jsonl", &bytes) {
            prop_assert!(error.to_string().starts_with("s.jsonl:"));
        }
    }

    /// So is a line with any text in it.
    #[test]
    fn no_quote_is_too_odd(text in r"(\{\{results\.)?[a-z.:(){}\[\]|*+?\\/é-]{0,40}(\}\})?") {
        let call = r#"{"tool_calls":[{"name":"a"}]}"#;
        let line = format!("{call}\n{}", serde_json::json!({ "text": text }));
        if let Err(error) = script(&line) {
            prop_assert!(error.to_string().starts_with("s.jsonl:2: "));
        }
    }
}
