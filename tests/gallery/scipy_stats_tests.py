# Hypothesis tests on planted effects: means, variances, ranks, proportions, correlation, normality and many at once.
import numpy as np
from scipy import stats

rng = np.random.default_rng(25)
control = rng.normal(100, 15, 60)
treated = rng.normal(114, 15, 55)
before = rng.normal(50, 8, 30)
after = before + rng.normal(2.5, 4, 30)


def show(name, result):
    verdict = "rejected" if result.pvalue < 0.05 else "kept"
    print(f"{name:<24} statistic {result.statistic:8.3f}  p {result.pvalue:7.4f}  {verdict}")


show("t, equal variances", stats.ttest_ind(treated, control))
show("t, Welch", stats.ttest_ind(treated, control, equal_var=False))
show("t, paired", stats.ttest_rel(after, before))
show("t, one sample, 100", stats.ttest_1samp(control, 100))
show("Mann-Whitney", stats.mannwhitneyu(treated, control))
show("Wilcoxon", stats.wilcoxon(after - before))
show("Levene", stats.levene(treated, control))
show("Shapiro, normal", stats.shapiro(control))
show("Shapiro, skewed", stats.shapiro(rng.lognormal(size=60)))
show("Kolmogorov-Smirnov", stats.kstest(control, stats.norm(100, 15).cdf))
groups = [rng.normal(m, 3, 25) for m in (10, 10.5, 14)]
show("one-way ANOVA", stats.f_oneway(*groups))
show("Kruskal-Wallis", stats.kruskal(*groups))

pairs = stats.tukey_hsd(*groups)
print("Tukey:", [(i, j) for i in range(3) for j in range(i + 1, 3) if pairs.pvalue[i, j] < 0.05])
interval = stats.ttest_ind(treated, control).confidence_interval()
print(f"difference of means: {interval.low:.2f} to {interval.high:.2f}")

table = np.array([[30, 10], [18, 22]])
chi = stats.chi2_contingency(table)
print(f"chi-squared: {chi.statistic:.3f}, p {chi.pvalue:.4f}, expected {chi.expected_freq[0].tolist()}")
odds, p = stats.fisher_exact(table)
print(f"Fisher: odds {odds:.3f}, p {p:.4f}")
print(f"16 of 20 heads: p {stats.binomtest(16, 20).pvalue:.4f}")

x = rng.normal(size=80)
y = np.exp(x + rng.normal(scale=0.5, size=80))
for test in (stats.pearsonr, stats.spearmanr, stats.kendalltau):
    print(f"{test.__name__}: {test(x, y).statistic:.3f}")
line = stats.linregress(x, np.log(y))
print(f"regression of the logarithm: slope {line.slope:.3f} +- {line.stderr:.3f}, r {line.rvalue:.3f}")
p_values = [stats.ttest_ind(rng.normal(size=20), rng.normal(1.5 if i < 4 else 0, 1, 20)).pvalue for i in range(20)]
kept = stats.false_discovery_control(p_values) < 0.05
print("discoveries among 20:", np.flatnonzero(kept).tolist())
