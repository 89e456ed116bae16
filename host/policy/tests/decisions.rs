//! Every key of a policy, with a call that it hits and a neighbour that it does not.
#![expect(
    clippy::unwrap_used,
    reason = "a policy that is not accepted fails the test"
)]

use ml_intern_policy::{
    Access, AddressScope, CallRequest, Decision, Effect, HttpNeed, HttpPermit, Limits, Method,
    Need, Origin, PathPrefix, Policy, Verdict, Walls,
};

use Verdict::{Allow, Ask, Deny};

/// Three lines; what a test adds begins on line 4.
const HEAD: &str = concat!(
    "version = 1\n",
    "name = \"t\"\n",
    "limits = { memory = \"1 GiB\", fuel = 100, deadline = \"1 s\", output = \"1 MiB\", open-files = 9, ",
    "host-calls = 9, disk = \"1 MiB\", network = \"1 MiB\", requests = 9 }\n",
);

fn policy(rest: &str) -> Policy {
    Policy::parse("t.toml", &format!("{HEAD}{rest}")).unwrap()
}

fn rule(decision: &str, tools: &str, subject: &str) -> String {
    format!("[[rule]]\nname = {subject:?}\ndecision = \"{decision}\"\ntools = {tools}\n{subject}\n")
}

const PLENTY: Limits = Limits {
    memory: u64::MAX,
    fuel: u64::MAX,
    deadline: u64::MAX,
    output: u64::MAX,
    open_files: u64::MAX,
    host_calls: u64::MAX,
    disk: u64::MAX,
    network: u64::MAX,
    requests: u64::MAX,
};

fn call(path: &str, effects: &[Effect], needs: Vec<Need>) -> CallRequest {
    let parts: Vec<&str> = path.splitn(3, '/').collect();
    let part = |at: usize| parts.get(at).copied().unwrap_or_default().to_owned();
    CallRequest {
        plugin: part(0),
        tool: part(1),
        operation: part(2),
        effects: effects.to_vec(),
        needs,
        limits: PLENTY,
        configured: Vec::new(),
    }
}

fn origin(text: &str) -> Origin {
    text.parse().unwrap()
}

fn http(to: &str, methods: &[Method], paths: &[&str]) -> HttpNeed {
    HttpNeed {
        origin: origin(to),
        methods: methods.to_vec(),
        paths: paths
            .iter()
            .map(|path| path.parse::<PathPrefix>().unwrap())
            .collect(),
        credential: None,
        body_credential: None,
        reason: String::new(),
    }
}

fn mount(name: &str, access: Access) -> Need {
    Need::Mount {
        name: name.to_owned(),
        access,
    }
}

/// What the policy says about a part of one need, and about nothing else.
fn about(policy: &Policy, need: Need) -> Vec<(Verdict, String)> {
    let decisions = policy
        .decide(&call("a/b/c", &[Effect::Observe], vec![need]))
        .decisions;
    decisions
        .into_iter()
        .skip(1)
        .map(|one| (one.verdict, one.subject))
        .collect()
}

#[test]
fn tools_say_whose_calls() {
    let table = [
        ("\"all\"", "a/b/c", Allow),
        ("\"all\"", "host/models/complete", Deny),
        ("[]", "a/b/c", Deny),
        ("[\"a\"]", "a/b/c", Allow),
        ("[\"a\"]", "aa/b/c", Deny),
        ("[\"a/b\"]", "a/b/c", Allow),
        ("[\"a/b\"]", "a/bb/c", Deny),
        ("[\"a/b/c\"]", "a/b/c", Allow),
        ("[\"a/b/c\"]", "a/b/cc", Deny),
        ("[\"a/b/c/d\"]", "a/b/c/d", Allow),
        ("[\"x\", \"a\"]", "a/b/c", Allow),
        ("[\"A\"]", "a/b/c", Deny),
        ("[\"host/models\"]", "host/models/complete", Allow),
        ("[\"host/models\"]", "host/gateways/send", Deny),
    ];
    for (tools, caller, verdict) in table {
        let policy = policy(&rule("allow", tools, "effects = \"all\""));
        let decided = policy.decide(&call(caller, &[Effect::Observe], vec![]));
        assert_eq!(decided.verdict, verdict, "{tools} {caller}");
    }
}

