# Distributions in pictures: histograms, boxes, violins, scatter with colours, pies, stacks and step plots.
from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

out = Path("plots")
out.mkdir(exist_ok=True)
rng = np.random.default_rng(0)
samples = [rng.normal(m, s, 200) for m, s in ((0, 1), (1, 2), (3, 0.5))]

figure, axes = plt.subplots(2, 3, figsize=(9, 6), dpi=80)
counts, edges, patches = axes[0, 0].hist(samples[0], bins=np.arange(-4, 5), edgecolor="white")
print("histogram:", counts.astype(int).tolist(), "sum", int(counts.sum()), "bars", len(patches))
_, _, stacked = axes[0, 0].hist(samples[:2], bins=8, histtype="barstacked", alpha=0.3)
print("stacked:", len(stacked))

boxes = axes[0, 1].boxplot(samples, tick_labels=["a", "b", "c"], showmeans=True)
medians = [line.get_ydata()[0] for line in boxes["medians"]]
print("medians:", np.round(medians, 3).tolist(), "outliers:", [len(f.get_ydata()) for f in boxes["fliers"]])
whiskers = [line.get_ydata()[1] for line in boxes["whiskers"]]
print("whiskers:", np.round(whiskers, 2).tolist())

parts = axes[0, 2].violinplot(samples, showmedians=True)
print(
    "violins:", len(parts["bodies"]), "extrema:", [round(float(s[1, 1]), 2) for s in parts["cmedians"].get_segments()]
)

points = axes[1, 0].scatter(
    samples[0], samples[1], c=samples[2], s=20 * np.abs(samples[0]), cmap="viridis", vmin=2, vmax=4
)
bar = figure.colorbar(points, ax=axes[1, 0], label="third")
print("scatter:", points.get_offsets().shape, "colours", points.get_clim(), bar.ax.get_ylabel())

wedges, texts, shares = axes[1, 1].pie(
    [45, 30, 15, 10], labels=["oak", "pine", "ash", "elm"], autopct="%1.0f%%", startangle=90
)
print("pie:", [f"{t.get_text()} {s.get_text()}" for t, s in zip(texts, shares)])
print("angles:", [round(float(w.theta2 - w.theta1), 1) for w in wedges])

x = np.arange(6)
layers = axes[1, 2].stackplot(x, [x, 2 * x, 6 - x], labels=["up", "fast", "down"])
axes[1, 2].step(x, x**2 / 2, where="mid", color="k", label="steps")
axes[1, 2].stem(x, -x, basefmt=" ")
print("layers:", len(layers), "legend:", [t.get_text() for t in axes[1, 2].legend(loc="upper left").get_texts()])
figure.suptitle("Six ways to show a sample")
for number, each in enumerate(axes.flat):
    each.set_title(f"panel {number + 1}", fontsize=9)
figure.tight_layout()
figure.savefig(out / "statistics.png")

with Image.open(out / "statistics.png") as picture:
    print(
        "picture:",
        picture.size,
        picture.mode,
        "colours of some kind:",
        len(picture.convert("RGB").getcolors(2**24)) > 100,
    )
print("titles:", figure.get_suptitle(), [each.get_title() for each in axes.flat][:3])
print("axes in the figure:", len(figure.axes))
density, edges = np.histogram(samples[1], bins=5, range=(-5, 7), density=True)
print("density:", density.round(3).tolist(), "integral", float((density * np.diff(edges)).sum().round(6)))
table, _, _, mesh = plt.figure().gca().hist2d(samples[0], samples[1], bins=4, range=[[-2, 2], [-4, 6]])
print("two dimensions:", table.astype(int).tolist())
plt.close("all")
print("open figures:", plt.get_fignums())
