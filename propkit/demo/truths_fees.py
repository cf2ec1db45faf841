"""The true collection rates, in plain Python; see `truths`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from propkit.demo.chance import month_ends, months_after
from propkit.demo.estates import MONTHS

Row = dict[str, object]
Mark = tuple[str, str, str, str, int, int]
Money = list[tuple[datetime, int]]


def fees(bills: Sequence[Row], payments: Sequence[Row], as_of: datetime) -> Iterator[Mark]:
    """Yield what each bill, each household with a bill, and each bill in arrears adds."""
    paid = _by_bill(bills, payments)
    homes: dict[tuple, int] = {}
    since: dict[str, datetime] = {}
    for payment in payments:
        moment = payment["paid_at"].replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        since[str(payment["community"])] = min(moment, since.get(str(payment["community"]), moment))
    for bill in bills:
        net, place = _net(bill), str(bill["community"])
        month = f"{bill['period_start']:%Y-%m}"
        if bill["period_start"] < since.get(place, datetime.max):
            yield from _arrears(bill, net, _money(paid, bill))
            continue  # from before the payment records: nobody knows what was paid
        got = _between(_money(paid, bill), datetime.min, as_of, net)
        yield "fee_collection_rate_current", place, month, "all", got, net
        if net > 0:
            key = (place, bill["household"], month)
            homes[key] = homes.get(key, 0) + net - got
        yield from _arrears(bill, net, _money(paid, bill))
    for (place, _, month), owed in homes.items():
        yield "fee_collection_rate_households", place, month, "all", int(owed == 0), 1


def _net(bill: Row) -> int:
    return max(0, bill["amount_due_fen"] - (bill["waiver_fen"] or 0) - (bill["discount_fen"] or 0))


def _by_bill(bills: Sequence[Row], payments: Sequence[Row]) -> dict[tuple, Money]:
    """Return the money that met each bill; without a number, the bill of the home, item and period is meant."""
    meant: dict[tuple, object] = {}
    for bill in bills:
        key = tuple(bill[name] for name in ("community", "household", "fee_item", "period_start"))
        meant.setdefault(key, bill["bill_id"])
    found: dict[tuple, Money] = {}
    for payment in payments:
        if payment["is_prepayment"]:
            continue
        bill_id = payment["bill_id"]
        if bill_id is None:
            key = tuple(payment.get(name) for name in ("community", "household", "fee_item", "period_start"))
            bill_id = meant.get(key)
        fen = -abs(payment["amount_fen"]) if payment["is_refund"] else payment["amount_fen"]
        found.setdefault((payment["community"], bill_id), []).append((payment["paid_at"], fen))
    return found


def _money(paid: Mapping[tuple, Money], bill: Row) -> Money:
    return paid.get((bill["community"], bill["bill_id"]), [])


def _between(money: Money, start: datetime, end: datetime, most: int) -> int:
    """Return the sum of `money` from `start` to `end` (inclusive), at least 0 and at most `most`."""
    return max(0, min(most, sum(fen for moment, fen in money if start <= moment <= end)))


def _arrears(bill: Row, net: int, money: Money) -> Iterator[Mark]:
    """Yield for each month after the service period what was owed when it began and what came in during it."""
    for month in MONTHS:
        start = month_ends(month)[0]
        if bill["period_end"] >= start:
            continue
        end = month_ends(months_after(month, 2)[1])[0]
        opening = net - max(0, min(net, sum(fen for moment, fen in money if moment < start)))
        if opening > 0:
            got = sum(fen for moment, fen in money if start <= moment < end)
            yield "arrears_recovery_rate", str(bill["community"]), month, "all", max(0, min(opening, got)), opening