#[test]
fn effects() {
    let table: [(&str, &[Effect], Verdict); 7] = [
        ("effects = \"all\"", &Effect::ALL, Allow),
        ("effects = []", &[Effect::Observe], Deny),
        ("effects = [\"observe\"]", &[Effect::Observe], Allow),
        ("effects = [\"observe\"]", &[Effect::Write], Deny),
        (
            "effects = [\"observe\"]",
            &[Effect::Observe, Effect::Write],
            Deny,
        ),
        ("effects = [\"undeclared\"]", &[], Allow),
        ("effects = [\"observe\"]", &[], Deny),
    ];
    for (subject, effects, verdict) in table {
        let decided =
            policy(&rule("allow", "\"all\"", subject)).decide(&call("a/b/c", effects, vec![]));
        assert_eq!(decided.verdict, verdict, "{subject} {effects:?}");
    }
}

#[test]
fn deny_beats_ask_beats_allow_in_any_order() {
    let rules: Vec<String> = ["allow", "ask", "deny"]
        .iter()
        .map(|decision| format!("[[rule]]\nname = \"{decision}\"\ndecision = \"{decision}\"\ntools = \"all\"\neffects = \"all\"\n"))
        .collect();
    let orders = [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ];
    for order in orders {
        for (kept, winner) in [
            (vec![0, 1, 2], "deny"),
            (vec![0, 1], "ask"),
            (vec![0, 2], "deny"),
            (vec![1, 2], "deny"),
            (vec![0], "allow"),
        ] {
            let text: String = order
                .iter()
                .filter(|at| kept.contains(at))
                .map(|at| rules[*at].as_str())
                .collect();
            let decided = policy(&text).decide(&call("a/b/c", &[Effect::Observe], vec![]));
            assert_eq!(decided.decisive.rule, format!("t: {winner}"));
        }
    }
}

#[test]
fn otherwise_is_deny_unless_it_says_ask() {
    let needs = [
        (
            "http",
            Need::Http(http("https://1.1.1.1", &[Method::Get], &["/"])),
        ),
        ("mounts", mount("tmp", Access::ReadOnly)),
        ("programs", Need::Program("x".to_owned())),
        ("models", Need::Model("main".to_owned())),
        ("agents", Need::Agent),
        ("state", Need::State(String::new())),
        ("notify", Need::Notify),
    ];
    for (class, need) in needs {
        for (text, verdict) in [
            (String::new(), Deny),
            (format!("[otherwise]\n{class} = \"deny\""), Deny),
            (format!("[otherwise]\n{class} = \"ask\""), Ask),
        ] {
            let said = about(&policy(&text), need.clone());
            assert_eq!(
                said.iter().map(|one| one.0).collect::<Vec<_>>(),
                [verdict],
                "{class}"
            );
        }
    }
    for (text, verdict) in [("", Deny), ("[otherwise]\neffects = \"ask\"", Ask)] {
        assert_eq!(
            policy(text)
                .decide(&call("a/b/c", &[Effect::Observe], vec![]))
                .verdict,
            verdict
        );
    }
    // Nobody is asked about the host's own work.
    let own = policy("[otherwise]\neffects = \"ask\"").decide(&call(
        "host/b/c",
        &[Effect::Observe],
        vec![],
    ));
    assert_eq!(own.verdict, Deny);
    let named = Need::Http(http("https://x.y", &[Method::Get], &["/"]));
    assert_eq!(
        about(&policy("[otherwise]\nhttp = \"ask\"\ndns = \"ask\""), named),
        [
            (Ask, "http GET https://x.y:443/".to_owned()),
            (Ask, "dns x.y".to_owned())
        ]
    );
}

