# Regression with formulas: OLS and its diagnosis, robust errors, logit, Poisson, and comparing nested models.
import numpy as np
import pandas as pd
import statsmodels.api as sm
import statsmodels.formula.api as smf
from statsmodels.stats.anova import anova_lm
from statsmodels.stats.diagnostic import het_breuschpagan
from statsmodels.stats.outliers_influence import OLSInfluence, variance_inflation_factor
from statsmodels.stats.stattools import durbin_watson

rng = np.random.default_rng(50)
n = 250
data = pd.DataFrame(
    {
        "area": rng.uniform(40, 160, n),
        "floor": rng.integers(0, 8, n),
        "zone": rng.choice(["centre", "east", "west"], n),
    }
)
data["rent"] = (
    200
    + 9 * data["area"]
    + 15 * data["floor"]
    + data["zone"].map({"centre": 250, "east": 0, "west": 80})
    + rng.normal(size=n) * (20 + 0.8 * data["area"])
)
model = smf.ols("rent ~ area + floor + C(zone)", data).fit()
print(f"R2 {model.rsquared:.3f}, adjusted {model.rsquared_adj:.3f}, F {model.fvalue:.1f}, AIC {model.aic:.1f}")
print(f"{'term':<18} {'value':>8} {'error':>7} {'robust':>7} {'low':>8} {'high':>8}")
robust = model.get_robustcov_results("HC3")
for i, (name, value) in enumerate(model.params.items()):
    low, high = model.conf_int().loc[name]
    print(f"{name:<18} {value:8.2f} {model.bse.iloc[i]:7.2f} {robust.bse[i]:7.2f} {low:8.2f} {high:8.2f}")
uneven = het_breuschpagan(model.resid, model.model.exog)[1] < 0.01
print(f"Durbin-Watson {durbin_watson(model.resid):.2f}, Breusch-Pagan p below 0.01: {uneven}")
print("inflation:", [round(float(variance_inflation_factor(model.model.exog, i)), 2) for i in (3, 4)])
print("most influential row:", int(np.argmax(OLSInfluence(model).cooks_distance[0])))

smaller = smf.ols("rent ~ area + floor", data).fit()
table = anova_lm(smaller, model)
print(f"zones matter: F {table['F'].iloc[1]:.2f}, p below 0.001: {table['Pr(>F)'].iloc[1] < 1e-3}")
test = model.t_test("C(zone)[T.west] - C(zone)[T.east] = 0")
print(f"west against east: {test.effect[0]:.1f} +- {test.sd[0, 0]:.1f}")
new = pd.DataFrame({"area": [80, 120], "floor": [2, 5], "zone": ["west", "centre"]})
print(
    model.get_prediction(new)
    .summary_frame(alpha=0.1)[["mean", "obs_ci_lower", "obs_ci_upper"]]
    .round(1)
    .to_string(index=False)
)
weighted = sm.WLS(model.model.endog, model.model.exog, weights=1 / (20 + 0.8 * data["area"]) ** 2).fit()
print("weights make the error of area smaller:", bool(weighted.bse[3] < model.bse.iloc[3]))

data["taken"] = (rng.logistic(size=n) < 3 - 0.004 * (data["rent"] - 400)).astype(int)
logit = smf.logit("taken ~ rent", data).fit(disp=0)
print(f"logit: slope per 100 {100 * logit.params['rent']:.3f}, pseudo R2 {logit.prsquared:.3f}")
margin = logit.get_margeff().summary_frame()["dy/dx"].iloc[0]
print(f"marginal effect per 100: {100 * margin:.3f}")
data["visits"] = rng.poisson(np.exp(0.5 + 0.2 * data["floor"]))
poisson = smf.glm("visits ~ floor", data, family=sm.families.Poisson()).fit()
print("Poisson:", poisson.params.round(3).to_dict(), f"deviance {poisson.deviance:.1f} on {int(poisson.df_resid)}")
