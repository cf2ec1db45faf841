"""Every KPI once more, slowly: plain loops over dictionaries, written from kpi.md and the words of the cards.

`tests.rooms` adds the rooms that are described one by one.  Nothing is imported from propkit, so an error there cannot hide here.  `oracle` returns for each (kpi, community, month)
the whole numbers (n, num, den); with `by` the keys end with the segment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.rooms import rooms

Row = dict[str, Any]
Mark = tuple[str, Row, datetime | None, int, int, int]
"""kpi, the row it comes from, the date by which it is placed, n, num, den."""

REGISTER = ("owner_type", "age_band", "building", "zone", "residence")

KNOWN_FROM = {
    "household": {},
    "work_order": {
        "status": "closed_at",
        "rating": "closed_at",
        "visit_count": "completed_at",
        "no_access_visits": "completed_at",
        "revisit_score": "revisited_at",
    },
    "complaint": {
        "status": "closed_at",
        "contacts": "resolved_at",
        "satisfaction": "resolved_at",
        "root_cause": "resolved_at",
    },
}
HAPPENED = {
    "work_order": (
        "reported_at", "dispatched_at", "accepted_at", "arrived_at", "completed_at", "closed_at",
        "revisited_at", "updated_at",
    ),
    "order_event": ("at",),
    "complaint": ("received_at", "first_response_at", "resolved_at", "closed_at", "revisited_at", "updated_at"),
    "feedback": ("at",),
    "survey_response": ("submitted_at",),
    "fee_payment": ("paid_at",),
}  # fmt: skip


def oracle(
    tables: Mapping[str, Sequence[Row]],
    as_of: datetime,
    definitions: Any,
    waves: Sequence[Any] = (),
    households: Mapping[str, int] | None = None,
    by: str | None = None,
) -> dict[tuple[str, ...], tuple[int, int, int]]:
    """Return (n, num, den) of every KPI by community and month, and by the segment `by` when it is given."""
    others = rooms()
    known_from = {name: learnt for room in others for name, learnt in _learnt(room).items()}
    happened = {name: happened for room in others for name, happened in _happened(room).items()}
    seen = {name: as_seen(name, rows, as_of, known_from, happened) for name, rows in tables.items()}
    register = {(row["community"], row["household"]): _tenure(row, as_of) for row in seen.get("household", [])}
    marks: list[Mark] = [
        *_repairs(seen.get("work_order", []), seen.get("order_event", []), as_of, definitions),
        *_complaints(seen.get("complaint", []), as_of, definitions),
        *_exposures(seen.get("complaint", []), register, households or {}, as_of),
        *_praise(seen.get("feedback", [])),
        *_answers(seen.get("survey_response", []), waves, as_of),
        *_fees(seen.get("fee_bill", []), seen.get("fee_payment", []), as_of),
        *(mark for room in others for mark in room.marks(seen, as_of, definitions, households or {})),
    ]
    sums: dict[tuple[str, ...], tuple[int, int, int]] = {}
    for kpi, row, date, *numbers in marks:
        if date is None:
            continue
        key = (kpi, row["community"], f"{date:%Y-%m}")
        if by is not None:
            key = (*key, _segment(row, by, register))
        sums[key] = tuple(old + new for old, new in zip(sums.get(key, (0, 0, 0)), numbers, strict=True))
    return sums


def _learnt(room: Any) -> dict[str, dict[str, str]]:
    """Column -> the instant at which it became known, for each table of a room."""
    return {
        table: {column: moment for moment, columns in moments.items() for column in columns}
        for table, moments in room.LEARNT.items()
    }


def _happened(room: Any) -> dict[str, tuple[str, ...]]:
    """The moments of each table of a room, its birth first."""
    return {
        table: (born, *(moment for moment in room.LEARNT.get(table, {}) if moment != born))
        for table, born in room.BORN.items()
    }


def as_seen(
    table: str,
    rows: Sequence[Row],
    as_of: datetime,
    known_from: Mapping[str, Mapping[str, str]],
    all_happened: Mapping[str, Sequence[str]],
) -> list[Row]:
    """Return the rows as an export made at `as_of` would have held them: nothing that happened or was learnt later."""
    happened = {**HAPPENED, **all_happened}.get(table, ())
    seen = []
    for row in rows:
        if happened and row[happened[0]] > as_of:
            continue
        told = dict(row)
        for column, moment in {**KNOWN_FROM, **known_from}.get(table, {}).items():
            if row.get(moment) is not None and row[moment] > as_of:
                told[column] = None
        for column in happened:
            if row.get(column) is not None and row[column] > as_of:
                told[column] = None
        seen.append(told)
    return seen


def _segment(row: Row, by: str, register: Mapping[tuple[str, str], Row]) -> str:
    value = row.get(by)
    if value is None and by in REGISTER:
        value = register.get((row["community"], row.get("household")), {}).get(by)
    return "unknown" if value is None else str(value)


def _tenure(home: Row, as_of: datetime) -> Row:
    """Length of residence at the data cut-off, in years of 365.25 days."""
    moved = home.get("moved_in_on")
    if moved is None or moved > as_of:
        return home | {"residence": None}
    years = (as_of - moved).days / 365.25
    band = "<1" if years < 1 else "1-3" if years < 3 else "3-5" if years < 5 else "5+"
    return home | {"residence": band}


def _has(row: Row, column: str) -> bool:
    """Whether the row's export has this column at all; without it a blank says nothing."""
    return "given" not in row or column in row["given"].split(",")