#[test]
fn requests() {
    let all = "origins = \"all\", methods = \"all\", paths = \"all\"";
    let table = [
        (all, "https://x.y", Method::Delete, "/z", Allow),
        (
            "origins = [], methods = \"all\", paths = \"all\"",
            "https://x.y",
            Method::Get,
            "/",
            Deny,
        ),
        (
            "origins = \"all\", methods = [], paths = \"all\"",
            "https://x.y",
            Method::Get,
            "/",
            Deny,
        ),
        (
            "origins = \"all\", methods = \"all\", paths = []",
            "https://x.y",
            Method::Get,
            "/",
            Deny,
        ),
        (
            "origins = [\"https://x.y\"], methods = \"all\", paths = \"all\"",
            "https://x.y:443",
            Method::Get,
            "/",
            Allow,
        ),
        (
            "origins = [\"https://x.y\"], methods = \"all\", paths = \"all\"",
            "http://x.y",
            Method::Get,
            "/",
            Deny,
        ),
        (
            "origins = [\"https://x.y\"], methods = \"all\", paths = \"all\"",
            "https://x.y:444",
            Method::Get,
            "/",
            Deny,
        ),
        (
            "origins = [\"https://x.y\"], methods = \"all\", paths = \"all\"",
            "https://z.x.y",
            Method::Get,
            "/",
            Deny,
        ),
        (
            "origins = \"all\", methods = [\"GET\"], paths = \"all\"",
            "https://x.y",
            Method::Get,
            "/",
            Allow,
        ),
        (
            "origins = \"all\", methods = [\"GET\"], paths = \"all\"",
            "https://x.y",
            Method::Head,
            "/",
            Deny,
        ),
        (
            "origins = \"all\", methods = \"all\", paths = [\"/api\"]",
            "https://x.y",
            Method::Get,
            "/api/z",
            Allow,
        ),
        (
            "origins = \"all\", methods = \"all\", paths = [\"/api\"]",
            "https://x.y",
            Method::Get,
            "/apiz",
            Deny,
        ),
        (
            "origins = \"configured\", methods = \"all\", paths = \"all\"",
            "http://c.d:1",
            Method::Get,
            "/",
            Allow,
        ),
        (
            "origins = \"configured\", methods = \"all\", paths = \"all\"",
            "http://c.d:2",
            Method::Get,
            "/",
            Deny,
        ),
        (
            "origins = \"configured\", methods = \"all\", paths = \"all\"",
            "http://127.0.0.1:1",
            Method::Get,
            "/",
            Allow,
        ),
        (
            "origins = \"configured-loopback\", methods = \"all\", paths = \"all\"",
            "http://127.0.0.1:1",
            Method::Get,
            "/",
            Allow,
        ),
        (
            "origins = \"configured-loopback\", methods = \"all\", paths = \"all\"",
            "http://[::1]:1",
            Method::Get,
            "/",
            Allow,
        ),
        (
            "origins = \"configured-loopback\", methods = \"all\", paths = \"all\"",
            "http://localhost:1",
            Method::Get,
            "/",
            Allow,
        ),
        (
            "origins = \"configured-loopback\", methods = \"all\", paths = \"all\"",
            "http://localhost:2",
            Method::Get,
            "/",
            Deny,
        ),
        (
            "origins = \"configured-loopback\", methods = \"all\", paths = \"all\"",
            "http://c.d:1",
            Method::Get,
            "/",
            Deny,
        ),
        (
            "origins = \"configured-loopback\", methods = \"all\", paths = \"all\"",
            "http://localhost.c.d:1",
            Method::Get,
            "/",
            Deny,
        ),
    ];
    for (subject, to, method, path, verdict) in table {
        let policy = policy(&format!(
            "{}{}",
            rule("allow", "\"all\"", &format!("http = {{ {subject} }}")),
            rule("allow", "\"all\"", "effects = \"all\"")
        ));
        let mut request = call(
            "a/b/c",
            &[Effect::Observe],
            vec![Need::Http(http(to, &[method], &[path]))],
        );
        request.configured = [
            "http://c.d:1",
            "http://127.0.0.1:1",
            "http://[::1]:1",
            "http://localhost:1",
            "http://localhost.c.d:1",
        ]
        .map(origin)
        .to_vec();
        let decided = policy.decide(&request);
        assert_eq!(
            decided.decisions[1].verdict, verdict,
            "{subject} {method} {to}{path}"
        );
        assert_eq!(
            decided.grant.http(&origin(to), method, path).is_ok(),
            verdict == Allow
        );
        // A need that is not met does not stop the call.
        assert_eq!(decided.verdict, Allow);
    }
}

#[test]
fn addresses_are_public_unless_a_rule_says_more() {
    let table = [
        ("", AddressScope::Public),
        (", addresses = \"public\"", AddressScope::Public),
        (", addresses = \"loopback\"", AddressScope::Loopback),
        (", addresses = \"private\"", AddressScope::Private),
    ];
    for (addresses, scope) in table {
        let policy = policy(&format!(
            "{}{}",
            rule("allow", "\"all\"", "effects = \"all\""),
            rule(
                "allow",
                "\"all\"",
                &format!(
                    "http = {{ origins = \"all\", methods = \"all\", paths = \"all\"{addresses} }}"
                )
            )
        ));
        let mut need = http("https://x.y", &[Method::Get], &["/"]);
        need.credential = Some("token".to_owned());
        let grant = policy
            .decide(&call("a/b/c", &[Effect::Observe], vec![Need::Http(need)]))
            .grant;
        assert_eq!(
            grant.http(&origin("https://x.y"), Method::Get, "/z"),
            Ok(HttpPermit {
                credential: Some("token".to_owned()),
                body_credential: None,
                addresses: scope
            })
        );
    }
}

