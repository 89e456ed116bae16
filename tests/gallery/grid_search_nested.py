# Hyperparameters by grid, by chance and by halving, and the optimism that nested cross-validation shows.
import numpy as np
from scipy.stats import loguniform
from sklearn.datasets import load_breast_cancer
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    StratifiedKFold,
    cross_val_score,
    train_test_split,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, test_size=0.25, random_state=0)
inner = StratifiedKFold(4, shuffle=True, random_state=0)
outer = StratifiedKFold(4, shuffle=True, random_state=1)
pipeline = Pipeline([("scale", StandardScaler()), ("model", SVC())])

grid = GridSearchCV(
    pipeline,
    [
        {"model": [SVC()], "model__C": [0.1, 1, 10], "model__gamma": [0.001, 0.01, 0.1]},
        {"model": [KNeighborsClassifier()], "model__n_neighbors": [3, 9, 21]},
    ],
    cv=inner,
)
grid.fit(X_train, y_train)
print("candidates:", len(grid.cv_results_["params"]))
print("best model:", type(grid.best_params_["model"]).__name__)
print("best C and gamma:", grid.best_params_["model__C"], grid.best_params_["model__gamma"])
print(f"cross-validated {grid.best_score_:.3f}, held out {grid.score(X_test, y_test):.3f}")
print("mean score by C, over gamma:")
for C in (0.1, 1, 10):
    rows = [i for i, p in enumerate(grid.cv_results_["params"]) if p.get("model__C") == C]
    print(f"  {C:>4}: {np.mean(grid.cv_results_['mean_test_score'][rows]):.3f}")

chance = RandomizedSearchCV(
    pipeline,
    {"model__C": loguniform(1e-2, 1e3), "model__gamma": loguniform(1e-4, 1e-1)},
    n_iter=12,
    cv=inner,
    random_state=0,
).fit(X_train, y_train)
print(f"random search: {chance.best_score_:.3f} with C {chance.best_params_['model__C']:.3g}")
halving = HalvingGridSearchCV(
    pipeline,
    {"model__C": [0.01, 0.1, 1, 10], "model__gamma": [0.001, 0.01]},
    cv=inner,
    factor=2,
    random_state=0,
).fit(X_train, y_train)
print("halving: candidates", halving.n_candidates_, "rows", halving.n_resources_)

nested = cross_val_score(GridSearchCV(pipeline, {"model__C": [0.1, 1, 10]}, cv=inner), X, y, cv=outer)
print(f"nested: {nested.mean():.3f} +- {nested.std():.3f}")
