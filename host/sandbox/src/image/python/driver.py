"""How command lines and cells reach the interpreter. Part of the image; every instance starts with it loaded."""
import ast
import atexit
import base64
import builtins
import functools
import gc
import io
import json
import linecache
import os
import sys
import traceback
import types
import weakref

import _host


class Result(str):
    """What a tool gave: its text, and in `structured` what it gave for programs, where it did."""

    def __new__(cls, text, structured):
        result = super().__new__(cls, text)
        result.structured = structured
        return result


def ask(what, value):
    """One request through the door, and its answer."""
    answer = json.loads(_host.call(json.dumps({what: value}).encode()))
    error = answer.get("error")
    if error is None:
        return answer.get("ok")
    kind, message = error.get("kind"), error.get("message")
    raise (PermissionError(13, message) if kind == "denied" else RuntimeError(message))


# ---- one command line


def main(spec):
    """Runs one command line, or one cell, and tells how it ended."""
    spec = json.loads(spec)
    os.environ.update(spec["environment"])
    code = 1
    try:
        os.chdir(spec["directory"])
        arguments = spec["arguments"]
        if spec["stay"]:
            code = cell(arguments)
        else:
            code = command(arguments, spec["directory"])
    except BaseException as error:
        code = report(error)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass
    ask("end", {"code": code & 0xFF})


def command(arguments, directory):
    """What `python` does with its arguments, in a main module of its own."""
    module = types.ModuleType("__main__")
    module.__builtins__ = builtins
    sys.modules["__main__"] = module
    code = 0
    try:
        if arguments[:1] == ["-m"] and len(arguments) > 1:
            import runpy
            sys.argv = arguments[1:]
            sys.path.insert(0, os.getcwd())
            runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
        else:
            source, name = read(arguments, directory, module)
            exec(compile(source, name, "exec"), module.__dict__)
    except BaseException as error:
        code = report(error)
    try:
        show_figures()
    except Exception as error:
        code = code or report(error)
    try:
        atexit._run_exitfuncs()
    except BaseException as error:
        code = code or report(error)
    return code


def read(arguments, directory, module):
    """The source that a command line names, and its name."""
    if arguments[:1] == ["-c"] and len(arguments) > 1:
        sys.argv = ["-c", *arguments[2:]]
        sys.path.insert(0, directory)
        remember("<string>", arguments[1])
        return arguments[1], "<string>"
    if arguments[:1] == ["-"] or not arguments:
        sys.argv = list(arguments) or [""]
        sys.path.insert(0, directory)
        source = sys.stdin.read()
        remember("<stdin>", source)
        return source, "<stdin>"
    name = arguments[0]
    if name == "--version" or name == "-V":
        print("Python", sys.version.split()[0])
        raise SystemExit(0)
    if name.startswith("-"):
        print(f"python: unknown option {name}; there are -c code, -m module, - and a script's path", file=sys.stderr)
        raise SystemExit(2)
    sys.argv = list(arguments)
    try:
        with open(name, "rb") as file:
            source = file.read()
    except OSError as error:
        print(f"python: can't open file {name!r}: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    sys.path.insert(0, os.path.dirname(os.path.abspath(name)))
    if name.endswith(".ipynb"):
        remember(name, source := notebook(source, name))
    module.__file__ = name
    return source, name


def notebook(source, name):
    """The code of a notebook's cells (nbformat 4), one after the other."""
    try:
        cells = json.loads(source)["cells"]
        codes = ["".join(each["source"]) for each in cells if each.get("cell_type") == "code"]
    except (ValueError, KeyError, TypeError) as error:
        print(f"python: {name} is not a notebook: {error!r}", file=sys.stderr)
        raise SystemExit(2) from None
    plain = []
    for code in codes:
        lines = code.split("\n")
        # IPython's own commands have no meaning here; they are told, not run.
        plain.append("\n".join(
            f"{line[:len(line) - len(line.lstrip())]}pass  # not Python: {line.strip()}" if line.lstrip()[:1] in ("%", "!") else line
            for line in lines))
    return "\n\n".join(plain)


def remember(name, source):
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)


def report(error):
    """Prints an exception without the driver's frames, and gives the exit code of an end by it."""
    if isinstance(error, SystemExit):
        if error.code is None or isinstance(error.code, int):
            return error.code or 0
        print(error.code, file=sys.stderr)
        return 1
    told = traceback.TracebackException.from_exception(error)
    trim(told)
    print("".join(told.format()), end="", file=sys.stderr)
    return 130 if isinstance(error, KeyboardInterrupt) else 1


def trim(told):
    """Takes the driver's frames out, here and in what caused it."""
    while told is not None:
        told.stack = traceback.StackSummary.from_list([frame for frame in told.stack if frame.filename != "<ml-intern>"])
        for inner in getattr(told, "exceptions", None) or ():
            trim(inner)
        told = told.__cause__ or told.__context__


