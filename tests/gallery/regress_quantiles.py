# Quantile regression with noise that grows: intervals by linear programs and by boosting, and their coverage.
import numpy as np
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.linear_model import LinearRegression, QuantileRegressor
from sklearn.metrics import mean_pinball_loss

rng = np.random.default_rng(17)
x = rng.uniform(0, 10, size=400)
y = 5 + 1.5 * x + rng.normal(scale=0.4 + 0.35 * x)
X = x[:, None]
fit, held = slice(0, 280), slice(280, None)

mean = LinearRegression().fit(X[fit], y[fit])
print(f"mean: intercept {mean.intercept_:.2f}, slope {mean.coef_[0]:.2f}")

quantiles = (0.05, 0.5, 0.95)
linear, boosted = {}, {}
for q in quantiles:
    line = QuantileRegressor(quantile=q, alpha=0).fit(X[fit], y[fit])
    trees = GradientBoostingRegressor(
        loss="quantile", alpha=q, n_estimators=80, max_depth=2, min_samples_leaf=15, random_state=0
    ).fit(X[fit], y[fit])
    linear[q], boosted[q] = line.predict(X[held]), trees.predict(X[held])
    print(f"quantile {q:.2f}: intercept {line.intercept_:.2f}, slope {line.coef_[0]:.2f}")

for name, predicted in (("linear", linear), ("boosted", boosted)):
    inside = (predicted[0.05] <= y[held]) & (y[held] <= predicted[0.95])
    width = predicted[0.95] - predicted[0.05]
    narrow, wide = width[x[held] < 3].mean(), width[x[held] > 7].mean()
    print(
        f"{name}: {inside.mean():.2f} inside the 90 % interval; mean width {narrow:.1f} for x < 3, {wide:.1f} for x > 7"
    )

print("pinball loss on held-out data:")
for q in quantiles:
    constant = np.full(len(y[held]), np.quantile(y[fit], q))
    losses = [mean_pinball_loss(y[held], p, alpha=q) for p in (constant, linear[q], boosted[q])]
    print(f"  {q:.2f}: constant {losses[0]:.3f}, linear {losses[1]:.3f}, boosted {losses[2]:.2f}")
print(
    "linear beats the constant everywhere:",
    all(
        mean_pinball_loss(y[held], linear[q], alpha=q)
        < mean_pinball_loss(y[held], np.full(len(y[held]), np.quantile(y[fit], q)), alpha=q)
        for q in quantiles
    ),
)
