//! The checker itself, under a plain `python3`, and what is made of it.

use super::*;
use crate::fake::Fake;

const TOKEN_GPU: (bool, bool) = (true, true);

/// Warnings, or the errors' text.
fn judged(
    script: &str,
    arguments: serde_json::Value,
    (token, accelerated): (bool, bool),
) -> Result<Vec<String>, String> {
    let submit: Submit = serde_json::from_value(arguments).unwrap();
    let source = Source::Inline {
        text: script.to_owned(),
        path: None,
    };
    let job = Job {
        submit: &submit,
        token,
    };
    match check(&Fake::new().with_python(), &source, job) {
        Ok(checked) => {
            assert!(
                checked.said.starts_with("Syntax and imports were checked."),
                "{checked:?}"
            );
            Ok(checked.on(accelerated).warnings)
        }
        Err(Failure::InvalidArguments(errors)) => {
            let prefix = "a script that can run; nothing was started: ";
            Err(errors[0].expected.strip_prefix(prefix).unwrap().to_owned())
        }
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn scripts_are_judged() {
    let none = || serde_json::json!({});
    let with = |packages: &[&str]| serde_json::json!({ "dependencies": packages, "timeout": "2h" });
    let missing = |line: u32, module: &str, package: &str| {
        format!(
            "line {line}: no dependency is known to bring `{module}`: add `{package}` to `dependencies`, unless \
             another package or the image has it (a file of the workspace is not there)"
        )
    };
    let surely = |line: u32, module: &str, package: &str| {
        format!(
            "line {line}: `{module}` is not in the standard library, and nothing installs it: add `{package}` to \
             `dependencies`"
        )
    };
    let lost = "line 2: SFTConfig without push_to_hub=True and hub_model_id: what is trained is lost when the job ends";
    type Row<'r> = (
        &'r str,
        serde_json::Value,
        (bool, bool),
        Result<Vec<String>, String>,
    );
    let table: Vec<Row<'_>> = vec![
        ("import os, sys\nfrom json import loads\nprint(1)\n", none(), TOKEN_GPU, Ok(vec![])),
        ("def f(:\n  pass\n", none(), TOKEN_GPU, Err("line 1: invalid syntax at `def f(:`".into())),
        (
            "f(1).cuda()\n",
            none(),
            (true, false),
            Ok(vec![
                "line 1 uses a GPU, and the hardware has none: see `hardware`".into(),
            ]),
        ),
        (
            "import os\n!pip install x\n",
            none(),
            TOKEN_GPU,
            Err("line 2: invalid syntax at `!pip install x`; a notebook's commands are no Python: put packages into \
                 `dependencies`".into()),
        ),
        // A newer Python's syntax, under an older one.
        ("type X = int\n", serde_json::json!({"python": "3.12"}), TOKEN_GPU, if python_has_type() { Ok(vec![]) } else {
            Err("line 1: invalid syntax at `type X = int`".into())
        }),
        // Imports.
        ("import torch\n", none(), TOKEN_GPU, Err(surely(1, "torch", "torch"))),
        ("import sklearn.svm\nfrom PIL import Image\n", none(), TOKEN_GPU,
         Err(format!("{}; {}", surely(1, "sklearn", "scikit-learn"), surely(2, "PIL", "pillow")))),
        ("try:\n    import torch\nexcept ImportError:\n    pass\n", none(), TOKEN_GPU, Ok(vec![missing(2, "torch", "torch")])),
        ("import torch\n", serde_json::json!({"image": "pytorch/pytorch"}), TOKEN_GPU, Ok(vec![missing(1, "torch", "torch")])),
        ("import cv2\n", with(&["opencv-python-headless"]), TOKEN_GPU, Ok(vec![])),
        ("import sklearn, yaml\n", with(&["Scikit_Learn>=1", "PyYAML[x]"]), TOKEN_GPU, Ok(vec![])),
        ("import torch, numpy, transformers, datasets\n", with(&["trl"]), TOKEN_GPU, Ok(vec![])),
        ("import trl\n", with(&["git+https://github.com/huggingface/trl.git@main"]), TOKEN_GPU, Ok(vec![])),
        ("import trl\n", with(&["trl @ git+https://a.example/x"]), TOKEN_GPU, Ok(vec![])),
        ("import my_utils\n", with(&["torch"]), TOKEN_GPU, Ok(vec![missing(1, "my_utils", "my-utils")])),
        ("from .utils import x\n", with(&["torch"]), TOKEN_GPU,
         Err("line 1: `from .utils` imports a neighbour, and a job has this one file only".into())),
        ("import distutils\n", none(), TOKEN_GPU, Ok(vec![])),
        // Its own header.
        ("# /// script\n# dependencies = [\"torch>=2\"]\n# ///\nimport torch\n", none(), TOKEN_GPU, Ok(vec![])),
        ("# /// script\n# dependencies = [\"numpy\"]\n# ///\nimport torch\n", none(), TOKEN_GPU, Ok(vec![missing(4, "torch", "torch")])),
        ("# /// script\n# dependencies = 1\n# ///\n", none(), TOKEN_GPU,
         Err("the dependencies of its `# /// script` header are not a list of strings".into())),
        // pip.
        ("import subprocess, sys\nsubprocess.run([sys.executable, '-m', 'pip', 'install', 'x'])\n", none(), TOKEN_GPU,
         Err("line 2: `pip install`: uv's environments have no pip; put packages into `dependencies`".into())),
        ("import os\nos.system('pip install -q x')\nprint('pip install x')\n", none(), TOKEN_GPU,
         Err("line 2: `pip install`: uv's environments have no pip; put packages into `dependencies`".into())),
        ("print('pip install x')\n", none(), TOKEN_GPU, Ok(vec![])),
        // Trainers.
        ("from trl import SFTConfig\nc = SFTConfig(output_dir='x')\n", with(&["trl"]), TOKEN_GPU, Ok(vec![lost.into()])),
        ("from trl import SFTConfig\nc = SFTConfig(push_to_hub=True, hub_model_id='a/b')\n", with(&["trl"]), TOKEN_GPU, Ok(vec![])),
        ("from trl import SFTConfig\nc = SFTConfig(push_to_hub=True)\n", with(&["trl"]), TOKEN_GPU,
         Ok(vec!["line 2: SFTConfig without hub_model_id: the repository is named after output_dir".into()])),
        ("from trl import SFTConfig\nc = SFTConfig(**k)\nd = SFTConfig(push_to_hub=p)\n", with(&["trl"]), TOKEN_GPU, Ok(vec![])),
        ("from trl import SFTConfig\nc = SFTConfig()\nm.push_to_hub('a/b')\n", with(&["trl"]), TOKEN_GPU, Ok(vec![])),
        ("from trl import SFTConfig\nc = SFTConfig(push_to_hub=True, hub_model_id='a/b')\n",
         serde_json::json!({"dependencies": ["trl"]}), TOKEN_GPU,
         Ok(vec!["it trains, and without `timeout` it is ended after 30m".into()])),
        // No token.
        ("m.push_to_hub('a/b')\n", none(), (false, true),
         Err("line 1: `push_to_hub` needs a token, and this job has none: use operation `run`".into())),
        ("import trackio\n", with(&["trackio"]), TOKEN_GPU,
         Ok(vec!["line 1 uses trackio, and without `trackio_space_id` its numbers are lost when the job ends".into()])),
        // Hardware.
        ("m.cuda()\n", none(), (true, false), Ok(vec!["line 1 uses a GPU, and the hardware has none: see `hardware`".into()])),
        ("\nm.to('cuda')\n", none(), (true, false), Ok(vec!["line 2 uses a GPU, and the hardware has none: see `hardware`".into()])),
        ("m.to('cuda')\n", none(), TOKEN_GPU, Ok(vec![])),
    ];
    for (script, arguments, job, expected) in table {
        assert_eq!(
            judged(script, arguments.clone(), job),
            expected,
            "{script} {arguments}"
        );
    }
}

