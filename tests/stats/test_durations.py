import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats as sp

from propkit.stats import (
    compare_durations,
    completed_within,
    cumulative_incidence,
    duration_quantiles,
    proportion_ci,
    survival_table,
)

steady = settings(derandomize=True, max_examples=50, deadline=None)
orders = st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=30)

# Freireich et al. 1963, remission in weeks under 6-MP and placebo (Kleinbaum & Klein; R: MASS::gehan).
MP = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
MP_DONE = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
ALL = [1] * 21


def test_survival_table_when_freireich():
    # R: summary(survfit(Surv(time, cens) ~ treat, gehan)), 6-MP.
    table = survival_table(MP, MP_DONE)
    assert table["time"].tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert table["at_risk"].tolist() == [21, 17, 15, 12, 11, 7, 6]
    assert table["survival"].tolist() == pytest.approx([0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448], abs=5e-4)
    assert table["se"].tolist() == pytest.approx([0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346], abs=5e-5)


def test_survival_table_when_compared_with_scipy():
    times, done = np.array(MP, float), np.array(MP_DONE) == 1
    curve = sp.ecdf(sp.CensoredData(uncensored=times[done], right=times[~done])).sf
    interval = curve.confidence_interval(method="log-log")
    table = survival_table(MP, MP_DONE)
    place = np.searchsorted(curve.quantiles, table["time"])
    np.testing.assert_allclose(table["survival"], curve.probabilities[place], atol=1e-12)
    np.testing.assert_allclose(table["low"], interval.low.probabilities[place], atol=1e-12)
    np.testing.assert_allclose(table["high"], interval.high.probabilities[place], atol=1e-12)


def test_survival_table_when_the_last_one_is_completed_then_no_error():
    table = survival_table(PLACEBO, ALL)
    assert table["survival"].iloc[-1] == 0
    assert table[["se", "low", "high"]].iloc[-1].isna().all()
    assert survival_table([], []).empty
    assert survival_table([5, 6], [0, 0]).empty


def test_duration_quantiles_when_freireich():
    # R: survfit(..., conf.type = "log-log"): median 23 (13 to NA) under 6-MP, 8 (4 to 11) under placebo.
    six, placebo = duration_quantiles(MP, MP_DONE, 0.5), duration_quantiles(PLACEBO, ALL, 0.5)
    assert (six["estimate"], six["low"], six["n"], six["n_open"]) == (23, 13, 21, 12)
    assert np.isnan(six["high"])
    assert (placebo["estimate"], placebo["low"], placebo["high"]) == (8, 4, 11)


def test_duration_quantiles_when_not_reached_or_exactly_half():
    result = duration_quantiles(MP, MP_DONE, [0.5, 0.9])
    assert result["status"].tolist() == ["ok", "not_reached"]
    assert np.isnan(result["estimate"][1])
    assert duration_quantiles([1, 2, 3, 4], ALL[:4], 0.5)["estimate"] == 2
    assert duration_quantiles([1, 2, 3], [0, 0, 0], 0.5)["status"] == "not_reached"
    assert duration_quantiles([], [], 0.5)["status"] == "no_data"
    # After 12 of 24 the product is 0.5000000000000001 in binary.
    assert duration_quantiles(range(1, 25), [1] * 24, 0.5)["estimate"] == 12


@steady
@given(orders)
def test_survival_keeps_its_invariants(rows):
    times, done = [t for t, _ in rows], [d for _, d in rows]
    table = survival_table(times, done)
    inner = table[table["survival"] > 0]
    assert (inner["low"] <= inner["survival"] + 1e-12).all()
    assert (inner["survival"] <= inner["high"] + 1e-12).all()
    everything = survival_table(times, [True] * len(times)).set_index("time")["survival"]
    for time, share in everything.items():
        assert share == pytest.approx(np.mean(np.array(times) > time), abs=1e-12)
    late = survival_table([*times, 99, 99], [*done, False, False])
    merged = table.merge(late, on="time")
    assert (merged["survival_y"] >= merged["survival_x"] - 1e-12).all()
    if not any(done):
        assert duration_quantiles(times, done, 0.5)["status"] == "not_reached"


def test_completed_within_when_all_are_known_then_exact():
    result, share = completed_within([1, 2, 5, 6, 7], [1, 1, 1, 0, 0], 4), proportion_ci(2, 5)
    assert (result["estimate"], result["low"], result["high"]) == (share["estimate"], share["low"], share["high"])
    assert (result["at_risk"], result["n"], result["status"]) == (3, 5, "ok")
    # Completed exactly at the promise is within it; open at the promise is late, not pending.
    boundary = completed_within([4, 4], [1, 0], 4)
    assert (boundary["estimate"], boundary["status"]) == (0.5, "ok")


