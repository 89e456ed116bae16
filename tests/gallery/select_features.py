# Which columns matter: univariate scores, recursive elimination, forward selection and an L1 penalty agree, or not.
import numpy as np
from sklearn.datasets import make_regression
from sklearn.feature_selection import (
    RFECV,
    SelectFromModel,
    SelectKBest,
    SequentialFeatureSelector,
    VarianceThreshold,
    f_regression,
    mutual_info_regression,
)
from sklearn.linear_model import Lasso, LinearRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

X, y, truth = make_regression(n_samples=200, n_features=15, n_informative=5, noise=12.0, coef=True, random_state=9)
# A copy with noise of a useful column, a constant one, and one that acts by its square.
rng = np.random.default_rng(0)
useful = np.flatnonzero(truth)
X = np.column_stack([X, X[:, useful[0]] + rng.normal(scale=0.5, size=200), np.ones(200), rng.normal(size=200)])
y = y + 40 * (X[:, 17] ** 2 - 1)
print("columns:", X.shape[1], "informative:", useful.tolist(), "copy: 15, constant: 16, squared: 17")

varying = VarianceThreshold().fit(X).get_support(indices=True)
print("not constant:", len(varying))
X = X[:, varying]
names = varying

score, p = f_regression(X, y)
print("F test, 5 best:", sorted(names[np.argsort(score)[-5:]].tolist()))
print("p below 0.001:", sorted(names[p < 0.001].tolist()))
information = mutual_info_regression(X, y, random_state=0)
print("mutual information sees the squared one:", bool(np.argsort(information)[-4:].tolist().count(len(names) - 1)))

elimination = RFECV(LinearRegression(), cv=5, min_features_to_select=2).fit(X, y)
print(
    "recursive elimination keeps the informative ones:",
    set(useful.tolist()) <= set(names[elimination.support_].tolist()),
)
forward = SequentialFeatureSelector(LinearRegression(), n_features_to_select=4, cv=5).fit(X, y)
print("forward, 4:", names[forward.get_support()].tolist())
lasso = SelectFromModel(Lasso(alpha=8.0)).fit(X, y)
print("lasso:", names[lasso.get_support()].tolist())

print("R2 in cross-validation:")
for name, model in {
    "all columns": LinearRegression(),
    "5 by F test": make_pipeline(SelectKBest(f_regression, k=5), LinearRegression()),
    "by lasso": make_pipeline(SelectFromModel(Lasso(alpha=8.0)), LinearRegression()),
}.items():
    print(f"  {name:<12} {cross_val_score(model, X, y, cv=5).mean():.3f}")
squared = np.column_stack([X, X[:, -1] ** 2])
print(f"  {'and squared':<12} {cross_val_score(LinearRegression(), squared, y, cv=5).mean():.3f}")
