# Random numbers that can be repeated: generators, independent streams, bit generators, shuffles and distributions.
import numpy as np

rng = np.random.default_rng(2024)
print("integers:", rng.integers(0, 100, 8).tolist())
print("uniform:", rng.random(4).round(6).tolist())
print("normal:", rng.normal(size=4).round(4).tolist())
print("choice:", rng.choice(["red", "green", "blue"], 6, p=[0.5, 0.3, 0.2]).tolist())
print("without replacement:", rng.choice(20, 6, replace=False).tolist())
print("permutation:", rng.permutation(8).tolist())
print("bytes:", rng.bytes(6).hex())

# The state can be kept and set again.
state = rng.bit_generator.state
first = rng.exponential(2.0, 3)
rng.bit_generator.state = state
print("repeated:", bool(np.array_equal(first, rng.exponential(2.0, 3))))

# Streams for parallel work: children do not overlap and do not depend on the order of use.
children = np.random.SeedSequence(99).spawn(3)
print("children:", [int(np.random.default_rng(child).integers(1_000_000)) for child in children])
again = np.random.default_rng(np.random.SeedSequence(99, spawn_key=(1,)))
print("second child alone:", int(again.integers(1_000_000)))
a, b = np.random.default_rng(5).spawn(2)
print(
    f"correlation of two streams: below 0.05: {abs(np.corrcoef(a.normal(size=4000), b.normal(size=4000))[0, 1]) < 0.05}"
)

for kind in (np.random.PCG64, np.random.PCG64DXSM, np.random.MT19937, np.random.Philox, np.random.SFC64):
    print(f"  {kind.__name__:<9} {np.random.Generator(kind(7)).integers(0, 2**62, dtype=np.int64) % 1_000_000:6d}")
jumped = np.random.PCG64(7).jumped()
print("jumped:", int(np.random.Generator(jumped).integers(1000)))

old = np.random.RandomState(0)
print("older interface:", old.rand(3).round(6).tolist(), old.randint(0, 10, 5).tolist(), old.randn(2).round(4).tolist())
np.random.seed(3)
print("global:", np.random.uniform(size=2).round(6).tolist())

draws = {
    "gamma": rng.gamma(2.0, 3.0, 50_000),
    "beta": rng.beta(2, 5, 50_000),
    "poisson": rng.poisson(4, 50_000),
    "binomial": rng.binomial(10, 0.3, 50_000),
    "geometric": rng.geometric(0.2, 50_000),
    "laplace": rng.laplace(1, 2, 50_000),
}
means = {"gamma": 6, "beta": 2 / 7, "poisson": 4, "binomial": 3, "geometric": 5, "laplace": 1}
for name, sample in draws.items():
    print(f"  {name:<9} mean {sample.mean():.3f} (expected {means[name]:.3f})")
covariance = np.array([[1.0, 0.8], [0.8, 2.0]])
sample = rng.multivariate_normal([0, 1], covariance, 20_000, method="cholesky")
print("covariance:", np.cov(sample.T).round(1).tolist())
print("dirichlet adds up:", bool(np.allclose(rng.dirichlet([1, 2, 3], 5).sum(axis=1), 1)))
table = np.arange(12).reshape(3, 4)
print("each row shuffled:", np.sort(rng.permuted(table, axis=1), axis=1).tolist() == table.tolist())
print("seeds of words:", np.random.SeedSequence(12345).generate_state(3).tolist())
