import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as sp

from propkit.stats import compare_scores, index_score, nps, proportion_ci, rescale, score_summary
from propkit.stats.scores import bounded_mean_limits

steady = settings(derandomize=True, max_examples=40, deadline=None)
FIVE = [1, 2, 3, 4, 5]
# Student's sleep data (R: sleep).
GROUP_1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
GROUP_2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]


def test_rescale_uses_the_declared_ends():
    assert rescale([1, 2, 5, None], 1, 5).tolist()[:3] == [0, 25, 100]
    assert rescale([0, 10], 0, 10, reverse=True).tolist() == [100, 0]
    series = rescale(pd.Series([1, 5], index=["x", "y"], name="q1"), 1, 5)
    assert (series.name, series.to_dict()) == ("q1", {"x": 0.0, "y": 100.0})


def test_rescale_when_outside_then_names_the_rows():
    with pytest.raises(ValueError, match="2 values lie outside the scale \\(row b: 6, row c: 0\\)"):
        rescale(pd.Series([5, 6, 0], index=list("abc")), 1, 5)
    with pytest.raises(ValueError, match="expected low < high"):
        rescale([1], 5, 1)


def test_score_summary_when_recomputed_slowly():
    counts = [2, 3, 10, 30, 35]
    values = np.repeat(FIVE, counts)
    result = score_summary(counts, FIVE)
    assert (result["n"], result["mean"], result["median"]) == (80, values.mean(), 4.0)
    assert result["sd"] == pytest.approx(values.std(ddof=1))
    index = (values - 1) * 25
    t = sp.ttest_1samp(index, 0).confidence_interval(0.95)
    assert (result["index_low"], result["index_high"]) == pytest.approx((t.low, t.high))
    assert (result["top2"], result["bottom2"]) == (65 / 80, 5 / 80)
    assert result["top2_low"] == proportion_ci(65, 80)["low"]


def test_score_summary_when_values_then_equals_counts():
    values = pd.Series(np.repeat(FIVE, [2, 3, 10, 30, 35])).sample(frac=1, random_state=1)
    values = pd.concat([values, pd.Series([np.nan, np.nan])])
    by_values, by_counts = score_summary(values=values, scale=FIVE), score_summary([2, 3, 10, 30, 35], FIVE)
    assert by_values == pytest.approx(by_counts)


def test_score_summary_when_population_is_known():
    plain, finite = score_summary([2, 3, 10, 30, 35], FIVE), score_summary([2, 3, 10, 30, 35], FIVE, population=100)
    assert finite["index_se"] == pytest.approx(plain["index_se"] * np.sqrt(0.2))
    assert finite["top2_low"] == proportion_ci(65, 80, population=100)["low"]
    assert score_summary([2, 3, 10, 30, 35], FIVE, population=80)["status"] == "census"


def test_score_summary_when_few_or_unanimous_then_no_interval():
    few, same = score_summary([0, 0, 2, 3, 4], FIVE), score_summary([0, 0, 0, 0, 40], FIVE)
    assert np.isnan([few["index_low"], few["index_high"], same["index_low"], same["index_high"]]).all()
    assert same["index"] == 100
    assert same["top2_low"] < 1


def test_score_summary_when_nobody_answered_then_no_data():
    result = score_summary([0, 0, 0, 0, 0], FIVE)
    assert (result.pop("n"), result.pop("status")) == (0, "no_data")
    assert np.isnan(list(result.values())).all()


def test_score_summary_when_three_points_then_no_top2():
    assert np.isnan(score_summary([5, 5, 30], [1, 2, 3])["top2"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"values": [1, 2]}, "scale is None"),
        ({"values": [1, 6], "scale": FIVE}, "row 1: 6"),
        ({"counts": [1, None, 2, 3, 4], "scale": FIVE}, "a count is missing"),
        ({"counts": [1, 1, 1, 1, 1], "scale": FIVE, "population": 4}, "at most population"),
        ({"scale": FIVE}, "expected exactly one"),
    ],
)
def test_score_summary_when_input_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        score_summary(**arguments)


def test_index_score_when_three_items():
    # ACSI (Fornell): sum w (mean - 1) / 9 * 100 / sum w.
    expected = (0.4 * 7.2 + 0.3 * 6.5 + 0.3 * 6.9) / 9 * 100
    assert index_score([8.2, 7.5, 7.9], [0.4, 0.3, 0.3], 1, 10)["index"] == pytest.approx(expected)
    assert index_score([8.2, 7.5, 7.9], [4, 3, 3], 1, 10)["index"] == pytest.approx(expected)
    assert np.isnan(index_score([8.2, None], [1, 1], 1, 10)["index"])
    with pytest.raises(ValueError, match="weights"):
        index_score([8, 7], [1, -1], 1, 10)


