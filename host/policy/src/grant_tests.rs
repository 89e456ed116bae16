use proptest::prelude::*;
use proptest::sample::subsequence;

use super::*;
use crate::Policy;
use crate::http_grant::HttpGrant;
use crate::web::Web;

const ORIGINS: [&str; 2] = ["https://x.y", "http://127.0.0.1:1"];
const PATHS: [&str; 6] = ["/", "/a", "/a/b", "/a/b/c", "/ab", "/d"];
const REQUESTS: [&str; 8] = [
    "/", "/a", "/a/", "/a/b/c/d", "/a/x", "/ab", "/d/e", "/%61/b",
];
const METHODS: [Method; 2] = [Method::Get, Method::Post];
const KEYS: [&str; 5] = ["", "k", "k/1", "k/12", "m"];

fn limits() -> impl Strategy<Value = Limits> {
    prop::array::uniform9(0_u64..3).prop_map(
        |[
            memory,
            fuel,
            deadline,
            output,
            open_files,
            host_calls,
            disk,
            network,
            requests,
        ]| Limits {
            memory,
            fuel,
            deadline,
            output,
            open_files,
            host_calls,
            disk,
            network,
            requests,
        },
    )
}

fn region() -> impl Strategy<Value = HttpRegion> {
    let of = |list: &'static [&'static str]| prop::sample::select(list);
    (of(&ORIGINS), prop::sample::select(&METHODS[..]), of(&PATHS)).prop_map(
        |(origin, method, path)| HttpRegion {
            origin: origin.parse().unwrap(),
            method,
            path: path.parse().unwrap(),
        },
    )
}

fn allowance() -> impl Strategy<Value = HttpAllowance> {
    let credential =
        prop::sample::select(vec![None, Some("one".to_owned()), Some("two".to_owned())]);
    (
        region(),
        credential.clone(),
        credential,
        prop::sample::select(&AddressScope::ALL[..]),
    )
        .prop_map(
            |(region, credential, body_credential, addresses)| HttpAllowance {
                region,
                credential,
                body_credential,
                addresses,
            },
        )
}

fn words() -> impl Strategy<Value = BTreeSet<String>> {
    subsequence(vec!["p", "q", "r"], 0..=3)
        .prop_map(|list| list.into_iter().map(str::to_owned).collect())
}

/// One policy's answer to requests without declared origins, or another's.
fn web() -> impl Strategy<Value = Option<Web>> {
    let of = |rules: &str, methods: &[Method]| {
        let text = format!(
            "version = 1\nname = \"t\"\nlimits = {{ memory = \"1 MiB\", fuel = 1, deadline = \"1 s\", output = \"1 MiB\", open-files = 1, \
             host-calls = 1, disk = \"1 MiB\", network = \"1 MiB\", requests = 1 }}\n{rules}"
        );
        let policy = Policy::parse("t.toml", &text).unwrap();
        let request = crate::CallRequest {
            plugin: "a".to_owned(),
            tool: "b".to_owned(),
            operation: "c".to_owned(),
            effects: Vec::new(),
            needs: Vec::new(),
            limits: SMALL,
            configured: Vec::new(),
        };
        Some(Web::new(methods, &policy, &request))
    };
    let rule = |decision: &str, subject: &str| {
        format!(
            "[[rule]]\nname = {subject:?}\ndecision = {decision:?}\ntools = \"all\"\n{subject}\n"
        )
    };
    let all = rule(
        "allow",
        "http = { origins = \"all\", methods = \"all\", paths = \"all\" }",
    );
    let some = rule(
        "allow",
        "http = { origins = [\"https://x.y\"], methods = [\"GET\"], paths = [\"/a\"], addresses = \"private\" }",
    );
    let ask = rule(
        "ask",
        "http = { origins = \"all\", methods = \"all\", paths = [\"/a/b\"] }",
    );
    let names = rule("allow", "dns = [\"p\", \"q\"]");
    prop::sample::select(vec![
        None,
        None,
        of("", &METHODS),
        of(&format!("{all}{ask}{names}"), &METHODS),
        of(&some, &[Method::Get]),
        of(&format!("{all}{names}"), &[Method::Post]),
    ])
}

fn grant() -> impl Strategy<Value = Grant> {
    (declared(), web()).prop_map(|(grant, web)| Grant { web, ..grant })
}

