# A report from CSV with the standard library: dialects, counting, grouping, statistics, quoting and a text table.
import csv
import itertools
import random
import statistics
import textwrap
from collections import Counter, defaultdict
from io import StringIO
from pathlib import Path

random.seed(11)
path = Path("trips.csv")
with path.open("w", newline="", encoding="utf-8") as file:
    writer = csv.DictWriter(file, fieldnames=["line", "stop", "minutes", "remark"])
    writer.writeheader()
    for _ in range(200):
        delay = max(0, round(random.gauss(4, 3), 1))
        writer.writerow(
            {
                "line": random.choice(["A", "B", "C"]),
                "stop": random.choice(["Hill", "Mill", "Quay", "Zoo"]),
                "minutes": delay,
                "remark": 'said "late", left' if delay > 10 else "",
            }
        )
print("bytes:", path.stat().st_size > 2000, "first lines:", path.read_text().splitlines()[:2])

with path.open(newline="", encoding="utf-8") as file:
    trips = [row | {"minutes": float(row["minutes"])} for row in csv.DictReader(file)]
print("trips:", len(trips), "remarks:", sum(bool(trip["remark"]) for trip in trips))

lines = Counter(trip["line"] for trip in trips)
print("lines:", sorted(lines.items()), "most:", lines.most_common(1)[0][0])
delays = defaultdict(list)
for trip in trips:
    delays[trip["stop"]].append(trip["minutes"])
print(f"{'stop':<6}{'trips':>6}{'mean':>8}{'median':>8}{'p90':>8}{'stdev':>8}")
for stop, values in sorted(delays.items()):
    p90 = statistics.quantiles(values, n=10)[-1]
    numbers = (statistics.fmean(values), statistics.median(values), p90, statistics.stdev(values))
    print(f"{stop:<6}{len(values):>6}" + "".join(f"{number:>8.2f}" for number in numbers))

ordered = sorted(trips, key=lambda trip: (trip["line"], trip["stop"]))
for line, group in itertools.groupby(ordered, key=lambda trip: trip["line"]):
    worst = max(group, key=lambda trip: (trip["minutes"], trip["stop"]))
    print(f"worst on {line}: {worst['minutes']} at {worst['stop']}")
first, second = [t["minutes"] for t in trips[:100]], [t["minutes"] for t in trips[100:]]
print(f"correlation of halves: {statistics.correlation(first, second):.3f}")
slope, intercept = statistics.linear_regression(range(100), first)
print(f"trend: {slope:.4f} a trip from {intercept:.2f}")
normal = statistics.NormalDist.from_samples([trip["minutes"] for trip in trips])
print(f"as a normal: mean {normal.mean:.2f}, above 10: {1 - normal.cdf(10):.4f}")

table = "name;amount\n'semi;colon';1\nplain;2\n"
dialect = csv.Sniffer().sniff(table, delimiters=";,\t")
print("sniffed:", repr(dialect.delimiter), list(csv.reader(StringIO(table), delimiter=";", quotechar="'")))
out = StringIO()
csv.writer(out, delimiter="\t", quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n").writerows([["a\tb", 1.5], ['q"', 2]])
print("written:", repr(out.getvalue()))
bins = Counter(min(int(trip["minutes"] // 3), 4) for trip in trips)
for low in range(5):
    print(f"{low * 3:>3}+ {'#' * (bins[low] // 4)}")
print(
    textwrap.fill(
        "Of all trips, " + ", ".join(f"{count} were on line {line}" for line, count in sorted(lines.items())) + ".", 40
    )
)
