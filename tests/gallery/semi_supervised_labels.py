# Few labels, many rows: label spreading, self-training and active choice of the next label on handwritten digits.
import numpy as np
from sklearn.datasets import load_digits, make_circles
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.semi_supervised import LabelPropagation, LabelSpreading, SelfTrainingClassifier
from sklearn.svm import SVC

X, y = load_digits(n_class=6, return_X_y=True)
rng = np.random.default_rng(2)
order = rng.permutation(len(X))[:500]
X, y = X[order] / 16.0, y[order]
known = 36
labels = y.copy()
labels[known:] = -1
print(f"{len(X)} digits, {known} labelled:", np.bincount(y[:known]).tolist())

only = LogisticRegression(max_iter=500).fit(X[:known], y[:known])
print(f"labelled rows only: {accuracy_score(y[known:], only.predict(X[known:])):.2f}")
for name, model in {
    "spreading": LabelSpreading(kernel="knn", n_neighbors=7, alpha=0.2, max_iter=60),
    "propagation": LabelPropagation(kernel="knn", n_neighbors=7, max_iter=500),
}.items():
    model.fit(X, labels)
    print(f"label {name}: {accuracy_score(y[known:], model.transduction_[known:]):.2f}")

training = SelfTrainingClassifier(LogisticRegression(max_iter=500), threshold=0.8, max_iter=5).fit(X, labels)
taken = training.labeled_iter_
print(f"self-training: {accuracy_score(y[known:], training.predict(X[known:])):.2f} after {training.n_iter_} rounds")
print("rows taken by then: more than half:", bool((taken > 0).mean() > 0.5))

# Ask for the labels that the spreading model is least sure of.
asked = labels.copy()
for _ in range(4):
    model = LabelSpreading(kernel="knn", n_neighbors=7, alpha=0.2, max_iter=60).fit(X, asked)
    rest = asked == -1
    found = accuracy_score(y[rest], model.transduction_[rest])
    print(f"with {int((~rest).sum())} labels: more than nine of ten right: {found > 0.9}")
    spread = model.label_distributions_
    entropy = -(spread * np.log(np.maximum(spread, 1e-12))).sum(axis=1)
    entropy[~rest] = -1
    unsure = np.argsort(-entropy.round(6), kind="stable")[:6]
    asked[unsure] = y[unsure]

rings, ring = make_circles(200, factor=0.3, noise=0.04, random_state=1)
two = np.full(200, -1)
for label in (0, 1):
    two[np.flatnonzero(ring == label)[:3]] = label
spread = LabelSpreading(kernel="rbf", gamma=100).fit(rings, two)
plain = SVC().fit(rings[two >= 0], two[two >= 0])
print(f"rings with six labels: spreading {spread.score(rings, ring):.2f}, SVM {plain.score(rings, ring):.1f}")
