# Runs once, when the image is built: imports what scripts use, does a little of each library's work so that what they
# load late is loaded, and leaves nothing behind that an instance must not share. `_WEB`, `_PACKAGES` and `_DRIVER` are
# the sources of web.py, packages.py and driver.py.
import os
import sys

os.environ["MPLBACKEND"] = "agg"

import types


def load(name, source):
    module = sys.modules[name] = types.ModuleType(name)
    module.__file__ = "<ml-intern>"
    exec(compile(source, "<ml-intern>", "exec"), module.__dict__)
    return module


# Before anything looks for sockets and TLS.
load("_ml_intern_web", _WEB).install()

import ast, asyncio, base64, bisect, calendar, codeop, collections, collections.abc, concurrent.futures, contextlib, copy, csv
import dataclasses, datetime, decimal, enum, fractions, functools, gc, glob, gzip, hashlib, heapq, html, http.client
import importlib.util, inspect, io, itertools, json, linecache, logging, math, numbers, operator, pathlib, pickle
import platform, pprint, queue, random, re, runpy, secrets, shutil, signal, socket, statistics, string, struct, tempfile
import textwrap, threading, time, traceback, types, typing, unicodedata, urllib.parse, urllib.request, uuid, warnings, zipfile, zoneinfo

import numpy as np
import numpy.random, numpy.linalg, numpy.fft, numpy.polynomial
import pandas as pd
import scipy
import scipy.stats, scipy.sparse, scipy.sparse.linalg, scipy.optimize, scipy.linalg, scipy.special, scipy.spatial
import scipy.interpolate, scipy.signal, scipy.integrate, scipy.ndimage, scipy.cluster, scipy.fft
import sklearn
import sklearn.cluster, sklearn.compose, sklearn.covariance, sklearn.datasets, sklearn.decomposition
import sklearn.discriminant_analysis, sklearn.dummy, sklearn.ensemble, sklearn.feature_extraction.text
import sklearn.feature_selection, sklearn.gaussian_process, sklearn.impute, sklearn.inspection, sklearn.isotonic
import sklearn.kernel_ridge, sklearn.linear_model, sklearn.manifold, sklearn.metrics, sklearn.mixture
import sklearn.model_selection, sklearn.multiclass, sklearn.multioutput, sklearn.naive_bayes, sklearn.neighbors
import sklearn.neural_network, sklearn.pipeline, sklearn.preprocessing, sklearn.svm, sklearn.tree
import joblib
import matplotlib
import matplotlib.pyplot as plt
import matplotlib.figure, matplotlib.backends.backend_agg, matplotlib.font_manager


def use():
    frame = pd.DataFrame({"a": np.arange(20.0), "b": list("xy") * 10, "t": pd.date_range("2024-01-01", periods=20)})
    frame.groupby("b").mean(numeric_only=True)
    frame.describe()
    str(frame)
    frame.merge(frame, on="a").pivot_table(index="b_x", values="a", aggfunc="sum")
    pd.read_csv(io.StringIO(frame.to_csv()))
    frame.to_json()
    x = np.random.default_rng(0).normal(size=(60, 4))
    y = (x[:, 0] > 0).astype(int)
    model = sklearn.pipeline.make_pipeline(sklearn.preprocessing.StandardScaler(), sklearn.linear_model.LogisticRegression())
    sklearn.model_selection.cross_val_score(model, x, y, cv=3)
    sklearn.linear_model.LinearRegression().fit(x, y)
    sklearn.ensemble.RandomForestClassifier(n_estimators=3, random_state=0).fit(x, y).predict(x)
    sklearn.ensemble.HistGradientBoostingClassifier(max_iter=2).fit(x, y)
    sklearn.cluster.KMeans(2, n_init=1, random_state=0).fit(x)
    sklearn.decomposition.PCA(2).fit_transform(x)
    sklearn.metrics.classification_report(y, y)
    scipy.stats.ttest_ind(x[:, 0], x[:, 1])
    scipy.optimize.minimize(lambda v: (v ** 2).sum(), np.ones(2))
    figure, axes = plt.subplots()
    axes.plot([1, 2], [3, 4], label="a")
    axes.set_title("warm $x^2$")
    axes.legend()
    axes.imshow(x[:4])
    figure.savefig(io.BytesIO(), format="png")
    figure.savefig(io.BytesIO(), format="svg")
    plt.close("all")


with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    use()

# Fonts that were read keep their files open, and an instance has other files under those numbers.
for each in list(gc.get_objects()):
    if type(each) is functools._lru_cache_wrapper and (getattr(each, "__module__", "") or "").startswith("matplotlib"):
        each.cache_clear()

load("_ml_intern_packages", _PACKAGES)
load("_ml_intern", _DRIVER).prepare()

# What is unique to one instance is made again in it.
os.environ.pop("MPLBACKEND", None)
tempfile.tempdir = None
tempfile._name_sequence = None
linecache.clearcache()
sys.path_importer_cache.clear()
del use, each, load
gc.collect()
open_files = []
for number in range(3, 64):
    try:
        os.fstat(number)
        open_files.append(number)
    except OSError:
        pass
# 3 and up to the number of directories are what the build itself mounted.
if len(open_files) > 4:
    raise SystemExit(f"files stayed open: {open_files}")
sys.stdout.flush()
# Collections in an instance look only at what the instance made: 0.2 ms instead of 130.
gc.collect()
gc.freeze()
