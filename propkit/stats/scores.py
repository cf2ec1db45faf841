"""Satisfaction scores: top-2 share, mean, index 0-100, NPS, and two groups compared (statistics.md 2).

The headline is the top-2 share with its exact interval; mean and index come second and only within one declared scale.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from propkit.stats.arguments import (
    Numbers,
    complete_pairs,
    floats,
    one_of,
    tail,
    whole_numbers,
)
from propkit.stats.differences import two_locks
from propkit.stats.proportions import proportion_ci

# Below ten answers the t-interval of a skewed score covers far less than it says.
FEWEST_FOR_INDEX_INTERVAL = 10
# On three points the top two and the bottom two share the middle answer, which is neither.
FEWEST_POINTS_FOR_TOP2 = 4


def rescale(values: Any, low: float, high: float, reverse: bool = False) -> Any:
    """Return answers moved from the declared scale low..high to 0..100.

    Formula: 100 (x - low)/(high - low), and 100 minus that for reversed items. A 1-5 scale starts at 1, not at 0.
    Returns a Series for a Series, an array for a list, a float for a number; missing stays missing.
    Errors: ValueError naming the rows which lie outside the scale.

    >>> rescale([1, 3, 5], 1, 5).tolist(), rescale(2, 1, 5, reverse=True)
    ([0.0, 50.0, 100.0], 75.0)
    """
    if not low < high:
        raise ValueError(f"rescale: the scale runs from {low} to {high}, expected low < high")
    array = floats("rescale", "values", values)
    _refuse_outside("rescale", values, array, low, high)
    scaled = 100 * (array - low) / (high - low)
    scaled = 100 - scaled if reverse else scaled
    if isinstance(values, pd.Series):
        return pd.Series(scaled, index=values.index, name=values.name)
    return scaled if array.ndim else float(scaled)


def _refuse_outside(where: str, values: Any, array: np.ndarray, low: float, high: float) -> None:
    outside = np.flatnonzero((array < low) | (array > high))
    if not outside.size:
        return
    rows = values.index[outside] if isinstance(values, pd.Series) else outside
    shown = ", ".join(f"row {row}: {array.reshape(-1)[i]:g}" for row, i in list(zip(rows, outside, strict=True))[:5])
    raise ValueError(
        f"{where}: {outside.size} values lie outside the scale ({shown}), expected {low:g} to {high:g}; "
        "map don't-know codes to missing, never pool two scales"
    )


def score_summary(
    counts: Numbers = None,
    scale: Sequence[float] | None = None,
    values: Numbers = None,
    population: int | None = None,
    confidence: float = 0.95,
) -> dict[str, Any]:
    """Return the summary of one question: top-2, bottom-2, mean, index.

    Give `counts`, one for each point of `scale`, or `values` with the same declared `scale` (such as [1, 2, 3, 4, 5],
    higher is better): without declared ends there is no index. "Don't know" is missing, not a middle answer.
    Formula: index (mean - L)/(U - L) 100; its interval t(n - 1), only for n >= 10 and sd > 0, clipped to 0..100;
    top-2 exact. With `population` the s.e. is multiplied by sqrt(1 - n/N) and top-2 is hypergeometric.
    Columns: n, mean, sd (n - 1), median (scale points); index, index_se, index_low, index_high (0-100); top2, top2_low,
    top2_high, bottom2 (shares; missing on scales of fewer than four points); status (ok, no_data, census).
    Errors: ValueError for values outside the scale, n > population, no scale.

    >>> summary = score_summary([2, 3, 10, 30, 35], [1, 2, 3, 4, 5])
    >>> summary["n"], round(summary["index"], 2), summary["top2"], round(summary["top2_low"], 4)
    (80, 79.06, 0.8125, 0.7097)
    """
    where = "score_summary"
    points, answers = _answers(where, counts, scale, values)
    half = tail(where, confidence)
    n, wide = len(answers), len(points) >= FEWEST_POINTS_FOR_TOP2
    top = int((answers >= points[-2]).sum())
    share = proportion_ci(top, n, confidence=confidence, population=population)
    if not wide:
        share |= {"estimate": np.nan, "low": np.nan, "high": np.nan}
    return {
        "n": n,
        **_moments(answers),
        **_index_interval(answers, points[0], points[-1], n / population if population else 0.0, half),
        "top2": share["estimate"],
        "top2_low": share["low"],
        "top2_high": share["high"],
        "bottom2": float((answers <= points[1]).mean()) if n and wide else np.nan,
        "status": share["status"],
    }


def _answers(where: str, counts: Numbers, scale: Sequence[float] | None, values: Numbers) -> tuple[Any, np.ndarray]:
    """Return the sorted points of the scale and every valid answer."""
    if scale is None or len(scale) < 2:
        raise ValueError(f"{where}: scale is {scale!r}, expected its declared points in order, such as [1, 2, 3, 4, 5]")
    if (counts is None) == (values is None):
        raise ValueError(f"{where}: got both or neither of counts and values, expected exactly one of them")
    points = np.sort(np.asarray(scale, dtype=float))
    if values is None:
        numbers, _ = whole_numbers(where, counts=counts, scale=scale)
        if np.isnan(numbers["counts"]).any():
            raise ValueError(f"{where}: a count is missing, expected one for each point of the scale; 0 if nobody")
        return points, np.repeat(numbers["scale"], numbers["counts"].astype(int))
    array = np.atleast_1d(floats(where, "values", values))
    _refuse_outside(where, values, array, points[0], points[-1])
    return points, array[~np.isnan(array)]


def _moments(answers: np.ndarray) -> dict[str, float]:
    if not len(answers):
        return {"mean": np.nan, "sd": np.nan, "median": np.nan}
    sd = float(np.std(answers, ddof=1)) if len(answers) > 1 else np.nan
    return {"mean": float(answers.mean()), "sd": sd, "median": float(np.median(answers))}


def _index_interval(answers: np.ndarray, low: float, high: float, sampled: float, half: float) -> dict[str, float]:
    names = ("index", "index_se", "index_low", "index_high")
    if not len(answers):
        return dict.fromkeys(names, np.nan)
    unit, n = 100 / (high - low), len(answers)
    index = float((answers.mean() - low) * unit)
    if n < 2:
        return dict(zip(names, (index, np.nan, np.nan, np.nan), strict=True))
    spread = float(np.std(answers, ddof=1))
    se = spread * unit / np.sqrt(n) * np.sqrt(1 - sampled)
    # When all answers agree the formula gives zero width, which would claim certainty.
    shown = n >= FEWEST_FOR_INDEX_INTERVAL and np.ptp(answers) > 0
    reach = float(stats.t.isf(half, n - 1)) * se if shown else np.nan
    limits = np.clip([index - reach, index + reach], 0, 100)
    return dict(zip(names, (index, float(se), *map(float, limits)), strict=True))


def bounded_mean_limits(
    n: np.ndarray, total: np.ndarray, squares: np.ndarray, length: np.ndarray, half: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return limits of the mean of answers on a scale 0..length, as shares of the scale: t with one answer more.

    Formula: half an answer at either end of the scale is added, n' = n + 1, sum' = sum + L/2, squares' = squares +
    L^2/2, then mean' +- t(n') s'/sqrt(n'), clipped, and widened to contain the mean itself. The plain t-interval of
    skewed answers covers 87 % at n = 10-20 and 92 % at n = 50, because samples without a bad answer look certain.
    `total`, `squares`: sums of x and x^2 of answers counted from the low end. Missing below two answers.
    """
    known = n > 1
    n, length = np.where(known, n, np.nan), np.where(known, length, np.nan)
    size = n + 1
    mean = (total + length / 2) / size
    spread = np.sqrt((squares + length**2 / 2 - size * mean**2) / (size - 1))
    reach = stats.t.isf(half, size - 1) * spread / np.sqrt(size)
    share = total / n / length
    return (
        np.clip(np.minimum((mean - reach) / length, share), 0, 1),
        np.clip(np.maximum((mean + reach) / length, share), 0, 1),
    )


