# Are predicted probabilities true? Reliability of naive Bayes before and after calibration, in bins and Brier scores.
import numpy as np
from sklearn.calibration import CalibratedClassifierCV, calibration_curve
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import LinearSVC

X, y = make_classification(n_samples=4000, n_features=16, n_informative=4, n_redundant=8, class_sep=0.7, random_state=8)
X_train, X_test, y_train, y_test = train_test_split(X, y, train_size=0.5, random_state=0)
models = {
    "logistic": LogisticRegression(),
    "naive Bayes": GaussianNB(),
    "  + isotonic": CalibratedClassifierCV(GaussianNB(), method="isotonic", cv=4),
    "  + sigmoid": CalibratedClassifierCV(GaussianNB(), method="sigmoid", cv=4),
    "linear SVM": CalibratedClassifierCV(LinearSVC(C=0.1, random_state=0), method="sigmoid", cv=4),
}
print(f"{'model':<14} {'Brier':>6} {'log loss':>9} {'ROC AUC':>8}")
chances = {}
for name, model in models.items():
    chances[name] = chance = model.fit(X_train, y_train).predict_proba(X_test)[:, 1]
    print(
        f"{name:<14} {brier_score_loss(y_test, chance):6.3f} {log_loss(y_test, chance):9.3f}"
        f" {roc_auc_score(y_test, chance):8.3f}"
    )

for name in ("naive Bayes", "  + isotonic"):
    observed, said = calibration_curve(y_test, chances[name], n_bins=5)
    print(f"{name.strip()}: said -> observed")
    for a, b in zip(said, observed):
        print(f"  {a:.2f} -> {b:.2f}")


def expected_error(chance, bins=10):
    """Mean gap between what was said and what happened, weighted by how often it was said."""
    place = np.minimum((chance * bins).astype(int), bins - 1)
    return sum(
        (place == b).mean() * abs(y_test[place == b].mean() - chance[place == b].mean())
        for b in range(bins)
        if (place == b).any()
    )


for name in ("naive Bayes", "  + isotonic", "  + sigmoid"):
    print(f"expected calibration error, {name.strip()}: {expected_error(chances[name]):.2f}")
