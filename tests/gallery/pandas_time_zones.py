# Times around the world: localizing, converting, days of 23 and 25 hours, offsets, business days and periods.
import datetime as dt
from zoneinfo import ZoneInfo

import pandas as pd

meeting = pd.Timestamp("2024-03-12 16:00", tz="Europe/Amsterdam")
for zone in ("UTC", "America/New_York", "Asia/Kolkata", "Asia/Tokyo", "Pacific/Auckland"):
    there = meeting.tz_convert(zone)
    print(f"{zone:<18} {there:%a %H:%M} {there.strftime('%z')}")

# The clocks of Europe and America change on different days.
for day in ("2024-03-05", "2024-03-12", "2024-04-02"):
    amsterdam = pd.Timestamp(f"{day} 16:00", tz="Europe/Amsterdam")
    print(day, "in New York:", amsterdam.tz_convert("America/New_York").strftime("%H:%M"))

hours = pd.date_range("2024-03-30", "2024-04-01", freq="h", tz="Europe/Amsterdam", inclusive="left")
print("hours of each day:", pd.Series(1, hours).groupby(hours.date).sum().tolist())
hours = pd.date_range("2024-10-26", "2024-10-28", freq="h", tz="Europe/Amsterdam", inclusive="left")
print("in autumn:", pd.Series(1, hours).groupby(hours.date).sum().tolist())

naive = pd.DatetimeIndex(["2024-10-27 01:30", "2024-10-27 02:30", "2024-10-27 02:30", "2024-10-27 03:30"])
known = naive.tz_localize("Europe/Amsterdam", ambiguous="infer")
print("twice half past two:", known.tz_convert("UTC").strftime("%H:%M").tolist())
missing = pd.Timestamp("2024-03-31 02:30")
print("does not exist:", missing.tz_localize("Europe/Amsterdam", nonexistent="shift_forward").strftime("%H:%M"))
try:
    missing.tz_localize("Europe/Amsterdam")
except Exception as error:
    print("refused:", type(error).__name__)

start = pd.Timestamp("2024-03-30 12:00", tz="Europe/Amsterdam")
print("one day later:", start + pd.DateOffset(days=1))
print("24 hours later:", start + pd.Timedelta(hours=24))
lunch = dt.datetime(2024, 7, 1, 12, tzinfo=ZoneInfo("America/Sao_Paulo"))
print("the standard library agrees:", pd.Timestamp(lunch).tz_convert("UTC").hour, lunch.astimezone(dt.UTC).hour)

days = pd.bdate_range("2024-12-23", "2025-01-03", freq="C", holidays=["2024-12-25", "2024-12-26", "2025-01-01"])
print("working days:", days.strftime("%d").tolist())
print("month ends:", pd.date_range("2024-01-31", periods=4, freq="ME").strftime("%d %b").tolist())
quarter = pd.Period("2024Q1", freq="Q-MAR")
print("fiscal quarter:", quarter.start_time.date(), "to", quarter.end_time.date())
print("from seconds:", pd.to_datetime(1_700_000_000, unit="s", utc=True))
print("parsed:", pd.to_datetime(["2024-05-01T10:00+02:00", "2024-05-01T10:00Z"], utc=True).strftime("%H:%M").tolist())
