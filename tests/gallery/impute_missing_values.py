# Four ways to fill gaps, by how well they restore hidden values and by the error of a regression that uses them.
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer, MissingIndicator, SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

X, y = load_diabetes(return_X_y=True)
names = ["age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6"]
rng = np.random.default_rng(6)
holes = rng.random(X.shape) < 0.15
holes[:, 1] = False
gappy = np.where(holes, np.nan, X)
print(f"hidden: {holes.sum()} values in {holes.any(axis=1).sum()} of {len(X)} rows")
print("by column:", dict(zip(names, holes.sum(axis=0).tolist())))

imputers = {
    "mean": SimpleImputer(),
    "median": SimpleImputer(strategy="median"),
    "5 neighbours": KNNImputer(n_neighbors=5),
    "chained": IterativeImputer(max_iter=15, tol=0.02, random_state=0),
}
scale = X[holes].std()
print(f"{'imputer':<13} {'restored':>8} {'R2':>6}")
full = cross_val_score(Ridge(0.01), X, y, cv=5).mean()
for name, imputer in imputers.items():
    filled = imputer.fit_transform(gappy)
    error = np.sqrt(np.mean((filled - X)[holes] ** 2)) / scale
    score = cross_val_score(make_pipeline(imputer, Ridge(0.01)), gappy, y, cv=5).mean()
    print(f"{name:<13} {error:8.2f} {score:6.3f}")
print(f"{'no gaps':<13} {0:8.2f} {full:6.3f}")

# Values that are missing for a reason carry information by being missing.
informative = np.where(X[:, 2] > np.quantile(X[:, 2], 0.7), np.nan, X[:, 2])[:, None]
flags = MissingIndicator().fit_transform(informative).ravel()
print(f"target where bmi is missing: {y[flags].mean():.1f}, elsewhere {y[~flags].mean():.1f}")
plain = cross_val_score(make_pipeline(SimpleImputer(), Ridge(0.01)), informative, y, cv=5).mean()
flagged = cross_val_score(make_pipeline(SimpleImputer(add_indicator=True), Ridge(0.01)), informative, y, cv=5).mean()
print(f"R2 of bmi alone: mean {plain:.2f}, with indicator {flagged:.2f}")
