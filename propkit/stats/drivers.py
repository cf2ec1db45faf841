"""Where a figure comes from: Pareto, decomposition, drivers, agreement of coders (statistics.md 7).

All of it is accounting or association: "contributes", "associated with", "mentions of"; never "caused".
"""

from collections.abc import Iterable, Mapping
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from propkit.stats.arguments import (
    Numbers,
    Result,
    answer,
    complete_pairs,
    elements,
    nested_counts,
    one_of,
    require,
    tail,
    whole_numbers,
)
from propkit.stats.proportions import wilson_limits

MOST_PREDICTORS = 10
# A total change smaller than this is rounding, not a direction.
NO_CHANGE = 1e-12
# Eigenvalues below this come from duplicate predictors, which must share their contribution instead of exploding.
RANK_TOLERANCE = 1e-10


def pareto(
    counts: Mapping[Any, float] | pd.Series, base: int | None = None, last: Iterable[Any] = ("其他", "other")
) -> pd.DataFrame:
    """Return causes by frequency, largest first, with their cumulative share.

    A catch-all category (`last`) always stands at the end. If a complaint can carry several causes give the number of
    complaints as `base`: shares then exceed 100 % together and there is no cumulative share.
    Columns: category, count, share, cum_share (shares; missing when there is nothing to count).
    Errors: ValueError for negative or missing counts, a base smaller than a count.

    >>> pareto({"lift": 12, "其他": 20, "noise": 28}).round(3).values.tolist()
    [['noise', 28, 0.467, 0.467], ['lift', 12, 0.2, 0.667], ['其他', 20, 0.333, 1.0]]
    """
    series = pd.Series(counts, dtype=float)
    whole_numbers("pareto", counts=series)
    if series.isna().any():
        raise ValueError(f"pareto: the count of {series.index[series.isna()][0]!r} is missing, expected 0 if none")
    if base is not None and (series > base).any():
        raise ValueError(f"pareto: the base is {base}, expected at least the largest count {series.max():g}")
    catch_all = series.index.isin(list(last))
    ordered = series.iloc[np.lexsort((np.arange(len(series)), -series.to_numpy(), catch_all))]
    total = series.sum() if base is None else base
    share = ordered.to_numpy() / total if total else np.full(len(ordered), np.nan)
    cumulative = np.cumsum(share) if base is None else np.full(len(ordered), np.nan)
    columns = {"category": ordered.index, "count": ordered.to_numpy(dtype=np.int64)}
    return pd.DataFrame({**columns, "share": share, "cum_share": cumulative})


def decompose_ratio_change(
    segments: Iterable[Any], num_a: Numbers, den_a: Numbers, num_b: Numbers, den_b: Numbers
) -> dict[str, Any]:
    """Return the change of a ratio from a to b split into better values within segments and a changed mix of them.

    Formula: with p_i the share of the denominator and r_i the rate, rate_i = (p_ia + p_ib)/2 (r_ib - r_ia),
    mix_i = ((r_ia + r_ib)/2 - (R_a + R_b)/2)(p_ib - p_ia); they add up to R_b - R_a exactly. A segment absent in one
    period takes its rate from the other (all mix). Source: Kitagawa 1955, mix centred on the mean of both totals.
    Columns: total, rate_effect, mix_effect (unit of the ratio); Series by segment: rate, mix; reversal (True: no
    segment moved in the direction of the total, a sentence is mandatory); status (ok, no_data: a period is empty).
    Errors: ValueError for a numerator without denominator, negative denominators, a segment named twice.

    >>> change = decompose_ratio_change(["new", "old"], [90, 30], [100, 50], [45, 66], [50, 110])
    >>> [round(change[name], 4) for name in ("total", "rate_effect", "mix_effect")], change["reversal"]
    ([-0.1063, 0.0, -0.1063], True)
    """
    where = "decompose_ratio_change"
    names = pd.Index(list(segments))
    numbers, _ = elements(where, num_a=num_a, den_a=den_a, num_b=num_b, den_b=den_b)
    x_a, n_a = _period(where, "a", numbers["num_a"], numbers["den_a"])
    x_b, n_b = _period(where, "b", numbers["num_b"], numbers["den_b"])
    if names.has_duplicates or len(names) != len(n_a):
        raise ValueError(
            f"{where}: {len(names)} names for {len(n_a)} segments, expected each segment once; add them up"
        )
    if not (n_a.sum() > 0 and n_b.sum() > 0):
        empty = pd.Series(np.nan, index=names)
        effects = dict.fromkeys(("total", "rate_effect", "mix_effect"), np.nan)
        return {**effects, "rate": empty, "mix": empty, "reversal": False, "status": "no_data"}
    total_a, total_b = x_a.sum() / n_a.sum(), x_b.sum() / n_b.sum()
    rates_a, rates_b = _rates(x_a, n_a, x_b, n_b)
    share_a, share_b = n_a / n_a.sum(), n_b / n_b.sum()
    rate = (share_a + share_b) / 2 * (rates_b - rates_a)
    mix = ((rates_a + rates_b) / 2 - (total_a + total_b) / 2) * (share_b - share_a)
    total = total_b - total_a
    moved = np.where(np.abs(rates_b - rates_a) > NO_CHANGE, np.sign(rates_b - rates_a), 0)
    reversal = abs(total) > NO_CHANGE and not (moved == np.sign(total)).any()
    effects = {"total": float(total), "rate_effect": float(rate.sum()), "mix_effect": float(mix.sum())}
    by_segment = {"rate": pd.Series(rate, index=names), "mix": pd.Series(mix, index=names)}
    return {**effects, **by_segment, "reversal": bool(reversal), "status": "ok"}


