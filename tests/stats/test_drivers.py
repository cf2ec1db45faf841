from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as sp

from propkit.stats import correlation_ci, decompose_ratio_change, kappa, pareto, relative_importance, rogan_gladen
from propkit.stats.proportions import wilson_limits

steady = settings(derandomize=True, max_examples=50, deadline=None)
cells = st.integers(1, 50).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))) | st.just((0, 0))
tables = st.lists(st.tuples(cells, cells), min_size=1, max_size=6)


def test_pareto_when_other_is_largest_then_still_last():
    result = pareto(pd.Series({"其他": 50, "a": 10, "b": 30, "c": 10}))
    assert result["category"].tolist() == ["b", "a", "c", "其他"]
    assert result["cum_share"].tolist() == pytest.approx([0.3, 0.4, 0.5, 1.0])
    assert pareto({"a": 0})["share"].isna().all()


def test_pareto_when_causes_overlap_then_no_cumulative_line():
    result = pareto({"a": 8, "b": 6}, base=10)
    assert result["share"].tolist() == [0.8, 0.6]
    assert result["cum_share"].isna().all()
    for counts, base, message in (
        ({"a": 11}, 10, "base is 10"),
        ({"a": None}, None, "missing"),
        ({"a": -1}, None, "-1"),
    ):
        with pytest.raises(ValueError, match=message):
            pareto(counts, base)


def decompose(rows):
    a, b = [r[0] for r in rows], [r[1] for r in rows]
    x_a, n_a, x_b, n_b = [x for x, _ in a], [n for _, n in a], [x for x, _ in b], [n for _, n in b]
    return decompose_ratio_change(range(len(rows)), x_a, n_a, x_b, n_b)


@steady
@given(tables)
def test_decomposition_keeps_its_invariants(rows):
    result, back = decompose(rows), decompose([(b, a) for a, b in rows])
    if result["status"] == "no_data":
        assert np.isnan(result["total"])
        return
    ratio_a, ratio_b = (sum(r[i][0] for r in rows) / sum(r[i][1] for r in rows) for i in (0, 1))
    assert result["total"] == pytest.approx(ratio_b - ratio_a, abs=1e-12)
    assert result["rate_effect"] + result["mix_effect"] == pytest.approx(result["total"], abs=1e-12)
    assert result["rate"].sum() + result["mix"].sum() == pytest.approx(result["total"], abs=1e-12)
    np.testing.assert_allclose(back["rate"], -result["rate"], atol=1e-12)
    np.testing.assert_allclose(back["mix"], -result["mix"], atol=1e-12)


def test_decomposition_when_equal_segments_are_merged_then_nothing_changes():
    split = decompose([((10, 20), (15, 20)), ((5, 10), (30, 40)), ((9, 30), (4, 10))])
    merged = decompose([((15, 30), (45, 60)), ((9, 30), (4, 10))])
    assert split["rate_effect"] == pytest.approx(merged["rate_effect"], abs=1e-12)
    assert split["mix_effect"] == pytest.approx(merged["mix_effect"], abs=1e-12)


def test_decomposition_when_simpson_then_reversal():
    better_everywhere = decompose([((90, 100), (19, 20)), ((30, 100), (72, 180))])
    assert better_everywhere["total"] < 0 < better_everywhere["rate_effect"]
    assert better_everywhere["reversal"]
    assert not decompose([((90, 100), (95, 100)), ((30, 100), (20, 100))])["reversal"]


def test_decomposition_when_a_segment_appears_then_all_mix():
    result = decompose([((8, 10), (8, 10)), ((0, 0), (1, 10))])
    assert result["rate"][1] == 0
    assert result["mix"][1] < 0
    # Growth of a segment better than average reads positive.
    assert decompose([((9, 10), (27, 30)), ((5, 10), (5, 10))])["mix"][0] > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["a"], [1], [0], [1], [2]), "num_a at position 0 is 1, expected 0 where"),
        ((["a"], [1], [None], [1], [2]), "only one of its two numbers"),
        ((["a", "a"], [1, 1], [2, 2], [1, 1], [2, 2]), "each segment once"),
    ],
)
def test_decomposition_when_input_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        decompose_ratio_change(*arguments)


def r_squared(y, X) -> float:
    design = np.column_stack([np.ones(len(y)), *X])
    residuals = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    return 1 - residuals @ residuals / ((y - y.mean()) ** 2).sum()


def test_relative_importance_when_every_order_is_tried():
    random = np.random.default_rng(4)
    X = random.normal(size=(80, 4))
    X[:, 1] += X[:, 0]
    y = X @ [1.0, 0.5, 0.0, -0.3] + random.normal(size=80)
    shares = np.zeros(4)
    for order in permutations(range(4)):
        for place, i in enumerate(order):
            with_i, before = (r_squared(y, [X[:, j] for j in order[:k]]) for k in (place + 1, place))
            shares[i] += (with_i - before) / 24
    result = relative_importance(y, pd.DataFrame(X, columns=list("abcd")))
    np.testing.assert_allclose(result["lmg"], shares, atol=1e-10)
    assert result["r2"] == pytest.approx(r_squared(y, X.T))
    assert result["status"] == "ok"
    turned = relative_importance(y, pd.DataFrame(X[:, ::-1], columns=list("dcba")))
    np.testing.assert_allclose(turned["lmg"][list("abcd")], result["lmg"], atol=1e-12)


