from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from propkit.stats import format_percent, percent_text, presentation_status, proportion_ci, round_exact, round_shares

steady = settings(derandomize=True, max_examples=80, deadline=None)


def test_round_exact_when_half_then_even():
    # statistics.md 9: 12.5 -> 12, 13.5 -> 14, 87.5 -> 88; and 2.675 is not the binary number below it.
    assert [round_exact(n, 2) for n in (25, 27, 175)] == [12, 14, 88]
    assert [str(round_exact(x, 1, 2)) for x in (2.675, "2.665", Decimal("0.125"))] == ["2.68", "2.66", "0.12"]
    assert str(round_exact(-5, 2, 0)) == "-2"
    assert str(round_exact(-1, 1000, 1)) == "0.0"
    assert str(round_exact(np.int64(1), np.int64(3), 40)) == "0." + "3" * 40


def test_round_exact_when_input_is_wrong():
    with pytest.raises(ValueError, match="denominator is 0"):
        round_exact(1, 0)
    with pytest.raises(ValueError, match="decimals is -1"):
        round_exact(1, 2, -1)


@steady
@given(st.fractions(-1000, 1000), st.integers(0, 6))
def test_round_exact_is_never_off_by_more_than_half(value, decimals):
    rounded = Fraction(round_exact(value, 1, decimals))
    assert abs(rounded - value) <= Fraction(1, 2 * 10**decimals)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 1, 1], [34, 33, 33]),
        ([1, 2, 3], [17, 33, 50]),
        # Ties of the remainder go to the larger value: 12.5, 37.5, 50.
        ([1, 3, 4], [12, 38, 50]),
        ([0, 5, 0], [0, 100, 0]),
    ],
)
def test_round_shares_by_largest_remainder(values, expected):
    assert round_shares(values)["rounded"].tolist() == expected


def test_round_shares_when_other_totals_decimals_or_missing():
    assert round_shares([1, 1, 1], total=10)["rounded"].tolist() == [4, 3, 3]
    assert round_shares([1, 1, 1], decimals=1)["rounded"].tolist() == [33.4, 33.3, 33.3]
    gap = round_shares(pd.Series([1, None, 1], index=list("abc")))
    assert gap["status"].tolist() == ["ok", "no_data", "ok"]
    assert gap.loc["c", "rounded"] == 50
    empty = round_shares([0, 0])
    assert empty["status"].tolist() == ["no_data"] * 2
    assert empty["rounded"].isna().all()
    with pytest.raises(ValueError, match="negative value"):
        round_shares([1, -1])


@steady
@given(st.lists(st.integers(0, 5000), min_size=1, max_size=12).filter(any), st.integers(0, 2))
def test_round_shares_add_up_and_stay_near(values, decimals):
    units = round_shares(values, decimals=decimals)["units"]
    scale = 100 * 10**decimals
    assert units.sum() == scale
    for unit, value in zip(units, values, strict=True):
        assert abs(unit - Fraction(value * scale, sum(values))) < 1


@pytest.mark.parametrize(
    ("count", "nobs", "decimals", "text"),
    [
        (1, 8, None, "12%"),
        (27, 200, None, "14%"),
        (7, 8, None, "88%"),
        (1, 3, 1, "33.3%"),
        (0, 300, None, "0%"),
        (300, 300, None, "100%"),
        (1, 300, None, "<1%"),
        (299, 300, None, ">99%"),
        (1, 3000, None, "<0.1%"),
        (2999, 3000, None, ">99.9%"),
        (500, 1000, None, "50.0%"),
        (0, 0, None, "—"),
        (None, 5, None, "—"),
    ],
)
def test_format_percent_never_lies(count, nobs, decimals, text):
    assert format_percent(count, nobs, decimals)["text"] == text


@steady
@given(st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.integers(0, 2))
def test_format_percent_shows_0_and_100_only_when_true(pair, decimals):
    x, n = pair
    text = percent_text(x, n, decimals)
    assert (Decimal(text.strip("<>%")) == 0 and "<" not in text) == (x == 0)
    assert (Decimal(text.strip("<>%")) == 100 and ">" not in text) == (x == n)


@steady
@given(st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.integers(1, 99))
def test_format_percent_with_target_never_turns_a_miss_into_a_hit(pair, goal):
    text = percent_text(*pair, 0, target=goal / 100)
    if text[0] not in "<>":
        shown, exact = Decimal(text.rstrip("%")), Fraction(100 * pair[0], pair[1])
        assert (shown >= goal) == (exact >= goal)
        assert (shown <= goal) == (exact <= goal)


def test_format_percent_when_many_rows():
    assert format_percent([1, 2], [3, 4])["text"].tolist() == ["33%", "50%"]
    with pytest.raises(ValueError, match="at most nobs"):
        format_percent(3, 2)


@pytest.mark.parametrize(
    ("count", "nobs", "survey", "status"),
    [
        (0, 0, True, "no_data"),
        (9, 9, True, "suppressed"),
        (9, 9, False, "unreliable"),
        (10, 10, True, "unreliable"),
        (29, 29, False, "unreliable"),
        (30, 30, False, "ok"),
        (0, 30, False, "ok"),
        # Half of 40: exact interval 0.338 to 0.662, wider than 0.30; of 60: 0.368 to 0.632.
        (20, 40, False, "unreliable"),
        (30, 60, False, "ok"),
        # 2 of 40 is 5 % with a width of 0.16, more than 1.30 times the estimate.
        (2, 40, False, "unreliable"),
    ],
)
def test_presentation_status_at_the_thresholds(count, nobs, survey, status):
    assert presentation_status(count, nobs, survey)["status"] == status


def test_presentation_status_gives_widths_and_extremes():
    table, interval = presentation_status([0, 30, 45, None], [30, 30, 60, 60]), proportion_ci(45, 60)
    assert table["extreme"].tolist() == [True, True, False, False]
    assert np.isnan(table["relative_ci_width"][0])
    width = interval["high"] - interval["low"]
    assert table.loc[2, ["ci_width", "relative_ci_width"]].tolist() == pytest.approx([width, width / 0.75])
    assert presentation_status([5, 5], [8, 8], [True, False])["status"].tolist() == ["suppressed", "unreliable"]
