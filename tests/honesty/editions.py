"""T6 on whole owner editions: every split of a survey that is published together, attacked as one system of equations.

Independent of the product's audit: the programs are written here from what a reader sees, row by row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import product

import numpy as np
import pandas as pd
from scipy import optimize

from propkit.rates import rate
from propkit.reporting import disclosure
from tests.honesty.worlds import AS_OF, MONTHS, generator

KPI, MIN_N, THRESHOLD = "repair_satisfaction", 10, 5
SPLIT = {"zone": 3, "age_band": 4}
"""Published: the whole, both splits, and both crossed."""
_NOISE = 1e-6
_CELLS = list(product(*(range(size) for size in SPLIT.values())))


def editions(count: int) -> tuple[int, int, int]:
    """Return how many numbers of small groups could be derived, with and without further rows hidden, and how many there are."""
    random, leaks, careless, numbers = generator("editions"), 0, 0, 0
    for _ in range(count):
        frames = _frames(*_survey(random))
        shown = disclosure.protect({name: frame for name, frame in frames.items() if name}, frames[""])
        leaks += derivable([frames[""], *shown.values()])[0]
        found, of = derivable(frames.values())
        careless, numbers = careless + found, numbers + of
    return leaks, careless, numbers


def _survey(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Answers and satisfied of each cell: 60 to 400 people, some cells much smaller than others."""
    chances = random.dirichlet(np.full(len(_CELLS), 1.2))
    n = random.multinomial(random.integers(60, 400), chances)
    return n, random.binomial(n, 0.8)


def _frames(n: np.ndarray, satisfied: np.ndarray) -> dict[str, pd.DataFrame]:
    cells = pd.DataFrame(_CELLS, columns=list(SPLIT)).astype(str).assign(n=n, num=satisfied, den=n, num_sq=0)
    splits = {"": [], **{name: [name] for name in SPLIT}, "crossed": list(SPLIT)}
    return {name: _frame(cells, by) for name, by in splits.items()}


def _frame(cells: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    sums = ["n", "num", "num_sq", "den"]
    grouped = cells.groupby(list(by))[sums].sum().reset_index() if by else cells[sums].sum().to_frame().T
    counts = grouped.assign(kpi=KPI, community="c", period=MONTHS[-1], segment="all")
    return rate(counts, as_of=AS_OF, min_n=MIN_N)


def derivable(published: Iterable[pd.DataFrame]) -> tuple[int, int]:
    """Return how many numbers of hidden groups below the minimum are too narrow, and how many such numbers there are.

    A range that the shown margins alone keep narrow is not counted: no hiding at its own level could widen it.  Nor is a
    group hidden for the sake of others of which readers know that it has the minimum: it is no secret.
    """
    rows = [(_by(frame), record) for frame in published for record in frame.to_dict("records")]
    known = [(by, record) for by, record in rows if record["state"] not in ("suppressed", "no_data")]
    hidden = [(by, record) for by, record in rows if record["state"] == "suppressed"]
    narrow, numbers = 0, 0
    for by, record in hidden:
        cells, margins = _mask(by, record), [(other, one) for other, one in known if other != by]
        if _range(known, cells, (1, 1))[0] > MIN_N - _NOISE:
            continue
        for number in ((1, 1), (1, 0), (0, 1)):
            low, high = _range(known, cells, number)
            numbers += 1
            if high - low < THRESHOLD - _NOISE:
                least, most = _range(margins, cells, number)
                narrow += high - low < min(THRESHOLD, most - least) - _NOISE
    return narrow, numbers


def _by(frame: pd.DataFrame) -> tuple[str, ...]:
    return tuple(name for name in SPLIT if name in frame.columns)


def _mask(by: Sequence[str], record: dict) -> np.ndarray:
    """Which cells a row adds up."""
    names = list(SPLIT)
    return np.array([all(str(cell[names.index(name)]) == record[name] for name in by) for cell in _CELLS], dtype=float)


def _range(
    known: Sequence[tuple[Sequence[str], dict]], mask: np.ndarray, number: tuple[int, int]
) -> tuple[float, float]:
    """The least and greatest of a sum over the satisfied and the rest of each cell, given what is known."""
    equations, totals = [], []
    for by, record in known:
        cells, none = _mask(by, record), np.zeros(len(_CELLS))
        equations += [np.r_[cells, none], np.r_[none, cells]]
        totals += [float(record["num"]), float(record["den"] - record["num"])]
    aim = np.r_[number[0] * mask, number[1] * mask]
    found = [optimize.linprog(way * aim, A_eq=equations, b_eq=totals, method="highs").fun * way for way in (1, -1)]
    return float(found[0]), float(found[1])
