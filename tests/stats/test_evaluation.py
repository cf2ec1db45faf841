import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate
from scipy import stats as sp

from propkit.stats import (
    did_placebo,
    difference_in_differences,
    interrupted_time_series,
    lag1_autocorrelation,
    proportion_diff,
    regression_to_mean,
)

steady = settings(derandomize=True, max_examples=40, deadline=None)
SERIES = [70, 72, 71, 73, 70, 72, 71, 72, 71, 73, 78, 79, 77, 80, 78, 79]


def test_its_when_exactly_linear_parts_then_found():
    time = np.arange(20)
    truth = 50 + 0.5 * time + (time >= 12) * (6 - 1.5 * (time - 12))
    noise = np.where(time % 2, 0.1, -0.1)
    result = interrupted_time_series(truth + noise, 12).set_index("term")["estimate"]
    assert result.to_dict() == pytest.approx(
        {"intercept": 50, "trend": 0.5, "level_change": 6, "slope_change": -1.5}, abs=0.15
    )


def test_its_when_ar1_is_whitened_by_hand():
    rho, y, time = 0.3, np.array(SERIES, float), np.arange(16)
    after = (time >= 10) * 1.0
    X = np.column_stack([np.ones(16), time, after, (time - 10) * after])

    def whiten(rows):
        return np.concatenate([rows[:1] * (1 - rho**2) ** 0.5, rows[1:] - rho * rows[:-1]])

    Xw, yw = whiten(X), whiten(y)
    beta = np.linalg.solve(Xw.T @ Xw, Xw.T @ yw)
    residuals = yw - Xw @ beta
    se = np.sqrt(np.diag(np.linalg.inv(Xw.T @ Xw)) * (residuals @ residuals) / 12)
    result = interrupted_time_series(SERIES, 10, se="ar1")
    np.testing.assert_allclose(result["estimate"], beta)
    np.testing.assert_allclose(result["se"], se)
    assert (result["df"] == 12).all()
    np.testing.assert_allclose(
        interrupted_time_series(SERIES, 10, se="ar1", rho=0)["se"], interrupted_time_series(SERIES, 10)["se"]
    )


def test_its_when_slope_is_left_out_then_three_terms():
    assert interrupted_time_series(SERIES, 10, slope=False)["term"].tolist() == ["intercept", "trend", "level_change"]


def test_its_when_a_month_is_missing_then_time_keeps_running():
    gap = [*SERIES[:4], None, *SERIES[5:]]
    weights = np.ones(16)
    light = weights.copy()
    light[4] = 1e-12
    near, exact = interrupted_time_series(SERIES, 10, weights=light), interrupted_time_series(gap, 10)
    np.testing.assert_allclose(near["estimate"], exact["estimate"], rtol=1e-6)
    assert exact["df"].iloc[0] == 11


@pytest.mark.parametrize(("series", "start"), [(SERIES, 7), (SERIES, 13), ([None] * 16, 10)])
def test_its_when_too_short_then_no_model(series, start):
    result = interrupted_time_series(series, start)
    assert result["status"].eq("insufficient_data").all()
    assert result[["estimate", "low", "high", "p_value"]].isna().all(axis=None)


@pytest.mark.parametrize("value", [0.1, 95.3])
def test_its_when_constant_then_no_p_value_from_rounding(value):
    assert interrupted_time_series([value] * 18, 12)["status"].eq("no_variation").all()


def test_its_when_input_is_wrong():
    for arguments, message in (({"se": "gee"}, "se is 'gee'"), ({"rho": 1}, "rho"), ({"weights": [0] * 16}, "weights")):
        with pytest.raises(ValueError, match=message):
            interrupted_time_series(SERIES, 10, **arguments)


def test_lag1_autocorrelation_when_computed_by_hand():
    assert lag1_autocorrelation([1, 2, 3, 4, 5])["r1"] == pytest.approx(0.4)
    assert lag1_autocorrelation([1, -1, 1, -1])["r1"] == pytest.approx(-0.75)
    assert np.isnan(lag1_autocorrelation([2, 2, 2])["r1"])


