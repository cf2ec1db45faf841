"""The traps of equipment: what the log does not cover, what overlaps, what the register cannot date."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from propkit import domains
from propkit.counts import tally
from propkit.domains.knowledge import spells
from propkit.model import Definitions
from propkit.periods import parse_period
from tests.domains.rooms.facilities import asset, failure, task, visit
from tests.examples import AS_OF, Row, at
from tests.worlds import World

LATER = failure(9, "10-20")
WHOLE = {"given": "asset_id,failed_at,restored_at,cause"}
NO_END = {"given": "asset_id,failed_at,cause"}


def _world(as_of: datetime = AS_OF, **tables: list[Row]) -> World:
    return World(tables, as_of, Definitions(), (), {})


def _sums(made: World) -> dict[tuple[str, str], tuple[int, int]]:
    counts = tally(made.derived, domains.KPIS.values(), ["community", "month"])
    return {(row.kpi, row.month): (row.num, row.den) for row in counts.itertuples(index=False)}


def _read(made: World, reading: str, period: str) -> pd.DataFrame | None:
    return domains.read(reading, made.derived, parse_period(period), made.cut)


def test_a_month_has_no_stock_when_the_failure_log_does_not_reach_it():
    sums = _sums(_world(asset=[asset(1)], asset_event=[failure(1, "08-01", "08-02"), failure(1, "08-30", "08-31")]))

    assert sums["facility_serviceability_rate", "2025-08"] == (1, 1)
    assert ("facility_serviceability_rate", "2025-09") not in sums
    assert ("equipment_failure_rate", "2025-09") not in sums


def test_a_month_has_no_stock_when_it_is_not_over():
    made = _world(asset=[asset(1)], asset_event=[failure(1, "09-01", "09-02"), LATER])

    before = _sums(made.at(at("09-30") + timedelta(hours=23, minutes=59, seconds=58)))
    after = _sums(made.at(at("09-30") + timedelta(hours=23, minutes=59, seconds=59)))

    assert ("facility_uptime_rate", "2025-09") not in before
    assert after["facility_uptime_rate", "2025-09"] == (29 * 1440, 30 * 1440)


def test_nothing_is_said_of_standstill_when_the_log_has_no_restorations():
    log = [failure(1, "08-01", "08-02", **WHOLE), failure(1, "09-05", **NO_END), failure(9, "10-20", **WHOLE)]

    sums = _sums(_world(asset=[asset(1), asset(2)], asset_event=log))

    assert sums["facility_serviceability_rate", "2025-08"] == (2, 2)
    assert ("facility_serviceability_rate", "2025-09") not in sums
    assert ("facility_uptime_rate", "2025-09") not in sums
    assert sums["equipment_failure_rate", "2025-09"] == (1, 2)


def test_downtime_counts_once_when_failures_overlap():
    log = [
        failure(1, "09-01 00:00", "09-03 00:00", cause="door"),
        failure(1, "09-01 12:00", "09-02 00:00", cause="noise"),
        failure(1, "09-02 12:00", "09-04 00:00", cause="lamp"),
        LATER,
    ]

    sums = _sums(_world(asset=[asset(1)], asset_event=log))

    assert sums["facility_uptime_rate", "2025-09"] == (27 * 1440, 30 * 1440)
    assert sums["equipment_failure_rate", "2025-09"] == (3, 1)


def test_minutes_begin_with_the_installation_when_an_asset_is_new():
    made = _world(asset=[asset(1, installed_on=at("09-11"))], asset_event=[failure(1, "09-01"), LATER])

    assert _sums(made)["facility_uptime_rate", "2025-09"] == (0, 20 * 1440)


def test_a_failure_stands_at_the_month_end_when_it_was_restored_later():
    made = _world(asset=[asset(1)], asset_event=[failure(1, "09-30 23:59", "10-01"), LATER])

    assert _sums(made)["facility_serviceability_rate", "2025-09"] == (0, 1)


def test_a_status_says_nothing_when_it_has_no_date_or_came_after_the_cut_off():
    log = [failure(9, "09-01", "09-02"), LATER]
    undated = _world(asset=[asset(1, status="retired")], asset_event=log)
    later = _world(asset=[asset(1, status="retired", status_on="09-15")], asset_event=log)

    assert _sums(undated)["facility_serviceability_rate", "2025-09"] == (1, 1)
    assert ("facility_serviceability_rate", "2025-09") not in _sums(later)
    assert later.at(at("09-10")).derived["asset"]["status"].isna().all()


def test_out_of_order_ends_with_the_next_restoration_when_the_log_tells_of_one():
    one = asset(1, status="out_of_order", status_on="08-10")
    log = [failure(1, "08-09", "09-05"), LATER]

    sums = _sums(_world(asset=[one], asset_event=log))

    assert sums["facility_serviceability_rate", "2025-08"] == (0, 1)
    assert sums["facility_uptime_rate", "2025-09"] == (26 * 1440, 30 * 1440)


def test_only_the_last_month_has_assets_when_there_is_a_register_alone():
    sums = _sums(_world(as_of=at("10-08"), asset=[asset(1, installed_on=datetime(2010, 1, 1), design_life_years=10)]))

    assert {key: value for key, value in sums.items() if value[1]} == {("ageing_assets", "2025-09"): (1, 1)}


def test_a_life_ends_in_its_month_when_it_ends_on_its_last_day():
    one = asset(1, installed_on=datetime(2015, 9, 30), design_life_years=10)
    tasks = [task(1, "08-15"), task(2, "09-15")]

    sums = _sums(_world(asset=[one], pm_task=tasks))

    assert (sums["ageing_assets", "2025-08"], sums["ageing_assets", "2025-09"]) == ((0, 1), (1, 1))


@pytest.mark.parametrize(("as_of", "told"), [("23:59:58", False), ("23:59:59", True)])
def test_a_task_is_judged_when_its_day_is_over(as_of: str, told: bool):
    made = _world(as_of=datetime.fromisoformat(f"2025-09-10 {as_of}"), pm_task=[task(1, "09-10"), task(2, "09-09")])

    assert _sums(made)["preventive_maintenance_plan", "2025-09"] == (0, 1 + told)


def test_a_task_is_not_late_when_its_export_has_no_completions():
    silent = {"given": "task_id,due_on,result"}

    assert not _sums(_world(pm_task=[task(1, "09-10", **silent)]))


def test_a_task_finds_its_system_in_the_register_when_it_does_not_say_one():
    made = _world(asset=[asset(1, "water")], pm_task=[task(1, "09-10", asset_id="A1"), task(2, "09-10", system="fire")])

    assert list(made.derived["pm_task"]["system"]) == ["water", "fire"]


def test_a_defect_is_not_judged_when_the_failed_inspection_has_no_rectifications():
    seen = visit(1, "facility", made="09-05", asset_id="A1", result="fail", given="inspection_id,actual_at,result")
    made = _world(asset=[asset(1)], asset_event=[failure(9, "09-01"), LATER], inspection=[seen])

    assert ("defect_running_rate", "2025-09") not in _sums(made)


def test_restoring_is_timed_once_when_a_failure_repeats_or_was_planned():
    log = [
        failure(1, "09-01 10:00", "09-01 12:00", cause="door"),
        failure(1, "09-01 20:00", "09-01 21:00", cause="door"),
        failure(2, "09-01 10:00", "09-01 11:00", is_planned=True),
        failure(3, "09-01 10:00"),
    ]
    made = _world(asset_event=log)

    told = spells(made.derived["asset_event"], domains.DURATIONS["equipment_restore_time"], made.cut.as_of)

    assert list(told["completed"]) == [True, False] and told["minutes"].iloc[0] == 120


@pytest.mark.parametrize("period", ["2025-10", "2025-09-15", "2024-09"])
def test_technical_security_says_nothing_when_the_period_has_no_stock_at_its_end(period: str):
    made = _world(
        as_of=at("10-08"), asset=[asset(1, "cctv")], asset_event=[failure(1, "09-01", "09-02"), failure(1, "10-02")]
    )

    assert _read(made, "smart_security", period) is None
    assert len(_read(made, "smart_security", "2025Q3")) == 1


def test_the_winter_checklist_is_as_it_stood_when_the_cut_off_is_earlier():
    tasks = [task(1, "09-10", "09-20", pm_kind="winter", system="water")]
    made = _world(as_of=at("09-15"), pm_task=tasks)

    assert _read(made, "winter_checklist", "2025-09")[["done", "overdue"]].to_numpy().tolist() == [[0, 1]]
    assert _read(made.at(AS_OF), "winter_checklist", "2025-09")[["done", "overdue"]].to_numpy().tolist() == [[1, 0]]
    assert _read(made, "winter_checklist", "2025-06") is None


def test_assets_of_one_community_are_another_s_when_their_numbers_are_equal():
    other: dict[str, Any] = {"community": "b"}
    made = _world(
        asset=[asset(1), asset(1, "cctv", **other)],
        asset_event=[failure(1, "09-01", **other), failure(9, "09-01", "09-02"), LATER, failure(9, "10-20", **other)],
    )

    months = made.derived["asset_month"].set_index(["community", "month_on"])["serviceable"]

    assert months["a", pd.Timestamp("2025-09-01")] and not months["b", pd.Timestamp("2025-09-01")]
