"""Looks at a script before a job is paid for. Reads {"source", "dependencies", "python"} as JSON from standard input,
writes what it found as JSON. It parses; it runs nothing of the script."""

import ast
import json
import re
import sys

# What is imported under another name than it is installed.
NAMES = {
    "sklearn": "scikit-learn", "PIL": "pillow", "cv2": "opencv-python", "yaml": "pyyaml", "bs4": "beautifulsoup4",
    "skimage": "scikit-image", "dotenv": "python-dotenv", "dateutil": "python-dateutil", "faiss": "faiss-cpu",
    "huggingface_hub": "huggingface-hub", "sentence_transformers": "sentence-transformers", "flash_attn": "flash-attn",
    "pytorch_lightning": "pytorch-lightning", "google.protobuf": "protobuf", "Crypto": "pycryptodome",
    "OpenSSL": "pyopenssl", "serial": "pyserial", "jwt": "pyjwt", "umap": "umap-learn", "hydra": "hydra-core",
    "fitz": "pymupdf", "magic": "python-magic", "docx": "python-docx", "attr": "attrs", "rouge_score": "rouge-score",
    "lm_eval": "lm-eval", "qwen_vl_utils": "qwen-vl-utils", "open_clip": "open-clip-torch", "wandb": "wandb",
}
# Any of these gives the same module.
SAME = {
    "opencv-python": {"opencv-python-headless", "opencv-contrib-python"}, "faiss-cpu": {"faiss-gpu", "faiss-gpu-cu12"},
    "psycopg2": {"psycopg2-binary"}, "tensorflow": {"tensorflow-cpu"}, "onnxruntime": {"onnxruntime-gpu"},
}
# What comes along with a package.
BRINGS = {
    "trl": ["transformers", "datasets", "accelerate"],
    "peft": ["torch", "transformers", "accelerate", "safetensors", "psutil", "pyyaml", "tqdm"],
    "accelerate": ["torch", "numpy", "psutil", "safetensors", "pyyaml", "huggingface-hub"],
    "transformers": ["huggingface-hub", "tokenizers", "safetensors", "numpy", "packaging", "pyyaml", "regex", "tqdm"],
    "datasets": ["huggingface-hub", "numpy", "pandas", "pyarrow", "fsspec", "requests", "httpx", "dill", "tqdm", "pyyaml"],
    "sentence-transformers": ["torch", "transformers", "scikit-learn", "scipy", "pillow", "huggingface-hub"],
    "diffusers": ["huggingface-hub", "safetensors", "pillow", "numpy", "regex", "requests"],
    "evaluate": ["datasets", "numpy", "pandas", "tqdm", "huggingface-hub"],
    "torchvision": ["torch", "numpy", "pillow"], "torchaudio": ["torch"], "timm": ["torch", "torchvision", "pyyaml"],
    "bitsandbytes": ["torch", "numpy"], "unsloth": ["torch", "transformers", "trl", "peft", "datasets", "bitsandbytes"],
    "vllm": ["torch", "transformers", "numpy", "pydantic", "fastapi", "requests"], "lightning": ["torch", "numpy", "pyyaml"],
    "pytorch-lightning": ["torch", "numpy", "pyyaml"], "lighteval": ["torch", "transformers", "datasets", "accelerate"],
    "torch": ["jinja2", "networkx", "sympy", "fsspec", "filelock", "setuptools"],
    "huggingface-hub": ["pyyaml", "tqdm", "fsspec", "filelock", "packaging", "httpx"],
    "scikit-learn": ["numpy", "scipy", "joblib"], "scipy": ["numpy"], "pandas": ["numpy", "python-dateutil"],
    "matplotlib": ["numpy", "pillow"], "seaborn": ["matplotlib", "pandas", "numpy"], "gradio": ["pandas", "numpy", "pillow",
    "fastapi", "pydantic", "httpx", "huggingface-hub", "pyyaml"], "trackio": ["gradio", "pandas", "huggingface-hub"],
    "xgboost": ["numpy", "scipy"], "lightgbm": ["numpy", "scipy"], "wandb": ["pyyaml", "requests", "protobuf"],
}
# Modules of the standard library that this interpreter has no more, and that of a job may have.
REMOVED = {"asynchat", "asyncore", "imp", "distutils", "smtpd", "cgi", "cgitb", "crypt", "telnetlib", "pipes", "audioop"}
# What a training run is configured with.
CONFIGS = re.compile(r"^(\w*TrainingArguments|(SFT|DPO|GRPO|KTO|ORPO|CPO|PPO|RLOO|GKD|BCO|XPO|NashMD|OnlineDPO|Reward|PRM)Config)$")
SETTINGS = ("num_train_epochs", "max_steps", "per_device_train_batch_size", "gradient_accumulation_steps")
UPLOADS = {"push_to_hub", "upload_folder", "upload_file", "upload_large_folder", "create_commit", "create_repo"}
HEADER = re.compile(r"(?m)^# /// script$\s(?P<content>(^#(| .*)$\s)+)^# ///$")