def _share(kpi: str, row: Row, date: datetime | None, answer: bool | None) -> Iterator[Mark]:
    """A row counts once where the question applies and its answer is known."""
    if answer is not None:
        yield kpi, row, date, 1, int(answer), 1


def _done_by(limit: datetime | None, moment: datetime | None, as_of: datetime) -> bool | None:
    """Judge what was due by the cut-off: done in time or not; not yet due is not judged."""
    if limit is None or limit > as_of:
        return None
    return moment is not None and moment <= limit


# Repairs -------------------------------------------------------------------------------------------------------------


def _repairs(orders: Sequence[Row], events: Sequence[Row], as_of: datetime, limits: Any) -> Iterator[Mark]:
    rows = [_with_log(order, events) for order in orders]
    for row in rows:
        if row["status"] in ("cancelled", "duplicate"):
            continue
        yield from _order_handling(row, as_of, limits)
        yield from _order_opinion(row, as_of, limits)
        if row["status"] != "closed_without_work":
            yield from _order_work(row, rows, as_of, limits)


def _with_log(order: Row, events: Sequence[Row]) -> Row:
    """Fill blanks from the log of this order: the first of each step, the last completion and closing."""
    filled, steps = dict(order), {}
    for event in events:
        if event["community"] == order["community"]:
            mine = steps.setdefault(event["event"], [])
            if event["order_id"] == order["order_id"]:
                mine.append(event["at"])
    logged = any(steps.values())
    quiet = ("created", "completed", "revisited", "closed")
    filled["moved"] = any(moments for step, moments in steps.items() if step not in quiet)
    for step, column, pick in (
        ("dispatched", "dispatched_at", min),
        ("accepted", "accepted_at", min),
        ("arrived", "arrived_at", min),
        ("completed", "completed_at", max),
        ("revisited", "revisited_at", min),
        ("closed", "closed_at", max),
    ):
        if filled.get(column) is None and steps.get(step):
            filled[column] = pick(steps[step])
        if logged and step in steps and "given" in filled:
            filled["given"] += f",{column}"  # the log of this community tells this step
    return filled


def _order_handling(row: Row, as_of: datetime, limits: Any) -> Iterator[Mark]:
    """Volumes and promptness: every real order, whatever came of it."""
    reported = row["reported_at"]
    yield "work_order_volume", row, reported, 1, 1, 1
    yield "fault_type_pareto", row, reported, 1, 1, 1
    if row.get("origin") is not None:
        planned = row["origin"] in ("inspection", "preventive")
        yield from _share("proactive_maintenance_ratio", row, reported, planned)
    if _has(row, "accepted_at"):
        prompt = _in_time(reported, row.get("accepted_at"), limits.response_minutes, as_of)
        yield from _share("repair_response_on_time_rate", row, reported, prompt)
    if row.get("urgency") == "emergency" and _has(row, "arrived_at"):
        prompt = _in_time(reported, row.get("arrived_at"), limits.emergency_minutes, as_of)
        yield from _share("emergency_on_time_rate", row, reported, prompt)
    until = row.get("appointment_to")
    if until is not None and until <= as_of and _has(row, "arrived_at"):
        start, arrived = row.get("appointment_from"), row.get("arrived_at")
        kept = start is not None and arrived is not None and start <= arrived <= until
        yield from _share("appointments_kept_rate", row, until, kept)