#[test]
fn a_credential_in_the_body_is_named_wherever_people_look() {
    let policy = policy(&format!(
        "{}{}",
        rule("allow", "\"all\"", "effects = \"all\""),
        rule(
            "ask",
            "\"all\"",
            "http = { origins = \"all\", methods = \"all\", paths = \"all\" }"
        )
    ));
    let phrase = " and puts the credential hub into the request's body";
    for (name, said) in [(Some("hub"), phrase), (None, "")] {
        let mut need = http("https://x.y", &[Method::Post], &["/jobs"]);
        need.body_credential = name.map(str::to_owned);
        let need = Need::Http(need);
        assert_eq!(
            need.to_string(),
            format!("http POST https://x.y:443 /jobs{said}")
        );
        let found = policy.decide(&call("a/b/c", &[Effect::Publish], vec![need]));
        assert_eq!(found.verdict, Ask);
        assert_eq!(
            found.decisive.subject,
            format!("http POST https://x.y:443/jobs{said}")
        );
        let permit = found
            .grant_if_approved
            .http(&origin("https://x.y"), Method::Post, "/jobs/1")
            .unwrap();
        assert_eq!(permit.body_credential.as_deref(), name);
    }
}

#[test]
fn a_need_is_split_where_rules_split_it() {
    let policy = policy(
        r#"
        [[rule]]
        name = "effects"
        decision = "allow"
        tools = "all"
        effects = "all"
        [[rule]]
        name = "api"
        decision = "allow"
        tools = "all"
        http = { origins = "all", methods = ["GET"], paths = ["/api"] }
        [[rule]]
        name = "admin"
        decision = "deny"
        tools = "all"
        http = { origins = "all", methods = "all", paths = ["/api/admin"] }
        reason = "not yours"
        [[rule]]
        name = "new"
        decision = "ask"
        tools = "all"
        http = { origins = "all", methods = ["GET"], paths = ["/api/new", "/other", "/api/admin/new"] }
        [[rule]]
        name = "names"
        decision = "allow"
        tools = "all"
        dns = "all"
        "#,
    );
    let need = Need::Http(http("https://x.y", &[Method::Get], &["/"]));
    let decided = policy.decide(&call("a/b/c", &[Effect::Observe], vec![need]));
    let said: Vec<(Verdict, &str, &str)> = decided
        .decisions
        .iter()
        .map(|one| (one.verdict, one.subject.as_str(), one.rule.as_str()))
        .collect();
    assert_eq!(
        said,
        [
            (Allow, "effect observe", "t: effects"),
            (Deny, "http GET https://x.y:443/", "t: no rule"),
            (Allow, "http GET https://x.y:443/api", "t: api"),
            (Deny, "http GET https://x.y:443/api/admin", "t: admin"),
            (Ask, "http GET https://x.y:443/api/new", "t: new"),
            (Ask, "http GET https://x.y:443/other", "t: new"),
            (Allow, "dns x.y", "t: names"),
        ]
    );
    assert_eq!(
        (decided.verdict, decided.decisive.rule.as_str()),
        (Ask, "t: new")
    );

    let x = origin("https://x.y");
    let rule = |grant: &ml_intern_policy::Grant, path: &str| match grant.http(&x, Method::Get, path)
    {
        Ok(_) => "granted".to_owned(),
        Err(decision) => decision.rule,
    };
    let table = [
        ("/api", "granted", "granted"),
        ("/api/x", "granted", "granted"),
        ("/api/new", "t: new", "granted"),
        ("/other/x", "t: new", "granted"),
        ("/api/admin", "t: admin", "t: admin"),
        ("/api/%61dmin/x", "t: admin", "t: admin"),
        ("/api/admin/new", "t: admin", "t: admin"),
        ("/", "t: no rule", "t: no rule"),
        ("/apix", "t: no rule", "t: no rule"),
    ];
    for (path, outright, approved) in table {
        assert_eq!(rule(&decided.grant, path), outright, "{path}");
        assert_eq!(rule(&decided.grant_if_approved, path), approved, "{path}");
    }
    assert_eq!(
        decided.grant.http(&x, Method::Get, "/api/admin/x"),
        Err(Decision {
            verdict: Deny,
            subject: "http GET https://x.y:443/api/admin/x".to_owned(),
            rule: "t: admin".to_owned(),
            remedy: "change rule \"admin\" at t.toml:15 (not yours)".to_owned(),
        })
    );
}

