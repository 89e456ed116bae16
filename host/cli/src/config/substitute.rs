//! Variables in values.
//!
//! | written | means |
//! | --- | --- |
//! | `${NAME}` | the variable, which must be set |
//! | `${NAME:-default}` | the variable if it is set, to nothing too; otherwise the default, which may be empty |
//! | `${NAME:other}` | the same as `${NAME}` |
//! | `$NAME`, `${}`, `${NAME` | itself |
//!
//! A name is anything without `}` and `:`, a default anything without `}`. Values are replaced, in arrays too; keys are not.
//! What was put in is not looked at again, so no variable can bring in another.

use serde_json::Value;

use super::environment::{Environment, From};

/// A variable that was put into a value.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Used {
    /// Its name.
    pub(crate) name: String,
    /// What was put in.
    pub(crate) value: String,
    /// Where that was found.
    pub(crate) from: From,
}

/// A variable that has no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "${{{name}}} is not set; set it in the environment or in .env, or give a default: ${{{name}:-…}}"
)]
pub(crate) struct Unset {
    /// Its name.
    pub(crate) name: String,
}

/// A piece of a text.
enum Piece<'t> {
    Text(&'t str),
    Variable {
        name: &'t str,
        default: Option<&'t str>,
    },
}

/// Whether a value has a variable in it.
pub(crate) fn has_variables(value: &Value) -> bool {
    match value {
        Value::String(text) => pieces(text)
            .iter()
            .any(|piece| matches!(piece, Piece::Variable { .. })),
        Value::Array(all) => all.iter().any(has_variables),
        Value::Object(all) => all.values().any(has_variables),
        _ => false,
    }
}

/// Replaces the variables in a value, and adds them to those that were used.
pub(crate) fn substitute(
    value: &mut Value,
    environment: &Environment<'_>,
    used: &mut Vec<Used>,
) -> Result<(), Unset> {
    match value {
        Value::String(text) => *text = replace(text, environment, used)?,
        Value::Array(all) => {
            for value in all {
                substitute(value, environment, used)?;
            }
        }
        Value::Object(all) => {
            for value in all.values_mut() {
                substitute(value, environment, used)?;
            }
        }
        _ => {}
    }
    Ok(())
}

fn replace(
    text: &str,
    environment: &Environment<'_>,
    used: &mut Vec<Used>,
) -> Result<String, Unset> {
    let mut whole = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => whole.push_str(text),
            Piece::Variable { name, default } => {
                let found = environment.get(name).map(|found| (found.value, found.from));
                let default = default.map(|default| (default.to_owned(), From::Default));
                let (value, from) = found.or(default).ok_or_else(|| Unset {
                    name: name.to_owned(),
                })?;
                whole.push_str(&value);
                used.push(Used {
                    name: name.to_owned(),
                    value,
                    from,
                });
            }
        }
    }
    Ok(whole)
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        if after.starts_with([':', '}']) {
            // No name, so itself; a variable may begin right behind it.
            let (itself, behind) = rest
                .split_at_checked(before.len() + 2)
                .unwrap_or((rest, ""));
            pieces.push(Piece::Text(itself));
            rest = behind;
            continue;
        }
        let Some((inside, behind)) = after.split_once('}') else {
            break;
        };
        let (name, default) = match inside.split_once(':') {
            Some((name, other)) => (name, other.strip_prefix('-')),
            None => (inside, None),
        };
        pieces.push(Piece::Text(before));
        pieces.push(Piece::Variable { name, default });
        rest = behind;
    }
    pieces.push(Piece::Text(rest));
    pieces
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn environment() -> Environment<'static> {
        let get = |name: &str| {
            let value = match name {
                "A" => "one",
                "EMPTY" => "",
                "NESTED" => "${A}",
                "with space" => "two",
                _ => return None,
            };
            Some(value.to_owned())
        };
        Environment::new(get, Vec::new())
    }

    #[test]
    fn values() {
        let table = [
            (json!("${A}"), Ok(json!("one"))),
            (json!("x${A}y${A}"), Ok(json!("xoneyone"))),
            (json!("${A:-d}"), Ok(json!("one"))),
            (json!("${B:-d}"), Ok(json!("d"))),
            (json!("${B:-}"), Ok(json!(""))),
            (json!("${B:-a:-b}"), Ok(json!("a:-b"))),
            (json!("${B:--}"), Ok(json!("-"))),
            // Set to nothing is set.
            (json!("${EMPTY:-d}"), Ok(json!(""))),
            (json!("${EMPTY}"), Ok(json!(""))),
            // What was put in is not looked at again, and neither is a default.
            (json!("${NESTED}"), Ok(json!("${A}"))),
            (json!("${B:-${A}}"), Ok(json!("${A}"))),
            (json!("$${A}"), Ok(json!("$one"))),
            (json!("$A"), Ok(json!("$A"))),
            (json!("${A"), Ok(json!("${A"))),
            (json!("${}"), Ok(json!("${}"))),
            (json!("${:-d}"), Ok(json!("${:-d}"))),
            (json!("${}${A}"), Ok(json!("${}one"))),
            (json!("${with space}"), Ok(json!("two"))),
            (json!("ü${A}ü"), Ok(json!("üoneü"))),
            (
                json!(["${A}", ["${A}", 1], {"${A}": "${A}"}]),
                Ok(json!(["one", ["one", 1], {"${A}": "one"}])),
            ),
            (json!(1), Ok(json!(1))),
            (json!("${A:d}"), Ok(json!("one"))),
            (json!("${B:d}"), Err("B")),
            (json!("${B}"), Err("B")),
            (json!("${A}${B}"), Err("B")),
            (json!("${ A }"), Err(" A ")),
        ];
        for (written, expected) in table {
            let mut value = written.clone();
            let done = substitute(&mut value, &environment(), &mut Vec::new());
            let done = done.map(|()| value).map_err(|unset| unset.name);
            assert_eq!(done, expected.map_err(str::to_owned), "{written}");
        }
    }

    #[test]
    fn an_unset_variable_is_named() {
        let unset = Unset { name: "B".into() };
        assert_eq!(
            unset.to_string(),
            "${B} is not set; set it in the environment or in .env, or give a default: ${B:-…}"
        );
    }

    #[test]
    fn what_was_used_is_known() {
        let mut used = Vec::new();
        substitute(&mut json!(["${A} ${B:-d}", "x"]), &environment(), &mut used).unwrap();
        let used: Vec<String> = used
            .iter()
            .map(|used| format!("{}={} {}", used.name, used.value, used.from))
            .collect();
        assert_eq!(used, ["A=one environment", "B=d default"]);
    }
}
