# Days by rule: relative differences, month ends, recurrence rules and their texts, Easter, loose parsing, and shifts.
from datetime import date, datetime

from dateutil import easter, parser
from dateutil.relativedelta import FR, MO, relativedelta
from dateutil.rrule import DAILY, MONTHLY, TU, WEEKLY, rrule, rruleset, rrulestr

print("a month after:", [str(date(2024, 1, 31) + relativedelta(months=n)) for n in range(1, 4)])
print("last Friday:", date(2024, 5, 15) + relativedelta(day=31, weekday=FR(-1)))
print(
    "next Monday:", date(2024, 5, 15) + relativedelta(weekday=MO(1)), date(2024, 5, 13) + relativedelta(weekday=MO(1))
)
age = relativedelta(date(2024, 5, 1), date(1990, 8, 17))
print("age:", age.years, "years", age.months, "months", age.days, "days")
print("leap birthday:", date(2024, 2, 29) + relativedelta(years=1))

start = datetime(2024, 1, 1)
print("second Tuesdays:", [f"{day:%d %b}" for day in rrule(MONTHLY, count=4, byweekday=TU(2), dtstart=start)])
print("month ends:", [f"{day:%d %b}" for day in rrule(MONTHLY, bymonthday=-1, count=4, dtstart=start)])
workdays = rrule(DAILY, byweekday=range(5), dtstart=datetime(2024, 5, 1), until=datetime(2024, 5, 31))
print("workdays in May:", workdays.count(), "the tenth:", f"{workdays[9]:%d}")
leap = rrulestr("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;COUNT=3", dtstart=datetime(2020, 1, 1))
print("leap days:", [day.year for day in leap])
quarter = rrulestr("FREQ=MONTHLY;INTERVAL=3;BYDAY=-1FR;COUNT=4", dtstart=start)
print("ends of quarters:", [f"{day:%d %b}" for day in quarter])
print(
    "after a day:", quarter.after(datetime(2024, 5, 1)).date(), "before:", quarter.before(datetime(2024, 5, 1)).date()
)

shifts = rruleset()
shifts.rrule(rrule(WEEKLY, byweekday=(MO, FR), count=8, dtstart=start))
shifts.exdate(datetime(2024, 1, 5))
shifts.rdate(datetime(2024, 1, 6))
print("shifts:", [f"{day:%a %d}" for day in shifts])
print("Easter:", [str(easter.easter(year)) for year in (2024, 2025, 2026)], easter.easter(2024, easter.EASTER_ORTHODOX))

for text in ("Sept 5th, 2023 7:15pm", "2024-06-01T10:00:00+02:00", "12.10.2023", "Thu Jan 4 2024", "20240229"):
    print(f"  {text}: {parser.parse(text, default=datetime(2000, 1, 1)).isoformat()}")
print(
    "day first:",
    parser.parse("12.10.2023", dayfirst=True).date(),
    "year first:",
    parser.parse("10/11/12", yearfirst=True).date(),
)
print("in a sentence:", parser.parse("it was on 3 May 2022, I think", fuzzy=True).date())
try:
    parser.parse("not a day")
except parser.ParserError as error:
    print("refused:", type(error).__name__)
