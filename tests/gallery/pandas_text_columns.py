# Cleaning text: cases, patterns, extraction, padding, accents, similar spellings and dates in several formats.
import difflib
import unicodedata

import pandas as pd

raw = pd.DataFrame(
    {
        "name": ["  Zoë MÜLLER ", "john  o'neil", "ANNE-MARIE de Vries", None, "li wei", "José Peña"],
        "phone": ["+31 6 1234 5678", "06-87654321", "n/a", "0031612340000", "+31 (6) 99 88 77 66", ""],
        "note": [
            "paid EUR 1,250.00 on 2024-02-29",
            "EUR 75 due",
            "no amount",
            "EUR 1,000,000.5 overdue",
            "eur 12",
            "x",
        ],
    }
)
names = raw["name"].str.strip().str.replace(r"\s+", " ", regex=True).str.title()
print(names.fillna("(none)").tolist())
print("lengths:", names.str.len().astype("Int64").tolist())
ascii_names = names.dropna().map(lambda s: unicodedata.normalize("NFKD", s).encode("ascii", "ignore").decode())
print("plain:", ascii_names.tolist())
print("initials:", names.str.findall(r"\b[^\W\d_]").str.join("").fillna("").tolist())

digits = raw["phone"].str.replace(r"\D", "", regex=True).str.replace(r"^(0031|31|0)", "", regex=True)
phones = digits.where(digits.str.fullmatch(r"6\d{8}"))
print("phones:", phones.str.replace(r"^(\d)(\d{4})(\d{4})$", r"+31 \1 \2 \3", regex=True).fillna("-").tolist())

parts = raw["note"].str.extract(r"(?i)eur\s+(?P<amount>[\d,]+(?:\.\d+)?)\s*(?P<state>paid|due|overdue)?")
parts["amount"] = pd.to_numeric(parts["amount"].str.replace(",", ""))
print(parts.assign(state=parts["state"].fillna("")).to_string(na_rep="-"))
print("sum:", f"{parts['amount'].sum():,.2f}")
print("dates:", raw["note"].str.extract(r"(\d{4}-\d\d-\d\d)")[0].dropna().tolist())
print("mention euros:", raw["note"].str.contains("eur", case=False).sum())
print("words:", raw["note"].str.split().str.len().tolist())

cities = pd.Series(["amsterdam", "Amstedram", "roterdam", "Utrecht", "utrect", "The Hague"])
known = ["Amsterdam", "Rotterdam", "Utrecht", "The Hague"]
fixed = cities.str.title().map(lambda s: next(iter(difflib.get_close_matches(s, known, n=1, cutoff=0.7)), "?"))
print("cities:", fixed.value_counts().sort_index().to_dict())
print("codes:", cities.str.slice(0, 3).str.upper().str.pad(5, "both", "*").tolist())
print("joined:", cities.str.get(0).str.cat(sep="/"))

dates = pd.Series(["2024-01-25", "05/02/2024", "March 7, 2024", "20240425", "soon"])
print(
    "dates:",
    [
        f"{day:%d %b}" if pd.notna(day) else "?"
        for day in pd.to_datetime(dates, format="mixed", dayfirst=True, errors="coerce")
    ],
)
print("wrapped:", pd.Series(["a text that is too long for one line"]).str.wrap(14)[0].split("\n"))
