"""What the satisfaction room says of waves and of those who answered."""

from __future__ import annotations

import pandas as pd
import pytest

from propkit import domains
from propkit.domains import satisfaction
from propkit.model import Cut
from tests.examples import AS_OF, Row, answer
from tests.worlds import frames

TEN = {"scale_low": 0, "scale_high": 10, "satisfied_from": 8}


def _rows(*rows: Row, register: tuple[Row, ...] = ()) -> pd.DataFrame:
    given = {"survey_response": list(rows), "household": list(register)}
    return domains.derive(frames({name: made for name, made in given.items() if made}), Cut(pd.Timestamp(AS_OF)))[
        "survey_response"
    ]


def test_one_row_for_each_household_when_it_answered_twice_and_of_other_items() -> None:
    rows = _rows(
        answer(1, 2),
        answer(2, 5, household="h1", submitted_at="09-11 10:00"),  # the last one sent counts
        answer(3, 3),
        answer(4, None),  # don't know: outside the base
        answer(5, 5, item="cleaning"),
        answer(6, 4, household=None),
    )

    told = satisfaction.respondents(rows, "w1")

    assert sorted(told["satisfied"]) == [False, True, True]
    assert list(told.columns) == ["satisfied", "scale", "satisfied_from", "mode", *satisfaction.DIMENSIONS]


def test_segments_come_from_the_register_when_the_answer_does_not_say() -> None:
    home = {"community": "a", "household": "h1", "owner_type": "tenant", "zone": "east", "occupancy": "occupied"}

    told = satisfaction.respondents(_rows(answer(1, 5), answer(2, 5, zone="west"), register=(home,)), "w1")

    assert told["zone"].fillna("?").tolist() == ["east", "west"]
    assert told["owner_type"].fillna("?").tolist() == ["tenant", "?"]


def test_waves_come_in_order_when_only_some_have_overall_answers() -> None:
    rows = _rows(
        answer(1, 5, survey_id="b", submitted_at="09-02"),
        answer(2, 5, survey_id="a", submitted_at="03-02"),
        answer(3, 5, survey_id="c", submitted_at="09-05", item="cleaning"),
    )

    assert satisfaction.told(rows)["survey_id"].tolist() == ["a", "b"]


@pytest.mark.parametrize(
    ("before", "now", "said"),
    [
        ({"mode": "phone"}, {"mode": "phone"}, []),
        ({"mode": "phone"}, {"mode": "online"}, ["mode"]),
        ({"mode": "mixed"}, {"mode": "mixed"}, ["mode"]),
        ({}, {}, ["mode"]),
        ({"mode": "phone"}, {"mode": "phone", **TEN}, ["scale", "satisfied_from"]),
        ({"mode": "phone"}, {"mode": "phone", "satisfied_from": 3}, ["satisfied_from"]),
    ],
)
def test_waves_break_when_a_term_of_asking_differs_or_is_vague(before: Row, now: Row, said: list[str]) -> None:
    rows = _rows(answer(1, 5, survey_id="a", **before), answer(2, 5, survey_id="b", **now))

    assert satisfaction.breaks(*(satisfaction.respondents(rows, name) for name in "ab")) == said


def test_waves_break_when_each_mixes_the_same_two_modes() -> None:
    rows = _rows(*(answer(n, 5, survey_id=wave, mode=mode) for n, (wave, mode) in enumerate(
        [("a", "phone"), ("a", "door"), ("b", "phone"), ("b", "door")])))  # fmt: skip

    assert satisfaction.breaks(*(satisfaction.respondents(rows, name) for name in "ab")) == ["mode"]


def test_scales_are_listed_when_answers_were_given_on_two() -> None:
    assert satisfaction.scales(_rows(answer(1, 5), answer(2, 9, **TEN))) == ["0-10", "1-5"]


def test_vacant_households_are_no_part_of_the_population() -> None:
    register = pd.DataFrame(
        {"community": ["a"] * 3, "household": ["h1", "h2", "h3"], "occupancy": ["occupied", "vacant", None]}
    ).astype("str")

    assert satisfaction.occupied(register)["household"].tolist() == ["h1", "h3"]
