"""Shares compared: two groups, two periods, the same households twice, ordered segments (statistics.md 1.3, 1.5, 1.7).

A difference is always b - a, after minus before. "Higher" and "lower" need two locks: the interval excludes 0 and the
test gives p < alpha. One share alone lives in `proportions`.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy import stats

from propkit.stats.arguments import Numbers, Result, answer, elements, nested_counts, one_of, tail, whole_numbers
from propkit.stats.proportions import exact_limits, wilson_limits


def proportion_diff(
    count_a: Numbers,
    nobs_a: Numbers,
    count_b: Numbers,
    nobs_b: Numbers,
    confidence: float = 0.95,
    method: str = "newcombe",
) -> Result:
    """Return the difference b - a of two independent shares, its interval, its test and what may be said.

    Formula: "newcombe" is the hybrid score interval (method 10) from the Wilson limits of both shares; "exact" the same
    from their Clopper-Pearson limits (MOVER, Zou & Donner 2008): wider, and it keeps 95 % below 30 answers and near
    100 %, where Newcombe falls to 91-93 %. Test: "n-1 chi-square"
    = Pearson without Yates x (N-1)/N if the smallest expected count is 1 or more, otherwise two-sided
    "fisher-irwin"; all successes or all failures in both gives p = 1.
    Source: Newcombe 1998b; Campbell 2007.

    Columns: difference, low, high (shares, not points), p_value, test, statistic (missing for fisher-irwin), verdict:
    higher, lower (both locks), no_clear_change, no_data (a base is 0 or missing).
    Errors: ValueError if a count exceeds its base.

    >>> answer = proportion_diff(48, 80, 56, 70)
    >>> round(answer["difference"], 2), round(answer["low"], 4), round(answer["high"], 4), answer["verdict"]
    (0.2, 0.0524, 0.3339, 'higher')
    """
    where = "proportion_diff"
    half = tail(where, confidence)
    one_of(where, "method", method, ("newcombe", "exact"))
    nested_counts(where, count_a=count_a, nobs_a=nobs_a)
    nested_counts(where, count_b=count_b, nobs_b=nobs_b)
    numbers, index = elements(where, count_a=count_a, nobs_a=nobs_a, count_b=count_b, nobs_b=nobs_b)
    x_a, n_a, x_b, n_b = _with_data(*numbers.values())
    limits = wilson_limits if method == "newcombe" else exact_limits
    difference, low, high = newcombe_limits(x_a, n_a, x_b, n_b, half, limits)
    p_value, statistic, test = _independence_test(x_a, n_a, x_b, n_b)
    columns = {"difference": difference, "low": low, "high": high, "p_value": p_value}
    columns |= {"test": test, "statistic": statistic, "verdict": two_locks(low, high, p_value < 2 * half)}
    return answer(columns, index)


def _with_data(*numbers: np.ndarray) -> list[np.ndarray]:
    x_a, n_a, x_b, n_b = numbers
    known = (n_a > 0) & (n_b > 0) & ~np.isnan(x_a + x_b)
    return [np.where(known, array, np.nan) for array in numbers]


def newcombe_limits(
    x_a: np.ndarray,
    n_a: np.ndarray,
    x_b: np.ndarray,
    n_b: np.ndarray,
    half: float,
    limits: Callable[..., tuple[np.ndarray, np.ndarray]] = wilson_limits,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return difference b - a and its Newcombe limits (or those made in the same way of other limits of one share)."""
    p_a, p_b = x_a / n_a, x_b / n_b
    low_a, high_a = limits(x_a, n_a, half)
    low_b, high_b = limits(x_b, n_b, half)
    difference = p_b - p_a
    low = difference - np.hypot(p_b - low_b, high_a - p_a)
    return difference, low, difference + np.hypot(high_b - p_b, p_a - low_a)


def two_locks(low: np.ndarray, high: np.ndarray, rejected: np.ndarray) -> np.ndarray:
    """Return what may be said: a direction only if the interval excludes 0 and the test rejects."""
    conditions = [np.isnan(low), (low > 0) & rejected, (high < 0) & rejected]
    return np.select(conditions, ["no_data", "higher", "lower"], "no_clear_change")