def test_relative_importance_when_a_predictor_is_doubled_then_shared_evenly():
    random = np.random.default_rng(5)
    a, b = random.normal(size=(2, 70))
    y = a + b + random.normal(size=70)
    result = relative_importance(y, {"a": a, "again": a, "b": b, "flat": np.ones(70)})
    assert result["lmg"]["a"] == pytest.approx(result["lmg"]["again"])
    assert result["lmg"]["flat"] == pytest.approx(0)
    assert result["r2"] == pytest.approx(r_squared(y, [a, b]))


def test_relative_importance_when_bootstrapped_then_ranks_have_a_range():
    random = np.random.default_rng(6)
    X = pd.DataFrame(random.normal(size=(120, 3)), columns=list("abc"))
    y = 3 * X["a"] + 0.2 * X["b"] + random.normal(size=120)
    result = relative_importance(y, X, bootstrap=200)
    assert result["rank_low"]["a"] == result["rank_high"]["a"] == 1
    assert result["rank_low"]["b"] <= 2 < result["rank_high"]["c"]


def test_relative_importance_when_data_are_thin():
    assert relative_importance([1, 2, 3, 4, None, 6], {"a": [2, 1, 4, 3, 5, 6]})["n"] == 5
    assert relative_importance([1, 1, 1, 1], {"a": [1, 2, 3, 4]})["status"] == "no_data"
    with pytest.raises(ValueError, match="11 predictors"):
        relative_importance([1, 2], np.ones((2, 11)))


def test_correlation_ci_when_compared_with_scipy():
    random = np.random.default_rng(7)
    x, y = random.integers(1, 6, 40), random.integers(1, 6, 40)
    pearson, ours = sp.pearsonr(x, y), correlation_ci(x, y, "pearson")
    interval = pearson.confidence_interval()
    assert (ours["low"], ours["high"], ours["p_value"]) == pytest.approx((interval.low, interval.high, pearson.pvalue))
    rho, spearman = sp.spearmanr(x, y).statistic, correlation_ci(x, y)
    reach = sp.norm.ppf(0.975) * ((1 + rho**2 / 2) / 37) ** 0.5
    assert (spearman["low"], spearman["high"]) == pytest.approx(
        (np.tanh(np.arctanh(rho) - reach), np.tanh(np.arctanh(rho) + reach))
    )
    kendall = correlation_ci(x, y, "kendall")
    assert kendall["estimate"] == sp.kendalltau(x, y).statistic
    assert np.isnan(kendall["low"])


def test_correlation_ci_when_degenerate():
    perfect = correlation_ci([1, 2, 3, 4, 5], [1, 2, 3, 4, 5])
    assert perfect["estimate"] == pytest.approx(1)
    assert np.isnan([perfect["low"], perfect["high"]]).all()
    assert np.isnan(correlation_ci([1, 1, 1, 1], [1, 2, 3, 4])["estimate"])
    assert correlation_ci([1, 2, None, 4], [4, 3, 2, None])["n"] == 2


def test_kappa_when_published():
    # Fleiss, Statistical Methods for Rates and Proportions, table 13.1: kappa 0.676, s.e. 0.088 (n = 100).
    result = kappa([[75, 1, 4], [5, 4, 1], [0, 0, 10]])
    assert (result["kappa"], result["se"]) == pytest.approx((0.676, 0.088), abs=5e-4)
    assert result["agreement"] == pytest.approx(0.89)


def test_kappa_when_degenerate():
    assert kappa([[5, 0], [0, 5]])["kappa"] == 1
    assert np.isnan(kappa([[5, 0], [0, 0]])["kappa"])
    assert np.isnan(kappa([[0, 0], [0, 0]])["agreement"])
    with pytest.raises(ValueError, match="expected a square"):
        kappa([[1, 2, 3], [4, 5, 6]])


def test_rogan_gladen_when_computed_by_hand():
    result = rogan_gladen(30, 100, 0.85, 0.95)
    low, high = wilson_limits(np.array([30.0]), np.array([100.0]), 0.025)
    assert result["estimate"] == pytest.approx(0.25 / 0.8)
    assert (result["low"], result["high"]) == pytest.approx(((low[0] - 0.05) / 0.8, (high[0] - 0.05) / 0.8))
    clipped = rogan_gladen([0, 100, 0], [100, 100, 0], 0.85, 0.95)
    assert clipped["estimate"].tolist()[:2] == [0, 1]
    assert clipped.loc[2].isna().all()
    with pytest.raises(ValueError, match="sum above 1"):
        rogan_gladen(1, 10, 0.5, 0.5)
