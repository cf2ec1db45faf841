"""Service days: what counts for the day and what does not, one trap each."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from propkit import domains
from propkit.domains import service_days
from propkit.figures import figures
from propkit.model import Definitions
from propkit.periods import parse_period
from tests.domains.rooms.service_days import task
from tests.examples import AS_OF, at
from tests.worlds import World

DAY = "2025-09-20"


def _made(*tasks: dict, as_of: datetime = AS_OF) -> World:
    return World({"service_day_task": list(tasks)}, as_of, Definitions(), (), {})


def _figure(kpi_id: str, *tasks: dict, period: str = DAY, as_of: datetime = AS_OF) -> pd.Series:
    made = _made(*tasks, as_of=as_of)
    found = figures(made.derived, made.cut, [domains.kpi(kpi_id)], [parse_period(period)], communities=["a"])
    return found.iloc[0]


def _carried(made: World, period: str = DAY) -> list[str]:
    return list(service_days.carry_over_issues(made.derived, parse_period(period), made.cut)["task_id"])


def test_tonnes_have_no_value_when_units_are_mixed():
    tonnes = task(1, "waste", unit="tonne", done_milli=2_400)

    assert _figure("waste_cleared_tonnes", tonnes)["value"] == 2_400
    assert (
        _figure("waste_cleared_tonnes", tonnes, task(2, "waste", unit="kilogram", done_milli=900_000))["state"]
        == "no_data"
    )
    assert _figure("waste_cleared_tonnes", tonnes, task(2, "waste", done_milli=900_000))["state"] == "no_data"


def test_a_quantity_is_not_of_the_day_when_it_was_done_later():
    late = task(1, "repair", unit="item", done_milli=9_000, done_at="09-21 00:00")

    assert _figure("repairs_done_qty", late)["state"] == "no_data"


def test_a_task_is_done_that_day_when_it_ends_a_second_before_midnight():
    last = datetime(2025, 9, 20, 23, 59, 59)

    assert _figure("service_day_done_rate", task(1, "repair", done_at=last))["num"] == 1
    assert _figure("service_day_done_rate", task(1, "repair", done_at="09-21 00:00"))["num"] == 0


def test_tasks_are_not_judged_when_the_day_is_not_over():
    running = task(1, "repair", status="in_progress", target_milli=1_000)

    for kpi_id in ("service_day_done_rate", "service_day_target_rate"):
        assert _figure(kpi_id, running, as_of=at("09-20 18:00"))["state"] == "no_data"
        assert _figure(kpi_id, running, as_of=datetime(2025, 9, 20, 23, 59, 59))["num"] == 0


def test_a_goal_is_not_reached_when_the_quantity_came_a_day_later():
    late = task(1, "repair", target_milli=1_000, done_milli=1_000, done_at="09-22 10:00")

    assert tuple(_figure("service_day_target_rate", late)[["num", "den"]]) == (0, 1)


def test_breakdown_has_no_value_when_the_export_has_no_owners():
    blind = task(1, "repair", area="1栋", due_at="09-20 12:00", given="area,due_at")
    blank = task(1, "repair", area="1栋", due_at="09-20 12:00")

    assert _figure("task_breakdown", blind)["state"] == "no_data"
    assert tuple(_figure("task_breakdown", blank)[["num", "den"]]) == (0, 1)


def test_a_department_did_not_take_part_only_when_all_its_tasks_tell_so():
    nobody = task(1, "repair", department="工程部", persons=0)

    assert _figure("department_participation", nobody)["num"] == 0
    assert _figure("department_participation", nobody, task(2, "repair", department="工程部"))["state"] == "no_data"


def test_the_backlog_may_grow_when_new_cases_came_in():
    assert _figure("batch_resolution", task(1, "batch", backlog_before=4, backlog_after=6))["value"] == -0.5


def test_an_open_task_is_listed_again_until_it_is_done():
    left = task(1, "repair", event_id="d0", held_on="03-15", status="carried_over")
    done = left | {"status": "done", "done_at": at("09-19 10:00")}
    today = task(2, "repair", done_at="09-20 10:00")

    assert _carried(_made(left, today)) == ["k1"]
    assert _carried(_made(done, today)) == []
    assert _carried(_made(done, today, as_of=datetime(2025, 9, 1)), "2025-08") == ["k1"]


def test_nothing_is_listed_when_no_service_day_was_held_yet():
    made = _made(task(1, "repair"))

    assert service_days.carry_over_issues(made.derived, parse_period("2025-08"), made.cut) is None


def test_owners_are_not_named_when_open_tasks_are_listed():
    personal = {name for table in service_days.TABLES for name, column in table.columns.items() if column.personal}

    assert personal == {"owner"}
    assert all(personal.isdisjoint(reading.columns) for reading in service_days.READINGS)
