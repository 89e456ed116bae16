//! A plugin, its tools and their operations; the manifest that they make, and how a call finds its function.

use std::fmt;

use schemars::{JsonSchema, Schema};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::bindings::exports::ml_intern::plugin::manifest;
use crate::{Call, Effect, Failure, Limits, Manifest, Need, Output, arguments, schema};

/// A plugin: what it is, what it asks for at most, and its tools.
#[derive(Debug)]
pub struct Plugin {
    name: &'static str,
    version: &'static str,
    summary: &'static str,
    limits: Limits,
    tools: Vec<Tool>,
}

impl Plugin {
    /// A plugin without tools: its name (`[a-z][a-z0-9-]*`), its semantic version, one line for people, and the bounds
    /// that one call asks for.
    #[must_use]
    pub fn new(
        name: &'static str,
        version: &'static str,
        summary: &'static str,
        limits: Limits,
    ) -> Self {
        Self {
            name,
            version,
            summary,
            limits,
            tools: Vec::new(),
        }
    }

    /// The same with one more tool.
    #[must_use]
    pub fn tool(mut self, tool: Tool) -> Self {
        self.tools.push(tool);
        self
    }

    /// The declaration that the host reads.
    #[must_use]
    pub fn manifest(&self) -> Manifest {
        Manifest {
            name: self.name.to_owned(),
            version: self.version.to_owned(),
            summary: self.summary.to_owned(),
            tools: self.tools.iter().map(Tool::declaration).collect(),
            limits: self.limits,
        }
    }

    /// Runs one call.
    ///
    /// # Errors
    /// What the operation gave, or what kept the call from reaching one.
    pub fn invoke(&self, call: &Call) -> Result<Output, Failure> {
        let tool = self
            .tools
            .iter()
            .find(|tool| tool.name == call.tool)
            .ok_or_else(|| {
                Failure::failed(format!(
                    "the plugin `{}` has no tool `{}`",
                    self.name, call.tool
                ))
            })?;
        let operation = tool
            .operations
            .iter()
            .find(|operation| operation.name == call.operation)
            .ok_or_else(|| {
                Failure::failed(format!(
                    "the tool `{}` has no operation `{}`",
                    call.tool, call.operation
                ))
            })?;
        let mut arguments = arguments::object(&call.arguments)?;
        let selected = tool
            .selector
            .and_then(|selector| arguments.shift_remove(selector));
        let asked = selected
            .as_ref()
            .and_then(Value::as_str)
            .unwrap_or(&call.operation);
        #[cfg(not(target_family = "wasm"))]
        return crate::http::native::under(&operation.needs, || (operation.run)(asked, arguments));
        #[cfg(target_family = "wasm")]
        (operation.run)(asked, arguments)
    }
}

/// One tool that the model is offered.
#[derive(Debug)]
pub struct Tool {
    name: &'static str,
    description: &'static str,
    selector: Option<&'static str>,
    default: Option<&'static str>,
    operations: Vec<Operation>,
}

impl Tool {
    /// A tool that does one thing. Its name is `[a-z][a-z0-9_-]*`; the description is for the model.
    #[must_use]
    pub fn new(name: &'static str, description: &'static str, operation: Operation) -> Self {
        Self {
            name,
            description,
            selector: None,
            default: None,
            operations: vec![operation],
        }
    }

    /// A tool that does one of several things: the selector is the argument whose value names the operation. It is added
    /// to the schema here and taken off the arguments before they reach the operation's struct.
    #[must_use]
    pub fn select(
        name: &'static str,
        description: &'static str,
        selector: &'static str,
        operations: impl IntoIterator<Item = Operation>,
    ) -> Self {
        Self {
            name,
            description,
            selector: Some(selector),
            default: None,
            operations: operations.into_iter().collect(),
        }
    }

    /// The operation that is meant where a call leaves the selector out.
    #[must_use]
    pub fn default(mut self, operation: &'static str) -> Self {
        self.default = Some(operation);
        self
    }

    fn declaration(&self) -> manifest::Tool {
        let schemas: Vec<(&str, Schema)> = self
            .operations
            .iter()
            .map(|operation| (operation.name, (operation.schema)()))
            .collect();
        let parameters = match (self.selector, schemas.as_slice()) {
            (None, [(_, only)]) => only.clone(),
            (selector, all) => schema::merge(selector.unwrap_or("operation"), self.default, all),
        };
        manifest::Tool {
            name: self.name.to_owned(),
            description: self.description.to_owned(),
            parameters: parameters.to_value().to_string(),
            selector: self.selector.map(str::to_owned),
            operations: self.operations.iter().map(Operation::declaration).collect(),
        }
    }
}

/// An operation's function, from the value of the selector and the other arguments, as they came.
type Run = dyn Fn(&str, Map<String, Value>) -> Result<Output, Failure>;

/// One thing that a tool does: a function from a struct of arguments to an output.
pub struct Operation {
    name: &'static str,
    effects: Vec<Effect>,
    needs: Vec<Need>,
    quote: Option<&'static str>,
    schema: fn() -> Schema,
    run: Box<Run>,
}

impl Operation {
    /// An operation of this name. The schema is derived from the function's argument. It has no effects declared (the
    /// policy is then asked as for an unknown program) and no needs until they are added.
    #[must_use]
    pub fn new<A>(name: &'static str, run: impl Fn(A) -> Result<Output, Failure> + 'static) -> Self
    where
        A: DeserializeOwned + JsonSchema,
    {
        Self::quoting(name, move |_, arguments| run(arguments))
    }

