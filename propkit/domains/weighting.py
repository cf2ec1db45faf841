"""Weights by which the households that answered a survey stand for all households of the register (statistics.md 3).

Rows and whole numbers in, a weighted share out.  Weights repair only what the weighting dimensions explain.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from propkit import stats

SMALLEST_CELL = 5
"""A cell with fewer answers is merged with its neighbour."""
WIDEST_RATIO = 5.0
"""The largest weight may be so many times the smallest; beyond it the most extreme cell is merged."""
MOST_UNKNOWN = 0.1
"""A dimension is left out when a larger share of the register, or of the answers, does not have it."""

Cells = dict[str, list[tuple[str, ...]]]
"""For each dimension its cells in order, each the categories that it holds."""


@dataclass(frozen=True, slots=True)
class Weighted:
    """A weighted share and how it was made; `method` is "post_stratified", "raked" or "none" (then there is no share).

    `estimate`, `low`, `high` (Korn-Graubard) are shares; `n` is the number of answers weighted, `deff` and `n_eff` are
    Kish's, `n_interval` is the effective number on which the interval rests.  `dropped` gives for each dimension left out
    why: "unknown" (not known well enough) or "thin" (too few answers to keep two cells apart).  `caution`: deff above 2,
    or weighting moved the share by more than its margin.
    """

    method: str = "none"
    n: int = 0
    estimate: float = math.nan
    low: float = math.nan
    high: float = math.nan
    deff: float = math.nan
    n_eff: float = math.nan
    n_interval: float = math.nan
    caution: bool = False
    cells: Cells = field(default_factory=dict)
    dropped: dict[str, str] = field(default_factory=dict)

    @property
    def merged(self) -> list[tuple[str, tuple[str, ...]]]:
        """The cells that hold more than one category, with their dimension."""
        return [(by, cell) for by, cells in self.cells.items() for cell in cells if len(cell) > 1]


def margin(homes: pd.DataFrame, by: str) -> dict[str, int]:
    """Return the households of a register (or of answers) in each known category of a dimension."""
    return {str(category): int(count) for category, count in homes[by].dropna().value_counts().items()}


def weigh(
    answers: pd.DataFrame, homes: pd.DataFrame, orders: Mapping[str, Sequence[str]], smallest: int = SMALLEST_CELL
) -> Weighted:
    """Weight the share of `satisfied` households to the register.

    `answers`: one row for each household that answered, columns satisfied (bool) and the dimensions; `homes`: one row for
    each household of the register; `orders`: the categories of each dimension in the order in which neighbours may be
    merged.  Post-stratified (w = N_h / n_h) when every combination of the register has at least `smallest` answers, else
    raked to the margins.  Households whose category is unknown take part as the known ones do.  No finite-population
    correction (table 3a).
    """
    usable = {by: order for by, order in orders.items() if _known(answers, homes, by)}
    why = dict.fromkeys((by for by in orders if by not in usable), "unknown")
    cells = {by: _wide_enough(answers, homes, by, order, smallest) for by, order in usable.items()}
    while cells := {by: groups for by, groups in cells.items() if len(groups) > 1}:
        thin = dict.fromkeys((by for by in usable if by not in cells), "thin")
        method, result = _fitted(answers, homes, cells, smallest)
        if result is not None and _ratio(result["weights"]) <= WIDEST_RATIO:
            return _told(method, result, _labelled(answers, cells)["satisfied"], cells, why | thin)
        cells = _extreme_merged(answers, homes, cells)
    return Weighted(dropped=why | dict.fromkeys(usable, "thin"))


def _known(answers: pd.DataFrame, homes: pd.DataFrame, by: str) -> bool:
    """Whether the register and the answers have a dimension well enough, in the same categories."""
    if not len(homes) or not len(answers):
        return False
    shared = answers[by].isin(list(margin(homes, by)))
    return bool(homes[by].notna().mean() >= 1 - MOST_UNKNOWN and shared.mean() >= 1 - MOST_UNKNOWN)


def _wide_enough(
    answers: pd.DataFrame, homes: pd.DataFrame, by: str, order: Sequence[str], smallest: int
) -> list[tuple[str, ...]]:
    """Start with one cell for each category of the register and merge those with too few answers."""
    counts, seen = margin(homes, by), margin(answers, by)
    cells = [(category,) for category in order if category in counts]
    while len(cells) > 1:
        sizes = _sizes(cells, seen)
        if min(sizes) >= smallest:
            break
        cells = _joined(cells, sizes.index(min(sizes)), sizes)
    return cells


def _extreme_merged(answers: pd.DataFrame, homes: pd.DataFrame, cells: Cells) -> Cells:
    """Merge the cell whose share of the answers is furthest from its share of the register."""
    gaps = {}
    for by, groups in cells.items():
        all_homes, all_seen = (_sizes(groups, margin(rows, by)) for rows in (homes, answers))
        ratios = (np.array(all_homes) / sum(all_homes)) / (np.array(all_seen) / sum(all_seen))
        gaps |= {(by, place): abs(math.log(ratio)) for place, ratio in enumerate(ratios)}
    by, place = max(gaps, key=gaps.__getitem__)
    return cells | {by: _joined(cells[by], place, _sizes(cells[by], margin(answers, by)))}


def _joined(cells: list[tuple[str, ...]], place: int, sizes: Sequence[int]) -> list[tuple[str, ...]]:
    """Merge one cell with the neighbour that has fewer answers."""
    near = [other for other in (place - 1, place + 1) if 0 <= other < len(cells)]
    first, second = sorted((place, min(near, key=lambda other: sizes[other])))
    return [*cells[:first], cells[first] + cells[second], *cells[second + 1 :]]


def _sizes(cells: Sequence[tuple[str, ...]], counts: Mapping[str, int]) -> list[int]:
    return [sum(counts.get(category, 0) for category in cell) for cell in cells]


def _labelled(rows: pd.DataFrame, cells: Cells) -> pd.DataFrame:
    """Return the rows whose category is known in every dimension, with the name of its cell in its place."""
    names = {by: {category: "+".join(cell) for cell in groups for category in cell} for by, groups in cells.items()}
    named = rows.assign(**{by: rows[by].map(names[by]).astype("str") for by in cells})
    return named.dropna(subset=list(cells))


def _fitted(
    answers: pd.DataFrame, homes: pd.DataFrame, cells: Cells, smallest: int
) -> tuple[str, dict[str, Any] | None]:
    """Post-stratify on all combinations where that is possible, else rake; None where the margins contradict each other."""
    sample, known = _labelled(answers, cells), _labelled(homes, cells)
    y = sample["satisfied"].to_numpy(dtype=float)
    strata, counts = _crossed(sample, cells), _scaled(_crossed(known, cells), len(homes))
    seen = strata.value_counts()
    if set(seen.index) <= set(counts) and seen.reindex(list(counts)).fillna(0).min() >= smallest:
        result = stats.survey_mean(y, strata=strata.to_numpy(dtype=object), population_counts=counts)
        if _ratio(result["weights"]) <= WIDEST_RATIO:
            return "post_stratified", result
    columns = {by: sample[by].to_numpy(dtype=object) for by in cells}
    margins = {by: _scaled(_labelled(homes, {by: cells[by]})[by], len(homes)) for by in cells}
    try:
        return "raked", stats.survey_mean(y, columns=columns, margins=margins)
    except ValueError:  # the margins cannot be met together by those who answered: fewer cells can
        return "none", None


def _crossed(rows: pd.DataFrame, cells: Cells) -> pd.Series:
    first, *others = (rows[by] for by in cells)
    return first.str.cat(others, sep=" × ")


def _scaled(labels: pd.Series, total: int) -> dict[str, float]:
    """Households by label, scaled to all households of the register: unknown ones are like the known ones."""
    return {str(label): count * total / len(labels) for label, count in labels.value_counts().sort_index().items()}


def _ratio(weights: np.ndarray) -> float:
    return float(weights.max() / weights.min())


def _told(method: str, result: dict[str, Any], satisfied: pd.Series, cells: Cells, why: dict[str, str]) -> Weighted:
    share = stats.weighted_proportion_ci(satisfied.to_numpy(dtype=float), result["weights"], se=result["se"])
    return Weighted(
        method=method,
        n=int(result["n"]),
        estimate=share["estimate"],
        low=share["low"],
        high=share["high"],
        deff=result["deff_kish"],
        n_eff=result["n_eff"],
        n_interval=share["n_eff"],
        caution=bool(result["caution"]),
        cells=cells,
        dropped=why,
    )
