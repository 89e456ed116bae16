# Support vector machine on handwritten digits: accuracy, a confusion matrix and the digits that are mixed up most.
import numpy as np
from sklearn.datasets import load_digits
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

digits = load_digits()
X_train, X_test, y_train, y_test = train_test_split(
    digits.data, digits.target, test_size=0.4, stratify=digits.target, random_state=3
)
print("images:", digits.images.shape, "train:", len(X_train), "test:", len(X_test))

scores = {}
for kernel in ("linear", "poly", "rbf"):
    model = make_pipeline(StandardScaler(), SVC(kernel=kernel, C=5.0))
    model.fit(X_train, y_train)
    scores[kernel] = accuracy_score(y_test, model.predict(X_test))
    support = model[-1].n_support_.sum() / len(X_train)
    print(f"  {kernel:<7} accuracy {scores[kernel]:.3f}, {support:.2f} of the rows are support vectors")

print("better than a straight line:", [kernel for kernel in scores if scores[kernel] > scores["linear"]])
model = make_pipeline(StandardScaler(), SVC(kernel="rbf", C=5.0)).fit(X_train, y_train)
predicted = model.predict(X_test)
matrix = confusion_matrix(y_test, predicted)
print("confusion matrix (rows: truth):")
for digit, row in enumerate(matrix):
    print(f"  {digit}:", " ".join(f"{count:3d}" for count in row))

off_diagonal = matrix.copy()
np.fill_diagonal(off_diagonal, 0)
print("errors:", int(off_diagonal.sum()))
per_class = f1_score(y_test, predicted, average=None)
print("hardest digit:", int(per_class.argmin()), f"(F1 {per_class.min():.3f})")
print(f"macro F1: {per_class.mean():.3f}")
