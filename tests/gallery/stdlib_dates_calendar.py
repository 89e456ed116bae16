# Dates and times: parsing, differences, weeks, calendars, time zones with their gaps, and durations in words.
import calendar
from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo, available_timezones

moon = datetime(1969, 7, 20, 20, 17, 40, tzinfo=UTC)
print("iso:", moon.isoformat(), moon.timestamp())
print(f"long: {moon:%A %d %B %Y, %H:%M, day %j, week %V}")
print("read:", datetime.fromisoformat("2024-02-29T12:30:15.25+05:30").utcoffset())
print("read by a pattern:", datetime.strptime("3 Mar 24", "%d %b %y").date())
gap = datetime(2024, 3, 1) - datetime(2023, 12, 24, 18)
print("gap:", gap, gap // timedelta(hours=1), gap.total_seconds(), gap // timedelta(days=7))
print("weeks:", tuple(date(2024, 12, 30).isocalendar()), date.fromisocalendar(2025, 1, 1))
print("leap:", [year for year in range(1896, 1912) if calendar.isleap(year)], calendar.leapdays(2000, 2025))
print(calendar.TextCalendar(calendar.MONDAY).formatmonth(2024, 2).rstrip())
months = [date(year, month, 13) for year in (2023, 2024) for month in range(1, 13)]
print("Friday the 13th:", [str(day) for day in months if day.weekday() == calendar.FRIDAY])

launch = datetime(2024, 3, 10, 1, 30, tzinfo=ZoneInfo("America/New_York"))
for hours in (0, 1, 2):
    later = (launch.astimezone(UTC) + timedelta(hours=hours)).astimezone(launch.tzinfo)
    print(f"  +{hours} h: {later:%H:%M %Z}", later.dst())
twice = [datetime(2024, 11, 3, 1, 30, fold=fold, tzinfo=ZoneInfo("America/New_York")) for fold in (0, 1)]
print("twice:", [f"{moment.tzname()} {moment.astimezone(UTC):%H:%M}" for moment in twice])
noon = datetime(2024, 6, 1, 12, tzinfo=ZoneInfo("Asia/Kathmandu"))
print("offsets:", noon.strftime("%z"), timezone(timedelta(hours=-3, minutes=-30)))
print("elsewhere:", noon.astimezone(ZoneInfo("Pacific/Chatham")).time())
print("zones:", len(available_timezones()) > 400, "Europe/Amsterdam" in available_timezones())


def words(span):
    """A duration in its two largest units."""
    rest, said = int(span.total_seconds()), []
    for name, size in (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, rest = divmod(rest, size)
        if count:
            said.append(f"{count} {name}{'s' * (count > 1)}")
    return " ".join(said[:2]) or "now"


print("in words:", [words(timedelta(seconds=seconds)) for seconds in (0, 59, 3661, 90061, 172800)])
print("day and time:", datetime.combine(date(2024, 1, 1), time(9, 5)), time(23, 59).replace(second=30), date.max)
try:
    date(2023, 2, 29)
except ValueError:
    print("refused: 29 February 2023")
