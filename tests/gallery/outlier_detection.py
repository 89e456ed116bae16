# Finding what does not belong: forests, local density, a robust covariance and a one-class machine on planted outliers.
import numpy as np
from sklearn.covariance import EllipticEnvelope, EmpiricalCovariance, LedoitWolf, MinCovDet
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import LocalOutlierFactor
from sklearn.svm import OneClassSVM

rng = np.random.default_rng(19)
cloud = rng.multivariate_normal([0, 0], [[1.0, 0.7], [0.7, 1.0]], size=300)
island = rng.normal([7, -3], 0.4, size=(60, 2))
planted = np.array(
    [[3.5, -3.0], [-4.0, 3.5], [3.0, 3.2], [7.2, 2.5], [-5.0, -4.8], [3.6, -1.4], [-2.8, 4.6], [5.0, 5.5]]
)
X = np.concatenate([cloud, island, planted])
truth = np.r_[np.zeros(360), np.ones(len(planted))]
share = len(planted) / len(X)
print(f"{len(X)} points, {share:.3f} planted")

models = {
    "isolation forest": IsolationForest(n_estimators=100, contamination=share, random_state=0),
    "local density": LocalOutlierFactor(n_neighbors=20, contamination=share),
    "one-class SVM": OneClassSVM(nu=0.05, gamma=0.2),
    "one ellipse": EllipticEnvelope(contamination=share, random_state=0),
}
print(f"{'model':<17} {'ROC AUC':>7} {'flagged':>8}  planted ones among them")
for name, model in models.items():
    labels = model.fit_predict(X)
    score = -model.negative_outlier_factor_ if name == "local density" else model.score_samples(X)
    auc = roc_auc_score(truth, score if name == "local density" else -score)
    flagged = labels == -1
    print(f"{name:<17} {auc:7.2f} {flagged.sum():8d}  {int(truth[flagged].sum())}")

# A few bad values pull the plain covariance, and leave the robust one alone.
dirty = np.concatenate([cloud, np.full((20, 2), (6.0, -6.0))])
for name, model in {
    "plain": EmpiricalCovariance(),
    "shrunk": LedoitWolf(),
    "robust": MinCovDet(random_state=0),
}.items():
    (a, b), (_, c) = model.fit(dirty).covariance_
    print(f"{name} covariance: correlation {b / np.sqrt(a * c):.2f}")
distance = MinCovDet(random_state=0).fit(dirty).mahalanobis(dirty)
print(
    "beyond the 99.9 % ellipse:",
    int((distance[-20:] > 13.8).sum()),
    "of 20 bad,",
    f"{(distance[:-20] > 13.8).mean():.2f} of the good",
)

novelty = LocalOutlierFactor(n_neighbors=20, novelty=True).fit(cloud)
print("new points:", dict(zip(["centre", "edge", "far"], novelty.predict([[0, 0], [2, 2], [4, -4]]).tolist())))
