"""The loop: grow a tree on calibrated residuals, move the scores, fit the map again."""

import numpy as np
from sklearn.tree import DecisionTreeRegressor

from cgb.isotonic import IsotonicMap


class CalibratedBooster:
    """Gradient boosting whose probabilities are calibrated in every round.

    Rows that a tree has not seen (``subsample`` < 1) stand in for a held-out set.
    """

    def __init__(self, n_trees=200, max_depth=4, learning_rate=0.08, subsample=0.5, damping=0.1, seed=0):
        self.n_trees = n_trees
        self.max_depth = max_depth
        self.learning_rate = learning_rate
        self.subsample = subsample
        self.damping = damping
        self.seed = seed

    def fit(self, X, y):
        rng = np.random.default_rng(self.seed)
        self.classes_, labels = np.unique(y, return_inverse=True)
        target = np.eye(len(self.classes_))[labels]
        scores = np.zeros_like(target)
        unseen = np.zeros_like(target)
        counts = np.zeros(len(X))
        self.maps_ = [IsotonicMap(self.damping) for _ in self.classes_]
        self.trees_ = []
        for _ in range(self.n_trees):
            bag = rng.random(len(X)) < self.subsample
            residual = target - self._probabilities(scores)
            tree = DecisionTreeRegressor(max_depth=self.max_depth, random_state=rng.integers(1 << 31))
            tree.fit(X[bag], residual[bag])
            step = self.learning_rate * tree.predict(X).reshape(target.shape)
            scores += step
            unseen[~bag] += step[~bag]
            counts[~bag] += 1
            scale = (len(self.trees_) + 1) / np.maximum(counts, 1)
            for k, one in enumerate(self.maps_):
                one.update(unseen[:, k] * scale, target[:, k])
            self.trees_.append(tree)
        return self

    def _probabilities(self, scores):
        mapped = np.column_stack([one(scores[:, k]) for k, one in enumerate(self.maps_)])
        return mapped / mapped.sum(axis=1, keepdims=True)

    def predict_proba(self, X):
        scores = sum(self.learning_rate * tree.predict(X).reshape(len(X), -1) for tree in self.trees_)
        return self._probabilities(scores)

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]
