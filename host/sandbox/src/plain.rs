//! Components without a manifest, as tools.
//!
//! Every exported function whose types have a JSON form becomes a tool: `function`, or `interface_function` for one of
//! an exported interface. It declares no effects, so the policy is asked as for an unknown program.
//!
//! | WIT | JSON |
//! |---|---|
//! | `bool` | `true`, `false` |
//! | `u8` … `s64` | integer in range |
//! | `f32`, `f64` | number |
//! | `char` | string of one character |
//! | `string` | string |
//! | `list<u8>` and other lists | array |
//! | `record` | object with all fields; `option` fields may be left out |
//! | `tuple` | array of that length |
//! | `option<t>` | `t` or `null` |
//! | `enum` | one of the names |
//! | `flags` | array of names |
//! | `variant` | `"case"`, or `{"case": payload}` |
//! | `result<t, e>` (not as a function's own result) | `{"ok": t}`, `{"err": e}` |
//!
//! A function whose own result is `result<t, e>` fails with the error's JSON. Resources, futures and streams have no
//! JSON form; a function that uses one is left out, and listed as such.

use serde_json::{Map, Value, json};
use wasmtime::component::Val;
use wasmtime::component::types::{ComponentFunc, Type};

use crate::outcome::ArgumentError;

/// Deeper types than this have no JSON form here.
const DEPTH: usize = 32;

/// The JSON Schema (2020-12) of a type; `None` where it has none.
fn schema(ty: &Type, depth: usize) -> Option<Value> {
    if depth == 0 {
        return None;
    }
    let deeper = |ty: &Type| schema(ty, depth - 1);
    let integer = |low: i64, high: i64| json!({"type": "integer", "minimum": low, "maximum": high});
    Some(match ty {
        Type::Bool => json!({"type": "boolean"}),
        Type::S8 => integer(i8::MIN.into(), i8::MAX.into()),
        Type::U8 => integer(0, u8::MAX.into()),
        Type::S16 => integer(i16::MIN.into(), i16::MAX.into()),
        Type::U16 => integer(0, u16::MAX.into()),
        Type::S32 => integer(i32::MIN.into(), i32::MAX.into()),
        Type::U32 => integer(0, u32::MAX.into()),
        Type::S64 => integer(i64::MIN, i64::MAX),
        Type::U64 => json!({"type": "integer", "minimum": 0, "maximum": u64::MAX}),
        Type::Float32 | Type::Float64 => json!({"type": "number"}),
        Type::Char => json!({"type": "string", "minLength": 1, "maxLength": 1}),
        Type::String => json!({"type": "string"}),
        Type::List(list) => json!({"type": "array", "items": deeper(&list.ty())?}),
        Type::Record(record) => {
            let mut properties = Map::new();
            let mut required = Vec::new();
            for field in record.fields() {
                properties.insert(field.name.to_owned(), deeper(&field.ty)?);
                if !matches!(field.ty, Type::Option(_)) {
                    required.push(field.name.to_owned());
                }
            }
            json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
        }
        Type::Tuple(tuple) => {
            let items = tuple
                .types()
                .map(|ty| deeper(&ty))
                .collect::<Option<Vec<_>>>()?;
            json!({"type": "array", "prefixItems": items, "items": false, "minItems": items.len()})
        }
        Type::Option(option) => json!({"anyOf": [deeper(&option.ty())?, {"type": "null"}]}),
        Type::Enum(names) => json!({"enum": names.names().collect::<Vec<_>>()}),
        Type::Flags(flags) => json!({
            "type": "array", "items": {"enum": flags.names().collect::<Vec<_>>()}, "uniqueItems": true,
        }),
        Type::Variant(variant) => {
            let cases = variant
                .cases()
                .map(|case| {
                    Some(match case.ty {
                        None => json!({"const": case.name}),
                        Some(ty) => tagged(case.name, deeper(&ty)?),
                    })
                })
                .collect::<Option<Vec<_>>>()?;
            json!({"anyOf": cases})
        }
        Type::Result(result) => {
            let side =
                |ty: Option<Type>| ty.map_or(Some(json!({"type": "null"})), |ty| deeper(&ty));
            json!({"anyOf": [tagged("ok", side(result.ok())?), tagged("err", side(result.err())?)]})
        }
        _ => return None,
    })
}

fn tagged(name: &str, payload: Value) -> Value {
    let mut properties = Map::new();
    properties.insert(name.to_owned(), payload);
    json!({"type": "object", "properties": properties, "required": [name], "additionalProperties": false})
}

/// The schema of a function's arguments object; `None` where a type has no JSON form.
pub(crate) fn parameters(function: &ComponentFunc) -> Option<Value> {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (name, ty) in function.params() {
        properties.insert(name.to_owned(), schema(&ty, DEPTH)?);
        if !matches!(ty, Type::Option(_)) {
            required.push(name.to_owned());
        }
    }
    // The result must have a form too.
    for ty in function.results() {
        schema(&ty, DEPTH)?;
    }
    Some(
        json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false}),
    )
}

