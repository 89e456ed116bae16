# Distributions: fitting, quantiles, sums, kernel densities, the bootstrap, permutation tests and quasi-random points.
import numpy as np
from scipy import special, stats

rng = np.random.default_rng(33)
waits = rng.gamma(2.5, 4.0, size=400)
print(f"sample: mean {waits.mean():.3f}, median {np.median(waits):.3f}, skewness {stats.skew(waits):.3f}")

print("fits by log-likelihood:")
for family in (stats.gamma, stats.lognorm, stats.weibull_min, stats.expon, stats.norm):
    fixed = {} if family is stats.norm else {"floc": 0}
    parameters = family.fit(waits, **fixed)
    print(
        f"  {family.name:<12} {family.logpdf(waits, *parameters).sum():9.1f}  p(> 30) {family.sf(30, *parameters):.4f}"
    )
shape, _, scale = stats.gamma.fit(waits, floc=0)
print(f"gamma: shape {shape:.2f}, scale {scale:.2f}")

frozen = stats.gamma(2.5, scale=4.0)
print("quantiles:", frozen.ppf([0.05, 0.5, 0.95]).round(3).tolist())
above = frozen.expect(lambda x: x, lb=20, conditional=True)
print(f"entropy {frozen.entropy():.4f}, variance {frozen.var():.1f}, mean above 20: {above:.3f}")
print("density integrates to its distribution:", bool(np.isclose(frozen.cdf(12), special.gammainc(2.5, 3.0))))

dice = stats.randint(1, 7)
print("binomial:", stats.binom.pmf([0, 5, 10], 10, 0.3).round(4).tolist(), "dice:", dice.mean(), round(dice.std(), 4))
print("Poisson above 10 of 6:", round(float(stats.poisson.sf(10, 6)), 5))
normal = stats.multivariate_normal([0, 0], [[2, 0.6], [0.6, 1]])
print(f"bivariate: density {normal.pdf([1, 0.5]):.5f}, quadrant {normal.cdf([0, 0]):.3f}")

kernel = stats.gaussian_kde(waits)
print(f"kernel density: {kernel([5, 10, 20]).round(3).tolist()}, mass below 30 {kernel.integrate_box_1d(-10, 30):.2f}")
result = stats.bootstrap((waits,), np.median, n_resamples=999, method="percentile", rng=1)
low, high = result.confidence_interval
print(f"median by bootstrap: {low:.2f} to {high:.2f}")
other = rng.gamma(2.5, 5.0, size=300)
test = stats.permutation_test(
    (waits, other),
    lambda a, b, axis: np.median(b, axis=axis) - np.median(a, axis=axis),
    n_resamples=499,
    vectorized=True,
    rng=2,
)
print(f"medians differ by {test.statistic:.2f}, p {test.pvalue:.3f}")

points = stats.qmc.Sobol(2, scramble=False).random(64)
inside = 4 * (np.hypot(*points.T) < 1).mean()
print(f"pi from 64 Sobol points: {inside:.4f}, discrepancy {stats.qmc.discrepancy(points):.5f}")
summary = stats.describe(waits)
print(f"described: n {summary.nobs}, kurtosis {summary.kurtosis:.3f}")
print(f"trimmed mean {stats.trim_mean(waits, 0.1):.3f}, geometric {stats.gmean(waits):.3f}")
print(f"median absolute deviation {stats.median_abs_deviation(waits):.3f}")
