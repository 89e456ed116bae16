# Polynomial and spline features in a pipeline: degree against error, and how each extrapolates.
import numpy as np
from sklearn.linear_model import Ridge
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import KFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, SplineTransformer, StandardScaler

rng = np.random.default_rng(5)
x = np.sort(rng.uniform(0, 6, size=90))
y = np.sin(1.8 * x) + 0.25 * x + rng.normal(scale=0.15, size=x.size)
X = x[:, None]
folds = KFold(5, shuffle=True, random_state=0)


def error(model):
    return -cross_val_score(model, X, y, cv=folds, scoring="neg_root_mean_squared_error").mean()


print("polynomials, root mean squared error in cross-validation:")
for degree in (1, 2, 3, 5, 8):
    model = make_pipeline(StandardScaler(), PolynomialFeatures(degree), Ridge(1e-3))
    print(f"  degree {degree}: {error(model):.3f}")

print("cubic splines:")
for knots in (3, 5, 8, 12):
    model = make_pipeline(SplineTransformer(n_knots=knots, degree=3), Ridge(1e-3))
    print(f"  {knots:2d} knots: {error(model):.3f}, {SplineTransformer(n_knots=knots).fit(X).n_features_out_} features")

grid = np.linspace(0, 6, 61)[:, None]
truth = np.sin(1.8 * grid[:, 0]) + 0.25 * grid[:, 0]
outside = np.array([[7.0]])
chosen = {
    "line": make_pipeline(PolynomialFeatures(1), Ridge(1e-3)),
    "degree 8": make_pipeline(StandardScaler(), PolynomialFeatures(8), Ridge(1e-3)),
    "linear ends": make_pipeline(SplineTransformer(n_knots=8, extrapolation="linear"), Ridge(1e-3)),
    "constant ends": make_pipeline(SplineTransformer(n_knots=8, extrapolation="constant"), Ridge(1e-3)),
}
print("against the noiseless curve, and the prediction at x = 7:")
for name, model in chosen.items():
    model.fit(X, y)
    print(f"  {name:<14} {root_mean_squared_error(truth, model.predict(grid)):.3f} {model.predict(outside)[0]:8.2f}")
