"""Staff: who counts and who does not, one trap each."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from propkit import domains
from propkit.domains import people
from propkit.figures import figures
from propkit.model import Definitions
from propkit.periods import parse_period
from tests.domains.rooms.people import course, event, member, posts
from tests.examples import AS_OF, MONTH
from tests.worlds import Rows, World

# Somebody left in July, so the roster tells of August and later; four were there all the time.
_FIRST = member(0, "秩序部", "2024-01-01", "2025-07-31")
_STAYED = [member(number, "秩序部", "2024-01-01") for number in range(1, 5)]


def _made(rows: Rows, as_of: datetime = AS_OF) -> World:
    return World(rows, as_of, Definitions(), (), {})


def _figure(kpi_id: str, rows: Rows, period: str = MONTH, as_of: datetime = AS_OF) -> pd.Series:
    made = _made(rows, as_of)
    found = figures(made.derived, made.cut, [domains.kpi(kpi_id)], [parse_period(period)], communities=["a"])
    return found.iloc[0]


def _turnover(*staff: dict, period: str = MONTH) -> tuple:
    return tuple(_figure("staff_turnover_rate", {"staff": [_FIRST, *_STAYED, *staff]}, period)[["num", "den"]])


def test_turnover_is_zero_when_nobody_left():
    assert _turnover() == (0, 8)


def test_a_transfer_is_no_leaver_when_it_leaves_the_community():
    assert _turnover(member(9, "秩序部", "2024-01-01", "2025-09-09", leave_reason="transfer")) == (0, 9)


def test_a_leaver_counts_when_no_reason_is_known():
    assert _turnover(member(9, "秩序部", "2024-01-01", "2025-09-09")) == (2, 9)


def test_outsourced_staff_are_left_out_when_turnover_is_counted():
    assert _turnover(member(9, "秩序部", "2024-01-01", "2025-09-09", outsourced=True)) == (0, 8)


def test_a_short_stay_counts_as_leaving_when_it_is_at_neither_end():
    assert _turnover(member(9, "秩序部", "2025-09-05", "2025-09-09")) == (2, 8)


def test_somebody_counts_at_the_start_when_the_first_is_the_last_day():
    assert _turnover(member(9, "秩序部", "2024-01-01", "2025-09-01")) == (2, 9)
    assert _turnover(member(9, "秩序部", "2024-01-01", "2025-10-01")) == (0, 10)


def test_turnover_is_the_monthly_average_when_months_are_added():
    gone = member(9, "秩序部", "2024-01-01", "2025-09-09")

    assert _turnover(gone, period="2025-08..2025-09") == (2, 10 + 9)


def test_the_month_of_the_first_leaving_has_no_value_when_earlier_leavers_are_not_on_record():
    rows = {"staff": [_FIRST, *_STAYED]}

    assert _figure("staff_turnover_rate", rows, "2025-07")["state"] == "no_data"
    assert _figure("staff_turnover_rate", rows, "2025-08")["value"] == 0


def test_the_roster_tells_of_the_last_hiring_and_later_when_nobody_has_left():
    rows = {"staff": [*_STAYED, member(9, "客服部", "2025-08-20")]}

    assert _figure("staff_stability_rate", rows, "2025-07")["state"] == "no_data"
    assert tuple(_figure("staff_stability_rate", rows, "2025-08")[["num", "den"]]) == (4, 4)


def test_turnover_has_no_value_when_the_roster_has_no_dates_of_leaving():
    known = "staff_id,department,hired_on"
    rows = {"staff": [row | {"given": known, "left_on": None} for row in (_FIRST, *_STAYED)]}

    assert _figure("staff_turnover_rate", rows)["state"] == "no_data"


def test_a_month_has_no_value_when_it_is_not_over():
    rows = {"staff": [_FIRST, *_STAYED]}

    assert _figure("staff_turnover_rate", rows, as_of=datetime(2025, 9, 30, 12))["state"] == "no_data"


def test_staffing_has_no_value_when_no_posts_are_in_force():
    rows = {"staff": [_FIRST, *_STAYED], "staff_quota": [posts("秩序部", "秩序员", "2025-10-01", 5)]}

    assert _figure("security_staffing", rows)["state"] == "no_data"
    assert _figure("security_staffing", rows, "2025-10")["value"] == 0.8


def test_a_balance_has_no_value_when_several_months_are_asked_for():
    rows = {"staff": [_FIRST, *_STAYED], "staff_quota": [posts("秩序部", "秩序员", "2025-01-01", 5)]}

    assert _figure("security_staffing", rows, "2025Q3")["state"] == "no_data"


def test_hours_per_head_have_no_value_when_a_session_does_not_tell_who_came():
    staff = [_FIRST, *_STAYED]
    told = course(1, "2025-09-03", department="秩序部", hours_milli=2_000, attended=2)
    blank = course(2, "2025-09-04", department="秩序部", hours_milli=2_000)

    assert _figure("training_by_post", {"staff": staff, "training": [told]})["value"] == 8_000 / 8
    assert _figure("training_by_post", {"staff": staff, "training": [told, blank]})["state"] == "no_data"


def test_promotions_are_zero_inside_the_record_and_unknown_outside_it():
    rows = {"staff": [_FIRST, *_STAYED]}
    rows["staff_event"] = [event(1, "2025-08-01", "recognition"), event(2, "2025-09-01", "recognition")]

    assert _figure("talent_development", rows)["value"] == 0
    assert _figure("talent_development", rows, "2025-10")["state"] == "no_data"


def test_somebody_who_came_back_counts_in_the_stay_of_the_time():
    back = [member(9, "客服部", "2024-01-01", "2025-07-15"), member(9, "秩序部", "2025-09-15")]

    assert _turnover(*back) == (0, 9)


def test_a_reading_says_nothing_when_the_roster_does_not_reach_back():
    made = _made({"staff": [_FIRST, *_STAYED]})

    for read in (people.team_structure, people.staff_review, people.team_cohesion):
        assert read(made.derived, parse_period("2025-06"), made.cut) is None
        assert read(made.derived, parse_period("2025-09"), made.cut) is not None
        assert read(made.derived, parse_period("2026-01"), made.cut) is None


def test_nobody_is_named_when_a_reading_is_shown():
    personal = {name for table in people.TABLES for name, column in table.columns.items() if column.personal}

    assert personal == {"staff_id"}
    assert all(personal.isdisjoint(reading.columns) for reading in people.READINGS)
