# A typed model of a library: frozen data classes, enums and flags, pattern matching and JSON.
import json
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date, timedelta
from enum import Enum, Flag, auto


class Genre(Enum):
    NOVEL = "novel"
    POETRY = "poetry"
    SCIENCE = "science"

    @property
    def days(self) -> int:
        return {"novel": 21, "poetry": 28, "science": 14}[self.value]


class Right(Flag):
    READ = auto()
    LEND = auto()
    EDIT = auto()
    STAFF = READ | LEND | EDIT


@dataclass(frozen=True, order=True, slots=True)
class Book:
    year: int
    title: str
    genre: Genre = field(default=Genre.NOVEL, compare=False)

    def __post_init__(self):
        if not 1400 < self.year < 2100:
            raise ValueError(f"no such year: {self.year}")


@dataclass(kw_only=True)
class Loan:
    book: Book
    start: date
    extensions: list[int] = field(default_factory=list)

    @property
    def due(self) -> date:
        return self.start + timedelta(days=self.book.genre.days + sum(self.extensions))


def describe(thing) -> str:
    match thing:
        case Book(title=title, year=year) if year < 1900:
            return f"old: {title}"
        case Book(genre=Genre.SCIENCE | Genre.POETRY as genre):
            return f"{genre.name.lower()}: {thing.title}"
        case {"title": str(title), **rest}:
            return f"mapping: {title} and {len(rest)} more"
        case str() | int():
            return f"plain: {thing!r}"
    return "something else"


shelf = [Book(1815, "Emma"), Book(1819, "Odes", Genre.POETRY), Book(1980, "Cosmos", Genre.SCIENCE)]
print("latest:", max(shelf))
for thing in (*shelf, {"title": "x", "a": 1, "b": 2}, 7, 2.5):
    print(" ", describe(thing))
loan = Loan(book=shelf[0], start=date(2024, 2, 20), extensions=[7])
print("due:", loan.due)
print(
    "equal:", loan == replace(loan), "later:", replace(loan, start=date(2024, 3, 1)).due, [f.name for f in fields(Loan)]
)
print("rights:", Right.STAFF & ~Right.EDIT, Right.LEND in Right.STAFF, [right.name for right in Right])
print(json.dumps(asdict(loan), default=lambda value: value.value if isinstance(value, Enum) else str(value)))
for wrong in (
    lambda: Book(3000, "Z"),
    lambda: setattr(shelf[0], "year", 1),
    lambda: Genre("drama"),
    lambda: Loan(1, 2),
):
    try:
        wrong()
    except Exception as error:
        print("refused:", type(error).__name__)
