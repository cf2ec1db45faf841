"""Weights which make those who answered stand for all households: strata and raking (statistics.md 3).

Owns the making of weights and their price (Kish); what is estimated with them lives in `surveys`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from propkit.stats.arguments import Numbers, floats

ROUNDS = 500
TOLERANCE = 1e-10
# Margins still off by this much after all rounds contradict each other; more rounds would not help.
HOPELESS = 1e-3


def totals_by_category(where: str, name: str, totals: Mapping[Any, float] | pd.Series | None) -> pd.Series:
    """Return known households by category, without the empty categories."""
    if totals is None:
        raise ValueError(f"{where}: {name} is missing, expected the households in each category")
    known = pd.Series(totals, dtype=float)
    bad = known[~(known >= 0) | np.isinf(known)]
    if len(bad):
        raise ValueError(f"{where}: {name} of {bad.index[0]!r} is {bad.iloc[0]}, expected households, 0 or more")
    if known.index.has_duplicates:
        raise ValueError(f"{where}: {name} names {known.index[known.index.duplicated()][0]!r} twice, expected once")
    return known[known > 0]


def population_total(where: str, margins: Mapping[str, Any]) -> float:
    """Return the number of households, the same for every margin."""
    totals = {name: totals_by_category(where, name, margin).sum() for name, margin in margins.items()}
    if max(totals.values()) - min(totals.values()) > 1e-9 * max(totals.values()):
        raise ValueError(f"{where}: the margins add up to {totals}, expected one total for all; correct the counts")
    return float(next(iter(totals.values())))


def _codes(where: str, name: str, labels: Any, known: pd.Series) -> np.ndarray:
    """Return the position of each row's category in the margin; every category must meet its counterpart."""
    found = pd.Series(labels, dtype=object)
    codes = known.index.get_indexer(pd.Index(found))
    if (codes < 0).any():
        place = int(np.flatnonzero(codes < 0)[0])
        raise ValueError(
            f"{where}: {name} at position {place} is {found.iloc[place]!r}, expected one of {known.index.tolist()}; "
            "merge or correct the category"
        )
    empty = known.index[np.bincount(codes, minlength=len(known)) == 0]
    if len(empty):
        # Dropping it silently would let other people speak for them.
        raise ValueError(
            f"{where}: nobody answered in {name} {empty.tolist()} ({known[empty].sum():g} households), "
            "expected at least one answer in each category; merge it with a neighbour"
        )
    return codes


def stratum_weights(
    where: str, strata: np.ndarray, population_counts: Mapping[Any, float] | pd.Series | None
) -> tuple[np.ndarray, pd.Series]:
    """Return w = N_h / n_h for each row, and by stratum."""
    known = totals_by_category(where, "population_counts", population_counts)
    codes = _codes(where, "strata", strata, known)
    by_stratum = known / np.bincount(codes, minlength=len(known))
    return by_stratum.to_numpy()[codes], by_stratum


def rake(columns: Mapping[str, Any] | pd.DataFrame, margins: Mapping[str, Mapping[Any, float]]) -> dict[str, Any]:
    """Return weights whose totals meet every known margin (iterative proportional fitting).

    `columns`: one value for each respondent and variable; `margins`: households for each variable and category.
    Start equal, tolerance 1e-10 (relative), at most 500 rounds. Source: Deming & Stephan 1940 (R: survey::rake).
    Columns: weights (array in row order, summing to N), iterations, converged, deff_kish, n_eff.
    Errors: ValueError for an unreachable margin: a category nobody answered for, totals which differ between margins,
    a category without households, or margins which contradict each other.

    >>> raked = rake({"age": ["young", "young", "old", "old"], "tenure": ["own", "rent", "own", "own"]},
    ...              {"age": {"young": 40, "old": 60}, "tenure": {"own": 70, "rent": 30}})
    >>> raked["weights"].round(4).tolist(), raked["converged"]
    ([10.0, 30.0, 30.0, 30.0], True)
    """
    where = "rake"
    absent = [name for name in margins if name not in columns]
    if not margins or absent or set(columns) - set(margins):
        raise ValueError(f"{where}: columns {list(columns)} and margins {list(margins)}, expected the same variables")
    total = population_total(where, margins)
    groups = []
    for name, margin in margins.items():
        known = totals_by_category(where, name, margin)
        groups.append((_codes(where, name, columns[name], known), known.to_numpy()))
    weights, rounds, gap = _fit(groups, total)
    if gap > HOPELESS:
        raise ValueError(
            f"{where}: after {rounds} rounds a margin is still off by {gap:.1%}, expected {TOLERANCE:g}; "
            "the margins contradict the combinations which answered: merge categories"
        )
    return {"weights": weights, "iterations": rounds, "converged": gap <= TOLERANCE, **design_effect(weights)}


def _fit(groups: list[tuple[np.ndarray, np.ndarray]], total: float) -> tuple[np.ndarray, int, float]:
    n = len(groups[0][0])
    weights, gap, rounds = np.full(n, total / n), np.inf, 0
    while gap > TOLERANCE and rounds < ROUNDS:
        rounds += 1
        for codes, target in groups:
            weights = weights * (target / np.bincount(codes, weights))[codes]
        gap = max(float(np.abs(np.bincount(codes, weights) / target - 1).max()) for codes, target in groups)
    return weights, rounds, gap


def design_effect(weights: Numbers) -> dict[str, float]:
    """Return the price of unequal weights.

    Formula: deff = n sum w^2/(sum w)^2, n_eff = (sum w)^2/sum w^2. Source: Kish 1965. Missing weights are left out.
    Columns: deff_kish (1 = equal weights), n_eff (answers); missing without weights.
    Errors: ValueError for negative weights or a sum of 0.

    >>> design_effect([1, 1, 2])
    {'deff_kish': 1.125, 'n_eff': 2.6666666666666665}
    """
    array = np.atleast_1d(floats("design_effect", "weights", weights))
    w = array[~np.isnan(array)]
    if not len(w):
        return {"deff_kish": np.nan, "n_eff": np.nan}
    if (w < 0).any() or w.sum() == 0:
        raise ValueError("design_effect: a weight is negative or all are 0, expected 0 or more with a positive sum")
    n_eff = float(w.sum() ** 2 / (w**2).sum())
    return {"deff_kish": len(w) / n_eff, "n_eff": n_eff}
