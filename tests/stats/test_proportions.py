from fractions import Fraction
from math import comb

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as sp

from propkit.stats import nonresponse_bounds, proportion_ci, proportion_test, response_rate

steady = settings(derandomize=True, max_examples=60, deadline=None)
pairs = st.integers(1, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
methods = st.sampled_from(["exact", "wilson", "midp"])


# Newcombe 1998a, Statistics in Medicine 17:857, table I: methods 3 (score), 5 (Clopper-Pearson), 6 (mid-P).
@pytest.mark.parametrize(
    ("count", "nobs", "wilson", "exact", "midp"),
    [
        (81, 263, (0.2553, 0.3662), (0.2527, 0.3676), (0.2544, 0.3658)),
        (15, 148, (0.0624, 0.1605), (0.0578, 0.1617), (0.0601, 0.1581)),
        (0, 20, (0.0, 0.1611), (0.0, 0.1684), (0.0, 0.1391)),
        (1, 29, (0.0061, 0.1718), (0.0009, 0.1776), (0.0017, 0.1585)),
    ],
)
def test_proportion_ci_when_published_by_newcombe(count, nobs, wilson, exact, midp):
    for method, limits in {"wilson": wilson, "exact": exact, "midp": midp}.items():
        result = proportion_ci(count, nobs, method)
        assert (result["low"], result["high"]) == pytest.approx(limits, abs=5e-5)


def test_proportion_ci_when_compared_with_scipy():
    for x, n in [(0, 7), (3, 7), (7, 7), (58, 60), (999, 1214)]:
        for ours, theirs in (("exact", "exact"), ("wilson", "wilson")):
            limits = sp.binomtest(x, n).proportion_ci(0.9, theirs)
            result = proportion_ci(x, n, ours, confidence=0.9)
            assert (result["low"], result["high"]) == pytest.approx((limits.low, limits.high), abs=1e-12)


def test_proportion_ci_when_midp_then_limits_are_roots():
    result = proportion_ci(7, 25, "midp")
    for p, tail in (
        (result["low"], lambda p: sp.binom.sf(7, 25, p)),
        (result["high"], lambda p: sp.binom.cdf(6, 25, p)),
    ):
        assert tail(p) + sp.binom.pmf(7, 25, p) / 2 == pytest.approx(0.025, abs=1e-10)
    assert proportion_ci(5, 5, "midp")["low"] == pytest.approx(0.05 ** (1 / 5))


@pytest.mark.parametrize("method", ["exact", "wilson", "midp"])
def test_proportion_ci_when_nothing_is_known(method):
    result = proportion_ci([0, np.nan, 3], [0, 10, np.nan], method)
    assert result["status"].tolist() == ["no_data"] * 3
    assert result[["estimate", "low", "high"]].isna().all(axis=None)
    scalar = proportion_ci(0, 0, method, population=10)
    assert scalar["status"] == "no_data"
    assert np.isnan([scalar["estimate"], scalar["low"], scalar["high"]]).all()


def hypergeometric_set(x: int, n: int, N: int) -> list[int]:
    """Slow and exact: all M which neither tail rules out, in fractions."""

    def pmf(k: int, M: int) -> Fraction:
        return Fraction(comb(M, k) * comb(N - M, n - k), comb(N, n))

    kept = []
    for M in range(x, N - n + x + 1):
        above = sum(pmf(k, M) for k in range(x, n + 1))
        below = sum(pmf(k, M) for k in range(x + 1))
        if above > Fraction(1, 40) and below > Fraction(1, 40):
            kept.append(M)
    return kept


def test_proportion_ci_when_population_is_small_then_equals_enumeration():
    cases = [(x, n, N) for N in (1, 2, 13, 40) for n in range(1, N + 1) for x in range(n + 1)]
    frame = pd.DataFrame(cases, columns=["x", "n", "N"])
    result = proportion_ci(frame["x"], frame["n"], population=frame["N"])
    for i, (x, n, N) in enumerate(cases):
        kept = hypergeometric_set(x, n, N)
        assert (result["low_count"][i], result["high_count"][i]) == (kept[0], kept[-1]), (x, n, N)
        assert result["status"][i] == ("census" if n == N else "ok")


def test_proportion_ci_when_the_specification_gives_the_numbers():
    # statistics.md 1.4: 66 of 80, 120 households -> between 92 and 104 households.
    result = proportion_ci(66, 80, population=120)
    assert (result["low_count"], result["high_count"]) == (92, 104)
    assert result["low"] == pytest.approx(92 / 120)


def test_proportion_ci_when_population_with_wilson_then_cut_to_logical_bounds():
    result = proportion_ci(95, 100, "wilson", population=101)
    assert result["low"] == pytest.approx(95 / 101)
    assert result["high"] == pytest.approx(96 / 101)
    assert "low_count" not in result


@steady
@given(pairs, methods, st.sampled_from([0.8, 0.95, 0.99]))
def test_proportion_ci_keeps_its_invariants(pair, method, confidence):
    x, n = pair
    result, mirror = (proportion_ci(k, n, method, confidence) for k in (x, n - x))
    larger = proportion_ci(10 * x, 10 * n, method, confidence)
    assert 0 <= result["low"] <= result["estimate"] <= result["high"] <= 1
    assert result["low"] == pytest.approx(1 - mirror["high"], abs=1e-9)
    assert larger["high"] - larger["low"] <= result["high"] - result["low"] + 1e-12


@steady
@given(pairs)
def test_proportion_ci_contains_jeffreys(pair):
    x, n = pair
    result = proportion_ci(x, n)
    low, high = sp.beta.ppf([0.025, 0.975], x + 0.5, n - x + 0.5)
    assert result["low"] <= low
    assert high <= result["high"]


@steady
@given(pairs, st.integers(0, 300))
def test_proportion_ci_with_population_keeps_its_invariants(pair, unseen):
    x, n = pair
    N = n + unseen
    result, bounds = proportion_ci(x, n, population=N), nonresponse_bounds(x, n, N)
    assert x <= result["low_count"] <= result["high_count"] <= N - n + x
    assert result["low"] <= result["estimate"] <= result["high"]
    assert bounds["low"] <= result["low_count"] / N + 1e-12
    assert result["high_count"] / N <= bounds["high"] + 1e-12
    if unseen == 0:
        assert result["low"] == result["high"] == result["estimate"]


def test_proportion_ci_when_population_is_huge_then_clopper_pearson():
    finite, plain = proportion_ci(66, 80, population=10_000_000), proportion_ci(66, 80)
    assert (finite["low"], finite["high"]) == pytest.approx((plain["low"], plain["high"]), abs=1e-5)


@pytest.mark.parametrize(
    "count", [[3, 5], pd.Series([3, 5], dtype="Int64"), ["3", "5"], np.array([3, 5], dtype=np.int8)]
)
def test_proportion_ci_when_dtypes_differ_then_same_figures(count):
    expected = proportion_ci([3.0, 5.0], [10, 10])
    pd.testing.assert_frame_equal(proportion_ci(count, [10, 10]).reset_index(drop=True), expected)


def test_proportion_ci_when_int64_has_missing_and_an_index():
    count = pd.Series([3, pd.NA], index=["a", "b"], dtype="Int64")
    result = proportion_ci(count, 10)
    assert result.index.tolist() == ["a", "b"]
    assert result["status"].tolist() == ["ok", "no_data"]
    assert proportion_ci(pd.NA, 10)["status"] == proportion_ci(None, 10)["status"] == "no_data"


def test_proportion_ci_when_many_rows_then_fast_and_equal_to_single_calls():
    n = np.arange(1, 30_001)
    table = proportion_ci(n // 2, n)
    assert table.loc[999].to_dict() == proportion_ci(500, 1000)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((11, 10), "count at position 0 is 11, expected at most nobs"),
        ((-1, 10), "expected a whole number of 0 or more"),
        ((1.5, 10), "count at position 0 is 1.5"),
        (([1, 2], [3, 4, 5]), "differ in length"),
        (("many", 10), "is 'many', expected a number"),
        (({"a": 1}, {"a": 2}), "count is a dict, expected a list or Series"),
        ((1, 10, "wald"), "method is 'wald', expected one of 'exact', 'wilson', 'midp'"),
        ((1, 10, "exact", 95), "confidence is 95, expected a share"),
        ((1, 10, "exact", 0.95, 9), "nobs at position 0 is 10, expected at most population"),
    ],
)
def test_proportion_ci_when_input_is_wrong_then_says_what(arguments, message):
    with pytest.raises(ValueError, match=message):
        proportion_ci(*arguments)


