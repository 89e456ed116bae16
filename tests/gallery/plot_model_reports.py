# The plots of a model report: ROC, precision and recall, a confusion matrix, calibration, trees and learning curves.
from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np
from PIL import Image
from sklearn.calibration import CalibrationDisplay
from sklearn.datasets import load_breast_cancer
from sklearn.inspection import DecisionBoundaryDisplay, PartialDependenceDisplay
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import ConfusionMatrixDisplay, PrecisionRecallDisplay, RocCurveDisplay
from sklearn.model_selection import LearningCurveDisplay, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, plot_tree

data = load_breast_cancer(as_frame=True)
columns = ["mean radius", "mean texture", "mean smoothness"]
X_train, X_test, y_train, y_test = train_test_split(
    data.data[columns], data.target, stratify=data.target, random_state=0
)
logistic = make_pipeline(StandardScaler(), LogisticRegression()).fit(X_train, y_train)
tree = DecisionTreeClassifier(max_depth=2, random_state=0).fit(X_train, y_train)

figure, axes = plt.subplots(2, 3, figsize=(12, 8), dpi=50, layout="constrained")
for name, model in (("logistic", logistic), ("tree", tree)):
    roc = RocCurveDisplay.from_estimator(model, X_test, y_test, ax=axes[0, 0], name=name)
    curve = PrecisionRecallDisplay.from_estimator(model, X_test, y_test, ax=axes[0, 1], name=name)
    print(
        f"{name}: ROC AUC {np.ravel(roc.roc_auc)[0]:.2f}, average precision {np.ravel(curve.average_precision)[0]:.2f}"
    )
print("legend:", [text.get_text() for text in axes[0, 0].get_legend().get_texts()])

matrix = ConfusionMatrixDisplay.from_estimator(
    logistic, X_test, y_test, display_labels=data.target_names, ax=axes[0, 2], colorbar=False
)
print("confusion:", matrix.confusion_matrix.tolist(), [t.get_text() for t in axes[0, 2].get_xticklabels()])
calibration = CalibrationDisplay.from_estimator(logistic, X_test, y_test, n_bins=4, ax=axes[1, 0])
print("calibration:", calibration.prob_true.round(2).tolist())
curves = LearningCurveDisplay.from_estimator(
    logistic, X_train, y_train, train_sizes=[0.2, 0.6, 1.0], cv=4, ax=axes[1, 1]
)
print("learning curve:", curves.train_sizes.tolist(), curves.test_scores.mean(axis=1).round(2).tolist())
dependence = PartialDependenceDisplay.from_estimator(
    logistic, X_train, ["mean radius"], grid_resolution=5, ax=axes[1, 2]
)
print("partial dependence falls:", bool((np.diff(dependence.pd_results[0]["average"][0]) < 0).all()))
out = Path("plots")
out.mkdir(exist_ok=True)
figure.savefig(out / "report.png")
plt.close(figure)

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4), dpi=60)
boxes = plot_tree(tree, feature_names=columns, class_names=data.target_names, filled=True, ax=left)
print("nodes:", len(boxes), "root:", boxes[0].get_text().splitlines()[0])
plane = make_pipeline(StandardScaler(), LogisticRegression()).fit(X_train[columns[:2]], y_train)
boundary = DecisionBoundaryDisplay.from_estimator(
    plane, X_train[columns[:2]], response_method="predict", grid_resolution=40, ax=right
)
right.scatter(X_test["mean radius"], X_test["mean texture"], c=y_test, edgecolor="k", s=12)
print("boundary:", boundary.response.shape, "share of class 1:", f"{boundary.response.mean():.1f}", right.get_xlabel())
figure.savefig(out / "boundary.png")
for name in ("report.png", "boundary.png"):
    with Image.open(out / name) as picture:
        print(f"{name}:", picture.size, picture.mode)
