"""Packages: pip, as it is, with what it expects of a system; and where what it installed is found.

What can be installed is what needs no native code of its own: wheels for any platform. The image's own packages count as
installed, in the versions that they have. The index is the one that the environment names, and each request to it is
decided about by the policy, like every other.
"""
import os
import sys
import tempfile

# pip, and the metadata of the packages that the image has.
PIP = "/usr/local/lib/pip"
BUILT_IN = "/usr/local/lib/built-in"
PREFIX = "/packages"
SITE = f"{PREFIX}/lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"

OPTIONS = [
    "--disable-pip-version-check", "--no-input", "--no-cache-dir", "--no-color",
    # Its other way to certificates looks into the system's own.
    "--use-deprecated=legacy-certs",
]
INSTALL = [
    "--only-binary=:all:", f"--prefix={PREFIX}", "--no-warn-script-location", "--no-compile", "--progress-bar=off",
    # A denial stays one.
    "--retries=1",
]
COMMANDS = ("install", "list", "show", "freeze", "check", "download", "uninstall", "index", "--version", "help")

ADVICE = """\
Only pure-Python wheels can be installed here: there is no compiler, and no native code beside the image's own.
Built in are {}.
What needs more, or a GPU, runs on Hugging Face Jobs."""


def find():
    """Makes what was installed importable."""
    if SITE not in sys.path:
        sys.path.append(SITE)


def built_in():
    """Name and version of each of the image's own packages."""
    names = sorted(os.listdir(BUILT_IN)) if os.path.isdir(BUILT_IN) else []
    return [name.removesuffix(".dist-info").rsplit("-", 1) for name in names if name.endswith(".dist-info")]


def main(arguments):
    """What `pip` does with its arguments; its exit code."""
    if not os.path.isdir(PIP):
        print("pip: it is not part of this image", file=sys.stderr)
        return 1
    if not arguments or arguments[0] not in COMMANDS:
        print(f"pip: here it can {', '.join(COMMANDS[:8])}", file=sys.stderr)
        return 2
    # After the image's own, so that their modules are those of the image.
    sys.path += [PIP, BUILT_IN]
    for name in ("getuid", "geteuid", "getgid", "getegid"):
        setattr(os, name, lambda: 1000)
    os.umask = lambda mask: 0o022
    os.chmod = lambda *_, **__: None
    os.environ["PIP_CONFIG_FILE"] = os.devnull
    command, *rest = arguments
    if command == "install":
        rest = [*INSTALL, "--constraint", listed([f"{name}=={version}" for name, version in built_in()]), *lines(rest)]
    elif command == "download":
        rest = ["--only-binary=:all:", "--progress-bar=off", "--retries=1", *lines(rest)]
    from pip._internal.cli.main import main as pip
    from pip._vendor.distlib.scripts import ScriptMaker

    # There is no interpreter in a file, which it would look into.
    ScriptMaker._is_shell = lambda *_: False
    code = pip([*OPTIONS, command, *rest]) if command != "--version" else pip([command])
    if code and command == "install":
        print(ADVICE.format(", ".join(name for name, _ in built_in())), file=sys.stderr)
    return code


def listed(requirements):
    """A requirements file with these lines."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt", delete=False) as file:
        file.write("".join(f"{each}\n" for each in requirements))
    return file.name


def lines(arguments):
    """The arguments, with standard input in the place of `-` as a requirements file."""
    return [listed(sys.stdin.read().splitlines()) if each == "-" else each for each in arguments]
