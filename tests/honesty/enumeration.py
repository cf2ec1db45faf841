"""T2 by enumeration: how often an interval contains the truth, over every possible outcome weighted by its probability.

`spread` simulates what cannot be listed.  The functions measured are the product's own; nothing of a method is written here again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from scipy import stats as sp

from propkit import domains, stats
from propkit.reporting import claims
from propkit.text import Text
from tests.honesty.measures import Line

SIZES = (10, 15, 20, 30, 50, 100, 300)
SHARES = np.r_[np.arange(0.50, 0.985, 0.015), 0.98, 0.99, 0.995]
PAIRS = ((10, 10), (15, 15), (20, 20), (30, 30), (50, 50), (100, 100), (10, 50), (20, 100), (30, 300))
HOMES = ((12, 10), (40, 20), (80, 40), (120, 80), (200, 60), (400, 100), (400, 300), (1500, 300), (60, 59), (100, 30))
RARE = np.r_[np.arange(0.25, 10, 0.25), np.arange(10, 101, 5)]
EXACT, APPROXIMATE = 0.95, 0.94
"""The bars: exact intervals, and all others."""

DIFFERENCES = {"exact": "difference of shares, from exact limits", "newcombe": "difference of shares, Newcombe"}
_SLACK = 1e-9


def enumerated(sizes: Sequence[int] = SIZES, pairs: Sequence[tuple[int, int]] = PAIRS) -> list[Line]:
    """The coverage of shares, differences and rates: every possible outcome, weighted by its probability."""
    printed = printed_difference()
    return [
        _line("share, exact (Clopper-Pearson)", _shares("exact", sizes), EXACT),
        _line("share of these N households, exact hypergeometric", _homes(HOMES), EXACT),
        _line("share, Wilson (never printed, no verdict rests on it)", _shares("wilson", sizes), None),
        *(
            _line(words, _differences(method, pairs), APPROXIMATE if method == printed else None)
            for method, words in DIFFERENCES.items()
        ),
        _line("one segment against all others, simultaneous", _segments(pairs), APPROXIMATE),
        *(
            _line(f"NPS, adjusted Wald, n = {n} (no report prints it)", _recommendation([n]), None)
            for n in sizes
            if n in (10, 30, 50)
        ),
        _line("rate of events, Garwood", _rates(), EXACT),
        _line("ratio of two rates, conditional exact", _ratios(), EXACT),
    ]


def printed_difference() -> str:
    """Which method the interval of a change comes from, as a claim carries it."""
    kpi = domains.KPIS["repairs_on_time_rate"]
    before, now = (
        pd.DataFrame({"num": [num], "den": [40], "n": [40], "state": ["ok"]}, index=[kpi.id]) for num in (30, 36)
    )
    (claim,) = claims.changes([kpi], before, now, Text("", ""))
    return next(name for name in DIFFERENCES if stats.proportion_diff(30, 40, 36, 40, method=name)["low"] == claim.low)


def _recommendation(sizes: Iterable[int]) -> dict[str, float]:
    """All answers of n people to the recommendation question, by true shares of promoters and detractors."""
    found = {}
    for n in sizes:
        p, d = np.array([(p, d) for p in range(n + 1) for d in range(n + 1 - p)]).T
        scores = [stats.nps(int(a), int(n - a - b), int(b)) for a, b in zip(p, d, strict=True)]
        low, high = (np.array([score[end] for score in scores]) for end in ("low", "high"))
        for good in (0.3, 0.5, 0.6, 0.7, 0.8, 0.9):
            for bad in (0.01, 0.05, 0.1, 0.3):
                if good + bad <= 1:
                    chances = [good, bad, max(0.0, 1 - good - bad)]
                    weight = sp.multinomial.pmf(np.column_stack([p, d, n - p - d]), n, chances)
                    held = contains(low, high, 100 * (good - bad))
                    found[f"n = {n}, {good:.0%} promoters, {bad:.0%} detractors"] = float(weight @ held)
    return found


def contains(low: np.ndarray, high: np.ndarray, truth: np.ndarray | float) -> np.ndarray:
    """Say which intervals hold the truth; the ends belong to them."""
    return (low <= truth + _SLACK) & (truth - _SLACK <= high)


def _line(what: str, found: dict[str, float], bar: float | None) -> Line:
    worst = min(found, key=lambda place: found[place])
    mean = float(np.mean(list(found.values())))
    return Line(what, found[worst], bar, where=f"lowest of {len(found):,} at {worst}; mean {mean:.1%}")


def _shares(method: str, sizes: Iterable[int]) -> dict[str, float]:
    found = {}
    for n in sizes:
        limits = stats.proportion_ci(np.arange(n + 1), n, method)
        for p in SHARES:
            held = contains(limits["low"].to_numpy(), limits["high"].to_numpy(), p)
            found[f"n = {n}, p = {p:.3f}"] = float(sp.binom.pmf(np.arange(n + 1), n, p) @ held)
    return found


def _homes(pairs: Iterable[tuple[int, int]]) -> dict[str, float]:
    found = {}
    for total, n in pairs:
        limits = stats.proportion_ci(np.arange(n + 1), n, population=total)
        low, high = limits["low_count"].to_numpy(), limits["high_count"].to_numpy()
        for satisfied in range(total + 1):
            weight = sp.hypergeom.pmf(np.arange(n + 1), total, satisfied, n)
            held = contains(low, high, satisfied)
            found[f"N = {total}, n = {n}, {satisfied} satisfied"] = float(weight @ held)
    return found


def _differences(method: str, pairs: Iterable[tuple[int, int]]) -> dict[str, float]:
    found = {}
    for n_a, n_b in pairs:
        a, b = (grid.ravel() for grid in np.meshgrid(np.arange(n_a + 1), np.arange(n_b + 1), indexing="ij"))
        limits = stats.proportion_diff(a, n_a, b, n_b, method=method)
        found |= _over_pairs(limits, n_a, n_b)
    return found


def _over_pairs(limits: pd.DataFrame, n_a: int, n_b: int) -> dict[str, float]:
    shape = (n_a + 1, n_b + 1)
    low, high = (limits[end].to_numpy().reshape(shape) for end in ("low", "high"))
    before, after = (np.array([sp.binom.pmf(np.arange(n + 1), n, p) for p in SHARES]) for n in (n_a, n_b))
    found = {}
    for p, weight in zip(SHARES, before, strict=True):
        for q, other in zip(SHARES, after, strict=True):
            found[f"n = {n_a} and {n_b}, p = {p:.3f} and {q:.3f}"] = float(weight @ contains(low, high, q - p) @ other)
    return found


def _segments(pairs: Iterable[tuple[int, int]]) -> dict[str, float]:
    """Two segments: each is compared with the other at the level of the whole family."""
    found = {}
    for n_a, n_b in pairs:
        if n_a * n_b > 500:
            continue
        rows = [
            stats.compare_segments("ab", [a, b], [n_a, n_b]).iloc[1] for a in range(n_a + 1) for b in range(n_b + 1)
        ]
        found |= _over_pairs(pd.DataFrame(rows), n_a, n_b)
    return found


def _rates() -> dict[str, float]:
    x = np.arange(400)
    limits = stats.rate_ci(x, np.ones(len(x)), per=1)
    low, high = limits["low"].to_numpy(), limits["high"].to_numpy()
    return {f"{mean:g} events expected": float(sp.poisson.pmf(x, mean) @ contains(low, high, mean)) for mean in RARE}


def _ratios() -> dict[str, float]:
    a, b = (grid.ravel()[1:] for grid in np.meshgrid(np.arange(36), np.arange(45), indexing="ij"))
    limits = stats.rate_ratio(a, 1, b, 1)
    found = {}
    for mean, ratio in ((2, 1.0), (5, 1.0), (5, 2.0), (10, 0.5), (10, 1.5), (15, 1.0)):
        weight = sp.poisson.pmf(a, mean) * sp.poisson.pmf(b, mean * ratio)
        held = contains(limits["low"].to_numpy(), limits["high"].to_numpy(), ratio)
        found[f"{mean} and {mean * ratio:g} events expected"] = float((weight * held).sum() / weight.sum())
    return found
