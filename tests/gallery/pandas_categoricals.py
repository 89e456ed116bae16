# Categories and bins: ordered categories, cutting by value and by quantile, observed groups and nullable columns.
import numpy as np
import pandas as pd
from pandas.api.types import CategoricalDtype, union_categoricals

sizes = CategoricalDtype(["S", "M", "L", "XL"], ordered=True)
shirts = pd.DataFrame(
    {
        "size": pd.Series(["M", "S", "XL", "M", "L", "S", None], dtype=sizes),
        "colour": pd.Categorical(["red", "blue", "red", "green", "blue", "red", "red"]),
        "sold": pd.array([12, 7, None, 3, 9, 14, 1], dtype="Int64"),
    }
)
print("dtypes:", {name: str(dtype) for name, dtype in shirts.dtypes.items()})
print("largest:", shirts["size"].max(), "above M:", shirts["size"].gt("M").tolist())
print("sorted:", shirts.sort_values("size")["size"].astype(object).fillna("-").tolist())
print("codes:", shirts["size"].cat.codes.tolist())
print("counts:", shirts["size"].value_counts(sort=False).to_dict())

for observed in (True, False):
    print(f"groups, observed={observed}:", shirts.groupby("size", observed=observed)["sold"].sum().to_dict())
table = shirts.pivot_table(index="size", columns="colour", values="sold", aggfunc="sum", observed=False, fill_value=0)
print(table.to_string())
renamed = shirts["colour"].cat.rename_categories(str.upper).cat.add_categories("BLACK")
print("categories:", renamed.cat.categories.tolist(), "used:", renamed.cat.remove_unused_categories().nunique())
both = union_categoricals([pd.Categorical(["a", "b"]), pd.Categorical(["b", "c"])])
print("union:", both.categories.tolist(), both.codes.tolist())

print("missing stays missing:", shirts["sold"].mean().round(3), int(shirts["sold"].isna().sum()))
flags = shirts["sold"] > 8
print("three values:", [None if pd.isna(f) else bool(f) for f in flags], "any:", bool(flags.any()))
print("filled:", shirts["sold"].fillna(0).astype(int).tolist())

rng = np.random.default_rng(44)
ages = pd.Series(rng.integers(0, 100, 500))
bands = pd.cut(ages, [0, 18, 40, 65, 100], right=False, labels=["child", "young", "middle", "old"])
print("bands:", bands.value_counts(sort=False).to_dict())
quarters, edges = pd.qcut(ages, 4, retbins=True)
print("quartile edges:", edges.round(1).tolist())
print("first interval:", quarters.cat.categories[0], "sizes", quarters.value_counts(sort=False).tolist())
intervals = pd.IntervalIndex.from_tuples([(0, 10), (10, 20), (50, 60)], closed="left")
print("which interval:", intervals.get_indexer([5, 10, 49, 59.9]).tolist())
words = pd.Series(rng.choice(["alpha", "beta", "gamma"], 5000))
print("memory saved:", bool(words.astype("category").memory_usage(deep=True) < words.memory_usage(deep=True) / 5))
