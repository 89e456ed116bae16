# Lines with styles, fills, annotations, a second axis and logarithmic scales; checks of what the figure holds.
from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MultipleLocator, PercentFormatter
from PIL import Image

out = Path("plots")
out.mkdir(exist_ok=True)


def save(figure, name, **options):
    """Saves a figure and says what the picture is."""
    figure.savefig(out / name, **options)
    with Image.open(out / name) as picture:
        print(f"  {name}: {picture.format} {picture.size} {picture.mode}")
    plt.close(figure)


x = np.linspace(0, 10, 200)
figure, axes = plt.subplots(figsize=(6, 4), dpi=100)
axes.plot(x, np.sin(x), label="sine", color="tab:blue", linewidth=2)
axes.plot(x, np.cos(x), "--", label="cosine", color="#ff7f0e")
axes.plot(x[::20], np.sin(x[::20]) * 0.5, "ks", label="samples", markersize=4)
axes.fill_between(x, np.sin(x), 0, where=np.sin(x) > 0, alpha=0.2)
axes.axhline(0, color="grey", linewidth=0.5)
axes.annotate("first maximum", (np.pi / 2, 1), (3, 1.3), arrowprops={"arrowstyle": "->"})
axes.set(title="Waves", xlabel="time [s]", ylabel="height", xlim=(0, 10), ylim=(-1.5, 1.5))
legend = axes.legend(loc="lower left", ncols=3)
print("legend:", [text.get_text() for text in legend.get_texts()])
print("lines:", [(line.get_linestyle(), line.get_marker()) for line in axes.lines])
print("limits:", *map(float, axes.get_xlim() + axes.get_ylim()), "ticks:", axes.get_yticks().tolist())
print("texts:", [text.get_text() for text in axes.texts], axes.get_title(), "|", axes.get_xlabel())
save(figure, "waves.png")

figure, left = plt.subplots(figsize=(5, 3), layout="constrained")
years = np.arange(2015, 2025)
left.bar(years, np.arange(10) ** 2, color="lightsteelblue", label="sales")
right = left.twinx()
right.plot(years, np.linspace(0.1, 0.55, 10), "r.-", label="share")
right.yaxis.set_major_formatter(PercentFormatter(1.0))
left.xaxis.set_major_locator(MultipleLocator(3))
handles = [*left.get_legend_handles_labels()[1], *right.get_legend_handles_labels()[1]]
figure.canvas.draw()
print(
    "two axes:",
    handles,
    [t.get_text() for t in right.get_yticklabels()][1:4],
    left.get_xticks().astype(int).tolist()[1:4],
)
print("bars:", len(left.patches), "tallest", max(bar.get_height() for bar in left.patches))
save(figure, "two_axes.png", dpi=80)

figure, axes = plt.subplots()
axes.loglog(x[1:], x[1:] ** 3, label="cubic")
axes.errorbar([1, 3, 9], [1, 27, 729], yerr=[0.5, 10, 300], fmt="o", capsize=3, label="measured")
axes.grid(True, which="both", alpha=0.3)
print("scales:", axes.get_xscale(), axes.get_yscale(), "legend:", [t.get_text() for t in axes.legend().get_texts()])
save(figure, "logarithmic.png", dpi=60, transparent=True)
save(plt.figure(figsize=(2, 2), facecolor="navy"), "empty.png", dpi=50)
with Image.open(out / "empty.png") as picture:
    print("background:", picture.getpixel((5, 5)))
