"""Small cells: which counts to hide, and what an attacker could still work out (statistics.md 4.3).

Counting "two hidden in each line" is necessary but not sufficient; every answer here ends with the attack itself.
"""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd
from scipy import optimize, sparse

from propkit.stats.arguments import one_of

TOTALS = ("row, column and grand totals", "row total only")
LARGEST_TABLE = 10
MOST_EXTRA_CELLS = 4
# Candidates looked at, and attacks run, before the search gives way to thinning.
CANDIDATES, ATTACKS = 5000, 200
# The attacked bounds are whole numbers; the solver returns them with rounding noise far below this.
DIGITS = 6


def suppress_table(table: Any, threshold: int = 5) -> dict[str, Any]:
    """Return which cells of a table of counts to hide when all row, column and grand totals are published.

    Primary cells are 0 < count < threshold. Further (secondary) cells are added until, for every primary cell, the
    range an attacker can derive from the totals is at least `threshold` wide: 0 to 4 extra cells by smallest total
    lost, otherwise everything is hidden and given back from the largest count down. No secondary cell is superfluous.

    Columns: mask, primary, secondary (boolean, shaped as the table), value_lost (sum of the secondary counts), status:
    ok, or not_protectable (even hiding every cell, the totals give a primary cell away: do not publish them).
    Errors: ValueError for a table which is no table of counts or larger than 10 x 10.

    >>> result = suppress_table([[3, 20, 30], [25, 40, 18], [17, 22, 36]])
    >>> result["mask"].astype(int).tolist(), result["value_lost"], result["status"]
    ([[1, 1, 0], [0, 0, 0], [1, 1, 0]], 59, 'ok')
    """
    counts = _counts(table, "suppress_table")
    if max(counts.shape) > LARGEST_TABLE:
        raise ValueError(
            f"suppress_table: the table is {counts.shape[0]} x {counts.shape[1]}, expected at most "
            f"{LARGEST_TABLE} x {LARGEST_TABLE}; merge categories, which protects better than hiding"
        )
    primary = (counts > 0) & (counts < threshold)
    everything = np.ones_like(primary)
    protectable = _protected(counts, everything, primary, threshold)
    mask = everything
    if protectable:
        found = _cheapest(counts, primary, threshold)
        mask = _thinned(counts, everything if found is None else found, primary, threshold)
    secondary = mask & ~primary
    shapes = {"mask": mask, "primary": primary, "secondary": secondary}
    status = "ok" if protectable else "not_protectable"
    lost = int(counts[secondary].sum())
    return {
        **{name: _like(table, cells) for name, cells in shapes.items()},
        "value_lost": lost,
        "status": status,
    }


def audit_suppression(table: Any, suppressed: Any, published_totals: str = TOTALS[0]) -> pd.DataFrame:
    """Return what an attacker who sees everything else can derive about each hidden cell.

    Formula: lowest and highest value of the cell over all tables without negative counts which agree with the
    published cells and totals (linear programming, two programs a cell; same as R sdcTable::attack).
    Columns: row, col (0-based), low, high (counts), exactly_derivable.
    Errors: ValueError for a mask of another shape or unknown `published_totals`.

    >>> hidden = [[True, True], [True, True]]
    >>> audit_suppression([[3, 7], [6, 9]], hidden).values.tolist()[0]
    [0, 0, 0.0, 9.0, False]
    """
    one_of("audit_suppression", "published_totals", published_totals, TOTALS)
    counts = _counts(table, "audit_suppression")
    hidden = np.asarray(suppressed, dtype=bool)
    if hidden.shape != counts.shape:
        raise ValueError(f"audit_suppression: the mask is {hidden.shape}, expected the shape {counts.shape}")
    low, high = _attack(counts, hidden, hidden, columns_published=published_totals == TOTALS[0])
    rows, cols = np.nonzero(hidden)
    return pd.DataFrame({"row": rows, "col": cols, "low": low, "high": high, "exactly_derivable": low == high})


def _counts(table: Any, where: str) -> np.ndarray:
    counts = np.asarray(table, dtype=float)
    if counts.ndim != 2 or not counts.size:
        raise ValueError(f"{where}: the table has shape {counts.shape}, expected rows and columns of counts")
    if not ((counts >= 0) & (counts == np.floor(counts))).all():
        raise ValueError(f"{where}: a cell is missing, negative or not whole, expected counts of people; 0 if nobody")
    return counts


def _like(table: Any, cells: np.ndarray) -> Any:
    return pd.DataFrame(cells, index=table.index, columns=table.columns) if isinstance(table, pd.DataFrame) else cells


