"""T6: an attacker sees every published cell, total and rounded percentage, and solves for the hidden ones.

The attack is written here on its own, one linear program for each bound, so that a fault in the product's audit cannot hide.
"""

from __future__ import annotations

import numpy as np
from scipy import optimize

from propkit import stats
from tests.honesty.editions import editions
from tests.honesty.measures import Measurement, share
from tests.honesty.worlds import generator

THRESHOLD = 5
_TASTE = np.array([0.6, 0.8, 1.5, 4.0, 5.0])


def privacy(tables: int, reports: int) -> Measurement:
    """Count the small opinion cells that can be narrowed to fewer than five values, with and without suppression."""
    naive, hidden, cells, withheld, disagree = 0, 0, 0, 0, 0
    for table in drawn(tables):
        found = stats.suppress_table(table, THRESHOLD)
        small = (table > 0) & (table < THRESHOLD)
        cells += int(small.sum())
        naive += derivable(table, small, small)
        if found["status"] != "ok":
            withheld += 1
            continue
        hidden += derivable(table, found["mask"], small)
        disagree += _misjudged(table, found["mask"])
    leaks, careless, numbers = editions(reports)
    lines = [
        share("owner editions: numbers of small groups derivable", leaks, numbers, 0.0, most=True),
        share("owner editions: the same if only the small groups were hidden", careless, numbers, None),
        share("small cells derivable after suppression", hidden, cells, 0.0, most=True),
        share("audit and attack disagree", disagree, max(cells, 1), 0.0, most=True),
        share("small cells derivable if only they were hidden", naive, cells, None),
        share("tables that no suppression can protect, withheld whole", withheld, tables, None),
    ]
    how = (
        f"{reports:,} owner editions that publish satisfaction as a whole, by zone, by age and by both crossed; groups of fewer than "
        "10 are hidden and further ones with them, and all that is shown is attacked as one system. A number of a small group is "
        f"derivable when fewer than {THRESHOLD} values are left for it, though its margins would leave more. Then "
        f"{tables:,} random tables of opinions, 2 to 6 segments by 2 to 5 answers, 15 to 300 people, with all row, column and grand "
        f"totals, in which cells of 1 to {THRESHOLD - 1} people are to be protected."
    )
    notes = (
        "Differences from last month's edition are tested in tests/reporting/test_disclosure.py and not measured here.",
    )
    return Measurement("T6", "Privacy: cells an attacker can derive", how, lines, notes)


def drawn(tables: int) -> list[np.ndarray]:
    """Random tables of counts, mostly satisfied, with small and empty cells."""
    random, made = generator("privacy"), []
    for _ in range(tables):
        rows, cols = random.integers(2, 7), random.integers(2, 6)
        chances = np.outer(random.dirichlet(np.full(rows, 3.0)), random.dirichlet(_TASTE[:cols]))
        made.append(random.multinomial(random.integers(15, 300), chances.ravel()).reshape(rows, cols))
    return made


def derivable(table: np.ndarray, hidden: np.ndarray, small: np.ndarray) -> int:
    """Return how many of the small cells are published, or left with a range below the threshold."""
    published = int((small & ~hidden).sum())
    ranges = [attack(table, hidden, cell) for cell in zip(*np.nonzero(small & hidden), strict=True)]
    return published + sum(high - low < THRESHOLD for low, high in ranges)


def attack(table: np.ndarray, hidden: np.ndarray, cell: tuple[int, int]) -> tuple[float, float]:
    """Return the least and greatest value of a hidden cell over all tables which agree with everything published."""
    cells = list(zip(*np.nonzero(hidden), strict=True))
    equations, totals = [], []
    for axis, size in enumerate(table.shape):
        for line in range(size):
            equations.append([float(place[axis] == line) for place in cells])
            totals.append(float(np.where(hidden, table, 0).take(line, axis=axis).sum()))
    aim = np.array([float(place == cell) for place in cells])
    found = [optimize.linprog(way * aim, A_eq=equations, b_eq=totals, method="highs").fun * way for way in (1, -1)]
    return round(found[0], 6), round(found[1], 6)


def _misjudged(table: np.ndarray, hidden: np.ndarray) -> int:
    audit = stats.audit_suppression(table, hidden)
    rows = audit[["row", "col", "low", "high"]].to_numpy()
    checked = rows[:: max(len(rows) // 3, 1)]
    return sum(attack(table, hidden, (int(r), int(c))) != (low, high) for r, c, low, high in checked)
