# Short messages as TF-IDF features: naive Bayes against a linear model, the telling words and similar messages.
import random

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics.pairwise import cosine_similarity
from sklearn.model_selection import cross_val_score
from sklearn.naive_bayes import ComplementNB, MultinomialNB
from sklearn.pipeline import make_pipeline

SUBJECTS = {
    "billing": ["the invoice", "my last payment", "the refund", "a second charge", "the receipt"],
    "delivery": ["the parcel", "my order", "the courier", "the tracking number", "the package"],
    "login": ["my password", "the account", "the reset mail", "two factor codes", "the sign in page"],
}
PROBLEMS = ["is missing", "is wrong", "has not arrived", "does not work", "looks strange", "was late"]
OPENERS = ["hello", "good morning", "please help", "I have a question", "again"]
random.seed(42)
texts, labels = [], []
for label, subjects in SUBJECTS.items():
    others = [s for other, all_of in SUBJECTS.items() if other != label for s in all_of]
    for _ in range(60):
        text = f"{random.choice(OPENERS)}, {random.choice(subjects)} {random.choice(PROBLEMS)}"
        # Half of them mention something of another subject, too.
        if random.random() < 0.5:
            text += f", not about {random.choice(others)}"
        texts.append(text)
        labels.append(label)
print("messages:", len(texts), "for example:", repr(texts[1]))

counts = CountVectorizer(ngram_range=(1, 2), min_df=3).fit(texts)
print("words and pairs:", len(counts.vocabulary_))
for name, model in {
    "multinomial": make_pipeline(CountVectorizer(), MultinomialNB()),
    "complement": make_pipeline(CountVectorizer(), ComplementNB()),
    "logistic, tf-idf": make_pipeline(TfidfVectorizer(), LogisticRegression(C=10)),
    "logistic, pairs": make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression(C=10)),
    "logistic, hashed": make_pipeline(HashingVectorizer(n_features=256, ngram_range=(1, 2)), LogisticRegression(C=10)),
}.items():
    print(f"  {name:<17} {cross_val_score(model, texts, labels, cv=6).mean():.2f}")

tfidf = TfidfVectorizer(stop_words="english")
matrix = tfidf.fit_transform(texts)
model = LogisticRegression(C=10).fit(matrix, labels)
words = tfidf.get_feature_names_out()
for label, weights in zip(model.classes_, model.coef_):
    print(f"{label}: {', '.join(sorted(words[np.argsort(weights)[-4:]]))}")
question = tfidf.transform(["the courier lost my parcel and the tracking is wrong"])
print("question:", model.predict(question)[0], model.predict_proba(question).round(2)[0].tolist())
print(f"most similar: {cosine_similarity(question, matrix).max():.2f}")
print(f"share of zeros: {1 - matrix.nnz / np.prod(matrix.shape):.2f}")
