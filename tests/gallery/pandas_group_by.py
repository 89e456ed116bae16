# Split, apply, combine: named aggregates, transforms, filters, ranks and running totals of orders.
import numpy as np
import pandas as pd

rng = np.random.default_rng(1)
n = 300
orders = pd.DataFrame(
    {
        "day": pd.Timestamp("2024-03-01") + pd.to_timedelta(rng.integers(0, 60, n), unit="D"),
        "customer": rng.choice(["ada", "ben", "cho", "dia", "eli"], n, p=[0.35, 0.25, 0.2, 0.15, 0.05]),
        "product": rng.choice(["lamp", "desk", "chair"], n),
        "units": rng.integers(1, 6, n),
    }
).sort_values(["day", "customer"], kind="stable", ignore_index=True)
orders["amount"] = orders["units"] * orders["product"].map({"lamp": 25.0, "desk": 180.0, "chair": 75.5})
print("orders:", orders.shape, f"total {orders['amount'].sum():.2f}")

summary = orders.groupby("customer").agg(
    orders=("amount", "size"),
    total=("amount", "sum"),
    largest=("amount", "max"),
    median=("amount", "median"),
    first=("day", "min"),
)
summary["share"] = summary["total"] / summary["total"].sum()
print(summary.assign(share=summary["share"].round(3)).to_string())

table = orders.groupby(["product", orders["day"].dt.strftime("%Y-%m")])["amount"].sum().unstack()
print(table.to_string())

orders["of_customer"] = orders["amount"] / orders.groupby("customer")["amount"].transform("sum")
orders["rank"] = orders.groupby("customer")["amount"].rank(method="dense", ascending=False)
print("shares add up to one:", bool(np.allclose(orders.groupby("customer")["of_customer"].sum(), 1)))
print("distinct amounts of each:", orders.groupby("customer")["rank"].max().astype(int).to_dict())

busy = orders.groupby("customer").filter(lambda rows: len(rows) >= 40)
print("customers with 40 orders or more:", sorted(busy["customer"].unique()))
running = orders.groupby("customer")["amount"].cumsum()
over = orders[running >= 3000].groupby("customer")["day"].first()
print("past 3000 on:")
for customer, day in over.items():
    print(f"  {customer}: {day:%d %B}")
last = orders.groupby("customer").tail(1).set_index("customer")["product"].sort_index()
print("last product:", last.to_dict())
spread = orders.groupby("product")["units"].apply(lambda s: (s.max() - s.min()) / s.mean())
print("spread of units:", spread.round(2).to_dict())