def _same_day(start: datetime, end: datetime | None, closed: datetime | None, as_of: datetime) -> bool | None:
    """Whether it ended on the day it began; closed at an unknown end it ended that day only if it was closed then."""
    if end is not None:
        return end.date() == start.date()
    if closed is not None:
        return True if closed.date() == start.date() else None
    tomorrow = datetime(start.year, start.month, start.day) + timedelta(days=1)
    return False if tomorrow - timedelta(seconds=1) <= as_of else None


def _in_time(start: datetime, end: datetime | None, minutes: int, as_of: datetime) -> bool | None:
    limit = start + timedelta(minutes=minutes)
    if end is not None:
        return end <= limit
    return None if limit > as_of else False


def _order_opinion(row: Row, as_of: datetime, limits: Any) -> Iterator[Mark]:
    """What owners said of closed orders, and whether they were asked."""
    finished = row.get("closed_at") or row.get("completed_at")
    if row.get("rating") is not None:
        yield from _share("repair_satisfaction", row, finished, row["rating"] >= 4)
    if row.get("revisit_score") is not None:
        yield from _share("revisit_call_satisfaction", row, row.get("revisited_at"), row["revisit_score"] >= 4)
    if finished is not None and _has(row, "revisited_at"):
        asked = _done_by(finished + timedelta(days=limits.revisit_days), row.get("revisited_at"), as_of)
        yield from _share("revisit_rate", row, finished, asked)


def _order_work(row: Row, rows: Sequence[Row], as_of: datetime, limits: Any) -> Iterator[Mark]:
    """The work itself: orders that were not closed without it."""
    completed, due = row.get("completed_at"), row.get("due_at")
    routine = row.get("urgency") != "emergency"
    if _has(row, "completed_at"):
        ended = row.get("closed_at") is not None
        yield from _share("repair_completion_rate", row, row["reported_at"], completed is not None or ended)
        on_time = _done_by(due, completed, as_of) if routine else None
        if routine and completed is None and ended:  # done, nobody knows when: on time only if closed in time
            on_time = True if _before(row.get("closed_at"), due) else None
        yield from _share("repairs_on_time_rate", row, due, on_time)
        if on_time is not None:
            yield "sla_breach_reasons", row, due, 1, int(not on_time), 1
        spot = _same_day(row["reported_at"], completed, row.get("closed_at"), as_of)
        yield from _share("orders_on_the_spot_rate", row, row["reported_at"], spot)
    if completed is not None:
        yield from _share("closed_loop_rate", row, completed, _loop(row))
    if routine and completed is not None and due is not None:
        yield from _share("repairs_completed_on_time_rate", row, completed, completed <= due)
    if completed is not None and _has(row, "rating"):
        finished = row.get("closed_at") or completed
        yield from _share("repair_rating_coverage", row, finished, row.get("rating") is not None)
    asked = row.get("origin") not in ("inspection", "preventive")
    if asked and completed is not None and completed + timedelta(days=limits.recall_days) <= as_of:
        yield from _share("first_time_fix_rate", row, completed, _fixed_first(row, rows, limits.recall_days))


def _loop(row: Row) -> bool | None:
    """Whether some step between report and completion is known, and the owner was heard afterwards."""
    steps, voices = ("dispatched_at", "accepted_at", "arrived_at"), ("revisited_at", "rating")
    moved = row["moved"] or any(row.get(name) is not None for name in steps)
    heard = any(row.get(name) is not None for name in voices)
    if not moved and not any(_has(row, name) for name in steps):
        return None
    if not heard and not any(_has(row, name) for name in voices):
        return None
    return moved and heard


def _place(row: Row) -> Any:
    for column in ("household", "asset_id", "public_area"):
        if row.get(column) is not None:
            return row[column]
    return None


def _fault(row: Row) -> Any:
    return row.get("fault_type") if row.get("fault_type") is not None else row.get("category")


def _fixed_first(row: Row, rows: Sequence[Row], days: int) -> bool | None:
    if row.get("visit_count") is None or _place(row) is None or _fault(row) is None:
        return None
    for other in rows:
        same = (other["community"], _place(other), _fault(other)) == (row["community"], _place(row), _fault(row))
        real = other["status"] not in ("cancelled", "duplicate")
        wait = other["reported_at"] - row["completed_at"]
        if same and real and timedelta(0) < wait <= timedelta(days=days):
            return False
    visits = row["visit_count"] - (row.get("no_access_visits") or 0)
    return bool(visits <= 1 or row.get("planned_multi_visit"))


