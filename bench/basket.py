"""A training basket: each item once to warm up, then the best of three, in milliseconds; one JSON object on one line.

Run by native CPython and by the sandboxed one, single-threaded both, so that the two can be compared.
"""
import json
import os
import sys
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np
import pandas as pd
import scipy
import sklearn
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression

x, y = load_digits(return_X_y=True)
rng = np.random.default_rng(0)
frame = pd.DataFrame({"key": rng.integers(0, 1000, 1_000_000), "value": rng.random(1_000_000)})
numbers = rng.random(1_000_000)
square = rng.random((600, 600))


def loop():
    total = 0
    for i in range(3_000_000):
        total += i & 7
    return total


items = {
    "logistic regression": lambda: LogisticRegression(max_iter=200).fit(x / 16, y),
    "random forest": lambda: RandomForestClassifier(100, random_state=0, n_jobs=1).fit(x, y),
    "gradient boosting": lambda: GradientBoostingClassifier(n_estimators=10, random_state=0).fit(x, y),
    "k-means": lambda: KMeans(10, n_init=3, random_state=0).fit(x),
    "PCA": lambda: PCA(30).fit_transform(x),
    "group-by of 1 M rows": lambda: frame.groupby("key")["value"].agg(["mean", "std", "max"]),
    "sort and exp of 1 M": lambda: np.exp(np.sort(numbers)).sum(),
    "matmul 600": lambda: square @ square,
    "pure-Python loop": loop,
}
found = {}
for name, item in items.items():
    item()
    times = []
    for _ in range(3):
        since = time.perf_counter()
        item()
        times.append(time.perf_counter() - since)
    found[name] = round(min(times) * 1000, 2)
versions = {m.__name__: m.__version__ for m in (np, pd, scipy, sklearn)} | {"python": sys.version.split()[0]}
print(json.dumps({"versions": versions, "milliseconds": found}))
