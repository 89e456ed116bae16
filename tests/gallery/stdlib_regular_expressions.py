# Regular expressions: a log with named groups, substitution by functions, splitting, looking around, and versions.
import re
from collections import Counter

LOG = """\
2024-05-01T08:00:12Z INFO  api    GET /items?page=2 200 13ms
2024-05-01T08:00:14Z WARN  db     slow query: 1530ms (table=orders, rows=88000)
2024-05-01T08:01:02Z ERROR api    POST /items 500 88ms
2024-05-01T08:01:09Z INFO  worker finished job #4711 in 2.5s
broken line
"""
ENTRY = re.compile(
    r"""
    ^(?P<day>\d{4}-\d\d-\d\d) T (?P<time>[\d:]{8}) Z \s+
    (?P<level>[A-Z]+) \s+ (?P<part>\w+) \s+ (?P<text>.*)$
    """,
    re.VERBOSE | re.MULTILINE,
)
entries = [match.groupdict() for match in ENTRY.finditer(LOG)]
print("entries:", len(entries), "of", len(LOG.splitlines()))
print("levels:", sorted(Counter(entry["level"] for entry in entries).items()))
print("first:", entries[0]["time"], entries[0]["part"], entries[0]["text"])

durations = re.findall(r"\b(\d+(?:\.\d+)?)(ms|s)\b", LOG)
print("milliseconds:", [float(number) * (1 if unit == "ms" else 1000) for number, unit in durations])
print("pairs:", dict(re.findall(r"(\w+)=(\w+)", entries[1]["text"])))
print("after a hash:", re.search(r"(?<=#)\d+", LOG)[0])
print("not errors:", re.findall(r"^(?!.*ERROR)\S+ +(\w+)", LOG, re.MULTILINE))


def shorten(match):
    return f"{match['method'].lower()} {match['path']}/..."


print("shortened:", re.sub(r"(?P<method>GET|POST) (?P<path>/\w+)\S*", shorten, entries[0]["text"]))
print("counted:", re.subn(r"\d", "9", entries[2]["text"]))
print("split:", re.split(r"\s*[,;]\s*|\s+and\s+", "red, green;blue and  white"))
print("kept separators:", re.split(r"([-+])", "1-2+3"))
print("repeated words:", re.findall(r"\b(\w+)\s+\1\b", "it is is what what it was"))
print("full match:", bool(re.fullmatch(r"[a-z]+", "abc")), bool(re.fullmatch(r"[a-z]+", "abc1")))
print("greedy and not:", re.findall(r"<.+>", "<a><b>"), re.findall(r"<.+?>", "<a><b>"))
print("escaped:", re.escape("a.b*c"), "flags:", re.findall(r"(?i)warn|info", LOG))
match = re.match(r"(\d+)-(?:(\d+))?", "12-")
print("groups:", match.groups(), match.span(1), match.lastindex)

versions = ["1.10.0", "1.9", "1.9.1rc1", "2.0b3", "1.9.1"]


def key(version):
    """Numbers as numbers; a pre-release before the release."""
    return [(int(number), suffix or "~") for number, suffix in re.findall(r"(\d+)([a-z]*)", version)]


print("versions:", sorted(versions, key=key))
try:
    re.compile("(unclosed")
except re.PatternError as error:
    print("refused:", error.msg, "at", error.pos)
