import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special
from scipy import stats as sp

from propkit.stats import (
    min_detectable_change,
    nobs_for_change,
    predict_count,
    proportion_ci,
    seasonal_naive,
    target_status,
)

steady = settings(derandomize=True, max_examples=60, deadline=None)


@pytest.mark.parametrize(
    ("count", "nobs", "direction", "status", "meets"),
    [
        (600, 600, ">=", "attained", True),
        (58, 60, ">=", "undecided", True),
        (56, 60, ">=", "undecided", False),
        (30, 60, ">=", "not_attained", False),
        (30, 60, "<=", "attained", True),
        (600, 600, "<=", "not_attained", False),
        (0, 0, ">=", "no_data", None),
    ],
)
def test_target_status_at_95_percent(count, nobs, direction, status, meets):
    result = target_status(count, nobs, 0.95, direction)
    assert (result["status"], result["point_meets"]) == (status, meets)


def test_target_status_when_target_is_exactly_met_then_on_the_written_decimal():
    # 0.07 and 7/100 differ in binary arithmetic such as 0.07 * 100; the fraction does not.
    counts = np.arange(101)
    for target in counts / 100:
        meets = target_status(counts, 100, target)["point_meets"]
        assert meets.tolist() == (counts >= round(target * 100)).tolist()
        assert (
            target_status(counts, 100, target, "<=")["point_meets"].tolist() == (counts <= round(target * 100)).tolist()
        )


def test_target_status_when_population_is_complete_then_a_fact():
    assert target_status(57, 60, 0.95, population=60)["status"] == "attained"
    assert target_status(56, 60, 0.95, population=60)["status"] == "not_attained"
    assert target_status([57, None], [60, 60], 0.95, population=[60, 60])["status"].tolist() == ["attained", "no_data"]


@steady
@given(st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.01, 0.99))
def test_target_status_follows_the_interval(pair, target):
    result, interval = target_status(*pair, target), proportion_ci(*pair)
    assert (result["status"] == "attained") == (interval["low"] >= target)
    assert (result["status"] == "not_attained") == (interval["high"] < target)
    if result["status"] == "attained":
        assert result["point_meets"]


def test_target_status_when_the_limit_touches_the_target_then_undecided():
    assert target_status(66, 80, 104 / 120, population=120)["status"] == "undecided"
    assert target_status(66, 80, 92 / 120, population=120)["status"] == "attained"
    assert target_status(66, 80, 92 / 120, "<=", population=120)["status"] == "undecided"


def test_target_status_when_input_is_wrong():
    with pytest.raises(ValueError, match=r"write 95 % as 0\.95"):
        target_status(1, 2, 95)
    with pytest.raises(ValueError, match="direction is '>'"):
        target_status(1, 2, 0.95, ">")


def test_nobs_for_change_when_in_the_r_manual():
    # R: ?power.prop.test: n = 50, .50, .75 => power = 0.740; .50, .75, power .90 => n = 76.7.
    assert nobs_for_change(0.50, 0.75, 0.90)["n_raw"] == pytest.approx(76.7, abs=0.05)
    assert nobs_for_change(0.50, 0.75, 0.90)["n"] == 77
    assert nobs_for_change(0.50, 0.75, 0.740)["n_raw"] == pytest.approx(50, abs=0.05)
    # And back: the normal power function of power.prop.test at the n found.
    n, p, q = nobs_for_change(0.15, 0.30, 0.85, alpha=0.01)["n_raw"], 0.15, 0.30
    reach = n**0.5 * (q - p) - sp.norm.isf(0.005) * ((p + q) * (1 - (p + q) / 2)) ** 0.5
    assert sp.norm.cdf(reach / (p * (1 - p) + q * (1 - q)) ** 0.5) == pytest.approx(0.85)
    assert nobs_for_change(0.8, 0.8)["n"] == np.inf
    assert np.isnan(nobs_for_change([0.8], [None])["n"][0])


def test_min_detectable_change_when_in_the_specification():
    # statistics.md 8, 80 % power from 0.80: 16, 13, 10, 7 points; n <= 30: none below 100 %.
    result = min_detectable_change([60, 100, 200, 400, 30, 0], 0.80)
    assert (result["change"][:4] * 100).round().tolist() == [16, 13, 10, 7]
    assert result["change"][4:].isna().all()
    back = nobs_for_change(0.80, result["p_b"][:4])["n_raw"]
    assert back.tolist() == pytest.approx([60, 100, 200, 400])


def test_min_detectable_change_when_decreasing():
    down, up = min_detectable_change(100, 0.8, improvement="decrease"), min_detectable_change(100, 0.2)
    assert down["change"] == pytest.approx(-up["change"])
    assert min_detectable_change(100, 0.8, power=0.9)["change"] > min_detectable_change(100, 0.8)["change"]


@pytest.mark.parametrize(("count", "nobs", "size"), [(54, 60, 60), (0, 5, 40), (1, 3, 50)])
def test_predict_count_when_recomputed_slowly(count, nobs, size):
    a, b = count + 0.5, nobs - count + 0.5
    k = np.arange(size + 1)
    cdf = np.cumsum(special.binom(size, k) * special.beta(k + a, size - k + b) / special.beta(a, b))
    result = predict_count(count, nobs, size)
    assert (result["low"], result["high"]) == (np.argmax(cdf >= 0.025), np.argmax(cdf >= 0.975))
    assert result["mean"] == pytest.approx(size * a / (a + b))


def test_predict_count_when_there_is_no_base():
    assert predict_count([0, 5, 5], [0, 9, 9], [10, 0, 10])["status"].tolist() == ["no_data", "no_data", "ok"]


def test_seasonal_naive_when_recomputed_slowly():
    values = list(np.random.default_rng(8).normal(50, 5, 30))
    sigma = np.mean([(values[t] - values[t - 12]) ** 2 for t in range(12, 30)]) ** 0.5
    result = seasonal_naive(values, 12, 14)
    assert result["mean"].tolist() == [*values[18:], *values[18:20]]
    reach = (result["high"] - result["mean"]).to_numpy() / sigma / sp.norm.ppf(0.975)
    assert reach.tolist() == pytest.approx([1] * 12 + [2**0.5] * 2)


def test_seasonal_naive_when_under_a_year_then_missing():
    assert seasonal_naive([1.0] * 12).loc[0, ["mean", "low", "high"]].isna().all()
    assert seasonal_naive([1, None, 3, 4], period=2)["mean"].tolist() == [3]
    with pytest.raises(ValueError, match="horizon 0"):
        seasonal_naive([1], horizon=0)
