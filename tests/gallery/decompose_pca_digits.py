# Principal components of the digits: explained variance, reconstruction error, and how few a classifier needs.
import numpy as np
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA, IncrementalPCA, KernelPCA, TruncatedSVD
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline

X, y = load_digits(return_X_y=True)
X, y = X[:900], y[:900]
pca = PCA(svd_solver="full").fit(X)
explained = np.cumsum(pca.explained_variance_ratio_)
print("variance explained:")
for k in (1, 2, 5, 10, 20, 40):
    print(f"  {k:2d} components: {explained[k - 1]:.3f}")
for share in (0.8, 0.9, 0.99):
    print(f"components for {share:.0%}: {int(np.searchsorted(explained, share)) + 1}")

print("root mean squared error of reconstruction:")
for k in (2, 10, 30):
    few = PCA(k, svd_solver="full").fit(X)
    error = np.sqrt(np.mean((few.inverse_transform(few.transform(X)) - X) ** 2))
    print(f"  {k:2d}: {error:.3f}")

# The first component, up to its sign: which pixels it weighs most.
weights = np.abs(pca.components_[0])
print("heaviest pixels:", sorted(divmod(int(i), 8) for i in np.argsort(weights)[-4:]))

print("accuracy of 3 neighbours in cross-validation:")
for k in (2, 5, 10, 20):
    model = make_pipeline(PCA(k, svd_solver="full"), KNeighborsClassifier(3))
    print(f"  {k:2d} components: {cross_val_score(model, X, y, cv=4).mean():.2f}")
print(f"  all pixels:    {cross_val_score(KNeighborsClassifier(3), X, y, cv=4).mean():.2f}")

batches = IncrementalPCA(10, batch_size=150).fit(X)
print("incremental, first ratios:", batches.explained_variance_ratio_[:3].round(2).tolist())
svd = TruncatedSVD(5, algorithm="arpack", random_state=0).fit(X)
print("truncated SVD, singular values:", svd.singular_values_.round(0).astype(int).tolist())
kernel = KernelPCA(2, kernel="rbf", gamma=1e-3, eigen_solver="dense").fit(X)
print("kernel PCA, eigenvalues:", kernel.eigenvalues_.round(1).tolist())
whitened = PCA(8, whiten=True, svd_solver="full").fit_transform(X)
print("whitened:", np.allclose(np.cov(whitened.T), np.eye(8), atol=1e-8))