def test_nps_when_recomputed_slowly():
    p, d, n = 50.75 / 103, 20.75 / 103, 103
    se = ((p + d - (p - d) ** 2) / n) ** 0.5
    result = nps(50, 30, 20)
    assert (result["nps"], result["n"]) == (30, 100)
    assert result["low"] == pytest.approx(100 * (p - d - sp.norm.ppf(0.975) * se))
    wald = nps(50, 30, 20, method="wald")
    assert wald["se"] == pytest.approx(100 * ((0.7 - 0.09) / 100) ** 0.5)


def test_nps_when_values_then_boundaries_hold():
    values = [0, 6, 7, 8, 9, 10, None]
    assert nps(values=values) == nps(2, 2, 2)
    assert nps(0, 0, 0)["status"] == "no_data"
    for bad in ([11], [7.5]):
        with pytest.raises(ValueError, match="nps"):
            nps(values=bad)


@steady
@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30))
def test_nps_keeps_its_invariants(promoters, passives, detractors):
    one, other = nps(promoters, passives, detractors), nps(detractors, passives, promoters)
    if promoters + passives + detractors == 0:
        assert np.isnan(one["nps"])
        return
    assert -100 <= one["low"] <= one["nps"] <= one["high"] <= 100
    assert one["low"] == pytest.approx(-other["high"])


def test_compare_scores_when_in_the_r_manual():
    # R: t.test(extra ~ group, data = sleep): df = 17.776, p-value = 0.07939, -3.3654832 to 0.2054832 (1 - 2).
    result = compare_scores(values_a=GROUP_1, values_b=GROUP_2)
    assert (result["low"], result["high"]) == pytest.approx((-0.2054832, 3.3654832), abs=5e-8)
    assert (result["df"], result["p_value"]) == pytest.approx((17.776, 0.07939), abs=5e-4)
    assert result["verdict"] == "no_clear_change"


def test_compare_scores_when_superiority_is_counted():
    a, b = np.repeat(FIVE, [1, 2, 5, 9, 3]), np.repeat(FIVE, [0, 1, 3, 8, 12])
    wins = sum((y > x) + (y == x) / 2 for x in a for y in b)
    result = compare_scores([1, 2, 5, 9, 3], [0, 1, 3, 8, 12], FIVE)
    assert result["superiority"] == pytest.approx(wins / len(a) / len(b))
    assert result["p_mannwhitney"] == sp.mannwhitneyu(a, b, method="asymptotic").pvalue
    welch = sp.ttest_ind(b, a, equal_var=False)
    assert (result["p_value"], result["df"]) == pytest.approx((welch.pvalue, welch.df))


def test_compare_scores_when_a_group_does_not_vary():
    same = compare_scores(values_a=[5, 5], values_b=[5, 5, 5])
    assert (same["difference"], same["superiority"], same["p_mannwhitney"]) == (0, 0.5, 1)
    assert same["verdict"] == "no_clear_change"
    one_side = compare_scores(values_a=[5.0] * 12, values_b=[4, 5, 4, 3, 4, 5, 4, 2, 4, 3, 4, 4])
    assert one_side["verdict"] == "lower"
    assert one_side["df"] == pytest.approx(11)
    assert compare_scores(values_a=[], values_b=[1, 2])["verdict"] == "no_data"
    apart = compare_scores(values_a=[5] * 9, values_b=[4] * 9)
    assert (apart["difference"], apart["verdict"]) == (-1, "no_clear_change")
    assert np.isnan(apart["p_value"])


def test_bounded_mean_limits_are_t_limits_with_half_an_answer_at_either_end():
    # 10 answers on 0..4: nine 4, one 2.  Added: half a 0 and half a 4, so n' = 11, sum 40, squares 156.
    n, total, squares, length = (np.array([value]) for value in (10.0, 38.0, 148.0, 4.0))
    mean, spread = 40 / 11, np.sqrt((156 - 40**2 / 11) / 10)
    reach = 2.2281388519649385 * spread / np.sqrt(11)  # t(0.975, 10), any table
    low, high = bounded_mean_limits(n, total, squares, length, 0.025)
    assert low[0] == pytest.approx((mean - reach) / 4, abs=1e-9)
    assert high[0] == 1.0 == pytest.approx(min((mean + reach) / 4, 1), abs=1e-9)


def test_bounded_mean_limits_contain_the_mean_and_mirror_when_the_scale_is_reversed():
    n, total, squares, length = (np.array(values) for values in ([3.0, 1.0], [12.0, 4.0], [48.0, 16.0], [4.0, 4.0]))
    low, high = bounded_mean_limits(n, total, squares, length, 0.025)
    back_low, back_high = bounded_mean_limits(n, 4 * n - total, squares - 8 * total + 16 * n, length, 0.025)
    assert high[0] == 1.0 and np.isnan(low[1])
    assert (back_low[0], back_high[0]) == (pytest.approx(1 - high[0]), pytest.approx(1 - low[0]))
