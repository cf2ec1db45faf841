"""Bills and payments as they really were: who paid when, ahead, in part, twice, late or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from propkit.demo.chance import Chance, month_ends, months_after
from propkit.demo.estates import AS_OF, FIRST_MONTH, MONTHS, Estate, Home

Row = dict[str, object]

PROPERTY_FEE, PARKING_FEE = "物业服务费", "停车服务费"
SPIKE = ("cuihu", "2025-04")
"""Bills of this month were paid late by many: the late-payer spike."""

_PARKING_FEN = 15_000
_BILLING = tuple(months_after("2024-06", 3)) + MONTHS
_CHANNELS = {"微信": 52, "支付宝": 22, "银行转账": 12, "现金": 8, "POS": 6}
_DELAY = {"prompt": (9, 0.8), "slow": (45, 0.4), "late": (125, 0.5), "ahead": (1, 0.1)}


def accounts(estate: Estate, homes: Sequence[Home], seed: int) -> tuple[list[Row], list[Row]]:
    """Return bills and payments of `estate` up to the last day.

    Bills from before the first month are there only where they were unpaid when it began.
    """
    chance = Chance(seed, f"fees/{estate.id}")
    bills, payments = [], []
    for home in homes:
        own = _bills(estate, home, chance)
        paid = [row for bill in own for row in _payments(bill, home, chance)]
        if home.payer == "ahead":
            paid += _advance(estate, home, own, chance)
        kept = [bill for bill in own if bill["billed_in"] >= FIRST_MONTH or _was_open(bill, paid)]
        ids = {bill["bill_id"] for bill in kept}
        bills += kept
        payments += [row for row in paid if row["paid_at"] <= AS_OF and row["bill_id"] in {*ids, None}]
    for bill in bills:
        del bill["billed_in"]
    bills.sort(key=lambda bill: (bill["period_start"], bill["bill_id"]))
    return bills, _numbered(estate, payments)


def net_due(bill: Row) -> int:
    """Return what a bill asks for in the end, in fen."""
    return max(0, bill["amount_due_fen"] - (bill["waiver_fen"] or 0) - (bill["discount_fen"] or 0))


def _bills(estate: Estate, home: Home, chance: Chance) -> list[Row]:
    months = _months_billed(home)
    starts = [month for at, month in enumerate(_BILLING) if (at - home.block.number) % months == 0]
    items = {PROPERTY_FEE: round(home.area * estate.fee / 100)}
    if home.occupancy == "occupied" and chance.yes(0.06):
        items[PARKING_FEE] = _PARKING_FEN
    return [
        _bill(estate, home, item, month, months, amount * months, chance)
        for month in starts
        for item, amount in items.items()
    ]


def _months_billed(home: Home) -> int:
    """Return how many months a bill covers: one in the small community, six in the newer part of cuihu, else three."""
    if home.estate.id == "lanting":
        return 1
    return 6 if home.estate.id == "cuihu" and home.block.number >= 8 else 3


def _bill(estate: Estate, home: Home, item: str, month: str, months: int, amount: int, chance: Chance) -> Row:
    start = month_ends(month)[0]
    end = month_ends(months_after(month, months)[-1])[1]
    is_property = item == PROPERTY_FEE
    letter = {"yinhe": "Y", "cuihu": "C", "lanting": "L"}[estate.id]
    return {
        "community": estate.id,
        "bill_id": f"{letter}{'W' if is_property else 'T'}{month[2:4]}{month[5:]}{home.number:04}",
        "household": home.household,
        "fee_item": item,
        "period_start": start,
        "period_end": end,
        "due_on": start + timedelta(days=30),
        "amount_due_fen": amount,
        "waiver_fen": amount // 5 if is_property and chance.yes(0.008) else None,
        "discount_fen": amount * 3 // 10 if is_property and home.occupancy == "vacant" else None,
        "billed_in": month,
    }


def _payments(bill: Row, home: Home, chance: Chance) -> list[Row]:
    """Return the payments that meet one bill."""
    if home.payer == "never" and chance.yes(0.9):
        return []
    if home.payer == "ahead":
        return [_payment(bill, bill["period_start"] + timedelta(minutes=30), net_due(bill), "账户抵扣")]
    paid_at = _paid_at(bill, home.payer, chance)
    channel = chance.pick(_CHANNELS)
    if chance.yes(0.02):
        half = net_due(bill) // 2
        rest = _payment(bill, paid_at + timedelta(days=chance.between(10, 60)), net_due(bill) - half, channel)
        return [_payment(bill, paid_at, half, channel), rest]
    paid = _payment(bill, paid_at, net_due(bill), channel)
    if paid_at > bill["due_on"] + timedelta(days=60) and chance.yes(0.6):
        paid["penalty_fen"] = net_due(bill) // 100
    return [paid, *_paid_twice(bill, paid, chance)]


def _paid_at(bill: Row, payer: str, chance: Chance) -> datetime:
    """Return when a bill was paid: by the habit of the payer, the season, and what happened that spring."""
    median, spread = _DELAY.get(payer, (200, 0.5))
    days = chance.minutes(median, spread).total_seconds() / 60
    if (bill["community"], bill["billed_in"]) == SPIKE and chance.yes(0.5):
        days += chance.between(60, 260)
    paid = bill["period_start"] + timedelta(days=days)
    if paid >= datetime(2025, 1, 10) and bill["period_start"] < datetime(2024, 11, 1) and chance.yes(0.5):
        paid = datetime(2024, 12, chance.between(10, 30))
    elif datetime(2025, 1, 26) <= paid < datetime(2025, 2, 6):
        paid += timedelta(days=12)
    return paid.replace(hour=chance.between(8, 21), minute=chance.between(0, 59), second=0)


def _paid_twice(bill: Row, paid: Row, chance: Chance) -> list[Row]:
    """Return, now and then, a second payment by mistake and its refund."""
    if not chance.yes(0.004):
        return []
    again = paid["paid_at"] + chance.minutes(6)
    back = again + timedelta(days=chance.between(1, 9))
    refund = _payment(bill, back, -net_due(bill), paid["channel"]) | {"is_refund": True}
    return [_payment(bill, again, net_due(bill), paid["channel"]), refund]


def _advance(estate: Estate, home: Home, bills: Sequence[Row], chance: Chance) -> list[Row]:
    """Return the prepayment from which the bills of a year are settled."""
    paid_at = datetime(2024, 12, chance.between(2, 28), chance.between(9, 17), chance.between(0, 59))
    year = sum(net_due(bill) for bill in bills if bill["period_start"].year == 2025)
    blank = {"bill_id": None, "community": estate.id, "household": home.household, "period_start": None}
    return [_payment(blank | {"fee_item": PROPERTY_FEE}, paid_at, year, "银行转账") | {"is_prepayment": True}]


def _payment(bill: Row, paid_at: datetime, amount: int, channel: str) -> Row:
    return {
        "community": bill["community"],
        "bill_id": bill["bill_id"],
        "household": bill["household"],
        "fee_item": bill["fee_item"],
        "period_start": bill["period_start"],
        "paid_at": paid_at,
        "amount_fen": amount,
        "penalty_fen": None,
        "channel": channel,
        "is_prepayment": False,
        "is_refund": False,
    }


def _was_open(bill: Row, paid: Sequence[Row]) -> bool:
    """Say whether a bill was still unpaid in full when the first month began."""
    opening = month_ends(FIRST_MONTH)[0]
    return all(row["paid_at"] >= opening for row in paid if row["bill_id"] == bill["bill_id"])


def _numbered(estate: Estate, payments: list[Row]) -> list[Row]:
    payments.sort(key=lambda row: (row["paid_at"], row["household"], row["bill_id"] or ""))
    letter = {"yinhe": "YJ", "cuihu": "CJ", "lanting": "LJ"}[estate.id]
    return [row | {"payment_id": f"{letter}{number:06}"} for number, row in enumerate(payments, 1)]
