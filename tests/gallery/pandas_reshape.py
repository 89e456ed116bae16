# Wide and long: pivot tables with margins, melt, stack, cross tabulation, explode and dummies.
import pandas as pd

wide = pd.DataFrame(
    {
        "city": ["Oslo", "Rome", "Lima"],
        "rain_2022": [763, 790, 16],
        "rain_2023": [820, 731, 21],
        "sun_2022": [1668, 2473, 1230],
        "sun_2023": [1702, 2510, 1284],
    }
)
long = pd.wide_to_long(wide, stubnames=["rain", "sun"], i="city", j="year", sep="_").sort_index()
print(long.to_string())
melted = wide.melt("city", var_name="measure", value_name="value")
melted[["kind", "year"]] = melted["measure"].str.split("_", expand=True)
print("melted:", melted.shape, "columns", melted.columns.tolist())

back = melted.pivot(index="city", columns=["kind", "year"], values="value")
print("back again:", back.loc["Rome", ("sun", "2023")], "of", back.size)
table = pd.pivot_table(
    melted, values="value", index="kind", columns="year", aggfunc="mean", margins=True, margins_name="all"
)
print(table.round(1).to_string())

change = long["rain"].unstack("year").pipe(lambda t: t[2023] - t[2022])
print("more rain in:", change[change > 0].index.tolist())
stacked = long.stack()
print("stacked:", len(stacked), "levels", stacked.index.nlevels, "first", int(stacked.iloc[0]))

people = pd.DataFrame(
    {
        "name": ["Ana", "Bo", "Cy", "Di", "Ed", "Fay"],
        "level": ["low", "high", "high", "low", "mid", "mid"],
        "passed": ["yes", "yes", "no", "no", "yes", "yes"],
        "skills": ["sql,python", "r", "sql", "", "python,r,sql", "julia"],
    }
)
counts = pd.crosstab(people["level"], people["passed"], margins=True)
print(counts.to_string())
print("shares:", pd.crosstab(people["level"], people["passed"], normalize="index")["yes"].to_dict())

skills = people.assign(skill=people["skills"].str.split(",")).explode("skill").query("skill != ''")
print("skills:", skills["skill"].value_counts().sort_index().to_dict())
dummies = people["skills"].str.get_dummies(",")
print(dummies.loc[:3].to_string(index=False))
coded = pd.get_dummies(people["level"], prefix="level", dtype=int)
print("undone:", pd.from_dummies(coded, sep="_")["level"].tolist() == people["level"].tolist())
