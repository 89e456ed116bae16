# K-means with the number of clusters chosen by silhouettes, compared with mini-batches and a Gaussian mixture.
import numpy as np
from sklearn.cluster import KMeans, MiniBatchKMeans
from sklearn.datasets import make_blobs
from sklearn.metrics import adjusted_rand_score, silhouette_samples, silhouette_score
from sklearn.mixture import GaussianMixture

centers = [(-6, -2), (-1, 4), (3, -3), (6, 3)]
X, truth = make_blobs(n_samples=600, centers=centers, cluster_std=[0.8, 1.0, 1.1, 0.9], random_state=4)
print("points:", X.shape, "sizes:", np.bincount(truth).tolist())

scores = {}
for k in range(2, 8):
    model = KMeans(n_clusters=k, n_init=10, random_state=0).fit(X)
    scores[k] = silhouette_score(X, model.labels_)
    if k <= 4:
        print(f"k={k}: inertia {model.inertia_:9.1f}, silhouette {scores[k]:.3f}")
best = max(scores, key=scores.get)
print("best k:", best)

model = KMeans(n_clusters=best, n_init=10, random_state=0).fit(X)
order = np.argsort(model.cluster_centers_[:, 0])
values = silhouette_samples(X, model.labels_)
for place, cluster in enumerate(order):
    member = model.labels_ == cluster
    x, y = model.cluster_centers_[cluster]
    print(f"cluster {place}: {member.sum()} points at ({x:.2f}, {y:.2f}), silhouette {values[member].mean():.3f}")
print(f"agreement with the truth: {adjusted_rand_score(truth, model.labels_):.3f}")

batches = MiniBatchKMeans(n_clusters=best, n_init=5, batch_size=128, random_state=0).fit(X)
mixture = GaussianMixture(n_components=best, random_state=0).fit(X)
print(f"mini-batches: {adjusted_rand_score(truth, batches.labels_):.2f}")
print(
    f"mixture: {adjusted_rand_score(truth, mixture.predict(X)):.3f}, weights",
    np.sort(mixture.weights_).round(2).tolist(),
)
bics = {k: GaussianMixture(n_components=k, n_init=2, random_state=0).fit(X).bic(X) for k in (2, 3, 4, 5)}
print("components by BIC:", min(bics, key=bics.get))
new = np.array([[-5.5, -2.2], [5.0, 2.0]])
print("new points belong to the clusters", [int(np.flatnonzero(order == label)[0]) for label in model.predict(new)])
