# From a page to a report: Beautiful Soup reads a table, YAML configures, Jinja fills a template, tabulate prints.
from pathlib import Path

import yaml
from bs4 import BeautifulSoup
from jinja2 import DictLoader, Environment, StrictUndefined, UndefinedError
from tabulate import tabulate

PAGE = """
<html><head><title>River levels</title></head><body>
<h1>Levels <small>in cm</small></h1>
<table id="levels"><thead><tr><th>River<th>Place<th>Level<th>Change</tr></thead><tbody>
<tr class="ok"><td>Rhine<td>Lobith<td>1,024<td>+12</tr>
<tr class="warn"><td>Meuse<td>Borgharen<td>4&nbsp;310<td>-35</tr>
<tr class="ok"><td>IJssel<td>Zutphen<td>512<td>0</tr>
</tbody></table>
<p>See <a href="https://example.org/help" title="Help &amp; more">help</a> or <a href="#top">the top</a>.</p>
<!-- updated daily --></body></html>
"""
CONFIG = """
title: Rivers to watch
columns: [River, Place, Level]
limits: {Rhine: 1000, Meuse: 4500, IJssel: 400}
notes: |
  Levels are above local zero.
  Times are local.
defaults: &defaults {unit: cm, digits: 0}
report: {<<: *defaults, digits: 1}
"""
REPORT = """{% extends 'base.txt' %}{% block body %}
{%- for row in rows|sort(attribute='Level', reverse=true) -%}
{{ loop.index }}. {{ '%-7s'|format(row.River) }}{{ row.Level|signed(row.Change) }}{% if row.River in over %} !{% endif %}
{% endfor %}{% endblock %}"""
soup = BeautifulSoup(PAGE, "html.parser")
print("title:", soup.title.string, "| heading:", soup.h1.get_text(" ", strip=True))
header = [cell.find(string=True, recursive=False) for cell in soup.select("th")]
print("header:", [str(name).strip() for name in header])
for parser in ("lxml", "html5lib"):
    try:
        tree = BeautifulSoup(PAGE, parser)
        print(f"rows with {parser}:", len(tree.select("tbody tr")), tree.select("tr.warn td")[0].get_text(strip=True))
    except Exception as error:
        print(parser, type(error).__name__)

rows = []
for row in BeautifulSoup(PAGE, "lxml").select("#levels tbody tr"):
    river, place, level, change = (cell.get_text(strip=True) for cell in row.find_all("td"))
    number = int("".join(filter(str.isdigit, level)))
    rows.append({"River": river, "Place": place, "Level": number, "Change": int(change), "state": row["class"][0]})
print("links:", [(a["href"], a.get("title")) for a in soup.find_all("a")])

config = yaml.safe_load(CONFIG)
print("config:", config["report"], repr(config["notes"].splitlines()[0]), type(config["limits"]["Rhine"]).__name__)
over = [row["River"] for row in rows if row["Level"] > config["limits"][row["River"]]]
print("over the limit:", over)
cells = [[row[column] for column in config["columns"]] for row in rows]
print(tabulate(cells, headers=config["columns"], tablefmt="github", intfmt=","))

templates = Environment(
    loader=DictLoader(
        {
            "base.txt": "{{ title|upper }}\n{% block body %}{% endblock %}(end)",
            "report.txt": REPORT,
        }
    ),
    undefined=StrictUndefined,
    autoescape=False,
)
templates.filters["signed"] = lambda level, change: f"{level:>6d} ({change:+d})"
text = templates.get_template("report.txt").render(title=config["title"], rows=rows, over=over)
print(text)
Path("report.txt").write_text(text)
try:
    templates.from_string("{{ missing.value }}").render()
except UndefinedError as error:
    print("refused:", error)
print("escaped:", Environment(autoescape=True).from_string("<b>{{ x }}</b>").render(x="a < b & c"))
print(yaml.safe_dump({"rivers": rows[:1], "over": over}, sort_keys=True).strip())