/// One whose requests all have declared origins.
fn declared() -> impl Strategy<Value = Grant> {
    let access = prop::sample::select(vec![Access::ReadOnly, Access::ReadWrite]);
    let state = subsequence(KEYS.to_vec(), 0..=3);
    let decision = prop::sample::select(vec!["one", "two"]).prop_map(|rule| Decision {
        verdict: Verdict::Deny,
        subject: String::new(),
        rule: rule.to_owned(),
        remedy: String::new(),
    });
    (
        (
            prop::collection::vec(allowance(), 0..5),
            prop::collection::vec(region(), 0..4),
        ),
        (words(), words(), words()),
        prop::collection::btree_map(
            prop::sample::select(vec!["w".to_owned(), "t".to_owned()]),
            access,
            0..=2,
        ),
        state,
        any::<(bool, bool)>(),
        limits(),
        prop::collection::vec(decision, 0..2),
    )
        .prop_map(
            |(
                (allowances, exceptions),
                (names, programs, models),
                mounts,
                state,
                (agent, notify),
                limits,
                why,
            )| {
                let withheld = why
                    .into_iter()
                    .map(|decision| Withheld {
                        what: Atom::Agent,
                        decision,
                    })
                    .collect();
                Parts {
                    allowances,
                    exceptions,
                    web: None,
                    names,
                    mounts,
                    programs,
                    models,
                    agent,
                    state: state.into_iter().map(str::to_owned).collect(),
                    notify,
                    withheld,
                }
                .into_grant(limits)
            },
        )
}

/// The answers to every question that is not about requests.
fn answers(grant: &Grant) -> Vec<bool> {
    let mut answers = vec![grant.agent().is_ok(), grant.notify().is_ok()];
    for word in ["p", "q", "r", "s"] {
        answers.extend(
            [grant.resolve(word), grant.program(word), grant.model(word)]
                .map(|answer| answer.is_ok()),
        );
    }
    for name in ["w", "t", "other"] {
        for access in [Access::ReadOnly, Access::ReadWrite] {
            answers.push(grant.mount_for(name, access).is_ok());
        }
    }
    for key in ["", "k", "kk", "k/1", "k/123", "m", "n"] {
        answers.push(grant.state(key).is_ok());
    }
    answers
}

fn permits(grant: &Grant) -> Vec<(HttpRegion, Option<HttpPermit>)> {
    let mut permits = Vec::new();
    for origin in ORIGINS {
        let origin: Origin = origin.parse().unwrap();
        for method in METHODS {
            for path in REQUESTS {
                let region = HttpRegion {
                    origin: origin.clone(),
                    method,
                    path: PathPrefix::of_path(path).unwrap(),
                };
                permits.push((region, grant.http(&origin, method, path).ok()));
            }
        }
    }
    permits
}

/// Whether some allowance of the grant gives at least this permit.
fn gives(grant: &Grant, region: &HttpRegion, permit: &HttpPermit) -> bool {
    grant.http_allowances().iter().any(|one| {
        one.region.contains(region)
            && (permit.credential.is_none() || one.credential == permit.credential)
            && (permit.body_credential.is_none() || one.body_credential == permit.body_credential)
            && one.addresses >= permit.addresses
    }) || grant
        .web
        .as_ref()
        .and_then(|web| web.permit(region))
        .is_some_and(|addresses| {
            permit.credential.is_none()
                && permit.body_credential.is_none()
                && addresses.is_ok_and(|one| one >= permit.addresses)
        })
}

