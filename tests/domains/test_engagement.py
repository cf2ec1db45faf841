"""Community life: what must not be printed, one trap each."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from propkit import domains
from propkit.domains import engagement
from propkit.figures import figures
from propkit.model import Definitions
from propkit.periods import parse_period
from tests.domains.rooms.engagement import activity, home, notice, service, usage
from tests.examples import AS_OF, MONTH, at
from tests.worlds import Rows, World


def _figure(kpi_id: str, rows: Rows, period: str = MONTH, as_of: datetime = AS_OF) -> pd.Series:
    made = World(rows, as_of, Definitions(), (), {})
    found = figures(made.derived, made.cut, [domains.kpi(kpi_id)], [parse_period(period)], communities=["a"])
    return found.iloc[0]


def _rated(number: int, answers: int, scale: int = 5) -> dict:
    return activity(number, "09-06", feedback_n=answers, feedback_mean_milli=4_500, feedback_scale=scale)


def test_attendances_have_no_value_when_nobody_counted_them():
    rows = {"activity": [activity(1, "09-06"), activity(2, "09-13")]}

    assert _figure("activity_count", rows)["value"] == 2
    assert _figure("activity_participants", rows)["state"] == "no_data"


def test_a_month_without_activities_is_a_true_zero_when_the_export_speaks_of_it():
    rows = {"activity": [activity(1, "08-06"), activity(2, "10-13")]}

    assert _figure("activity_count", rows)["value"] == 0
    assert _figure("activity_participants", rows)["state"] == "no_data"


def test_feedback_has_no_value_when_scales_are_mixed():
    assert _figure("activity_feedback", {"activity": [_rated(1, 40), _rated(2, 40)]})["value"] == 4_500
    assert _figure("activity_feedback", {"activity": [_rated(1, 40), _rated(2, 40, 10)]})["state"] == "no_data"


def test_feedback_is_hidden_when_fewer_answered_than_may_be_shown():
    assert _figure("activity_feedback", {"activity": [_rated(1, 4), _rated(2, 5)]})["state"] == "suppressed"
    assert _figure("activity_feedback", {"activity": [_rated(1, 10)]})["n"] == 10


def test_services_of_guards_have_no_value_when_no_department_is_recorded():
    rows = {"service_extra": [service(1, "09-01", "parcel", 5), service(2, "09-30", "parcel", 5)]}

    assert _figure("convenience_services", rows)["value"] == 10
    assert _figure("guard_services", rows)["state"] == "no_data"


def test_an_outage_is_not_judged_when_it_has_not_begun():
    rows = {"notice": [notice(1, "09-01 09:00", "outage", about_start_at="09-20 09:00")]}

    assert _figure("outage_notice_ahead_rate", rows, as_of=at("09-20 08:59"))["state"] == "no_data"
    assert _figure("outage_notice_ahead_rate", rows, as_of=at("09-20 09:00"))["num"] == 1


def test_two_outages_stay_apart_when_they_begin_together():
    rows = {
        "notice": [
            notice(1, "09-01 09:00", "outage", outage_kind="water", about_start_at="09-20 09:00"),
            notice(2, "09-20 09:01", "outage", outage_kind="power", about_start_at="09-20 09:00"),
        ]
    }

    assert tuple(_figure("outage_notice_ahead_rate", rows)[["num", "den"]]) == (1, 2)


def test_users_are_not_added_when_a_home_may_use_two_tools():
    rows = {"household": [home(number) for number in range(10)],
            "digital_usage": [usage("09-01", "APP", 6), usage("09-01", "小程序", 5)]}  # fmt: skip

    assert tuple(_figure("digital_adoption_rate", rows)[["num", "den"]]) == (6, 10)


def test_adoption_has_no_value_when_the_month_is_not_over():
    rows = {"household": [home(1)], "digital_usage": [usage("09-01", "APP", 1)]}

    assert _figure("digital_adoption_rate", rows, as_of=datetime(2025, 9, 30, 23, 59, 58))["state"] == "no_data"
    assert _figure("digital_adoption_rate", rows, as_of=datetime(2025, 9, 30, 23, 59, 59))["value"] == 1


def test_adoption_has_no_value_when_nobody_knows_how_many_homes_there_are():
    assert _figure("digital_adoption_rate", {"digital_usage": [usage("09-01", "APP", 1)]})["state"] == "no_data"


def test_standards_are_unknown_before_the_register_begins_and_none_when_it_names_none():
    made = World({"notice": [notice(1, "08-02 09:00", "other")]}, AS_OF, Definitions(), (), {})
    read = engagement.service_standards_published

    assert read(made.derived, parse_period("2025-07"), made.cut) is None
    assert read(made.derived, parse_period("2025-09"), made.cut).empty