#[test]
fn names_are_looked_up_by_their_own_rule() {
    let table = [
        ("dns = \"all\"", Some(Allow)),
        ("dns = []", Some(Deny)),
        ("dns = [\"x.y\"]", Some(Allow)),
        ("dns = [\"*.y\"]", Some(Allow)),
        ("dns = [\"*.x.y\"]", Some(Deny)),
        ("dns = [\"z.y\"]", Some(Deny)),
    ];
    for (subject, verdict) in table {
        let policy = policy(&format!(
            "{}{}",
            rule(
                "allow",
                "\"all\"",
                "http = { origins = \"all\", methods = \"all\", paths = \"all\" }"
            ) + &rule("allow", "\"all\"", "effects = \"all\""),
            rule("allow", "\"all\"", subject)
        ));
        let named = Need::Http(http(
            "https://x.y",
            &[Method::Get, Method::Post],
            &["/", "/b"],
        ));
        let decided = policy.decide(&call(
            "a/b/c",
            &[Effect::Observe],
            vec![named.clone(), named],
        ));
        let said: Vec<Verdict> = decided
            .decisions
            .iter()
            .filter(|one| one.subject == "dns x.y")
            .map(|one| one.verdict)
            .collect();
        assert_eq!(said, verdict.into_iter().collect::<Vec<_>>(), "{subject}");
        assert_eq!(
            decided.grant.resolve("X.y").is_ok(),
            verdict == Some(Allow),
            "{subject}"
        );
        assert_eq!(
            decided.grant.resolve("y").unwrap_err().rule,
            "declaration of a/b/c"
        );
    }
    // No request is possible, so no name is looked up, and the answer says why.
    let policy = policy(
        &(rule("allow", "\"all\"", "dns = \"all\"")
            + &rule("allow", "\"all\"", "effects = \"all\"")),
    );
    let decided = policy.decide(&call(
        "a/b/c",
        &[Effect::Observe],
        vec![Need::Http(http("https://x.y", &[Method::Get], &["/"]))],
    ));
    assert_eq!(decided.decisions.len(), 2);
    assert_eq!(
        decided.grant.resolve("x.y"),
        Err(Decision {
            verdict: Deny,
            subject: "dns x.y".to_owned(),
            rule: "t: no rule".to_owned(),
            remedy: "add to t.toml: [[rule]] with a name, decision = \"allow\", tools = [\"a/b/c\"], http = { origins = [\"https://x.y:443\"], methods = [\"GET\"], paths = [\"/\"] }".to_owned(),
        })
    );
}

/// What running code may reach: what the policy allows outright, with the rule and the remedy for what it does not.
#[test]
fn the_web_is_decided_about_request_by_request() {
    let rules = [
        rule(
            "allow",
            "[\"p/t/run\"]",
            "http = { origins = [\"https://index.example\"], methods = [\"GET\"], paths = [\"/simple\"] }",
        ),
        rule(
            "deny",
            "\"all\"",
            "http = { origins = \"all\", methods = \"all\", paths = [\"/simple/secret\"] }",
        ),
        rule(
            "ask",
            "\"all\"",
            "http = { origins = [\"https://asked.example\"], methods = \"all\", paths = \"all\" }",
        ),
        rule(
            "allow",
            "[\"p/t/run\"]",
            "http = { origins = [\"http://127.0.0.1:9\"], methods = \"all\", paths = \"all\", addresses = \"loopback\" }",
        ),
        rule("allow", "\"all\"", "dns = [\"index.example\"]"),
        rule("allow", "\"all\"", "effects = [\"execute\"]"),
    ];
    let policy = policy(&rules.concat());
    let grant = |path: &str, needs| {
        let assessment = policy.decide(&call(path, &[Effect::Execute], needs));
        assert_eq!(assessment.verdict, Allow, "a need for the web asks nobody");
        assert_eq!(assessment.decisions.len(), 1, "it is decided about later");
        assessment.grant
    };
    let run = grant("p/t/run", vec![Need::Web(vec![Method::Get])]);
    let ask = |method, to: &str, path| {
        run.http(&origin(to), method, path)
            .map(|permit| permit.addresses)
            .map_err(|refused| (refused.rule, refused.remedy))
    };
    let index = "https://index.example";
    assert_eq!(
        ask(Method::Get, index, "/simple/x"),
        Ok(AddressScope::Public)
    );
    assert_eq!(
        ask(Method::Get, "http://127.0.0.1:9", "/"),
        Ok(AddressScope::Loopback)
    );
    let (by, _) = ask(Method::Get, index, "/simple/secret").unwrap_err();
    assert!(by.starts_with("t: http = { origins = \"all\""), "{by}");
    let (by, remedy) = ask(Method::Get, "https://asked.example", "/").unwrap_err();
    assert!(by.contains("asked.example"), "{by}");
    assert!(
        remedy.starts_with("nobody is asked in the middle of running code; change rule"),
        "{remedy}"
    );
    let (by, remedy) = ask(Method::Get, index, "/other").unwrap_err();
    assert_eq!(by, "t: no rule");
    assert_eq!(
        remedy,
        "add to t.toml: [[rule]] with a name, decision = \"allow\", tools = [\"p/t/run\"], http = { origins = [\"https://index.example:443\"], methods = [\"GET\"], paths = [\"/other\"] }"
    );
    // A method that the operation does not declare is refused by its declaration, whatever the policy allows.
    let (by, _) = ask(Method::Post, "http://127.0.0.1:9", "/").unwrap_err();
    assert_eq!(by, "declaration of p/t/run");
    assert!(run.resolve("index.example").is_ok());
    assert_eq!(run.resolve("asked.example").unwrap_err().rule, "t: no rule");

    // The same policy, for another operation, and for one that does not ask.
    let other = grant("p/t/other", vec![Need::Web(vec![Method::Get])]);
    assert!(
        other
            .http(&origin(index), Method::Get, "/simple/x")
            .is_err()
    );
    let none = grant("p/t/run", Vec::new());
    let refused = none
        .http(&origin(index), Method::Get, "/simple/x")
        .unwrap_err();
    assert_eq!(refused.rule, "declaration of p/t/run");
}

