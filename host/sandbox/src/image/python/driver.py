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
import logging
import os
import signal
import sys
import time
import traceback
import types
import weakref

import numpy.random

import _ml_intern_packages as packages
from _ml_intern_web import ask, tell


class Result(str):
    """What a tool gave: its text, and in `structured` what it gave for programs, where it did."""

    def __new__(cls, text, structured):
        result = super().__new__(cls, text)
        result.structured = structured
        return result


# ---- one command line


def turn(line, name):
    """What the host has the interpreter do: `turn` of `program.wit`."""
    if line == "ready":
        ready()
    elif line:
        main(json.loads(line))


def main(spec):
    """Runs one command line, or one cell, and tells how it ended."""
    os.environ.update(spec["environment"])
    code = 1
    try:
        os.chdir(spec["directory"])
        packages.find()
        arguments = spec["arguments"]
        if spec["stay"]:
            code = cell(arguments)
        else:
            code = command(arguments, spec["directory"])
            failed = finish()
            code = code or failed
    except BaseException as error:
        code = report(error)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass
    tell("end", {"code": code & 0xFF, "names": known()})


def command(arguments, directory):
    """What `python` does with its arguments, in a main module of its own."""
    module = types.ModuleType("__main__")
    module.__builtins__ = builtins
    sys.modules["__main__"] = module
    code = 0
    try:
        if arguments[:2] == ["-m", "pip"]:
            raise SystemExit(packages.main(arguments[2:]))
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
    return code


def finish():
    """What `python` does at its end."""
    try:
        atexit._run_exitfuncs()
    except BaseException as error:
        return report(error)
    return 0


def leave(code, leave=os._exit):
    """`os._exit`: ends the interpreter, a kernel too. The host learns the code before."""
    tell("end", {"code": int(code) & 0xFF, "names": known()})
    leave(code)


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
    text = "".join(told.format())
    if isinstance(error, ModuleNotFoundError):
        # What the interpreter advises is about virtual environments.
        text = text.partition(". Site initialization is disabled")[0].rstrip("\n") + "\n"
    print(text, end="", file=sys.stderr)
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
# Whether a cell runs: then, and only then, an interrupt raises.
running = False


def on_interrupt(signum, frame):
    if running:
        raise KeyboardInterrupt


def nap(seconds, sleep=time.sleep):
    """Sleeps like `time.sleep`, and looks up often enough to be interrupted."""
    if not running or seconds <= NAP:
        return sleep(seconds)
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        sleep(min(left, NAP))


NAP = 0.02


def cell(arguments):
    """Runs one cell in the main module that stays. What its last expression gives is shown."""
    global cells, kernel, running
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
        running = True
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
        running = False
    except BaseException as error:
        running = False
        code = report(error)
    return code


def known():
    """The names in the main module that stays; none where there is none."""
    if kernel is None:
        return None
    return sorted(name for name in kernel.__dict__ if not name.startswith("_"))[:200]


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
        buffer = picture(figure)
        title = figure.get_suptitle() or next((axes.get_title() for axes in figure.axes if axes.get_title()), "")
        hand_on(buffer.getvalue(), title or f"figure {number}", saved.pop(figure, None))
        pyplot.close(figure)


def picture(figure):
    """A figure as PNG: as large as it is, or as what is drawn on it where that does not fit."""
    # A fifth more bytes than by default, in half the time.
    options = {"format": "png", "metadata": {"Software": None}, "pil_kwargs": {"compress_level": 3}}
    buffer = io.BytesIO()
    figure.savefig(buffer, **options)
    # Only a second drawing can tell the size before the first, so it is made only where something is cut off; and to ask
    # for the size of everything takes a fifth of a drawing, so that is asked only where it may be.
    if may_be_cut(figure):
        drawn = figure.get_tightbbox(figure.canvas.get_renderer())
        if not inside(drawn, *figure.get_size_inches(), EDGE):
            buffer = io.BytesIO()
            figure.savefig(buffer, bbox_inches="tight", **options)
    return buffer


# Inches that something may be over the edge.
EDGE = 0.02


def inside(box, width, height, edge):
    return box.x0 >= -edge and box.y0 >= -edge and box.x1 <= width + edge and box.y1 <= height + edge


def may_be_cut(figure):
    """Whether a figure, just drawn, has something on its edge, or something that is not tied to it wholly outside."""
    pixels = numpy.asarray(figure.canvas.buffer_rgba())
    edges = numpy.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    if (edges != edges[0]).any():
        return True
    renderer = figure.canvas.get_renderer()
    for artist in loose(figure):
        box = artist.get_tightbbox(renderer)
        if box is not None and not inside(box, figure.bbox.width, figure.bbox.height, EDGE * figure.dpi):
            return True
    return False


def loose(figure):
    """What of a figure can be anywhere: not axes, their lines and their ticks, which reach the edge before they cross it."""
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.spines import Spine
    from matplotlib.text import Text

    yield from (each for each in figure.get_default_bbox_extra_artists() if not isinstance(each, (Axes, Axis, Spine)))
    for axes in figure.axes:
        texts = [each for each in axes.get_children() if isinstance(each, Text)]
        for name in ("xaxis", "yaxis", "zaxis"):
            if (axis := getattr(axes, name, None)) is not None and axes.axison:
                texts += [axis.label, axis.offsetText]
        yield from (each for each in texts if each.get_visible() and each.get_text())


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


# ---- what the image brings along


def prepare():
    """Puts ours in the place of what cannot work here. Runs when the image is built."""
    import asyncio.selector_events

    import matplotlib.figure
    import matplotlib.pyplot
    import multiprocessing.util
    import PIL.Image
    import tqdm

    # There are no other threads and no signals that would have to wake a loop, or watch a bar.
    loop = asyncio.selector_events.BaseSelectorEventLoop
    loop._make_self_pipe = loop._close_self_pipe = loop._write_to_self = lambda self: None
    tqdm.tqdm.monitor_interval = 0
    matplotlib.pyplot.show = show
    time.sleep = nap
    os._exit = leave
    numpy.random.seed = seed
    # The distribution would compile, twice, what the host hands over; but that is a record, not source.
    sys.modules["_reactor"]._run_turn = turn
    # What these tidy up ends with the instance.
    for each in (multiprocessing.util._exit_function, PIL.Image.core.clear_cache, matplotlib._pylab_helpers.Gcf.destroy_all):
        atexit.unregister(each)
    # The handlers that libraries made hold nothing that would have to be flushed; those of a script are flushed.
    logging._handlerList.clear()
    signal.signal(signal.SIGINT, on_interrupt)

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


def seed(seed=None, plain=numpy.random.seed):
    """`numpy.random.seed`, which each instance calls when it starts; with a seed it takes a third of the time."""
    plain(numpy.frombuffer(os.urandom(32), numpy.uint32) if seed is None else seed)


def ready():
    """Rehearses a command line: an instance that has done so has touched what every run touches. It leaves no trace."""
    path, argv, module = sys.path[:], sys.argv, sys.modules["__main__"]
    packages.find()
    command(["-c", "0"], "/")
    exec(REHEARSAL, {})
    for stream in (sys.stdout, sys.stderr):
        stream.write("")
        stream.flush()
        os.write(stream.fileno(), b"")
    linecache.cache.pop("<string>", None)
    sys.path[:], sys.argv, sys.modules["__main__"] = path, argv, module


REHEARSAL = compile("""
import json, os
json.loads('{"arguments": ["-c", ""], "environment": {}, "stay": false}')
[f"{number:>3}" for number in range(3)]
os.getcwd()
""", "<ml-intern>", "exec")
