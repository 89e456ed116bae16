# Points in space: nearest neighbours, hulls, triangles, cells, rotations and distances between shapes.
import numpy as np
from scipy import spatial
from scipy.spatial import distance
from scipy.spatial.transform import Rotation, Slerp

rng = np.random.default_rng(20)
points = rng.uniform(0, 10, size=(300, 2))
tree = spatial.KDTree(points)
near, index = tree.query([[5, 5], [0, 0]], k=3)
print("three nearest:", near.round(3).tolist())
brute = np.sort(np.linalg.norm(points - [5, 5], axis=1))[:3]
print("brute force agrees:", bool(np.allclose(near[0], brute)))
print(
    "within 1 of the middle:",
    len(tree.query_ball_point([5, 5], 1.0)),
    "pairs closer than 0.15:",
    len(tree.query_pairs(0.15)),
)

hull = spatial.ConvexHull(points)
print(f"hull: {len(hull.vertices)} corners, area {hull.volume:.3f}, around {hull.area:.3f}")
triangles = spatial.Delaunay(points)
corners = points[triangles.simplices]
area = 0.5 * np.abs(
    (corners[:, 1, 0] - corners[:, 0, 0]) * (corners[:, 2, 1] - corners[:, 0, 1])
    - (corners[:, 1, 1] - corners[:, 0, 1]) * (corners[:, 2, 0] - corners[:, 0, 0])
)
print(f"triangles: {len(corners)}, their areas add up to the hull's: {np.isclose(area.sum(), hull.volume)}")
print("inside:", (triangles.find_simplex([[5, 5], [-1, 5], [9.5, 0.5]]) >= 0).tolist())
cells = spatial.Voronoi(points)
bounded = [r for r in cells.regions if r and -1 not in r]
print("cells:", len(cells.point_region), "bounded:", len(bounded))
cube = spatial.ConvexHull([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)])
print(f"cube: volume {cube.volume:.3f}, surface {cube.area:.3f}, corners {len(cube.vertices)}")

a, b = np.array([1.0, 0, 2, 3]), np.array([0.0, 1, 2, 5])
for name in ("euclidean", "cityblock", "chebyshev", "cosine", "canberra", "braycurtis", "correlation"):
    print(f"  {name:<12} {getattr(distance, name)(a, b):.4f}")
print(f"  {'hamming':<12} {distance.hamming([1, 0, 1, 1], [1, 1, 0, 1]):.4f}")
matrix = distance.squareform(distance.pdist(points[:4]))
print(
    "symmetric:", bool((matrix == matrix.T).all()), "rows to other rows:", distance.cdist(points[:4], points[:7]).shape
)
whole = distance.directed_hausdorff(points[:100], points[100:])[0]
print(f"Hausdorff: {whole:.3f}")

turn = Rotation.from_euler("zyx", [90, 0, 45], degrees=True)
print("turned:", (turn.apply([1, 0, 0]) + 0.0).round(4).tolist(), "angle", f"{np.degrees(turn.magnitude()):.2f}")
print(
    "quaternion:",
    turn.as_quat().round(4).tolist(),
    "undone:",
    bool(np.allclose((turn * turn.inv()).as_matrix(), np.eye(3))),
)
half = Slerp([0, 1], Rotation.from_euler("z", [[0], [90]], degrees=True))(0.5)
print(f"half way: {half.as_euler('zyx', degrees=True)[0]:.1f} degrees")
shape = rng.normal(size=(6, 2))
moved = 2.5 * shape @ np.array([[0, 1], [-1, 0]]) + [3, 4]
print("same shape after moving, turning and scaling:", spatial.procrustes(shape, moved)[2] < 1e-10)
