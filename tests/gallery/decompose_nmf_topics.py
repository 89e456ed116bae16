# Parts instead of directions: NMF and LDA find the topics that a small corpus was made of.
import numpy as np
from sklearn.decomposition import NMF, LatentDirichletAllocation
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

TOPICS = {
    "weather": "rain wind cloud storm sun snow cold warm forecast".split(),
    "kitchen": "flour butter oven salt pan recipe dough sugar spoon".split(),
    "rail": "train station ticket platform track signal carriage driver delay".split(),
}
rng = np.random.default_rng(12)
documents, truth = [], []
for _ in range(150):
    mixture = rng.dirichlet([0.15] * 3)
    words = [rng.choice(list(TOPICS.values())[rng.choice(3, p=mixture)]) for _ in range(30)]
    documents.append(" ".join(words))
    truth.append(mixture)
truth = np.array(truth)
print("documents:", len(documents), "first:", " ".join(documents[0].split()[:6]), "...")

counts = CountVectorizer()
matrix = counts.fit_transform(documents)
words = counts.get_feature_names_out()
print("matrix:", matrix.shape, "stored:", matrix.nnz)


def report(name, topics, weights):
    """Each found topic with its words, and how well the mixture of each document was found."""
    shares = weights / weights.sum(axis=1, keepdims=True)
    match = [int(np.argmax([np.corrcoef(shares[:, t], truth[:, k])[0, 1] for k in range(3)])) for t in range(3)]
    print(f"{name}: topics found: {sorted(match)}")
    for topic in np.argsort(match):
        known = list(TOPICS)[match[topic]]
        best = [words[i] for i in np.argsort(topics[topic])[-5:]]
        inside = sum(word in TOPICS[known] for word in best)
        correlation = np.corrcoef(shares[:, topic], truth[:, match[topic]])[0, 1]
        print(f"  {known:<8} {inside} of its 5 first words, correlation {correlation:.2f}")


tfidf = TfidfTransformer().fit_transform(matrix)
nmf = NMF(3, init="nndsvda", max_iter=400, random_state=0)
report("NMF", (weights := nmf.fit_transform(tfidf)) is not None and nmf.components_, weights)
print(f"  error {nmf.reconstruction_err_:.2f}, smallest value {nmf.components_.min():.1f}")
divergence = NMF(3, init="nndsvda", solver="mu", beta_loss="kullback-leibler", max_iter=200, random_state=0)
weights = divergence.fit_transform(matrix)
report("NMF, Kullback-Leibler", divergence.components_, weights)
lda = LatentDirichletAllocation(3, max_iter=15, random_state=1)
weights = lda.fit_transform(matrix)
report("LDA", lda.components_, weights)
print(f"  perplexity below the number of words: {lda.perplexity(matrix) < len(words)}")
new = counts.transform(["the train was late because of snow on the track and the signal"])
print(
    "new document:",
    list(TOPICS)[int(np.argmax(truth[int(np.argmin(np.linalg.norm(weights - lda.transform(new), axis=1)))]))],
)
