# Pictures from arrays: colour maps, norms, colour bars, heat maps with numbers, contours, and saving the array itself.
from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib import colormaps
from matplotlib.colors import BoundaryNorm, LinearSegmentedColormap, LogNorm, TwoSlopeNorm, to_hex, to_rgba
from PIL import Image

out = Path("plots")
out.mkdir(exist_ok=True)
y, x = np.mgrid[-2:2:81j, -3:3:121j]
height = (1 - x + x**3 / 3 + y**3) * np.exp(-(x**2 + y**2) / 1.5)
print(f"surface: {height.shape}, from {height.min():.3f} to {height.max():.3f}")

figure, axes = plt.subplots(2, 2, figsize=(8, 6), layout="constrained")
shown = axes[0, 0].imshow(height, extent=(-3, 3, -2, 2), origin="lower", cmap="RdBu_r", norm=TwoSlopeNorm(0, -1, 2))
figure.colorbar(shown, ax=axes[0, 0], shrink=0.8)
print("extent:", shown.get_extent(), "limits", *map(float, axes[0, 0].get_xlim()), "map", shown.get_cmap().name)

filled = axes[0, 1].contourf(x, y, height, levels=np.linspace(-1, 2, 7), extend="both")
lines = axes[0, 1].contour(x, y, height, levels=[0, 0.5, 1], colors="k")
labels = axes[0, 1].clabel(lines, fmt="%.1f")
print("contours:", filled.levels.tolist(), "levels with a path:", sum(len(p.vertices) > 0 for p in lines.get_paths()))
print("labels:", sorted({t.get_text() for t in labels}))

mesh = axes[1, 0].pcolormesh(x, y, np.abs(height) + 1e-3, norm=LogNorm(1e-3, 10), shading="nearest")
bar = figure.colorbar(mesh, ax=axes[1, 0])
print("logarithmic:", mesh.norm.vmin, mesh.norm.vmax, f"{float(mesh.norm(0.1)):.2f}")

table = np.array([[5, 2, 0], [1, 7, 3], [0, 4, 9]])
axes[1, 1].matshow(table, cmap="Blues")
for (row, column), value in np.ndenumerate(table):
    axes[1, 1].text(column, row, value, ha="center", va="center", color="white" if value > 5 else "black")
axes[1, 1].set_xticks(range(3), ["cat", "dog", "owl"])
print("heat map:", [t.get_text() for t in axes[1, 1].texts], [t.get_text() for t in axes[1, 1].get_xticklabels()])
figure.savefig(out / "surface.png", dpi=72)
with Image.open(out / "surface.png") as picture:
    print("picture:", picture.size, picture.mode, picture.info.get("dpi") and round(picture.info["dpi"][0]))
plt.close(figure)

viridis = colormaps["viridis"].resampled(5)
print("five of viridis:", [to_hex(viridis(i)) for i in range(5)])
own = LinearSegmentedColormap.from_list("own", ["black", "red", "white"])
print("own map:", [to_hex(own(v)) for v in (0.0, 0.25, 0.5, 1.0)])
print("classes:", BoundaryNorm([0, 1, 5, 10], 256)([0.5, 3, 9]).tolist(), "named:", to_rgba("tab:orange", 0.5)[1:])

plt.imsave(out / "raw.png", height, cmap="gray", vmin=-1, vmax=2)
with Image.open(out / "raw.png") as picture:
    print("saved as it is:", picture.size, picture.mode, picture.getpixel((0, 0)))
back = plt.imread(out / "raw.png")
print("read:", back.shape, str(back.dtype), f"{back[..., 0].mean():.2f}")
rgb = np.zeros((4, 6, 3), dtype=np.uint8)
rgb[:, :3] = (255, 128, 0)
plt.imsave(out / "two.png", rgb)
print("two colours:", sorted(Image.open(out / "two.png").convert("RGB").getcolors()))
