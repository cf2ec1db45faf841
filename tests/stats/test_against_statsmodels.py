"""A second oracle: statsmodels, wherever it defines the same thing. Agreement to 1e-8."""

import numpy as np
import pytest

from propkit import stats

pytest.importorskip("statsmodels")
sm = pytest.importorskip("statsmodels.api")

from statsmodels.stats import multitest, proportion, rates, weightstats  # noqa: E402
from statsmodels.stats.inter_rater import cohens_kappa  # noqa: E402
from statsmodels.tsa.stattools import acf  # noqa: E402

RANDOM = np.random.default_rng(20)
NOBS = RANDOM.integers(1, 300, 60)
COUNT = RANDOM.binomial(NOBS, RANDOM.uniform(0.3, 1, 60))


def close(ours, theirs) -> None:
    np.testing.assert_allclose(np.asarray(ours, float), np.asarray(theirs, float), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize(("method", "theirs"), [("exact", "beta"), ("wilson", "wilson")])
@pytest.mark.parametrize("confidence", [0.8, 0.95, 0.998])
def test_proportion_ci(method, theirs, confidence):
    low, high = proportion.proportion_confint(COUNT, NOBS, alpha=1 - confidence, method=theirs)
    result = stats.proportion_ci(COUNT, NOBS, method, confidence)
    close(result["low"], np.where(COUNT == 0, 0, low))
    close(result["high"], np.where(COUNT == NOBS, 1, high))


def test_proportion_diff():
    for x_a, n_a, x_b, n_b in zip(COUNT[::2], NOBS[::2], COUNT[1::2], NOBS[1::2], strict=True):
        expected = proportion.confint_proportions_2indep(x_b, n_b, x_a, n_a, method="newcomb")
        result = stats.proportion_diff(x_a, n_a, x_b, n_b)
        close([result["low"], result["high"]], expected)


def test_rate_ci():
    for count in (0, 1, 7, 60):
        low, high = rates.confint_poisson(count, 3.5, method="exact-c")
        result = stats.rate_ci(count, 3.5, per=1)
        close([result["low"], result["high"]], [np.nan_to_num(low), high])


@pytest.mark.parametrize(("ours", "theirs"), [("holm", "holm"), ("bh", "fdr_bh")])
def test_adjust_pvalues(ours, theirs):
    p = RANDOM.uniform(0, 1, 30) ** 3
    close(stats.adjust_pvalues(p, ours)["p_adjusted"], multitest.multipletests(p, method=theirs)[1])


def test_compare_scores():
    a, b = RANDOM.integers(1, 6, 40), RANDOM.integers(2, 6, 25)
    means = weightstats.CompareMeans(weightstats.DescrStatsW(b), weightstats.DescrStatsW(a))
    _, p_value, df = means.ttest_ind(usevar="unequal")
    result = stats.compare_scores(values_a=a, values_b=b)
    close([result["p_value"], result["df"]], [p_value, df])
    close([result["low"], result["high"]], means.tconfint_diff(usevar="unequal"))


def series(T: int = 30, start: int = 18):
    time = np.arange(T)
    after = (time >= start) * 1.0
    y = 80 + 0.1 * time + 5 * after + RANDOM.normal(0, 2, T)
    return y, np.column_stack([np.ones(T), time, after, (time - start) * after]), start


@pytest.mark.parametrize("weighted", [False, True])
def test_interrupted_time_series(weighted):
    y, X, start = series()
    weights = RANDOM.integers(20, 90, 30) if weighted else None
    model = sm.WLS(y, X, weights=1.0 if weights is None else weights)
    hac = {"cov_type": "HAC", "cov_kwds": {"maxlags": 3, "use_correction": True}, "use_t": True}
    for se, fit in (("ols", model.fit()), ("hac", model.fit(**hac))):
        result = stats.interrupted_time_series(y, start, se=se, lags=3, weights=weights)
        close(result["estimate"], fit.params)
        close(result["se"], fit.bse)
        close(result["p_value"], fit.pvalues)
        close(result[["low", "high"]], fit.conf_int())


@pytest.mark.parametrize("rho", [0.3, -0.2, 0.6])
def test_interrupted_time_series_with_fixed_autocorrelation(rho):
    y, X, start = series()
    lags = np.abs(np.subtract.outer(np.arange(30), np.arange(30)))
    fit = sm.GLS(y, X, sigma=rho**lags).fit()
    result = stats.interrupted_time_series(y, start, se="ar1", rho=rho)
    close(result["se"], fit.bse)
    close(result[["low", "high"]], fit.conf_int())


def test_lag1_autocorrelation():
    y = RANDOM.normal(size=25).cumsum()
    close(stats.lag1_autocorrelation(y)["r1"], acf(y, nlags=1)[1])


def test_survival_table_and_quantiles():
    times, done = RANDOM.integers(1, 40, 80).astype(float), RANDOM.uniform(size=80) < 0.7
    fit = sm.SurvfuncRight(times, done)
    table = stats.survival_table(times, done)
    close(table["survival"], fit.surv_prob)
    inner = (table["survival"] > 0).to_numpy()
    close(table["se"][inner], np.asarray(fit.surv_prob_se)[inner])
    assert table["at_risk"].tolist() == list(fit.n_risk)
    for p in (0.25, 0.5, 0.75):
        assert stats.duration_quantiles(times, done, p)["estimate"] == fit.quantile(p)


def test_compare_durations():
    times, done = RANDOM.integers(1, 40, 80).astype(float), RANDOM.uniform(size=80) < 0.7
    group = np.arange(80) % 2
    chi2, p_value = sm.duration.survdiff(times, done, group)
    result = stats.compare_durations(times[group == 0], done[group == 0], times[group == 1], done[group == 1])
    close([result["chi2"], result["p_value"]], [chi2, p_value])


def test_kappa():
    for _ in range(5):
        table = RANDOM.integers(1, 30, (3, 3))
        expected = cohens_kappa(table)
        result = stats.kappa(table)
        close([result["kappa"], result["se"]], [expected.kappa, expected.std_kappa])


def test_weighted_mean_but_not_its_frequency_error():
    y, w = RANDOM.normal(size=30), RANDOM.uniform(1, 4, 30)
    frequency = weightstats.DescrStatsW(y, w)
    result = stats.survey_mean(y, weights=w)
    close(result["estimate"], frequency.mean)
    # DescrStatsW reads weights as repeated rows; its error is too small for a survey (statistics.md 10).
    assert frequency.std_mean < result["se"]


def test_relative_importance_total():
    X = RANDOM.normal(size=(90, 3))
    y = X @ [1, 0.5, 0] + RANDOM.normal(size=90)
    close(stats.relative_importance(y, X)["r2"], sm.OLS(y, sm.add_constant(X)).fit().rsquared)