/// Whether the Python at hand is 3.12 or later.
fn python_has_type() -> bool {
    let exit = Fake::new()
        .with_python()
        .python(&Command {
            program: "python".into(),
            arguments: vec!["-c".into(), "type X = int".into()],
            environment: Vec::new(),
            directory: "/tmp".into(),
            stdin: Vec::new(),
            deadline: None,
            stay: None,
        })
        .unwrap();
    exit.code == 0
}

#[test]
fn what_the_script_says_is_told() {
    let submit: Submit = serde_json::from_value(serde_json::json!({"timeout": "1h"})).unwrap();
    let job = Job {
        submit: &submit,
        token: true,
    };
    let source = |text: &str| Source::Inline {
        text: text.into(),
        path: None,
    };
    let world = Fake::new().with_python();
    let text = "f(num_train_epochs=2.5, max_steps=100, per_device_train_batch_size=True)\n";
    let checked = check(&world, &source(text), job).unwrap();
    assert_eq!(
        (checked.said.as_str(), checked.epochs),
        (
            "Syntax and imports were checked. It says: max_steps=100, num_train_epochs=2.5.",
            Some(3)
        )
    );
    // Where there is no Python, the result says so, and the job is not kept from being started.
    for (world, source, expected) in [
        (
            Fake::new(),
            source("def f(:"),
            "The script's syntax and imports were not checked: `python` is not installed, or not granted.",
        ),
        (
            Fake::new().with_python(),
            Source::Url("https://a.example/x.py".into()),
            "The script was not checked: it is at a URL.",
        ),
        (
            Fake::new().with_python(),
            Source::Command(vec!["ls".into()]),
            "Nothing to check: a command, no script.",
        ),
    ] {
        assert_eq!(check(&world, &source, job).unwrap().said, expected);
    }
}
