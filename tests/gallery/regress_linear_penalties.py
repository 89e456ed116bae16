# Ridge, lasso and elastic net on the diabetes data: cross-validated penalties and which coefficients survive.
import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.linear_model import ElasticNetCV, LassoCV, LinearRegression, RidgeCV, lasso_path
from sklearn.metrics import mean_absolute_error, r2_score
from sklearn.model_selection import train_test_split

diabetes = load_diabetes()
X_train, X_test, y_train, y_test = train_test_split(diabetes.data, diabetes.target, random_state=1)
names = np.array(diabetes.feature_names)
print("features:", ", ".join(names))

alphas = np.logspace(-3, 1, 30)
models = {
    "least squares": LinearRegression(),
    "ridge": RidgeCV(alphas=alphas),
    "lasso": LassoCV(alphas=alphas, cv=5),
    "elastic net": ElasticNetCV(alphas=alphas, l1_ratio=[0.5, 0.9, 1.0], cv=5),
}
print(f"{'model':<14} {'alpha':>7} {'R2':>6} {'MAE':>6}  zeroed")
for name, model in models.items():
    model.fit(X_train, y_train)
    predicted = model.predict(X_test)
    alpha = f"{model.alpha_:.4f}" if hasattr(model, "alpha_") else "-"
    zeroed = ",".join(names[np.abs(model.coef_) < 1e-9]) or "none"
    print(
        f"{name:<14} {alpha:>7} {r2_score(y_test, predicted):6.3f}"
        f" {mean_absolute_error(y_test, predicted):6.2f}  {zeroed}"
    )

# The order in which the lasso lets features in, from the strongest penalty down.
path_alphas, coefs, _ = lasso_path(X_train, y_train - y_train.mean(), alphas=np.logspace(0.5, -2, 60))
entered = {}
for step in range(len(path_alphas)):
    for feature in np.flatnonzero(np.abs(coefs[:, step]) > 1e-9):
        entered.setdefault(str(names[feature]), path_alphas[step])
print("entering order:")
for name, alpha in entered.items():
    print(f"  {name:<4} at alpha {alpha:.3f}")
