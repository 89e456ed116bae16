# Hierarchical rows and columns: building, slicing, levels, alignment, totals at each level and flattening.
import numpy as np
import pandas as pd

index = pd.MultiIndex.from_product(
    [["north", "south"], ["farm", "mill"], [2022, 2023, 2024]], names=["region", "kind", "year"]
)
values = np.arange(12) ** 2 / 4
data = pd.DataFrame({"yield": values, "cost": values[::-1] / 2}, index=index)
print("levels:", data.index.nlevels, "rows:", len(data))
print("one row:", data.loc[("south", "mill", 2023)].to_dict())
print("one year:", data.xs(2024, level="year")["yield"].tolist())

pick = pd.IndexSlice
part = data.loc[pick[:, "farm", 2023:], "cost"]
print("farms since 2023:", part.tolist())
print(data.unstack("year")["yield"].to_string())
print("by region:", data.groupby(level="region")["cost"].sum().to_dict())
share = data["yield"] / data.groupby(level=["region", "year"])["yield"].transform("sum")
print("share of the mills:", share.xs("mill", level="kind").round(3).tolist())

ordered = data.swaplevel("region", "year").sort_index()
print("swapped:", ordered.index.names, "sorted:", ordered.index.is_monotonic_increasing)
print("mean of each kind:", data["yield"].groupby("kind").mean().round(3).to_dict())
factor = pd.Series({"farm": 2.0, "mill": 10.0}).rename_axis("kind")
print("aligned on one level:", data["yield"].mul(factor, level="kind").iloc[[1, 4]].tolist())

wide = data.unstack(["region", "kind"])
print("column levels:", wide.columns.names, wide.shape)
wide.columns = ["_".join(filter(None, name)) for name in wide.columns]
print("flat:", wide.columns[:3].tolist())
totals = pd.concat([data.groupby("region").sum(), data.sum().to_frame("all").T])
print(totals.round(2).to_string())

stats = data.groupby("kind").agg({"yield": ["min", "max"], "cost": "mean"})
print(stats.round(2).to_string())
print("dropped a level:", data.droplevel("year").index.nunique())
print("where cost exceeds yield:", data.query("cost > `yield` and year == 2022").index.droplevel("year").tolist())
filled = data.drop(index=("north", "mill", 2023)).reindex(index)
print(
    "missing after reindexing:",
    int(filled["yield"].isna().sum()),
    "interpolated:",
    float(filled["yield"].groupby(["region", "kind"]).transform(lambda s: s.interpolate()).iloc[4]),
)