# Complaints ----------------------------------------------------------------------------------------------------------


def _complaints(rows: Sequence[Row], as_of: datetime, limits: Any) -> Iterator[Mark]:
    told = [row for row in rows if row.get("status") != "withdrawn"]
    heard = [row for row in told if not _is_repeat(row, rows, limits.complaint_merge_hours)]
    for row in told:
        if _has(row, "channel"):
            yield "channel_availability", row, row["received_at"], 1, 1, 1
            if row in heard:
                yield "needs_survey_channels", row, row["received_at"], 1, 1, 1
    for row in heard:
        yield from _promise(row, as_of)
    single = [row for row in heard if _is_complaint(row)]
    for row in single:
        if row.get("valid") is not None:
            yield from _share("valid_complaint_rate", row, row["received_at"], row["valid"])
    counted = [row for row in single if row.get("valid") is not False]
    for row in counted:
        for kpi in ("complaint_count", "complaint_type_distribution"):
            yield kpi, row, row["received_at"], 1, 1, 1
        if _has(row, "root_cause"):
            yield "root_cause", row, row["received_at"], 1, 1, 1
        yield "complaints_per_1000_homes", row, row["received_at"], 0, 1, 0
        yield from _handling(row, as_of)
        yield from _after_resolution(row, counted, as_of, limits)


def _is_complaint(row: Row) -> bool:
    return row.get("kind") in (None, "complaint") and row.get("status") != "withdrawn"


def _subject(row: Row) -> Any:
    return row.get("type_l2") if row.get("type_l2") is not None else row.get("type_l1")


def _matter(row: Row) -> tuple[Any, ...]:
    return row["community"], row.get("household"), _subject(row)


def _is_repeat(row: Row, rows: Sequence[Row], hours: int) -> bool:
    """Whether it repeats an earlier one: marked so, or a complaint at most `hours` after the first of its household and subject.

    One that was judged invalid, or marked as a repeat, is never the first.
    """
    if row.get("duplicate_of") is not None:
        return True
    if not _is_complaint(row) or row.get("household") is None or _subject(row) is None:
        return False
    ours = [other for other in rows if _is_complaint(other) and _matter(other) == _matter(row)]
    first = None
    for other in sorted(ours, key=lambda other: (other["received_at"], other["complaint_id"])):
        near = first is not None and other["received_at"] - first <= timedelta(hours=hours)
        if other is row:
            return near
        if not near and other.get("valid") is not False and other.get("duplicate_of") is None:
            first = other["received_at"]
    raise AssertionError("the row is not among its own")


def _before(moment: datetime | None, limit: datetime | None) -> bool:
    return moment is not None and limit is not None and moment <= limit


def _handling(row: Row, as_of: datetime) -> Iterator[Mark]:
    if not _has(row, "resolved_at"):
        return
    resolved, promised = row.get("resolved_at"), row.get("promised_at")
    ended = row.get("closed_at") is not None
    yield from _share("issue_resolution_rate", row, row["received_at"], resolved is not None or ended)
    on_time = _done_by(promised, resolved, as_of)
    if resolved is None and ended:
        on_time = True if _before(row.get("closed_at"), promised) else None
    yield from _share("complaint_on_time_rate", row, promised, on_time)
    spot = _same_day(row["received_at"], resolved, row.get("closed_at"), as_of)
    yield from _share("on_the_spot_resolution_rate", row, row["received_at"], spot)
    if spot is False and _has(row, "promised_at"):
        yield from _share("follow_up_commitment_rate", row, row["received_at"], promised is not None)


def _promise(row: Row, as_of: datetime) -> Iterator[Mark]:
    """An entry of any kind, valid or not, against the time that was promised."""
    if not _has(row, "resolved_at"):
        return
    resolved, promised = row.get("resolved_at"), row.get("promised_at")
    kept = _done_by(promised, resolved, as_of)
    if resolved is None and row.get("closed_at") is not None:
        kept = True if _before(row["closed_at"], promised) else None
    yield from _share("promise_kept_rate", row, promised, kept)
    department = (row.get("department") or "").lower()
    if any(word in department for word in ("秩序", "安保", "保安", "安防", "保卫", "security")):
        yield from _share("help_request_timeliness", row, promised, kept)


