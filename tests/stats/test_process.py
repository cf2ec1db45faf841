from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from propkit.stats import assurance, p_chart, spc_rules, u_chart, xmr

steady = settings(derandomize=True, max_examples=60, deadline=None)


def flags(values, center, lcl, ucl) -> dict[str, list[int]]:
    table = spc_rules(values, center, lcl, ucl)
    return {name: np.flatnonzero(table[name]).tolist() for name in table}


def test_xmr_when_computed_by_hand():
    # mean 11.5, moving ranges 2 1 2 1 1 (mean 1.4): 11.5 +- 2.66 x 1.4.
    result = xmr([10, 12, 11, 13, 12, 11])
    assert (result["lcl"], result["ucl"]) == pytest.approx((11.5 - 3.724, 11.5 + 3.724))
    assert result["status"] == "trial"
    assert xmr(np.arange(12))["status"] == "ok"


def test_xmr_when_outliers_are_screened():
    values = [10, 11, 10, 11, 10, 40, 10, 11, 10, 11, 10, 11]
    plain, screened = xmr(values), xmr(values, screen_outliers=True)
    assert screened["ucl"] - screened["center"] == pytest.approx(2.66)
    assert plain["ucl"] - plain["center"] == pytest.approx(2.66 * (9 + 60) / 11)


def test_xmr_when_baseline_then_first_points_only():
    values = [10, 12, 11, 13, 12, 11, 90, 95]
    assert xmr(values, baseline=6) == xmr(values[:6])
    with pytest.raises(ValueError, match="baseline is 1"):
        xmr(values, baseline=1)


def test_xmr_when_there_is_little_or_no_data():
    assert xmr([5])["status"] == xmr([])["status"] == xmr([np.nan, 5])["status"] == "insufficient_data"
    assert xmr([10, None, 12, 11]) == xmr([10, 12, 11])
    assert xmr([0.1] * 20, screen_outliers=True)["ucl"] == pytest.approx(0.1)


def test_spc_rules_when_outside():
    assert flags([0, 11, 0, -11, 10], 0, -10, 10)["outside"] == [1, 3]


def test_spc_rules_when_shift_as_in_nhs_plot_the_dots():
    # NHSRplotthedots test-ptd_calculate_point_type.R: six on a side are no shift, eight are, the ninth breaks it.
    assert flags([1] * 6 + [-1], 0, -100, 100)["shift"] == []
    assert flags([1] * 8 + [-1], 0, -100, 100)["shift"] == list(range(8))
    assert flags([1] * 3 + [0] + [1] * 4, 0, -100, 100)["shift"] == []


def test_spc_rules_when_trend_as_in_nhs_plot_the_dots():
    assert flags([1, 2, 3, 3, 4, 5, 6], 0, -100, 100)["trend"] == []
    assert flags([1, 2, 3, 4, 5, 6], 0, -100, 100)["trend"] == []
    assert flags([2, 1, 2, 3, 4, 5, 6, 7, 3], 0, -100, 100)["trend"] == list(range(1, 8))
    assert flags([2, 7, 6, 5, 4, 3, 2, 1, 3], 0, -100, 100)["trend"] == list(range(1, 8))


@pytest.mark.parametrize(
    ("close", "expected"),
    # NHSRplotthedots: only the close points of a pattern are flagged; two within three consecutive points.
    [
        ([1, 0, 1], [0, 2]),
        ([0, 1, 1], [1, 2]),
        ([0, 0, 1, 0, 1, 0, 0], [2, 4]),
        ([1, 0, 0, 1], []),
        ([1, 0, 0, 1, 1], [3, 4]),
    ],
)
def test_spc_rules_when_two_of_three_as_in_nhs_plot_the_dots(close, expected):
    values = [8 if near else 1 for near in close]
    assert flags(values, 0, -10, 10)["two_of_three"] == expected
    assert flags([-value for value in values], 0, -10, 10)["two_of_three"] == expected


def test_spc_rules_when_the_third_is_on_the_other_side_or_outside():
    assert flags([8, -1, 8], 0, -10, 10)["two_of_three"] == []
    assert flags([8, 11, 1], 0, -10, 10)["two_of_three"] == []
    assert flags([8, 11, 8], 0, -10, 10)["two_of_three"] == [0, 2]


def test_spc_rules_when_constant_then_silent():
    # The mean of twenty times 0.1 is not 0.1 in binary; a flat line must not become a shift.
    for value in (0.1, 0.7, 1 / 3, 98.6):
        limits = xmr([value] * 20)
        assert not spc_rules([value] * 20, limits["center"], limits["lcl"], limits["ucl"]).any(axis=None)


