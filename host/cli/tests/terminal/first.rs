//! The first five minutes: without a key, without a configuration.

use serde_json::Value;

use crate::screen::Place;

#[test]
fn without_a_key() {
    let place = Place::new();
    let screen = place.start_with(&[], &[], (80, 50));
    screen.expect("Token (not shown):");
    screen.key("Enter");
    screen.ready();
    screen.matches("first");
    screen.line("Hello?");
    screen.expect_times("There is no key for", 2);
    screen.ready();
    screen.line("/demo");
    screen.expect("Do what task.md asks for");
    screen.expect("were denied by the policy.");
    screen.ready();
    screen.line("/diff names");
    screen.expect("A ");
    screen.line("/quit");
    screen.expect("[exit 0]");
}

/// It is asked for, kept for the next time, and shown nowhere.
#[test]
fn a_token_is_asked_for_once() {
    const TOKEN: &str = "hf_canary0123456789";
    let place = Place::new();
    let screen = place.start(&[]);
    screen.expect("needs a Hugging Face token");
    screen.line("hf_canary 0123456789");
    screen.expect("That is no token: those of the Hub begin with hf_ and have no blanks.");
    screen.line(TOKEN);
    screen.expect("Kept.");
    screen.ready();
    screen.matches("token");
    screen.line("/quit");
    screen.expect("[exit 0]");
    assert!(!screen.text().contains("canary"));
    let kept = place.path(".cache/huggingface/token");
    assert_eq!(std::fs::read_to_string(&kept).unwrap(), TOKEN);
    let history = std::fs::read_to_string(place.path("state/ml-intern/history"));
    assert!(!history.unwrap_or_default().contains("canary"));

    let screen = place.start(&[]);
    screen.ready();
    assert!(!screen.text().contains("Token"));

    // Who goes without is not asked again.
    let place = Place::new();
    let screen = place.start(&[]);
    screen.expect("Token (not shown):");
    screen.key("Enter");
    screen.ready();
    screen.line("/quit");
    screen.expect("[exit 0]");
    let screen = place.start(&[]);
    screen.ready();
    assert!(!screen.text().contains("Token"));
}

/// The keychain is asked where nothing else has a token, through the system's own program; here, one that stands in for it.
#[cfg(target_os = "linux")]
#[test]
fn a_token_from_the_keychain() {
    use std::os::unix::fs::PermissionsExt as _;

    let place = Place::new();
    std::fs::create_dir(place.path("bin")).unwrap();
    let tool = place.write(
        "bin/secret-tool",
        "#!/bin/sh\n[ \"$*\" = 'lookup service ml-intern account huggingface' ] && echo hf_canary0123456789\n",
    );
    std::fs::set_permissions(&tool, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/bin:/bin", place.path("bin").display());
    let told = |bus: bool, variable: Option<&str>| {
        let mut command = place.command();
        command.args(["doctor", "--offline"]).env("PATH", &path);
        if bus {
            command.env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/none");
        }
        if let Some(token) = variable {
            command.env("HF_TOKEN", token);
        }
        let text = String::from_utf8(command.output().unwrap().stdout).unwrap();
        assert!(!text.contains("canary"));
        let line = text.lines().find(|line| line.contains("hub token"));
        line.unwrap().to_owned()
    };
    assert!(told(true, None).ends_with("the Hugging Face token is from the keychain"));
    assert!(told(false, None).contains("; the keychain: none here)"));
    let own = told(true, Some("hf_another0123456789"));
    assert!(own.ends_with("the Hugging Face token is from HF_TOKEN (environment)"));
}

/// What is wrong, and what to do about it.
#[test]
fn doctor() {
    let place = Place::new();
    let run = |arguments: &[&str]| {
        let output = place
            .command()
            .arg("doctor")
            .args(arguments)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        (output.status.code().unwrap(), text)
    };
    let (code, text) = run(&["--offline"]);
    assert_eq!(code, 1, "{text}");
    for line in [
        "missing  hub token  no Hugging Face token (looked at HF_TOKEN: not set;",
        "wrong    model      anthropic/claude-opus-4.8:fal-ai (from ",
        "no key; set ",
        "ok       python ",
        "ok       plugins    ",
        "ok       policy     interactive (from built-in)",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let (code, text) = run(&["--offline", "--model", "scripted/demo"]);
    assert_eq!(code, 0, "{text}");
    let (code, text) = run(&["--model", "llamacpp/x", "--json"]);
    assert_eq!(code, 1, "{text}");
    let checks: Vec<Value> = serde_json::from_str(&text).unwrap();
    let model = checks
        .iter()
        .find(|check| check["what"] == "model")
        .unwrap();
    assert_eq!(
        model["remedy"],
        "start the server; see docs/local-models.md"
    );
    place.write("config.json", r#"{"modle_name": "a/b"}"#);
    let output = place
        .command()
        .args(["doctor", "--offline"])
        .env("ML_INTERN_CLI_CONFIG", place.path("config.json"))
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains("wrong    config") && text.contains("model_name"),
        "{text}"
    );
}

/// A flag goes before a variable, a variable before the project, the project before the user.
#[test]
fn where_a_value_is_from() {
    let place = Place::new();
    let user = place.write("user.json", r#"{"model_name": "user/a", "max_calls": 9}"#);
    std::fs::create_dir(place.path("work/.ml-intern")).unwrap();
    let model = |variable: Option<&str>, project: bool| {
        let file = place.path("work/.ml-intern/config.json");
        if project {
            std::fs::write(&file, r#"{"model_name": "project/b", "max_calls": 3}"#).unwrap();
        } else {
            let _ = std::fs::remove_file(&file);
        }
        let mut command = place.command();
        command
            .args(["config", "show", "--json"])
            .env("ML_INTERN_CLI_CONFIG", &user);
        if let Some(variable) = variable {
            command.env("ML_INTERN_MODEL", variable);
        }
        let output = command.output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    for (variable, project, value) in [
        (None, false, "user/a"),
        (None, true, "project/b"),
        (Some("variable/c"), true, "variable/c"),
    ] {
        let shown = model(variable, project);
        assert!(shown.contains(value), "{value}: {shown}");
    }
    // What a flag says goes before all of them: the error names it.
    let output = place
        .command()
        .args(["--model", "flag", "hello"])
        .env("ML_INTERN_MODEL", "variable/c")
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        error.contains("`flag`") && error.contains("--model"),
        "{error}"
    );
}

/// For shells, readers and editors.
#[test]
fn pages() {
    let place = Place::new();
    for (arguments, begins) in [
        (&["completions", "bash"][..], "_ml__intern()"),
        (&["man"], ".ie \\n"),
        (&["config", "schema"], "{"),
        (&["config", "path"], "user "),
        (&["sessions"], "no sessions"),
        (&["sessions", "--json"], "[]"),
    ] {
        let output = place.command().args(arguments).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{arguments:?}");
        assert!(text.starts_with(begins), "{arguments:?}: {text}");
    }
    let help = place.command().arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    for heading in ["Sessions:", "Changes:", "Looking:"] {
        assert!(help.contains(heading), "{help}");
    }
}