def index_score(means: Numbers, weights: Numbers, low: float, high: float) -> dict[str, float]:
    """Return the weighted index of several items of one scale (ACSI style).

    Formula: sum w_i (mean_i - low)/(high - low) 100 / sum w_i. Only items of the same declared scale.
    Columns: index (0-100; missing if a mean or weight is missing).
    Errors: ValueError for means outside the scale or weights which are negative or all zero.

    >>> round(index_score([8.2, 7.5, 7.9], [0.4, 0.3, 0.3], 1, 10)["index"], 3)
    76.667
    """
    array = np.atleast_1d(floats("index_score", "means", means))
    w = np.broadcast_to(floats("index_score", "weights", weights), array.shape)
    if (w < 0).any() or not (np.isnan(w).any() or w.sum() > 0):
        raise ValueError(f"index_score: weights are {w.tolist()}, expected 0 or more with a positive sum")
    return {"index": float((w * rescale(array, low, high)).sum() / w.sum())}


def nps(
    promoters: int | None = None,
    passives: int | None = None,
    detractors: int | None = None,
    *,
    values: Numbers = None,
    method: str = "adjusted_wald",
    confidence: float = 0.95,
) -> dict[str, Any]:
    """Return the Net Promoter Score; only for a 0-10 recommendation question which was really asked.

    Formula: 100 (P - D)/n; "adjusted_wald" adds 3 answers (promoters + 3/4, detractors + 3/4) before
    se^2 = (p + d - (p - d)^2)/n; "wald" adds nothing. Limits are clipped to -100..100 and contain the score.
    Source: Rocks 2016, Am. Stat. 70:365. From `values`: 9-10 promoters, 0-6 detractors.
    Columns: nps, low, high, se (points), n, status (ok, no_data).
    Errors: ValueError for values which are not whole numbers 0 to 10.

    >>> score = nps(50, 30, 20)
    >>> score["nps"], round(score["low"], 2), round(score["high"], 2)
    (30.0, 14.05, 44.2)
    """
    one_of("nps", "method", method, ("adjusted_wald", "wald"))
    half = tail("nps", confidence)
    if values is not None:
        promoters, passives, detractors = _recommendations(values)
    numbers, _ = whole_numbers("nps", promoters=promoters, passives=passives, detractors=detractors)
    p, neutral, d = (float(array[0]) for array in numbers.values())
    n = p + neutral + d
    if not n > 0:
        return dict.fromkeys(("nps", "low", "high", "se"), np.nan) | {"n": 0, "status": "no_data"}
    added = 3.0 if method == "adjusted_wald" else 0.0
    total, p_share, d_share = n + added, (p + added / 4) / (n + added), (d + added / 4) / (n + added)
    se = 100 * np.sqrt((p_share + d_share - (p_share - d_share) ** 2) / total)
    score, centre, reach = 100 * (p - d) / n, 100 * (p_share - d_share), stats.norm.isf(half) * se
    # With one or two answers the shrunken interval can miss the score itself.
    low, high = max(min(centre - reach, score), -100.0), min(max(centre + reach, score), 100.0)
    return {
        "nps": score,
        "low": float(low),
        "high": float(high),
        "se": float(se),
        "n": int(n),
        "status": "ok",
    }


