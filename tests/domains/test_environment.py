"""The traps of inspections: what was planned, what is not known yet, which weeks the records cover."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd
import pytest

from propkit import domains
from propkit.counts import tally
from propkit.model import Definitions
from propkit.periods import parse_period
from tests.domains.rooms.environment import area, clean
from tests.domains.rooms.facilities import asset, failure, visit
from tests.examples import AS_OF, Row, at
from tests.worlds import World


def _world(as_of: datetime = AS_OF, **tables: list[Row]) -> World:
    return World(tables, as_of, Definitions(), (), {})


def _sums(made: World, by: str = "month") -> dict[tuple[str, str], tuple[int, int]]:
    counts = tally(made.derived, [*domains.environment.KPIS, domains.KPIS["equipment_inspection_rate"]], ["month", by])
    return {(row.kpi, getattr(row, by)): (row.num, row.den) for row in counts.itertuples(index=False)}


def _read(made: World, reading: str, period: str = "2025-09") -> pd.DataFrame | None:
    return domains.read(reading, made.derived, parse_period(period), made.cut)


@pytest.mark.parametrize(("second", "told"), [("11:59:59", False), ("12:00:00", True)])
def test_a_planned_inspection_is_judged_when_its_time_is_over(second: str, told: bool):
    row = visit(1, "facility", "09-30 08:00", due_at="09-30 12:00")

    sums = _sums(_world(datetime.fromisoformat(f"2025-09-30 {second}"), inspection=[row]), "community")

    assert (("equipment_inspection_rate", "a") in sums) == told
    assert sums.get(("safety_inspection_rate", "a")) == ((0, 1) if told else None)


def test_a_plan_without_inspections_is_nought_when_the_export_tells_of_them():
    silent = {"given": "inspection_id,domain,planned_at,result"}

    assert _sums(_world(inspection=[clean(1, "09-01")]))["cleaning_frequency", "2025-09"] == (0, 1)
    assert not _sums(_world(inspection=[clean(1, "09-01", **silent)]))


def test_an_inspection_has_not_happened_yet_when_the_cut_off_is_earlier():
    row = clean(1, "09-01 08:00", "09-03 08:00", result="fail", score_milli=60_000)

    sums = _sums(_world(at("09-02"), inspection=[row]))

    assert sums == {("cleaning_frequency", "2025-09"): (0, 1)}


def test_the_type_of_an_area_comes_from_the_register_of_its_domain_when_the_row_is_silent():
    areas = [area(1, area_type="大堂"), area(1, domain="greening", area_type="草坪")]
    rows = [
        clean(1, "09-01", area_id="Z1"),
        visit(2, "greening", "09-01", area_id="Z1"),
        clean(3, "09-01", area_id="Z1", area_type="楼道"),
        visit(4, "order", "09-01", area_id="Z1"),
    ]

    told = _world(area=areas, inspection=rows).derived["inspection"]["area_type"]

    assert told.fillna("-").to_list() == ["大堂", "草坪", "楼道", "-"]


def test_a_week_is_left_out_when_the_records_cover_only_a_part_of_it():
    days = [f"09-{day:02}" for day in range(2, 22)]  # Tuesday the 2nd to Sunday the 21st: two whole weeks
    rows = [clean(number, day, f"{day} 08:00", area_id="Z1") for number, day in enumerate(days)]
    made = _world(area=[area(1, often=7)], inspection=rows)

    weeks = made.derived["area_week"]

    assert list(weeks["ended_on"]) == [pd.Timestamp("2025-09-14"), pd.Timestamp("2025-09-21")]
    assert (weeks["covered_milli"] == weeks["required_milli"]).all()
    assert len(made.at(at("09-21") + timedelta(hours=23)).derived["area_week"]) == 1


def test_a_week_is_left_out_when_two_files_cover_its_halves():
    first = [clean(1, "09-01", "09-01", file="1.csv"), clean(2, "09-03", "09-03", file="1.csv")]
    second = [clean(3, "09-04", "09-04", file="2.csv"), clean(4, "09-07", "09-07", file="2.csv")]

    assert _world(area=[area(1)], inspection=[*first, *second]).derived["area_week"].empty


def test_records_of_one_community_cover_no_area_of_another_when_ids_are_equal():
    rows = [clean(day, f"09-{day:02}", f"09-{day:02}", area_id="Z1", community="b") for day in range(1, 8)]

    assert _world(area=[area(1)], inspection=rows).derived["area_week"].empty


def test_items_of_one_visit_are_one_inspection_when_their_order_changes():
    rows = [visit(number, "fire", made="09-05 10:00", area_id="Z1", area_type=f"t{number}") for number in (3, 1, 2)]

    for order in (rows, rows[::-1]):
        assert _sums(_world(inspection=order), "area_type") == {("safety_inspection_count", "t1"): (1, 1)}


@pytest.mark.parametrize(("second", "told"), [("09:59:59", None), ("10:00:00", (0, 1))])
def test_a_blocked_passage_is_judged_when_a_day_has_passed(second: str, told: tuple[int, int] | None):
    row = visit(1, "fire", made="09-01 10:00", check_item="消防通道", is_blocked=True)

    sums = _sums(_world(datetime.fromisoformat(f"2025-09-02 {second}"), inspection=[row]))

    assert sums.get(("passage_cleared_rate", "2025-09")) == told


def test_nobody_is_named_when_inspectors_are_compared():
    columns = domains.READINGS["cleaning_measures"].columns

    assert not any(column.personal for column in columns.values()) and "inspector" not in columns


def test_a_time_of_completion_is_not_known_yet_when_the_cut_off_is_earlier():
    row = visit(1, "greening", made="09-05", area_id="Z1", follow_up="replant", cleared_at="09-20")
    made = _world(inspection=[row])

    assert list(_read(made.at(at("09-10")), "replanting_areas")["status"]) == ["open"]
    assert list(_read(made, "replanting_areas")["status"]) == ["done"]


def test_a_status_is_blank_when_the_export_has_no_completions():
    silent = {"given": "inspection_id,domain,actual_at,follow_up"}
    rows = [
        visit(1, "greening", made="09-05", follow_up="replant", **silent),
        visit(2, "greening", made="10-05", **silent),
    ]

    assert _read(_world(inspection=rows), "replanting_areas")["status"].isna().to_list() == [True]
    assert _read(_world(inspection=rows), "replanting_areas", "2025-10").empty


@pytest.mark.parametrize("period", ["2025Q3", "2025-07", "2025-10"])
def test_blind_spots_are_not_told_when_the_records_do_not_cover_the_whole_period(period: str):
    rows = [clean(1, "08-10", "08-10"), clean(2, "09-30", "09-30")]
    made = _world(area=[area(1)], inspection=rows)

    assert _read(made, "inspection_blind_spots", period) is None
    assert list(_read(made, "inspection_blind_spots", "2025-09")["place_id"]) == ["Z1"]


def test_a_failure_is_not_called_unforeseen_when_earlier_inspections_are_not_on_record():
    rows = [visit(1, "facility", made="09-01", asset_id="A2"), visit(2, "facility", made="09-30", asset_id="A1")]
    made = _world(asset=[asset(1), asset(2)], asset_event=[failure(1, "09-20")], inspection=rows)

    assert _read(made, "inspection_blind_spots").empty