def test_completed_within_when_some_are_younger_then_from_the_curve():
    table = survival_table(MP, MP_DONE).set_index("time")
    result = completed_within(MP, MP_DONE, 20)
    assert result["status"] == "provisional"
    assert result["estimate"] == pytest.approx(1 - table.loc[16, "survival"])
    assert (result["low"], result["high"]) == pytest.approx((1 - table.loc[16, "high"], 1 - table.loc[16, "low"]))
    assert result["at_risk"] == 8


def test_completed_within_when_not_watched_long_enough():
    result = completed_within([1, 2, 3], [1, 0, 0], [0.5, 4, None])
    assert result["status"].tolist() == ["ok", "not_observed", "no_data"]
    assert result["estimate"].isna().tolist() == [False, True, True]
    young = completed_within([1, 5], [0, 1], 4)
    assert (young["estimate"], young["status"]) == (0, "provisional")
    assert np.isnan(young["high"])
    assert completed_within([], [], 4)["status"] == "no_data"
    assert completed_within([1], [1], []).columns.tolist() == list(young)


def test_compare_durations_when_freireich():
    # R: survdiff(Surv(time, cens) ~ treat, gehan): Chisq = 16.8 on 1 degrees of freedom, p = 4e-05 (16.793).
    result = compare_durations(MP, MP_DONE, PLACEBO, ALL)
    assert result["chi2"] == pytest.approx(16.793, abs=5e-4)
    assert result["p_value"] == pytest.approx(4.17e-5, abs=1e-7)
    assert (result["median_a"], result["median_b"]) == (23, 8)


@pytest.mark.parametrize(
    "groups", [([], [], [1], [1]), ([1, 2], [0, 0], [3], [0]), ([1], [0], [2], [1]), ([1], [0], [0.3], [0])]
)
def test_compare_durations_when_there_is_nothing_to_compare(groups):
    assert np.isnan(compare_durations(*groups)["p_value"])


def test_cumulative_incidence_when_recomputed_slowly():
    random = np.random.default_rng(2)
    times = random.integers(1, 15, 60)
    outcome = random.choice(["done", "cancelled", "merged", "open"], 60)
    estimate = competing = 0.0
    left, expected = 1.0, {}
    for t in range(1, 15):
        r = (times >= t).sum()
        if r:
            done = ((times == t) & (outcome == "done")).sum()
            other = ((times == t) & np.isin(outcome, ["cancelled", "merged"])).sum()
            estimate, competing = estimate + left * done / r, competing + left * other / r
            left *= 1 - (done + other) / r
        expected[t] = (estimate, competing)
    result = cumulative_incidence(times, outcome, "done", "open", list(expected)).set_index("time")
    for t, pair in expected.items():
        if not result.loc[t].isna().any():
            assert tuple(result.loc[t]) == pytest.approx(pair)
    assert result.notna().all(axis=1).sum() >= 13


def test_cumulative_incidence_when_nothing_competes_then_one_minus_km():
    outcome = np.where(np.array(MP_DONE) == 1, "done", "open")
    result = cumulative_incidence(MP, outcome, "done", "open", [0, 6, 23, 40])
    table = survival_table(MP, MP_DONE).set_index("time")["survival"]
    assert result["estimate"].tolist()[:3] == pytest.approx([0, 1 - table[6], 1 - table[23]])
    assert result["competing"].tolist()[:3] == [0, 0, 0]
    assert np.isnan(result["estimate"][3])


def test_cumulative_incidence_when_a_row_is_empty_then_it_changes_nothing():
    plain = cumulative_incidence([1, 2, 3], ["done", "cancelled", "open"], "done", "open", [2])
    gap = cumulative_incidence([1, None, 2, 3], ["done", None, "cancelled", "open"], "done", "open", [2])
    pd.testing.assert_frame_equal(plain, gap)


def test_durations_when_input_is_wrong():
    with pytest.raises(ValueError, match="duration at position 1 is -2"):
        survival_table([1, -2], [1, 1])
    with pytest.raises(ValueError, match="no value of completed"):
        survival_table([1, 2], [1, None])
    with pytest.raises(ValueError, match="expected one for each"):
        survival_table([1, 2], [1])
    with pytest.raises(ValueError, match="one outcome for each"):
        cumulative_incidence([1, 2], ["done", None], "done", "open", 1)


def test_durations_when_rows_are_empty_or_pandas_then_same_figures():
    plain = survival_table(MP, MP_DONE)
    nullable = pd.Series([*MP, None], dtype="Float64"), pd.Series([*map(bool, MP_DONE), None], dtype="boolean")
    pd.testing.assert_frame_equal(survival_table(*nullable), plain)
