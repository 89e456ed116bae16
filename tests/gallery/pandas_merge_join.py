# Joining tables: kinds of merges, checks of keys, nearest times, overlapping columns and unmatched rows.
import pandas as pd

staff = pd.DataFrame(
    {
        "id": [1, 2, 3, 4, 5],
        "name": ["Aiko", "Bram", "Chloe", "Dev", "Eva"],
        "team": ["data", "web", "data", "ops", None],
    }
)
teams = pd.DataFrame({"team": ["data", "web", "legal"], "room": ["A1", "B2", "C3"], "name": ["Data", "Web", "Legal"]})

for how in ("inner", "left", "right", "outer"):
    joined = staff.merge(teams, on="team", how=how, suffixes=("", "_of_team"))
    print(f"{how:<6} {joined.shape[0]} rows, without a room: {int(joined['room'].isna().sum())}")
both = staff.merge(teams, on="team", how="outer", indicator=True, suffixes=("", "_of_team"))
print("where rows come from:", both["_merge"].value_counts().sort_index().to_dict())
print(both[["name", "team", "room", "_merge"]].sort_values("name").to_string(index=False))
print("pairs:", len(staff.merge(teams, how="cross")))

try:
    pd.concat([teams, teams]).merge(staff, on="team", validate="one_to_many")
except pd.errors.MergeError as error:
    print("refused:", str(error).split(";")[0])

# Each trade with the last quote before it, and none that is older than two seconds.
quotes = pd.DataFrame(
    {
        "time": pd.to_datetime(["09:00:00", "09:00:01", "09:00:04", "09:00:09"], format="%H:%M:%S"),
        "price": [10.0, 10.2, 10.1, 10.6],
    }
)
trades = pd.DataFrame(
    {
        "time": pd.to_datetime(["09:00:01.5", "09:00:03.9", "09:00:04.0", "09:00:12.0"], format="%H:%M:%S.%f"),
        "units": [5, 3, 8, 1],
    }
)
matched = pd.merge_asof(trades, quotes, on="time", tolerance=pd.Timedelta("2s"))
for row in matched.itertuples():
    price = "no quote" if pd.isna(row.price) else f"{row.price:.1f}"
    print(f"  {row.time:%H:%M:%S.%f}"[:-4], row.units, price)

left = pd.DataFrame({"x": [1, 2]}, index=["a", "b"])
right = pd.DataFrame({"x": [3, 4], "y": [5, 6]}, index=["b", "c"])
print(left.join(right, how="outer", lsuffix="_left", rsuffix="_right").to_string())
print("first known:", left["x"].combine_first(right["x"]).to_dict())
stacked = pd.concat([left, right], keys=["left", "right"], names=["table", "row"])
print("stacked:", stacked.index.tolist(), "missing y:", int(stacked["y"].isna().sum()))
