import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special
from scipy import stats as sp

from propkit.stats import (
    adjust_pvalues,
    compare_segments,
    funnel_limits,
    funnel_outside,
    overdispersion,
    proportion_diff,
    shrink_proportions,
)

steady = settings(derandomize=True, max_examples=50, deadline=None)
COUNTS, NOBS = [45, 60, 20, 33], [50, 80, 50, 40]


def test_adjust_pvalues_when_computed_by_hand():
    # R: p.adjust(c(.01,.02,.03,.04,.05), "holm") and "BH".
    p = [0.01, 0.02, 0.03, 0.04, 0.05]
    assert adjust_pvalues(p)["p_adjusted"].tolist() == pytest.approx([0.05, 0.08, 0.09, 0.09, 0.09])
    assert adjust_pvalues(p, "bh")["p_adjusted"].tolist() == pytest.approx([0.05] * 5)
    assert adjust_pvalues(0.03)["p_adjusted"] == 0.03


@steady
@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), min_size=1, max_size=12), st.randoms())
def test_adjust_pvalues_keeps_its_invariants(p, random):
    raw = np.array(p, dtype=float)
    holm, bh = (adjust_pvalues(p, m)["p_adjusted"].to_numpy() for m in ("holm", "bh"))
    known = ~np.isnan(raw)
    assert (np.isnan(holm) == ~known).all()
    assert (holm[known] >= raw[known]).all()
    assert (bh[known] <= holm[known] + 1e-15).all()
    order = random.sample(range(len(p)), len(p))
    np.testing.assert_array_equal(adjust_pvalues([p[i] for i in order])["p_adjusted"], holm[order])


def test_compare_segments_uses_all_others_and_simultaneous_levels():
    table = compare_segments(list("ABCD"), COUNTS, NOBS)
    direct = proportion_diff(113, 170, 45, 50, confidence=1 - 0.05 / 4)
    assert table.loc[0, ["difference", "low", "high"]].tolist() == [direct[n] for n in ("difference", "low", "high")]
    assert table["p_value"].tolist()[0] == direct["p_value"]
    assert table["p_adjusted"].tolist() == adjust_pvalues(table["p_value"])["p_adjusted"].tolist()
    both = ((table["low"] > 0) | (table["high"] < 0)) & (table["p_adjusted"] < 0.05)
    assert (table["flag"] == both).all()


def test_compare_segments_when_a_segment_is_empty_then_it_does_not_count():
    full = compare_segments(list("ABCD"), COUNTS, NOBS)
    gap = compare_segments(list("AXBCD"), [45, 0, 60, 20, 33], [50, 0, 80, 50, 40])
    assert gap.loc[1, "verdict"] == "no_data"
    pd.testing.assert_frame_equal(gap.drop(1).reset_index(drop=True), full)
    assert compare_segments(["A"], [3], [5]).loc[0, "verdict"] == "no_data"
    with pytest.raises(ValueError, match="each segment once"):
        compare_segments(["A", "A"], [1, 2], [3, 4])


def test_shrink_proportions_when_likelihood_is_searched_slowly():
    random = np.random.default_rng(3)
    n = random.integers(20, 120, 30)
    x = random.binomial(n, random.beta(40, 10, 30))
    result = shrink_proportions(x, n)

    def loglik(a: float, b: float) -> float:
        return (special.betaln(x + a, n - x + b) - special.betaln(a, b)).sum()

    best = loglik(result["alpha"], result["beta"])
    for da in (0.99, 1, 1.01):
        for db in (0.99, 1, 1.01):
            assert loglik(result["alpha"] * da, result["beta"] * db) <= best + 1e-9
    expected = (result["alpha"] + x) / (result["alpha"] + result["beta"] + n)
    assert result["shrunk"].to_numpy() == pytest.approx(expected)
    assert result["status"] == "ok"


def test_shrink_proportions_when_there_is_nothing_to_learn():
    identical = shrink_proportions([40] * 25, [50] * 25)
    assert identical["status"] == "no_difference"
    assert identical["shrunk"].to_numpy() == pytest.approx(0.8, abs=1e-4)
    assert shrink_proportions([0] * 25, [50] * 25)["shrunk"].eq(0).all()
    assert shrink_proportions(COUNTS, NOBS)["status"] == "too_few"
    assert shrink_proportions([0, 0], [0, 0])["status"] == "no_data"
    assert np.isnan(shrink_proportions([*COUNTS, 0], [*NOBS, 0])["shrunk"][4])


