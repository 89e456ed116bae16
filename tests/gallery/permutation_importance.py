# Why impurity misleads: permutation importance with a random column, correlated columns, and partial dependence.
import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestRegressor
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.model_selection import train_test_split

rng = np.random.default_rng(31)
n = 500
size = rng.uniform(30, 150, n)
data = pd.DataFrame(
    {
        "size": size,
        "rooms": np.round(size / 30 + rng.normal(scale=0.4, size=n)),
        "age": rng.integers(0, 60, n),
        "balcony": rng.integers(0, 2, n),
        "noise": rng.normal(size=n),
    }
)
price = 3.0 * data["size"] - 1.5 * data["age"] + 25 * data["balcony"] + rng.normal(scale=12, size=n)
X_train, X_test, y_train, y_test = train_test_split(data, price, random_state=0)
model = RandomForestRegressor(n_estimators=60, min_samples_leaf=3, random_state=0).fit(X_train, y_train)
print(f"R2: train {model.score(X_train, y_train):.3f}, test {model.score(X_test, y_test):.2f}")

result = permutation_importance(model, X_test, y_test, n_repeats=10, random_state=0)
print(f"{'feature':<8} {'impurity':>9} {'permuted':>9}")
for i in np.argsort(result.importances_mean)[::-1]:
    print(f"{data.columns[i]:<8} {model.feature_importances_[i]:9.2f} {max(result.importances_mean[i], 0):9.2f}")
useless = data.columns[result.importances_mean < 2 * result.importances_std + 0.002]
print("not told from chance:", sorted(useless))

print("size and rooms correlate:", f"{data['size'].corr(data['rooms']):.2f}")
without = RandomForestRegressor(n_estimators=60, min_samples_leaf=3, random_state=0)
without.fit(X_train.drop(columns="size"), y_train)
print(f"without size, R2 is still {without.score(X_test.drop(columns='size'), y_test):.2f}")
alone = permutation_importance(without, X_test.drop(columns="size"), y_test, n_repeats=10, random_state=0)
print("rooms rise to", f"{alone.importances_mean[0]:.2f}")

curve = partial_dependence(model, X_train, ["size"], grid_resolution=5)
print("partial dependence on size:")
for x, y in zip(curve["grid_values"][0], curve["average"][0]):
    print(f"  {x:6.1f} -> {y:6.1f}")
