# Embeddings of digits in the plane: t-SNE, Isomap, MDS and PCA, judged by how well neighbourhoods survive.
import numpy as np
from sklearn.datasets import load_digits, make_swiss_roll
from sklearn.decomposition import PCA
from sklearn.manifold import MDS, TSNE, Isomap, trustworthiness
from sklearn.neighbors import KNeighborsClassifier

X, y = load_digits(n_class=4, return_X_y=True)
X, y = X[:200], y[:200]
print("digits:", np.bincount(y).tolist())


def purity(points):
    """Share of points whose 5 nearest others are mostly of the same digit."""
    model = KNeighborsClassifier(6).fit(points, y)
    others = model.kneighbors(points, return_distance=False)[:, 1:]
    return ((y[others] == y[:, None]).mean(axis=1) > 0.5).mean()


embeddings = {
    "PCA": PCA(2, svd_solver="full").fit_transform(X),
    "Isomap": Isomap(n_components=2, n_neighbors=20).fit_transform(X),
    "t-SNE": TSNE(perplexity=20, init="pca", max_iter=400, random_state=0).fit_transform(X),
}
for name, points in embeddings.items():
    kept = trustworthiness(X, points, n_neighbors=20)
    print(
        f"{name:<7} shape {points.shape}, trustworthy above 0.9: {kept > 0.9}, pure above 0.95: {purity(points) > 0.95}"
    )
print("all digits:", f"{purity(X):.2f}")
print("t-SNE keeps more than PCA:", trustworthiness(X, embeddings["t-SNE"]) > trustworthiness(X, embeddings["PCA"]))

roll, position = make_swiss_roll(700, noise=0.02, random_state=3)
print("swiss roll:", roll.shape)
for name, model in {
    "PCA": PCA(2, svd_solver="full"),
    "Isomap": Isomap(n_components=2, n_neighbors=8),
}.items():
    points = model.fit_transform(roll)
    correlation = max(abs(np.corrcoef(points[:, i], position)[0, 1]) for i in range(2))
    print(f"  {name:<7} correlation with the way along the roll: {correlation:.2f}")

# Distances between places on a line are restored exactly, up to mirroring.
places = np.array([0.0, 2.0, 3.0, 7.0])
distances = np.abs(places[:, None] - places)
mds = MDS(1, metric="precomputed", metric_mds=True, n_init=4, init="random", max_iter=500, eps=1e-9, random_state=0)
line = mds.fit_transform(distances)[:, 0]
print("MDS:", np.abs(line[:, None] - line).round(1)[0].tolist())