def test_funnel_limits_when_recomputed_slowly():
    result = funnel_limits(0.8, [50, 0])
    for name, q in (("low95", 0.025), ("high998", 0.999)):
        r = next(k for k in range(51) if sp.binom.cdf(k, 50, 0.8) >= q)
        expected = (r - (sp.binom.cdf(r, 50, 0.8) - q) / sp.binom.pmf(r, 50, 0.8)) / 50
        assert result[name][0] == pytest.approx(np.clip(expected, 0, 1))
    assert result.loc[1].isna().all()
    assert funnel_limits(1.0, 5)["low95"] <= 1
    with pytest.raises(ValueError, match="target is 80"):
        funnel_limits(80, 50)


@steady
@given(st.floats(0.02, 0.98), st.integers(1, 3000))
def test_funnel_limits_are_nested(target, n):
    limits = funnel_limits(target, n)
    assert 0 <= limits["low998"] <= limits["low95"] <= limits["high95"] <= limits["high998"] <= 1


@steady
@given(st.one_of(st.floats(0, 1), st.floats(0.995, 1)), st.integers(1, 400))
def test_no_more_than_two_in_a_thousand_lie_outside_the_funnel_by_chance(target, n):
    cases = np.arange(n + 1)
    outside = funnel_outside(cases, [n] * (n + 1), target)["outside"].to_numpy(bool)
    chances = [sp.binom.pmf(k, n, target) for k in range(n + 1)]
    slow = [min(sum(chances[: k + 1]), sum(chances[k:])) < 0.001 for k in range(n + 1)]
    doubtful = [abs(min(sum(chances[: k + 1]), sum(chances[k:])) - 0.001) < 1e-9 for k in range(n + 1)]
    assert [bool(a) for a, skip in zip(outside, doubtful, strict=True) if not skip] == [
        b for b, skip in zip(slow, doubtful, strict=True) if not skip
    ]
    assert sum(chance for chance, out in zip(chances, outside, strict=True) if out) < 0.002


def test_where_all_reach_everything_none_lies_outside_the_funnel():
    assert not funnel_outside([1000, 5], [1000, 5], 1.0)["outside"].any()
    assert not funnel_outside([0], [1000], 0.0)["outside"].any()
    assert np.isnan(funnel_outside([0], [0], 0.5)["outside"][0])
    with pytest.raises(ValueError, match="target is 80"):
        funnel_outside(40, 50, 80)


def test_overdispersion_when_recomputed_slowly():
    result = overdispersion(COUNTS, NOBS)
    theta = sum(COUNTS) / sum(NOBS)
    z = [2 * n**0.5 * (np.arcsin((x / n) ** 0.5) - np.arcsin(theta**0.5)) for x, n in zip(COUNTS, NOBS, strict=True)]
    ordered = sorted(z)

    def type7(q: float) -> float:
        place = q * 3
        return ordered[int(place)] + (place - int(place)) * (ordered[min(int(place) + 1, 3)] - ordered[int(place)])

    phi = sum(min(max(v, type7(0.1)), type7(0.9)) ** 2 for v in z) / 4
    w = [4 * n for n in NOBS]
    tau2 = (4 * phi - 3) / (sum(w) - sum(v * v for v in w) / sum(w))
    assert (result["phi"], result["tau2"]) == pytest.approx((phi, tau2))
    assert result["z"].tolist() == pytest.approx(z)


def test_overdispersion_when_there_is_none():
    same = overdispersion([40, 40, 40], [50, 50, 50])
    assert (same["phi"], same["tau2"]) == pytest.approx((0, 0))
    assert np.isnan(overdispersion([1, 0], [5, 0])["phi"])
    assert overdispersion(COUNTS, NOBS, winsorise=0)["phi"] > overdispersion(COUNTS, NOBS)["phi"]
    with pytest.raises(ValueError, match="winsorise"):
        overdispersion(COUNTS, NOBS, winsorise=0.5)