# ---- cells of an interpreter that stays

cells = 0
kernel = None


def cell(arguments):
    """Runs one cell in the main module that stays. What its last expression gives is shown."""
    global cells, kernel
    if kernel is None:
        kernel = types.ModuleType("__main__")
        kernel.__builtins__ = builtins
        sys.argv = [""]
        sys.path.insert(0, os.getcwd())
    sys.modules["__main__"] = kernel
    (source,) = arguments
    cells += 1
    name = f"<cell {cells}>"
    remember(name, source)
    code = 0
    try:
        tree = ast.parse(source, name)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, name, "exec"), kernel.__dict__)
        if last is not None and not source.rstrip().endswith(";"):
            value = eval(compile(ast.Expression(last.value), name, "eval"), kernel.__dict__)
            if value is not None:
                kernel.__dict__["_"] = value
                print(repr(value))
        elif last is not None:
            eval(compile(ast.Expression(last.value), name, "eval"), kernel.__dict__)
        show_figures()
    except BaseException as error:
        code = report(error)
    ask("names", sorted(name for name in kernel.__dict__ if not name.startswith("_"))[:200])
    return code


# ---- figures

shown = 0
saved = weakref.WeakKeyDictionary()


def show_figures():
    """Saves every open figure under `figures/` of the working directory, hands it on, and closes it."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return
    for number in pyplot.get_fignums():
        figure = pyplot.figure(number)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", bbox_inches="tight", metadata={"Software": None})
        title = figure.get_suptitle() or next((axes.get_title() for axes in figure.axes if axes.get_title()), "")
        hand_on(buffer.getvalue(), title or f"figure {number}", saved.pop(figure, None))
        pyplot.close(figure)


def hand_on(png, title, path):
    """Hands a picture on, with the path where the script has saved it, else one of its own."""
    global shown
    folder = "/workspace/figures" if os.path.isdir("/workspace") else os.path.join(os.getcwd(), "figures")
    try:
        if path is None:
            os.makedirs(folder, exist_ok=True)
        while path is None:
            shown += 1
            try:
                candidate = f"{folder}/figure-{shown}.png"
                with open(candidate, "xb") as file:
                    file.write(png)
                path = candidate
            except FileExistsError:
                pass
    except OSError as error:
        print(f"figure {title!r} could not be saved: {error}", file=sys.stderr)
    ask("show", {"path": path or "", "mime": "image/png", "title": title, "data": base64.b64encode(png).decode()})


def show(*_, **__):
    show_figures()


# ---- what is not here, and says so


def refuse(host, port):
    # The answer is the denial, which this raises.
    ask("connect", {"host": str(host), "port": str(port)})


def prepare():
    """Puts ours in the place of what cannot work here. Runs when the image is built."""
    import socket
    import urllib.request

    import matplotlib.figure
    import matplotlib.pyplot

    def address(value):
        return value[:2] if isinstance(value, tuple) and len(value) >= 2 else (str(value), 0)

    socket.create_connection = lambda value, *rest, **named: refuse(*address(value))
    socket.getaddrinfo = lambda host, port, *rest, **named: refuse(host, port)
    socket.gethostbyname = lambda host: refuse(host, 0)

    # There is no TLS, so that the library would say that it does not know https.
    class Https(urllib.request.BaseHandler):
        def https_open(self, request):
            host, _, port = request.host.partition(":")
            refuse(host, port or 443)

    urllib.request.install_opener(urllib.request.build_opener(Https))
    matplotlib.pyplot.show = show

    plain = matplotlib.figure.Figure.savefig

    @functools.wraps(plain)
    def savefig(figure, fname, *rest, **named):
        plain(figure, fname, *rest, **named)
        if isinstance(fname, (str, os.PathLike)):
            saved[figure] = os.path.abspath(fname)

    matplotlib.figure.Figure.savefig = savefig

    tools = types.ModuleType("ml_intern.tools", "The agent's other tools, one function each: ml_intern.tools.name(argument=value).")

    def function(name):
        if name.startswith("__"):
            raise AttributeError(name)

        def call(**arguments):
            answer = ask("tool", {"name": name, "arguments": arguments})
            return Result(answer["text"], answer["structured"])

        call.__name__ = call.__qualname__ = name
        return call

    tools.__getattr__ = function
    tools.available = lambda: ask("tools", {})
    package = types.ModuleType("ml_intern", "What the agent offers to the code that it runs.")
    package.__path__ = []
    package.tools = tools
    sys.modules["ml_intern"] = package
    sys.modules["ml_intern.tools"] = tools


def ready():
    """Nothing: an instance that has run this once has touched what every run touches."""
    gc.isenabled()