def _after_resolution(row: Row, counted: Sequence[Row], as_of: datetime, limits: Any) -> Iterator[Mark]:
    resolved = row.get("resolved_at")
    if resolved is None:
        return
    yield "complaints_handled_qty", row, resolved, 1, 1, 1
    if _has(row, "root_cause"):
        yield from _share("root_cause_coded_rate", row, resolved, row.get("root_cause") is not None)
    if _has(row, "satisfaction"):
        yield from _share("complaint_rating_coverage", row, resolved, row.get("satisfaction") is not None)
    if row.get("satisfaction") is not None:
        yield from _share("complaint_satisfaction", row, resolved, row["satisfaction"] >= 4)
    if _has(row, "revisited_at"):
        asked = _done_by(resolved + timedelta(days=limits.revisit_days), row.get("revisited_at"), as_of)
        yield from _share("complaint_revisit_rate", row, resolved, asked)
    if resolved + timedelta(days=limits.complaint_recall_days) <= as_of:
        yield from _share(
            "first_contact_resolution_rate", row, resolved, _settled_at_once(row, counted, limits.complaint_recall_days)
        )


def _settled_at_once(row: Row, counted: Sequence[Row], days: int) -> bool | None:
    if row.get("contacts") is None or row.get("household") is None or _subject(row) is None:
        return None
    for other in counted:
        same = _matter(other) == _matter(row)
        if same and timedelta(0) < other["received_at"] - row["resolved_at"] <= timedelta(days=days):
            return False
    return row["contacts"] == 1


def _exposures(
    rows: Sequence[Row], register: Mapping[Any, Row], sizes: Mapping[str, int], as_of: datetime
) -> Iterator[Mark]:
    """Household-months, without vacant homes, of the whole months between a file's first and last complaint."""
    for place in sorted({row["community"] for row in rows}):
        months = _covered(row for row in rows if row["community"] == place)
        months = [month for month in months if _next(month) - timedelta(seconds=1) <= as_of]  # whole months only
        homes = [home for home in register.values() if home["community"] == place and home.get("occupancy") != "vacant"]
        for month in months:
            for home in homes:
                yield "complaints_per_1000_homes", home, month, 1, 0, 1
            if not homes and sizes.get(place):
                yield "complaints_per_1000_homes", {"community": place}, month, sizes[place], 0, sizes[place]


def _covered(rows: Iterator[Row]) -> list[datetime]:
    spans: dict[str, list[datetime]] = {}
    for row in rows:
        spans.setdefault(row.get("file", ""), []).append(row["received_at"])
    months = set()
    for moments in spans.values():
        month = datetime(min(moments).year, min(moments).month, 1)
        while month <= max(moments):
            months.add(month)
            month = _next(month)
    return sorted(months)