def _recommendations(values: Numbers) -> tuple[int, int, int]:
    array = np.atleast_1d(floats("nps", "values", values))
    whole_numbers("nps", values=array)
    _refuse_outside("nps", values, array, 0, 10)
    return int((array >= 9).sum()), int(((array >= 7) & (array < 9)).sum()), int((array < 7).sum())


def compare_scores(
    counts_a: Numbers = None,
    counts_b: Numbers = None,
    scale: Sequence[float] | None = None,
    *,
    values_a: Numbers = None,
    values_b: Numbers = None,
    confidence: float = 0.95,
) -> dict[str, Any]:
    """Return the difference b - a of two mean scores, read in two ways.

    Formula: Welch t for the means; superiority = P(b > a) + P(b = a)/2 = U/(n_a n_b) with the asymptotic Mann-Whitney
    test. If only one of the two sees a difference the verdict is no_clear_change.
    Columns: difference, low, high (scale points), p_value, df (missing when a group has one answer or neither
    varies), superiority (share), p_mannwhitney, verdict (higher, lower, no_clear_change, no_data).
    Errors: ValueError for counts without scale.

    >>> test = compare_scores([1, 2, 5, 9, 3], [0, 1, 3, 8, 12], scale=[1, 2, 3, 4, 5])
    >>> round(test["difference"], 4), round(test["superiority"], 4), test["verdict"]
    (0.7417, 0.7094, 'higher')
    """
    where = "compare_scores"
    half = tail(where, confidence)
    a = _group(where, "a", counts_a, scale, values_a)
    b = _group(where, "b", counts_b, scale, values_b)
    welch = _welch(a, b, half)
    superiority, p_ranks = _superiority(a, b)
    both = max(welch["p_value"], p_ranks) < 2 * half and np.sign(welch["difference"]) == np.sign(superiority - 0.5)
    verdict = two_locks(np.array([welch["low"]]), np.array([welch["high"]]), np.array([both]))[0]
    if np.isnan(welch["low"]) and len(a) and len(b):
        verdict = "no_clear_change"
    return {**welch, "superiority": superiority, "p_mannwhitney": p_ranks, "verdict": str(verdict)}


def _group(where: str, name: str, counts: Numbers, scale: Sequence[float] | None, values: Numbers) -> np.ndarray:
    if (counts is None) == (values is None):
        raise ValueError(f"{where}: group {name} has both or neither of counts and values, expected exactly one")
    if counts is not None:
        return _answers(where, counts, scale, None)[1]
    return complete_pairs(where, values=values)[0]


def _welch(a: np.ndarray, b: np.ndarray, half: float) -> dict[str, float]:
    # Written out: scipy.stats.ttest_ind warns or returns NaN as soon as one of the groups is constant.
    if not (len(a) and len(b)):
        return dict.fromkeys(("difference", "low", "high", "p_value", "df"), np.nan)
    difference = float(b.mean() - a.mean())
    if min(len(a), len(b)) < 2 or np.ptp(a) == np.ptp(b) == 0:
        return {"difference": difference, **dict.fromkeys(("low", "high", "p_value", "df"), np.nan)}
    var_a, var_b = (np.var(group, ddof=1) / len(group) if np.ptp(group) else 0.0 for group in (a, b))
    se = float(np.sqrt(var_a + var_b))
    df = float((var_a + var_b) ** 2 / (var_a**2 / (len(a) - 1) + var_b**2 / (len(b) - 1)))
    reach = float(stats.t.isf(half, df)) * se
    p_value = float(2 * stats.t.sf(abs(difference) / se, df))
    return {
        "difference": difference,
        "low": difference - reach,
        "high": difference + reach,
        "p_value": p_value,
        "df": df,
    }


def _superiority(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    if not (len(a) and len(b)):
        return np.nan, np.nan
    if np.ptp(np.concatenate([a, b])) == 0:
        return 0.5, 1.0
    test = stats.mannwhitneyu(b, a, method="asymptotic")
    return float(test.statistic / (len(a) * len(b))), float(test.pvalue)
