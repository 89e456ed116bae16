# A workbook with formulas, styles, validation, a chart and merged cells; read back cell by cell and by pandas.
import datetime as dt
from pathlib import Path
from zipfile import ZipFile

import pandas as pd
from openpyxl import Workbook, load_workbook
from openpyxl.chart import BarChart, Reference
from openpyxl.formatting.rule import CellIsRule
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.table import Table

book = Workbook()
sheet = book.active
sheet.title = "Budget"
rows = [
    ("Item", "Month", "Price", "Units"),
    ("Paper", dt.date(2024, 1, 5), 4.5, 20),
    ("Ink", dt.date(2024, 1, 9), 12.25, 4),
    ("Desk", dt.date(2024, 2, 1), 180, 1),
    ("Lamp", dt.date(2024, 2, 17), 35.99, 3),
]
for row in rows:
    sheet.append(row)
sheet["E1"] = "Total"
for number in range(2, len(rows) + 1):
    sheet[f"E{number}"] = f"=C{number}*D{number}"
    sheet[f"C{number}"].number_format = "#,##0.00"
sheet["A7"], sheet["E7"] = "Sum", "=SUM(E2:E5)"
sheet.merge_cells("A7:D7")
for cell in sheet[1]:
    cell.font = Font(bold=True, color="FFFFFF")
    cell.fill = PatternFill("solid", start_color="305496")
    cell.alignment = Alignment(horizontal="center")
sheet.column_dimensions["A"].width = 14
sheet.freeze_panes = "A2"
red = CellIsRule(operator="greaterThan", formula=["100"], font=Font(color="C00000"))
sheet.conditional_formatting.add("E2:E5", red)
choice = DataValidation(type="list", formula1='"Paper,Ink,Desk,Lamp"', allow_blank=False)
sheet.add_data_validation(choice)
choice.add("A2:A5")
chart = BarChart()
chart.title = "Prices"
chart.add_data(Reference(sheet, min_col=3, min_row=1, max_row=5), titles_from_data=True)
sheet.add_chart(chart, "G2")
notes = book.create_sheet("Notes")
for line in [("key", "value"), ("author", "someone"), ("checked", True), ("share", 0.25)]:
    notes.append(line)
notes.add_table(Table(displayName="Facts", ref="A1:B4"))
path = Path("budget.xlsx")
book.save(path)

back = load_workbook(path)
sheet = back["Budget"]
print("sheets:", back.sheetnames, "size:", sheet.dimensions, "frozen:", sheet.freeze_panes)
print("header:", [cell.value for cell in sheet[1]], sheet["A1"].font.bold, sheet["A1"].fill.start_color.rgb)
print("formulas:", sheet["E3"].value, sheet["E7"].value, "merged:", [str(r) for r in sheet.merged_cells.ranges])
print("types:", [type(cell.value).__name__ for cell in sheet[2]], sheet["C4"].number_format)
print("date:", sheet["B2"].value.date(), "width:", sheet.column_dimensions["A"].width)
print("charts:", len(sheet._charts), "validation:", sheet.data_validations.dataValidation[0].formula1)
print("table:", list(back["Notes"].tables), [[c.value for c in row] for row in back["Notes"]["A2:B4"]])
print("letters:", get_column_letter(28), get_column_letter(703))
total = sum(row[2] * row[3] for row in sheet.iter_rows(min_row=2, max_row=5, values_only=True))
print(f"computed: {total:.2f}")
with ZipFile(path) as parts:
    print("parts:", sorted(name for name in parts.namelist() if name.startswith("xl/worksheets/s")))
frame = pd.read_excel(path, sheet_name="Budget", usecols="A:D", nrows=4)
print("pandas:", frame.shape, f"{(frame['Price'] * frame['Units']).sum():.2f}", frame["Month"].dt.month.tolist())
