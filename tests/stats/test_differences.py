from math import comb

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as sp

from propkit.stats import homogeneity_test, paired_change, period_change, proportion_diff, proportion_trend

steady = settings(derandomize=True, max_examples=50, deadline=None)
pairs = st.integers(1, 120).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


# Newcombe 1998b, Statistics in Medicine 17:873, table II, method 10 (theta = p1 - p2; ours is b - a).
@pytest.mark.parametrize(
    ("first", "second", "limits"),
    [
        ((56, 70), (48, 80), (0.0524, 0.3339)),
        ((9, 10), (3, 10), (0.1705, 0.8090)),
        ((6, 7), (2, 7), (0.0582, 0.8062)),
        ((5, 56), (0, 29), (-0.0381, 0.1926)),
        ((0, 10), (0, 20), (-0.1611, 0.2775)),
        ((0, 10), (0, 10), (-0.2775, 0.2775)),
        ((10, 10), (0, 20), (0.6791, 1.0)),
        ((10, 10), (0, 10), (0.6075, 1.0)),
    ],
)
def test_proportion_diff_when_published_by_newcombe(first, second, limits):
    result = proportion_diff(*second, *first)
    assert (result["low"], result["high"]) == pytest.approx(limits, abs=5e-5)


def test_proportion_diff_when_expected_counts_suffice_then_n_minus_1_chi_square():
    result = proportion_diff(48, 80, 56, 70)
    pearson = sp.chi2_contingency([[48, 32], [56, 14]], correction=False).statistic
    assert result["test"] == "n-1 chi-square"
    assert result["statistic"] == pytest.approx(pearson * 149 / 150)
    assert result["p_value"] == pytest.approx(sp.chi2.sf(pearson * 149 / 150, 1))


def test_proportion_diff_when_expected_counts_are_small_then_fisher_irwin():
    result = proportion_diff(0, 5, 1, 40)
    assert result["test"] == "fisher-irwin"
    assert np.isnan(result["statistic"])
    assert result["p_value"] == pytest.approx(1.0)


@pytest.mark.parametrize("counts", [(0, 20, 0, 30), (20, 20, 30, 30)])
def test_proportion_diff_when_all_or_none_then_p_is_one(counts):
    result = proportion_diff(*counts)
    assert result["p_value"] == 1
    assert result["verdict"] == "no_clear_change"


def test_proportion_diff_when_only_one_lock_opens_then_no_clear_change():
    # statistics.md decision 2: interval and test disagree in a few tables; then nothing is said.
    frame = pd.DataFrame([(a, 15, b, 80) for a in range(16) for b in range(81)], columns=list("abcd"))
    result = proportion_diff(*(frame[c] for c in "abcd"))
    excludes = (result["low"] > 0) | (result["high"] < 0)
    said = result["verdict"].isin(["higher", "lower"])
    assert (excludes & (result["p_value"] < 0.05) == said).all()
    assert (excludes != (result["p_value"] < 0.05)).any()


def test_proportion_diff_when_a_base_is_empty_then_no_data():
    result = proportion_diff([0, 5, np.nan], [0, 10, 10], [5, 0, 5], [10, 0, 10])
    assert result["verdict"].tolist() == ["no_data"] * 3
    assert result[["difference", "low", "high", "p_value"]].isna().all(axis=None)


def test_proportion_diff_when_base_smaller_than_count():
    with pytest.raises(ValueError, match="count_b at position 0 is 5, expected at most nobs_b"):
        proportion_diff(1, 2, 5, 4)


@steady
@given(pairs, pairs)
def test_proportion_diff_when_swapped_then_negated(a, b):
    one, other = proportion_diff(*a, *b), proportion_diff(*b, *a)
    assert -1 <= one["low"] <= one["difference"] <= one["high"] <= 1
    for name, mirrored in (("difference", "difference"), ("low", "high"), ("high", "low")):
        assert one[name] == pytest.approx(-other[mirrored], abs=1e-12)
    assert one["p_value"] == pytest.approx(other["p_value"], rel=1e-9)
    turned = {"higher": "lower", "lower": "higher"}
    assert other["verdict"] == turned.get(one["verdict"], one["verdict"])


def test_period_change_pools_counts_and_skips_empty_months():
    change = period_change({"counts": [40, None, 30], "nobs": [50, None, 40]}, {"counts": [80, 9], "nobs": [90, 10]})
    direct = proportion_diff(70, 90, 89, 100)
    assert {name: change[name] for name in direct} == direct
    assert change["label"] is None


@pytest.mark.parametrize(
    ("period", "message"),
    [({"counts": [1]}, "has no \\['nobs'\\]"), ({"counts": [1, None], "nobs": [2, 3]}, "only one of counts and nobs")],
)
def test_period_change_when_a_number_is_missing(period, message):
    with pytest.raises(ValueError, match=message):
        period_change(period, {"counts": [1], "nobs": [2]})


