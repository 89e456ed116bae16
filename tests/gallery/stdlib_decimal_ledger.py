# Money without rounding errors: decimals, rounding modes, fair shares, an instalment plan, fractions and exact sums.
import decimal
import math
from decimal import Decimal
from fractions import Fraction
from itertools import accumulate

CENT = Decimal("0.01")


def cents(amount, rounding=decimal.ROUND_HALF_EVEN):
    return amount.quantize(CENT, rounding=rounding)


print("floats:", 0.1 + 0.2, 0.1 + 0.2 == 0.3, "decimals:", Decimal("0.1") + Decimal("0.2") == Decimal("0.3"))
print("what a float is:", Decimal(0.1))
for mode in (decimal.ROUND_HALF_EVEN, decimal.ROUND_HALF_UP, decimal.ROUND_DOWN, decimal.ROUND_CEILING):
    print(f"  {mode:<16}", [str(cents(Decimal(text), mode)) for text in ("2.345", "2.355", "-2.345", "0.001")])

ledger = {"opening": "1250.00", "rent": "-780.50", "salary": "2315.75", "groceries": "-213.37", "refund": "19.995"}
balance = list(accumulate(cents(Decimal(amount), decimal.ROUND_HALF_UP) for amount in ledger.values()))
for (name, amount), total in zip(ledger.items(), balance):
    print(f"  {name:<10}{amount:>10}{total:>12,}")
rate = Decimal("1.0837")
dollars = cents(balance[-1] * rate)
print("dollars:", dollars, "and back:", cents(dollars / rate))


def shares(total, parts):
    """Splits an amount by weights so that no cent is lost: the largest remainders get one more."""
    exact = [total * part / sum(parts) for part in parts]
    given = [cents(amount, decimal.ROUND_DOWN) for amount in exact]
    left = int((total - sum(given)) / CENT)
    for i in sorted(range(len(parts)), key=lambda i: exact[i] - given[i], reverse=True)[:left]:
        given[i] += CENT
    return given


for total, parts in ((Decimal("100.00"), [1, 1, 1]), (Decimal("0.05"), [3, 7, 5]), (Decimal("999.99"), [5, 3, 2])):
    given = shares(total, parts)
    print("shared:", *given, "whole:", sum(given) == total)

loan, monthly, months = Decimal(12000), Decimal("0.045") / 12, 24
payment = cents(loan * monthly / (1 - (1 + monthly) ** -months), decimal.ROUND_CEILING)
interest_paid, rest, month = Decimal(0), loan, 0
while rest:
    month += 1
    interest = cents(rest * monthly)
    paid = min(payment, rest + interest)
    rest, interest_paid = rest + interest - paid, interest_paid + interest
    if month in (1, 12, 24):
        print(f"  month {month:2d}: paid {paid}, of it interest {interest}, left {rest}")
print("payment:", payment, "interest:", interest_paid, "months:", month)

with decimal.localcontext() as context:
    context.prec = 40
    print("forty digits:", Decimal(2).sqrt(), Decimal(1).exp())
    context.traps[decimal.Inexact] = True
    try:
        Decimal(1) / 3
    except decimal.Inexact:
        print("a third was refused; a quarter is", Decimal(1) / 4)
print("thirds:", sum([Fraction(1, 3)] * 3) == 1, Fraction("0.125"), Fraction(math.pi).limit_denominator(1000))
print("sums:", sum([0.1] * 10), math.fsum([0.1] * 10), math.sumprod([1e16, 1, -1e16], [1, 1, 1]))
print("parts:", Decimal("-12.50").as_tuple(), Decimal("12.50").normalize(), f"{Decimal('1234567.891'):,.1f}")
