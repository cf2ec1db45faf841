"""The true KPIs of complaints and surveys, in plain Python; see `truths`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from propkit.demo.surveys import WAVES

Row = dict[str, object]
Mark = tuple[str, str, str, str, int, int]

_MERGE = timedelta(hours=72)
_RECALL = timedelta(days=30)


def complaints(rows: Sequence[Row], as_of: datetime) -> Iterator[Mark]:
    """Yield what each complaint adds: repeats of an earlier one and those judged invalid count nowhere."""
    valid = [row for row in _single(rows) if row["valid"] is not False]
    for row in valid:
        yield _mark("complaint_count", row, "received_at", True)
        yield _mark("issue_resolution_rate", row, "received_at", row["resolved_at"] is not None or _ended(row))
        promised, resolved = row["promised_at"], row["resolved_at"]
        closed_in_time = _ended(row) and promised is not None and row["closed_at"] <= promised
        if resolved is None and closed_in_time and promised <= as_of:
            yield _mark("complaint_on_time_rate", row, "promised_at", True)
        elif promised is not None and promised <= as_of and (resolved is not None or not _ended(row)):
            yield _mark("complaint_on_time_rate", row, "promised_at", resolved is not None and resolved <= promised)
        if row["satisfaction"] is not None and resolved is not None:
            yield _mark("complaint_satisfaction", row, "resolved_at", row["satisfaction"] >= 4)
        if row["household"] and row["contacts"] is not None and resolved is not None and resolved <= as_of - _RECALL:
            once = row["contacts"] == 1 and not _told_again(row, valid)
            yield _mark("first_contact_resolution_rate", row, "resolved_at", once)


def survey(rows: Sequence[Row]) -> Iterator[Mark]:
    """Yield each household's last answer to each item of each wave, in the month of the wave."""
    months = {wave.id: wave.month for wave in WAVES}
    last: dict[tuple, Row] = {}
    for row in sorted(rows, key=lambda row: (row["submitted_at"], row["response_id"])):
        who = row["household"] or f"response {row['response_id']}"
        last[row["community"], row["survey_id"], row["item"], who] = row
    for row in last.values():
        if row["score"] is None:
            continue
        place, month, item = str(row["community"]), months[row["survey_id"]], str(row["item"])
        satisfied = int(row["score"] >= row["satisfied_from"])
        yield "satisfaction_by_item", place, month, item, satisfied, 1
        if item == "overall":
            yield "owner_satisfaction", place, month, "all", satisfied, 1


def _mark(kpi: str, row: Row, dated_by: str, num: object) -> Mark:
    return kpi, str(row["community"]), f"{row[dated_by]:%Y-%m}", "all", int(bool(num)), 1


def _single(rows: Sequence[Row]) -> list[Row]:
    """Return complaints that repeat no earlier one: not marked so, nor within 72 hours of the first of its home and kind."""
    told: dict[tuple, datetime] = {}
    found = []
    for row in sorted(rows, key=lambda row: (row["received_at"], row["complaint_id"])):
        if row["kind"] != "complaint" or row["status"] == "withdrawn":
            continue
        key = (row["community"], row["household"], row["type_l2"] or row["type_l1"])
        before = told.get(key) if row["household"] else None
        is_near = before is not None and row["received_at"] - before <= _MERGE
        if not is_near and row["valid"] is not False and row["duplicate_of"] is None:
            told[key] = row["received_at"]
        if row["duplicate_of"] is None and not is_near:
            found.append(row)
    return found


def _ended(row: Row) -> bool:
    return row["closed_at"] is not None


def _told_again(row: Row, valid: Sequence[Row]) -> bool:
    """Say whether the same home complained of the same thing within 30 days after this was resolved."""
    return any(
        other["community"] == row["community"]
        and other["household"] == row["household"]
        and (other["type_l2"] or other["type_l1"]) == (row["type_l2"] or row["type_l1"])
        and row["resolved_at"] < other["received_at"] <= row["resolved_at"] + _RECALL
        for other in valid
    )
