# Between the points: splines of several kinds, smoothing, derivatives and integrals, grids and scattered data.
import numpy as np
from scipy import interpolate

x = np.array([0.0, 1, 2, 3, 4, 6, 7, 9])
y = np.array([0.0, 0.2, 0.3, 2.8, 3.0, 3.1, 4.9, 5.0])
at = np.array([0.5, 2.5, 5.0, 8.0])
curves = {
    "linear": interpolate.make_interp_spline(x, y, k=1),
    "cubic": interpolate.CubicSpline(x, y, bc_type="natural"),
    "pchip": interpolate.PchipInterpolator(x, y),
    "akima": interpolate.Akima1DInterpolator(x, y),
}
fine = np.linspace(0, 9, 500)
for name, curve in curves.items():
    print(
        f"{name:<7}", np.round(curve(at), 3).tolist(), "rises everywhere:", bool((np.diff(curve(fine)) >= -1e-12).all())
    )

cubic = curves["cubic"]
print("second derivative at the ends:", np.abs(cubic([0, 9], 2)).round(9).tolist())
print(f"integral: {cubic.integrate(0, 9):.4f}, slope at 2.5: {cubic(2.5, 1):.4f}")
print("where it is 2.9:", np.round([r for r in cubic.solve(2.9) if 0 <= r <= 9], 3).tolist())

rng = np.random.default_rng(10)
t = np.linspace(0, 4, 80)
noisy = np.sin(2 * t) + rng.normal(scale=0.15, size=80)
for s in (0, 80 * 0.15**2, 30):
    spline = interpolate.UnivariateSpline(t, noisy, s=s)
    error = np.sqrt(np.mean((spline(t) - np.sin(2 * t)) ** 2))
    print(f"smoothing {s:5.2f}: {len(spline.get_knots())} knots, error {error:.3f}")
smooth = interpolate.make_smoothing_spline(t, noisy)
print(f"chosen by cross-validation: {np.sqrt(np.mean((smooth(t) - np.sin(2 * t)) ** 2)):.3f}")

a, b = np.linspace(0, 3, 13), np.linspace(0, 2, 9)
surface = np.sin(a)[:, None] * np.cos(b)
places = np.array([[0.4, 0.3], [1.57, 0.01], [2.9, 1.9]])
truth = np.sin(places[:, 0]) * np.cos(places[:, 1])
for method in ("nearest", "linear", "cubic"):
    grid = interpolate.RegularGridInterpolator((a, b), surface, method=method)
    print(f"grid, {method:<7} largest error {np.abs(grid(places) - truth).max():.4f}")

points = rng.uniform(0, 1, size=(120, 2))
values = np.hypot(points[:, 0], points[:, 1])
probe = np.array([[0.3, 0.4], [0.6, 0.6], [0.5, 0.2]])
for method in ("nearest", "linear", "cubic"):
    found = interpolate.griddata(points, values, probe, method=method)
    print(f"scattered, {method:<7}", found.round(2).tolist())
radial = interpolate.RBFInterpolator(points, values, kernel="thin_plate_spline")
print("radial basis:", radial(probe).round(2).tolist(), "truth", np.hypot(*probe.T).round(2).tolist())
(tck, u) = interpolate.splprep([np.cos(np.arange(9) * np.pi / 4), np.sin(np.arange(9) * np.pi / 4)], s=0, per=True)
circle = np.hypot(*interpolate.splev(np.linspace(0, 1, 50), tck))
print(f"closed curve: radius between {circle.min():.3f} and {circle.max():.3f}")
