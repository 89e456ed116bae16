# Do customers come back? A retention table by month of the first order, built with method chains and windows.
import numpy as np
import pandas as pd

rng = np.random.default_rng(77)
starts = rng.integers(0, 6, 240)
rows = []
for customer, start in enumerate(starts):
    keep = 0.85 if start < 3 else 0.65
    month = int(start)
    while month < 9:
        rows.append((customer, month, round(float(rng.gamma(3, 12)), 2)))
        if rng.random() > keep:
            break
        month += 1 + int(rng.random() < 0.2)
orders = pd.DataFrame(rows, columns=["customer", "month", "amount"])
orders["month"] = pd.Period("2024-01", freq="M") + orders["month"]
print("orders:", len(orders), "customers:", orders["customer"].nunique(), "months:", orders["month"].nunique())

orders = orders.assign(
    cohort=lambda t: t.groupby("customer")["month"].transform("min"),
    age=lambda t: [(m - c).n for m, c in zip(t["month"], t["cohort"])],
)
counts = orders.pivot_table(index="cohort", columns="age", values="customer", aggfunc="nunique")
retention = counts.div(counts[0], axis=0)
print("customers of each cohort:", counts[0].astype(int).tolist())
print("retention after 1 to 4 months:")
for cohort, row in retention[[1, 2, 3, 4]].iterrows():
    print(f"  {cohort}:", " ".join(f"{value:5.2f}" if pd.notna(value) else "    -" for value in row))

early, late = retention.loc[:"2024-03", 1].mean(), retention.loc["2024-04":, 1].mean()
print(f"first month kept: {early:.2f} before April, {late:.2f} from then on")
value = orders.groupby(["cohort", "age"])["amount"].sum().groupby("cohort").cumsum().unstack()
per_head = value.div(counts[0], axis=0)
print("revenue per customer by age 3:", per_head[3].round(0).fillna(0).astype(int).tolist())

gaps = (
    orders.sort_values(["customer", "month"])
    .assign(gap=lambda t: t.groupby("customer")["age"].diff())
    .dropna(subset="gap")["gap"]
    .astype(int)
    .value_counts()
    .sort_index()
)
print("gaps between orders:", gaps.to_dict())
best = orders.groupby("customer")["amount"].sum().nlargest(len(starts) // 10)
print(f"the best tenth brings {best.sum() / orders['amount'].sum():.2f} of the revenue")
last = orders.groupby("customer")["month"].max()
print("gone for three months or more:", int((last <= pd.Period("2024-06", freq="M")).sum()))
monthly = orders.groupby("month")["amount"].agg(["sum", "mean", "count"]).tail(4)
print(monthly.round(1).to_string())