def _independence_test(
    x_a: np.ndarray, n_a: np.ndarray, x_b: np.ndarray, n_b: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    total, successes = n_a + n_b, x_a + x_b
    failures = total - successes
    smallest_expected = np.minimum(n_a, n_b) * np.minimum(successes, failures) / total
    by_chi2, by_fisher = smallest_expected >= 1, smallest_expected < 1
    cross = x_a * (n_b - x_b) - x_b * (n_a - x_a)
    spread = np.where(by_chi2, n_a * n_b * successes * failures, np.nan)
    statistic = (total - 1) * cross**2 / spread
    p_value = stats.chi2.sf(statistic, 1)
    for i in np.flatnonzero(by_fisher):
        p_value[i] = _fisher_irwin(x_a[i], n_a[i], x_b[i], n_b[i])
    test = np.select([by_chi2, by_fisher], ["n-1 chi-square", "fisher-irwin"], "none")
    return p_value, statistic, test


def _fisher_irwin(x_a: float, n_a: float, x_b: float, n_b: float) -> float:
    if x_a + x_b in (0, n_a + n_b):
        return 1.0
    table = np.array([[x_a, n_a - x_a], [x_b, n_b - x_b]], dtype=int)
    return float(stats.fisher_exact(table).pvalue)


def period_change(
    period_a: Mapping[str, Any],
    period_b: Mapping[str, Any],
    confidence: float = 0.95,
    label: str | None = None,
) -> dict[str, Any]:
    """Return the change from period a to period b of a share, on pooled counts.

    Each period is a mapping with "counts" and "nobs", one value a month: pooling January and February makes a Spring
    Festival comparable. A month missing in both is left out; the mean of monthly percentages is never taken.
    Columns: those of `proportion_diff`, the pooled count_a, nobs_a, count_b, nobs_b, and label.
    Errors: ValueError for a missing key or a month with only one of its two numbers.

    >>> change = period_change({"counts": [40, 30], "nobs": [50, 40]}, {"counts": [80], "nobs": [90]}, label="Q1")
    >>> change["count_a"], change["nobs_a"], round(change["difference"], 4), change["label"]
    (70.0, 90.0, 0.1111, 'Q1')
    """
    count_a, nobs_a = _pooled("period_a", period_a)
    count_b, nobs_b = _pooled("period_b", period_b)
    change = proportion_diff(count_a, nobs_a, count_b, nobs_b, confidence)
    return {
        **change,
        "count_a": count_a,
        "nobs_a": nobs_a,
        "count_b": count_b,
        "nobs_b": nobs_b,
        "label": label,
    }


def _pooled(name: str, period: Mapping[str, Any]) -> tuple[float, float]:
    missing = {"counts", "nobs"} - set(period)
    if missing:
        raise ValueError(f"period_change: {name} has no {sorted(missing)}, expected the keys 'counts' and 'nobs'")
    numbers, _ = nested_counts("period_change", counts=period["counts"], nobs=period["nobs"])
    counts, nobs = numbers.values()
    half_known = np.flatnonzero(np.isnan(counts) != np.isnan(nobs))
    if half_known.size:
        raise ValueError(
            f"period_change: {name} at position {half_known[0]} has only one of counts and nobs, "
            "expected both or neither; a pooled share needs both"
        )
    return float(np.nansum(counts)), float(np.nansum(nobs))


def paired_change(both: Numbers, lost: Numbers, gained: Numbers, neither: Numbers, confidence: float = 0.95) -> Result:
    """Return the change of a share when the same households were asked twice.

    Formula: difference (g - l)/n; interval of Agresti & Min, d' = (g - l)/(n + 2),
    se = sqrt((l + g + 1) - (g - l)^2/(n + 2))/(n + 2), d' +- z se clipped to [-1, 1]; test McNemar mid-P,
    2 P(X <= min) - P(X = min) with X ~ Bin(l + g, 1/2), and 1 - P(X = l)/2 if l = g.
    Source: Agresti & Min 2005; Fagerland et al. 2013.
    Columns: difference, low, high (shares), p_value, status (ok, no_data).
    Errors: ValueError if a cell is no count.

    >>> change = paired_change(59, 6, 16, 80)
    >>> round(change["difference"], 4), round(change["p_value"], 4)
    (0.0621, 0.0347)
    """
    half = tail("paired_change", confidence)
    numbers, index = whole_numbers("paired_change", both=both, lost=lost, gained=gained, neither=neither)
    lost, gained = numbers["lost"], numbers["gained"]
    total = sum(numbers.values())
    n = np.where(total > 0, total, np.nan)
    shift = gained - lost
    se = np.sqrt(lost + gained + 1 - shift**2 / (n + 2)) / (n + 2)
    reach = stats.norm.isf(half) * se
    low, high = np.clip(shift / (n + 2) - reach, -1, 1), np.clip(shift / (n + 2) + reach, -1, 1)
    p_value = np.where(np.isnan(n), np.nan, _mcnemar_midp(lost, gained))
    status = np.where(np.isnan(n), "no_data", "ok")
    return answer({"difference": shift / n, "low": low, "high": high, "p_value": p_value, "status": status}, index)


def _mcnemar_midp(lost: np.ndarray, gained: np.ndarray) -> np.ndarray:
    fewer, discordant = np.minimum(lost, gained), lost + gained
    at = stats.binom.pmf(fewer, discordant, 0.5)
    return np.where(lost == gained, 1 - at / 2, 2 * stats.binom.cdf(fewer, discordant, 0.5) - at)


def proportion_trend(counts: Numbers, nobs: Numbers, scores: Numbers = None) -> dict[str, float]:
    """Return one test of a steady rise or fall over ordered segments, such as age bands.

    Formula: Cochran-Armitage chi2 = [sum x_i (s_i - s)]^2 / (p (1 - p) sum n_i (s_i - s)^2), s = sum n_i s_i / N.
    Scores are band midpoints; 1..k if not given. Segments without data are left out. Where every segment is at 0 % or
    every segment at 100 % there is no trend: statistic 0, p = 1.
    Source: Armitage 1955 (R: prop.trend.test).
    Columns: statistic, p_value (missing with fewer than two segments).

    >>> round(proportion_trend([83, 90, 129, 70], [86, 93, 136, 82])["statistic"], 3)
    8.225
    """
    nested_counts("proportion_trend", counts=counts, nobs=nobs)
    scores = np.arange(1, np.size(counts) + 1) if scores is None else scores
    numbers, _ = elements("proportion_trend", counts=counts, nobs=nobs, scores=scores)
    x, n, s = _segments_with_data(*numbers.values())
    if len(np.unique(s)) < 2:
        return {"statistic": np.nan, "p_value": np.nan}
    share = x.sum() / n.sum()
    if share in (0, 1):
        return {"statistic": 0.0, "p_value": 1.0}
    centred = s - (n * s).sum() / n.sum()
    statistic = (x * centred).sum() ** 2 / (share * (1 - share) * (n * centred**2).sum())
    return {"statistic": float(statistic), "p_value": float(stats.chi2.sf(statistic, 1))}


def _segments_with_data(counts: np.ndarray, nobs: np.ndarray, *others: np.ndarray) -> list[np.ndarray]:
    known = (nobs > 0) & ~np.isnan(counts)
    return [array[known] for array in (counts, nobs, *others)]


def homogeneity_test(counts: Numbers, nobs: Numbers) -> dict[str, float]:
    """Return the test whether all segments can share one value.

    Formula: Pearson chi-square of the k x 2 table without correction. Segments without data are left out; all at 0 %
    or all at 100 % is homogeneous: statistic 0, p = 1.
    Columns: statistic, df, p_value (missing with fewer than two segments).

    >>> test = homogeneity_test([83, 90, 129, 70], [86, 93, 136, 82])
    >>> round(test["statistic"], 1), test["df"], round(test["p_value"], 6)
    (12.6, 3, 0.005585)
    """
    numbers, _ = nested_counts("homogeneity_test", counts=counts, nobs=nobs)
    x, n = _segments_with_data(*numbers.values())
    if len(n) < 2:
        return {"statistic": np.nan, "df": np.nan, "p_value": np.nan}
    if x.sum() in (0, n.sum()):
        return {"statistic": 0.0, "df": len(n) - 1, "p_value": 1.0}
    test = stats.chi2_contingency(np.column_stack([x, n - x]), correction=False)
    return {"statistic": float(test.statistic), "df": int(test.dof), "p_value": float(test.pvalue)}