def test_proportion_ci_when_series_do_not_match():
    with pytest.raises(ValueError, match="different indexes"):
        proportion_ci(pd.Series([1, 2], index=["a", "b"]), pd.Series([5, 6], index=["b", "a"]))


def test_nonresponse_bounds_when_some_did_not_answer():
    assert nonresponse_bounds(66, 80, 120)["high"] == pytest.approx(106 / 120)
    assert nonresponse_bounds(5, 5, 5)["status"] == "census"
    assert np.isnan(nonresponse_bounds(0, 0, 10)["low"])


def test_response_rate_when_array():
    result = response_rate([80, 0], [120, 0])
    assert result["rate"].iloc[0] == pytest.approx(2 / 3)
    assert result["status"].tolist() == ["ok", "no_data"]


def test_proportion_test_when_in_the_r_manual():
    # R: binom.test(682, 925, p = 0.75) gives p-value = 0.3825.
    assert proportion_test(682, 925, 0.75)["p_value"] == pytest.approx(0.3825, abs=5e-5)
    assert proportion_test(8, 10, 0.5, "greater")["p_value"] == pytest.approx(56 / 1024)
    assert np.isnan(proportion_test([0], [0], 0.5)["p_value"].iloc[0])
    with pytest.raises(ValueError, match="null"):
        proportion_test(1, 2, 50)
