# A picture of blobs: smoothing, edges, thresholds, labelled regions, morphology, distances, and turning it.
import numpy as np
from scipy import ndimage

y, x = np.mgrid[0:80, 0:120]
image = np.zeros((80, 120))
blobs = [(20, 25, 8, 1.0), (55, 30, 5, 0.8), (30, 70, 10, 1.0), (60, 95, 7, 0.9), (38, 84, 6, 0.9)]
for cy, cx, radius, height in blobs:
    image[np.hypot(y - cy, x - cx) <= radius] = height
rng = np.random.default_rng(13)
noisy = image + rng.normal(scale=0.25, size=image.shape)
noisy[rng.random(image.shape) < 0.02] = 3.0


def error(other):
    return np.sqrt(np.mean((other - image) ** 2))


print(f"noise: {error(noisy):.3f}")
for name, smooth in {
    "gaussian": ndimage.gaussian_filter(noisy, 1.5),
    "median": ndimage.median_filter(noisy, 5),
    "uniform": ndimage.uniform_filter(noisy, 5),
}.items():
    print(f"  {name:<9} {error(smooth):.3f}")

mask = ndimage.median_filter(noisy, 5) > 0.45
opened = ndimage.binary_opening(mask, iterations=2)
labels, count = ndimage.label(opened)
print("regions:", count, "pixels:", int(opened.sum()), "of", int((image > 0).sum()))
numbers = np.arange(1, count + 1)
for number, (cy, cx), size in zip(
    numbers, ndimage.center_of_mass(opened, labels, numbers), ndimage.sum(opened, labels, numbers)
):
    rows, columns = ndimage.find_objects(labels)[number - 1]
    height, width = rows.stop - rows.start, columns.stop - columns.start
    print(f"  {number}: about ({cy:.0f}, {cx:.0f}), {int(size)} pixels, box {height}x{width}")

inside = ndimage.distance_transform_edt(image > 0)
peaks = (inside == ndimage.maximum_filter(inside, 9)) & (inside > 4)
print("centres by distance:", ndimage.label(peaks)[1], f"deepest {inside.max():.2f}")
markers = ndimage.label(peaks)[0].astype(np.int16)
markers[0, 0] = markers.max() + 1
split = ndimage.watershed_ift((255 - 20 * inside.clip(0, 12)).astype(np.uint8), markers)
print("touching blobs split:", split[30, 70] != split[38, 84])

edges = np.hypot(ndimage.sobel(image, 0), ndimage.sobel(image, 1))
print(f"edges: {(edges > 1).mean():.3f} of the pixels, strongest {edges.max():.2f}")
holes = image > 0
holes[28:33, 68:73] = False
print("holes filled:", bool((ndimage.binary_fill_holes(holes) == ndimage.binary_fill_holes(image > 0)).all()))
print("grown and shrunk:", [int(f(image > 0).sum()) for f in (ndimage.binary_dilation, ndimage.binary_erosion)])

turned = ndimage.rotate(image, 90)
print("turned:", turned.shape, bool(np.allclose(turned, np.rot90(image))))
print(
    "zoomed:",
    ndimage.zoom(image, 0.5, order=1).shape,
    "shifted mean:",
    f"{ndimage.shift(image, (3.5, -2.5), order=1).mean():.4f}",
)
line = ndimage.map_coordinates(image, [np.full(5, 30), np.linspace(55, 75, 5)], order=1)
print("profile:", line.round(2).tolist())
print("histogram:", ndimage.histogram(image, 0, 1, 4).tolist())
