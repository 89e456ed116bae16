//! The `python` tool: runs Python code, or a script of the workspace, as the program `python`.
//!
//! Its component imports `programs` and nothing else; files, memory and time are the program's, under this call's grant.

mod command;
mod report;

use command::{Cell, Install, KERNEL, Reset, Run};
use ml_intern_sdk::prelude::*;
use ml_intern_sdk::{http, programs};

/// What the component exports.
#[must_use]
pub fn plugin() -> Plugin {
    // Memory, fuel and time are what the program it runs may use; the policy has the last word.
    let limits = Limits {
        memory: 4 << 30,
        fuel: 10_000_000_000,
        deadline: command::LONGEST_SECONDS * 1_000,
        output: 4 << 20,
        open_files: 256,
        host_calls: 10_000,
    };
    let needs = |packages| {
        [
            need::program("python"),
            need::mount("workspace", Access::ReadWrite),
            need::mount("tmp", Access::ReadWrite),
            need::mount("data", Access::ReadOnly),
            need::mount("packages", packages),
            need::web(http::METHODS),
        ]
    };
    let run = Operation::new("run", run)
        .effects([Effect::Execute])
        .needs(needs(Access::ReadOnly));
    let execute = Operation::new("execute", execute)
        .effects([Effect::Execute])
        .needs(needs(Access::ReadOnly));
    let install = Operation::new("install", install)
        .effects([Effect::Execute])
        .needs(needs(Access::ReadWrite));
    let reset = Operation::new("reset", reset)
        .effects([Effect::Execute])
        .needs([need::program("python")]);
    Plugin::new(
        "python",
        env!("CARGO_PKG_VERSION"),
        "Runs Python in the sandbox, with numpy, pandas, scipy, scikit-learn and matplotlib.",
        limits,
    )
    .tool(
        Tool::select(
            "python",
            DESCRIPTION,
            "operation",
            [run, execute, install, reset],
        )
        .default("run"),
    )
}

const DESCRIPTION: &str = "Runs Python in the sandbox: CPython with numpy, pandas, scipy, scikit-learn, statsmodels, \
seaborn and matplotlib.\n- run: code, or a script or notebook of the workspace, in a fresh interpreter.\n- execute: a \
cell in this session's interpreter, whose variables stay; the last expression's value is shown.\n- install: \
pure-Python packages for this session, where the policy allows the index.\n- reset: ends that interpreter.\nThe \
working directory is /workspace; /tmp is scratch space, /data holds what the user mounted. Figures come back as images \
and are saved under /workspace/figures. urllib, requests and httpx reach what the policy allows. `from ml_intern \
import tools; tools.read(path=...)` calls the other tools. No subprocesses, no threads; numpy's default integer has 32 \
bits.";

fn run(arguments: Run) -> Result<Output, Failure> {
    report::of(programs::run(&arguments.command()?)?)
}

fn execute(cell: Cell) -> Result<Output, Failure> {
    report::of(programs::run(&cell.command()?)?)
}

fn install(install: Install) -> Result<Output, Failure> {
    report::of(programs::run(&install.command()?)?)
}

fn reset(_: Reset) -> Result<Output, Failure> {
    Ok(Output::text(match programs::end("python", KERNEL) {
        Some(names) if !names.is_empty() => {
            format!("The interpreter has ended; gone are {}.", names.join(", "))
        }
        Some(_) => "The interpreter has ended.".to_owned(),
        None => "There was no interpreter to end.".to_owned(),
    }))
}

ml_intern_sdk::export!(plugin);

#[cfg(test)]
mod tests {
    use ml_intern_sdk::{Call, Need};

    use super::*;

    #[test]
    fn it_declares_what_it_needs() {
        let manifest = plugin().manifest();
        let [tool] = manifest.tools.as_slice() else {
            panic!("one tool")
        };
        let names: Vec<&str> = tool.operations.iter().map(|o| o.name.as_str()).collect();
        assert_eq!(
            (tool.name.as_str(), names.as_slice()),
            ("python", ["run", "execute", "install", "reset"].as_slice())
        );
        let program = Need::Program("python".into());
        let all = |packages| {
            [
                program.clone(),
                need::mount("workspace", Access::ReadWrite),
                need::mount("tmp", Access::ReadWrite),
                need::mount("data", Access::ReadOnly),
                need::mount("packages", packages),
                Need::Web(http::METHODS.to_vec()),
            ]
        };
        let [run, execute, install, reset] = tool.operations.as_slice() else {
            panic!("four operations")
        };
        for (operation, packages) in [
            (run, Access::ReadOnly),
            (execute, Access::ReadOnly),
            (install, Access::ReadWrite),
        ] {
            assert_eq!(operation.effects, [Effect::Execute]);
            assert_eq!(operation.needs, all(packages));
        }
        assert_eq!(reset.needs, [program]);
    }

    #[test]
    fn arguments_that_do_not_fit_run_nothing() {
        let call = Call {
            id: "1".into(),
            tool: "python".into(),
            operation: "run".into(),
            arguments: r#"{"operation":"run","code":"1","script":"x.py"}"#.into(),
        };
        let expected = Failure::argument(
            "/script",
            "left out: `code` is given, and only one of the two can run",
        );
        assert_eq!(plugin().invoke(&call), Err(expected));
    }
}
