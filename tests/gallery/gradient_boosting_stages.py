# Gradient boosting step by step: learning rates, early stopping, monotonic constraints and histogram trees.
import numpy as np
from sklearn.datasets import make_friedman1
from sklearn.ensemble import AdaBoostRegressor, GradientBoostingRegressor, HistGradientBoostingRegressor
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeRegressor

X, y = make_friedman1(n_samples=700, n_features=8, noise=1.0, random_state=21)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
print(f"variance of the target: {y_test.var():.1f}, of the noise: 1.0")

for rate in (0.02, 0.1, 0.5):
    model = GradientBoostingRegressor(n_estimators=150, learning_rate=rate, max_depth=3, random_state=0)
    model.fit(X_train, y_train)
    errors = [mean_squared_error(y_test, predicted) for predicted in model.staged_predict(X_test)]
    shown = ", ".join(f"{step}: {errors[step - 1]:.2f}" for step in (1, 10, 50, 150))
    print(f"rate {rate}: test error after trees {shown}")

stopped = GradientBoostingRegressor(
    n_estimators=500, learning_rate=0.3, validation_fraction=0.2, n_iter_no_change=8, tol=1e-3, random_state=0
).fit(X_train, y_train)
print("stopped before 500 trees:", stopped.n_estimators_ < 500)
half = GradientBoostingRegressor(n_estimators=150, subsample=0.5, random_state=0).fit(X_train, y_train)
print("half of the rows per tree are enough:", mean_squared_error(y_test, half.predict(X_test)) < 2.6)
print("features by importance:", np.argsort(half.feature_importances_)[::-1][:5].tolist())

histogram = HistGradientBoostingRegressor(max_iter=100, random_state=0, early_stopping=False).fit(X_train, y_train)
print(f"histogram trees: {mean_squared_error(y_test, histogram.predict(X_test)):.2f}")
boosted = AdaBoostRegressor(DecisionTreeRegressor(max_depth=4), n_estimators=50, random_state=0).fit(X_train, y_train)
print(f"AdaBoost: {mean_squared_error(y_test, boosted.predict(X_test)):.1f}")

# Feature 3 acts upwards; the constraint holds everywhere, not only on average.
held = HistGradientBoostingRegressor(max_iter=60, monotonic_cst=[0, 0, 0, 1, 0, 0, 0, 0], random_state=0).fit(
    X_train, y_train
)
probe = np.repeat(X_test[:20], 15, axis=0)
probe[:, 3] = np.tile(np.linspace(0, 1, 15), 20)
for name, model in (("free", histogram), ("constrained", held)):
    steps = np.diff(model.predict(probe).reshape(20, 15), axis=1)
    print(f"{name}: rising everywhere: {bool((steps >= -1e-9).all())}")
gap = X_test.copy()
gap[:, 5:] = np.nan
print(f"useless features missing: {mean_squared_error(y_test, histogram.predict(gap)):.1f}")