def _period(where: str, period: str, num: np.ndarray, den: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if (np.isnan(num) != np.isnan(den)).any():
        raise ValueError(f"{where}: a segment of period {period} has only one of its two numbers, expected both")
    num, den = np.nan_to_num(num), np.nan_to_num(den)
    require(where, f"den_{period}", den, den >= 0, "0 or more")
    require(
        where,
        f"num_{period}",
        num,
        (den > 0) | (num == 0),
        "0 where the denominator is 0",
        "correct the segment",
    )
    return num, den


def _rates(x_a: np.ndarray, n_a: np.ndarray, x_b: np.ndarray, n_b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rates_a = np.divide(x_a, n_a, out=np.zeros_like(x_a), where=n_a > 0)
    rates_b = np.divide(x_b, n_b, out=np.zeros_like(x_b), where=n_b > 0)
    return np.where(n_a > 0, rates_a, rates_b), np.where(n_b > 0, rates_b, rates_a)


def relative_importance(y: Numbers, X: Any, bootstrap: int = 0, seed: int = 0) -> dict[str, Any]:
    """Return how R^2 divides among predictors (LMG: averaged over all orders of entering them).

    Formula: Shapley value of R^2 over all subsets of at most 10 predictors; the shares sum to R^2. `bootstrap` (1,000
    in reports) resamples households for the range of ranks. Rows with a missing value are left out.
    Source: Lindeman, Merenda & Gold 1980; Groemping 2006 (R: relaimpo lmg). Associated, not proof of effect.
    Columns: r2; lmg (Series by predictor, shares of the variance); rank_low, rank_high (Series, 95 % range, missing
    without bootstrap); n; status: ok, unreliable (n below 10 p or 60), no_data (constant y, or too few rows).
    Errors: ValueError for more than 10 predictors.

    >>> X = {"a": [1, 2, 3, 4, 5, 6], "b": [2, 1, 4, 3, 6, 5]}
    >>> result = relative_importance([1, 2, 3, 5, 4, 6], X)
    >>> round(result["r2"], 4), result["lmg"].round(4).to_dict()
    (0.9381, {'a': 0.6976, 'b': 0.2405})
    """
    table = pd.DataFrame(X)
    p = table.shape[1]
    if not 1 <= p <= MOST_PREDICTORS:
        raise ValueError(f"relative_importance: {p} predictors, expected 1 to {MOST_PREDICTORS}; merge related items")
    named = {str(i): table.iloc[:, i].to_numpy() for i in range(p)}
    rows = np.column_stack(complete_pairs("relative_importance", y=np.asarray(y), **named))
    names, n = table.columns, len(rows)
    missing = pd.Series(np.nan, index=names)
    if n < p + 2 or np.ptp(rows[:, 0]) == 0:
        empty = {"r2": np.nan, "lmg": missing, "rank_low": missing, "rank_high": missing}
        return {**empty, "n": n, "status": "no_data"}
    importance = _lmg(_correlations(rows[None]))[0]
    ranks = {"rank_low": missing, "rank_high": missing}
    if bootstrap:
        low, high = _rank_range(rows, bootstrap, seed)
        ranks = {"rank_low": pd.Series(low, index=names), "rank_high": pd.Series(high, index=names)}
    status = "ok" if n >= max(10 * p, 60) else "unreliable"
    lmg = pd.Series(importance, index=names)
    return {"r2": float(importance.sum()), "lmg": lmg, **ranks, "n": n, "status": status}


def _correlations(samples: np.ndarray) -> np.ndarray:
    """Return correlation matrices of samples x rows x columns; a constant column correlates with nothing."""
    centred = samples - samples.mean(axis=1, keepdims=True)
    length = np.sqrt((centred**2).sum(axis=1, keepdims=True))
    unit = np.divide(centred, length, out=np.zeros_like(centred), where=length > 1e-12)
    return np.swapaxes(unit, 1, 2) @ unit


def _lmg(correlations: np.ndarray) -> np.ndarray:
    """Return the Shapley shares for each correlation matrix (column 0 is y)."""
    p = correlations.shape[1] - 1
    with_y, among = correlations[:, 0, 1:], correlations[:, 1:, 1:]
    explained = {(): np.zeros(len(correlations))}
    for size in range(1, p + 1):
        for subset in combinations(range(p), size):
            part, chosen = with_y[:, subset], list(subset)
            inverse = np.linalg.pinv(among[:, chosen][:, :, chosen], rcond=RANK_TOLERANCE, hermitian=True)
            explained[subset] = np.einsum("bi,bij,bj->b", part, inverse, part)
    shares = np.zeros((len(correlations), p))
    for subset, r2 in explained.items():
        for i in set(range(p)) - set(subset):
            gain = explained[tuple(sorted((*subset, i)))] - r2
            shares[:, i] += gain / (p * comb(p - 1, len(subset)))
    return shares


def _rank_range(rows: np.ndarray, bootstrap: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    drawn = np.random.default_rng(seed).integers(0, len(rows), size=(bootstrap, len(rows)))
    ranks = stats.rankdata(-_lmg(_correlations(rows[drawn])), axis=1)
    low, high = np.quantile(ranks, [0.025, 0.975], axis=0)
    return np.floor(low), np.ceil(high)


def correlation_ci(x: Numbers, y: Numbers, method: str = "spearman", confidence: float = 0.95) -> dict[str, float]:
    """Return a correlation with its interval; Spearman for Likert answers.

    Formula: "pearson" Fisher z; "spearman" atanh(rho) +- z sqrt((1 + rho^2/2)/(n - 3)) (Bonett & Wright 2000);
    "kendall" tau-b without interval. Pairs with a missing value are left out.
    Columns: estimate, low, high, p_value, n (missing if one side is constant or under 3 pairs; limits need 4 pairs
    which are not perfectly correlated).
    Errors: ValueError for an unknown method.

    >>> result = correlation_ci([1, 2, 3, 4, 5, 6], [2, 1, 4, 3, 6, 5])
    >>> round(result["estimate"], 4), round(result["low"], 4), round(result["high"], 4)
    (0.8286, -0.1272, 0.9865)
    """
    one_of("correlation_ci", "method", method, ("pearson", "spearman", "kendall"))
    half = tail("correlation_ci", confidence)
    a, b = complete_pairs("correlation_ci", x=x, y=y)
    n = len(a)
    if n < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return dict.fromkeys(("estimate", "low", "high", "p_value"), np.nan) | {"n": n}
    test = {"pearson": stats.pearsonr, "spearman": stats.spearmanr, "kendall": stats.kendalltau}[method](a, b)
    estimate = float(np.clip(test.statistic, -1, 1))
    low = high = np.nan
    # A perfect correlation would get an interval of zero width, which claims certainty from a handful of pairs.
    if method != "kendall" and n > 3 and abs(estimate) < 1 - NO_CHANGE:
        spread = 1.0 if method == "pearson" else 1 + estimate**2 / 2
        reach = stats.norm.isf(half) * np.sqrt(spread / (n - 3))
        low, high = (float(np.tanh(np.arctanh(estimate) + side * reach)) for side in (-1, 1))
    return {"estimate": estimate, "low": low, "high": high, "p_value": float(test.pvalue), "n": n}


def kappa(table: Any, confidence: float = 0.95) -> dict[str, float]:
    """Return the agreement of two coders beyond chance, from the square table of their labels.

    Formula: kappa = (po - pe)/(1 - pe), standard error of Fleiss, Cohen & Everitt 1969, limits +- z se clipped.
    Below 0.6 print examples only, no shares of themes.
    Columns: kappa, agreement (share), se, low, high (missing for an empty table or one single label).
    Errors: ValueError for a table which is not square.

    >>> {name: round(value, 4) for name, value in kappa([[20, 5], [10, 15]]).items()}
    {'kappa': 0.4, 'agreement': 0.7, 'se': 0.127, 'low': 0.1511, 'high': 0.6489}
    """
    half = tail("kappa", confidence)
    counts = np.asarray(table, dtype=float)
    if counts.ndim != 2 or counts.shape[0] != counts.shape[1]:
        raise ValueError(
            f"kappa: the table has shape {counts.shape}, expected a square one; list all labels on both sides"
        )
    whole_numbers("kappa", table=counts.ravel())
    n = counts.sum()
    if not n > 0:
        return dict.fromkeys(("kappa", "agreement", "se", "low", "high"), np.nan)
    p = counts / n
    rows, cols, agreement = p.sum(axis=1), p.sum(axis=0), float(np.trace(p))
    chance = float(rows @ cols)
    if np.count_nonzero(rows + cols) < 2:
        return {"kappa": np.nan, "agreement": agreement, "se": np.nan, "low": np.nan, "high": np.nan}
    value = (agreement - chance) / (1 - chance)
    sums = rows[None, :] + cols[:, None]
    diagonal = (np.diag(p) * (1 - (rows + cols) * (1 - value)) ** 2).sum()
    off = ((1 - value) ** 2) * ((p - np.diag(np.diag(p))) * sums**2).sum()
    variance = (diagonal + off - (value - chance * (1 - value)) ** 2) / (n * (1 - chance) ** 2)
    se = float(np.sqrt(max(variance, 0.0)))
    reach = stats.norm.isf(half) * se
    low, high = float(max(value - reach, -1)), float(min(value + reach, 1))
    return {"kappa": value, "agreement": agreement, "se": se, "low": low, "high": high}


def rogan_gladen(
    count: Numbers, nobs: Numbers, sensitivity: float, specificity: float, confidence: float = 0.95
) -> Result:
    """Return the share of texts really about a theme, corrected for the errors of the keyword dictionary.

    Formula: (apparent + specificity - 1)/(sensitivity + specificity - 1), Wilson limits of the apparent share
    transformed, all clipped to 0..1. Source: Rogan & Gladen 1978. The error of sensitivity and specificity is not
    included; below a sensitivity of 0.7 print examples only.
    Columns: apparent, estimate, low, high (shares; missing when n = 0).
    Errors: ValueError if sensitivity + specificity is not above 1 (the dictionary is no better than guessing).

    >>> {name: round(value, 4) for name, value in rogan_gladen(30, 120, 0.85, 0.95).items()}
    {'apparent': 0.25, 'estimate': 0.25, 'low': 0.1639, 'high': 0.3555}
    """
    where = "rogan_gladen"
    half = tail(where, confidence)
    gain = sensitivity + specificity - 1
    if not (0 <= sensitivity <= 1 and 0 <= specificity <= 1 and gain > 0):
        raise ValueError(
            f"{where}: sensitivity {sensitivity} and specificity {specificity}, expected shares with a sum above 1; "
            "improve the dictionary first"
        )
    numbers, index = nested_counts(where, count=count, nobs=nobs)
    n = np.where(numbers["nobs"] > 0, numbers["nobs"], np.nan)
    low, high = wilson_limits(numbers["count"], n, half)
    apparent = numbers["count"] / n
    shares = {"estimate": apparent, "low": low, "high": high}
    corrected = {name: np.clip((share + specificity - 1) / gain, 0, 1) for name, share in shares.items()}
    return answer({"apparent": apparent, **corrected}, index)
