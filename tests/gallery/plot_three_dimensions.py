# Three dimensions, vector fields, stream lines and patches; the same figure as PNG, SVG and PDF.
import re
from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.patches import Circle, Polygon, Rectangle
from matplotlib.path import Path as Curve
from PIL import Image

out = Path("plots")
out.mkdir(exist_ok=True)
x, y = np.meshgrid(np.linspace(-3, 3, 25), np.linspace(-3, 3, 25))
z = np.sin(np.hypot(x, y))

figure = plt.figure(figsize=(8, 4), dpi=70)
left = figure.add_subplot(1, 2, 1, projection="3d")
surface = left.plot_surface(x, y, z, cmap="viridis", rstride=2, cstride=2)
left.contour(x, y, z, zdir="z", offset=-1.5)
left.set(zlim=(-1.5, 1), xlabel="x", ylabel="y", zlabel="z")
left.view_init(elev=30, azim=45)
print("surface:", type(surface).__name__, "limits", *map(float, left.get_zlim()), "view", (left.elev, left.azim))
right = figure.add_subplot(1, 2, 2, projection="3d")
t = np.linspace(0, 6 * np.pi, 120)
right.plot(np.cos(t), np.sin(t), t / 10, label="helix")
right.scatter([0], [0], [1], marker="^", color="r", label="tip")
right.bar3d([-0.5, 0.5], [0, 0], [0, 0], 0.2, 0.2, [0.5, 1.0])
print("legend:", [text.get_text() for text in right.legend().get_texts()])
figure.savefig(out / "space.png")
plt.close(figure)

figure, (arrows, streams, shapes) = plt.subplots(1, 3, figsize=(9, 3))
u, v = -y, x
field = arrows.quiver(x[::4, ::4], y[::4, ::4], u[::4, ::4], v[::4, ::4])
arrows.quiverkey(field, 0.9, 1.05, 2, "2 m/s")
print("arrows:", field.N, "turning:", bool(np.allclose(field.U * field.X + field.V * field.Y, 0)))
lines = streams.streamplot(x, y, u, v, density=0.5, color=np.hypot(u, v))
print("stream lines:", len(lines.lines.get_segments()) > 50)

patches = [Rectangle((0, 0), 2, 1), Circle((3, 2), 0.8), Polygon([(0, 2), (1, 3), (0, 3)])]
shapes.add_collection(PatchCollection(patches, facecolor=["tab:red", "tab:green", "tab:blue"], alpha=0.6))
shapes.add_collection(LineCollection([[(0, 0), (4, 3)], [(0, 3), (4, 0)]], linewidths=2, linestyles="dotted"))
shapes.set(aspect="equal", xlim=(-0.5, 4.5), ylim=(-0.5, 3.5), title=r"shapes: $\alpha^2 + \frac{1}{2}$")
print("shapes:", [len(c.get_paths()) for c in shapes.collections], "aspect", shapes.get_aspect())
triangle = Curve([(0, 0), (2, 0), (0, 2), (0, 0)])
print(
    "inside:",
    triangle.contains_points([(0.5, 0.5), (1.5, 1.5)]).tolist(),
    "box:",
    *map(float, triangle.get_extents().bounds),
)
at = shapes.transData.transform([(0, 0), (1, 0)])
print("a unit is wider than ten pixels:", bool(np.diff(at[:, 0])[0] > 10))

for kind in ("png", "svg", "pdf"):
    figure.savefig(out / f"shapes.{kind}", metadata={"Date": None} if kind == "svg" else None)
svg = (out / "shapes.svg").read_text()
size = re.search(r'width="([\d.]+)pt" height="([\d.]+)pt"', svg).groups()
print("svg:", size, "groups of axes:", len(re.findall(r'id="axes_\d+"', svg)))
print("pdf:", (out / "shapes.pdf").read_bytes()[:8].decode(), (out / "shapes.pdf").read_bytes().rstrip()[-5:].decode())
for name in ("space.png", "shapes.png"):
    with Image.open(out / name) as picture:
        print(f"{name}:", picture.size, picture.mode)
