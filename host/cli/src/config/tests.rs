//! Configurations put together from all their sources.

use std::path::Path;

use serde_json::json;

use super::dotenv::DotEnv;
use super::*;

/// What a test has beside what is built in.
#[derive(Default)]
struct Given<'g> {
    user: Option<&'g str>,
    project: Option<&'g str>,
    variables: &'g [(&'g str, &'g str)],
    dotenv: &'g str,
    flags: Vec<Flag>,
}

fn file(path: &str, text: &str) -> File {
    File {
        path: path.into(),
        text: text.to_owned(),
    }
}

fn load_from(sources: Sources, given: &Given<'_>) -> Result<Loaded, String> {
    let get = |name: &str| {
        let found = given.variables.iter().find(|(key, _)| *key == name);
        found.map(|(_, value)| (*value).to_owned())
    };
    let dotenv = DotEnv::parse(Path::new("p/.env"), given.dotenv);
    Config::load(sources, &Environment::new(get, vec![dotenv])).map_err(|error| error.to_string())
}

fn load(given: &Given<'_>) -> Result<Loaded, String> {
    let sources = Sources {
        user: given.user.map(|text| file("u.json", text)),
        project: given
            .project
            .map(|text| file("p/.ml-intern/config.json", text)),
        flags: given.flags.clone(),
        ..Sources::cli()
    };
    load_from(sources, given)
}

/// The value and the place of a key.
fn said(loaded: &Loaded, key: &str) -> (Value, String) {
    let row = &loaded.show_json()[key];
    let from = row["from"].as_str().unwrap();
    let at = row["at"].as_str().unwrap();
    let from = if from == at {
        from.to_owned()
    } else {
        format!("{from} {at}")
    };
    (row["value"].clone(), from)
}

