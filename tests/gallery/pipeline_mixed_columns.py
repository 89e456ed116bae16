# One pipeline for numbers, categories and gaps: a column transformer, its output names and a fair comparison.
import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_validate
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

rng = np.random.default_rng(23)
n = 800
frame = pd.DataFrame(
    {
        "age": rng.integers(18, 80, n).astype(float),
        "income": rng.lognormal(10, 0.5, n),
        "region": rng.choice(["north", "south", "west"], n, p=[0.5, 0.3, 0.2]),
        "plan": rng.choice(["basic", "plus", "pro"], n),
    }
)
signal = 0.05 * (frame["age"] - 45) + 1.2 * (frame["plan"] == "pro") - 0.9 * (frame["region"] == "west")
bought = (signal + rng.logistic(size=n) > 0.3).astype(int)
frame.loc[rng.random(n) < 0.1, "age"] = np.nan
frame.loc[rng.random(n) < 0.05, "region"] = None
print("missing:", frame.isna().sum().to_dict())
print(f"bought: {bought.mean():.3f}")

numbers = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
words = make_pipeline(SimpleImputer(strategy="constant", fill_value="unknown"), OneHotEncoder(handle_unknown="ignore"))
columns = ColumnTransformer(
    [
        ("numbers", numbers, make_column_selector(dtype_include=np.number)),
        ("words", words, ["region", "plan"]),
    ],
    verbose_feature_names_out=False,
)
logistic = Pipeline([("columns", columns), ("model", LogisticRegression(max_iter=500))])
trees = Pipeline(
    [
        ("columns", ColumnTransformer([("codes", OrdinalEncoder(), ["region", "plan"])], remainder="passthrough")),
        ("model", HistGradientBoostingClassifier(max_iter=40, learning_rate=0.1, random_state=0)),
    ]
)
for name, model in (("logistic", logistic), ("trees", trees)):
    result = cross_validate(model, frame, bought, cv=5, scoring=["roc_auc", "accuracy"])
    print(f"{name}: ROC AUC {result['test_roc_auc'].mean():.2f}, accuracy {result['test_accuracy'].mean():.2f}")

logistic.fit(frame, bought)
print("coefficients:")
for name, value in zip(columns.fit(frame).get_feature_names_out(), logistic["model"].coef_[0]):
    print(f"  {name:<25} {value:6.2f}")
row = pd.DataFrame(
    {"age": [30.0, np.nan], "income": [20000.0, 40000.0], "region": ["east", "west"], "plan": ["pro", "basic"]}
)
print("an unknown region and a missing age:", logistic.predict_proba(row)[:, 1].round(2).tolist())
