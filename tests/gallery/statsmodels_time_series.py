# Time series: seasonal decomposition, stationarity, autocorrelation, smoothing, an autoregression and its forecast.
import warnings

import numpy as np
import pandas as pd
from statsmodels.nonparametric.smoothers_lowess import lowess
from statsmodels.tsa.ar_model import AutoReg
from statsmodels.tsa.arima.model import ARIMA
from statsmodels.tsa.holtwinters import ExponentialSmoothing
from statsmodels.tsa.seasonal import STL, seasonal_decompose
from statsmodels.tsa.stattools import acf, adfuller, kpss, pacf

warnings.simplefilter("ignore")
rng = np.random.default_rng(60)
months = pd.date_range("2014-01-01", periods=120, freq="MS")
trend = 100 + 0.8 * np.arange(120)
season = 12 * np.sin(2 * np.pi * np.arange(120) / 12) + 5 * np.cos(4 * np.pi * np.arange(120) / 12)
sales = pd.Series(trend + season + rng.normal(scale=3, size=120), index=months)
print(f"sales: {sales.iloc[0]:.1f} to {sales.iloc[-1]:.1f}")

parts = seasonal_decompose(sales, period=12)
print("season:", parts.seasonal.iloc[:6].round(1).tolist())
print(f"trend rises by {parts.trend.dropna().diff().mean():.2f} a month; rest has deviation {parts.resid.std():.2f}")
robust = STL(sales, period=12, robust=True).fit()
strength = 1 - robust.resid.var() / (robust.seasonal + robust.resid).var()
print(f"strength of the season: {strength:.2f}")

for name, series in (("level", sales), ("differences", sales.diff().dropna())):
    unit_root, stationary = adfuller(series, maxlag=4, autolag=None)[1], kpss(series, nlags=4)[1]
    print(f"{name}: unit root rejected: {unit_root < 0.05}, stationarity rejected: {stationary < 0.05}")
adjusted = sales - robust.seasonal - robust.trend
print("autocorrelation:", acf(sales.diff().dropna(), nlags=12)[[1, 6, 12]].round(2).tolist())
print("significant lags of the rest: few:", int((np.abs(pacf(adjusted, nlags=10)[1:]) > 0.18).sum()) < 5)

train, test = sales[:-12], sales[-12:]
smooth = ExponentialSmoothing(train, trend="add", seasonal="add", seasonal_periods=12).fit()
forecasts = {
    "last year": train[-12:].to_numpy(),
    "Holt-Winters": smooth.forecast(12).to_numpy(),
    "autoregression": AutoReg(train, lags=[1, 12], trend="ct").fit().forecast(12).to_numpy(),
}
for name, forecast in forecasts.items():
    print(f"{name:<15} mean absolute error {np.abs(forecast - test.to_numpy()).mean():.1f}")

walk = np.zeros(400)
shocks = rng.normal(size=400)
for t in range(2, 400):
    walk[t] = 0.6 * walk[t - 1] - 0.3 * walk[t - 2] + shocks[t]
fitted = AutoReg(walk, lags=2, trend="n").fit()
print("AR(2):", fitted.params.round(3).tolist(), f"sigma2 {fitted.sigma2:.2f}")
arima = ARIMA(walk[:200], order=(1, 0, 0), trend="n").fit(method="innovations_mle")
print(f"ARIMA(1,0,0): {arima.params[0]:.2f}")
line = lowess(sales, np.arange(120), frac=0.4, return_sorted=False)
print("lowess:", line[[0, 60, 119]].round(0).astype(int).tolist())
