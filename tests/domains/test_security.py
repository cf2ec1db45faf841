"""Patrols, hazards and incidents where figures are easily wrong: windows, rounds, unknowns, quiet months."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd

from propkit import domains
from propkit.counts import tally
from propkit.figures import figures
from propkit.model import Definitions
from propkit.periods import parse_period
from tests.domains.rooms.security import hazard, incident, scan, visit
from tests.examples import AS_OF, Row, at
from tests.worlds import World


def _world(rows: dict[str, list[Row]], as_of: datetime = AS_OF) -> World:
    return World(rows, as_of, Definitions(), (), {})


def _sums(kpi_id: str, rows: dict[str, list[Row]], as_of: datetime = AS_OF) -> dict[tuple, tuple[int, int]]:
    counts = tally(_world(rows, as_of).derived, [domains.KPIS[kpi_id]], ["community", "month"])
    return {(row.community, row.month): (row.num, row.den) for row in counts.itertuples()}


def _patrols(kpi_id: str, visits: list[Row], scans: list[Row], as_of: datetime = AS_OF) -> tuple[int, int] | None:
    return _sums(kpi_id, {"patrol_plan": visits, "patrol_scan": scans}, as_of).get(("a", "2025-09"))


def _read(reading_id: str, rows: dict[str, list[Row]], period: str, as_of: datetime = AS_OF) -> pd.DataFrame | None:
    made = _world(rows, as_of)
    return domains.read(reading_id, made.derived, parse_period(period), made.cut)


def _figure(kpi_id: str, rows: dict[str, list[Row]], period: str) -> pd.Series:
    made = _world(rows)
    told = figures(made.derived, made.cut, [domains.KPIS[kpi_id]], [parse_period(period)], communities=["a"])
    return told.iloc[0]


def test_completion_is_nought_when_a_month_inside_the_record_has_no_scans():
    planned = [visit(1, "09-02 08:00"), visit(2, "09-02 09:00")]

    assert _patrols("patrol_completion_rate", planned, [scan("08-30 08:00"), scan("10-01 08:00")]) == (0, 2)


def test_completion_is_unknown_when_no_scans_are_on_record():
    planned = [visit(1, "09-02 08:00"), visit(2, "09-02 09:00")]

    assert _patrols("patrol_completion_rate", planned, []) is None
    assert _patrols("patrol_completion_rate", planned, [scan("08-30 08:00")]) is None


def test_completion_has_no_value_when_there_is_no_plan():
    assert _patrols("patrol_completion_rate", [], [scan("09-02 08:00")]) is None
    assert _figure("patrol_completion_rate", {"patrol_scan": [scan("09-02 08:00")]}, "2025-09")["state"] == "no_data"


def test_completion_is_not_judged_when_the_plan_names_no_window():
    visits = [visit(1, "09-02 08:00", window_minutes=None)]

    assert _patrols("patrol_completion_rate", visits, [scan("09-02 08:00")]) is None


def test_one_scan_meets_one_visit_when_windows_overlap():
    visits = [visit(1, "09-02 08:00"), visit(2, "09-02 08:10")]

    assert _patrols("patrol_completion_rate", visits, [scan("09-02 08:05")]) == (1, 2)
    assert _patrols("patrol_early_count", visits, [scan("09-02 08:05")]) == (0, 2)


def test_a_visit_is_judged_when_its_window_closes_and_missed_an_hour_later():
    closes = at("09-02 08:10")
    visits, elsewhere = [visit(1, "09-02 08:00")], [scan("09-01 08:00", "河边")]

    assert _patrols("patrol_completion_rate", visits, elsewhere, closes - timedelta(seconds=1)) is None
    assert _patrols("patrol_completion_rate", visits, elsewhere, closes) == (0, 1)
    assert _patrols("patrol_missed_count", visits, elsewhere, closes + timedelta(minutes=59)) is None
    assert _patrols("patrol_missed_count", visits, elsewhere, closes + timedelta(minutes=60)) == (1, 1)


def test_checkpoints_of_one_name_stay_apart_when_they_lie_on_two_routes():
    visits = [visit(1, "09-02 08:00"), visit(2, "09-02 08:00", route="南线")]

    assert _patrols("patrol_completion_rate", visits, [scan("09-02 08:00")]) == (1, 2)
    assert _patrols("patrol_completion_rate", visits, [scan("09-02 08:00", route=None)]) == (0, 2)


def test_a_round_is_not_judged_when_its_last_checkpoint_lies_ahead():
    visits = [visit(1, "09-02 08:00", round_id="r1"), visit(2, "09-02 12:00", "车库", round_id="r1")]

    assert _patrols("patrol_round_completion_rate", visits, [scan("09-02 08:00")], at("09-02 11:00")) is None
    assert _patrols("patrol_round_completion_rate", visits, [scan("09-02 08:00")]) == (0, 1)


def test_no_zero_is_printed_when_the_plan_runs_ahead():
    visits = [visit(1, "09-02 08:00"), visit(2, "12-02 08:00")]

    assert _figure("patrol_missed_count", {"patrol_plan": visits}, "2025-11")["state"] == "no_data"


def test_density_counts_scans_of_two_guards_once_when_they_meet():
    scans = [scan("09-02 08:00"), scan("09-02 08:01", guard="g2"), scan("09-02 14:00")]

    assert _patrols("patrol_density", [visit(1, "09-02 08:00")], scans) == (2, 1)


def test_density_leaves_a_day_out_when_it_is_not_over():
    visits = [visit(1, "09-02 08:00")]

    assert _patrols("patrol_density", visits, [scan("09-02 08:00")], at("09-02 20:00")) is None


def test_twenty_points_in_a_minute_are_flagged_when_one_guard_scans_them():
    points = [f"点{number:02}" for number in range(20)]
    visits = [visit(number, "09-02 08:00", point, route_milli=4000) for number, point in enumerate(points)]
    start = at("09-02 08:00")
    scans = [
        scan("09-02 08:00", point, actual_at=start + timedelta(seconds=3 * at_)) for at_, point in enumerate(points)
    ]

    assert _patrols("patrol_implausible_scans", visits, scans) == (19, 19)
    assert _patrols("patrol_completion_rate", visits, scans) == (20, 20)


def test_a_speed_is_not_judged_when_the_length_of_the_route_is_unknown():
    visits = [visit(1, "09-02 08:00"), visit(2, "09-02 08:00", "车库")]

    assert _patrols("patrol_implausible_scans", visits, [scan("09-02 08:00"), scan("09-02 08:00", "车库")]) is None


def test_the_longest_gap_says_nothing_when_no_scans_were_exported_for_the_month():
    rows = {"patrol_plan": [visit(1, "09-02 08:00", key_point=True)], "patrol_scan": [scan("08-02 08:00")]}

    assert _read("patrol_max_gap", rows, "2025-09") is None


def test_the_longest_gap_is_cut_at_the_ends_of_the_month_when_it_crosses_them():
    visits = [visit(1, "09-02 08:00", key_point=True)]
    scans = [scan("08-20 00:00"), scan("09-03 00:00"), scan("10-03 00:00", "车库")]

    gap = _read("patrol_max_gap", {"patrol_plan": visits, "patrol_scan": scans}, "2025-09").iloc[0]

    assert (gap["gap_minutes"], gap["gap_from_at"]) == (28 * 1440, at("09-03"))


def test_no_reading_of_security_names_a_person_when_it_is_declared():
    personal = {name for table in domains.TABLES.values() for name, column in table.columns.items() if column.personal}

    assert "guard" in personal
    for reading in domains.security.READINGS:
        assert not personal & set(reading.columns), reading.id


def test_rectification_is_unknown_when_the_export_tells_nothing_of_it():
    silent = hazard(1, "09-01 09:00", given="hazard_id,found_at")
    blank = hazard(2, "09-01 09:00", given="hazard_id,found_at,verified_at")

    assert _sums("hazard_rectification_rate", {"hazard": [silent, blank]}) == {("a", "2025-09"): (0, 1)}


def test_rectification_rises_when_the_cut_off_is_later():
    rows = {"hazard": [hazard(1, "09-01 09:00", rectified_at="09-02", verified_at="09-20", status="verified")]}

    assert _sums("hazard_rectification_rate", rows, at("09-10")) == {("a", "2025-09"): (0, 1)}
    assert _sums("hazard_rectification_rate", rows) == {("a", "2025-09"): (1, 1)}


def test_a_hazard_is_not_late_when_its_day_is_not_over():
    rows = {"hazard": [hazard(1, "09-01 09:00", due_at="09-10")]}

    assert _sums("hazard_on_time_rate", rows, at("09-10 18:00")) == {}
    assert _sums("hazard_on_time_rate", rows, at("09-11")) == {("a", "2025-09"): (0, 1)}


def test_overdue_hazards_are_those_of_the_month_end_when_they_were_mended_later():
    rows = {"hazard": [hazard(1, "08-01 09:00", due_at="08-10 09:00", rectified_at="09-15", verified_at="09-20")]}

    assert list(_read("hazard_overdue", rows, "2025-08")["days_over"]) == [21]
    assert _read("hazard_overdue", rows, "2025-09").empty
    assert _read("hazard_overdue", rows, "2025-07") is None


def test_hazards_per_round_leave_months_out_when_nobody_walked():
    rows = {
        "hazard": [hazard(1, "08-05", hazard_source="patrol"), hazard(2, "09-05", hazard_source="patrol")],
        "patrol_plan": [visit(1, "09-02 08:00", round_id="r1")],
        "patrol_scan": [scan("09-02 08:00")],
    }

    assert _sums("patrol_hazards_per_100_rounds", rows) == {("a", "2025-09"): (1, 1)}
    assert _figure("patrol_hazards_per_100_rounds", rows, "2025Q3")["num"] == 1


def test_hazards_per_round_have_no_value_when_there_is_no_hazard_register():
    rows = {"patrol_plan": [visit(1, "09-02 08:00", round_id="r1")], "patrol_scan": [scan("09-02 08:00")]}

    assert _figure("patrol_hazards_per_100_rounds", rows, "2025-09")["state"] == "no_data"


def test_incidents_are_nought_when_a_month_inside_the_register_is_quiet():
    rows = {"incident": [incident(1, "08-05 10:00"), incident(2, "10-05 10:00")]}

    assert _figure("incident_count_by_type", rows, "2025-09")[["value", "state"]].tolist() == [0, "ok"]
    assert _figure("incident_count_by_type", rows, "2025-07")["state"] == "no_data"


def test_a_review_is_empty_when_a_month_inside_the_register_is_quiet():
    rows = {"incident": [incident(1, "08-05 10:00"), incident(2, "10-05 10:00")]}

    assert _read("emergency_review", rows, "2025-09").empty
    assert _read("emergency_review", rows, "2025-07") is None
    assert _read("emergency_review", rows, "2025-11") is None


def test_the_incident_rate_leaves_the_running_month_out_of_both_halves():
    homes = [{"community": "a", "household": "h1", "occupancy": "occupied"}]
    rows = {"incident": [incident(1, "09-05 10:00"), incident(2, "10-05 10:00")], "household": homes}

    assert _sums("incident_rate", rows, at("10-20")) == {("a", "2025-09"): (1, 1)}


def test_an_arrival_is_not_late_when_its_export_has_no_such_column():
    silent = incident(1, "09-01 10:00", given="incident_id,reported_at")
    blank = incident(2, "09-01 10:00", given="incident_id,reported_at,arrived_at")

    assert _sums("incident_response_on_time_rate", {"incident": [silent, blank]}) == {("a", "2025-09"): (0, 1)}
