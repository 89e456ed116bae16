# How a command line reaches the interpreter: what `python -c`, `python -m` and `python script.py` do, on an interpreter that is running already.
# What every run imports, every run pays for: only what the interpreter has loaded already, unless something goes wrong.
def _main(arguments, directory):
    import atexit, os, sys

    def refuse_network():
        # There are no sockets here. Opening this path is how an attempt becomes known to the host, whose policy answers it.
        def connect(host, port):
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

        watched = {"socket": sockets, "urllib.request": requests}

        class Loader:
            # Of its own: the loader of a zip file is one object for all of its modules.
            def __init__(self, loader, patch):
                self.loader, self.patch = loader, patch

            def create_module(self, spec):
                return self.loader.create_module(spec)

            def exec_module(self, module):
                self.loader.exec_module(module)
                self.patch(module)

            def __getattr__(self, name):
                return getattr(self.loader, name)

        class Watch:
            @staticmethod
            def find_spec(name, path=None, target=None):
                patch = watched.pop(name, None)
                if patch is None:
                    return None
                from importlib.util import find_spec
                spec = find_spec(name)
                spec.loader = Loader(spec.loader, patch)
                return spec

        for name in list(watched):
            if name in sys.modules:
                watched.pop(name)(sys.modules[name])
        sys.meta_path.insert(0, Watch)

    def run(arguments):
        main = type(sys)("__main__")
        main.__builtins__ = __builtins__
        sys.modules["__main__"] = main
        if arguments[:1] == ["-m"] and len(arguments) > 1:
            import runpy
            sys.argv = arguments[1:]
            sys.path.insert(0, os.getcwd())
            runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
            return
        if arguments[:1] == ["-c"] and len(arguments) > 1:
            source, name = arguments[1], "<string>"
            sys.argv = ["-c", *arguments[2:]]
            sys.path.insert(0, os.getcwd())
            given.append(source)
        elif arguments[:1] == ["-"] or not arguments:
            source, name = sys.stdin.read(), "<stdin>"
            sys.argv = arguments or [""]
            sys.path.insert(0, os.getcwd())
        elif arguments[0].startswith("-"):
            print(f"python: unknown option {arguments[0]}; there are -c code, -m module, - and a script's path", file=sys.stderr)
            raise SystemExit(2)
        else:
            name = arguments[0]
            try:
                with open(name, "rb") as file:
                    source = file.read()
            except OSError as error:
                print(f"python: can't open file {name!r}: {error}", file=sys.stderr)
                raise SystemExit(2) from None
            sys.argv = list(arguments)
            sys.path.insert(0, os.path.dirname(os.path.abspath(name)))
            main.__file__ = name
        exec(compile(source, name, "exec"), main.__dict__)

    def report(error):
        # Without the frames of this driver.
        import linecache, traceback
        for source in given:
            linecache.cache["<string>"] = (len(source), None, source.splitlines(True), "<string>")
        trace = error.__traceback__
        while trace is not None and trace.tb_frame.f_globals is globals_here:
            trace = trace.tb_next
        traceback.print_exception(type(error), error, trace)

    globals_here = globals()
    given = []
    code = 0
    try:
        os.chdir(directory)
        refuse_network()
        run(arguments)
    except SystemExit as exit:
        if exit.code is None or isinstance(exit.code, int):
            code = exit.code or 0
        else:
            print(exit.code, file=sys.stderr)
            code = 1
    except BaseException as error:
        report(error)
        code = 130 if isinstance(error, KeyboardInterrupt) else 1
    try:
        atexit._run_exitfuncs()
    except BaseException as error:
        report(error)
        code = code or 1
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass
    # The only thing that the door is for: see the contract's `program` world.
    import _host
    try:
        _host.call(bytes(256 + (code & 0xff)))
    except Exception:
        pass
