import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as sp

from propkit.stats import rate_ci, rate_ratio, ratio_ci

steady = settings(derandomize=True, max_examples=50, deadline=None)


# Garwood 1936, Biometrika 28:437 (the table of exact Poisson limits in every textbook).
@pytest.mark.parametrize(
    ("count", "limits"),
    [(0, (0, 3.689)), (1, (0.0253, 5.572)), (3, (0.6187, 8.767)), (10, (4.795, 18.39)), (50, (37.11, 65.92))],
)
def test_rate_ci_when_in_the_table_of_garwood(count, limits):
    result = rate_ci(count, 1000)
    assert (result["low"], result["high"]) == pytest.approx(limits, rel=1e-3)


def test_rate_ci_when_byar_recomputed():
    # PHEindicatormethods byars_lower / byars_upper, written out.
    x, z = 30, sp.norm.ppf(0.975)
    result = rate_ci(x, 2.0, per=1, method="byar")
    low = x * (1 - 1 / (9 * x) - z / (3 * x**0.5)) ** 3
    high = (x + 1) * (1 - 1 / (9 * (x + 1)) + z / (3 * (x + 1) ** 0.5)) ** 3
    assert (result["low"], result["high"]) == pytest.approx((low / 2, high / 2))
    assert rate_ci(0, 2.0, method="byar")["low"] == 0


def test_rate_ci_when_there_is_no_exposure():
    result = rate_ci([5, None, 2], [0, 10, None])
    assert result["status"].tolist() == ["no_data"] * 3
    assert result[["estimate", "low", "high"]].isna().all(axis=None)
    with pytest.raises(ValueError, match="exposure at position 0 is -1"):
        rate_ci(5, -1)


def test_rate_ratio_when_in_the_r_manual():
    # R: poisson.test(c(11, 6+8+7), c(800, 1083+1050+878)): 1.971488, 0.8584264 to 4.2772659, p-value = 0.07967.
    result = rate_ratio(21, 3011, 11, 800)
    assert result["ratio"] == pytest.approx(1.971488, abs=5e-7)
    assert (result["low"], result["high"]) == pytest.approx((0.8584264, 4.2772659), abs=5e-7)
    assert result["p_value"] == pytest.approx(0.07967, abs=5e-6)


def test_rate_ratio_when_in_the_stata_manual():
    # Stata [R] ir, breast cancer and fluoroscopy: 1.855759, exact 1.005684 to 3.609327.
    result = rate_ratio(15, 19017, 41, 28010)
    assert (result["ratio"], result["low"], result["high"]) == pytest.approx((1.855759, 1.005684, 3.609327), rel=1e-5)


def test_rate_ratio_when_one_side_or_both_are_zero():
    only_b = rate_ratio(0, 10, 5, 10)
    assert (only_b["ratio"], only_b["high"]) == (np.inf, np.inf)
    assert 0 < only_b["low"] < np.inf
    assert rate_ratio(5, 10, 0, 10)["ratio"] == rate_ratio(5, 10, 0, 10)["low"] == 0
    nothing = rate_ratio([0, 1], [10, 0], [0, 1], [10, 10])
    assert nothing["status"].tolist() == ["no_data", "no_data"]
    assert nothing[["ratio", "low", "high", "p_value"]].isna().all(axis=None)


@steady
@given(st.integers(0, 60), st.integers(1, 60), st.floats(0.5, 50), st.floats(0.5, 50))
def test_rates_keep_their_invariants(x_a, x_b, e_a, e_b):
    rate = rate_ci(x_b, e_b)
    assert rate["low"] <= rate["estimate"] <= rate["high"]
    one, other = rate_ratio(x_a, e_a, x_b, e_b), rate_ratio(x_b, e_b, x_a, e_a)
    assert one["low"] <= one["ratio"] <= one["high"]
    assert one["p_value"] == pytest.approx(other["p_value"], abs=1e-9)
    if x_a:
        assert one["low"] == pytest.approx(1 / other["high"], rel=1e-9)


def test_ratio_ci_when_recomputed_slowly():
    paid, due = [90, 100, 0, 120], [100, 100, 80, 120]
    result, ratio = ratio_ci(paid, due, population=10), 310 / 400
    squares = sum((y - ratio * x) ** 2 for y, x in zip(paid, due, strict=True))
    se = (4 / 3 * squares / 400**2 * (1 - 4 / 10)) ** 0.5
    assert (result["estimate"], result["se"]) == pytest.approx((ratio, se))
    assert result["high"] == pytest.approx(ratio + sp.t.ppf(0.975, 3) * se)


def test_ratio_ci_when_data_are_missing_or_complete():
    assert ratio_ci([1, None, 2], [2, 5, None])["n"] == 1
    assert np.isnan(ratio_ci([1], [2])["low"])
    assert ratio_ci([], [])["status"] == ratio_ci([0, 0], [0, 0])["status"] == "no_data"
    census = ratio_ci([1, 2], [2, 2], population=2)
    assert (census["status"], census["se"]) == ("census", 0)
    with pytest.raises(ValueError, match="population is 1, expected at least the 2 households"):
        ratio_ci([1, 2], [2, 2], population=1)
