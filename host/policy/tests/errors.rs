//! Every way in which a policy can be wrong gives one message, with file, line, column, key and what was expected.
#![expect(
    clippy::unwrap_used,
    reason = "a wrong policy that is accepted fails the test"
)]

use ml_intern_policy::Policy;

/// Three lines that are right; what a row adds begins on line 4.
const HEAD: &str = concat!(
    "version = 1\n",
    "name = \"t\"\n",
    "limits = { memory = \"1 GiB\", fuel = 9, deadline = \"1 s\", output = \"1 MiB\", open-files = 9, ",
    "host-calls = 9, disk = \"1 MiB\", network = \"1 MiB\", requests = 9 }\n",
);

/// The beginning of a rule; what a row adds is on line 8.
const RULE: &str = "[[rule]]\nname = \"r\"\ndecision = \"allow\"\ntools = \"all\"\n";

fn message(text: &str) -> String {
    Policy::parse("p.toml", text).unwrap_err().to_string()
}

#[test]
fn the_beginning_is_right() {
    Policy::parse("p.toml", HEAD).unwrap();
    Policy::parse("p.toml", &format!("{HEAD}{RULE}effects = \"all\"\n")).unwrap();
}

#[test]
fn whole_files() {
    let table = [
        (
            "",
            "p.toml:1:1: key `version`: missing; expected 1, the version of the format",
        ),
        (
            "version = 2",
            "p.toml:1:11: key `version`: found the integer 2; expected 1, the version of the format",
        ),
        (
            "version = \"1\"",
            "p.toml:1:11: key `version`: found \"1\"; expected 1, the version of the format",
        ),
        (
            "version = 1",
            "p.toml:1:1: key `name`: missing; expected the policy's name, a text",
        ),
        (
            "version = 1\nname = \" \"",
            "p.toml:2:8: key `name`: found \" \"; expected the policy's name, a text",
        ),
        (
            "version = 1\nname = \"t\"",
            "p.toml:1:1: key `limits`: missing; expected a table with every limit",
        ),
        (
            "version = 1\nname = \"t\"\nwalls = \"none\"",
            "p.toml:3:9: key `walls`: found \"none\"; expected \"required\" or \"optional\"",
        ),
        (
            "version = 1\nname = \"t\"\nlimits = []",
            "p.toml:3:10: key `limits`: found an empty list; expected a table with every limit",
        ),
        (
            "version = 1\nname = \"t\"\n[limits]\nmemory = \"1 B\"",
            "p.toml:3:1: key `limits.fuel`: missing; expected a whole number, 0 or more",
        ),
        (
            "version = 1\nname = \"t\"\n[limits]\nmemory = 1024",
            "p.toml:4:10: key `limits.memory`: found the integer 1024; expected a size, for example \"512 MiB\" (B, KiB, MiB, GiB)",
        ),
        (
            "version = 1\nname = \"t\"\n[limits]\nmemory = \"1 B\"\nfuel = -1",
            "p.toml:5:8: key `limits.fuel`: found the integer -1; expected a whole number, 0 or more",
        ),
        (
            "version = 1\nname = \"t\"\n[limits]\nmemory = \"1 B\"\nfuel = 1\ndeadline = \"1 h\"",
            "p.toml:6:12: key `limits.deadline`: found \"1 h\"; expected a duration, for example \"30 s\" (ms, s, min)",
        ),
        (
            "version = 1\nname = \"t\"\n[limits]\nmemroy = \"1 B\"",
            "p.toml:4:1: key `limits.memroy`: unknown key; expected `memory`",
        ),
        (
            "rules = []",
            "p.toml:1:1: key `rules`: unknown key; expected `rule`",
        ),
        (
            "zzzzzz = []",
            "p.toml:1:1: key `zzzzzz`: unknown key; expected one of version, name, description, walls, limits, limit, otherwise, rule, expect",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(message(text), expected, "{text}");
    }
}

#[test]
fn what_is_no_toml() {
    let table = [
        ("version = ", "p.toml:1:11: not TOML: "),
        ("version = 1\nversion = 1", "p.toml:2:1: not TOML: "),
        ("a = \"\n", "p.toml:1:6: not TOML: "),
        ("ü = 1", "p.toml:1:1: not TOML: "),
        ("[[rule]\n", "p.toml:1:8: not TOML: "),
    ];
    for (text, start) in table {
        let message = message(text);
        assert!(message.starts_with(start), "{text}: {message}");
        assert!(!message.contains('\n'), "{message}");
    }
}

#[test]
fn after_the_beginning() {
    let table = [
        (
            "description = 5",
            "p.toml:4:15: key `description`: found the integer 5; expected a text",
        ),
        (
            "rule = 5",
            "p.toml:4:8: key `rule`: found the integer 5; expected [[rule]] tables",
        ),
        (
            "rule = []",
            "p.toml:4:8: key `rule`: found an empty list; expected [[rule]] tables",
        ),
        (
            "[rule]",
            "p.toml:4:1: key `rule`: found a table; expected [[rule]] tables",
        ),
        (
            "[otherwise]\nhttp = \"allow\"",
            "p.toml:5:8: key `otherwise.http`: found \"allow\"; expected \"ask\" or \"deny\"; what is allowed needs a rule",
        ),
        (
            "[otherwise]\nhttps = \"ask\"",
            "p.toml:5:1: key `otherwise.https`: unknown key; expected `http`",
        ),
        (
            "[[otherwise]]\nhttp = \"ask\"",
            "p.toml:4:1: key `otherwise`: found a list of tables; expected a table of classes",
        ),
        (
            "[[limit]]\nmemory = \"1 B\"",
            "p.toml:4:1: key `limit.tools`: missing; expected \"all\", or a list of `plugin`, `plugin/tool` or `plugin/tool/operation`; [] matches nothing",
        ),
        (
            "[[limit]]\ntools = []",
            "p.toml:4:1: key `limit`: missing; expected at least one of memory, fuel, deadline, output, open-files, host-calls, disk, network, requests",
        ),
        (
            "[[limit]]\ntools = []\nfuel = \"1\"",
            "p.toml:6:8: key `limit.fuel`: found \"1\"; expected a whole number, 0 or more",
        ),
        (
            "[[rule]]",
            "p.toml:4:1: key `rule.name`: missing; expected the rule's name, a text",
        ),
        (
            "[[rule]]\nname = \"r\"",
            "p.toml:4:1: key `rule.decision`: missing; expected \"allow\", \"ask\" or \"deny\"",
        ),
        (
            "[[rule]]\nname = \"r\"\ndecision = \"maybe\"",
            "p.toml:6:12: key `rule.decision`: found \"maybe\"; expected \"allow\", \"ask\" or \"deny\"",
        ),
        (
            "[[rule]]\nname = \"r\"\ndecision = true",
            "p.toml:6:12: key `rule.decision`: found true; expected \"allow\", \"ask\" or \"deny\"",
        ),
        (
            "[[rule]]\nname = \"r\"\ndecision = \"ask\"",
            "p.toml:4:1: key `rule.tools`: missing; expected \"all\", or a list of `plugin`, `plugin/tool` or `plugin/tool/operation`; [] matches nothing",
        ),
        (
            "[[rule]]\nname = \"r\"\ndecision = \"ask\"\ntools = \"files\"",
            "p.toml:7:9: key `rule.tools`: found \"files\"; expected \"all\", or a list of `plugin`, `plugin/tool` or `plugin/tool/operation`; [] matches nothing",
        ),
        (
            "[[rule]]\nname = \"r\"\ndecision = \"ask\"\ntools = [\"files\", 5]",
            "p.toml:7:19: key `rule.tools`: found the integer 5; expected \"all\", or a list of `plugin`, `plugin/tool` or `plugin/tool/operation`; [] matches nothing",
        ),
        (
            "[[rule]]\nname = \"r\"\ndecision = \"ask\"\ntools = [\"files/*\"]",
            "p.toml:7:10: key `rule.tools`: `*` is not a pattern; expected the plugin's or tool's name alone, or tools = \"all\"",
        ),
        (
            "[[rule]]\nname = \"r\"\ndecision = \"ask\"\ntools = [\"files/\"]",
            "p.toml:7:10: key `rule.tools`: unknown form \"files/\"; expected `plugin`, `plugin/tool` or `plugin/tool/operation`",
        ),
        (
            "[[rule]]\nname = \"r\"\ndecision = \"ask\"\ntools = [\"host\"]",
            "p.toml:7:10: key `rule.tools`: `host` alone names no principal; expected one of its parts, for example `host/models`",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(message(&format!("{HEAD}{text}")), expected, "{text}");
    }
}

#[test]
fn subjects() {
    const ORIGINS: &str = "\"all\", \"configured\", \"configured-loopback\", or a list of origins; [] matches nothing";
    let origins_missing =
        format!("p.toml:8:8: key `rule.http.origins`: missing; expected {ORIGINS}");
    let origins_word =
        format!("p.toml:8:20: key `rule.http.origins`: found \"any\"; expected {ORIGINS}");
    let table = [
        (
            "",
            "p.toml:4:1: key `rule`: missing; expected exactly one of effects, http, dns, mounts, programs, models, agents, state, notify",
        ),
        (
            "effects = []\ndns = []",
            "p.toml:9:7: key `rule.dns`: found a second subject; expected exactly one of effects, http, dns, mounts, programs, models, agents, state, notify",
        ),
        (
            "effect = []",
            "p.toml:8:1: key `rule.effect`: unknown key; expected `effects`",
        ),
        (
            "effects = \"write\"",
            "p.toml:8:11: key `rule.effects`: found \"write\"; expected \"all\", or a list of effects; [] matches nothing",
        ),
        (
            "effects = [\"writes\"]",
            "p.toml:8:12: key `rule.effects`: unknown effect `writes`; expected observe, write, execute, notify, publish, destroy, spend or undeclared",
        ),
        (
            "effects = [\"all\"]",
            "p.toml:8:12: key `rule.effects`: unknown effect `all`; expected observe, write, execute, notify, publish, destroy, spend or undeclared",
        ),
        (
            "http = \"all\"",
            "p.toml:8:8: key `rule.http`: found \"all\"; expected a table { origins, methods, paths }",
        ),
        ("http = {}", origins_missing.as_str()),
        ("http = { origins = \"any\" }", origins_word.as_str()),
        (
            "http = { origins = [\"x.y\"] }",
            "p.toml:8:21: key `rule.http.origins`: not an origin: \"x.y\", byte 0: expected `http://` or `https://`",
        ),
        (
            "http = { origins = [] }",
            "p.toml:8:8: key `rule.http.methods`: missing; expected \"all\", or a list of methods; [] matches nothing",
        ),
        (
            "http = { origins = [], methods = [\"get\"] }",
            "p.toml:8:35: key `rule.http.methods`: unknown method `get`; expected GET, HEAD, OPTIONS, POST, PUT, PATCH or DELETE",
        ),
        (
            "http = { origins = [], methods = [] }",
            "p.toml:8:8: key `rule.http.paths`: missing; expected \"all\", or a list of path prefixes; [] matches nothing",
        ),
        (
            "http = { origins = [], methods = [], paths = [\"/a/\"] }",
            "p.toml:8:47: key `rule.http.paths`: not a path to decide about: \"/a/\", byte 2: expected no `/` at the end of a prefix: `/api` covers `/api/` and all below it",
        ),
        (
            "http = { origins = [], methods = [], paths = [], addresses = \"all\" }",
            "p.toml:8:62: key `rule.http.addresses`: found \"all\"; expected \"public\", \"loopback\" or \"private\"",
        ),
        (
            "http = { origin = [] }",
            "p.toml:8:10: key `rule.http.origin`: unknown key; expected `origins`",
        ),
        (
            "dns = \"x.y\"",
            "p.toml:8:7: key `rule.dns`: found \"x.y\"; expected \"all\", or a list of host names; [] matches nothing",
        ),
        (
            "dns = [\"127.0.0.1\"]",
            "p.toml:8:8: key `rule.dns`: \"127.0.0.1\" is an address; expected a name, since addresses are not looked up",
        ),
        (
            "mounts = [\"workspace\"]",
            "p.toml:8:11: key `rule.mounts`: found \"workspace\"; expected \"all\", or a list of { name, access }; [] matches nothing",
        ),
        (
            "mounts = [{ name = \"tmp\" }]",
            "p.toml:8:11: key `rule.mounts.access`: missing; expected \"read-only\" or \"read-write\"",
        ),
        (
            "mounts = [{ name = \"tmp\", access = \"rw\" }]",
            "p.toml:8:36: key `rule.mounts.access`: found \"rw\"; expected \"read-only\" or \"read-write\"",
        ),
        (
            "mounts = [{ access = \"read-only\" }]",
            "p.toml:8:11: key `rule.mounts.name`: missing; expected the directory's name, a text",
        ),
        (
            "programs = [5]",
            "p.toml:8:13: key `rule.programs`: found the integer 5; expected \"all\", or a list of programs; [] matches nothing",
        ),
        (
            "models = { }",
            "p.toml:8:10: key `rule.models`: found a table; expected \"all\", or a list of roles; [] matches nothing",
        ),
        (
            "agents = true",
            "p.toml:8:10: key `rule.agents`: found true; expected \"all\", or [] which matches nothing",
        ),
        (
            "state = [\"x\"]",
            "p.toml:8:10: key `rule.state`: found \"x\"; expected \"all\", or [] which matches nothing",
        ),
        (
            "notify = 1.5",
            "p.toml:8:10: key `rule.notify`: found a fraction; expected \"all\", or [] which matches nothing",
        ),
        (
            "notify = []\nreason = 2000-01-01",
            "p.toml:9:10: key `rule.reason`: found a date; expected a text",
        ),
        (
            "notify = []\n[[rule]]\nname = \"r\"\ndecision = \"deny\"\ntools = []\nstate = []",
            "p.toml:10:8: key `rule.name`: found \"r\" a second time; expected a name that line 4 does not have",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(message(&format!("{HEAD}{RULE}{text}")), expected, "{text}");
    }
}

#[test]
fn expectations() {
    let table = [
        (
            "",
            "p.toml:9:1: key `expect.decision`: missing; expected \"allow\", \"ask\" or \"deny\"",
        ),
        (
            "decision = \"allow\"",
            "p.toml:9:1: key `expect.call`: missing; expected the operation that calls: `plugin/tool/operation`",
        ),
        (
            "decision = \"allow\"\ncall = \"a/b\"",
            "p.toml:11:8: key `expect.call`: found \"a/b\"; expected the operation that calls: `plugin/tool/operation`",
        ),
        (
            "decision = \"allow\"\ncall = \"a/b/c\"",
            "p.toml:9:1: key `expect`: missing; expected exactly one of effects, need, request, resolve",
        ),
        (
            "decision = \"allow\"\ncall = \"a/b/c\"\nneed = { agent = true }\neffects = []",
            "p.toml:9:1: key `expect`: missing; expected exactly one of effects, need, request, resolve",
        ),
        (
            "decision = \"allow\"\ncall = \"a/b/c\"\nneed = {}",
            "p.toml:12:8: key `expect.need`: missing; expected exactly one of http, mount, program, model, agent, state, notify",
        ),
        (
            "decision = \"allow\"\ncall = \"a/b/c\"\nneed = { agent = false }",
            "p.toml:12:18: key `expect.need.agent`: found false; expected true",
        ),
        (
            "decision = \"allow\"\ncall = \"a/b/c\"\nneed = { program = \"x\", access = \"read-only\" }",
            "p.toml:12:25: key `expect.need.access`: unknown key; expected one of program",
        ),
        (
            "decision = \"allow\"\ncall = \"a/b/c\"\nneed = { http = \"https://x.y\", methods = [], paths = [] }",
            "p.toml:12:8: key `expect.need`: found a table; expected a need that asks for something",
        ),
        (
            "decision = \"allow\"\ncall = \"a/b/c\"\nneed = { agent = true }\nneeds = []",
            "p.toml:13:9: key `expect.needs`: found `needs` beside `need`; expected it only beside `effects`",
        ),
        (
            "decision = \"allow\"\ncall = \"a/b/c\"\nresolve = \"x.y\"\naddresses = \"public\"",
            "p.toml:13:13: key `expect.addresses`: found `addresses` beside `resolve`; expected it only beside `request`",
        ),
        (
            "decision = \"allow\"\ncall = \"a/b/c\"\nresolve = \"::1\"",
            "p.toml:12:11: key `expect.resolve`: not an origin: \"::1\", byte 0: expected a letter, a digit, `-`, `_` or `.`",
        ),
        (
            "decision = \"allow\"\ncall = \"a/b/c\"\nresolve = \"1.1.1.1\"",
            "p.toml:12:11: key `expect.resolve`: found \"1.1.1.1\"; expected a host name",
        ),
        (
            "decision = \"allow\"\ncall = \"a/b/c\"\nrequest = \"GET /x\"",
            "p.toml:12:11: key `expect.request`: found \"GET /x\"; expected a method and an address, for example \"GET https://example.com/x\"",
        ),
        (
            "decision = \"allow\"\ncall = \"a/b/c\"\nrequest = \"CONNECT https://x.y\"",
            "p.toml:12:11: key `expect.request`: unknown method `CONNECT`; expected GET, HEAD, OPTIONS, POST, PUT, PATCH or DELETE",
        ),
        (
            "decision = \"allow\"\ncall = \"a/b/c\"\nrequest = \"GET https://x.y/../z\"",
            "p.toml:12:11: key `expect.request`: not a path to decide about: \"/../z\", byte 1: `.` and `..` segments are not allowed: write the path that is meant",
        ),
        (
            "decision = \"allow\"\ncall = \"a/b/c\"\neffects = [\"publish\"]",
            "p.toml:9:1: key `expect`: wanted allow, got deny for `effect publish` from `t: no rule`",
        ),
        (
            "decision = \"deny\"\ncall = \"a/b/c\"\neffects = [\"observe\"]",
            "p.toml:9:1: key `expect`: wanted deny, got allow for `effect observe` from `t: r`",
        ),
        (
            "decision = \"allow\"\ncall = \"a/b/c\"\nneed = { mount = \"tmp\", access = \"read-only\" }",
            "p.toml:9:1: key `expect`: wanted allow, got deny for `mount tmp read-only` from `t: no rule`",
        ),
        (
            "decision = \"allow\"\ncall = \"a/b/c\"\nrequest = \"GET https://x.y/z\"",
            "p.toml:9:1: key `expect`: wanted allow, got deny for `http GET https://x.y:443/z` from `t: no rule`",
        ),
        (
            "decision = \"deny\"\ncall = \"a/b/c\"\nrequest = \"GET https://x.y\"\naddresses = \"private\"",
            "p.toml:9:1: key `expect`: wanted deny for private addresses, got deny for public addresses for `http GET https://x.y:443/` from `t: no rule`",
        ),
        (
            "decision = \"ask\"\ncall = \"a/b/c\"\nresolve = \"x.y\"",
            "p.toml:9:1: key `expect`: wanted ask, got deny for `dns x.y` from `t: no rule`",
        ),
    ];
    for (text, expected) in table {
        let text = format!("{HEAD}{RULE}effects = [\"observe\"]\n[[expect]]\n{text}");
        assert_eq!(message(&text), expected, "{text}");
    }
}

#[test]
fn columns_count_characters() {
    let text = format!("{HEAD}description = \"ü\" # ü\n[[rule]]\nname = \"ü\"\ndecision = \"ü\"");
    assert_eq!(
        message(&text),
        "p.toml:7:12: key `rule.decision`: found \"ü\"; expected \"allow\", \"ask\" or \"deny\""
    );
    let text = format!("{HEAD}rule = {{ \"ü\" = 1, x = 2 }}");
    assert_eq!(
        message(&text),
        "p.toml:4:8: key `rule`: found a table; expected [[rule]] tables"
    );
}

#[test]
fn hostile_files_give_errors() {
    let deep = format!("a = {}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(message(&deep).starts_with("p.toml:1:"), "deep lists");
    let dotted = format!("{}a = 1", "a.".repeat(100_000));
    assert!(message(&dotted).starts_with("p.toml:1:"), "deep keys");
    let long = format!("{} = 1", "a".repeat(1_000_000));
    assert!(message(&long).ends_with("unknown key; expected one of version, name, description, walls, limits, limit, otherwise, rule, expect"));
}
