# Logging as JSON lines: formatters, a filter with context, levels, rotating files, exceptions, and reading it again.
import contextvars
import json
import logging
import logging.handlers
import sys
from collections import Counter
from pathlib import Path

request = contextvars.ContextVar("request", default="-")
STANDARD = {*vars(logging.makeLogRecord({})), "message", "request"}


class JsonFormatter(logging.Formatter):
    """One object a line; the time is left out, so that two runs are alike."""

    def format(self, record):
        entry = {"level": record.levelname, "logger": record.name, "message": record.getMessage()}
        entry["request"] = record.request
        entry.update({key: value for key, value in vars(record).items() if key not in STANDARD})
        if record.exc_info:
            entry["error"] = f"{record.exc_info[0].__name__}: {record.exc_info[1]}"
        return json.dumps(entry, ensure_ascii=False, sort_keys=True)


class PlainFormatter(logging.Formatter):
    def formatException(self, exc_info):
        return f"         ({exc_info[0].__name__})"


class Context(logging.Filter):
    """Adds the request, and lets no secret through."""

    def filter(self, record):
        record.request = request.get()
        return "secret" not in record.getMessage()


to_file = logging.handlers.RotatingFileHandler("service.jsonl", maxBytes=1200, backupCount=3, encoding="utf-8")
to_file.setFormatter(JsonFormatter())
to_file.addFilter(Context())
to_screen = logging.StreamHandler(sys.stdout)
to_screen.setLevel(logging.WARNING)
to_screen.setFormatter(PlainFormatter("{levelname:<9}{name}: {message}", style="{"))
shop, cart, noisy = (logging.getLogger(name) for name in ("shop", "shop.cart", "shop.noisy"))
shop.setLevel(logging.DEBUG)
shop.addHandler(to_file)
shop.addHandler(to_screen)
noisy.setLevel(logging.ERROR)

shop.info("started", extra={"version": "1.0"})
for number in range(20):
    token = request.set(f"r{number:02d}")
    cart.debug("adding %d of %s", number, "ünits")
    noisy.warning("ignored")
    if number % 7 == 0:
        cart.warning("stock of %(item)s is low", {"item": "ink"}, extra={"left": number})
    try:
        assert number != 13, "no price"
    except AssertionError:
        cart.exception("failed")
    cart.info("the secret is 42")
    request.reset(token)
logging.LoggerAdapter(shop, {"part": "end"}).critical("stopping")
logging.shutdown()

files = sorted(Path().glob("service.jsonl*"))
print("files:", [file.name for file in files], "small:", all(file.stat().st_size <= 1200 for file in files))
lines = [line for file in reversed(files) for line in file.read_text(encoding="utf-8").splitlines()]
entries = [json.loads(line) for line in lines]
print("entries:", len(entries), dict(sorted(Counter(entry["level"] for entry in entries).items())))
print("second:", lines[1])
print("last:", lines[-1])
print("failed:", next(entry for entry in entries if "error" in entry))
print("requests:", len({entry["request"] for entry in entries}))
print("low:", [entry["left"] for entry in entries if "left" in entry])
print("no secrets:", all("secret" not in line for line in lines))
print("levels:", cart.getEffectiveLevel(), noisy.isEnabledFor(logging.WARNING), logging.getLevelName(40))
