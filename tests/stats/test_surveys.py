import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as sp

from propkit.stats import (
    margin_of_error,
    representativeness,
    sample_size,
    survey_mean,
    tsm_required_margin,
    weighted_proportion_ci,
)

steady = settings(derandomize=True, max_examples=40, deadline=None)


# statistics.md section 3: RSH bands and what one community can reach.
@pytest.mark.parametrize(
    ("population", "margin", "n"),
    [
        *[(80, 0.05, 67), (150, 0.05, 109), (250, 0.05, 152), (400, 0.05, 197), (800, 0.05, 260)],
        *[(1200, 0.05, 292), (2000, 0.05, 323), (3000, 0.04, 501), (6000, 0.04, 546)],
        *[(12_000, 0.03, 981), (20_000, 0.03, 1014), (40_000, 0.02, 2266)],
        *[(40, 0.10, 29), (120, 0.10, 54), (400, 0.10, 78), (1500, 0.10, 91)],
    ],
)
def test_sample_size_when_in_the_specification(population, margin, n):
    result = sample_size(population, margin)
    assert result["n"] == n
    assert margin_of_error(n, population)["margin"] <= margin + 1e-12
    assert margin_of_error(n - 1, population)["margin"] > margin


# Krejcie & Morgan 1970, table 1 (rounded to nearest, chi-square 3.841).
@pytest.mark.parametrize(
    ("population", "n"), [(10, 10), (100, 80), (500, 217), (1000, 278), (10_000, 370), (75_000, 382)]
)
def test_sample_size_when_in_krejcie_and_morgan(population, n):
    assert round(sample_size(population, 0.05)["n_raw"]) == n


def test_sample_size_when_design_and_response_matter():
    result = sample_size([120, 120, 400, 0], 0.10, deff=[1, 2, 1.5, 1], response_rate=[0.3, 1, 0.4, 1])
    assert result["n"].tolist()[:3] == [54, 108, 117]
    assert result["invitations"].tolist()[:3] == [120, 108, 293]
    assert result["reachable"].tolist()[:3] == [False, True, True]
    assert result["status"].tolist() == ["ok", "ok", "ok", "no_data"]
    # 42 / 0.7 is 60.00000000000001 in binary; nobody is invited for a rounding error.
    rounded = sample_size(10_000, 0.151, response_rate=0.7)
    assert (rounded["n"], rounded["invitations"]) == (42, 60)
    with pytest.raises(ValueError, match="margin at position 0 is 5"):
        sample_size(100, 5)


def test_margin_of_error_when_census_or_empty():
    assert margin_of_error(120, 120)["margin"] == 0
    assert margin_of_error(1, 1)["margin"] == 0
    assert np.isnan(margin_of_error(0, 10)["margin"])
    assert margin_of_error(1067)["margin"] == pytest.approx(0.03, abs=1e-5)


def test_tsm_required_margin_when_at_the_borders():
    result = tsm_required_margin([999, 1000, 2499, 2500, 9999, 10_000, 24_999, 25_000])["margin"]
    assert np.isnan(result[0])
    assert result[1:].tolist() == [0.05, 0.05, 0.04, 0.04, 0.03, 0.03, 0.02]


def test_representativeness_when_recomputed_slowly():
    result = representativeness({"a": 20, "b": 30, "c": 50}, {"a": 300, "b": 300, "c": 400})
    chi2 = sp.chisquare([20, 30, 50], [30, 30, 40])
    assert (result["chi2"], result["p_value"], result["method"]) == (
        pytest.approx(chi2.statistic),
        pytest.approx(chi2.pvalue),
        "chi-square",
    )
    assert result["std_residual"]["a"] == pytest.approx(-10 / (30 * 0.7) ** 0.5)
    assert result["difference"]["c"] == pytest.approx(10)


def test_representativeness_when_expected_is_small_then_simulated():
    result = representativeness({"a": 4, "b": 1}, {"a": 50, "b": 50})
    # Exact by enumeration: P(|X - 2.5| >= 1.5) for X ~ Bin(5, 1/2) is 12/32.
    assert result["method"] == "monte-carlo"
    assert result["p_value"] == pytest.approx(12 / 32, abs=0.02)
    assert result["p_value"] == representativeness({"a": 4, "b": 1}, {"a": 50, "b": 50})["p_value"]


