"""Traps of complaints: chains of repeats, promises, channels, causes that nobody coded."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd
import pytest

from propkit import domains
from propkit.domains import complaints
from propkit.model import Cut, Definitions
from propkit.periods import parse_period
from tests.examples import AS_OF, Row, answer, at, complaint
from tests.worlds import frames

_NOISE = {"household": "h1", "type_l2": "noise"}


def _cut(as_of: datetime = AS_OF) -> Cut:
    return Cut(pd.Timestamp(as_of).as_unit("s"), Definitions())


def _derived(*rows: Row, as_of: datetime = AS_OF) -> pd.DataFrame:
    return complaints.derive(frames({"complaint": list(rows)})["complaint"], _cut(as_of))


def _read(name: str, *rows: Row, period: str = "2025-09") -> pd.DataFrame | None:
    others = {table: frames({table: []})[table] for table in ("work_order", "order_event", "feedback")}
    orders = domains.repairs.derive(others["work_order"], others["order_event"], _cut())
    tables = {"complaint": _derived(*rows), "work_order": orders, "feedback": others["feedback"]}
    return getattr(complaints, name)(tables, parse_period(period), _cut())


def test_a_household_is_heard_again_when_it_complains_every_day_for_a_week() -> None:
    start = at("09-01 08:00")
    rows = [complaint(n, "09-01", **_NOISE) | {"received_at": start + timedelta(days=n)} for n in range(8)]

    assert _derived(*rows)["counted"].tolist() == [True, False, False, False, True, False, False, False]


def test_a_repeat_absorbs_no_other_when_it_is_marked_so_itself() -> None:
    rows = (
        complaint(1, "08-01", **_NOISE),
        complaint(2, "09-01", duplicate_of="c1", **_NOISE),
        complaint(3, "09-02", **_NOISE),
    )

    assert _derived(*rows)["counted"].tolist() == [True, False, True]


def test_an_invalid_complaint_absorbs_none_when_the_next_is_sound() -> None:
    rows = (complaint(1, "09-01", valid=False, **_NOISE), complaint(2, "09-02", **_NOISE))

    assert _derived(*rows)["counted"].tolist() == [False, True]


def test_complaints_are_not_merged_when_nobody_knows_whose_they_are() -> None:
    rows = (complaint(1, "09-01", type_l2="noise"), complaint(2, "09-01 01:00", type_l2="noise"))

    assert _derived(*rows)["counted"].all()


def test_an_enquiry_is_promised_too_but_no_complaint_when_it_is_late() -> None:
    made = _derived(complaint(1, "09-01", kind="enquiry", promised_at="09-02", resolved_at="09-03"))

    assert made["promise_kept"].tolist() == [False] and made["on_time"].isna().all()


@pytest.mark.parametrize("department", ["秩序部", "安保部", "保安队", "Security", "秩序维护部"])
def test_a_request_is_for_the_guards_when_the_department_is_called_so(department: str) -> None:
    made = _derived(complaint(1, "09-01", promised_at="09-02", resolved_at="09-01 09:00", department=department))

    assert made["help_on_time"].tolist() == [True]


def test_a_day_is_not_judged_when_it_is_not_over() -> None:
    row = complaint(1, "09-30 09:00", status="open")

    assert _derived(row, as_of=datetime(2025, 9, 30, 20))[["on_the_spot", "committed"]].isna().all(axis=None)
    assert _derived(row)[["on_the_spot", "committed"]].iloc[0].tolist() == [False, False]


def test_a_promise_is_not_missing_when_the_export_has_no_such_column() -> None:
    row = complaint(1, "09-01", status="open", given="complaint_id,received_at,resolved_at,status")

    assert _derived(row)["committed"].isna().all()


def test_a_cause_is_not_uncoded_when_the_export_has_no_such_column() -> None:
    row = complaint(1, "09-01", resolved_at="09-02", given="complaint_id,received_at,resolved_at,status")

    made = _derived(row)

    assert made[["cause_told", "cause_coded"]].isna().all(axis=None)


def test_a_cause_is_not_known_when_the_case_was_still_open() -> None:
    made = domains.derive(
        frames({"complaint": [complaint(1, "09-01", resolved_at="10-05", root_cause="staff")]}),
        _cut(datetime(2025, 9, 30)),
    )["complaint"]

    assert made["root_cause"].isna().all()


def test_a_survey_is_one_input_of_a_household_when_it_answered_twice() -> None:
    rows = [answer(1, 5), answer(2, 3, household="h1", submitted_at="10-02 10:00"), answer(3, None)]
    made = domains.derive(frames({"survey_response": rows}), _cut())["owner_input"]

    assert made["input_channel"].tolist() == ["survey"] and made["at"].tolist() == [pd.Timestamp("2025-10-02 10:00")]
    assert made["heard"].isna().all() and made["inputs"].tolist() == [1]


def test_a_channel_is_not_unknown_when_the_export_has_no_such_column() -> None:
    row = complaint(1, "09-01", given="complaint_id,received_at")
    made = domains.derive(frames({"complaint": [row]}), _cut())["owner_input"]

    assert made[["heard", "inputs"]].isna().all(axis=None)


@pytest.mark.parametrize(
    "name", ["high_frequency_complaint_root_cause", "top_complaint_types", "feedback_classification", "pain_points"]
)
def test_a_reading_says_nothing_when_no_export_speaks_of_the_period(name: str) -> None:
    row = complaint(1, "09-01", type_l1="noise", household="h1")

    assert _read(name, row, period="2025-07") is None


@pytest.mark.parametrize("name", ["high_frequency_complaint_root_cause", "top_complaint_types", "pain_points"])
def test_a_reading_is_empty_when_nobody_complained(name: str) -> None:
    rows = (complaint(1, "08-01", type_l1="noise"), complaint(2, "10-01", type_l1="noise"))

    assert len(_read(name, *rows)) == 0


def test_the_period_before_is_blank_when_the_export_begins_in_this_one() -> None:
    found = _read("top_complaint_types", complaint(1, "09-01", type_l1="noise"))

    assert found["before"].isna().all()


def test_ties_for_the_fifth_place_are_listed_when_there_are_some() -> None:
    rows = [complaint(n, "09-01", type_l1=name) for n, name in enumerate("aabbccddefg")]

    found = _read("top_complaint_types", *rows)

    assert found["type_l1"].tolist() == list("abcdefg") and found["rank"].tolist() == [1, 1, 1, 1, 5, 5, 5]
