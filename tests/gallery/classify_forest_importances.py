# Random forest on the wine data: out-of-bag score, importances of the features and the decision of a single tree.
import pandas as pd
from sklearn.datasets import load_wine
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier, export_text

wine = load_wine(as_frame=True)
X_train, X_test, y_train, y_test = train_test_split(
    wine.data, wine.target, test_size=0.3, stratify=wine.target, random_state=7
)
print("classes:", dict(zip(wine.target_names.tolist(), wine.target.value_counts().sort_index().tolist())))

forest = RandomForestClassifier(n_estimators=150, oob_score=True, random_state=0)
extra = ExtraTreesClassifier(n_estimators=150, random_state=0)
for name, model in (("random forest", forest), ("extra trees", extra)):
    model.fit(X_train, y_train)
    score = balanced_accuracy_score(y_test, model.predict(X_test))
    print(f"{name}: balanced accuracy {score:.3f}")
print(f"out-of-bag accuracy: {forest.oob_score_:.2f}")

importances = pd.Series(forest.feature_importances_, index=wine.data.columns).sort_values(ascending=False)
print("most important:")
for name, value in importances.head(5).items():
    print(f"  {name:<30} {value:.2f}")
print(f"sum of all: {importances.sum():.3f}")
depths = [tree.get_depth() for tree in forest.estimators_]
print("depth of the trees:", min(depths), "to", max(depths))

tree = DecisionTreeClassifier(max_depth=2, random_state=0).fit(X_train[["proline", "flavanoids"]], y_train)
print("one tree of two features:")
print(export_text(tree, feature_names=["proline", "flavanoids"], decimals=1).rstrip())
