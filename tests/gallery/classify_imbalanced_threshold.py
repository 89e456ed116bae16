# Rare positives: class weights, precision and recall over thresholds, and a threshold chosen for its cost.
import numpy as np
from sklearn.datasets import make_classification
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, confusion_matrix, precision_recall_curve, roc_auc_score
from sklearn.model_selection import cross_val_predict, train_test_split

X, y = make_classification(
    n_samples=3000, n_features=12, n_informative=5, weights=[0.95], class_sep=1.7, flip_y=0.01, random_state=11
)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=0)
print(f"positives: {y.mean():.3f} of {len(y)} rows")

models = {
    "majority": DummyClassifier(strategy="prior"),
    "plain": LogisticRegression(max_iter=500),
    "balanced": LogisticRegression(max_iter=500, class_weight="balanced"),
}
for name, model in models.items():
    model.fit(X_train, y_train)
    chance = model.predict_proba(X_test)[:, 1]
    (tn, fp), (fn, tp) = confusion_matrix(y_test, model.predict(X_test))
    print(
        f"{name:<9} ROC AUC {roc_auc_score(y_test, chance):.3f}  AP {average_precision_score(y_test, chance):.3f}"
        f"  found {tp} of {tp + fn}, false alarms {fp}"
    )

# A missed positive costs ten times as much as a false alarm.
out_of_fold = cross_val_predict(models["plain"], X_train, y_train, cv=5, method="predict_proba")[:, 1]
thresholds = np.linspace(0.02, 0.9, 45)
costs = [
    10 * ((out_of_fold < t) & (y_train == 1)).sum() + ((out_of_fold >= t) & (y_train == 0)).sum() for t in thresholds
]
best = thresholds[int(np.argmin(costs))]
print(f"cheapest threshold: {best:.2f} (cost {min(costs)}; at 0.50 it is {costs[24]})")

precision, recall, _ = precision_recall_curve(y_test, models["plain"].predict_proba(X_test)[:, 1])
print("precision where recall is at least:")
for wanted in (0.5, 0.7, 0.8, 0.9):
    print(f"  {wanted:.1f}: {precision[recall >= wanted].max():.3f}")
chosen = models["plain"].predict_proba(X_test)[:, 1] >= best
print("confusion at the cheapest threshold:", confusion_matrix(y_test, chosen).ravel().tolist())