def test_spc_rules_when_months_are_missing_then_skipped():
    assert flags([1, None, 2, 3, 4, 5, 6, 7], 0, -100, 100)["trend"] == [0, 2, 3, 4, 5, 6, 7]
    assert not spc_rules([5, 6], np.nan, np.nan, np.nan).any(axis=None)
    assert spc_rules([], 0, 0, 0).empty


def rules_slowly(y, center, lcl, ucl) -> dict[str, list[bool]]:
    side = [(v > center) - (v < center) for v in y]
    outside = [v > ucl or v < lcl for v in y]
    close = [
        not o and (v > center + (ucl - center) * 2 / 3 or v < center - (center - lcl) * 2 / 3)
        for v, o in zip(y, outside, strict=True)
    ]
    result = {name: [False] * len(y) for name in ("shift", "trend", "two_of_three")}
    for i in range(len(y) - 6):
        window = range(i, i + 7)
        if abs(sum(side[j] for j in window)) == 7:
            result["shift"] = [f or j in window for j, f in enumerate(result["shift"])]
        steps = [(y[j + 1] > y[j]) - (y[j + 1] < y[j]) for j in range(i, i + 6)]
        if abs(sum(steps)) == 6:
            result["trend"] = [f or j in window for j, f in enumerate(result["trend"])]
    for i in range(len(y) - 2):
        window = range(i, i + 3)
        if abs(sum(side[j] for j in window)) == 3 and sum(close[j] for j in window) >= 2:
            result["two_of_three"] = [f or (j in window and close[j]) for j, f in enumerate(result["two_of_three"])]
    return {"outside": outside, **result}


@steady
@given(st.lists(st.integers(-12, 12), min_size=1, max_size=30))
def test_spc_rules_equal_a_slow_reading_of_the_rules(y):
    table = spc_rules(y, 0.5, -9, 10)
    for name, expected in rules_slowly(y, 0.5, -9, 10).items():
        assert table[name].tolist() == expected, name


@pytest.mark.parametrize(
    ("target", "improvement", "expected"),
    [
        (11, "increase", "consistent_fail"),
        (11, "decrease", "consistent_pass"),
        (-11, "increase", "consistent_pass"),
        (-11, "decrease", "consistent_fail"),
        (10, "increase", "inconsistent"),
        (np.nan, "increase", "no_data"),
    ],
)
def test_assurance_by_direction(target, improvement, expected):
    assert assurance(target, -10, 10, improvement)["assurance"] == expected


def test_p_chart_when_recomputed_slowly():
    counts, nobs = [45, 40, 48, 30], [50, 50, 60, 50]
    p = 163 / 210
    sigma = [(p * (1 - p) / n) ** 0.5 for n in nobs]
    z = [(x / n - p) / s for x, n, s in zip(counts, nobs, sigma, strict=True)]
    sigma_z = sum(abs(b - a) for a, b in pairwise(z)) / 3 / 1.128
    plain, laney = p_chart(counts, nobs), p_chart(counts, nobs, laney=True)
    assert plain["lcl"].tolist() == pytest.approx([p - 3 * s for s in sigma])
    assert plain["sigma_z"].tolist() == pytest.approx([sigma_z] * 4)
    assert laney["lcl"].tolist() == pytest.approx([max(0, p - 3 * s * sigma_z) for s in sigma])
    assert (plain["ucl"] <= 1).all()


def test_u_chart_when_recomputed_slowly():
    chart = u_chart([4, 9, 5], [1.2, 1.5, 1.0])
    u = 18 / 3.7
    assert chart["ucl"].tolist() == pytest.approx([u + 3 * (u / e) ** 0.5 for e in (1.2, 1.5, 1.0)])
    assert (chart["lcl"] >= 0).all()
    with pytest.raises(ValueError, match="exposure"):
        u_chart([1], [-1])


def test_charts_when_a_month_is_empty_then_missing():
    chart = p_chart(pd.Series([45, 0, 48], index=["jan", "feb", "mar"]), [50, 0, 60])
    assert chart.loc["feb", ["estimate", "center", "lcl", "ucl"]].isna().all()
    assert chart.loc["jan", "center"] == pytest.approx(93 / 110)
    assert p_chart([0, 0], [0, 0]).isna().all(axis=None)
    certain = p_chart([50, 60], [50, 60], laney=False)
    assert certain["lcl"].tolist() == certain["ucl"].tolist() == [1, 1]
