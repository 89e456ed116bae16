# The parts of the driver that only some runs need: scripts and modules, the end that is an error, and attempts to connect.
import os, sys


def read(arguments, main):
    """The source that a command line without -c names, and its name; none where it has run already."""
    sys.argv = list(arguments) or [""]
    if arguments[:1] == ["-m"] and len(arguments) > 1:
        import runpy
        sys.argv = arguments[1:]
        sys.path.insert(0, os.getcwd())
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
        return None, None
    if arguments[:1] == ["-"] or not arguments:
        sys.path.insert(0, os.getcwd())
        return sys.stdin.read(), "<stdin>"
    name = arguments[0]
    if name.startswith("-"):
        print(f"python: unknown option {name}; there are -c code, -m module, - and a script's path", file=sys.stderr)
        raise SystemExit(2)
    try:
        with open(name, "rb") as file:
            source = file.read()
    except OSError as error:
        print(f"python: can't open file {name!r}: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    sys.path.insert(0, os.path.dirname(os.path.abspath(name)))
    main.__file__ = name
    return source, name


def ended(error, source, driver):
    """The exit code of an end by exception, which is printed without the frames of the driver."""
    if isinstance(error, SystemExit):
        if error.code is None or isinstance(error.code, int):
            return error.code or 0
        print(error.code, file=sys.stderr)
        return 1
    import linecache, traceback
    if isinstance(source, str):
        linecache.cache["<string>"] = (len(source), None, source.splitlines(True), "<string>")
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_globals is driver:
        trace = trace.tb_next
    traceback.print_exception(type(error), error, trace)
    return 130 if isinstance(error, KeyboardInterrupt) else 1


def leave(code):
    """Runs what was registered for the end."""
    import atexit
    try:
        atexit._run_exitfuncs()
    except BaseException as error:
        return code or ended(error, None, None)
    return code


def connect(host, port):
    """There are no sockets. Opening this path is how an attempt becomes known to the host, whose policy answers it."""
    try:
        open(f"/dev/tcp/{host}/{port}").close()
    except OSError:
        pass
    raise PermissionError(13, f"network access to {host}:{port} is denied: programs have no sockets; use the tools for the web")


def sockets(module):
    def name(address):
        return address[:2] if isinstance(address, tuple) and len(address) >= 2 else (str(address), 0)
    module.create_connection = lambda address, *rest, **named: connect(*name(address))
    module.getaddrinfo = lambda host, port, *rest, **named: connect(host, port)
    module.gethostbyname = lambda host: connect(host, 0)


def requests(module):
    # There is no TLS either, so that the library would say that it does not know https.
    class Https(module.BaseHandler):
        def https_open(self, request):
            host, _, port = request.host.partition(":")
            connect(host, port or 443)
    module.install_opener(module.build_opener(Https))


patches = {"socket": sockets, "urllib.request": requests}


def patch(name):
    """Patches a module that has been imported; once."""
    found = patches.pop(name, None)
    if found is not None:
        found(sys.modules[name])


class Loader:
    # Of its own: the loader of a zip file is one object for all of its modules.
    def __init__(self, loader, name):
        self.loader, self.name = loader, name

    def create_module(self, spec):
        return self.loader.create_module(spec)

    def exec_module(self, module):
        self.loader.exec_module(module)
        patch(self.name)

    def __getattr__(self, name):
        return getattr(self.loader, name)


finding = set()


def watched(name):
    """Where a module that has to be patched is found: as always, with a loader that patches it."""
    if name in finding or name not in patches:
        return None
    finding.add(name)
    try:
        from importlib.util import find_spec
        spec = find_spec(name)
    finally:
        finding.discard(name)
    if spec is not None:
        spec.loader = Loader(spec.loader, name)
    return spec
