"""Traps of repairs: what nobody asked for, what nobody can know, and what readings make of it."""

from __future__ import annotations

import itertools
from datetime import datetime

import pandas as pd
import pytest

from propkit.domains import repairs
from propkit.model import Cut, Definitions
from propkit.periods import parse_period
from tests.examples import AS_OF, Row, at, order
from tests.worlds import frames

_LEAK = {"household": "h1", "fault_type": "leak", "visit_count": 1}


def _cut(as_of: datetime = AS_OF) -> Cut:
    return Cut(pd.Timestamp(as_of).as_unit("s"), Definitions())


def _derived(*rows: Row, events: tuple[Row, ...] = (), as_of: datetime = AS_OF) -> pd.DataFrame:
    made = frames({"work_order": list(rows), "order_event": list(events)})
    return repairs.derive(made["work_order"], made["order_event"], _cut(as_of))


def _read(name: str, *rows: Row, period: str = "2025-09") -> pd.DataFrame | None:
    return getattr(repairs, name)({"work_order": _derived(*rows)}, parse_period(period), _cut())


@pytest.mark.parametrize(
    ("origin", "counts"), [("request", True), (None, True), ("inspection", False), ("preventive", False)]
)
def test_only_what_was_asked_for_can_be_fixed_at_once_when_origins_differ(origin: str | None, counts: bool) -> None:
    made = _derived(order(1, "09-01", completed_at="09-02", origin=origin, **_LEAK))

    assert made["first_fix"].notna().tolist() == [counts]


def test_a_repair_was_recalled_when_an_inspection_finds_the_fault_again() -> None:
    first = order(1, "09-01", completed_at="09-02", origin="request", **_LEAK)

    made = _derived(first, order(2, "09-10", origin="inspection", **_LEAK))

    assert made["first_fix"].fillna(True).tolist() == [False, True]


def test_a_loop_is_not_judged_when_the_export_tells_no_revisits_and_no_ratings() -> None:
    given = "order_id,reported_at,accepted_at,completed_at,status"
    silent = order(1, "09-01", accepted_at="09-01", completed_at="09-02", given=given)
    blank = order(2, "09-01", accepted_at="09-01", completed_at="09-02", given=given + ",rating")

    made = _derived(silent, blank)["loop_closed"]

    assert made.isna().tolist() == [True, False] and not made.iloc[1]


def test_a_step_of_the_log_closes_the_gap_when_the_register_has_no_such_column() -> None:
    row = order(1, "09-01", completed_at="09-02", rating=5, given="order_id,reported_at,completed_at,rating,status")
    paused = {"community": "a", "order_id": "o1", "event": "paused", "at": at("09-01 10:00")}

    assert _derived(row)["loop_closed"].isna().all()
    assert _derived(row, events=(paused,))["loop_closed"].tolist() == [True]


def test_a_log_of_another_community_moves_no_order_when_numbers_are_alike() -> None:
    row = order(1, "09-01", completed_at="09-02", rating=5)
    paused = {"community": "b", "order_id": "o1", "event": "paused", "at": at("09-01 10:00")}

    assert _derived(row, events=(paused,))["loop_closed"].tolist() == [False]


def test_the_backlog_reconciles_when_months_follow_each_other() -> None:
    rows = [order(n, f"0{7 + n % 3}-1{n % 9}", completed_at=f"0{8 + n % 2}-2{n % 9}") for n in range(20)]

    months = [_read("work_order_backlog", *rows, period=month).iloc[0] for month in ("2025-07", "2025-08", "2025-09")]

    for before, after in itertools.pairwise(months):
        assert before["closing"] == after["opening"]
    for month in months:
        assert month["opening"] + month["received"] - month["completed"] - month["ended"] == month["closing"]


def test_there_is_no_backlog_when_the_export_does_not_tell_completions() -> None:
    assert _read("work_order_backlog", order(1, "09-01", given="order_id,reported_at,status")) is None


@pytest.mark.parametrize(
    "name", ["work_order_backlog", "process_improvement", "demand_and_resource_analysis", "digital_contribution"]
)
def test_a_reading_says_nothing_when_no_export_speaks_of_the_period(name: str) -> None:
    assert _read(name, order(1, "09-01 10:00", completed_at="09-02 10:00"), period="2025-07") is None


def test_stages_are_not_told_when_no_order_has_all_its_moments() -> None:
    assert _read("process_improvement", order(1, "09-01 10:00", completed_at="09-02 10:00")) is None


def test_stages_are_empty_when_nothing_was_completed() -> None:
    assert len(_read("process_improvement", order(1, "09-01 10:00", status="waiting"))) == 0


def test_a_quiet_month_has_no_cells_when_the_export_speaks_of_it() -> None:
    rows = (order(1, "08-01 10:00"), order(2, "10-01 10:00"))

    assert len(_read("demand_and_resource_analysis", *rows)) == 0


def test_a_category_is_kept_when_it_is_unknown() -> None:
    rows = (
        order(1, "09-01 10:00", accepted_at="09-01 10:05", channel="app"),
        order(2, "09-01 10:00", accepted_at="09-01 10:07", channel="phone", category="water"),
    )

    found = _read("digital_contribution", *rows)

    assert found["category"].fillna("?").tolist() == ["water", "?"]
    assert found["online_minutes"].tolist() == [0, 5] and found["phone_minutes"].tolist() == [7, 0]
