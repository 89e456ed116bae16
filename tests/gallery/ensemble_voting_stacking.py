# Several models as one: soft votes, a stack and bags, and why their errors have to differ for it to help.
import numpy as np
from sklearn.datasets import make_moons
from sklearn.ensemble import BaggingClassifier, RandomForestClassifier, StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, cohen_kappa_score, log_loss
from sklearn.model_selection import train_test_split
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

X, y = make_moons(n_samples=1500, noise=0.35, random_state=6)
rng = np.random.default_rng(6)
X = np.column_stack([X, rng.normal(size=(1500, 3))])
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.4, random_state=0)

single = {
    "logistic": LogisticRegression(),
    "naive Bayes": GaussianNB(),
    "neighbours": KNeighborsClassifier(15),
    "forest": RandomForestClassifier(60, min_samples_leaf=5, random_state=0),
}
predictions = {}
print(f"{'model':<13} {'accuracy':>8} {'log loss':>9}")
for name, model in single.items():
    model.fit(X_train, y_train)
    predictions[name] = model.predict(X_test)
    loss = log_loss(y_test, model.predict_proba(X_test))
    print(f"{name:<13} {accuracy_score(y_test, predictions[name]):8.2f} {loss:9.2f}")

print("agreement (Cohen's kappa):")
names = list(single)
for i, one in enumerate(names):
    for other in names[i + 1 :]:
        print(f"  {one} / {other}: {cohen_kappa_score(predictions[one], predictions[other]):.2f}")

together = {
    "votes": VotingClassifier(list(single.items()), voting="soft"),
    "weighted": VotingClassifier(list(single.items()), voting="soft", weights=[1, 1, 2, 3]),
    "stack": StackingClassifier(list(single.items()), LogisticRegression(), cv=4),
    "bagged trees": BaggingClassifier(DecisionTreeClassifier(min_samples_leaf=5), 40, random_state=0),
}
for name, model in together.items():
    model.fit(X_train, y_train)
    accuracy, loss = accuracy_score(y_test, model.predict(X_test)), log_loss(y_test, model.predict_proba(X_test))
    print(f"{name:<13} {accuracy:8.2f} {loss:9.2f}")
one = DecisionTreeClassifier(min_samples_leaf=5, random_state=0).fit(X_train, y_train)
print(f"a single tree {accuracy_score(y_test, one.predict(X_test)):7.2f}")
print("members of the stack:", together["stack"].transform(X_test).shape[1])
