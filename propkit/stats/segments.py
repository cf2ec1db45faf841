"""Many segments at once: adjusted tests, league tables, funnels (statistics.md 4.1, 4.2).

Nothing here ranks by point values. What may be shown of small segments is decided in `privacy`.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize, special, stats

from propkit.stats.arguments import (
    Numbers,
    Result,
    answer,
    elements,
    floats,
    fraction_within,
    nested_counts,
    one_of,
    require,
    tail,
    whole_numbers,
)
from propkit.stats.differences import proportion_diff, two_locks

# Below 20 communities the spread between them is too uncertain for shrinking.
FEWEST_TO_SHRINK = 20
# a + b beyond this: the likelihood knows no difference between communities.
NO_SPREAD = 1e4


def adjust_pvalues(p: Numbers, method: str = "holm") -> Result:
    """Return p-values adjusted for the whole family.

    Formula: "holm" sorted p, p_(i) = max over j <= i of min(1, (m-j+1) p_(j)), for statements; "bh" Benjamini-
    Hochberg, only for a list named "worth a look". Missing p do not count; order and missing are kept.
    Columns: p_adjusted. Errors: ValueError for values outside 0..1.

    >>> adjust_pvalues([0.01, None, 0.04, 0.03])["p_adjusted"].round(3).tolist()
    [0.03, nan, 0.06, 0.06]
    """
    one_of("adjust_pvalues", "method", method, ("holm", "bh"))
    numbers, index = elements("adjust_pvalues", p=p)
    raw = numbers["p"]
    require("adjust_pvalues", "p", raw, (raw >= 0) & (raw <= 1), "a probability from 0 to 1")
    adjusted, known = raw.copy(), ~np.isnan(raw)
    if known.any():
        adjust = _holm if method == "holm" else stats.false_discovery_control
        adjusted[known] = adjust(raw[known])
    return answer({"p_adjusted": adjusted}, index)


def _holm(p: np.ndarray) -> np.ndarray:
    order = np.argsort(p, kind="stable")
    steps = np.minimum(1, np.arange(len(p), 0, -1) * p[order])
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(steps)
    return adjusted


def compare_segments(labels: Iterable[Any], counts: Numbers, nobs: Numbers, confidence: float = 0.95) -> pd.DataFrame:
    """Return each segment against all others pooled (never against a total which contains it).

    Formula: `proportion_diff` with simultaneous intervals at level 1 - a/k and Holm-adjusted p, k = segments with
    data. The homogeneity gate belongs to whoever words the finding.
    Columns: segment, difference (segment - all others, shares), low, high, p_value, p_adjusted, flag (both locks),
    verdict (higher, lower, no_clear_change, no_data).
    Errors: ValueError for a label which occurs twice, count > nobs.

    >>> table = compare_segments(["A", "B", "C"], [45, 60, 20], [50, 80, 50])
    >>> table[["segment", "flag", "verdict"]].values.tolist()
    [['A', True, 'higher'], ['B', False, 'no_clear_change'], ['C', True, 'lower']]
    """
    where = "compare_segments"
    alpha = 2 * tail(where, confidence)
    names = pd.Index(list(labels))
    numbers, _ = nested_counts(where, counts=np.atleast_1d(floats(where, "counts", counts)), nobs=nobs)
    x, n = numbers.values()
    if names.has_duplicates or len(names) != len(n):
        raise ValueError(f"{where}: {len(names)} labels for {len(n)} segments, expected each segment once; add them up")
    known = (n > 0) & ~np.isnan(x)
    x, n = np.where(known, x, 0), np.where(known, n, 0)
    level = 1 - alpha / max(int(known.sum()), 1)
    table = proportion_diff(x.sum() - x, n.sum() - n, x, n, confidence=level)
    p_adjusted = adjust_pvalues(table["p_value"])["p_adjusted"]
    verdict = two_locks(*(table[c].to_numpy() for c in ("low", "high")), p_adjusted.to_numpy() < alpha)
    kept = table[["difference", "low", "high", "p_value"]]
    flag = np.isin(verdict, ["higher", "lower"])
    return kept.assign(p_adjusted=p_adjusted, flag=flag, verdict=verdict).assign(segment=names)[
        ["segment", *kept.columns, "p_adjusted", "flag", "verdict"]
    ]


def shrink_proportions(counts: Numbers, nobs: Numbers) -> dict[str, Any]:
    """Return shares pulled towards the common level as far as chance explains their spread.

    Formula: beta-binomial maximum likelihood of (alpha, beta), shrunk = (alpha + x)/(alpha + beta + n). Points only:
    intervals from here cover far less than they say. Source: Casella 1985; statistics.md 4.2.
    Columns: alpha, beta, shrunk (Series, one for each segment), status: ok, no_difference (alpha + beta > 10,000: no
    difference beyond chance; alpha and beta then mean nothing), too_few (under 20 segments), no_data.

    >>> result = shrink_proportions([45, 60, 20, 33], [50, 80, 50, 40])
    >>> result["shrunk"].round(3).tolist(), result["status"]
    ([0.878, 0.747, 0.436, 0.809], 'too_few')
    """
    numbers, index = nested_counts("shrink_proportions", counts=counts, nobs=nobs)
    x, n = numbers.values()
    known = (n > 0) & ~np.isnan(x)
    if not known.any():
        empty = pd.Series(np.full(len(n), np.nan), index=index)
        return {"alpha": np.nan, "beta": np.nan, "shrunk": empty, "status": "no_data"}
    pooled = x[known].sum() / n[known].sum()
    if pooled in (0, 1) or known.sum() < 2:
        shrunk = pd.Series(np.where(known, pooled, np.nan), index=index)
        return {"alpha": np.nan, "beta": np.nan, "shrunk": shrunk, "status": "no_difference"}
    alpha, beta = _beta_binomial(x[known], n[known], pooled)
    shrunk = pd.Series(np.where(known, (alpha + x) / (alpha + beta + n), np.nan), index=index)
    few = "too_few" if known.sum() < FEWEST_TO_SHRINK else "ok"
    status = "no_difference" if alpha + beta > NO_SPREAD else few
    return {"alpha": alpha, "beta": beta, "shrunk": shrunk, "status": status}


def _beta_binomial(x: np.ndarray, n: np.ndarray, pooled: float) -> tuple[float, float]:
    # Searching over level and size keeps the ridge of large a + b along one axis; the maximum is the same.
    def unpack(point: np.ndarray) -> tuple[float, float]:
        level, size = special.expit(point[0]), np.exp(point[1])
        return level * size, (1 - level) * size

    def loss(point: np.ndarray) -> tuple[float, np.ndarray]:
        a, b = unpack(point)
        value = (special.betaln(x + a, n - x + b) - special.betaln(a, b)).sum()
        common = special.digamma(a + b) - special.digamma(n + a + b)
        slope_a = (special.digamma(x + a) - special.digamma(a) + common).sum()
        slope_b = (special.digamma(n - x + b) - special.digamma(b) + common).sum()
        return -value, -np.array([a * b / (a + b) * (slope_a - slope_b), a * slope_a + b * slope_b])

    start = np.array([special.logit(pooled), np.log(50.0)])
    bounds = [(-20, 20), (np.log(1e-2), np.log(1e6))]
    options = {"ftol": 1e-15, "gtol": 1e-10}
    found = optimize.minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
    a, b = unpack(found.x)
    return float(a), float(b)


def funnel_limits(target: float, nobs: Numbers) -> Result:
    """Return where the shares of segments of size n fall by chance if all have the value `target`.

    Formula: exact binomial limits with Spiegelhalter's interpolation: r = F^-1(q; n, t), a = (F(r) - q)/f(r), limit
    (r - a)/n at q = 2.5/97.5 % and 0.1/99.9 %, clipped. Source: Spiegelhalter 2005.
    Columns: low95, high95, low998, high998 (shares; missing when n = 0).
    Errors: ValueError for a target outside 0..1.

    >>> {k: round(v, 4) for k, v in funnel_limits(0.8, 50).items()}
    {'low95': 0.6729, 'high95': 0.8956, 'low998': 0.6009, 'high998': 0.9452}
    """
    share = fraction_within("funnel_limits", "target", target, ends=True)
    numbers, index = whole_numbers("funnel_limits", nobs=nobs)
    n = np.where(numbers["nobs"] > 0, numbers["nobs"], np.nan)
    quantiles = {"low95": 0.025, "high95": 0.975, "low998": 0.001, "high998": 0.999}
    return answer({name: _interpolated(q, n, share) for name, q in quantiles.items()}, index)


def funnel_outside(counts: Numbers, nobs: Numbers, target: float) -> Result:
    """Return which segments lie where chance alone puts fewer than two in 1,000 if all have the value `target`.

    Formula: the exact binomial chance of so many cases or more, or of so many or fewer, is below 0.1 %.  The curves of
    `funnel_limits` lie within one case of this: near 0 and 1 that is as much as a whole segment, which is why points are judged here.
    Columns: outside (missing when n = 0).
    Errors: ValueError for a target outside 0..1, or more cases than n.

    >>> bool(funnel_outside(1000, 1000, 0.9999)["outside"]), bool(funnel_outside(45, 50, 0.6)["outside"])
    (False, True)
    """
    share = fraction_within("funnel_outside", "target", target, ends=True)
    numbers, index = nested_counts("funnel_outside", counts=counts, nobs=nobs)
    x, n = numbers["counts"], np.where(numbers["nobs"] > 0, numbers["nobs"], np.nan)
    tail = np.minimum(stats.binom.sf(x - 1, n, share), stats.binom.cdf(x, n, share))
    return answer({"outside": np.where(np.isnan(n) | np.isnan(x), np.nan, tail < 0.001)}, index)


def _interpolated(q: float, n: np.ndarray, share: float) -> np.ndarray:
    limit, known = np.full(n.shape, np.nan), ~np.isnan(n)
    sizes = n[known]
    r = stats.binom.ppf(q, sizes, share)
    excess = (stats.binom.cdf(r, sizes, share) - q) / stats.binom.pmf(r, sizes, share)
    limit[known] = np.clip((r - excess) / sizes, 0, 1)
    return limit


def overdispersion(counts: Numbers, nobs: Numbers, winsorise: float = 0.1) -> dict[str, Any]:
    """Return how much more segments differ than chance explains.

    Formula: z = 2 sqrt(n) (arcsin sqrt p - arcsin sqrt t), t the pooled share; winsorised at the outer `winsorise`
    quantiles (type 7); phi = mean z^2; if k phi >= k - 1, tau2 = (k phi - (k-1))/(sum w - sum w^2/sum w), w = 4n,
    otherwise 0. phi > 2: say "communities differ more than chance; limits widened".
    Source: Spiegelhalter 2005b. Segments without data do not count and have missing z.
    Columns: phi, tau2 (missing with fewer than two segments); Series z, z_winsorised.
    Errors: ValueError for winsorise outside 0..0.5.

    >>> round(overdispersion([45, 60, 20, 33], [50, 80, 50, 40])["phi"], 3)
    5.085
    """
    where = "overdispersion"
    if not 0 <= winsorise < 0.5:
        raise ValueError(f"{where}: winsorise is {winsorise!r}, expected a share from 0 to below 0.5")
    numbers, index = nested_counts(where, counts=counts, nobs=nobs)
    x, n = (np.where((numbers["nobs"] > 0) & ~np.isnan(numbers["counts"]), a, np.nan) for a in numbers.values())
    k = int((~np.isnan(n)).sum())
    if k < 2:
        empty = pd.Series(np.full(len(n), np.nan), index=index)
        return {"phi": np.nan, "tau2": np.nan, "z": empty, "z_winsorised": empty}
    target = np.nansum(x) / np.nansum(n)
    z = 2 * np.sqrt(n) * (np.arcsin(np.sqrt(x / n)) - np.arcsin(np.sqrt(target)))
    trimmed = np.clip(z, *np.nanquantile(z, [winsorise, 1 - winsorise]))
    phi = float(np.nanmean(trimmed**2))
    w = 4 * n[~np.isnan(n)]
    tau2 = max(0.0, (k * phi - (k - 1)) / (w.sum() - (w**2).sum() / w.sum()))
    return {
        "phi": phi,
        "tau2": float(tau2),
        "z": pd.Series(z, index=index),
        "z_winsorised": pd.Series(trimmed, index=index),
    }
