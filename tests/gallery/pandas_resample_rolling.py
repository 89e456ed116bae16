# A year of hourly readings: resampling, rolling and expanding windows, gaps, shifts and weekday patterns.
import numpy as np
import pandas as pd

index = pd.date_range("2023-01-01", "2023-12-31 23:00", freq="h")
rng = np.random.default_rng(3)
hours = np.arange(len(index))
load = (
    50
    + 10 * np.sin(2 * np.pi * hours / 24 - 2)
    + 8 * np.cos(2 * np.pi * hours / 8760)
    + rng.normal(scale=2, size=len(index))
)
load -= np.where(index.dayofweek >= 5, 6, 0)
readings = pd.Series(load, index=index, name="load")
readings.loc["2023-05-10 06:00":"2023-05-11 17:00"] = np.nan
print("readings:", len(readings), "missing:", int(readings.isna().sum()))

quarters = readings.resample("QS").agg(["mean", "min", "max", "count"])
print(quarters.round(1).to_string())
daily = readings.resample("D").mean()
print("days:", len(daily), "without any reading:", int(daily.isna().sum()))
print("lowest day:", f"{daily.idxmin():%A}", "below 40:", bool(daily.min() < 40))
weekly = readings.resample("W-SUN").sum(min_count=100)
print("weeks:", weekly.size, "ends on", weekly.index[0].day_name())

filled = readings.interpolate("time", limit=12)
print("still missing after filling 12 hours:", int(filled.isna().sum()))
print("forward, 3:", int(readings.ffill(limit=3).isna().sum()))

smooth = daily.rolling(30, center=True, min_periods=20).mean()
print(f"smoothed: from {smooth.min():.1f} to {smooth.max():.1f}")
print("windows by time:", readings.rolling("36h").count().loc["2023-05-11 18:00"])
deviation = (readings - readings.rolling(24 * 7).mean()) / readings.rolling(24 * 7).std()
print("beyond 2.5 deviations:", int((deviation.abs() > 2.5).sum()) > 0)
weights = daily.ewm(halflife="7D", times=daily.index).mean()
print(f"exponential mean at the end: {weights.iloc[-1]:.1f}")
print(f"expanding maximum after half a year: {readings.expanding().max().loc['2023-06-30 23:00']:.0f}")

by_day = readings.groupby(readings.index.dayofweek).mean()
print("weekdays:", [f"{value:.0f}" for value in by_day])
by_hour = readings.groupby(readings.index.hour).mean()
print("peak hour:", by_hour.idxmax(), "trough:", by_hour.idxmin())
for hours in (24, 12):
    print(f"correlation with {hours} hours before: {readings.corr(readings.shift(hours)):.2f}")
growth = readings.resample("MS").mean().pct_change()
print("falling months:", growth.index[growth < -0.01].strftime("%b").tolist())
months = readings.asfreq("6h").to_period("M").groupby(level=0).size()
print("every six hours:", months.iloc[:3].tolist())