def test_representativeness_when_categories_do_not_meet():
    assert representativeness({"a": 40}, {"a": 50, "b": 50})["expected"].tolist() == [20, 20]
    assert np.isnan(representativeness({"a": 0}, {"a": 5, "b": 5})["chi2"])
    with pytest.raises(ValueError, match="respondents of \\['x'\\]"):
        representativeness({"x": 3}, {"a": 50, "b": 50})


def slow_error(z: list[float]) -> float:
    n, mean = len(z), sum(z) / len(z)
    return (n / (n - 1) * sum((value - mean) ** 2 for value in z)) ** 0.5


def test_survey_mean_when_post_stratified_slowly():
    y, strata = [1, 0, 1, 1, 0, 1, 1], list("aaabbbb")
    known = {"a": 30, "b": 50}
    result = survey_mean(y, strata=strata, population_counts=known)
    mean = {"a": 2 / 3, "b": 3 / 4}
    weight = {"a": 10, "b": 12.5}
    z = [weight[s] * (value - mean[s]) / 80 for value, s in zip(y, strata, strict=True)]
    assert result["estimate"] == pytest.approx((30 * 2 / 3 + 50 * 3 / 4) / 80)
    assert result["se"] == pytest.approx(slow_error(z))
    assert result["high"] - result["estimate"] == pytest.approx(sp.t.ppf(0.975, 6) * result["se"])
    assert result["weights_by_stratum"].to_dict() == weight
    finite = survey_mean(y, strata=strata, population_counts=known, fpc=True)
    assert finite["se"] == pytest.approx(result["se"] * (1 - 7 / 80) ** 0.5)


def test_survey_mean_when_weights_are_given():
    y, w = [3.0, 5.0, 4.0, 1.0], [2.0, 1.0, 1.0, 4.0]
    result = survey_mean(y, weights=w)
    mean = 19 / 8
    assert result["estimate"] == pytest.approx(mean)
    assert result["se"] == pytest.approx(slow_error([b * (a - mean) / 8 for a, b in zip(y, w, strict=True)]))
    assert (result["deff_kish"], result["n_eff"]) == pytest.approx((4 * 22 / 64, 64 / 22))
    assert result["unweighted"] == 3.25


def test_survey_mean_when_raked_with_one_margin_then_post_stratified():
    y, strata = [1, 0, 1, 1, 0, 1, 1], list("aaabbbb")
    raked = survey_mean(y, columns={"s": strata}, margins={"s": {"a": 30, "b": 50}})
    strat = survey_mean(y, strata=strata, population_counts={"a": 30, "b": 50})
    assert (raked["estimate"], raked["se"]) == pytest.approx((strat["estimate"], strat["se"]), abs=1e-10)
    assert raked["weights_by_stratum"] is None


def test_survey_mean_when_answers_are_missing_then_left_out():
    known = {"a": 30, "b": 50}
    with_gap = survey_mean([1, 0, None, 1, 1, 0], strata=list("aaabbb"), population_counts=known)
    without = survey_mean([1, 0, 1, 1, 0], strata=list("aabbb"), population_counts=known)
    assert (with_gap["estimate"], with_gap["se"], with_gap["n"]) == (without["estimate"], without["se"], 5)
    assert np.isnan(survey_mean([None, np.nan], weights=[1, 1])["estimate"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"strata": ["a", "a"], "population_counts": {"a": 5, "b": 5}}, "nobody answered in strata \\['b'\\]"),
        ({"strata": ["a", "c"], "population_counts": {"a": 5, "b": 5}}, "is 'c', expected one of \\['a', 'b'\\]"),
        ({"strata": ["a", "a"]}, "population_counts is missing"),
        ({"weights": [1, 0]}, "expected positive"),
        ({"weights": [1, 2, 3]}, "3 weights for 2 values"),
        ({}, "expected one"),
        ({"weights": [0.5, 0.5], "fpc": True}, "population of 1 for 2 answers"),
    ],
)
def test_survey_mean_when_input_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        survey_mean([1, 0], **arguments)


