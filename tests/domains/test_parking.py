"""Parking where figures are easily wrong: stays without an end, plates read twice, days and kinds that nobody knows."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest

from propkit import domains
from propkit.counts import tally
from propkit.figures import figures
from propkit.model import Definitions
from propkit.periods import parse_period
from tests.domains.rooms.parking import passed, space, violation
from tests.domains.rooms.security import incident
from tests.examples import AS_OF, Row, at
from tests.worlds import World

ONE = [space(1)]


def _world(rows: dict[str, list[Row]], as_of: datetime = AS_OF) -> World:
    return World(rows, as_of, Definitions(), (), {})


def _parked(kpi_id: str, spaces: list[Row], passes: list[Row], as_of: datetime = AS_OF) -> tuple[int, int] | None:
    tables = _world({"parking_space": spaces, "vehicle_pass": passes}, as_of).derived
    counts = tally(tables, [domains.KPIS[kpi_id]], ["month"])
    found = {row.month: (row.num, row.den) for row in counts.itertuples()}
    return found.get("2025-09")


def _stays(passes: list[Row], as_of: datetime = AS_OF) -> list[tuple[datetime, datetime]]:
    stays = _world({"vehicle_pass": passes}, as_of).derived["parking_stay"]
    return list(stays[["start_at", "end_at"]].itertuples(index=False, name=None))


def test_a_stay_is_whole_when_its_exit_comes_after_three_days():
    passes = [passed("A", "in", "09-01 08:00"), passed("A", "out", "09-11 08:00")]

    assert _stays(passes) == [(at("09-01 08:00"), at("09-11 08:00"))]
    assert _parked("parking_unpaired_rate", ONE, passes) == (0, 2)


def test_a_stay_ends_after_72_hours_and_is_flagged_when_it_has_no_exit():
    passes = [passed("A", "in", "09-01 08:00"), passed("B", "in", "09-10 08:00")]

    assert (at("09-01 08:00"), at("09-04 08:00")) in _stays(passes)
    assert _parked("parking_unpaired_rate", ONE, passes) == (1, 1)


def test_a_vehicle_is_still_inside_when_the_log_ends_within_72_hours():
    passes = [passed("A", "in", "09-01 08:00"), passed("B", "in", "09-01 08:00"), passed("B", "out", "09-02 12:00")]

    assert (at("09-01 08:00"), at("09-03")) in _stays(passes)
    assert _parked("parking_unpaired_rate", ONE, passes) == (0, 2)


def test_an_exit_alone_starts_with_the_log_or_72_hours_before():
    early = [passed("A", "out", "09-02 08:00"), passed("B", "out", "09-01 12:00")]
    late = [passed("A", "out", "09-09 08:00"), passed("B", "out", "09-01 12:00")]

    assert _stays(early)[1] == (at("09-01"), at("09-02 08:00"))
    assert _stays(late)[1] == (at("09-06 08:00"), at("09-09 08:00"))
    assert _parked("parking_unpaired_rate", ONE, late) == (1, 1)


@pytest.mark.parametrize(("again", "entries"), [("09-01 08:05", 1), ("09-01 08:06", 2)])
def test_a_plate_is_one_pass_when_it_is_read_again_within_five_minutes(again: str, entries: int):
    passes = [passed("A", "in", "09-01 08:00"), passed("A", "in", again), passed("A", "out", "09-01 20:00")]

    assert _parked("parking_turnover_fixed", ONE, passes) == (entries, 1)


def test_turnover_is_not_told_for_a_day_when_a_vehicle_is_of_unknown_kind():
    passes = [
        passed("A", "in", "09-01 08:00"),
        passed("A", "out", "09-01 20:00"),
        passed("B", "in", "09-02 08:00", None),
        passed("B", "out", "09-02 09:00", None),
    ]

    assert _parked("parking_turnover_fixed", ONE, passes) == (1, 1)
    assert _parked("parking_utilisation", ONE, passes) == (720 + 60, 2 * 1440)


def test_use_is_split_by_kind_of_space_when_all_kinds_are_known():
    spaces = [space(1), space(2, "temporary"), space(3, "public")]
    passes = [
        passed("A", "in", "09-01 08:00"),
        passed("A", "out", "09-01 20:00"),
        passed("B", "in", "09-01 08:00", "temporary"),
        passed("B", "out", "09-01 09:00", "temporary"),
    ]
    tables = _world({"parking_space": spaces, "vehicle_pass": passes}).derived

    split = tally(tables, [domains.KPIS["parking_utilisation"]], ["parking_use"]).set_index("parking_use")

    assert split[["num", "den"]].to_dict("index") == {
        "fixed": {"num": 720, "den": 1440},
        "open": {"num": 60, "den": 2880},
    }


def test_a_space_counts_when_it_is_open():
    passes = [passed("A", "in", "09-01 08:00"), passed("A", "out", "09-02 08:00")]

    assert _parked("parking_utilisation", [space(1), space(2, opened_on="09-02")], passes) == (1440, 3 * 1440)


def test_a_day_is_left_out_when_it_is_not_over():
    passes = [passed("A", "in", "09-01 08:00"), passed("A", "out", "09-02 08:00")]

    assert _parked("parking_utilisation", ONE, passes, at("09-02 12:00")) == (960, 1440)


def test_use_has_no_value_when_nobody_knows_the_spaces():
    passes = [passed("A", "in", "09-01 08:00"), passed("A", "out", "09-02 08:00")]

    assert _parked("parking_utilisation", [], passes) is None
    assert _parked("parking_utilisation", ONE, []) is None


def test_a_month_between_two_exports_is_left_out():
    passes = [
        passed("A", "in", "08-30 08:00", file="august"),
        passed("B", "out", "10-02 08:00", file="october"),
    ]

    assert _parked("parking_utilisation", ONE, passes) is None


def test_the_peak_says_nothing_when_the_log_does_not_speak_of_the_month():
    made = _world({"parking_space": ONE, "vehicle_pass": [passed("A", "in", "09-01 08:00")]})

    assert domains.read("parking_peak", made.derived, parse_period("2025-08"), made.cut) is None


def test_rules_broken_come_from_two_registers_when_both_are_there():
    rows = {
        "parking_violation": [violation(1, "09-01 10:00")],
        "incident": [incident(1, "09-02 10:00", incident_kind="illegal_building")],
    }
    made = _world(rows)
    kpi = domains.KPIS["rule_violation_counts"]

    split = figures(made.derived, made.cut, [kpi], [parse_period("2025-09")], communities=["a"], by=["rule_kind"])

    assert dict(zip(split["segment"], split["num"], strict=True)) == {"parking": 1, "illegal_building": 1}


def test_a_violation_is_not_unhandled_when_its_export_has_no_such_column():
    silent = violation(1, "09-01 10:00", given="violation_id,at")
    blank = violation(2, "09-01 10:00", given="violation_id,at,handled_at")
    tables = _world({"parking_violation": [silent, blank]}).derived

    counts = tally(tables, [domains.KPIS["parking_violations"]], ["month"])

    assert counts[["num", "den"]].to_numpy().tolist() == [[0, 1]]


def test_plates_are_nowhere_but_in_the_log_when_tables_are_derived():
    tables = _world({"parking_space": ONE, "vehicle_pass": [passed("A", "in", "09-01 08:00")]}).derived

    assert "plate" not in tables["parking_stay"] and "plate" not in tables["parking_day"]
    assert isinstance(tables["vehicle_pass"], pd.DataFrame) and "plate" in tables["vehicle_pass"]
