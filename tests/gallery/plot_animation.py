# A film of a swinging pendulum: an animation written as GIF, its frames, their times, and a contact sheet of them.
from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.animation import FuncAnimation, PillowWriter
from PIL import Image, ImageChops
from scipy.integrate import solve_ivp

out = Path("film")
out.mkdir(exist_ok=True)
frames, interval = 12, 0.15
times = np.arange(frames) * interval
motion = solve_ivp(
    lambda t, s: [s[1], -9.81 * np.sin(s[0]) - 0.2 * s[1]], (0, times[-1]), [1.2, 0], t_eval=times, rtol=1e-8
)
angle = motion.y[0]
print("angles:", angle.round(3).tolist())

figure, axes = plt.subplots(figsize=(3, 3), dpi=60)
axes.set(xlim=(-1.2, 1.2), ylim=(-1.3, 0.3), aspect="equal", xticks=[], yticks=[])
(rod,) = axes.plot([], [], "o-", color="tab:purple", linewidth=3, markersize=10)
clock = axes.set_title("")


def draw(number):
    rod.set_data([0, np.sin(angle[number])], [0, -np.cos(angle[number])])
    clock.set_text(f"{times[number]:.2f} s")
    return rod, clock


film = FuncAnimation(figure, draw, frames=frames, interval=1000 * interval)
film.save(out / "pendulum.gif", writer=PillowWriter(fps=round(1 / interval)))
plt.close(figure)

with Image.open(out / "pendulum.gif") as gif:
    print("film:", gif.format, gif.size, "frames", gif.n_frames)
    print("milliseconds:", gif.info["duration"], "loop:", gif.info.get("loop"))
    pictures = []
    for number in range(gif.n_frames):
        gif.seek(number)
        pictures.append(gif.convert("RGB"))
changed = [ImageChops.difference(a, b).getbbox() is not None for a, b in zip(pictures, pictures[1:])]
print("every frame differs from the one before:", all(changed))


def middle(picture):
    """Where the purple is, as a share of the width."""
    pixels = np.asarray(picture).astype(int)
    purple = (pixels[..., 2] > pixels[..., 1] + 40) & (pixels[..., 0] > pixels[..., 1] + 20)
    return np.nonzero(purple)[1].mean() / picture.width


places = np.array([middle(picture) for picture in pictures])
print("seen on both sides:", bool(places.min() < 0.45), bool(places.max() > 0.55))
print("the pictures follow the angle:", bool(np.corrcoef(places, np.sin(angle))[0, 1] > 0.99))

columns = 4
width, height = pictures[0].size
sheet = Image.new("RGB", (columns * width, -(-frames // columns) * height), "white")
for number, picture in enumerate(pictures):
    sheet.paste(picture, (number % columns * width, number // columns * height))
sheet.thumbnail((400, 400))
sheet.save(out / "sheet.png", optimize=True)
print("sheet:", Image.open(out / "sheet.png").size)
steps = np.diff(angle)
print("turning points at:", [f"{t:.2f}" for t in times[1:-1][steps[:-1] * steps[1:] < 0]])
print("title of the last frame:", clock.get_text())
print("files:", sorted(path.name for path in out.iterdir()))
