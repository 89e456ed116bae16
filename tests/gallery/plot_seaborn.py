# Seaborn on a table: distributions, categories with intervals, a regression, a heat map and facets.
from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from PIL import Image
from sklearn.datasets import load_iris

out = Path("plots")
out.mkdir(exist_ok=True)
iris = load_iris(as_frame=True)
table = iris.frame.rename(columns=lambda name: name.replace(" (cm)", "").replace(" ", "_"))
table["species"] = pd.Categorical.from_codes(table.pop("target"), iris.target_names)
print("columns:", table.columns.tolist(), "rows:", len(table))

sns.set_theme(style="whitegrid", palette="deep")
figure, axes = plt.subplots(2, 3, figsize=(12, 7), dpi=50)
sns.histplot(table, x="petal_length", hue="species", bins=20, multiple="stack", ax=axes[0, 0])
print("bars:", len(axes[0, 0].patches), "legend:", [t.get_text() for t in axes[0, 0].get_legend().get_texts()])
sns.boxplot(table, x="species", y="sepal_width", hue="species", ax=axes[0, 1])
print("boxes:", len(axes[0, 1].patches), [t.get_text() for t in axes[0, 1].get_xticklabels()])
sns.barplot(table, x="species", y="petal_width", errorbar="sd", ax=axes[0, 2])
print("bars at:", [round(float(bar.get_height()), 3) for bar in axes[0, 2].patches])
sns.scatterplot(table, x="sepal_length", y="petal_length", hue="species", style="species", ax=axes[1, 0])
print("labels:", axes[1, 0].get_xlabel(), axes[1, 0].get_ylabel())
sns.regplot(table, x="petal_length", y="petal_width", ci=None, ax=axes[1, 1])
line = axes[1, 1].lines[0]
slope = np.diff(line.get_ydata())[0] / np.diff(line.get_xdata())[0]
print(f"slope: {slope:.3f}, by hand {np.polyfit(table['petal_length'], table['petal_width'], 1)[0]:.3f}")
correlation = table.drop(columns="species").corr()
sns.heatmap(correlation, annot=True, fmt=".2f", cmap="vlag", vmin=-1, vmax=1, ax=axes[1, 2])
print("correlations:", [t.get_text() for t in axes[1, 2].texts][:4])
figure.savefig(out / "iris.png")
plt.close(figure)

long = table.melt("species", var_name="measure", value_name="cm")
facets = sns.catplot(
    long, x="species", y="cm", col="measure", kind="violin", col_wrap=2, height=2, hue="species", inner=None
)
facets.set_titles("{col_name}")
print("facets:", facets.axes.shape, [axes.get_title() for axes in facets.axes.flat])
facets.savefig(out / "facets.png", dpi=50)
print("palette:", sns.color_palette("deep", 3).as_hex())
for name in ("iris.png", "facets.png"):
    with Image.open(out / name) as picture:
        print(f"{name}: {picture.format} {picture.mode}, wider than 100: {picture.width > 100}")
with Image.open(out / "iris.png") as picture:
    print("size:", picture.size)
plt.close("all")