#[test]
fn mounts() {
    use Access::{ReadOnly, ReadWrite};
    let ro = "mounts = [{ name = \"d\", access = \"read-only\" }]";
    let rw = "mounts = [{ name = \"d\", access = \"read-write\" }]";
    // Rules, what is asked for, what is granted outright, what is granted once approved.
    type Row<'a> = (
        &'a [(&'a str, &'a str)],
        Access,
        Option<Access>,
        Option<Access>,
    );
    let table: [Row<'_>; 17] = [
        (&[], ReadOnly, None, None),
        (
            &[("allow", "mounts = \"all\"")],
            ReadWrite,
            Some(ReadWrite),
            Some(ReadWrite),
        ),
        (&[("allow", "mounts = []")], ReadWrite, None, None),
        (
            &[(
                "allow",
                "mounts = [{ name = \"e\", access = \"read-write\" }]",
            )],
            ReadOnly,
            None,
            None,
        ),
        (&[("allow", ro)], ReadOnly, Some(ReadOnly), Some(ReadOnly)),
        (&[("allow", ro)], ReadWrite, Some(ReadOnly), Some(ReadOnly)),
        (&[("allow", rw)], ReadOnly, Some(ReadOnly), Some(ReadOnly)),
        (
            &[("allow", rw)],
            ReadWrite,
            Some(ReadWrite),
            Some(ReadWrite),
        ),
        (&[("allow", rw), ("deny", ro)], ReadWrite, None, None),
        (
            &[("allow", rw), ("deny", "mounts = \"all\"")],
            ReadWrite,
            None,
            None,
        ),
        (
            &[("allow", ro), ("deny", rw)],
            ReadWrite,
            Some(ReadOnly),
            Some(ReadOnly),
        ),
        (
            &[("allow", "mounts = \"all\""), ("deny", rw)],
            ReadWrite,
            Some(ReadOnly),
            Some(ReadOnly),
        ),
        (
            &[("allow", ro), ("ask", rw)],
            ReadWrite,
            Some(ReadOnly),
            Some(ReadWrite),
        ),
        (
            &[("allow", rw), ("ask", ro)],
            ReadWrite,
            None,
            Some(ReadWrite),
        ),
        (&[("ask", rw)], ReadWrite, None, Some(ReadWrite)),
        (&[("ask", rw)], ReadOnly, None, Some(ReadOnly)),
        (&[("ask", ro)], ReadWrite, None, Some(ReadWrite)),
    ];
    for (rules, asked, outright, approved) in table {
        let mut text = rule("allow", "\"all\"", "effects = \"all\"");
        for (decision, subject) in rules {
            text += &rule(decision, "\"all\"", subject);
        }
        let decided =
            policy(&text).decide(&call("a/b/c", &[Effect::Observe], vec![mount("d", asked)]));
        assert_eq!(decided.grant.mount("d").ok(), outright, "{rules:?} {asked}");
        assert_eq!(
            decided.grant_if_approved.mount("d").ok(),
            approved,
            "{rules:?} {asked}"
        );
        for (grant, had) in [
            (&decided.grant, outright),
            (&decided.grant_if_approved, approved),
        ] {
            for access in [ReadOnly, ReadWrite] {
                let answer = grant.mount_for("d", access);
                assert_eq!(answer.is_ok(), had.is_some_and(|had| had >= access));
                if let Err(refused) = answer {
                    let declared = access > asked;
                    assert_eq!(
                        refused.rule.starts_with("declaration of"),
                        declared && had.is_some(),
                        "{refused:?}"
                    );
                }
            }
            assert_eq!(
                grant.mount("other").unwrap_err().rule,
                "declaration of a/b/c"
            );
        }
    }
}

