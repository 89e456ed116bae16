//! The `python` tool: runs Python code, or a script of the workspace, as the program `python`.
//!
//! Its component imports `programs` and nothing else; files, memory and time are the program's, under this call's grant.

mod command;
mod report;
mod stream;

use command::Run;
use ml_intern_sdk::prelude::*;
use ml_intern_sdk::programs;

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
        host_calls: 16,
    };
    let run = Operation::new("run", run)
        .effects([Effect::Execute])
        .needs([
            need::program("python"),
            need::mount("workspace", Access::ReadWrite),
            need::mount("tmp", Access::ReadWrite),
        ]);
    Plugin::new(
        "python",
        env!("CARGO_PKG_VERSION"),
        "Runs Python in the sandbox, with numpy, pandas, scipy, scikit-learn and matplotlib.",
        limits,
    )
    .tool(Tool::new("python", DESCRIPTION, run))
}

const DESCRIPTION: &str = "Runs Python code, or a script of the workspace, in the sandbox and returns what it printed, \
its exit code, its time and its peak memory. CPython with numpy, pandas, scipy, scikit-learn, statsmodels and \
matplotlib. Each call is a fresh interpreter; what should last goes into files. The working directory is /workspace; \
/tmp is scratch space. No network, no subprocesses, no threads. Save figures as files (plt.savefig). Nothing can be \
installed while it runs.";

fn run(arguments: Run) -> Result<Output, Failure> {
    let command = arguments.command()?;
    let exit = programs::run(&command).map_err(|error| match error {
        programs::Error::Limit(message) => {
            Failure::failed(format!("Python was stopped: {message}"))
        }
        other => other.into(),
    })?;
    report::of(exit)
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
        let [operation] = tool.operations.as_slice() else {
            panic!("one operation")
        };
        assert_eq!(
            (tool.name.as_str(), operation.name.as_str()),
            ("python", "run")
        );
        assert_eq!(operation.effects, [Effect::Execute]);
        let expected = [
            Need::Program("python".into()),
            need::mount("workspace", Access::ReadWrite),
            need::mount("tmp", Access::ReadWrite),
        ];
        assert_eq!(operation.needs, expected);
    }

    #[test]
    fn arguments_that_do_not_fit_run_nothing() {
        let call = Call {
            id: "1".into(),
            tool: "python".into(),
            operation: "run".into(),
            arguments: r#"{"code":"1","script":"x.py"}"#.into(),
        };
        let expected = Failure::argument(
            "/script",
            "left out: `code` is given, and only one of the two can run",
        );
        assert_eq!(plugin().invoke(&call), Err(expected));
    }
}
