# How a command line reaches the interpreter. Every run compiles this, so it is short: what only some runs need is in `_REST`.
def _main(arguments, directory):
    import atexit, os, sys
    rest = {}

    def more(name):
        if not rest:
            exec(_REST, rest)
        return rest[name]

    class Watch:
        @staticmethod
        def find_spec(name, path=None, target=None):
            if name == "socket" or name == "urllib.request":
                return more("watched")(name)

    source, code = None, 0
    try:
        sys.meta_path.insert(0, Watch)
        for name in ("socket", "urllib.request"):
            if name in sys.modules:
                more("patch")(name)
        os.chdir(directory)
        main = type(sys)("__main__")
        main.__builtins__ = __builtins__
        sys.modules["__main__"] = main
        if len(arguments) > 1 and arguments[0] == "-c":
            source, name = arguments[1], "<string>"
            sys.argv = ["-c", *arguments[2:]]
            sys.path.insert(0, directory)
        else:
            source, name = more("read")(arguments, main)
        if source is not None:
            exec(compile(source, name, "exec"), main.__dict__)
    except BaseException as error:
        code = more("ended")(error, source, globals())
    if atexit._ncallbacks():
        code = more("leave")(code)
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