#[test]
fn precedence() {
    let flag = |key, name| {
        vec![Flag {
            name,
            key,
            value: json!("flag/model"),
        }]
    };
    let user = Some(r#"{"model_name": "user/model"}"#);
    let project = Some("{\n  \"model_name\": \"project/model\"\n}");
    let variables = &[("ML_INTERN_MODEL", "variable/model")];
    let table = [
        (
            Given::default(),
            "anthropic/claude-opus-4.8:fal-ai",
            "built-in",
        ),
        (
            Given {
                user,
                ..Given::default()
            },
            "user/model",
            "user u.json:1",
        ),
        (
            Given {
                user,
                project,
                ..Given::default()
            },
            "project/model",
            "project p/.ml-intern/config.json:2",
        ),
        (
            Given {
                user,
                project,
                dotenv: "ML_INTERN_MODEL=dotenv/model",
                ..Given::default()
            },
            "dotenv/model",
            "environment ML_INTERN_MODEL (p/.env:1)",
        ),
        (
            Given {
                user,
                project,
                variables,
                dotenv: "ML_INTERN_MODEL=dotenv/model",
                ..Given::default()
            },
            "variable/model",
            "environment ML_INTERN_MODEL",
        ),
        (
            Given {
                user,
                project,
                variables,
                flags: flag("model_name", "--model"),
                ..Given::default()
            },
            "flag/model",
            "flag --model",
        ),
        // Each is above all below it, also where those between say nothing.
        (
            Given {
                user,
                flags: flag("model_name", "--model"),
                ..Given::default()
            },
            "flag/model",
            "flag --model",
        ),
        (
            Given {
                user,
                variables,
                ..Given::default()
            },
            "variable/model",
            "environment ML_INTERN_MODEL",
        ),
        // A variable that is empty says nothing.
        (
            Given {
                user,
                variables: &[("ML_INTERN_MODEL", "")],
                ..Given::default()
            },
            "user/model",
            "user u.json:1",
        ),
    ];
    for (given, model, from) in table {
        let loaded = load(&given).unwrap();
        assert_eq!(loaded.config.model_name, model);
        assert_eq!(
            said(&loaded, "/model_name"),
            (json!(model), from.to_owned())
        );
    }
}

#[test]
fn every_key_has_a_variable_or_is_an_object() {
    let table = [
        ("ML_INTERN_MODEL", "a/b", "/model_name", json!("a/b")),
        (
            "ML_INTERN_REASONING_EFFORT",
            "max",
            "/reasoning_effort",
            json!("max"),
        ),
        ("ML_INTERN_POLICY", "offline", "/policy", json!("offline")),
        (
            "ML_INTERN_SAVE_SESSIONS",
            "no",
            "/save_sessions",
            json!(false),
        ),
        (
            "ML_INTERN_SESSION_DATASET_REPO",
            "a/b",
            "/session_dataset_repo",
            json!("a/b"),
        ),
        ("ML_INTERN_SHARE_TRACES", "1", "/share_traces", json!(true)),
        (
            "ML_INTERN_PERSONAL_TRACE_REPO_TEMPLATE",
            "{hf_user}/x",
            "/personal_trace_repo_template",
            json!("{hf_user}/x"),
        ),
        (
            "ML_INTERN_AUTO_SAVE_INTERVAL",
            "5",
            "/auto_save_interval",
            json!(5),
        ),
        (
            "ML_INTERN_HEARTBEAT_INTERVAL_S",
            "0",
            "/heartbeat_interval_s",
            json!(0),
        ),
        ("ML_INTERN_YOLO_MODE", "on", "/yolo_mode", json!(true)),
        (
            "ML_INTERN_MAX_ITERATIONS",
            "-1",
            "/max_iterations",
            json!(-1),
        ),
        ("ML_INTERN_MAX_COST_USD", "2.5", "/max_cost_usd", json!(2.5)),
        ("ML_INTERN_MAX_TOKENS", "1000", "/max_tokens", json!(1000)),
        ("ML_INTERN_MAX_CALLS", "10", "/max_calls", json!(10)),
        ("ML_INTERN_TIMEOUT", "30min", "/timeout", json!("30min")),
        (
            "ML_INTERN_CONFIRM_CPU_JOBS",
            "false",
            "/confirm_cpu_jobs",
            json!(false),
        ),
        (
            "ML_INTERN_AUTO_FILE_UPLOAD",
            "yes",
            "/auto_file_upload",
            json!(true),
        ),
        (
            "ML_INTERN_TOOL_RUNTIME",
            "sandbox",
            "/tool_runtime",
            json!("sandbox"),
        ),
    ];
    for (variable, text, key, value) in &table {
        let loaded = load(&Given {
            variables: &[(variable, text)],
            ..Given::default()
        })
        .unwrap();
        assert_eq!(
            said(&loaded, key),
            (value.clone(), format!("environment {variable}"))
        );
    }
    let with: Vec<&str> = keys::KEYS.iter().filter_map(|key| key.variable).collect();
    assert_eq!(with, table.map(|(variable, ..)| variable));
    let without = keys::KEYS.iter().filter(|key| key.variable.is_none());
    let without: Vec<&str> = without.map(|key| key.name).collect();
    assert_eq!(without, ["$schema", "mcpServers", "messaging"]);
}

#[test]
fn files_are_merged_deep() {
    let user = r#"{
        "mcpServers": {
            "hf-mcp-server": {"url": "https://hub.example/mcp"},
            "files": {"command": "server", "args": ["--root", "."]}
        },
        "messaging": {"auto_event_types": ["error", "error"]}
    }"#;
    let loaded = load(&Given {
        user: Some(user),
        ..Given::default()
    })
    .unwrap();
    let hub = &loaded.config.mcp_servers["hf-mcp-server"];
    assert_eq!(hub.url.as_deref(), Some("https://hub.example/mcp"));
    assert_eq!(hub.transport, Some(values::Transport::Http));
    assert_eq!(
        loaded.config.mcp_servers["files"].command.as_deref(),
        Some("server")
    );
    assert_eq!(
        loaded.config.messaging.auto_event_types,
        [values::AutoEvent::Error]
    );
    assert_eq!(
        said(&loaded, "/mcpServers/hf-mcp-server/url").1,
        "user u.json:3"
    );
    assert_eq!(
        said(&loaded, "/mcpServers/hf-mcp-server/transport").1,
        "built-in"
    );
    // Null removes.
    let user = r#"{"mcpServers": {"hf-mcp-server": null}}"#;
    let loaded = load(&Given {
        user: Some(user),
        ..Given::default()
    })
    .unwrap();
    assert!(loaded.config.mcp_servers.is_empty());
}