/// Arguments as the function takes them.
pub(crate) fn values(
    function: &ComponentFunc,
    arguments: &Value,
) -> Result<Vec<Val>, Vec<ArgumentError>> {
    let Value::Object(given) = arguments else {
        return Err(vec![wrong("", "an object")]);
    };
    let names: Vec<String> = function.params().map(|(name, _)| name.to_owned()).collect();
    if let Some(unknown) = given.keys().find(|key| !names.contains(key)) {
        return Err(vec![wrong(
            &pointer("", unknown),
            &format!("one of: {}", names.join(", ")),
        )]);
    }
    let mut values = Vec::with_capacity(names.len());
    let mut errors = Vec::new();
    for (name, ty) in function.params() {
        match value(
            &ty,
            given.get(name).unwrap_or(&Value::Null),
            &pointer("", name),
        ) {
            Ok(value) => values.push(value),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() {
        Ok(values)
    } else {
        Err(errors)
    }
}

fn pointer(base: &str, part: &str) -> String {
    format!("{base}/{}", part.replace('~', "~0").replace('/', "~1"))
}

fn wrong(pointer: &str, expected: &str) -> ArgumentError {
    ArgumentError {
        pointer: pointer.to_owned(),
        expected: expected.to_owned(),
    }
}

fn integer<T: TryFrom<i128>>(found: &Value, at: &str, expected: &str) -> Result<T, ArgumentError> {
    let number = found
        .as_i64()
        .map(i128::from)
        .or_else(|| found.as_u64().map(i128::from));
    number
        .and_then(|number| T::try_from(number).ok())
        .ok_or_else(|| wrong(at, expected))
}

fn value(ty: &Type, found: &Value, at: &str) -> Result<Val, ArgumentError> {
    Ok(match ty {
        Type::Bool => Val::Bool(found.as_bool().ok_or_else(|| wrong(at, "a boolean"))?),
        Type::S8 => Val::S8(integer(found, at, "an integer from -128 to 127")?),
        Type::U8 => Val::U8(integer(found, at, "an integer from 0 to 255")?),
        Type::S16 => Val::S16(integer(found, at, "an integer of 16 bits")?),
        Type::U16 => Val::U16(integer(found, at, "an unsigned integer of 16 bits")?),
        Type::S32 => Val::S32(integer(found, at, "an integer of 32 bits")?),
        Type::U32 => Val::U32(integer(found, at, "an unsigned integer of 32 bits")?),
        Type::S64 => Val::S64(integer(found, at, "an integer of 64 bits")?),
        Type::U64 => Val::U64(integer(found, at, "an unsigned integer of 64 bits")?),
        Type::Float32 => Val::Float32(found.as_f64().ok_or_else(|| wrong(at, "a number"))? as f32),
        Type::Float64 => Val::Float64(found.as_f64().ok_or_else(|| wrong(at, "a number"))?),
        Type::Char => {
            let mut chars = found.as_str().unwrap_or_default().chars();
            match (chars.next(), chars.next()) {
                (Some(only), None) => Val::Char(only),
                _ => return Err(wrong(at, "a string of one character")),
            }
        }
        Type::String => Val::String(
            found
                .as_str()
                .ok_or_else(|| wrong(at, "a string"))?
                .to_owned(),
        ),
        Type::List(list) => {
            let items = found.as_array().ok_or_else(|| wrong(at, "an array"))?;
            let ty = list.ty();
            Val::List(
                items
                    .iter()
                    .enumerate()
                    .map(|(i, item)| value(&ty, item, &pointer(at, &i.to_string())))
                    .collect::<Result<_, _>>()?,
            )
        }
        Type::Record(record) => {
            let given = found.as_object().ok_or_else(|| wrong(at, "an object"))?;
            let mut fields = Vec::new();
            for field in record.fields() {
                let item = given.get(field.name).unwrap_or(&Value::Null);
                fields.push((
                    field.name.to_owned(),
                    value(&field.ty, item, &pointer(at, field.name))?,
                ));
            }
            if let Some(unknown) = given
                .keys()
                .find(|key| fields.iter().all(|(name, _)| name != *key))
            {
                return Err(wrong(&pointer(at, unknown), "no such field"));
            }
            Val::Record(fields)
        }
        Type::Tuple(tuple) => {
            let types: Vec<Type> = tuple.types().collect();
            let items = found.as_array().filter(|items| items.len() == types.len());
            let items = items.ok_or_else(|| wrong(at, &format!("an array of {}", types.len())))?;
            Val::Tuple(
                types
                    .iter()
                    .zip(items)
                    .enumerate()
                    .map(|(i, (ty, item))| value(ty, item, &pointer(at, &i.to_string())))
                    .collect::<Result<_, _>>()?,
            )
        }
        Type::Option(_) if found.is_null() => Val::Option(None),
        Type::Option(option) => Val::Option(Some(Box::new(value(&option.ty(), found, at)?))),
        Type::Enum(names) => {
            let list = || names.names().collect::<Vec<_>>().join(", ");
            let name = found
                .as_str()
                .filter(|name| names.names().any(|known| known == *name));
            Val::Enum(
                name.ok_or_else(|| wrong(at, &format!("one of: {}", list())))?
                    .to_owned(),
            )
        }
        Type::Flags(flags) => {
            let known: Vec<&str> = flags.names().collect();
            let items = found
                .as_array()
                .ok_or_else(|| wrong(at, "an array of names"))?;
            let mut set = Vec::new();
            for (i, item) in items.iter().enumerate() {
                let name = item.as_str().filter(|name| known.contains(name));
                let expected = format!("one of: {}", known.join(", "));
                set.push(
                    name.ok_or_else(|| wrong(&pointer(at, &i.to_string()), &expected))?
                        .to_owned(),
                );
            }
            Val::Flags(set)
        }
        Type::Variant(variant) => {
            let (name, payload) = single(found).ok_or_else(|| wrong(at, "a case"))?;
            let case = variant.cases().find(|case| case.name == name);
            let list = || {
                variant
                    .cases()
                    .map(|case| case.name.to_owned())
                    .collect::<Vec<_>>()
                    .join(", ")
            };
            let case = case.ok_or_else(|| wrong(at, &format!("one of: {}", list())))?;
            let payload = match (case.ty, payload) {
                (None, None) => None,
                (Some(ty), Some(payload)) => {
                    Some(Box::new(value(&ty, payload, &pointer(at, name))?))
                }
                (None, Some(_)) => return Err(wrong(at, &format!("{name:?} alone"))),
                (Some(_), None) => return Err(wrong(at, &format!("an object with {name:?}"))),
            };
            Val::Variant(name.to_owned(), payload)
        }
        Type::Result(result) => {
            let (name, payload) =
                single(found).ok_or_else(|| wrong(at, "an object with ok or err"))?;
            let side = |ty: Option<Type>| match (ty, payload) {
                (None, _) => Ok(None),
                (Some(ty), payload) => {
                    value(&ty, payload.unwrap_or(&Value::Null), &pointer(at, name))
                        .map(|v| Some(Box::new(v)))
                }
            };
            match name {
                "ok" => Val::Result(Ok(side(result.ok())?)),
                "err" => Val::Result(Err(side(result.err())?)),
                _ => return Err(wrong(at, "an object with ok or err")),
            }
        }
        _ => return Err(wrong(at, "a type with a JSON form")),
    })
}

/// `"case"` or `{"case": payload}`.
fn single(found: &Value) -> Option<(&str, Option<&Value>)> {
    match found {
        Value::String(name) => Some((name, None)),
        Value::Object(map) if map.len() == 1 => map
            .iter()
            .next()
            .map(|(name, payload)| (name.as_str(), Some(payload))),
        _ => None,
    }
}

/// A result as JSON.
pub(crate) fn json(found: &Val) -> Value {
    let inner = |payload: &Option<Box<Val>>| {
        payload
            .as_ref()
            .map_or(Value::Null, |payload| json(payload))
    };
    let tag = |name: &str, payload: Value| {
        let mut map = Map::new();
        map.insert(name.to_owned(), payload);
        Value::Object(map)
    };
    match found {
        Val::Bool(v) => json!(v),
        Val::S8(v) => json!(v),
        Val::U8(v) => json!(v),
        Val::S16(v) => json!(v),
        Val::U16(v) => json!(v),
        Val::S32(v) => json!(v),
        Val::U32(v) => json!(v),
        Val::S64(v) => json!(v),
        Val::U64(v) => json!(v),
        Val::Float32(v) => json!(v),
        Val::Float64(v) => json!(v),
        Val::Char(v) => json!(v.to_string()),
        Val::String(v) => json!(v),
        Val::List(items) | Val::Tuple(items) => Value::Array(items.iter().map(json).collect()),
        Val::Record(fields) => Value::Object(
            fields
                .iter()
                .map(|(name, field)| (name.clone(), json(field)))
                .collect(),
        ),
        Val::Enum(name) => json!(name),
        Val::Flags(names) => json!(names),
        Val::Option(payload) => inner(payload),
        Val::Variant(name, None) => json!(name),
        Val::Variant(name, payload) => tag(name, inner(payload)),
        Val::Result(Ok(payload)) => tag("ok", inner(payload)),
        Val::Result(Err(payload)) => tag("err", inner(payload)),
        // `parameters` let no such type through.
        _ => Value::Null,
    }
}
