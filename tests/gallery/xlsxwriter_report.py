# A report as a workbook in one pass: formats, charts, sparklines, filters, rich text and a summary by pandas.
import datetime as dt

import numpy as np
import pandas as pd
import xlsxwriter
from openpyxl import load_workbook
from xlsxwriter.utility import xl_col_to_name, xl_range, xl_rowcol_to_cell

rng = np.random.default_rng(18)
sales = pd.DataFrame(
    {
        "day": [dt.date(2024, 3, 1) + dt.timedelta(days=n) for n in range(20)],
        "shop": ["north", "south"] * 10,
        "units": rng.integers(5, 30, 20),
        "price": rng.choice([2.5, 4.0, 9.95], 20),
    }
)
with xlsxwriter.Workbook("report.xlsx") as book:
    bold = book.add_format({"bold": True, "bg_color": "#DDEBF7", "border": 1})
    money = book.add_format({"num_format": "#,##0.00"})
    date = book.add_format({"num_format": "yyyy-mm-dd"})
    page = book.add_worksheet("Sales")
    page.write_row(0, 0, [*sales.columns, "total"], bold)
    for number, row in enumerate(sales.itertuples(index=False), 1):
        page.write_datetime(number, 0, row.day, date)
        page.write_string(number, 1, row.shop)
        page.write_number(number, 2, int(row.units))
        page.write_number(number, 3, row.price, money)
        page.write_formula(number, 4, f"=C{number + 1}*D{number + 1}", money, int(row.units) * row.price)
    page.autofilter(0, 0, len(sales), 4)
    page.freeze_panes(1, 0)
    page.conditional_format(1, 2, len(sales), 2, {"type": "data_bar"})
    page.write_rich_string("G1", "all ", bold, "sales", " of March")
    page.write_comment("G1", "made by a script")
    chart = book.add_chart({"type": "column"})
    chart.add_series({"name": "units", "values": ["Sales", 1, 2, len(sales), 2]})
    chart.set_title({"name": "Units"})
    page.insert_chart("G3", chart)
    page.add_sparkline("F2", {"range": "Sales!C2:C21"})
    book.define_name("Units", "=Sales!$C$2:$C$21")
    book.set_properties({"title": "Sales of March", "author": "someone"})

by_shop = sales.assign(total=sales["units"] * sales["price"]).groupby("shop")["total"].agg(["sum", "max", "count"])
with pd.ExcelWriter("summary.xlsx", engine="xlsxwriter") as writer:
    by_shop.to_excel(writer, sheet_name="by shop")
    sales.head(3).to_excel(writer, sheet_name="first", index=False, startrow=2)
    writer.sheets["by shop"].set_column("A:A", 20)

book = load_workbook("report.xlsx", data_only=True)
page = book["Sales"]
print("size:", page.dimensions, "filter:", page.auto_filter.ref, "frozen:", page.freeze_panes)
print("header:", [cell.value for cell in page[1]][:5], page["A1"].font.bold)
print("first row:", page["A2"].value.date(), page["B2"].value, page["C2"].value, page["A2"].number_format)
total = sum(page.cell(row, 5).value for row in range(2, 22))
print(f"total: {total:.2f}, by pandas {by_shop['sum'].sum():.2f}")
print("text:", page["G1"].value, "| comment:", page["G1"].comment.text)
print("names:", list(book.defined_names), "title:", book.properties.title, "charts:", len(page._charts))
print(by_shop.round(2).to_string())
summary = pd.read_excel("summary.xlsx", sheet_name=None, header=None)
print("sheets:", {name: frame.shape for name, frame in summary.items()})
print("back:", pd.read_excel("summary.xlsx", index_col=0)["count"].to_dict())
print("helpers:", xl_rowcol_to_cell(9, 27), xl_col_to_name(51), xl_range(0, 0, 9, 3))
