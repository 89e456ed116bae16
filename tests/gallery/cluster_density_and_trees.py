# Clusters that are not round: DBSCAN, HDBSCAN, agglomerative and spectral clustering on moons, and a cut dendrogram.
import numpy as np
from scipy.cluster.hierarchy import cophenet, fcluster, linkage
from scipy.spatial.distance import pdist
from sklearn.cluster import DBSCAN, HDBSCAN, AgglomerativeClustering, KMeans, SpectralClustering
from sklearn.datasets import make_moons
from sklearn.metrics import adjusted_mutual_info_score

X, truth = make_moons(n_samples=300, noise=0.06, random_state=2)
models = {
    "k-means": KMeans(2, n_init=10, random_state=0),
    "ward": AgglomerativeClustering(2, linkage="ward"),
    "single link": AgglomerativeClustering(2, linkage="single"),
    "spectral": SpectralClustering(2, affinity="nearest_neighbors", n_neighbors=10, random_state=0),
    "dbscan": DBSCAN(eps=0.2, min_samples=5),
    "hdbscan": HDBSCAN(min_cluster_size=20, copy=True),
}
print(f"{'model':<12} {'clusters':>8} {'noise':>6} {'agreement':>10}")
for name, model in models.items():
    labels = model.fit_predict(X)
    clusters = len(set(labels.tolist()) - {-1})
    print(f"{name:<12} {clusters:8d} {(labels == -1).sum():6d} {adjusted_mutual_info_score(truth, labels):10.1f}")

print("DBSCAN by eps:")
for eps in (0.05, 0.1, 0.2, 0.5):
    labels = DBSCAN(eps=eps, min_samples=5).fit_predict(X)
    print(f"  {eps:.2f}: {len(set(labels.tolist()) - {-1})} clusters, {(labels == -1).sum()} of noise")

# A dendrogram of few points, cut at a height.
rng = np.random.default_rng(9)
points = np.concatenate([rng.normal(center, 0.3, size=(8, 2)) for center in ((0, 0), (4, 0), (4, 5))])
for method in ("single", "complete", "average"):
    tree = linkage(points, method)
    correlation, _ = cophenet(tree, pdist(points))
    print(f"{method}: top merges at {tree[-2, 2]:.2f} and {tree[-1, 2]:.2f}, cophenetic correlation {correlation:.3f}")
labels = fcluster(linkage(points, "average"), t=2.0, criterion="distance")
print("cut at 2.0:", np.bincount(labels)[1:].tolist())