@steady
@given(st.lists(st.tuples(st.booleans(), st.sampled_from("abc")), min_size=4, max_size=40), st.randoms())
def test_survey_mean_keeps_its_invariants(rows, random):
    y, strata = [float(hit) for hit, _ in rows], [s for _, s in rows]
    counts = {s: strata.count(s) * 7 for s in set(strata)}
    same = survey_mean(y, strata=strata, population_counts=counts)
    assert (same["estimate"], same["deff_kish"]) == (pytest.approx(np.mean(y)), pytest.approx(1))
    known = {s: 10 + 20 * i for i, s in enumerate(sorted(counts))}
    result = survey_mean(y, strata=strata, population_counts=known)
    for stratum, total in known.items():
        assert result["weights"][np.array(strata) == stratum].sum() == pytest.approx(total, abs=1e-8)
    shuffled = random.sample(range(len(y)), len(y))
    again = survey_mean([y[i] for i in shuffled], strata=[strata[i] for i in shuffled], population_counts=known)
    assert (again["estimate"], again["se"]) == pytest.approx((result["estimate"], result["se"]), abs=1e-12)


def test_weighted_proportion_ci_when_recomputed_slowly():
    y, w = [1, 1, 0, 1, 0, 1, 1, 1, 1, 1], [2, 1, 1, 1, 3, 1, 1, 1, 2, 1]
    p = sum(a * b for a, b in zip(y, w, strict=True)) / sum(w)
    se = slow_error([b * (a - p) / sum(w) for a, b in zip(y, w, strict=True)])
    n_eff = p * (1 - p) / se**2
    result = weighted_proportion_ci(y, w)
    assert (result["estimate"], result["se"], result["n_eff"]) == pytest.approx((p, se, n_eff))
    assert result["low"] == pytest.approx(sp.beta.ppf(0.025, n_eff * p, n_eff * (1 - p) + 1))
    assert result["high"] == pytest.approx(sp.beta.ppf(0.975, n_eff * p + 1, n_eff * (1 - p)))
    kish = sum(w) ** 2 / sum(b * b for b in w)
    assert weighted_proportion_ci(y, w, "wilson_kish")["n_eff"] == pytest.approx(kish)


def test_weighted_proportion_ci_when_all_agree_then_exact_on_n():
    result = weighted_proportion_ci([1] * 12, np.arange(1, 13))
    assert (result["estimate"], result["high"], result["n_eff"]) == (1, 1, 12)
    assert result["low"] == pytest.approx(0.025 ** (1 / 12))
    assert weighted_proportion_ci([1], [3])["n"] == 1
    assert np.isnan(weighted_proportion_ci([], [])["estimate"])


def test_weighted_proportion_ci_when_equal_weights_then_close_to_exact():
    y = [1] * 66 + [0] * 14
    result, plain = weighted_proportion_ci(y, np.ones(80)), sp.binomtest(66, 80).proportion_ci()
    # n/(n-1) makes n_e = n - 1 + ..., never more than n.
    assert result["n_eff"] <= 80
    assert (result["low"], result["high"]) == pytest.approx((plain.low, plain.high), abs=2e-3)


def test_weighted_proportion_ci_when_se_is_given_then_used():
    y, strata = [1, 0, 1, 1, 0, 1, 1, 0], list("aaabbbbb")
    mean = survey_mean(y, strata=strata, population_counts={"a": 60, "b": 40})
    result = weighted_proportion_ci(y, mean["weights"], se=mean["se"])
    p = mean["estimate"]
    assert result["n_eff"] == pytest.approx(min(8, p * (1 - p) / mean["se"] ** 2))
    # However small the error, the effective number never exceeds the answers given.
    assert weighted_proportion_ci(y, mean["weights"], se=0.01)["n_eff"] == 8
    with pytest.raises(ValueError, match="y at position 0 is 2"):
        weighted_proportion_ci([2], [1])


def test_surveys_accept_pandas_inputs():
    y = pd.Series([1, 0, pd.NA, 1], dtype="Int64", index=[9, 8, 7, 6])
    strata = pd.Series(["a", "a", "b", "b"], dtype="category", index=[9, 8, 7, 6])
    assert survey_mean(y, strata=strata, population_counts=pd.Series({"a": 1, "b": 3}))["estimate"] == 0.875