proptest! {
    #[test]
    fn intersection_is_commutative(a in grant(), b in grant()) {
        let (ab, ba) = (a.intersect(&b), b.intersect(&a));
        prop_assert_eq!(permits(&ab), permits(&ba));
        prop_assert_eq!(answers(&ab), answers(&ba));
        prop_assert_eq!(ab, ba);
    }

    #[test]
    fn intersection_is_associative(a in grant(), b in grant(), c in grant()) {
        let (one, two) = (a.intersect(&b).intersect(&c), a.intersect(&b.intersect(&c)));
        prop_assert_eq!(permits(&one), permits(&two));
        prop_assert_eq!(answers(&one), answers(&two));
        prop_assert_eq!(one, two);
    }

    #[test]
    fn intersection_is_idempotent(a in grant()) {
        prop_assert_eq!(permits(&a.intersect(&a)), permits(&a));
        prop_assert_eq!(answers(&a.intersect(&a)), answers(&a));
        prop_assert_eq!(a.intersect(&a), a);
    }

    #[test]
    fn intersection_allows_no_more_than_both(a in grant(), b in grant()) {
        let ab = a.intersect(&b);
        for (ab, (a, b)) in answers(&ab).iter().zip(answers(&a).iter().zip(answers(&b))) {
            prop_assert!(!ab || (*a && b));
        }
        for ((region, ab), ((_, a_permit), (_, b_permit))) in permits(&ab).iter().zip(permits(&a).iter().zip(permits(&b).iter())) {
            if let Some(permit) = ab {
                prop_assert!(a_permit.is_some() && b_permit.is_some(), "{}", region);
                prop_assert!(gives(&a, region, permit) && gives(&b, region, permit), "{}", region);
            }
        }
    }

    #[test]
    fn intersection_allows_what_both_allow_and_no_more(a in declared(), b in declared()) {
        let ab = a.intersect(&b);
        let both = answers(&a).iter().zip(answers(&b)).map(|(a, b)| *a && b).collect::<Vec<_>>();
        prop_assert_eq!(answers(&ab), both);
        for ((region, ab_permit), ((_, a_permit), (_, b_permit))) in permits(&ab).iter().zip(permits(&a).iter().zip(permits(&b).iter())) {
            prop_assert_eq!(ab_permit.is_some(), a_permit.is_some() && b_permit.is_some(), "{}", region);
            if let Some(permit) = ab_permit {
                prop_assert!(gives(&a, region, permit) && gives(&b, region, permit), "{}", region);
            }
        }
        prop_assert_eq!(ab.limits(), &a.limits().intersect(b.limits()));
    }

    #[test]
    fn the_normal_form_means_the_same(allowances in prop::collection::vec(allowance(), 0..6), exceptions in prop::collection::vec(region(), 0..4)) {
        let grant = HttpGrant::new(allowances.clone(), exceptions.clone());
        for origin in ORIGINS {
            for method in METHODS {
                for path in REQUESTS {
                    let request = HttpRegion { origin: origin.parse().unwrap(), method, path: PathPrefix::of_path(path).unwrap() };
                    let allowed = allowances.iter().any(|one| one.region.contains(&request))
                        && !exceptions.iter().any(|one| one.contains(&request));
                    prop_assert_eq!(grant.permit(&request).is_some(), allowed, "{}", request);
                }
            }
        }
        let same = HttpGrant::new(grant.allowances().to_vec(), grant.exceptions().to_vec());
        prop_assert_eq!(same, grant);
    }
}

const SMALL: Limits = Limits {
    memory: 1,
    fuel: 1,
    deadline: 1,
    output: 1,
    open_files: 1,
    host_calls: 1,
    disk: 1,
    network: 1,
    requests: 1,
};

fn http_need(origin: &str, path: &str, credential: Option<&str>) -> Need {
    Need::Http(crate::HttpNeed {
        origin: origin.parse().unwrap(),
        methods: vec![Method::Get],
        paths: vec![path.parse().unwrap()],
        credential: credential.map(str::to_owned),
        body_credential: None,
        reason: String::new(),
    })
}

#[test]
fn nothing_allows_nothing_and_says_so() {
    let nothing = Grant::nothing(SMALL);
    assert!(answers(&nothing).iter().all(|answer| !answer));
    assert!(permits(&nothing).iter().all(|(_, permit)| permit.is_none()));
    assert_eq!(nothing.mounts().count() + nothing.programs().count(), 0);
    let refused = nothing
        .with_source("declaration of a/b/c")
        .notify()
        .unwrap_err();
    assert_eq!(
        refused,
        Decision {
            verdict: Verdict::Deny,
            subject: "notify".to_owned(),
            rule: "declaration of a/b/c".to_owned(),
            remedy: "the operation does not declare `notify`; its plugin would have to".to_owned(),
        }
    );
}

#[test]
fn exactly_allows_the_needs_and_their_names() {
    let needs = [
        http_need("https://x.y", "/a", Some("token")),
        Need::Mount {
            name: "w".to_owned(),
            access: Access::ReadOnly,
        },
        Need::Mount {
            name: "w".to_owned(),
            access: Access::ReadWrite,
        },
        Need::Program("p".to_owned()),
        Need::State("k/".to_owned()),
    ];
    let grant = Grant::exactly(&needs, AddressScope::Loopback, SMALL);
    let x: Origin = "https://x.y".parse().unwrap();
    assert_eq!(
        grant.http(&x, Method::Get, "/a/b"),
        Ok(HttpPermit {
            credential: Some("token".to_owned()),
            body_credential: None,
            addresses: AddressScope::Loopback
        })
    );
    assert_eq!(
        grant.http(&x, Method::Get, "/b").unwrap_err().subject,
        "http GET https://x.y:443/b"
    );
    assert_eq!(
        grant.http(&x, Method::Post, "/a").unwrap_err().subject,
        "http POST https://x.y:443/a"
    );
    assert_eq!(grant.resolve("x.y"), Ok(()));
    assert_eq!(grant.resolve("z.x.y").unwrap_err().subject, "dns z.x.y");
    assert_eq!(
        grant.mounts().collect::<Vec<_>>(),
        [("w", Access::ReadWrite)]
    );
    assert_eq!(grant.programs().collect::<Vec<_>>(), ["p"]);
    assert_eq!(grant.state("k/x"), Ok(()));
    assert_eq!(grant.state("k").unwrap_err().subject, "state \"k\"");
    assert_eq!(grant.model("main").unwrap_err().subject, "model main");
    assert_eq!(grant.agent().unwrap_err().subject, "agent");
}

