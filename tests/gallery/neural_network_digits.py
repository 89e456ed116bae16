# Multi-layer perceptrons: hidden sizes, learning curves, a regression, and what one step of training changes.
import warnings

import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import BernoulliRBM, MLPClassifier, MLPRegressor
from sklearn.preprocessing import minmax_scale

warnings.simplefilter("ignore", ConvergenceWarning)
X, y = load_digits(return_X_y=True)
X = minmax_scale(X)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.3, stratify=y, random_state=0)
print("rows:", len(X_train), len(X_test))

for sizes in ((), (8,), (32,), (32, 16)):
    model = MLPClassifier(hidden_layer_sizes=sizes, max_iter=40, learning_rate_init=0.01, random_state=1)
    model.fit(X_train, y_train)
    weights = sum(w.size for w in model.coefs_) + sum(b.size for b in model.intercepts_)
    accuracy = accuracy_score(y_test, model.predict(X_test))
    print(f"hidden {str(sizes):<9} {weights:5d} weights, above 0.9: {accuracy > 0.9}, above 0.8: {accuracy > 0.8}")

model = MLPClassifier((32,), max_iter=60, learning_rate_init=0.01, random_state=1).fit(X_train, y_train)
curve = np.array(model.loss_curve_)
print("loss starts near:", f"{curve[0]:.1f}", "and is below 0.1 after 60 passes:", curve[-1] < 0.1)
print("falls in most passes:", bool((np.diff(curve) < 0).mean() > 0.8))
print("layers:", [w.shape for w in model.coefs_], model.out_activation_)

# By hand: the same answer as the model gives.
hidden = np.maximum(X_test @ model.coefs_[0] + model.intercepts_[0], 0)
logits = hidden @ model.coefs_[1] + model.intercepts_[1]
chance = np.exp(logits - logits.max(axis=1, keepdims=True))
chance /= chance.sum(axis=1, keepdims=True)
print("forward pass by hand agrees:", np.allclose(chance, model.predict_proba(X_test)))

steps = MLPClassifier((16,), solver="sgd", learning_rate_init=0.2, random_state=0)
for step in range(1, 21):
    steps.partial_fit(X_train, y_train, classes=range(10))
    if step in (1, 5, 20):
        print(f"after {step:2d} passes of SGD: better than {int(steps.score(X_test, y_test) * 10) / 10:.1f}")

x = np.linspace(-2, 2, 80)[:, None]
bump = MLPRegressor(hidden_layer_sizes=(20,), solver="lbfgs", max_iter=600, random_state=3).fit(
    x, np.exp(-4 * x[:, 0] ** 2)
)
print("regression of a bump: R2 above 0.99:", bump.score(x, np.exp(-4 * x[:, 0] ** 2)) > 0.99)
rbm = BernoulliRBM(16, n_iter=3, random_state=0).fit(X_train)
print("restricted Boltzmann machine:", rbm.transform(X_test).shape)
