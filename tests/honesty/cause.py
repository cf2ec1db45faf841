"""T5: the worst of twenty communities is rectified; how often is it said that the rectification worked, though it did not?

The rule for "worked" asks for three things together: the change against the months before the one that triggered the action
(both locks), the difference in differences against the sisters above 0, and the largest change of all communities (placebo).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from propkit import stats
from propkit.stats.evaluation import did_limits
from tests.honesty.measures import Line, Measurement
from tests.honesty.worlds import generator

COMMUNITIES, BEFORE, AFTER = 20, 12, 3
LEVEL, BETWEEN = 0.80, 0.04
INSIDE = (0.02, 0.98)
MOST_FALSE, FEWEST_FOUND = 0.05, 0.80
MONTHLY = (30, 50, 100, 300)
WOBBLES = ((0.0, 0.0), (0.03, 0.4))
"""Months that vary by chance only, and months whose level moves by 3 points with an autocorrelation of 0.4."""


class Cases(NamedTuple):
    """Satisfied of n each month: of the worst community (replicates x months) and of all (replicates x communities x months)."""

    worst: np.ndarray
    everyone: np.ndarray
    n: int


def cause(replicates: int) -> Measurement:
    """Measure false and found "worked" for plain before/after and for the rule."""
    lines = []
    for n in MONTHLY:
        for spread, memory in WOBBLES:
            drawn = draw(n, spread, memory, 0.0, replicates)
            months = "steady months" if not spread else "months that wobble"
            lines.append(_line(f"before/after of the worst month, n = {n}, {months}", plain(drawn), None))
            lines.append(_line(f"the rule, n = {n}, {months}", worked(drawn), MOST_FALSE, most=True))
    for n in MONTHLY[1:]:
        effect = 2 * stats.min_detectable_change(n * AFTER, LEVEL - 0.08)["change"]
        found = worked(draw(n, 0.0, 0.0, min(effect, 0.2), replicates))
        lines.append(_line(f"the rule finds a true effect of {min(effect, 0.2):.0%}, n = {n}", found, FEWEST_FOUND))
    how = (
        f"{replicates:,} sets of {COMMUNITIES} communities around {LEVEL:.0%} (standard deviation {BETWEEN:.0%}), {BEFORE} months "
        f"before the month in which the worst is chosen and {AFTER} after, n answers a month. Plain: the chosen month against the "
        "month after it, Newcombe and test. The rule leaves the chosen month out, pools the months before and after, and needs the "
        "change, the difference in differences against the 19 sisters, and the largest change among all communities."
    )
    notes = ("With fewer than 19 sisters the third condition alone is no test at 5 %; it is shown as a rank.",)
    return Measurement("T5", "Cause: false “rectification worked”", how, lines, notes)


def draw(n: int, spread: float, memory: float, effect: float, replicates: int) -> Cases:
    """Draw the months of all communities and choose the worst of the trigger month, which `effect` then moves."""
    random, months = generator("cause", n, spread, effect), BEFORE + 1 + AFTER
    levels = random.normal(LEVEL, BETWEEN, size=(replicates, COMMUNITIES, 1)) + np.zeros(months)
    wobble = random.normal(0, spread, size=levels.shape[:2])
    for month in range(months):
        levels[:, :, month] += wobble
        wobble = memory * wobble + random.normal(0, spread * np.sqrt(1 - memory**2), size=wobble.shape)
    everyone = random.binomial(n, np.clip(levels, *INSIDE))
    worst = everyone[:, :, BEFORE].argmin(axis=1)
    at = np.arange(replicates)
    if effect:
        moved = np.clip(levels[at, worst, BEFORE + 1 :] + effect, *INSIDE)
        everyone[at, worst, BEFORE + 1 :] = random.binomial(n, moved)
    return Cases(everyone[at, worst], everyone, n)


def plain(drawn: Cases) -> np.ndarray:
    """Whether a plain comparison of the chosen month with the next one says "higher"."""
    first, then = drawn.worst[:, BEFORE], drawn.worst[:, BEFORE + 1]
    return (stats.proportion_diff(first, drawn.n, then, drawn.n)["verdict"] == "higher").to_numpy()


def worked(drawn: Cases) -> np.ndarray:
    """Whether the rule says that the rectification worked."""
    rest = drawn.everyone.sum(axis=1) - drawn.worst
    bases = drawn.n * np.array([BEFORE, AFTER, BEFORE * (COMMUNITIES - 1), AFTER * (COMMUNITIES - 1)])
    x = np.array([part(cases) for cases in (drawn.worst, rest) for part in (_before, _after)])
    change = stats.proportion_diff(x[0], bases[0], x[1], bases[1])["verdict"] == "higher"
    did = did_limits(x.astype(float), bases[:, None] * np.ones(x.shape), 0.025)
    said = change.to_numpy() & (did["low"] > 0)
    for at in np.flatnonzero(said):
        said[at] = _stands_out(drawn.everyone[at], drawn.worst[at])
    return said


def _stands_out(everyone: np.ndarray, worst: np.ndarray) -> bool:
    """Whether no sister changed as much; the trigger month is left out."""
    months = np.delete(everyone, BEFORE, axis=1)
    treated = int(np.flatnonzero((everyone == worst).all(axis=1))[0])
    return stats.did_placebo(months, treated, BEFORE)["rank"] == 1


def _before(cases: np.ndarray) -> np.ndarray:
    return cases[:, :BEFORE].sum(axis=1)


def _after(cases: np.ndarray) -> np.ndarray:
    return cases[:, BEFORE + 1 :].sum(axis=1)


def _line(what: str, said: np.ndarray, bar: float | None, *, most: bool = False) -> Line:
    return Line(what, float(said.mean()), bar, most, f"{int(said.sum()):,} of {len(said):,}")
