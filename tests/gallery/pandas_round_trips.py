# Writing and reading back: CSV, JSON, Excel, HTML, XML, SQL, pickle and NumPy files keep what they can.
import sqlite3
from pathlib import Path

import numpy as np
import pandas as pd

frame = pd.DataFrame(
    {
        "when": pd.date_range("2024-01-30", periods=5, freq="36h"),
        "count": np.array([3, 1, 4, 1, 5], dtype="int64"),
        "ratio": [0.1, 1 / 3, np.nan, 2.5e-10, 1e12],
        "word": ["plain", "comma, inside", 'a "quote"', "naïve ☃", None],
        "flag": [True, False, True, True, False],
    }
)
folder = Path("tables")
folder.mkdir(exist_ok=True)


def check(name, back):
    """Says what came back as it was, and what did not."""
    same = [
        column
        for column in frame
        if column in back
        and (
            np.allclose(back[column], frame[column], rtol=1e-15, equal_nan=True)
            if column == "ratio"
            else back[column].astype(object).where(back[column].notna(), None).tolist()
            == frame[column].astype(object).where(frame[column].notna(), None).tolist()
        )
    ]
    lost = [column for column in frame if column not in same]
    print(f"{name:<8} rows {len(back)}, the same: {', '.join(same)}; changed: {', '.join(lost) or 'nothing'}")


frame.to_csv(folder / "t.csv", index=False)
check("csv", pd.read_csv(folder / "t.csv"))
check("csv+", pd.read_csv(folder / "t.csv", parse_dates=["when"]))
print((folder / "t.csv").read_text(encoding="utf-8").splitlines()[3])
frame.to_csv(folder / "t.csv.gz", index=False, sep=";", decimal=",")
check("gzip", pd.read_csv(folder / "t.csv.gz", sep=";", decimal=",", parse_dates=["when"]))
frame.to_json(folder / "t.json", orient="table", index=False, double_precision=15)
check("json", pd.read_json(folder / "t.json", orient="table"))
frame.to_json(folder / "t.jsonl", orient="records", lines=True, date_format="iso", force_ascii=False)
print((folder / "t.jsonl").read_text(encoding="utf-8").splitlines()[3])
chunks = pd.read_json(folder / "t.jsonl", lines=True, chunksize=2)
print("chunks:", [len(chunk) for chunk in chunks])
frame.to_excel(folder / "t.xlsx", index=False, sheet_name="data")
check("excel", pd.read_excel(folder / "t.xlsx", sheet_name="data"))
frame.to_xml(folder / "t.xml", index=False)
check("xml", pd.read_xml(folder / "t.xml", parse_dates=["when"]))
check("html", pd.read_html(folder / "t.html")[0] if frame.to_html(folder / "t.html", index=False) is None else frame)
with sqlite3.connect(folder / "t.db") as connection:
    frame.to_sql("t", connection, index=False)
    check("sql", pd.read_sql("select * from t", connection, parse_dates=["when"], dtype={"flag": bool}))
    print("query:", pd.read_sql("select flag, sum(count) as n from t group by flag", connection)["n"].tolist())
frame.to_pickle(folder / "t.pkl.xz")
check("pickle", pd.read_pickle(folder / "t.pkl.xz"))
np.savez(folder / "t.npz", **{name: frame[name].to_numpy() for name in ("when", "count", "ratio", "flag")})
with np.load(folder / "t.npz") as arrays:
    check("npz", pd.DataFrame(dict(arrays)))
print("files:", sorted(path.name for path in folder.iterdir()))