def _attack(
    counts: np.ndarray, hidden: np.ndarray, wanted: np.ndarray, columns_published: bool = True
) -> tuple[np.ndarray, np.ndarray]:
    """Return the derivable range of the wanted hidden cells; all programs are solved as one block program."""
    rows, cols = np.nonzero(hidden)
    targets = np.flatnonzero(wanted[rows, cols])
    if not len(targets):
        return np.array([]), np.array([])
    lines = [rows, cols + counts.shape[0]] if columns_published else [rows]
    knowns = np.concatenate(lines)
    cells = np.tile(np.arange(len(rows)), len(lines))
    used, knowns = np.unique(knowns, return_inverse=True)
    totals = sparse.csr_array((np.ones(len(cells)), (knowns, cells)), shape=(len(used), len(rows)))
    copies = 2 * len(targets)
    aims = np.zeros((copies, len(rows)))
    aims[np.arange(copies), np.repeat(targets, 2)] = np.tile([1, -1], len(targets))
    solved = optimize.linprog(
        aims.ravel(),
        A_eq=sparse.kron(sparse.eye_array(copies), totals, format="csr"),
        b_eq=np.tile(totals @ counts[rows, cols], copies),
        method="highs",
    )
    found = solved.x.reshape(copies, -1)[np.arange(copies), np.repeat(targets, 2)].round(DIGITS) + 0.0
    return found[::2], found[1::2]


def _protected(counts: np.ndarray, hidden: np.ndarray, primary: np.ndarray, threshold: int) -> bool:
    """Return whether every primary cell keeps a range of at least the threshold."""
    if not primary.any():
        return True
    # No range exceeds what is hidden in its row or column: most candidates fail here without a program.
    unknown = np.where(hidden, counts, 0)
    widest = np.minimum(unknown.sum(axis=1, keepdims=True), unknown.sum(axis=0, keepdims=True))
    if (widest[primary] < threshold).any():
        return False
    low, high = _attack(counts, hidden, primary & hidden)
    return bool((high - low >= threshold).all())


def _cheapest(counts: np.ndarray, primary: np.ndarray, threshold: int) -> np.ndarray | None:
    """Return the mask with the fewest extra cells, of these the smallest counts; None if the search gives up."""
    attacks = 0
    for size in range(MOST_EXTRA_CELLS + 1):
        found = {frozenset(extra) for extra in islice(_completions(primary, size), CANDIDATES)}
        for extra in sorted(found, key=lambda cells: (sum(counts[cell] for cell in cells), sorted(cells))):
            attacks += 1
            if attacks > ATTACKS:
                return None
            hidden = primary.copy()
            for cell in extra:
                hidden[cell] = True
            if _protected(counts, hidden, primary, threshold):
                return hidden
    return None


def _completions(hidden: np.ndarray, size: int) -> Iterator[tuple[tuple[int, int], ...]]:
    """Yield sets of `size` further cells after which no line has a single hidden cell (which its total gives away)."""
    lonely = _open_cells_of_a_lonely_line(hidden)
    if size == 0:
        if lonely is None:
            yield ()
        return
    for cell in zip(*np.nonzero(~hidden), strict=True) if lonely is None else lonely:
        more = hidden.copy()
        more[cell] = True
        for rest in _completions(more, size - 1):
            yield ((int(cell[0]), int(cell[1])), *rest)


def _open_cells_of_a_lonely_line(hidden: np.ndarray) -> list[tuple[int, int]] | None:
    rows = np.flatnonzero(hidden.sum(axis=1) == 1)
    if len(rows):
        return [(int(rows[0]), int(col)) for col in np.flatnonzero(~hidden[rows[0]])]
    cols = np.flatnonzero(hidden.sum(axis=0) == 1)
    if len(cols):
        return [(int(row), int(cols[0])) for row in np.flatnonzero(~hidden[:, cols[0]])]
    return None


def _thinned(counts: np.ndarray, hidden: np.ndarray, primary: np.ndarray, threshold: int) -> np.ndarray:
    """Give back hidden cells, largest count first, as long as every primary cell stays protected."""
    # Hiding more never tells the attacker more, so one pass leaves no superfluous cell.
    kept = hidden.copy()
    extra = list(zip(*np.nonzero(hidden & ~primary), strict=True))
    for cell in sorted(extra, key=lambda cell: -counts[cell]):
        kept[cell] = False
        if not _protected(counts, kept, primary, threshold):
            kept[cell] = True
    return kept
