"""The true KPIs, recomputed slowly in plain Python from rows: an independent check on propkit's own counting.

Every function takes rows as dicts and yields (kpi, community, month, segment, numerator, denominator) for single rows;
only `true_kpis` adds them up.  Counts have their value as numerator and denominator.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import pandas as pd

from propkit.demo import truths_fees, truths_voices
from propkit.demo.estates import AS_OF, MONTHS

Row = dict[str, object]
Mark = tuple[str, str, str, str, int, int]
ALL = "all"

_RECALL = timedelta(days=30)
_HALF_HOUR = timedelta(minutes=30)
_REVISIT = timedelta(days=3)
_LOGGED = {
    "dispatched": "dispatched_at", "accepted": "accepted_at", "arrived": "arrived_at", "completed": "completed_at",
    "revisited": "revisited_at", "closed": "closed_at",
}  # fmt: skip


def true_kpis(truth: Mapping[str, pd.DataFrame], as_of: datetime = AS_OF) -> pd.DataFrame:
    """Return kpi, community, month, segment, num, den for every community and month of the demo.

    `segment` is "all", or the item for satisfaction_by_item.  Months after the last of the demo are left out, as are
    months in which nobody is in the base.
    """
    rows = {name: _dicts(table) for name, table in truth.items()}
    sums: dict[tuple[str, str, str, str], list[int]] = {}
    for kpi, community, month, segment, num, den in _marks(rows, as_of):
        if month in MONTHS:
            total = sums.setdefault((kpi, community, month, segment), [0, 0])
            total[0] += num
            total[1] += den
    records = [(*key, *total) for key, total in sorted(sums.items())]
    return pd.DataFrame(records, columns=["kpi", "community", "month", "segment", "num", "den"])


def month_of(moment: datetime) -> str:
    return f"{moment:%Y-%m}"


def _dicts(table: pd.DataFrame) -> list[Row]:
    """Return rows as dicts of plain values, None where there is none."""
    columns = {name: _plain(table[name]) for name in table.columns}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _plain(column: pd.Series) -> list[object]:
    if str(column.dtype).startswith("datetime64"):
        return [None if pd.isna(value) else value.to_pydatetime() for value in column]
    return [None if pd.isna(value) else value for value in column.astype(object)]


def _marks(rows: Mapping[str, Sequence[Row]], as_of: datetime) -> Iterator[Mark]:
    orders = _with_log(rows["work_order"], rows["order_event"])
    yield from _orders(orders, as_of)
    yield from truths_voices.complaints(rows["complaint"], as_of)
    yield from truths_voices.survey(rows["survey_response"])
    yield from truths_fees.fees(rows["fee_bill"], rows["fee_payment"], as_of)


def _with_log(orders: Sequence[Row], events: Sequence[Row]) -> list[Row]:
    """Return orders with moments that only the event log tells: the first of a kind, the last completion, closing."""
    logged: dict[tuple, dict[str, list[datetime]]] = {}
    for event in events:
        kinds = logged.setdefault((event["community"], event["order_id"]), {})
        kinds.setdefault(event["event"], []).append(event["at"])
    found = []
    for order in orders:
        kinds = logged.get((order["community"], order["order_id"]), {})
        told = {_LOGGED[kind]: _which(kind, moments) for kind, moments in kinds.items() if kind in _LOGGED}
        found.append(order | {name: moment for name, moment in told.items() if order[name] is None})
    return found


def _which(kind: str, moments: Sequence[datetime]) -> datetime:
    return max(moments) if kind in ("completed", "closed") else min(moments)


def _orders(orders: Sequence[Row], as_of: datetime) -> Iterator[Mark]:
    heard = _reports(orders)
    for order in orders:
        if order["status"] in ("cancelled", "duplicate"):
            continue
        yield _mark("work_order_volume", order, "reported_at", 1)
        yield from _response(order, as_of)
        yield from _after(order, as_of)
        if order["status"] != "closed_without_work":
            yield from _repair(order, as_of)
            yield from _first_fix(order, heard, as_of)


def _mark(kpi: str, row: Row, dated_by: str, num: object) -> Mark:
    return kpi, str(row["community"]), month_of(row[dated_by]), ALL, int(bool(num)), 1


def _response(order: Row, as_of: datetime) -> Iterator[Mark]:
    yield from _within("repair_response_on_time_rate", order, "accepted_at", as_of)
    if order["urgency"] == "emergency":
        yield from _within("emergency_on_time_rate", order, "arrived_at", as_of)


def _within(kpi: str, order: Row, name: str, as_of: datetime) -> Iterator[Mark]:
    """Judge whether something happened within half an hour of the report; nobody knows before the half hour is over."""
    limit, moment = order["reported_at"] + _HALF_HOUR, order[name]
    if moment is not None or limit <= as_of:
        yield _mark(kpi, order, "reported_at", moment is not None and moment <= limit)


def _repair(order: Row, as_of: datetime) -> Iterator[Mark]:
    done, due = order["completed_at"], order["due_at"]
    ended = order["closed_at"] is not None
    yield _mark("repair_completion_rate", order, "reported_at", done is not None or ended)
    if order["urgency"] == "emergency" or due is None or due > as_of:
        return
    if done is None and ended:  # done, but nobody knows when: on time only if it was closed in time
        if order["closed_at"] <= due:
            yield _mark("repairs_on_time_rate", order, "due_at", True)
    else:
        yield _mark("repairs_on_time_rate", order, "due_at", done is not None and done <= due)


def _place(order: Row) -> object:
    """Return where a fault is: the home, or else the asset, or else the public area."""
    return order["household"] or order["asset_id"] or order["public_area"]


def _reports(orders: Iterable[Row]) -> dict[tuple, list[datetime]]:
    """Return when each fault was reported at each place, without cancelled and duplicate orders."""
    heard: dict[tuple, list[datetime]] = {}
    for order in orders:
        if order["status"] not in ("cancelled", "duplicate"):
            key = (order["community"], _place(order), order["fault_type"] or order["category"])
            heard.setdefault(key, []).append(order["reported_at"])
    return heard


def _first_fix(order: Row, heard: Mapping[tuple, Sequence[datetime]], as_of: datetime) -> Iterator[Mark]:
    done, fault = order["completed_at"], order["fault_type"] or order["category"]
    if order["origin"] in ("inspection", "preventive"):
        return  # nobody asked for it
    if done is None or done > as_of - _RECALL or order["visit_count"] is None or not _place(order) or not fault:
        return
    reports = heard[order["community"], _place(order), fault]
    recalled = any(done < moment <= done + _RECALL for moment in reports)
    one_visit = order["visit_count"] - (order["no_access_visits"] or 0) <= 1 or order["planned_multi_visit"]
    yield _mark("first_time_fix_rate", order, "completed_at", one_visit and not recalled)


def _after(order: Row, as_of: datetime) -> Iterator[Mark]:
    """Rating and revisit, dated by the closing (or, where an export lost it, by the completion)."""
    order = order | {"ended": order["closed_at"] or order["completed_at"]}
    if order["ended"] is None:
        return
    if order["rating"] is not None:
        yield _mark("repair_satisfaction", order, "ended", order["rating"] >= 4)
    if order["ended"] + _REVISIT <= as_of:
        seen = order["revisited_at"]
        yield _mark("revisit_rate", order, "ended", seen is not None and seen <= order["ended"] + _REVISIT)
