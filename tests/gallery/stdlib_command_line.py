# A command-line tool: sub-commands, types, choices, defaults, groups, help texts, exit codes and reading sys.argv.
import argparse
import contextlib
import io
import shlex
import sys
from pathlib import Path


def positive(text):
    value = int(text)
    if value <= 0:
        raise argparse.ArgumentTypeError(f"{value} is not positive")
    return value


def parser():
    top = argparse.ArgumentParser(prog="stats", description="Numbers of a file.", epilog="One number a line.")
    top.add_argument("-v", "--verbose", action="count", default=0, help="say more; twice for more still")
    top.add_argument("--version", action="version", version="%(prog)s 1.2")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    show = commands.add_parser("show", help="print some of them")
    show.add_argument("file", type=Path)
    show.add_argument("-n", "--lines", type=positive, default=3, metavar="N")
    where = show.add_mutually_exclusive_group()
    where.add_argument("--head", dest="where", action="store_const", const="head", default="head")
    where.add_argument("--tail", dest="where", action="store_const", const="tail")
    fold = commands.add_parser("fold", help="make one number of them")
    fold.add_argument("file", type=Path)
    fold.add_argument("--by", choices=["sum", "max", "mean"], default="sum")
    fold.add_argument("--scale", nargs=2, type=float, default=(1.0, 0.0))
    fold.add_argument("--skip", action="append", default=[], type=int)
    return top


def run(arguments):
    given = parser().parse_args(arguments)
    numbers = [float(line) for line in given.file.read_text().split()]
    if given.verbose:
        print(f"[{len(numbers)} numbers]" + "!" * (given.verbose - 1))
    if given.command == "show":
        chosen = numbers[: given.lines] if given.where == "head" else numbers[-given.lines :]
        print(*(f"{number:g}" for number in chosen))
        return 0
    a, b = given.scale
    kept = [a * number + b for i, number in enumerate(numbers) if i not in given.skip]
    if not kept:
        print("nothing is left")
        return 3
    result = {"sum": sum, "max": max, "mean": lambda n: sum(n) / len(n)}[given.by](kept)
    print(f"{given.by}: {result:g}")
    return 0


Path("numbers.txt").write_text("\n".join(str(n * n) for n in range(1, 8)) + "\n")
lines = [
    "show numbers.txt",
    "-vv show numbers.txt --tail -n 2",
    "fold numbers.txt --by max --scale 0.5 1",
    "fold numbers.txt --by=mean --skip 0 --skip 6",
    "fold numbers.txt --skip 0 --skip 1 --skip 2 --skip 3 --skip 4 --skip 5 --skip 6",
    "show numbers.txt --head --tail",
    "fold numbers.txt --by median",
    "show missing.txt",
    "",
    "--version",
]
for line in lines if len(sys.argv) == 1 else [shlex.join(sys.argv[1:])]:
    errors = io.StringIO()
    print("$", line)
    try:
        with contextlib.redirect_stderr(errors):
            code = run(shlex.split(line))
    except SystemExit as end:
        code = end.code
    except FileNotFoundError as error:
        code = f"no file {error.filename}"
    last = errors.getvalue().strip().splitlines()[-1:]
    print("  ->", code, *(text.split("error: ")[-1].partition(" (choose")[0].partition(", maybe")[0] for text in last))
print("known:", parser().parse_known_args(["fold", "x", "--new", "1"])[1], len(sys.argv), Path(sys.argv[0]).name)