    /// An operation that others name with [`Self::quoted_by`]. Its function also gets the name of the operation that the
    /// arguments are for, as the selector among them has it: its own, where the model calls it.
    #[must_use]
    pub fn quoting<A>(
        name: &'static str,
        run: impl Fn(&str, A) -> Result<Output, Failure> + 'static,
    ) -> Self
    where
        A: DeserializeOwned + JsonSchema,
    {
        Self {
            name,
            effects: Vec::new(),
            needs: Vec::new(),
            quote: None,
            schema: schema::of::<A>,
            run: Box::new(move |asked, arguments| run(asked, arguments::parse(arguments)?)),
        }
    }

    /// The same with these effects: everything that a call of it may do to the world.
    #[must_use]
    pub fn effects(mut self, effects: impl IntoIterator<Item = Effect>) -> Self {
        self.effects.extend(effects);
        self
    }

    /// The same with these needs: everything that a call of it may reach.
    #[must_use]
    pub fn needs(mut self, needs: impl IntoIterator<Item = Need>) -> Self {
        self.needs.extend(needs);
        self
    }

    /// The same with the operation of this name, of the same tool, to tell beforehand what a call costs: it takes the
    /// same arguments, only observes, and answers with [`Output::quote`].
    #[must_use]
    pub fn quoted_by(mut self, operation: &'static str) -> Self {
        self.quote = Some(operation);
        self
    }

    fn declaration(&self) -> manifest::Operation {
        manifest::Operation {
            name: self.name.to_owned(),
            effects: self.effects.clone(),
            needs: self.needs.clone(),
            quote: self.quote.map(str::to_owned),
        }
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operation")
            .field("name", &self.name)
            .field("effects", &self.effects)
            .field("needs", &self.needs)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::need;

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Add {
        a: i64,
        b: i64,
    }

    #[derive(Debug, Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct Negate {
        a: i64,
    }

    fn plugin() -> Plugin {
        let limits = Limits {
            memory: 1,
            fuel: 2,
            deadline: 3,
            output: 4,
            open_files: 5,
            host_calls: 6,
        };
        let add = || Operation::new("add", |Add { a, b }| Ok(Output::text((a + b).to_string())));
        let negate = Operation::new("negate", |Negate { a }| Ok(Output::text((-a).to_string())));
        Plugin::new("sums", "1.2.3", "Adds.", limits)
            .tool(Tool::new(
                "add",
                "Adds two.",
                add()
                    .effects([Effect::Observe])
                    .needs([need::state("sum/")]),
            ))
            .tool(Tool::select("sum", "Computes.", "op", [add(), negate]))
    }

    fn call(tool: &str, operation: &str, arguments: &str) -> Result<Output, Failure> {
        plugin().invoke(&Call {
            id: "1".into(),
            tool: tool.into(),
            operation: operation.into(),
            arguments: arguments.into(),
        })
    }

    #[test]
    fn the_manifest_says_what_was_built() {
        let manifest = plugin().manifest();
        assert_eq!(
            (manifest.name.as_str(), manifest.version.as_str()),
            ("sums", "1.2.3")
        );
        let [add, sum] = manifest.tools.as_slice() else {
            panic!("two tools")
        };
        assert_eq!(
            (add.selector.as_deref(), sum.selector.as_deref()),
            (None, Some("op"))
        );
        assert_eq!(
            add.operations,
            [manifest::Operation {
                name: "add".into(),
                effects: vec![Effect::Observe],
                needs: vec![Need::State("sum/".into())],
                quote: None,
            }]
        );
        assert!(
            sum.parameters.contains(
                r#""op":{"type":"string","enum":["add","negate"],"description":"add: b"}"#
            ),
            "{}",
            sum.parameters
        );
    }

    #[test]
    fn a_quote_knows_what_it_is_for() {
        let plugin = plugin().tool(Tool::select(
            "job",
            "Runs.",
            "op",
            [Operation::quoting("quote", |asked, Negate { a }| {
                Ok(Output::text(format!("{asked} {a}")))
            })],
        ));
        for (arguments, expected) in [
            (r#"{"op":"run","a":1}"#, "run 1"),
            (r#"{"op":"quote","a":1}"#, "quote 1"),
            (r#"{"op":7,"a":1}"#, "quote 1"),
            (r#"{"a":1}"#, "quote 1"),
        ] {
            let output = plugin.invoke(&Call {
                id: "1".into(),
                tool: "job".into(),
                operation: "quote".into(),
                arguments: arguments.into(),
            });
            assert_eq!(output, Ok(Output::text(expected)), "{arguments}");
        }
    }

    #[test]
    fn a_call_reaches_its_operation() {
        let table = [
            ("add", "add", r#"{"a":1,"b":2}"#, Ok("3")),
            ("sum", "add", r#"{"op":"add","a":1,"b":2}"#, Ok("3")),
            ("sum", "negate", r#"{"op":"negate","a":1}"#, Ok("-1")),
            (
                "minus",
                "add",
                "{}",
                Err(Failure::failed("the plugin `sums` has no tool `minus`")),
            ),
            (
                "sum",
                "minus",
                "{}",
                Err(Failure::failed("the tool `sum` has no operation `minus`")),
            ),
            (
                "sum",
                "add",
                r#"{"op":"add","a":1}"#,
                Err(Failure::argument("/b", "a value: it is required")),
            ),
        ];
        for (tool, operation, arguments, expected) in table {
            assert_eq!(
                call(tool, operation, arguments),
                expected.map(Output::text),
                "{tool} {operation} {arguments}"
            );
        }
    }
}
