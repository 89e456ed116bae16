# Gaussian processes: a fitted kernel, the width of the prediction where data are missing, and samples of the posterior.
import numpy as np
from sklearn.gaussian_process import GaussianProcessClassifier, GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, ExpSineSquared, Matern, WhiteKernel

rng = np.random.default_rng(14)
x = np.concatenate([rng.uniform(0, 4, 25), rng.uniform(6, 8, 12)])
y = np.sin(x) + 0.3 * x + rng.normal(scale=0.1, size=x.size)
X = x[:, None]

kernel = ConstantKernel(1.0) * RBF(1.0) + WhiteKernel(0.05)
model = GaussianProcessRegressor(kernel, normalize_y=True, n_restarts_optimizer=2, random_state=0).fit(X, y)
print("length scale:", f"{model.kernel_.k1.k2.length_scale:.2f}")
print("noise:", f"{np.sqrt(model.kernel_.k2.noise_level) * y.std():.3f}", "(true: 0.1)")
print(f"log marginal likelihood: {model.log_marginal_likelihood_value_:.1f}")

grid = np.array([1.0, 3.0, 5.0, 7.0, 12.0])
mean, deviation = model.predict(grid[:, None], return_std=True)
print("prediction with one standard deviation:")
for place, m, s in zip(grid, mean, deviation):
    print(f"  x={place:4.1f}: {m:5.2f} +- {s:.2f}   truth {np.sin(place) + 0.3 * place:5.2f}")
print("widest at:", grid[int(deviation.argmax())])
inside = np.abs(model.predict(X) - y) < 2 * np.sqrt(model.kernel_.k2.noise_level) * y.std()
print(f"points within two deviations of the noise: {inside.mean():.2f}")

draws = model.sample_y(grid[:, None], n_samples=400, random_state=1)
print("spread of samples follows:", np.allclose(draws.std(axis=1), deviation, rtol=0.15))

print("kernels by likelihood:")
for name, other in {
    "smooth": RBF(1.0) + WhiteKernel(0.05),
    "rough": Matern(1.0, nu=0.5) + WhiteKernel(0.05),
    "once differentiable": Matern(1.0, nu=1.5) + WhiteKernel(0.05),
    "periodic": ExpSineSquared(1.0, 6.0, periodicity_bounds="fixed") + WhiteKernel(0.05),
}.items():
    fitted = GaussianProcessRegressor(other, normalize_y=True).fit(X, y)
    print(f"  {name:<20} {fitted.log_marginal_likelihood_value_:6.1f}")

labels = (y > y.mean()).astype(int)
classifier = GaussianProcessClassifier(1.0 * RBF(1.0)).fit(X, labels)
print("chance of above average:", classifier.predict_proba([[0.2], [4.6], [7.5]])[:, 1].round(2).tolist())