def test_did_when_recomputed_slowly():
    treated, control = proportion_diff(60, 100, 75, 100), proportion_diff(70, 120, 74, 120)
    result = difference_in_differences((60, 100), (75, 100), (70, 120), (74, 120))
    d = treated["difference"] - control["difference"]
    low = d - ((treated["difference"] - treated["low"]) ** 2 + (control["high"] - control["difference"]) ** 2) ** 0.5
    high = d + ((treated["high"] - treated["difference"]) ** 2 + (control["difference"] - control["low"]) ** 2) ** 0.5
    assert (result["did"], result["low"], result["high"]) == pytest.approx((d, low, high))
    assert difference_in_differences((0, 0), (5, 9), (5, 9), (5, 9))["status"] == "no_data"


@steady
@given(st.lists(st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=4, max_size=4))
def test_did_when_communities_are_swapped_then_negated(pairs):
    one, other = difference_in_differences(*pairs), difference_in_differences(*pairs[2:], *pairs[:2])
    assert one["low"] <= one["did"] <= one["high"]
    assert one["low"] == pytest.approx(-other["high"], abs=1e-12)


def test_did_placebo_when_recomputed_slowly():
    values = pd.DataFrame(np.random.default_rng(1).normal(80, 3, (9, 8)), index=list("abcdefghi"))
    values.loc["c", 5:] += 20
    change = values.loc[:, 5:].mean(axis=1) - values.loc[:, :4].mean(axis=1)
    effects = {row: change[row] - change.drop(row).mean() for row in values.index}
    result = did_placebo(values, "c", 5)
    assert result["did"] == pytest.approx(effects.pop("c"))
    assert result["placebo"].to_dict() == pytest.approx(effects)
    assert (result["p_value"], result["min_p"], result["rank"], result["n"]) == (1 / 9, 1 / 9, 1, 9)
    # The treated community "c" moved most, so it counts besides those listed in effects.
    larger = 1 + sum(abs(effect) >= abs(effects["a"]) for effect in effects.values())
    assert did_placebo(values, "a", 5)["p_value"] == pytest.approx(larger / 9)


def test_did_placebo_when_data_are_missing_or_wrong():
    values = [[1, 2, 3], [1, np.nan, 3], [2, 2, 2]]
    assert did_placebo(values, 0, 1)["n"] == 2
    assert np.isnan(did_placebo(values, 1, 1)["did"])
    for treated, start, message in ((7, 1, "no row 7"), (0, 3, "start is 3"), (0, 0, "start is 0")):
        with pytest.raises(ValueError, match=message):
            did_placebo(values, treated, start)


@pytest.mark.parametrize("side", ["below", "above"])
def test_regression_to_mean_when_integrated_numerically(side):
    mean, between, within, cutoff = 0.80, 0.04, 0.0566, 0.76
    total = (between**2 + within**2) ** 0.5
    bounds = (mean - 9 * total, cutoff) if side == "below" else (cutoff, mean + 9 * total)
    # Of an observed y the true level is mean + (between/total)^2 (y - mean): the rest comes back.
    density = sp.norm(mean, total).pdf
    chosen = integrate.quad(density, *bounds)[0]
    back = integrate.quad(lambda y: (within / total) ** 2 * (mean - y) * density(y), *bounds)[0]
    result = regression_to_mean(mean, between, within, cutoff, side)["expected_rebound"]
    assert result == pytest.approx(back / chosen * (1 if side == "below" else -1), rel=1e-6)


def test_regression_to_mean_when_there_is_no_noise_or_the_cutoff_is_far():
    assert regression_to_mean(0.8, 0.04, 0, 0.7)["expected_rebound"] == 0
    assert 0 < regression_to_mean(0.8, 0.01, 0.01, 0.1)["expected_rebound"] < 1
    with pytest.raises(ValueError, match="not both 0"):
        regression_to_mean(0.8, 0, 0, 0.7)