#[test]
fn one_decision_for_a_mount_two_where_looking_and_writing_differ() {
    let ro = rule(
        "allow",
        "\"all\"",
        "mounts = [{ name = \"d\", access = \"read-only\" }]",
    );
    let all = rule("allow", "\"all\"", "mounts = \"all\"");
    let rw = mount("d", Access::ReadWrite);
    assert_eq!(
        about(&policy(&all), rw.clone()),
        [(Allow, "mount d read-write".to_owned())]
    );
    assert_eq!(
        about(&policy(&ro), rw.clone()),
        [
            (Allow, "mount d read-only".to_owned()),
            (Deny, "mount d read-write".to_owned())
        ]
    );
    assert_eq!(
        about(&policy(""), rw),
        [(Deny, "mount d read-write".to_owned())]
    );
}

#[test]
fn programs_models_agents_state_and_messages() {
    let program = || Need::Program("python".to_owned());
    let model = || Need::Model("main".to_owned());
    let state = || Need::State("k/".to_owned());
    let table = [
        ("programs = \"all\"", program(), Allow),
        ("programs = []", program(), Deny),
        ("programs = [\"python\"]", program(), Allow),
        ("programs = [\"python3\"]", program(), Deny),
        ("models = \"all\"", model(), Allow),
        ("models = []", model(), Deny),
        ("models = [\"main\"]", model(), Allow),
        ("models = [\"small\"]", model(), Deny),
        ("agents = \"all\"", Need::Agent, Allow),
        ("agents = []", Need::Agent, Deny),
        ("state = \"all\"", state(), Allow),
        ("state = []", state(), Deny),
        ("notify = \"all\"", Need::Notify, Allow),
        ("notify = []", Need::Notify, Deny),
    ];
    for (subject, need, verdict) in table {
        let policy = policy(
            &(rule("allow", "\"all\"", "effects = \"all\"") + &rule("allow", "\"all\"", subject)),
        );
        let decided = policy.decide(&call("a/b/c", &[Effect::Observe], vec![need.clone()]));
        let grant = &decided.grant;
        let (mine, other) = match need {
            Need::Program(_) => (grant.program("python"), grant.program("bash")),
            Need::Model(_) => (grant.model("main"), grant.model("small")),
            Need::Agent => (grant.agent(), grant.notify()),
            Need::State(_) => (grant.state("k/x"), grant.state("kx")),
            _ => (grant.notify(), grant.agent()),
        };
        assert_eq!(mine.is_ok(), verdict == Allow, "{subject}");
        if let Err(refused) = mine {
            assert_eq!(
                (refused.verdict, refused.rule.as_str()),
                (Deny, "t: no rule"),
                "{subject}"
            );
        }
        assert_eq!(other.unwrap_err().rule, "declaration of a/b/c", "{subject}");
    }
}

#[test]
fn what_was_not_declared_is_refused_by_the_declaration() {
    let everything = ["effects", "programs", "state"]
        .map(|class| rule("allow", "\"all\"", &format!("{class} = \"all\"")))
        .concat();
    let decided = policy(&everything).decide(&call("a/b/c", &[Effect::Observe], vec![]));
    assert_eq!(decided.verdict, Allow);
    assert_eq!(
        decided.grant.program("python"),
        Err(Decision {
            verdict: Deny,
            subject: "program python".to_owned(),
            rule: "declaration of a/b/c".to_owned(),
            remedy: "the operation does not declare `program python`; its plugin would have to"
                .to_owned(),
        })
    );
}