def _next(month: datetime) -> datetime:
    return datetime(month.year + month.month // 12, month.month % 12 + 1, 1)


def _praise(rows: Sequence[Row]) -> Iterator[Mark]:
    for row in rows:
        yield "praise_count", row, row["at"], 1, 1, 1
        if _has(row, "channel"):
            yield "channel_availability", row, row["at"], 1, 1, 1


# Satisfaction --------------------------------------------------------------------------------------------------------


def _answers(rows: Sequence[Row], waves: Sequence[Any], as_of: datetime) -> Iterator[Mark]:
    months = {wave.id: datetime.strptime(wave.month, "%Y-%m") for wave in waves}
    last = _last_answers(rows)
    for row in last:
        date = months.get(row["survey_id"], row["submitted_at"])
        if row.get("score") is not None:
            yield from _answer(row, date)
    sheets: dict[Any, Row] = {}
    for row in sorted(last, key=lambda row: (row["submitted_at"], row["response_id"], row["item"])):
        if row.get("score") is not None:
            sheets[row["community"], row["survey_id"], _who(row)] = row
    for row in sheets.values():
        yield "needs_survey_channels", {"community": row["community"]}, row["submitted_at"], 1, 1, 1
    for wave in waves:
        if wave.month > f"{as_of:%Y-%m}":
            continue
        for place, invited in wave.invited.items():
            mine = [row for row in last if (row["community"], row["survey_id"]) == (place, wave.id)]
            valid = [row for row in mine if row.get("score") is not None and row.get("satisfied_from") is not None]
            answered = len({_who(row) for row in valid})
            if mine and answered <= invited:  # no answer file, or more answers than invitations: nothing to say
                yield "survey_response_rate", {"community": place}, months[wave.id], 1, answered, invited


def _who(row: Row) -> tuple[str, str]:
    return ("response", row["response_id"]) if row.get("household") is None else ("household", row["household"])


def _last_answers(rows: Sequence[Row]) -> list[Row]:
    """One answer for each household, wave and item: the last one sent."""
    last: dict[Any, Row] = {}
    for row in sorted(rows, key=lambda row: (row["submitted_at"], row["response_id"])):
        last[row["community"], row["survey_id"], row["item"], _who(row)] = row
    return list(last.values())


def _answer(row: Row, date: datetime) -> Iterator[Mark]:
    score, low, high, enough = (row.get(name) for name in ("score", "scale_low", "scale_high", "satisfied_from"))
    overall = row["item"] == "overall"
    if enough is not None:
        yield from _share("satisfaction_by_item", row, date, score >= enough)
        if overall:
            for kpi in ("owner_satisfaction", "satisfaction_by_age", "satisfaction_by_area"):
                yield from _share(kpi, row, date, score >= enough)
    if overall and None not in (low, high, enough):
        unhappy = score <= low + (high - enough)  # the mirror of "satisfied or better"
        yield from _share("dissatisfied_rate", row, date, unhappy)
        yield from _share("not_dissatisfied_rate", row, date, not unhappy)
    if overall and None not in (low, high):
        yield "owner_satisfaction_index", row, date, 1, score - low, high - low


# Fees ----------------------------------------------------------------------------------------------------------------


def _fees(bills: Sequence[Row], payments: Sequence[Row], as_of: datetime) -> Iterator[Mark]:
    owed: dict[Any, list[Any]] = {}
    for bill in bills:
        told = [payment["paid_at"] for payment in payments if payment["community"] == bill["community"]]
        if not told:
            continue  # without payment records nobody knows what was paid
        since = datetime(min(told).year, min(told).month, 1)
        net = max(0, bill["amount_due_fen"] - (bill.get("waiver_fen") or 0) - (bill.get("discount_fen") or 0))
        money = [(payment["paid_at"], _fen(payment)) for payment in payments if _meets(payment, bill, bills)]
        paid = _within(sum(fen for _, fen in money), net)
        known = bill["period_start"] >= since
        if known:
            yield "fee_collection_rate_current", bill, bill["period_start"], 1, paid, net
        if net > 0 and known:
            account = (bill["community"], bill["household"], f"{bill['period_start']:%Y-%m}")
            owed.setdefault(account, [bill, 0])[1] += net - paid
        yield from (mark for mark in _arrears(bill, net, money, as_of) if mark[2] >= since)
    for bill, outstanding in owed.values():
        account = {name: value for name, value in bill.items() if name != "fee_item"}
        yield from _share("fee_collection_rate_households", account, bill["period_start"], outstanding == 0)


def _within(fen: int, most: int) -> int:
    return min(max(fen, 0), most)


def _fen(payment: Row) -> int:
    return -abs(payment["amount_fen"]) if payment.get("is_refund") else payment["amount_fen"]


def _meets(payment: Row, bill: Row, bills: Sequence[Row]) -> bool:
    """Whether this payment is for this bill: by number, or else by household, fee item and start of the period."""
    if payment.get("is_prepayment") or payment["community"] != bill["community"]:
        return False
    if payment.get("bill_id") is not None:
        return payment["bill_id"] == bill["bill_id"]
    same: Callable[[Row], bool] = lambda other: all(  # noqa: E731
        other.get(name) == payment.get(name) for name in ("community", "household", "fee_item", "period_start")
    )
    return next((other for other in bills if same(other)), None) is bill


def _arrears(bill: Row, net: int, money: Sequence[tuple[datetime, int]], as_of: datetime) -> Iterator[Mark]:
    """A bill is in arrears at the start of every month after its service period for as long as money is outstanding."""
    month = _next(datetime(bill["period_end"].year, bill["period_end"].month, 1))
    while month <= as_of:
        opening = net - _within(sum(fen for at, fen in money if at < month), net)
        received = sum(fen for at, fen in money if month <= at < _next(month))
        if opening > 0:
            yield "arrears_recovery_rate", bill, month, 1, _within(received, opening), opening
        month = _next(month)