def test_paired_change_when_published():
    # Fagerland, Lydersen & Laake 2013: airway hyper-responsiveness 1, 1, 7, 12: mid-P 0.0391 (exact 0.0703).
    assert paired_change(1, 1, 7, 12)["p_value"] == pytest.approx(0.0391, abs=5e-5)


def test_paired_change_when_recomputed_slowly():
    lost, gained, n = 6, 16, 161
    result = paired_change(59, lost, gained, 80)
    z, shifted = sp.norm.ppf(0.975), (gained - lost) / (n + 2)
    se = ((lost + gained + 1) - (gained - lost) ** 2 / (n + 2)) ** 0.5 / (n + 2)
    assert (result["low"], result["high"]) == pytest.approx((shifted - z * se, shifted + z * se))
    below = sum(comb(22, k) for k in range(7)) / 2**22
    assert result["p_value"] == pytest.approx(2 * below - comb(22, 6) / 2**22)


def test_paired_change_when_equal_or_empty():
    assert paired_change(5, 3, 3, 5)["p_value"] == pytest.approx(1 - comb(6, 3) / 2**6 / 2)
    empty = paired_change(0, 0, 0, 0)
    assert empty["status"] == "no_data"
    assert np.isnan([empty["difference"], empty["low"], empty["p_value"]]).all()


@steady
@given(st.lists(st.integers(0, 40), min_size=4, max_size=4).filter(any))
def test_paired_change_when_swapped_then_negated(cells):
    both, lost, gained, neither = cells
    one, other = paired_change(*cells), paired_change(both, gained, lost, neither)
    assert one["low"] <= one["difference"] <= one["high"]
    assert one["low"] == pytest.approx(-other["high"], abs=1e-12)
    assert 0 <= one["p_value"] <= 1
    assert one["p_value"] == pytest.approx(other["p_value"])


def test_trend_and_homogeneity_when_in_the_r_manual():
    # R: smokers/patients of prop.test and prop.trend.test: 12.6, 3 df, 0.005585; 8.2249, 0.004132; 12.173, 0.0004848.
    smokers, patients = [83, 90, 129, 70], [86, 93, 136, 82]
    test = homogeneity_test(smokers, patients)
    assert (test["df"], test["p_value"]) == (3, pytest.approx(0.005585, abs=5e-7))
    trend = proportion_trend(smokers, patients)
    assert (trend["statistic"], trend["p_value"]) == pytest.approx((8.2249, 0.004132), abs=5e-5)
    assert proportion_trend(smokers, patients, [0, 0, 0, 1])["statistic"] == pytest.approx(12.173, abs=5e-4)


@pytest.mark.parametrize("counts", [[0, 0, 0], [5, 6, 7]])
def test_trend_and_homogeneity_when_all_or_none(counts):
    assert homogeneity_test(counts, [5, 6, 7]) == {"statistic": 0.0, "df": 2, "p_value": 1.0}
    assert proportion_trend(counts, [5, 6, 7]) == {"statistic": 0.0, "p_value": 1.0}


def test_trend_and_homogeneity_when_too_few_segments_have_data():
    assert np.isnan(homogeneity_test([3, 0], [5, 0])["p_value"])
    assert np.isnan(proportion_trend([3, None], [5, 5])["p_value"])
    full, gap = proportion_trend([3, 4], [9, 8], [1, 3]), proportion_trend([3, 0, 4], [9, 0, 8], [1, 2, 3])
    assert full == gap


def test_proportion_diff_exact_is_the_mover_of_clopper_pearson_limits():
    # By hand from binom.test limits: 9/10 is (0.5550, 0.9975), 3/10 is (0.0667, 0.6525); Zou & Donner 2008.
    exact = proportion_diff(9, 10, 3, 10, method="exact")
    low = -0.6 - np.hypot(0.3 - 0.06673951, 0.99747142 - 0.9)
    high = -0.6 + np.hypot(0.65245285 - 0.3, 0.9 - 0.55498388)
    assert (exact["low"], exact["high"]) == (pytest.approx(low, abs=1e-7), pytest.approx(high, abs=1e-7))


def test_proportion_diff_exact_is_wider_than_newcombe_and_tests_alike():
    newcombe, exact = (proportion_diff([40, 9, 20], [50, 10, 20], [30, 3, 20], [50, 10, 30], method=m) for m in
                       ("newcombe", "exact"))  # fmt: skip
    assert ((exact["low"] < newcombe["low"]) & (exact["high"] > newcombe["high"])).all()
    assert (exact["p_value"] == newcombe["p_value"]).all()
    with pytest.raises(ValueError, match="method is 'wald'"):
        proportion_diff(1, 2, 1, 2, method="wald")


def test_homogeneity_test_of_two_segments_has_no_yates_correction():
    # By hand: every expected count is 5, every deviation 3, so 4 x 9/5; Yates would give 4 x 6.25/5 = 5.
    assert homogeneity_test([8, 2], [10, 10])["statistic"] == pytest.approx(7.2)