#[test]
fn where_an_effect_stops_the_call_nothing_is_granted() {
    let text = rule("allow", "\"all\"", "programs = \"all\"")
        + &rule("ask", "\"all\"", "effects = [\"publish\"]");
    let needs = vec![
        Need::Program("python".to_owned()),
        mount("d", Access::ReadWrite),
        Need::Http(http("https://x.y", &[Method::Get], &["/"])),
    ];
    let asked = policy(&text).decide(&call("a/b/c", &[Effect::Publish], needs.clone()));
    assert_eq!(asked.verdict, Ask);
    let refused = asked.grant.program("python").unwrap_err();
    assert_eq!(
        (refused.verdict, refused.rule.as_str()),
        (Ask, "t: effects = [\"publish\"]")
    );
    assert_eq!(
        refused.remedy,
        "approve this call, or change rule \"effects = [\\\"publish\\\"]\" at t.toml:9"
    );
    assert_eq!(asked.grant_if_approved.program("python"), Ok(()));

    let denied = policy(&text).decide(&call("a/b/c", &[Effect::Publish, Effect::Destroy], needs));
    assert_eq!(denied.verdict, Deny);
    assert_eq!(denied.decisive.subject, "effect destroy");
    for grant in [&denied.grant, &denied.grant_if_approved] {
        let rules = [
            grant.program("python").unwrap_err().subject,
            grant.mount("d").unwrap_err().subject,
            grant.resolve("x.y").unwrap_err().subject,
        ];
        assert_eq!(rules, ["program python", "mount d read-only", "dns x.y"]);
        assert_eq!(grant.program("python").unwrap_err().rule, "t: no rule");
    }
}

#[test]
fn the_lower_limit_holds() {
    let text = "[[limit]]\ntools = [\"a\"]\nmemory = \"2 GiB\"\nfuel = 50\n\
                [[limit]]\ntools = [\"a/b\"]\nfuel = 70\n\
                [[limit]]\ntools = [\"a/b\"]\nfuel = 60\n\
                [[limit]]\ntools = \"all\"\noutput = \"2 MiB\"\n\
                [[limit]]\ntools = []\nrequests = 0\n";
    let policy = policy(text);
    let table = [
        // caller, memory, fuel, output, requests
        ("x/y/z", 1 << 30, 100, 2 << 20, 9),
        ("a/x/z", 2 << 30, 50, 2 << 20, 9),
        ("a/b/c", 2 << 30, 60, 2 << 20, 9),
        ("host/models/complete", 1 << 30, 100, 1 << 20, 9),
    ];
    for (caller, memory, fuel, output, requests) in table {
        let limits = *policy.decide(&call(caller, &[], vec![])).grant.limits();
        assert_eq!(
            (limits.memory, limits.fuel, limits.output, limits.requests),
            (memory, fuel, output, requests),
            "{caller}"
        );
        assert_eq!(
            (limits.deadline, limits.disk, limits.network),
            (1_000, 1 << 20, 1 << 20)
        );
    }
    let mut modest = call("x/y/z", &[], vec![]);
    modest.limits.fuel = 3;
    assert_eq!(policy.decide(&modest).grant.limits().fuel, 3);
}

#[test]
fn walls_are_required_unless_the_policy_says_otherwise() {
    let with = |line: &str| {
        Policy::parse("t.toml", &format!("{line}{HEAD}"))
            .unwrap()
            .walls()
    };
    assert_eq!(with(""), Walls::Required);
    assert_eq!(with("walls = \"required\"\n"), Walls::Required);
    assert_eq!(with("walls = \"optional\"\n"), Walls::Optional);
}

#[test]
fn the_policy_that_runs_can_be_seen() {
    let policy = policy(
        r#"description = "for a test"
[[limit]]
tools = ["python"]
memory = "1536 MiB"
[otherwise]
dns = "ask"
[[rule]]
name = "one"
decision = "allow"
tools = ["a", "b/c"]
http = { origins = "configured", methods = ["GET", "HEAD"], paths = ["/x"] }
reason = "because"
[[rule]]
name = "two"
decision = "deny"
tools = []
mounts = [{ name = "d", access = "read-write" }]
[[rule]]
name = "three"
decision = "ask"
tools = "all"
agents = []
"#,
    );
    assert_eq!(
        policy.to_string(),
        r#"policy t (t.toml)
  for a test
walls required
limits
  memory 1 GiB
  fuel 100
  deadline 1 s
  output 1 MiB
  open-files 9
  host-calls 9
  disk 1 MiB
  network 1 MiB
  requests 9
  t.toml:5 for python: memory 1536 MiB
rules
  t.toml:10 "one": allow http origins configured, methods GET | HEAD, paths /x, addresses public to a | b/c (because)
  t.toml:16 "two": deny mounts d read-write to nothing
  t.toml:21 "three": ask agents nothing to all plugins
otherwise
  deny effects
  deny http
  ask dns
  deny mounts
  deny programs
  deny models
  deny agents
  deny state
  deny notify
"#
    );
}