def package(requirement):
    """The name of a requirement, in the form in which names are compared."""
    requirement = requirement.strip()
    name = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*(?=\s*($|[\[<>=!~;@ ]))", requirement)
    name = name.group(0) if name else re.sub(r"\.git$", "", re.split(r"[@#?]", requirement.split("//")[-1])[0]).split("/")[-1]
    return re.sub(r"[-_.]+", "-", name).lower()


def declared_in(source):
    """The dependencies of the script's own header (PEP 723), or what is wrong with it."""
    blocks = list(HEADER.finditer(source))
    if not blocks:
        return [], None
    if len(blocks) > 1:
        return [], "it has more than one `# /// script` header"
    lines = blocks[0].group("content").splitlines()
    text = "\n".join(line[2:] if line.startswith("# ") else line[1:] for line in lines)
    try:
        import tomllib

        found = tomllib.loads(text).get("dependencies", [])
    except (ImportError, ValueError) as error:
        return [], f"its `# /// script` header is not TOML: {error}"
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        return [], "the dependencies of its `# /// script` header are not a list of strings"
    return found, None


def covered(packages):
    """The packages, and what comes along with them."""
    reached, rest = set(), list(packages)
    while rest:
        one = rest.pop()
        if one not in reached:
            reached.add(one)
            rest.extend(BRINGS.get(one, []))
    return reached


def dotted(node):
    """`a.b.c` of an expression; an empty text for any other."""
    parts = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        parts.append(node.id)
    elif not parts:
        return ""
    return ".".join(reversed(parts))


def texts(node):
    """The words of every text in an expression."""
    return " ".join(one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str))


def look(source, dependencies, python):
    report = {"syntax": None, "header": None, "declared": [], "imports": [], "trainers": [], "pushes": [], "pip": [],
              "settings": {}, "gpu": None, "trackio": None}
    declared, report["header"] = declared_in(source)
    report["declared"] = declared
    version = re.match(r"(?:\D*)3\.(\d+)", python or "3.12")
    try:
        tree = ast.parse(source, feature_version=(3, int(version.group(1)) if version else 12))
    except SyntaxError as error:
        text = (error.text or "").strip()
        report["syntax"] = {"line": error.lineno or 0, "message": error.msg, "text": text[:120],
                            "magic": text.startswith(("!", "%"))}
        return report
    except (ValueError, RecursionError, MemoryError) as error:
        report["syntax"] = {"line": 0, "message": str(error) or type(error).__name__, "text": "", "magic": False}
        return report

    has = covered({package(one) for one in [*dependencies, *declared]})
    standard = set(sys.stdlib_module_names) | REMOVED
    top = {id(statement) for statement in tree.body}
    missing = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = ["." * node.level + (node.module or "")]
        else:
            continue
        for module in modules:
            first = module.split(".")[0] if not module.startswith(".") else module
            if first in standard or first in missing:
                continue
            if "google.protobuf" in module:
                first = "google.protobuf"
            name = NAMES.get(first, re.sub(r"[-_.]+", "-", first).lower())
            if name in has or SAME.get(name, set()) & has:
                continue
            missing[first] = {"module": first, "package": name, "line": node.lineno, "sure": id(node) in top}
    report["imports"] = sorted(missing.values(), key=lambda one: one["line"])

    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [alias.name for alias in node.names] + [getattr(node, "module", None) or ""]
            if any(name.split(".")[0] == "trackio" for name in names) and report["trackio"] is None:
                report["trackio"] = node.lineno
        if not isinstance(node, ast.Call):
            continue
        called = dotted(node.func)
        last = called.split(".")[-1] if called else ""
        keywords = {word.arg: word.value for word in node.keywords if word.arg}
        for name in SETTINGS:
            value = keywords.get(name)
            if isinstance(value, ast.Constant) and isinstance(value.value, (int, float)) and value.value is not True:
                report["settings"].setdefault(name, value.value)
        if CONFIGS.match(last):
            push = keywords.get("push_to_hub")
            report["trainers"].append({
                "name": last, "line": node.lineno,
                "push": push.value is True if isinstance(push, ast.Constant) else (None if push or any(
                    word.arg is None for word in node.keywords) else False),
                "hub_model_id": "hub_model_id" in keywords or any(word.arg is None for word in node.keywords),
            })
        if last in UPLOADS and isinstance(node.func, (ast.Attribute, ast.Name)):
            report["pushes"].append({"name": last, "line": node.lineno})
        elif isinstance(keywords.get("push_to_hub"), ast.Constant) and keywords["push_to_hub"].value is True:
            report["pushes"].append({"name": "push_to_hub=True", "line": node.lineno})
        if called == "os.system" or called.split(".")[0] == "subprocess" or last in ("run", "check_call", "Popen", "check_output"):
            if re.search(r"\bpip3?\s+install\b", " ".join(texts(one) for one in node.args)):
                report["pip"].append(node.lineno)
        if last == "cuda" and isinstance(node.func, ast.Attribute) and report["gpu"] is None:
            report["gpu"] = node.lineno
        for name, value in keywords.items():
            on = isinstance(value, ast.Constant)
            if on and (name in ("bf16", "fp16") and value.value is True or value.value == "cuda") and report["gpu"] is None:
                report["gpu"] = node.lineno
        if last in ("to", "device") and any(isinstance(one, ast.Constant) and one.value == "cuda" for one in node.args):
            report["gpu"] = report["gpu"] or node.lineno
    return report


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    json.dump(look(asked["source"], asked["dependencies"], asked.get("python")), sys.stdout)
