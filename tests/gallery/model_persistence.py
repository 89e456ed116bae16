# Keeping a model: saved with joblib and pickle, loaded again, with a model card and a check of its predictions.
import hashlib
import json
import pickle
from pathlib import Path

import joblib
import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import classification_report
from sklearn.model_selection import train_test_split
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted, validate_data


class Ratios(TransformerMixin, BaseEstimator):
    """Appends the ratio of each pair of neighbouring columns."""

    def __init__(self, offset=0.1):
        self.offset = offset

    def fit(self, X, y=None):
        validate_data(self, X)
        self.columns_ = X.shape[1]
        return self

    def transform(self, X):
        check_is_fitted(self)
        X = validate_data(self, X, reset=False)
        return np.column_stack([X, X[:, :-1] / (X[:, 1:] + self.offset)])


iris = load_iris()
X_train, X_test, y_train, y_test = train_test_split(iris.data, iris.target, stratify=iris.target, random_state=0)
model = Pipeline([("ratios", Ratios()), ("scale", StandardScaler()), ("model", LogisticRegression(max_iter=500))])
model.fit(X_train, y_train)
print(classification_report(y_test, model.predict(X_test), target_names=iris.target_names, digits=2))

folder = Path("models")
folder.mkdir(exist_ok=True)
joblib.dump(model, folder / "iris.joblib", compress=3)
(folder / "iris.pickle").write_bytes(pickle.dumps(model, protocol=5))
card = {
    "name": "iris",
    "steps": list(model.named_steps),
    "classes": iris.target_names.tolist(),
    "accuracy": round(model.score(X_test, y_test), 3),
    "data": hashlib.sha256(np.ascontiguousarray(iris.data, "<f8").tobytes()).hexdigest()[:16],
}
(folder / "iris.json").write_text(json.dumps(card, indent=2))
print("files:", sorted(path.name for path in folder.iterdir()))
print(json.dumps(json.loads((folder / "iris.json").read_text()), sort_keys=True))

for loaded in (joblib.load(folder / "iris.joblib"), pickle.loads((folder / "iris.pickle").read_bytes())):
    print("same probabilities:", np.array_equal(loaded.predict_proba(X_test), model.predict_proba(X_test)))
fresh = clone(loaded).set_params(ratios__offset=1.0, model__C=0.1)
print("a clone is not fitted:", not hasattr(fresh["model"], "coef_"), "with", fresh.get_params()["ratios__offset"])
print(f"its accuracy: {fresh.fit(X_train, y_train).score(X_test, y_test):.2f}")
print(f"columns: {fresh['ratios'].columns_} in, {fresh['ratios'].transform(X_test).shape[1]} out")
try:
    Ratios().transform(X_test)
except Exception as error:
    print(type(error).__name__)
