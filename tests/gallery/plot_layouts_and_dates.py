# Arranging axes: mosaics, shared axes, insets, sub-figures; dates on an axis, and styles that end with their block.
import datetime as dt
from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from PIL import Image

out = Path("layouts")
out.mkdir(exist_ok=True)
days = pd.date_range("2024-01-01", "2024-12-31", freq="D")
rng = np.random.default_rng(4)
level = pd.Series(100 + np.cumsum(rng.normal(scale=1.5, size=len(days))), index=days)

figure, axes = plt.subplot_mosaic(
    [["top", "top", "side"], ["low", "right", "side"]], figsize=(9, 5), layout="constrained"
)
print("mosaic:", sorted(axes), "widest:", max(axes, key=lambda name: axes[name].get_position().width))
axes["top"].plot(days, level)
axes["top"].plot(level.rolling(30).mean(), label="30 days")
axes["top"].xaxis.set_major_locator(mdates.MonthLocator(bymonth=(1, 4, 7, 10)))
axes["top"].xaxis.set_major_formatter(mdates.DateFormatter("%b %Y"))
axes["top"].axvspan(dt.date(2024, 6, 1), dt.date(2024, 8, 31), color="gold", alpha=0.3)
axes["side"].barh(["Mon", "Tue", "Wed"], [3, 1, 2])
axes["side"].invert_yaxis()
figure.canvas.draw()
print("dates:", [t.get_text() for t in axes["top"].get_xticklabels()])
print("number of a day:", mdates.date2num(dt.datetime(2024, 1, 1)), mdates.num2date(19723.5).strftime("%H:%M"))
print("days:", [t.get_text() for t in axes["side"].get_yticklabels()], "upside down:", axes["side"].yaxis_inverted())
level.resample("ME").mean().plot(ax=axes["low"], kind="area", legend=False)
level.diff().plot(ax=axes["right"], kind="hist", bins=20)
print("bars from pandas:", len(axes["right"].patches))
figure.savefig(out / "mosaic.png", dpi=60)
plt.close(figure)

figure, grid = plt.subplots(3, 2, sharex=True, sharey="row", figsize=(5, 5))
grid[0, 0].plot([0, 10], [0, 5])
grid[2, 1].plot([2, 20], [-1, 1])
print(
    "shared x:",
    len({axes.get_xlim() for axes in grid.flat}),
    "rows of y:",
    len({axes.get_ylim() for axes in grid.flat}),
)
print("outer labels only:", [axes.xaxis.get_tick_params()["labelbottom"] for axes in grid[:, 0]])
inset = grid[0, 1].inset_axes([0.5, 0.5, 0.4, 0.4])
inset.plot([1, 2], [2, 1])
print("inset:", len(grid[0, 1].child_axes))
figure.savefig(out / "shared.png", dpi=50)
plt.close(figure)

before = plt.rcParams["lines.linewidth"]
with plt.style.context(["ggplot", {"lines.linewidth": 4, "font.size": 7}]):
    figure = plt.figure(figsize=(6, 3))
    left, right = figure.subfigures(1, 2, width_ratios=[2, 1])
    (line,) = left.subplots().plot([0, 1], [0, 1])
    right.subplots(2, 1)
    print("styled:", line.get_linewidth(), plt.rcParams["axes.grid"], "axes:", len(figure.axes))
    left.suptitle("left part")
    figure.savefig(out / "styled.png", dpi=100)
print("style has ended:", plt.rcParams["lines.linewidth"] == before)
ax = plt.figure(figsize=(4, 4)).add_subplot(projection="polar")
ax.plot(np.linspace(0, 2 * np.pi, 50), np.linspace(0, 1, 50))
ax.set_theta_zero_location("N")
print("polar:", ax.name, f"{ax.get_rmax():.2f}", np.degrees(ax.get_theta_offset()))
ax.figure.savefig(out / "polar.png", dpi=50)
for path in sorted(out.iterdir()):
    with Image.open(path) as picture:
        print(f"  {path.name}: {picture.size}")