#[test]
fn variables_in_files() {
    let variables: &[(&str, &str)] = &[
        ("A", "a/b"),
        ("N", "12"),
        ("EMPTY", ""),
        ("NESTED", "${A}/x"),
    ];
    let table = [
        (r#"{"model_name": "${A}"}"#, "/model_name", json!("a/b")),
        (
            r#"{"model_name": "${B:-c/d}"}"#,
            "/model_name",
            json!("c/d"),
        ),
        (
            r#"{"model_name": "${NESTED}"}"#,
            "/model_name",
            json!("${A}/x"),
        ),
        (
            r#"{"max_iterations": "${N}"}"#,
            "/max_iterations",
            json!(12),
        ),
        (
            r#"{"max_iterations": "${M:--1}"}"#,
            "/max_iterations",
            json!(-1),
        ),
        (
            r#"{"max_cost_usd": "${EMPTY}"}"#,
            "/max_cost_usd",
            json!(null),
        ),
        (
            r#"{"yolo_mode": "${M:-false}"}"#,
            "/yolo_mode",
            json!(false),
        ),
        (r#"{"policy": "${HERE}"}"#, "/policy", json!("from-dotenv")),
    ];
    for (user, key, value) in table {
        let given = Given {
            user: Some(user),
            variables,
            dotenv: "HERE=from-dotenv",
            ..Given::default()
        };
        let loaded = load(&given).unwrap();
        let now = loaded.tree.get(&key[1..]).unwrap().value();
        assert_eq!(now, value, "{user}");
    }
    // What has been replaced needs no variable.
    let given = Given {
        user: Some(r#"{"policy": "${UNSET}"}"#),
        variables: &[("ML_INTERN_POLICY", "ci")],
        ..Given::default()
    };
    assert_eq!(load(&given).unwrap().config.policy.as_deref(), Some("ci"));
    // A variable's own text is not looked at.
    let given = Given {
        variables: &[("ML_INTERN_POLICY", "${A}"), ("A", "x")],
        ..Given::default()
    };
    assert_eq!(load(&given).unwrap().config.policy.as_deref(), Some("${A}"));
}

#[test]
fn errors() {
    let user = |text| Given {
        user: Some(text),
        ..Given::default()
    };
    let project = |text| Given {
        project: Some(text),
        ..Given::default()
    };
    let variable = |variables| Given {
        variables,
        ..Given::default()
    };
    let table = [
        (
            user("[]"),
            "u.json:1: expected an object at the top, found an array",
        ),
        (
            user("{\"a\": }"),
            "u.json:1: not JSON: Unexpected close brace",
        ),
        (
            user("{\n\"yolo_mod\": true}"),
            "u.json:2: /yolo_mod: unknown key; the nearest is `yolo_mode`",
        ),
        (
            user("{\n\n\"max_calls\": \"5\"}"),
            "u.json:3: /max_calls: expected a whole number from 0 or null, found a string",
        ),
        (
            user("{\n\"messaging\": {\n\"enabled\": \"${ON}\"}}"),
            "u.json:3: /messaging/enabled: ${ON} is not set; set it in the environment or in .env, or give a default: ${ON:-…}",
        ),
        (
            user("{\"messaging\": {\"enabled\": true}}"),
            "u.json:1: /messaging/enabled: is true, and there is no destination; add one to `messaging.destinations`",
        ),
        (
            user("{\"mcpServers\": {\"hf-mcp-server\": {\n\"command\": \"x\"}}}"),
            "u.json:2: /mcpServers/hf-mcp-server/command: a server has a `command` or a `url`, and this has both: files are merged, so \
             give it another name",
        ),
        (
            project("{\n\"yolo_mode\": true,\n\"policy\": \"mine.toml\"}"),
            "p/.ml-intern/config.json:2: /yolo_mode: a project's file may set it to `false` alone; set it in your own file\n\
             p/.ml-intern/config.json:3: /policy: a project's file may not set it: it decides what is allowed; set it in your own file",
        ),
        (
            Given {
                user: Some("{\"max_call\": 1}"),
                ..project("{\"policy\": \"ci\"}")
            },
            "p/.ml-intern/config.json:1: /policy: a project's file may not set it: it decides what is allowed; set it in your own file\n\
             u.json:1: /max_call: unknown key; the nearest is `max_calls`",
        ),
        (
            project("{\"max_iterations\": 301}"),
            "p/.ml-intern/config.json:1: /max_iterations: a project's file may only lower it, and this is above what is set \
             already (built-in); set it in your own file",
        ),
        (
            project("{\"modelname\": 1}"),
            "p/.ml-intern/config.json:1: /modelname: unknown key; the nearest is `model_name`",
        ),
        (
            variable(&[("ML_INTERN_MAX_CALLS", "many")]),
            "ML_INTERN_MAX_CALLS: /max_calls: expected a whole number from 0 or null, found a string",
        ),
        (
            variable(&[("ML_INTERN_TOOL_RUNTIME", "locl")]),
            "ML_INTERN_TOOL_RUNTIME: /tool_runtime: expected one of `local`, `sandbox`, found `locl`; the nearest is `local`",
        ),
        (
            variable(&[
                ("SLACK_BOT_TOKEN", "x"),
                ("SLACK_CHANNEL", "C"),
                ("ML_INTERN_SLACK_AUTO_EVENTS", "all"),
            ]),
            "ML_INTERN_SLACK_AUTO_EVENTS: /messaging/auto_event_types: expected an array with one of `approval_required`, \
             `error`, `turn_complete`, found `all`",
        ),
        (
            Given {
                flags: vec![Flag {
                    name: "--timeout",
                    key: "timeout",
                    value: json!("5"),
                }],
                ..Given::default()
            },
            "--timeout: /timeout: expected a whole number and a unit, for example `90s` or `30min`",
        ),
    ];
    for (given, expected) in table {
        assert_eq!(load(&given).unwrap_err(), expected);
    }
}

#[test]
fn a_project_can_be_stricter_than_its_user() {
    let loaded = load(&Given {
        user: Some(r#"{"yolo_mode": true, "share_traces": true, "max_calls": 100}"#),
        project: Some(r#"{"yolo_mode": false, "share_traces": false, "max_calls": 10}"#),
        ..Given::default()
    })
    .unwrap();
    let config = loaded.config;
    assert_eq!(
        (config.yolo_mode, config.share_traces, config.max_calls),
        (false, false, Some(10))
    );
}

#[test]
fn a_project_cannot_use_variables_or_files_of_variables_to_reach_further() {
    let loaded = load(&Given {
        dotenv: "ML_INTERN_POLICY=open.toml\nML_INTERN_MODEL=scripted/evil.jsonl\nOPENAI_BASE_URL=https://evil.example\n",
        ..Given::default()
    })
    .unwrap();
    assert_eq!(loaded.config.policy, None);
    assert_eq!(loaded.origin("model_name"), "built-in");
    assert_eq!(
        loaded.warnings,
        [
            "p/.env:1: ML_INTERN_POLICY is ignored: it reaches beyond the project; set it in the environment",
            "p/.env:3: OPENAI_BASE_URL is ignored: it reaches beyond the project; set it in the environment",
            "p/.env:2: ML_INTERN_MODEL is ignored: a project's file may not bring the turns of the model itself; name them with \
             --model",
        ]
    );
}

#[test]
fn nothing_shows_a_secret() {
    let user = r#"{
        "mcpServers": {
            "one": {"url": "https://x.example", "headers": {"Authorization": "Bearer ${MY_TOKEN}", "X-Key": "canary-literal"}},
            "two": {"command": "x", "args": ["--token", "canary-argument"], "env": {"API_KEY": "${KEY:-canary-default}", "MODE": "canary-mode"}}
        },
        "messaging": {"destinations": {"d": {"provider": "slack", "token": "canary-xoxb", "channel": "C"}}},
        "session_dataset_repo": "${HF_TOKEN}/x"
    }"#;
    let variables = &[
        ("MY_TOKEN", "canary-mine"),
        ("PIN", "-17"),
        ("HF_TOKEN", "canary-hub"),
        ("SLACK_BOT_TOKEN", "canary-slack"),
        ("SLACK_CHANNEL", "C2"),
    ];
    let loaded = load(&Given {
        user: Some(user),
        variables,
        ..Given::default()
    })
    .unwrap();
    let shown = [
        loaded.show(),
        loaded.show_json().to_string(),
        format!("{loaded:?}"),
    ];
    for shown in &shown {
        assert!(!shown.contains("canary"), "{shown}");
    }
    let row = loaded.show_json()["/mcpServers/one/headers/Authorization"].clone();
    assert_eq!(
        row,
        json!({"value": "Bearer ${MY_TOKEN}", "from": "user", "at": "u.json:3", "variables": {"MY_TOKEN": "environment"}})
    );
    let row = loaded.show_json()["/messaging/destinations/d/token"].clone();
    assert_eq!(
        row,
        json!({"hidden": true, "from": "user", "at": "u.json:6"})
    );
    let mut secrets = loaded.secrets();
    secrets.sort();
    let expected = [
        ("/mcpServers/one/headers/X-Key", "canary-literal"),
        ("/messaging/destinations/d/token", "canary-xoxb"),
        ("HF_TOKEN", "canary-hub"),
        ("MY_TOKEN", "canary-mine"),
        ("SLACK_BOT_TOKEN", "canary-slack"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(secrets, expected);
    // Neither do errors.
    for user in [
        r#"{"max_calls": "${HF_TOKEN}"}"#,
        r#"{"reasoning_effort": "${HF_TOKEN}"}"#,
        r#"{"messaging": {"auto_event_types": ["${HF_TOKEN}"]}}"#,
        r#"{"timeout": "${HF_TOKEN}"}"#,
        r#"{"max_tokens": "${PIN}"}"#,
        r#"{"messaging": {"destinations": {"d": {"provider": "slack", "token": ["canary"], "channel": "c"}}}}"#,
        r#"{"mcpServers": {"s": {"url": "${HF_TOKEN}"}}}"#,
        r#"{"mcpServers": {"s": {"command": "x", "env": "canary"}}}"#,
    ] {
        let error = load(&Given {
            user: Some(user),
            variables,
            ..Given::default()
        })
        .unwrap_err();
        assert!(
            !error.contains("canary") && !error.contains("17"),
            "{error}"
        );
    }
}

#[test]
fn the_table() {
    let loaded = load(&Given {
        user: Some("{\"max_calls\": 5,\n\"policy\": \"${P:-ci}\",\n\"mcpServers\": {\"hf-mcp-server\": null, \"\u{1b}[2J\": null}}"),
        flags: vec![Flag { name: "--model", key: "model_name", value: json!("a/b\u{202e}") }],
        ..Given::default()
    })
    .unwrap();
    let expected = [
        ("/model_name", "\"a/b\u{fffd}\"", "flag --model"),
        ("/reasoning_effort", "\"high\"", "built-in"),
        ("/policy", "\"${P:-ci}\"", "user u.json:2; P: default"),
        ("/mcpServers", "{}", "built-in"),
        ("/save_sessions", "true", "built-in"),
        ("/session_dataset_repo", "null", "built-in"),
        ("/share_traces", "false", "built-in"),
        (
            "/personal_trace_repo_template",
            "\"{hf_user}/ml-intern-sessions\"",
            "built-in",
        ),
        ("/auto_save_interval", "1", "built-in"),
        ("/heartbeat_interval_s", "60", "built-in"),
        ("/yolo_mode", "false", "built-in"),
        ("/max_iterations", "300", "built-in"),
        ("/max_cost_usd", "null", "built-in"),
        ("/max_tokens", "null", "built-in"),
        ("/max_calls", "5", "user u.json:1"),
        ("/timeout", "null", "built-in"),
        ("/confirm_cpu_jobs", "true", "built-in"),
        ("/auto_file_upload", "false", "built-in"),
        ("/tool_runtime", "\"local\"", "built-in"),
        ("/messaging/enabled", "false", "built-in"),
        (
            "/messaging/auto_event_types",
            "[\"approval_required\",\"error\",\"turn_complete\"]",
            "built-in",
        ),
        ("/messaging/destinations", "{}", "built-in"),
    ];
    // Columns are as wide as what is in them.
    let lines = expected.map(|(key, value, from)| format!("{key:29}  {value:45}  {from}\n"));
    assert_eq!(loaded.show(), lines.concat());
}

#[test]
fn what_the_web_server_has() {
    let sources = Sources::web();
    let slack = &[("SLACK_BOT_TOKEN", "x"), ("SLACK_CHANNEL", "C")];
    let given = Given {
        variables: slack,
        ..Given::default()
    };
    let loaded = load_from(sources, &given).unwrap();
    assert_eq!(loaded.config.model_name, "moonshotai/Kimi-K2.6");
    assert!(!loaded.config.messaging.enabled);
    let given = Given {
        variables: &[("ML_INTERN_DEFAULT_MODEL_ID", "a/b")],
        ..Given::default()
    };
    assert_eq!(
        load_from(Sources::web(), &given).unwrap().config.model_name,
        "a/b"
    );
}

#[test]
fn the_published_schema() {
    let file = include_str!("../../../../configs/config.schema.json");
    assert_eq!(
        file,
        published(),
        "write what `ml-intern config schema` prints to configs/config.schema.json"
    );
    let schema = schema();
    assert_eq!(
        schema["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
    let properties: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    assert_eq!(properties, keys::KEYS.each_ref().map(|key| key.name));
}

/// The tables of keys in the documentation.
fn documented() -> [String; 4] {
    let schema = schema();
    let meaning = |form: &Value| form["description"].as_str().unwrap().replace('\n', " ");
    let built_in = load(&Given::default()).unwrap().tree;
    let mut top = String::from(
        "| key | type | built-in | variable | flag | a project may set it | meaning |\n| --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for key in &keys::KEYS {
        let form = &schema["properties"][key.name];
        let value = built_in.get(key.name).map_or(json!(null), Tree::value);
        let value = if value.is_object() {
            "see below".to_owned()
        } else {
            format!("`{value}`")
        };
        let code =
            |text: Option<&str>| text.map_or_else(|| "–".to_owned(), |text| format!("`{text}`"));
        top.push_str(&format!(
            "| `{}` | {} | {value} | {} | {} | {} | {} |\n",
            key.name,
            check::expected_of(&schema, form),
            code(key.variable),
            code(key.flag),
            key.project,
            meaning(form),
        ));
    }
    let below = ["McpServer", "Messaging", "Destination"].map(|name| {
        let mut table = String::from("| key | type | meaning |\n| --- | --- | --- |\n");
        for (key, form) in schema["$defs"][name]["properties"].as_object().unwrap() {
            table.push_str(&format!(
                "| `{key}` | {} | {} |\n",
                check::expected_of(&schema, form),
                meaning(form)
            ));
        }
        table
    });
    let [servers, messaging, destinations] = below;
    [top, servers, messaging, destinations]
}

#[test]
fn the_documentation_has_the_keys() {
    let documentation = include_str!("../../../../docs/configuration.md");
    for table in documented() {
        assert!(
            documentation.contains(&table),
            "docs/configuration.md is to have this table:\n{table}"
        );
    }
}

#[test]
fn every_example_in_the_documentation_loads() {
    let documentation = include_str!("../../../../docs/configuration.md");
    let blocks: Vec<&str> = documentation
        .split("```json\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert_eq!(blocks.len(), 2);
    let variables = &[("SLACK_BOT_TOKEN", "xoxb"), ("NOTES_TOKEN", "secret")];
    for (user, project) in [(Some(blocks[0]), None), (None, Some(blocks[1]))] {
        load(&Given {
            user,
            project,
            variables,
            ..Given::default()
        })
        .unwrap();
    }
}

#[test]
fn from_a_directory() {
    let root = tempfile::tempdir().unwrap();
    let at = |path: &str| root.path().join(path);
    let write = |path: &str, text: &str| {
        std::fs::create_dir_all(at(path).parent().unwrap()).unwrap();
        std::fs::write(at(path), text).unwrap();
    };
    write(
        "home/.config/ml-intern/cli_agent_config.json",
        r#"{"policy": "${MINE:-ci}", "max_calls": 9}"#,
    );
    write("home/work/.ml-intern/config.json", r#"{"max_calls": 8}"#);
    write("home/work/.env", "MINE=offline\nHF_TOKEN=hf_project\n");
    write("home/work/sub/.env", "HF_TOKEN=hf_sub\n");
    let home = at("home").to_str().unwrap().to_owned();
    let process = |name: &str| (name == "HOME").then(|| home.clone());
    let (environment, project) = environment(&at("home/work/sub"), process);
    assert_eq!(project, at("home/work"));
    let sources = Sources::find(&environment, &project, Vec::new()).unwrap();
    let loaded = Config::load(sources, &environment).unwrap();
    assert_eq!(loaded.config.policy.as_deref(), Some("offline"));
    assert_eq!(loaded.config.max_calls, Some(8));
    assert_eq!(
        loaded.origin("max_calls"),
        format!("{}:1", at("home/work/.ml-intern/config.json").display())
    );
    let found = token(&environment).token.unwrap();
    assert_eq!(found.0.reveal(), "hf_sub");
    assert_eq!(
        found.1,
        format!("HF_TOKEN ({}:1)", at("home/work/sub/.env").display())
    );
}