#[test]
fn a_path_that_servers_read_differently_is_refused_everywhere() {
    let grant = Grant::exactly(
        &[http_need("https://x.y", "/", None)],
        AddressScope::Public,
        SMALL,
    );
    let x: Origin = "https://x.y".parse().unwrap();
    assert!(grant.http(&x, Method::Get, "/a/b").is_ok());
    assert_eq!(
        grant.http(&x, Method::Get, "/a/../b"),
        Err(Decision {
            verdict: Verdict::Deny,
            subject: "http GET https://x.y:443/a/../b".to_owned(),
            rule: "paths that can be decided about".to_owned(),
            remedy: "not a path to decide about: \"/a/../b\", byte 3: `.` and `..` segments are not allowed: write the path that is meant".to_owned(),
        })
    );
}

#[test]
fn credentials_go_where_an_allowance_sends_them() {
    let x: Origin = "https://x.y".parse().unwrap();
    let needs = [
        http_need("https://x.y", "/", None),
        http_need("https://x.y", "/a", Some("one")),
        http_need("https://x.y", "/a/b", Some("two")),
        http_need("http://127.0.0.1:1", "/", None),
    ];
    let grant = Grant::exactly(&needs, AddressScope::Public, SMALL);
    let table = [
        ("/", None),
        ("/d", None),
        ("/a", Some("one")),
        ("/a/c", Some("one")),
        ("/a/b/c", Some("two")),
    ];
    for (path, credential) in table {
        let permit = grant.http(&x, Method::Get, path).unwrap();
        assert_eq!(permit.credential.as_deref(), credential, "{path}");
    }
    let other = grant
        .http(&"http://127.0.0.1:1".parse().unwrap(), Method::Get, "/a")
        .unwrap();
    assert_eq!(other.credential, None);
}

#[test]
fn credentials_go_into_bodies_where_both_sides_say_the_same() {
    let x: Origin = "https://x.y".parse().unwrap();
    let grant = |path: &str, name: Option<&str>| {
        let Need::Http(mut need) = http_need("https://x.y", path, Some("header")) else {
            unreachable!()
        };
        need.body_credential = name.map(str::to_owned);
        Grant::exactly(&[Need::Http(need)], AddressScope::Public, SMALL)
    };
    let table = [
        (Some("one"), Some("one"), Some("one")),
        (Some("one"), Some("two"), None),
        (Some("one"), None, None),
        (None, None, None),
    ];
    for (one, two, expected) in table {
        let met = grant("/", one).intersect(&grant("/a", two));
        let permit = met.http(&x, Method::Get, "/a/b").unwrap();
        assert_eq!(
            permit.body_credential.as_deref(),
            expected,
            "{one:?} {two:?}"
        );
        assert_eq!(permit.credential.as_deref(), Some("header"));
    }
}

#[test]
fn explanations_are_no_part_of_a_grant_and_survive_intersection() {
    let decision = |rule: &str| Decision {
        verdict: Verdict::Ask,
        subject: String::new(),
        rule: rule.to_owned(),
        remedy: "approve".to_owned(),
    };
    let withholding = |path: &str, rule: &str| {
        let mut parts = Parts::default();
        parts.withheld.push(Withheld {
            what: Atom::Http(HttpRegion {
                origin: "https://x.y".parse().unwrap(),
                method: Method::Get,
                path: path.parse().unwrap(),
            }),
            decision: decision(rule),
        });
        parts.into_grant(SMALL)
    };
    let (wide, narrow) = (withholding("/", "wide"), withholding("/a", "narrow"));
    assert_eq!(wide, Grant::nothing(SMALL));
    let x: Origin = "https://x.y".parse().unwrap();
    for grant in [
        wide.intersect(&narrow),
        narrow.intersect(&wide),
        wide.intersect(&narrow).intersect(&wide),
    ] {
        for (path, rule) in [
            ("/", "wide"),
            ("/ab", "wide"),
            ("/a", "narrow"),
            ("/a/b", "narrow"),
        ] {
            assert_eq!(
                grant.http(&x, Method::Get, path).unwrap_err(),
                Decision {
                    subject: format!("http GET https://x.y:443{path}"),
                    ..decision(rule)
                }
            );
        }
        assert_eq!(
            grant.http(&x, Method::Post, "/").unwrap_err().rule,
            "no declaration"
        );
    }
}
